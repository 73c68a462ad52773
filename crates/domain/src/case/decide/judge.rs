//! Judging the report, the people on the case, and steps of the policy's own (CS-01 to CS-06, CS-20).

use super::super::Case;
use super::super::event::{Absorbed, EmbargoEnd, Event};
use super::super::machines::{Em, Rm, RmStep};
use super::{Asked, Decision, text_fits};
use crate::id::{CaseId, Slug};
use crate::policy::vocabulary::{BuiltFact, Fact, RoleKind};
use crate::rating::Rating;
use crate::refusal::Refusal;

/// Most people invited to one case.
const PARTICIPANTS_MAX: usize = 200;
/// Most releases that one case works on.
const RELEASES_MAX: usize = 200;

pub(super) fn acknowledge(asked: &Asked<'_>, text: &str) -> Decision {
    text_fits(text, true)?;
    match asked.case.since_built(BuiltFact::Acknowledged) {
        Some(_) => Err(Refusal::Unfit { why: "the report was acknowledged already".to_owned() }),
        None => Ok(vec![Event::Acknowledged { text: text.to_owned() }]),
    }
}

pub(super) fn deny(asked: &Asked<'_>, reason: &str) -> Decision {
    text_fits(reason, false)?;
    match asked.case.rm.step(RmStep::Invalidate) {
        Some(_) => Ok(vec![Event::Denied { reason: reason.to_owned() }]),
        None => Err(Refusal::OutOfModel { why: "only a report that was not judged yet can be denied" }),
    }
}

/// A verdict is told once there is one: told before, it would let a denial be closed untold (CS-03).
pub(super) fn tell_reporter(asked: &Asked<'_>, text: &str) -> Decision {
    text_fits(text, false)?;
    if asked.case.rm == Rm::Received {
        return Err(Refusal::OutOfModel {
            why: "the report was not judged yet: there is no verdict to tell",
        });
    }
    Ok(vec![Event::ReporterTold { text: text.to_owned() }])
}

pub(super) fn mark_duplicate(asked: &Asked<'_>, of: CaseId) -> Decision {
    if of == asked.case.id {
        return Err(Refusal::Unfit { why: "a case is not its own duplicate".to_owned() });
    }
    may_be_put_aside(asked)?;
    Ok(vec![Event::MarkedDuplicate { of }])
}

pub(super) fn rate(asked: &Asked<'_>, rating: &Rating) -> Decision {
    if asked.case.rating.as_ref() == Some(rating) {
        return Err(Refusal::Unfit { why: format!("it is rated {rating} already") });
    }
    Ok(vec![Event::Rated { rating: rating.clone() }])
}

pub(super) fn assign(asked: &Asked<'_>, person: &Slug) -> Decision {
    if asked.case.assigned.as_ref() == Some(person) {
        return Err(Refusal::Unfit { why: format!("it is assigned to {person} already") });
    }
    Ok(vec![Event::Assigned { person: person.clone() }])
}

pub(super) fn message(text: &str) -> Decision {
    text_fits(text, false)?;
    Ok(vec![Event::Messaged { text: text.to_owned() }])
}

/// A step of the policy's own: somebody did it, and ticks it once.
pub(super) fn custom(asked: &Asked<'_>, step: &Slug, note: &str) -> Decision {
    text_fits(note, true)?;
    if asked.case.since(&Fact::Custom(step.clone())).is_some() {
        return Err(Refusal::Unfit { why: format!("`{step}` is done already") });
    }
    Ok(vec![Event::CustomDone { step: step.clone(), note: note.to_owned() }])
}

/// CS-04: what only others' versions have goes to them.
pub(super) fn hand_over(asked: &Asked<'_>, to: &str, text: &str) -> Decision {
    text_fits(text, true)?;
    if asked.policy.scope.hand_over.is_empty() {
        return Err(Refusal::InScope);
    }
    if !asked.policy.scope.hand_over.iter().any(|rule| rule.to == to) {
        let names: Vec<&str> = asked.policy.scope.hand_over.iter().map(|rule| rule.to.as_str()).collect();
        return Err(Refusal::Unfit {
            why: format!("`{to}` is not named for a hand-over; the policy names {}", names.join(", ")),
        });
    }
    if asked.case.rm != Rm::Received {
        return Err(Refusal::OutOfModel { why: "only a report that was not judged yet can be handed over" });
    }
    Ok(vec![Event::HandedOver { to: to.to_owned(), text: text.to_owned() }])
}

