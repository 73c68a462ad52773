//! Backups of a running instance, and putting them back.
//!
//! A backup is the folder of an instance without its master key: the configuration, the projects' keys as they are
//! sealed, and the database as it was at one instant, always as a SQLite file, whichever database the instance has.
//! What is secret in it is encrypted as it was. A manifest names every file with its hash, and where the log ends.

mod manifest;
mod restore;

pub use manifest::{Kept, LogEnd, Manifest};
pub use restore::{Damage, Restored, Step, check, restore};

use crate::engine::{Engine, EngineError};
use crate::instance::{self, Config, InstanceError, KeySource};
use crate::store::{Location, StoreError};
use manifest::copy_hashed;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The database's name within a backup.
const DATABASE: &str = "tidegate.db";
/// The master key's name within a backup that has one.
const MASTER_KEY: &str = "master.key";
/// Keys of projects that are copied at most.
const FILES_MAX: usize = 100_000;

/// Why a backup cannot be made or put back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BackupError {
    /// Something is where the backup, or what is in it, is to go.
    Exists(PathBuf),
    /// A file cannot be read or written.
    File(PathBuf, String),
    /// No space is left there.
    Full(PathBuf),
    /// This folder is no backup, or one that was cut short.
    NoBackup(PathBuf),
    /// A file of the backup is not what its manifest says.
    Damaged(PathBuf, String),
    /// A newer program made the backup.
    NewerForm {
        /// The form or schema of the backup.
        found: u64,
        /// The newest that this program knows.
        known: u64,
    },
    /// The database was altered or damaged before it was backed up.
    Unsound {
        /// What was found first.
        first: String,
        /// How much was found.
        all: usize,
    },
    /// A database is named, and the folder's configuration names one as well.
    TwoDatabases(PathBuf),
    /// The master key does not come from a file, so that it cannot be copied.
    KeyOfCommand,
    /// The instance, its configuration or its key.
    Instance(InstanceError),
}

impl fmt::Display for BackupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BackupError::Exists(path) => {
                write!(f, "there is something at {} already; nothing was changed", path.display())
            }
            BackupError::File(path, why) => write!(f, "{}: {why}", path.display()),
            BackupError::Full(path) => {
                write!(f, "no space is left in {}; what was begun there was removed", path.display())
            }
            BackupError::NoBackup(path) => write!(
                f,
                "{} is no backup: it has no manifest.json\n  a backup that was cut short has none; take another one",
                path.display()
            ),
            BackupError::Damaged(path, why) => {
                write!(f, "{}: {why}\n  nothing was restored; take another backup", path.display())
            }
            BackupError::NewerForm { found, known } => write!(
                f,
                "a newer program made this backup (form {found}, this program knows {known})\n  restore it with that program"
            ),
            BackupError::Unsound { first, all } => write!(
                f,
                "the database was altered or damaged before the backup was made: {first} ({all} in all)\n  nothing was restored; take another backup, or restore it as it is with --despite-damage"
            ),
            BackupError::TwoDatabases(path) => write!(
                f,
                "{} says which database is used\n  change it there, and restore without --database",
                path.display()
            ),
            BackupError::KeyOfCommand => f.write_str(
                "the master key comes from a command, and cannot be put into the backup\n  keep it where the command has it",
            ),
            BackupError::Instance(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for BackupError {}

impl From<InstanceError> for BackupError {
    fn from(error: InstanceError) -> BackupError {
        BackupError::Instance(error)
    }
}

impl From<EngineError> for BackupError {
    fn from(error: EngineError) -> BackupError {
        BackupError::Instance(InstanceError::Engine(error))
    }
}

impl BackupError {
    /// A failure at a path, told apart from a full disk.
    fn file(path: &Path) -> impl Fn(io::Error) -> BackupError {
        let path = path.to_owned();
        move |error| match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                BackupError::Full(path.parent().unwrap_or(&path).to_owned())
            }
            io::ErrorKind::AlreadyExists => BackupError::Exists(path.clone()),
            _ => BackupError::File(path.clone(), error.to_string()),
        }
    }

    /// A failure of a database in `folder`.
    fn store(folder: &Path) -> impl Fn(StoreError) -> BackupError {
        let folder = folder.to_owned();
        move |error| match error {
            StoreError::Full => BackupError::Full(folder.clone()),
            other => BackupError::from(EngineError::Store(other)),
        }
    }
}

