//! Decrypting and verifying bytes.

use crate::{Certificate, EnvelopeError, Secret, Signature};
use sequoia_openpgp as openpgp;

use openpgp::crypto::SessionKey;
use openpgp::packet::{PKESK, SKESK};
use openpgp::parse::Parse;
use openpgp::parse::stream::{
    DecryptionHelper, DecryptorBuilder, DetachedVerifierBuilder, MessageLayer, MessageStructure,
    VerificationHelper, VerifierBuilder,
};
use openpgp::policy::StandardPolicy;
use openpgp::types::SymmetricAlgorithm;
use openpgp::{Cert, KeyHandle};
use std::io::Read;
use std::time::{Duration, SystemTime};

/// How much of a message is decrypted, in bytes: a small one may expand without end.
pub const CLEAR_BYTES_MAX: usize = 64 << 20;
/// How far a sender's clock may be ahead of ours before a signature counts as made in the future.
pub const CLOCK_SKEW: Duration = Duration::from_secs(5 * 60);

/// The keys at hand.
#[derive(Clone, Copy, Debug)]
pub struct Keyring<'a> {
    /// Those that open what comes in. Old ones still do: an expired key opens what was sent in its time.
    pub secrets: &'a [Secret],
    /// Those that signatures are held against.
    pub known: &'a [Certificate],
}

/// What was inside of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clear {
    /// The content.
    pub content: Vec<u8>,
    /// Whether it was encrypted; a message can be signed alone.
    pub encrypted: bool,
    /// The signatures on the content, those inside of the encryption.
    pub signatures: Vec<Signature>,
}

/// Opens a message, armoured or binary: encrypted, signed, both, or signed as text.
///
/// # Errors
/// [`EnvelopeError::NoKeyForIt`], [`EnvelopeError::TooLarge`], [`EnvelopeError::Damaged`] also where the
/// encryption does not show whether the content was changed. A bad signature is no error: see
/// [`Clear::signatures`].
pub fn decrypt(message: &[u8], keys: Keyring<'_>, at: SystemTime) -> Result<Clear, EnvelopeError> {
    decrypt_within(message, keys, at, CLEAR_BYTES_MAX)
}

/// As [`decrypt`], of a message with at most `limit` bytes inside.
pub(crate) fn decrypt_within(
    message: &[u8],
    keys: Keyring<'_>,
    at: SystemTime,
    limit: usize,
) -> Result<Clear, EnvelopeError> {
    let policy = StandardPolicy::at(at);
    let decryptor = DecryptorBuilder::from_bytes(message)
        .and_then(|builder| builder.with_policy(&policy, at + CLOCK_SKEW, Helper::new(keys)));
    let mut decryptor = decryptor.map_err(|error| why_closed(&error))?;
    let content = read_bounded(&mut decryptor, limit)?;
    Ok(decryptor.into_helper().clear(content))
}

/// Opens a text with a signature around it (RFC 9580 section 7).
pub(crate) fn verify_text(
    message: &[u8],
    keys: Keyring<'_>,
    at: SystemTime,
    limit: usize,
) -> Result<Clear, EnvelopeError> {
    let policy = StandardPolicy::at(at);
    let verifier = VerifierBuilder::from_bytes(message)
        .and_then(|builder| builder.with_policy(&policy, at + CLOCK_SKEW, Helper::new(keys)));
    let mut verifier = verifier.map_err(EnvelopeError::damaged)?;
    let content = read_bounded(&mut verifier, limit)?;
    Ok(verifier.into_helper().clear(content))
}

