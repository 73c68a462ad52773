//! From a letter as it arrived to the same letter in the clear, with what its seal is worth.

use crate::mime::{ContentType, Entity, Field, with_crlf};
use crate::open::{decrypt_within, verify_text};
use crate::{CLEAR_BYTES_MAX, Clear, EnvelopeError, Keyring, Signature, Verdict, verify};
use std::cell::Cell;
use std::fmt;
use std::time::SystemTime;

/// How deep encryption and signatures are followed into one another and into multiparts.
const DEPTH_MAX: usize = 6;
/// How many encrypted or signed parts of one letter are opened. All of them together may hold
/// [`CLEAR_BYTES_MAX`].
const SEALS_MAX: usize = 50;
/// Fields that only a mail server on the way may have written: never taken from inside of a letter.
const OF_SERVERS: [&str; 6] =
    ["Return-Path", "Received", "Authentication-Results", "Delivered-To", "X-Original-To", "ARC-Seal"];
const MESSAGE_BEGIN: &[u8] = b"-----BEGIN PGP MESSAGE-----";
const MESSAGE_END: &[u8] = b"-----END PGP MESSAGE-----";
const SIGNED_BEGIN: &[u8] = b"-----BEGIN PGP SIGNED MESSAGE-----";
const SIGNED_END: &[u8] = b"-----END PGP SIGNATURE-----";

/// A letter with its seal taken off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The whole letter in the clear, to be read like any other. Where nothing could be opened, as it arrived.
    pub letter: Vec<u8>,
    /// What the seal was worth.
    pub seal: Seal,
}

/// What OpenPGP says of a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// How it was carried.
    pub form: Form,
    /// Whether something in it was encrypted, and could be opened.
    pub encrypted: bool,
    /// Whether encryption and signatures cover the whole text, and not a part between others.
    pub whole: bool,
    /// The signatures, in the order of the letter.
    pub signatures: Vec<Signature>,
    /// What a reader should know beside that.
    pub notes: Vec<Note>,
}

/// How a letter carries OpenPGP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `multipart/encrypted` or `multipart/signed` (RFC 3156).
    PgpMime,
    /// As PGP/MIME, but rebuilt by a server on the way.
    Mangled,
    /// An armoured block in the text.
    Inline,
}

/// Something about a sealed letter that its reader should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// It could not be opened.
    Closed(EnvelopeError),
    /// The sender named inside is not the one on the outside.
    OtherSender {
        /// The one inside.
        inside: String,
        /// The one outside.
        outside: String,
    },
    /// More encryption or signatures inside of one another than are followed.
    TooDeep,
    /// More encrypted or signed parts than are opened.
    TooMany,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Note::Closed(error) => write!(f, "could not be opened: {error}"),
            Note::OtherSender { inside, outside } => {
                write!(f, "inside it names the sender {inside}, outside {outside}")
            }
            Note::TooMany => write!(f, "more than {SEALS_MAX} parts are sealed; the rest stays closed"),
            Note::TooDeep => write!(f, "sealed more than {DEPTH_MAX} times; the rest stays closed"),
        }
    }
}

impl Seal {
    fn new(form: Form) -> Seal {
        Seal { form, encrypted: false, whole: true, signatures: Vec::new(), notes: Vec::new() }
    }

    /// Whether everything that is shown was signed, and every signature is good.
    #[must_use]
    pub fn is_signed(&self) -> bool {
        self.whole
            && !self.signatures.is_empty()
            && self.signatures.iter().all(|signature| signature.verdict == Verdict::Good)
    }

    /// A seal inside of this one.
    fn take_in(&mut self, inner: Seal) {
        self.encrypted |= inner.encrypted;
        self.whole &= inner.whole;
        self.signatures.extend(inner.signatures);
        self.notes.extend(inner.notes);
    }
}

