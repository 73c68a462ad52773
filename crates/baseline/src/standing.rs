//! How each patch of a series stands on a release: it applies, it is there already, or it fails, and on what.

use crate::apply::{Edit, Failure, FileChange, Patch, State, Workshop};
use crate::check::{ReasonKind, Request, place, series};
use crate::contents::{ContentId, Difference};
use crate::error::Error;
use crate::history::History;
use crate::needs;
use crate::tree::Path;
use gix_hash::ObjectId;
use serde::Serialize;
use std::rc::Rc;
use tidegate_domain::patch::{self, Body, Hunk, Kind, LineId};

/// Commits of the release's own past that are looked through for what changed a file.
pub const PAST_COMMITS_MAX: usize = 400;
/// Commits that are named as having changed a place, of the branch and of the past each.
pub const CHANGERS_MAX: usize = 8;
/// Commits whose patches are compared with one that fails.
const TWINS_MAX: usize = 32;
/// Lines of a conflict that are shown.
pub const SHOWN_LINES_MAX: usize = 60;
/// Longest line that is shown, in characters.
const SHOWN_CHARS_MAX: usize = 400;
/// Comparisons of lines in the search for the place that a hunk meant; with more, it is where the patch says.
const COMPARISONS_MAX: usize = 20_000_000;

/// One patch of a series, applied to the release after those before it that applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// The commit or file.
    pub patch: String,
    /// How it stands.
    #[serde(flatten)]
    pub result: Outcome,
}

/// How a patch stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum Outcome {
    /// It applies.
    Applied {
        /// The hunks that lie elsewhere than they say.
        moved: Vec<Moved>,
    },
    /// It does not apply, because what it does has been done.
    AlreadyThere {
        /// How that is known.
        known_by: KnownBy,
        /// The commit of the release's past that is the same patch.
        commit: Option<String>,
    },
    /// It does not apply.
    Failed(Box<Conflict>),
}

/// How it is known that a patch is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KnownBy {
    /// It can be undone.
    Reverse,
    /// A commit of the release's past changes the same lines in the same way, and none after it undoes that.
    PatchId,
}

/// A hunk that lies elsewhere than it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Moved {
    /// The file.
    pub file: String,
    /// The hunk's first line, as the patch says.
    pub line: u32,
    /// How many lines further down it lies; less than 0 for further up.
    pub offset: i64,
}

/// Why a patch does not apply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Conflict {
    /// The file of the release.
    pub file: String,
    /// The first line of the hunk, as the patch says; 0 where the file as a whole is at fault.
    pub line: u32,
    /// What is wrong.
    pub why: ReasonKind,
    /// The lines that the hunk expects, at most [`SHOWN_LINES_MAX`].
    pub expects: Vec<String>,
    /// The lines that are there instead, where most of the hunk's lines are.
    pub has: Vec<String>,
    /// The first of those lines, from 1; 0 if there is none.
    pub has_line: u32,
    /// The commits that changed the place, the last one first.
    pub changed_by: Vec<Changer>,
}

/// A commit that changed the place of a conflict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Changer {
    /// The commit.
    pub commit: String,
    /// The first line of its message.
    pub subject: String,
    /// Whether it is of the branch and not in the release, which lacks it; or of the release's own past, of which
    /// the last [`PAST_COMMITS_MAX`] commits are looked at.
    pub since_release: bool,
}

/// Answers for each patch of a request's series, in order. One that fails is passed over.
///
/// # Errors
/// Something cannot be read, or does not exist.
pub fn standings(shop: &mut Workshop, request: &Request) -> Result<Vec<Standing>, Error> {
    let release = shop.resolve(&request.release)?;
    let branch = request.branch.as_ref().map(|name| shop.resolve(name)).transpose()?;
    let series = series(shop, &request.series)?;
    standings_of(shop, &release, branch, &series)
}

/// The same for patches that were read.
pub(crate) fn standings_of(
    shop: &mut Workshop,
    release: &ObjectId,
    branch: Option<ObjectId>,
    series: &[Patch],
) -> Result<Vec<Standing>, Error> {
    let root = shop.commit(release)?.tree;
    let mut state = State::new(root);
    let mut standings = Vec::with_capacity(series.len());
    // Both pasts are looked at only when something fails.
    let mut since: Option<Since> = None;
    let mut past: Option<History> = None;
    for (number, patch) in series.iter().enumerate() {
        let moved = moved(shop, &state, patch)?;
        let result = match state.apply(shop, patch)? {
            Ok(()) => Outcome::Applied { moved },
            Err(failure) => {
                let past = match &mut past {
                    Some(known) => known,
                    None => past.insert(History::past(shop, release, PAST_COMMITS_MAX)?),
                };
                if let Some(there) = already_there(shop, &state, past, patch)? {
                    there
                } else {
                    let since = match &mut since {
                        Some(known) => known,
                        None => since.insert(place(shop, release, branch, series.to_vec())?),
                    };
                    let place = since.as_mut().map(|(history, placed)| (&mut *history, placed[number].0));
                    Outcome::Failed(Box::new(conflict(shop, &state, past, place, patch, &failure)?))
                }
            }
        };
        standings.push(Standing { patch: patch.name.clone(), result });
    }
    Ok(standings)
}

