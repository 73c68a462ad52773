//! A release as a tree with changes on top, and patches applied to it as `git apply --cached` would.

use crate::contents::{ContentId, Contents, Difference};
use crate::error::Error;
use crate::store::Store;
use crate::tree::{self, Commit, Path, Trees};
use foldhash::{HashMap, HashMapExt, HashSet};
use gix_hash::ObjectId;
use gix_object::Kind as ObjectKind;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::rc::Rc;
use tidegate_domain::patch::{self, Body, Change, Kind, Mode};

/// Commits that are kept from one check to the next. They stay while a check goes on: a branch has a limit of its own.
const COMMITS_KEPT_MAX: usize = 50_000;
/// Tags that may stand for other tags, one after the other.
const TAGS_MAX: usize = 16;

/// Everything that was read from one repository.
pub struct Workshop {
    /// The objects.
    pub store: Store,
    /// The trees.
    pub trees: Trees,
    /// The contents.
    pub contents: Contents,
    commits: HashMap<ObjectId, Rc<Commit>>,
}

/// What a change does to the content of a file.
#[derive(Clone, Debug)]
pub enum Edit {
    /// From one object to another, as a commit does.
    Objects(ContentId, ContentId),
    /// What a patch file says.
    Written(Rc<Change>),
}

/// What one patch does to one file.
#[derive(Clone, Debug)]
pub struct FileChange {
    /// What happens to the file as a whole.
    pub kind: Kind,
    /// Where it is before.
    pub old: Path,
    /// Where it is afterwards.
    pub new: Path,
    /// Its mode before, if said.
    pub old_mode: Option<Mode>,
    /// Its mode afterwards, if said.
    pub new_mode: Option<Mode>,
    /// What becomes of its content.
    pub edit: Edit,
}

/// A patch, applied as a whole or not at all.
#[derive(Clone, Debug)]
pub struct Patch {
    /// Its commit's id, or its file's name.
    pub name: String,
    /// Its commit, if it is one.
    pub commit: Option<ObjectId>,
    /// Its files.
    pub changes: Vec<FileChange>,
}

/// A file of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Its mode.
    pub mode: Mode,
    /// Its content.
    pub content: ContentId,
}

/// A tree with changes on top.
#[derive(Clone)]
pub struct State {
    pub(crate) root: ObjectId,
    /// In order, so that what is below a folder is found without looking at the rest.
    pub(crate) over: BTreeMap<Path, Option<Held>>,
}

/// Why a patch does not apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The file, as the patch names it before the change.
    pub file: Path,
    /// The first line of the hunk that has no place, as the patch says; 0 where the file as a whole is at fault.
    pub line: u32,
    /// What is wrong.
    pub why: Why,
}

/// What is wrong with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// A hunk has no place.
    Context,
    /// There is no such file.
    Missing,
    /// There is such a file already, or a folder in its place.
    Exists,
    /// It is a link and should be a file, or the like.
    Type,
    /// A binary file, or one that goes, is not what the patch expects.
    Content,
}

impl State {
    /// A tree as it is.
    #[must_use]
    pub fn new(root: ObjectId) -> State {
        State { root, over: BTreeMap::new() }
    }

    /// What is at a path.
    ///
    /// # Errors
    /// A tree cannot be read.
    pub fn get(&self, shop: &mut Workshop, path: &Path) -> Result<Option<Held>, Error> {
        if let Some(&held) = self.over.get(path) {
            return Ok(held);
        }
        let file = shop.trees.file(&mut shop.store, &self.root, path)?;
        Ok(file.map(|file| shop.held(file)))
    }

