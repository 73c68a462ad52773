//! The version numbers of OpenStack's releases, and their order.
//!
//! They follow PEP 440 with two habits of their own. Until 2015 the integrated release was numbered by date
//! (`2015.1.2`), and then started again with small numbers (`8.0.0`, `12.0.0`): a date number comes before
//! every other. And a pre-release is written behind a fourth zero (`24.0.0.0rc1`), which is `24.0.0rc1`.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// Longest version, in bytes.
pub const VERSION_BYTES_MAX: usize = 64;
/// Years in which a first number was the year of a release.
const DATED_YEARS: std::ops::RangeInclusive<u64> = 2010..=2015;

/// A version of an OpenStack deliverable: `29.2.1`, `24.0.0.0rc1`, `2014.1.3`, `19.1.1.dev82`.
///
/// The order is total, and two versions that differ only in zeros at the end are equal.
#[derive(Clone, Debug)]
pub struct ReleaseVersion {
    text: String,
    numbers: Vec<u64>,
    stage: Stage,
    dev: Option<u64>,
}

/// What a version is on its way to, from the earliest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Alpha(u64),
    Beta(u64),
    Candidate(u64),
    Final,
    Post(u64),
}

/// The text is not a version number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAVersion(pub String);

impl fmt::Display for NotAVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a version number such as 29.2.1 or 19.1.1.dev82", self.0.escape_debug())
    }
}

impl std::error::Error for NotAVersion {}

impl ReleaseVersion {
    /// The numbers, as written: `[24, 0, 2]`.
    #[must_use]
    pub fn numbers(&self) -> &[u64] {
        &self.numbers
    }

    /// How many commits a snapshot is away from the tag before it (`.devN`).
    #[must_use]
    pub fn dev(&self) -> Option<u64> {
        self.dev
    }

    /// Whether this is a release proper: no pre-release, no snapshot.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self.stage, Stage::Final | Stage::Post(_)) && self.dev.is_none()
    }

    /// The version that a snapshot is on its way to: `19.1.1.dev82` to `19.1.1`.
    #[must_use]
    pub fn target(&self) -> ReleaseVersion {
        let text = match self.text.rfind(['d', 'D']).filter(|_| self.dev.is_some()) {
            Some(end) => self.text.get(..end).unwrap_or(&self.text).trim_end_matches(['.', '-', '_']),
            None => &self.text,
        };
        ReleaseVersion { text: text.to_owned(), dev: None, ..self.clone() }
    }

    /// The release proper that this is, or is on its way to: `24.0.0.0rc1` to `24.0.0`.
    #[must_use]
    pub fn final_version(&self) -> ReleaseVersion {
        if self.is_final() {
            return self.clone();
        }
        let numbers = self.significant().to_vec();
        let text = numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(".");
        ReleaseVersion { text, numbers, stage: Stage::Final, dev: None }
    }

    /// Whether this is the first number of a line: `25.0.0`, but not `25.0.1` or `25.1.0`.
    #[must_use]
    pub fn opens_a_line(&self) -> bool {
        self.numbers.iter().skip(1).all(|number| *number == 0)
    }

    /// The version that releases its last number by one less: `24.0.2` to `24.0.1`.
    #[must_use]
    pub fn patch_level_before(&self) -> Option<ReleaseVersion> {
        let (last, before) = self.numbers.split_last()?;
        if before.len() < 2 || !self.is_final() {
            return None;
        }
        let mut numbers = before.to_vec();
        numbers.push(last.checked_sub(1)?);
        let text = numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(".");
        Some(ReleaseVersion { text, numbers, stage: Stage::Final, dev: None })
    }

    fn is_dated(&self) -> bool {
        self.numbers.first().is_some_and(|year| DATED_YEARS.contains(year))
    }

    fn significant(&self) -> &[u64] {
        let end = self.numbers.iter().rposition(|number| *number != 0).map_or(0, |last| last + 1);
        self.numbers.get(..end).unwrap_or_default()
    }

    /// The snapshots of a stage come before it; those of a release come before its pre-releases.
    fn stage_key(&self) -> (u8, Stage, u64) {
        match (self.stage, self.dev) {
            (Stage::Final, Some(dev)) => (0, Stage::Final, dev),
            (stage, dev) => (1, stage, dev.unwrap_or(u64::MAX)),
        }
    }
}

impl Ord for ReleaseVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        // A year comes before a small number: `false` sorts first.
        let by_era = (!self.is_dated()).cmp(&!other.is_dated());
        by_era
            .then_with(|| self.significant().cmp(other.significant()))
            .then_with(|| self.stage_key().cmp(&other.stage_key()))
    }
}

impl PartialOrd for ReleaseVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for ReleaseVersion {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for ReleaseVersion {}

impl fmt::Display for ReleaseVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for ReleaseVersion {
    type Err = NotAVersion;

