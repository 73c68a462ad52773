//! Accounts: how a person proves who they are. What is here decides; it knows no store, no clock and no network.

pub mod password;

use serde::{Deserialize, Serialize};
use std::fmt;

/// How somebody proves who they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The hash of the password, with its parameters (PHC string format).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
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
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Proof::Link => "a one-time link",
            Proof::MailedLink => "a link that came by mail",
            Proof::Password => "the password",
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
}

impl fmt::Display for AccountEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AccountEvent::LinkSent => f.write_str("a link to set a password was sent by mail"),
            AccountEvent::PasswordSet => f.write_str("the password was set"),
            AccountEvent::SignedIn { by, from } if from.is_empty() => write!(f, "signed in by {by}"),
            AccountEvent::SignedIn { by, from } => write!(f, "signed in by {by}, from {from}"),
        }
    }
}
