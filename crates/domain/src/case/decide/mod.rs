//! What follows from an action: events, or a refusal that names its rule. Changes nothing, waits for nothing.
//!
//! Every action passes the same gate: is there such a step, may this person do it, has what must come first
//! come, has nothing happened that must not have, and would nobody learn what they must not know. Then the
//! room that the action belongs to decides the rest.

mod advisory;
mod embargo;
mod fix;
mod judge;
mod tick;

use super::action::TEXT_BYTES_MAX;
use super::event::{By, Entry, Event};
use super::machines::Rm;
use super::{Action, Actor, Case, Report};
use crate::audience;
use crate::id::CaseId;
use crate::policy::vocabulary::{BuiltFact, Fact, Verb};
use crate::policy::{Act, Policy, Step};
use crate::refusal::Refusal;
use crate::time::Instant;

/// The event that opens a case. Any report opens one: it is judged afterwards (ALL-05, CS-01).
#[must_use]
pub fn open(id: CaseId, report: Report, now: Instant) -> Entry {
    let by = By::Person(super::REPORTER.parse().unwrap_or_else(|_| unreachable!("`reporter` is a name")));
    Entry { at: now, by, event: Event::Received { id, report } }
}

/// Decides what follows from `action` at `now`.
///
/// # Errors
/// Why it is not carried out.
pub fn decide(
    policy: &Policy,
    case: &Case,
    actor: &Actor,
    action: &Action,
    now: Instant,
) -> Result<Vec<Event>, Refusal> {
    let Some(act) = action.act() else {
        return match actor {
            Actor::Clock => Ok(tick::tick(policy, case, now)),
            Actor::Person { .. } => Err(Refusal::OutOfModel { why: "only the clock ticks" }),
        };
    };
    let step = policy.step(&act).ok_or_else(|| Refusal::NoSuchStep { act: act.clone() })?;
    let name = gate(policy, case, actor, step)?;
    let asked = Asked { policy, case, actor, name, step, now };
    carry_out(&asked, action)
}

/// Every action has its one line: a new one does not compile until it stands here.
fn carry_out(asked: &Asked<'_>, action: &Action) -> Decision {
    match action {
        Action::Acknowledge { text } => judge::acknowledge(asked, text),
        Action::HandOver { to, text } => judge::hand_over(asked, to, text),
        Action::Confirm { affected, versions } => judge::confirm(asked, affected, versions),
        Action::Deny { reason } => judge::deny(asked, reason),
        Action::TellReporter { text } => judge::tell_reporter(asked, text),
        Action::MarkDuplicate { of } => judge::mark_duplicate(asked, *of),
        Action::Absorb { other } => judge::absorb(asked, other),
        Action::MergeInto { target } => judge::merge_into(asked, *target),
        Action::Rate { rating } => judge::rate(asked, rating),
        Action::Assign { person } => judge::assign(asked, person),
        Action::Invite { person, role } => judge::invite(asked, person, role),
        Action::AcknowledgeConfidence => judge::acknowledge_confidence(asked),
        Action::MessageReporter { text } => judge::message(text),
        Action::Custom { step, note } => judge::custom(asked, step, note),
        Action::ProposeEmbargo { until } => embargo::propose_first(asked, *until),
        Action::AcceptEmbargo => embargo::accept(asked),
        Action::ReviseEmbargo { until } => embargo::revise(asked, *until),
        Action::RejectEmbargo => embargo::reject(asked),
        Action::EndEmbargo { reason } => embargo::end(asked, reason),
        Action::RecordPublic { how } => embargo::record_public(asked, how),
        Action::RecordExploited { how } => embargo::record_exploited(asked, how),
        Action::RecordAttacked { how } => embargo::record_attacked(asked, how),
        Action::Batch { batch, at } => embargo::join(asked, batch, *at),
        Action::AttachPatch { release, name, sha256 } => fix::attach_patch(asked, release, name, sha256),
        Action::RecordTest { release, outcome, note } => fix::record_test(asked, release, *outcome, note),
        Action::GiveReason { release, reason, note } => fix::give_reason(asked, release, *reason, note),
        Action::ReserveCve { cve } => fix::reserve_cve(asked, cve),
        Action::RecordCommit { release, commit, message } => {
            fix::record_commit(asked, release, commit, message)
        }
        Action::RecordRelease { release, version } => fix::record_release(asked, release, version),
        Action::AssignNumber { number } => advisory::assign_number(asked, number),
        Action::DraftAdvisory { draft } => advisory::draft(asked, draft),
        Action::Approve => advisory::approve(asked),
        Action::Predisclose => advisory::predisclose(asked),
        Action::Announce => advisory::announce(asked),
        Action::OpenCase => advisory::open_case(asked),
        Action::Reissue { draft, changes, action_needed } => {
            advisory::reissue(asked, draft, changes, *action_needed)
        }
        Action::Retrospective { text } => advisory::retrospective(text),
        Action::Close { reason } => advisory::close(asked, reason),
        Action::Tick => Err(Refusal::OutOfModel { why: "only the clock ticks" }),
    }
}

