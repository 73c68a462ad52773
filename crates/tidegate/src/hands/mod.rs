//! Hands do jobs: they read letters that arrived, write letters, and let the clock visit cases. Each job has
//! a key that makes a repeat harmless; a job whose hand fails is tried again, later and later.

pub(crate) mod account;
mod arrival;
mod baseline;
pub mod compose;
mod forecast;
pub mod render;
pub(crate) mod report;
pub mod send;

pub use arrival::{Arrival, Cut};
pub(crate) use baseline::reason_in_words;
pub(crate) use report::letter_digest;

use crate::engine::{Engine, EngineError};
use crate::store::{Job, PARSE_LETTER, StoreError};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use tidegate_domain::case::{Entry, Event};
use tidegate_domain::id::CaseId;
use tidegate_domain::time::Instant;

/// The kind of job that writes a letter.
pub const LETTER: &str = "letter";
/// The kind of job that lets the clock visit a case.
pub const TICK: &str = "tick";

/// The kind of job that finds out whether a case's patches apply.
pub const BASELINE: &str = "baseline";
/// The kind of job that has the staging branches of a project looked at, on its beat.
pub const FORECAST: &str = "forecast";

/// How long a job is leased to the hand that does it, in seconds. So short that a server which is killed delays no
/// disclosure; a hand that takes longer loses nothing, since the first to finish a job wins.
const LEASE_S: i64 = 2;
/// Jobs taken at a time.
const BATCH: u32 = 50;
/// The longest pause between attempts, in seconds.
const PAUSE_S_MAX: i64 = 3_600;
/// Attempts after which a job waits for a person to look at it; it is still tried once per [`PAUSE_S_MAX`].
const WORRY_ATTEMPTS: u32 = 10;

/// What a round of work did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// Jobs done.
    pub done: usize,
    /// What they brought about.
    pub deeds: Vec<Deed>,
    /// Jobs that failed and wait for their next attempt, in words without content.
    pub failed: Vec<String>,
    /// Disclosures that came later than planned, in words (ALL-03).
    pub late: Vec<String>,
}

/// Something that was carried out: enough to follow the work, and no content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// When.
    pub at: Instant,
    /// In which case.
    pub case: Option<CaseId>,
    /// What, in a few words.
    pub what: String,
}

impl Engine {
    /// Catches up after a start: whatever fell due while nothing ran is promoted, ended and alarmed at once,
    /// without waiting for the lease of a job that a dead process held (ALL-03). Sets the next look at each project's
    /// staging branches. Says what came late.
    ///
    /// # Errors
    /// The store's.
    pub async fn resume(&self) -> Result<Vec<String>, EngineError> {
        let mut said = Vec::new();
        let due = self.store.due(Some(self.clock.now()), u32::MAX).await?;
        let cases: BTreeSet<CaseId> = due.into_iter().map(|due| due.case).collect();
        for case in cases {
            said.extend(self.tick(case, None).await?.entries.iter().filter_map(late));
        }
        self.set_beats().await?;
        Ok(said)
    }

    /// Does every job that is due, and those that follow from them, until none is left.
    ///
    /// # Errors
    /// The store's. A job that fails by itself is in [`Round::failed`].
    pub async fn work(&self) -> Result<Round, EngineError> {
        self.work_until(&AtomicBool::new(false)).await
    }

    /// As [`Engine::work`], but ends between two jobs once `stop` is set, and gives back what it took and did not
    /// begin: another server goes on at once.
    ///
    /// # Errors
    /// As for [`Engine::work`].
    pub async fn work_until(&self, stop: &AtomicBool) -> Result<Round, EngineError> {
        let mut round = Round::default();
        while !stop.load(Ordering::Relaxed) {
            let now = self.clock.now();
            let lease = Instant::from_micros(now.micros() + LEASE_S * 1_000_000);
            let jobs = self.store.claim_jobs(now, lease, "hand", BATCH).await?;
            if jobs.is_empty() {
                break;
            }
            for (done, job) in jobs.iter().enumerate() {
                if stop.load(Ordering::Relaxed) {
                    self.store.release_jobs(jobs.get(done..).unwrap_or_default(), lease).await?;
                    break;
                }
                self.do_or_put_off(job, &mut round).await?;
            }
        }
        Ok(round)
    }

