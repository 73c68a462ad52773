//! Proving a policy: the real [`crate::case::decide()`] is run under it from every state that can be reached,
//! with one affected release and two possible ends of the embargo, and every state and transition is held
//! against what must be true of any policy.

mod explore;
mod key;
mod model;
mod order;
mod properties;

pub use explore::{Exploration, explore};
pub use model::{Phase, Roles};

use super::{Policy, Step};
use crate::case::{Actor, Case, decide};
use crate::refusal::Refusal;
use crate::time::Instant;

/// What kind of mistake a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Two clauses cannot both hold.
    Contradiction,
    /// Limits that nothing fits between.
    Limits,
    /// An embargo that never has to end, or that nobody can end.
    EmbargoWithoutEnd,
    /// A step that can never be done.
    Unreachable,
    /// An item would reach somebody before it may.
    Leak,
    /// A state from which the case can never be closed.
    DeadEnd,
    /// A case closed, or became public, without what must be so.
    Broken,
}

impl Kind {
    /// The kind as reports name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Contradiction => "contradiction",
            Kind::Limits => "limits",
            Kind::EmbargoWithoutEnd => "embargo without end",
            Kind::Unreachable => "unreachable step",
            Kind::Leak => "leak",
            Kind::DeadEnd => "dead end",
            Kind::Broken => "broken promise",
        }
    }
}

/// A mistake in a policy, with the shortest way to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What kind it is.
    pub kind: Kind,
    /// What is wrong, in a sentence that names the clauses.
    pub what: String,
    /// The shortest list of actions that leads there; empty where the text alone shows it.
    pub path: Vec<String>,
}

/// What checking a policy showed.
#[derive(Clone, Debug)]
pub struct Report {
    /// Reachable states.
    pub states: usize,
    /// Transitions between them, each decided by the real `decide`.
    pub transitions: usize,
    /// Mistakes; empty for a sound policy.
    pub findings: Vec<Finding>,
}

/// Whether `actor` could do `step` in `case` now with fitting words and files: the real `decide` is asked,
/// with the checker's own example of the action.
///
/// # Errors
/// Why not, where it is not only a matter of what the person would hand in.
pub fn possible(
    policy: &Policy,
    case: &Case,
    actor: &Actor,
    step: &Step,
    now: Instant,
) -> Result<(), Refusal> {
    let mut answer = Ok(());
    for action in model::examples(policy, case, step, now) {
        match decide(policy, case, actor, &action, now) {
            Ok(_) => return Ok(()),
            Err(refusal) if refusal.is_about_what_was_given() => return Ok(()),
            Err(refusal) => answer = Err(refusal),
        }
    }
    answer
}

/// Checks `policy` exhaustively.
#[must_use]
pub fn check(policy: &Policy) -> Report {
    let mut findings = order::contradictions(policy);
    findings.extend(order::limits(policy));
    findings.extend(order::list(policy));
    let exploration = explore(policy, Roles::Representative);
    findings.extend(properties::findings(policy, &exploration));
    findings.sort_by_key(|finding| finding.kind);
    Report { states: exploration.states(), transitions: exploration.transitions(), findings }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::read;
    use std::collections::BTreeSet;

    fn said(policy: &Policy, exploration: &Exploration) -> BTreeSet<(Kind, usize)> {
        let findings = properties::findings(policy, exploration);
        findings.iter().map(|finding| (finding.kind, finding.path.len())).collect()
    }

    /// What `key` leaves out changes no finding, and no counterexample's length.
    #[test]
    fn the_reduction_hides_nothing() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/policies-broken");
        let mut compared = 0;
        for entry in std::fs::read_dir(folder).expect("the folder is part of the project") {
            let text = std::fs::read_to_string(entry.expect("an entry").path()).expect("text");
            let policy = read(&text).unwrap_or_else(|faults| panic!("{faults:?}"));
            let reduced = explore(&policy, Roles::Representative);
            let full = explore::explore_with(&policy, Roles::Representative, true);
            assert!(full.states() >= reduced.states());
            assert_eq!(said(&policy, &reduced), said(&policy, &full), "{}", policy.title);
            compared += 1;
        }
        assert!(compared > 12);
    }
}
