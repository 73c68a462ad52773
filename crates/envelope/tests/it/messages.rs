//! Bytes in, bytes out.

use super::gnupg::Gnupg;
use super::{days, now, project};
use tidegate_envelope::{
    Certificate, Clear, EnvelopeError, Keyring, Secret, Verdict, decrypt, encrypt, sign, verify,
};

fn keyring<'a>(secrets: &'a [Secret], known: &'a [Certificate]) -> Keyring<'a> {
    Keyring { secrets, known }
}

fn verdicts(clear: &Clear) -> Vec<&Verdict> {
    clear.signatures.iter().map(|signature| &signature.verdict).collect()
}

#[test]
fn what_we_seal_we_open_and_know_who_signed() {
    let (ours, theirs) = (project(), Secret::generate("T <t@example.org>", now(), None).expect("a key"));
    let sealed = encrypt(b"secret", &theirs.certificate(), &ours, now()).expect("sealed");
    let (secrets, known) = ([theirs], [ours.certificate()]);
    let clear = decrypt(&sealed, keyring(&secrets, &known), now()).expect("clear");
    assert_eq!((clear.content.as_slice(), clear.encrypted), (&b"secret"[..], true));
    assert_eq!(verdicts(&clear), [&Verdict::Good]);
    assert_eq!(clear.signatures[0].key, Some(known[0].fingerprint()));
    assert_eq!(clear.signatures[0].made, Some(now()));
    let unknown = decrypt(&sealed, keyring(&secrets, &[]), now()).expect("clear");
    assert_eq!(verdicts(&unknown), [&Verdict::UnknownKey]);
    assert_eq!(unknown.signatures[0].by, Vec::<String>::new());
    assert_eq!(decrypt(&sealed, keyring(&[], &known), now()), Err(EnvelopeError::NoKeyForIt));
    // A key whose time is over opens what was sent before.
    let later = decrypt(&sealed, keyring(&secrets, &known), now() + days(2000)).expect("clear");
    assert_eq!(later.content, b"secret");
}

#[test]
fn an_expired_key_neither_signs_nor_is_sealed_to() {
    let ours = project();
    let late = now() + days(800);
    assert_eq!(sign(b"x", &ours, late), Err(EnvelopeError::CannotSign));
    let theirs = Secret::generate("T <t@example.org>", late, None).expect("a key").certificate();
    assert_eq!(encrypt(b"x", &theirs, &ours, late), Err(EnvelopeError::CannotSign));
    assert!(matches!(
        encrypt(b"x", &ours.certificate(), &ours, late),
        Err(EnvelopeError::Unusable(tidegate_envelope::Standing::Expired { .. }))
    ));
}

#[test]
fn a_detached_signature_holds_for_its_bytes_alone() {
    let ours = project();
    let signature = sign(b"text", &ours, now()).expect("signed");
    let known = [ours.certificate()];
    let check =
        |content: &[u8]| verify(content, &signature, keyring(&[], &known), now()).expect("a signature");
    assert_eq!(check(b"text")[0].verdict, Verdict::Good);
    assert!(matches!(check(b"Text")[0].verdict, Verdict::Bad { .. }));
    assert!(verify(b"text", b"no signature", keyring(&[], &known), now()).is_err());
}

#[test]
fn damage_is_an_error_and_never_content() {
    let ours = project();
    let sealed = encrypt(&[b'a'; 5000], &ours.certificate(), &ours, now()).expect("sealed");
    let secrets = [ours];
    let mut damaged = 0;
    for at in (0..sealed.len()).step_by(97) {
        let mut changed = sealed.clone();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        match decrypt(&changed, keyring(&secrets, &[]), now()) {
            Err(_) => damaged += 1,
            Ok(clear) => assert_eq!(clear.content, [b'a'; 5000], "byte {at}"),
        }
        assert!(decrypt(&sealed[..at], keyring(&secrets, &[]), now()).is_err(), "cut at {at}");
    }
    assert!(damaged > 20, "{damaged}");
}

