//! The master key: where it comes from, and that it goes nowhere.

use super::StoreError;
use super::seal::{Key, Place};
use crate::chance::Chance;
use std::fmt;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use zeroize::Zeroizing;

/// Wraps every other key. It is never stored beside what it protects, and wiped from memory when dropped.
pub struct MasterKey(pub(super) Key);

/// No master key could be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyError {
    source: String,
    why: String,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no master key from {}: {}", self.source, self.why)
    }
}

impl std::error::Error for KeyError {}

const KEY_DIGITS: usize = 64;

impl MasterKey {
    /// The key in 32 given bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> MasterKey {
        MasterKey(Key::from_bytes(bytes))
    }

    /// Reads a file that holds 64 hexadecimal digits.
    pub fn from_file(path: &Path) -> Result<MasterKey, KeyError> {
        let source = path.display().to_string();
        let text = std::fs::read(path).map(Zeroizing::new).map_err(|error| because(&source, error))?;
        MasterKey::parse(&source, &text)
    }

    /// Runs a command (program first, then arguments; no shell) and reads 64 hexadecimal digits from its
    /// standard output: a password store, a hardware token, a cloud's key service.
    pub fn from_command(command: &[String]) -> Result<MasterKey, KeyError> {
        let Some((program, arguments)) = command.split_first() else {
            return Err(because("a command", "no command is given"));
        };
        let source = format!("the command `{program}`");
        let output = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| because(&source, error))?;
        let text = Zeroizing::new(output.stdout);
        if !output.status.success() {
            return Err(because(&source, format_args!("it ended with {}", output.status)));
        }
        MasterKey::parse(&source, &text)
    }

    /// Makes a new key and writes it to a file only its owner can read.
    ///
    /// An existing file is never overwritten: it may be the only copy of a key that data still needs. A crash
    /// in here can leave an empty or short file, which [`MasterKey::from_file`] refuses; nothing uses it yet.
    pub fn generate_file(path: &Path, chance: &Chance) -> Result<MasterKey, KeyError> {
        let source = path.display().to_string();
        let bytes = Zeroizing::new(chance.bytes::<32>());
        let mut text = Zeroizing::new(hex::encode(bytes.as_slice()));
        text.push('\n');
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(|error| because(&source, error))?;
        file.write_all(text.as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(|error| because(&source, error))?;
        Ok(MasterKey::from_bytes(*bytes))
    }

    /// Encrypts what is kept in a file beside the database. `name` is bound in: a file that is copied to another
    /// name does not open.
    pub(crate) fn seal_file(&self, chance: &Chance, name: &str, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        self.0.seal(chance, &file_place(name), plain)
    }

    /// Decrypts what [`MasterKey::seal_file`] made.
    pub(crate) fn open_file(&self, name: &str, sealed: Vec<u8>) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        self.0.open(&file_place(name), sealed).map(Zeroizing::new)
    }

    fn parse(source: &str, text: &[u8]) -> Result<MasterKey, KeyError> {
        let digits = text.trim_ascii();
        let mut bytes = Zeroizing::new([0_u8; 32]);
        let mut pairs = digits.chunks_exact(2);
        let mut filled = digits.len() == KEY_DIGITS;
        for (byte, pair) in bytes.iter_mut().zip(&mut pairs) {
            match (hex_digit(pair.first()), hex_digit(pair.last())) {
                (Some(high), Some(low)) => *byte = high << 4 | low,
                _ => filled = false,
            }
        }
        if filled {
            Ok(MasterKey::from_bytes(*bytes))
        } else {
            Err(because(
                source,
                format_args!("it must hold {KEY_DIGITS} hexadecimal digits and nothing else"),
            ))
        }
    }
}

fn file_place(name: &str) -> Place<'_> {
    Place { table: "keystore", row: name, column: "file" }
}

fn hex_digit(byte: Option<&u8>) -> Option<u8> {
    let value = char::from(*byte?).to_digit(16)?;
    u8::try_from(value).ok()
}

fn because(source: &str, why: impl fmt::Display) -> KeyError {
    KeyError { source: source.to_owned(), why: why.to_string() }
}

/// Shows nothing of the key.
impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_generated_key_is_private_kept_and_read_back() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("master.key");
        let made = MasterKey::generate_file(&path, &Chance::seeded(1)).expect("a key");
        let mode = std::fs::metadata(&path).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(MasterKey::from_file(&path).expect("the key").0, made.0);
        let again = MasterKey::generate_file(&path, &Chance::seeded(2));
        assert!(again.is_err(), "a key file is never overwritten");
        assert_eq!(MasterKey::from_file(&path).expect("the key").0, made.0);
    }

    #[test]
    fn a_command_gives_a_key_or_a_reason() {
        let run = |words: &[&str]| {
            MasterKey::from_command(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
        };
        assert!(run(&["printf", &"0aF9".repeat(16)]).is_ok());
        for bad in [&["printf", "0aF9"][..], &["printf", &"0g".repeat(32)], &["false"], &["/no/such"], &[]] {
            let error = run(bad).expect_err("no key").to_string();
            assert!(error.starts_with("no master key from "), "{error}");
            assert!(!error.contains("0g"), "the error must not repeat the key: {error}");
        }
    }
}
