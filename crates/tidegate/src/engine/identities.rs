//! Identities at the identity provider: bound to a person by themselves, while they are signed in, or by an
//! administrator; and never guessed from an address. Whoever is bound to nobody is nobody.

use super::second_factor::Changed;
use super::sessions::{Session, Shown, Still, minutes_after};
use super::{Checked, Engine, EngineError};
use crate::account::identity::{Identity, Vouched};
use crate::account::{Account, AccountEvent};
use crate::oidc::{Back, Begun, Oidc, OidcError};
use crate::secret::Secret;
use crate::store::{AccountTokens, NewToken, StoreError, TokenKind};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tidegate_domain::fault::Fault;
use tidegate_domain::id::Slug;
use zeroize::Zeroizing;

/// How long somebody may take at the provider, and then for a code, in minutes.
pub const AWAY_MIN: i64 = 10;

/// Why a sign-in at the provider comes to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentityError {
    /// The provider does not answer, or what came back is not believed.
    Provider(OidcError),
    /// We failed.
    Engine(EngineError),
}

impl From<OidcError> for IdentityError {
    fn from(error: OidcError) -> IdentityError {
        IdentityError::Provider(error)
    }
}

impl From<EngineError> for IdentityError {
    fn from(error: EngineError) -> IdentityError {
        IdentityError::Engine(error)
    }
}

impl From<StoreError> for IdentityError {
    fn from(error: StoreError) -> IdentityError {
        IdentityError::Engine(error.into())
    }
}

/// What somebody goes to the provider for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Errand {
    /// To sign in here.
    SignIn,
    /// To bind who they are there to their account.
    Bind {
        /// Whose account.
        name: Slug,
        /// The session in which they asked.
        session: String,
    },
}

/// What is kept while they are there.
#[derive(Debug, Serialize, Deserialize)]
struct Away {
    begun: Begun,
    errand: Errand,
}

/// What is kept while a code is asked for.
#[derive(Debug, Serialize, Deserialize)]
struct Held {
    name: Slug,
    vouched: Vouched,
}

/// A browser that is sent to the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentAway {
    /// Where it goes.
    pub address: String,
    /// What it keeps, to show that it is the one that went.
    pub secret: Secret,
}

/// What became of an errand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CameBack {
    /// This is who they are; perhaps a code is asked for still.
    Is(Shown),
    /// They may bind, or may have bound, nothing; or are nobody here.
    IsNot,
    /// The identity is bound to their account.
    Bound,
}

impl Engine {
    /// Sends a browser to the provider. `back`: where it is to come back to.
    ///
    /// # Errors
    /// Where the provider does not answer, or the store fails.
    pub async fn send_away(
        &self,
        oidc: &Arc<Oidc>,
        errand: Errand,
        back: &str,
    ) -> Result<SentAway, IdentityError> {
        let begun = Begun::draw(&self.chance);
        let address = oidc.way_there(&begun, back).await?;
        let body = serde_json::to_vec(&Away { begun, errand }).unwrap_or_default();
        let secret = self.hold(TokenKind::Away, &body).await?;
        Ok(SentAway { address, secret })
    }

    /// A browser is back that holds `secret`. It is looked at once, whatever comes of it: what it came with is good
    /// for nothing afterwards. `within`: who is signed in there, and in which session.
    ///
    /// # Errors
    /// Where the provider does not answer or is not believed, or the store fails.
    pub async fn came_back(
        &self,
        oidc: &Arc<Oidc>,
        secret: &Secret,
        came: Back,
        back: &str,
        within: Option<(&Slug, &Session)>,
    ) -> Result<CameBack, IdentityError> {
        let now = self.clock.now();
        let taken = self.store.take_token(TokenKind::Away, secret, now).await?;
        let away = taken.and_then(|body| serde_json::from_slice::<Away>(&body).ok());
        let Some(Away { begun, errand }) = away else { return Ok(CameBack::IsNot) };
        let vouched = oidc.vouched(&begun, came, back, now).await?;
        match errand {
            Errand::SignIn => {
                let shown =
                    |name| Shown { name, still: Still::Identity { vouched: vouched.clone(), held: None } };
                Ok(self
                    .bound(&vouched.identity)
                    .await?
                    .map_or(CameBack::IsNot, |name| CameBack::Is(shown(name))))
            }
            Errand::Bind { name, session } => match within {
                Some((own, within)) if *own == name && within.id.to_string() == session => {
                    let is_bound = self.bind_within(&name, within, &vouched.identity).await?;
                    Ok(if is_bound { CameBack::Bound } else { CameBack::IsNot })
                }
                Some(_) | None => Ok(CameBack::IsNot),
            },
        }
    }

