//! What comes out at each path, once renames are followed.

use super::text::{Labels, Versions};
use super::trees::{Entries, Entry, Equal, Leaf};
use super::{Conflict, ConflictKind, Names};
use crate::apply::{Held, State, Workshop};
use crate::error::Error;
use crate::tree::Path;
use tidegate_domain::patch::Mode;

/// What two sides made of a file.
pub(super) struct Content {
    pub(super) leaf: Leaf,
    pub(super) clean: bool,
    /// Conflicts that are marked in it.
    pub(super) marked: usize,
}

/// What comes out at a path.
struct Outcome {
    leaf: Option<Leaf>,
    kind: Option<ConflictKind>,
    marked: usize,
}

impl Outcome {
    fn clean(leaf: Option<Leaf>) -> Outcome {
        Outcome { leaf, kind: None, marked: 0 }
    }
}

/// Puts into `ours` what comes out at each path, and says what conflicts.
pub(super) fn settle(
    shop: &mut Workshop,
    ours: &mut State,
    entries: &Entries,
    names: &Names<'_>,
    conflicts: &mut Vec<Conflict>,
) -> Result<(), Error> {
    let mut files: Vec<(Path, Leaf, usize)> = Vec::new();
    for (path, entry) in entries {
        if is_of_two_types(entry) {
            two_types(ours, path, entry, entries, names, conflicts);
            continue;
        }
        let outcome = outcome(shop, entry, names)?;
        let held = outcome.leaf.map(Held::from);
        let before = ours.get(shop, path)?;
        if before != held {
            ours.set(path, held);
        }
        if let Some(kind) = outcome.kind {
            conflicts.push(Conflict { path: Path::clone(path), kind, marked: outcome.marked, held });
        }
        if let Some(leaf) = outcome.leaf {
            let side = if entry.leaves[1].is_some() && !entry.gone { 1 } else { 2 };
            files.push((Path::clone(path), leaf, side));
        }
    }
    for (path, leaf, side) in files {
        if ours.is_folder(shop, &path)? {
            let elsewhere = beside(&path, if side == 1 { names.ours } else { names.theirs }, entries);
            ours.set(&path, None);
            ours.set(&elsewhere, Some(leaf.into()));
            let kind = ConflictKind::FileAndFolder;
            conflicts.push(Conflict { path: elsewhere, kind, marked: 0, held: Some(leaf.into()) });
        }
    }
    conflicts.sort_by(|one, other| one.path.cmp(&other.path));
    conflicts.dedup_by(|next, kept| next.path == kept.path && next.marked == 0);
    Ok(())
}

fn is_of_two_types(entry: &Entry) -> bool {
    let [_, ours, theirs] = entry.leaves;
    let differ = ours.zip(theirs).is_some_and(|(ours, theirs)| !ours.mode.same_type(theirs.mode));
    differ && !entry.gone && entry.equal == Equal::None
}

/// One side has a link, say, where the other one has a file: they are put beside each other.
fn two_types(
    state: &mut State,
    path: &Path,
    entry: &Entry,
    entries: &Entries,
    names: &Names<'_>,
    conflicts: &mut Vec<Conflict>,
) {
    let [_, Some(ours), Some(theirs)] = entry.leaves else { return };
    let plain = |leaf: Leaf| leaf.mode.same_type(Mode::FILE);
    let (move_ours, move_theirs) = (plain(ours) || !plain(theirs), !plain(ours));
    state.set(path, None);
    for (leaf, moves, label) in [(ours, move_ours, names.ours), (theirs, move_theirs, names.theirs)] {
        let path = if moves { beside(path, label, entries) } else { Path::clone(path) };
        state.set(&path, Some(leaf.into()));
        let kind = ConflictKind::OtherType;
        conflicts.push(Conflict { path, kind, marked: 0, held: Some(leaf.into()) });
    }
}

/// A free path for a file that cannot stay where it is.
fn beside(path: &Path, label: &[u8], entries: &Entries) -> Path {
    let label: Vec<u8> = label.iter().map(|&byte| if byte == b'/' { b'_' } else { byte }).collect();
    let plain = [path, &b"~"[..], &label].concat();
    let others = (0..).map(|number: usize| [plain.as_slice(), format!("_{number}").as_bytes()].concat());
    let mut all = std::iter::once(plain.clone()).chain(others).map(Path::from);
    all.find(|path| !entries.contains_key(path)).unwrap_or_else(|| plain.clone().into())
}

