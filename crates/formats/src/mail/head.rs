//! The header of a letter or a part: field by field through the mail library, which reads RFC 5322 fields,
//! encoded words (RFC 2047) and extended parameters (RFC 2231) in linear time.

use super::{ADDRESS_BYTES_MAX, Faults, Mailbox, Problem, REFERENCES_MAX, SENDER_NAME_CHARS_MAX};
use crate::plain;
use mail_parser::decoders::charsets::map::charset_decoder;
use mail_parser::{ContentType, Header, HeaderName, HeaderValue, MessageParser};
use std::borrow::Cow;
use tidegate_domain::time::Instant;

/// The fields of one header, in the order of the letter.
#[derive(Clone, Default)]
pub(super) struct Head {
    fields: Vec<Header<'static>>,
    /// Whether bytes that are not UTF-8 were read as Windows-1252.
    pub(super) is_not_text: bool,
}

impl Head {
    /// Reads `block`, the lines of a header without the empty one that ends it.
    pub(super) fn read(block: &[u8]) -> Head {
        let (mut text, is_not_text) = as_text(without_separator(block));
        text.push_str("\n\n");
        let fields = MessageParser::default()
            .parse_headers(text.as_bytes())
            .and_then(|message| message.parts.into_iter().next())
            .map_or_else(Vec::new, |part| part.headers.into_iter().map(Header::into_owned).collect());
        Head { fields, is_not_text }
    }

    /// Whether at least one field is one that letters have.
    pub(super) fn has_known_field(&self) -> bool {
        self.fields.iter().any(|field| !field.name.is_other())
    }

    /// The first field of this name.
    fn field(&self, name: &HeaderName<'_>) -> Option<&HeaderValue<'static>> {
        self.fields.iter().find(|field| field.name == *name).map(|field| &field.value)
    }

    fn count(&self, name: &HeaderName<'_>) -> usize {
        self.fields.iter().filter(|field| field.name == *name).count()
    }

    /// A field that the library does not know, such as `Auto-Submitted`, on one line and in lower case.
    pub(super) fn other(&self, name: &str) -> Option<String> {
        let field = self.fields.iter().find(|field| field.name.as_str().eq_ignore_ascii_case(name))?;
        Some(plain::line(field.value.as_text().unwrap_or_default()).to_lowercase())
    }

    pub(super) fn content_type(&self) -> Option<&ContentType<'static>> {
        self.field(&HeaderName::ContentType).and_then(HeaderValue::as_content_type)
    }

    /// `type/subtype` in lower case; what is no media type is arbitrary bytes (RFC 2046 section 4.5.1).
    pub(super) fn media_type(&self, default: &str) -> String {
        let Some(content_type) = self.content_type() else { return default.to_owned() };
        let kind = content_type.c_type.to_ascii_lowercase();
        let subtype = content_type.c_subtype.as_deref().unwrap_or_default().to_ascii_lowercase();
        let is_token = |text: &str| {
            (1..=64).contains(&text.len())
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
        };
        match (is_token(&kind), subtype.is_empty()) {
            (true, false) if is_token(&subtype) => format!("{kind}/{subtype}"),
            (true, true) if kind == "text" => "text/plain".to_owned(),
            _ => "application/octet-stream".to_owned(),
        }
    }

