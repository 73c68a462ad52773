//! Whole trees merged three ways, as `git merge-tree` does it with the settings that git comes with: renames of files
//! are found, and what comes into a folder that the other side moved is a conflict.

use super::folders::{self, Folders};
use super::renames::{self, File, Question};
use super::settle;
use super::{Conflict, ConflictKind, Names};
use crate::apply::{Held, State, Workshop};
use crate::contents::ContentId;
use crate::error::Error;
use crate::tree::{self, Path};
use gix_hash::ObjectId;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use tidegate_domain::patch::Mode;

/// A file of one of the three trees.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leaf {
    pub(super) mode: Mode,
    pub(super) content: ContentId,
    pub(super) id: ObjectId,
}

impl PartialEq for Leaf {
    fn eq(&self, other: &Leaf) -> bool {
        (self.mode, self.id) == (other.mode, other.id)
    }
}

impl From<Leaf> for Held {
    fn from(leaf: Leaf) -> Held {
        Held { mode: leaf.mode, content: leaf.content }
    }
}

/// Which of the three versions were equal, before renames were looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Equal {
    None,
    BaseAndOurs,
    BaseAndTheirs,
    Sides,
}

/// What the three trees have at one path: base, ours, theirs.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) leaves: [Option<Leaf>; 3],
    /// Where each of them was.
    pub(super) names: [Path; 3],
    pub(super) equal: Equal,
    /// What is wrong with its place, whatever its content.
    pub(super) odd: Option<ConflictKind>,
    /// It went elsewhere, with all that the sides made of it.
    pub(super) gone: bool,
}

impl Entry {
    fn new(path: &Path, leaves: [Option<Leaf>; 3]) -> Entry {
        let same = |one: usize, other: usize| leaves[one].is_some() && leaves[one] == leaves[other];
        let equal = match (same(0, 1), same(0, 2), same(1, 2)) {
            (true, _, _) => Equal::BaseAndOurs,
            (_, true, _) => Equal::BaseAndTheirs,
            (_, _, true) => Equal::Sides,
            (false, false, false) => Equal::None,
        };
        let names = [Path::clone(path), Path::clone(path), Path::clone(path)];
        Entry { leaves, names, equal, odd: None, gone: false }
    }

    /// Which of the three have it: 1 for the base, 2 for ours, 4 for theirs.
    pub(super) fn sides(&self) -> u8 {
        (0..3).filter(|at| self.leaves[*at].is_some()).map(|at| 1 << at).sum()
    }

    /// Whether it is settled before any rename is looked at.
    fn is_plain(&self) -> bool {
        self.sides() == 7 && self.equal != Equal::None
    }
}

/// All paths at which something differs.
pub(super) type Entries = BTreeMap<Path, Entry>;

/// A path's folder; nothing for what is in none.
pub(super) fn folder_of(path: &[u8]) -> &[u8] {
    path.iter().rposition(|&byte| byte == b'/').map_or(b"", |slash| &path[..slash])
}

/// A file that is somewhere else on one side.
#[derive(Clone)]
struct Pair {
    old: Path,
    new: Path,
    /// 1 for ours, 2 for theirs.
    side: usize,
}

/// Merges what leads from `base` to `theirs` into `ours`. What conflicts is put there with markers.
///
/// # Errors
/// An object cannot be read.
pub(super) fn merge(
    shop: &mut Workshop,
    base: ObjectId,
    ours: &mut State,
    theirs: ObjectId,
    names: &Names<'_>,
) -> Result<Vec<Conflict>, Error> {
    let states = [State::new(base), ours.clone(), State::new(theirs)];
    let mut entries = differing(shop, &states)?;
    let mut conflicts = Vec::new();
    let pairs = pairs(shop, &states, &mut entries, &mut conflicts)?;
    follow(shop, &mut entries, &pairs, names)?;
    settle::settle(shop, ours, &entries, names, &mut conflicts)?;
    Ok(conflicts)
}

fn leaf(shop: &mut Workshop, held: Held) -> Result<Leaf, Error> {
    let id = shop.contents.object_id(&mut shop.store, held.content, held.mode)?;
    Ok(Leaf { mode: held.mode, content: held.content, id })
}