/// Takes the seal off a letter; `None` where there is none. Never fails: what cannot be opened stays as it
/// arrived, and [`Seal::notes`] says why.
#[must_use]
pub fn open(raw: &[u8], keys: Keyring<'_>, at: SystemTime) -> Option<Opened> {
    let outer = Entity::read(raw)?;
    let opener = Opener {
        keys,
        at,
        sender: outer.field("From").map(Field::value).unwrap_or_default(),
        seals_left: Cell::new(SEALS_MAX),
        bytes_left: Cell::new(CLEAR_BYTES_MAX),
    };
    let unsealed = opener.unseal(raw, 0)?;
    let mut seal = unsealed.seal;
    let letter = match Entity::read(&unsealed.bytes) {
        Some(inner) => whole_letter(&outer, &inner, &mut seal),
        None => raw.to_vec(),
    };
    Some(Opened { letter, seal })
}

struct Opener<'a> {
    keys: Keyring<'a>,
    at: SystemTime,
    /// The sender on the outside.
    sender: String,
    seals_left: Cell<usize>,
    bytes_left: Cell<usize>,
}

/// An entity that had a seal: header and body without it.
struct Unsealed {
    bytes: Vec<u8>,
    seal: Seal,
}

impl Opener<'_> {
    /// Whether one more seal may be taken off.
    fn may_open(&self) -> bool {
        let left = self.seals_left.get();
        self.seals_left.set(left.saturating_sub(1));
        left > 0
    }

    fn decrypt(&self, message: &[u8]) -> Result<Clear, EnvelopeError> {
        self.counted(decrypt_within(message, self.keys, self.at, self.bytes_left.get()))
    }

    fn verify_text(&self, message: &[u8]) -> Result<Clear, EnvelopeError> {
        self.counted(verify_text(message, self.keys, self.at, self.bytes_left.get()))
    }

    fn counted(&self, opened: Result<Clear, EnvelopeError>) -> Result<Clear, EnvelopeError> {
        let bytes = opened.as_ref().map_or(0, |clear| clear.content.len());
        self.bytes_left.set(self.bytes_left.get().saturating_sub(bytes));
        opened
    }

    /// Takes the seal off an entity, and those inside of it.
    fn unseal(&self, raw: &[u8], depth: usize) -> Option<Unsealed> {
        let entity = Entity::read(raw)?;
        if depth >= DEPTH_MAX {
            let mut seal = Seal::new(Form::PgpMime);
            seal.notes.push(Note::TooDeep);
            return is_sealed(&entity).then(|| Unsealed { bytes: raw.to_vec(), seal });
        }
        let content_type = entity.content_type();
        if content_type.is_security("multipart/encrypted", "application/pgp-encrypted") {
            let payload = entity.parts().get(1).map(|part| entity.part(part)).unwrap_or_default();
            return Some(self.decrypted(raw, payload, Form::PgpMime, depth));
        }
        if content_type.is_security("multipart/signed", "application/pgp-signature") {
            return Some(self.verified(raw, &entity, depth));
        }
        match content_type.essence.as_str() {
            "multipart/mixed" | "multipart/alternative" | "multipart/related" => {
                self.within(raw, &entity, depth)
            }
            "text/plain" => self.inline(&entity, &content_type),
            _ => None,
        }
    }

    /// `payload` is the part with the encrypted message; `raw` is what stays where it cannot be opened.
    fn decrypted(&self, raw: &[u8], payload: &[u8], form: Form, depth: usize) -> Unsealed {
        let mut seal = Seal::new(form);
        if !self.may_open() {
            seal.notes.push(Note::TooMany);
            return Unsealed { bytes: raw.to_vec(), seal };
        }
        let message = Entity::read(payload).map(|part| part.decoded().into_owned()).unwrap_or_default();
        match self.decrypt(&message) {
            Ok(Clear { content, encrypted, signatures }) => {
                seal.encrypted = encrypted;
                seal.signatures = signatures;
                self.inner(content, seal, depth)
            }
            Err(error) => {
                seal.notes.push(Note::Closed(error));
                Unsealed { bytes: raw.to_vec(), seal }
            }
        }
    }

    fn verified(&self, raw: &[u8], entity: &Entity<'_>, depth: usize) -> Unsealed {
        let mut seal = Seal::new(Form::PgpMime);
        if !self.may_open() {
            seal.notes.push(Note::TooMany);
            return Unsealed { bytes: raw.to_vec(), seal };
        }
        let parts = entity.parts();
        let [content, signature, ..] = parts.as_slice() else {
            let why = "there is no signature beside the content".to_owned();
            seal.notes.push(Note::Closed(EnvelopeError::Damaged { why }));
            return Unsealed { bytes: raw.to_vec(), seal };
        };
        let content = entity.part(content);
        let signature = Entity::read(entity.part(signature)).map(|part| part.decoded().into_owned());
        match verify(&with_crlf(content), &signature.unwrap_or_default(), self.keys, self.at) {
            Ok(signatures) => seal.signatures = signatures,
            Err(error) => seal.notes.push(Note::Closed(error)),
        }
        self.inner(content.to_vec(), seal, depth)
    }

    /// What came out of a seal may have another inside, as mutt and Thunderbird build it.
    fn inner(&self, content: Vec<u8>, mut seal: Seal, depth: usize) -> Unsealed {
        seal.notes.extend(self.other_sender(&content));
        match self.unseal(&content, depth + 1) {
            Some(inner) => {
                seal.take_in(inner.seal);
                Unsealed { bytes: inner.bytes, seal }
            }
            None => Unsealed { bytes: content, seal },
        }
    }

    /// Whoever intercepts a sealed letter can send it on as a part of their own: what is protected inside tells.
    fn other_sender(&self, content: &[u8]) -> Option<Note> {
        let entity = Entity::read(content).filter(is_protected)?;
        let inside = entity.field("From").map(Field::value)?;
        let outside = self.sender.clone();
        (address(&inside) != address(&outside)).then_some(Note::OtherSender { inside, outside })
    }

    /// A seal on a part of a multipart: a mailing list put its footer beside it, or a server took
    /// `multipart/encrypted` apart.
    fn within(&self, raw: &[u8], entity: &Entity<'_>, depth: usize) -> Option<Unsealed> {
        let parts = entity.parts();
        if let Some(payload) = mangled(entity, &parts) {
            return Some(self.decrypted(raw, payload, Form::Mangled, depth));
        }
        // A wrapper around one part is no letter of its own.
        if let [only] = parts.as_slice() {
            return self.unseal(entity.part(only), depth + 1);
        }
        let head = raw.get(..raw.len() - entity.body.len())?;
        let mut bytes = head.to_vec();
        let mut seal: Option<Seal> = None;
        let mut done = 0;
        for part in &parts {
            let Some(unsealed) = self.unseal(entity.part(part), depth + 1) else { continue };
            bytes.extend_from_slice(entity.body.get(done..part.start)?);
            bytes.extend_from_slice(&unsealed.bytes);
            done = part.end;
            match &mut seal {
                Some(seal) => seal.take_in(unsealed.seal),
                None => seal = Some(unsealed.seal),
            }
        }
        bytes.extend_from_slice(entity.body.get(done..)?);
        let mut seal = seal?;
        seal.whole = false;
        Some(Unsealed { bytes, seal })
    }

    /// An armoured block in a text: every such block is replaced by what is in it.
    fn inline(&self, entity: &Entity<'_>, content_type: &ContentType) -> Option<Unsealed> {
        let text = entity.decoded();
        let mut seal = Seal::new(Form::Inline);
        let mut clear = Vec::with_capacity(text.len());
        let mut rest: &[u8] = &text;
        let mut found = false;
        while let Some(block) = next_block(rest) {
            found = true;
            if !self.may_open() {
                seal.whole = false;
                seal.notes.push(Note::TooMany);
                break;
            }
            let (before, armoured, after) = block.split(rest);
            seal.whole &= before.trim_ascii().is_empty();
            clear.extend_from_slice(before);
            let opened = match block.kind {
                Block::Message => self.decrypt(armoured),
                Block::SignedText => self.verify_text(armoured),
            };
            match opened {
                Ok(opened) => {
                    seal.encrypted |= opened.encrypted;
                    seal.signatures.extend(opened.signatures);
                    clear.extend_from_slice(&opened.content);
                }
                Err(error) => {
                    seal.notes.push(Note::Closed(error));
                    clear.extend_from_slice(armoured);
                }
            }
            rest = after;
        }
        if !found {
            return None;
        }
        seal.whole &= rest.trim_ascii().is_empty();
        clear.extend_from_slice(rest);
        Some(Unsealed { bytes: text_entity(entity, content_type, &clear), seal })
    }
}

