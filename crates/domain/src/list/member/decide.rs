//! What follows from an action on a member.

use super::super::{Actor, Refusal, Who, rules, text_fits};
use super::key::{days_before, digits};
use super::{Action, Certificate, Event, Key, Member, Standing};
use crate::admission::{Application as Form, lacks};
use crate::policy::Policy;
use crate::policy::list::ListRules;
use crate::policy::vocabulary::Incomplete;
use crate::time::Instant;

/// How many days before it is due a member is asked to confirm what it shows.
pub const RECONFIRMATION_ASKED_DAYS: u16 = 30;
/// Most keys of one member.
const KEYS_MAX: usize = 10;
/// Longest certificate, in bytes.
const CERTIFICATE_BYTES_MAX: usize = 256 * 1024;

type Decision = Result<Vec<Event>, Refusal>;

/// What follows from `action` at `now`.
pub(super) fn decide(
    policy: &Policy,
    member: &Member,
    actor: &Actor,
    action: &Action,
    now: Instant,
) -> Decision {
    let rules = rules(policy)?;
    let who = match action {
        Action::AgreeToTerms { .. }
        | Action::Reconfirm { .. }
        | Action::AddKey { .. }
        | Action::ConfirmKey { .. }
        | Action::RemoveKey { .. }
        | Action::Leave => Who::Organisation,
        Action::Suspend { .. } | Action::Resume { .. } | Action::Remove { .. } => Who::Deciders,
        Action::Tick => Who::Clock,
    };
    who.demand(policy, rules, actor, action.name())?;
    let asked = Asked { policy, rules, member, actor, act: action.name(), now };
    if !member.is_member() && !matches!(action, Action::Tick) {
        return Err(asked.wrong_stage());
    }
    match action {
        Action::AgreeToTerms { sha256 } => asked.agree(sha256),
        Action::Reconfirm { form } => asked.reconfirm(form),
        Action::AddKey { certificate } => asked.add_key(certificate),
        Action::ConfirmKey { fingerprint } => asked.confirm_key(fingerprint),
        Action::RemoveKey { fingerprint } => {
            let fingerprint = asked.key(fingerprint)?.certificate.fingerprint.clone();
            Ok(vec![Event::KeyRemoved { fingerprint }])
        }
        Action::Suspend { why } => asked.suspend(why),
        Action::Resume { why } => asked.resume(why),
        Action::Leave => Ok(vec![Event::Left]),
        Action::Remove { why } => asked.remove(why),
        Action::Tick => Ok(asked.tick()),
    }
}

/// When the clock has something to do for the member, if ever.
#[must_use]
pub fn next_wake(policy: &Policy, member: &Member, now: Instant) -> Option<Instant> {
    if !member.is_member() {
        return None;
    }
    let warnings = member.keys.iter().filter_map(|key| match key.warning(now) {
        Some(_) => Some(now),
        None => key.next_warning(now),
    });
    let ask = member.confirms_by(policy).filter(|_| member.asked.is_none());
    let ask = ask.map(|by| days_before(by, RECONFIRMATION_ASKED_DAYS).max(now));
    warnings.chain(ask).min()
}

struct Asked<'a> {
    policy: &'a Policy,
    rules: &'a ListRules,
    member: &'a Member,
    actor: &'a Actor,
    act: &'static str,
    now: Instant,
}