    /// Who is to type a code before they are let in, if that is so: what their browser waits with.
    ///
    /// # Errors
    /// The store's.
    pub async fn hold_for_code(&self, shown: &Shown) -> Result<Option<Secret>, EngineError> {
        let Still::Identity { vouched, .. } = &shown.still else { return Ok(None) };
        let (_, account) = self.account(shown.name.as_str()).await?;
        if vouched.by_second_factor || account.authenticator.is_none() {
            return Ok(None);
        }
        let held = Held { name: shown.name.clone(), vouched: vouched.clone() };
        let body = serde_json::to_vec(&held).unwrap_or_default();
        Ok(Some(self.hold(TokenKind::Code, &body).await?))
    }

    /// Of whom a code is asked for.
    ///
    /// # Errors
    /// The store's.
    pub async fn held_for_code(&self, secret: &Secret) -> Result<Option<Shown>, EngineError> {
        let held = self.store.token(TokenKind::Code, secret, self.clock.now()).await?;
        let held = held.and_then(|held| serde_json::from_slice::<Held>(&held.body).ok());
        Ok(held.map(|Held { name, vouched }| Shown {
            name,
            still: Still::Identity { vouched, held: Some(secret.clone()) },
        }))
    }

    /// Who `name` is at the provider, if that is bound.
    ///
    /// # Errors
    /// The store's.
    pub async fn identity_of(&self, name: &Slug) -> Result<Option<Identity>, EngineError> {
        Ok(self.account(name.as_str()).await?.1.identity)
    }

    /// Binds an identity to a person, where the server runs. One that was bound to them before is replaced, and what may
    /// have begun with it ends.
    ///
    /// # Errors
    /// [`EngineError::NoSuchPerson`]; a fault where the identity is none, or somebody else's; or the store's.
    pub async fn bind_identity(&self, name: &Slug, identity: &Identity) -> Result<(), EngineError> {
        self.known(name).await?;
        let refused = |what: String, advice: &str| EngineError::Faults(vec![Fault::nowhere(what, advice)]);
        if !Identity::is_subject(&identity.subject) {
            let what = "that is nobody's name at a provider".to_owned();
            return Err(refused(what, "take it as the provider writes it in its tokens"));
        }
        if let Some(other) = self.holders(identity).await?.into_iter().find(|other| other != name) {
            let what = format!("{identity} is bound to {other}");
            return Err(refused(what, "unbind it there first, if it is not theirs"));
        }
        // What the other identity began may be the wrong person's.
        let ends_all = self.identity_of(name).await?.is_some_and(|bound| bound != *identity);
        let tokens = AccountTokens { ends_all, ..AccountTokens::default() };
        self.change_account_with(name, tokens, |account| Some(bind(account, identity, true))).await?;
        Ok(())
    }

    /// Unbinds the identity of somebody, where the server runs, and ends everything that may have begun with it:
    /// sessions, links, API tokens. False where there is none.
    ///
    /// # Errors
    /// [`EngineError::NoSuchPerson`], or the store's.
    pub async fn unbind_identity(&self, name: &Slug) -> Result<bool, EngineError> {
        self.known(name).await?;
        let tokens = AccountTokens { ends_all: true, ..AccountTokens::default() };
        self.change_account_with(name, tokens, |account| unbind(account, true)).await
    }

