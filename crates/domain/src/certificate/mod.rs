//! Certificates: granted, checked, noticed, revoked and appealed, under a policy of their own kind (SCS-10 to
//! SCS-12).
//!
//! A certificate is the fold of its own log, beside the cases and without their formal machines. [`decide()`]
//! answers an action with events or a refusal; [`check::check`] runs it from every state that can be reached.

pub mod check;
mod decide;
mod event;
mod file;
mod history;
mod public;
mod refusal;
mod rules;

pub use decide::{decide, holds, next_wake, pending, ready_since};
pub use event::{Action, Actor, Entry, Event};
pub use file::{RULES_BYTES_MAX, is_rules, read};
pub use history::{HISTORY_BYTES_MAX, Happening, History, NotDone, Tried, read_history, try_out};
pub use public::{Date, View, dates, view};
pub use refusal::Refusal;
pub use rules::{About, Age, Exposure, Fact, Joins, Public, Role, Rules, Shows, Step, Verb};

use crate::time::Instant;

/// Longest text that comes with an action, in bytes.
pub const TEXT_BYTES_MAX: usize = 16 * 1024;

/// A check that failed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Failure {
    /// When it failed.
    pub at: Instant,
    /// What it was about.
    pub about: About,
    /// What failed, in words.
    pub what: String,
}

/// A failed check on its way to being settled.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Matter {
    /// What failed.
    pub failure: Failure,
    /// When notice was given of it.
    pub noticed: Option<Instant>,
    /// When the period to answer ends; none before the notice.
    pub answer_by: Option<Instant>,
    /// Whether the end of the period was noted.
    pub has_ended: bool,
    /// When the provider answered; none where nobody's judgement is waited for.
    pub answered: Option<Instant>,
    /// When its last answer was rejected.
    pub rejected: Option<Instant>,
}

impl Matter {
    pub(crate) fn new(failure: Failure) -> Matter {
        Matter { failure, noticed: None, answer_by: None, has_ended: false, answered: None, rejected: None }
    }
}

/// Why there is no certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Absence {
    /// Nobody has applied.
    NeverApplied,
    /// The application was declined.
    Declined,
    /// It ran out.
    Expired,
    /// The provider withdrew its application.
    ApplicationWithdrawn,
    /// The provider gave it back.
    Withdrawn,
}

/// How a deployment stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// It has no certificate.
    Absent {
        /// Since when.
        since: Instant,
        /// Why.
        why: Absence,
    },
    /// It applied for one.
    Applied {
        /// When.
        since: Instant,
        /// Whether it is new.
        age: Age,
        /// How many open findings it showed; none where it has shown nothing.
        open: Option<u32>,
    },
    /// It has one.
    Held {
        /// Since when.
        since: Instant,
        /// Until when, unless it is renewed. It doesn't end while a failed check is being settled.
        until: Instant,
        /// Whether the provider was told that the end comes near.
        warned: bool,
    },
    /// It was taken away.
    Revoked {
        /// When.
        since: Instant,
        /// Who did it, who therefore doesn't hear the appeal.
        by: String,
        /// Until when it was valid otherwise.
        until: Instant,
        /// When the provider appealed, while that is not decided.
        appealed: Option<Instant>,
        /// Whether no appeal is possible any more.
        is_final: bool,
    },
}

/// The certificate of one deployment, from its first application on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Certificate {
    /// How the deployment stands.
    pub standing: Standing,
    /// Whether it ever had a certificate: then it is not new (SCS-11).
    pub was_certified: bool,
    /// The failed check in hand.
    pub matter: Option<Matter>,
    /// Further failed checks. Each gets its own notice once the one in hand is settled.
    pub waiting: Vec<Failure>,
}

impl Certificate {
    /// A deployment of which nothing is known yet.
    #[must_use]
    pub fn none(since: Instant) -> Certificate {
        let standing = Standing::Absent { since, why: Absence::NeverApplied };
        Certificate { standing, was_certified: false, matter: None, waiting: Vec::new() }
    }

