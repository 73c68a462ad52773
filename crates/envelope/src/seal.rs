//! Encrypting and signing bytes.

use crate::{Certificate, EnvelopeError, Secret};
use sequoia_openpgp as openpgp;

use openpgp::policy::StandardPolicy;
use openpgp::serialize::stream::{Armorer, Encryptor, LiteralWriter, Message, Recipient, Signer};
use openpgp::types::HashAlgorithm;
use std::io::Write;
use std::time::SystemTime;

/// The hash of every signature made here, as `micalg` calls it (RFC 3156 section 5).
pub(crate) const MICALG: &str = "pgp-sha512";

/// Encrypts `content` to every key for encryption that `to` has at `at`, signed within by `signer`. The answer
/// is armoured.
///
/// # Errors
/// [`EnvelopeError::Unusable`] or [`EnvelopeError::CannotSign`]: then nothing was made. Never less protection
/// than was asked for.
pub fn encrypt(
    content: &[u8],
    to: &Certificate,
    signer: &Secret,
    at: SystemTime,
) -> Result<Vec<u8>, EnvelopeError> {
    let standing = to.standing(at);
    if !standing.is_usable() {
        return Err(EnvelopeError::Unusable(standing));
    }
    let policy = StandardPolicy::at(at);
    let keys = to.0.keys().with_policy(&policy, at).supported().alive().revoked(false);
    let recipients: Vec<Recipient<'_>> =
        keys.for_transport_encryption().for_storage_encryption().map(Recipient::from).collect();
    let keypair = signer.signer(at)?;
    let mut sealed = Vec::new();
    let write = || -> openpgp::Result<()> {
        let message = Armorer::new(Message::new(&mut sealed)).build()?;
        let message = Encryptor::for_recipients(message, recipients).build()?;
        // Naming the reader within the signature keeps it from being passed on as if to somebody else.
        let message = Signer::new(message, keypair)?
            .hash_algo(HashAlgorithm::SHA512)?
            .creation_time(at)
            .add_intended_recipient(&to.0)
            .build()?;
        let mut message = LiteralWriter::new(message).build()?;
        message.write_all(content)?;
        message.finalize()
    };
    write().map_err(EnvelopeError::library)?;
    Ok(sealed)
}

/// A detached signature on `content`, armoured.
///
/// # Errors
/// [`EnvelopeError::CannotSign`].
pub fn sign(content: &[u8], signer: &Secret, at: SystemTime) -> Result<Vec<u8>, EnvelopeError> {
    let keypair = signer.signer(at)?;
    let mut signature = Vec::new();
    let write = || -> openpgp::Result<()> {
        let message = Message::new(&mut signature);
        let message = Armorer::new(message).kind(openpgp::armor::Kind::Signature).build()?;
        let mut message = Signer::new(message, keypair)?
            .hash_algo(HashAlgorithm::SHA512)?
            .detached()
            .creation_time(at)
            .build()?;
        message.write_all(content)?;
        message.finalize()
    };
    write().map_err(EnvelopeError::library)?;
    Ok(signature)
}
