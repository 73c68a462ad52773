//! Help where no set of commits makes a series apply: the three-way merge with its conflicts marked, and the nearest
//! release on which the series does apply.

use crate::apply::{State, Workshop};
use crate::check::{Request, apply_all, series};
use crate::contents::ContentId;
use crate::error::Error;
use crate::folder::fill;
use crate::merge::{Conflict, ConflictKind, Names, pick_with_markers};
use crate::scan::tags;
use crate::tree;
use gix_hash::ObjectId;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use tidegate_domain::patch::Mode;

/// Files that conflict.
pub const FILES_MAX: usize = 10_000;
/// All texts with conflicts together, in bytes.
pub const TEXTS_BYTES_MAX: usize = 256 << 20;
/// Commits that are looked at for releases.
pub const COMMITS_MAX: usize = 500_000;
/// Releases on which the series is tried, the nearest first.
pub const RELEASES_MAX: usize = 1_000;

/// What helps whoever adapts the series.
#[derive(Clone, Debug, Serialize)]
pub struct Backport {
    /// The files that conflict, by their paths. None: the series can be cherry-picked.
    pub files: Vec<Conflicted>,
    /// The nearest release on which the series applies as it stands, if there is one.
    pub nearest_release: Option<Nearest>,
}

/// A file that conflicts.
#[derive(Clone, Debug, Serialize)]
pub struct Conflicted {
    /// Its path. Bytes that are no text are shown as such.
    pub path: String,
    /// The first patch that conflicts in it: the name of a commit or file.
    pub patch: String,
    /// What is wrong.
    pub kind: ConflictKind,
    /// Conflicts that are marked in its text. 0: there is one that no marker can show.
    pub conflicts: usize,
    /// Its text, with conflict markers; none if nothing is left at the path, or if it is no file.
    #[serde(skip)]
    pub text: Option<Vec<u8>>,
    #[serde(skip)]
    place: tree::Path,
}

/// A release on which the series applies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Nearest {
    /// Its tag.
    pub release: String,
    /// Its commit.
    pub commit: String,
    /// Commits between it and the release that was asked for, along first parents: from either to where they parted.
    pub commits_between: usize,
}

/// Merges the series onto the release, one patch after the other, and looks for the nearest release on which it
/// applies. Tags are releases if they begin with one of `prefixes`; all are, if there is none.
///
/// # Errors
/// Something cannot be read, or is too large.
pub fn backport(shop: &mut Workshop, request: &Request, prefixes: &[String]) -> Result<Backport, Error> {
    let release = shop.resolve(&request.release)?;
    let mut state = State::new(shop.commit(&release)?.tree);
    let series = series(shop, &request.series)?;
    let ours = label(&request.release);
    let mut found: BTreeMap<tree::Path, (String, Conflict)> = BTreeMap::new();
    for patch in &series {
        let names = Names { ours: &ours, theirs: &label(&patch.name) };
        for conflict in pick_with_markers(shop, &mut state, patch, &names)? {
            match found.get_mut(&conflict.path) {
                Some((_, known)) => known.marked += conflict.marked,
                None => drop(found.insert(conflict.path.clone(), (patch.name.clone(), conflict))),
            }
        }
        if found.len() > FILES_MAX {
            let limit = format!("{FILES_MAX} files");
            return Err(Error::TooLarge { what: "what conflicts".into(), limit });
        }
    }
    let files = conflicted(shop, &state, found)?;
    let nearest_release = nearest(shop, &release, prefixes, |shop, tree| {
        Ok(apply_all(shop, State::new(tree), &series)?.is_ok())
    })?;
    Ok(Backport { files, nearest_release })
}

/// A name as a marker may show it: it must not end the line.
fn label(name: &str) -> Vec<u8> {
    name.chars().map(|char| if char.is_control() { '?' } else { char }).collect::<String>().into_bytes()
}

