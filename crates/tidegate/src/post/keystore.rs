//! The projects' own OpenPGP keys: one file each, in a folder beside the master key and encrypted under it, so
//! that a copy of the database holds none of them.

use crate::chance::Chance;
use crate::store::MasterKey;
use std::fmt;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tidegate_domain::id::Slug;
use tidegate_envelope::Secret;
use zeroize::Zeroizing;

/// How many keys of a project are kept.
const KEYS_MAX: usize = 50;
/// The end of a key's file name.
const ENDING: &str = "key";

/// The folder with the keys.
pub struct KeyStore {
    folder: PathBuf,
    master: MasterKey,
    chance: Arc<Chance>,
}

/// Shows where, and nothing else.
impl fmt::Debug for KeyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyStore({})", self.folder.display())
    }
}

/// A key cannot be kept or had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyStoreError {
    path: PathBuf,
    why: String,
}

impl fmt::Display for KeyStoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the key in {}: {}", self.path.display(), self.why)
    }
}

impl std::error::Error for KeyStoreError {}

impl KeyStore {
    /// The keys in `folder`, which need not exist yet.
    #[must_use]
    pub fn new(folder: PathBuf, master: MasterKey, chance: Arc<Chance>) -> KeyStore {
        KeyStore { folder, master, chance }
    }

    /// Keeps a key of the project. The same key again takes the older copy's place.
    ///
    /// A crash in here leaves a file with another ending, which nothing reads, and the older copy untouched.
    ///
    /// # Errors
    /// Where the folder or file cannot be written.
    pub fn put(&self, project: &Slug, secret: &Secret) -> Result<PathBuf, KeyStoreError> {
        let folder = self.folder.join(project.as_str());
        let fingerprint = secret.certificate().fingerprint();
        let path = folder.join(format!("{fingerprint}.{ENDING}"));
        let failed = |why: &dyn fmt::Display| KeyStoreError { path: path.clone(), why: why.to_string() };
        let plain = Zeroizing::new(secret.to_bytes().map_err(|error| failed(&error))?);
        let name = name(project, &fingerprint);
        let sealed = self.master.seal_file(&self.chance, &name, &plain).map_err(|error| failed(&error))?;
        DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(|error| failed(&error))?;
        write_whole(&path, &sealed).map_err(|error| failed(&error))?;
        Ok(path)
    }

    /// The project's keys, the newest first. Old ones open letters that were sent in their time.
    ///
    /// # Errors
    /// Where one cannot be read, or was put there by somebody without the master key.
    pub fn secrets(&self, project: &Slug) -> Result<Vec<Secret>, KeyStoreError> {
        let folder = self.folder.join(project.as_str());
        let failed = |why: &dyn fmt::Display| KeyStoreError { path: folder.clone(), why: why.to_string() };
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.map_err(|error| failed(&error))?,
        };
        let mut secrets = Vec::new();
        for entry in entries.take(KEYS_MAX) {
            let path = entry.map_err(|error| failed(&error))?.path();
            if path.extension().is_some_and(|ending| ending == ENDING) {
                secrets.push(self.open(project, &path)?);
            }
        }
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.made()));
        Ok(secrets)
    }

    fn open(&self, project: &Slug, path: &Path) -> Result<Secret, KeyStoreError> {
        let failed = |why: &dyn fmt::Display| KeyStoreError { path: path.to_owned(), why: why.to_string() };
        let fingerprint = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let sealed = fs::read(path).map_err(|error| failed(&error))?;
        let opened = self.master.open_file(&name(project, fingerprint), sealed);
        let plain = opened.map_err(|_| {
            failed(&"it was not written with this master key, or was changed; restore it from a backup")
        })?;
        Secret::read(&plain, None).map_err(|error| failed(&error))
    }
}

/// What a file's content is bound to.
fn name(project: &Slug, fingerprint: &str) -> String {
    format!("{project}/{fingerprint}")
}

/// Writes a file that only its owner can read, all of it or nothing.
fn write_whole(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let part = path.with_extension("part");
    match fs::remove_file(&part) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&part, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;
    use std::time::{Duration, SystemTime};

    fn made(days: u64) -> Secret {
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + days * 86_400);
        Secret::generate("P <p@project.example>", at, None).expect("a key")
    }

    #[test]
    fn keys_come_back_newest_first_and_open_only_here() {
        let dir = tempfile::tempdir().expect("a folder");
        let open = |byte| {
            let folder = dir.path().join("keys");
            KeyStore::new(folder, MasterKey::from_bytes([byte; 32]), Arc::new(Chance::seeded(1)))
        };
        let (store, project) = (open(1), "xen".parse::<Slug>().expect("a name"));
        assert_eq!(store.secrets(&project).expect("none").len(), 0);
        let (old, new) = (made(0), made(9));
        store.put(&project, &new).expect("kept");
        let path = store.put(&project, &old).expect("kept");
        store.put(&project, &old).expect("kept again");
        let found: Vec<String> =
            store.secrets(&project).expect("both").iter().map(|s| s.certificate().fingerprint()).collect();
        assert_eq!(found, [new.certificate().fingerprint(), old.certificate().fingerprint()]);
        let mode = |path: &Path| fs::metadata(path).expect("a file").permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().expect("a folder"))), (0o600, 0o700));
        let other = open(2).secrets(&project).expect_err("another master key").to_string();
        assert!(other.contains("not written with this master key"), "{other}");
        let moved = path.with_file_name(format!("{}.key", "A".repeat(40)));
        fs::rename(&path, &moved).expect("moved");
        assert!(store.secrets(&project).is_err(), "a file under another name is not believed");
    }
}
