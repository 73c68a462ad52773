//! A device of a test's own that keeps one passkey (WebAuthn Level 3, section 6), and lies where the test wants it to.

use super::Answer;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const NEW_KEY: u8 = 0x40;

/// What it says of itself and of where it is asked.
#[derive(Clone, Debug)]
pub struct Device {
    pub key: SigningKey,
    pub id: Vec<u8>,
    pub counter: u32,
    pub handle: String,
    pub origin: String,
    pub site: String,
    /// Whether it knew its holder.
    pub is_verified: bool,
}

impl Device {
    pub fn new(seed: u8) -> Device {
        Device {
            key: SigningKey::from_slice(&[seed; 32]).expect("a key"),
            id: vec![seed; 24],
            counter: 0,
            handle: String::new(),
            origin: "http://localhost:8008".to_owned(),
            site: "localhost".to_owned(),
            is_verified: true,
        }
    }

    /// Makes its key for what a page asks.
    pub fn create(&mut self, options: &Value) -> String {
        self.handle = options["user"]["id"].as_str().expect("a handle").to_owned();
        let client = self.client("webauthn.create", options);
        let mut data = self.data(NEW_KEY);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).expect("short").to_be_bytes());
        data.extend(&self.id);
        let point = self.key.verifying_key().to_sec1_point(false);
        // A COSE key (RFC 9053, section 7.1.1): EC2, ES256, P-256, x, y.
        data.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend(point.x().expect("x"));
        data.extend([0x22, 0x58, 0x20]);
        data.extend(point.y().expect("y"));
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
        object.push(u8::try_from(data.len()).expect("short"));
        object.extend(data);
        let response = json!({"clientDataJSON": base64(client), "attestationObject": base64(object),
            "transports": ["internal"]});
        self.credential(&response)
    }

    /// Signs what a page asks.
    pub fn get(&mut self, options: &Value) -> String {
        self.counter += 1;
        let client = self.client("webauthn.get", options);
        let data = self.data(0);
        let signed: Signature = self.key.sign(&[data.as_slice(), &Sha256::digest(&client)].concat());
        let response = json!({"clientDataJSON": base64(client), "authenticatorData": base64(data),
            "signature": base64(signed.to_der()), "userHandle": self.handle});
        self.credential(&response)
    }

    fn client(&self, kind: &str, options: &Value) -> Vec<u8> {
        json!({"type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": false})
            .to_string()
            .into_bytes()
    }

    fn data(&self, flags: u8) -> Vec<u8> {
        let flags = flags | PRESENT | if self.is_verified { VERIFIED } else { 0 };
        let mut data = Sha256::digest(&self.site).to_vec();
        data.push(flags);
        data.extend(self.counter.to_be_bytes());
        data
    }

    fn credential(&self, response: &Value) -> String {
        let id = base64(&self.id);
        json!({"id": id, "rawId": id, "type": "public-key", "response": response, "clientExtensionResults": {}})
            .to_string()
    }
}

/// What a page asks.
pub fn options(page: &Answer) -> Value {
    let (_, rest) = page.body.split_once("data-options=\"").expect("a question");
    let text = rest.split('"').next().expect("its end").replace("&quot;", "\"").replace("&amp;", "&");
    serde_json::from_str(&text).expect("JSON")
}

fn base64(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}