/// What differs between any two of the trees.
fn differing(shop: &mut Workshop, states: &[State; 3]) -> Result<Entries, Error> {
    let mut paths: BTreeSet<Path> = states[1].over.keys().map(Path::clone).collect();
    for side in [1, 2] {
        let found: Vec<tree::Difference> =
            shop.trees.differences(&mut shop.store, &states[0].root, &states[side].root)?;
        paths.extend(found.into_iter().map(|(path, _, _)| path));
    }
    let mut entries = Entries::new();
    for path in paths {
        let mut leaves = [None; 3];
        for (at, state) in states.iter().enumerate() {
            leaves[at] = match state.get(shop, &path)? {
                Some(held) => Some(leaf(shop, held)?),
                None => None,
            };
        }
        if leaves[0] != leaves[1] || leaves[0] != leaves[2] {
            let entry = Entry::new(&path, leaves);
            entries.insert(path, entry);
        }
    }
    Ok(entries)
}

/// All renames of both sides, by their old paths, with ours first.
fn pairs(
    shop: &mut Workshop,
    states: &[State; 3],
    entries: &mut Entries,
    conflicts: &mut Vec<Conflict>,
) -> Result<Vec<Pair>, Error> {
    let mut folders = Folders::find(shop, states, entries)?;
    let mut found = Vec::new();
    let mut moved = Vec::new();
    for side in [1, 2] {
        let (went, came, changed) = candidates(entries, side);
        let question = Question { side: side - 1, went, came, changed, folders: &mut folders };
        let (pairs, counts) = renames::renames(shop, question)?;
        found.push(pairs);
        let (targets, clear) = folders::moved(&counts);
        if !clear {
            conflicts.push(Conflict::of_folder(split_folder(&counts, &targets)));
        }
        moved.push(targets);
    }
    let both: Vec<Vec<u8>> =
        moved[0].keys().filter(|folder| moved[1].contains_key(*folder)).cloned().collect();
    for folder in both {
        moved.iter_mut().for_each(|moved| drop(moved.remove(&folder)));
    }
    let mut pairs = Vec::new();
    let sides =
        [Targets::of(entries, &found[0], 1, &moved[1]), Targets::of(entries, &found[1], 2, &moved[0])];
    for side in [1, 2] {
        let renamed: Vec<(Path, Path)> = std::mem::take(&mut found[side - 1]);
        let (own, other) = (&moved[side - 1], &moved[2 - side]);
        let came = Came { side, renamed, targets: &sides, own, other };
        pairs.extend(relocate(shop, &states[side], entries, conflicts, came)?);
    }
    pairs.sort_by(|one, other| one.old.cmp(&other.old));
    Ok(pairs)
}

fn split_folder(counts: &folders::Counts, targets: &BTreeMap<Vec<u8>, Vec<u8>>) -> Path {
    let split = counts.keys().find(|folder| !targets.contains_key(*folder));
    split.map(|folder| folder.as_slice()).unwrap_or_default().into()
}

/// The files that went and that came on one side, and those that went and that the other side changed.
fn candidates(entries: &Entries, side: usize) -> (Vec<File>, Vec<File>, HashSet<Path>) {
    let (mut went, mut came, mut changed) = (Vec::new(), Vec::new(), HashSet::new());
    for (path, entry) in entries {
        match (entry.leaves[0], entry.leaves[side]) {
            (Some(leaf), None) => {
                went.push(File { path: Path::clone(path), leaf });
                if entry.equal == Equal::None {
                    changed.insert(Path::clone(path));
                }
            }
            (None, Some(leaf)) => came.push(File { path: Path::clone(path), leaf }),
            _ => {}
        }
    }
    (went, came, changed)
}

/// Where the files that came on one side would belong, if they followed the folders that the other side moved.
struct Targets(BTreeMap<Vec<u8>, BTreeSet<Path>>);

