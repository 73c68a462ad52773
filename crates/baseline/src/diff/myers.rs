//! Which lines differ: Myers' algorithm with the shortcuts that git takes, so that both find the same lines.
//!
//! Lines that the other side has none of are out at once; lines that it has very many of are out where they
//! stand among such. For what remains, paths are followed from both ends until they meet, and once that gets
//! too dear, whichever path is furthest is taken.

/// Edits after which a promising path may end the search.
const PROMISING_AFTER: i64 = 256;
/// Edits after which the search ends, at least.
const ENOUGH_MIN: i64 = 256;
/// Equal lines in a row that make a path promising.
const RUN: i64 = 20;
/// How much further than its edits a promising path must be.
const PROMISING_FACTOR: i64 = 4;
/// Occurrences that make a line common, at most.
const COMMON_MAX: u32 = 1_024;
/// Lines that are looked at on each side of a common one.
const WINDOW: usize = 100;
/// A common line stays if at least one in so many of its neighbours is common, too.
const COMMON_SHARE: usize = 4;

/// Which lines are changed, on each side.
pub(super) struct Changed {
    pub(super) old: Vec<bool>,
    pub(super) new: Vec<bool>,
}

/// Compares two texts whose lines are numbers below `numbers`.
pub(super) fn compare(old: &[u32], new: &[u32], numbers: usize) -> Changed {
    let mut changed = Changed { old: vec![false; old.len()], new: vec![false; new.len()] };
    let shorter = old.len().min(new.len());
    let start = old.iter().zip(new).take_while(|(one, other)| one == other).count();
    let tail = old.iter().rev().zip(new.iter().rev());
    let end = tail.take(shorter - start).take_while(|(one, other)| one == other).count();
    let (mut in_old, mut in_new) = (vec![0_u32; numbers], vec![0_u32; numbers]);
    old.iter().for_each(|&line| in_old[line as usize] += 1);
    new.iter().for_each(|&line| in_new[line as usize] += 1);
    let one = Side::reduced(old, start..old.len() - end, &in_new, &mut changed.old);
    let other = Side::reduced(new, start..new.len() - end, &in_old, &mut changed.new);
    let diagonals = one.lines.len() + other.lines.len() + 3;
    let mut search = Search {
        forward: vec![0; diagonals],
        backward: vec![0; diagonals],
        origin: other.lines.len() as i64 + 1,
        enough: rough_root(diagonals).max(ENOUGH_MIN),
        one: &one.lines,
        other: &other.lines,
    };
    // Boxes that are still to be compared; the last one is next. The order does not matter for the result.
    let mut boxes = vec![(Corner { one: 0, other: 0 }, Corner::end(&one, &other), false)];
    while let Some((mut low, mut high, thorough)) = boxes.pop() {
        search.shrink(&mut low, &mut high);
        if low.one == high.one {
            (low.other..high.other).for_each(|at| changed.new[other.places[at as usize]] = true);
        } else if low.other == high.other {
            (low.one..high.one).for_each(|at| changed.old[one.places[at as usize]] = true);
        } else {
            let split = search.split(low, high, thorough);
            boxes.push((split.at, high, split.thorough_above));
            boxes.push((low, split.at, split.thorough_below));
        }
    }
    changed
}

