//! A pack's index, looked up in place: a few small reads for an object, none of the whole table.

use crate::error::Error;
use gix_hash::{Kind, ObjectId, Prefix};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

const SIGNATURE: [u8; 4] = [0xff, b't', b'O', b'c'];
const FAN: usize = 256;
/// Ids that are read at once around where one should be: they are spread evenly.
const WINDOW: u64 = 64;

pub(super) struct Index {
    file: File,
    path: PathBuf,
    fan: Vec<u32>,
    hash_bytes: usize,
    /// Version 1 keeps offset and id together, version 2 in tables.
    old_version: bool,
    bytes: u64,
}

impl Index {
    pub(super) fn open(path: &Path, hash: Kind) -> Result<Index, Error> {
        let failed = |error| Error::io(path, error);
        let corrupt = |why: &str| Error::corrupt(path.display(), why);
        let file = File::open(path).map_err(failed)?;
        let bytes = file.metadata().map_err(failed)?.len();
        let mut head = [0; 8 + FAN * 4];
        let head_bytes = usize::try_from(bytes).unwrap_or(usize::MAX).min(head.len());
        file.read_exact_at(&mut head[..head_bytes], 0).map_err(failed)?;
        let old_version = head[..4] != SIGNATURE;
        let table = if old_version { &head[..FAN * 4] } else { &head[8..] };
        if !old_version && head[4..8] != [0, 0, 0, 2] {
            return Err(corrupt("its version is not known"));
        }
        let fan: Vec<u32> = table
            .chunks_exact(4)
            .map(|number| number.iter().fold(0, |sum, &byte| sum << 8 | u32::from(byte)))
            .collect();
        let hash_bytes = hash.len_in_bytes();
        let index = Index { file, path: path.to_owned(), fan, hash_bytes, old_version, bytes };
        if !index.fan.is_sorted() {
            return Err(corrupt("its first table is not in order"));
        }
        let (start, entry) = index.layout();
        let tables = start + u64::from(index.len()) * (entry + if old_version { 0 } else { 8 });
        if tables + 2 * hash_bytes as u64 > bytes {
            return Err(corrupt("it is shorter than its number of objects needs"));
        }
        Ok(index)
    }

    /// How many objects it lists.
    pub(super) fn len(&self) -> u32 {
        self.fan.last().copied().unwrap_or(0)
    }

    /// Where the ids begin, and how far they are apart.
    fn layout(&self) -> (u64, u64) {
        let hash = self.hash_bytes as u64;
        if self.old_version { (FAN as u64 * 4, 4 + hash) } else { (8 + FAN as u64 * 4, hash) }
    }

    /// Reads the entries from `from` to before `to`, as far as they hold ids.
    fn entries(&self, from: u64, to: u64) -> Result<Vec<u8>, Error> {
        let (start, entry) = self.layout();
        let mut bytes = vec![0; ((to - from) * entry) as usize];
        self.read_at(&mut bytes, start + from * entry)?;
        Ok(bytes)
    }

    fn read_at(&self, bytes: &mut [u8], at: u64) -> Result<(), Error> {
        if at + bytes.len() as u64 > self.bytes {
            return Err(Error::corrupt(self.path.display(), "it leads beyond its end"));
        }
        self.file.read_exact_at(bytes, at).map_err(|error| Error::io(&self.path, error))
    }

    fn id_in<'a>(&self, entry: &'a [u8]) -> &'a [u8] {
        if self.old_version { &entry[4..] } else { entry }
    }

    /// Where the pack has the object.
    pub(super) fn find(&self, id: &ObjectId) -> Result<Option<u64>, Error> {
        let wanted = id.as_bytes();
        let (mut low, mut high) = self.bucket(wanted[0]);
        let entry_bytes = self.layout().1 as usize;
        // The rest of the id says how far into its bucket it should be.
        let within = u64::from(u32::from_be_bytes([wanted[1], wanted[2], wanted[3], wanted[4]]));
        let mut guess = low + (((high - low) * within) >> 32);
        while low < high {
            let from = guess.saturating_sub(WINDOW / 2).max(low);
            let to = (from + WINDOW).min(high);
            let entries = self.entries(from, to)?;
            let ids: Vec<&[u8]> = entries.chunks_exact(entry_bytes).map(|entry| self.id_in(entry)).collect();
            match ids.binary_search(&wanted) {
                Ok(at) => return self.offset(from + at as u64, &entries[at * entry_bytes..]).map(Some),
                Err(0) => high = from,
                Err(at) if at == ids.len() => low = to,
                Err(_) => return Ok(None),
            }
            guess = low + (high - low) / 2;
        }
        Ok(None)
    }

    fn bucket(&self, first_byte: u8) -> (u64, u64) {
        let start = if first_byte == 0 { 0 } else { self.fan[usize::from(first_byte) - 1] };
        (u64::from(start), u64::from(self.fan[usize::from(first_byte)]))
    }

    fn offset(&self, position: u64, entry: &[u8]) -> Result<u64, Error> {
        if self.old_version {
            return Ok(u64::from(u32::from_be_bytes([entry[0], entry[1], entry[2], entry[3]])));
        }
        let (start, hash) = self.layout();
        let objects = u64::from(self.len());
        let small_table = start + objects * (hash + 4);
        let mut small = [0; 4];
        self.read_at(&mut small, small_table + position * 4)?;
        let small = u32::from_be_bytes(small);
        if small & 1 << 31 == 0 {
            return Ok(u64::from(small));
        }
        let mut large = [0; 8];
        self.read_at(&mut large, small_table + objects * 4 + u64::from(small & !(1 << 31)) * 8)?;
        Ok(u64::from_be_bytes(large))
    }

    /// Adds the ids that begin with these hexadecimal digits, until there are `limit`.
    pub(super) fn with_prefix(
        &self,
        digits: &str,
        limit: usize,
        found: &mut Vec<ObjectId>,
    ) -> Result<(), Error> {
        let Ok(prefix) = Prefix::from_hex(digits) else { return Ok(()) };
        let (from, to) = self.bucket(prefix.as_oid().as_bytes()[0]);
        let entries = self.entries(from, to)?;
        let ids = entries.chunks_exact(self.layout().1 as usize).map(|entry| self.id_in(entry));
        let ids = ids.filter_map(|id| gix_hash::oid::try_from_bytes(id).ok());
        found.extend(ids.filter(|id| prefix.cmp_oid(id).is_eq()).take(limit).map(ToOwned::to_owned));
        Ok(())
    }
}