    /// Whether a new file here would be in the way of a folder, or a folder in its way.
    fn blocked(&self, shop: &mut Workshop, path: &Path) -> Result<bool, Error> {
        for (at, _) in path.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
            if self.get(shop, &path[..at].into())?.is_some() {
                return Ok(true);
            }
        }
        self.is_folder(shop, path)
    }

    /// Whether there is a file below a path.
    ///
    /// # Errors
    /// A tree cannot be read.
    pub(crate) fn is_folder(&self, shop: &mut Workshop, path: &[u8]) -> Result<bool, Error> {
        let prefix = [path, &b"/"[..]].concat();
        let from = (Bound::Included(prefix.as_slice()), Bound::Unbounded);
        let mut inside = self.over.range::<[u8], _>(from).take_while(|(other, _)| other.starts_with(&prefix));
        if inside.any(|(_, held)| held.is_some()) {
            return Ok(true);
        }
        if !shop.trees.is_folder(&mut shop.store, &self.root, path)? {
            return Ok(false);
        }
        let mut inside = self.over.range::<[u8], _>(from).take_while(|(other, _)| other.starts_with(&prefix));
        if inside.next().is_none() {
            return Ok(true);
        }
        let below = shop.trees.files_below(&mut shop.store, &self.root, path)?;
        Ok(below.iter().any(|file| self.over.get(file).is_none_or(Option::is_some)))
    }

    /// The id of the tree.
    ///
    /// # Errors
    /// An object cannot be read.
    pub fn tree(&self, shop: &mut Workshop) -> Result<ObjectId, Error> {
        let mut changes = BTreeMap::new();
        for (path, held) in &self.over {
            let file = match held {
                Some(held) => {
                    let id = shop.contents.object_id(&mut shop.store, held.content, held.mode)?;
                    Some(tree::File { mode: held.mode, id })
                }
                None => None,
            };
            changes.insert(Path::clone(path), file);
        }
        shop.trees.rewritten(&mut shop.store, &self.root, &changes)
    }

    /// Puts a file, or nothing, at a path.
    pub fn set(&mut self, path: &Path, held: Option<Held>) {
        self.over.insert(Path::clone(path), held);
    }

    /// Applies a patch: all of it, or nothing.
    ///
    /// # Errors
    /// An object cannot be read. That the patch does not apply is no error, but an answer.
    pub fn apply(&mut self, shop: &mut Workshop, patch: &Patch) -> Result<Result<(), Failure>, Error> {
        let mut run =
            Run { state: self, results: HashMap::new(), gone: HashSet::default(), going: patch.going() };
        // What goes makes room for all that comes, whatever their order is.
        let mut leave: Vec<Path> = Vec::new();
        let mut come: Vec<(Path, Held)> = Vec::with_capacity(patch.changes.len());
        for change in &patch.changes {
            let outcome = run.check(shop, change)?;
            let result = match outcome {
                Ok(result) => result,
                Err((line, why)) => return Ok(Err(Failure { file: Path::clone(&change.old), line, why })),
            };
            run.remember(change, result);
            if matches!(change.kind, Kind::Modify | Kind::Rename | Kind::Delete) {
                leave.push(Path::clone(&change.old));
            }
            come.extend(result.map(|held| (Path::clone(&change.new), held)));
        }
        let mut undo = Vec::with_capacity(leave.len() + come.len());
        let put = self.put(shop, leave, come, &mut undo);
        if !matches!(put, Ok(Ok(()))) {
            for (path, before) in undo.into_iter().rev() {
                match before {
                    Some(held) => self.over.insert(path, held),
                    None => self.over.remove(&path),
                };
            }
        }
        put
    }

    /// Takes files away and puts files there, and remembers what was before.
    fn put(
        &mut self,
        shop: &mut Workshop,
        leave: Vec<Path>,
        come: Vec<(Path, Held)>,
        undo: &mut Vec<(Path, Option<Option<Held>>)>,
    ) -> Result<Result<(), Failure>, Error> {
        for path in leave {
            undo.push((Path::clone(&path), self.over.insert(path, None)));
        }
        for (path, held) in come {
            if self.get(shop, &path)?.is_none() && self.blocked(shop, &path)? {
                return Ok(Err(Failure { file: path, line: 0, why: Why::Exists }));
            }
            undo.push((Path::clone(&path), self.over.insert(path, Some(held))));
        }
        Ok(Ok(()))
    }
}

/// What has happened so far within one patch, which may name a file twice.
struct Run<'a> {
    state: &'a State,
    /// Files that earlier changes of this patch have written.
    results: HashMap<Path, Held>,
    /// Files that earlier changes of this patch have removed.
    gone: HashSet<Path>,
    /// Files that some change of this patch removes.
    going: HashSet<Path>,
}

type Checked = Result<Option<Held>, (u32, Why)>;

