//! Letters as they arrive, most of them broken.

use tidegate_formats::mail::{
    ATTACHMENTS_MAX, Armour, Automatic, BODY_CHARS_MAX, BodySource, FAULTS_MAX, LETTER_BYTES_MAX, OpenPgp,
    PARTS_MAX, ParsedMail, Place, Problem, REFERENCES_MAX, parse,
};

const HEAD: &str = "From: \"Ada Example\" <ada@example.org>\r\nDate: Wed, 01 Oct 2031 12:00:00 +0200\r\nMessage-ID: <1@example.org>\r\nSubject: A hole\r\n";

fn letter(rest: &str) -> ParsedMail {
    parse(format!("{HEAD}{rest}").as_bytes())
}

fn problems(mail: &ParsedMail) -> Vec<String> {
    mail.faults.iter().map(ToString::to_string).collect()
}

fn names(mail: &ParsedMail) -> Vec<&str> {
    mail.attachments.iter().map(|attachment| attachment.name.as_str()).collect()
}

fn content<'a>(mail: &'a ParsedMail, name: &str) -> &'a [u8] {
    mail.attachments
        .iter()
        .find(|attachment| attachment.name == name)
        .map_or(b"", |attachment| &attachment.content)
}

#[test]
fn a_simple_report_is_read() {
    let mail = letter(
        "In-Reply-To: <0@example.org>\r\nReferences: <a@x>\r\n <0@example.org>\r\n\r\nIt leaks.\r\nAda\r\n",
    );
    assert_eq!(mail.subject.as_str(), "A hole");
    let from = mail.from.clone().expect("a sender");
    assert_eq!((from.name.as_deref(), from.address.as_str()), (Some("Ada Example"), "ada@example.org"));
    assert_eq!(mail.sent, "2031-10-01T10:00:00Z".parse().ok());
    assert_eq!(mail.message_id.as_deref(), Some("1@example.org"));
    assert_eq!(mail.in_reply_to, ["0@example.org"]);
    assert_eq!(mail.references, ["a@x", "0@example.org"]);
    assert_eq!((mail.body.as_str(), mail.body_source), ("It leaks.\nAda", BodySource::Plain));
    assert_eq!(mail.automatic, None);
    assert_eq!(mail.faults, []);
}

#[test]
fn text_html_and_files_are_told_apart() {
    let mail = letter(
        "Content-Type: multipart/mixed; boundary=out\r\n\r\nThis is a multi-part message in MIME format.\r\n\
         --out\r\nContent-Type: multipart/alternative; boundary=\"in\"\r\n\r\n\
         --in\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=\r\n=C3=9Fe\r\n\
         --in\r\nContent-Type: text/html\r\n\r\n<p>Gr&uuml;&szlig;e</p>\r\n--in--\r\n\
         --out\r\nContent-Type: text/x-patch; name=\"../fix.patch\"\r\nContent-Transfer-Encoding: base64\r\n\r\nZGlmZg==\r\n\
         --out\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment;\r\n filename*=utf-8''%E2%82%AC%20rates\r\n\r\n\u{0}bin\r\n\
         --out--\r\n",
    );
    assert_eq!((mail.body.as_str(), mail.body_source), ("Grüße", BodySource::Plain));
    assert_eq!(names(&mail), ["fix.patch", "_ rates"]);
    assert_eq!(content(&mail, "fix.patch"), b"diff");
    assert_eq!(mail.attachments.iter().map(|file| file.part.as_str()).collect::<Vec<_>>(), ["2", "3"]);
    assert_eq!(mail.faults, []);
}

#[test]
fn html_alone_becomes_text_and_is_kept() {
    let mail = letter(
        "Content-Type: text/html\r\n\r\n<head><title>x</title></head><p>A &amp; B</p><script>evil()</script><a href=\"https://poc.example\">here</a>",
    );
    assert_eq!(mail.body_source, BodySource::Html);
    assert!(
        mail.body.contains("A & B") && mail.body.contains("here") && !mail.body.contains("evil"),
        "{}",
        mail.body
    );
    assert!(content(&mail, "part-1.html").ends_with(b"</a>"));
}