/// Whether the entity itself says that it is encrypted or signed.
fn is_sealed(entity: &Entity<'_>) -> bool {
    let content_type = entity.content_type();
    content_type.is_security("multipart/encrypted", "application/pgp-encrypted")
        || content_type.is_security("multipart/signed", "application/pgp-signature")
        || next_block(entity.body).is_some()
}

/// The encrypted part of a `multipart/encrypted` that a server turned into `multipart/mixed`.
fn mangled<'a>(entity: &Entity<'a>, parts: &[std::ops::Range<usize>]) -> Option<&'a [u8]> {
    let essence = |raw: &[u8]| Entity::read(raw).map(|part| part.content_type().essence);
    let mut parts = parts.iter().map(|part| entity.part(part));
    parts.find(|raw| essence(raw).as_deref() == Some("application/pgp-encrypted"))?;
    parts.find(|raw| essence(raw).as_deref() == Some("application/octet-stream"))
}

enum Block {
    Message,
    SignedText,
}

/// Where an armoured block is.
struct Found {
    kind: Block,
    start: usize,
    end: usize,
}

impl Found {
    fn split<'t>(&self, text: &'t [u8]) -> (&'t [u8], &'t [u8], &'t [u8]) {
        let (before, rest) = text.split_at(self.start);
        let (block, after) = rest.split_at(self.end - self.start);
        (before, block, after)
    }
}

