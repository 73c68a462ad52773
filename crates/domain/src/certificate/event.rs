//! What may be asked of a certificate, and what happens to it.

use super::{About, Age, Role, Verb};
use crate::time::Instant;
use serde::{Deserialize, Serialize};

/// Who acts, in which capacity.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Actor {
    /// The capacity.
    pub role: Role,
    /// Who; empty where that isn't said, and for the clock.
    pub name: String,
}

impl Actor {
    /// The clock.
    #[must_use]
    pub fn clock() -> Actor {
        Actor { role: Role::Clock, name: String::new() }
    }
}

/// What is asked. A text is the reason, or the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each does what the verb of its name means")]
pub enum Action {
    Apply {
        age: Age,
    },
    ShowFindings {
        open: u32,
    },
    Grant,
    Decline {
        text: String,
    },
    Renew,
    Pass,
    Fail {
        about: About,
        text: String,
    },
    Notice,
    Answer {
        text: String,
    },
    RejectAnswer {
        text: String,
    },
    Settle {
        text: String,
    },
    Retract {
        text: String,
    },
    Revoke {
        text: String,
    },
    Appeal {
        text: String,
    },
    Reinstate {
        text: String,
    },
    Dismiss {
        text: String,
    },
    Withdraw,
    /// The clock comes by.
    Tick,
}

impl Action {
    /// The verb that it does; none for the clock's coming by.
    #[must_use]
    pub fn verb(&self) -> Option<Verb> {
        Some(match self {
            Action::Apply { .. } => Verb::Apply,
            Action::ShowFindings { .. } => Verb::ShowFindings,
            Action::Grant => Verb::Grant,
            Action::Decline { .. } => Verb::Decline,
            Action::Renew => Verb::Renew,
            Action::Pass => Verb::Pass,
            Action::Fail { .. } => Verb::Fail,
            Action::Notice => Verb::Notice,
            Action::Answer { .. } => Verb::Answer,
            Action::RejectAnswer { .. } => Verb::RejectAnswer,
            Action::Settle { .. } => Verb::Settle,
            Action::Retract { .. } => Verb::Retract,
            Action::Revoke { .. } => Verb::Revoke,
            Action::Appeal { .. } => Verb::Appeal,
            Action::Reinstate { .. } => Verb::Reinstate,
            Action::Dismiss { .. } => Verb::Dismiss,
            Action::Withdraw => Verb::Withdraw,
            Action::Tick => return None,
        })
    }

    /// The text that comes with it, where one must.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Action::Decline { text }
            | Action::Fail { text, .. }
            | Action::Answer { text }
            | Action::RejectAnswer { text }
            | Action::Settle { text }
            | Action::Retract { text }
            | Action::Revoke { text }
            | Action::Appeal { text }
            | Action::Reinstate { text }
            | Action::Dismiss { text } => Some(text),
            Action::Apply { .. }
            | Action::ShowFindings { .. }
            | Action::Grant
            | Action::Renew
            | Action::Pass
            | Action::Notice
            | Action::Withdraw
            | Action::Tick => None,
        }
    }

    /// The action of a verb, with this text and these facts.
    #[must_use]
    pub fn of(verb: Verb, text: &str, age: Age, about: About, open: u32) -> Action {
        let text = text.to_owned();
        match verb {
            Verb::Apply => Action::Apply { age },
            Verb::ShowFindings => Action::ShowFindings { open },
            Verb::Grant => Action::Grant,
            Verb::Decline => Action::Decline { text },
            Verb::Renew => Action::Renew,
            Verb::Pass => Action::Pass,
            Verb::Fail => Action::Fail { about, text },
            Verb::Notice => Action::Notice,
            Verb::Answer => Action::Answer { text },
            Verb::RejectAnswer => Action::RejectAnswer { text },
            Verb::Settle => Action::Settle { text },
            Verb::Retract => Action::Retract { text },
            Verb::Revoke => Action::Revoke { text },
            Verb::Appeal => Action::Appeal { text },
            Verb::Reinstate => Action::Reinstate { text },
            Verb::Dismiss => Action::Dismiss { text },
            Verb::Withdraw => Action::Withdraw,
        }
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the fields are named by what they hold")]
pub enum Event {
    /// The provider applied.
    Applied { age: Age },
    /// It was seen how many findings are open.
    FindingsShown { open: u32 },
    /// The certificate was granted.
    Granted { until: Instant },
    /// The application was declined.
    Declined { why: String },
    /// The certificate was renewed.
    Renewed { until: Instant },
    /// The provider was told that the end comes near.
    ExpiryWarned { until: Instant },
    /// The certificate ended.
    Expired,
    /// A check was passed.
    CheckPassed,
    /// A check failed.
    CheckFailed { about: About, what: String },
    /// Notice was given of the failed check in hand.
    NoticeGiven { answer_by: Instant },
    /// The period to answer ended.
    PeriodEnded,
    /// The provider answered.
    Answered { what: String },
    /// The answer was rejected.
    AnswerRejected { why: String },
    /// The failed check is settled.
    Settled { why: String, until: Instant },
    /// The failed check was taken back.
    Retracted { why: String, until: Instant },
    /// The certificate was revoked.
    Revoked { why: String },
    /// The time to appeal ended without an appeal.
    AppealLapsed,
    /// The provider appealed.
    Appealed { why: String },
    /// The appeal was upheld.
    Reinstated { why: String, until: Instant },
    /// The appeal was dismissed.
    Dismissed { why: String },
    /// The provider withdrew its application.
    ApplicationWithdrawn,
    /// The provider gave the certificate back.
    Withdrawn,
}

/// One line of a certificate's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub at: Instant,
    /// Who.
    pub by: Actor,
    /// What.
    pub event: Event,
}
