//! Is this build affected by that advisory?
//!
//! A verdict comes from the position of a build relative to the fix, not from comparing numbers: a build
//! called `24.0.2` may have been cut from a branch weeks before the fix that `24.0.2` was to carry. Where
//! neither history nor dates can tell, the verdict is unknown, and says what would settle it. A wrong "not
//! affected" is the worst error there is, so every doubt is resolved against it.

mod build;
mod judge;
mod place;
mod product;
mod range;

pub use build::{Build, Position};
pub use judge::{Known, judge};
pub use product::{Catalogue, product_key};
pub use range::{Affected, Limit, Published, RANGES_MAX, Range, Side, Statement};

use crate::time::Instant;
use crate::version::ReleaseVersion;
use jiff::civil::Date;
use std::fmt;

/// What is known about one build and one advisory. The order is from the best to the worst news.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// The fix is in it.
    Fixed,
    /// The flaw was never in it.
    NotAffected,
    /// Neither history nor dates can tell.
    Unknown,
    /// The flaw is in it, and the fix is not.
    Affected,
}

impl Verdict {
    /// The word in files and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Fixed => "fixed",
            Verdict::NotAffected => "not_affected",
            Verdict::Unknown => "unknown",
            Verdict::Affected => "affected",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A commit that fixes an advisory on a release line, as a repository shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// The commit, in hexadecimal.
    pub commit: String,
    /// The release line it is on.
    pub line: String,
    /// When it was merged there. A commit's own date precedes its merge, and doesn't count.
    pub merged: Instant,
    /// The first release of the line that contains it.
    pub first_release: Option<ReleaseVersion>,
}

impl Fix {
    /// The day of the merge, in UTC.
    #[must_use]
    pub fn day(&self) -> Date {
        self.merged.in_zone(&jiff::tz::TimeZone::UTC).date()
    }
}

/// How much of a fix a commit contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Contained {
    /// Every commit of it.
    All,
    /// Some of its commits.
    Part,
    /// None of it.
    Nothing,
    /// The repository doesn't show which commits the fix is.
    Untold,
}

/// What a repository knows about the commit that a build was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitFact {
    /// How much of the fix it contains.
    pub fix: Contained,
    /// The last release that it contains.
    pub after: Option<ReleaseVersion>,
    /// Whether it is that release itself, with no commit on top.
    pub is_release: bool,
}

/// A verdict with its reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// One sentence that explains it.
    pub why: String,
    /// The reasons in full.
    pub account: Account,
}

/// Everything that a verdict rests on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// The affected versions, in the advisory's words.
    pub range: String,
    /// Where in the product's history the build was made.
    pub position: String,
    /// The release line that it was made on.
    pub line: Option<String>,
    /// The days that count, each with what happened on it.
    pub dates: Vec<(Date, String)>,
    /// What was taken for granted.
    pub assumptions: Vec<String>,
    /// What would settle an unknown verdict.
    pub settles: Option<String>,
}
