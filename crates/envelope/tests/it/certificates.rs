//! Whether a key can be used, and why not.

use super::gnupg::Gnupg;
use super::{days, now, project};
use tidegate_envelope::{CERTIFICATE_BYTES_MAX, Certificate, EnvelopeError, Secret, Standing, encrypt};

#[test]
fn a_certificate_says_who_it_is_for_and_until_when() {
    let certificate = project().certificate();
    assert_eq!(certificate.fingerprint().len(), 40);
    assert_eq!(certificate.user_ids(), ["Example Project <security@project.example>"]);
    assert_eq!(certificate.standing(now()), Standing::Usable { until: Some(now() + days(699)) });
    assert_eq!(certificate.standing(now() + days(699)), Standing::Expired { since: Some(now() + days(699)) });
    assert_eq!(certificate.standing(now() - days(2)), Standing::NotYet { from: now() - days(1) });
    let endless = Secret::generate("E <e@example.org>", now(), None).expect("a key").certificate();
    assert_eq!(endless.standing(now() + days(9000)), Standing::Usable { until: None });
    let armoured = certificate.armoured().expect("text");
    assert_eq!(Certificate::read(&armoured), Ok(certificate));
}

#[test]
fn what_is_no_certificate_is_refused_in_words() {
    let why = |bytes: &[u8]| Certificate::read(bytes).expect_err("no certificate").to_string();
    assert!(why(b"").contains("no OpenPGP key in it; `gpg --armor --export"));
    assert!(why(b"hello").contains("no OpenPGP key"));
    let secret = project().to_bytes().expect("bytes");
    assert!(why(&secret).contains("secret key, which nobody else should have"));
    let one = project().certificate().armoured().expect("text");
    let two = [one.clone(), project().certificate().armoured().expect("text")].concat();
    assert!(why(&two).contains("several keys") || why(&two).contains("follows the key"), "{}", why(&two));
    assert!(why(&one[..one.len() / 2]).contains("no OpenPGP key"));
    assert_eq!(
        Certificate::read(&vec![b'x'; CERTIFICATE_BYTES_MAX + 1]),
        Err(EnvelopeError::TooLarge { what: "a certificate", limit: CERTIFICATE_BYTES_MAX })
    );
    assert!(Secret::read(&one, None).expect_err("public").to_string().contains("this is a public key"));
}

#[test]
fn a_secret_key_survives_its_store_and_shows_nothing() {
    let secret = project();
    let again = Secret::read(&secret.to_bytes().expect("bytes"), None).expect("a key");
    assert_eq!(again.certificate(), secret.certificate());
    assert_eq!(format!("{secret:?}"), format!("Secret({})", secret.certificate().fingerprint()));
}

#[test]
fn gnupgs_keys_are_read_locked_and_open() {
    let Some(gnupg) = Gnupg::new() else { return };
    let create =
        ["--passphrase", "geheim", "--quick-generate-key", "P <p@project.example>", "rsa2048", "sign"];
    gnupg.must(&create, b"");
    let export = ["--passphrase", "geheim", "--armor", "--export-secret-keys", "p@project.example"];
    let locked = gnupg.must(&export, b"");
    assert_eq!(Secret::read(&locked, None).err(), Some(EnvelopeError::Locked));
    assert_eq!(Secret::read(&locked, Some("wrong")).err(), Some(EnvelopeError::Locked));
    let secret = Secret::read(&locked, Some("geheim")).expect("unlocked");
    let certificate = secret.certificate();
    assert_eq!(certificate.standing(now()), Standing::NoEncryptionKey);
    let refused = encrypt(b"x", &certificate, &secret, now());
    assert_eq!(refused, Err(EnvelopeError::Unusable(Standing::NoEncryptionKey)));
}

#[test]
fn gnupgs_expired_revoked_and_weak_keys_are_told_apart() {
    let Some(gnupg) = Gnupg::new() else { return };
    gnupg.generate("Short <short@example.org>", "future-default", "10d");
    let short = gnupg.export("short@example.org");
    assert!(matches!(short.standing(now() + days(9)), Standing::Usable { until: Some(_) }));
    assert!(matches!(short.standing(now() + days(11)), Standing::Expired { since: Some(_) }));

    gnupg.generate("Weak <weak@example.org>", "rsa1024", "2y");
    let weak = gnupg.export("weak@example.org").standing(now());
    assert!(matches!(weak, Standing::Weak { .. }), "{weak:?}");

    gnupg.generate("Gone <gone@example.org>", "future-default", "2y");
    let before = gnupg.export("gone@example.org");
    let fingerprint = before.fingerprint();
    gnupg.import(&gnupg.revocation(&fingerprint));
    let after = gnupg.export("gone@example.org");
    assert!(before.standing(now()).is_usable());
    assert_eq!(after.standing(now()), Standing::Revoked);
    let merged = before.merged(after).expect("the same key");
    assert_eq!(merged.standing(now()), Standing::Revoked, "a newer copy takes the older one's place");
    assert!(merged.merged(short).is_err(), "another key is another key");
}
