//! Real programs on the other side: aiosmtpd takes our letters, Python's smtplib hands us some, GnuPG reads them.
//! Where one of them is missing, the test says that it skips.

use super::bed::Bed;
use super::client::{PATIENCE, with_door};
use super::world::World;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use tempfile::TempDir;
use tidegate::post::settings::{Server, TlsMode};
use tidegate::store::{DeliveryState, LetterState};
use tidegate_envelope::Certificate;
use zeroize::Zeroizing;

/// A Python that has `module`.
#[expect(clippy::print_stdout, reason = "a test that was skipped must say so")]
fn python(module: &str) -> Option<&'static str> {
    let has = |python: &&str| {
        let tried = Command::new(python).args(["-c", &format!("import {module}")]).output();
        tried.is_ok_and(|output| output.status.success())
    };
    let found = ["python3", "/usr/bin/python3"].into_iter().find(has);
    if found.is_none() {
        println!("skipped: no Python with {module} (Debian: python3-aiosmtpd)");
    }
    found
}

/// A program's answer, or `None` with a word about it where there is no such program.
#[expect(clippy::print_stdout, reason = "a test that was skipped must say so")]
fn run(program: &str, arguments: &[&str], folder: &Path) -> Option<Output> {
    match Command::new(program).args(arguments).current_dir(folder).output() {
        Ok(output) => Some(output),
        Err(_) => {
            println!("skipped: {program} is not installed");
            None
        }
    }
}

/// The mail server, ended with the test.
struct Peer {
    child: Child,
    lines: BufReader<ChildStdout>,
    port: u16,
    /// With `certificate.pem`.
    folder: TempDir,
}

impl Peer {
    fn start(mode: &str) -> Option<Peer> {
        let python = python("aiosmtpd")?;
        let folder = tempfile::tempdir().expect("a folder");
        let names = "subjectAltName=IP:127.0.0.1,DNS:localhost";
        let request =
            ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=localhost"];
        let names = ["-addext", names, "-addext", "basicConstraints=critical,CA:FALSE"];
        let files = ["-keyout", "key.pem", "-out", "certificate.pem"];
        let made = run("openssl", &[&request[..], &names, &files].concat(), folder.path())?;
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/post/peer.py");
        let mut child = Command::new(python)
            .args([script, mode, "certificate.pem", "key.pem"])
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output"));
        let mut port = String::new();
        lines.read_line(&mut port).expect("a line");
        let port = port.trim().parse().expect("a port");
        Some(Peer { child, lines, port, folder })
    }

    fn settings(&self, tls: TlsMode, password: &str) -> Server {
        Server {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            tls,
            login: Some(("tidegate".to_owned(), Zeroizing::new(password.to_owned()))),
            ca: Some(std::fs::read(self.folder.path().join("certificate.pem")).expect("the certificate")),
            hello: Some("tidegate.example.org".to_owned()),
        }
    }

