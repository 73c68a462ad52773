//! Regimes: versioned rules for how soon a vulnerability must be fixed, as data (SCS-03 to SCS-05).
//!
//! A regime names the event that starts its clock, what it measures a vulnerability by, and the time that
//! each band of that leaves. [`check::check`] finds what no band covers and what two do.

pub mod check;
pub mod clock;
mod facts;
mod file;

pub use crate::policy::vocabulary::Force;
pub use facts::{FACTS_BYTES_MAX, FACTS_SCHEMA, read_facts};
pub use file::{REGIME_BYTES_MAX, SCHEMA, read};

use crate::id::Slug;
use crate::time::{Instant, Length};
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// What starts a clock (SCS-04).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StartEvent {
    /// The vulnerability became public.
    Public,
    /// The patch was merged on the release line.
    PatchMerged,
    /// A release with the patch was tagged.
    ReleaseTagged,
    /// The main branch was patched.
    HeadPatched,
    /// A score became known.
    ScoreKnown,
    /// The authority was notified.
    AuthorityNotified,
    /// Whoever has the duty became aware.
    Aware,
}

impl StartEvent {
    /// Every event, in the order in which they mostly happen.
    pub const ALL: [StartEvent; 7] = [
        StartEvent::HeadPatched,
        StartEvent::PatchMerged,
        StartEvent::Public,
        StartEvent::Aware,
        StartEvent::ReleaseTagged,
        StartEvent::AuthorityNotified,
        StartEvent::ScoreKnown,
    ];

    /// The word in files and on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            StartEvent::Public => "public",
            StartEvent::PatchMerged => "patch-merged",
            StartEvent::ReleaseTagged => "release-tagged",
            StartEvent::HeadPatched => "head-patched",
            StartEvent::ScoreKnown => "score-known",
            StartEvent::AuthorityNotified => "authority-notified",
            StartEvent::Aware => "aware",
        }
    }

    /// The words for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            StartEvent::Public => "the vulnerability became public",
            StartEvent::PatchMerged => "the patch was merged on the release line",
            StartEvent::ReleaseTagged => "a release with the patch was tagged",
            StartEvent::HeadPatched => "the main branch was patched",
            StartEvent::ScoreKnown => "a score became known",
            StartEvent::AuthorityNotified => "the authority was notified",
            StartEvent::Aware => "whoever has the duty became aware",
        }
    }
}

/// A CVSS base score in tenths: 9.8 is 98.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tenths(u8);

impl Tenths {
    /// The highest score.
    pub const MAX: Tenths = Tenths(100);
    /// The lowest score of a vulnerability; 0.0 is none.
    pub const MIN: Tenths = Tenths(1);

    /// A score of so many tenths, up to 100.
    #[must_use]
    pub fn new(tenths: u8) -> Option<Tenths> {
        (tenths <= Tenths::MAX.0).then_some(Tenths(tenths))
    }

    /// Every score of a vulnerability, the lowest first.
    pub fn all() -> impl Iterator<Item = Tenths> {
        (Tenths::MIN.0..=Tenths::MAX.0).map(Tenths)
    }
}

impl fmt::Display for Tenths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0 / 10, self.0 % 10)
    }
}

/// The text is not a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAScore;

impl FromStr for Tenths {
    type Err = NotAScore;

    /// Reads a score with its one digit behind the point: `9.8`.
    fn from_str(text: &str) -> Result<Tenths, NotAScore> {
        let (whole, tenth) = text.split_once('.').ok_or(NotAScore)?;
        let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_digits(whole) || !is_digits(tenth) || tenth.len() != 1 {
            return Err(NotAScore);
        }
        let whole: u8 = whole.parse().map_err(|_| NotAScore)?;
        let tenth: u8 = tenth.parse().map_err(|_| NotAScore)?;
        let tenths = whole.checked_mul(10).and_then(|whole| whole.checked_add(tenth)).ok_or(NotAScore)?;
        Tenths::new(tenths).ok_or(NotAScore)
    }
}