impl Targets {
    fn of(
        entries: &Entries,
        renamed: &[(Path, Path)],
        side: usize,
        moved: &BTreeMap<Vec<u8>, Vec<u8>>,
    ) -> Targets {
        let came =
            entries.iter().filter(|(_, entry)| entry.leaves[0].is_none() && entry.leaves[side].is_some());
        let mut targets: BTreeMap<Vec<u8>, BTreeSet<Path>> = BTreeMap::new();
        for path in came.map(|(path, _)| path).chain(renamed.iter().map(|(_, new)| new)) {
            if let Some((_, new)) = followed(path, moved) {
                targets.entry(new).or_default().insert(Path::clone(path));
            }
        }
        Targets(targets)
    }
}

/// A path's folder that was moved, and the path as it would be there.
fn followed<'a>(path: &[u8], moved: &'a BTreeMap<Vec<u8>, Vec<u8>>) -> Option<(&'a [u8], Vec<u8>)> {
    let mut folder = folder_of(path);
    while !folder.is_empty() {
        if let Some((_, new)) = moved.get_key_value(folder) {
            let rest = path.get(folder.len() + usize::from(new.is_empty())..)?;
            return Some((new, [new.as_slice(), rest].concat()));
        }
        folder = folder_of(folder);
    }
    None
}

/// What came on one side, and the folders that either side moved.
struct Came<'a> {
    side: usize,
    renamed: Vec<(Path, Path)>,
    targets: &'a [Targets; 2],
    own: &'a BTreeMap<Vec<u8>, Vec<u8>>,
    other: &'a BTreeMap<Vec<u8>, Vec<u8>>,
}

/// Lets what came on one side follow the folders that the other side moved. It is a conflict, wherever it ends.
fn relocate(
    shop: &mut Workshop,
    state: &State,
    entries: &mut Entries,
    conflicts: &mut Vec<Conflict>,
    came: Came<'_>,
) -> Result<Vec<Pair>, Error> {
    let side = came.side;
    let from: BTreeMap<Path, Path> = came.renamed.into_iter().map(|(old, new)| (new, old)).collect();
    let is_new = |entry: &Entry| entry.leaves[0].is_none() && entry.leaves[side].is_some();
    let paths: Vec<Path> =
        entries.iter().filter(|(_, entry)| is_new(entry)).map(|(path, _)| Path::clone(path)).collect();
    let mut pairs = Vec::new();
    for path in paths {
        let old = from.get(&path).map(Path::clone);
        let goal = followed(&path, came.other)
            .filter(|(folder, _)| !came.own.contains_key(*folder))
            .filter(|_| !came.targets[2 - side].0.contains_key(&*path));
        let mut new = Path::clone(&path);
        if let Some((_, goal)) = goal {
            let goal: Path = goal.into();
            let several = came.targets[side - 1].0.get(&*goal).is_some_and(|paths| paths.len() > 1);
            let in_way = match entries.get(&goal) {
                Some(there) => {
                    there.is_plain()
                        || there.leaves[side].is_some()
                        || (there.leaves[0].is_some() && old.as_ref().is_none_or(|old| *old != goal))
                }
                None => state.get(shop, &goal)?.is_some(),
            };
            if several || in_way || state.is_folder(shop, &goal)? {
                conflicts.push(Conflict::of_place(Path::clone(&path)));
            } else {
                put_elsewhere(entries, &path, &goal, side);
                new = goal;
            }
        }
        pairs.extend(old.map(|old| Pair { old, new, side }));
    }
    Ok(pairs)
}

fn put_elsewhere(entries: &mut Entries, path: &Path, goal: &Path, side: usize) {
    let Some(leaf) = entries.get(path).and_then(|entry| entry.leaves[side]) else { return };
    if let Some(entry) = entries.get_mut(path) {
        entry.leaves[side] = None;
        entry.equal = Equal::None;
        entry.gone = entry.leaves.iter().all(Option::is_none);
    }
    let none = Entry::new(goal, [None; 3]);
    let there = entries.entry(Path::clone(goal)).or_insert(none);
    there.leaves[side] = Some(leaf);
    there.names[side] = Path::clone(path);
    there.odd = Some(ConflictKind::FolderMoved);
}