pub(super) fn confirm(asked: &Asked<'_>, affected: &[Slug], versions: &[String]) -> Decision {
    if asked.case.rm == Rm::Accepted {
        return add_releases(asked.case, affected, versions);
    }
    if asked.case.rm.step(RmStep::Validate).is_none() {
        return Err(Refusal::OutOfModel { why: "the report was judged already" });
    }
    if affected.is_empty() || affected.len() > RELEASES_MAX {
        let why = format!("name 1 to {RELEASES_MAX} affected releases, each of which gets a patch");
        return Err(Refusal::Unfit { why });
    }
    let others = |version: &String| asked.policy.hand_over_for(version);
    if !versions.is_empty()
        && let Some(rule) =
            versions.iter().map(others).collect::<Option<Vec<_>>>().and_then(|rules| rules.first().copied())
    {
        return Err(Refusal::OutOfScope { to: rule.to.clone(), clause: rule.clause.clone() });
    }
    Ok(vec![Event::Confirmed { affected: affected.to_vec(), versions: versions.to_vec() }])
}

/// A confirmed vulnerability proves to be in more releases than was thought: they are worked on as well. What a release
/// that is not affected after all waits for is ended by a reason.
fn add_releases(case: &Case, affected: &[Slug], versions: &[String]) -> Decision {
    let is_new = |release: &&Slug| case.release(release).is_none();
    let (affected, versions): (Vec<Slug>, Vec<String>) = (
        affected.iter().filter(is_new).cloned().collect(),
        versions.iter().filter(|version| !case.affected_versions.contains(version)).cloned().collect(),
    );
    if affected.is_empty() && versions.is_empty() {
        let why = "it is confirmed already, and for these releases: name one that is to be worked on too";
        return Err(Refusal::Unfit { why: why.to_owned() });
    }
    if case.releases.len() + affected.len() > RELEASES_MAX {
        return Err(Refusal::Unfit { why: format!("a case has at most {RELEASES_MAX} affected releases") });
    }
    if case.staged().is_some() {
        return Err(Refusal::OutOfModel {
            why: "the advisory is staged without it: `draft` it anew first, or add the release for a re-issue",
        });
    }
    if !case.is_announced()
        && [BuiltFact::Committed, BuiltFact::Released].iter().any(|fact| case.since_built(*fact).is_some())
    {
        return Err(Refusal::OutOfModel {
            why: "the fix is committed or released everywhere it was to be: announce, add the release, and re-issue",
        });
    }
    Ok(vec![Event::Confirmed { affected, versions }])
}

/// A duplicate is valid and deferred; nothing is staged or running in it any more.
fn may_be_put_aside(asked: &Asked<'_>) -> Result<(), Refusal> {
    if asked.case.em.is_running() {
        return Err(Refusal::OutOfModel {
            why: "an embargo runs in this case: `merge` it, so that the other case carries it on",
        });
    }
    if asked.case.staged().is_some() || asked.case.is_announced() {
        return Err(Refusal::OutOfModel { why: "its advisory is staged or public" });
    }
    match asked.case.rm {
        Rm::Received | Rm::Invalid | Rm::Valid | Rm::Accepted => Ok(()),
        Rm::Start | Rm::Deferred | Rm::Closed => {
            Err(Refusal::OutOfModel { why: "the report was put aside already" })
        }
    }
}

pub(super) fn invite(asked: &Asked<'_>, person: &Slug, role: &Slug) -> Decision {
    let helpers = asked.policy.roles_of(RoleKind::Helper);
    let fits = asked.policy.role(role.as_str()).is_some_and(|role| helpers.contains(role));
    if !fits {
        let titles = asked.policy.titles(helpers);
        return Err(Refusal::Unfit {
            why: format!("`{role}` is not a role that people are invited to; there is: {titles}"),
        });
    }
    if asked.case.participants.iter().any(|p| p.person == *person && p.role == *role) {
        return Err(Refusal::Unfit { why: format!("{person} is invited already") });
    }
    if asked.case.participants.len() >= PARTICIPANTS_MAX {
        return Err(Refusal::Unfit { why: format!("a case has at most {PARTICIPANTS_MAX} invited people") });
    }
    Ok(vec![Event::Invited { person: person.clone(), role: role.clone() }])
}

