//! What follows from an action on an application.

use super::super::{Actor, By, Entry, Refusal, Who, rules, text_fits};
use super::{Action, Application, Event, Stage};
use crate::admission::{Application as Form, Ruling, lacks};
use crate::id::{Slug, StreamId};
use crate::policy::Policy;
use crate::policy::list::ListRules;
use crate::policy::vocabulary::Incomplete;
use crate::time::Instant;

/// Most messages of an appeal's thread.
const SAID_MAX: usize = 500;

type Decision = Result<Vec<Event>, Refusal>;

/// Takes an application in, and finds by itself whether it is complete. Whatever is handed in comes in, as long as it
/// is not too long; what it lacks rejects it, if the policy says so (XEN-17).
///
/// # Errors
/// Where the policy has no list, or the form is too long to be kept.
pub fn submit(
    policy: &Policy,
    project: &Slug,
    form: Form,
    now: Instant,
) -> Result<Vec<Entry<Event>>, Refusal> {
    let rules = rules(policy)?;
    if let Some(why) = form.excess() {
        return Err(Refusal::Unfit { why });
    }
    let form = Form { rulings: Vec::new(), ..form };
    let lacks = lacks(rules, &form);
    let found = match rules.incomplete {
        Incomplete::Rejected if !lacks.is_empty() => Event::FoundIncomplete { lacks },
        Incomplete::Rejected | Incomplete::Decided => Event::FoundComplete { lacks },
    };
    let submitted = Event::Submitted { project: project.clone(), form: Box::new(form) };
    Ok(vec![
        Entry { at: now, by: By::Organisation, event: submitted },
        Entry { at: now, by: By::Clock, event: found },
    ])
}

/// What follows from `action`.
pub(super) fn decide(policy: &Policy, application: &Application, actor: &Actor, action: &Action) -> Decision {
    let rules = rules(policy)?;
    let who = match action {
        Action::Answer { .. } | Action::Decide { .. } => Who::Deciders,
        Action::Withdraw | Action::Appeal { .. } => Who::Organisation,
        Action::Say { .. } => Who::Parties,
        Action::Hear { .. } => Who::Hearers,
    };
    who.demand(policy, rules, actor, action.name())?;
    let asked = Asked { rules, application, actor, act: action.name() };
    match action {
        Action::Answer { ruling } => asked.answer(ruling),
        Action::Decide { member } => asked.decide(*member),
        Action::Withdraw => asked.withdraw(),
        Action::Appeal { text } => asked.appeal(text),
        Action::Say { text } => asked.say(text),
        Action::Hear { granted, why, member } => asked.hear(*granted, why, *member),
    }
}

struct Asked<'a> {
    rules: &'a ListRules,
    application: &'a Application,
    actor: &'a Actor,
    act: &'static str,
}

