//! GnuPG in a folder of its own, with its clock at [`super::NOW`].

use super::NOW;
use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use tempfile::TempDir;
use tidegate_envelope::Certificate;

pub struct Gnupg {
    home: TempDir,
}

/// What GnuPG answered.
pub struct Answer {
    pub out: Vec<u8>,
    /// Its status lines, `[GNUPG:] GOODSIG ...`.
    pub status: String,
    pub ok: bool,
}

impl Gnupg {
    /// A new one, or `None` with a line that says so where there is no GnuPG.
    #[expect(clippy::print_stdout, reason = "a test that was skipped must say so")]
    pub fn new() -> Option<Gnupg> {
        if Command::new("gpg").arg("--version").output().is_err() {
            println!("skipped: GnuPG is not installed (Debian: gnupg)");
            return None;
        }
        let home = TempDir::new().expect("a folder");
        std::fs::set_permissions(home.path(), Permissions::from_mode(0o700)).expect("a folder of our own");
        // Passphrases of tests need no slow hashing.
        std::fs::write(home.path().join("gpg-agent.conf"), "s2k-count 65536\n").expect("a setting");
        Some(Gnupg { home })
    }

    /// One with Alice's key, and the certificate as others get it.
    pub fn alice() -> Option<(Gnupg, Certificate)> {
        let gnupg = Gnupg::new()?;
        gnupg.generate("Alice <alice@example.org>", "future-default", "2y");
        let certificate = gnupg.export("alice@example.org");
        Some((gnupg, certificate))
    }

    pub fn generate(&self, user_id: &str, algorithm: &str, expires: &str) {
        self.must(&["--passphrase", "", "--quick-generate-key", user_id, algorithm, "default", expires], b"");
    }

    pub fn export(&self, user_id: &str) -> Certificate {
        Certificate::read(&self.must(&["--armor", "--export", user_id], b"")).expect("a certificate")
    }

    pub fn import(&self, key: &[u8]) {
        self.must(&["--import"], key);
    }

    pub fn must(&self, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        let answer = self.run(arguments, input);
        assert!(answer.ok, "gpg {arguments:?}: {}", answer.status);
        answer.out
    }

    pub fn run(&self, arguments: &[&str], input: &[u8]) -> Answer {
        self.run_at(NOW, arguments, input)
    }

    pub fn run_at(&self, instant: &str, arguments: &[&str], input: &[u8]) -> Answer {
        let mut child = Command::new("gpg")
            .arg("--homedir")
            .arg(self.home.path())
            .args(["--batch", "--yes", "--quiet", "--pinentry-mode", "loopback", "--trust-model", "always"])
            .args(["--status-fd", "2", "--faked-system-time", &format!("{instant}!")])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("gpg runs");
        let mut stdin = child.stdin.take().expect("a pipe");
        let input = input.to_vec();
        let feeding = std::thread::spawn(move || {
            // GnuPG may have read enough and gone; what it answers is what counts.
            let _ = stdin.write_all(&input);
        });
        let output = child.wait_with_output().expect("an answer");
        feeding.join().expect("fed");
        let status = String::from_utf8_lossy(&output.stderr).into_owned();
        Answer { out: output.stdout, status, ok: output.status.success() }
    }

    /// The revocation that GnuPG makes with every key; a colon keeps it from being used by mistake.
    pub fn revocation(&self, fingerprint: &str) -> Vec<u8> {
        let path = self.home.path().join("openpgp-revocs.d").join(format!("{fingerprint}.rev"));
        let text = std::fs::read_to_string(path).expect("a revocation");
        text.replace(":-----BEGIN", "-----BEGIN").into_bytes()
    }

    /// A file in GnuPG's folder.
    pub fn file(&self, name: &str, content: &[u8]) -> String {
        let path = self.home.path().join(name);
        std::fs::write(&path, content).expect("a file");
        path.to_str().expect("a path").to_owned()
    }
}

impl Drop for Gnupg {
    /// Ends the agent that GnuPG started for this folder.
    fn drop(&mut self) {
        let _ =
            Command::new("gpgconf").arg("--homedir").arg(self.home.path()).args(["--kill", "all"]).output();
    }
}
