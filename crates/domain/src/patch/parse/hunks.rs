//! Hunks as text, and binary hunks.

use super::{HUNK_LINES_MAX, Reader};
use crate::fault::Fault;
use crate::patch::binary::{BinaryHunk, decode_line};
use crate::patch::hunk::Hunk;
use crate::patch::lines::{LineId, Lines};

/// First line and count, before and after.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ranges {
    old: (u32, u32),
    new: (u32, u32),
}

/// The ranges of `@@ -1,2 +3,4 @@`.
pub(super) fn ranges(line: &[u8]) -> Option<Ranges> {
    let mut rest = line.strip_prefix(b"@@ -")?;
    let old = range(&mut rest)?;
    rest = rest.strip_prefix(b" +")?;
    let new = range(&mut rest)?;
    rest.starts_with(b" @@").then_some(Ranges { old, new })
}

fn range(rest: &mut &[u8]) -> Option<(u32, u32)> {
    let start = number(rest)?;
    let Some(after) = rest.strip_prefix(b",") else { return Some((start, 1)) };
    *rest = after;
    Some((start, number(rest)?))
}

fn number(rest: &mut &[u8]) -> Option<u32> {
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (text, after) = rest.split_at_checked(digits)?;
    *rest = after;
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// The hunks of one file.
pub(super) fn read_hunks(reader: &mut Reader<'_>, lines: &mut Lines) -> Result<Vec<Hunk>, Fault> {
    let mut hunks = Vec::new();
    while let Some(line) = reader.peek().filter(|line| line.starts_with(b"@@ -")) {
        let ranges = ranges(line)
            .ok_or_else(|| reader.fault("the first line of a hunk is malformed", "as in @@ -1,7 +1,8 @@"))?;
        if ranges.old.1.max(ranges.new.1) > HUNK_LINES_MAX {
            let what = format!("a hunk has more than {HUNK_LINES_MAX} lines");
            return Err(reader.fault(what, "git would hardly have written it"));
        }
        hunks.push(read_hunk(reader, ranges, lines)?);
    }
    Ok(hunks)
}

fn read_hunk(reader: &mut Reader<'_>, ranges: Ranges, lines: &mut Lines) -> Result<Hunk, Fault> {
    let start = reader.line;
    let broken = |what: &str| Fault {
        line: start,
        column: 1,
        what: what.to_owned(),
        advice: "a mailer may have changed it: hand it in as an attachment or as a file".to_owned(),
    };
    reader.advance();
    let (mut old_left, mut new_left) = (ranges.old.1, ranges.new.1);
    let (mut old, mut new) = (Vec::new(), Vec::new());
    let (mut trailing, mut changed) = (0, 0);
    while old_left > 0 || new_left > 0 {
        let line = reader.peek().filter(|line| line.ends_with(b"\n"));
        let line = line.ok_or_else(|| broken("a hunk is shorter than it says"))?;
        let mark = line.first().copied().unwrap_or_default();
        reader.advance();
        if mark == b'\\' {
            // It belongs to the line before, which has looked for it.
            if line.len() < 12 || !line.starts_with(b"\\ ") {
                return Err(broken("a hunk has a line that is none of a patch"));
            }
            continue;
        }
        let (in_old, in_new) = match mark {
            b' ' | b'\n' => (true, true),
            b'-' => (true, false),
            b'+' => (false, true),
            _ => return Err(broken("a hunk has a line that is none of a patch")),
        };
        let less = |left: u32, inside: bool| left.checked_sub(u32::from(inside));
        (old_left, new_left) = less(old_left, in_old)
            .zip(less(new_left, in_new))
            .ok_or_else(|| broken("a hunk is longer than it says"))?;
        let id = content(reader, lines, line, mark);
        old.extend(id.filter(|_| in_old));
        new.extend(id.filter(|_| in_new));
        if in_old && in_new {
            trailing += 1;
        } else {
            changed += 1;
            trailing = 0;
        }
    }
    if changed == 0 {
        return Err(broken("a hunk changes nothing"));
    }
    if reader.peek().is_some_and(is_no_newline) {
        reader.advance();
    }
    let (old_start, new_start) = (ranges.old.0, ranges.new.0);
    Ok(Hunk { old_start, new_start, old: old.into(), new: new.into(), trailing })
}

/// The content of a line of a hunk; the reader is behind it already.
fn content(reader: &Reader<'_>, lines: &mut Lines, line: &[u8], mark: u8) -> Option<LineId> {
    let without_newline = reader.peek().is_some_and(|next| next.first() == Some(&b'\\'));
    let text = if mark == b'\n' { line } else { line.get(1..)? };
    let text = if without_newline { text.strip_suffix(b"\n")? } else { text };
    (!text.is_empty()).then(|| lines.intern(text))
}

fn is_no_newline(line: &[u8]) -> bool {
    line.len() >= 12 && line.starts_with(b"\\ ")
}

/// The forward half of a binary patch; the half that would undo it is skipped.
pub(super) fn read_binary(reader: &mut Reader<'_>) -> Result<BinaryHunk, Fault> {
    let forward = read_binary_hunk(reader)?
        .ok_or_else(|| reader.fault("a binary patch says neither literal nor delta", "write it with git"))?;
    read_binary_hunk(reader)?;
    Ok(forward)
}

fn read_binary_hunk(reader: &mut Reader<'_>) -> Result<Option<BinaryHunk>, Fault> {
    let Some(line) = reader.peek() else { return Ok(None) };
    let (is_delta, size) = match (line.strip_prefix(b"literal "), line.strip_prefix(b"delta ")) {
        (Some(size), _) => (false, size),
        (None, Some(size)) => (true, size),
        (None, None) => return Ok(None),
    };
    let size = std::str::from_utf8(size).ok().and_then(|text| text.trim_end().parse::<usize>().ok());
    let size =
        size.ok_or_else(|| reader.fault("a binary patch does not say its size", "write it with git"))?;
    reader.advance();
    let mut deflated = Vec::new();
    while let Some(line) = reader.peek() {
        let digits = line.strip_suffix(b"\n").unwrap_or(line);
        if digits.is_empty() {
            reader.advance();
            break;
        }
        decode_line(digits, &mut deflated)
            .ok_or_else(|| reader.fault("a line of a binary patch is corrupt", "write it with git"))?;
        reader.advance();
    }
    let hunk =
        if is_delta { BinaryHunk::Delta { size, deflated } } else { BinaryHunk::Literal { size, deflated } };
    Ok(Some(hunk))
}
