//! What a signature is worth.

use crate::certificate::user_ids;
use sequoia_openpgp as openpgp;

use openpgp::packet::Signature as Packet;
use openpgp::parse::stream::{GoodChecksum, VerificationError, VerificationResult};
use std::fmt;
use std::time::SystemTime;

/// A signature on a letter: who made it, and how sure that is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// How sure it is.
    pub verdict: Verdict,
    /// The fingerprint of the certificate where that is known, else what the signature says of its key.
    pub key: Option<String>,
    /// Who the certificate says it is for; empty where it is unknown.
    pub by: Vec<String>,
    /// When it was made, as it says.
    pub made: Option<SystemTime>,
}

/// How sure a signature is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The content is as the key's owner signed it. Whose key it is, is another question.
    Good,
    /// The content is not what was signed, or the signature itself is not safe.
    Bad {
        /// What the library says.
        why: String,
    },
    /// Nothing can be said: the key is not known here.
    UnknownKey,
    /// The key's time was over when the signature was made.
    Expired,
    /// The key was revoked, or may not sign.
    KeyRefused {
        /// What is wrong with the key.
        why: String,
    },
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Good => f.write_str("good signature"),
            Verdict::Bad { why } => write!(f, "BAD signature: {why}"),
            Verdict::UnknownKey => f.write_str("signature by an unknown key"),
            Verdict::Expired => f.write_str("signature by an expired key"),
            Verdict::KeyRefused { why } => write!(f, "signature by a key that is refused: {why}"),
        }
    }
}

/// `good signature, 0123ABCD..., Alice <alice@example.org>`
impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.verdict)?;
        if let Some(key) = &self.key {
            write!(f, ", {key}")?;
        }
        if let Some(first) = self.by.first() {
            write!(f, ", {first}")?;
        }
        Ok(())
    }
}

impl Signature {
    pub(crate) fn of(result: &VerificationResult<'_>) -> Signature {
        match result {
            Ok(GoodChecksum { sig, ka }) => Signature::by(sig, ka.cert(), Verdict::Good),
            Err(VerificationError::MissingKey { sig }) => Signature::unknown(sig, Verdict::UnknownKey),
            Err(VerificationError::UnboundKey { sig, cert, error }) => {
                Signature::by(sig, cert, refused(error))
            }
            Err(VerificationError::BadKey { sig, ka, error }) => {
                Signature::by(sig, ka.cert(), refused(error))
            }
            Err(VerificationError::BadSignature { sig, ka, error }) => {
                Signature::by(sig, ka.cert(), Verdict::Bad { why: error.to_string() })
            }
            Err(VerificationError::MalformedSignature { sig, error }) => {
                Signature::unknown(sig, Verdict::Bad { why: error.to_string() })
            }
            // The library may learn of further failures; none of them makes a signature good.
            Err(other) => Signature {
                verdict: Verdict::Bad { why: other.to_string() },
                key: None,
                by: Vec::new(),
                made: None,
            },
        }
    }

    fn by(packet: &Packet, cert: &openpgp::Cert, verdict: Verdict) -> Signature {
        Signature {
            verdict,
            key: Some(cert.fingerprint().to_hex()),
            by: user_ids(cert),
            made: packet.signature_creation_time(),
        }
    }

    fn unknown(packet: &Packet, verdict: Verdict) -> Signature {
        let key = packet.get_issuers().into_iter().next().map(|handle| handle.to_hex());
        Signature { verdict, key, by: Vec::new(), made: packet.signature_creation_time() }
    }
}

fn refused(error: &openpgp::anyhow::Error) -> Verdict {
    match error.downcast_ref::<openpgp::Error>() {
        Some(openpgp::Error::Expired(_)) => Verdict::Expired,
        _ => Verdict::KeyRefused { why: error.to_string() },
    }
}
