//! Three-way merges of texts, as `git merge-tree` does them: whether a cherry-pick of the series would succeed.
//!
//! Only files at the same path are merged: that a file was renamed on one side is not detected, and counts as a
//! conflict.

use crate::apply::{Edit, FileChange, Held, Patch, State, Workshop};
use crate::contents::ContentId;
use crate::diff::{self, Numbers, Replaced};
use crate::error::Error;
use gix_hash::ObjectId;
use std::ops::Range;
use tidegate_domain::patch::{Kind, LineId, Mode};

/// Changes of one or both sides that touch each other.
struct Block {
    base: Range<u32>,
    ours: Range<u32>,
    theirs: Range<u32>,
    side: Side,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Ours,
    Theirs,
    Both,
}

/// Merges what two sides made of a text; `None` if they conflict.
#[must_use]
pub fn merge(
    base: &[LineId],
    ours: &[LineId],
    theirs: &[LineId],
    numbers: &mut Numbers,
) -> Option<Vec<LineId>> {
    let by_us = diff::replaced_for_merge(base, ours, numbers);
    let by_them = diff::replaced_for_merge(base, theirs, numbers);
    let mut merged = Vec::with_capacity(ours.len() + 64);
    let mut at = 0;
    for block in blocks(&by_us, &by_them) {
        merged.extend_from_slice(slice(base, &(at..block.base.start))?);
        at = block.base.end;
        let (our_lines, their_lines) = (slice(ours, &block.ours)?, slice(theirs, &block.theirs)?);
        match block.side {
            Side::Ours => merged.extend_from_slice(our_lines),
            Side::Theirs => merged.extend_from_slice(their_lines),
            Side::Both if our_lines == their_lines => merged.extend_from_slice(our_lines),
            Side::Both => return None,
        }
    }
    merged.extend_from_slice(base.get(at as usize..)?);
    Some(merged)
}

fn slice<'a>(text: &'a [LineId], range: &Range<u32>) -> Option<&'a [LineId]> {
    text.get(range.start as usize..range.end as usize)
}

/// The changes of both sides in order; those that touch are one. Two equal changes are one of both sides, too.
fn blocks(by_us: &[Replaced], by_them: &[Replaced]) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let (mut ours, mut theirs) = (by_us.iter().peekable(), by_them.iter().peekable());
    // How far each side's lines are from those of the base, behind the changes that were passed.
    let (mut our_shift, mut their_shift) = (0_i64, 0_i64);
    loop {
        let take_ours = match (ours.peek(), theirs.peek()) {
            (None, None) => return blocks,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (Some(our), Some(their)) => (our.old.start, our.old.end) <= (their.old.start, their.old.end),
        };
        let (change, side) = match if take_ours { ours.next() } else { theirs.next() } {
            Some(change) => (change, if take_ours { Side::Ours } else { Side::Theirs }),
            None => return blocks,
        };
        let touches = |block: &Block| {
            change.old.start <= block.base.end && (block.side != side || block.side == Side::Both)
        };
        if !blocks.last().is_some_and(touches) {
            blocks.push(Block {
                base: change.old.start..change.old.start,
                ours: shifted(change.old.start, our_shift)..shifted(change.old.start, our_shift),
                theirs: shifted(change.old.start, their_shift)..shifted(change.old.start, their_shift),
                side,
            });
        }
        let growth = i64::from(change.new.end) - i64::from(change.old.end);
        if take_ours {
            our_shift = growth;
        } else {
            their_shift = growth;
        }
        let Some(block) = blocks.last_mut() else { continue };
        if block.side != side {
            block.side = Side::Both;
        }
        block.base.end = block.base.end.max(change.old.end);
        block.ours.end = shifted(block.base.end, our_shift);
        block.theirs.end = shifted(block.base.end, their_shift);
    }
}

fn shifted(line: u32, shift: i64) -> u32 {
    u32::try_from(i64::from(line) + shift).unwrap_or(0)
}

/// Whether the series can be cherry-picked onto the state, one patch after the other.
///
/// # Errors
/// An object cannot be read.
pub fn picks(shop: &mut Workshop, state: &State, series: &[Patch]) -> Result<bool, Error> {
    let mut state = state.clone();
    for patch in series {
        for change in &patch.changes {
            if !pick(shop, &mut state, change)? {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

fn pick(shop: &mut Workshop, state: &mut State, change: &FileChange) -> Result<bool, Error> {
    let here = state.get(shop, &change.old)?;
    let Some((base, theirs)) = sides(shop, change)? else {
        // What the patch is based on is not known: it can only be applied.
        let alone = Patch { name: String::new(), commit: None, changes: vec![change.clone()] };
        return Ok(state.apply(shop, &alone)?.is_ok());
    };
    match (change.kind, here) {
        (Kind::Create, None) => {
            let mode = change.new_mode.unwrap_or(Mode::FILE);
            state.set(&change.new, Some(Held { mode, content: theirs }));
            Ok(true)
        }
        (Kind::Create, Some(here)) => shop.contents.same(&mut shop.store, here.content, theirs),
        (Kind::Delete, None) => Ok(true),
        (Kind::Delete, Some(here)) => {
            state.set(&change.old, None);
            shop.contents.same(&mut shop.store, here.content, base)
        }
        (Kind::Modify, Some(here)) => {
            let Some(content) = merged(shop, base, here.content, theirs)? else { return Ok(false) };
            state.set(&change.new, Some(Held { mode: change.new_mode.unwrap_or(here.mode), content }));
            Ok(true)
        }
        (Kind::Modify | Kind::Rename | Kind::Copy, _) => {
            let alone = Patch { name: String::new(), commit: None, changes: vec![change.clone()] };
            Ok(state.apply(shop, &alone)?.is_ok())
        }
    }
}

fn merged(
    shop: &mut Workshop,
    base: ContentId,
    ours: ContentId,
    theirs: ContentId,
) -> Result<Option<ContentId>, Error> {
    if shop.contents.same(&mut shop.store, base, ours)?
        || shop.contents.same(&mut shop.store, ours, theirs)?
    {
        return Ok(Some(theirs));
    }
    if shop.contents.same(&mut shop.store, base, theirs)? {
        return Ok(Some(ours));
    }
    let store = &mut shop.store;
    for content in [base, ours, theirs] {
        if shop.contents.is_binary(store, content)? {
            return Ok(None);
        }
    }
    let (base, ours) = (shop.contents.text(store, base)?, shop.contents.text(store, ours)?);
    let theirs = shop.contents.text(store, theirs)?;
    let merged = merge(&base, &ours, &theirs, shop.contents.numbers());
    Ok(merged.map(|text| shop.contents.of_text(text)))
}

/// The contents before and after a change, where the repository has the one before.
fn sides(shop: &mut Workshop, change: &FileChange) -> Result<Option<(ContentId, ContentId)>, Error> {
    let written = match &change.edit {
        Edit::Objects(old, new) => return Ok(Some((*old, *new))),
        Edit::Written(written) => written,
    };
    if change.kind != Kind::Modify {
        return Ok(None);
    }
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