/// Holds a detached signature, armoured or binary, against `content`.
///
/// # Errors
/// [`EnvelopeError::Damaged`] where it is no signature.
pub fn verify(
    content: &[u8],
    signature: &[u8],
    keys: Keyring<'_>,
    at: SystemTime,
) -> Result<Vec<Signature>, EnvelopeError> {
    let policy = StandardPolicy::at(at);
    let verifier = DetachedVerifierBuilder::from_bytes(signature)
        .and_then(|builder| builder.with_policy(&policy, at + CLOCK_SKEW, Helper::new(keys)));
    let mut verifier = verifier.map_err(EnvelopeError::damaged)?;
    verifier.verify_bytes(content).map_err(EnvelopeError::damaged)?;
    Ok(verifier.into_helper().signatures)
}

fn read_bounded(reader: &mut impl Read, limit: usize) -> Result<Vec<u8>, EnvelopeError> {
    let one_more = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let mut content = Vec::new();
    reader.take(one_more).read_to_end(&mut content).map_err(EnvelopeError::damaged)?;
    if content.len() > limit {
        return Err(EnvelopeError::TooLarge { what: "the decrypted message", limit });
    }
    Ok(content)
}

fn why_closed(error: &openpgp::anyhow::Error) -> EnvelopeError {
    match error.downcast_ref::<openpgp::Error>() {
        Some(openpgp::Error::MissingSessionKey(_)) => EnvelopeError::NoKeyForIt,
        _ => EnvelopeError::damaged(error),
    }
}

/// Gives the library the keys it asks for, and keeps what it finds out.
struct Helper<'a> {
    keys: Keyring<'a>,
    encrypted: bool,
    signatures: Vec<Signature>,
}

impl<'a> Helper<'a> {
    fn new(keys: Keyring<'a>) -> Helper<'a> {
        Helper { keys, encrypted: false, signatures: Vec::new() }
    }

    fn clear(self, content: Vec<u8>) -> Clear {
        Clear { content, encrypted: self.encrypted, signatures: self.signatures }
    }
}

impl VerificationHelper for Helper<'_> {
    fn get_certs(&mut self, ids: &[KeyHandle]) -> openpgp::Result<Vec<Cert>> {
        let asked =
            |cert: &Cert| cert.keys().any(|key| ids.iter().any(|id| id.aliases(key.key().key_handle())));
        let ours = self.keys.secrets.iter().map(|secret| &secret.0);
        let known = self.keys.known.iter().map(|certificate| &certificate.0);
        Ok(known.chain(ours).filter(|cert| asked(cert)).cloned().collect())
    }

    /// Refuses nothing: what a signature is worth is shown, and the letter read.
    fn check(&mut self, structure: MessageStructure<'_>) -> openpgp::Result<()> {
        for layer in structure {
            match layer {
                // A signature around the encryption says nothing of who knew the content.
                MessageLayer::Encryption { .. } => {
                    self.encrypted = true;
                    self.signatures.clear();
                }
                MessageLayer::SignatureGroup { results } => {
                    self.signatures.extend(results.iter().map(Signature::of));
                }
                MessageLayer::Compression { .. } => {}
            }
        }
        Ok(())
    }
}

impl DecryptionHelper for Helper<'_> {
    fn decrypt(
        &mut self,
        pkesks: &[PKESK],
        _: &[SKESK],
        algorithm: Option<SymmetricAlgorithm>,
        decrypt: &mut dyn FnMut(Option<SymmetricAlgorithm>, &SessionKey) -> bool,
    ) -> openpgp::Result<Option<Cert>> {
        for secret in self.keys.secrets {
            for key in secret.0.keys().unencrypted_secret() {
                let handle = key.key().key_handle();
                let Ok(mut pair) = key.key().clone().into_keypair() else { continue };
                // A message may hide whom it is for; then every key is tried.
                let addressed = |pkesk: &&PKESK| pkesk.recipient().is_none_or(|id| id.aliases(&handle));
                let opened = pkesks.iter().filter(addressed).any(|pkesk| {
                    let session = pkesk.decrypt(&mut pair, algorithm);
                    session.is_some_and(|(algorithm, key)| decrypt(algorithm, &key))
                });
                if opened {
                    return Ok(Some(secret.0.clone()));
                }
            }
        }
        Ok(None)
    }
}