    async fn do_or_put_off(&self, job: &Job, round: &mut Round) -> Result<(), EngineError> {
        match self.do_job(job, round).await {
            // Another worker was faster: nothing is left to do.
            Ok(()) | Err(EngineError::Store(StoreError::AlreadyDone { .. })) => round.done += 1,
            Err(EngineError::Store(StoreError::Injected)) => return Err(StoreError::Injected.into()),
            Err(error) => match self.put_off(job, &error).await {
                Err(EngineError::Store(StoreError::AlreadyDone { .. })) => round.done += 1,
                said => round.failed.push(said?),
            },
        }
        Ok(())
    }

    async fn do_job(&self, job: &Job, round: &mut Round) -> Result<(), EngineError> {
        match (job.kind.as_str(), job.case) {
            (TICK, Some(case)) => {
                let ticked = self.tick(case, Some(job.id)).await?;
                round.late.extend(ticked.entries.iter().filter_map(late));
                round.deeds.extend(ticked.entries.iter().map(|entry| deed_of_clock(case, entry)));
                Ok(())
            }
            (LETTER, Some(case)) => {
                let what = self.write_letter(case, job).await?;
                round.deeds.push(Deed { at: self.clock.now(), case: Some(case), what });
                Ok(())
            }
            (PARSE_LETTER, _) => {
                let case = self.read_letter(job).await?;
                let what = "a letter was read".to_owned();
                round.deeds.push(Deed { at: self.clock.now(), case, what });
                Ok(())
            }
            (account::ACCOUNT_LETTER, _) => {
                let what = self.write_account_letter(job).await?;
                round.deeds.push(Deed { at: self.clock.now(), case: None, what });
                Ok(())
            }
            (BASELINE, Some(case)) => {
                self.check_patches(case, job).await?;
                let what = "it was found out whether the patches apply".to_owned();
                round.deeds.push(Deed { at: self.clock.now(), case: Some(case), what });
                Ok(())
            }
            (FORECAST, _) => self.look_ahead(job).await,
            (kind, _) => {
                let message =
                    format!("no hand does jobs of the kind `{kind}`; was it left by a newer program?");
                Err(EngineError::Store(StoreError::Database { step: "job", message }))
            }
        }
    }

    /// Puts a failed job off: one minute, two, four ... an hour.
    async fn put_off(&self, job: &Job, error: &EngineError) -> Result<String, EngineError> {
        let pause_s = (60_i64 << job.attempts.min(6)).min(PAUSE_S_MAX);
        let at = Instant::from_micros(self.clock.now().micros() + pause_s * 1_000_000);
        let message = error.to_string();
        self.store.retry_job(job.id, at, &message).await?;
        let worry =
            if job.attempts >= WORRY_ATTEMPTS { "; it has failed often: somebody should look" } else { "" };
        Ok(format!("{} job {}: {message}; next attempt at {at}{worry}", job.kind, job.id))
    }
}

/// What the clock did, by the event's name alone.
fn deed_of_clock(case: CaseId, entry: &Entry) -> Deed {
    let what = match &entry.event {
        Event::Announced { version, .. } => format!("version {version} of the advisory became public"),
        Event::Reminded { clock, .. } => format!("reminded of {clock}"),
        Event::Alarmed { clock, .. } => format!("alarmed by {clock}"),
        Event::DisclosureMissed { .. } => "alarmed: the embargo ended, and nothing was announced".to_owned(),
        Event::EmbargoEnded { .. } => "the embargo ended".to_owned(),
        _ => "the clock went on".to_owned(),
    };
    Deed { at: entry.at, case: Some(case), what }
}

/// Nobody minds this many seconds.
const LATE_S_MIN: i64 = 2;

fn late(entry: &Entry) -> Option<String> {
    match &entry.event {
        Event::Announced { version, planned, late_s } if *late_s >= LATE_S_MIN => Some(format!(
            "version {version} of an advisory, planned for {planned}, became public {late_s} s late"
        )),
        _ => None,
    }
}