#[test]
fn an_attached_message_stays_closed_but_lends_its_text() {
    let forwarded = "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nThe report.\r\n--x--\r\n";
    let mail = letter(forwarded);
    assert_eq!((mail.body.as_str(), mail.body_source), ("The report.", BodySource::AttachedMessage));
    assert_eq!(mail.subject.as_str(), "A hole");
    assert_eq!(parse(content(&mail, "part-1.eml")).subject.as_str(), "inner");
    let digest = letter(
        &forwarded
            .replace("multipart/mixed", "multipart/digest")
            .replace("Content-Type: message/rfc822\r\n", ""),
    );
    assert_eq!(names(&digest), ["part-1.eml"]);
}

#[test]
fn openpgp_is_noticed_and_left_alone() {
    let encrypted = letter(
        "Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=x\r\n\r\n\
         --x\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\
         --x\r\nContent-Type: application/octet-stream; name=encrypted.asc\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n--x--\r\n",
    );
    assert_eq!(encrypted.openpgp, [OpenPgp::Encrypted { part: String::new() }]);
    assert_eq!(names(&encrypted), ["part-1.asc", "encrypted.asc"]);
    let inline = letter("\r\n-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256\r\n\r\nhello\r\n");
    assert_eq!(inline.openpgp, [OpenPgp::Inline(Armour::SignedMessage)]);
}

/// RFC 3156 section 5: what is signed is the first part with its header, without the last line break.
#[test]
fn the_signed_bytes_are_found() {
    let signed = "Content-Type: text/plain\r\n\r\nsigned words\r\n";
    let raw = format!(
        "{HEAD}Content-Type: multipart/signed; protocol=\"application/pgp-signature\"; boundary=x\r\n\r\n--x\r\n{signed}\r\n--x\r\nContent-Type: application/pgp-signature\r\n\r\nsig\r\n--x--\r\n"
    );
    let mail = parse(raw.as_bytes());
    let [OpenPgp::Signed { part, content }] = mail.openpgp.as_slice() else { panic!("{:?}", mail.openpgp) };
    assert_eq!((part.as_str(), raw.get(content.clone())), ("", Some(signed)));
    assert_eq!(mail.body, "signed words");
}

/// RFC 3834: no program answers a program.
#[test]
fn programs_are_recognised() {
    for (header, kind) in [
        ("Auto-Submitted: auto-replied\r\n", Some(Automatic::Reply)),
        ("Auto-Submitted: No\r\n", None),
        ("Precedence: bulk\r\n", Some(Automatic::Bulk)),
        ("Precedence: auto_reply\r\n", Some(Automatic::Reply)),
        ("Return-Path: <>\r\n", Some(Automatic::Bounce)),
        ("Return-Path: <ada@example.org>\r\n", None),
        (
            "Content-Type: multipart/report; report-type=delivery-status; boundary=x\r\n",
            Some(Automatic::Bounce),
        ),
        ("X-Autoreply: yes\r\n", Some(Automatic::Reply)),
    ] {
        assert_eq!(letter(&format!("{header}\r\nx")).automatic, kind, "{header}");
    }
}