/// What follows from an action, or why nothing does.
type Decision = Result<Vec<Event>, Refusal>;

/// One action on its way through, having passed the gate.
struct Asked<'a> {
    policy: &'a Policy,
    case: &'a Case,
    actor: &'a Actor,
    name: &'a crate::id::Slug,
    step: &'a Step,
    now: Instant,
}

impl Asked<'_> {
    fn not_yet(&self, missing: BuiltFact) -> Refusal {
        Refusal::NotYet {
            act: self.step.act.clone(),
            missing: vec![Fact::Built(missing)],
            releases: Vec::new(),
            clause: self.step.clause.clone(),
        }
    }
}

fn gate<'a>(
    policy: &Policy,
    case: &Case,
    actor: &'a Actor,
    step: &Step,
) -> Result<&'a crate::id::Slug, Refusal> {
    let Actor::Person { name, .. } = actor else {
        return Err(Refusal::OutOfModel { why: "the clock only ticks" });
    };
    if !case.roles_of(policy, actor).meets(step.by) {
        let who = policy.titles(step.by);
        return Err(Refusal::NotPermitted { act: step.act.clone(), who, clause: step.clause.clone() });
    }
    if case.owes_confidence(policy, actor) && step.act != Act::Built(Verb::AcknowledgeConfidence) {
        return Err(Refusal::OutOfModel { why: "acknowledge confidence for this case first (CS-20)" });
    }
    if case.rm == Rm::Closed && !goes_on_after_close(&step.act) {
        return Err(Refusal::OutOfModel { why: "the case is closed" });
    }
    if let Some(since) = step.before.iter().find(|fact| case.holds(policy, fact)) {
        let (act, clause) = (step.act.clone(), step.clause.clone());
        return Err(Refusal::TooLate { act, since: since.clone(), clause });
    }
    let missing: Vec<Fact> = step.after.iter().filter(|fact| !case.holds(policy, fact)).cloned().collect();
    if !missing.is_empty() {
        let resolving = missing.contains(&Fact::Built(BuiltFact::ResolvedEverywhere));
        let releases = if resolving { case.open_releases() } else { Vec::new() };
        return Err(Refusal::NotYet {
            act: step.act.clone(),
            missing,
            releases,
            clause: step.clause.clone(),
        });
    }
    audience::may_be_given(policy, case, step)?;
    Ok(name)
}

/// A closed report is closed for good, but its advisory lives on: errata come months later (XEN-21).
fn goes_on_after_close(act: &Act) -> bool {
    match act {
        Act::Custom(_) => false,
        Act::Built(verb) => matches!(
            verb,
            Verb::Reissue
                | Verb::DraftAdvisory
                | Verb::Approve
                | Verb::Announce
                | Verb::OpenCase
                | Verb::Retrospective
                | Verb::MessageReporter
                | Verb::ReserveCve
                | Verb::GiveReason
        ),
    }
}

/// Text that came with an action: bounded, and not empty where it must say something.
fn text_fits(text: &str, may_be_empty: bool) -> Result<(), Refusal> {
    if text.len() > TEXT_BYTES_MAX {
        let why = format!(
            "the text has {} bytes; at most {TEXT_BYTES_MAX} fit, the rest belongs in an attachment",
            text.len()
        );
        Err(Refusal::Unfit { why })
    } else if text.trim().is_empty() && !may_be_empty {
        Err(Refusal::Unfit { why: "the text is empty".to_owned() })
    } else {
        Ok(())
    }
}
