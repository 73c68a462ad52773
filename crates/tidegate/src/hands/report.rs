//! The hand that reads letters which arrived and were stored: a letter becomes a report, whatever is wrong
//! with it (ALL-05).

use super::arrival::{self, Arrival, Opened, enveloped};
use crate::engine::{Engine, EngineError};
use crate::post::dress::CONFIDENTIAL;
use crate::post::incoming::{self, DeliveryReport};
use crate::post::{field, system_time};
use crate::store::{DeliveryState, Job, LetterId, LetterState, StoreError};
use sha2::{Digest, Sha256};
use tidegate_domain::case::Report;
use tidegate_domain::id::{CaseId, Slug};
use tidegate_domain::time::Instant;
use tidegate_envelope::{Certificate, Keyring, letter};
use tidegate_formats::mail::{self, Automatic, ParsedMail};

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

    /// Reads a stored letter: it opens a case, or joins the one that it belongs to, and answers with that case.
    /// Letters that programs wrote about ours are understood and set aside.
    pub(super) async fn read_letter(&self, job: &Job) -> Result<Option<CaseId>, EngineError> {
        let id: Option<LetterId> = std::str::from_utf8(&job.body).ok().and_then(|text| text.parse().ok());
        let id = id.ok_or(StoreError::Tampered { table: "job", row: job.id.to_string() })?;
        let letter = self.store.letter(id).await?;
        if letter.state != LetterState::Waiting {
            self.store.finish_job(job.id).await?;
            return Ok(letter.case);
        }
        let opened = arrival::open(&letter.raw);
        let Some(project) = &opened.project else { return self.set_aside(id, job).await };
        let (parsed, standing, sealed) = self.understand(project, opened.raw, letter.at).await?;
        let report = Report { standing, sealed, ..report(&parsed, &opened) };
        let case = match self.place_of(project, opened.case, &parsed, &report).await? {
            Place::Aside => return self.set_aside(id, job).await,
            Place::Returned { seq, why } => {
                self.give_up(seq, letter.at, DeliveryState::Bounced, &why).await?;
                return self.set_aside(id, job).await;
            }
            Place::Case(case) => {
                self.keep_attachments(case, &parsed).await?;
                self.hear(case, report, id, Some(job.id)).await?;
                case
            }
            // A repeat after a crash finds the same case, and what was kept for it.
            Place::New => {
                let case = CaseId::from_bits(id.bits());
                self.keep_attachments(case, &parsed).await?;
                self.receive(case, project, report, Some(id), Some(job.id)).await?;
                case
            }
        };
        // A crash before this loses no byte; answers to the letter are then found by our own letters alone.
        if let Some(message) = &parsed.message_id {
            self.store.note_message(project, message, case).await?;
        }
        Ok(Some(case))
    }

    /// Before the commit that tells of them: whatever the log names is there.
    async fn keep_attachments(&self, case: CaseId, letter: &ParsedMail) -> Result<(), EngineError> {
        for attachment in &letter.attachments {
            self.store.put_blob(case, &attachment.content).await?;
        }
        Ok(())
    }

    /// Set aside first: a crash in between finds the letter decided on, and finishes the job.
    async fn set_aside(&self, id: LetterId, job: &Job) -> Result<Option<CaseId>, EngineError> {
        self.store.set_letter_aside(id).await?;
        self.store.finish_job(job.id).await?;
        Ok(None)
    }

    /// The letter in the clear, how sure it is who wrote it, and whether any of it came encrypted.
    async fn understand(
        &self,
        project: &Slug,
        raw: &[u8],
        at: Instant,
    ) -> Result<(ParsedMail, Vec<String>, bool), EngineError> {
        let trusted = self.post.settings.trusted_authserv.as_deref();
        let result = trusted.and_then(|trusted| incoming::server_result(raw, trusted));
        let mut standing: Vec<String> =
            result.map(|result| format!("the receiving server found: {result}")).into_iter().collect();
        // Most letters are without OpenPGP, and need no keys.
        if !raw.windows(3).any(|three| three.eq_ignore_ascii_case(b"pgp")) {
            return Ok((mail::parse(raw), standing, false));
        }
        let secrets = match self.post.keystore.as_ref().map(|keys| keys.secrets(project)) {
            Some(secrets) => secrets.map_err(|error| EngineError::Keys(error.to_string()))?,
            None => Vec::new(),
        };
        let stored = self.store.person_keys(None).await?;
        let known: Vec<Certificate> =
            stored.iter().filter_map(|key| Certificate::read(key.armoured.as_bytes()).ok()).collect();
        let keys = Keyring { secrets: &secrets, known: &known };
        let Some(opened) = letter::open(raw, keys, system_time(at)) else {
            return Ok((mail::parse(raw), standing, false));
        };
        // What a certificate says of itself is anybody's claim: what counts is for whom it was kept here.
        let owner = |fingerprint: &str| {
            let kept = stored.iter().find(|key| key.fingerprint.eq_ignore_ascii_case(fingerprint));
            kept.map(|key| key.owner.clone())
        };
        standing.extend(incoming::seal_in_words(&opened.seal, owner));
        Ok((mail::parse(&opened.letter), standing, opened.seal.encrypted))
    }

    /// Where a letter belongs: by the address that it came to, by the letters that it answers, or nowhere yet.
    async fn place_of(
        &self,
        project: &Slug,
        addressed: Option<CaseId>,
        letter: &ParsedMail,
        report: &Report,
    ) -> Result<Place, EngineError> {
        if let Some(returned) = incoming::delivery_report(letter)
            && let Some(place) = self.returned(&returned).await?
        {
            return Ok(place);
        }
        // One of ours came back to us, by an alias or a list: reading it would write another one, without end.
        if let Some(own) = &letter.message_id
            && self.store.letter_of_message(local_part(own)).await?.is_some()
        {
            return Ok(Place::Aside);
        }
        let answered = self.answered(project, letter).await?;
        // Somebody is away, and says so to every letter. What only came by way of a list is a person's.
        let is_reply = matches!(letter.automatic, Some(Automatic::Reply | Automatic::Bounce));
        if is_reply && (answered.ours || addressed.is_some()) {
            return Ok(Place::Aside);
        }
        let case = match addressed {
            Some(case) => self.of_project(project, case).await?,
            None => None,
        };
        let Some(case) = case.or(answered.case) else { return Ok(Place::New) };
        let is_known = self.load(case).await?.case.reports.iter().any(|known| known.letter == report.letter);
        Ok(if is_known { Place::Aside } else { Place::Case(case) })
    }

    /// The letter of ours that a delivery report is about; `None` where it may be something else.
    async fn returned(&self, report: &DeliveryReport) -> Result<Option<Place>, EngineError> {
        for message in &report.about {
            if let Some((seq, _)) = self.store.letter_of_message(local_part(message)).await?
                && report.failed
            {
                return Ok(Some(Place::Returned { seq, why: format!("it came back: {}", report.why) }));
            }
        }
        // What a program can read as a delivery report is one, whoever it is for; a text that looks like one may be
        // anything, and is read by people.
        Ok(report.is_formal.then_some(Place::Aside))
    }

    /// The case of the letters that this one answers, or of an earlier copy of it.
    async fn answered(&self, project: &Slug, letter: &ParsedMail) -> Result<Answered, EngineError> {
        let newest_first = letter.in_reply_to.iter().chain(letter.references.iter().rev());
        for message in newest_first.chain(&letter.message_id) {
            if let Some((seq, case)) = self.store.letter_of_message(local_part(message)).await? {
                // An answer to what is public may be anybody's, and about anything: it is a report of its own.
                let letter = self.store.outgoing_one(seq).await?.and_then(|letter| letter.raw);
                let is_ours_alone = letter.is_some_and(|raw| field(&raw, CONFIDENTIAL).is_some());
                let case = match case.filter(|_| is_ours_alone) {
                    Some(case) => self.of_project(project, case).await?,
                    None => None,
                };
                return Ok(Answered { case, ours: true });
            }
            if let Some(case) = self.store.case_of_message(project, message).await?
                && let Some(case) = self.of_project(project, case).await?
            {
                return Ok(Answered { case: Some(case), ours: false });
            }
        }
        Ok(Answered { case: None, ours: false })
    }

    /// The case, if it is one of the project's and can still be read: a letter of another project cannot belong to
    /// it.
    async fn of_project(&self, project: &Slug, case: CaseId) -> Result<Option<CaseId>, EngineError> {
        if !self.store.case_exists(case).await? {
            return Ok(None);
        }
        let theirs = self.store.case_row(case).await?.project == *project;
        match self.load(case).await {
            Ok(_) => Ok(theirs.then_some(case)),
            Err(EngineError::NoSuchCase(_)) => Ok(None),
            Err(other) => Err(other),
        }
    }
}

