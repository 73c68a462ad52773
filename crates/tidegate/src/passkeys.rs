//! Passkeys: Web Authentication (WebAuthn Level 3) by keys that a device keeps and shows only to this site. What is
//! here asks for one and looks at the answer; it knows no store and no person.

use serde::{Deserialize, Serialize};
use tidegate_domain::time::Instant;
use webauthn_rs::prelude::{
    AuthenticationResult, DiscoverableAuthentication, Passkey, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Url, Uuid, Webauthn, WebauthnBuilder,
};

/// The longest answer of a device that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 64 << 10;
/// Bytes of a key's name that tell it from the others of one person.
const ID_BYTES: usize = 16;

/// Whom an answer is of, as devices keep it: nothing that means anything to anybody else.
pub type Handle = [u8; 16];

/// A passkey of a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OwnPasskey {
    /// What its owner calls it; it may be empty.
    pub note: String,
    made_us: i64,
    key: Passkey,
}

impl Eq for OwnPasskey {}

impl OwnPasskey {
    /// `note`: what its owner calls it.
    #[must_use]
    pub fn new(note: &str, made: Instant, key: Passkey) -> OwnPasskey {
        OwnPasskey { note: note.to_owned(), made_us: made.micros(), key }
    }

    /// When it was added.
    #[must_use]
    pub fn made(&self) -> Instant {
        Instant::from_micros(self.made_us)
    }

    /// What it is removed by.
    #[must_use]
    pub fn id(&self) -> String {
        self.key.cred_id().iter().take(ID_BYTES).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Takes note that it was used; false where it was another.
    pub fn take(&mut self, used: &Used) -> bool {
        self.key.update_credential(&used.0).is_some()
    }

    /// Whether it is the one that was used.
    #[must_use]
    pub fn is(&self, used: &Used) -> bool {
        self.key.cred_id() == used.0.cred_id()
    }
}

/// A passkey was shown, by somebody whom their device knew.
#[derive(Clone, Debug)]
pub struct Used(AuthenticationResult);

impl PartialEq for Used {
    fn eq(&self, other: &Used) -> bool {
        (self.0.cred_id(), self.0.counter()) == (other.0.cred_id(), other.0.counter())
    }
}

impl Eq for Used {}

/// What a browser is asked, and what is kept here alone until it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// For the browser: JSON.
    pub options: String,
    /// For us.
    pub state: Vec<u8>,
}

/// An answer, not yet believed.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// Whose it claims to be.
    pub handle: Handle,
    credential: PublicKeyCredential,
}

/// A site that passkeys can be made for.
#[derive(Clone, Debug)]
pub struct Passkeys(Webauthn);

impl Passkeys {
    /// Passkeys of the site at `origin`; `None` where it has no name but an address: there are none for those.
    #[must_use]
    pub fn at(origin: &str) -> Option<Passkeys> {
        let url = Url::parse(origin).ok()?;
        let built = WebauthnBuilder::new(url.domain()?, &url).ok()?.rp_name("Tidegate").build();
        built.ok().map(Passkeys)
    }

    /// Asks for a new passkey, which must not be on a device that has one of `known`. It is one that a device finds by
    /// itself, so that nobody types a name to sign in, and it knows its holder, so that it is two factors in one.
    #[must_use]
    pub fn ask_for_new(&self, handle: Handle, name: &str, known: &[OwnPasskey]) -> Option<Question> {
        let known = known.iter().map(|own| own.key.cred_id().clone()).collect();
        let id = Uuid::from_bytes(handle);
        let (asked, state) = self.0.start_passkey_registration(id, name, name, Some(known)).ok()?;
        let mut options = serde_json::to_value(asked.public_key).ok()?;
        let wanted = options.get_mut("authenticatorSelection")?.as_object_mut()?;
        wanted.insert("residentKey".to_owned(), "required".into());
        wanted.insert("requireResidentKey".to_owned(), true.into());
        question(&options, &state)
    }

    /// The new passkey, if the answer is in order.
    #[must_use]
    pub fn new_one(&self, state: &[u8], answer: &str) -> Option<Passkey> {
        let state: PasskeyRegistration = serde_json::from_slice(state).ok()?;
        let credential: RegisterPublicKeyCredential = read(answer)?;
        self.0.finish_passkey_registration(&credential, &state).ok()
    }

    /// Asks for any passkey of this site. The question is the same for everybody.
    #[must_use]
    pub fn ask(&self) -> Option<Question> {
        let (asked, state) = self.0.start_discoverable_authentication().ok()?;
        question(&asked.public_key, &state)
    }

    /// Whose passkey the answer claims to be of.
    #[must_use]
    pub fn claimed(&self, answer: &str) -> Option<Claimed> {
        let credential: PublicKeyCredential = read(answer)?;
        let (handle, _) = self.0.identify_discoverable_authentication(&credential).ok()?;
        Some(Claimed { handle: handle.into_bytes(), credential })
    }

    /// Whether it is one of theirs, and the answer in order.
    #[must_use]
    pub fn used(&self, state: &[u8], claimed: &Claimed, theirs: &[OwnPasskey]) -> Option<Used> {
        let state: DiscoverableAuthentication = serde_json::from_slice(state).ok()?;
        let (_, id) = self.0.identify_discoverable_authentication(&claimed.credential).ok()?;
        let own = theirs.iter().find(|own| own.key.cred_id().as_slice() == id)?;
        let result =
            self.0.finish_discoverable_authentication_v2(&claimed.credential, state, &own.key).ok()?;
        result.user_verified().then_some(Used(result))
    }
}

fn question(options: &impl Serialize, state: &impl Serialize) -> Option<Question> {
    let options = serde_json::to_string(options).ok()?;
    Some(Question { options, state: serde_json::to_vec(state).ok()? })
}

fn read<T: for<'a> Deserialize<'a>>(answer: &str) -> Option<T> {
    if answer.len() > ANSWER_BYTES_MAX { None } else { serde_json::from_str(answer).ok() }
}