    fn taken(&mut self) -> serde_json::Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("a line");
        serde_json::from_str(&line).expect("a letter")
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may be gone already; then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Alice's GnuPG, in a folder that only she can look into.
fn gnupg() -> Option<(TempDir, Certificate)> {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().expect("a folder");
    std::fs::set_permissions(home.path(), std::fs::Permissions::from_mode(0o700)).expect("a mode");
    let make = ["--quick-generate-key", "Lars <lars@cloudstack.example>", "future-default", "default", "2y"];
    let made = gpg(&home, &[&["--passphrase", ""][..], &make].concat())?;
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let exported = gpg(&home, &["--armor", "--export"])?;
    Some((home, Certificate::read(&exported.stdout).expect("a certificate")))
}

fn gpg(home: &TempDir, arguments: &[&str]) -> Option<Output> {
    let home_path = home.path().to_str().expect("a path");
    let usual = ["--homedir", home_path, "--batch", "--quiet", "--faked-system-time", "20250531T230000!"];
    run("gpg", &[&usual[..], arguments].concat(), home.path())
}

#[tokio::test(flavor = "multi_thread")]
async fn aiosmtpd_takes_letters_under_tls_that_gnupg_reads() {
    for (mode, tls) in [("starttls", TlsMode::Starttls), ("tls", TlsMode::Tls)] {
        let Some(mut peer) = Peer::start(mode) else { return };
        let bed = Bed::sqlite();
        let world = World::new(&bed, Some(peer.settings(tls, "geheim"))).await;
        let Some((home, lars)) = gnupg() else { return };
        let ours = world.project_key();
        world.key_of("lars", &lars).await;
        let case = world.report().await;
        let sent = world.send().await;
        assert_eq!((sent.sent, sent.said.len()), (1, 0), "{mode}: {:?}", sent.said);
        let taken = peer.taken();
        assert_eq!(
            (taken["from"].as_str(), taken["to"][0].as_str()),
            (Some("security@cloudstack.example"), Some("lars@cloudstack.example"))
        );
        let said = world.ways().await[0].said.clone().expect("an answer");
        assert!(said.ends_with("250 2.0.0 taken by aiosmtpd"), "{said}");

        let key = home.path().join("project.asc");
        std::fs::write(&key, ours.certificate().armoured().expect("text")).expect("a file");
        gpg(&home, &["--import", key.to_str().expect("a path")]).expect("imported");
        let letter = taken["letter"].as_str().expect("text");
        let begin = letter.find("-----BEGIN PGP MESSAGE").expect("a message");
        let message = home.path().join("message.asc");
        std::fs::write(&message, &letter[begin..]).expect("a file");
        let message = message.to_str().expect("a path");
        let later = ["--status-fd", "2", "--trust-model", "always", "--decrypt", message];
        let opened =
            gpg(&home, &[&["--faked-system-time", "20250602T000000!"][..], &later].concat()).expect("opened");
        let status = String::from_utf8_lossy(&opened.stderr);
        assert!(status.contains("GOODSIG"), "{status}");
        assert!(String::from_utf8_lossy(&opened.stdout).contains(&case.to_string()), "{status}");
        let _ = Command::new("gpgconf").arg("--homedir").arg(home.path()).args(["--kill", "all"]).output();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_letter_leaves_without_the_tls_that_was_asked_for() {
    let Some(peer) = Peer::start("starttls") else { return };
    let bed = Bed::sqlite();
    for (server, why) in [
        (Server { ca: None, ..peer.settings(TlsMode::Starttls, "geheim") }, "certificate"),
        (peer.settings(TlsMode::Tls, "geheim"), ""),
        (peer.settings(TlsMode::Starttls, "wrong"), "535"),
    ] {
        bed.reset().await;
        let world = World::new(&bed, Some(server)).await;
        world.report().await;
        let sent = world.send().await;
        assert_eq!(sent.sent, 0);
        assert!(sent.said[0].starts_with("the mail server cannot be used; "), "{:?}", sent.said);
        let way = &world.ways().await[0];
        assert_eq!(way.state, DeliveryState::Waiting);
        let said = way.said.as_deref().expect("the server's words");
        assert!(said.contains(why) && !said.contains("geheim"), "{said}");
        world.engine.store.close().await;
    }
}

/// What Python says to our LMTP door: two letters, one of them large. It expects one answer for each letter, so that
/// only one recipient may be a good one.
const SMTPLIB: &str = r#"
import smtplib, sys
door = smtplib.LMTP("127.0.0.1", int(sys.argv[1]))
to = ["security+x@cloudstack.example", "nobody@cloudstack.example"]
head = "From: Rita <rita@finder.example>\r\nTo: security@cloudstack.example\r\nSubject: A hole\r\n"
for n, text in enumerate([".dot\r\n..dots\r\n", "x" * 70 + "\r\n" * 20000]):
    refused = door.sendmail("rita@finder.example", to, f"{head}Message-ID: <{n}@finder.example>\r\n\r\n{text}")
    print(sorted((address, answer[0]) for address, answer in refused.items()))
door.quit()
"#;

#[tokio::test(flavor = "multi_thread")]
async fn smtplib_hands_letters_over() {
    let Some(python) = python("smtplib") else { return };
    let bed = Bed::sqlite();
    let world = World::new(&bed, None).await;
    let output = with_door(&world, PATIENCE, async |port| {
        let port = port.to_string();
        let talk = move || Command::new(python).args(["-c", SMTPLIB, &port]).output().expect("Python runs");
        tokio::task::spawn_blocking(talk).await.expect("an answer")
    })
    .await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let refused = "[('nobody@cloudstack.example', 550)]\n".repeat(2);
    assert_eq!(String::from_utf8_lossy(&output.stdout), refused);
    let letters = world.engine.store.letters(Some(LetterState::Waiting), 9).await.expect("letters");
    assert_eq!(letters.len(), 2);
    let mut texts = Vec::new();
    for letter in letters {
        let raw = world.engine.store.letter(letter.id).await.expect("the letter").raw;
        texts.push(String::from_utf8(raw).expect("text"));
    }
    assert!(texts.iter().any(|text| text.contains("\r\n\r\n.dot\r\n..dots\r\n")), "{texts:?}");
}
