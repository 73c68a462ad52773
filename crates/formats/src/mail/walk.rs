//! The tree of parts, in one pass over the lines (RFC 2046 section 5.1). Time is linear in the letter's
//! length times [`NESTING_MAX`]; the stack is a vector.

use super::head::Head;
use super::{
    BOUNDARY_BYTES_MAX, Faults, HEADER_BYTES_MAX, NESTING_MAX, OUTSIDE_BYTES_MAX, PARTS_MAX, Problem,
};
use std::ops::Range;

/// A part that holds no further parts, or that stays closed.
pub(super) struct Leaf {
    /// `2.1`, as IMAP counts; `1` in a letter of one part.
    pub(super) number: String,
    pub(super) head: Head,
    /// The content in the letter, still encoded.
    pub(super) content: Range<usize>,
    /// What the part is where it does not say so itself.
    pub(super) default_type: &'static str,
    /// Whether it is one of several forms of the same text (RFC 2046 section 5.1.4).
    pub(super) in_alternative: bool,
    /// Whether it is only kept: text outside of parts, a part that was not opened, the rest of a letter.
    pub(super) is_closed: bool,
}

/// A multipart that was opened.
pub(super) struct Multipart {
    /// Its number; empty for the letter as a whole.
    pub(super) number: String,
    pub(super) media_type: String,
    pub(super) protocol: String,
    pub(super) report_type: String,
    /// Its first part with its header, as it stands in the letter.
    pub(super) first_part: Option<Range<usize>>,
}

/// The parts of a letter.
pub(super) struct Parts {
    /// The letter's own header.
    pub(super) top: Head,
    pub(super) leaves: Vec<Leaf>,
    pub(super) multiparts: Vec<Multipart>,
}

/// Finds the parts of `raw`.
pub(super) fn parts(raw: &[u8], faults: &mut Faults) -> Parts {
    let mut walk = Walk {
        raw,
        faults,
        top: None,
        leaves: Vec::new(),
        multiparts: Vec::new(),
        open: Vec::new(),
        state: State::Head { start: 0, number: String::new() },
        parts: 1,
    };
    let mut at = 0;
    while at < raw.len() && !matches!(walk.state, State::Full) {
        let line_end = next_line(raw, at);
        at = walk.line(at, line_end);
    }
    walk.finish()
}

/// Where the line that begins at `at` ends, its line feed included.
fn next_line(raw: &[u8], at: usize) -> usize {
    let rest = raw.get(at..).unwrap_or_default();
    rest.iter().position(|byte| *byte == b'\n').map_or(raw.len(), |newline| at + newline + 1)
}

/// A multipart whose end has not come yet.
struct Open {
    boundary: Vec<u8>,
    number: String,
    children: usize,
    in_alternative: bool,
    is_digest: bool,
    /// Its place in `multiparts`.
    index: usize,
}

enum State {
    /// In the header of a part; the number of the letter itself is empty.
    Head { start: usize, number: String },
    /// In the content of a leaf.
    Content(Leaf),
    /// Before the first part of the innermost multipart, or after the last part of an inner one.
    Outside { start: usize },
    /// [`PARTS_MAX`] is reached.
    Full,
}

struct Walk<'a> {
    raw: &'a [u8],
    faults: &'a mut Faults,
    top: Option<Head>,
    leaves: Vec<Leaf>,
    multiparts: Vec<Multipart>,
    open: Vec<Open>,
    state: State,
    parts: usize,
}

