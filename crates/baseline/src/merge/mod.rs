//! Three-way merges, as `git merge-tree` does them: whether a cherry-pick of the series would succeed, and what it
//! leaves where it does not.

mod folders;
mod renames;
mod settle;
mod similar;
mod text;
mod trees;

pub use text::{Labels, Merged, Versions, merge};

use crate::apply::{Edit, FileChange, Held, Patch, State, Workshop};
use crate::contents::ContentId;
use crate::error::Error;
use crate::tree::Path;
use gix_hash::ObjectId;
use serde::Serialize;
use tidegate_domain::patch::{Kind, Mode};

/// What the two sides are called in conflict markers.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// What is there.
    pub ours: &'a [u8],
    /// What comes.
    pub theirs: &'a [u8],
}

/// Nobody reads the markers.
const NAMELESS: Names<'static> = Names { ours: b"", theirs: b"" };

/// A file that cannot be merged.
#[derive(Clone, Debug)]
pub struct Conflict {
    /// The file, or the folder of [`ConflictKind::FolderSplit`].
    pub path: Path,
    /// What is wrong.
    pub kind: ConflictKind,
    /// Conflicts that are marked in it.
    pub marked: usize,
    /// What is left at the path.
    pub held: Option<Held>,
}

/// Why a file cannot be merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ConflictKind {
    /// Both changed the same lines, or it is binary.
    Content,
    /// Both added it.
    BothAdded,
    /// One changed it, the other deleted it. The changed one is left.
    Deleted,
    /// One renamed it, the other deleted it.
    RenamedAndDeleted,
    /// Both renamed it, to other names.
    RenamedTwice,
    /// It came into a folder that the other one moved, and was put where that folder is now.
    FolderMoved,
    /// As before, but something is in the way there: it stays where it came.
    FolderMovedInWay,
    /// The files of a folder went to several others, and to none of them most.
    FolderSplit,
    /// One has a file where the other has a link or a submodule.
    OtherType,
    /// One has a file where the other has a folder.
    FileAndFolder,
    /// The patch does not apply, and the repository lacks the version that it was made for: the file is as it was.
    BaseUnknown,
}

impl Conflict {
    fn of_folder(path: Path) -> Conflict {
        Conflict { path, kind: ConflictKind::FolderSplit, marked: 0, held: None }
    }

    fn of_place(path: Path) -> Conflict {
        Conflict { path, kind: ConflictKind::FolderMovedInWay, marked: 0, held: None }
    }
}

