//! Accounts of people: invitations, passwords, signing in. What is answered to whoever is not signed in does not
//! depend on whether there is such an account.

use super::people::Person;
use super::sessions::{Shown, Still};
use super::{Engine, EngineError};
use crate::account::password::{self, Overrun};
use crate::account::{Account, AccountEvent};
use crate::hands::account::{ACCOUNT_LETTER, AccountLetter};
use crate::secret::Secret;
use crate::store::{AccountChange, AccountTokens, Commit, NewJob, NewToken, StoreError, TokenKind};
use tidegate_domain::fault::Fault;
use tidegate_domain::id::Slug;
use tidegate_domain::time::Instant;
use zeroize::Zeroizing;

/// How long a mailed link to set a password with is good for, in hours.
const WELCOME_H: i64 = 3 * 24;
const HOUR_US: i64 = 3_600_000_000;
/// How often a change of an account is tried again because somebody else was faster.
const ATTEMPTS_MAX: u32 = 8;
/// The longest name or address that is looked up, in bytes.
const TYPED_BYTES_MAX: usize = 320;

/// Whether something about an account is as somebody says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checked {
    /// It is, and this is who they are.
    Is(Shown),
    /// It is not, or there is no such account.
    IsNot,
    /// It was not looked at: too much is asked at once.
    Later,
}

impl Engine {
    /// Sends `name` a letter with a link to set a password with: an invitation, or a way back in.
    ///
    /// # Errors
    /// [`EngineError::NoSuchPerson`], a fault where mail does not reach them, or the store's.
    pub async fn invite(&self, name: &Slug) -> Result<(), EngineError> {
        let people = self.people().await?;
        let person = people.find(name).ok_or_else(|| EngineError::NoSuchPerson(name.clone()))?;
        if !person.mail.contains('@') {
            let what = format!("no mail address of {name} is known");
            let advice = "`tidegate person add` takes one with --mail; `person link` prints a link instead";
            return Err(EngineError::Faults(vec![Fault::nowhere(what, advice)]));
        }
        self.ask_for_letter(&AccountLetter::Invitation { person: name.clone() }).await
    }

    /// Takes note that somebody at `address` wants back in. Whether anybody has that address shows nowhere: the
    /// same job is stored in either case, and a hand looks at it later.
    ///
    /// # Errors
    /// The store's.
    pub async fn ask_for_recovery(&self, address: &str) -> Result<(), EngineError> {
        let address = address.chars().take(TYPED_BYTES_MAX / 4).collect();
        self.ask_for_letter(&AccountLetter::Recovery { address }).await
    }

    async fn ask_for_letter(&self, letter: &AccountLetter) -> Result<(), EngineError> {
        let now = self.clock.now();
        let job = NewJob {
            key: format!("{ACCOUNT_LETTER}/{}", self.draw_secret()),
            case: None,
            kind: ACCOUNT_LETTER,
            run_at: now,
            body: serde_json::to_vec(letter).unwrap_or_default(),
        };
        let commit = Commit { jobs: vec![job], ..Commit::at(now) };
        self.store.commit(commit).await?;
        Ok(())
    }

