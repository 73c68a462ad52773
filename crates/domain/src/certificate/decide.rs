//! What follows from an action on a certificate.

use super::{
    Action, Actor, Age, Certificate, Event, Fact, Matter, Refusal, Role, Rules, Shows, Standing, Step,
    TEXT_BYTES_MAX, Verb,
};
use crate::time::Instant;

type Decision = Result<Vec<Event>, Refusal>;

/// What follows from `action` of `actor` at `now`.
///
/// # Errors
/// Why it is not carried out.
pub fn decide(
    rules: &Rules,
    certificate: &Certificate,
    actor: &Actor,
    action: &Action,
    now: Instant,
) -> Decision {
    let asked = Asked { rules, certificate, actor, now };
    let Some(verb) = action.verb() else {
        return if actor.role == Role::Clock { asked.perform(action) } else { Ok(Vec::new()) };
    };
    if let Some(stage) = asked.wrong_stage(verb) {
        return Err(Refusal::WrongStage(verb, stage));
    }
    let step = rules.step(verb).ok_or(Refusal::NoStep(verb))?;
    if !step.by.contains(&actor.role) {
        return Err(Refusal::NotPermitted(Box::new(step.clone())));
    }
    asked.gate(step)?;
    let is_text = |text: &str| !text.trim().is_empty() && text.len() <= TEXT_BYTES_MAX;
    if !action.text().is_none_or(is_text) {
        return Err(Refusal::Text);
    }
    asked.perform(action)
}

/// Since when a fact holds, where it does.
#[must_use]
pub fn holds(certificate: &Certificate, fact: Fact, now: Instant) -> Option<Instant> {
    let matter = certificate.matter.as_ref();
    match fact {
        Fact::CheckFailed => matter.map(|matter| matter.failure.at),
        Fact::Noticed => matter.and_then(|matter| matter.noticed),
        Fact::PeriodOver => matter.and_then(|matter| matter.answer_by).filter(|end| *end <= now),
        Fact::Answered => matter.and_then(|matter| matter.answered),
        Fact::AnswerRejected => matter.and_then(|matter| matter.rejected),
    }
}

/// Since when nothing but its time keeps a step from being done; none where something does.
#[must_use]
pub fn ready_since(rules: &Rules, certificate: &Certificate, step: &Step, now: Instant) -> Option<Instant> {
    let asked = Asked { rules, certificate, actor: &Actor::clock(), now };
    if asked.wrong_stage(step.does).is_some() || asked.gate(step).is_err() {
        return None;
    }
    let facts = step.after.iter().filter_map(|fact| holds(certificate, *fact, now));
    // Until an answer is rejected, it stands in the way of what comes after it.
    let rejected = certificate.matter.as_ref().and_then(|matter| matter.rejected);
    let appealed = match certificate.standing {
        Standing::Revoked { appealed, .. } => appealed,
        Standing::Absent { .. } | Standing::Applied { .. } | Standing::Held { .. } => None,
    };
    let known = facts.chain(rejected).chain(appealed).max();
    known.or(match certificate.standing {
        Standing::Absent { since, .. }
        | Standing::Applied { since, .. }
        | Standing::Held { since, .. }
        | Standing::Revoked { since, .. } => {
            Some(certificate.matter.as_ref().map_or(since, |matter| matter.failure.at))
        }
    })
}

/// When the clock has something to do, if ever.
#[must_use]
pub fn next_wake(rules: &Rules, certificate: &Certificate, now: Instant) -> Option<Instant> {
    let matter = certificate.matter.as_ref();
    let period = matter.filter(|matter| !matter.has_ended).and_then(|matter| matter.answer_by);
    let (end, warning) = match certificate.standing {
        Standing::Held { until, warned, .. } => {
            let warning = (!warned).then(|| rules.renew.before(until, &rules.zone));
            (matter.is_none().then_some(until), warning)
        }
        Standing::Absent { .. } | Standing::Applied { .. } | Standing::Revoked { .. } => (None, None),
    };
    let own = [period, end, warning, appeal_by(rules, certificate)].into_iter().flatten();
    let steps = clock_steps(rules, certificate, now).map(|(_, at)| at);
    own.chain(steps).min().map(|at| at.max(now))
}

/// The steps that the clock does by itself, with when.
fn clock_steps<'a>(
    rules: &'a Rules,
    certificate: &'a Certificate,
    now: Instant,
) -> impl Iterator<Item = (&'a Step, Instant)> {
    let own = rules.steps.iter().filter(|step| step.by.contains(&Role::Clock) && is_the_clocks(step.does));
    own.filter_map(move |step| {
        let since = ready_since(rules, certificate, step, now)?;
        Some((step, step.within.map_or(since, |within| within.after(since, &rules.zone))))
    })
}

