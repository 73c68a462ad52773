//! The hand that writes letters. They go to the outbox, each once for ever, and say nothing in their subject
//! that is not public.

use crate::asked::Given;
use crate::engine::people::People;
use crate::engine::{CaseFile, Engine, EngineError};
use crate::store::{Job, Store, StoreError};
use mail_builder::MessageBuilder;
use mail_builder::headers::raw::Raw;
use std::collections::BTreeSet;
use tidegate_domain::consequence::{Letter, LetterKind, Recipient};
use tidegate_domain::fault::Fault;
use tidegate_domain::id::CaseId;
use tidegate_domain::policy::vocabulary::RoleKind;
use tidegate_domain::policy::{ClockRule, Policy};
use tidegate_domain::publication::{advisory_number, for_the_list, publication_as};
use tidegate_domain::time::Instant;

use crate::engine::LetterJob;

/// One letter, ready to be put into the outbox.
pub(super) struct Composed {
    pub(super) to: String,
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) confidential: bool,
    /// Whether no person wrote it, so that no program answers it (RFC 3834).
    pub(super) automatic: bool,
}

impl Engine {
    /// Writes a letter to everybody that it is for, and says which it was and to how many.
    pub(super) async fn write_letter(&self, case: CaseId, job: &Job) -> Result<String, EngineError> {
        let asked: LetterJob = serde_json::from_slice(&job.body)
            .map_err(|_| StoreError::Tampered { table: "job", row: job.id.to_string() })?;
        let file = self.load(case).await?;
        let people = self.people().await?;
        let mut written = 0;
        for to in addresses(&file, &people, &asked.letter.to) {
            let composed = compose(self, &file, &asked.letter, to);
            let key = format!("{}/{}", asked.key, composed.to);
            let raw = rfc822(&file.policy, &composed, &self.store.message_name(&key), asked.at);
            self.store.put_outgoing(&key, Some(case), asked.at, &raw).await?;
            written += 1;
        }
        self.store.finish_job(job.id).await?;
        Ok(format!("{} written to {written}", asked.letter.kind.name()))
    }
}

/// Where a letter goes. Nobody's address is a normal answer: an anonymous report has none.
fn addresses(file: &CaseFile, people: &People, to: &Recipient) -> BTreeSet<String> {
    let mut found: BTreeSet<String> = match to {
        Recipient::Reporter => file.case.reporters.iter().cloned().collect(),
        Recipient::Role(role) => people.mails(&file.project, role).into_iter().collect(),
        Recipient::Person(name) => people.find(name).map(|person| person.mail.clone()).into_iter().collect(),
        Recipient::Channel(id) => file
            .policy
            .channels
            .iter()
            .filter(|channel| channel.id == *id)
            .map(|c| c.address.clone())
            .collect(),
        // The program knows no address of another organisation: the team passes the letter on.
        Recipient::Organisation(_) => [file.policy.publisher.contact.clone()].into(),
    };
    found.retain(|address| address.contains('@'));
    found
}

/// Marks a letter that tells of another one that was not delivered: of that one nobody is told in turn.
pub(crate) const NOTICE: &str = "X-Tidegate-Notice";

/// A letter that did not reach its reader.
pub(crate) struct Undelivered<'a> {
    /// What the keys of the letters about it begin with.
    pub key: String,
    pub seq: u64,
    pub raw: &'a [u8],
    pub why: &'a str,
}

/// The letters that tell the team of one that did not reach its reader, each with the key that it has for ever.
pub(crate) fn undelivered(
    store: &Store,
    file: &CaseFile,
    people: &People,
    what: &Undelivered<'_>,
    at: Instant,
) -> Vec<(String, Vec<u8>)> {
    let policy = &file.policy;
    let teams = policy.roles_of(RoleKind::Team).iter().filter_map(|role| policy.role_at(role));
    let mut to: BTreeSet<String> = teams
        .flat_map(|role| people.mails(&file.project, &role.id))
        .filter(|mail| mail.contains('@'))
        .collect();
    if to.is_empty() {
        to.insert(policy.publisher.contact.clone());
    }
    let values = [
        ("project", policy.publisher.name.clone()),
        ("to", crate::post::recipient(what.raw)),
        ("subject", crate::post::field(what.raw, "Subject").unwrap_or_default()),
        ("why", one_line(what.why)),
        ("case", file.case.id.to_string()),
        ("number", what.seq.to_string()),
    ];
    let (subject, text) = split(include_str!("../../../../templates/mail/undelivered.txt"));
    let (subject, text) = (one_line(&fill(&subject, &values)), fill(&text, &values));
    let notice = |to: String| {
        let key = format!("{}/{to}", what.key);
        let composed = Composed {
            to,
            subject: subject.clone(),
            text: text.clone(),
            confidential: true,
            automatic: true,
        };
        let raw = rfc822(policy, &composed, &store.message_name(&key), at);
        (key, [format!("{NOTICE}: undelivered\r\n").as_bytes(), &raw].concat())
    };
    to.into_iter().map(notice).collect()
}

