//! Why something that was asked of a certificate is not done.

use super::{Fact, Step, TEXT_BYTES_MAX, Verb};
use crate::refusal::Explanation;
use crate::time::Instant;

/// Why an action is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The policy has no such step.
    NoStep(Verb),
    /// Somebody else may do this.
    NotPermitted(Box<Step>),
    /// It is no time for this.
    WrongStage(Verb, &'static str),
    /// Something must come first.
    Lacks(Box<Step>, Fact),
    /// Something must not have happened.
    TooLate(Box<Step>, Fact),
    /// A deployment that ran before is not new.
    NotNew(String),
    /// It hasn't shown what it must.
    OpenFindings(Option<u32>, String),
    /// No check is about this.
    DoesNotCount(String),
    /// It may be renewed only near its end.
    TooEarly(Instant),
    /// Whoever revoked doesn't hear the appeal.
    SamePerson,
    /// There is no reason and no text, or it is too long.
    Text,
}

impl Refusal {
    /// The refusal in words.
    #[must_use]
    pub fn explain(&self) -> Explanation {
        let (why, clause, needed) = match self {
            Refusal::NoStep(verb) => (
                format!("the policy has no step `{}`", verb.name()),
                "",
                "a policy with that step".to_owned(),
            ),
            Refusal::NotPermitted(step) => {
                let who: Vec<&str> = step.by.iter().map(|role| role.phrase()).collect();
                (format!("you may not {}", step.does.phrase()), step.clause.as_str(), who.join(" or "))
            }
            Refusal::WrongStage(verb, stage) => {
                (format!("nobody can {} now: {stage}", verb.phrase()), "", String::new())
            }
            Refusal::Lacks(step, fact) => (
                format!("too early to {}", step.does.phrase()),
                step.clause.as_str(),
                format!("that {}", fact.phrase()),
            ),
            Refusal::TooLate(step, fact) => (
                format!("nobody can {} while this is so: {}", step.does.phrase(), fact.phrase()),
                step.clause.as_str(),
                String::new(),
            ),
            Refusal::NotNew(clause) => {
                let why = "a deployment that had a certificate is not new".to_owned();
                (why, clause.as_str(), "an application as a deployment that runs already".to_owned())
            }
            Refusal::OpenFindings(None, clause) => {
                let why = "the deployment has not shown that no finding is open".to_owned();
                (why, clause.as_str(), "a closure without missing or late answers".to_owned())
            }
            Refusal::OpenFindings(Some(open), clause) => {
                let needed = "answers to all of them, and findings shown again".to_owned();
                (format!("{open} findings are open"), clause.as_str(), needed)
            }
            Refusal::DoesNotCount(clause) => {
                ("the policy has no checks about this".to_owned(), clause.as_str(), String::new())
            }
            Refusal::TooEarly(from) => {
                (format!("it may be renewed from {from} on"), "", "some patience".to_owned())
            }
            Refusal::SamePerson => {
                ("whoever revoked doesn't hear the appeal".to_owned(), "", "another person".to_owned())
            }
            Refusal::Text => (
                "a reason or an answer has words".to_owned(),
                "",
                format!("1 to {TEXT_BYTES_MAX} bytes of text"),
            ),
        };
        Explanation { why, clause: clause.to_owned(), needed }
    }
}
