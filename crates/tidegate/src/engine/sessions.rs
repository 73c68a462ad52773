//! Sessions: browsers that are signed in. One begins only while what its owner showed still holds: a password that
//! was set anew meanwhile, or a link that was ended, begins none.

use super::people::People;
use super::{Engine, EngineError, PEOPLE};
use crate::account::authenticator::{Factor, Typed};
use crate::account::identity::Vouched;
use crate::account::{Account, AccountEvent, Proof};
use crate::passkeys::Used;
use crate::secret::Secret;
use crate::store::{AccountTokens, Held, NewToken, TokenId, TokenKind};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tidegate_domain::id::{CaseId, Slug};
use tidegate_domain::time::Instant;

/// After so many minutes without a click a session ends ...
const IDLE_MIN: i64 = 8 * 60;
/// ... and after so many in any case.
pub const SESSION_MIN: i64 = 24 * 60;
/// That a session is used is noted at most once in so many minutes, so that reading pages writes little.
pub const NOTED_MIN: i64 = 15;
const MINUTE_US: i64 = 60_000_000;

/// Whose session it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Who {
    /// A person of the instance.
    Person(Slug),
    /// Whoever reported this case, by the key of its mailbox.
    Reporter(CaseId),
}

/// A session as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Stored {
    who: Who,
    began_us: i64,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    from: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    other_second_factor: bool,
}

/// A session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its name in the store.
    pub id: TokenId,
    /// Whose it is.
    pub who: Who,
    /// When it began.
    pub began: Instant,
    /// When it was used, to [`NOTED_MIN`] minutes.
    pub used: Instant,
    /// Where it began, as far as it is known: an address, a kind of browser.
    pub from: String,
    /// When it ends if it is not used.
    pub expires: Instant,
    /// Whether it began with a second factor that is no app: the identity provider's, or a passkey.
    pub other_second_factor: bool,
}

impl Session {
    fn open(held: &Held) -> Option<Session> {
        let stored: Stored = serde_json::from_slice(&held.body).ok()?;
        let began = Instant::from_micros(stored.began_us);
        Some(Session {
            id: held.id,
            who: stored.who,
            began,
            used: held.used.max(began),
            from: stored.from,
            expires: held.expires,
            other_second_factor: stored.other_second_factor,
        })
    }

    fn last(&self) -> Instant {
        minutes_after(self.began, SESSION_MIN)
    }
}

/// Somebody who showed who they are, some time ago: a session begins only if it still holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Who they are.
    pub name: Slug,
    pub(super) still: Still,
}

/// What has to hold still when a session begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Still {
    /// The password that was looked at is the account's: by its hash, which no other password shares and the same
    /// one set again does not either. Where the account has a second factor, a code is asked for as well.
    Password(String),
    /// The password that was set by a mailed link, and with a code where one is needed, is the account's.
    NewPassword(String),
    /// The one-time link has not been used up or ended. It is enough by itself: whoever prints one holds the key to
    /// everything.
    Link(Secret),
    /// The identity that the provider vouched for is bound to the account. Where the account has a second factor, and
    /// none was shown there, a code is asked for as well, once more: `held` is then what the browser waits with.
    Identity {
        /// Who, and how.
        vouched: Vouched,
        /// What is used up when the session begins.
        held: Option<Secret>,
    },
    /// The passkey that was shown is still one of theirs. It is two factors in one.
    Passkey(Used),
}

impl Shown {
    /// Whether a second factor that counts was shown, other than a code.
    fn has_factor(&self) -> bool {
        match &self.still {
            Still::Identity { vouched, .. } => vouched.by_second_factor,
            Still::Passkey(_) => true,
            Still::Password(_) | Still::NewPassword(_) | Still::Link(_) => false,
        }
    }
}

impl Still {
    /// Whether it holds for the account as it is now.
    pub(super) fn holds(&self, account: &Account) -> bool {
        match self {
            Still::Password(hash) | Still::NewPassword(hash) => account.password.as_ref() == Some(hash),
            Still::Link(_) => true,
            Still::Identity { vouched, .. } => account.identity.as_ref() == Some(&vouched.identity),
            Still::Passkey(used) => account.passkeys.iter().any(|own| own.is(used)),
        }
    }
}

impl Engine {
    /// Who is signed in by a one-time link. It is used up when the session begins.
    ///
    /// # Errors
    /// The store's.
    pub async fn check_link(&self, link: &Secret) -> Result<Option<Shown>, EngineError> {
        let held = self.store.token(TokenKind::SignIn, link, self.clock.now()).await?;
        let name = held.and_then(|held| String::from_utf8(held.body).ok()?.parse().ok());
        Ok(name.map(|name| Shown { name, still: Still::Link(link.clone()) }))
    }

