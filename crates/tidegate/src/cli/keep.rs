//! Keeping an instance: making it, doing what is due, exporting, checking.

use super::{acting, post};
use crate::chance::Chance;
use crate::engine::{Engine, EngineError};
use crate::hands::{Deed, Round};
use crate::out::{Failure, Kind, Out, bar, table};
use crate::post::recipient;
use crate::{export, instance};
use clap::Subcommand;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tidegate_domain::id::Slug;

/// How long `run` rests between looks at what is due.
pub(super) const REST: Duration = Duration::from_millis(200);
/// How long it rests after a round that failed.
const TROUBLED_REST: Duration = Duration::from_secs(1);
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
pub(super) async fn catch_up(engine: &Engine, out: &Out) -> Result<Round, Failure> {
    catch_up_until(engine, &AtomicBool::new(false), out).await
}

async fn catch_up_until(engine: &Engine, stop: &AtomicBool, out: &Out) -> Result<Round, Failure> {
    let round = engine.work_until(stop).await?;
    for trouble in round.failed.iter().chain(&round.late) {
        out.note(&format!("tidegate: {trouble}"));
    }
    Ok(round)
}

/// What `work` did, for people and for programs.
pub(super) fn worked(round: &Round, out: &Out) -> Result<(), Failure> {
    let text: String = round.deeds.iter().map(|deed| in_a_line(deed) + "\n").collect();
    let done: Vec<Value> = round.deeds.iter().map(as_value).collect();
    out.show(&text, &json!({"done": done, "failed": round.failed, "late": round.late}))
}

fn in_a_line(deed: &Deed) -> String {
    let case = deed.case.map(|case| format!("  case {case}")).unwrap_or_default();
    format!("{}{case}  {}", deed.at.readable(), deed.what)
}

fn as_value(deed: &Deed) -> Value {
    json!({"at": deed.at.to_string(), "case": deed.case.map(|case| case.to_string()), "what": deed.what})
}

/// Stays until it is told to stop, and does what is due when it is due. Prints a line, or a line of JSON, for
/// each thing done. Mail goes its own pace beside it: a mail server that is slow delays nothing else, and what it
/// hands us waits for nothing but the store.
pub(super) async fn stay(engine: &Engine, begun: &Round, out: &Out) -> Result<(), Failure> {
    out.note("tidegate: doing what is due; stop with Ctrl-C");
    let leased = engine.store.jobs_leased(engine.clock.now()).await.map_err(EngineError::from)?;
    if let Some((jobs, until)) = leased {
        out.note(&format!(
            "tidegate: another worker holds {jobs} {}; if it is dead, {} until {until}",
            if jobs == 1 { "job" } else { "jobs" },
            if jobs == 1 { "it waits" } else { "they wait" }
        ));
    }
    tell(begun, out)?;
    let stop = AtomicBool::new(false);
    let door = post::open_door(engine, out).await?;
    let mail = async {
        tokio::try_join!(post::stay(engine, &stop, out), post::take(door, engine, &stop)).map(|_| ())
    };
    let work = async { tokio::try_join!(mail, working(engine, &stop, out)).map(|_| ()) };
    tokio::pin!(work);
    tokio::select! {
        () = crate::serve::stopped() => {}
        done = &mut work => return done,
    }
    // A letter that is on its way is not torn off: it would be sent again. A job is brought to its end, and those that
    // were not begun go back.
    stop.store(true, Ordering::Relaxed);
    tokio::time::timeout(STOP_WITHIN, work).await.unwrap_or(Ok(()))
}

async fn working(engine: &Engine, stop: &AtomicBool, out: &Out) -> Result<(), Failure> {
    let mut trouble = Trouble::default();
    while !stop.load(Ordering::Relaxed) {
        let round = trouble.of(catch_up_until(engine, stop, out).await, out);
        if let Some(round) = round {
            tell(&round, out)?;
            engine.pulse.beat(engine.clock.now());
        } else {
            engine.pulse.falter();
        }
        tokio::time::sleep(trouble.rest()).await;
    }
    Ok(())
}

/// What keeps a server from its work, such as a database that is away or a full disk: said once, and tried again and
/// again. A server that ended instead would not be there when the trouble is over.
#[derive(Debug, Default)]
pub(super) struct Trouble(Option<String>);

impl Trouble {
    /// What came of a round; `None` where it failed.
    pub(super) fn of<T>(&mut self, round: Result<T, Failure>, out: &Out) -> Option<T> {
        match round {
            Ok(round) => {
                if self.0.take().is_some() {
                    out.note("tidegate: it works again");
                }
                Some(round)
            }
            Err(failure) => {
                if self.0.as_ref() != Some(&failure.message) {
                    out.note(&format!("tidegate: {}; trying again and again", failure.message));
                }
                self.0 = Some(failure.message);
                None
            }
        }
    }

    /// How long to rest before the next round.
    pub(super) fn rest(&self) -> Duration {
        if self.0.is_some() { TROUBLED_REST } else { REST }
    }
}

fn tell(round: &Round, out: &Out) -> Result<(), Failure> {
    let line = |deed: &Deed| if out.json { as_value(deed).to_string() } else { in_a_line(deed) };
    round.deeds.iter().try_for_each(|deed| out.bytes((line(deed) + "\n").as_bytes()))
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
                    .ok_or_else(|| Failure::of(Kind::NotFound, format!("there is no letter {number}")))?;
                if out.json {
                    let letter = String::from_utf8_lossy(&raw);
                    return out.show("", &json!({"number": number, "to": recipient(&raw), "letter": letter}));
                }
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
    pub(super) async fn run(&self, engine: &Engine, out: &Out) -> Result<(), Failure> {
        let head = engine.store.log_head().await.map_err(EngineError::from)?;
        let watching = bar(head.seq, "events replayed");
        let report = engine.fsck(self.mend, |events| watching.set_position(events)).await?;
        watching.finish_and_clear();
        let streams = match report.streams {
            0 => String::new(),
            streams => format!(" and of {streams} applications and members"),
        };
        let mut text = format!("{} events of {} cases{streams} replayed", report.events, report.cases);
        if !report.shredded.is_empty() {
            text.push_str(&format!("; {} cases are shredded", report.shredded.len()));
        }
        let verdict = match (report.differences.is_empty(), report.mended) {
            (true, _) => "; everything derived equals the replay",
            (false, true) => "; what differed was mended",
            (false, false) => "",
        };
        text.push_str(verdict);
        for gone in &report.shredded {
            text.push_str(&format!(
                "\n  case {} was shredded by {}, {}",
                gone.case,
                gone.by,
                gone.at.readable()
            ));
        }
        for difference in report.differences.iter().chain(&report.damage) {
            text.push_str(&format!("\n  {difference}"));
        }
        let shredded: Vec<_> = report
            .shredded
            .iter()
            .map(|gone| json!({"case": gone.case.to_string(), "at": gone.at.to_string(), "by": gone.by}))
            .collect();
        out.show(&text, &json!({"events": report.events, "cases": report.cases, "streams": report.streams, "shredded": shredded, "differences": report.differences, "damage": report.damage}))?;
        if !report.damage.is_empty() {
            return Err(Failure::plain(
                "what is listed was altered outside of Tidegate, and cannot be derived again; compare with a backup",
            ));
        }
        if report.differences.is_empty() || report.mended {
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
    pub(super) async fn run(&self, engine: &Engine, out: &Out) -> Result<(), Failure> {
        let head = engine.store.log_head().await.map_err(EngineError::from)?;
        let hash = hex::encode(head.hash);
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
