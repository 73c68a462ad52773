//! Letters as mail programs build them, from keys made here: their MIME is written after what each of them
//! sends, their OpenPGP comes from GnuPG, as theirs does.

use super::gnupg::Gnupg;
use super::{now, project};
use tidegate_envelope::letter::{Form, Note, Opened, open};
use tidegate_envelope::{Certificate, Keyring, Secret, Verdict};

/// Alice at her mail program, and the project that reads her.
struct Post {
    gnupg: Gnupg,
    secrets: [Secret; 1],
    known: [Certificate; 1],
}

const HEAD: &str = "From: Alice <alice@example.org>\r\nTo: security@project.example\r\n\
    Message-ID: <a@example.org>\r\nDate: Sun, 1 Jun 2025 00:00:00 +0000\r\nMIME-Version: 1.0\r\n";

impl Post {
    fn new() -> Option<Post> {
        let (gnupg, alice) = Gnupg::alice()?;
        let ours = project();
        gnupg.import(&ours.certificate().armoured().expect("text"));
        Some(Post { gnupg, secrets: [ours], known: [alice] })
    }

    fn gpg(&self, options: &[&str], content: &str) -> String {
        let who = ["--armor", "--local-user", "alice@example.org", "--recipient", "security@project.example"];
        let made = self.gnupg.must(&[&who, options].concat(), content.as_bytes());
        String::from_utf8(made).expect("armour").replace('\n', "\r\n")
    }

    fn sealed(&self, content: &str) -> String {
        self.gpg(&["--encrypt", "--sign"], content)
    }

    fn signature(&self, content: &str) -> String {
        self.gpg(&["--detach-sign", "--textmode", "--digest-algo", "SHA256"], content)
    }

    fn read(&self, letter: &str) -> Opened {
        let keys = Keyring { secrets: &self.secrets, known: &self.known };
        open(letter.as_bytes(), keys, now()).expect("a sealed letter")
    }
}

fn text(opened: &Opened) -> String {
    String::from_utf8_lossy(&opened.letter).into_owned()
}

fn demand_sealed(opened: &Opened, form: Form) {
    assert!(opened.seal.encrypted, "{:?}", opened.seal);
    assert!(opened.seal.is_signed(), "{:?}", opened.seal);
    assert_eq!(opened.seal.form, form);
    assert_eq!(opened.seal.signatures[0].by, ["Alice <alice@example.org>"]);
    assert_eq!(opened.seal.notes, []);
}

/// `multipart/encrypted` around an armoured message.
fn encrypted(message: &str) -> String {
    format!(
        "Content-Type: multipart/encrypted;\r\n protocol=\"application/pgp-encrypted\";\r\n \
         boundary=\"------------w0OzWZ\"\r\n\r\n\
         This is an OpenPGP/MIME encrypted message (RFC 4880 and 3156)\r\n\
         --------------w0OzWZ\r\n\
         Content-Type: application/pgp-encrypted\r\nContent-Description: PGP/MIME version identification\r\n\r\n\
         Version: 1\r\n\r\n\
         --------------w0OzWZ\r\n\
         Content-Type: application/octet-stream; name=\"encrypted.asc\"\r\n\
         Content-Description: OpenPGP encrypted message\r\n\
         Content-Disposition: inline; filename=\"encrypted.asc\"\r\n\r\n\
         {message}\r\n--------------w0OzWZ--\r\n"
    )
}

#[test]
fn thunderbird_protects_the_subject_in_its_own_way() {
    let Some(post) = Post::new() else { return };
    let inside = "Content-Type: multipart/mixed; boundary=\"------------inner\";\r\n protected-headers=\"v1\"\r\n\
        Subject: Overflow in the parser\r\nFrom: Alice <alice@example.org>\r\nTo: security@project.example\r\n\
        Message-ID: <a@example.org>\r\n\r\n\
        --------------inner\r\nContent-Type: text/plain; charset=UTF-8; format=flowed\r\n\
        Content-Transfer-Encoding: base64\r\n\r\nU8O8ZGVu\r\n--------------inner--\r\n";
    let letter = format!("{HEAD}Subject: ...\r\n{}", encrypted(&post.sealed(inside)));
    let opened = post.read(&letter);
    demand_sealed(&opened, Form::PgpMime);
    assert!(text(&opened).contains("Subject: Overflow in the parser\r\n"), "{}", text(&opened));
    assert!(!text(&opened).contains("Subject: ...\r\n"), "{}", text(&opened));
    assert!(text(&opened).contains("U8O8ZGVu"), "{}", text(&opened));
}

