//! Trees and commits: what is in them, what differs between two, and the tree that changes lead to.

use crate::error::Error;
use crate::store::Store;
use foldhash::{HashMap, HashMapExt};
use gix_hash::{Kind as HashKind, ObjectId};
use gix_object::Kind;
use sha2::Digest;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use tidegate_domain::patch::{Mode, check_path};

/// A path in a tree.
pub type Path = Arc<[u8]>;

/// A folder's mode.
const FOLDER: Mode = Mode(0o040_000);
/// Folders within folders.
const DEPTH_MAX: usize = 512;
/// Files that may differ between two trees.
const DIFFERENCES_MAX: usize = 500_000;
/// Folders that are looked into for it. A tree of trees of trees may be small and hold more than anybody can count.
const FOLDERS_MAX: usize = 500_000;
/// Trees that are kept, in bytes.
const TREES_BYTES_MAX: usize = 64 << 20;

/// What was found on the way through two trees, and how far it was.
#[derive(Default)]
struct Walk {
    found: Vec<Difference>,
    folders: usize,
}

/// A file in a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct File {
    /// Its mode.
    pub mode: Mode,
    /// Its content, or the commit of a submodule.
    pub id: ObjectId,
}

/// One name of a tree.
#[derive(Clone, Copy)]
struct Entry<'a> {
    name: &'a [u8],
    mode: Mode,
    id: &'a [u8],
}

impl Entry<'_> {
    fn is_folder(&self) -> bool {
        self.mode.same_type(FOLDER)
    }

    fn object(&self) -> ObjectId {
        ObjectId::from_bytes_or_panic(self.id)
    }
}

/// Where an entry is in a tree's bytes: its name from `name` to before `zero`, its id after that.
#[derive(Clone, Copy)]
struct Place {
    name: u32,
    zero: u32,
    mode: Mode,
}

/// A tree, taken apart once: it is looked into for every path.
struct Tree {
    bytes: Vec<u8>,
    places: Vec<Place>,
    hash_bytes: usize,
}

impl Tree {
    /// `None` if the bytes are no tree.
    fn parse(bytes: Vec<u8>, hash_bytes: usize) -> Option<Tree> {
        let mut places = Vec::with_capacity(bytes.len() / (hash_bytes + 16));
        let mut at = 0;
        while at < bytes.len() {
            let (mode, digits) = mode(&bytes[at..])?;
            let name = at + digits + 1;
            let zero = name + bytes.get(name..)?.iter().position(|&byte| byte == 0)?;
            at = zero + 1 + hash_bytes;
            places.push(Place { name: u32::try_from(name).ok()?, zero: u32::try_from(zero).ok()?, mode });
        }
        (at == bytes.len()).then_some(Tree { bytes, places, hash_bytes })
    }

    fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        self.places.iter().map(|place| {
            let (name, zero) = (place.name as usize, place.zero as usize);
            let id = &self.bytes[zero + 1..zero + 1 + self.hash_bytes];
            Entry { name: &self.bytes[name..zero], mode: place.mode, id }
        })
    }

    fn entry(&self, name: &[u8]) -> Option<Entry<'_>> {
        self.entries().find(|entry| entry.name == name)
    }

    fn size(&self) -> usize {
        self.bytes.len() + self.places.len() * size_of::<Place>()
    }
}

/// The mode with which an entry begins, and how many digits it has.
fn mode(entry: &[u8]) -> Option<(Mode, usize)> {
    let mut mode = 0;
    for (digits, &byte) in entry.iter().enumerate().take(7) {
        match byte {
            b'0'..=b'7' if digits < 6 => mode = mode << 3 | u32::from(byte - b'0'),
            b' ' => return Some((Mode(mode), digits)),
            _ => return None,
        }
    }
    None
}

/// Trees that were read lately.
pub struct Trees {
    held: HashMap<ObjectId, Rc<Tree>>,
    bytes: usize,
    hash: HashKind,
}

/// A file that differs between two trees: path, before, after.
pub type Difference = (Path, Option<File>, Option<File>);

impl Trees {
    /// None yet.
    #[must_use]
    pub fn new(hash: HashKind) -> Trees {
        Trees { held: HashMap::new(), bytes: 0, hash }
    }

