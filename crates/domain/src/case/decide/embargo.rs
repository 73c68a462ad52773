//! Negotiating, ending and outrunning an embargo (CS-07, XEN-03, XEN-04, XEN-22).

use super::super::event::{EmbargoEnd, Event};
use super::super::machines::{Em, embargo_negotiable};
use super::super::{Actor, Case};
use super::{Asked, Decision, text_fits};
use crate::id::Slug;
use crate::policy::RoleSet;
use crate::policy::vocabulary::RoleKind;
use crate::refusal::Refusal;
use crate::time::Instant;

/// Most proposals open at once.
const PROPOSALS_MAX: usize = 20;

pub(super) fn propose_first(asked: &Asked<'_>, until: Instant) -> Decision {
    if asked.case.em.is_running() {
        return Err(Refusal::OutOfModel { why: "an embargo runs already: propose to revise it" });
    }
    propose(asked, until)
}

pub(super) fn revise(asked: &Asked<'_>, until: Instant) -> Decision {
    if !asked.case.em.is_running() {
        return Err(Refusal::OutOfModel { why: "no embargo runs that could be revised" });
    }
    propose(asked, until)
}

pub(super) fn reject(asked: &Asked<'_>) -> Decision {
    match asked.case.em {
        Em::Proposed | Em::Revise => Ok(vec![Event::EmbargoRejected { roles: agreeing_roles(asked) }]),
        Em::None | Em::Active | Em::Exited => Err(Refusal::OutOfModel { why: "nothing is proposed" }),
    }
}

pub(super) fn end(asked: &Asked<'_>, reason: &str) -> Decision {
    text_fits(reason, false)?;
    if !asked.case.em.is_running() {
        return Err(Refusal::OutOfModel { why: "no embargo runs" });
    }
    Ok(ended(asked, EmbargoEnd::Ended, reason))
}

pub(super) fn record_public(asked: &Asked<'_>, how: &str) -> Decision {
    outrun(asked, asked.case.state.pxa.public, how, |how| Event::BecamePublic { how })
}

pub(super) fn record_exploited(asked: &Asked<'_>, how: &str) -> Decision {
    outrun(asked, asked.case.state.pxa.exploit, how, |how| Event::Exploited { how })
}

/// Attacks alone set nothing public; ending the embargo is advised, and left to people.
pub(super) fn record_attacked(asked: &Asked<'_>, how: &str) -> Decision {
    text_fits(how, false)?;
    if asked.case.state.pxa.attacks {
        return Err(Refusal::Unfit { why: "attacks are recorded already".to_owned() });
    }
    Ok(vec![Event::Attacked { how: how.to_owned() }])
}

/// The roles of the actor whose consent the policy asks for.
fn agreeing_roles(asked: &Asked<'_>) -> Vec<Slug> {
    let roles = asked.case.roles_of(asked.policy, asked.actor).intersection(asked.policy.embargo.agree);
    roles.iter().filter_map(|role| asked.policy.role_at(role)).map(|role| role.id.clone()).collect()
}

fn is_reporter(asked: &Asked<'_>) -> bool {
    matches!(asked.actor, Actor::Person { name, .. } if name.as_str() == super::super::REPORTER)
}

fn negotiable(case: &Case) -> Result<(), Refusal> {
    if !embargo_negotiable(case.rm, case.state.pxa) {
        return Err(Refusal::OutOfModel {
            why: "nothing is negotiated over what is public, exploited, attacked or closed",
        });
    }
    match case.em {
        Em::None | Em::Proposed | Em::Active | Em::Revise => Ok(()),
        Em::Exited => Err(Refusal::OutOfModel { why: "the embargo is over, and there is no way back" }),
    }
}

fn propose(asked: &Asked<'_>, until: Instant) -> Decision {
    let Asked { case, policy, now, .. } = *asked;
    negotiable(case)?;
    if until <= now {
        return Err(Refusal::EmbargoInThePast { now });
    }
    if case.em.is_running() && case.until == Some(until) {
        return Err(Refusal::Unfit { why: format!("the embargo ends at {until} already") });
    }
    if case.proposals.iter().any(|proposal| proposal.until == until) {
        return Err(Refusal::Unfit { why: "this end is proposed already: accept it".to_owned() });
    }
    if case.proposals.len() >= PROPOSALS_MAX {
        return Err(Refusal::Unfit {
            why: format!("{PROPOSALS_MAX} proposals are open: accept or reject first"),
        });
    }
    let rules = &policy.embargo;
    let shortens =
        rules.reporter_may_shorten && is_reporter(asked) && case.until.is_none_or(|ours| until < ours);
    match rules.permit(policy, case.received(), case.severity(), until) {
        // XEN-04: who wants it shorter is always honoured.
        Err(Refusal::EmbargoTooShort { .. }) if shortens => {}
        other => other?,
    }
    let advice =
        rules.advice(policy, case.received(), case.severity(), until).map(|found| found.explain(policy));
    let roles = agreeing_roles(asked);
    let everybody = agrees(asked, &roles);
    let mut events = vec![Event::EmbargoProposed { until, roles, advice }];
    let shortest = case.proposals.first().is_none_or(|proposal| until < proposal.until);
    if shortest && (everybody || (shortens && case.em.is_running())) {
        events.extend(agreed(asked, until));
    }
    Ok(events)
}

