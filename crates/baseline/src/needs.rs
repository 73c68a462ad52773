//! Which commits a patch stands on: those that wrote, or made neighbours of, the lines that its hunks expect.
//!
//! From the file just before the patch, each expected range of lines is followed back through the commits that
//! changed the file. A commit that touched the range is needed, and what is left of the range goes on back from
//! there. What a needed commit expects is followed in turn.

use crate::apply::{Edit, FileChange, Patch, Workshop};
use crate::contents::{ContentId, Difference};
use crate::diff::Replaced;
use crate::error::Error;
use crate::history::History;
use crate::tree::Path;
use std::collections::BTreeSet;
use tidegate_domain::patch::{Body, Hunk, Kind};

/// Half-open, from 0. One that begins before 0 is tied to the file's beginning, one that ends after the last
/// line to its end.
pub type Span = (i64, i64);

/// Ranges of a file, each with the first line of its hunk.
pub type Spans = Vec<(u32, Span)>;

/// The commits that a patch at `position` (it belongs right after `position - 1`) needs directly, the last first
/// within each file.
///
/// # Errors
/// An object cannot be read.
pub fn direct(
    shop: &mut Workshop,
    history: &mut History,
    patch: &Patch,
    position: usize,
) -> Result<Vec<usize>, Error> {
    let mut needs = Vec::new();
    for change in &patch.changes {
        needs.extend(of_change(shop, history, change, None, position)?);
    }
    Ok(needs)
}

/// The commits that one change of a patch needs directly: all of it, or only the hunk at this line.
///
/// # Errors
/// An object cannot be read.
pub fn of_change(
    shop: &mut Workshop,
    history: &mut History,
    change: &FileChange,
    hunk: Option<u32>,
    position: usize,
) -> Result<Vec<usize>, Error> {
    let before = position - 1;
    let mut needs = Vec::new();
    if matches!(change.kind, Kind::Create | Kind::Rename | Kind::Copy)
        && history.file(shop, 0, &change.new)?.is_some()
    {
        // Where something was in the way, the commit that removed it.
        let changes = history.changes(shop, &change.new, 0, before)?;
        needs.extend(changes.first());
    }
    if change.kind == Kind::Create {
        return Ok(needs);
    }
    let Some(file) = history.file(shop, before, &change.old)? else { return Ok(needs) };
    let content = shop.contents.of_object(file.id, file.mode);
    let mut spans = expected(shop, change, content)?;
    if let (Some(spans), Some(hunk)) = (&mut spans, hunk) {
        spans.retain(|(line, _)| *line == hunk);
    }
    needs.extend(touching(shop, history, &change.old, spans, before)?);
    Ok(needs)
}

/// The commits up to a position that wrote what is in these ranges of a file, removed what stood between, or
/// added the file; the last one first. Without ranges, all that changed the file.
///
/// # Errors
/// An object cannot be read.
pub fn touching(
    shop: &mut Workshop,
    history: &mut History,
    path: &Path,
    spans: Option<Spans>,
    position: usize,
) -> Result<Vec<usize>, Error> {
    let mut found = Vec::new();
    let whole = spans.is_none();
    let mut spans = spans.unwrap_or_default();
    for on in history.changes(shop, path, 0, position)? {
        let (Some(after), earlier) = (history.file(shop, on, path)?, history.file(shop, on - 1, path)?)
        else {
            break;
        };
        let Some(earlier) = earlier else {
            found.push(on);
            break;
        };
        if whole {
            found.push(on);
            continue;
        }
        if spans.is_empty() {
            // Nothing is left to follow but whether the file was there.
            continue;
        }
        let old = shop.contents.of_object(earlier.id, earlier.mode);
        let new = shop.contents.of_object(after.id, after.mode);
        match &*shop.contents.difference(&mut shop.store, old, new)? {
            Difference::Binary => found.push(on),
            Difference::Text { replaced, .. } => {
                let (touched, back) = followed(&spans, replaced);
                found.extend(touched.then_some(on));
                spans = back;
            }
        }
    }
    Ok(found)
}

