//! A member of the list, for as long as it is one.
//!
//! That an organisation is a member is public, where the policy says so; its alias and its keys never are (XEN-19).

mod decide;
mod key;

pub use decide::{RECONFIRMATION_ASKED_DAYS, next_wake};
pub use key::{Certificate, KEY_WARNING_DAYS, Key, KeyState};

use super::{Application, By, Entry, Stream};
use crate::admission::Application as Form;
use crate::id::{Slug, StreamId};
use crate::policy::Policy;
use crate::refusal::Explanation;
use crate::time::Instant;
use serde::{Deserialize, Serialize};

/// A member of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The project whose list it is.
    pub project: Slug,
    /// The application that it was accepted by.
    pub application: StreamId,
    /// What it showed, when it applied or when it last confirmed. Its alias is secret.
    pub form: Form,
    /// Since when it is a member.
    pub joined: Instant,
    /// Whether it is told.
    pub standing: Standing,
    /// When it last confirmed what it showed; at first, when it joined.
    pub confirmed: Instant,
    /// When it was asked to confirm again, since then.
    pub asked: Option<Instant>,
    /// The terms that it last agreed to, and when.
    pub terms: Option<Terms>,
    /// Its keys, in the order in which they were added.
    pub keys: Vec<Key>,
    /// Who wants it removed, since it last stood as it does.
    pub removal: Vec<Slug>,
    /// How many events it has.
    pub entries: u64,
}

/// Whether a member is told what the list is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is.
    Active,
    /// Not until this is lifted, as after a leak.
    Suspended {
        /// Since when.
        since: Instant,
        /// Why.
        why: String,
    },
    /// It left.
    Left {
        /// When.
        since: Instant,
    },
    /// It was removed.
    Removed {
        /// When.
        since: Instant,
        /// Why.
        why: String,
    },
}

impl Standing {
    /// How it stands, in words.
    #[must_use]
    pub fn phrase(&self) -> &'static str {
        match self {
            Standing::Active => "the organisation is a member",
            Standing::Suspended { .. } => "the membership is suspended",
            Standing::Left { .. } => "the organisation left the list",
            Standing::Removed { .. } => "the organisation was removed from the list",
        }
    }
}

/// The terms of the list: its policy, at one state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// SHA-256 of the policy's text, in hex.
    pub sha256: String,
    /// When it was agreed to.
    pub at: Instant,
}

/// What may be asked of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Agree to the policy as it is now.
    AgreeToTerms {
        /// SHA-256 of its text, in hex.
        sha256: String,
    },
    /// Confirm what was shown, as it is now. Judged as an application is.
    Reconfirm {
        /// The form as it is now.
        form: Box<Form>,
    },
    /// Add a key, which is not used before it was confirmed.
    AddKey {
        /// The certificate, as somebody judged it who can.
        certificate: Certificate,
    },
    /// Confirm a key by its fingerprint, read off where it was made.
    ConfirmKey {
        /// In hex; spaces and case do not matter.
        fingerprint: String,
    },
    /// Take a key away.
    RemoveKey {
        /// In hex; spaces and case do not matter.
        fingerprint: String,
    },
    /// Stop telling it, at once, as after a leak. One person is enough.
    Suspend {
        /// Why.
        why: String,
    },
    /// Tell it again.
    Resume {
        /// Why.
        why: String,
    },
    /// Leave the list.
    Leave,
    /// Remove it from the list. As many persons as the policy asks for.
    Remove {
        /// Why.
        why: String,
    },
    /// The clock comes by.
    Tick,
}

impl Action {
    /// The word for it, as the command line writes it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Action::AgreeToTerms { .. } => "agree-to-terms",
            Action::Reconfirm { .. } => "reconfirm",
            Action::AddKey { .. } => "add-key",
            Action::ConfirmKey { .. } => "confirm-key",
            Action::RemoveKey { .. } => "remove-key",
            Action::Suspend { .. } => "suspend",
            Action::Resume { .. } => "resume",
            Action::Leave => "leave",
            Action::Remove { .. } => "remove",
            Action::Tick => "tick",
        }
    }
}

/// What happened to a member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the fields are named by what they hold")]
pub enum Event {
    /// The application was accepted.
    Joined { project: Slug, application: StreamId, form: Box<Form> },
    /// It agreed to the terms.
    AgreedToTerms { sha256: String },
    /// The time to confirm comes, and it was asked to.
    ReconfirmationAsked,
    /// It confirmed what it shows.
    Reconfirmed { form: Box<Form> },
    /// It added a key.
    KeyAdded(Certificate),
    /// It confirmed the key of this fingerprint.
    KeyConfirmed { fingerprint: String },
    /// It was warned that the key expires, so many days ahead.
    KeyWarned { fingerprint: String, days: u16 },
    /// It took the key away.
    KeyRemoved { fingerprint: String },
    /// It is not told until this is lifted.
    Suspended { why: String },
    /// It is told again.
    Resumed { why: String },
    /// It left.
    Left,
    /// Somebody wants it removed.
    RemovalSought { why: String },
    /// It was removed.
    Removed { why: String },
    /// A rule refused something (ALL-04).
    Refused { action: String, explanation: Explanation },
}

