//! DSSE envelopes: what is signed, with its type, and the signatures on it
//! (<https://github.com/secure-systems-lab/dsse>, version 1).

use crate::{Fault, json};
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};

/// Longest envelope, in bytes.
pub const ENVELOPE_BYTES_MAX: usize = 4 << 20;
/// Most signatures of an envelope.
pub const SIGNATURES_MAX: usize = 16;

/// What is signed, and by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// What the payload is: a media type.
    pub payload_type: String,
    /// What is signed.
    pub payload: Vec<u8>,
    /// The signatures.
    pub signatures: Vec<Signature>,
}

/// One signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// A hint at the key. Not signed, so that nothing may rest on it.
    pub key_id: String,
    /// The signature, as the program that makes it writes it.
    pub signature: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct Raw {
    #[serde(rename = "payloadType")]
    payload_type: String,
    payload: String,
    signatures: Vec<RawSignature>,
}

#[derive(Serialize, Deserialize)]
struct RawSignature {
    #[serde(default)]
    keyid: String,
    sig: String,
}

/// The bytes that a signature is made over: DSSE's pre-authentication encoding of type and payload.
#[must_use]
pub fn pre_authentication(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

impl Envelope {
    /// The bytes that its signatures are made over.
    #[must_use]
    pub fn signed_bytes(&self) -> Vec<u8> {
        pre_authentication(&self.payload_type, &self.payload)
    }

    /// The envelope as JSON.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        let signatures = self.signatures.iter().map(|signature| RawSignature {
            keyid: signature.key_id.clone(),
            sig: BASE64_STANDARD.encode(&signature.signature),
        });
        let raw = Raw {
            payload_type: self.payload_type.clone(),
            payload: BASE64_STANDARD.encode(&self.payload),
            signatures: signatures.collect(),
        };
        json::bytes(&raw)
    }

    /// Reads an envelope.
    ///
    /// # Errors
    /// It is too long, no such JSON, has no or too many signatures, or something in it is not base 64.
    pub fn read(bytes: &[u8]) -> Result<Envelope, Fault> {
        if bytes.len() > ENVELOPE_BYTES_MAX {
            let what = format!("an envelope has at most {ENVELOPE_BYTES_MAX} bytes");
            return Err(Fault::nowhere(what, "is this the right file?"));
        }
        let raw: Raw = serde_json::from_slice(bytes).map_err(|error| Fault {
            line: error.line(),
            column: error.column(),
            what: format!("it is no DSSE envelope: {error}"),
            advice: "give the file that `tidegate proof make` wrote".to_owned(),
        })?;
        if raw.signatures.is_empty() || raw.signatures.len() > SIGNATURES_MAX {
            let what = format!("it has {} signatures", raw.signatures.len());
            return Err(Fault::nowhere(what, format!("an envelope has 1 to {SIGNATURES_MAX}")));
        }
        let mut signatures = Vec::new();
        for signature in raw.signatures {
            signatures.push(Signature { signature: decode("sig", &signature.sig)?, key_id: signature.keyid });
        }
        Ok(Envelope { payload: decode("payload", &raw.payload)?, payload_type: raw.payload_type, signatures })
    }
}

/// Base 64 in either alphabet, as DSSE demands of readers.
pub(crate) fn decode(field: &str, text: &str) -> Result<Vec<u8>, Fault> {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let standard = GeneralPurpose::new(&alphabet::STANDARD, config);
    let for_urls = GeneralPurpose::new(&alphabet::URL_SAFE, config);
    standard.decode(text).or_else(|_| for_urls.decode(text)).map_err(|error| {
        Fault::nowhere(format!("`{field}` is not base 64: {error}"), "copy the whole envelope")
    })
}
