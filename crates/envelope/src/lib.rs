//! Sealed letters: OpenPGP keys, what they seal and sign, and how mail carries it (RFC 9580, RFC 3156,
//! RFC 9788). The only crate that touches such keys. It knows no case, no person and no file.
//!
//! Time is an argument: nothing here reads a clock. Randomness is the cryptographic library's own, because a
//! session key or nonce that somebody else chose would be a weakness, not a convenience for tests.
//!
//! What comes in is a stranger's: everything has a bound, and [`letter::open`] never fails, because no report
//! may be lost. What goes out is ours: [`letter::seal`] and [`letter::sign`] fail instead of sending less
//! protection than was asked for.

#![warn(missing_docs)]
#![deny(clippy::indexing_slicing)]

mod certificate;
pub mod letter;
mod mime;
mod open;
mod seal;
mod secret;
mod signature;
mod ssh;

pub use certificate::{CERTIFICATE_BYTES_MAX, Certificate, Standing};
pub use open::{CLEAR_BYTES_MAX, CLOCK_SKEW, Clear, Keyring, decrypt, verify};
pub use seal::{encrypt, sign};
pub use secret::{SECRET_BYTES_MAX, Secret};
pub use signature::{Signature, Verdict};
pub use ssh::{SIGNERS_MAX, SSH_BYTES_MAX, Signer, SshSecret, is_ssh_signature, read_signers, verify_ssh};

use std::fmt;

/// Why something cannot be sealed, signed, opened or read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnvelopeError {
    /// The input is longer than what is read.
    TooLarge {
        /// What was to be read.
        what: &'static str,
        /// The limit, in bytes.
        limit: usize,
    },
    /// The input is no key of the kind that was asked for.
    NotAKey {
        /// What is wrong, and what to do.
        why: String,
    },
    /// The passphrase does not open the key, or one is needed and there is none.
    Locked,
    /// Nothing can be encrypted to this certificate now.
    Unusable(Standing),
    /// The secret key cannot sign now: it has no signing key, or that has expired or was revoked.
    CannotSign,
    /// The message is encrypted, and to none of the keys at hand.
    NoKeyForIt,
    /// The message is damaged, or protected in a way that is not safe any more.
    Damaged {
        /// What the library says, without content.
        why: String,
    },
    /// The letter to be signed has bytes above 127, which a mail server on the way may change.
    NotSevenBit,
    /// The cryptographic library failed.
    Library {
        /// What it says, without content.
        why: String,
    },
}

impl EnvelopeError {
    /// The library's own words. Its errors name algorithms, keys and packets, never content.
    fn library(error: impl fmt::Display) -> EnvelopeError {
        EnvelopeError::Library { why: error.to_string() }
    }

    fn damaged(error: impl fmt::Display) -> EnvelopeError {
        EnvelopeError::Damaged { why: error.to_string() }
    }

    fn not_a_key(why: impl fmt::Display) -> EnvelopeError {
        EnvelopeError::NotAKey { why: why.to_string() }
    }
}

impl fmt::Display for EnvelopeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EnvelopeError::TooLarge { what, limit } => write!(f, "{what} has more than {limit} bytes"),
            EnvelopeError::NotAKey { why } => f.write_str(why),
            EnvelopeError::Locked => f.write_str("the key is locked, and the passphrase does not open it"),
            EnvelopeError::Unusable(standing) => {
                write!(f, "nothing can be encrypted to this key: {standing}")
            }
            EnvelopeError::CannotSign => {
                f.write_str("the key cannot sign: its signing key is missing, expired or revoked")
            }
            EnvelopeError::NoKeyForIt => f.write_str("encrypted to none of the keys that are here"),
            EnvelopeError::Damaged { why } => write!(f, "damaged, or not safely protected: {why}"),
            EnvelopeError::NotSevenBit => {
                f.write_str("the letter has bytes above 127; encode them before it is signed")
            }
            EnvelopeError::Library { why } => write!(f, "the cryptographic library failed: {why}"),
        }
    }
}

impl std::error::Error for EnvelopeError {}
