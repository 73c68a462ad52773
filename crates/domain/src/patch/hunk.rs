//! Hunks, and where they apply. The rules are those of `git apply` without options: every line of context must
//! be there, byte for byte; the nearest place to the stated one wins, below before above; a hunk at the first
//! line must match there, one without trailing context at the end; and no hunk may touch what an earlier hunk of
//! the same file has written or matched.

use super::lines::{LineId, Lines};

/// Steps of comparing that one file may take: more only happens where somebody wants it to.
pub const COMPARISONS_MAX: u64 = 2_000_000_000;

/// One place in a file that changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hunk {
    /// First line before, from 1; 0 where there is nothing before.
    pub old_start: u32,
    /// First line after, from 1; 0 where there is nothing after.
    pub new_start: u32,
    /// What must be there: context and removed lines.
    pub old: Box<[LineId]>,
    /// What is there afterwards: context and added lines.
    pub new: Box<[LineId]>,
    /// Lines of context at the end.
    pub trailing: u32,
}

/// A file after its hunks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The lines.
    pub lines: Vec<LineId>,
    /// How many lines each hunk lay further down than it says.
    pub offsets: Vec<i64>,
}

/// A hunk that does not apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HunkFailure {
    /// Which of the file's hunks, from 0.
    pub hunk: usize,
    /// Its first line in the file before, as the patch says, from 1.
    pub line: u32,
    /// Whether the search was given up at [`COMPARISONS_MAX`]: then nothing is known of its place.
    pub undecided: bool,
}

/// Marks a line that an earlier hunk has dealt with: it equals no line of a later hunk.
const DONE: u32 = 1 << 31;

/// Applies the hunks of one file, in order.
///
/// # Errors
/// The first hunk that has no place.
pub fn apply(file: &[LineId], hunks: &[Hunk], lines: &Lines) -> Result<Applied, HunkFailure> {
    let mut image: Vec<u32> = Vec::with_capacity(file.len() + 64);
    image.extend(file.iter().map(|line| line.0));
    let mut offsets = Vec::with_capacity(hunks.len());
    let mut budget = COMPARISONS_MAX;
    for (number, hunk) in hunks.iter().enumerate() {
        let found = place(&image, hunk, lines, &mut budget);
        let at = found.ok_or(HunkFailure { hunk: number, line: hunk.old_start, undecided: budget == 0 })?;
        image.splice(at..at + hunk.old.len(), hunk.new.iter().map(|line| line.0 | DONE));
        offsets.push(at as i64 - i64::from(hunk.new_start.saturating_sub(1)));
    }
    Ok(Applied { lines: image.into_iter().map(|line| LineId(line & !DONE)).collect(), offsets })
}

/// Where a hunk applies, from 0.
fn place(image: &[u32], hunk: &Hunk, lines: &Lines, budget: &mut u64) -> Option<usize> {
    let at_beginning = hunk.old_start <= 1;
    let at_end = hunk.trailing == 0;
    let last_possible = image.len().checked_sub(hunk.old.len())?;
    let wanted = if at_beginning {
        0
    } else if at_end {
        last_possible
    } else {
        (hunk.new_start.saturating_sub(1) as usize).min(image.len())
    };
    let fits = |at: usize, budget: &mut u64| {
        at <= last_possible
            && !(at_beginning && at != 0)
            && !(at_end && at != last_possible)
            && matches_at(image, at, hunk, at_end, lines, budget)
    };
    if fits(wanted, budget) {
        return Some(wanted);
    }
    if at_beginning || at_end {
        // Any other place fails one of the two conditions.
        return None;
    }
    for distance in 1..=wanted.max(image.len() - wanted) {
        if *budget == 0 {
            return None;
        }
        let below = wanted + distance;
        if below <= last_possible && fits(below, budget) {
            return Some(below);
        }
        if let Some(above) = wanted.checked_sub(distance).filter(|&above| fits(above, budget)) {
            return Some(above);
        }
    }
    None
}

