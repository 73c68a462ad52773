//! The content of a part: transfer encoding (RFC 2045 section 6), charset, HTML.

use super::head::windows_1252;
use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::charsets::map::charset_decoder;
use mail_parser::decoders::html::html_to_text;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;

/// Content without its transfer encoding.
pub(super) enum Decoded {
    /// As its sender meant it.
    Whole(Vec<u8>),
    /// Only what could be decoded before the damage; empty where nothing could.
    Damaged(Vec<u8>),
    /// The encoding is unknown; the content is as it arrived.
    Unknown(Vec<u8>),
}

/// Removes the transfer encoding `name`, in lower case.
pub(super) fn transfer(name: &str, content: &[u8]) -> Decoded {
    match name {
        "" | "7bit" | "8bit" | "binary" => Decoded::Whole(content.to_vec()),
        "base64" => base64(content),
        "quoted-printable" => match quoted_printable_decode(content) {
            Some(decoded) => Decoded::Whole(decoded),
            None => Decoded::Damaged(Vec::new()),
        },
        _ => Decoded::Unknown(content.to_vec()),
    }
}

/// Mailing lists append plain footers to base64, and letters are cut in transit: what stands before the
/// first foreign byte, in whole groups of four, is good.
fn base64(content: &[u8]) -> Decoded {
    let content = content.trim_ascii();
    let is_alphabet = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
    let padding_start =
        content.iter().rposition(|b| *b != b'=' && !b.is_ascii_whitespace()).map_or(0, |last| last + 1);
    let data = content.get(..padding_start).unwrap_or_default();
    let good_end =
        data.iter().position(|b| !is_alphabet(*b) && !b.is_ascii_whitespace()).unwrap_or(data.len());
    let digits = data.iter().take(good_end).filter(|b| is_alphabet(**b)).count();
    let good = data.get(..good_end).unwrap_or_default();
    let decoded = base64_decode(good).unwrap_or_default();
    if good_end == data.len() && digits % 4 != 1 {
        Decoded::Whole(decoded)
    } else {
        Decoded::Damaged(decoded)
    }
}

/// Text in some charset as text, and whether the charset was unknown or wrong.
pub(super) fn text(charset: Option<&str>, bytes: &[u8]) -> (String, bool) {
    let name = charset.unwrap_or_default().trim().to_ascii_lowercase();
    match name.as_str() {
        "" | "us-ascii" | "ascii" | "utf-8" | "utf8" => match std::str::from_utf8(bytes) {
            Ok(text) => (text.to_owned(), false),
            Err(_) => (windows_1252(bytes), true),
        },
        other => match charset_decoder(other.as_bytes()) {
            Some(decode) => {
                let text = decode(bytes);
                let is_wrong = text.contains('\u{fffd}');
                (text, is_wrong)
            }
            None => (text(None, bytes).0, true),
        },
    }
}

/// Whether a decoded text is one: mislabelled plain text becomes garbage when it is "decoded".
pub(super) fn is_readable(text: &str) -> bool {
    let odd = |c: char| c == '\u{fffd}' || (c.is_control() && !matches!(c, '\n' | '\r' | '\t'));
    !text.is_empty() && text.chars().filter(|c| odd(*c)).count() * 20 <= text.chars().count()
}

/// The words of an HTML document. Scripts, styles and comments are left out.
pub(super) fn html(document: &str) -> String {
    html_to_text(document)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_saved_up_to_the_damage() {
        assert!(
            matches!(transfer("base64", b"aGVs\r\nbG8=\r\n"), Decoded::Whole(bytes) if bytes == b"hello")
        );
        assert!(
            matches!(transfer("base64", b"aGVsbG8=\r\n--\r\nfooter!\r\n"), Decoded::Damaged(bytes) if bytes == b"hello")
        );
        assert!(matches!(transfer("base64", b"aGVsb"), Decoded::Damaged(bytes) if bytes == b"hel"));
        assert!(matches!(transfer("base64", b""), Decoded::Whole(bytes) if bytes.is_empty()));
        assert!(matches!(transfer("x-uuencode", b"a"), Decoded::Unknown(bytes) if bytes == b"a"));
        assert!(matches!(transfer("quoted-printable", b"a=ZZ"), Decoded::Damaged(bytes) if bytes.is_empty()));
    }

    #[test]
    fn charsets_are_not_believed() {
        assert_eq!(text(Some("UTF-8"), b"\xe9"), ("\u{e9}".to_owned(), true));
        assert_eq!(text(Some("x-unknown"), "é".as_bytes()), ("é".to_owned(), true));
        assert_eq!(text(Some("iso-8859-1"), b"\xe9"), ("é".to_owned(), false));
        assert_eq!(text(Some("shift_jis"), b"\x93\xfa\x96\x7b"), ("日本".to_owned(), false));
        assert_eq!(text(Some("utf-7"), b"+ADw-script+AD4-").0, "<script>");
    }
}
