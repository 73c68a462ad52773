//! Why something that was asked of the list is not carried out.

use super::TEXT_BYTES_MAX;
use crate::admission::Lack;
use crate::refusal::Explanation;
use crate::time::Instant;

/// Why an action on an application or a member is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The policy says nothing of a list.
    NoList,
    /// Somebody else may do this.
    NotPermitted {
        /// What was asked.
        act: &'static str,
        /// Who may, in words.
        who: String,
        /// The clause.
        clause: String,
    },
    /// It is no time for this.
    WrongStage {
        /// What was asked.
        act: &'static str,
        /// How things stand, in words.
        stage: String,
        /// The clause.
        clause: String,
    },
    /// An incomplete application is accepted by nobody (XEN-17).
    Incomplete {
        /// The clause.
        clause: String,
    },
    /// What was given lacks what the policy asks for.
    Lacks {
        /// What, and what to do about it.
        lacks: Vec<Lack>,
        /// The clause.
        clause: String,
    },
    /// A decision rests on an answer to every criterion, each with its reason.
    Unanswered {
        /// The questions without an answer.
        questions: Vec<String>,
        /// The clause.
        clause: String,
    },
    /// No policy of ours asks this.
    UnknownCriterion {
        /// The criteria that there are.
        known: Vec<String>,
    },
    /// The same person said so already; another one is needed.
    SaidAlready {
        /// How many persons are needed.
        needed: u8,
        /// The clause.
        clause: String,
    },
    /// There was an appeal, and it was heard.
    HeardAlready {
        /// When.
        at: Instant,
    },
    /// A reason or a text is needed, and there is none.
    NoReason,
    /// The text is too long.
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// The member has no key of this fingerprint.
    UnknownKey {
        /// Those that it has.
        known: Vec<String>,
    },
    /// What was given does not fit.
    Unfit {
        /// Why, in words.
        why: String,
    },
}

impl Refusal {
    /// The refusal in words.
    #[must_use]
    pub fn explain(&self) -> Explanation {
        Explanation { why: self.why(), clause: self.clause().to_owned(), needed: self.needed() }
    }

    fn why(&self) -> String {
        match self {
            Refusal::NoList => "the policy says nothing of a predisclosure list".to_owned(),
            Refusal::NotPermitted { act, .. } => format!("you may not do `{act}` here"),
            Refusal::WrongStage { act, stage, .. } => format!("`{act}` is not possible: {stage}"),
            Refusal::Incomplete { .. } => {
                "an incomplete application is rejected, and nobody has the discretion to accept it".to_owned()
            }
            Refusal::Lacks { lacks, .. } => {
                let lacks: Vec<String> =
                    lacks.iter().map(|lack| format!("{}: {}", lack.title, lack.what)).collect();
                format!("something is missing: {}", lacks.join("; "))
            }
            Refusal::Unanswered { .. } => "a decision needs an answer to every criterion".to_owned(),
            Refusal::UnknownCriterion { .. } => "the policy has no such criterion".to_owned(),
            Refusal::SaidAlready { .. } => "you have said so already".to_owned(),
            Refusal::HeardAlready { at } => {
                format!("the appeal was heard on {}, and that is final", at.readable())
            }
            Refusal::NoReason => "there is no reason and no text".to_owned(),
            Refusal::TooLong { bytes } => {
                format!("the text has {bytes} bytes; at most {TEXT_BYTES_MAX} are kept")
            }
            Refusal::UnknownKey { .. } => "the member has no key of this fingerprint".to_owned(),
            Refusal::Unfit { why } => why.clone(),
        }
    }

    fn clause(&self) -> &str {
        match self {
            Refusal::NotPermitted { clause, .. }
            | Refusal::WrongStage { clause, .. }
            | Refusal::Incomplete { clause }
            | Refusal::Lacks { clause, .. }
            | Refusal::Unanswered { clause, .. }
            | Refusal::SaidAlready { clause, .. } => clause,
            Refusal::NoList
            | Refusal::UnknownCriterion { .. }
            | Refusal::HeardAlready { .. }
            | Refusal::NoReason
            | Refusal::TooLong { .. }
            | Refusal::UnknownKey { .. }
            | Refusal::Unfit { .. } => "",
        }
    }

    fn needed(&self) -> String {
        match self {
            Refusal::NoList => "a policy with [list], as docs/policy.md shows".to_owned(),
            Refusal::NotPermitted { who, .. } if who.is_empty() => {
                "roles in the policy's [list] that may".to_owned()
            }
            Refusal::NotPermitted { who, .. } => format!("one of: {who}"),
            Refusal::Incomplete { .. } => "a new application that holds what was missing".to_owned(),
            Refusal::Lacks { lacks, .. } => {
                let advice: Vec<&str> = lacks.iter().map(|lack| lack.advice.as_str()).collect();
                advice.join(" ")
            }
            Refusal::Unanswered { questions, .. } => {
                format!("an answer, with its reason, to: {}", questions.join(" "))
            }
            Refusal::UnknownCriterion { known } => format!("one of: {}", known.join(", ")),
            Refusal::SaidAlready { needed, .. } => format!("{needed} different persons in all"),
            Refusal::NoReason => "a few words that say why".to_owned(),
            Refusal::TooLong { .. } => "a shorter text".to_owned(),
            Refusal::UnknownKey { known } if known.is_empty() => "a key, added first".to_owned(),
            Refusal::UnknownKey { known } => format!("one of: {}", known.join(", ")),
            Refusal::WrongStage { .. } | Refusal::HeardAlready { .. } | Refusal::Unfit { .. } => {
                String::new()
            }
        }
    }

    /// Whether the refusal is a rule's, and so belongs in the log (ALL-04), rather than a slip of the pen.
    #[must_use]
    pub fn matters(&self) -> bool {
        match self {
            Refusal::NotPermitted { .. }
            | Refusal::WrongStage { .. }
            | Refusal::Incomplete { .. }
            | Refusal::Unanswered { .. }
            | Refusal::SaidAlready { .. }
            | Refusal::HeardAlready { .. } => true,
            Refusal::NoList
            | Refusal::Lacks { .. }
            | Refusal::UnknownCriterion { .. }
            | Refusal::NoReason
            | Refusal::TooLong { .. }
            | Refusal::UnknownKey { .. }
            | Refusal::Unfit { .. } => false,
        }
    }
}