/// Whether `roles` are all whose consent the policy asks for. Kinds that nobody holds in this case are not
/// waited for: a report without an address has no reporter who could agree.
fn agrees(asked: &Asked<'_>, roles: &[Slug]) -> bool {
    let policy = asked.policy;
    let given: RoleSet = roles.iter().filter_map(|role| policy.role(role.as_str())).collect();
    let absent = if asked.case.reports.iter().all(|report| report.from.is_none()) {
        policy.roles_of(RoleKind::Reporter)
    } else {
        RoleSet::NONE
    };
    let needed = policy.embargo.agree;
    needed.iter().all(|role| given.contains(role) || absent.contains(role))
}

/// Of several proposals the shortest is accepted; a longer one stays, as a revision.
pub(super) fn accept(asked: &Asked<'_>) -> Decision {
    negotiable(asked.case)?;
    let Some(shortest) = asked.case.proposals.first() else {
        return Err(Refusal::OutOfModel { why: "nothing is proposed" });
    };
    if shortest.until <= asked.now {
        return Err(Refusal::EmbargoInThePast { now: asked.now });
    }
    let mine: Vec<Slug> =
        agreeing_roles(asked).into_iter().filter(|role| !shortest.agreed.contains(role)).collect();
    if mine.is_empty() {
        return Err(Refusal::Unfit {
            why: "your side has agreed already; the others have not answered".to_owned(),
        });
    }
    let all: Vec<Slug> = shortest.agreed.iter().chain(&mine).cloned().collect();
    let until = shortest.until;
    let mut events = vec![Event::EmbargoAccepted { roles: mine }];
    if agrees(asked, &all) {
        events.extend(agreed(asked, until));
    }
    Ok(events)
}

/// The embargo gets its end; what waits for the old one moves along.
fn agreed(asked: &Asked<'_>, until: Instant) -> Vec<Event> {
    let mut events = vec![Event::EmbargoAgreed { until }];
    if let Some((version, _)) = asked.case.staged() {
        events.push(Event::Staged { version, at: until });
    }
    if asked.case.batch.as_ref().is_some_and(|batch| batch.at != until) {
        events.push(Event::LeftBatch);
    }
    events
}

/// The embargo ends now; what is staged is due now.
fn ended(asked: &Asked<'_>, why: EmbargoEnd, reason: &str) -> Vec<Event> {
    let mut events = vec![Event::EmbargoEnded { why, reason: reason.to_owned() }];
    if let Some((version, _)) = asked.case.staged() {
        events.push(Event::Staged { version, at: asked.now });
    }
    if asked.case.batch.is_some() {
        events.push(Event::LeftBatch);
    }
    events
}

/// Public or exploited: the embargo SHALL end at once, a proposal is void (case-model, "when it must end").
fn outrun(asked: &Asked<'_>, known: bool, how: &str, event: impl Fn(String) -> Event) -> Decision {
    text_fits(how, false)?;
    if known {
        return Err(Refusal::Unfit { why: "that is recorded already".to_owned() });
    }
    let mut events = match asked.case.em {
        Em::Active | Em::Revise => ended(asked, EmbargoEnd::Public, how),
        Em::Proposed => vec![Event::EmbargoRejected { roles: Vec::new() }],
        Em::None | Em::Exited => Vec::new(),
    };
    events.push(event(how.to_owned()));
    Ok(events)
}

/// XEN-22: batching is an option. The cases of a batch share one instant, which each embargo must have.
pub(super) fn join(asked: &Asked<'_>, batch: &Slug, at: Instant) -> Decision {
    let case = asked.case;
    if case.batch.as_ref().is_some_and(|ours| ours.id == *batch && ours.at == at) {
        return Err(Refusal::Unfit { why: format!("it is in the batch {batch} already") });
    }
    let running = case.until.filter(|_| case.em.is_running());
    if running != Some(at) {
        return Err(Refusal::NotInStep { batch: at, case: running });
    }
    Ok(vec![Event::Batched { batch: batch.clone(), at }])
}