    /// Takes in what happened. Cannot fail: [`decide()`] did the judging.
    pub fn apply(&mut self, entry: &Entry) {
        let at = entry.at;
        match &entry.event {
            Event::Applied { age } => self.stand(Standing::Applied { since: at, age: *age, open: None }),
            Event::FindingsShown { open: shown } => {
                if let Standing::Applied { open, .. } = &mut self.standing {
                    *open = Some(*shown);
                }
            }
            Event::Granted { until } => {
                self.was_certified = true;
                self.stand(Standing::Held { since: at, until: *until, warned: false });
            }
            Event::Declined { .. } => self.absent(at, Absence::Declined),
            Event::Expired => self.absent(at, Absence::Expired),
            Event::ApplicationWithdrawn => self.absent(at, Absence::ApplicationWithdrawn),
            Event::Withdrawn => self.absent(at, Absence::Withdrawn),
            Event::Renewed { until } => self.last_until(*until),
            Event::ExpiryWarned { .. } => {
                if let Standing::Held { warned, .. } = &mut self.standing {
                    *warned = true;
                }
            }
            Event::CheckPassed => {}
            Event::CheckFailed { about, what } => {
                let failure = Failure { at, about: *about, what: what.clone() };
                match &self.matter {
                    Some(_) => self.waiting.push(failure),
                    None => self.matter = Some(Matter::new(failure)),
                }
            }
            Event::Settled { until, .. } | Event::Retracted { until, .. } => {
                self.matter = None;
                if !self.waiting.is_empty() {
                    self.matter = Some(Matter::new(self.waiting.remove(0)));
                }
                self.last_until(*until);
            }
            Event::Revoked { .. } => self.revoked(at, &entry.by),
            Event::Reinstated { until, .. } => {
                self.stand(Standing::Held { since: at, until: *until, warned: false });
            }
            Event::NoticeGiven { .. }
            | Event::PeriodEnded
            | Event::Answered { .. }
            | Event::AnswerRejected { .. } => self.in_the_matter(entry),
            Event::AppealLapsed | Event::Appealed { .. } | Event::Dismissed { .. } => {
                if let Standing::Revoked { appealed, is_final, .. } = &mut self.standing {
                    let lodged = matches!(entry.event, Event::Appealed { .. });
                    (*appealed, *is_final) = (lodged.then_some(at), !lodged);
                }
            }
        }
    }

    fn in_the_matter(&mut self, entry: &Entry) {
        let Some(matter) = &mut self.matter else { return };
        if let Event::NoticeGiven { answer_by } = &entry.event {
            (matter.noticed, matter.answer_by) = (Some(entry.at), Some(*answer_by));
        }
        matter.has_ended |= entry.event == Event::PeriodEnded;
        if let Event::Answered { .. } = &entry.event {
            matter.answered = Some(entry.at);
        }
        if let Event::AnswerRejected { .. } = &entry.event {
            (matter.answered, matter.rejected) = (None, Some(entry.at));
        }
    }

    fn revoked(&mut self, since: Instant, by: &Actor) {
        let until = match self.standing {
            Standing::Held { until, .. } => until,
            Standing::Absent { .. } | Standing::Applied { .. } | Standing::Revoked { .. } => since,
        };
        let by = by.name.clone();
        self.stand(Standing::Revoked { since, by, until, appealed: None, is_final: false });
    }

    /// A new end; whoever was warned of the old one is warned of the new one again.
    fn last_until(&mut self, new: Instant) {
        if let Standing::Held { until, warned, .. } = &mut self.standing {
            *warned &= *until == new;
            *until = new;
        }
    }

    fn absent(&mut self, since: Instant, why: Absence) {
        self.stand(Standing::Absent { since, why });
    }

    /// What was in hand belonged to the way it stood before.
    fn stand(&mut self, standing: Standing) {
        (self.standing, self.matter) = (standing, None);
        self.waiting.clear();
    }
}

/// Folds a whole log.
#[must_use]
pub fn replay(since: Instant, entries: &[Entry]) -> Certificate {
    let mut certificate = Certificate::none(since);
    entries.iter().for_each(|entry| certificate.apply(entry));
    certificate
}
