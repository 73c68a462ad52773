//! Who acts on the list, and in which capacity.

use super::Refusal;
use crate::id::Slug;
use crate::policy::list::ListRules;
use crate::policy::{Policy, RoleSet};
use serde::{Deserialize, Serialize};

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A person of the project, with their roles in it.
    Person {
        /// The person's name in this instance.
        name: Slug,
        /// Their roles in the project.
        roles: RoleSet,
    },
    /// The organisation that the stream is about: whoever holds the link that was sent to its alias.
    Organisation,
    /// A person of the project who enters what the organisation asked for, as by mail.
    Behalf {
        /// The person's name in this instance.
        name: Slug,
        /// Their roles in the project.
        roles: RoleSet,
    },
    /// The clock: nobody's hand.
    Clock,
}

/// Whose hand it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// A person of this name.
    Person(Slug),
    /// The organisation itself.
    Organisation,
    /// A person of this name, for the organisation.
    Behalf(Slug),
    /// The clock, or the program on the instant.
    Clock,
}

impl Actor {
    /// How the log names them.
    #[must_use]
    pub fn by(&self) -> By {
        match self {
            Actor::Person { name, .. } => By::Person(name.clone()),
            Actor::Organisation => By::Organisation,
            Actor::Behalf { name, .. } => By::Behalf(name.clone()),
            Actor::Clock => By::Clock,
        }
    }
}

/// In which capacity something is done to a stream of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Those who decide about applications and members.
    Deciders,
    /// Those who hear appeals (XEN-18).
    Hearers,
    /// The organisation itself.
    Organisation,
    /// Whoever takes part in an appeal: all of the above.
    Parties,
    /// The clock.
    Clock,
}

impl Who {
    /// Whether `actor` has this capacity.
    #[must_use]
    pub fn admits(self, rules: &ListRules, actor: &Actor) -> bool {
        match (self, actor) {
            (Who::Deciders, Actor::Person { roles, .. }) => roles.meets(rules.by),
            (Who::Hearers, Actor::Person { roles, .. }) => roles.meets(rules.heard_by),
            (Who::Parties, Actor::Person { roles, .. }) => roles.meets(rules.by.union(rules.heard_by)),
            (Who::Organisation | Who::Parties, Actor::Organisation) | (Who::Clock, Actor::Clock) => true,
            (Who::Organisation | Who::Parties, Actor::Behalf { roles, .. }) => roles.meets(rules.by),
            (Who::Deciders | Who::Hearers | Who::Clock, Actor::Behalf { .. })
            | (Who::Organisation | Who::Clock, Actor::Person { .. })
            | (Who::Deciders | Who::Hearers | Who::Clock, Actor::Organisation)
            | (Who::Deciders | Who::Hearers | Who::Organisation | Who::Parties, Actor::Clock) => false,
        }
    }

    fn phrase(self, policy: &Policy, rules: &ListRules) -> String {
        match self {
            Who::Deciders => policy.titles(rules.by),
            Who::Hearers => policy.titles(rules.heard_by),
            Who::Organisation => "the organisation itself, by the link that was sent to its alias".to_owned(),
            Who::Parties => format!("{}, or the organisation", policy.titles(rules.by.union(rules.heard_by))),
            Who::Clock => "the clock".to_owned(),
        }
    }

    /// Refuses `act` to everybody else.
    pub(super) fn demand(
        self,
        policy: &Policy,
        rules: &ListRules,
        actor: &Actor,
        act: &'static str,
    ) -> Result<(), Refusal> {
        if self.admits(rules, actor) {
            return Ok(());
        }
        let clause = rules.clause.clone();
        Err(Refusal::NotPermitted { act, who: self.phrase(policy, rules), clause })
    }
}
