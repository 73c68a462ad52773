//! `tidegate fsck`: everything that is derived is derived again from the log, compared, and mended on request.
//! What cannot be derived, letters among it, is held against the log.

mod letters;
mod streams;

use super::perform::due_rows;
use super::read::read_entries;
use super::{Engine, EngineError, fold};
use crate::store::{Content, DerivedCase, Fold, LoggedEvent, StoreError};
use letters::LettersTold;
use std::collections::BTreeMap;
use tidegate_domain::case::machines::Rm;
use tidegate_domain::case::{Entry, replay};
use tidegate_domain::id::CaseId;
use tidegate_domain::time::Instant;

/// Events read at a time.
const CHUNK: u32 = 2_000;

/// What a check of the derived data showed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FsckReport {
    /// Cases replayed.
    pub cases: usize,
    /// Applications and members replayed.
    pub streams: usize,
    /// Events read.
    pub events: u64,
    /// Cases that were shredded, and cannot be replayed.
    pub shredded: Vec<Shredded>,
    /// What differed and `mend` replaces, in words. Empty: what is derived equals the replay.
    pub differences: Vec<String>,
    /// Whether that was replaced.
    pub mended: bool,
    /// What was altered or is missing and cannot be derived again, in words.
    pub damage: Vec<String>,
}

/// A case whose key was destroyed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shredded {
    /// The case.
    pub case: CaseId,
    /// When.
    pub at: Instant,
    /// By whom.
    pub by: String,
}

/// What the log holds of one case.
#[derive(Default)]
struct Told {
    /// The events that can be read: number and body.
    bodies: Vec<(u64, Vec<u8>)>,
    /// Events under a key that is gone.
    unreadable: u64,
    /// What says that the key was destroyed.
    shredding: Option<(Instant, String)>,
    /// An event, or the case's key, was altered: the case cannot be replayed.
    damaged: Option<StoreError>,
}

impl Told {
    fn add(&mut self, event: LoggedEvent, damage: &mut Vec<String>) {
        match event.content {
            Content::Read(body) => self.bodies.push((event.n, body)),
            Content::Shredded => self.unreadable += 1,
            Content::Shredding { by } => self.shredding = Some((event.at, by)),
            Content::Damaged(error) => {
                // A key that was altered closes every event of its case: once is enough.
                if self.damaged.as_ref() != Some(&error) {
                    damage.push(format!("case {}: {}", event.case, said(&error)));
                }
                self.damaged = Some(error);
            }
        }
    }
}

impl Engine {
    /// Replays every case and compares what is stored beside the log with what follows from it. `mend`
    /// replaces what differs, unless a case cannot be replayed. `progress` is told how many events were read.
    /// Whatever is wrong is listed; one finding hides no other.
    ///
    /// # Errors
    /// The store's; [`StoreError::LogMoved`] where somebody worked meanwhile and `mend` was asked for.
    pub async fn fsck(&self, mend: bool, progress: impl Fn(u64)) -> Result<FsckReport, EngineError> {
        let mut report = FsckReport::default();
        let (mut log, last) = self.read_log(&mut report, progress).await?;
        let stored = self.store.derived_rows().await?;
        report.damage.extend(stored.damaged.iter().map(said));
        let mut right = Vec::new();
        let mut letters = LettersTold::default();
        for row in &stored.cases {
            let told = log.remove(&row.case).unwrap_or_default();
            right.push(self.derived(row, told, &mut letters, &mut report).await?);
        }
        let streams = self.check_streams(&mut log, &mut report).await?;
        for (is, ought) in stored.cases.iter().zip(&right) {
            if is != ought {
                report.differences.push(difference(is, ought));
            }
        }
        for (case, told) in &log {
            hold_key(*case, told, &mut report);
            if !told.bodies.is_empty() && told.shredding.is_none() {
                report.differences.push(format!("case {case} has events and no row"));
            }
        }
        let replayed = report.damage.is_empty();
        self.audit_letters(letters, &mut report).await?;
        if mend && replayed && !report.differences.is_empty() {
            self.store.replace_derived(last, &right).await?;
            // A crash here leaves the cases mended and the streams as they were: the next `fsck` finds them.
            if streams.differ() {
                self.store.replace_stream_rows(last, &streams.right()).await?;
            }
            report.mended = true;
        }
        Ok(report)
    }

    /// What ought to be derived from a case's events; where they cannot be replayed, what is.
    async fn derived(
        &self,
        row: &DerivedCase,
        told: Told,
        letters: &mut LettersTold,
        report: &mut FsckReport,
    ) -> Result<DerivedCase, EngineError> {
        if told.damaged.is_some() || told.shredding.is_some() {
            hold_key(row.case, &told, report);
            return Ok(row.clone());
        }
        if told.bodies.is_empty() {
            let said = format!("case {} has a row and no events; look at `log verify`", row.case);
            report.differences.push(said);
            return Ok(row.clone());
        }
        report.cases += 1;
        match self.derive(row, told.bodies, letters).await {
            Err(error) if is_damage(&error) => {
                report.damage.push(format!("case {}: {error}", row.case));
                Ok(row.clone())
            }
            other => other,
        }
    }