fn conflicted(
    shop: &mut Workshop,
    state: &State,
    found: BTreeMap<tree::Path, (String, Conflict)>,
) -> Result<Vec<Conflicted>, Error> {
    let mut bytes_used = 0;
    let mut files = Vec::with_capacity(found.len());
    let mut text_of = |shop: &mut Workshop, content: ContentId| {
        let bytes = shop.contents.bytes(&mut shop.store, content)?;
        bytes_used += bytes.len();
        if bytes_used > TEXTS_BYTES_MAX {
            let limit = format!("{TEXTS_BYTES_MAX} bytes");
            return Err(Error::TooLarge { what: "the texts that conflict".into(), limit });
        }
        Ok(bytes)
    };
    for (place, (patch, conflict)) in found {
        let left = state.get(shop, &place)?.filter(|held| held.mode.same_type(Mode::FILE));
        let text = match left {
            Some(held) if conflict.kind != ConflictKind::BaseUnknown => Some(text_of(shop, held.content)?),
            _ => None,
        };
        let path = String::from_utf8_lossy(&place).into_owned();
        files.push(Conflicted { path, patch, kind: conflict.kind, conflicts: conflict.marked, text, place });
    }
    Ok(files)
}

/// The nearest of the releases for which `holds` says yes to their tree.
fn nearest(
    shop: &mut Workshop,
    from: &ObjectId,
    prefixes: &[String],
    mut holds: impl FnMut(&mut Workshop, ObjectId) -> Result<bool, Error>,
) -> Result<Option<Nearest>, Error> {
    let tags = tags(shop, prefixes)?;
    let mut distances = Distances::from(shop, from)?;
    let mut near: Vec<(usize, String, ObjectId)> = Vec::new();
    for (commit, name) in tags {
        if commit != *from
            && let Some(distance) = distances.to(shop, commit)?
        {
            near.push((distance, name, commit));
        }
    }
    near.sort();
    let mut tried = HashSet::new();
    for (commits_between, release, commit) in near.into_iter().take(RELEASES_MAX) {
        let tree = shop.commit(&commit)?.tree;
        if tried.insert(tree) && holds(shop, tree)? {
            return Ok(Some(Nearest { release, commit: commit.to_string(), commits_between }));
        }
    }
    Ok(None)
}

/// How far commits are from one, along first parents.
struct Distances {
    /// `None`: they have nothing in common.
    known: HashMap<ObjectId, Option<usize>>,
}

impl Distances {
    fn from(shop: &mut Workshop, start: &ObjectId) -> Result<Distances, Error> {
        let mut known = HashMap::new();
        let mut next = Some(*start);
        while let Some(commit) = next {
            known.insert(commit, Some(known.len()));
            Distances::bound(&known)?;
            next = shop.commit(&commit)?.parents.first().copied();
        }
        Ok(Distances { known })
    }

    fn bound(known: &HashMap<ObjectId, Option<usize>>) -> Result<(), Error> {
        if known.len() <= COMMITS_MAX {
            return Ok(());
        }
        let limit = format!("{COMMITS_MAX} commits; --releases says which tags count");
        Err(Error::TooLarge { what: "the way to the releases".into(), limit })
    }

    fn to(&mut self, shop: &mut Workshop, commit: ObjectId) -> Result<Option<usize>, Error> {
        let mut passed = Vec::new();
        let mut next = Some(commit);
        let mut distance = None;
        while let Some(commit) = next {
            if let Some(known) = self.known.get(&commit) {
                distance = *known;
                break;
            }
            passed.push(commit);
            if self.known.len() + passed.len() > COMMITS_MAX {
                break;
            }
            next = shop.commit(&commit)?.parents.first().copied();
        }
        for (steps, commit) in passed.into_iter().rev().enumerate() {
            self.known.insert(commit, distance.map(|distance| distance + steps + 1));
        }
        Distances::bound(&self.known)?;
        Ok(self.known.get(&commit).copied().flatten())
    }
}

/// Writes the texts that conflict into an empty folder, which is made if it is not there. The answer is how many were.
///
/// # Errors
/// See [`fill`].
pub fn write(backport: &Backport, folder: &Path) -> Result<usize, Error> {
    let texts = backport.files.iter().filter_map(|file| Some((&*file.place, file.text.as_deref()?)));
    let files: Vec<(&[u8], &[u8])> = texts.collect();
    fill(folder, &files)?;
    Ok(files.len())
}
