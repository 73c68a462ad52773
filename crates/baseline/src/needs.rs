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
use std::collections::{BTreeMap, BTreeSet};
use tidegate_domain::patch::{Body, Hunk, Kind};

/// Why a later patch needs a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// The position of the commit that is needed.
    pub on: usize,
    /// The file, as the later patch names it.
    pub file: Path,
    /// The first line of the later patch's hunk; 0 where it needs the file as a whole.
    pub line: u32,
    /// In which way.
    pub tie: Tie,
}

/// How a patch is tied to an earlier commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tie {
    /// The commit wrote lines that a hunk expects, or removed what stood between them.
    Context,
    /// The commit added the file.
    Added,
    /// The commit removed what is in the way of a new file.
    Removed,
    /// All of the file's content must be as the commit left it.
    Content,
}

/// Half-open, from 0. One that begins before 0 is tied to the file's beginning, one that ends after the last
/// line to its end.
type Span = (i64, i64);

/// What the commit at `position` (or a patch that belongs right after `position - 1`) needs directly.
///
/// # Errors
/// An object cannot be read.
pub fn direct(
    shop: &mut Workshop,
    history: &mut History,
    patch: &Patch,
    position: usize,
) -> Result<Vec<Need>, Error> {
    let mut needs = Vec::new();
    for change in &patch.changes {
        of_change(shop, history, change, position, &mut needs)?;
    }
    Ok(needs)
}

fn of_change(
    shop: &mut Workshop,
    history: &mut History,
    change: &FileChange,
    position: usize,
    needs: &mut Vec<Need>,
) -> Result<(), Error> {
    let before = position - 1;
    let need = |on: usize, line: u32, tie: Tie| Need { on, file: Path::clone(&change.old), line, tie };
    if matches!(change.kind, Kind::Create | Kind::Rename | Kind::Copy)
        && history.file(shop, 0, &change.new)?.is_some()
    {
        // Where something was in the way, the commit that removed it.
        let changes = history.changes(shop, &change.new, 0, before)?;
        needs.extend(changes.first().map(|&on| need(on, 0, Tie::Removed)));
    }
    if change.kind == Kind::Create {
        return Ok(());
    }
    let Some(file) = history.file(shop, before, &change.old)? else { return Ok(()) };
    let content = shop.contents.of_object(file.id, file.mode);
    let spans = expected(shop, change, content)?;
    let whole = spans.is_none();
    let mut spans = spans.unwrap_or_default();
    for on in history.changes(shop, &change.old, 0, before)? {
        let (Some(after), earlier) =
            (history.file(shop, on, &change.old)?, history.file(shop, on - 1, &change.old)?)
        else {
            break;
        };
        let Some(earlier) = earlier else {
            needs.push(need(on, spans.first().map_or(0, |(line, _)| *line), Tie::Added));
            break;
        };
        if whole {
            needs.push(need(on, 0, Tie::Content));
            continue;
        }
        if spans.is_empty() {
            // Nothing is left to follow but whether the file was there.
            continue;
        }
        let old = shop.contents.of_object(earlier.id, earlier.mode);
        let new = shop.contents.of_object(after.id, after.mode);
        match &*shop.contents.difference(&mut shop.store, old, new)? {
            Difference::Binary => needs.push(need(on, 0, Tie::Content)),
            Difference::Text { replaced, .. } => {
                let (touched, back) = followed(&spans, replaced);
                needs.extend(touched.map(|line| need(on, line, Tie::Context)));
                spans = back;
            }
        }
    }
    Ok(())
}

/// The ranges that a change expects in a file, each with its hunk's first line; `None` if it expects all of it.
fn expected(
    shop: &mut Workshop,
    change: &FileChange,
    before: ContentId,
) -> Result<Option<Vec<(u32, Span)>>, Error> {
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

/// Follows ranges back through a commit's changes: the line of the first hunk that it touches, if it touches
/// one, and the ranges that are left, as the commit found them.
fn followed(spans: &[(u32, Span)], replaced: &[Replaced]) -> (Option<u32>, Vec<(u32, Span)>) {
    let mut touched = None;
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
                touched = touched.or(Some(line));
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

fn push_span(spans: &mut Vec<(u32, Span)>, line: u32, (from, to): Span, shift: i64) {
    if from < to {
        let moved = |at: i64| if (0..BEYOND).contains(&at) { at + shift } else { at };
        spans.push((line, (moved(from), moved(to))));
    }
}

/// The commits that `roots` stand on, directly or not, each with the needs that led there. `skipped` positions
/// are there anyway.
///
/// # Errors
/// An object cannot be read.
pub fn closure(
    shop: &mut Workshop,
    history: &mut History,
    roots: &[(usize, Patch)],
    skipped: &BTreeSet<usize>,
) -> Result<BTreeMap<usize, Vec<(usize, Need)>>, Error> {
    loop {
        let mut reached: BTreeMap<usize, Vec<(usize, Need)>> = BTreeMap::new();
        let mut waiting: Vec<usize> = Vec::new();
        let mut arrive = |from: usize, needs: Vec<Need>, waiting: &mut Vec<usize>| {
            for need in needs.into_iter().filter(|need| !skipped.contains(&need.on)) {
                let entry = reached.entry(need.on).or_default();
                if entry.is_empty() {
                    waiting.push(need.on);
                }
                entry.push((from, need));
            }
        };
        for (position, patch) in roots {
            arrive(*position, direct(shop, history, patch, *position)?, &mut waiting);
        }
        let mut new_places = false;
        while let Some(position) = waiting.pop() {
            let patch = history.patch(shop, position)?;
            for change in &patch.changes {
                new_places |= history.look(shop, position, &change.old)?;
            }
            arrive(position, direct(shop, history, &patch, position)?, &mut waiting);
        }
        // A commit that is needed for one file has changes in others, which may have been undone later: look
        // again, now that they are known.
        if !new_places {
            return Ok(reached);
        }
    }
}