type Since = Option<(History, Vec<(usize, Patch)>)>;

/// The hunks of a patch that would lie elsewhere than they say.
fn moved(shop: &mut Workshop, state: &State, patch: &Patch) -> Result<Vec<Moved>, Error> {
    let mut moved = Vec::new();
    for change in patch.changes.iter().filter(|change| change.kind != Kind::Create) {
        let Some(held) = state.get(shop, &change.old)? else { continue };
        if matches!(&change.edit, Edit::Objects(old, _) if *old == held.content) {
            continue;
        }
        let hunks = hunks(shop, change)?;
        let text = shop.contents.text(&mut shop.store, held.content)?;
        let Ok(applied) = patch::apply(&text, &hunks, shop.contents.lines()) else { continue };
        let hunks = hunks.iter().zip(applied.offsets).filter(|(_, offset)| *offset != 0);
        let file = shown_path(&change.old);
        moved.extend(hunks.map(|(hunk, offset)| Moved { file: file.clone(), line: hunk.old_start, offset }));
    }
    Ok(moved)
}

fn hunks(shop: &mut Workshop, change: &FileChange) -> Result<Rc<[Hunk]>, Error> {
    Ok(match &change.edit {
        Edit::Objects(old, new) if old == new => Rc::from([]),
        Edit::Objects(old, new) => match &*shop.contents.difference(&mut shop.store, *old, *new)? {
            Difference::Text { hunks, .. } => hunks.as_slice().into(),
            Difference::Binary => Rc::from([]),
        },
        Edit::Written(change) => match &change.body {
            Body::Text(hunks) => hunks.as_slice().into(),
            Body::Same | Body::Binary(_) => Rc::from([]),
        },
    })
}

fn already_there(
    shop: &mut Workshop,
    state: &State,
    past: &mut History,
    patch: &Patch,
) -> Result<Option<Outcome>, Error> {
    let reversed = patch.reversed();
    let twin = twin(shop, past, patch, reversed.as_ref())?;
    if let Some(reversed) = &reversed
        && state.clone().apply(shop, reversed)?.is_ok()
    {
        return Ok(Some(Outcome::AlreadyThere { known_by: KnownBy::Reverse, commit: twin }));
    }
    Ok(twin.map(|commit| Outcome::AlreadyThere { known_by: KnownBy::PatchId, commit: Some(commit) }))
}

/// The last commit of the past that is the same patch, if none since then is its reverse.
fn twin(
    shop: &mut Workshop,
    past: &mut History,
    patch: &Patch,
    reversed: Option<&Patch>,
) -> Result<Option<String>, Error> {
    let Some(change) = patch.changes.first() else { return Ok(None) };
    let last = past.last();
    let wanted = fingerprint(shop, patch)?;
    let undone = reversed.map(|reversed| fingerprint(shop, reversed)).transpose()?;
    for at in past.changes(shop, &change.new, 0, last)?.into_iter().take(TWINS_MAX) {
        let other = past.patch(shop, at)?;
        if other.changes.len() != patch.changes.len() {
            continue;
        }
        let found = fingerprint(shop, &other)?;
        if found == wanted {
            return Ok(Some(past.commit(at).to_string()));
        }
        if undone.as_ref() == Some(&found) {
            return Ok(None);
        }
    }
    Ok(None)
}

/// What a patch does, without the numbers of its lines: what two copies of it have in common.
type Fingerprint = Vec<(Path, Path, Vec<(Box<[LineId]>, Box<[LineId]>)>, Option<(ContentId, ContentId)>)>;

fn fingerprint(shop: &mut Workshop, patch: &Patch) -> Result<Fingerprint, Error> {
    let mut fingerprint = Vec::with_capacity(patch.changes.len());
    for change in &patch.changes {
        let hunks = hunks(shop, change)?;
        let lines = hunks.iter().map(|hunk| (hunk.old.clone(), hunk.new.clone())).collect();
        let whole = match &change.edit {
            Edit::Objects(old, new) if hunks.is_empty() => Some((*old, *new)),
            Edit::Objects(..) | Edit::Written(_) => None,
        };
        fingerprint.push((Path::clone(&change.old), Path::clone(&change.new), lines, whole));
    }
    fingerprint.sort_by(|one, other| (&one.0, &one.1).cmp(&(&other.0, &other.1)));
    Ok(fingerprint)
}