impl Walk<'_> {
    /// Takes the line `start..end` and answers where to go on: `end`, or `start` again where a header has
    /// ended without an empty line.
    fn line(&mut self, start: usize, end: usize) -> usize {
        let line = self.raw.get(start..end).unwrap_or_default();
        if let Some((depth, is_last)) = self.boundary(line.trim_ascii_end()) {
            self.close_current(content_end(self.raw, start), Some(depth));
            self.reach(depth, is_last, start, end);
            return end;
        }
        let State::Head { start: head_start, number } = &self.state else { return end };
        match header_line(line, start == *head_start, end - head_start) {
            HeaderLine::Field => end,
            HeaderLine::Empty => {
                self.end_head(start, end);
                end
            }
            HeaderLine::NotOne(problem) => {
                // A letter without any header is a text that somebody piped in.
                if start > 0 {
                    self.faults.part(number, problem);
                }
                self.end_head(start, start);
                start
            }
        }
    }

    /// Which open multipart a line is a boundary of, innermost first, and whether it is the last one.
    fn boundary(&self, line: &[u8]) -> Option<(usize, bool)> {
        let rest = line.strip_prefix(b"--")?;
        self.open.iter().enumerate().rev().find_map(|(depth, open)| {
            match rest.strip_prefix(open.boundary.as_slice()) {
                Some(b"") => Some((depth, false)),
                Some(b"--") => Some((depth, true)),
                Some(_) | None => None,
            }
        })
    }

    /// The boundary of the multipart at `depth` stands at `start..end`.
    fn reach(&mut self, depth: usize, is_last: bool, start: usize, end: usize) {
        for unclosed in self.open.drain(depth + 1..) {
            self.faults.part(&unclosed.number, Problem::NotClosed);
        }
        let Some(open) = self.open.last_mut() else { return };
        let first_part = self.multiparts.get_mut(open.index).map(|multipart| &mut multipart.first_part);
        match (open.children, first_part) {
            (0, Some(first_part)) => *first_part = Some(end..end),
            (1, Some(Some(first_part))) => {
                first_part.end = content_end(self.raw, start).max(first_part.start)
            }
            _ => {}
        }
        if is_last {
            self.open.pop();
            self.state = State::Outside { start: end };
            return;
        }
        open.children += 1;
        let separator = if open.number.is_empty() { "" } else { "." };
        let number = format!("{}{separator}{}", open.number, open.children);
        self.parts += 1;
        if self.parts > PARTS_MAX {
            self.faults.letter(Problem::TooManyParts);
            self.leaves.push(Leaf::closed(number, start..self.raw.len()));
            self.state = State::Full;
        } else {
            self.state = State::Head { start: end, number };
        }
    }

    /// Whatever is being read ends at `end`, where the multipart at `depth` has its boundary.
    fn close_current(&mut self, end: usize, depth: Option<usize>) {
        if let State::Head { start, .. } = &self.state {
            let end = end.max(*start);
            self.end_head(end, end);
        }
        match std::mem::replace(&mut self.state, State::Full) {
            State::Content(mut leaf) => {
                leaf.content.end = end.max(leaf.content.start);
                self.leaves.push(leaf);
            }
            State::Outside { start } => self.keep_outside(start..end.max(start), depth),
            State::Head { .. } | State::Full => {}
        }
    }

    /// Text before the first part and after the last is nobody's (RFC 2046 section 5.1.1), but a report may
    /// have got there by mistake. Where the boundary never came, it is probably the text.
    fn keep_outside(&mut self, text: Range<usize>, depth: Option<usize>) {
        let number = self.open.last().map_or_else(String::new, |open| open.number.clone());
        let is_innermost = depth.is_some_and(|depth| depth + 1 == self.open.len());
        if !is_innermost && self.open.last().is_some_and(|open| open.children == 0) {
            self.leaves.push(Leaf { is_closed: false, ..Leaf::closed(number, text) });
        } else if self.raw.get(text.clone()).unwrap_or_default().trim_ascii().len() > OUTSIDE_BYTES_MAX {
            self.faults.part(&number, Problem::TextOutsideParts);
            self.leaves.push(Leaf::closed(number, text));
        }
    }

    /// The header ends before `head_end`, the content begins at `content_start`.
    fn end_head(&mut self, head_end: usize, mut content_start: usize) {
        let State::Head { start, number } = std::mem::replace(&mut self.state, State::Full) else { return };
        let mut head = Head::read(self.raw.get(start..head_end).unwrap_or_default());
        if head_end == content_start && !head.has_known_field() {
            // No empty line and no field that is one: "Note: ..." was the beginning of a text.
            head = Head::default();
            content_start = start;
        }
        if head.is_not_text {
            self.faults.part(&number, Problem::HeaderNotText);
        }
        if self.top.is_none() {
            self.top = Some(head.clone());
        }
        let parent = self.open.last();
        let in_alternative = parent.is_some_and(|open| open.in_alternative);
        let default_type =
            if parent.is_some_and(|open| open.is_digest) { "message/rfc822" } else { "text/plain" };
        let media_type = head.media_type(default_type);
        let mut is_closed = false;
        if media_type.starts_with("multipart/") {
            let Err(problem) = self.open(&head, &number, media_type, in_alternative) else {
                self.state = State::Outside { start: content_start };
                return;
            };
            is_closed = problem == Problem::NestedTooDeep;
            self.faults.part(&number, problem);
            head = Head::default(); // What cannot be opened is no multipart, but text or bytes.
        }
        let number = if number.is_empty() { "1".to_owned() } else { number };
        let content = content_start..self.raw.len();
        self.state = State::Content(Leaf { number, head, content, default_type, in_alternative, is_closed });
    }

    fn open(
        &mut self,
        head: &Head,
        number: &str,
        media_type: String,
        in_alternative: bool,
    ) -> Result<(), Problem> {
        if self.open.len() >= NESTING_MAX {
            return Err(Problem::NestedTooDeep);
        }
        let boundary = head.parameter("boundary").unwrap_or_default().trim_end().as_bytes();
        if !(1..=BOUNDARY_BYTES_MAX).contains(&boundary.len()) {
            return Err(Problem::NoBoundary);
        }
        self.open.push(Open {
            boundary: boundary.to_vec(),
            number: number.to_owned(),
            children: 0,
            in_alternative: in_alternative || media_type == "multipart/alternative",
            is_digest: media_type == "multipart/digest",
            index: self.multiparts.len(),
        });
        let parameter = |name: &str| head.parameter(name).unwrap_or_default().to_ascii_lowercase();
        self.multiparts.push(Multipart {
            number: number.to_owned(),
            media_type,
            protocol: parameter("protocol"),
            report_type: parameter("report-type"),
            first_part: None,
        });
        Ok(())
    }

    /// The letter ends. Only the innermost unclosed multipart is named: that the others are follows from it.
    fn finish(mut self) -> Parts {
        let end = self.raw.len();
        let is_full = matches!(self.state, State::Full);
        self.close_current(end, None);
        if let Some(open) = self.open.last().filter(|_| !is_full) {
            self.faults.part(&open.number, Problem::NotClosed);
        }
        for open in self.open.iter().filter(|open| open.children == 1) {
            if let Some(Some(first_part)) =
                self.multiparts.get_mut(open.index).map(|part| &mut part.first_part)
            {
                first_part.end = end;
            }
        }
        Parts { top: self.top.unwrap_or_default(), leaves: self.leaves, multiparts: self.multiparts }
    }
}

