//! Keeping an instance: making it, doing what is due, exporting, checking.

use super::out::{Failure, Out, bar, table};
use super::{acting, post, show};
use crate::chance::Chance;
use crate::engine::{Engine, EngineError};
use crate::{export, instance};
use clap::Subcommand;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tidegate_domain::id::Slug;

/// How long `run` rests between looks at what is due.
pub(super) const REST: Duration = Duration::from_millis(200);
/// How long a letter that is on its way is waited for at the end.
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// Options of `init`.
#[derive(Debug, clap::Args)]
pub(super) struct Init {
    /// A PostgreSQL URL; by default a SQLite file in the folder.
    #[arg(long, value_name = "URL")]
    database: Option<String>,
}

impl Init {
    pub(super) async fn run(self, dir: &Path, out: &Out) -> Result<(), Failure> {
        let chance = Chance::from_os().map_err(|_| Failure::from(instance::InstanceError::NoChance))?;
        let config = instance::create(dir, self.database.as_deref(), Arc::new(chance)).await?;
        let text = format!(
            "an instance is in {}\n  database    {}\n  master key  {} — keep a copy elsewhere: without it nothing can be read\n\
             next: tidegate project add NAME --policy FILE",
            dir.display(),
            config.database,
            dir.join("master.key").display(),
        );
        out.show(&text, &json!({"dir": dir.display().to_string(), "database": config.database}))
    }
}

/// Does what is due, and says what failed and what came late.
pub(super) async fn catch_up(engine: &Engine, out: &Out) -> Result<(), Failure> {
    let round = engine.work().await?;
    for failed in &round.failed {
        out.note(&format!("tidegate: {failed}"));
    }
    for late in &round.late {
        out.note(&format!("tidegate: {late}"));
    }
    Ok(())
}

/// Stays until it is told to stop, and does what is due when it is due. Mail goes its own pace beside it: a mail
/// server that is slow delays nothing else, and what it hands us waits for nothing but the store.
pub(super) async fn stay(engine: &Engine, out: &Out) -> Result<(), Failure> {
    out.note("tidegate: doing what is due; stop with Ctrl-C");
    let stop = AtomicBool::new(false);
    let door = post::open_door(engine, out).await?;
    let mail = async {
        tokio::try_join!(post::stay(engine, &stop, out), post::take(door, engine, &stop)).map(|_| ())
    };
    tokio::pin!(mail);
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        done = working(engine, out) => return done,
        done = &mut mail => return done,
    }
    // A letter that is on its way is not torn off: it would be sent again.
    stop.store(true, Ordering::Relaxed);
    tokio::time::timeout(STOP_WITHIN, mail).await.unwrap_or(Ok(()))
}

async fn working(engine: &Engine, out: &Out) -> Result<(), Failure> {
    loop {
        catch_up(engine, out).await?;
        tokio::time::sleep(REST).await;
    }
}

/// Options of `due`.
#[derive(Debug, clap::Args)]
pub(super) struct DueOptions {
    /// At most so many.
    #[arg(long, default_value_t = 50)]
    limit: u32,
}

