//! As much of MIME as carries OpenPGP: the fields of a header, the parts of a multipart, transfer encodings.
//! Bytes stay as they are, because signatures are over bytes.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use std::borrow::Cow;
use std::ops::Range;

/// The longest header that is read, in bytes. What has a longer one is left as it is.
const HEADER_BYTES_MAX: usize = 256 * 1024;
/// How many parts of a multipart are looked at.
pub(crate) const PARTS_MAX: usize = 100;
/// The longest boundary, in bytes. RFC 2046 section 5.1.1 allows 70.
const BOUNDARY_BYTES_MAX: usize = 256;

/// A letter or a part: a header and a body.
#[derive(Clone, Debug)]
pub(crate) struct Entity<'a> {
    pub(crate) fields: Vec<Field<'a>>,
    pub(crate) body: &'a [u8],
}

/// A field with everything that was folded into it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field<'a> {
    /// As it stands there, its last line break included.
    pub(crate) raw: &'a [u8],
    name_bytes: usize,
}

/// `Content-Type` with its parameters.
#[derive(Clone, Debug, Default)]
pub(crate) struct ContentType {
    /// `multipart/encrypted`, in lower case.
    pub(crate) essence: String,
    parameters: Vec<(String, String)>,
}

impl<'a> Field<'a> {
    pub(crate) fn name(&self) -> &'a [u8] {
        self.raw.get(..self.name_bytes).unwrap_or_default()
    }

    pub(crate) fn is(&self, name: &str) -> bool {
        self.name().eq_ignore_ascii_case(name.as_bytes())
    }

    /// Whether it says how the body is built (RFC 2045), as opposed to what the letter is.
    pub(crate) fn is_structural(&self) -> bool {
        let content = self.name().get(..8).is_some_and(|start| start.eq_ignore_ascii_case(b"content-"));
        content || self.is("MIME-Version")
    }

    /// Its value on one line.
    pub(crate) fn value(&self) -> String {
        let value = self.raw.get(self.name_bytes + 1..).unwrap_or_default();
        let text = String::from_utf8_lossy(value);
        text.replace(['\r', '\n'], "").trim().to_owned()
    }
}

impl<'a> Entity<'a> {
    /// Reads the header up to the first line that is no field; `None` where it is longer than
    /// [`HEADER_BYTES_MAX`].
    pub(crate) fn read(raw: &'a [u8]) -> Option<Entity<'a>> {
        let mut fields: Vec<Field<'a>> = Vec::new();
        let mut start = 0;
        let mut at = 0;
        loop {
            let line = line_at(raw, at);
            let is_end = line.is_empty() || matches!(line, b"\n" | b"\r\n");
            let is_folded = matches!(line.first(), Some(b' ' | b'\t')) && !fields.is_empty();
            let name_bytes = if is_end || is_folded { None } else { name_bytes(line) };
            if is_folded && !is_end {
                at += line.len();
                if let (Some(field), Some(grown)) = (fields.last_mut(), raw.get(start..at)) {
                    field.raw = grown;
                }
            } else if let Some(name_bytes) = name_bytes {
                start = at;
                at += line.len();
                fields.push(Field { raw: raw.get(start..at).unwrap_or_default(), name_bytes });
            } else {
                let body_start = if is_end { at + line.len() } else { at };
                return Some(Entity { fields, body: raw.get(body_start..).unwrap_or_default() });
            }
            if at > HEADER_BYTES_MAX {
                return None;
            }
        }
    }

    /// The first field of this name.
    pub(crate) fn field(&self, name: &str) -> Option<&Field<'a>> {
        self.fields.iter().find(|field| field.is(name))
    }

    pub(crate) fn content_type(&self) -> ContentType {
        let value = self.field("Content-Type").map(Field::value);
        ContentType::read(value.as_deref().unwrap_or("text/plain"))
    }

    /// The body without its transfer encoding; as it is where that is unknown or broken.
    pub(crate) fn decoded(&self) -> Cow<'a, [u8]> {
        let encoding = self.field("Content-Transfer-Encoding").map(Field::value).unwrap_or_default();
        match encoding.to_ascii_lowercase().as_str() {
            "base64" => unbase64(self.body).map_or(Cow::Borrowed(self.body), Cow::Owned),
            "quoted-printable" => Cow::Owned(unquote(self.body)),
            _ => Cow::Borrowed(self.body),
        }
    }

    /// The parts of the multipart that it is: where each begins and ends in its body. At most [`PARTS_MAX`].
    pub(crate) fn parts(&self) -> Vec<Range<usize>> {
        let content_type = self.content_type();
        let boundary = content_type.parameter("boundary").unwrap_or_default().trim_end();
        if !content_type.essence.starts_with("multipart/")
            || !(1..=BOUNDARY_BYTES_MAX).contains(&boundary.len())
        {
            return Vec::new();
        }
        split(self.body, boundary.as_bytes())
    }

    /// The bytes of a part.
    pub(crate) fn part(&self, range: &Range<usize>) -> &'a [u8] {
        self.body.get(range.clone()).unwrap_or_default()
    }
}

fn line_at(raw: &[u8], at: usize) -> &[u8] {
    let rest = raw.get(at..).unwrap_or_default();
    let length = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |newline| newline + 1);
    rest.get(..length).unwrap_or_default()
}

/// How long the name of the field is that begins here.
fn name_bytes(line: &[u8]) -> Option<usize> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = line.get(..colon)?;
    (!name.is_empty() && name.iter().all(u8::is_ascii_graphic)).then_some(colon)
}

