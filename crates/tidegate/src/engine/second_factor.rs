//! The second factor of a person: an authenticator app is set up, asked for, and taken away again.

use super::people::Person;
use super::sessions::Session;
use super::{Checked, Engine, EngineError};
use crate::account::authenticator::{Authenticator, RECOVERY_CODES, RecoveryCode, Seed, Typed};
use crate::account::{Account, AccountEvent, Setup};
use crate::store::AccountTokens;
use std::collections::BTreeSet;
use tidegate_domain::id::Slug;
use zeroize::Zeroizing;

/// How it stands with a person's second factor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecondFactor {
    /// There is no password that it could stand beside.
    NoPassword,
    /// None is asked for.
    Off,
    /// An app is being set up from this.
    Pending(Seed),
    /// Codes are asked for.
    On {
        /// How many recovery codes are left.
        recovery_left: usize,
    },
}

/// What became of a wish to change the second factor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// It was changed. Recovery codes that were made are shown now or never.
    Done(Vec<RecoveryCode>),
    /// The password or the code was not right, or something else came first; nothing was changed.
    Not,
    /// It was not looked at: too much is asked at once.
    Later,
}

impl Engine {
    /// How it stands with the second factor of `name`, seen from a session of theirs.
    ///
    /// # Errors
    /// The store's.
    pub async fn second_factor(&self, name: &Slug, within: &Session) -> Result<SecondFactor, EngineError> {
        let (_, account) = self.account(name.as_str()).await?;
        let seed = account.setup_in(&within.id.to_string()).cloned();
        Ok(match (account, seed) {
            (Account { authenticator: Some(app), .. }, _) => SecondFactor::On { recovery_left: app.left() },
            (Account { password: None, .. }, _) => SecondFactor::NoPassword,
            (_, Some(seed)) => SecondFactor::Pending(seed),
            (_, None) => SecondFactor::Off,
        })
    }

    /// Whether a role of this person demands a second factor that they have not set up.
    ///
    /// # Errors
    /// The store's.
    pub async fn lacks_second_factor(&self, person: &Person) -> Result<bool, EngineError> {
        let demanded = person.roles.values().flatten().any(|role| self.second_factor_roles.contains(role));
        Ok(demanded && self.account(person.name.as_str()).await?.1.authenticator.is_none())
    }

    /// A role that is to demand a second factor and that no project has: perhaps it is mistyped, and nobody is asked.
    ///
    /// # Errors
    /// The store's, or a policy's faults.
    pub async fn unknown_second_factor_role(&self) -> Result<Option<Slug>, EngineError> {
        let mut known = BTreeSet::new();
        for project in self.store.projects().await? {
            known.extend(self.policy(&project.id).await?.roles.iter().map(|role| role.id.clone()));
        }
        Ok(self.second_factor_roles.iter().find(|role| !known.contains(*role)).cloned())
    }

    /// Draws what an app is set up from. What was drawn before and has shown no code yet is worth nothing any more.
    ///
    /// # Errors
    /// The store's.
    pub async fn begin_setup(&self, name: &Slug, within: &Session) -> Result<bool, EngineError> {
        let seed = Seed::draw(&self.chance);
        self.change_within(name, within, |account| {
            let is_open = account.authenticator.is_none()
                && account.password.is_some()
                && self.may_change_factor(account, within);
            account.setup = Some(Setup { seed: seed.clone(), session: within.id.to_string() });
            is_open.then_some(AccountEvent::SetupBegun)
        })
        .await
    }

    /// From here on codes are asked for, if `code` is the one that the app shows now. Other sessions end: they may have
    /// begun with the password alone.
    ///
    /// # Errors
    /// The store's.
    pub async fn finish_setup(
        &self,
        name: &Slug,
        within: &Session,
        code: &str,
    ) -> Result<Changed, EngineError> {
        let (codes, tags) = self.recovery_codes(name);
        let typed = self.typed(name, code);
        let done = self.change_alone(name, within, |account| {
            if account.authenticator.is_some() || !self.may_change_factor(account, within) {
                return None;
            }
            let seed = account.setup_in(&within.id.to_string())?;
            account.authenticator = Some(Authenticator::set_up(seed, &typed, &tags)?);
            account.setup = None;
            Some(AccountEvent::AuthenticatorSet)
        });
        Ok(if done.await? { Changed::Done(codes) } else { Changed::Not })
    }

