//! Texts merged three ways, with the conflict markers that `git merge-tree` writes.

use crate::diff::{self, Numbers, Replaced};
use std::ops::Range;
use tidegate_domain::patch::{LineId, Lines};

/// Characters of a marker, where nothing asks for longer ones.
const MARKER: usize = 7;
/// Conflicts with at most so many lines between them are one.
const BETWEEN_MAX: usize = 3;

/// The three versions of a text.
#[derive(Clone, Copy)]
pub struct Versions<'a> {
    /// What both sides come from.
    pub base: &'a [LineId],
    /// What is there.
    pub ours: &'a [LineId],
    /// What comes.
    pub theirs: &'a [LineId],
}

/// What conflict markers say.
pub struct Labels<'a> {
    /// Behind the first marker.
    pub ours: &'a [u8],
    /// Behind the last one.
    pub theirs: &'a [u8],
    /// By how much the markers are longer than usual: where a conflict may hold another.
    pub longer: usize,
}

/// A merged text.
pub struct Merged {
    /// Its lines, markers included.
    pub lines: Vec<LineId>,
    /// Conflicts in it.
    pub conflicts: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Conflict,
    Ours,
    Theirs,
    /// Both made the same of it.
    Agreed,
}

/// Lines of each side that stand for each other.
struct Block {
    side: Side,
    ours: Range<usize>,
    theirs: Range<usize>,
}

/// Merges what two sides made of a text.
pub fn merge(of: Versions<'_>, labels: &Labels<'_>, lines: &mut Lines, numbers: &mut Numbers) -> Merged {
    let by_us = diff::replaced_for_merge(of.base, of.ours, numbers);
    let by_them = diff::replaced_for_merge(of.base, of.theirs, numbers);
    if by_us.is_empty() || by_them.is_empty() {
        let changed = if by_us.is_empty() { of.theirs } else { of.ours };
        return Merged { lines: changed.to_vec(), conflicts: 0 };
    }
    let blocks = joined(refined(blocks(of, &by_us, &by_them), of, numbers));
    written(of, &blocks, labels, lines)
}

fn wide(range: &Range<u32>) -> Range<usize> {
    range.start as usize..range.end as usize
}

/// The changes of both sides in order; those that touch are one conflict. Equal changes at one place are none.
fn blocks(of: Versions<'_>, by_us: &[Replaced], by_them: &[Replaced]) -> Vec<Block> {
    let (mut ours, mut theirs) = (by_us.iter().peekable(), by_them.iter().peekable());
    let mut blocks: Vec<Block> = Vec::new();
    // How much longer each side is than the base, behind the changes that were passed.
    let (mut our_growth, mut their_growth) = (0_i64, 0_i64);
    let growth = |change: &Replaced| i64::from(change.new.end) - i64::from(change.old.end);
    let on = |range: &Range<u32>, growth: i64| {
        let at = |line: u32| usize::try_from(i64::from(line) + growth).unwrap_or(0);
        at(range.start)..at(range.end)
    };
    loop {
        match (ours.peek().copied(), theirs.peek().copied()) {
            (None, None) => return blocks,
            (Some(our), their) if their.is_none_or(|their| our.old.end < their.old.start) => {
                add(&mut blocks, Side::Ours, wide(&our.new), on(&our.old, their_growth));
                our_growth = growth(our);
                ours.next();
            }
            (our, Some(their)) if our.is_none_or(|our| their.old.end < our.old.start) => {
                add(&mut blocks, Side::Theirs, on(&their.old, our_growth), wide(&their.new));
                their_growth = growth(their);
                theirs.next();
            }
            (Some(our), Some(their)) => {
                let same =
                    our.old == their.old && of.ours.get(wide(&our.new)) == of.theirs.get(wide(&their.new));
                if !same {
                    let (our_lines, their_lines) = beside(our, their);
                    add(&mut blocks, Side::Conflict, our_lines, their_lines);
                }
                if our.old.end >= their.old.end {
                    their_growth = growth(their);
                    theirs.next();
                }
                if their.old.end >= our.old.end {
                    our_growth = growth(our);
                    ours.next();
                }
            }
            (Some(_), None) | (None, Some(_)) => return blocks,
        }
    }
}

/// Two changes that touch, each made as long as the other.
fn beside(our: &Replaced, their: &Replaced) -> (Range<usize>, Range<usize>) {
    let (mut ours, mut theirs) = (wide(&our.new), wide(&their.new));
    let start = our.old.start.min(their.old.start);
    let end = our.old.end.max(their.old.end);
    ours.start = ours.start.saturating_sub((our.old.start - start) as usize);
    theirs.start = theirs.start.saturating_sub((their.old.start - start) as usize);
    ours.end += (end - our.old.end) as usize;
    theirs.end += (end - their.old.end) as usize;
    (ours, theirs)
}

/// Puts a block behind the others; one that touches the last goes into it.
fn add(blocks: &mut Vec<Block>, side: Side, ours: Range<usize>, theirs: Range<usize>) {
    match blocks.last_mut() {
        Some(last) if ours.start <= last.ours.end || theirs.start <= last.theirs.end => {
            if last.side != side {
                last.side = Side::Conflict;
            }
            last.ours.end = ours.end;
            last.theirs.end = theirs.end;
        }
        _ => blocks.push(Block { side, ours, theirs }),
    }
}