    /// Reads the whole log, by case, and answers with the number of its last event.
    async fn read_log(
        &self,
        report: &mut FsckReport,
        progress: impl Fn(u64),
    ) -> Result<(BTreeMap<CaseId, Told>, u64), EngineError> {
        let mut log: BTreeMap<CaseId, Told> = BTreeMap::new();
        let mut last = 0;
        loop {
            let chunk = self.store.all_events(last + 1, CHUNK).await?;
            let Some(end) = chunk.last() else { return Ok((log, last)) };
            last = end.seq;
            for event in chunk {
                report.events += 1;
                log.entry(event.case).or_default().add(event, &mut report.damage);
            }
            progress(report.events);
        }
    }

    async fn derive(
        &self,
        row: &DerivedCase,
        events: Vec<(u64, Vec<u8>)>,
        letters: &mut LettersTold,
    ) -> Result<DerivedCase, EngineError> {
        let n = events.iter().map(|(n, _)| *n).max().unwrap_or(0);
        let entries = read_entries(row.case, events.into_iter())?;
        letters.add(row.case, &entries);
        let case = replay(&entries).ok_or(EngineError::Unreadable { case: row.case, n: 1 })?;
        let policy = self.policy(&row.project).await?;
        let fold = row.fold.as_ref().and_then(|kept| right_fold(kept, &entries));
        let last = entries.last().map_or(row.last_at, |entry| entry.at);
        Ok(DerivedCase {
            n,
            open: case.rm != Rm::Closed,
            last_at: last,
            due: due_rows(&policy, &case, last),
            fold,
            ..row.clone()
        })
    }
}

/// What ought to be kept in place of `kept`. Another program's fold is never used, and stays until it is replaced;
/// what cannot be read goes.
fn right_fold(kept: &Fold, entries: &[Entry]) -> Option<Fold> {
    if !kept.body.is_empty() && !fold::is_ours(kept) {
        return Some(kept.clone());
    }
    let folded = usize::try_from(kept.n).ok().and_then(|n| entries.get(..n))?;
    replay(folded).as_ref().and_then(fold::of)
}

/// Holds the state of a case's key against the log: it is gone exactly where an event says so.
fn hold_key(case: CaseId, told: &Told, report: &mut FsckReport) {
    match &told.shredding {
        Some((at, by)) if told.bodies.is_empty() && told.damaged.is_none() => {
            report.shredded.push(Shredded { case, at: *at, by: by.clone() });
        }
        Some((at, by)) => report.damage.push(format!(
            "case {case} was shredded by {by}, {}, but the key is not as that left it",
            at.readable()
        )),
        None if told.unreadable > 0 => report
            .damage
            .push(format!("the key of case {case} is gone, and no event says that it was shredded")),
        None => {}
    }
}

/// A finding in words. The advice that goes with it elsewhere is what is being done here.
fn said(error: &StoreError) -> String {
    match error {
        StoreError::Tampered { table, row } => {
            format!("row {row} of table {table} was altered or is missing")
        }
        other => other.to_string(),
    }
}

/// Whether it is something that is stored, and not the database itself, that fails.
fn is_damage(error: &EngineError) -> bool {
    match error {
        EngineError::Store(error) => {
            matches!(error, StoreError::Tampered { .. } | StoreError::NotFound { .. })
        }
        EngineError::Unreadable { .. } | EngineError::NoSuchProject(_) | EngineError::Faults(_) => true,
        EngineError::Refused(_)
        | EngineError::NoSuchCase(_)
        | EngineError::NoSuchStream(_)
        | EngineError::NoSuchPerson(_)
        | EngineError::Keys(_)
        | EngineError::ClockBehind { .. } => false,
    }
}

fn difference(is: &DerivedCase, ought: &DerivedCase) -> String {
    let mut what = Vec::new();
    if is.n != ought.n {
        what.push(format!("{} events are noted, the log has {}", is.n, ought.n));
    }
    if is.open != ought.open {
        what.push("open and closed differ".to_owned());
    }
    if is.due != ought.due {
        what.push("what is due differs".to_owned());
    }
    if is.fold != ought.fold {
        what.push("the kept fold differs".to_owned());
    }
    if is.last_at != ought.last_at {
        what.push("the last instant differs".to_owned());
    }
    format!("case {}: {}", is.case, what.join(", "))
}

/// A store error that means the check has to be run again.
#[must_use]
pub fn is_stale(error: &EngineError) -> bool {
    matches!(error, EngineError::Store(StoreError::LogMoved))
}