fn compose(engine: &Engine, file: &CaseFile, letter: &Letter, to: String) -> Composed {
    let (subject, text) = template(&file.policy, letter.kind);
    let values = values(engine, file, letter);
    Composed {
        to,
        subject: one_line(&fill(&subject, &values)),
        text: fill(&text, &values),
        confidential: letter.kind != LetterKind::Announcement,
        automatic: letter.text.is_empty() || letter.kind == LetterKind::Forecast,
    }
}

/// The policy's own words for a kind of letter, or the program's.
fn template(policy: &Policy, kind: LetterKind) -> (String, String) {
    if let Some(own) = policy.mails.iter().find(|(id, _)| id.as_str() == kind.name()).map(|(_, mail)| mail) {
        return (own.subject.clone(), own.text.clone());
    }
    let text = match kind {
        LetterKind::ReportArrived => include_str!("../../../../templates/mail/report-arrived.txt"),
        LetterKind::Acknowledgement => include_str!("../../../../templates/mail/acknowledgement.txt"),
        LetterKind::Verdict => include_str!("../../../../templates/mail/verdict.txt"),
        LetterKind::HandOver => include_str!("../../../../templates/mail/hand-over.txt"),
        LetterKind::Message => include_str!("../../../../templates/mail/message.txt"),
        LetterKind::Invitation => include_str!("../../../../templates/mail/invitation.txt"),
        LetterKind::EmbargoProposed => include_str!("../../../../templates/mail/embargo-proposed.txt"),
        LetterKind::EmbargoAgreed => include_str!("../../../../templates/mail/embargo-agreed.txt"),
        LetterKind::EmbargoEnded => include_str!("../../../../templates/mail/embargo-ended.txt"),
        LetterKind::Predisclosure => include_str!("../../../../templates/mail/predisclosure.txt"),
        LetterKind::Announcement => include_str!("../../../../templates/mail/announcement.txt"),
        LetterKind::Reminder => include_str!("../../../../templates/mail/reminder.txt"),
        LetterKind::Alarm => include_str!("../../../../templates/mail/alarm.txt"),
        LetterKind::Forecast => include_str!("../../../../templates/mail/forecast.txt"),
    };
    split(text)
}

/// A template's subject and text.
pub(super) fn split(template: &str) -> (String, String) {
    let (subject, body) = template.split_once("\n\n").unwrap_or(("Subject: A letter", template));
    (subject.trim_start_matches("Subject: ").to_owned(), body.to_owned())
}

/// What may stand for each placeholder. Subjects are observable: what is not public is only in texts.
fn values(engine: &Engine, file: &CaseFile, letter: &Letter) -> Vec<(&'static str, String)> {
    let CaseFile { policy, case, .. } = file;
    let rule = letter.clock.as_ref().and_then(|id| policy.clocks.iter().find(|rule| rule.id == *id));
    let number = advisory_number(policy, case).unwrap_or_else(|| "number pending".to_owned());
    let version = letter.version.and_then(|version| {
        let at = letter.instant.unwrap_or_else(|| case.received());
        let publication = publication_as(policy, case, version, at, number.clone())?;
        let early = letter.kind == LetterKind::Predisclosure;
        Some(if early { for_the_list(policy, case, publication) } else { publication })
    });
    let started = rule.and_then(|rule| case.since(&rule.starts)).unwrap_or_else(|| case.received());
    let when = letter.instant.map_or("an instant still to be agreed".to_owned(), |at| spoken(policy, at));
    let clock = rule.map_or_else(
        || "The embargo is over and nothing was announced.".to_owned(),
        |rule| format!("{}.", rule.title),
    );
    let person = match &letter.to {
        Recipient::Person(name) => name.to_string(),
        Recipient::Reporter | Recipient::Role(_) | Recipient::Channel(_) | Recipient::Organisation(_) => {
            String::new()
        }
    };
    vec![
        ("project", policy.publisher.name.clone()),
        ("case", case.id.to_string()),
        ("planned", case.planned().map_or_else(String::new, |at| spoken(policy, at))),
        ("until", when.clone()),
        ("due", when),
        ("started", started.readable()),
        ("version", letter.version.map_or_else(String::new, |number| number.to_string())),
        ("link", super::render::page_link(&engine.site, &file.project, &number).to_string()),
        ("number", number),
        ("title", case.title.to_string()),
        ("policy_link", engine.site.join("policy").join(&format!("{}.html", file.project)).to_string()),
        ("person", person),
        ("clock", clock),
        ("clause", clause(policy, letter, rule).to_owned()),
        ("how", how_to_answer(case.id, &letter.to)),
        ("text", letter.text.clone()),
        ("advisory", version.as_ref().map(tidegate_formats::text::advisory).unwrap_or_default()),
    ]
}