impl Run<'_> {
    fn check(&self, shop: &mut Workshop, change: &FileChange) -> Result<Checked, Error> {
        let moved = matches!(change.kind, Kind::Rename | Kind::Copy);
        if moved || change.kind == Kind::Create {
            let leaves = self.gone.contains(&change.new) || self.going.contains(&change.new);
            if !leaves && self.state.get(shop, &change.new)?.is_some() {
                return Ok(Err((0, Why::Exists)));
            }
        }
        if change.kind == Kind::Create {
            let mode = change.new_mode.unwrap_or(Mode::FILE).kept();
            let made = shop.edited(None, change)?;
            return Ok(made.map(|content| Some(Held { mode, content })));
        }
        let earlier = if moved { None } else { self.results.get(&change.old).copied() };
        if !moved && earlier.is_none() && self.gone.contains(&change.old) {
            return Ok(Err((0, Why::Missing)));
        }
        let before = match earlier {
            Some(held) => held,
            None => match self.state.get(shop, &change.old)? {
                Some(held) => held,
                None => return Ok(Err((0, Why::Missing))),
            },
        };
        if change.old_mode.is_some_and(|mode| !mode.same_type(before.mode)) {
            return Ok(Err((0, Why::Type)));
        }
        if change.kind == Kind::Delete {
            return Ok(shop.removed(before.content, change)?.map(|()| None));
        }
        let mode = change.new_mode.map_or(before.mode, Mode::kept);
        if !mode.same_type(before.mode) {
            return Ok(Err((0, Why::Type)));
        }
        let made = shop.edited(Some(before.content), change)?;
        Ok(made.map(|content| Some(Held { mode, content })))
    }

    fn remember(&mut self, change: &FileChange, result: Option<Held>) {
        if let Some(held) = result {
            self.results.insert(Path::clone(&change.new), held);
            self.gone.remove(&change.new);
        }
        if matches!(change.kind, Kind::Delete | Kind::Rename) {
            self.results.remove(&change.old);
            self.gone.insert(Path::clone(&change.old));
        }
    }
}

impl Patch {
    /// The patch that undoes this one; `None` for one that copies files, which leaves nothing to undo them from.
    #[must_use]
    pub fn reversed(&self) -> Option<Patch> {
        let changes = self.changes.iter().rev().map(FileChange::reversed).collect::<Option<_>>()?;
        Some(Patch { name: self.name.clone(), commit: None, changes })
    }

    fn going(&self) -> HashSet<Path> {
        let leave = self.changes.iter().filter(|change| matches!(change.kind, Kind::Delete | Kind::Rename));
        leave.map(|change| Path::clone(&change.old)).collect()
    }
}

impl FileChange {
    fn reversed(&self) -> Option<FileChange> {
        let kind = self.kind.reversed()?;
        let edit = match &self.edit {
            Edit::Objects(old, new) => Edit::Objects(*new, *old),
            Edit::Written(change) => Edit::Written(Rc::new(change.reversed()?)),
        };
        Some(FileChange {
            kind,
            old: Path::clone(&self.new),
            new: Path::clone(&self.old),
            old_mode: self.new_mode.or(self.old_mode.filter(|_| kind == Kind::Modify)),
            new_mode: self.old_mode,
            edit,
        })
    }
}

impl Workshop {
    /// Opens the repository in `path`.
    ///
    /// # Errors
    /// It is none that can be read.
    pub fn open(path: &std::path::Path) -> Result<Workshop, Error> {
        let store = Store::open(path)?;
        let trees = Trees::new(store.hash_kind());
        Ok(Workshop { store, trees, contents: Contents::new(), commits: HashMap::new() })
    }

    /// A commit.
    ///
    /// # Errors
    /// It cannot be read, or is none.
    pub fn commit(&mut self, id: &ObjectId) -> Result<Rc<Commit>, Error> {
        if let Some(known) = self.commits.get(id) {
            return Ok(Rc::clone(known));
        }
        let commit = Rc::new(Commit::parse(id, self.store.read_kind(id, ObjectKind::Commit)?)?);
        self.commits.insert(*id, Rc::clone(&commit));
        Ok(commit)
    }

    /// The commit that a name stands for: a full or shortened id, a branch, a tag, `HEAD`. Tags are followed.
    ///
    /// # Errors
    /// There is none, or more than one.
    pub fn resolve(&mut self, name: &str) -> Result<ObjectId, Error> {
        let id = self.store.resolve(name)?;
        self.peel(name, id)
    }