/// ALL-05: whatever is wrong with a report, its words are kept and the fault is named with its place.
#[test]
fn broken_letters_keep_their_words() {
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("nothing", Vec::new()),
        ("no header", b"The gate leaks.\nReally.".to_vec()),
        ("no header but a colon", b"Note: the gate leaks.\nReally.".to_vec()),
        ("only a header", HEAD.as_bytes().to_vec()),
        ("no empty line", format!("{HEAD}The gate leaks.").into_bytes()),
        ("bare carriage returns", format!("{HEAD}\r\nThe gate leaks.").replace("\r\n", "\r").into_bytes()),
        ("unknown charset", format!("{HEAD}Content-Type: text/plain; charset=x-unknown\r\n\r\nThe gate leaks: é").into_bytes()),
        ("wrong charset", [HEAD.as_bytes(), b"Content-Type: text/plain; charset=utf-8\r\n\r\nThe gate leaks: \xe9"].concat()),
        ("8-bit header", [b"Subject: \xe9\r\n", HEAD.as_bytes(), b"\r\nThe gate leaks."].concat()),
        ("controls", format!("{HEAD}\r\nThe\0 \u{202e}gate\u{7f} leaks.").into_bytes()),
        ("broken base64", format!("{HEAD}Content-Transfer-Encoding: base64\r\n\r\nVGhlIGdhdGUgbGVha3Mu\r\n__\r\nfooter").into_bytes()),
        ("text called base64", format!("{HEAD}Content-Transfer-Encoding: base64\r\n\r\nThe gate leaks a lot").into_bytes()),
        ("broken quoted-printable", format!("{HEAD}Content-Transfer-Encoding: quoted-printable\r\n\r\nThe gate leaks =ZZ").into_bytes()),
        ("unknown encoding", format!("{HEAD}Content-Transfer-Encoding: x-uue\r\n\r\nThe gate leaks.").into_bytes()),
        ("no boundary", format!("{HEAD}Content-Type: multipart/mixed\r\n\r\nThe gate leaks.").into_bytes()),
        ("boundary never comes", format!("{HEAD}Content-Type: multipart/mixed; boundary=x\r\n\r\nThe gate leaks.").into_bytes()),
        ("boundary never closed", format!("{HEAD}Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nThe gate leaks.").into_bytes()),
        ("inner boundary never closed", format!("{HEAD}Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\n\r\nThe gate leaks.\r\n--x--\r\n").into_bytes()),
        ("inner boundary never comes", format!("{HEAD}Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\nThe gate leaks.\r\n--x--\r\n").into_bytes()),
        ("text after the parts", format!("{HEAD}Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nThe gate leaks.\r\n--x--\r\n{}", "more ".repeat(300)).into_bytes()),
        ("two senders", format!("From: mallory@example.net\r\n{HEAD}\r\nThe gate leaks.").into_bytes()),
        ("no sender", b"From: undisclosed\r\nDate: yesterday\r\n\r\nThe gate leaks.".to_vec()),
        ("mbox", format!("From ada@example.org Wed Oct  1 12:00:00 2031\r\n{HEAD}\r\nThe gate leaks.").into_bytes()),
        ("utf-7", format!("{HEAD}Content-Type: text/plain; charset=utf-7\r\n\r\nThe gate leaks +ADw-b+AD4-").into_bytes()),
        ("encoded subject", b"From: a@b\r\nSubject: =?utf-8?B?w6k=?= =?x-no?Q?=41?= =?utf-8?Q?=0D=0ABcc:_x?=\r\n\r\nThe gate leaks.".to_vec()),
    ];
    let mut shown = String::new();
    for (name, raw) in cases {
        let mail = parse(&raw);
        shown.push_str(&format!(
            "{name}\n  {:?} from {:?}\n  {:?}: {:?}\n",
            mail.subject.as_str(),
            mail.from.as_ref().map(|from| from.address.as_str()),
            mail.body_source,
            mail.body
        ));
        for file in &mail.attachments {
            shown.push_str(&format!(
                "  file {} ({}, {} bytes)\n",
                file.name,
                file.media_type,
                file.content.len()
            ));
        }
        for problem in problems(&mail) {
            shown.push_str(&format!("  {problem}\n"));
        }
    }
    insta::assert_snapshot!(shown);
}

fn has(mail: &ParsedMail, problem: &Problem) -> bool {
    mail.faults.iter().any(|fault| fault.problem == *problem)
}

#[test]
fn ten_thousand_nested_parts_are_no_burden() {
    let mut raw = HEAD.as_bytes().to_vec();
    for depth in 0..10_000 {
        raw.extend(
            format!("Content-Type: multipart/mixed; boundary=b{depth}-\r\n\r\n--b{depth}-\r\n").as_bytes(),
        );
    }
    raw.extend(b"\r\nThe gate leaks.");
    let mail = parse(&raw);
    assert!(has(&mail, &Problem::NestedTooDeep));
    assert!(mail.attachments.iter().any(|file| file.content.ends_with(b"The gate leaks.")));

    let messages = "Content-Type: message/rfc822\r\n\r\n".repeat(100_000);
    let mail = parse(format!("{HEAD}{messages}Subject: x\r\n\r\nThe gate leaks.").as_bytes());
    assert!(mail.attachments.iter().any(|file| file.content.ends_with(b"The gate leaks.")));
}