    /// A secret with which `name` may set a password, once.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn welcome(&self, name: &Slug) -> Result<Secret, EngineError> {
        let (secret, now) = (self.draw_secret(), self.clock.now());
        let until = Instant::from_micros(now.micros().saturating_add(WELCOME_H * HOUR_US));
        let body = name.as_str().as_bytes();
        let kind = TokenKind::Welcome;
        let link = NewToken { kind, secret: &secret, owner: Some(name), expires: until, body };
        let tokens = AccountTokens { begins: Some(link), ..AccountTokens::default() };
        self.change_account_with(name, tokens, |_| Some(AccountEvent::LinkSent)).await?;
        Ok(secret)
    }

    /// Whose mailed link this is; `None` where it is none, or not any more.
    ///
    /// # Errors
    /// The store's.
    pub async fn welcomed(&self, secret: &Secret) -> Result<Option<Slug>, EngineError> {
        let held = self.store.token(TokenKind::Welcome, secret, self.clock.now()).await?;
        Ok(held.and_then(|held| String::from_utf8(held.body).ok()?.parse().ok()))
    }

    /// Sets the password of whoever holds `secret`, which is used up by that, and says who they are. Every session and
    /// API token of theirs ends, and so do links that were sent before. An identity elsewhere is unbound, and passkeys are
    /// removed, unless they are the second factor. `code` is looked at where they have an app: whoever reads their mail
    /// does not have their telephone.
    ///
    /// # Errors
    /// What is wrong with the password, in which case the secret stays good; or the store's.
    pub async fn set_first_password(
        &self,
        secret: &Secret,
        password: &Zeroizing<String>,
        code: &str,
    ) -> Result<Checked, EngineError> {
        let Some(name) = self.welcomed(secret).await? else { return Ok(Checked::IsNot) };
        let people = self.people().await?;
        let Some(person) = people.find(&name) else { return Ok(Checked::IsNot) };
        let Some(hash) = self.hash_new(person, password).await? else { return Ok(Checked::Later) };
        let link = Some((TokenKind::Welcome, secret));
        let tokens = AccountTokens { uses_up: link, ends_all: true, ..AccountTokens::default() };
        let typed = self.typed(&name, code);
        let set = self.change_account_with(&name, tokens, |account| {
            let by_code = account.take_code(&typed)?.is_some();
            account.password = Some(hash.clone());
            account.setup = None;
            // Without a code, what stands as a second factor stays: whoever reads the mail would get around it.
            if by_code || !self.provider_counts() {
                account.identity = None;
            }
            if by_code {
                account.passkeys.clear();
            }
            Some(AccountEvent::PasswordSet)
        });
        if !set.await? {
            return Ok(Checked::IsNot);
        }
        Ok(Checked::Is(Shown { name, still: Still::NewPassword(hash) }))
    }

    /// The hash of a new password of `person`; `None` where too much is asked at once.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) async fn hash_new(
        &self,
        person: &Person,
        password: &Zeroizing<String>,
    ) -> Result<Option<String>, EngineError> {
        let own: Vec<&str> = person.mail.split(['@', '.']).chain([person.name.as_str()]).collect();
        if let Some(why) = password::fault(password, &own) {
            return Err(EngineError::Faults(vec![Fault::nowhere(why, "choose another one")]));
        }
        Ok(self.passwords.hash(password.clone(), self.chance.bytes()).await.unwrap_or(None))
    }

    /// Whether somebody is called or has the address `typed`, and has this password. It takes as long, and does
    /// the same work, where there is nobody.
    ///
    /// # Errors
    /// The store's.
    pub async fn check_password(
        &self,
        typed: &str,
        password: Zeroizing<String>,
    ) -> Result<Checked, EngineError> {
        let people = self.people().await?;
        let person = people.called(typed).map(|person| person.name.clone());
        let (_, account) = self.account(person.as_ref().map_or(short(typed), Slug::as_str)).await?;
        let kept = person.as_ref().and(account.password);
        match (self.passwords.fits(password, kept.clone()).await, person, kept) {
            (Ok(true), Some(name), Some(hash)) => {
                Ok(Checked::Is(Shown { name, still: Still::Password(hash) }))
            }
            (Ok(true | false), ..) => Ok(Checked::IsNot),
            (Err(Overrun), ..) => Ok(Checked::Later),
        }
    }

    /// Whether `name` has a password.
    ///
    /// # Errors
    /// The store's.
    pub async fn has_password(&self, name: &Slug) -> Result<bool, EngineError> {
        Ok(self.account(name.as_str()).await?.1.password.is_some())
    }

    /// The account of `owner` and how many events it has; an empty one where there is none yet.
    pub(crate) async fn account(&self, owner: &str) -> Result<(u64, Account), EngineError> {
        let Some(stored) = self.store.account(owner).await? else { return Ok((0, Account::default())) };
        let broken = |_| StoreError::Tampered { table: "account", row: format!("of {owner}") };
        Ok((stored.n, serde_json::from_slice(&stored.body).map_err(broken)?))
    }

    /// Changes the account of `name`, and tokens with it, in one commit with the event that tells of it; false where
    /// `change` does not want to, or a token that it needs is not there any more. It is decided again where
    /// somebody else was faster.
    pub(crate) async fn change_account_with(
        &self,
        name: &Slug,
        tokens: AccountTokens<'_>,
        change: impl Fn(&mut Account) -> Option<AccountEvent>,
    ) -> Result<bool, EngineError> {
        for _ in 0..ATTEMPTS_MAX {
            let (n, mut account) = self.account(name.as_str()).await?;
            let Some(event) = change(&mut account) else { return Ok(false) };
            let body = serde_json::to_vec(&account).unwrap_or_default();
            let event = serde_json::to_vec(&event).unwrap_or_default();
            let at = self.clock.now();
            let change = AccountChange { owner: name.as_str(), at, n, body: &body, event: &event, tokens };
            match self.store.change_account(&change).await {
                Err(StoreError::Busy) => {}
                done => return Ok(done?),
            }
        }
        Err(EngineError::Store(StoreError::Busy))
    }

    /// What happened to the account of `name`, the newest first.
    ///
    /// # Errors
    /// The store's.
    pub async fn account_events(
        &self,
        name: &Slug,
        limit: u32,
    ) -> Result<Vec<(Instant, AccountEvent)>, EngineError> {
        let stored = self.store.account_events(name.as_str(), limit).await?;
        let read = |body: &[u8]| {
            let broken = |_| StoreError::Tampered { table: "account_event", row: format!("of {name}") };
            serde_json::from_slice(body).map_err(broken)
        };
        stored.iter().map(|event| Ok((event.at, read(&event.body)?))).collect()
    }
}

/// As much of what was typed as a name or an address can have.
fn short(typed: &str) -> &str {
    typed.get(..TYPED_BYTES_MAX).unwrap_or(if typed.len() > TYPED_BYTES_MAX { "" } else { typed })
}