    /// Makes new recovery codes; the old ones are worth nothing from here on.
    ///
    /// # Errors
    /// The store's.
    pub async fn renew_recovery_codes(
        &self,
        name: &Slug,
        within: &Session,
        password: Zeroizing<String>,
    ) -> Result<Changed, EngineError> {
        let (codes, tags) = self.recovery_codes(name);
        let changed = self.change_by_password(name, within, password, |account| {
            account.authenticator.as_mut()?.renew(&tags);
            Some(AccountEvent::RecoveryCodesMade)
        });
        Ok(match changed.await? {
            Changed::Done(_) => Changed::Done(codes),
            other @ (Changed::Not | Changed::Later) => other,
        })
    }

    /// Asks for no codes any more.
    ///
    /// # Errors
    /// The store's.
    pub async fn remove_authenticator(
        &self,
        name: &Slug,
        within: &Session,
        password: Zeroizing<String>,
    ) -> Result<Changed, EngineError> {
        self.change_by_password(name, within, password, |account| {
            account.authenticator.take()?;
            Some(AccountEvent::AuthenticatorRemoved { by_administrator: false })
        })
        .await
    }

    /// Takes every second factor from somebody who lost them, app, recovery codes and passkeys, and ends everything that
    /// may have begun with these: sessions, links, API tokens. False where there is none.
    ///
    /// # Errors
    /// [`EngineError::NoSuchPerson`], or the store's.
    pub async fn reset_second_factor(&self, name: &Slug) -> Result<bool, EngineError> {
        self.known(name).await?;
        let tokens = AccountTokens { ends_all: true, ..AccountTokens::default() };
        self.change_account_with(name, tokens, |account| {
            let has_any = account.authenticator.is_some() || !account.passkeys.is_empty();
            account.authenticator = None;
            account.setup = None;
            account.passkeys.clear();
            has_any.then_some(AccountEvent::AuthenticatorRemoved { by_administrator: true })
        })
        .await
    }

    /// Whether a factor may be added, replaced or removed in this session. Where there is one already, it must have been
    /// shown: otherwise whoever has the password alone would make their own. Where there is an app, a password alone
    /// begins no session, and none that it began lives on.
    pub(super) fn may_change_factor(&self, account: &Account, within: &Session) -> bool {
        let has_other =
            !account.passkeys.is_empty() || (account.identity.is_some() && self.provider_counts());
        within.other_second_factor || account.authenticator.is_some() || !has_other
    }

    /// Whether a second factor that was shown at the identity provider counts.
    pub(super) fn provider_counts(&self) -> bool {
        self.oidc.as_ref().is_some_and(|oidc| oidc.counts_second_factors())
    }

    /// A code as `name` typed it, now.
    pub(super) fn typed(&self, name: &Slug, code: &str) -> Typed {
        Typed::new(code, |plain| self.store.recovery_tag(name.as_str(), plain), self.clock.now())
    }

    fn recovery_codes(&self, name: &Slug) -> (Vec<RecoveryCode>, Vec<String>) {
        let codes: Vec<RecoveryCode> =
            (0..RECOVERY_CODES).map(|_| RecoveryCode::draw(&self.chance)).collect();
        let tags = codes.iter().map(|code| self.store.recovery_tag(name.as_str(), code.plain())).collect();
        (codes, tags)
    }

    pub(super) async fn change_within(
        &self,
        name: &Slug,
        within: &Session,
        change: impl Fn(&mut Account) -> Option<AccountEvent>,
    ) -> Result<bool, EngineError> {
        let tokens = AccountTokens { within: Some(within.id), ..AccountTokens::default() };
        self.change_account_with(name, tokens, change).await
    }

    /// Changes the account, and ends every other session of its owner.
    async fn change_alone(
        &self,
        name: &Slug,
        within: &Session,
        change: impl Fn(&mut Account) -> Option<AccountEvent>,
    ) -> Result<bool, EngineError> {
        let tokens = AccountTokens { within: Some(within.id), ends_others: true, ..AccountTokens::default() };
        self.change_account_with(name, tokens, change).await
    }

    /// Changes the account in the commit that finds the password that was looked at still there. Other sessions end.
    pub(super) async fn change_by_password(
        &self,
        name: &Slug,
        within: &Session,
        password: Zeroizing<String>,
        change: impl Fn(&mut Account) -> Option<AccountEvent>,
    ) -> Result<Changed, EngineError> {
        let shown = match self.check_password(name.as_str(), password).await? {
            Checked::Is(shown) if shown.name == *name => shown,
            Checked::Is(_) | Checked::IsNot => return Ok(Changed::Not),
            Checked::Later => return Ok(Changed::Later),
        };
        let changed = self.change_alone(name, within, |account| {
            shown.still.holds(account).then(|| change(account)).flatten()
        });
        Ok(if changed.await? { Changed::Done(Vec::new()) } else { Changed::Not })
    }
}
