//! Commit now, open later: whoever patches during an embargo logs a salted digest of the answer, and opens it
//! after the disclosure. It proves that the answer was there, and before that tells nothing but that there is
//! one (XEN-12).

use super::{Answer, Digest};
use crate::time::Instant;
use sha2::Digest as _;
use std::fmt;
use std::str::FromStr;

/// Sets these digests apart from all others.
const DOMAIN: &[u8] = b"tidegate-commitment-v1\n";

/// What keeps others from trying answers until one fits: 256 random bits, secret until the opening.
#[derive(Clone, PartialEq, Eq)]
pub struct Salt([u8; 32]);

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt")
    }
}

impl Salt {
    /// The salt of these random bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Salt {
        Salt(bytes)
    }

    /// As its keeper's file has it: 64 hexadecimal digits.
    #[must_use]
    pub fn reveal(&self) -> String {
        Digest::from_bytes(self.0).to_string()
    }
}

/// The text is not a salt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotASalt;

impl fmt::Display for NotASalt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a salt has 64 hexadecimal digits")
    }
}

impl std::error::Error for NotASalt {}

impl FromStr for Salt {
    type Err = NotASalt;

    fn from_str(text: &str) -> Result<Salt, NotASalt> {
        text.parse::<Digest>().map(|digits| Salt(*digits.bytes())).map_err(|_| NotASalt)
    }
}

/// What is logged: of the same size for every answer.
#[must_use]
pub fn commit(salt: &Salt, answer_text: &str) -> Digest {
    let hash = sha2::Sha256::new().chain_update(DOMAIN).chain_update(salt.0).chain_update(answer_text);
    Digest::from_bytes(hash.finalize().into())
}

/// Why an opening proves nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WrongOpening {
    /// Salt and answer are not those that were committed to.
    NotCommitted {
        /// What they give.
        gives: Digest,
    },
    /// The answer says that it was given after the commitment was logged.
    GivenLater {
        /// When it says it was given.
        given: Instant,
        /// When the commitment was logged.
        logged: Instant,
    },
}

impl fmt::Display for WrongOpening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WrongOpening::NotCommitted { gives } => {
                write!(f, "this answer with this salt gives {gives}, which is not what was committed to")
            }
            WrongOpening::GivenLater { given, logged } => {
                write!(f, "the answer was given at {given}, after the commitment was logged at {logged}")
            }
        }
    }
}

/// Whether an opening is that of a commitment which was logged at some instant, where that is known.
///
/// # Errors
/// Why it isn't.
pub fn open(
    commitment: Digest,
    salt: &Salt,
    answer_text: &str,
    answer: &Answer,
    logged: Option<Instant>,
) -> Result<(), WrongOpening> {
    let gives = commit(salt, answer_text);
    if gives != commitment {
        return Err(WrongOpening::NotCommitted { gives });
    }
    match logged {
        Some(logged) if answer.given > logged => {
            Err(WrongOpening::GivenLater { given: answer.given, logged })
        }
        Some(_) | None => Ok(()),
    }
}
