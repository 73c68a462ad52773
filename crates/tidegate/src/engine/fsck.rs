//! `tidegate fsck`: everything that is derived is derived again from the log, compared, and mended on request.

use super::perform::due_rows;
use super::read::read_entries;
use super::{Engine, EngineError};
use crate::store::{DerivedCase, StoreError};
use std::collections::BTreeMap;
use tidegate_domain::case::machines::Rm;
use tidegate_domain::case::replay;
use tidegate_domain::id::CaseId;

/// Events read at a time.
const CHUNK: u32 = 2_000;

/// What a check of the derived data showed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FsckReport {
    /// Cases replayed.
    pub cases: usize,
    /// Events replayed.
    pub events: u64,
    /// Cases whose content was shredded and cannot be replayed.
    pub shredded: usize,
    /// What differed, in words. Empty: what is derived equals the replay.
    pub differences: Vec<String>,
}

impl Engine {
    /// Replays every case and compares what is stored beside the log with what follows from it. `mend`
    /// replaces what differs. `progress` is told how many events were read.
    ///
    /// # Errors
    /// The store's; [`StoreError::LogMoved`] where somebody worked meanwhile and `mend` was asked for.
    pub async fn fsck(&self, mend: bool, progress: impl Fn(u64)) -> Result<FsckReport, EngineError> {
        let mut report = FsckReport::default();
        let mut bodies: BTreeMap<CaseId, Vec<(u64, Vec<u8>)>> = BTreeMap::new();
        let mut seq = 1;
        loop {
            let chunk = self.store.all_events(seq, CHUNK).await?;
            let Some(last) = chunk.last() else { break };
            seq = last.seq + 1;
            for event in chunk {
                report.events += 1;
                match event.body {
                    Some(body) => bodies.entry(event.case).or_default().push((event.n, body)),
                    None => drop(bodies.entry(event.case).or_default()),
                }
            }
            progress(report.events);
        }
        let stored = self.store.derived_rows().await?;
        let mut right = Vec::new();
        for row in &stored {
            report.cases += 1;
            let events = bodies.remove(&row.case).unwrap_or_default();
            if events.is_empty() {
                report
                    .differences
                    .push(format!("case {} has a row and no events; look at `log verify`", row.case));
                right.push(row.clone());
                continue;
            }
            right.push(self.derive(row, events).await?);
        }
        for (is, ought) in stored.iter().zip(&right) {
            if is != ought {
                report.differences.push(difference(is, ought));
            }
        }
        // Shredded cases have events that nobody can read, and nothing derived.
        report.shredded = bodies.values().filter(|events| events.is_empty()).count();
        let rowless = bodies.iter().filter(|(_, events)| !events.is_empty());
        report.differences.extend(rowless.map(|(case, _)| format!("case {case} has events and no row")));
        if mend && !report.differences.is_empty() {
            self.store.replace_derived(seq - 1, &right).await?;
        }
        Ok(report)
    }

    async fn derive(
        &self,
        row: &DerivedCase,
        events: Vec<(u64, Vec<u8>)>,
    ) -> Result<DerivedCase, EngineError> {
        let n = events.iter().map(|(n, _)| *n).max().unwrap_or(0);
        let entries = read_entries(row.case, events.into_iter())?;
        let case = replay(&entries).ok_or(EngineError::Unreadable { case: row.case, n: 1 })?;
        let policy = self.policy(&row.project).await?;
        let last = entries.last().map_or(row.last_at, |entry| entry.at);
        Ok(DerivedCase {
            n,
            open: case.rm != Rm::Closed,
            last_at: last,
            due: due_rows(&policy, &case, last),
            ..row.clone()
        })
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