/// How the reader of a proposal answers it: a reporter has no account here.
fn how_to_answer(case: CaseId, to: &Recipient) -> String {
    match to {
        Recipient::Reporter => {
            "To agree, to refuse, or to ask for another end, answer this mail: the security\nteam records what you say."
                .to_owned()
        }
        Recipient::Role(_) | Recipient::Person(_) | Recipient::Channel(_) | Recipient::Organisation(_) => {
            format!("  agree     tidegate case accept-embargo {case}\n  refuse    tidegate case reject-embargo {case}")
        }
    }
}

/// The rule that a letter is about.
fn clause<'p>(policy: &'p Policy, letter: &Letter, rule: Option<&'p ClockRule>) -> &'p str {
    match (rule, letter.kind) {
        (Some(rule), _) => &rule.clause,
        (None, LetterKind::HandOver) => policy.scope.hand_over.first().map_or("", |rule| &rule.clause),
        (None, _) => "ALL-06",
    }
}

/// An instant in UTC, and in the policy's zone where that differs.
fn spoken(policy: &Policy, at: Instant) -> String {
    if policy.zone_name == "UTC" {
        return at.readable();
    }
    let local = at.in_zone(&policy.zone).strftime("%Y-%m-%d %H:%M %Z").to_string();
    format!("{} ({local})", at.readable())
}

/// Puts values in the place of `{names}`, in one pass: a value is never read as a template.
pub(crate) fn fill(template: &str, values: &[(&str, String)]) -> String {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let found = after.split_once('}').and_then(|(name, tail)| {
            let value = values.iter().find(|(known, _)| *known == name)?;
            Some((&value.1, tail))
        });
        match found {
            Some((value, tail)) => {
                filled.push_str(value);
                rest = tail;
            }
            None => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled.push_str(rest);
    filled
}

pub(super) fn one_line(text: &str) -> String {
    text.split(char::is_control).collect::<Vec<_>>().join(" ").trim().to_owned()
}

/// The letter as it is sent. `name` is what stands before the `@` of its Message-ID.
pub(super) fn rfc822(policy: &Policy, composed: &Composed, name: &str, at: Instant) -> Vec<u8> {
    let contact = policy.publisher.contact.clone();
    let domain = contact.rsplit_once('@').map_or("localhost", |(_, domain)| domain).to_owned();
    let mut message = MessageBuilder::new()
        .from((policy.publisher.name.clone(), contact))
        .to(composed.to.clone())
        .subject(composed.subject.clone())
        .message_id(format!("{name}@{domain}"))
        .date(at.micros() / 1_000_000)
        .text_body(composed.text.clone());
    if composed.confidential {
        message = message.header("X-Tidegate-Confidential", Raw::new("yes"));
    }
    if composed.automatic {
        message = message.header("Auto-Submitted", Raw::new("auto-generated"));
    }
    message.write_to_vec().unwrap_or_default()
}

/// What a reporter filled in, as the letter that they could have sent instead: it is stored and read as one.
///
/// # Errors
/// Where nothing was written.
pub fn letter_of_form(given: &Given, at: Instant) -> Result<Vec<u8>, EngineError> {
    let text = given.text("text").ok_or_else(|| {
        let advice = "a line is enough; you can send more later";
        EngineError::Faults(vec![Fault::nowhere("nothing was written", advice)])
    })?;
    let subject = one_line(given.text("title").unwrap_or_default());
    let mut message = MessageBuilder::new().subject(subject).date(at.micros() / 1_000_000).text_body(text);
    // An empty group (RFC 6854) says that there is no address, which is not the same as one that is missing.
    message = match given.text("address") {
        Some(address) => message.from(one_line(address)),
        None => message.header("From", Raw::new("Reporter without an address:;")),
    };
    for (name, bytes) in given.files("files") {
        message = message.attachment("application/octet-stream", name.to_owned(), bytes.to_vec());
    }
    message.write_to_vec().map_err(|error| {
        EngineError::Faults(vec![Fault::nowhere(format!("the report cannot be written down: {error}"), "")])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_never_read_as_a_template() {
        let values = [("a", "{b}".to_owned()), ("b", "secret".to_owned())];
        assert_eq!(fill("x {a} {unknown} {", &values), "x {b} {unknown} {");
        assert_eq!(one_line("a\r\nBcc: b"), "a  Bcc: b");
    }
}
