//! Signing statements and finding out who has: SSH keys and OpenPGP, over DSSE's encoding.

use crate::out::{Failure, Kind};
use crate::post::system_time;
use std::path::{Path, PathBuf};
use tidegate_domain::time::Instant;
use tidegate_envelope::{
    Certificate, EnvelopeError, Keyring, Secret, Signer, SshSecret, Verdict as Worth, is_ssh_signature,
    read_signers, sign, verify, verify_ssh,
};
use tidegate_formats::Fault;
use tidegate_formats::attestation::STATEMENT;
use tidegate_formats::dsse::{Envelope, Signature, pre_authentication};

/// What an SSH signature on a proof is for: one made for something else doesn't count.
pub(super) const PROOF: &str = "tidegate-proof";
/// What one on a closure is for.
pub(super) const CLOSURE: &str = "tidegate-closure";

/// The bytes that a signature on a statement is made over.
pub(super) fn payload(statement: &[u8]) -> Vec<u8> {
    pre_authentication(STATEMENT, statement)
}

/// A statement with its signature.
pub(super) fn envelope(statement: Vec<u8>, signature: Signature) -> Vec<u8> {
    Envelope { payload_type: STATEMENT.to_owned(), payload: statement, signatures: vec![signature] }.write()
}

/// A signature with a secret SSH key.
pub(super) fn with_ssh(file: &Path, namespace: &str, content: &[u8]) -> Result<Signature, Failure> {
    let key = SshSecret::read(&bytes(file)?).map_err(|error| bad_key(file, &error))?;
    let signature = key.sign(namespace, content).map_err(|error| bad_key(file, &error))?;
    Ok(Signature { key_id: key.fingerprint(), signature })
}

/// A signature with a secret OpenPGP key.
pub(super) fn with_openpgp(file: &Path, content: &[u8], now: Instant) -> Result<Signature, Failure> {
    let key = Secret::read(&bytes(file)?, None).map_err(|error| bad_key(file, &error))?;
    let signature = sign(content, &key, system_time(now)).map_err(|error| bad_key(file, &error))?;
    Ok(Signature { key_id: key.certificate().fingerprint(), signature })
}

/// A signature with a secret key of either kind, told from its content.
pub(super) fn with_key(
    file: &Path,
    namespace: &str,
    content: &[u8],
    now: Instant,
) -> Result<Signature, Failure> {
    let is_ssh = bytes(file)?.trim_ascii_start().starts_with(b"-----BEGIN OPENSSH PRIVATE KEY-----");
    if is_ssh { with_ssh(file, namespace, content) } else { with_openpgp(file, content, now) }
}

/// A signature that another program made.
pub(super) fn ready_made(file: &Path) -> Result<Signature, Failure> {
    Ok(Signature { key_id: String::new(), signature: bytes(file)? })
}

fn bad_key(file: &Path, error: &EnvelopeError) -> Failure {
    let help = match error {
        EnvelopeError::Locked => {
            "\n  Sign what `payload` prints with your agent, and give it with --signature."
        }
        _ => "",
    };
    Failure::plain(format!("{}: {error}{help}", file.display()))
}

/// Whose signatures count.
pub(super) struct Known {
    ssh: Vec<Signer>,
    openpgp: Vec<Certificate>,
}

impl Known {
    /// Reads a file of allowed SSH signers, and OpenPGP certificates.
    pub(super) fn read(signers: Option<&Path>, certificates: &[PathBuf]) -> Result<Known, Failure> {
        let ssh = match signers {
            Some(file) => {
                let text = String::from_utf8_lossy(&bytes(file)?).into_owned();
                read_signers(&text).map_err(|error| bad_key(file, &error))?
            }
            None => Vec::new(),
        };
        let mut openpgp = Vec::new();
        for file in certificates {
            openpgp.push(Certificate::read(&bytes(file)?).map_err(|error| bad_key(file, &error))?);
        }
        Ok(Known { ssh, openpgp })
    }

    /// Who of them has signed a statement, each with the key.
    pub(super) fn signed(
        &self,
        envelope: &Envelope,
        namespace: &str,
        now: Instant,
    ) -> Result<Vec<String>, Failure> {
        if envelope.payload_type != STATEMENT {
            let message =
                format!("the envelope holds `{}`, and no statement", envelope.payload_type.escape_debug());
            return Err(Failure::of(Kind::Faults, message));
        }
        let content = envelope.signed_bytes();
        let mut names = Vec::new();
        for Signature { signature, .. } in &envelope.signatures {
            // What can't be read as a signature counts for nothing, like one by a stranger.
            if is_ssh_signature(signature) {
                let by = verify_ssh(&content, signature, namespace, &self.ssh).ok().flatten();
                names.extend(by.map(|(who, key)| format!("{who}, {key}")));
            } else {
                let keys = Keyring { secrets: &[], known: &self.openpgp };
                let by = verify(&content, signature, keys, system_time(now)).unwrap_or_default();
                let good = by.into_iter().filter(|by| by.verdict == Worth::Good);
                names.extend(good.filter_map(|by| Some(format!("{}, {}", by.by.first()?, by.key?))));
            }
        }
        Ok(names)
    }
}

/// Nobody who is known has signed a file.
pub(super) fn unsigned(file: &Path) -> Failure {
    let message = format!(
        "{}: nobody who is known has signed it\n  Name their keys with --signers or --openpgp-cert.",
        file.display()
    );
    Failure::of(Kind::Refused, message)
}

/// Reads an envelope from a file.
pub(super) fn read_envelope(path: &Path) -> Result<Envelope, Failure> {
    Envelope::read(&bytes(path)?).map_err(|fault| faulty(path, &[fault]))
}

pub(super) fn bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    crate::verdict::bytes(path).map_err(|bad| faulty(&bad.path, &[bad.fault]))
}

pub(super) fn faulty(path: &Path, faults: &[Fault]) -> Failure {
    Failure::faults(&path.display().to_string(), faults)
}