impl Asked<'_> {
    fn clause(&self) -> String {
        self.rules.clause.clone()
    }

    fn wrong_stage(&self) -> Refusal {
        let (act, clause) = (self.act, self.clause());
        Refusal::WrongStage { act, stage: self.application.stage.phrase().to_owned(), clause }
    }

    /// Only an application that the program let through is anybody's to decide.
    fn demand_open(&self) -> Result<(), Refusal> {
        match self.application.stage {
            Stage::Open => Ok(()),
            Stage::Incomplete { .. } => Err(Refusal::Incomplete { clause: self.clause() }),
            Stage::NotMet { .. } | Stage::Accepted { .. } | Stage::Withdrawn { .. } => {
                Err(self.wrong_stage())
            }
        }
    }

    fn answer(&self, ruling: &Ruling) -> Decision {
        self.demand_open()?;
        if !self.rules.criteria.iter().any(|criterion| criterion.id == ruling.criterion) {
            let known = self.rules.criteria.iter().map(|criterion| criterion.id.to_string()).collect();
            return Err(Refusal::UnknownCriterion { known });
        }
        text_fits(&ruling.why)?;
        Ok(vec![Event::Answered(ruling.clone())])
    }

    fn decide(&self, member: StreamId) -> Decision {
        self.demand_open()?;
        let Actor::Person { name, .. } = self.actor else { return Err(self.wrong_stage()) };
        let unanswered: Vec<String> = self
            .rules
            .criteria
            .iter()
            .filter(|criterion| self.application.answer(&criterion.id).is_none())
            .map(|criterion| criterion.question.clone())
            .collect();
        if !unanswered.is_empty() {
            return Err(Refusal::Unanswered { questions: unanswered, clause: self.clause() });
        }
        if self.application.decided_by.contains(name) {
            return Err(Refusal::SaidAlready { needed: self.rules.persons, clause: self.clause() });
        }
        if self.application.decided_by.len() + 1 < usize::from(self.rules.persons) {
            return Ok(vec![Event::Decided]);
        }
        let is_met = |id: &Slug| self.application.answer(id).is_some_and(|answer| answer.ruling.met);
        let criteria: Vec<Slug> = self
            .rules
            .criteria
            .iter()
            .map(|criterion| criterion.id.clone())
            .filter(|id| !is_met(id))
            .collect();
        let last =
            if criteria.is_empty() { Event::Accepted { member } } else { Event::FoundNotMet { criteria } };
        Ok(vec![Event::Decided, last])
    }

    fn withdraw(&self) -> Decision {
        match self.application.stage {
            Stage::Open => Ok(vec![Event::Withdrawn]),
            Stage::Incomplete { .. }
            | Stage::NotMet { .. }
            | Stage::Accepted { .. }
            | Stage::Withdrawn { .. } => Err(self.wrong_stage()),
        }
    }

    fn appeal(&self, text: &str) -> Decision {
        if !self.application.is_rejected() {
            return Err(self.wrong_stage());
        }
        if let Some(appeal) = &self.application.appeal {
            return Err(match appeal.heard {
                Some((at, _)) => Refusal::HeardAlready { at },
                None => Refusal::Unfit { why: "there is an appeal; say more in its thread".to_owned() },
            });
        }
        text_fits(text)?;
        Ok(vec![Event::Appealed { text: text.to_owned() }])
    }

    fn say(&self, text: &str) -> Decision {
        let Some(appeal) = &self.application.appeal else { return Err(self.wrong_stage()) };
        if let Some((at, _)) = appeal.heard {
            return Err(Refusal::HeardAlready { at });
        }
        if appeal.said.len() >= SAID_MAX {
            return Err(Refusal::Unfit { why: format!("the thread has {SAID_MAX} messages, and is full") });
        }
        text_fits(text)?;
        Ok(vec![Event::Said { text: text.to_owned() }])
    }

    fn hear(&self, granted: bool, why: &str, member: StreamId) -> Decision {
        let Some(appeal) = &self.application.appeal else { return Err(self.wrong_stage()) };
        if let Some((at, _)) = appeal.heard {
            return Err(Refusal::HeardAlready { at });
        }
        let Actor::Person { name, .. } = self.actor else { return Err(self.wrong_stage()) };
        if self.application.decided_by.contains(name) {
            let who = "somebody who did not decide what is appealed against".to_owned();
            return Err(Refusal::NotPermitted { act: self.act, who, clause: self.clause() });
        }
        if granted && matches!(self.application.stage, Stage::Incomplete { .. }) {
            return Err(Refusal::Incomplete { clause: self.clause() });
        }
        let alike = |finding: &&super::Finding| finding.granted == granted;
        if appeal.findings.iter().filter(alike).any(|finding| finding.by == *name) {
            return Err(Refusal::SaidAlready { needed: self.rules.persons, clause: self.clause() });
        }
        text_fits(why)?;
        let found = Event::Found { granted, why: why.to_owned() };
        if appeal.findings.iter().filter(alike).count() + 1 < usize::from(self.rules.persons) {
            return Ok(vec![found]);
        }
        let last = if granted { Event::Accepted { member } } else { Event::Dismissed };
        Ok(vec![found, last])
    }
}