/// One text without the lines that are out at once.
struct Side {
    lines: Vec<u32>,
    /// Where each of them is in the whole text.
    places: Vec<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Matches {
    None,
    Some,
    Many,
}

impl Side {
    fn reduced(text: &[u32], range: std::ops::Range<usize>, there: &[u32], changed: &mut [bool]) -> Side {
        let many = u32::try_from(rough_root(text.len())).unwrap_or(COMMON_MAX).min(COMMON_MAX);
        let matches: Vec<Matches> = text[range.clone()]
            .iter()
            .map(|&line| match there[line as usize] {
                0 => Matches::None,
                count if count >= many => Matches::Many,
                _ => Matches::Some,
            })
            .collect();
        let mut side =
            Side { lines: Vec::with_capacity(range.len()), places: Vec::with_capacity(range.len()) };
        for (at, matched) in matches.iter().enumerate() {
            let out = match matched {
                Matches::None => true,
                Matches::Some => false,
                Matches::Many => is_lost(&matches, at),
            };
            let place = range.start + at;
            if out {
                changed[place] = true;
            } else {
                side.lines.push(text[place]);
                side.places.push(place);
            }
        }
        side
    }
}

/// Whether a common line stands among so many lines without a match that it tells nothing.
fn is_lost(matches: &[Matches], at: usize) -> bool {
    let run = |neighbours: &mut dyn Iterator<Item = &Matches>| {
        let (mut none, mut many) = (0, 1);
        for matched in neighbours.take_while(|matched| **matched != Matches::Some) {
            match matched {
                Matches::None => none += 1,
                Matches::Many | Matches::Some => many += 1,
            }
        }
        (none, many)
    };
    let (none_before, many_before) = run(&mut matches[at.saturating_sub(WINDOW)..at].iter().rev());
    if none_before == 0 {
        return false;
    }
    let (none_after, many_after) = run(&mut matches[at + 1..(at + 1 + WINDOW).min(matches.len())].iter());
    let (none, many) = (none_before + none_after, many_before + many_after);
    none_after > 0 && many * COMMON_SHARE < many + none
}

/// A power of two near the square root.
fn rough_root(of: usize) -> i64 {
    let mut root = 1;
    let mut rest = of;
    while rest > 0 {
        root <<= 1;
        rest >>= 2;
    }
    root
}

#[derive(Clone, Copy)]
struct Corner {
    one: i64,
    other: i64,
}

impl Corner {
    fn end(one: &Side, other: &Side) -> Corner {
        Corner { one: one.lines.len() as i64, other: other.lines.len() as i64 }
    }
}

struct Split {
    at: Corner,
    thorough_below: bool,
    thorough_above: bool,
}

/// The furthest line of the first text that was reached on each diagonal, from either end.
struct Search<'a> {
    forward: Vec<i64>,
    backward: Vec<i64>,
    /// Where diagonal 0 is in them.
    origin: i64,
    enough: i64,
    one: &'a [u32],
    other: &'a [u32],
}

/// The diagonals that were reached.
struct Reached {
    middle: i64,
    least: i64,
    most: i64,
}

impl Reached {
    fn new(middle: i64) -> Reached {
        Reached { middle, least: middle, most: middle }
    }

    /// One diagonal further on both sides, or one less where the box ends.
    fn widen(&mut self, least: i64, most: i64, beyond: i64, along: &mut [i64], origin: i64) {
        if self.least > least {
            self.least -= 1;
            along[(self.least - 1 + origin) as usize] = beyond;
        } else {
            self.least += 1;
        }
        if self.most < most {
            self.most += 1;
            along[(self.most + 1 + origin) as usize] = beyond;
        } else {
            self.most -= 1;
        }
    }

    fn diagonals(&self) -> impl Iterator<Item = i64> + use<> {
        let least = self.least;
        std::iter::successors(Some(self.most), |diagonal| Some(diagonal - 2))
            .take_while(move |diagonal| *diagonal >= least)
    }

    fn has(&self, diagonal: i64) -> bool {
        self.least <= diagonal && diagonal <= self.most
    }
}