/// What begins the membership of the organisation whose `application`, called `id`, was accepted by `by`.
#[must_use]
pub fn join(id: StreamId, application: &Application, by: By, now: Instant) -> Entry<Event> {
    let (project, form) = (application.project.clone(), Box::new(application.form.clone()));
    Entry { at: now, by, event: Event::Joined { project, application: id, form } }
}

impl Member {
    /// Whether it is told what the list is told.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.standing == Standing::Active
    }

    /// Whether it is a member still, told or not.
    #[must_use]
    pub fn is_member(&self) -> bool {
        matches!(self.standing, Standing::Active | Standing::Suspended { .. })
    }

    /// The keys that can be encrypted to at `at`.
    pub fn usable_keys(&self, at: Instant) -> impl Iterator<Item = &Key> {
        self.keys.iter().filter(move |key| key.state(at) == KeyState::Usable)
    }

    /// When what it showed is to be confirmed again, where the policy asks for that.
    #[must_use]
    pub fn confirms_by(&self, policy: &Policy) -> Option<Instant> {
        let length = policy.list.as_ref()?.reconfirm?;
        Some(length.after(self.confirmed, &policy.zone))
    }

    fn key_mut(&mut self, fingerprint: &str) -> Option<&mut Key> {
        self.keys.iter_mut().find(|key| key.certificate.fingerprint == fingerprint)
    }
}

impl Stream for Member {
    const KIND: super::StreamKind = super::StreamKind::Member;
    type Action = Action;
    type Event = Event;

    fn opened(entry: &Entry<Event>) -> Option<Member> {
        let Event::Joined { project, application, form } = &entry.event else { return None };
        Some(Member {
            project: project.clone(),
            application: *application,
            form: (**form).clone(),
            joined: entry.at,
            standing: Standing::Active,
            confirmed: entry.at,
            asked: None,
            terms: None,
            keys: Vec::new(),
            removal: Vec::new(),
            entries: 1,
        })
    }

    fn apply(&mut self, entry: &Entry<Event>) {
        let at = entry.at;
        self.entries += 1;
        match &entry.event {
            Event::Joined { .. } | Event::Refused { .. } => {}
            Event::AgreedToTerms { sha256 } => self.terms = Some(Terms { sha256: sha256.clone(), at }),
            Event::ReconfirmationAsked => self.asked = Some(at),
            Event::Reconfirmed { form } => {
                self.form.clone_from(form);
                (self.confirmed, self.asked) = (at, None);
            }
            Event::KeyAdded(certificate) => self.key_added(certificate, at),
            Event::KeyConfirmed { fingerprint } => {
                if let Some(key) = self.key_mut(fingerprint) {
                    key.confirmed = Some(at);
                }
            }
            Event::KeyWarned { fingerprint, days } => {
                if let Some(key) = self.key_mut(fingerprint) {
                    key.warned = Some(*days);
                }
            }
            Event::KeyRemoved { fingerprint } => {
                self.keys.retain(|key| key.certificate.fingerprint != *fingerprint);
            }
            Event::Suspended { why } => self.stand(Standing::Suspended { since: at, why: why.clone() }),
            Event::Resumed { .. } => self.stand(Standing::Active),
            Event::Left => self.stand(Standing::Left { since: at }),
            Event::RemovalSought { .. } => {
                if let By::Person(person) = &entry.by {
                    self.removal.push(person.clone());
                }
            }
            Event::Removed { why } => self.stand(Standing::Removed { since: at, why: why.clone() }),
        }
    }

    fn decide(
        &self,
        policy: &Policy,
        actor: &super::Actor,
        action: &Action,
        now: Instant,
    ) -> Result<Vec<Event>, super::Refusal> {
        decide::decide(policy, self, actor, action, now)
    }

    fn refused(action: &Action, explanation: Explanation) -> Event {
        Event::Refused { action: action.name().to_owned(), explanation }
    }
}

impl Member {
    /// A key that comes again, with another expiry or another subkey, stays confirmed: whatever it holds is signed by
    /// the key whose fingerprint was.
    fn key_added(&mut self, certificate: &Certificate, at: Instant) {
        match self.key_mut(&certificate.fingerprint) {
            Some(key) => (key.certificate, key.warned) = (certificate.clone(), None),
            None => self.keys.push(Key::added(certificate.clone(), at)),
        }
    }

    /// What was sought of a member that stood otherwise was sought of another state of things.
    fn stand(&mut self, standing: Standing) {
        self.standing = standing;
        self.removal.clear();
    }
}
