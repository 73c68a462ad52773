//! `tidegate proof` from the outside, against the real `ssh-keygen` and `gpg`.

mod desk;

use desk::{Desk, good, refused};
use std::process::Output;

const ANSWER: &str = r#"schema = 1
advisory = "OSSA-2099-002"
aliases = ["CVE-2099-65073"]
product = "keystone"
deployment = "north"
provider = "Example Cloud"
given = "2025-11-14T09:00:00Z"
answer = "C"
how = "upstream"
fixed-version = "26.0.1"
text = "Upstream's 26.0.1 is rolled out."
[after]
taken = "2025-11-14T08:30:00Z"
sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
[rollout]
done = 42
of = 42
"#;

/// The manual's way to the signed bytes, with a shell and python instead of jq, which is seldom installed.
const BY_HAND: &str = r#"
member() { python3 -c "import json,sys,base64; p=json.load(open('proof.json')); sys.stdout.buffer.write(base64.b64decode($1))"; }
member "p['payload']" > statement
{ printf 'DSSEv1 28 application/vnd.in-toto+json %s ' "$(wc -c < statement | tr -d ' ')"; cat statement; } > payload
member "p['signatures'][0]['sig']" > payload.sig
"#;

impl Desk {
    fn new() -> Desk {
        let desk = Desk::empty();
        desk.write("answer.toml", ANSWER);
        desk
    }

    fn proof(&self, line: &[&str]) -> Output {
        self.run(&[&["proof"], line].concat())
    }

    /// An SSH key and the file that allows it to sign; false where `ssh-keygen` isn't installed.
    fn ssh_key(&self, kind: &str) -> bool {
        let line = ["-q", "-t", kind, "-N", "", "-C", "north", "-f", "id"];
        if self.other("ssh-keygen", &line, None).is_none() {
            return false;
        }
        self.write("allowed_signers", &format!("north@example.org {}", self.text("id.pub")));
        true
    }
}

#[test]
fn ssh_keygen_verifies_what_tidegate_signs() {
    for kind in ["ed25519", "ecdsa"] {
        let desk = Desk::new();
        if !desk.ssh_key(kind) {
            println!("skipped: ssh-keygen is not installed");
            return;
        }
        good(&desk.proof(&["make", "answer.toml", "--ssh-key", "id", "--out", "proof.json"]));
        let said = good(&desk.proof(&["verify", "proof.json", "--signers", "allowed_signers"]));
        assert!(said.starts_with("signed by north@example.org, SHA256:"), "{said}");
        good(&desk.other("sh", &["-euc", BY_HAND], None).expect("a shell"));
        let payload = desk.proof(&["payload", "proof.json"]);
        assert_eq!(good(&payload), desk.text("payload"));
        let line = "-Y verify -f allowed_signers -I north@example.org -n tidegate-proof -s payload.sig";
        let words: Vec<&str> = line.split(' ').collect();
        good(&desk.other("ssh-keygen", &words, Some("payload")).expect("ssh-keygen"));
    }
}

#[test]
fn tidegate_verifies_what_ssh_keygen_signs_and_nothing_else() {
    let desk = Desk::new();
    if !desk.ssh_key("ed25519") {
        println!("skipped: ssh-keygen is not installed");
        return;
    }
    desk.write("payload", &good(&desk.proof(&["payload", "answer.toml"])));
    let sign = |namespace: &str| {
        let _ = std::fs::remove_file(desk.path().join("payload.sig"));
        let line = ["-q", "-Y", "sign", "-f", "id", "-n", namespace, "payload"];
        good(&desk.other("ssh-keygen", &line, None).expect("ssh-keygen"));
        good(&desk.proof(&["make", "answer.toml", "--signature", "payload.sig", "--out", "proof.json"]));
        desk.proof(&["verify", "proof.json", "--signers", "allowed_signers"])
    };
    refused(&sign("file"), 3, "nobody who is known has signed it");
    let said = good(&sign("tidegate-proof"));
    assert!(said.contains("C (patched with upstream's version), by Example Cloud"), "{said}");

    // Another answer under the same signature.
    let proof = desk.text("proof.json");
    desk.write("answer.toml", &ANSWER.replace("done = 42", "done = 41"));
    good(&desk.proof(&["make", "answer.toml", "--signature", "payload.sig", "--out", "proof.json"]));
    refused(&desk.proof(&["verify", "proof.json", "--signers", "allowed_signers"]), 3, "nobody who is known");
    // A stranger.
    desk.write("proof.json", &proof);
    desk.write("allowed_signers", "# nobody\n");
    refused(&desk.proof(&["verify", "proof.json", "--signers", "allowed_signers"]), 3, "nobody who is known");
    refused(&desk.proof(&["verify", "proof.json"]), 3, "--signers or --openpgp-cert");
}