    /// The commit that an object is, or that tags lead to. `name` is what it was asked for by.
    ///
    /// # Errors
    /// There is none.
    pub fn peel(&mut self, name: &str, mut id: ObjectId) -> Result<ObjectId, Error> {
        for _ in 0..TAGS_MAX {
            if self.commits.contains_key(&id) {
                return Ok(id);
            }
            let object = match self.store.read(&id) {
                Err(Error::NoSuchObject(_)) => return Err(Error::NoSuchName(name.to_owned())),
                other => other?,
            };
            if object.kind == ObjectKind::Tag {
                let digits = object.bytes.strip_prefix(b"object ");
                let digits = digits.and_then(|rest| rest.get(..self.store.hash_kind().len_in_hex()));
                id = digits
                    .and_then(|digits| ObjectId::from_hex(digits).ok())
                    .ok_or_else(|| Error::corrupt(id, "the tag names no object"))?;
                continue;
            }
            if object.kind != ObjectKind::Commit {
                return Err(Error::Request(format!("{name} is a {}, not a commit", object.kind)));
            }
            self.commits.insert(id, Rc::new(Commit::parse(&id, object.bytes)?));
            return Ok(id);
        }
        Err(Error::corrupt(id, "tags of tags without end"))
    }

    /// Forgets contents and commits if they have become too many. What refers to contents must be gone.
    pub fn tidy(&mut self) {
        if self.commits.len() > COMMITS_KEPT_MAX {
            self.commits = HashMap::new();
        }
        if self.contents.is_full() {
            self.contents = Contents::new();
        }
    }

    fn held(&mut self, file: tree::File) -> Held {
        Held { mode: file.mode, content: self.contents.of_object(file.id, file.mode) }
    }

    /// What a commit changes, against its first parent.
    ///
    /// # Errors
    /// An object cannot be read.
    pub fn patch_of_commit(&mut self, id: &ObjectId) -> Result<Patch, Error> {
        let commit = self.commit(id)?;
        let before = match commit.parents.first() {
            Some(parent) => self.commit(parent)?.tree,
            None => ObjectId::empty_tree(self.store.hash_kind()),
        };
        let differences = self.trees.differences(&mut self.store, &before, &commit.tree)?;
        let mut changes = Vec::with_capacity(differences.len());
        for (path, old, new) in differences {
            match (old, new) {
                // A file that becomes a link goes, and comes again.
                (Some(old), Some(new)) if !old.mode.same_type(new.mode) => {
                    changes.push(self.whole(Kind::Delete, &path, old));
                    changes.push(self.whole(Kind::Create, &path, new));
                }
                (Some(old), Some(new)) => {
                    let (before, after) = (self.held(old), self.held(new));
                    let new_mode = (old.mode != new.mode).then_some(new.mode);
                    changes.push(FileChange {
                        kind: Kind::Modify,
                        old: Path::clone(&path),
                        new: path,
                        old_mode: Some(old.mode),
                        new_mode,
                        edit: Edit::Objects(before.content, after.content),
                    });
                }
                (Some(old), None) => changes.push(self.whole(Kind::Delete, &path, old)),
                (None, Some(new)) => changes.push(self.whole(Kind::Create, &path, new)),
                (None, None) => {}
            }
        }
        Ok(Patch { name: id.to_string(), commit: Some(*id), changes })
    }

    fn whole(&mut self, kind: Kind, path: &Path, file: tree::File) -> FileChange {
        let held = self.held(file);
        FileChange {
            kind,
            old: Path::clone(path),
            new: Path::clone(path),
            old_mode: (kind == Kind::Delete).then_some(file.mode),
            new_mode: (kind == Kind::Create).then_some(file.mode),
            edit: Edit::Objects(held.content, held.content),
        }
    }

    /// A patch file's changes.
    ///
    /// # Errors
    /// It is malformed.
    pub fn patch_of_text(&mut self, name: &str, text: &[u8]) -> Result<Patch, Error> {
        let changes = patch::parse(text, self.contents.lines())
            .map_err(|fault| Error::Patch { name: name.to_owned(), fault })?;
        let changes = changes.into_iter().map(|change| FileChange {
            kind: change.kind,
            old: Path::clone(&change.old),
            new: Path::clone(&change.new),
            old_mode: change.old_mode,
            new_mode: change.new_mode,
            edit: Edit::Written(Rc::new(change)),
        });
        Ok(Patch { name: name.to_owned(), commit: None, changes: changes.collect() })
    }