#[test]
fn missing_boundaries_are_survived() {
    let mut raw = format!("{HEAD}Content-Type: multipart/mixed; boundary=z\r\n\r\n").into_bytes();
    let filler = format!("{}\r\n", "x".repeat(78)).repeat(20);
    for part in 0..5_000 {
        raw.extend(
            format!("--z\r\nContent-Type: multipart/mixed; boundary=never{part}\r\n\r\n{filler}").as_bytes(),
        );
    }
    let mail = parse(&raw);
    assert!(has(&mail, &Problem::TooManyParts) || has(&mail, &Problem::TooManyAttachments));
    let dashes = "--\r\n-- \r\n--b\r\n".repeat(100_000);
    let mail = parse(format!("{HEAD}Content-Type: multipart/mixed; boundary=bb\r\n\r\n{dashes}").as_bytes());
    assert_eq!(mail.subject.as_str(), "A hole");
    assert!(!mail.faults.is_empty(), "no part was ever begun");
}

#[test]
fn limits_keep_the_rest() {
    let part = "--x\r\nContent-Type: image/png\r\n\r\nx\r\n";
    let many = |count| {
        format!(
            "{HEAD}Content-Type: multipart/mixed; boundary=x\r\n\r\n{}--x\r\n\r\nlast words",
            part.repeat(count)
        )
    };
    let mail = parse(many(ATTACHMENTS_MAX + 5).as_bytes());
    assert!(has(&mail, &Problem::TooManyAttachments));
    assert_eq!(mail.attachments.len(), ATTACHMENTS_MAX + 1);
    assert!(content(&mail, "rest-of-letter.txt").ends_with(b"last words"));

    let text = format!(
        "{HEAD}Content-Type: multipart/mixed; boundary=x\r\n\r\n{}",
        "--x\r\n\r\nword\r\n".repeat(PARTS_MAX + 5)
    );
    let mail = parse(text.as_bytes());
    assert!(has(&mail, &Problem::TooManyParts));
    assert_eq!(mail.attachments.len(), 1);

    let mail = parse(format!("{HEAD}\r\n{}", "é".repeat(BODY_CHARS_MAX + 1)).as_bytes());
    assert!(has(&mail, &Problem::BodyTooLong));
    assert_eq!(mail.body.chars().count(), BODY_CHARS_MAX);
    assert_eq!(content(&mail, "whole-text.txt").len(), 2 * (BODY_CHARS_MAX + 1));

    let mut large = format!("{HEAD}\r\nThe gate leaks.\r\n").into_bytes();
    large.resize(LETTER_BYTES_MAX, b' ');
    large.extend(b"tail");
    let mail = parse(&large);
    assert!(has(&mail, &Problem::TooLarge));
    assert_eq!(
        (mail.body.as_str(), content(&mail, "rest-of-letter.bin")),
        ("The gate leaks.", b"tail".as_slice())
    );
}

#[test]
fn bombs_fizzle() {
    let header_bomb = format!("X: y\r\n{HEAD}{}\r\nThe gate leaks.", "Received: x\r\n".repeat(200_000));
    let mail = parse(header_bomb.as_bytes());
    assert!(has(&mail, &Problem::HeaderTooLong));
    assert_eq!(mail.subject.as_str(), "A hole");

    let one_line = format!("{HEAD}References: {}\r\n\r\nThe gate leaks.", "<a@b> ".repeat(1_000_000));
    let mail = parse(one_line.as_bytes());
    assert!(mail.references.len() <= REFERENCES_MAX);
    assert_eq!(mail.subject.as_str(), "A hole");

    let encoded = format!("{HEAD}Content-Transfer-Encoding: base64\r\n\r\n{}", "QUFB\r\n".repeat(500_000));
    assert!(has(&parse(encoded.as_bytes()), &Problem::BodyTooLong));

    let html = format!(
        "{HEAD}Content-Type: text/html\r\n\r\n{}{}",
        "<div><b &lt;".repeat(100_000),
        "&amp;<!--".repeat(100_000)
    );
    let mail = parse(html.as_bytes());
    assert!(mail.body.chars().count() <= BODY_CHARS_MAX);
    assert_eq!(mail.subject.as_str(), "A hole");

    let faults = format!(
        "{HEAD}Content-Type: multipart/mixed; boundary=x\r\n\r\n{}",
        "--x\r\nContent-Transfer-Encoding: no\r\n\r\ny\r\n".repeat(500)
    );
    let mail = parse(faults.as_bytes());
    assert_eq!(mail.faults.len(), FAULTS_MAX + 1);
    assert_eq!(
        mail.faults.last().map(|fault| (&fault.place, &fault.problem)),
        Some((&Place::Letter, &Problem::MoreFaults))
    );
}
