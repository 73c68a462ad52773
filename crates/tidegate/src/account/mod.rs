//! Accounts: how a person proves who they are. What is here decides; it knows no store, no clock and no network.

pub mod authenticator;
pub mod identity;
pub mod password;

use crate::passkeys::OwnPasskey;
use authenticator::{Authenticator, Factor, Seed, Typed};
use identity::Identity;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How somebody proves who they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The hash of the password, with its parameters (PHC string format).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// The app without whose codes the password is not enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authenticator: Option<Authenticator>,
    /// An app that is being set up. It counts once it has shown a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setup: Option<Setup>,
    /// Who they are at the identity provider, where they sign in there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identity>,
    /// Their passkeys.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passkeys: Vec<OwnPasskey>,
}

/// An app that is being set up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setup {
    /// What it is set up from.
    pub seed: Seed,
    /// The session that began it. No other is shown the seed, nor ends with it: the session may be somebody's who has
    /// the password alone.
    pub session: String,
}

impl Account {
    /// What an app is set up from in the session of this name.
    #[must_use]
    pub fn setup_in(&self, session: &str) -> Option<&Seed> {
        self.setup.as_ref().filter(|setup| setup.session == session).map(|setup| &setup.seed)
    }

    /// Takes the code that is needed beside another proof, if one is; `None` where it is not good.
    pub fn take_code(&mut self, typed: &Typed) -> Option<Option<Factor>> {
        match &mut self.authenticator {
            None => Some(None),
            Some(authenticator) => authenticator.take(typed).map(Some),
        }
    }
}

/// How a session was come by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// A one-time link that an administrator made.
    Link,
    /// The link of an invitation or a recovery, which went by mail.
    MailedLink,
    /// A password.
    Password,
    /// A password, and a code of the authenticator app.
    PasswordAndCode,
    /// A password, and a recovery code.
    PasswordAndRecoveryCode,
    /// A sign-in at the identity provider.
    Identity,
    /// A sign-in at the identity provider, with a second factor there.
    IdentityWithSecondFactor,
    /// A sign-in at the identity provider, and a code of the authenticator app.
    IdentityAndCode,
    /// A sign-in at the identity provider, and a recovery code.
    IdentityAndRecoveryCode,
    /// A passkey.
    Passkey,
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Proof::Link => "a one-time link",
            Proof::MailedLink => "a link that came by mail",
            Proof::Password => "the password",
            Proof::PasswordAndCode => "the password and a code",
            Proof::PasswordAndRecoveryCode => "the password and a recovery code",
            Proof::Identity => "the identity provider",
            Proof::IdentityWithSecondFactor => "the identity provider, with a second factor",
            Proof::IdentityAndCode => "the identity provider and a code",
            Proof::IdentityAndRecoveryCode => "the identity provider and a recovery code",
            Proof::Passkey => "a passkey",
        })
    }
}

/// What happened to an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccountEvent {
    /// A link to set a password with was sent.
    LinkSent,
    /// The password was set.
    PasswordSet,
    /// A session began.
    SignedIn {
        /// How.
        by: Proof,
        /// From where, as far as it is known.
        from: String,
    },
    /// An authenticator app is being set up.
    SetupBegun,
    /// An authenticator app was set up: from here on its codes are asked for.
    AuthenticatorSet,
    /// Recovery codes were made anew; the old ones are worth nothing.
    RecoveryCodesMade,
    /// Codes are not asked for any more.
    AuthenticatorRemoved {
        /// Whether an administrator did it, where the server runs.
        by_administrator: bool,
    },
    /// From here on they sign in at the identity provider too.
    IdentityBound {
        /// As whom.
        identity: Identity,
        /// Whether an administrator did it, where the server runs.
        by_administrator: bool,
    },
    /// They sign in at the identity provider no more.
    IdentityUnbound {
        /// Whether an administrator did it, where the server runs.
        by_administrator: bool,
    },
    /// A passkey was added.
    PasskeyAdded {
        /// What its owner calls it.
        note: String,
    },
    /// A passkey was removed.
    PasskeyRemoved {
        /// What its owner called it.
        note: String,
    },
}

impl fmt::Display for AccountEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AccountEvent::LinkSent => f.write_str("a link to set a password was sent by mail"),
            AccountEvent::PasswordSet => f.write_str("the password was set"),
            AccountEvent::SignedIn { by, from } if from.is_empty() => write!(f, "signed in by {by}"),
            AccountEvent::SignedIn { by, from } => write!(f, "signed in by {by}, from {from}"),
            AccountEvent::SetupBegun => f.write_str("an authenticator app is being set up"),
            AccountEvent::AuthenticatorSet => f.write_str("an authenticator app was set up"),
            AccountEvent::RecoveryCodesMade => f.write_str("recovery codes were made anew"),
            AccountEvent::AuthenticatorRemoved { by_administrator: true } => {
                f.write_str("an administrator turned the second factor off")
            }
            AccountEvent::AuthenticatorRemoved { by_administrator: false } => {
                f.write_str("the second factor was turned off")
            }
            AccountEvent::IdentityBound { identity, by_administrator } => {
                write!(f, "an identity was bound{}: {identity}", by(*by_administrator))
            }
            AccountEvent::IdentityUnbound { by_administrator } => {
                write!(f, "the identity was unbound{}", by(*by_administrator))
            }
            AccountEvent::PasskeyAdded { note } => write!(f, "a passkey was added{}", called(note)),
            AccountEvent::PasskeyRemoved { note } => write!(f, "a passkey was removed{}", called(note)),
        }
    }
}

fn by(administrator: bool) -> &'static str {
    if administrator { " by an administrator" } else { "" }
}

fn called(note: &str) -> String {
    if note.is_empty() { String::new() } else { format!(": {note}") }
}
