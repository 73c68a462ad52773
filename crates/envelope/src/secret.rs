//! The project's own key: it signs what goes out and opens what comes in.

use crate::EnvelopeError;
use crate::certificate::{Certificate, read_one};
use sequoia_openpgp as openpgp;

use openpgp::cert::amalgamation::key::PrimaryKey;
use openpgp::cert::{CertBuilder, CipherSuite};
use openpgp::crypto::{KeyPair, Password};
use openpgp::packet::Packet;
use openpgp::policy::StandardPolicy;
use openpgp::serialize::SerializeInto;
use openpgp::{Cert, Profile};
use std::fmt;
use std::time::{Duration, SystemTime};

/// The longest secret key that is read, in bytes.
pub const SECRET_BYTES_MAX: usize = 512 * 1024;

/// A certificate with its secret parts, unlocked. Shows none of them.
#[derive(Clone)]
pub struct Secret(pub(crate) Cert);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({})", self.0.fingerprint())
    }
}

impl Secret {
    /// Makes a key for `user_id`, as in `Example Project <security@example.org>`: Ed25519 to sign, X25519 to
    /// open, in the form that every OpenPGP program of the last decade reads.
    ///
    /// # Errors
    /// The library's.
    pub fn generate(
        user_id: &str,
        at: SystemTime,
        validity: Option<Duration>,
    ) -> Result<Secret, EnvelopeError> {
        let built = CertBuilder::new()
            .set_profile(Profile::RFC4880)
            .map_err(EnvelopeError::library)?
            .set_cipher_suite(CipherSuite::Cv25519)
            .set_creation_time(at)
            .set_validity_period(validity)
            .add_userid(user_id)
            .add_signing_subkey()
            .add_subkey(
                openpgp::types::KeyFlags::empty().set_transport_encryption().set_storage_encryption(),
                None,
                None,
            )
            .generate();
        built.map(|(cert, _)| Secret(cert)).map_err(EnvelopeError::library)
    }

    /// Reads one secret key, armoured or binary, and unlocks it where `passphrase` is given.
    ///
    /// # Errors
    /// [`EnvelopeError::NotAKey`] where there is no secret key, [`EnvelopeError::Locked`] where the passphrase
    /// is missing or wrong.
    pub fn read(bytes: &[u8], passphrase: Option<&str>) -> Result<Secret, EnvelopeError> {
        let cert = read_one(bytes, "a secret key", SECRET_BYTES_MAX)?;
        if !cert.is_tsk() {
            return Err(EnvelopeError::not_a_key(
                "this is a public key; `gpg --armor --export-secret-keys ADDRESS` writes the secret one",
            ));
        }
        let unlocked = unlock(cert, passphrase)?;
        Ok(Secret(unlocked))
    }

    /// The key with its secret parts, unlocked: for a store that encrypts it.
    ///
    /// # Errors
    /// The library's.
    pub fn to_bytes(&self) -> Result<Vec<u8>, EnvelopeError> {
        self.0.as_tsk().to_vec().map_err(EnvelopeError::library)
    }

    /// The public part.
    #[must_use]
    pub fn certificate(&self) -> Certificate {
        Certificate(self.0.clone().strip_secret_key_material())
    }

    /// When it was made.
    #[must_use]
    pub fn made(&self) -> SystemTime {
        self.0.primary_key().key().creation_time()
    }

    /// Whether it can sign at `at`.
    #[must_use]
    pub fn can_sign(&self, at: SystemTime) -> bool {
        self.signer(at).is_ok()
    }

    /// A key of it that may sign at `at`.
    pub(crate) fn signer(&self, at: SystemTime) -> Result<KeyPair, EnvelopeError> {
        let policy = StandardPolicy::at(at);
        let keys = self.0.keys().unencrypted_secret().with_policy(&policy, at);
        let usable = keys.supported().alive().revoked(false).for_signing();
        let newest = usable.max_by_key(|key| key.key().creation_time());
        let key = newest.ok_or(EnvelopeError::CannotSign)?.key().clone();
        key.into_keypair().map_err(EnvelopeError::library)
    }
}

/// Unlocks every secret part that is locked.
fn unlock(cert: Cert, passphrase: Option<&str>) -> Result<Cert, EnvelopeError> {
    let mut unlocked = Vec::new();
    for key in cert.keys().secret() {
        if key.key().has_unencrypted_secret() {
            continue;
        }
        let password = Password::from(passphrase.ok_or(EnvelopeError::Locked)?);
        let open = key.key().clone().decrypt_secret(&password).map_err(|_| EnvelopeError::Locked)?;
        unlocked.push(if key.primary() {
            Packet::from(open.role_into_primary())
        } else {
            Packet::from(open.role_into_subordinate())
        });
    }
    cert.insert_packets(unlocked).map(|(cert, _)| cert).map_err(EnvelopeError::library)
}
