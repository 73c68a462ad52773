//! From parts to what a reader needs: the text, the attachments, and what the letter is.

use super::attachment::Names;
use super::decode::{self, Decoded};
use super::head::Head;
use super::walk::{self, Leaf, Multipart, Parts};
use super::{
    ATTACHMENTS_MAX, Armour, Attachment, Automatic, BODY_CHARS_MAX, BodySource, Faults, LETTER_BYTES_MAX,
    OpenPgp, ParsedMail, Problem,
};
use crate::plain;
use tidegate_domain::advisory::Title;

/// The whole letter.
pub(super) fn letter(raw: &[u8]) -> ParsedMail {
    let mut faults = Faults::default();
    let (read, unread) = raw.split_at_checked(LETTER_BYTES_MAX).unwrap_or((raw, b""));
    let with_line_feeds = if read.contains(&b'\n') { None } else { line_feeds(read, &mut faults) };
    let read = with_line_feeds.as_deref().unwrap_or(read);
    let parts = walk::parts(read, &mut faults);
    let mut content = Content::default();
    for leaf in &parts.leaves {
        if !content.take(leaf, read, &mut faults) {
            break;
        }
    }
    if !unread.is_empty() {
        faults.letter(Problem::TooLarge);
        content.attach(Some("rest-of-letter.bin"), "", "application/octet-stream", unread.to_vec());
    }
    let (body, body_source) = content.body(&mut faults);
    let openpgp = openpgp(&parts.multiparts, &body);
    let top = &parts.top;
    ParsedMail {
        subject: Title::salvage(&top.subject(&mut faults)),
        from: top.from(&mut faults),
        sent: top.sent(&mut faults),
        message_id: top.message_id(&mut faults),
        in_reply_to: top.in_reply_to(),
        references: top.references(),
        automatic: automatic(&parts),
        body,
        body_source,
        attachments: content.attachments,
        openpgp,
        faults: faults.finish(),
    }
}

/// Line feeds for carriage returns, in a letter that has only these. No byte moves.
fn line_feeds(raw: &[u8], faults: &mut Faults) -> Option<Vec<u8>> {
    if !raw.contains(&b'\r') {
        return None;
    }
    faults.letter(Problem::BareCarriageReturns);
    Some(raw.iter().map(|byte| if *byte == b'\r' { b'\n' } else { *byte }).collect())
}

/// What the parts of a letter hold.
#[derive(Default)]
struct Content {
    plain: Vec<String>,
    html: Vec<String>,
    attachments: Vec<Attachment>,
    names: Names,
}

impl Content {
    /// Takes one part. `false`: the rest of the letter went into one last attachment.
    fn take(&mut self, leaf: &Leaf, raw: &[u8], faults: &mut Faults) -> bool {
        if self.attachments.len() >= ATTACHMENTS_MAX {
            faults.letter(Problem::TooManyAttachments);
            let rest = raw.get(leaf.content.start..).unwrap_or_default();
            self.attach(Some("rest-of-letter.txt"), &leaf.number, "text/plain", rest.to_vec());
            return false;
        }
        let source = raw.get(leaf.content.clone()).unwrap_or_default();
        if leaf.is_closed {
            self.attach(leaf.head.file_name(), &leaf.number, "text/plain", source.to_vec());
            return true;
        }
        let media_type = leaf.head.media_type(leaf.default_type);
        let is_text = matches!(media_type.as_str(), "text/plain" | "text/html") && !leaf.head.is_attachment();
        let bytes = self.decode(leaf, source, is_text, faults);
        match (is_text, media_type.as_str()) {
            (true, "text/plain") => self.plain.push(text_of(leaf, &bytes, faults)),
            (true, _) => {
                self.html.push(decode::html(&text_of(leaf, &bytes, faults)));
                if !(leaf.in_alternative && self.has_plain_text()) {
                    self.attach(leaf.head.file_name(), &leaf.number, &media_type, bytes);
                }
            }
            (false, _) if bytes.is_empty() && !leaf.head.is_attachment() => {}
            (false, _) => self.attach(leaf.head.file_name(), &leaf.number, &media_type, bytes),
        }
        true
    }

    fn has_plain_text(&self) -> bool {
        self.plain.iter().any(|text| !text.trim().is_empty())
    }

    /// The content without its transfer encoding. Of a damaged one the source is attached, and it stands for
    /// a text that cannot be read without it.
    fn decode(&mut self, leaf: &Leaf, source: &[u8], is_text: bool, faults: &mut Faults) -> Vec<u8> {
        let encoding = leaf.head.transfer_encoding();
        match decode::transfer(&encoding, source) {
            Decoded::Whole(bytes) if is_text && encoding == "base64" && !is_readable(leaf, &bytes) => {
                faults.part(&leaf.number, Problem::NotEncoded);
                source.to_vec()
            }
            Decoded::Whole(bytes) => bytes,
            Decoded::Unknown(bytes) => {
                let name = plain::cut(&encoding, 40);
                faults.part(&leaf.number, Problem::UnknownEncoding(name));
                bytes
            }
            Decoded::Damaged(bytes) => {
                faults.part(&leaf.number, Problem::BrokenEncoding);
                self.attach(
                    Some(&format!("source-of-part-{}.txt", leaf.number)),
                    &leaf.number,
                    "text/plain",
                    source.to_vec(),
                );
                let is_good = !bytes.is_empty() && (!is_text || is_readable(leaf, &bytes));
                if is_good { bytes } else { source.to_vec() }
            }
        }
    }