/// Makes a backup of the instance in `dir` in the new folder `folder`, while others go on working. `engine` is the
/// instance, opened. The master key is in it only where `with_master_key` says so. `copied` is told of rows: how many
/// were copied, and how many there are.
///
/// A crash in here leaves a folder whose name ends in `.partial`, and no backup.
///
/// # Errors
/// Where the folder exists, or anything cannot be read or written; what was begun is removed.
pub async fn make(
    engine: &Engine,
    dir: &Path,
    folder: &Path,
    with_master_key: bool,
    copied: impl FnMut(u64, u64),
) -> Result<Manifest, BackupError> {
    if folder.exists() {
        return Err(BackupError::Exists(folder.to_owned()));
    }
    let mut name = folder.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    let partial = Fresh::make(folder.with_file_name(name))?;
    let config = instance::read_config(dir)?;
    let source = match (&config.master_key, with_master_key) {
        (KeySource::Command(_), true) => return Err(BackupError::KeyOfCommand),
        (KeySource::File(path), true) => Some(dir.join(path)),
        (_, false) => None,
    };
    let database = partial.path.join(DATABASE);
    let failed = BackupError::store(&partial.path);
    let rows = engine.store.copy_to(&Location::Sqlite(database.clone()), copied).await.map_err(failed)?;
    let mut files = vec![hashed(&database, DATABASE)?];
    for path in keys(dir)? {
        files.push(copy_file(&dir.join(&path), &partial.path.join(&path), &path, &mut |_| {})?);
    }
    if let Some(source) = source {
        files.push(copy_file(&source, &partial.path.join(MASTER_KEY), MASTER_KEY, &mut |_| {})?);
    }
    files.push(write_config(&partial.path, config)?);
    let manifest = Manifest::new(&rows, engine.clock.now(), files);
    manifest.write(&partial.path)?;
    partial.keep_as(folder)?;
    Ok(manifest)
}

/// The configuration as it is in a backup: with the backup's database. The URL of another may hold a password.
fn write_config(folder: &Path, config: Config) -> Result<Kept, BackupError> {
    let path = folder.join(instance::CONFIG);
    let config = Config { database: DATABASE.to_owned(), ..config };
    let text = toml::to_string_pretty(&config)
        .map_err(|error| BackupError::File(path.clone(), error.to_string()))?;
    let mut file = create_file(&path).map_err(BackupError::file(&path))?;
    let kept = copy_hashed(instance::CONFIG, &mut text.as_bytes(), &mut file, &mut |_| {});
    let kept = kept.map_err(BackupError::file(&path))?;
    file.sync_all().map_err(BackupError::file(&path))?;
    Ok(kept)
}

/// The files of the projects' keys, relative to the instance's folder.
fn keys(dir: &Path) -> Result<Vec<String>, BackupError> {
    let mut found = Vec::new();
    for project in entries(&dir.join(instance::KEYS))? {
        let folder = format!("{}/{project}", instance::KEYS);
        found.extend(entries(&dir.join(&folder))?.into_iter().map(|file| format!("{folder}/{file}")));
        if found.len() > FILES_MAX {
            let why = format!("more than {FILES_MAX} keys are not backed up");
            return Err(BackupError::File(dir.join(instance::KEYS), why));
        }
    }
    Ok(found)
}

/// The names in a folder, sorted; none where there is no such folder.
fn entries(folder: &Path) -> Result<Vec<String>, BackupError> {
    let listed = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(BackupError::file(folder))?,
    };
    let mut names = Vec::new();
    for entry in listed {
        let name = entry.map_err(BackupError::file(folder))?.file_name();
        names.extend(name.to_str().map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

/// A file that only its owner can read, and that was not there before.
fn create_file(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

fn copy_file(
    from: &Path,
    into: &Path,
    name: &str,
    copied: &mut impl FnMut(u64),
) -> Result<Kept, BackupError> {
    let mut source = File::open(from).map_err(BackupError::file(from))?;
    let mut target = create_file(into).map_err(BackupError::file(into))?;
    let kept = copy_hashed(name, &mut source, &mut target, copied).map_err(BackupError::file(into))?;
    target.sync_all().map_err(BackupError::file(into))?;
    Ok(kept)
}

fn hashed(path: &Path, name: &str) -> Result<Kept, BackupError> {
    let mut file = File::open(path).map_err(BackupError::file(path))?;
    let kept = copy_hashed(name, &mut file, &mut io::sink(), &mut |_| {}).map_err(BackupError::file(path))?;
    file.sync_all().map_err(BackupError::file(path))?;
    Ok(kept)
}

/// A folder that is removed again unless it is kept.
struct Fresh {
    path: PathBuf,
    is_kept: bool,
}

impl Fresh {
    fn make(path: PathBuf) -> Result<Fresh, BackupError> {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(BackupError::file(parent))?;
        }
        fs::DirBuilder::new().mode(0o700).create(&path).map_err(BackupError::file(&path))?;
        Ok(Fresh { path, is_kept: false })
    }

    fn keep_as(mut self, path: &Path) -> Result<(), BackupError> {
        fs::rename(&self.path, path).map_err(BackupError::file(path))?;
        self.is_kept = true;
        // The name must survive a power cut as well.
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new("."));
        File::open(parent).and_then(|folder| folder.sync_all()).map_err(BackupError::file(parent))
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        if !self.is_kept {
            // What cannot be removed is seen by whoever looks; its name says that it is no backup.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}
