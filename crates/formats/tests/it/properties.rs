//! What holds for any input.

use crate::outputs::all;
use crate::sample;
use proptest::prelude::*;
use serde_json::Value;
use tidegate_domain::advisory::TITLE_CHARS_MAX;
use tidegate_formats::mail::{self, BODY_CHARS_MAX, FAULTS_MAX, FILE_NAME_BYTES_MAX};
use tidegate_formats::{Link, draft, text};

/// A letter with most of what letters have, to be damaged.
const LETTER: &str = "Return-Path: <ada@example.org>\r\nFrom: =?utf-8?Q?Ad=C3=A4?= <ada@example.org>\r\nDate: Wed, 01 Oct 2031 12:00:00 +0200\r\nSubject: =?iso-8859-1?B?4Q==?= hole\r\nMessage-ID: <1@example.org>\r\nContent-Type: multipart/mixed; boundary=\"o\"\r\n\r\nx\r\n--o\r\nContent-Type: multipart/alternative; boundary=i\r\n\r\n--i\r\nContent-Type: text/plain; charset=utf-7\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\na=C3=\r\n+ADw-\r\n--i\r\nContent-Type: text/html; charset=utf-16\r\n\r\n<p a='&lt;'>&#x20;&amp;</p><!-- -->\r\n--i--\r\n--o\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\ny\r\n--o\r\nContent-Type: a/b; name*0*=utf-8''%20; name*1=b\r\nContent-Transfer-Encoding: base64\r\n\r\nQUFB\r\nQQ==\r\n--o--\r\n";

/// Pieces that mean something to a mail parser.
const PIECES: [&str; 24] = [
    "\r\n",
    "\n",
    "\r",
    "\0",
    "--o",
    "--o--",
    "--i\r\n",
    "\r\n\r\n",
    "=?utf-8?Q?",
    "?=",
    "=?x?B?",
    "\"",
    ";",
    "=",
    "(",
    "<",
    ">",
    "Content-Type: multipart/mixed; boundary=o\r\n",
    "Content-Type: text/html; charset=iso-2022-jp\r\n",
    "Content-Transfer-Encoding: base64\r\n",
    "Date: 99999999999 Jan 9999999999 99:99:99 +99999999\r\n",
    "From: ,:;<@>\r\n",
    "&#xffffffff;",
    "\u{202e}",
];

fn check(raw: &[u8]) {
    let mail = mail::parse(raw);
    assert!((1..=TITLE_CHARS_MAX).contains(&mail.subject.as_str().chars().count()));
    assert!(mail.body.chars().count() <= BODY_CHARS_MAX);
    assert!(!mail.body.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')));
    assert!(mail.faults.len() <= FAULTS_MAX + 20);
    for file in &mail.attachments {
        assert!((1..=FILE_NAME_BYTES_MAX).contains(&file.name.len()), "{:?}", file.name);
        assert!(
            !file.name.contains(['/', '\\', '\0', '\n']) && !file.name.starts_with(['.', '-']),
            "{:?}",
            file.name
        );
    }
    assert_eq!(mail::parse(raw), mail);
}

/// One change to a letter: at a place, so many bytes are replaced by a piece.
fn mutation() -> impl Strategy<Value = (usize, usize, Vec<u8>)> {
    let piece = prop_oneof![
        prop::sample::select(PIECES.to_vec()).prop_map(|piece| piece.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..4),
    ];
    (0..LETTER.len(), 0..40_usize, piece)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    /// ALL-05: reading never fails.
    #[test]
    fn any_bytes_are_a_letter(raw in prop::collection::vec(any::<u8>(), 0..2_000)) {
        check(&raw);
    }

    #[test]
    fn any_pieces_are_a_letter(pieces in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..60)) {
        check(pieces.concat().as_bytes());
    }

    #[test]
    fn damaged_letters_are_letters(mutations in prop::collection::vec(mutation(), 1..8)) {
        let mut raw = LETTER.as_bytes().to_vec();
        for (at, length, piece) in mutations {
            let at = at.min(raw.len());
            let end = (at + length).min(raw.len());
            raw.splice(at..end, piece);
        }
        check(&raw);
    }

    /// Whatever people write, every format stays one that other programs can read.
    #[test]
    fn any_text_gives_valid_documents(text in prop_oneof![any::<String>(), "[<>&\"'\\\\\\[\\]\r\n\t\u{0}\u{202e}\u{ffff}é]{0,40}"]) {
        for (format, bytes) in all(&sample::filled_with(&text)) {
            let written = String::from_utf8(bytes).expect("UTF-8");
            prop_assert!(written.ends_with('\n'));
            if format.ends_with(".json") {
                prop_assert!(serde_json::from_str::<Value>(&written).is_ok());
            }
            if format.ends_with(".atom") {
                let parsed = roxmltree::Document::parse(&written);
                prop_assert!(parsed.is_ok(), "{:?}\n{written}", parsed.err());
            }
            if format.ends_with(".txt") {
                prop_assert!(!written.chars().any(|c| c.is_control() && c != '\n'));
            }
        }
    }

    #[test]
    fn any_text_is_a_draft_or_a_fault(text in any::<String>()) {
        let _ = draft::parse(&text);
        let _ = draft::parse(&format!("title = \"x\"\n[sections]\n{text}"));
    }

    #[test]
    fn a_salvaged_link_is_a_link(text in any::<String>()) {
        if let Some(link) = Link::salvage(&format!("https://a.example/{text}")) {
            prop_assert_eq!(link.as_str().parse::<Link>(), Ok(link));
        }
    }
}

#[test]
fn very_long_text_is_no_burden() {
    let long = "word <&> ".repeat(2_000);
    for (format, bytes) in all(&sample::filled_with(&long)) {
        assert!(bytes.len() < 256 * long.len(), "{format}: {}", bytes.len());
    }
    assert!(text::advisory(&sample::filled_with(&"x".repeat(100_000))).len() < 6_400_000);
}