impl Leaf {
    fn closed(number: String, content: Range<usize>) -> Leaf {
        let head = Head::default();
        Leaf { number, head, content, default_type: "text/plain", in_alternative: false, is_closed: true }
    }
}

enum HeaderLine {
    Field,
    Empty,
    NotOne(Problem),
}

/// What a line is in a header that has `header_bytes` bytes with it (RFC 5322 section 2.2).
fn header_line(line: &[u8], is_first: bool, header_bytes: usize) -> HeaderLine {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.is_empty() {
        return HeaderLine::Empty;
    }
    if header_bytes > HEADER_BYTES_MAX {
        return HeaderLine::NotOne(Problem::HeaderTooLong);
    }
    let is_separator = is_first && (line.starts_with(b"From ") || line.starts_with(b">From "));
    let is_folded = !is_first && line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t'));
    let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
    let is_name = name.len() < line.len() && name.trim_ascii_end().iter().all(u8::is_ascii_graphic);
    if is_separator || is_folded || (is_name && !name.is_empty()) {
        HeaderLine::Field
    } else {
        HeaderLine::NotOne(Problem::NoHeaderField)
    }
}

/// The line break before a boundary belongs to the boundary (RFC 2046 section 5.1.1).
fn content_end(raw: &[u8], boundary_start: usize) -> usize {
    let before = raw.get(..boundary_start).unwrap_or_default();
    let without = before.strip_suffix(b"\n").unwrap_or(before);
    without.strip_suffix(b"\r").unwrap_or(without).len()
}