    fn get(&mut self, store: &mut Store, id: &ObjectId) -> Result<Rc<Tree>, Error> {
        if let Some(tree) = self.held.get(id) {
            return Ok(Rc::clone(tree));
        }
        let empty = *id == ObjectId::empty_tree(self.hash);
        let bytes = if empty { Vec::new() } else { store.read_kind(id, Kind::Tree)? };
        let tree = Tree::parse(bytes, self.hash.len_in_bytes());
        let tree = Rc::new(tree.ok_or_else(|| Error::corrupt(id, "the tree is malformed"))?);
        if self.bytes + tree.size() > TREES_BYTES_MAX {
            self.held.clear();
            self.bytes = 0;
        }
        self.bytes += tree.size();
        self.held.insert(*id, Rc::clone(&tree));
        Ok(tree)
    }

    fn entry(&mut self, store: &mut Store, tree: &ObjectId, name: &[u8]) -> Result<Option<File>, Error> {
        let tree = self.get(store, tree)?;
        let found = tree.entry(name);
        Ok(found.map(|entry| File { mode: entry.mode, id: entry.object() }))
    }

    /// What is at `path`: a file, or nothing. A folder is no file.
    ///
    /// # Errors
    /// A tree cannot be read.
    pub fn file(&mut self, store: &mut Store, root: &ObjectId, path: &[u8]) -> Result<Option<File>, Error> {
        Ok(self.any(store, root, path)?.filter(|found| !found.mode.same_type(FOLDER)))
    }

    /// Whether there is a folder at `path`.
    ///
    /// # Errors
    /// A tree cannot be read.
    pub fn is_folder(&mut self, store: &mut Store, root: &ObjectId, path: &[u8]) -> Result<bool, Error> {
        Ok(self.any(store, root, path)?.is_some_and(|found| found.mode.same_type(FOLDER)))
    }

    /// What is at `path`, be it a file or a folder.
    pub(crate) fn any(
        &mut self,
        store: &mut Store,
        root: &ObjectId,
        path: &[u8],
    ) -> Result<Option<File>, Error> {
        let mut found = File { mode: FOLDER, id: *root };
        for name in path.split(|&byte| byte == b'/') {
            if !found.mode.same_type(FOLDER) {
                return Ok(None);
            }
            match self.entry(store, &found.id, name)? {
                Some(next) => found = next,
                None => return Ok(None),
            }
        }
        Ok(Some(found))
    }

    /// All files below a folder.
    ///
    /// # Errors
    /// A tree cannot be read.
    pub fn files_below(
        &mut self,
        store: &mut Store,
        root: &ObjectId,
        path: &[u8],
    ) -> Result<Vec<Path>, Error> {
        let Some(folder) = self.any(store, root, path)? else { return Ok(Vec::new()) };
        let empty = ObjectId::empty_tree(self.hash);
        let mut walk = Walk::default();
        self.compare(store, (&empty, &folder.id), path, 0, &mut walk)?;
        Ok(walk.found.into_iter().map(|(path, _, _)| path).collect())
    }

    /// The files that differ, in the order of their paths.
    ///
    /// # Errors
    /// A tree cannot be read, or holds a path that git would not have in its index.
    pub fn differences(
        &mut self,
        store: &mut Store,
        before: &ObjectId,
        after: &ObjectId,
    ) -> Result<Vec<Difference>, Error> {
        let mut walk = Walk::default();
        self.compare(store, (before, after), b"", 0, &mut walk)?;
        Ok(walk.found)
    }

