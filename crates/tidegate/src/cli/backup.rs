//! `tidegate backup` and `tidegate restore`.

use crate::backup::{self, BackupError, Damage, Restored, Step};
use crate::engine::clock::SystemClock;
use crate::instance;
use crate::out::{Failure, Out, bar};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Options of `backup`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Backup {
    /// The folder to make; it must not exist.
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// Put the master key in as well: whoever has the backup can then read everything.
    #[arg(long)]
    with_master_key: bool,
}

impl Backup {
    pub(super) async fn run(self, dir: &Path, out: &Out) -> Result<(), Failure> {
        let engine = instance::open(dir, Arc::new(SystemClock::start())).await?;
        let watching = bar(0, "rows copied");
        let made = backup::make(&engine, dir, &self.folder, self.with_master_key, |rows, of| {
            watching.set_length(of);
            watching.set_position(rows);
        })
        .await;
        watching.finish_and_clear();
        engine.store.close().await;
        let made = made?;
        let key = if self.with_master_key {
            "the master key is in it: whoever has the backup can read everything"
        } else {
            "the master key is not in it: keep a copy elsewhere, without it nothing can be read"
        };
        let text = format!(
            "a backup is in {}\n  {} rows, {} bytes; the log ends at event {} {}\n  {key}\n\
             next: tidegate restore --check {}",
            self.folder.display(),
            made.rows,
            made.bytes(),
            made.log.seq,
            made.log.hash,
            self.folder.display(),
        );
        let value = json!({
            "folder": self.folder.display().to_string(), "rows": made.rows, "bytes": made.bytes(),
            "events": made.log.seq, "hash": made.log.hash, "master_key": self.with_master_key,
        });
        out.show(&text, &value)
    }
}

/// Options of `restore`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Restore {
    /// The folder that `backup` made.
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// A PostgreSQL URL to restore into, where the instance's folder has no configuration yet; by default a SQLite
    /// file.
    #[arg(long, value_name = "URL", conflicts_with = "check")]
    database: Option<String>,
    /// Only find out whether it could be restored; nothing is changed.
    #[arg(long, conflicts_with = "despite_damage")]
    check: bool,
    /// Restore what was altered or damaged before the backup was made as well, as it is.
    #[arg(long)]
    despite_damage: bool,
}

impl Restore {
    pub(super) async fn run(self, dir: &Path, out: &Out) -> Result<(), Failure> {
        let clock = Arc::new(SystemClock::start());
        let watching = bar(0, "");
        let told = |step: Step, done: u64, of: u64| {
            watching.set_message(match step {
                Step::Files => "bytes read",
                Step::Log => "events verified",
                Step::Rows => "rows written",
            });
            watching.set_length(of);
            watching.set_position(done);
        };
        let done = if self.check {
            backup::check(&self.folder, dir, clock, told).await
        } else {
            let damage = if self.despite_damage { Damage::Accepted } else { Damage::Refused };
            backup::restore(&self.folder, dir, self.database.as_deref(), damage, clock, told).await
        };
        watching.finish_and_clear();
        show(dir, &done?, out)
    }
}

fn show(dir: &Path, done: &Restored, out: &Out) -> Result<(), Failure> {
    let manifest = &done.manifest;
    let what = match &done.database {
        None => "the backup is sound, and its master key is at hand; nothing was changed".to_owned(),
        Some(database) => format!("the backup is restored in {}, its database is {database}", dir.display()),
    };
    let mut text = format!(
        "{what}\n  made {}, {} rows; the log ends at event {} {}",
        manifest.made, manifest.rows, manifest.log.seq, manifest.log.hash
    );
    for mended in &done.mended {
        text.push_str(&format!("\n  mended: {mended}"));
    }
    for damage in &done.damage {
        text.push_str(&format!("\n  damaged: {damage}"));
    }
    if done.database.is_some() {
        text.push_str(
            "\n  everybody has to sign in again; tokens of programs that were ended since the backup are good again\n\
             next: tidegate serve, which does at once what fell due since then, and sends the letters that wait",
        );
    }
    let value = json!({
        "dir": dir.display().to_string(), "restored": done.database.is_some(), "made": manifest.made,
        "rows": manifest.rows, "events": manifest.log.seq, "hash": manifest.log.hash,
        "mended": done.mended, "damage": done.damage,
    });
    out.show(&text, &value)
}

impl From<BackupError> for Failure {
    fn from(error: BackupError) -> Failure {
        match error {
            BackupError::Instance(error) => error.into(),
            other => Failure::plain(other.to_string()),
        }
    }
}
