//! Who comes onto the predisclosure list: what an application holds, what it lacks under a policy, and what
//! becomes of it (XEN-15 to XEN-19, CS-21, CS-23).
//!
//! Completeness is the program's to find, item by item, from the application alone: nobody hunts for what an
//! applicant did not send (XEN-17). Whether a complete application meets the criteria is for people to say.

mod application;
mod evidence;
mod lacks;
#[cfg(test)]
mod tests;

pub use application::{APPLICATION_BYTES_MAX, Application, Link, Ruling, SCHEMA, read};
pub use lacks::{Lack, lacks};

use crate::id::Slug;
use crate::policy::list::ListRules;
use crate::policy::vocabulary::Incomplete;

/// What becomes of an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Rejected by the program: these are missing (XEN-17).
    Incomplete(Vec<Lack>),
    /// For the team to decide: these criteria have no answer yet.
    Open(Vec<Slug>),
    /// Rejected by the team: these criteria are not met.
    NotMet(Vec<Slug>),
    /// A member: every criterion is met.
    Member,
}

/// What becomes of `application` under `rules`, with the team's answers to the criteria so far.
#[must_use]
pub fn outcome(rules: &ListRules, application: &Application, rulings: &[Ruling]) -> Outcome {
    let lacks = lacks(rules, application);
    if !lacks.is_empty() && rules.incomplete == Incomplete::Rejected {
        return Outcome::Incomplete(lacks);
    }
    let ruling = |criterion: &Slug| rulings.iter().rev().find(|ruling| ruling.criterion == *criterion);
    let criteria = || rules.criteria.iter().map(|criterion| criterion.id.clone());
    let not_met: Vec<Slug> = criteria().filter(|id| ruling(id).is_some_and(|ruling| !ruling.met)).collect();
    if !not_met.is_empty() {
        return Outcome::NotMet(not_met);
    }
    let open: Vec<Slug> = criteria().filter(|id| ruling(id).is_none()).collect();
    if open.is_empty() { Outcome::Member } else { Outcome::Open(open) }
}