    fn compare(
        &mut self,
        store: &mut Store,
        (before, after): (&ObjectId, &ObjectId),
        folder: &[u8],
        depth: usize,
        walk: &mut Walk,
    ) -> Result<(), Error> {
        if before == after {
            return Ok(());
        }
        walk.folders += 1;
        if depth > DEPTH_MAX || walk.found.len() > DIFFERENCES_MAX || walk.folders > FOLDERS_MAX {
            let limit =
                format!("{DEPTH_MAX} folders within folders, {FOLDERS_MAX} folders, {DIFFERENCES_MAX} files");
            return Err(Error::TooLarge { what: "the difference between two trees".into(), limit });
        }
        let (old, new) = (self.get(store, before)?, self.get(store, after)?);
        let empty = ObjectId::empty_tree(self.hash);
        for (one, other) in pairs(old.entries(), new.entries()) {
            if one.map(|entry| (entry.mode, entry.id)) == other.map(|entry| (entry.mode, entry.id)) {
                continue;
            }
            let name = one.or(other).map_or(&b""[..], |entry| entry.name);
            let path = [folder, if folder.is_empty() { b"" } else { b"/" }, name].concat();
            let folder_of = |entry: Option<Entry<'_>>| {
                entry.filter(Entry::is_folder).map_or(empty, |entry| entry.object())
            };
            self.compare(store, (&folder_of(one), &folder_of(other)), &path, depth + 1, walk)?;
            let file_of = |entry: Option<Entry<'_>>| {
                let file = entry.filter(|entry| !entry.is_folder())?;
                Some(File { mode: file.mode, id: file.object() })
            };
            let (one, other) = (file_of(one), file_of(other));
            if one != other {
                check_path(&path)
                    .map_err(|fault| Error::Path { path: String::from_utf8_lossy(&path).into(), fault })?;
                walk.found.push((path.into(), one, other));
            }
        }
        Ok(())
    }

    /// The id of the tree in which these files are changed: `None` removes one. Folders that become empty go.
    ///
    /// # Errors
    /// A tree cannot be read.
    pub fn rewritten(
        &mut self,
        store: &mut Store,
        root: &ObjectId,
        changes: &BTreeMap<Path, Option<File>>,
    ) -> Result<ObjectId, Error> {
        let changes: Vec<(&[u8], Option<File>)> =
            changes.iter().map(|(path, file)| (&**path, *file)).collect();
        let rewritten = self.rewrite(store, Some(*root), &changes)?;
        Ok(rewritten.unwrap_or_else(|| ObjectId::empty_tree(self.hash)))
    }

    fn rewrite(
        &mut self,
        store: &mut Store,
        tree: Option<ObjectId>,
        changes: &[(&[u8], Option<File>)],
    ) -> Result<Option<ObjectId>, Error> {
        let old = self.get(store, &tree.unwrap_or_else(|| ObjectId::empty_tree(self.hash)))?;
        // By the key that git sorts with: a folder's name goes on with a slash.
        let mut entries: BTreeMap<Vec<u8>, File> = BTreeMap::new();
        for entry in old.entries() {
            entries.insert(key(entry.name, entry.mode), File { mode: entry.mode, id: entry.object() });
        }
        let mut rest = changes;
        while let Some(&(path, file)) = rest.first() {
            let slash = memchr::memchr(b'/', path);
            let name = slash.map_or(path, |slash| &path[..slash]);
            if slash.is_none() {
                entries.remove(name);
                entries.extend(file.map(|file| (name.to_vec(), file)));
                rest = &rest[1..];
                continue;
            }
            let prefix = &path[..=name.len()];
            let inside = rest.iter().take_while(|(path, _)| path.starts_with(prefix)).count();
            let below: Vec<_> =
                rest[..inside].iter().map(|(path, file)| (&path[prefix.len()..], *file)).collect();
            rest = &rest[inside..];
            let old = entries.remove(prefix).map(|folder| folder.id);
            if let Some(id) = self.rewrite(store, old, &below)? {
                entries.insert(prefix.to_vec(), File { mode: FOLDER, id });
            }
        }
        Ok((!entries.is_empty()).then(|| self.hash_tree(&entries)))
    }

    fn hash_tree(&self, entries: &BTreeMap<Vec<u8>, File>) -> ObjectId {
        let mut bytes = Vec::with_capacity(entries.len() * 48);
        for (key, file) in entries {
            let name = key.strip_suffix(b"/").unwrap_or(key);
            bytes.extend_from_slice(format!("{:o} ", file.mode.0).as_bytes());
            bytes.extend_from_slice(name);
            bytes.push(0);
            bytes.extend_from_slice(file.id.as_slice());
        }
        hash_object(self.hash, "tree", &bytes)
    }
}

fn key(name: &[u8], mode: Mode) -> Vec<u8> {
    let mut key = name.to_vec();
    if mode.same_type(FOLDER) {
        key.push(b'/');
    }
    key
}

