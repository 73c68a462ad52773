//! Putting a backup back: everything is checked in a folder of its own before anything is put in its place.

use super::manifest::Manifest;
use super::{BackupError, DATABASE, Fresh, MASTER_KEY, copy_file};
use crate::chance::Chance;
use crate::engine::Engine;
use crate::engine::clock::Clock;
use crate::instance::{self, Config, InstanceError, KeySource};
use crate::store::{Location, MasterKey, Store};
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// The folder, within the instance's, in which a backup is checked.
const STAGE: &str = "restoring";

/// What was restored, or only checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// What the backup holds.
    pub manifest: Manifest,
    /// Where its database is now; `None` where it was only checked.
    pub database: Option<Location>,
    /// What was found wrong in its database and derived anew from the log, in words.
    pub mended: Vec<String>,
    /// What was found wrong and stays so, in words; empty unless [`Damage::Accepted`].
    pub damage: Vec<String>,
}

/// What becomes of a backup whose database was altered or damaged before the backup was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// It is not restored.
    Refused,
    /// It is restored as it is: better than nothing.
    Accepted,
}

/// Work that takes a while, and how far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Files are read, in bytes.
    Files,
    /// The log is verified and replayed, in events.
    Log,
    /// Rows are written.
    Rows,
}

/// Checks the backup in `folder` with the master key of the instance in `dir`, and changes nothing.
///
/// # Errors
/// What is wrong with it.
pub async fn check(
    folder: &Path,
    dir: &Path,
    clock: Arc<dyn Clock>,
    told: impl Fn(Step, u64, u64),
) -> Result<Restored, BackupError> {
    let manifest = Manifest::read(folder)?;
    let config = config(folder, dir)?;
    let stage = Fresh::make(dir.join(STAGE))?;
    let found = stage_all(folder, dir, &stage, &config, &manifest, clock, &told).await?;
    found.engine.store.close().await;
    found.demand_sound()?;
    Ok(Restored { manifest, database: None, mended: found.mended, damage: Vec::new() })
}

/// Puts the backup in `folder` back as the instance in `dir`: into `database`, or where the configuration says. Where
/// `dir` has a configuration, that one is kept. The master key must be where the configuration says.
///
/// A crash in here leaves the folder `restoring`, and perhaps a database without a configuration: no instance.
///
/// # Errors
/// What is wrong with the backup, or in the way; then nothing was restored.
pub async fn restore(
    folder: &Path,
    dir: &Path,
    database: Option<&str>,
    damage: Damage,
    clock: Arc<dyn Clock>,
    told: impl Fn(Step, u64, u64),
) -> Result<Restored, BackupError> {
    let manifest = Manifest::read(folder)?;
    let mut config = config(folder, dir)?;
    if let Some(database) = database {
        if dir.join(instance::CONFIG).exists() {
            return Err(BackupError::TwoDatabases(dir.join(instance::CONFIG)));
        }
        database.clone_into(&mut config.database);
    }
    let location = instance::location(dir, &config);
    demand_room(dir, &location)?;
    instance::make_private_dir(dir).map_err(BackupError::file(dir))?;
    let stage = Fresh::make(dir.join(STAGE))?;
    let found = stage_all(folder, dir, &stage, &config, &manifest, clock, &told).await?;
    if damage == Damage::Refused {
        found.demand_sound()?;
    }
    let store = &found.engine.store;
    // Sessions that were ended since the backup would be good again.
    store.end_sessions().await.map_err(BackupError::store(dir))?;
    let copied = store.copy_to(&location, |rows, of| told(Step::Rows, rows, of)).await;
    store.close().await;
    if let Err(error) = copied {
        if let Location::Sqlite(path) = &location {
            // It was not there before. Left there, it would be taken for an instance without cases.
            remove_database(path);
        }
        return Err(BackupError::store(dir)(error));
    }
    place(&stage, dir, &config)?;
    let Found { mended, damage, .. } = found;
    Ok(Restored { manifest, database: Some(location), mended, damage })
}

/// Nothing is written over.
fn demand_room(dir: &Path, location: &Location) -> Result<(), BackupError> {
    let keys = dir.join(instance::KEYS);
    match location {
        Location::Sqlite(path) if fs::metadata(path).is_ok_and(|file| file.len() > 0) => {
            Err(BackupError::Exists(path.clone()))
        }
        Location::Sqlite(_) | Location::Postgres(_) if keys.exists() => Err(BackupError::Exists(keys)),
        Location::Sqlite(_) | Location::Postgres(_) => Ok(()),
    }
}

/// A backup that was unpacked and looked at.
struct Found {
    engine: Engine,
    mended: Vec<String>,
    damage: Vec<String>,
}

