//! Letters held against the log: each that a case tells of is there, and no other is linked to it.

use super::{FsckReport, said};
use crate::engine::{Engine, EngineError};
use crate::hands::letter_digest;
use crate::store::{LetterEntry, LetterState, PARSE_LETTER};
use std::collections::{BTreeMap, BTreeSet};
use tidegate_domain::case::{Entry, Event};
use tidegate_domain::id::CaseId;

/// The letters that each case's log tells of, by their SHA-256 in hex; a letter may have come twice.
#[derive(Default)]
pub(super) struct LettersTold(BTreeMap<CaseId, Vec<String>>);

impl LettersTold {
    pub(super) fn add(&mut self, case: CaseId, entries: &[Entry]) {
        let told = self.0.entry(case).or_default();
        for entry in entries {
            if let Event::Received { report, .. } | Event::Heard { report } = &entry.event {
                told.extend(report.letter.clone());
            }
        }
    }

    /// Strikes one letter off; false where the log tells of no such.
    fn strike(&mut self, case: CaseId, digest: &str) -> bool {
        let Some(told) = self.0.get_mut(&case) else { return true };
        let place = told.iter().position(|known| known == digest);
        place.map(|place| told.swap_remove(place)).is_some()
    }
}

impl Engine {
    /// Holds arrived letters against the log and against the jobs that will read them, and the outbox against
    /// its end.
    pub(super) async fn audit_letters(
        &self,
        mut told: LettersTold,
        report: &mut FsckReport,
    ) -> Result<(), EngineError> {
        // Letters first: a job that was finished since then has its letter read.
        let letters = self.store.letters(None, u32::MAX).await.map_err(EngineError::from)?;
        let mut to_read = BTreeSet::new();
        for job in self.store.audit_jobs().await? {
            match job {
                Ok(job) if job.kind == PARSE_LETTER => {
                    to_read.extend(std::str::from_utf8(&job.body).map(str::to_owned));
                }
                Ok(_) => {}
                Err(error) => report.damage.push(said(&error)),
            }
        }
        for entry in letters {
            // One at a time: letters are long.
            let raw = self.store.audit_letter(entry.id).await?;
            let id = entry.id.to_string();
            let waits = to_read.remove(&id);
            match raw {
                Err(error) => report.damage.push(format!("letter {id}: {}", said(&error))),
                Ok(Some(raw)) => {
                    if let Some(case) = entry.case.filter(|case| !told.strike(*case, &letter_digest(&raw))) {
                        let text =
                            format!("letter {id} is linked to case {case}, whose log tells nothing of it");
                        report.damage.push(text);
                    }
                }
                Ok(None) => {}
            }
            if !waits && self.is_forgotten(&entry).await? {
                report.damage.push(format!("letter {id} waits to be read, and nothing will read it"));
            }
        }
        let gone = to_read.iter().map(|id| format!("letter {id} waited to be read and is missing"));
        report.damage.extend(gone);
        for (case, digests) in told.0 {
            let gone = digests.iter().map(|digest| {
                let short = digest.get(..16).unwrap_or(digest);
                format!("case {case} tells of a letter with SHA-256 {short}…, which is missing or altered")
            });
            report.damage.extend(gone);
        }
        report.damage.extend(self.store.audit_outbox().await?);
        report.damage.extend(self.store.audit_accounts().await?);
        Ok(())
    }

    /// Whether the letter waits still, without a job: it may just have been read.
    async fn is_forgotten(&self, entry: &LetterEntry) -> Result<bool, EngineError> {
        if entry.state != LetterState::Waiting {
            return Ok(false);
        }
        let now = self.store.letter(entry.id).await;
        Ok(now.is_ok_and(|letter| letter.state == LetterState::Waiting))
    }
}
