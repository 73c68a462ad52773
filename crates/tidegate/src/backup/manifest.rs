//! The manifest of a backup: what is in it, so that a file that is cut, altered or missing is found before anything is
//! restored.

use super::BackupError;
use crate::store::Copied;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Component, Path};
use tidegate_domain::time::Instant;

/// Its name within the backup.
pub(super) const MANIFEST: &str = "manifest.json";
/// The form of backups that this program writes and reads.
const FORM: u64 = 1;
/// The longest manifest: some hundred thousand files.
const MANIFEST_BYTES_MAX: u64 = 32 << 20;
/// Read and hashed at a time.
const PIECE_BYTES: usize = 1 << 20;

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The form of the backup.
    pub form: u64,
    /// The version of the program that made it.
    pub program: String,
    /// When, in RFC 3339.
    pub made: String,
    /// The schema of its database, by the number of its last step.
    pub schema: u64,
    /// The instance's id, in hexadecimal.
    pub instance: String,
    /// Where its log ends.
    pub log: LogEnd,
    /// Rows of its database.
    pub rows: u64,
    /// Every file but this one.
    pub files: Vec<Kept>,
}

/// The log's last event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEnd {
    /// Its number.
    pub seq: u64,
    /// Its hash, in hexadecimal.
    pub hash: String,
}

/// A file of the backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Relative to the backup, with slashes.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// Its hash, in hexadecimal.
    pub sha256: String,
}

/// The form alone, which a later program's manifest has as well.
#[derive(Deserialize)]
struct Form {
    form: u64,
}

impl Manifest {
    pub(super) fn new(copied: &Copied, made: Instant, files: Vec<Kept>) -> Manifest {
        Manifest {
            form: FORM,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            made: made.to_string(),
            schema: crate::store::schema_version(),
            instance: hex::encode(&copied.instance),
            log: LogEnd { seq: copied.head.seq, hash: hex::encode(copied.head.hash) },
            rows: copied.rows,
            files,
        }
    }

    /// Reads the manifest of the backup in `folder`.
    ///
    /// # Errors
    /// Where there is none, which means that the backup was cut short, or where a newer program wrote it.
    pub fn read(folder: &Path) -> Result<Manifest, BackupError> {
        let path = folder.join(MANIFEST);
        let mut text = String::new();
        let file = match File::open(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(BackupError::NoBackup(folder.to_owned()));
            }
            other => other.map_err(BackupError::file(&path))?,
        };
        file.take(MANIFEST_BYTES_MAX).read_to_string(&mut text).map_err(BackupError::file(&path))?;
        let damaged = |error: serde_json::Error| BackupError::Damaged(path.clone(), error.to_string());
        let Form { form } = serde_json::from_str(&text).map_err(damaged)?;
        if form != FORM {
            return Err(BackupError::NewerForm { found: form, known: FORM });
        }
        let manifest: Manifest = serde_json::from_str(&text).map_err(damaged)?;
        let known = crate::store::schema_version();
        if manifest.schema > known {
            return Err(BackupError::NewerForm { found: manifest.schema, known });
        }
        match manifest.files.iter().find(|file| !is_inside(&file.path)) {
            Some(file) => Err(BackupError::Damaged(path, format!("`{}` is no file of a backup", file.path))),
            None => Ok(manifest),
        }
    }

    /// Writes it, as the last file of a backup.
    pub(super) fn write(&self, folder: &Path) -> Result<(), BackupError> {
        let path = folder.join(MANIFEST);
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| BackupError::Damaged(path.clone(), error.to_string()))?;
        let mut file = super::create_file(&path).map_err(BackupError::file(&path))?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(BackupError::file(&path))
    }

    /// The length of all files.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}

/// Whether a path stays within its folder.
fn is_inside(path: &str) -> bool {
    !path.is_empty() && Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
}

/// Copies from one to the other to the end, and answers with what was copied; `copied` is told of bytes.
pub(super) fn copy_hashed(
    path: &str,
    from: &mut impl Read,
    into: &mut impl Write,
    copied: &mut impl FnMut(u64),
) -> std::io::Result<Kept> {
    let mut piece = vec![0; PIECE_BYTES];
    let mut hash = Sha256::new();
    let mut bytes = 0;
    loop {
        let read = from.read(&mut piece)?;
        if read == 0 {
            return Ok(Kept { path: path.to_owned(), bytes, sha256: hex::encode(hash.finalize()) });
        }
        let part = piece.get(..read).unwrap_or_default();
        hash.update(part);
        into.write_all(part)?;
        bytes += read as u64;
        copied(read as u64);
    }
}
