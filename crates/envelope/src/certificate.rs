//! Certificates: what others call public keys. Whose they are is for the caller to know; whether they can be
//! used, and until when, is said here.

use crate::EnvelopeError;
use sequoia_openpgp as openpgp;

use openpgp::Cert;
use openpgp::cert::CertParser;
use openpgp::cert::amalgamation::ValidAmalgamation;
use openpgp::cert::amalgamation::key::ValidKeyAmalgamation;
use openpgp::cert::prelude::ValidCert;
use openpgp::packet::key::{PublicParts, UnspecifiedRole};
use openpgp::parse::Parse;
use openpgp::policy::StandardPolicy;
use openpgp::serialize::SerializeInto;
use openpgp::types::RevocationStatus;
use std::fmt;
use std::time::SystemTime;

/// The longest certificate that is read, in bytes: keys with photographs and many signatures stay below it.
pub const CERTIFICATE_BYTES_MAX: usize = 512 * 1024;
/// How many user ids of a certificate are shown.
const USER_IDS_MAX: usize = 20;
/// How much of a user id is shown, in characters.
const USER_ID_CHARS_MAX: usize = 200;

/// An OpenPGP certificate, without secret parts.
#[derive(Clone, Debug, PartialEq)]
pub struct Certificate(pub(crate) Cert);

/// Whether a certificate can be encrypted to at some instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Yes.
    Usable {
        /// Until then, where it has an end.
        until: Option<SystemTime>,
    },
    /// Not before it was made.
    NotYet {
        /// When it was made, as it says.
        from: SystemTime,
    },
    /// Its time is over. Its owner can extend it.
    Expired {
        /// Since when, where that is known.
        since: Option<SystemTime>,
    },
    /// Its owner took it back.
    Revoked,
    /// It is made with what is not safe any more.
    Weak {
        /// What the policy objects to.
        why: String,
    },
    /// It is for signing alone.
    NoEncryptionKey,
}

impl Standing {
    /// Whether it can be encrypted to.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        matches!(self, Standing::Usable { .. })
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Standing::Usable { .. } => f.write_str("usable"),
            Standing::NotYet { .. } => f.write_str("it was made in the future"),
            Standing::Expired { .. } => f.write_str("it has expired; its owner can extend it"),
            Standing::Revoked => f.write_str("it was revoked by its owner"),
            Standing::Weak { why } => write!(f, "it is too weak: {why}"),
            Standing::NoEncryptionKey => f.write_str("it has no key for encryption"),
        }
    }
}

impl Certificate {
    /// Reads exactly one certificate, armoured or binary.
    ///
    /// # Errors
    /// [`EnvelopeError::TooLarge`]; [`EnvelopeError::NotAKey`] for anything else, several certificates and a
    /// secret key included: whoever sends a secret key made a mistake that must not be passed over.
    pub fn read(bytes: &[u8]) -> Result<Certificate, EnvelopeError> {
        let cert = read_one(bytes, "a certificate", CERTIFICATE_BYTES_MAX)?;
        if cert.is_tsk() {
            return Err(EnvelopeError::not_a_key(
                "this is a secret key, which nobody else should have; export the public one instead",
            ));
        }
        Ok(Certificate(cert))
    }

    /// The fingerprint, in upper-case hex.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.0.fingerprint().to_hex()
    }

    /// Who it says it is for. Anybody can write anything there.
    #[must_use]
    pub fn user_ids(&self) -> Vec<String> {
        user_ids(&self.0)
    }

    /// Whether it can be encrypted to at `at`.
    #[must_use]
    pub fn standing(&self, at: SystemTime) -> Standing {
        let policy = StandardPolicy::at(at);
        let made = self.0.primary_key().key().creation_time();
        if at < made {
            return Standing::NotYet { from: made };
        }
        match self.0.with_policy(&policy, at) {
            Ok(valid) => standing(&valid),
            Err(error) => Standing::Weak { why: innermost(&error) },
        }
    }

    /// The certificate as text, to be sent or shown.
    ///
    /// # Errors
    /// The library's.
    pub fn armoured(&self) -> Result<Vec<u8>, EnvelopeError> {
        self.0.armored().to_vec().map_err(EnvelopeError::library)
    }

    /// Adds what a newer copy of the same certificate says: an extension, a revocation, another key.
    ///
    /// # Errors
    /// [`EnvelopeError::NotAKey`] where it is another certificate.
    pub fn merged(self, newer: Certificate) -> Result<Certificate, EnvelopeError> {
        self.0.merge_public(newer.0).map(Certificate).map_err(EnvelopeError::not_a_key)
    }
}

