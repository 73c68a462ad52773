//! Where a changed group of lines is shown, when it could be shown higher or lower: as git decides it, first by
//! a group on the other side that it can line up with, then by how the text is indented.

/// Places that are weighed, at most.
const PLACES_MAX: usize = 100;
/// Blank lines that are counted.
const BLANKS_MAX: i64 = 20;
/// Columns of indentation that are counted.
const INDENT_MAX: i64 = 200;
const TAB: i64 = 8;

/// What speaks against a place, as git weighs it: found by its authors from how people place such groups.
const AT_START: i64 = 1;
const AT_END: i64 = 21;
const PER_BLANK: i64 = -30;
const PER_BLANK_AFTER: i64 = 6;
const DEEPER: i64 = -4;
const DEEPER_WITH_BLANK: i64 = 10;
const OUT_AND_IN: i64 = 24;
const OUT_AND_IN_WITH_BLANK: i64 = 17;
const OUT: i64 = 23;
const OUT_WITH_BLANK: i64 = 17;
const INDENT_WEIGHT: i64 = 60;

/// A run of changed lines, perhaps of none, between two lines that are not changed.
#[derive(Clone, Copy)]
struct Group {
    start: usize,
    end: usize,
}

/// One of the two texts.
struct Text<'a> {
    lines: &'a [u32],
    changed: &'a mut [bool],
}

impl Text<'_> {
    fn is_changed(&self, at: usize) -> bool {
        self.changed.get(at).copied().unwrap_or(false)
    }

    fn first(&self) -> Group {
        self.from(0)
    }

    fn from(&self, start: usize) -> Group {
        let mut end = start;
        while self.is_changed(end) {
            end += 1;
        }
        Group { start, end }
    }

    fn next(&self, group: Group) -> Option<Group> {
        (group.end < self.lines.len()).then(|| self.from(group.end + 1))
    }

    fn previous(&self, group: Group) -> Option<Group> {
        let end = group.start.checked_sub(1)?;
        let mut start = end;
        while start > 0 && self.is_changed(start - 1) {
            start -= 1;
        }
        Some(Group { start, end })
    }

    fn slide_down(&mut self, group: &mut Group) -> bool {
        if group.end >= self.lines.len() || self.lines[group.start] != self.lines[group.end] {
            return false;
        }
        self.changed[group.start] = false;
        self.changed[group.end] = true;
        group.start += 1;
        group.end += 1;
        while self.is_changed(group.end) {
            group.end += 1;
        }
        true
    }

    fn slide_up(&mut self, group: &mut Group) -> bool {
        if group.start == 0 || self.lines[group.start - 1] != self.lines[group.end - 1] {
            return false;
        }
        group.start -= 1;
        group.end -= 1;
        self.changed[group.start] = true;
        self.changed[group.end] = false;
        while group.start > 0 && self.is_changed(group.start - 1) {
            group.start -= 1;
        }
        true
    }
}

/// How far a line is indented; -1 if it is blank.
type Indent<'a> = &'a dyn Fn(u32) -> i64;

/// Moves the groups of `lines` to where they are shown. Without `indent`, those that could be in several places
/// are at the lowest.
pub(super) fn slide(
    lines: &[u32],
    changed: &mut [bool],
    (other_lines, other_changed): (&[u32], &mut [bool]),
    indent: Option<Indent<'_>>,
) {
    let mut text = Text { lines, changed };
    let other = Text { lines: other_lines, changed: other_changed };
    let (mut group, mut beside) = (text.first(), other.first());
    loop {
        if group.start < group.end {
            place(&mut text, &other, &mut group, &mut beside, indent);
        }
        match (text.next(group), other.next(beside)) {
            (Some(next), Some(next_beside)) => (group, beside) = (next, next_beside),
            _ => return,
        }
    }
}

