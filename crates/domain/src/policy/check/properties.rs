//! What must be true of every reachable state, and the findings where it is not.

use super::explore::{Exploration, Sighting, StateId};
use super::order::has;
use super::{Finding, Kind};
use crate::case::Case;
use crate::case::machines::Rm;
use crate::policy::vocabulary::{BuiltFact, Fact, Verb};
use crate::policy::{Act, Policy, Step};
use crate::refusal::Refusal;

/// A closed case that was announced has everything that must follow the announcement, whatever `decide` said.
pub(super) fn closed_properly(found: &mut Exploration, at: StateId, case: &Case) {
    if case.rm != Rm::Closed || !case.is_announced() || found.broken.contains_key("follow-up") {
        return;
    }
    let Some(step) = found.world.policy.step(&Act::Built(Verb::Announce)) else { return };
    let closed = Fact::Built(BuiltFact::Closed);
    let missing = step.then.iter().find(|fact| **fact != closed && !case.holds(&found.world.policy, fact));
    if let Some(fact) = missing {
        let what = format!("closed although not: {} ({})", found.world.policy.fact_phrase(fact), step.clause);
        found.broken.insert("follow-up".to_owned(), Sighting { at, by: None, what });
    }
}

/// Everything that an exploration found wrong.
pub(super) fn findings(policy: &Policy, found: &Exploration) -> Vec<Finding> {
    let mut findings: Vec<Finding> = found.leaks.values().map(|s| sighting(found, Kind::Leak, s)).collect();
    findings.extend(found.broken.values().map(|s| sighting(found, Kind::Broken, s)));
    findings.extend(unreachable_steps(policy, found));
    findings.extend(dead_end(policy, found));
    if let Some(at) = found.trapped {
        let what = format!(
            "{}: an embargo runs and nobody can end it early: add `end-embargo` or `record-public`",
            policy.embargo.clause
        );
        findings.push(Finding { kind: Kind::EmbargoWithoutEnd, what, path: found.path_to(at) });
    }
    findings
}

fn sighting(found: &Exploration, kind: Kind, seen: &Sighting) -> Finding {
    let mut path = found.path_to(seen.at);
    path.extend(seen.by.and_then(|index| found.world.moves.get(index)).map(|step| step.label.clone()));
    Finding { kind, what: seen.what.clone(), path }
}

fn unreachable_steps(policy: &Policy, found: &Exploration) -> Vec<Finding> {
    let never = policy.steps.iter().enumerate().filter(|(index, _)| !found.done.contains(index));
    never
        .map(|(_, step)| Finding {
            kind: Kind::Unreachable,
            what: why_never(policy, found, step),
            path: Vec::new(),
        })
        .collect()
}

fn why_never(policy: &Policy, found: &Exploration, step: &Step) -> String {
    let never = |fact: &&Fact| match fact {
        // Not lasting: whether it held is not recorded, so ask whether anybody can bring it about.
        Fact::Built(
            built @ (BuiltFact::PatchedEverywhere
            | BuiltFact::TestedEverywhere
            | BuiltFact::ResolvedEverywhere
            | BuiltFact::Approved
            | BuiltFact::Staged),
        ) => policy.step_towards(&Fact::Built(*built)).is_none() && *built != BuiltFact::Staged,
        Fact::Built(_) | Fact::Custom(_) => !found.facts.contains(*fact),
    };
    let waits: Vec<String> = step.after.iter().filter(never).map(|fact| policy.fact_phrase(fact)).collect();
    let reason = match (&step.act, waits.is_empty()) {
        (_, false) => format!("it waits for something that never happens: {}", waits.join("; ")),
        (Act::Built(Verb::Invite), true) => "no role is of the kind `helper`".to_owned(),
        (Act::Built(Verb::AcknowledgeConfidence), true) if !has(policy, Verb::Invite) => {
            "nobody can be invited".to_owned()
        }
        (Act::Built(Verb::HandOver), true) => "the scope names nobody to hand over to".to_owned(),
        (_, true) => "no state that can be reached allows it".to_owned(),
    };
    format!("`{}` ({}) can never be done: {reason}", step.act, step.clause)
}

fn dead_end(policy: &Policy, found: &Exploration) -> Option<Finding> {
    let dead = found.dead_ends();
    let first = *dead.first()?;
    // Said best where things have come to rest: the last state of the dead region that closing is tried in.
    let stuck = dead.iter().find_map(|state| match found.close_refusals.get(state) {
        Some(Refusal::StillOpen { missing, clause }) => {
            let phrases: Vec<String> = missing.iter().map(|fact| policy.fact_phrase(fact)).collect();
            Some(format!("; closing waits for: {} ({clause})", phrases.join("; ")))
        }
        _ => None,
    });
    let what = format!(
        "from here the case can never be closed ({} of {} states){}",
        dead.len(),
        found.states(),
        stuck.unwrap_or_default()
    );
    Some(Finding { kind: Kind::DeadEnd, what, path: found.path_to(first) })
}