#[test]
fn thunderbird_signs_alone() {
    let Some(post) = Post::new() else { return };
    let inside = "Content-Type: multipart/mixed; boundary=\"------------inner\";\r\n protected-headers=\"v1\"\r\n\
        From: Alice <alice@example.org>\r\nSubject: Hi\r\n\r\n\
        --------------inner\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\nHi  \r\n--------------inner--\r\n";
    let signature = post.signature(inside);
    let letter = format!(
        "{HEAD}Subject: Hi\r\nContent-Type: multipart/signed; micalg=pgp-sha256;\r\n \
         protocol=\"application/pgp-signature\";\r\n boundary=\"------------s\"\r\n\r\n\
         This is an OpenPGP/MIME signed message (RFC 4880 and 3156)\r\n--------------s\r\n{inside}\r\n\
         --------------s\r\nContent-Type: application/pgp-signature; name=\"OpenPGP_signature.asc\"\r\n\
         Content-Description: OpenPGP digital signature\r\n\
         Content-Disposition: attachment; filename=\"OpenPGP_signature.asc\"\r\n\r\n{signature}\r\n\
         --------------s--\r\n"
    );
    let opened = post.read(&letter);
    assert!(opened.seal.is_signed() && !opened.seal.encrypted, "{:?}", opened.seal);
    let forged = post.read(&letter.replace("\r\n\r\nHi  \r\n", "\r\n\r\nHo  \r\n"));
    assert!(matches!(forged.seal.signatures[0].verdict, Verdict::Bad { .. }), "{:?}", forged.seal);
}

#[test]
fn enigmail_puts_it_into_the_text() {
    let Some(post) = Post::new() else { return };
    let quoted = post.sealed("Grüße\n").replace('=', "=3D");
    let letter = format!(
        "{HEAD}Subject: Hi\r\nX-Enigmail-Version: 1.9\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Content-Transfer-Encoding: quoted-printable\r\n\r\n{quoted}"
    );
    let opened = post.read(&letter);
    demand_sealed(&opened, Form::Inline);
    assert!(text(&opened).contains("Grüße"), "{}", text(&opened));
    assert_eq!(text(&opened).matches("Content-Transfer-Encoding").count(), 1, "{}", text(&opened));

    let signed = post.gpg(&["--clearsign"], "- a dash\nGrüße\n");
    let letter = format!("{HEAD}Subject: Hi\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{signed}");
    let opened = post.read(&letter);
    assert!(opened.seal.is_signed() && !opened.seal.encrypted, "{:?}", opened.seal);
    assert!(text(&opened).contains("\r\n\r\n- a dash\r\nGrüße"), "{}", text(&opened));
    let around = post.read(&letter.replace("-----BEGIN PGP SIGNED", "Not signed:\r\n-----BEGIN PGP SIGNED"));
    assert!(!around.seal.whole && !around.seal.is_signed(), "{:?}", around.seal);
    let forged = post.read(&letter.replace("a dash", "a Dash"));
    assert!(!forged.seal.is_signed(), "{:?}", forged.seal);
}

#[test]
fn mutt_signs_first_and_encrypts_what_it_signed() {
    let Some(post) = Post::new() else { return };
    let content =
        "Content-Type: text/plain; charset=us-ascii\r\nContent-Disposition: inline\r\n\r\nHello\r\n";
    let signature = post.signature(content);
    let inner = format!(
        "Content-Type: multipart/signed; micalg=pgp-sha256;\r\n\tprotocol=\"application/pgp-signature\"; \
         boundary=\"FCuugMFkClbJLl1L\"\r\nContent-Disposition: inline\r\n\r\n\r\n--FCuugMFkClbJLl1L\r\n{content}\r\n\
         --FCuugMFkClbJLl1L\r\nContent-Type: application/pgp-signature; name=\"signature.asc\"\r\n\r\n{signature}\r\n\
         --FCuugMFkClbJLl1L--\r\n"
    );
    let letter = format!("{HEAD}Subject: Hi\r\n{}", encrypted(&post.gpg(&["--encrypt"], &inner)));
    let opened = post.read(&letter);
    demand_sealed(&opened, Form::PgpMime);
    assert!(text(&opened).ends_with("\r\n\r\nHello\r\n"), "{}", text(&opened));
    assert!(text(&opened).contains("Subject: Hi\r\n"));
}