    /// Whether whoever is signed in is who they are, before another way in is added: by their password, where they have
    /// one. Nothing is changed by it.
    ///
    /// # Errors
    /// The store's.
    pub async fn confirm_owner(
        &self,
        name: &Slug,
        password: Zeroizing<String>,
    ) -> Result<Changed, EngineError> {
        if !self.has_password(name).await? {
            return Ok(Changed::Done(Vec::new()));
        }
        Ok(match self.check_password(name.as_str(), password).await? {
            Checked::Is(shown) if shown.name == *name => Changed::Done(Vec::new()),
            Checked::Is(_) | Checked::IsNot => Changed::Not,
            Checked::Later => Changed::Later,
        })
    }

    /// Unbinds one's own identity.
    ///
    /// # Errors
    /// The store's.
    pub async fn unbind_own_identity(
        &self,
        name: &Slug,
        within: &Session,
        password: Zeroizing<String>,
    ) -> Result<Changed, EngineError> {
        self.change_as_owner(name, within, password, |account| {
            self.may_change_identity(account, within).then(|| unbind(account, false)).flatten()
        })
        .await
    }

    /// Changes the account of whoever typed their password, or has none.
    pub(super) async fn change_as_owner(
        &self,
        name: &Slug,
        within: &Session,
        password: Zeroizing<String>,
        change: impl Fn(&mut Account) -> Option<AccountEvent>,
    ) -> Result<Changed, EngineError> {
        if self.has_password(name).await? {
            return self.change_by_password(name, within, password, change).await;
        }
        // A password that is set meanwhile ends the session.
        let changed = self.change_within(name, within, change).await?;
        Ok(if changed { Changed::Done(Vec::new()) } else { Changed::Not })
    }

    async fn bind_within(
        &self,
        name: &Slug,
        within: &Session,
        identity: &Identity,
    ) -> Result<bool, EngineError> {
        if self.holders(identity).await?.iter().any(|other| other != name) {
            return Ok(false);
        }
        self.change_within(name, within, |account| {
            self.may_change_identity(account, within).then(|| bind(account, identity, false))
        })
        .await
    }

    /// Where the provider's second factor counts, an identity is one, and is changed like one.
    fn may_change_identity(&self, account: &Account, within: &Session) -> bool {
        !self.provider_counts() || self.may_change_factor(account, within)
    }

    /// Whose identity this is; nobody's, too, where two bound it at the same moment.
    async fn bound(&self, identity: &Identity) -> Result<Option<Slug>, EngineError> {
        let mut holders = self.holders(identity).await?.into_iter();
        Ok(holders.next().filter(|_| holders.next().is_none()))
    }

    /// Everybody to whom it is bound. The same work is done whether or not there is anybody.
    async fn holders(&self, identity: &Identity) -> Result<Vec<Slug>, EngineError> {
        let people = self.people().await?;
        let names = people.0.iter().map(|person| person.name.as_str());
        let mut holders = Vec::new();
        for (owner, stored) in self.store.accounts(names).await? {
            let account: Account = serde_json::from_slice(&stored.body)
                .map_err(|_| StoreError::Tampered { table: "account", row: format!("of {owner}") })?;
            if account.identity.as_ref() == Some(identity) {
                holders.extend(owner.parse::<Slug>());
            }
        }
        Ok(holders)
    }

    /// Keeps something while a browser is to come back.
    pub(super) async fn hold(&self, kind: TokenKind, body: &[u8]) -> Result<Secret, StoreError> {
        let (secret, now) = (self.draw_secret(), self.clock.now());
        let expires = minutes_after(now, AWAY_MIN);
        self.store.put_token(&NewToken { kind, secret: &secret, owner: None, expires, body }, now).await?;
        Ok(secret)
    }
}

fn bind(account: &mut Account, identity: &Identity, by_administrator: bool) -> AccountEvent {
    account.identity = Some(identity.clone());
    AccountEvent::IdentityBound { identity: identity.clone(), by_administrator }
}

fn unbind(account: &mut Account, by_administrator: bool) -> Option<AccountEvent> {
    account.identity.take()?;
    Some(AccountEvent::IdentityUnbound { by_administrator })
}