/// Exactly one certificate or secret key.
pub(crate) fn read_one(bytes: &[u8], what: &'static str, limit: usize) -> Result<Cert, EnvelopeError> {
    if bytes.len() > limit {
        return Err(EnvelopeError::TooLarge { what, limit });
    }
    let hint = "`gpg --armor --export ADDRESS` writes one";
    let mut certs = CertParser::from_bytes(bytes).map_err(|_| no_key_in(hint))?;
    let first = certs.next().ok_or_else(|| no_key_in(hint))?;
    let first = first.map_err(|_| no_key_in(hint))?;
    match certs.next() {
        None => Ok(first),
        Some(Ok(_)) => Err(EnvelopeError::not_a_key("there are several keys in it; give one at a time")),
        Some(Err(_)) => Err(EnvelopeError::not_a_key("something that is no OpenPGP key follows the key")),
    }
}

fn no_key_in(hint: &str) -> EnvelopeError {
    EnvelopeError::not_a_key(format_args!("there is no OpenPGP key in it; {hint}"))
}

/// Its user ids, bounded, on one line each.
pub(crate) fn user_ids(cert: &Cert) -> Vec<String> {
    let shown = |id: &[u8]| {
        let text = String::from_utf8_lossy(id);
        text.chars().filter(|c| !c.is_control()).take(USER_ID_CHARS_MAX).collect()
    };
    cert.userids().take(USER_IDS_MAX).map(|id| shown(id.userid().value())).collect()
}

fn standing(valid: &ValidCert<'_>) -> Standing {
    if matches!(valid.revocation_status(), RevocationStatus::Revoked(_)) {
        return Standing::Revoked;
    }
    let whole = valid.primary_key().key_expiration_time();
    if valid.alive().is_err() {
        return Standing::Expired { since: whole };
    }
    let keys: Vec<EncryptionKey<'_>> =
        valid.keys().supported().for_transport_encryption().for_storage_encryption().collect();
    if keys.is_empty() {
        return if has_rejected_key(valid) {
            Standing::Weak { why: "its key for encryption is not accepted any more".to_owned() }
        } else {
            Standing::NoEncryptionKey
        };
    }
    let unrevoked: Vec<&EncryptionKey<'_>> =
        keys.iter().filter(|key| !matches!(key.revocation_status(), RevocationStatus::Revoked(_))).collect();
    if unrevoked.is_empty() {
        return Standing::Revoked;
    }
    let alive: Vec<&&EncryptionKey<'_>> = unrevoked.iter().filter(|key| key.alive().is_ok()).collect();
    if alive.is_empty() {
        return Standing::Expired { since: unrevoked.iter().filter_map(|k| k.key_expiration_time()).max() };
    }
    // The last of its keys for encryption decides, unless the certificate as a whole ends before.
    let endless = alive.iter().any(|key| key.key_expiration_time().is_none());
    let last = if endless { None } else { alive.iter().filter_map(|key| key.key_expiration_time()).max() };
    Standing::Usable { until: [whole, last].into_iter().flatten().min() }
}

type EncryptionKey<'a> = ValidKeyAmalgamation<'a, PublicParts, UnspecifiedRole, bool>;

/// Whether the certificate has a subkey that the policy leaves out.
fn has_rejected_key(valid: &ValidCert<'_>) -> bool {
    valid.cert().keys().subkeys().count() > valid.keys().subkeys().count()
}

/// The cause at the bottom, which says what is wrong and not who noticed it.
fn innermost(error: &openpgp::anyhow::Error) -> String {
    error.chain().last().map_or_else(|| error.to_string(), ToString::to_string)
}