/// Whether the clock can do it without being asked: what says something that only a person knows, it can't.
pub(super) fn is_the_clocks(verb: Verb) -> bool {
    match verb {
        Verb::Notice
        | Verb::RejectAnswer
        | Verb::Settle
        | Verb::Retract
        | Verb::Revoke
        | Verb::Reinstate
        | Verb::Dismiss
        | Verb::Decline => true,
        Verb::Apply
        | Verb::ShowFindings
        | Verb::Grant
        | Verb::Renew
        | Verb::Pass
        | Verb::Fail
        | Verb::Answer
        | Verb::Appeal
        | Verb::Withdraw => false,
    }
}

/// Until when an appeal is possible, while it is.
pub(super) fn appeal_by(rules: &Rules, certificate: &Certificate) -> Option<Instant> {
    match certificate.standing {
        Standing::Revoked { since, appealed: None, is_final: false, .. } => {
            Some(rules.appeal.after(since, &rules.zone))
        }
        Standing::Absent { .. }
        | Standing::Applied { .. }
        | Standing::Held { .. }
        | Standing::Revoked { .. } => None,
    }
}

/// What a certificate waits for: what somebody does next, with whether each of them must be possible or one.
#[must_use]
pub fn pending(rules: &Rules, certificate: &Certificate, now: Instant) -> &'static [Verb] {
    match &certificate.standing {
        Standing::Absent { .. } => &[Verb::Apply],
        Standing::Applied { .. } => &[Verb::Decline],
        Standing::Revoked { appealed: Some(_), .. } => &[Verb::Reinstate, Verb::Dismiss],
        Standing::Revoked { .. } => match appeal_by(rules, certificate) {
            Some(end) if now < end => &[Verb::Appeal],
            Some(_) | None => &[Verb::Apply],
        },
        Standing::Held { .. } => match &certificate.matter {
            None => &[],
            Some(Matter { noticed: None, .. }) => &[Verb::Notice],
            Some(Matter { answered: Some(_), .. }) => &[Verb::Settle, Verb::RejectAnswer],
            Some(Matter { answer_by, .. }) if answer_by.is_some_and(|end| end <= now) => &[Verb::Revoke],
            Some(_) => &[Verb::Answer],
        },
    }
}

struct Asked<'a> {
    rules: &'a Rules,
    certificate: &'a Certificate,
    actor: &'a Actor,
    now: Instant,
}

