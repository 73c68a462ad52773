//! Git's object store, read only, in-process: packs, loose objects, alternates, references.
//!
//! Packed entries are decoded by `gix-pack`, which bounds what an entry may allocate and refuses cycles of
//! deltas. Its index reader is not used: it looks at the whole table of offsets when it opens one, which for a
//! repository of half a million objects takes longer than a whole check (decision 0010).

mod index;
mod loose;
mod recent;
mod refs;

use crate::error::Error;
use gix_hash::{Kind as HashKind, ObjectId};
use gix_object::Kind;
use gix_pack::data::decode::entry::ResolvedBase;
use index::Index;
use recent::Recent;
use std::cell::RefCell;
use std::path::{Path, PathBuf};

/// Largest object that is read, with all that decoding it takes, in bytes.
pub const OBJECT_BYTES_MAX: usize = 256 << 20;
/// Packs of one repository.
pub const PACKS_MAX: usize = 10_000;
/// Folders of objects that a repository may borrow from.
const ALTERNATES_MAX: usize = 64;
/// Memory that decoding keeps from one object to the next, in bytes.
const SCRATCH_BYTES_MAX: usize = 16 << 20;
/// Memory for bases of deltas, in bytes.
const RECENT_BYTES_MAX: usize = 96 << 20;
/// Largest file of configuration, references or alternates, in bytes.
const TEXT_BYTES_MAX: u64 = 64 << 20;

struct Pack {
    index: Index,
    data: gix_pack::data::File,
}

/// The objects of a repository.
pub struct Store {
    git_dir: PathBuf,
    /// Where references are, if this is a further work tree of a repository.
    common_dir: PathBuf,
    hash: HashKind,
    packs: Vec<Pack>,
    loose: Vec<PathBuf>,
    inflate: RefCell<gix_zlib::Inflate>,
    /// Where deltas are applied: fresh memory for each object costs more than the deltas do.
    scratch: Vec<u8>,
    recent: Recent,
    /// The pack that had the last object: the next one is often there too.
    last: usize,
    journal: Option<Vec<ObjectId>>,
}

/// An object, decoded.
pub struct Object {
    /// What it is.
    pub kind: Kind,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Store {
    /// Opens the repository in `path`: a bare one, or a work tree's.
    ///
    /// # Errors
    /// The folder is no repository that can be read.
    pub fn open(path: &Path) -> Result<Store, Error> {
        let (git_dir, common_dir) = refs::locate(path)?;
        let hash = refs::hash_kind(&common_dir)?;
        let mut store = Store {
            git_dir,
            hash,
            packs: Vec::new(),
            loose: Vec::new(),
            inflate: RefCell::default(),
            scratch: Vec::new(),
            recent: Recent::new(RECENT_BYTES_MAX),
            last: 0,
            journal: None,
            common_dir,
        };
        store.add_objects(store.common_dir.join("objects"))?;
        Ok(store)
    }

    /// The hash that names the objects.
    #[must_use]
    pub fn hash_kind(&self) -> HashKind {
        self.hash
    }

    /// The folder of git's own files.
    #[must_use]
    pub fn git_dir(&self) -> &Path {
        &self.git_dir
    }

    /// From now on, finds the objects of another repository too.
    ///
    /// # Errors
    /// Its objects have names of another kind, or cannot be read.
    pub fn borrow(&mut self, other: &Store) -> Result<(), Error> {
        if other.hash != self.hash {
            return Err(Error::repository(&other.git_dir, "its object format is another one"));
        }
        self.add_objects(other.common_dir.join("objects"))
    }

    /// The folders of objects, alternates included.
    #[must_use]
    pub fn folders(&self) -> &[PathBuf] {
        &self.loose
    }

    /// From now on, remembers which objects are read: to measure what reading alone costs.
    pub fn keep_journal(&mut self) {
        self.journal = Some(Vec::new());
    }

    /// The objects that were read since [`Store::keep_journal`], in order.
    #[must_use]
    pub fn journal(&self) -> &[ObjectId] {
        self.journal.as_deref().unwrap_or_default()
    }

    /// Adds a folder of objects and those that it borrows from.
    fn add_objects(&mut self, objects: PathBuf) -> Result<(), Error> {
        let mut waiting = vec![objects];
        while let Some(folder) = waiting.pop() {
            if self.loose.contains(&folder) {
                continue;
            }
            if self.loose.len() >= ALTERNATES_MAX {
                let limit = format!("{ALTERNATES_MAX} folders");
                return Err(Error::TooLarge { what: "the chain of object folders".into(), limit });
            }
            self.add_packs(&folder.join("pack"))?;
            waiting.extend(refs::alternates(&folder)?);
            self.loose.push(folder);
        }
        Ok(())
    }

    fn add_packs(&mut self, folder: &Path) -> Result<(), Error> {
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(Error::io(folder, error)),
        };
        let mut indexes = Vec::new();
        for entry in entries {
            let path = entry.map_err(|error| Error::io(folder, error))?.path();
            if path.extension().is_some_and(|extension| extension == "idx") {
                indexes.push(path);
            }
        }
        if self.packs.len() + indexes.len() > PACKS_MAX {
            let limit = format!("{PACKS_MAX} packs");
            return Err(Error::TooLarge { what: folder.display().to_string(), limit });
        }
        indexes.sort();
        for path in indexes {
            let index = Index::open(&path, self.hash)?;
            let pack = path.with_extension("pack");
            let mut data = gix_pack::data::File::at(&pack, self.hash)
                .map_err(|error| Error::corrupt(pack.display(), error.to_string()))?
                .with_alloc_limit_bytes(Some(OBJECT_BYTES_MAX));
            data.id = self.packs.len() as u32;
            self.packs.push(Pack { index, data });
        }
        // The largest first: most objects are there.
        self.packs.sort_by_key(|pack| std::cmp::Reverse(pack.index.len()));
        Ok(())
    }

