//! The hand that reads letters which arrived and were stored: a letter becomes a report, whatever is wrong
//! with it (ALL-05).

use super::arrival::{self, Arrival, Opened, enveloped};
use crate::engine::{Engine, EngineError};
use crate::store::{Job, LetterId, LetterState, StoreError};
use sha2::{Digest, Sha256};
use tidegate_domain::case::Report;
use tidegate_domain::id::{CaseId, Slug};
use tidegate_formats::mail::{self, ParsedMail};

impl Engine {
    /// Stores a letter for `project` before anything looks at it; the hands do the rest.
    ///
    /// # Errors
    /// The store's: then nothing was accepted, and the sender must try again.
    pub async fn accept_letter(
        &self,
        project: &Slug,
        case: Option<CaseId>,
        raw: &[u8],
    ) -> Result<LetterId, EngineError> {
        let letter = Arrival::read(raw).unwrap_or_else(|_| unreachable!("bytes in memory are read"));
        self.accept_arrival(project, case, &letter).await
    }

    /// As [`Engine::accept_letter`], for a letter that was read at a door.
    ///
    /// # Errors
    /// The store's: then nothing was accepted, and the sender must try again.
    pub async fn accept_arrival(
        &self,
        project: &Slug,
        case: Option<CaseId>,
        letter: &Arrival,
    ) -> Result<LetterId, EngineError> {
        self.policy(project).await?;
        Ok(self.store.put_letter(self.clock.now(), &enveloped(project, case, letter)).await?)
    }

    /// Reads a stored letter: it opens a case, or joins the one that it names. Answers with that case.
    pub(super) async fn read_letter(&self, job: &Job) -> Result<Option<CaseId>, EngineError> {
        let id: Option<LetterId> = std::str::from_utf8(&job.body).ok().and_then(|text| text.parse().ok());
        let id = id.ok_or(StoreError::Tampered { table: "job", row: job.id.to_string() })?;
        let letter = self.store.letter(id).await?;
        if letter.state != LetterState::Waiting {
            self.store.finish_job(job.id).await?;
            return Ok(letter.case);
        }
        let opened = arrival::open(&letter.raw);
        let parsed = mail::parse(opened.raw);
        let report = report(&parsed, &opened);
        let known = match opened.case {
            // A case of another project is none that this letter could belong to.
            Some(case) if self.store.case_exists(case).await? => {
                let theirs = self.store.case_row(case).await?.project;
                opened.project.as_ref().is_none_or(|project| *project == theirs).then_some(case)
            }
            Some(_) | None => None,
        };
        let case = match (known, opened.project) {
            (Some(case), _) => {
                self.hear(case, report, id, Some(job.id)).await?;
                case
            }
            (None, Some(project)) => self.receive(&project, report, Some(id), Some(job.id)).await?,
            (None, None) => {
                self.store.set_letter_aside(id).await?;
                return Ok(None);
            }
        };
        // A crash before this loses no byte: the letter itself, attachments and all, is stored with the case.
        for attachment in &parsed.attachments {
            self.store.put_blob(case, &attachment.content).await?;
        }
        Ok(Some(case))
    }
}

/// The SHA-256 in hex by which a case's log names a letter, from its bytes as stored.
#[must_use]
pub fn letter_digest(stored: &[u8]) -> String {
    hex(&Sha256::digest(arrival::open(stored).raw))
}

fn report(parsed: &ParsedMail, opened: &Opened<'_>) -> Report {
    let cut = opened.cut.as_ref().map(ToString::to_string);
    Report {
        title: parsed.subject.clone(),
        from: parsed.from.as_ref().map(|from| from.address.clone()),
        text: parsed.body.clone(),
        letter: Some(hex(&Sha256::digest(opened.raw))),
        attachments: parsed
            .attachments
            .iter()
            .map(|attachment| (attachment.name.clone(), hex(&Sha256::digest(&attachment.content))))
            .collect(),
        faults: cut.into_iter().chain(parsed.faults.iter().map(ToString::to_string)).collect(),
    }
}

/// Bytes as lower-case hex.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
