//! Whole letters of ours: what the world sees of them, and what their reader gets.

use super::gnupg::Gnupg;
use super::{now, project};
use tidegate_envelope::letter::{Form, Note, Opened, open, seal, sign};
use tidegate_envelope::{Certificate, EnvelopeError, Keyring, Secret, Verdict};

const LETTER: &str = "From: \"Example Project\" <security@project.example>\r\n\
    To: <alice@example.org>\r\n\
    Subject: Advance notice XSA-108\r\n\
    Keywords: embargo\r\n\
    Message-ID: <1@project.example>\r\n\
    Date: Sun, 1 Jun 2025 00:00:00 +0000\r\n\
    Bcc: <other@example.org>\r\n\
    X-Tidegate-Confidential: yes\r\n\
    MIME-Version: 1.0\r\n\
    Content-Type: text/plain; charset=\"utf-8\"\r\n\
    Content-Transfer-Encoding: quoted-printable\r\n\
    \r\n\
    A secret=\r\n from S=C3=BCden.\r\n";

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn opened(letter: &[u8], secrets: &[Secret], known: &[Certificate]) -> Opened {
    open(letter, Keyring { secrets, known }, now()).expect("a sealed letter")
}

/// What stands between the boundaries, from the part that holds `mark` on.
fn part(letter: &str, mark: &str) -> String {
    let boundary = letter.split("boundary=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("one");
    let line = format!("\r\n--{boundary}");
    let parts = letter.split(&line).map(|part| part.trim_start_matches("\r\n"));
    parts.skip(1).find(|part| part.contains(mark)).expect("a part").to_owned()
}

#[test]
fn a_sealed_letter_says_nothing_outside_and_everything_inside() {
    let (ours, alice) = (project(), Secret::generate("A <alice@example.org>", now(), None).expect("a key"));
    let sealed = seal(LETTER.as_bytes(), &alice.certificate(), &ours, now()).expect("sealed");
    let outside = text(&sealed);
    for kept in ["Subject: [...]\r\n", "To: <alice@example.org>\r\n", "Message-ID: <1@project.example>\r\n"] {
        assert!(outside.contains(kept), "{kept}{outside}");
    }
    // Without the sealed part itself: its letters are as good as random, and spell short words now and then.
    let (head, armoured) = outside.split_once("-----BEGIN PGP MESSAGE-----").expect("a sealed part");
    let (_, tail) = armoured.split_once("-----END PGP MESSAGE-----").expect("its end");
    for hidden in ["XSA", "embargo", "secret", "Bcc", "X-Tidegate", "quoted-printable"] {
        assert!(!head.contains(hidden) && !tail.contains(hidden), "{hidden} in {outside}");
    }
    assert!(outside.lines().all(|line| line.len() <= 998), "RFC 5322 section 2.1.1");
    let read = opened(&sealed, &[alice], &[ours.certificate()]);
    let inside = text(&read.letter);
    assert!(read.seal.encrypted && read.seal.is_signed() && read.seal.notes.is_empty(), "{:?}", read.seal);
    for kept in
        ["Subject: Advance notice XSA-108\r\n", "Keywords: embargo\r\n", "To: <alice@example.org>\r\n"]
    {
        assert!(inside.contains(kept), "{kept}{inside}");
    }
    assert!(inside.ends_with("\r\n\r\nA secret=\r\n from S=C3=BCden.\r\n"), "{inside}");
    assert_eq!(inside.matches("Subject:").count(), 1, "{inside}");
    assert_eq!(inside.matches("Content-Type:").count(), 1, "{inside}");
    assert!(!inside.contains("HP-Outer") && !inside.contains("Bcc"), "{inside}");
}

#[test]
fn a_signed_letter_reads_like_any_other_and_shows_a_change() {
    let ours = project();
    let signed = sign(LETTER.as_bytes(), &ours, now()).expect("signed");
    let known = [ours.certificate()];
    let read = opened(&signed, &[], &known);
    assert!(!read.seal.encrypted && read.seal.is_signed(), "{:?}", read.seal);
    assert_eq!(read.seal.form, Form::PgpMime);
    assert!(text(&read.letter).contains("Subject: Advance notice XSA-108\r\n"));
    let changed = text(&signed).replace("A secret=", "A secreT=");
    let read = opened(changed.as_bytes(), &[], &known);
    assert!(matches!(read.seal.signatures[0].verdict, Verdict::Bad { .. }), "{:?}", read.seal);
    assert!(!read.seal.is_signed());
    // A server on the way that writes other line breaks changes nothing that was signed.
    let unix = text(&signed).replace("\r\n", "\n");
    assert!(opened(unix.as_bytes(), &[], &known).seal.is_signed());
    let eight = LETTER.replace("S=C3=BCden", "Süden");
    assert_eq!(sign(eight.as_bytes(), &ours, now()), Err(EnvelopeError::NotSevenBit));
}

#[test]
fn the_sender_inside_counts_where_somebody_sent_a_letter_on() {
    let (ours, alice) = (project(), Secret::generate("A <alice@example.org>", now(), None).expect("a key"));
    let sealed = seal(LETTER.as_bytes(), &alice.certificate(), &ours, now()).expect("sealed");
    let sent_on = |letter: &[u8]| text(letter).replacen("security@project.example", "mallory@example.net", 1);
    let read = opened(sent_on(&sealed).as_bytes(), &[alice], &[]);
    let inside = text(&read.letter);
    assert!(inside.contains("<security@project.example>") && !inside.contains("mallory"), "{inside}");
    assert!(
        matches!(&read.seal.notes[..], [Note::OtherSender { inside, outside }]
            if inside.contains("security@") && outside.contains("mallory@")),
        "{:?}",
        read.seal.notes
    );
    // What everybody can read, and nobody known has signed, proves no author.
    let signed = sign(LETTER.as_bytes(), &ours, now()).expect("signed");
    let unknown = text(&opened(sent_on(&signed).as_bytes(), &[], &[]).letter);
    assert!(unknown.contains("mallory@example.net") && !unknown.contains("<security@project"), "{unknown}");
    let known = text(&opened(sent_on(&signed).as_bytes(), &[], &[ours.certificate()]).letter);
    assert!(known.contains("<security@project.example>") && !known.contains("mallory"), "{known}");
}

#[test]
fn what_cannot_be_opened_stays_as_it_arrived() {
    let (ours, alice) = (project(), Secret::generate("A <alice@example.org>", now(), None).expect("a key"));
    let sealed = seal(LETTER.as_bytes(), &alice.certificate(), &ours, now()).expect("sealed");
    let closed = opened(&sealed, &[ours], &[]);
    assert_eq!(closed.seal.notes, [Note::Closed(EnvelopeError::NoKeyForIt)]);
    assert!(text(&closed.letter).contains("-----BEGIN PGP MESSAGE-----"));
    assert!(!closed.seal.is_signed());
    assert_eq!(open(LETTER.as_bytes(), Keyring { secrets: &[], known: &[] }, now()), None);
    assert_eq!(open(b"", Keyring { secrets: &[], known: &[] }, now()), None);
}

#[test]
fn a_letter_without_a_type_and_with_many_parts_can_be_sealed() {
    let (ours, alice) = (project(), Secret::generate("A <alice@example.org>", now(), None).expect("a key"));
    let plain = "From: a@b\nSubject: =?utf-8?q?x?=\n\nhello\n";
    let sealed = seal(plain.as_bytes(), &alice.certificate(), &ours, now()).expect("sealed");
    let secrets = [alice];
    let read = opened(&sealed, &secrets, &[]);
    assert!(text(&read.letter).ends_with("\r\n\r\nhello\r\n"), "{}", text(&read.letter));
    let mixed = "From: a@b\r\nSubject: x\r\nContent-Type: multipart/mixed; boundary=q\r\n\r\n\
        --q\r\n\r\none\r\n--q\r\nContent-Type: text/x-patch; name=p\r\n\r\n+a\r\n--q--\r\n";
    let sealed = seal(mixed.as_bytes(), &secrets[0].certificate(), &ours, now()).expect("sealed");
    let read = text(&opened(&sealed, &secrets, &[]).letter);
    assert!(read.contains("hp=\"cipher\"") && read.ends_with("+a\r\n--q--\r\n"), "{read}");
}

#[test]
fn gnupg_opens_our_letters() {
    let Some((gnupg, alice)) = Gnupg::alice() else { return };
    let ours = project();
    gnupg.import(&ours.certificate().armoured().expect("text"));
    let sealed = text(&seal(LETTER.as_bytes(), &alice, &ours, now()).expect("sealed"));
    assert!(part(&sealed, "Version: 1").contains("application/pgp-encrypted"));
    let message = part(&sealed, "BEGIN PGP MESSAGE");
    let answer = gnupg.run(
        &["--decrypt"],
        message.split("\r\n\r\n").skip(1).collect::<Vec<_>>().join("\r\n\r\n").as_bytes(),
    );
    assert!(answer.ok && answer.status.contains("GOODSIG"), "{}", answer.status);
    let payload = text(&answer.out);
    for inside in [
        "Subject: Advance notice XSA-108\r\n",
        "HP-Outer: Subject: [...]\r\n",
        "HP-Outer: Message-ID: <1@project.example>\r\n",
        "hp=\"cipher\"",
        "\r\n\r\nSubject: Advance notice XSA-108\r\n\r\nA secret=\r\n",
    ] {
        assert!(payload.contains(inside), "{inside} not in {payload}");
    }
    assert!(!payload.contains("HP-Outer: Keywords"), "{payload}");

    let signed = text(&sign(LETTER.as_bytes(), &ours, now()).expect("signed"));
    let content = part(&signed, "hp=\"clear\"");
    let signature = part(&signed, "BEGIN PGP SIGNATURE");
    let signature = gnupg.file("signature", signature.split_once("\r\n\r\n").expect("a part").1.as_bytes());
    let verified = gnupg.run(&["--verify", &signature, "-"], content.as_bytes());
    assert!(verified.ok && verified.status.contains("GOODSIG"), "{}", verified.status);
}

#[test]
fn hostile_letters_are_survived() {
    let ours = [project()];
    let keys = Keyring { secrets: &ours, known: &[] };
    let nested = |depth: usize| {
        (0..depth).fold("x".to_owned(), |inner, n| {
            format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n{inner}\r\n--b{n}--\r\n")
        })
    };
    assert_eq!(open(nested(5000).as_bytes(), keys, now()), None);
    let begin = "-----BEGIN PGP MESSAGE-----\n".repeat(100_000);
    assert!(open(format!("\n{begin}").as_bytes(), keys, now()).is_some());
    let fields = format!("{}\r\n-----BEGIN PGP MESSAGE-----\r\n", "A: b\r\n".repeat(20_000));
    assert!(open(fields.as_bytes(), keys, now()).is_some());
    for shape in [
        "Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"\r\n\r\n",
        "Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b\r\n\r\n--b\r\n\r\n",
        "Content-Type: multipart/signed; protocol=\"application/pgp-signature\"; boundary=b\r\n\r\n--b\r\n\r\n",
        "Content-Type: multipart/signed; protocol=\"application/pgp-signature\"; boundary=b\r\n\r\n--b\r\nx\r\n--b\r\ny\r\n--b--",
        "Content-Type: text/plain\r\n\r\n-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA1\r\n\r\nx\r\n",
    ] {
        let read = open(shape.as_bytes(), keys, now()).expect("sealed");
        assert!(!read.seal.is_signed() && !read.seal.notes.is_empty(), "{shape}: {:?}", read.seal);
    }
}

/// A wrapper does not hide who wrote what was intercepted.
#[test]
fn a_wrapper_around_a_sealed_letter_does_not_hide_its_sender() {
    let (ours, alice) = (project(), Secret::generate("A <alice@example.org>", now(), None).expect("a key"));
    let sealed = text(&seal(LETTER.as_bytes(), &alice.certificate(), &ours, now()).expect("sealed"));
    let entity = &sealed[sealed.find("Content-Type: multipart/encrypted").expect("its type")..];
    let wrapped = |more: &str| {
        format!(
            "From: M <mallory@example.net>\r\nSubject: x\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/mixed; boundary=w\r\n\r\n--w\r\n{entity}\r\n{more}--w--\r\n"
        )
    };
    let footer = "--w\r\nContent-Type: text/plain\r\n\r\nsent on\r\n";
    for more in ["", footer] {
        let read = opened(wrapped(more).as_bytes(), std::slice::from_ref(&alice), &[]);
        let told = read.seal.notes.iter().any(|note| {
            matches!(note, Note::OtherSender { inside, outside }
                if inside.contains("security@") && outside.contains("mallory@"))
        });
        assert!(told && read.seal.encrypted, "{:?}", read.seal);
    }
    let alone = text(&opened(wrapped("").as_bytes(), &[alice], &[]).letter);
    assert!(alone.contains("<security@project.example>") && !alone.contains("mallory"), "{alone}");
}

/// A letter may hold as many sealed blocks as it likes: some are opened, and the rest is said to stay closed.
#[test]
fn more_seals_than_anybody_needs_stay_closed() {
    let block = "-----BEGIN PGP MESSAGE-----\r\n\r\nx\r\n-----END PGP MESSAGE-----\r\n";
    let letter = format!("From: a@b\r\nContent-Type: text/plain\r\n\r\n{}", block.repeat(20_000));
    let read = opened(letter.as_bytes(), &[], &[]);
    assert!(read.seal.notes.contains(&Note::TooMany));
    assert!(read.seal.notes.len() <= 51, "{}", read.seal.notes.len());
    assert_eq!(text(&read.letter).matches("BEGIN PGP MESSAGE").count(), 20_000, "nothing is lost");
}