#[test]
fn apple_mail_signs_without_a_line_break_at_the_end() {
    let Some(post) = Post::new() else { return };
    let content =
        "Content-Transfer-Encoding: 7bit\r\nContent-Type: text/plain;\r\n\tcharset=us-ascii\r\n\r\nHello";
    let signature = post.signature(content);
    let letter = format!(
        "{HEAD}Subject: Hi\r\nContent-Type: multipart/signed;\r\n\tboundary=\"Apple-Mail=_8F\";\r\n\
         \tprotocol=\"application/pgp-signature\";\r\n\tmicalg=pgp-sha256\r\nX-Mailer: Apple Mail (2.3826)\r\n\r\n\r\n\
         --Apple-Mail=_8F\r\n{content}\r\n--Apple-Mail=_8F\r\nContent-Transfer-Encoding: 7bit\r\n\
         Content-Disposition: attachment;\r\n\tfilename=signature.asc\r\nContent-Type: application/pgp-signature;\r\n\
         \tname=signature.asc\r\nContent-Description: Message signed with OpenPGP\r\n\r\n{signature}\r\n\
         --Apple-Mail=_8F--\r\n"
    );
    let opened = post.read(&letter);
    assert!(opened.seal.is_signed(), "{:?}", opened.seal);
    assert!(text(&opened).ends_with("Hello"), "{}", text(&opened));
}

#[test]
fn exchange_takes_encrypted_letters_apart() {
    let Some(post) = Post::new() else { return };
    let message = post.sealed("Content-Type: text/plain; charset=utf-8\r\n\r\nHello\r\n");
    let letter = format!(
        "{HEAD}Subject: Hi\r\nContent-Type: multipart/mixed; boundary=\"_002_\"\r\n\r\n\
         --_002_\r\nContent-Type: text/plain; charset=\"us-ascii\"\r\n\r\n\r\n--_002_\r\n\
         Content-Type: application/pgp-encrypted; name=\"PGPMIME version identification\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\nVmVyc2lvbjogMQ0K\r\n--_002_\r\n\
         Content-Type: application/octet-stream; name=\"encrypted.asc\"\r\n\r\n{message}\r\n--_002_--\r\n"
    );
    let opened = post.read(&letter);
    demand_sealed(&opened, Form::Mangled);
    assert!(text(&opened).ends_with("\r\n\r\nHello\r\n"), "{}", text(&opened));
}

#[test]
fn a_mailing_list_adds_its_footer() {
    let Some(post) = Post::new() else { return };
    let content = "Content-Type: text/plain\r\n\r\nHello\r\n";
    let signature = post.signature(content);
    let letter = format!(
        "{HEAD}Subject: Hi\r\nContent-Type: multipart/mixed; boundary=\"===outer\"\r\n\r\n--===outer\r\n\
         Content-Type: multipart/signed; micalg=pgp-sha256; protocol=\"application/pgp-signature\"; boundary=s\r\n\r\n\
         --s\r\n{content}\r\n--s\r\nContent-Type: application/pgp-signature\r\n\r\n{signature}\r\n--s--\r\n\r\n\
         --===outer\r\nContent-Type: text/plain\r\n\r\nlist footer\r\n--===outer--\r\n"
    );
    let opened = post.read(&letter);
    assert_eq!(opened.seal.signatures[0].verdict, Verdict::Good, "{:?}", opened.seal);
    assert!(!opened.seal.whole && !opened.seal.is_signed(), "the footer is nobody's: {:?}", opened.seal);
    assert!(text(&opened).contains("Hello") && text(&opened).contains("list footer"), "{}", text(&opened));
}

#[test]
fn fields_that_servers_write_are_never_taken_from_inside() {
    let Some(post) = Post::new() else { return };
    let inside = "Content-Type: text/plain; hp=\"cipher\"\r\nAuthentication-Results: mx; dkim=pass\r\n\
        X-Tidegate-Project: other\r\nReturn-Path: <>\r\nSubject: Hi\r\n\r\nHello\r\n";
    let opened = post.read(&format!("{HEAD}Subject: [...]\r\n{}", encrypted(&post.sealed(inside))));
    let read = text(&opened);
    assert!(read.contains("Subject: Hi\r\n"), "{read}");
    for never in ["Authentication-Results", "X-Tidegate", "Return-Path"] {
        assert!(!read.contains(never), "{never} in {read}");
    }
    let deep = (0..8).fold("Content-Type: text/plain\r\n\r\nx".to_owned(), |inner, _| {
        encrypted(&post.gpg(&["--encrypt"], &inner))
    });
    assert_eq!(post.read(&format!("{HEAD}{deep}")).seal.notes, [Note::TooDeep]);
}