/// The next armoured block, from the line that begins it to the one that ends it.
fn next_block(text: &[u8]) -> Option<Found> {
    let mut at = 0;
    while at < text.len() {
        let length =
            text.get(at..)?.iter().position(|byte| *byte == b'\n').map_or(text.len() - at, |end| end + 1);
        let (kind, last_line) = match text.get(at..at + length)?.trim_ascii_end() {
            line if line == MESSAGE_BEGIN => (Block::Message, MESSAGE_END),
            line if line == SIGNED_BEGIN => (Block::SignedText, SIGNED_END),
            _ => {
                at += length;
                continue;
            }
        };
        let from_here = text.get(at..)?;
        let end = from_here.windows(last_line.len()).position(|window| window == last_line);
        // A block that was cut off reaches to the end, and will be called damaged.
        return Some(Found {
            kind,
            start: at,
            end: end.map_or(text.len(), |end| at + end + last_line.len()),
        });
    }
    None
}

/// The text of an inline message as a part, in the charset that it says; armour is UTF-8 where it says nothing.
fn text_entity(entity: &Entity<'_>, content_type: &ContentType, clear: &[u8]) -> Vec<u8> {
    let charset = content_type.parameter("charset").filter(|name| !name.eq_ignore_ascii_case("us-ascii"));
    let is_token =
        |name: &&str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    let charset = charset.filter(is_token).unwrap_or("utf-8");
    let mut bytes: Vec<u8> = entity
        .fields
        .iter()
        .filter(|field| !field.is("Content-Type") && !field.is("Content-Transfer-Encoding"))
        .flat_map(|field| field.raw.to_vec())
        .collect();
    let head =
        format!("Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n");
    bytes.extend_from_slice(head.as_bytes());
    bytes.extend_from_slice(clear);
    bytes
}

