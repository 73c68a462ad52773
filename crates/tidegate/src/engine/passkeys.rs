//! Passkeys of people: added by whoever is signed in, and signed in with by nobody else. A device names its owner by a
//! handle that only this instance can make of a name.

use super::second_factor::Changed;
use super::sessions::{Session, Shown, Still};
use super::{Engine, EngineError};
use crate::account::{Account, AccountEvent};
use crate::passkeys::{OwnPasskey, Passkeys, Question};
use crate::secret::Secret;
use crate::store::TokenKind;
use serde::{Deserialize, Serialize};
use tidegate_domain::fault::Fault;
use tidegate_domain::id::Slug;
use zeroize::Zeroizing;

/// One person has so many passkeys at most.
pub const PASSKEYS_MAX: usize = 10;
/// The longest name of a passkey, in characters.
const NOTE_CHARS_MAX: usize = 60;

/// What is kept until a browser answers.
#[derive(Debug, Serialize, Deserialize)]
struct Waiting {
    state: Vec<u8>,
    errand: Errand,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Errand {
    SignIn,
    Add { name: Slug, session: String, note: String },
}

/// A question to a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// What it is asked: JSON.
    pub options: String,
    /// What it comes back with.
    pub secret: Secret,
}

impl Engine {
    /// Asks for a passkey to sign in with.
    ///
    /// # Errors
    /// The store's.
    pub async fn ask_for_passkey(&self, passkeys: &Passkeys) -> Result<Option<Asked>, EngineError> {
        self.ask(passkeys.ask(), Errand::SignIn).await
    }

    /// Who showed a passkey. What was asked is good for one answer, whatever comes of it.
    ///
    /// # Errors
    /// The store's.
    pub async fn check_passkey(
        &self,
        passkeys: &Passkeys,
        secret: &Secret,
        answer: &str,
    ) -> Result<Option<Shown>, EngineError> {
        let Some(Waiting { state, errand: Errand::SignIn }) = self.waiting(secret).await? else {
            return Ok(None);
        };
        let Some(claimed) = passkeys.claimed(answer) else { return Ok(None) };
        let people = self.people().await?;
        let is_theirs = |name: &Slug| self.store.passkey_handle(name.as_str()) == claimed.handle;
        let Some(person) = people.0.iter().find(|person| is_theirs(&person.name)) else { return Ok(None) };
        let (_, account) = self.account(person.name.as_str()).await?;
        let used = passkeys.used(&state, &claimed, &account.passkeys);
        Ok(used.map(|used| Shown { name: person.name.clone(), still: Still::Passkey(used) }))
    }

    /// Asks for a new passkey of `name`, who calls it `note`.
    ///
    /// # Errors
    /// A fault where they have too many, or the note is too long; or the store's.
    pub async fn ask_for_new_passkey(
        &self,
        passkeys: &Passkeys,
        name: &Slug,
        within: &Session,
        note: &str,
    ) -> Result<Option<Asked>, EngineError> {
        let refused =
            |what: String, advice: &str| Err(EngineError::Faults(vec![Fault::nowhere(what, advice)]));
        if note.chars().count() > NOTE_CHARS_MAX || note.contains(char::is_control) {
            return refused(
                format!("a name takes one line of at most {NOTE_CHARS_MAX} characters"),
                "shorten it",
            );
        }
        let known = self.passkeys_of(name).await?;
        if known.len() >= PASSKEYS_MAX {
            return refused(
                format!("{PASSKEYS_MAX} passkeys are as many as one person has"),
                "remove one first",
            );
        }
        let question = passkeys.ask_for_new(self.store.passkey_handle(name.as_str()), name.as_str(), &known);
        let session = within.id.to_string();
        self.ask(question, Errand::Add { name: name.clone(), session, note: note.to_owned() }).await
    }

    /// Adds the passkey that was asked for in this session; false where the answer is not in order.
    ///
    /// # Errors
    /// The store's.
    pub async fn add_passkey(
        &self,
        passkeys: &Passkeys,
        (own, within): (&Slug, &Session),
        secret: &Secret,
        answer: &str,
    ) -> Result<bool, EngineError> {
        let Some(Waiting { state, errand: Errand::Add { name, session, note } }) =
            self.waiting(secret).await?
        else {
            return Ok(false);
        };
        if name != *own || session != within.id.to_string() {
            return Ok(false);
        }
        let Some(key) = passkeys.new_one(&state, answer) else { return Ok(false) };
        let added = OwnPasskey::new(&note, self.clock.now(), key);
        self.change_within(own, within, |account| {
            let has_room = account.passkeys.len() < PASSKEYS_MAX
                && !account.passkeys.iter().any(|has| has.id() == added.id());
            let may_add = has_room && self.may_change_factor(account, within);
            may_add.then(|| account.passkeys.push(added.clone()))?;
            Some(AccountEvent::PasskeyAdded { note: note.clone() })
        })
        .await
    }

    /// Removes the passkey that is called `id` of whoever typed their password, or has none.
    ///
    /// # Errors
    /// The store's.
    pub async fn remove_passkey(
        &self,
        name: &Slug,
        within: &Session,
        password: Zeroizing<String>,
        id: &str,
    ) -> Result<Changed, EngineError> {
        self.change_as_owner(name, within, password, |account| {
            self.may_change_factor(account, within).then(|| remove(account, id)).flatten()
        })
        .await
    }

    /// The passkeys of `name`, in the order in which they were added.
    ///
    /// # Errors
    /// The store's.
    pub async fn passkeys_of(&self, name: &Slug) -> Result<Vec<OwnPasskey>, EngineError> {
        Ok(self.account(name.as_str()).await?.1.passkeys)
    }

    async fn ask(&self, question: Option<Question>, errand: Errand) -> Result<Option<Asked>, EngineError> {
        let Some(Question { options, state }) = question else { return Ok(None) };
        let body = serde_json::to_vec(&Waiting { state, errand }).unwrap_or_default();
        let secret = self.hold(TokenKind::Passkey, &body).await?;
        Ok(Some(Asked { options, secret }))
    }

    async fn waiting(&self, secret: &Secret) -> Result<Option<Waiting>, EngineError> {
        let taken = self.store.take_token(TokenKind::Passkey, secret, self.clock.now()).await?;
        Ok(taken.and_then(|body| serde_json::from_slice(&body).ok()))
    }
}

fn remove(account: &mut Account, id: &str) -> Option<AccountEvent> {
    let at = account.passkeys.iter().position(|own| own.id() == id)?;
    let OwnPasskey { note, .. } = account.passkeys.remove(at);
    Some(AccountEvent::PasskeyRemoved { note })
}