/// How much time there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Time {
    /// So long after the start event.
    Within(Length),
    /// With the next upgrade, whenever that is.
    WithNextUpgrade,
    /// What whoever has the duty finds appropriate.
    AsAppropriate,
}

/// Something that must be done, and how soon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// What it is called: `critical`, `early warning`.
    pub name: String,
    /// How soon.
    pub time: Time,
    /// What starts the clock, where it isn't the regime's own event.
    pub start: Option<StartEvent>,
    /// What must be done beside the fix.
    pub also: Option<String>,
}

/// A band of scores with its deadline. Both ends belong to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Band {
    /// The lowest score.
    pub from: Tenths,
    /// The highest score.
    pub to: Tenths,
    /// The deadline.
    pub deadline: Deadline,
}

/// A question that a decision table asks, with its possible answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// The question: `in-kev`.
    pub name: String,
    /// The answers.
    pub values: Vec<String>,
}

/// A row of a decision table. A point that it leaves out doesn't matter to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Point to answer.
    pub when: BTreeMap<String, String>,
    /// The deadline.
    pub deadline: Deadline,
}

/// What a regime measures a vulnerability by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Measure {
    /// The CVSS base score.
    Score(Vec<Band>),
    /// Answers to questions.
    Table {
        /// The questions.
        points: Vec<Point>,
        /// The deadlines for their answers.
        rows: Vec<Row>,
    },
    /// Nothing: every vulnerability that the regime is about has these deadlines.
    Each(Vec<Deadline>),
}

/// A regime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Regime {
    /// Its id.
    pub id: Slug,
    /// Its name for people.
    pub title: String,
    /// Which issue of it this is.
    pub version: String,
    /// Where it is published.
    pub source: String,
    /// Which vulnerabilities it is about, in words.
    pub trigger: String,
    /// Whether it obliges, or recommends (SCS-05).
    pub force: Force,
    /// What starts its clock.
    pub start: StartEvent,
    /// What starts it instead, where the project maintains the release line no more (SCS-04).
    pub start_unmaintained: Option<StartEvent>,
    /// Whose calendar its days and months are counted by.
    pub zone: TimeZone,
    /// What it measures by.
    pub measure: Measure,
}

impl Regime {
    /// What starts its clock for a release line that is maintained, or is not. One that nobody knows about
    /// counts as maintained.
    #[must_use]
    pub fn own_start(&self, is_maintained: Option<bool>) -> StartEvent {
        match (self.start_unmaintained, is_maintained) {
            (Some(start), Some(false)) => start,
            (Some(_) | None, _) => self.start,
        }
    }

    /// The deadline for a score, where the regime measures by scores and a band covers it.
    #[must_use]
    pub fn for_score(&self, score: Tenths) -> Option<&Deadline> {
        match &self.measure {
            Measure::Score(bands) => {
                bands.iter().find(|band| band.from <= score && score <= band.to).map(|band| &band.deadline)
            }
            Measure::Table { .. } | Measure::Each(_) => None,
        }
    }

    /// The deadline for answers to a decision table's questions.
    #[must_use]
    pub fn for_answers(&self, answers: &BTreeMap<String, String>) -> Option<&Deadline> {
        match &self.measure {
            Measure::Table { rows, .. } => {
                rows.iter().find(|row| row.holds(answers)).map(|row| &row.deadline)
            }
            Measure::Score(_) | Measure::Each(_) => None,
        }
    }
}

impl Row {
    fn holds(&self, answers: &BTreeMap<String, String>) -> bool {
        self.when.iter().all(|(point, answer)| answers.get(point) == Some(answer))
    }
}

impl Deadline {
    /// The instant by which it is due, for a clock that started at `start`; none where no instant follows.
    #[must_use]
    pub fn due(&self, start: Instant, zone: &TimeZone) -> Option<Instant> {
        match &self.time {
            Time::Within(length) => Some(length.after(start, zone)),
            Time::WithNextUpgrade | Time::AsAppropriate => None,
        }
    }
}

#[cfg(test)]
mod tests;
