//! What a letter looks like when it leaves: made for one reader, with the keys of this instant.

use super::{field, recipient};
use crate::hands::compose::fill;
use mail_builder::MessageBuilder;
use mail_builder::headers::raw::Raw;
use std::time::SystemTime;
use tidegate_envelope::{Certificate, EnvelopeError, Secret, Standing, letter};

/// The field that marks a letter whose content is not public.
pub const CONFIDENTIAL: &str = "X-Tidegate-Confidential";

/// What is needed beside the letter.
#[derive(Clone, Debug)]
pub struct Stationery<'a> {
    /// The project's own keys, the newest first.
    pub secrets: &'a [Secret],
    /// The reader's keys, the newest first.
    pub readers: &'a [Certificate],
    /// The project's name.
    pub project: &'a str,
    /// The case, as readers know it.
    pub case: String,
    /// Where the letter can be read by whoever may.
    pub link: String,
    /// Where answers go, if not to the sender.
    pub reply_to: Option<String>,
    /// Now.
    pub at: SystemTime,
}

/// A letter as it leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dressed {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// How it is protected.
    pub cover: Cover,
}

/// How a letter is protected on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cover {
    /// Encrypted to the key with this fingerprint, and signed.
    Sealed(String),
    /// Its content stays here; a letter that says so goes in its place, and why.
    Link(String),
    /// Public, and signed.
    Signed,
    /// Public; the project has no key to sign with.
    Open,
}

/// Whether the content stays here, and a letter without it goes in its place.
#[must_use]
pub fn stays_here(raw: &[u8], secrets: &[Secret], readers: &[Certificate], at: SystemTime) -> bool {
    let can_be_sealed = secrets.iter().any(|secret| secret.can_sign(at))
        && readers.iter().any(|key| key.standing(at).is_usable());
    field(raw, CONFIDENTIAL).is_some() && !can_be_sealed
}

/// Makes the letter for its reader. What is not public leaves encrypted, or not at all: then a letter without
/// content goes in its place, under the same Message-ID.
///
/// # Errors
/// Where the letter cannot be signed or sealed though the keys are good. Then it must not leave.
pub fn dress(raw: &[u8], with: &Stationery<'_>) -> Result<Dressed, EnvelopeError> {
    let signer = with.secrets.iter().find(|secret| secret.can_sign(with.at));
    let is_confidential = field(raw, CONFIDENTIAL).is_some();
    let Some(signer) = signer else {
        return Ok(if is_confidential {
            link(raw, with, "the project has no OpenPGP key to sign it with".to_owned())
        } else {
            Dressed { bytes: open(raw), cover: Cover::Open }
        });
    };
    if !is_confidential {
        let bytes = letter::sign(raw, signer, with.at)?;
        return Ok(Dressed { bytes, cover: Cover::Signed });
    }
    match with.readers.iter().find(|key| key.standing(with.at).is_usable()) {
        Some(key) => {
            let bytes = letter::seal(&answerable(raw, with), key, signer, with.at)?;
            Ok(Dressed { bytes, cover: Cover::Sealed(key.fingerprint()) })
        }
        None => Ok(link(raw, with, why_no_key(with))),
    }
}

fn why_no_key(with: &Stationery<'_>) -> String {
    let Some(newest) = with.readers.first() else { return "we have no OpenPGP key of yours".to_owned() };
    let why = match newest.standing(with.at) {
        Standing::Usable { .. } | Standing::NotYet { .. } => "cannot be used yet",
        Standing::Expired { .. } => "has expired",
        Standing::Revoked => "was revoked",
        Standing::Weak { .. } => "is too weak",
        Standing::NoEncryptionKey => "is not for encryption",
    };
    format!("your OpenPGP key {} {why}", newest.fingerprint())
}

/// The letter with the address for answers.
fn answerable(raw: &[u8], with: &Stationery<'_>) -> Vec<u8> {
    match &with.reply_to {
        Some(address) => [format!("Reply-To: <{address}>\r\n").as_bytes(), raw].concat(),
        None => raw.to_vec(),
    }
}