fn outcome(shop: &mut Workshop, entry: &Entry, names: &Names<'_>) -> Result<Outcome, Error> {
    let [base, ours, theirs] = entry.leaves;
    if entry.gone {
        return Ok(Outcome::clean(None));
    }
    let odd = |leaf: Option<Leaf>| Outcome { leaf, kind: entry.odd, marked: 0 };
    let conflict =
        |leaf: Option<Leaf>, kind| Outcome { leaf, kind: Some(entry.odd.unwrap_or(kind)), marked: 0 };
    Ok(match entry.equal {
        Equal::Sides => odd(ours),
        Equal::BaseAndOurs if theirs.is_some() => odd(theirs),
        Equal::BaseAndTheirs if ours.is_some() => odd(ours),
        Equal::BaseAndOurs | Equal::BaseAndTheirs => Outcome::clean(None),
        Equal::None => match (base, ours, theirs) {
            (_, Some(ours), Some(theirs)) => {
                let merged = content(shop, base, ours, theirs, &entry.names, 0, names)?;
                let kind = if base.is_some() { ConflictKind::Content } else { ConflictKind::BothAdded };
                let kind = if merged.clean { entry.odd } else { Some(entry.odd.unwrap_or(kind)) };
                Outcome { leaf: Some(merged.leaf), kind, marked: merged.marked }
            }
            (Some(_), Some(left), None) => conflict(Some(left), ConflictKind::Deleted),
            (Some(_), None, Some(left)) => conflict(Some(left), ConflictKind::Deleted),
            (None, Some(one), None) | (None, None, Some(one)) => odd(Some(one)),
            (_, None, None) => odd(None),
        },
    })
}

/// Merges the contents and modes of a file. `longer` is by how much the markers are.
pub(super) fn content(
    shop: &mut Workshop,
    base: Option<Leaf>,
    ours: Leaf,
    theirs: Leaf,
    paths: &[Path; 3],
    longer: usize,
    names: &Names<'_>,
) -> Result<Content, Error> {
    let base_mode = base.map(|base| base.mode);
    let mut merged = Content { leaf: ours, clean: true, marked: 0 };
    if ours.mode == theirs.mode || Some(ours.mode) == base_mode {
        merged.leaf.mode = theirs.mode;
    } else {
        merged.clean = Some(theirs.mode) == base_mode;
    }
    let base_id = base.map(|base| base.id);
    if ours.id == theirs.id || Some(ours.id) == base_id {
        (merged.leaf.content, merged.leaf.id) = (theirs.content, theirs.id);
    } else if Some(theirs.id) == base_id {
    } else if !ours.mode.same_type(Mode::FILE) || !theirs.mode.same_type(Mode::FILE) {
        merged.clean = false;
    } else {
        let base = base.filter(|base| base.mode.same_type(ours.mode));
        texts(shop, base, theirs, paths, longer, names, &mut merged)?;
    }
    Ok(merged)
}

fn texts(
    shop: &mut Workshop,
    base: Option<Leaf>,
    theirs: Leaf,
    paths: &[Path; 3],
    longer: usize,
    names: &Names<'_>,
    merged: &mut Content,
) -> Result<(), Error> {
    let (contents, store) = (&mut shop.contents, &mut shop.store);
    let ours = merged.leaf;
    for leaf in [base, Some(ours), Some(theirs)].into_iter().flatten() {
        if contents.is_binary(store, leaf.content)? {
            merged.clean = false;
            return Ok(());
        }
    }
    let before = match base {
        Some(base) => contents.text(store, base.content)?,
        None => std::rc::Rc::from([]),
    };
    let (our_text, their_text) = (contents.text(store, ours.content)?, contents.text(store, theirs.content)?);
    let moved = paths.iter().any(|path| *path != paths[0]);
    let label = |name: &[u8], path: &Path| {
        if moved { [name, b":", path].concat() } else { name.to_vec() }
    };
    let (our_label, their_label) = (label(names.ours, &paths[1]), label(names.theirs, &paths[2]));
    let labels = Labels { ours: &our_label, theirs: &their_label, longer };
    let of = Versions { base: &before, ours: &our_text, theirs: &their_text };
    let (content, conflicts) = contents.merged(of, &labels);
    merged.leaf.content = content;
    merged.leaf.id = contents.object_id(store, content, merged.leaf.mode)?;
    merged.marked = conflicts;
    merged.clean &= conflicts == 0;
    Ok(())
}