/// Two sorted trees side by side: entries of one name and one kind together.
fn pairs<'a>(
    one: impl Iterator<Item = Entry<'a>>,
    other: impl Iterator<Item = Entry<'a>>,
) -> impl Iterator<Item = (Option<Entry<'a>>, Option<Entry<'a>>)> {
    let (mut one, mut other) = (one.peekable(), other.peekable());
    std::iter::from_fn(move || {
        let order = match (one.peek(), other.peek()) {
            (None, None) => return None,
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some(one), Some(other)) => compare_names(one, other),
        };
        Some(match order {
            std::cmp::Ordering::Less => (one.next(), None),
            std::cmp::Ordering::Greater => (None, other.next()),
            std::cmp::Ordering::Equal => (one.next(), other.next()),
        })
    })
}

fn compare_names(one: &Entry<'_>, other: &Entry<'_>) -> std::cmp::Ordering {
    let end = |entry: &Entry<'_>| entry.is_folder().then_some(b'/');
    let ours = one.name.iter().copied().chain(end(one));
    ours.cmp(other.name.iter().copied().chain(end(other)))
}

/// The id of an object.
#[must_use]
pub fn hash_object(hash: HashKind, kind: &str, bytes: &[u8]) -> ObjectId {
    let head = format!("{kind} {}\0", bytes.len());
    if hash == HashKind::Sha1 {
        let digest = sha1::Sha1::new().chain_update(head).chain_update(bytes).finalize();
        ObjectId::from_bytes_or_panic(&digest)
    } else {
        let digest = sha2::Sha256::new().chain_update(head).chain_update(bytes).finalize();
        ObjectId::from_bytes_or_panic(&digest)
    }
}

/// A commit, as far as it matters here.
#[derive(Debug)]
pub struct Commit {
    /// Its tree.
    pub tree: ObjectId,
    /// Its parents, the first one first.
    pub parents: Vec<ObjectId>,
    /// Seconds since 1970 at which it was committed.
    pub committed_s: i64,
    bytes: Vec<u8>,
    message: usize,
}

impl Commit {
    /// Parses a commit's bytes.
    ///
    /// # Errors
    /// It names no tree.
    pub fn parse(id: &ObjectId, bytes: Vec<u8>) -> Result<Commit, Error> {
        let end = memchr::memmem::find(&bytes, b"\n\n").unwrap_or(bytes.len());
        let (mut tree, mut parents, mut committed_s) = (None, Vec::new(), 0);
        for line in bytes[..end].split(|&byte| byte == b'\n') {
            if let Some(digits) = line.strip_prefix(b"tree ") {
                tree = ObjectId::from_hex(digits).ok();
            } else if let Some(digits) = line.strip_prefix(b"parent ") {
                parents.extend(ObjectId::from_hex(digits).ok());
            } else if let Some(who) = line.strip_prefix(b"committer ") {
                let text = String::from_utf8_lossy(who);
                committed_s = text.rsplit(' ').nth(1).and_then(|seconds| seconds.parse().ok()).unwrap_or(0);
            }
        }
        let tree = tree.ok_or_else(|| Error::corrupt(id, "the commit names no tree"))?;
        let message = (end + 2).min(bytes.len());
        Ok(Commit { tree, parents, committed_s, bytes, message })
    }

    /// Who wrote it: name, address, and the date as git writes it.
    #[must_use]
    pub fn author(&self) -> Option<(String, String, String)> {
        let head = self.bytes.get(..self.message)?;
        let line = head.split(|&byte| byte == b'\n').find_map(|line| line.strip_prefix(b"author "))?;
        let text = String::from_utf8_lossy(line).into_owned();
        let (name, rest) = text.split_once(" <")?;
        let (email, date) = rest.split_once("> ")?;
        Some((name.to_owned(), email.to_owned(), date.to_owned()))
    }

    /// Its message.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        &self.bytes[self.message..]
    }

    /// The first line of its message.
    #[must_use]
    pub fn subject(&self) -> String {
        let first = self.message().split(|&byte| byte == b'\n').next().unwrap_or_default();
        String::from_utf8_lossy(first).into_owned()
    }
}