/// The letter without our notes to ourselves, which stand on one line each.
fn open(raw: &[u8]) -> Vec<u8> {
    let end = raw.windows(4).position(|window| window == b"\r\n\r\n").map_or(raw.len(), |at| at + 2);
    let (header, rest) = raw.split_at(end);
    let ours = |line: &&[u8]| line.get(..11).is_some_and(|start| start.eq_ignore_ascii_case(b"x-tidegate-"));
    let kept = header.split_inclusive(|byte| *byte == b'\n').filter(|line| !ours(line));
    kept.flatten().chain(rest).copied().collect()
}

/// A letter without content in the place of `raw`: same reader, same Message-ID, same date.
fn link(raw: &[u8], with: &Stationery<'_>, why: String) -> Dressed {
    let text = include_str!("../../../../templates/mail/no-key.txt");
    let (subject, body) = text.split_once("\n\n").unwrap_or(("Subject: A confidential letter", text));
    let values = [
        ("project", with.project.to_owned()),
        ("why", why.clone()),
        ("link", with.link.clone()),
        ("case", with.case.clone()),
    ];
    let own = |name: &str| Raw::new(field(raw, name).unwrap_or_default());
    let mut message = MessageBuilder::new()
        .header("From", own("From"))
        .header("To", Raw::new(format!("<{}>", recipient(raw))))
        .header("Message-ID", own("Message-ID"))
        .header("Date", own("Date"))
        .header("Auto-Submitted", Raw::new("auto-generated"))
        .subject(fill(subject.trim_start_matches("Subject: "), &values))
        .text_body(fill(body, &values));
    if let Some(address) = &with.reply_to {
        message = message.header("Reply-To", Raw::new(format!("<{address}>")));
    }
    let bytes = message.write_to_vec().unwrap_or_default();
    let signed = with.secrets.iter().find(|secret| secret.can_sign(with.at));
    let signed = signed.and_then(|signer| letter::sign(&bytes, signer, with.at).ok());
    Dressed { bytes: signed.unwrap_or(bytes), cover: Cover::Link(why) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tidegate_envelope::Keyring;

    const SECRET: &str = "From: P <security@project.example>\r\nTo: <alice@example.org>\r\n\
        Message-ID: <1@project.example>\r\nDate: Sun, 1 Jun 2025 00:00:00 +0000\r\nSubject: [P] Advance notice\r\n\
        X-Tidegate-Confidential: yes\r\n\r\nThe hole is in the kitchen.\r\n";

    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_748_736_000)
    }

    fn key(days: Option<u64>) -> Secret {
        let validity = days.map(|days| Duration::from_secs(days * 86_400));
        Secret::generate("K <k@example.org>", now() - Duration::from_secs(86_400), validity).expect("a key")
    }

    fn with<'a>(secrets: &'a [Secret], readers: &'a [Certificate]) -> Stationery<'a> {
        Stationery {
            secrets,
            readers,
            project: "P",
            case: "7k3m-9xq4-b2wd".to_owned(),
            link: "https://security.example/desk/cases/7k3m-9xq4-b2wd".to_owned(),
            reply_to: Some("security+x.y@project.example".to_owned()),
            at: now(),
        }
    }

    fn text(dressed: &Dressed) -> String {
        String::from_utf8(dressed.bytes.clone()).expect("text")
    }

    #[test]
    fn content_leaves_encrypted_to_the_newest_key_that_can_be_used() {
        let (ours, old, alice) = ([key(None)], key(Some(1)), key(None));
        let readers = [old.certificate(), alice.certificate()];
        let dressed = dress(SECRET.as_bytes(), &with(&ours, &readers)).expect("dressed");
        assert_eq!(dressed.cover, Cover::Sealed(alice.certificate().fingerprint()));
        assert!(
            !text(&dressed).contains("kitchen") && !text(&dressed).contains("Advance"),
            "{}",
            text(&dressed)
        );
        let (secrets, known) = ([alice], [ours[0].certificate()]);
        let opened = letter::open(&dressed.bytes, Keyring { secrets: &secrets, known: &known }, now());
        let opened = opened.expect("sealed");
        assert!(opened.seal.encrypted && opened.seal.is_signed());
        let inside = String::from_utf8(opened.letter).expect("text");
        for part in
            ["kitchen", "Advance notice", "Reply-To: <security+x.y@project.example>", "<1@project.example>"]
        {
            assert!(inside.contains(part), "{part} not in {inside}");
        }
    }

    #[test]
    fn without_a_usable_key_a_letter_without_content_goes() {
        let (ours, expired) = ([key(None)], [key(Some(1)).certificate()]);
        for (secrets, readers, why) in [
            (&ours[..], &[][..], "we have no OpenPGP key of yours"),
            (&ours, &expired, "has expired"),
            (&[], &expired, "the project has no OpenPGP key"),
        ] {
            let dressed = dress(SECRET.as_bytes(), &with(secrets, readers)).expect("dressed");
            assert!(matches!(&dressed.cover, Cover::Link(said) if said.contains(why)), "{:?}", dressed.cover);
            let text = text(&dressed);
            for hidden in ["kitchen", "Advance", "X-Tidegate"] {
                assert!(!text.contains(hidden), "{hidden} in {text}");
            }
            for kept in [
                "Message-ID: <1@project.example>",
                "To: <alice@example.org>",
                "/desk/cases/7k3m-9xq4-b2wd",
                "Reply-To",
            ] {
                assert!(text.contains(kept), "{kept} not in {text}");
            }
        }
    }

    #[test]
    fn the_letter_without_content_reads_like_this() {
        let dressed = dress(SECRET.as_bytes(), &with(&[], &[])).expect("dressed");
        let expected = "From: P <security@project.example>\r\n\
            To: <alice@example.org>\r\n\
            Message-ID: <1@project.example>\r\n\
            Date: Sun, 1 Jun 2025 00:00:00 +0000\r\n\
            Auto-Submitted: auto-generated\r\n\
            Subject: [P] A confidential letter for you\r\n\
            Reply-To: <security+x.y@project.example>\r\n\
            MIME-Version: 1.0\r\n\
            Content-Type: text/plain; charset=\"utf-8\"\r\n\
            Content-Transfer-Encoding: 7bit\r\n\r\n\
            There is a confidential letter for you about a case of P. It was\r\n\
            not sent as it is, because the project has no OpenPGP key to sign it with.\r\n\r\n\
            Read it here, or ask us in an answer to this letter:\r\n\r\n  \
            https://security.example/desk/cases/7k3m-9xq4-b2wd\r\n\r\n  \
            our reference   7k3m-9xq4-b2wd\r\n\r\n\
            To get such letters encrypted from now on, send us your OpenPGP key.\r\n";
        assert_eq!(text(&dressed), expected);
    }

    #[test]
    fn what_is_public_is_signed_where_there_is_a_key() {
        let public = SECRET.replace("X-Tidegate-Confidential: yes\r\n", "X-Tidegate-Other: note\r\n");
        let ours = [key(None)];
        let signed = dress(public.as_bytes(), &with(&ours, &[])).expect("dressed");
        assert_eq!(signed.cover, Cover::Signed);
        assert!(text(&signed).contains("kitchen") && text(&signed).contains("BEGIN PGP SIGNATURE"));
        let open = dress(public.as_bytes(), &with(&[], &[])).expect("dressed");
        assert_eq!(open.cover, Cover::Open);
        assert_eq!(text(&open), public.replace("X-Tidegate-Other: note\r\n", ""));
        assert!(!text(&open).contains("Reply-To"), "answers to what is public open no case's door");
    }
}