/// The parts between lines that begin with `--boundary`. The line break before such a line belongs to it.
fn split(body: &[u8], boundary: &[u8]) -> Vec<Range<usize>> {
    let mut parts: Vec<Range<usize>> = Vec::new();
    let mut start: Option<usize> = None;
    let mut at = 0;
    while at < body.len() {
        let line = line_at(body, at);
        let rest = line.trim_ascii_end().strip_prefix(b"--").and_then(|line| line.strip_prefix(boundary));
        if let Some(rest @ (b"" | b"--")) = rest {
            if let Some(start) = start.take() {
                let end = at - line_break_before(body, at);
                parts.push(start..end.max(start));
            }
            if rest == b"--" || parts.len() >= PARTS_MAX {
                return parts;
            }
            start = Some(at + line.len());
        }
        at += line.len();
    }
    parts.extend(start.map(|start| start..body.len()));
    parts
}

fn line_break_before(body: &[u8], at: usize) -> usize {
    match body.get(..at).unwrap_or_default() {
        [.., b'\r', b'\n'] => 2,
        [.., b'\n'] => 1,
        _ => 0,
    }
}

impl ContentType {
    /// Reads `type/subtype; name=value; name="quoted \" value"`.
    fn read(value: &str) -> ContentType {
        let (essence, mut rest) = value.split_once(';').unwrap_or((value, ""));
        let mut parameters = Vec::new();
        while let Some((name, after)) = rest.split_once('=') {
            let (value, tail) = parameter_value(after.trim_start());
            let name = name.trim_matches(|c: char| c == ';' || c.is_whitespace());
            parameters.push((name.to_ascii_lowercase(), value));
            rest = tail.trim_start().trim_start_matches(';');
        }
        ContentType { essence: essence.trim().to_ascii_lowercase(), parameters }
    }

    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether it is a multipart of this kind with this protocol (RFC 1847).
    pub(crate) fn is_security(&self, essence: &str, protocol: &str) -> bool {
        let found = self.parameter("protocol").unwrap_or_default();
        self.essence == essence && found.eq_ignore_ascii_case(protocol)
    }
}

/// The value that `text` begins with, and what follows it.
fn parameter_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(';').unwrap_or(text.len());
        let (value, tail) = text.split_at(end);
        return (value.trim().to_owned(), tail);
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value, quoted.get(at + 1..).unwrap_or_default()),
            '\\' => value.extend(chars.next().map(|(_, escaped)| escaped)),
            other => value.push(other),
        }
    }
    (value, "")
}

/// Base64 as mail has it: broken into lines, perhaps without its padding.
fn unbase64(body: &[u8]) -> Option<Vec<u8>> {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let digits: Vec<u8> = body.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    GeneralPurpose::new(&alphabet::STANDARD, config).decode(digits).ok()
}

/// Quoted-printable (RFC 2045 section 6.7); what follows no rule stands for itself.
fn unquote(body: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some((byte, tail)) = rest.split_first() {
        rest = tail;
        if *byte != b'=' {
            text.push(*byte);
            continue;
        }
        match tail {
            [b'\r', b'\n', after @ ..] | [b'\n', after @ ..] => rest = after,
            [high, low, after @ ..] => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    text.push(high << 4 | low);
                    rest = after;
                }
                _ => text.push(b'='),
            },
            _ => text.push(b'='),
        }
    }
    text
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// With CRLF at the end of every line, as signatures over mail are made (RFC 3156 section 5).
pub(crate) fn with_crlf(text: &[u8]) -> Vec<u8> {
    let mut canonical = Vec::with_capacity(text.len() + text.len() / 32);
    let mut last = 0;
    for byte in text {
        if *byte == b'\n' && last != b'\r' {
            canonical.push(b'\r');
        }
        canonical.push(*byte);
        last = *byte;
    }
    canonical
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_with_its_folds_and_ends_where_it_ends() {
        let raw =
            b"Subject: a\r\n b\r\nContent-Type: multipart/mixed;\r\n\tboundary=\"x \\\" y\"; a=b\r\n\r\nbody";
        let entity = Entity::read(raw).expect("an entity");
        assert_eq!(entity.field("subject").map(Field::value).as_deref(), Some("a b"));
        let content_type = entity.content_type();
        assert_eq!(content_type.essence, "multipart/mixed");
        assert_eq!(content_type.parameter("boundary"), Some("x \" y"));
        assert_eq!(content_type.parameter("a"), Some("b"));
        assert_eq!(entity.body, b"body");
        assert_eq!(Entity::read(b"no field\nA: b").expect("an entity").body, b"no field\nA: b");
        assert_eq!(Entity::read(b"").expect("an entity").body, b"");
        let long = [b"A: ".to_vec(), vec![b'x'; HEADER_BYTES_MAX]].concat();
        assert!(Entity::read(&long).is_none());
    }

    #[test]
    fn parts_lose_the_line_break_that_belongs_to_the_boundary() {
        let body = b"preamble\r\n--b\r\n\r\none\r\n\r\n--b  \r\nA: b\n\ntwo\n--b--\nepilogue";
        let parts: Vec<&[u8]> = split(body, b"b").into_iter().filter_map(|part| body.get(part)).collect();
        assert_eq!(parts, [&b"\r\none\r\n"[..], b"A: b\n\ntwo"]);
        let unclosed = b"--b\none";
        assert_eq!(split(unclosed, b"b").first(), Some(&(4..7)));
        assert!(split(b"--bb\none", b"b").is_empty());
    }

    #[test]
    fn transfer_encodings_are_taken_off_or_left() {
        assert_eq!(unquote(b"a=3D=\r\nb=zz="), b"a=b=zz=");
        assert_eq!(unbase64(b"aGFs\r\nbG8").as_deref(), Some(&b"hallo"[..]));
        assert_eq!(unbase64(b"a*"), None);
        assert_eq!(with_crlf(b"a\nb\r\nc\n\n"), b"a\r\nb\r\nc\r\n\r\n");
    }
}