    /// Begins the session of somebody who showed who they are; `None` where that does not hold any more, or `code` is
    /// not good and one is needed. `from`: an address and a kind of browser, for their own eyes.
    ///
    /// # Errors
    /// The store's.
    pub async fn begin_session(
        &self,
        shown: &Shown,
        code: &str,
        from: &str,
    ) -> Result<Option<Secret>, EngineError> {
        let (secret, now) = (self.draw_secret(), self.clock.now());
        let stored = Stored {
            other_second_factor: shown.has_factor(),
            ..stored(Who::Person(shown.name.clone()), now, from)
        };
        let body = serde_json::to_vec(&stored).unwrap_or_default();
        let begins = Some(NewToken { owner: Some(&shown.name), ..session(&secret, now, &body) });
        let uses_up = match &shown.still {
            Still::Password(_) | Still::NewPassword(_) | Still::Passkey(_) => None,
            Still::Link(link) => Some((TokenKind::SignIn, link)),
            Still::Identity { held, .. } => held.as_ref().map(|held| (TokenKind::Code, held)),
        };
        let tokens = AccountTokens { uses_up, begins, ..AccountTokens::default() };
        let typed = self.typed(&shown.name, code);
        let began = self.change_account_with(&shown.name, tokens, |account| {
            let by = proof(&shown.still, account, &typed)?;
            Some(AccountEvent::SignedIn { by, from: from.to_owned() })
        });
        Ok(began.await?.then_some(secret))
    }

    /// Begins the session of a reporter who came with the key of the case's mailbox.
    ///
    /// # Errors
    /// The store's.
    pub async fn begin_reporter_session(&self, case: CaseId) -> Result<Secret, EngineError> {
        let (secret, now) = (self.draw_secret(), self.clock.now());
        let body = serde_json::to_vec(&stored(Who::Reporter(case), now, "")).unwrap_or_default();
        self.store.put_token(&session(&secret, now, &body), now).await?;
        Ok(secret)
    }

    /// The session of whoever comes with `secret`, which is noted to be used, and everybody as they are now: a person
    /// who was removed is nobody, whatever their browser still holds.
    ///
    /// # Errors
    /// The store's.
    pub async fn session(&self, secret: &Secret) -> Result<Option<(Session, Arc<People>)>, EngineError> {
        let now = self.clock.now();
        let held = self.store.session_and_setting(secret, PEOPLE, now).await?;
        let Some((held, people)) = held else { return Ok(None) };
        let Some(session) = Session::open(&held).filter(|session| session.last() > now) else {
            return Ok(None);
        };
        if now >= minutes_after(session.used, NOTED_MIN) {
            let later = minutes_after(now, IDLE_MIN).min(session.last());
            self.store.note_use(session.id, now, later).await?;
        }
        Ok(Some((session, self.read_people(people)?)))
    }

    /// The sessions of a person, the one that was used last first.
    ///
    /// # Errors
    /// The store's.
    pub async fn sessions(&self, name: &Slug) -> Result<Vec<Session>, EngineError> {
        let now = self.clock.now();
        let held = self.store.tokens_of(TokenKind::Session, name, now).await?;
        let live = held.iter().filter_map(Session::open).filter(|session| session.last() > now);
        let mut sessions: Vec<Session> = live.collect();
        sessions.sort_by_key(|session| std::cmp::Reverse((session.used, session.began)));
        Ok(sessions)
    }

    /// Ends a session, wherever it is.
    ///
    /// # Errors
    /// The store's.
    pub async fn end_session(&self, session: &Session) -> Result<(), EngineError> {
        Ok(self.store.end_token(session.id).await?)
    }

    /// Ends the session of `name` that is called `id`; false where there is none.
    ///
    /// # Errors
    /// The store's.
    pub async fn end_session_of(&self, name: &Slug, id: &str) -> Result<bool, EngineError> {
        let sessions = self.sessions(name).await?;
        let Some(session) = sessions.iter().find(|session| session.id.to_string() == id) else {
            return Ok(false);
        };
        self.end_session(session).await?;
        Ok(true)
    }

    /// Ends every session of whoever has this one, but for this one.
    ///
    /// # Errors
    /// The store's.
    pub async fn end_other_sessions(&self, name: &Slug, own: &Session) -> Result<(), EngineError> {
        Ok(self.store.end_other_tokens(TokenKind::Session, name, own.id).await?)
    }
}

/// By what a session begins, now that the account is read again; a code is taken by that.
fn proof(still: &Still, account: &mut Account, typed: &Typed) -> Option<Proof> {
    if !still.holds(account) {
        return None;
    }
    match still {
        Still::Link(_) => Some(Proof::Link),
        Still::Passkey(used) => {
            account.passkeys.iter_mut().any(|own| own.take(used)).then_some(Proof::Passkey)
        }
        Still::NewPassword(_) => Some(Proof::MailedLink),
        Still::Password(_) => account.take_code(typed).map(|factor| match factor {
            None => Proof::Password,
            Some(Factor::Code) => Proof::PasswordAndCode,
            Some(Factor::RecoveryCode) => Proof::PasswordAndRecoveryCode,
        }),
        Still::Identity { vouched, .. } if vouched.by_second_factor => Some(Proof::IdentityWithSecondFactor),
        Still::Identity { .. } => account.take_code(typed).map(|factor| match factor {
            None => Proof::Identity,
            Some(Factor::Code) => Proof::IdentityAndCode,
            Some(Factor::RecoveryCode) => Proof::IdentityAndRecoveryCode,
        }),
    }
}

fn stored(who: Who, now: Instant, from: &str) -> Stored {
    Stored { who, began_us: now.micros(), from: from.to_owned(), other_second_factor: false }
}

fn session<'a>(secret: &'a Secret, now: Instant, body: &'a [u8]) -> NewToken<'a> {
    NewToken { kind: TokenKind::Session, secret, owner: None, expires: minutes_after(now, IDLE_MIN), body }
}

pub(crate) fn minutes_after(at: Instant, minutes: i64) -> Instant {
    Instant::from_micros(at.micros().saturating_add(minutes * MINUTE_US))
}
