//! From a letter in the clear to one for one reader.

use crate::mime::{Entity, Field, with_crlf};
use crate::seal::MICALG;
use crate::{Certificate, EnvelopeError, Secret};
use sequoia_openpgp::crypto;
use std::time::SystemTime;

/// What the world sees instead of the subject (RFC 9788, `hcp_baseline`).
pub const OUTER_SUBJECT: &str = "[...]";

/// Fields that no reader is sent, whatever the letter says.
const LEFT_OUT: [&str; 2] = ["Bcc", "Return-Path"];
/// Those that begin with this are notes of ours to ourselves.
const OURS: &[u8] = b"x-tidegate-";
/// What `hcp_baseline` takes off the outside beside the subject.
const TAKEN_OFF: [&str; 2] = ["Comments", "Keywords"];
/// The longest subject that is repeated in the text, so that its line needs no further encoding, in bytes.
const DISPLAYED_BYTES_MAX: usize = 60;

/// Encrypts `raw`, a whole letter, to one reader, signed within: `multipart/encrypted` with all fields inside
/// and an outer subject that says nothing. Addresses, date and Message-ID stay readable on the outside, since
/// mail is delivered by them.
///
/// # Errors
/// As [`crate::encrypt`]. Then nothing was made.
pub fn seal(raw: &[u8], to: &Certificate, signer: &Secret, at: SystemTime) -> Result<Vec<u8>, EnvelopeError> {
    let letter = Letter::read(raw)?;
    let entity = letter.entity()?;
    let outer = outer_fields(&entity);
    let payload = encrypted_payload(&entity, &outer);
    let sealed = crate::encrypt(&payload, to, signer, at)?;
    let boundary = boundary(&sealed)?;
    let mut out = outer.concat();
    let body = format!(
        "MIME-Version: 1.0\r\n\
         Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\";\r\n boundary=\"{boundary}\"\r\n\
         \r\n\
         This is an encrypted letter (OpenPGP, RFC 3156).\r\n\
         --{boundary}\r\n\
         Content-Type: application/pgp-encrypted\r\n\
         Content-Description: PGP/MIME version identification\r\n\
         \r\n\
         Version: 1\r\n\
         \r\n\
         --{boundary}\r\n\
         Content-Type: application/octet-stream; name=\"encrypted.asc\"\r\n\
         Content-Description: OpenPGP encrypted message\r\n\
         Content-Disposition: inline; filename=\"encrypted.asc\"\r\n\
         \r\n"
    );
    out.extend_from_slice(body.as_bytes());
    out.extend_from_slice(&with_crlf(&sealed));
    out.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    Ok(out)
}

/// Signs `raw`, a whole letter that everybody may read: `multipart/signed` with all fields inside as well.
///
/// # Errors
/// [`EnvelopeError::NotSevenBit`], or as [`crate::sign`]. Then nothing was made.
pub fn sign(raw: &[u8], signer: &Secret, at: SystemTime) -> Result<Vec<u8>, EnvelopeError> {
    if !raw.is_ascii() {
        return Err(EnvelopeError::NotSevenBit);
    }
    let letter = Letter::read(raw)?;
    let entity = letter.entity()?;
    let fields: Vec<Vec<u8>> = kept(&entity).map(|field| field.raw.to_vec()).collect();
    let payload = payload(&fields, &entity, "clear", entity.body);
    let signature = crate::sign(&payload, signer, at)?;
    let boundary = boundary(&payload)?;
    let mut out = fields.concat();
    let head = format!(
        "MIME-Version: 1.0\r\n\
         Content-Type: multipart/signed; micalg=\"{MICALG}\"; protocol=\"application/pgp-signature\";\r\n \
         boundary=\"{boundary}\"\r\n\
         \r\n\
         This is a signed letter (OpenPGP, RFC 3156).\r\n\
         --{boundary}\r\n"
    );
    out.extend_from_slice(head.as_bytes());
    out.extend_from_slice(&payload);
    let tail = format!(
        "\r\n--{boundary}\r\n\
         Content-Type: application/pgp-signature; name=\"signature.asc\"\r\n\
         Content-Description: OpenPGP digital signature\r\n\
         Content-Disposition: attachment; filename=\"signature.asc\"\r\n\
         \r\n"
    );
    out.extend_from_slice(tail.as_bytes());
    out.extend_from_slice(&with_crlf(&signature));
    out.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    Ok(out)
}