impl Asked<'_> {
    fn clause(&self) -> String {
        self.rules.clause.clone()
    }

    fn wrong_stage(&self) -> Refusal {
        let stage = self.member.standing.phrase().to_owned();
        Refusal::WrongStage { act: self.act, stage, clause: self.clause() }
    }

    fn key(&self, fingerprint: &str) -> Result<&Key, Refusal> {
        let digits = digits(fingerprint);
        let keys = &self.member.keys;
        keys.iter().find(|key| key.certificate.fingerprint == digits).ok_or_else(|| {
            let known = keys.iter().map(|key| key.certificate.fingerprint.clone()).collect();
            Refusal::UnknownKey { known }
        })
    }

    fn agree(&self, sha256: &str) -> Decision {
        match &self.member.terms {
            Some(terms) if terms.sha256 == sha256 => Ok(Vec::new()),
            Some(_) | None => Ok(vec![Event::AgreedToTerms { sha256: sha256.to_owned() }]),
        }
    }

    /// What is missing is said, and nothing changes: nobody falls off the list by a slip in a form.
    fn reconfirm(&self, form: &Form) -> Decision {
        if let Some(why) = form.excess() {
            return Err(Refusal::Unfit { why });
        }
        let form = Form { rulings: Vec::new(), ..form.clone() };
        let lacks = lacks(self.rules, &form);
        match self.rules.incomplete {
            Incomplete::Rejected if !lacks.is_empty() => Err(Refusal::Lacks { lacks, clause: self.clause() }),
            Incomplete::Rejected | Incomplete::Decided => {
                Ok(vec![Event::Reconfirmed { form: Box::new(form) }])
            }
        }
    }

    fn add_key(&self, certificate: &Certificate) -> Decision {
        let unfit = |why: String| Err(Refusal::Unfit { why });
        let fingerprint = digits(&certificate.fingerprint);
        if self.member.keys.len() >= KEYS_MAX && self.key(&fingerprint).is_err() {
            return unfit(format!("a member has at most {KEYS_MAX} keys: remove one first"));
        }
        if certificate.armored.len() > CERTIFICATE_BYTES_MAX {
            return unfit(format!(
                "the certificate has {} bytes; at most {CERTIFICATE_BYTES_MAX} are kept",
                certificate.armored.len()
            ));
        }
        if let Some(expired) = certificate.expires.filter(|expires| *expires <= self.now) {
            return unfit(format!("the key expired on {}", expired.readable()));
        }
        if let Ok(known) = self.key(&fingerprint)
            && known.certificate.armored == certificate.armored
        {
            return unfit("the member has this key already".to_owned());
        }
        Ok(vec![Event::KeyAdded(Certificate { fingerprint, ..certificate.clone() })])
    }

    fn confirm_key(&self, fingerprint: &str) -> Decision {
        let key = self.key(fingerprint)?;
        if key.confirmed.is_some() {
            return Ok(Vec::new());
        }
        if let Some(expired) = key.certificate.expires.filter(|expires| *expires <= self.now) {
            return Err(Refusal::Unfit { why: format!("the key expired on {}", expired.readable()) });
        }
        Ok(vec![Event::KeyConfirmed { fingerprint: key.certificate.fingerprint.clone() }])
    }

    fn suspend(&self, why: &str) -> Decision {
        text_fits(why)?;
        match self.member.standing {
            Standing::Active => Ok(vec![Event::Suspended { why: why.to_owned() }]),
            Standing::Suspended { .. } | Standing::Left { .. } | Standing::Removed { .. } => {
                Err(self.wrong_stage())
            }
        }
    }

    fn resume(&self, why: &str) -> Decision {
        text_fits(why)?;
        match self.member.standing {
            Standing::Suspended { .. } => Ok(vec![Event::Resumed { why: why.to_owned() }]),
            Standing::Active | Standing::Left { .. } | Standing::Removed { .. } => Err(self.wrong_stage()),
        }
    }

    fn remove(&self, why: &str) -> Decision {
        text_fits(why)?;
        let Actor::Person { name, .. } = self.actor else { return Err(self.wrong_stage()) };
        if self.member.removal.contains(name) {
            return Err(Refusal::SaidAlready { needed: self.rules.persons, clause: self.clause() });
        }
        let mut events = vec![Event::RemovalSought { why: why.to_owned() }];
        if self.member.removal.len() + 1 >= usize::from(self.rules.persons) {
            events.push(Event::Removed { why: why.to_owned() });
        }
        Ok(events)
    }

    fn tick(&self) -> Vec<Event> {
        if !self.member.is_member() {
            return Vec::new();
        }
        let warnings = self.member.keys.iter().filter_map(|key| {
            let days = key.warning(self.now)?;
            Some(Event::KeyWarned { fingerprint: key.certificate.fingerprint.clone(), days })
        });
        let due = self.member.confirms_by(self.policy).filter(|_| self.member.asked.is_none());
        let asks = due.is_some_and(|by| days_before(by, RECONFIRMATION_ASKED_DAYS) <= self.now);
        warnings.chain(asks.then_some(Event::ReconfirmationAsked)).collect()
    }
}
