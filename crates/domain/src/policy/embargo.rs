//! A policy's rules for the length and the end of an embargo.

use super::Policy;
use super::sets::RoleSet;
use super::vocabulary::Force;
use crate::rating::Severity;
use crate::refusal::Refusal;
use crate::time::{Instant, Length, next_slot};
use jiff::civil::{Time, Weekday};

/// The rules for embargoes.
#[derive(Clone, Debug)]
pub struct EmbargoRules {
    /// The roles that must all agree.
    pub agree: RoleSet,
    /// What is proposed where nobody says otherwise, counted from the report.
    pub default: Length,
    /// Limits by severity. Empty only where `negotiated` holds.
    pub limits: Vec<Limit>,
    /// Whether any length may be agreed (XEN-03).
    pub negotiated: bool,
    /// Whether a shorter end that the reporter asks for is agreed at once (XEN-04).
    pub reporter_may_shorten: bool,
    /// Time of day and weekdays of disclosure.
    pub ends: Option<Slot>,
    /// Source of the rule.
    pub clause: String,
}

/// Least and greatest length of an embargo, counted from the report.
#[derive(Clone, Debug)]
pub struct Limit {
    /// The bands it holds for.
    pub severity: Vec<Severity>,
    /// At least this long.
    pub at_least: Option<Length>,
    /// At most this long.
    pub at_most: Option<Length>,
    /// Duty or advice.
    pub force: Force,
    /// Source of the rule.
    pub clause: String,
}

/// When in the week a disclosure falls.
#[derive(Clone, Debug)]
pub struct Slot {
    /// The time of day in the policy's zone.
    pub at: Time,
    /// The days; empty: any.
    pub weekdays: Vec<Weekday>,
    /// Duty or advice.
    pub force: Force,
    /// Source of the rule.
    pub clause: String,
}

impl EmbargoRules {
    /// The end to propose for a report received at `received`: the default length, then the next slot.
    #[must_use]
    pub fn default_end(&self, policy: &Policy, received: Instant) -> Instant {
        let bare = self.default.after(received, &policy.zone);
        match &self.ends {
            Some(slot) => next_slot(bare, slot.at, &slot.weekdays, &policy.zone),
            None => bare,
        }
    }

    /// Whether an embargo on a report received at `received` may end at `until`.
    ///
    /// # Errors
    /// The limit or slot that forbids it. What is only advice is left to [`EmbargoRules::advice`].
    pub fn permit(
        &self,
        policy: &Policy,
        received: Instant,
        severity: Option<Severity>,
        until: Instant,
    ) -> Result<(), Refusal> {
        self.broken_limit(policy, received, severity, until, Force::Duty).map_or(Ok(()), Err)
    }

    /// What the policy advises against in an end that it permits.
    #[must_use]
    pub fn advice(
        &self,
        policy: &Policy,
        received: Instant,
        severity: Option<Severity>,
        until: Instant,
    ) -> Option<Refusal> {
        self.broken_limit(policy, received, severity, until, Force::Advice)
    }

    fn broken_limit(
        &self,
        policy: &Policy,
        received: Instant,
        severity: Option<Severity>,
        until: Instant,
        force: Force,
    ) -> Option<Refusal> {
        let applies = |limit: &&Limit| {
            limit.force == force && severity.is_none_or(|band| limit.severity.contains(&band))
        };
        for limit in self.limits.iter().filter(applies) {
            if let Some(least) = limit.at_least.filter(|least| until < least.after(received, &policy.zone)) {
                let earliest = least.after(received, &policy.zone);
                return Some(Refusal::EmbargoTooShort { least, earliest, clause: limit.clause.clone() });
            }
            if let Some(most) = limit.at_most.filter(|most| until > most.after(received, &policy.zone)) {
                let latest = most.after(received, &policy.zone);
                return Some(Refusal::EmbargoTooLong { most, latest, clause: limit.clause.clone() });
            }
        }
        let slot = self.ends.as_ref().filter(|slot| slot.force == force)?;
        let next = next_slot(until, slot.at, &slot.weekdays, &policy.zone);
        (next != until).then(|| Refusal::EmbargoOffSlot { next, clause: slot.clause.clone() })
    }
}