#[test]
fn gnupg_reads_what_we_send() {
    let Some((gnupg, alice)) = Gnupg::alice() else { return };
    let ours = project();
    gnupg.import(&ours.certificate().armoured().expect("text"));
    let sealed = encrypt("Grüße".as_bytes(), &alice, &ours, now()).expect("sealed");
    let answer = gnupg.run(&["--decrypt"], &sealed);
    assert_eq!(String::from_utf8_lossy(&answer.out), "Grüße", "{}", answer.status);
    assert!(answer.status.contains("GOODSIG"), "{}", answer.status);
    assert!(answer.status.contains("DECRYPTION_OKAY"), "{}", answer.status);

    let signature = gnupg.file("signature", &sign(b"text", &ours, now()).expect("signed"));
    let verified = gnupg.run(&["--verify", &signature, "-"], b"text");
    assert!(verified.ok && verified.status.contains("GOODSIG"), "{}", verified.status);
    assert!(!gnupg.run(&["--verify", &signature, "-"], b"other").ok);
}

#[test]
fn we_read_what_gnupg_sends() {
    let Some((gnupg, alice)) = Gnupg::alice() else { return };
    let ours = project();
    gnupg.import(&ours.certificate().armoured().expect("text"));
    let (secrets, known) = ([ours], [alice]);
    let keys = keyring(&secrets, &known);
    let to: &[&str] = &["--recipient", "security@project.example", "--local-user", "alice@example.org"];
    let send = |options: &[&str]| gnupg.must(&[to, options].concat(), "Grüße\n".as_bytes());
    for (options, encrypted, signed) in [
        (&["--armor", "--encrypt"][..], true, false),
        (&["--armor", "--encrypt", "--sign"], true, true),
        (&["--encrypt", "--sign"], true, true),
        (&["--encrypt", "--sign", "--textmode"], true, true),
        (&["--encrypt", "--sign", "--throw-keyids"], true, true),
        (&["--encrypt", "--sign", "--compress-algo", "bzip2"], true, true),
        (&["--encrypt", "--sign", "--compress-algo", "none", "--cipher-algo", "AES256"], true, true),
        (&["--armor", "--sign"], false, true),
    ] {
        let clear = decrypt(&send(options), keys, now()).expect("clear");
        let text = String::from_utf8_lossy(&clear.content).replace("\r\n", "\n");
        assert_eq!((text.as_str(), clear.encrypted), ("Grüße\n", encrypted), "{options:?}");
        let good = vec![&Verdict::Good; usize::from(signed)];
        assert_eq!(verdicts(&clear), good, "{options:?}");
    }
    let detached = send(&["--armor", "--detach-sign"]);
    let checked = verify("Grüße\n".as_bytes(), &detached, keys, now()).expect("a signature");
    assert_eq!(
        (&checked[0].verdict, checked[0].by[0].as_str()),
        (&Verdict::Good, "Alice <alice@example.org>")
    );
    let symmetric = gnupg.must(&["--passphrase", "x", "--symmetric"], b"text");
    assert_eq!(decrypt(&symmetric, keys, now()), Err(EnvelopeError::NoKeyForIt));
}

#[test]
fn signatures_by_expired_and_revoked_keys_are_told() {
    let Some(gnupg) = Gnupg::new() else { return };
    gnupg.generate("Short <short@example.org>", "future-default", "10d");
    let before = [gnupg.export("short@example.org")];
    let extended =
        gnupg.run_at("20250602T000000", &["--quick-set-expire", &before[0].fingerprint(), "2y"], b"");
    assert!(extended.ok, "{}", extended.status);
    // Made with the extended key, and held against the old copy, whose time was over.
    let late = gnupg.run_at("20250701T000000", &["--armor", "--detach-sign"], b"text");
    assert!(late.ok, "{}", late.status);
    let checked = verify(b"text", &late.out, keyring(&[], &before), now() + days(31)).expect("a signature");
    assert_eq!(checked[0].verdict, Verdict::Expired);
    let extended = [gnupg.export("short@example.org")];
    let checked = verify(b"text", &late.out, keyring(&[], &extended), now() + days(31)).expect("a signature");
    assert_eq!(checked[0].verdict, Verdict::Good);
    // A clock that is a minute ahead is no reason for distrust, one that is a month ahead is.
    let minute_before = now() + days(30) - std::time::Duration::from_secs(60);
    let checked = verify(b"text", &late.out, keyring(&[], &extended), minute_before).expect("a signature");
    assert_eq!(checked[0].verdict, Verdict::Good);
    let checked = verify(b"text", &late.out, keyring(&[], &extended), now()).expect("a signature");
    assert_ne!(checked[0].verdict, Verdict::Good);
}