    /// Whether the object is there.
    ///
    /// # Errors
    /// An index cannot be read.
    pub fn contains(&mut self, id: &ObjectId) -> Result<bool, Error> {
        Ok(self.packed(id)?.is_some() || self.loose.iter().any(|folder| loose::path(folder, id).is_file()))
    }

    /// Reads an object.
    ///
    /// # Errors
    /// It is not there, corrupt, or larger than [`OBJECT_BYTES_MAX`].
    pub fn read(&mut self, id: &ObjectId) -> Result<Object, Error> {
        if let Some(journal) = &mut self.journal {
            journal.push(*id);
        }
        if let Some((pack, offset)) = self.packed(id)? {
            return self.read_packed(pack, offset, id);
        }
        for folder in &self.loose {
            if let Some(object) = loose::read(&loose::path(folder, id), self.inflate.get_mut())? {
                return Ok(object);
            }
        }
        Err(Error::NoSuchObject(*id))
    }

    /// Reads an object that must be of one kind.
    ///
    /// # Errors
    /// As [`Store::read`], or it is of another kind.
    pub fn read_kind(&mut self, id: &ObjectId, kind: Kind) -> Result<Vec<u8>, Error> {
        let object = self.read(id)?;
        if object.kind != kind {
            return Err(Error::corrupt(id, format!("it is a {}, not a {kind}", object.kind)));
        }
        Ok(object.bytes)
    }

    /// All objects whose id begins so, at most `limit` of them.
    ///
    /// # Errors
    /// An index cannot be read.
    pub fn with_prefix(&self, digits: &str, limit: usize) -> Result<Vec<ObjectId>, Error> {
        let mut found = Vec::new();
        for pack in &self.packs {
            pack.index.with_prefix(digits, limit, &mut found)?;
        }
        for folder in &self.loose {
            loose::with_prefix(folder, digits, limit, &mut found)?;
        }
        found.sort();
        found.dedup();
        Ok(found)
    }

    fn packed(&mut self, id: &ObjectId) -> Result<Option<(usize, u64)>, Error> {
        let first = self.last;
        let order = std::iter::once(first).chain((0..self.packs.len()).filter(move |&at| at != first));
        for at in order {
            let Some(pack) = self.packs.get(at) else { continue };
            if let Some(offset) = pack.index.find(id)? {
                self.last = at;
                return Ok(Some((at, offset)));
            }
        }
        Ok(None)
    }

    fn read_packed(&mut self, pack: usize, offset: u64, id: &ObjectId) -> Result<Object, Error> {
        let Some(Pack { index, data }) = self.packs.get(pack) else { return Err(Error::NoSuchObject(*id)) };
        let failed = |why: String| Error::corrupt(id, why);
        let entry = data.entry(offset).map_err(|error| failed(error.to_string()))?;
        let scratch = &mut self.scratch;
        // A delta whose base is named by id: in the same pack, since packs on disk are complete.
        let resolve = |base: &gix_hash::oid, _: &mut Vec<u8>| {
            let offset = index.find(&base.to_owned()).ok().flatten();
            offset.map(|offset| data.entry(offset).map(ResolvedBase::InPack)).transpose()
        };
        let decoded = data.decode_entry(entry, scratch, self.inflate.get_mut(), &resolve, &mut self.recent);
        let object = match decoded {
            Ok(outcome) => Ok(Object { kind: outcome.kind, bytes: scratch.clone() }),
            Err(error) => Err(failed(error.to_string())),
        };
        if scratch.capacity() > SCRATCH_BYTES_MAX {
            *scratch = Vec::new();
        }
        object
    }

    /// The object that a name stands for: a full or shortened id, a branch, a tag, `HEAD`.
    ///
    /// # Errors
    /// There is none, or more than one.
    pub fn resolve(&self, name: &str) -> Result<ObjectId, Error> {
        refs::resolve(self, name)
    }

    /// The branches whose names begin with `prefix`, with their commits, sorted by name.
    ///
    /// # Errors
    /// References cannot be read.
    pub fn references(&self, prefix: &str) -> Result<Vec<(String, ObjectId)>, Error> {
        refs::all(self, prefix)
    }
}