impl Found {
    fn demand_sound(&self) -> Result<(), BackupError> {
        match self.damage.first() {
            Some(first) => Err(BackupError::Unsound { first: first.clone(), all: self.damage.len() }),
            None => Ok(()),
        }
    }
}

async fn stage_all(
    folder: &Path,
    dir: &Path,
    stage: &Fresh,
    config: &Config,
    manifest: &Manifest,
    clock: Arc<dyn Clock>,
    told: &impl Fn(Step, u64, u64),
) -> Result<Found, BackupError> {
    stage_files(folder, stage, manifest, told)?;
    let key = master_key(dir, stage, config)?;
    let chance = Arc::new(Chance::from_os().map_err(|_| InstanceError::NoChance)?);
    let failed = BackupError::store(dir);
    let location = Location::Sqlite(stage.path.join(DATABASE));
    let store = Store::open(&location, &key, Arc::clone(&chance)).await.map_err(&failed)?;
    let head = store.log_head().await.map_err(&failed)?;
    let mut damage = Vec::new();
    if (head.seq, hex::encode(head.hash)) != (manifest.log.seq, manifest.log.hash.clone()) {
        damage.push(format!("the log ends at event {}, the manifest says {}", head.seq, manifest.log.seq));
    }
    let log = store.verify_log(|events, _| told(Step::Log, events, head.seq)).await.map_err(&failed)?;
    damage.extend(log.listed.iter().map(ToString::to_string));
    let engine = Engine::open(store, clock, chance).await?;
    let report = engine.fsck(true, |events| told(Step::Log, events, head.seq)).await?;
    damage.extend(report.damage);
    Ok(Found { engine, mended: report.differences, damage })
}

/// The configuration that is there, or else the backup's.
fn config(folder: &Path, dir: &Path) -> Result<Config, BackupError> {
    match instance::read_config(dir) {
        Err(InstanceError::Missing(_)) => Ok(instance::read_config(folder)?),
        other => Ok(other?),
    }
}

/// Copies every file of the backup, and holds it against the manifest.
fn stage_files(
    folder: &Path,
    stage: &Fresh,
    manifest: &Manifest,
    told: &impl Fn(Step, u64, u64),
) -> Result<(), BackupError> {
    let (mut bytes, total) = (0, manifest.bytes());
    for kept in &manifest.files {
        let path = folder.join(&kept.path);
        let copied = copy_file(&path, &stage.path.join(&kept.path), &kept.path, &mut |more| {
            bytes += more;
            told(Step::Files, bytes, total);
        })?;
        if copied.bytes != kept.bytes {
            let why = format!("it has {} bytes, the manifest says {}", copied.bytes, kept.bytes);
            return Err(BackupError::Damaged(path, why));
        }
        if copied.sha256 != kept.sha256 {
            return Err(BackupError::Damaged(path, "it was altered: its SHA-256 is another".to_owned()));
        }
    }
    Ok(())
}

/// The master key that is there, or else the backup's.
fn master_key(dir: &Path, stage: &Fresh, config: &Config) -> Result<MasterKey, BackupError> {
    let staged = stage.path.join(MASTER_KEY);
    let key = match &config.master_key {
        KeySource::File(path) if !dir.join(path).exists() => {
            if !staged.exists() {
                let why = format!(
                    "the backup has none; put your copy at {} and restore again",
                    dir.join(path).display()
                );
                return Err(InstanceError::Key(why).into());
            }
            MasterKey::from_file(&staged)
        }
        source => instance::master_key(dir, source),
    };
    key.map_err(|error| InstanceError::Key(error.to_string()).into())
}

/// Puts what is beside the database in its place; the configuration last, since with it there is an instance.
fn place(stage: &Fresh, dir: &Path, config: &Config) -> Result<(), BackupError> {
    let staged = stage.path.join(instance::KEYS);
    let keys = dir.join(instance::KEYS);
    if staged.exists() {
        fs::rename(&staged, &keys).map_err(BackupError::file(&keys))?;
    }
    let staged = stage.path.join(MASTER_KEY);
    if let KeySource::File(path) = &config.master_key
        && !dir.join(path).exists()
    {
        fs::rename(&staged, dir.join(path)).map_err(BackupError::file(&dir.join(path)))?;
    }
    let path = dir.join(instance::CONFIG);
    if !path.exists() {
        let text = toml::to_string_pretty(config)
            .map_err(|error| BackupError::File(path.clone(), error.to_string()))?;
        fs::write(&path, text).map_err(BackupError::file(&path))?;
    }
    Ok(())
}

fn remove_database(path: &Path) {
    for ending in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        // What cannot be removed is in the way of the next attempt, which says so.
        let _ = fs::remove_file(name);
    }
}