/// The ranges that a change expects in a file, each with its hunk's first line; `None` if it expects all of it.
fn expected(shop: &mut Workshop, change: &FileChange, before: ContentId) -> Result<Option<Spans>, Error> {
    if change.kind == Kind::Delete {
        return Ok(None);
    }
    let spans = |hunks: &[Hunk]| Some(hunks.iter().map(|hunk| (hunk.old_start, span(hunk))).collect());
    match &change.edit {
        Edit::Objects(old, new) if old == new => Ok(Some(Vec::new())),
        Edit::Objects(old, new) => match &*shop.contents.difference(&mut shop.store, *old, *new)? {
            Difference::Text { hunks, .. } => Ok(spans(hunks)),
            Difference::Binary => Ok(None),
        },
        Edit::Written(change) => match &change.body {
            Body::Same => Ok(Some(Vec::new())),
            Body::Binary(_) => Ok(None),
            Body::Text(hunks) => {
                // A mailed patch may lie elsewhere than it says.
                let text = shop.contents.text(&mut shop.store, before)?;
                let lines = shop.contents.lines();
                let offsets =
                    tidegate_domain::patch::apply(&text, hunks, lines).map(|applied| applied.offsets);
                let offsets = offsets.unwrap_or_else(|_| vec![0; hunks.len()]);
                let moved = |(hunk, offset): (&Hunk, i64)| {
                    let (start, end) = span(hunk);
                    let shift = |line: i64| if line < 0 { line } else { line + offset };
                    (hunk.old_start, (shift(start), shift(end)))
                };
                Ok(Some(hunks.iter().zip(offsets).map(moved).collect()))
            }
        },
    }
}

/// A line that is further down than any.
const BEYOND: i64 = i64::MAX / 4;

fn span(hunk: &Hunk) -> Span {
    let start = i64::from(hunk.old_start.saturating_sub(1));
    let end = start + hunk.old.len() as i64;
    (if hunk.old_start <= 1 { -1 } else { start }, if hunk.trailing == 0 { BEYOND } else { end })
}

/// Follows ranges back through a commit's changes: whether it touches one, and the ranges that are left, as the
/// commit found them.
fn followed(spans: &[(u32, Span)], replaced: &[Replaced]) -> (bool, Spans) {
    let mut touched = false;
    let mut back = Vec::with_capacity(spans.len());
    for &(line, (start, end)) in spans {
        let mut from = start;
        let mut shift = 0;
        for change in replaced {
            let (new_start, new_end) = (i64::from(change.new.start), i64::from(change.new.end));
            let inside = if change.new.is_empty() {
                start < new_start && new_start < end
            } else {
                new_start < end && new_end > start
            };
            if inside {
                touched = true;
                push_span(&mut back, line, (from, new_start), shift);
                from = new_end.max(start);
            }
            if new_end <= from.max(0) || inside {
                shift = i64::from(change.old.end) - new_end;
            }
        }
        push_span(&mut back, line, (from, end), shift);
    }
    (touched, back)
}

fn push_span(spans: &mut Spans, line: u32, (from, to): Span, shift: i64) {
    if from < to {
        let moved = |at: i64| if (0..BEYOND).contains(&at) { at + shift } else { at };
        spans.push((line, (moved(from), moved(to))));
    }
}

/// The commits that `roots` stand on, directly or not. `skipped` positions are there anyway.
///
/// # Errors
/// An object cannot be read.
pub fn closure(
    shop: &mut Workshop,
    history: &mut History,
    roots: &[(usize, Patch)],
    skipped: &BTreeSet<usize>,
) -> Result<BTreeSet<usize>, Error> {
    loop {
        let mut reached: BTreeSet<usize> = BTreeSet::new();
        let mut waiting: Vec<usize> = Vec::new();
        let mut arrive = |needs: Vec<usize>, waiting: &mut Vec<usize>| {
            let new = needs.into_iter().filter(|on| !skipped.contains(on) && reached.insert(*on));
            waiting.extend(new);
        };
        for (position, patch) in roots {
            arrive(direct(shop, history, patch, *position)?, &mut waiting);
        }
        let mut new_places = false;
        while let Some(position) = waiting.pop() {
            let patch = history.patch(shop, position)?;
            for change in &patch.changes {
                new_places |= history.look(shop, position, &change.old)?;
            }
            arrive(direct(shop, history, &patch, position)?, &mut waiting);
        }
        // A commit that is needed for one file has changes in others, which may have been undone later: look
        // again, now that they are known.
        if !new_places {
            return Ok(reached);
        }
    }
}