/// The outer letter with the inner one's body, and with its fields where they are protected (RFC 9788, and
/// what Enigmail and Thunderbird called `protected-headers`).
fn whole_letter(outer: &Entity<'_>, inner: &Entity<'_>, seal: &mut Seal) -> Vec<u8> {
    let content_type = inner.content_type();
    let has_protected = is_protected(inner);
    let mut inside: Vec<&Field<'_>> =
        inner.fields.iter().filter(|field| has_protected && may_come(field)).collect();
    if let Some(note) = other_sender(outer, &inside) {
        // Whoever sends on what they intercepted must not be answered in the place of its author, who is named
        // inside. What everybody can read and nobody signed proves no author: there the outside counts, which
        // servers have checked.
        if !seal.encrypted && !seal.is_signed() {
            inside.retain(|field| !field.is("From"));
        }
        if !seal.notes.contains(&note) {
            seal.notes.push(note);
        }
    }
    let stays = |field: &&Field<'_>| {
        !field.is_structural() && !inside.iter().any(|new| new.name().eq_ignore_ascii_case(field.name()))
    };
    let mut letter: Vec<u8> =
        outer.fields.iter().filter(stays).flat_map(|field| field.raw.to_vec()).collect();
    letter.extend(inside.iter().flat_map(|field| ended(field.raw)));
    letter.extend_from_slice(b"MIME-Version: 1.0\r\n");
    let built = inner.fields.iter().filter(|field| field.is_structural() && !field.is("MIME-Version"));
    letter.extend(built.flat_map(|field| ended(field.raw)));
    letter.extend_from_slice(b"\r\n");
    letter.extend_from_slice(without_display(&content_type, inner.body));
    letter
}

/// Whether the fields of an entity are those of the letter (RFC 9788, and what came before it).
fn is_protected(entity: &Entity<'_>) -> bool {
    let content_type = entity.content_type();
    content_type.parameter("hp").is_some() || content_type.parameter("protected-headers").is_some()
}

/// A field that ends with a line break, even if it was the last thing of all.
fn ended(raw: &[u8]) -> Vec<u8> {
    let end: &[u8] = if raw.ends_with(b"\n") { b"" } else { b"\r\n" };
    [raw, end].concat()
}

/// Whether a field inside may replace the one on the outside.
fn may_come(field: &Field<'_>) -> bool {
    let is_ours = field.name().get(..11).is_some_and(|start| start.eq_ignore_ascii_case(b"x-tidegate-"));
    let of_server = OF_SERVERS.iter().any(|name| field.is(name));
    !(field.is_structural() || field.is("HP-Outer") || is_ours || of_server)
}

/// The senders, where the one inside is not the one outside.
fn other_sender(outer: &Entity<'_>, inside: &[&Field<'_>]) -> Option<Note> {
    let inside = inside.iter().find(|field| field.is("From"))?.value();
    let outside = outer.field("From").map(Field::value).unwrap_or_default();
    (address(&inside) != address(&outside)).then_some(Note::OtherSender { inside, outside })
}

/// The address in `Name <local@domain>`, for comparing.
fn address(value: &str) -> String {
    let address = value.rsplit_once('<').map_or(value, |(_, rest)| rest.split('>').next().unwrap_or(rest));
    address.trim().to_ascii_lowercase()
}

/// Without the copy of the subject that is there for programs which do not know protected fields.
fn without_display<'b>(content_type: &ContentType, body: &'b [u8]) -> &'b [u8] {
    if content_type.essence != "text/plain" || content_type.parameter("hp-legacy-display") != Some("1") {
        return body;
    }
    let crlf = body.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4);
    let lf = body.windows(2).position(|window| window == b"\n\n").map(|at| at + 2);
    [crlf, lf].into_iter().flatten().min().and_then(|at| body.get(at..)).unwrap_or(body)
}