/// Whether the series can be cherry-picked onto the state, one patch after the other.
///
/// # Errors
/// An object cannot be read.
pub fn picks(shop: &mut Workshop, state: &State, series: &[Patch]) -> Result<bool, Error> {
    let mut state = state.clone();
    for patch in series {
        if !pick(shop, &mut state, patch, &NAMELESS, false)?.is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Cherry-picks a patch onto a state. What conflicts is left in it with markers, as `git merge-tree` leaves it.
///
/// # Errors
/// An object cannot be read.
pub fn pick_with_markers(
    shop: &mut Workshop,
    state: &mut State,
    patch: &Patch,
    names: &Names<'_>,
) -> Result<Vec<Conflict>, Error> {
    pick(shop, state, patch, names, true)
}

/// `all` says whether one goes on after the first conflict.
fn pick(
    shop: &mut Workshop,
    state: &mut State,
    patch: &Patch,
    names: &Names<'_>,
    all: bool,
) -> Result<Vec<Conflict>, Error> {
    if let Some(commit) = patch.commit
        && !stays_in_place(shop, state, patch)?
    {
        let commit = shop.commit(&commit)?;
        let base = match commit.parents.first() {
            Some(parent) => shop.commit(parent)?.tree,
            None => ObjectId::empty_tree(shop.store.hash_kind()),
        };
        return trees::merge(shop, base, state, commit.tree, names);
    }
    let mut conflicts = Vec::new();
    for change in &patch.changes {
        conflicts.extend(pick_file(shop, state, change, names)?);
        if !all && !conflicts.is_empty() {
            break;
        }
    }
    Ok(conflicts)
}

/// Whether no rename, on either side, can matter: the patch changes files that are there, and those that it adds come
/// into folders that are there. This needs a look at the files of the patch alone, and nearly every fix is so.
fn stays_in_place(shop: &mut Workshop, state: &State, patch: &Patch) -> Result<bool, Error> {
    let goes = |change: &FileChange| matches!(change.kind, Kind::Delete | Kind::Rename);
    if patch.changes.iter().any(goes) {
        return Ok(false);
    }
    for change in &patch.changes {
        let here = state.get(shop, &change.old)?;
        let stays = match change.kind {
            Kind::Modify => here.zip(change.old_mode).is_some_and(|(here, old)| here.mode.same_type(old)),
            Kind::Create => here.is_none() && has_room(shop, state, &change.new)?,
            Kind::Delete | Kind::Rename | Kind::Copy => false,
        };
        if !stays {
            return Ok(false);
        }
    }
    Ok(true)
}

fn has_room(shop: &mut Workshop, state: &State, path: &Path) -> Result<bool, Error> {
    let folder = trees::folder_of(path);
    Ok((folder.is_empty() || state.is_folder(shop, folder)?) && !state.is_folder(shop, path)?)
}

fn pick_file(
    shop: &mut Workshop,
    state: &mut State,
    change: &FileChange,
    names: &Names<'_>,
) -> Result<Option<Conflict>, Error> {
    let conflict = |kind, marked, held| {
        let path = Path::clone(&change.new);
        Ok(Some(Conflict { path, kind, marked, held }))
    };
    let here = state.get(shop, &change.old)?;
    let (Some((base, theirs)), Some(ours)) = (sides(shop, change)?, here) else {
        // What the patch is based on is not known, or not there: it can only be applied.
        let alone = Patch { name: String::new(), commit: None, changes: vec![change.clone()] };
        let applied = state.apply(shop, &alone)?.is_ok();
        return if applied { Ok(None) } else { conflict(ConflictKind::BaseUnknown, 0, here) };
    };
    let id = |shop: &mut Workshop, content: ContentId, mode: Mode| {
        let id = shop.contents.object_id(&mut shop.store, content, mode)?;
        Ok::<_, Error>(trees::Leaf { mode, content, id })
    };
    let old_mode = change.old_mode.unwrap_or(ours.mode);
    let base = id(shop, base, old_mode)?;
    let ours = id(shop, ours.content, ours.mode)?;
    let theirs = id(shop, theirs, change.new_mode.unwrap_or(old_mode))?;
    let paths = [Path::clone(&change.old), Path::clone(&change.old), Path::clone(&change.old)];
    let merged = settle::content(shop, Some(base), ours, theirs, &paths, 0, names)?;
    state.set(&change.new, Some(merged.leaf.into()));
    if merged.clean {
        Ok(None)
    } else {
        conflict(ConflictKind::Content, merged.marked, Some(merged.leaf.into()))
    }
}

/// The contents before and after a change, where the repository has the one before.
fn sides(shop: &mut Workshop, change: &FileChange) -> Result<Option<(ContentId, ContentId)>, Error> {
    if change.kind != Kind::Modify {
        return Ok(None);
    }
    let written = match &change.edit {
        Edit::Objects(old, new) => return Ok(Some((*old, *new))),
        Edit::Written(written) => written,
    };
    let old = match written.old_id.as_deref() {
        Some(digits) => known(shop, digits)?,
        None => None,
    };
    let Some(old) = old else { return Ok(None) };
    let old = shop.contents.of_object(old, Mode::FILE);
    Ok(shop.edited(Some(old), change)?.ok().map(|new| (old, new)))
}

fn known(shop: &mut Workshop, digits: &str) -> Result<Option<ObjectId>, Error> {
    let digits = digits.to_ascii_lowercase();
    Ok(match shop.store.with_prefix(&digits, 2)?.as_slice() {
        // What a patch says of ids is hearsay: an id of something else is no reason to fail.
        [one] if !one.is_null() && shop.store.read_kind(one, gix_object::Kind::Blob).is_ok() => Some(*one),
        _ => None,
    })
}
