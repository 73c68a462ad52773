//! What differs between two texts, as `git diff` says it: which lines, and the hunks with their context.

use foldhash::{HashMap, HashMapExt};
use imara_diff::{Algorithm, Diff, IndentHeuristic, IndentLevel, Token};
use std::ops::Range;
use tidegate_domain::patch::{Hunk, LineId, Lines};

/// Lines of context around what changes, as git writes it.
pub const CONTEXT: u32 = 3;
/// Bytes that are looked at to tell whether a content is text, as git does.
const TEXT_BYTES: usize = 8_000;
/// Columns of a tab, as git counts them.
const TAB: u8 = 8;

/// Lines that are replaced by others. One of the ranges may be empty, not both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaced {
    /// Lines before, from 0.
    pub old: Range<u32>,
    /// Lines after, from 0.
    pub new: Range<u32>,
}

/// Whether git treats a content as binary.
#[must_use]
pub fn is_binary(content: &[u8]) -> bool {
    memchr::memchr(0, &content[..content.len().min(TEXT_BYTES)]).is_some()
}

/// The lines that differ, as `git diff` has them.
#[must_use]
pub fn replaced(old: &[LineId], new: &[LineId], lines: &Lines) -> Vec<Replaced> {
    compute(Algorithm::Myers, old, new, lines)
}

/// The lines that differ, as `git merge-tree` has them.
#[must_use]
pub fn replaced_for_merge(old: &[LineId], new: &[LineId], lines: &Lines) -> Vec<Replaced> {
    compute(Algorithm::Histogram, old, new, lines)
}

fn compute(algorithm: Algorithm, old: &[LineId], new: &[LineId], lines: &Lines) -> Vec<Replaced> {
    // Small numbers for the lines at hand: the algorithms have tables of that size.
    let mut numbers: HashMap<LineId, u32> = HashMap::with_capacity(old.len() + 64);
    let mut known: Vec<LineId> = Vec::with_capacity(old.len() + 64);
    let mut tokens = |text: &[LineId]| -> Vec<Token> {
        let number = |&line: &LineId| {
            Token(*numbers.entry(line).or_insert_with(|| {
                known.push(line);
                known.len() as u32 - 1
            }))
        };
        text.iter().map(number).collect()
    };
    let (before, after) = (tokens(old), tokens(new));
    let mut diff = Diff::default();
    diff.compute_with(algorithm, &before, &after, known.len() as u32);
    let indent = |token: Token| {
        let line = known.get(token.0 as usize).map_or(&b""[..], |&line| lines.bytes(line));
        IndentLevel::for_ascii_line(line.iter().copied(), TAB)
    };
    diff.postprocess_with(&before, &after, IndentHeuristic::new(indent));
    diff.hunks().map(|hunk| Replaced { old: hunk.before, new: hunk.after }).collect()
}

/// The hunks of these differences.
#[must_use]
pub fn hunks(old: &[LineId], new: &[LineId], replaced: &[Replaced]) -> Vec<Hunk> {
    let mut hunks = Vec::new();
    let mut rest = replaced;
    while let Some(first) = rest.first() {
        let near = rest.windows(2).take_while(|pair| pair[1].old.start - pair[0].old.end <= 2 * CONTEXT);
        let (together, after) = rest.split_at(near.count() + 1);
        rest = after;
        let last = &together[together.len() - 1];
        let leading = first.old.start.min(CONTEXT);
        let trailing = (old.len() as u32 - last.old.end).min(CONTEXT);
        let old_range = first.old.start - leading..last.old.end + trailing;
        let new_range = first.new.start - leading..last.new.end + trailing;
        hunks.push(Hunk {
            // Lines count from 1, but a range of no lines names the line before it.
            old_start: old_range.start + u32::from(!old_range.is_empty()),
            new_start: new_range.start + u32::from(!new_range.is_empty()),
            old: slice(old, &old_range).into(),
            new: slice(new, &new_range).into(),
            leading,
            trailing,
        });
    }
    hunks
}

fn slice<'a>(text: &'a [LineId], range: &Range<u32>) -> &'a [LineId] {
    &text[range.start as usize..range.end as usize]
}