/// A letter with CRLF line breaks.
struct Letter(Vec<u8>);

impl Letter {
    fn read(raw: &[u8]) -> Result<Letter, EnvelopeError> {
        let letter = Letter(with_crlf(raw));
        letter.entity().map(|_| ())?;
        Ok(letter)
    }

    fn entity(&self) -> Result<Entity<'_>, EnvelopeError> {
        Entity::read(&self.0)
            .ok_or(EnvelopeError::TooLarge { what: "the letter's header", limit: 256 * 1024 })
    }
}

/// The fields of the letter that its reader is sent.
fn kept<'e, 'a>(entity: &'e Entity<'a>) -> impl Iterator<Item = &'e Field<'a>> {
    entity.fields.iter().filter(|field| {
        let ours = field.name().get(..OURS.len()).is_some_and(|start| start.eq_ignore_ascii_case(OURS));
        !(ours || field.is_structural() || LEFT_OUT.iter().any(|name| field.is(name)))
    })
}

/// The fields as the world sees them.
fn outer_fields(entity: &Entity<'_>) -> Vec<Vec<u8>> {
    kept(entity)
        .filter(|field| !TAKEN_OFF.iter().any(|name| field.is(name)))
        .map(|field| match field.is("Subject") {
            true => format!("Subject: {OUTER_SUBJECT}\r\n").into_bytes(),
            false => field.raw.to_vec(),
        })
        .collect()
}

/// What is encrypted: every field, what each is on the outside, and the body.
fn encrypted_payload(entity: &Entity<'_>, outer: &[Vec<u8>]) -> Vec<u8> {
    let mut fields: Vec<Vec<u8>> = kept(entity).map(|field| field.raw.to_vec()).collect();
    fields.extend(outer.iter().map(|field| [&b"HP-Outer: "[..], field].concat()));
    match displayed_subject(entity) {
        // For programs that do not know the fields inside (RFC 9788, legacy display element).
        Some(subject) => {
            let body = [format!("Subject: {subject}\r\n\r\n").as_bytes(), entity.body].concat();
            payload(&fields, entity, "cipher\"; hp-legacy-display=\"1", &body)
        }
        None => payload(&fields, entity, "cipher", entity.body),
    }
}

/// The subject, where it can be put above the text as it is: a text without base64, a subject without encoding.
fn displayed_subject(entity: &Entity<'_>) -> Option<String> {
    let subject = entity.field("Subject")?.value();
    let encoding = entity.field("Content-Transfer-Encoding").map(Field::value).unwrap_or_default();
    let plain = entity.content_type().essence == "text/plain" && !encoding.eq_ignore_ascii_case("base64");
    let simple = subject.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'=');
    (plain && simple && (1..=DISPLAYED_BYTES_MAX).contains(&subject.len())).then_some(subject)
}

/// Fields, then those that say how the body is built, `hp` added, then the body.
fn payload(fields: &[Vec<u8>], entity: &Entity<'_>, hp: &str, body: &[u8]) -> Vec<u8> {
    let mut payload = fields.concat();
    let content_type = entity.field("Content-Type");
    let given = content_type.map_or(b"Content-Type: text/plain; charset=\"us-ascii\"".as_slice(), |f| f.raw);
    let given = given.trim_ascii_end();
    let given = given.strip_suffix(b";").unwrap_or(given);
    payload.extend_from_slice(given);
    payload.extend_from_slice(format!(";\r\n hp=\"{hp}\"\r\n").as_bytes());
    for field in entity.fields.iter().filter(|field| field.is_structural()) {
        if !field.is("Content-Type") && !field.is("MIME-Version") {
            payload.extend_from_slice(field.raw);
        }
    }
    payload.extend_from_slice(b"\r\n");
    payload.extend_from_slice(body);
    payload
}

/// A line that does not occur in `content`.
fn boundary(content: &[u8]) -> Result<String, EnvelopeError> {
    loop {
        let mut random = [0_u8; 16];
        crypto::random(&mut random).map_err(EnvelopeError::library)?;
        let digits: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let boundary = format!("tide-{digits}");
        if !content.windows(boundary.len()).any(|window| window == boundary.as_bytes()) {
            return Ok(boundary);
        }
    }
}
