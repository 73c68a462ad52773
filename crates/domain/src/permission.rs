//! May somebody pass on what they know of a case? Computed from the policy and the case as they are now, with the
//! clause that says so (CS-15, XEN-08 to XEN-13).
//!
//! What no rule mentions, no rule permits. The answer depends on nothing that whoever asks may not know: the
//! policy is public, and a rule ends for them when the advisory is public.

use crate::advisory::Section;
use crate::audience::{items_of, view};
use crate::case::{Actor, Case};
use crate::policy::vocabulary::{Answer, Item};
use crate::policy::{Policy, RoleId, Tells};

/// Whether something may be passed on, and why.
#[derive(Clone, Copy, Debug)]
pub struct Ruling<'a> {
    /// Whether.
    pub answer: Answer,
    /// Why.
    pub because: Because<'a>,
    /// What the advisory states of deployment during the embargo, where the question is about that and whoever
    /// asks may read it (XEN-11).
    pub stated: Option<&'a str>,
}

/// Why something may, or may not, be passed on.
#[derive(Clone, Copy, Debug)]
pub enum Because<'a> {
    /// A rule of the policy.
    Rule(&'a Tells),
    /// The advisory is public, and they may know it themselves.
    Public,
    /// No rule speaks of it.
    Silence,
}

/// Whether `asker` may let `to` have `item` of `case` now. `None`: for `asker` there is no such case.
///
/// Where several rules answer, because `asker` has several roles, the strictest counts.
#[must_use]
pub fn may_tell<'a>(
    policy: &'a Policy,
    case: &'a Case,
    asker: &Actor,
    to: RoleId,
    item: Item,
) -> Option<Ruling<'a>> {
    let seen = view(policy, case, asker)?;
    let text = seen.versions.last().and_then(|version| version.draft.sections.get(&Section::Deployment));
    let stated = text.filter(|_| item == Item::Deployment).map(String::as_str);
    if case.is_announced() && items_of(policy, case, to).contains(item) {
        return Some(Ruling { answer: Answer::Yes, because: Because::Public, stated });
    }
    let roles = case.roles_of(policy, asker);
    let in_force = |rule: &&Tells| match &rule.until {
        Some(until) => !(case.is_announced() && case.holds(policy, until)),
        None => true,
    };
    let speaks = |rule: &&Tells| rule.from.meets(roles) && rule.to.contains(to) && rule.items.contains(item);
    let strictest =
        policy.tells.iter().filter(speaks).filter(in_force).max_by_key(|rule| strictness(rule.answer));
    Some(match strictest {
        Some(rule) => Ruling { answer: rule.answer, because: Because::Rule(rule), stated },
        None => Ruling { answer: Answer::No, because: Because::Silence, stated },
    })
}

fn strictness(answer: Answer) -> u8 {
    match answer {
        Answer::Yes => 0,
        Answer::Ask => 1,
        Answer::No => 2,
    }
}