/// Where a letter belongs.
enum Place {
    /// To this case.
    Case(CaseId),
    /// To a case that it opens.
    New,
    /// Nowhere: a program wrote it, or it is here already.
    Aside,
    /// It says that a letter of ours did not arrive.
    Returned { seq: u64, why: String },
}

/// What a letter answers.
struct Answered {
    case: Option<CaseId>,
    /// Whether it is a letter of ours.
    ours: bool,
}

/// What stands before the `@` of a Message-ID.
fn local_part(message: &str) -> &str {
    message.split('@').next().unwrap_or(message)
}

/// The SHA-256 in hex by which a case's log names a letter, from its bytes as stored.
#[must_use]
pub fn letter_digest(stored: &[u8]) -> String {
    hex::encode(Sha256::digest(arrival::open(stored).raw))
}

fn report(parsed: &ParsedMail, opened: &Opened<'_>) -> Report {
    let cut = opened.cut.as_ref().map(ToString::to_string);
    Report {
        title: parsed.subject.clone(),
        from: parsed.from.as_ref().map(|from| from.address.clone()),
        text: parsed.body.clone(),
        letter: Some(hex::encode(Sha256::digest(opened.raw))),
        attachments: parsed
            .attachments
            .iter()
            .map(|attachment| (attachment.name.clone(), hex::encode(Sha256::digest(&attachment.content))))
            .collect(),
        faults: cut.into_iter().chain(parsed.faults.iter().map(ToString::to_string)).collect(),
        standing: Vec::new(),
        sealed: false,
    }
}
