//! What differs between two texts, as `git diff` says it: which lines, and the hunks with their context.

mod myers;
mod slide;

use imara_diff::{Algorithm, Diff, Token};
use std::cell::OnceCell;
use std::ops::Range;
use tidegate_domain::patch::{Hunk, LineId, Lines};

/// Lines of context around what changes, as git writes it.
pub const CONTEXT: u32 = 3;
/// Bytes that are looked at to tell whether a content is text, as git does.
const TEXT_BYTES: usize = 8_000;

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
pub fn replaced(old: &[LineId], new: &[LineId], lines: &Lines, numbers: &mut Numbers) -> Vec<Replaced> {
    let Numbered { before, after, known } = Numbered::new(old, new, numbers);
    let mut changed = myers::compare(&before, &after, known.len());
    let indents: Vec<OnceCell<i64>> = vec![OnceCell::new(); known.len()];
    let indent = |number: u32| {
        let number = number as usize;
        *indents[number].get_or_init(|| slide::indent(lines.bytes(known[number])))
    };
    slide::slide(&before, &mut changed.old, (&after, &mut changed.new), Some(&indent));
    slide::slide(&after, &mut changed.new, (&before, &mut changed.old), Some(&indent));
    ranges(&changed.old, &changed.new)
}

/// Runs of changed lines, side by side: between them, both sides have equally many lines that are not changed.
fn ranges(old: &[bool], new: &[bool]) -> Vec<Replaced> {
    let mut found = Vec::new();
    let (mut old_at, mut new_at) = (0, 0);
    let run = |changed: &[bool], from: usize| changed[from..].iter().take_while(|changed| **changed).count();
    while old_at < old.len() || new_at < new.len() {
        let (gone, come) = (run(old, old_at), run(new, new_at));
        if gone + come > 0 {
            let old = old_at as u32..(old_at + gone) as u32;
            found.push(Replaced { old, new: new_at as u32..(new_at + come) as u32 });
        }
        // The line that both sides have.
        old_at = (old_at + gone + 1).min(old.len().max(old_at + gone));
        new_at = (new_at + come + 1).min(new.len().max(new_at + come));
    }
    found
}

/// The lines that differ, as `git merge-tree` has them.
#[must_use]
pub fn replaced_for_merge(old: &[LineId], new: &[LineId], numbers: &mut Numbers) -> Vec<Replaced> {
    let Numbered { before, after, known } = Numbered::new(old, new, numbers);
    let tokens = |numbers: &[u32]| numbers.iter().copied().map(Token).collect::<Vec<_>>();
    let mut diff = Diff::default();
    diff.compute_with(Algorithm::Histogram, &tokens(&before), &tokens(&after), known.len() as u32);
    let mut gone: Vec<bool> = (0..before.len() as u32).map(|at| diff.is_removed(at)).collect();
    let mut come: Vec<bool> = (0..after.len() as u32).map(|at| diff.is_added(at)).collect();
    slide::slide(&before, &mut gone, (&after, &mut come), None);
    slide::slide(&after, &mut come, (&before, &mut gone), None);
    ranges(&gone, &come)
}

/// The small number of each line, while two texts are compared. Kept between comparisons: it is as long as there
/// are different lines.
#[derive(Default)]
pub struct Numbers(Vec<u32>);

const NONE: u32 = u32::MAX;

/// Two texts with small numbers for their lines: the algorithms have tables of that size.
struct Numbered {
    before: Vec<u32>,
    after: Vec<u32>,
    known: Vec<LineId>,
}

impl Numbered {
    fn new(old: &[LineId], new: &[LineId], numbers: &mut Numbers) -> Numbered {
        let mut known: Vec<LineId> = Vec::with_capacity(old.len() + 64);
        let mut number = |line: &LineId| {
            let at = line.index();
            if at >= numbers.0.len() {
                numbers.0.resize(at + 1, NONE);
            }
            if numbers.0[at] == NONE {
                numbers.0[at] = known.len() as u32;
                known.push(*line);
            }
            numbers.0[at]
        };
        let before = old.iter().map(&mut number).collect();
        let after = new.iter().map(&mut number).collect();
        known.iter().for_each(|line| numbers.0[line.index()] = NONE);
        Numbered { before, after, known }
    }
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
            trailing,
        });
    }
    hunks
}

fn slice<'a>(text: &'a [LineId], range: &Range<u32>) -> &'a [LineId] {
    &text[range.start as usize..range.end as usize]
}