fn place(
    text: &mut Text<'_>,
    other: &Text<'_>,
    group: &mut Group,
    beside: &mut Group,
    indent: Option<Indent<'_>>,
) {
    let up = |text: &mut Text<'_>, group: &mut Group, beside: &mut Group| {
        let moved = text.slide_up(group);
        if moved && let Some(previous) = other.previous(*beside) {
            *beside = previous;
        }
        moved
    };
    let mut size;
    let mut lines_up;
    let mut highest;
    loop {
        size = group.end - group.start;
        while up(text, group, beside) {}
        highest = group.end;
        lines_up = beside.start < beside.end;
        while text.slide_down(group) {
            if let Some(next) = other.next(*beside) {
                *beside = next;
            }
            lines_up |= beside.start < beside.end;
        }
        if size == group.end - group.start {
            break;
        }
    }
    if group.end == highest {
        return;
    }
    if lines_up {
        while beside.start == beside.end && up(text, group, beside) {}
        return;
    }
    let Some(indent) = indent else { return };
    let lowest = group.end;
    let first = highest.max(lowest.saturating_sub(size + 1)).max(lowest.saturating_sub(PLACES_MAX));
    let mut best: Option<(usize, Score)> = None;
    for end in first..=lowest {
        let mut score = Score::default();
        score.add(&Split::at(text.lines, end, indent));
        score.add(&Split::at(text.lines, end - size, indent));
        if best.as_ref().is_none_or(|(_, best)| score.against(best) <= 0) {
            best = Some((end, score));
        }
    }
    while best.as_ref().is_some_and(|(end, _)| group.end > *end) && up(text, group, beside) {}
}

/// What is around a place where a group begins or ends.
struct Split {
    at_end: bool,
    indent: i64,
    blanks_before: i64,
    indent_before: i64,
    blanks_after: i64,
    indent_after: i64,
}

impl Split {
    fn at(lines: &[u32], at: usize, indent: Indent<'_>) -> Split {
        let around = |neighbours: &mut dyn Iterator<Item = &u32>| {
            let mut blanks = 0;
            for &line in neighbours {
                let found = indent(line);
                if found != -1 {
                    return (blanks, found);
                }
                blanks += 1;
                if blanks == BLANKS_MAX {
                    return (blanks, 0);
                }
            }
            (blanks, -1)
        };
        let (blanks_before, indent_before) = around(&mut lines[..at].iter().rev());
        let (blanks_after, indent_after) = around(&mut lines.iter().skip(at + 1));
        Split {
            at_end: at >= lines.len(),
            indent: lines.get(at).map_or(-1, |&line| indent(line)),
            blanks_before,
            indent_before,
            blanks_after,
            indent_after,
        }
    }
}

/// What speaks against a place.
#[derive(Default)]
struct Score {
    indent: i64,
    penalty: i64,
}

impl Score {
    fn add(&mut self, split: &Split) {
        if split.indent_before == -1 && split.blanks_before == 0 {
            self.penalty += AT_START;
        }
        if split.at_end {
            self.penalty += AT_END;
        }
        let blanks_after = if split.indent == -1 { 1 + split.blanks_after } else { 0 };
        let blanks = split.blanks_before + blanks_after;
        self.penalty += PER_BLANK * blanks + PER_BLANK_AFTER * blanks_after;
        let indent = if split.indent == -1 { split.indent_after } else { split.indent };
        self.indent += indent;
        if indent == -1 || split.indent_before == -1 || indent == split.indent_before {
            return;
        }
        let (plain, with_blank) = if indent > split.indent_before {
            (DEEPER, DEEPER_WITH_BLANK)
        } else if split.indent_after > indent {
            (OUT_AND_IN, OUT_AND_IN_WITH_BLANK)
        } else {
            (OUT, OUT_WITH_BLANK)
        };
        self.penalty += if blanks == 0 { plain } else { with_blank };
    }

    /// Above 0 if more speaks against this than against the other.
    fn against(&self, other: &Score) -> i64 {
        INDENT_WEIGHT * (self.indent - other.indent).signum() + self.penalty - other.penalty
    }
}

/// How far a line is indented, in columns; -1 if it is blank.
pub(super) fn indent(line: &[u8]) -> i64 {
    let mut columns = 0;
    for byte in line {
        match byte {
            b' ' => columns += 1,
            b'\t' => columns += TAB - columns % TAB,
            b'\n' | b'\r' | 0x0b | 0x0c => {}
            _ => return columns,
        }
        if columns >= INDENT_MAX {
            return INDENT_MAX;
        }
    }
    -1
}