#[test]
fn gpg_signs_and_verifies_too() {
    let desk = Desk::new();
    let home = desk.path().join("gnupg");
    std::fs::create_dir(&home).expect("a folder");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    std::fs::set_permissions(&home, mode).expect("permissions");
    let gpg = |line: &str| {
        let words: Vec<&str> = ["--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", ""]
            .into_iter()
            .chain(line.split(' '))
            .collect();
        desk.other("gpg", &words, None)
    };
    let Some(made) = gpg("--quick-gen-key north@example.org ed25519 sign never") else {
        println!("skipped: gpg is not installed");
        return;
    };
    good(&made);
    good(&gpg("--armor --output secret.asc --export-secret-keys north@example.org").expect("gpg"));
    good(&gpg("--armor --output provider.asc --export north@example.org").expect("gpg"));

    good(&desk.proof(&["make", "answer.toml", "--openpgp-key", "secret.asc", "--out", "proof.json"]));
    let said = good(&desk.proof(&["verify", "proof.json", "--openpgp-cert", "provider.asc"]));
    assert!(said.starts_with("signed by north@example.org, "), "{said}");
    good(&desk.other("sh", &["-euc", BY_HAND], None).expect("a shell"));
    good(&gpg("--verify payload.sig payload").expect("gpg"));

    good(&gpg("--armor --yes --output payload.sig --detach-sign payload").expect("gpg"));
    good(&desk.proof(&["make", "answer.toml", "--signature", "payload.sig", "--out", "proof.json"]));
    good(&desk.proof(&["verify", "proof.json", "--openpgp-cert", "provider.asc"]));
    // The agent of this folder ends with it.
    good(&desk.other("gpgconf", &["--kill", "gpg-agent"], None).expect("gpgconf"));
}

#[test]
fn an_answer_is_checked_against_its_verdicts() {
    let desk = Desk::new();
    let line = |verdict: &str| {
        format!(
            "{{\"advisory\":\"OSSA-2099-002\",\"product\":\"keystone\",\"verdict\":\"{verdict}\",\"why\":\"so\"}}\n"
        )
    };
    desk.write("after", &format!("{}{}", line("fixed"), line("affected")));
    let said = good(&desk.proof(&["check", "answer.toml", "--verdicts-after", "after"]));
    assert!(
        said.contains("contradictory: the verdict on the snapshot after the patch is affected: so"),
        "{said}"
    );
    desk.write("answer.toml", &ANSWER.replace("of = 42", "of = 41"));
    refused(&desk.proof(&["check", "answer.toml"]), 3, "42 of 41 hosts is no share [SCS-06]");
    desk.write("answer.toml", &ANSWER.replace("of = 42", ""));
    refused(&desk.proof(&["check", "answer.toml"]), 5, "needs its denominator (SCS-06)");
}

#[test]
fn a_commitment_is_opened_later() {
    let desk = Desk::new();
    let commitment = good(&desk.proof(&["commit", "answer.toml", "--salt", "salt"]));
    let commitment = commitment.trim();
    // The salt of an earlier commitment is never lost.
    refused(&desk.proof(&["commit", "answer.toml", "--salt", "salt"]), 1, "exists");
    let by_hand = "{ echo tidegate-commitment-v1; python3 -c \"import sys; sys.stdout.buffer.write(bytes.fromhex(open('salt').read()))\"; cat answer.toml; } | sha256sum";
    let computed = good(&desk.other("sh", &["-euc", by_hand], None).expect("a shell"));
    assert!(computed.starts_with(commitment), "{computed}");
    let open =
        |more: &[&str]| desk.proof(&[&["open", commitment, "answer.toml", "--salt", "salt"], more].concat());
    assert!(
        good(&open(&["--logged", "2025-11-15T00:00:00Z"])).starts_with("committed to: C for OSSA-2099-002")
    );
    refused(&open(&["--logged", "2025-11-13T00:00:00Z"]), 3, "after the commitment was logged");
    desk.write("answer.toml", &ANSWER.replace("done = 42", "done = 41"));
    refused(&open(&[]), 3, "not what was committed to");
    desk.write("salt", "salty");
    refused(&open(&[]), 5, "a salt has 64 hexadecimal digits");
}