/// Brings what became of a file on the other side to where one side put it.
fn follow(
    shop: &mut Workshop,
    entries: &mut Entries,
    pairs: &[Pair],
    names: &Names<'_>,
) -> Result<(), Error> {
    let mut rest = pairs;
    while let Some((pair, after)) = rest.split_first() {
        rest = after;
        let Some(old) = entries.get(&pair.old).filter(|old| !old.gone && !old.is_plain()).cloned() else {
            continue;
        };
        if pair.old == pair.new {
            continue;
        }
        match after.first() {
            Some(second) if second.old == pair.old => {
                rest = after.get(1..).unwrap_or_default();
                follow_both(shop, entries, &old, (pair, second), names)?;
            }
            _ => follow_one(shop, entries, &old, pair, names)?,
        }
    }
    Ok(())
}

/// Both sides renamed it.
fn follow_both(
    shop: &mut Workshop,
    entries: &mut Entries,
    old: &Entry,
    (one, other): (&Pair, &Pair),
    names: &Names<'_>,
) -> Result<(), Error> {
    if one.new == other.new {
        if let Some(entry) = entries.get_mut(&one.new) {
            entry.leaves[0] = old.leaves[0];
        }
        entries.entry(Path::clone(&one.old)).and_modify(|entry| entry.gone = true);
        return Ok(());
    }
    let side = |path: &Path, at: usize| entries.get(path).and_then(|entry| entry.leaves[at]);
    let (Some(ours), Some(theirs)) = (side(&one.new, 1), side(&other.new, 2)) else { return Ok(()) };
    let paths = [Path::clone(&one.old), Path::clone(&one.new), Path::clone(&other.new)];
    let merged = settle::content(shop, old.leaves[0], ours, theirs, &paths, 1, names)?;
    let is_ours = !merged.clean && merged.leaf == ours;
    for (path, at) in [(&one.new, 1), (&other.new, 2)] {
        if let Some(entry) = entries.get_mut(path) {
            entry.leaves[at] = Some(if is_ours && at == 2 { theirs } else { merged.leaf });
            entry.odd = Some(ConflictKind::RenamedTwice);
        }
    }
    entries.entry(Path::clone(&one.old)).and_modify(|entry| entry.odd = Some(ConflictKind::RenamedTwice));
    Ok(())
}

/// One side renamed it.
fn follow_one(
    shop: &mut Workshop,
    entries: &mut Entries,
    old: &Entry,
    pair: &Pair,
    names: &Names<'_>,
) -> Result<(), Error> {
    let (target, source) = (pair.side, 3 - pair.side);
    let Some(new) = entries.get(&pair.new).cloned() else { return Ok(()) };
    let Some(renamed) = new.leaves[target] else { return Ok(()) };
    let deleted = old.sides() == 1;
    let plain = |leaf: Option<Leaf>| leaf.is_some_and(|leaf| leaf.mode.same_type(Mode::FILE));
    let other_type = !deleted && plain(old.leaves[source]) != plain(Some(renamed));
    let collides = new.leaves[source].is_some() && !other_type;
    let mut changed = new;
    match (collides, old.leaves[source]) {
        (true, Some(beside)) if !deleted => {
            let mut paths = [Path::clone(&pair.old), Path::clone(&pair.old), Path::clone(&pair.old)];
            paths[target] = Path::clone(&pair.new);
            let (ours, theirs) = if target == 1 { (renamed, beside) } else { (beside, renamed) };
            let merged = settle::content(shop, old.leaves[0], ours, theirs, &paths, 1, names)?;
            changed.leaves[target] = Some(merged.leaf);
        }
        (true, _) => changed.odd = Some(ConflictKind::RenamedAndDeleted),
        (false, beside) => {
            changed.leaves[0] = old.leaves[0];
            changed.names[0] = Path::clone(&pair.old);
            if deleted {
                changed.odd = Some(ConflictKind::RenamedAndDeleted);
            } else if !other_type {
                changed.leaves[source] = beside;
                changed.names[source] = Path::clone(&pair.old);
            }
        }
    }
    entries.insert(Path::clone(&pair.new), changed);
    if let Some(entry) = entries.get_mut(&pair.old) {
        if other_type {
            entry.leaves[0] = None;
        } else {
            entry.gone = true;
        }
    }
    Ok(())
}