    fn from_str(text: &str) -> Result<ReleaseVersion, NotAVersion> {
        let fault = || NotAVersion(text.chars().take(VERSION_BYTES_MAX).collect());
        let written = text.trim().trim_start_matches(['v', 'V']);
        if written.len() > VERSION_BYTES_MAX {
            return Err(fault());
        }
        let (numbers, rest) = read_numbers(written).ok_or_else(fault)?;
        let (stage, rest) = read_stage(rest).ok_or_else(fault)?;
        let (dev, rest) = read_marked(rest, &["dev"]).ok_or_else(fault)?;
        if rest.is_empty() {
            let text = written.to_owned();
            Ok(ReleaseVersion { text, numbers, stage: stage.unwrap_or(Stage::Final), dev })
        } else {
            Err(fault())
        }
    }
}

fn read_numbers(text: &str) -> Option<(Vec<u64>, &str)> {
    let mut numbers = Vec::new();
    let mut rest = text;
    loop {
        let (number, after) = read_number(rest)?;
        numbers.push(number);
        match after.strip_prefix('.') {
            Some(more) if more.starts_with(|c: char| c.is_ascii_digit()) => rest = more,
            Some(_) | None => return Some((numbers, after)),
        }
    }
}

fn read_number(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    Some((digits.parse().ok()?, rest))
}

type Made = fn(u64) -> Stage;

fn read_stage(text: &str) -> Option<(Option<Stage>, &str)> {
    let stages: [(&[&str], Made); 4] = [
        (&["alpha", "a"], Stage::Alpha),
        (&["beta", "b"], Stage::Beta),
        (&["rc", "c"], Stage::Candidate),
        (&["post"], Stage::Post),
    ];
    for (marks, stage) in stages {
        if let (Some(number), rest) = read_marked(text, marks)? {
            return Some((Some(stage(number)), rest));
        }
    }
    Some((None, text))
}

/// A number behind one of `marks`, with or without a separator: `rc1`, `.dev82`. Without a number it is 0.
fn read_marked<'a>(text: &'a str, marks: &[&str]) -> Option<(Option<u64>, &'a str)> {
    let bare = text.strip_prefix(['.', '-', '_']).unwrap_or(text);
    let after = marks.iter().find_map(|mark| {
        let (start, rest) = bare.split_at_checked(mark.len())?;
        start.eq_ignore_ascii_case(mark).then_some(rest)
    });
    match after {
        None => Some((None, text)),
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_digit()) => {
            let (number, rest) = read_number(rest)?;
            Some((Some(number), rest))
        }
        Some(rest) => Some((Some(0), rest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn v(text: &str) -> ReleaseVersion {
        text.parse().expect("a version")
    }

    #[test]
    fn versions_have_the_order_of_their_releases() {
        let ordered = [
            "2011.3",
            "2014.1.3",
            "2015.1.2",
            "2.28.1",
            "12.0.0",
            "24.0.0.dev5",
            "24.0.0.0b1",
            "24.0.0.0rc1.dev3",
            "24.0.0.0rc1",
            "24.0.0",
            "24.0.1.dev2",
            "24.0.1.dev30",
            "24.0.1",
            "24.0.2",
            "24.0.10",
            "24.1.0",
        ];
        for pair in ordered.windows(2) {
            if let [earlier, later] = pair {
                assert!(v(earlier) < v(later), "{earlier} < {later}");
            }
        }
        assert_eq!(v("24.0"), v("24.0.0"));
        assert_eq!(v("v24.0.0.0rc1"), v("24.0.0rc1"));
    }

    #[test]
    fn a_snapshot_knows_what_it_becomes() {
        assert_eq!(v("19.1.1.dev82").target().to_string(), "19.1.1");
        assert_eq!(v("8.0.0.0rc2.dev2").target().to_string(), "8.0.0.0rc2");
        assert_eq!(v("24.0.0.0rc1.dev3").final_version(), v("24.0.0"));
        assert_eq!(v("24.0.2").patch_level_before(), Some(v("24.0.1")));
        assert_eq!(v("24.1.0").patch_level_before(), None);
        assert!(v("25.0.0").opens_a_line() && !v("25.0.1").opens_a_line() && !v("25.1.0").opens_a_line());
    }

    #[test]
    fn what_is_no_version_is_refused() {
        for text in
            ["", "latest", "2023.1-ubuntu-jammy", "1..2", "1.2.", "99999999999999999999999.1", "1.2.x"]
        {
            assert!(text.parse::<ReleaseVersion>().is_err(), "{text}");
        }
        assert!("1.".repeat(VERSION_BYTES_MAX).parse::<ReleaseVersion>().is_err());
    }

    proptest! {
        #[test]
        fn the_order_is_total(
            a in "(20(1[0-6])|[0-9]{1,2})(\\.[0-3]){0,3}(\\.0rc[12]|\\.0b1|\\.post1)?(\\.dev[0-3])?",
            b in "(20(1[0-6])|[0-9]{1,2})(\\.[0-3]){0,3}(\\.0rc[12]|\\.0b1|\\.post1)?(\\.dev[0-3])?",
            c in "(20(1[0-6])|[0-9]{1,2})(\\.[0-3]){0,3}(\\.0rc[12]|\\.0b1|\\.post1)?(\\.dev[0-3])?",
        ) {
            let (a, b, c) = (v(&a), v(&b), v(&c));
            prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
            if a <= b && b <= c {
                prop_assert!(a <= c);
            }
            if a.dev().is_some() {
                prop_assert!(a < a.target());
            }
        }
    }
}