impl Asked<'_> {
    /// Why it makes no sense now, whatever the policy says.
    fn wrong_stage(&self, verb: Verb) -> Option<&'static str> {
        let standing = &self.certificate.standing;
        let is_held = matches!(standing, Standing::Held { .. });
        let is_applied = matches!(standing, Standing::Applied { .. });
        let (is_revoked, is_appealed) = match standing {
            Standing::Revoked { appealed, .. } => (true, appealed.is_some()),
            Standing::Absent { .. } | Standing::Applied { .. } | Standing::Held { .. } => (false, false),
        };
        let is_absent = matches!(standing, Standing::Absent { .. });
        let matter = self.certificate.matter.as_ref();
        let fits = match verb {
            Verb::Apply => is_absent || (is_revoked && !is_appealed),
            Verb::ShowFindings | Verb::Grant | Verb::Decline => is_applied,
            Verb::Renew | Verb::Pass | Verb::Fail | Verb::Revoke => is_held,
            Verb::Settle | Verb::Retract => is_held && matter.is_some(),
            Verb::Notice => is_held && matter.is_some_and(|matter| matter.noticed.is_none()),
            Verb::Answer => is_held && matter.is_some_and(|matter| matter.answered.is_none()),
            Verb::RejectAnswer => is_held && matter.is_some_and(|matter| matter.answered.is_some()),
            Verb::Appeal => appeal_by(self.rules, self.certificate).is_some_and(|end| self.now < end),
            Verb::Reinstate | Verb::Dismiss => is_appealed,
            Verb::Withdraw => is_held || is_applied,
        };
        (!fits).then(|| match standing {
            Standing::Absent { .. } => "there is no certificate",
            Standing::Applied { .. } => "the application is not decided",
            Standing::Held { .. } if matter.is_none() => "the certificate is valid and no check failed",
            Standing::Held { .. } => "the certificate is valid and a failed check is being settled",
            Standing::Revoked { appealed: Some(_), .. } => "the appeal is not decided",
            Standing::Revoked { .. } => "the certificate was revoked",
        })
    }

    fn gate(&self, step: &Step) -> Result<(), Refusal> {
        let holds = |fact: &&Fact| holds(self.certificate, **fact, self.now).is_some();
        if let Some(fact) = step.after.iter().find(|fact| !holds(fact)) {
            return Err(Refusal::Lacks(Box::new(step.clone()), *fact));
        }
        match step.before.iter().find(holds) {
            Some(fact) => Err(Refusal::TooLate(Box::new(step.clone()), *fact)),
            None => Ok(()),
        }
    }

    fn perform(&self, action: &Action) -> Decision {
        let text = || action.text().unwrap_or_default().to_owned();
        let event = match action {
            Action::Apply { age } => self.apply(*age)?,
            Action::ShowFindings { open } => Event::FindingsShown { open: *open },
            Action::Grant => self.grant()?,
            Action::Decline { .. } => Event::Declined { why: text() },
            Action::Renew => self.renew()?,
            Action::Pass => Event::CheckPassed,
            Action::Fail { about, .. } => {
                let (counts, clause) = &self.rules.counts;
                if !counts.contains(about) {
                    return Err(Refusal::DoesNotCount(clause.clone()));
                }
                Event::CheckFailed { about: *about, what: text() }
            }
            Action::Notice => {
                Event::NoticeGiven { answer_by: self.rules.answer.after(self.now, &self.rules.zone) }
            }
            Action::Answer { .. } => Event::Answered { what: text() },
            Action::RejectAnswer { .. } => Event::AnswerRejected { why: text() },
            Action::Settle { .. } => Event::Settled { why: text(), until: self.with_time_to_renew() },
            Action::Retract { .. } => Event::Retracted { why: text(), until: self.with_time_to_renew() },
            Action::Revoke { .. } => Event::Revoked { why: text() },
            Action::Appeal { .. } => Event::Appealed { why: text() },
            Action::Reinstate { .. } => {
                self.another_person()?;
                Event::Reinstated { why: text(), until: self.with_time_to_renew() }
            }
            Action::Dismiss { .. } => {
                self.another_person()?;
                Event::Dismissed { why: text() }
            }
            Action::Withdraw => match self.certificate.standing {
                Standing::Applied { .. } => Event::ApplicationWithdrawn,
                Standing::Absent { .. } | Standing::Held { .. } | Standing::Revoked { .. } => {
                    Event::Withdrawn
                }
            },
            Action::Tick => return Ok(self.tick()),
        };
        Ok(vec![event])
    }

    fn apply(&self, age: Age) -> Result<Event, Refusal> {
        if age == Age::New && self.certificate.was_certified {
            return Err(Refusal::NotNew(self.rules.joins.clause.clone()));
        }
        Ok(Event::Applied { age })
    }

    fn grant(&self) -> Result<Event, Refusal> {
        if let Standing::Applied { age, open, .. } = self.certificate.standing
            && self.rules.joins.of(age) == Shows::NoOpenFinding
            && open != Some(0)
        {
            return Err(Refusal::OpenFindings(open, self.rules.joins.clause.clone()));
        }
        Ok(Event::Granted { until: self.rules.valid.after(self.now, &self.rules.zone) })
    }

    fn renew(&self) -> Result<Event, Refusal> {
        let until = self.until();
        let from = self.rules.renew.before(until, &self.rules.zone);
        if self.now < from {
            return Err(Refusal::TooEarly(from));
        }
        Ok(Event::Renewed { until: self.rules.valid.after(until.max(self.now), &self.rules.zone) })
    }

    fn until(&self) -> Instant {
        match self.certificate.standing {
            Standing::Held { until, .. } | Standing::Revoked { until, .. } => until,
            Standing::Absent { .. } | Standing::Applied { .. } => self.now,
        }
    }

    /// Whoever settles something near or after the end has the whole time to renew.
    fn with_time_to_renew(&self) -> Instant {
        self.until().max(self.rules.renew.after(self.now, &self.rules.zone))
    }

    fn another_person(&self) -> Result<(), Refusal> {
        match &self.certificate.standing {
            Standing::Revoked { by, .. } if !by.is_empty() && *by == self.actor.name => {
                Err(Refusal::SamePerson)
            }
            Standing::Absent { .. }
            | Standing::Applied { .. }
            | Standing::Held { .. }
            | Standing::Revoked { .. } => Ok(()),
        }
    }

    /// The first thing that is due: the clock comes by until nothing is.
    fn tick(&self) -> Vec<Event> {
        let certificate = self.certificate;
        let matter = certificate.matter.as_ref();
        if let Some(matter) = matter
            && !matter.has_ended
            && matter.answer_by.is_some_and(|end| end <= self.now)
        {
            return vec![Event::PeriodEnded];
        }
        if appeal_by(self.rules, certificate).is_some_and(|end| end <= self.now) {
            return vec![Event::AppealLapsed];
        }
        let due = clock_steps(self.rules, certificate, self.now).find(|(_, at)| *at <= self.now);
        if let Some((step, _)) = due {
            let text = format!("by the clock, under {}", step.clause);
            let action = Action::of(step.does, &text, Age::Old, super::About::Service, 0);
            return self.perform(&action).unwrap_or_default();
        }
        match certificate.standing {
            // No certificate ends while its holder has something to answer for: that would be a revocation
            // by another name.
            Standing::Held { until, .. } if until <= self.now && matter.is_none() => vec![Event::Expired],
            Standing::Held { until, warned: false, .. }
                if self.rules.renew.before(until, &self.rules.zone) <= self.now =>
            {
                vec![Event::ExpiryWarned { until }]
            }
            Standing::Held { .. }
            | Standing::Absent { .. }
            | Standing::Applied { .. }
            | Standing::Revoked { .. } => Vec::new(),
        }
    }
}
