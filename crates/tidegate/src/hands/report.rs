//! The hand that reads letters which arrived and were stored: a letter becomes a report, whatever is wrong
//! with it (ALL-05).

use crate::engine::{Engine, EngineError};
use crate::store::{Job, LetterId, LetterState, StoreError};
use sha2::{Digest, Sha256};
use tidegate_domain::case::Report;
use tidegate_domain::id::{CaseId, Slug};
use tidegate_formats::mail::{self, ParsedMail};

/// What the door writes above a letter, as mail servers do, to say where it is for.
const ENVELOPE: &str = "X-Tidegate-Project: ";
const ENVELOPE_CASE: &str = "X-Tidegate-Case: ";

/// The bytes to store for `raw`, which arrived for `project` and perhaps belongs to a case.
#[must_use]
pub fn enveloped(project: &Slug, case: Option<CaseId>, raw: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{ENVELOPE}{project}\r\n").into_bytes();
    if let Some(case) = case {
        bytes.extend(format!("{ENVELOPE_CASE}{case}\r\n").into_bytes());
    }
    bytes.extend_from_slice(raw);
    bytes
}

struct Enveloped<'a> {
    project: Option<Slug>,
    case: Option<CaseId>,
    raw: &'a [u8],
}

fn open_envelope(bytes: &[u8]) -> Enveloped<'_> {
    let (project, rest) = header(bytes, ENVELOPE);
    let (case, raw) = header(rest, ENVELOPE_CASE);
    let project = project.and_then(|text| text.parse().ok());
    Enveloped { project, case: case.and_then(|text| text.parse().ok()), raw }
}

fn header<'a>(bytes: &'a [u8], name: &str) -> (Option<&'a str>, &'a [u8]) {
    let Some(rest) = bytes.strip_prefix(name.as_bytes()) else { return (None, bytes) };
    let Some(end) = rest.windows(2).position(|pair| pair == b"\r\n") else { return (None, bytes) };
    let (value, tail) = rest.split_at(end);
    (std::str::from_utf8(value).ok(), tail.get(2..).unwrap_or_default())
}

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
        self.policy(project).await?;
        Ok(self.store.put_letter(self.clock.now(), &enveloped(project, case, raw)).await?)
    }

    /// Reads a stored letter: it opens a case, or joins the one that it names.
    pub(super) async fn read_letter(&self, job: &Job) -> Result<(), EngineError> {
        let id: Option<LetterId> = std::str::from_utf8(&job.body).ok().and_then(|text| text.parse().ok());
        let id = id.ok_or(StoreError::Tampered { table: "job", row: job.id.to_string() })?;
        let letter = self.store.letter(id).await?;
        if letter.state != LetterState::Waiting {
            return Ok(self.store.finish_job(job.id).await?);
        }
        let opened = open_envelope(&letter.raw);
        let parsed = mail::parse(opened.raw);
        let report = report(&parsed, opened.raw);
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
            (None, None) => return Ok(self.store.set_letter_aside(id).await?),
        };
        // A crash before this loses no byte: the letter itself, attachments and all, is stored with the case.
        for attachment in &parsed.attachments {
            self.store.put_blob(case, &attachment.content).await?;
        }
        Ok(())
    }
}

/// The SHA-256 in hex by which a case's log names a letter, from its bytes as stored.
#[must_use]
pub fn letter_digest(stored: &[u8]) -> String {
    hex(&Sha256::digest(open_envelope(stored).raw))
}

fn report(parsed: &ParsedMail, raw: &[u8]) -> Report {
    Report {
        title: parsed.subject.clone(),
        from: parsed.from.as_ref().map(|from| from.address.clone()),
        text: parsed.body.clone(),
        letter: Some(hex(&Sha256::digest(raw))),
        attachments: parsed
            .attachments
            .iter()
            .map(|attachment| (attachment.name.clone(), hex(&Sha256::digest(&attachment.content))))
            .collect(),
        faults: parsed.faults.iter().map(ToString::to_string).collect(),
    }
}

/// Bytes as lower-case hex.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