/// Takes out of each conflict what both sides have alike.
fn refined(blocks: Vec<Block>, of: Versions<'_>, numbers: &mut Numbers) -> Vec<Block> {
    let mut refined = Vec::with_capacity(blocks.len());
    for block in blocks {
        if block.side != Side::Conflict || block.ours.is_empty() || block.theirs.is_empty() {
            refined.push(block);
            continue;
        }
        let (Some(ours), Some(theirs)) =
            (of.ours.get(block.ours.clone()), of.theirs.get(block.theirs.clone()))
        else {
            refined.push(block);
            continue;
        };
        let replaced = diff::replaced_for_merge(ours, theirs, numbers);
        if replaced.is_empty() {
            refined.push(Block { side: Side::Agreed, ..block });
            continue;
        }
        refined.extend(replaced.iter().map(|change| {
            let (one, other) = (wide(&change.old), wide(&change.new));
            Block {
                side: Side::Conflict,
                ours: block.ours.start + one.start..block.ours.start + one.end,
                theirs: block.theirs.start + other.start..block.theirs.start + other.end,
            }
        }));
    }
    refined
}

/// Conflicts with few lines between them are shown as one.
fn joined(blocks: Vec<Block>) -> Vec<Block> {
    let mut joined: Vec<Block> = Vec::with_capacity(blocks.len());
    for block in blocks {
        match joined.last_mut() {
            Some(last)
                if last.side == Side::Conflict
                    && block.side == Side::Conflict
                    && block.ours.start.saturating_sub(last.ours.end) <= BETWEEN_MAX =>
            {
                last.ours.end = block.ours.end;
                last.theirs.end = block.theirs.end;
            }
            _ => joined.push(block),
        }
    }
    joined
}

fn written(of: Versions<'_>, blocks: &[Block], labels: &Labels<'_>, lines: &mut Lines) -> Merged {
    let mut merged = Merged { lines: Vec::with_capacity(of.ours.len() + 64), conflicts: 0 };
    let part = |text: &[LineId], range: Range<usize>| text.get(range).unwrap_or_default().to_vec();
    let mut at = 0;
    for block in blocks {
        if block.side == Side::Agreed {
            continue;
        }
        merged.lines.extend(part(of.ours, at..block.ours.start));
        let (ours, theirs) = (part(of.ours, block.ours.clone()), part(of.theirs, block.theirs.clone()));
        match block.side {
            Side::Ours | Side::Agreed => merged.lines.extend(ours),
            Side::Theirs => merged.lines.extend(theirs),
            Side::Conflict => {
                let end: &[u8] = if has_returns(of, block, lines) { b"\r\n" } else { b"\n" };
                let mark = |sign: u8, label: &[u8], lines: &mut Lines| {
                    let mut bytes = vec![sign; MARKER + labels.longer];
                    if !label.is_empty() {
                        bytes.push(b' ');
                        bytes.extend_from_slice(label);
                    }
                    bytes.extend_from_slice(end);
                    lines.intern(&bytes)
                };
                merged.lines.push(mark(b'<', labels.ours, lines));
                merged.lines.extend(ended(ours, end, lines));
                merged.lines.push(mark(b'=', b"", lines));
                merged.lines.extend(ended(theirs, end, lines));
                merged.lines.push(mark(b'>', labels.theirs, lines));
                merged.conflicts += 1;
            }
        }
        at = block.ours.end;
    }
    merged.lines.extend(part(of.ours, at..of.ours.len()));
    merged
}

/// Lines before a marker: the last one needs its end.
fn ended(mut text: Vec<LineId>, end: &[u8], lines: &mut Lines) -> Vec<LineId> {
    if let Some(last) = text.pop() {
        if lines.is_complete(last) {
            text.push(last);
        } else {
            let bytes = [lines.bytes(last), end].concat();
            text.push(lines.intern(&bytes));
        }
    }
    text
}

/// Whether markers end as lines of Windows do: as the lines before the conflict, or as the base's first line.
fn has_returns(of: Versions<'_>, block: &Block, lines: &Lines) -> bool {
    let mut answer = returns(of.ours, block.ours.start.saturating_sub(1), lines);
    if answer != Some(false) {
        answer = returns(of.theirs, block.theirs.start.saturating_sub(1), lines);
    }
    if answer != Some(false) {
        answer = returns(of.base, 0, lines);
    }
    answer.unwrap_or(false)
}

/// Whether a line ends with a carriage return and a newline, if that can be told.
fn returns(text: &[LineId], at: usize, lines: &Lines) -> Option<bool> {
    let line = text.get(at).copied()?;
    if lines.is_complete(line) {
        return Some(lines.bytes(line).ends_with(b"\r\n"));
    }
    let before = text.get(at.checked_sub(1)?).copied()?;
    Some(lines.bytes(before).ends_with(b"\r\n"))
}
