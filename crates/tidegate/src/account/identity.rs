//! Who somebody is at an identity provider.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The longest name of a person at a provider, in bytes (OpenID Connect Core 1.0, section 2: 255 for `sub`).
pub const SUBJECT_BYTES_MAX: usize = 255;

/// Who somebody is at an identity provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The provider.
    pub issuer: String,
    /// What it calls them, and nobody else ever.
    pub subject: String,
}

impl Identity {
    /// Whether `subject` can be somebody's name at a provider.
    #[must_use]
    pub fn is_subject(subject: &str) -> bool {
        !subject.is_empty() && subject.len() <= SUBJECT_BYTES_MAX && !subject.contains(char::is_control)
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.subject, self.issuer)
    }
}

/// Whom the provider vouches for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vouched {
    /// Who they are there.
    pub identity: Identity,
    /// Whether they showed a second factor there that counts here.
    pub by_second_factor: bool,
}