    /// What a change makes of a content; `None` before for a new file.
    pub(crate) fn edited(
        &mut self,
        before: Option<ContentId>,
        change: &FileChange,
    ) -> Result<Result<ContentId, (u32, Why)>, Error> {
        let store = &mut self.store;
        let outcome = match (&change.edit, before) {
            (Edit::Objects(_, new), None) => return Ok(Ok(*new)),
            (Edit::Objects(old, new), Some(before)) => self.contents.changed(store, before, *old, *new)?,
            (Edit::Written(change), before) => return self.written(before, change),
        };
        Ok(outcome.map_err(|line| (line, if line == 0 { Why::Content } else { Why::Context })))
    }

    fn written(
        &mut self,
        before: Option<ContentId>,
        change: &Change,
    ) -> Result<Result<ContentId, (u32, Why)>, Error> {
        let content = match before {
            Some(content) => content,
            None => self.contents.of_text(Vec::new()),
        };
        match &change.body {
            Body::Same => Ok(Ok(content)),
            Body::Text(hunks) => {
                let outcome = self.contents.hunks(&mut self.store, content, hunks)?;
                Ok(outcome.map_err(|line| (line, Why::Context)))
            }
            Body::Binary(hunk) => self.written_binary(before, change, hunk.as_ref()),
        }
    }

    /// A binary patch names the objects before and after in full, and is for no other content.
    fn written_binary(
        &mut self,
        before: Option<ContentId>,
        change: &Change,
        hunk: Option<&patch::BinaryHunk>,
    ) -> Result<Result<ContentId, (u32, Why)>, Error> {
        let refused = Ok(Err((0, Why::Content)));
        let full = |digits: &Option<Box<str>>| {
            let digits = digits.as_deref()?;
            ObjectId::from_hex(digits.as_bytes()).ok().filter(|id| id.kind() == self.store.hash_kind())
        };
        let (Some(old_id), Some(new_id)) = (full(&change.old_id), full(&change.new_id)) else {
            return refused;
        };
        if let Some(content) = before {
            let mode = change.old_mode.unwrap_or(Mode::FILE);
            if self.contents.object_id(&mut self.store, content, mode)? != old_id {
                return refused;
            }
        }
        if new_id.is_null() {
            return Ok(Ok(self.contents.of_text(Vec::new())));
        }
        if self.store.contains(&new_id)? {
            return Ok(Ok(self.contents.of_object(new_id, Mode::FILE)));
        }
        let Some(hunk) = hunk else { return refused };
        let Some(made) = self.contents.binary(&mut self.store, before, hunk)? else { return refused };
        if self.contents.object_id(&mut self.store, made, Mode::FILE)? != new_id {
            return refused;
        }
        Ok(Ok(made))
    }

    /// Whether a file can go: nothing of it may be left.
    fn removed(&mut self, before: ContentId, change: &FileChange) -> Result<Result<(), (u32, Why)>, Error> {
        match &change.edit {
            Edit::Objects(old, _) => {
                let same = self.contents.same(&mut self.store, before, *old)?;
                Ok(if same { Ok(()) } else { Err((1, Why::Content)) })
            }
            Edit::Written(_) => match self.edited(Some(before), change)? {
                Err(failure) => Ok(Err(failure)),
                Ok(left) if self.contents.bytes(&mut self.store, left)?.is_empty() => Ok(Ok(())),
                Ok(_) => Ok(Err((0, Why::Content))),
            },
        }
    }
}

impl Workshop {
    /// Lines that a patch removes and adds, together. A binary file counts as one.
    ///
    /// # Errors
    /// An object cannot be read.
    pub fn changed_lines(&mut self, patch: &Patch) -> Result<usize, Error> {
        let mut sum = 0;
        for change in &patch.changes {
            sum += match &change.edit {
                Edit::Objects(old, new) if old == new && change.kind != Kind::Modify => {
                    self.contents.text(&mut self.store, *new)?.len()
                }
                Edit::Objects(old, new) if old == new => 0,
                Edit::Objects(old, new) => match &*self.contents.difference(&mut self.store, *old, *new)? {
                    Difference::Text { replaced, .. } => {
                        replaced.iter().map(|change| change.old.len() + change.new.len()).sum()
                    }
                    Difference::Binary => 1,
                },
                Edit::Written(change) => match &change.body {
                    Body::Text(hunks) => hunks.iter().map(|hunk| hunk.old.len() + hunk.new.len()).sum(),
                    Body::Same | Body::Binary(_) => 1,
                },
            };
        }
        Ok(sum)
    }
}
