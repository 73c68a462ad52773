//! The people of an instance: who they are, where mail reaches them, which roles they have in which project.

use super::{Engine, EngineError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tidegate_domain::id::Slug;
use tidegate_domain::policy::{Policy, RoleSet};

/// A person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The name under which they act: `--as NAME`.
    pub name: Slug,
    /// Where mail reaches them.
    pub mail: String,
    /// Their roles by project.
    pub roles: BTreeMap<Slug, Vec<Slug>>,
}

/// Everybody in an instance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct People(pub Vec<Person>);

impl People {
    /// The person called `name`.
    #[must_use]
    pub fn find(&self, name: &Slug) -> Option<&Person> {
        self.0.iter().find(|person| person.name == *name)
    }

    /// The person of this name or mail address, as somebody typed it.
    #[must_use]
    pub fn called(&self, typed: &str) -> Option<&Person> {
        let typed = typed.trim();
        let named = self.0.iter().find(|person| person.name.as_str().eq_ignore_ascii_case(typed));
        named.or(self.with_address(typed))
    }

    /// The person whose mail goes to this address, if it is one person's alone.
    #[must_use]
    pub fn with_address(&self, address: &str) -> Option<&Person> {
        let address = address.trim();
        let mut theirs = self.0.iter().filter(|person| person.mail.eq_ignore_ascii_case(address));
        theirs.next().filter(|person| person.mail.contains('@') && theirs.next().is_none())
    }

    /// The roles that `name` has in `project` by name, not by a case.
    #[must_use]
    pub fn roles(&self, project: &Slug, policy: &Policy, name: &Slug) -> RoleSet {
        let roles = self.find(name).and_then(|person| person.roles.get(project));
        roles.into_iter().flatten().filter_map(|role| policy.role(role.as_str())).collect()
    }

    /// The addresses of everybody who has `role` in `project`.
    #[must_use]
    pub fn mails(&self, project: &Slug, role: &Slug) -> Vec<String> {
        let has = |person: &&Person| person.roles.get(project).is_some_and(|roles| roles.contains(role));
        self.0.iter().filter(has).map(|person| person.mail.clone()).collect()
    }

    /// Adds a role to a person, who is made where there is none of that name.
    pub fn grant(&mut self, name: &Slug, mail: Option<&str>, project: &Slug, role: &Slug) {
        let index = self.0.iter().position(|person| person.name == *name).unwrap_or_else(|| {
            let mail = mail.unwrap_or_default().to_owned();
            self.0.push(Person { name: name.clone(), mail, roles: BTreeMap::new() });
            self.0.len() - 1
        });
        let Some(person) = self.0.get_mut(index) else { return };
        if let Some(mail) = mail {
            mail.clone_into(&mut person.mail);
        }
        let roles = person.roles.entry(project.clone()).or_default();
        if !roles.contains(role) {
            roles.push(role.clone());
        }
    }
}

impl Engine {
    /// Makes sure that `person` is here: only somebody who is can be given work.
    ///
    /// # Errors
    /// [`EngineError::NoSuchPerson`].
    pub async fn known(&self, person: &Slug) -> Result<(), EngineError> {
        match self.people().await?.find(person) {
            Some(_) => Ok(()),
            None => Err(EngineError::NoSuchPerson(person.clone())),
        }
    }
}
