//! SSH signatures over data, as `ssh-keygen -Y sign` makes and `ssh-keygen -Y verify` checks them.
//!
//! Ed25519 and ECDSA keys, those on security keys included. RSA is left out: its arithmetic in pure Rust leaks
//! timing (RUSTSEC-2023-0071).

use crate::EnvelopeError;
use ssh_key::{HashAlg, LineEnding, PrivateKey, PublicKey, SshSig};
use std::fmt;

/// The longest key or signature that is read, in bytes.
pub const SSH_BYTES_MAX: usize = 64 * 1024;
/// Most lines of a file of allowed signers.
pub const SIGNERS_MAX: usize = 10_000;

/// A secret SSH key. Shows none of it.
pub struct SshSecret(PrivateKey);

impl fmt::Debug for SshSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SshSecret({})", self.fingerprint())
    }
}

impl SshSecret {
    /// Reads a key as `ssh-keygen` writes it.
    ///
    /// # Errors
    /// [`EnvelopeError::Locked`] where it has a passphrase; [`EnvelopeError::NotAKey`].
    pub fn read(bytes: &[u8]) -> Result<SshSecret, EnvelopeError> {
        within(bytes, "an SSH key")?;
        let key = PrivateKey::from_openssh(bytes)
            .map_err(|error| EnvelopeError::not_a_key(format_args!("there is no SSH key in it: {error}")))?;
        if key.is_encrypted() { Err(EnvelopeError::Locked) } else { Ok(SshSecret(key)) }
    }

    /// The key's fingerprint: `SHA256:...`.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.0.fingerprint(HashAlg::Sha256).to_string()
    }

    /// A signature on `content` for `namespace`, armoured.
    ///
    /// # Errors
    /// [`EnvelopeError::Library`] where the key is of a kind that can't sign here.
    pub fn sign(&self, namespace: &str, content: &[u8]) -> Result<Vec<u8>, EnvelopeError> {
        let signature = self.0.sign(namespace, HashAlg::Sha512, content).map_err(EnvelopeError::library)?;
        signature.to_pem(LineEnding::LF).map(String::into_bytes).map_err(EnvelopeError::library)
    }
}

/// Somebody who may sign, from a file of allowed signers (`ssh-keygen(1)`, ALLOWED SIGNERS).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// Who: the principals of the line.
    pub who: String,
    /// Their key.
    key: PublicKey,
}

/// Whether bytes are an armoured SSH signature.
#[must_use]
pub fn is_ssh_signature(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().starts_with(b"-----BEGIN SSH SIGNATURE-----")
}

/// Reads a file of allowed signers: principals, perhaps options, key.
///
/// # Errors
/// [`EnvelopeError::NotAKey`] with the line. A line with options is refused, since an option that is passed
/// over could be the one that forbids.
pub fn read_signers(text: &str) -> Result<Vec<Signer>, EnvelopeError> {
    let mut signers = Vec::new();
    for (number, line) in (1_usize..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if signers.len() == SIGNERS_MAX {
            let why = format_args!("there are more than {SIGNERS_MAX} signers");
            return Err(EnvelopeError::not_a_key(why));
        }
        signers.push(signer(line).map_err(|why| {
            EnvelopeError::not_a_key(format_args!("line {number}: {why}; write: NAME ssh-ed25519 AAAA..."))
        })?);
    }
    Ok(signers)
}

fn signer(line: &str) -> Result<Signer, String> {
    let (who, rest) = line.split_once([' ', '\t']).ok_or("there is no key")?;
    let rest = rest.trim_start();
    if !["ssh-", "ecdsa-", "sk-"].iter().any(|start| rest.starts_with(start)) {
        return Err("options of allowed signers are not understood here".to_owned());
    }
    let key = PublicKey::from_openssh(rest).map_err(|error| error.to_string())?;
    Ok(Signer { who: who.to_owned(), key })
}

/// Who of `signers` signed `content` for `namespace`, and the key's fingerprint; none where nobody of them did.
///
/// # Errors
/// [`EnvelopeError::Damaged`] where it is no signature.
pub fn verify_ssh(
    content: &[u8],
    signature: &[u8],
    namespace: &str,
    signers: &[Signer],
) -> Result<Option<(String, String)>, EnvelopeError> {
    within(signature, "an SSH signature")?;
    let signature = SshSig::from_pem(signature.trim_ascii()).map_err(EnvelopeError::damaged)?;
    let by = signers.iter().find(|signer| signer.key.verify(namespace, content, &signature).is_ok());
    Ok(by.map(|signer| (signer.who.clone(), signer.key.fingerprint(HashAlg::Sha256).to_string())))
}

fn within(bytes: &[u8], what: &'static str) -> Result<(), EnvelopeError> {
    if bytes.len() > SSH_BYTES_MAX {
        return Err(EnvelopeError::TooLarge { what, limit: SSH_BYTES_MAX });
    }
    Ok(())
}
