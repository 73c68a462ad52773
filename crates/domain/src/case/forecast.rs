//! Whether the patch of a release still applies to what the next point release is made from (XEN-24), as it was last
//! found. It is a word about text, like [`super::applies`].

use serde::{Deserialize, Serialize};
use std::fmt;

/// How a release's patch stands on the tip of the release's staging branch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forecast {
    /// The staging branch, as the project names it.
    pub branch: String,
    /// The commit at its tip, as its full id; `None` where the name stood for none.
    pub tip: Option<String>,
    /// The patch, by its SHA-256 in hex.
    pub patch: String,
    /// The answer.
    pub outlook: Outlook,
}

/// The answer of a forecast.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outlook {
    /// It applies.
    Applies,
    /// The branch has it.
    There,
    /// It applied to the branch once, and does not any more.
    Stopped {
        /// The commit with which it stopped, by its full id.
        since: String,
        /// The first line of that commit's message.
        subject: String,
        /// The file that does not fit on the tip.
        file: String,
        /// The first line of the hunk, as the patch says; 0 where the file as a whole is at fault.
        line: u32,
    },
    /// It applies to no commit of the branch, from the last point release on.
    Fails {
        /// The file that does not fit on the tip.
        file: String,
        /// The first line of the hunk, as the patch says; 0 where the file as a whole is at fault.
        line: u32,
    },
    /// Nobody knows.
    Unknown {
        /// Why it could not be found out.
        why: String,
    },
}

/// What changed between two forecasts, of which the team is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It does not apply any more.
    Stopped,
    /// It applies again, or the branch has it now.
    Again,
}

impl Outlook {
    /// Whether the next point release gets the fix as it is; `None` where nobody knows.
    #[must_use]
    pub fn holds(&self) -> Option<bool> {
        match self {
            Outlook::Applies | Outlook::There => Some(true),
            Outlook::Stopped { .. } | Outlook::Fails { .. } => Some(false),
            Outlook::Unknown { .. } => None,
        }
    }
}

impl Forecast {
    /// Whether it says nothing that `other` did not say: the branch moved, and the answer stayed.
    #[must_use]
    pub fn repeats(&self, other: &Forecast) -> bool {
        (&self.branch, &self.patch, &self.outlook) == (&other.branch, &other.patch, &other.outlook)
    }

    /// What the team is to be told, after `was` was the last forecast of the same patch.
    ///
    /// That a patch never applied is seen when it is attached, and is no news from the branch.
    #[must_use]
    pub fn turn(&self, was: Option<&Forecast>) -> Option<Turn> {
        let before = was.map(|was| was.outlook.holds());
        match (before, &self.outlook) {
            (None, Outlook::Stopped { .. }) => Some(Turn::Stopped),
            (Some(Some(true) | None), Outlook::Stopped { .. } | Outlook::Fails { .. }) => Some(Turn::Stopped),
            (Some(Some(false)), Outlook::Applies | Outlook::There) => Some(Turn::Again),
            (None, Outlook::Fails { .. }) => None,
            (Some(Some(false)), Outlook::Stopped { .. } | Outlook::Fails { .. }) => None,
            (None | Some(Some(true) | None), Outlook::Applies | Outlook::There) => None,
            (_, Outlook::Unknown { .. }) => None,
        }
    }
}

/// For tables: a few words.
impl fmt::Display for Outlook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outlook::Applies => f.write_str("applies"),
            Outlook::There => f.write_str("is there already"),
            Outlook::Stopped { since, .. } => {
                write!(f, "stopped applying, with {}", since.get(..12).unwrap_or(since))
            }
            Outlook::Fails { .. } => f.write_str("does not apply, nor did it since the release"),
            Outlook::Unknown { why } => write!(f, "not known: {why}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forecast(outlook: Outlook) -> Forecast {
        let (branch, patch) = ("staging-4.4".to_owned(), "0".repeat(64));
        Forecast { branch, tip: Some("1".repeat(40)), patch, outlook }
    }

    fn stopped() -> Outlook {
        let (since, subject) = ("2".repeat(40), "tidy up".to_owned());
        Outlook::Stopped { since, subject, file: "a.c".to_owned(), line: 7 }
    }

    #[test]
    fn the_team_is_told_of_turns_and_of_nothing_twice() {
        let fails = || Outlook::Fails { file: "a.c".to_owned(), line: 7 };
        let unknown = || Outlook::Unknown { why: "gone".to_owned() };
        let turn = |was: Option<Outlook>, is: Outlook| forecast(is).turn(was.map(forecast).as_ref());
        assert_eq!(turn(None, Outlook::Applies), None);
        assert_eq!(turn(None, stopped()), Some(Turn::Stopped));
        assert_eq!(turn(None, fails()), None, "whoever attached it sees that");
        assert_eq!(turn(Some(Outlook::Applies), stopped()), Some(Turn::Stopped));
        assert_eq!(turn(Some(Outlook::There), fails()), Some(Turn::Stopped), "the fix was reverted");
        assert_eq!(turn(Some(stopped()), fails()), None);
        assert_eq!(turn(Some(stopped()), Outlook::Applies), Some(Turn::Again));
        assert_eq!(turn(Some(stopped()), Outlook::There), Some(Turn::Again));
        assert_eq!(turn(Some(Outlook::Applies), Outlook::There), None);
        assert_eq!(turn(Some(Outlook::Applies), unknown()), None);
        assert_eq!(turn(Some(unknown()), stopped()), Some(Turn::Stopped), "it was not told meanwhile");
    }

    #[test]
    fn a_branch_that_moved_is_no_news_by_itself() {
        let moved = Forecast { tip: Some("3".repeat(40)), ..forecast(stopped()) };
        assert!(moved.repeats(&forecast(stopped())));
        assert!(!moved.repeats(&forecast(Outlook::Applies)));
        assert!(!moved.repeats(&Forecast { patch: "4".repeat(64), ..forecast(stopped()) }));
    }
}