    /// A parameter of `Content-Type`.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.content_type().and_then(|content_type| content_type.attribute(name))
    }

    /// The transfer encoding in lower case.
    pub(super) fn transfer_encoding(&self) -> String {
        let value = self.field(&HeaderName::ContentTransferEncoding).and_then(HeaderValue::as_text);
        plain::line(value.unwrap_or_default()).to_lowercase()
    }

    /// The file name that the letter suggests, as it stands there.
    pub(super) fn file_name(&self) -> Option<&str> {
        self.disposition()
            .and_then(|disposition| disposition.attribute("filename"))
            .or_else(|| self.parameter("name"))
    }

    /// Whether the part asks not to be shown as text (RFC 2183).
    pub(super) fn is_attachment(&self) -> bool {
        self.disposition().is_some_and(ContentType::is_attachment) || self.file_name().is_some()
    }

    fn disposition(&self) -> Option<&ContentType<'static>> {
        self.field(&HeaderName::ContentDisposition).and_then(HeaderValue::as_content_type)
    }

    /// The subject as it stands there, decoded.
    pub(super) fn subject(&self, faults: &mut Faults) -> String {
        self.demand(&HeaderName::Subject, "Subject", faults);
        self.field(&HeaderName::Subject).and_then(HeaderValue::as_text).unwrap_or_default().to_owned()
    }

    /// The first usable address of the first `From`.
    pub(super) fn from(&self, faults: &mut Faults) -> Option<Mailbox> {
        if !self.demand(&HeaderName::From, "From", faults) {
            return None;
        }
        let addresses = self.field(&HeaderName::From).and_then(HeaderValue::as_address);
        let mailbox = addresses
            .and_then(|addresses| addresses.iter().find_map(|entry| mailbox(entry.name(), entry.address())));
        if mailbox.is_none() {
            faults.header("From", Problem::Unreadable);
        }
        mailbox
    }

    /// The first `Date`, where it is one.
    pub(super) fn sent(&self, faults: &mut Faults) -> Option<Instant> {
        if !self.demand(&HeaderName::Date, "Date", faults) {
            return None;
        }
        let date =
            self.field(&HeaderName::Date).and_then(HeaderValue::as_datetime).filter(|date| date.is_valid());
        if date.is_none() {
            faults.header("Date", Problem::Unreadable);
        }
        date.map(|date| Instant::from_micros(date.to_timestamp().saturating_mul(1_000_000)))
    }

    pub(super) fn message_id(&self, faults: &mut Faults) -> Option<String> {
        self.demand(&HeaderName::MessageId, "Message-ID", faults);
        self.ids(&HeaderName::MessageId).into_iter().next()
    }

    pub(super) fn in_reply_to(&self) -> Vec<String> {
        self.ids(&HeaderName::InReplyTo)
    }

    pub(super) fn references(&self) -> Vec<String> {
        self.ids(&HeaderName::References)
    }

    /// Whether the field is there. A missing or repeated one is a fault (RFC 5322 section 3.6).
    fn demand(&self, name: &HeaderName<'_>, shown: &'static str, faults: &mut Faults) -> bool {
        match self.count(name) {
            0 => faults.header(shown, Problem::Missing),
            1 => {}
            _ => faults.header(shown, Problem::Repeated),
        }
        self.count(name) > 0
    }

    /// The newest [`REFERENCES_MAX`] ids of a field.
    fn ids(&self, name: &HeaderName<'_>) -> Vec<String> {
        let Some(value) = self.field(name) else { return Vec::new() };
        let texts: Vec<&str> = match value.as_text_list() {
            Some(list) => list.iter().map(Cow::as_ref).collect(),
            None => value.as_text().into_iter().collect(),
        };
        let usable =
            texts.into_iter().map(plain::line).filter(|id| (1..=ADDRESS_BYTES_MAX).contains(&id.len()));
        let ids: Vec<String> = usable.collect();
        let surplus = ids.len().saturating_sub(REFERENCES_MAX);
        ids.into_iter().skip(surplus).collect()
    }

    /// Whether the return path is `<>`, as in every delivery report (RFC 5321 section 4.5.5).
    pub(super) fn has_empty_return_path(&self) -> bool {
        self.field(&HeaderName::ReturnPath).is_some_and(|value| match value {
            HeaderValue::Empty => true,
            other => other.as_text().is_some_and(|text| matches!(text.trim(), "" | "<>" | ">")),
        })
    }
}

fn mailbox(name: Option<&str>, address: Option<&str>) -> Option<Mailbox> {
    let address = address?.trim();
    let (local, domain) = address.rsplit_once('@')?;
    let is_plain =
        !address.chars().any(|c| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>' | ','));
    if local.is_empty() || domain.is_empty() || !is_plain || address.len() > ADDRESS_BYTES_MAX {
        return None;
    }
    let address = plain::line(address);
    let name = name.map(plain::line).filter(|name| !name.is_empty());
    Some(Mailbox { name: name.map(|name| plain::cut(&name, SENDER_NAME_CHARS_MAX)), address })
}

/// Mail boxes in one file separate letters with a line that is no field.
fn without_separator(block: &[u8]) -> &[u8] {
    if block.starts_with(b"From ") || block.starts_with(b">From ") {
        let line_end =
            block.iter().position(|byte| *byte == b'\n').map_or(block.len(), |newline| newline + 1);
        block.get(line_end..).unwrap_or_default()
    } else {
        block
    }
}

/// Headers are ASCII (RFC 5322) or UTF-8 (RFC 6532); what is neither is what old programs send.
fn as_text(block: &[u8]) -> (String, bool) {
    match std::str::from_utf8(block) {
        Ok(text) => (text.to_owned(), false),
        Err(_) => (windows_1252(block), true),
    }
}

/// Every byte has a meaning in Windows-1252, so nothing is lost.
pub(super) fn windows_1252(bytes: &[u8]) -> String {
    match charset_decoder(b"windows-1252") {
        Some(decode) => decode(bytes),
        None => String::from_utf8_lossy(bytes).into_owned(),
    }
}