fn matches_at(image: &[u32], at: usize, hunk: &Hunk, at_end: bool, lines: &Lines, budget: &mut u64) -> bool {
    let Some(there) = image.get(at..at + hunk.old.len()) else { return false };
    let common = there.iter().zip(&hunk.old).take_while(|(there, wanted)| **there == wanted.0).count();
    *budget = budget.saturating_sub(common as u64 + 1);
    if common == hunk.old.len() {
        return true;
    }
    // The last line of a hunk may lack its newline. git compares bytes, and so lets it match the beginning of
    // a line that goes on with nothing but white space.
    common + 1 == hunk.old.len()
        && !at_end
        && hunk.old.last().zip(there.last()).is_some_and(|(&wanted, &there)| {
            there & DONE == 0 && begins(lines.bytes(LineId(there)), lines.bytes(wanted))
        })
}

fn begins(line: &[u8], beginning: &[u8]) -> bool {
    beginning.last().is_some_and(|&last| last != b'\n')
        && line
            .strip_prefix(beginning)
            .is_some_and(|rest| rest.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')))
}

/// The hunks that undo these.
#[must_use]
pub fn reversed(hunks: &[Hunk]) -> Vec<Hunk> {
    hunks
        .iter()
        .map(|hunk| Hunk {
            old_start: hunk.new_start,
            new_start: hunk.old_start,
            old: hunk.new.clone(),
            new: hunk.old.clone(),
            trailing: hunk.trailing,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hunk(lines: &mut Lines, start: (u32, u32), old: &str, new: &str, trailing: u32) -> Hunk {
        Hunk {
            old_start: start.0,
            new_start: start.1,
            old: lines.split(old.as_bytes()).into(),
            new: lines.split(new.as_bytes()).into(),
            trailing,
        }
    }

    fn run(file: &str, hunks: &[(u32, u32, &str, &str, u32)]) -> Result<String, HunkFailure> {
        let mut lines = Lines::new();
        let file = lines.split(file.as_bytes());
        let hunks: Vec<Hunk> = hunks
            .iter()
            .map(|&(old_at, new_at, old, new, trailing)| {
                hunk(&mut lines, (old_at, new_at), old, new, trailing)
            })
            .collect();
        let applied = apply(&file, &hunks, &lines)?;
        Ok(String::from_utf8(lines.join(&applied.lines)).expect("UTF-8"))
    }

    #[test]
    fn the_nearest_place_wins_below_before_above() {
        let file = "x\na\nb\nc\ny\na\nb\nc\nz\n";
        // Line 4 is as far from 2 as from 6.
        let got = run(file, &[(4, 4, "a\nb\nc\n", "a\nB\nc\n", 1)]);
        assert_eq!(got.as_deref(), Ok("x\na\nb\nc\ny\na\nB\nc\nz\n"));
        let got = run(file, &[(3, 3, "a\nb\nc\n", "a\nB\nc\n", 1)]);
        assert_eq!(got.as_deref(), Ok("x\na\nB\nc\ny\na\nb\nc\nz\n"));
    }

    #[test]
    fn beginning_and_end_are_anchors() {
        assert!(run("0\na\nb\n", &[(1, 1, "a\nb\n", "b\n", 1)]).is_err());
        assert!(run("a\nb\nc\n", &[(2, 2, "a\nb\n", "a\n", 0)]).is_err());
        assert_eq!(run("c\na\nb\n", &[(7, 7, "a\nb\n", "a\n", 0)]).as_deref(), Ok("c\na\n"));
    }

    #[test]
    fn what_a_hunk_has_matched_is_taken() {
        let once = (2, 2, "a\nb\nc\n", "a\nb\nc\nd\n", 0);
        assert_eq!(run("x\na\nb\nc\n", &[once]).as_deref(), Ok("x\na\nb\nc\nd\n"));
        let overlapping = [(2, 2, "a\nb\nc\n", "a\nB\nc\n", 1), (4, 4, "c\nd\ne\n", "c\nD\ne\n", 1)];
        assert_eq!(
            run("x\na\nb\nc\nd\ne\n", &overlapping),
            Err(HunkFailure { hunk: 1, line: 4, undecided: false })
        );
    }

    #[test]
    fn searching_has_a_limit() {
        let file = "a\n".repeat(300_000);
        let old = format!("{}b\n", "a\n".repeat(150_000));
        let failure = run(&file, &[(9, 9, &old, "c\n", 1)]).expect_err("no place");
        assert!(failure.undecided, "a search that was given up shows nothing");
    }
}