impl Search<'_> {
    fn same(&self, one: i64, other: i64) -> bool {
        self.one[one as usize] == self.other[other as usize]
    }

    fn shrink(&self, low: &mut Corner, high: &mut Corner) {
        while low.one < high.one && low.other < high.other && self.same(low.one, low.other) {
            (low.one, low.other) = (low.one + 1, low.other + 1);
        }
        while low.one < high.one && low.other < high.other && self.same(high.one - 1, high.other - 1) {
            (high.one, high.other) = (high.one - 1, high.other - 1);
        }
    }

    fn ahead(&self, diagonal: i64) -> i64 {
        self.forward[(diagonal + self.origin) as usize]
    }

    fn behind(&self, diagonal: i64) -> i64 {
        self.backward[(diagonal + self.origin) as usize]
    }

    /// Where a box is best divided.
    fn split(&mut self, low: Corner, high: Corner, thorough: bool) -> Split {
        let (least, most) = (low.one - high.other, high.one - low.other);
        let mut ahead = Reached::new(low.one - low.other);
        let mut behind = Reached::new(high.one - high.other);
        let odd = (ahead.middle - behind.middle) & 1 != 0;
        self.forward[(ahead.middle + self.origin) as usize] = low.one;
        self.backward[(behind.middle + self.origin) as usize] = high.one;
        let both = |at| Split { at, thorough_below: true, thorough_above: true };
        for edits in 1.. {
            let mut long_run = false;
            ahead.widen(least, most, -1, &mut self.forward, self.origin);
            for diagonal in ahead.diagonals() {
                let at = self.step_ahead(diagonal, high, &mut long_run);
                if odd && behind.has(diagonal) && self.behind(diagonal) <= at {
                    return both(Corner { one: at, other: at - diagonal });
                }
            }
            behind.widen(least, most, i64::MAX, &mut self.backward, self.origin);
            for diagonal in behind.diagonals() {
                let at = self.step_behind(diagonal, low, &mut long_run);
                if !odd && ahead.has(diagonal) && at <= self.ahead(diagonal) {
                    return both(Corner { one: at, other: at - diagonal });
                }
            }
            if thorough {
                continue;
            }
            if long_run && edits > PROMISING_AFTER {
                if let Some(at) = self.promising_ahead(&ahead, low, high, edits) {
                    return Split { at, thorough_below: true, thorough_above: false };
                }
                if let Some(at) = self.promising_behind(&behind, low, high, edits) {
                    return Split { at, thorough_below: false, thorough_above: true };
                }
            }
            if edits >= self.enough {
                return self.furthest(&ahead, &behind, low, high);
            }
        }
        both(low)
    }

    fn step_ahead(&mut self, diagonal: i64, high: Corner, long_run: &mut bool) -> i64 {
        let (below, above) = (self.ahead(diagonal - 1), self.ahead(diagonal + 1));
        let start = if below >= above { below + 1 } else { above };
        let mut at = start;
        while at < high.one && at - diagonal < high.other && self.same(at, at - diagonal) {
            at += 1;
        }
        *long_run |= at - start > RUN;
        self.forward[(diagonal + self.origin) as usize] = at;
        at
    }

    fn step_behind(&mut self, diagonal: i64, low: Corner, long_run: &mut bool) -> i64 {
        let (below, above) = (self.behind(diagonal - 1), self.behind(diagonal + 1));
        let start = if below < above { below } else { above - 1 };
        let mut at = start;
        while at > low.one && at - diagonal > low.other && self.same(at - 1, at - diagonal - 1) {
            at -= 1;
        }
        *long_run |= start - at > RUN;
        self.backward[(diagonal + self.origin) as usize] = at;
        at
    }

    /// A path from the beginning that is far, and has just come along a run of equal lines.
    fn promising_ahead(&self, reached: &Reached, low: Corner, high: Corner, edits: i64) -> Option<Corner> {
        let mut best = (0, None);
        for diagonal in reached.diagonals() {
            let one = self.ahead(diagonal);
            let other = one - diagonal;
            let worth = (one - low.one) + (other - low.other) - (diagonal - reached.middle).abs();
            let inside =
                low.one + RUN <= one && one < high.one && low.other + RUN <= other && other < high.other;
            if worth > PROMISING_FACTOR * edits
                && worth > best.0
                && inside
                && (1..=RUN).all(|back| self.same(one - back, other - back))
            {
                best = (worth, Some(Corner { one, other }));
            }
        }
        best.1
    }

    fn promising_behind(&self, reached: &Reached, low: Corner, high: Corner, edits: i64) -> Option<Corner> {
        let mut best = (0, None);
        for diagonal in reached.diagonals() {
            let one = self.behind(diagonal);
            let other = one - diagonal;
            let worth = (high.one - one) + (high.other - other) - (diagonal - reached.middle).abs();
            let inside =
                low.one < one && one <= high.one - RUN && low.other < other && other <= high.other - RUN;
            if worth > PROMISING_FACTOR * edits
                && worth > best.0
                && inside
                && (0..RUN).all(|on| self.same(one + on, other + on))
            {
                best = (worth, Some(Corner { one, other }));
            }
        }
        best.1
    }

    /// The furthest path of all.
    fn furthest(&self, ahead: &Reached, behind: &Reached, low: Corner, high: Corner) -> Split {
        let mut first = (-1, -1);
        for diagonal in ahead.diagonals() {
            let mut one = self.ahead(diagonal).min(high.one);
            if high.other < one - diagonal {
                one = high.other + diagonal;
            }
            if first.0 < 2 * one - diagonal {
                first = (2 * one - diagonal, one);
            }
        }
        let mut last = (i64::MAX, i64::MAX);
        for diagonal in behind.diagonals() {
            let mut one = self.behind(diagonal).max(low.one);
            if one - diagonal < low.other {
                one = low.other + diagonal;
            }
            if 2 * one - diagonal < last.0 {
                last = (2 * one - diagonal, one);
            }
        }
        let ahead_is_further = high.one + high.other - last.0 < first.0 - (low.one + low.other);
        let (sum, one) = if ahead_is_further { first } else { last };
        Split {
            at: Corner { one, other: sum - one },
            thorough_below: ahead_is_further,
            thorough_above: !ahead_is_further,
        }
    }
}