    fn attach(&mut self, name: Option<&str>, number: &str, media_type: &str, content: Vec<u8>) {
        let name = self.names.give(name, number, media_type);
        let media_type = media_type.to_owned();
        self.attachments.push(Attachment { part: number.to_owned(), name, media_type, content });
    }

    /// The text: what is plain, else what is HTML, else what the first attached message says.
    fn body(&mut self, faults: &mut Faults) -> (String, BodySource) {
        let join = |texts: &[String]| texts.join("\n\n");
        let (text, source) = match (join(&self.plain), join(&self.html)) {
            (plain, _) if !plain.trim().is_empty() => (plain, BodySource::Plain),
            (_, html) if !html.trim().is_empty() => (html, BodySource::Html),
            _ => match self.attached_text() {
                Some(text) => (text, BodySource::AttachedMessage),
                None => (String::new(), BodySource::Nothing),
            },
        };
        let body = plain::clean(&text);
        if body.is_empty() {
            faults.letter(Problem::NoBody);
            return (body, BodySource::Nothing);
        }
        let hidden = plain::harmful_chars(&text);
        if hidden > 0 {
            faults.letter(Problem::HiddenCharacters(hidden));
        }
        match body.char_indices().nth(BODY_CHARS_MAX) {
            None => (body, source),
            Some((end, _)) => {
                faults.letter(Problem::BodyTooLong);
                let start = body.get(..end).unwrap_or_default().to_owned();
                self.attach(Some("whole-text.txt"), "", "text/plain", text.into_bytes());
                (start, source)
            }
        }
    }

    /// The text of the first attached message, one level deep.
    fn attached_text(&self) -> Option<String> {
        let message = self.attachments.iter().find(|attachment| attachment.media_type == "message/rfc822")?;
        let mut ignored = Faults::default();
        let parts = walk::parts(&message.content, &mut ignored);
        let mut inner = Content::default();
        for leaf in &parts.leaves {
            if !inner.take(leaf, &message.content, &mut ignored) {
                break;
            }
        }
        let text = if inner.has_plain_text() { inner.plain.join("\n\n") } else { inner.html.join("\n\n") };
        if text.trim().is_empty() { None } else { Some(text) }
    }
}

fn is_readable(leaf: &Leaf, bytes: &[u8]) -> bool {
    bytes.is_empty() || decode::is_readable(&decode::text(leaf.head.parameter("charset"), bytes).0)
}

fn text_of(leaf: &Leaf, bytes: &[u8], faults: &mut Faults) -> String {
    let charset = leaf.head.parameter("charset");
    let (text, is_wrong) = decode::text(charset, bytes);
    if is_wrong {
        let name = plain::cut(&plain::line_or(charset.unwrap_or_default(), "us-ascii"), 40);
        faults.part(&leaf.number, Problem::BadCharset(name));
    }
    text
}

fn openpgp(multiparts: &[Multipart], body: &str) -> Vec<OpenPgp> {
    let mime = multiparts.iter().filter_map(|multipart| {
        match (multipart.media_type.as_str(), multipart.protocol.as_str()) {
            ("multipart/encrypted", "application/pgp-encrypted") => {
                Some(OpenPgp::Encrypted { part: multipart.number.clone() })
            }
            ("multipart/signed", "application/pgp-signature") => {
                let content = multipart.first_part.clone()?;
                Some(OpenPgp::Signed { part: multipart.number.clone(), content })
            }
            _ => None,
        }
    });
    const ARMOURS: [(&str, Armour); 4] = [
        ("-----BEGIN PGP MESSAGE-----", Armour::Message),
        ("-----BEGIN PGP SIGNED MESSAGE-----", Armour::SignedMessage),
        ("-----BEGIN PGP PUBLIC KEY BLOCK-----", Armour::PublicKey),
        ("-----BEGIN PGP PRIVATE KEY BLOCK-----", Armour::PrivateKey),
    ];
    let is_there = |header: &str| body.lines().any(|line| line.trim_end() == header);
    let inline =
        ARMOURS.into_iter().filter(|(header, _)| is_there(header)).map(|(_, armour)| OpenPgp::Inline(armour));
    mime.chain(inline).collect()
}

/// RFC 3834 section 5, RFC 3464, and what older programs write.
fn automatic(parts: &Parts) -> Option<Automatic> {
    let top: &Head = &parts.top;
    let is_report = parts.multiparts.first().is_some_and(|multipart| {
        multipart.media_type == "multipart/report"
            && matches!(multipart.report_type.as_str(), "delivery-status" | "disposition-notification" | "")
    });
    if is_report || top.has_empty_return_path() {
        return Some(Automatic::Bounce);
    }
    let says = |field: &str| top.other(field).unwrap_or_default();
    let submitted = says("Auto-Submitted");
    if !submitted.is_empty() && !submitted.starts_with("no") {
        return Some(Automatic::Reply);
    }
    let precedence = says("Precedence");
    match precedence.as_str() {
        "auto_reply" => Some(Automatic::Reply),
        "bulk" | "junk" | "list" => Some(Automatic::Bulk),
        _ if !says("X-Autoreply").is_empty() || !says("X-Autorespond").is_empty() => Some(Automatic::Reply),
        _ => None,
    }
}