impl DueOptions {
    pub(super) async fn run(self, engine: &Engine, who: Option<&Slug>, out: &Out) -> Result<(), Failure> {
        let who = acting(who)?;
        let now = engine.clock.now();
        let (mut rows, mut values) = (Vec::new(), Vec::new());
        for due in engine.store.due(None, self.limit).await.map_err(EngineError::from)? {
            let Ok((file, viewer)) = engine.open_case(due.case, who).await else { continue };
            let Some(view) = file.view(&viewer).filter(|view| view.insider) else { continue };
            let title = view.record.as_deref().map(|case| case.title.to_string()).unwrap_or_default();
            let what = due.due.what.strip_prefix("clock ").map_or(due.due.what.clone(), |id| {
                let rule = file.policy().clocks.iter().find(|rule| rule.id.as_str() == id);
                rule.map_or(id.to_owned(), |rule| format!("{} ({})", rule.title, rule.clause))
            });
            let late = if due.due.at <= now { "LATE" } else { "" };
            values.push(json!({"at": due.due.at.to_string(), "case": due.case.to_string(), "what": what, "late": !late.is_empty()}));
            rows.push(vec![due.due.at.readable(), late.to_owned(), due.case.to_string(), what, title]);
        }
        let text = if rows.is_empty() {
            "nothing is due".to_owned()
        } else {
            table(&["due", "", "case", "what", "title"], &rows)
        };
        out.show(&text, &json!(values))
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Outbox {
    /// List letters, the oldest first.
    List {
        /// Only those after this number.
        #[arg(long, default_value_t = 0)]
        after: u64,
    },
    /// Print one letter as it stands here: before it is made for its reader.
    Show {
        /// Its number.
        number: u64,
    },
    /// Hand the letters that are due to the mail server, once.
    Send,
    /// Send a letter again that was given up or came back.
    Resend {
        /// Its number.
        number: u64,
    },
}

impl Outbox {
    pub(super) async fn run(self, engine: &Engine, out: &Out) -> Result<(), Failure> {
        match self {
            Outbox::List { after } => post::list(engine, after, out).await,
            Outbox::Send => post::send(engine, out).await,
            Outbox::Resend { number } => post::resend(engine, number, out).await,
            Outbox::Show { number } => {
                let letters =
                    engine.store.outgoing(number.saturating_sub(1), 1).await.map_err(EngineError::from)?;
                let found =
                    letters.into_iter().find(|letter| letter.seq == number).and_then(|letter| letter.raw);
                let raw = found
                    .ok_or_else(|| Failure { message: format!("there is no letter {number}"), code: 4 })?;
                out.bytes(&raw)
            }
        }
    }
}

/// Options of `export`.
#[derive(Debug, clap::Args)]
pub(super) struct Export {
    /// The folder to write the site into.
    #[arg(long, value_name = "SITE")]
    out: PathBuf,
}

impl Export {
    pub(super) async fn run(self, engine: &Engine, out: &Out) -> Result<(), Failure> {
        let files = export::site(engine).await?;
        export::write(&files, &self.out).map_err(|error| Failure::file(&self.out, &error))?;
        let text = format!("{} files in {}", files.len(), self.out.display());
        out.show(&text, &json!({"files": files.iter().map(|file| &file.path).collect::<Vec<_>>()}))
    }
}

/// Options of `fsck`.
#[derive(Debug, clap::Args)]
pub(super) struct Fsck {
    /// Replace what differs by what follows from the log.
    #[arg(long)]
    mend: bool,
}

impl Fsck {
    pub(super) async fn run(self, engine: &Engine, out: &Out) -> Result<(), Failure> {
        let head = engine.store.log_head().await.map_err(EngineError::from)?;
        let watching = bar(head.seq, "events replayed");
        let report = engine.fsck(self.mend, |events| watching.set_position(events)).await?;
        watching.finish_and_clear();
        let mut text = format!("{} events of {} cases replayed", report.events, report.cases);
        if report.shredded > 0 {
            text.push_str(&format!("; {} cases are shredded", report.shredded));
        }
        let verdict = if report.differences.is_empty() {
            "; everything derived equals the replay"
        } else if self.mend {
            "; what differed was mended"
        } else {
            ""
        };
        text.push_str(verdict);
        for difference in &report.differences {
            text.push_str(&format!("\n  {difference}"));
        }
        out.show(&text, &json!({"events": report.events, "cases": report.cases, "shredded": report.shredded, "differences": report.differences}))?;
        if report.differences.is_empty() || self.mend {
            Ok(())
        } else {
            Err(Failure::plain("what is derived differs from the log; `tidegate fsck --mend` replaces it"))
        }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Log {
    /// Verify the whole log: find any changed, missing or reordered event.
    Verify,
    /// Print the log's head, to be kept elsewhere and compared later.
    Head,
}

impl Log {
    pub(super) async fn run(self, engine: &Engine, out: &Out) -> Result<(), Failure> {
        let head = engine.store.log_head().await.map_err(EngineError::from)?;
        let hash = head.hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        match self {
            Log::Head => {
                out.show(&format!("{} {hash}", head.seq), &json!({"events": head.seq, "hash": hash}))
            }
            Log::Verify => {
                let watching = bar(head.seq, "events verified");
                let report = engine
                    .store
                    .verify_log(|events, _| watching.set_position(events))
                    .await
                    .map_err(EngineError::from)?;
                watching.finish_and_clear();
                let faults: Vec<String> = report.listed.iter().map(ToString::to_string).collect();
                let verdict = if report.is_sound() {
                    "sound".to_owned()
                } else {
                    format!("{} faults\n  {}", report.faults, faults.join("\n  "))
                };
                out.show(
                    &format!("{} events: {verdict}", report.events),
                    &json!({"events": report.events, "faults": faults, "hash": hash}),
                )?;
                if report.is_sound() {
                    Ok(())
                } else {
                    Err(Failure::plain("the log was tampered with, or is damaged"))
                }
            }
        }
    }
}

/// What happened, as a line: for the demo's timeline.
#[must_use]
pub fn event_line(event: &tidegate_domain::case::Event) -> String {
    show::in_words(event)
}