fn conflict(
    shop: &mut Workshop,
    state: &State,
    past: &mut History,
    place: Option<(&mut History, usize)>,
    patch: &Patch,
    failure: &Failure,
) -> Result<Conflict, Error> {
    let mut conflict = Conflict {
        file: shown_path(&failure.file),
        line: failure.line,
        why: failure.why.into(),
        expects: Vec::new(),
        has: Vec::new(),
        has_line: 0,
        changed_by: Vec::new(),
    };
    let change = patch.changes.iter().find(|change| change.old == failure.file || change.new == failure.file);
    let Some(change) = change else { return Ok(conflict) };
    let hunk = match failure.why.into() {
        ReasonKind::Context => {
            hunks(shop, change)?.iter().find(|hunk| hunk.old_start == failure.line).cloned()
        }
        ReasonKind::FileMissing
        | ReasonKind::FileInTheWay
        | ReasonKind::FileType
        | ReasonKind::Content
        | ReasonKind::Symbol => None,
    };
    if let Some(hunk) = &hunk {
        conflict.expects = shown(shop, &hunk.old);
        if let Some(held) = state.get(shop, &change.old)? {
            let text = shop.contents.text(&mut shop.store, held.content)?;
            let at = likeliest(&text, hunk);
            let there = text.get(at..).unwrap_or_default();
            conflict.has = shown(shop, there.get(..hunk.old.len()).unwrap_or(there));
            conflict.has_line = if there.is_empty() { 0 } else { at as u32 + 1 };
        }
    }
    if let Some((history, position)) = place {
        let line = hunk.as_ref().map(|hunk| hunk.old_start);
        let needed = needs::of_change(shop, history, change, line, position)?;
        add_changers(shop, history, &needed, true, &mut conflict)?;
    }
    let last = past.last();
    let spans = match (&hunk, past.file(shop, last, &change.old)?) {
        (Some(hunk), Some(file)) => {
            let content = shop.contents.of_object(file.id, file.mode);
            let text = shop.contents.text(&mut shop.store, content)?;
            let start = likeliest(&text, hunk) as i64;
            Some(vec![(hunk.old_start, (start, start + hunk.old.len() as i64))])
        }
        (None | Some(_), _) => None,
    };
    let wrote = needs::touching(shop, past, &change.old, spans, last)?;
    add_changers(shop, past, &wrote, false, &mut conflict)?;
    Ok(conflict)
}

fn add_changers(
    shop: &mut Workshop,
    history: &History,
    positions: &[usize],
    since_release: bool,
    conflict: &mut Conflict,
) -> Result<(), Error> {
    for &at in positions.iter().take(CHANGERS_MAX) {
        let id: ObjectId = history.commit(at);
        let subject = shop.commit(&id)?.subject();
        conflict.changed_by.push(Changer { commit: id.to_string(), subject, since_release });
    }
    Ok(())
}

/// Where most lines of a hunk are as it expects them, from 0; of several such places the nearest to the stated one.
fn likeliest(text: &[LineId], hunk: &Hunk) -> usize {
    let stated = (hunk.new_start.saturating_sub(1) as usize).min(text.len().saturating_sub(1));
    if hunk.old.is_empty() || text.len().saturating_mul(hunk.old.len()) > COMPARISONS_MAX {
        return stated;
    }
    let equal = |at: usize| {
        let there = text.get(at..).unwrap_or_default();
        there.iter().zip(&hunk.old).filter(|(there, wanted)| there == wanted).count()
    };
    let best = (0..text.len()).max_by_key(|&at| (equal(at), std::cmp::Reverse(at.abs_diff(stated))));
    best.unwrap_or(stated)
}

fn shown(shop: &mut Workshop, lines: &[LineId]) -> Vec<String> {
    let known = shop.contents.lines();
    let text = |line: &LineId| {
        let text = String::from_utf8_lossy(known.bytes(*line));
        text.trim_end_matches('\n').chars().take(SHOWN_CHARS_MAX).collect()
    };
    lines.iter().take(SHOWN_LINES_MAX).map(text).collect()
}

fn shown_path(path: &Path) -> String {
    String::from_utf8_lossy(path).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_domain::patch::Lines;

    #[test]
    fn a_hunk_meant_the_place_where_most_of_its_lines_are() {
        let mut lines = Lines::new();
        let text = lines.split(b"a\nb\nc\nx\ny\nz\na\nb\nd\n");
        let mut hunk = |start: u32, old: &str| Hunk {
            old_start: start,
            new_start: start,
            old: lines.split(old.as_bytes()).into(),
            new: Box::from([]),
            trailing: 1,
        };
        assert_eq!(likeliest(&text, &hunk(1, "x\nY\nz\n")), 3);
        assert_eq!(likeliest(&text, &hunk(6, "a\nb\ne\n")), 6, "the nearest of two");
        assert_eq!(likeliest(&text, &hunk(2, "a\nb\ne\n")), 0);
        assert_eq!(likeliest(&text, &hunk(99, "q\n")), 8, "nothing is like it: where it says");
        assert_eq!(likeliest(&[], &hunk(3, "q\n")), 0);
    }
}