/// CS-20: the person acknowledges for themselves, and only sees the case afterwards.
pub(super) fn acknowledge_confidence(asked: &Asked<'_>) -> Decision {
    let open = asked.case.participants.iter().any(|p| p.person == *asked.name && !p.acknowledged);
    if open {
        Ok(vec![Event::ConfidenceAcknowledged { person: asked.name.clone() }])
    } else {
        Err(Refusal::Unfit { why: "there is no open invitation for you".to_owned() })
    }
}

/// Takes `other` in: no fact is lost, no embargo becomes longer (case-model property 5).
pub(super) fn absorb(asked: &Asked<'_>, other: &Case) -> Decision {
    let case = asked.case;
    if other.id == case.id {
        return Err(Refusal::Unfit { why: "a case cannot take itself in".to_owned() });
    }
    if matches!(case.rm, Rm::Deferred | Rm::Closed | Rm::Invalid) {
        return Err(Refusal::OutOfModel { why: "only a case that is being worked on takes another one in" });
    }
    if other.is_announced() || other.staged().is_some() {
        return Err(Refusal::OutOfModel { why: "the other case's advisory is staged or public" });
    }
    let over = case.em == Em::Exited || case.state.pxa.public;
    if other.em.is_running() && over {
        return Err(Refusal::OutOfModel {
            why: "the other case's embargo runs, this one's is over: end it there first",
        });
    }
    let ends_now = (other.state.pxa.public || other.state.pxa.exploit) && case.em.is_running();
    let mut events = Vec::new();
    if ends_now {
        events.push(Event::EmbargoEnded {
            why: EmbargoEnd::Public,
            reason: "the other case is public".to_owned(),
        });
    }
    events.push(Event::Absorbed(Box::new(what_is_new(case, other))));
    Ok(events)
}

fn what_is_new(case: &Case, other: &Case) -> Absorbed {
    let here = |release: &Slug| case.release(release);
    let earlier = other.until.filter(|_| other.em.is_running()).filter(|theirs| match case.until {
        Some(ours) if case.em.is_running() => *theirs < ours,
        Some(_) | None => true,
    });
    Absorbed {
        from: other.id,
        reports: other.reports.clone(),
        reporters: other.reporters.clone(),
        cves: other.cves.iter().filter(|cve| !case.cves.contains(cve)).cloned().collect(),
        patches: other
            .releases
            .iter()
            .filter(|work| here(&work.release).is_none_or(|ours| ours.patch.is_none()))
            .filter_map(|work| {
                let patch = work.patch.as_ref()?;
                Some((work.release.clone(), patch.name.clone(), patch.sha256.clone()))
            })
            .collect(),
        affected: other
            .releases
            .iter()
            .filter(|w| here(&w.release).is_none())
            .map(|w| w.release.clone())
            .collect(),
        people: other.participants.iter().map(|p| (p.person.clone(), p.role.clone())).collect(),
        rating: other.rating.clone().filter(|_| case.rating.is_none()),
        until: earlier,
        public: other.state.pxa.public && !case.state.pxa.public,
        exploit: other.state.pxa.exploit && !case.state.pxa.exploit,
        attacks: other.state.pxa.attacks && !case.state.pxa.attacks,
    }
}

pub(super) fn merge_into(asked: &Asked<'_>, target: CaseId) -> Decision {
    let case = asked.case;
    if target == case.id {
        return Err(Refusal::Unfit { why: "a case cannot go into itself".to_owned() });
    }
    if case.staged().is_some() || case.is_announced() {
        return Err(Refusal::OutOfModel { why: "its advisory is staged or public" });
    }
    if matches!(case.rm, Rm::Deferred | Rm::Closed) {
        return Err(Refusal::OutOfModel { why: "the report was put aside already" });
    }
    let mut events = Vec::new();
    if case.em.is_running() {
        let reason = format!("carried on by {target}");
        events.push(Event::EmbargoEnded { why: EmbargoEnd::Merged, reason });
    } else if case.em == Em::Proposed {
        events.push(Event::EmbargoRejected { roles: Vec::new() });
    }
    events.push(Event::Merged { into: target });
    Ok(events)
}
