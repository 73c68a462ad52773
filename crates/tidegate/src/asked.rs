//! What people fill in to ask for an action: one table for the forms of the pages, the bodies of the API and
//! its description. The command line has its own words for the same.

use crate::engine::{Engine, EngineError, Performed};
use std::collections::BTreeMap;
use std::str::FromStr;
use tidegate_domain::advisory::{ActionNeeded, Draft};
use tidegate_domain::case::{Action, Reason, TestOutcome};
use tidegate_domain::fault::Fault;
use tidegate_domain::id::{CaseId, Slug};
use tidegate_domain::policy::Act;
use tidegate_domain::policy::vocabulary::Verb;

/// Most values of one field, such as releases.
const VALUES_MAX: usize = 200;

/// What a field holds, and so how it is asked for and read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One line.
    Line,
    /// Several lines.
    Text,
    /// One exact instant with its offset (RFC 3339).
    Instant,
    /// One of the case's releases.
    Release,
    /// Names, one per line or value.
    Names,
    /// Free words, one per line or value.
    Words,
    /// A person of the instance.
    Person,
    /// A role of the policy.
    Role,
    /// A CVE identifier.
    Cve,
    /// A CVSS 3.1 or 4.0 vector.
    Vector,
    /// `pass` or `fail`.
    Outcome,
    /// Why a release has no patch that is found to apply.
    Reason,
    /// Another case.
    Case,
    /// An advisory in the draft format.
    Draft,
    /// A file.
    File,
    /// `again` or `not-again`: whether readers must act.
    ActionNeeded,
}

/// One thing to fill in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name in forms and bodies.
    pub name: &'static str,
    /// What people read beside it.
    pub label: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether something must be given.
    pub required: bool,
}

const fn must(name: &'static str, label: &'static str, kind: Kind) -> Field {
    Field { name, label, kind, required: true }
}

const fn may(name: &'static str, label: &'static str, kind: Kind) -> Field {
    Field { name, label, kind, required: false }
}

/// What is filled in for a step of the policy's own.
pub const CUSTOM: &[Field] = &[may("text", "What was done", Kind::Text)];

const RELEASE: Field = must("release", "Release", Kind::Release);
const DRAFT: Field = must("draft", "Advisory", Kind::Draft);
const GIVEN_REASON: &[Field] = &[
    RELEASE,
    must("reason", "Why no patch is found to apply", Kind::Reason),
    may("note", "Note, for the record alone", Kind::Text),
];
const COMMIT: &[Field] = &[
    RELEASE,
    must("commit", "Full commit id", Kind::Line),
    must("message", "Commit message, which is checked", Kind::Text),
];

/// What is filled in to ask for `verb`.
#[must_use]
pub fn fields(verb: Verb) -> &'static [Field] {
    const TEXT: &[Field] = &[may("text", "Your words", Kind::Text)];
    const REASON: &[Field] = &[must("text", "Reason", Kind::Text)];
    const HOW: &[Field] = &[must("text", "How it is known", Kind::Text)];
    match verb {
        // A report is handed in where reports are taken.
        Verb::Receive => &[],
        Verb::Acknowledge | Verb::TellReporter | Verb::Close => TEXT,
        Verb::Deny => REASON,
        Verb::MessageReporter => const { &[must("text", "Message to the reporter", Kind::Text)] },
        Verb::EndEmbargo => REASON,
        Verb::RecordPublic | Verb::RecordExploited | Verb::RecordAttacked => HOW,
        Verb::Retrospective => {
            const { &[must("text", "What happened, and what is to be done differently", Kind::Text)] }
        }
        Verb::HandOver => {
            const { &[must("to", "Organisation", Kind::Line), may("text", "Your words", Kind::Text)] }
        }
        Verb::Confirm => {
            const {
                &[
                    must("releases", "Releases that need a patch, one per line", Kind::Names),
                    may("versions", "Versions known to be affected, one per line", Kind::Words),
                ]
            }
        }
        Verb::MarkDuplicate => const { &[must("of", "The case that it duplicates", Kind::Case)] },
        Verb::Merge => const { &[must("into", "The case that takes it in", Kind::Case)] },
        Verb::Rate => const { &[must("vector", "CVSS 3.1 or 4.0 vector", Kind::Vector)] },
        Verb::Assign => const { &[must("person", "Person", Kind::Person)] },
        Verb::Invite => const { &[must("person", "Person", Kind::Person), must("role", "Role", Kind::Role)] },
        Verb::AcknowledgeConfidence
        | Verb::AcceptEmbargo
        | Verb::RejectEmbargo
        | Verb::Approve
        | Verb::Predisclose
        | Verb::Announce
        | Verb::OpenCase => &[],
        Verb::ProposeEmbargo => {
            const { &[may("until", "End; if left empty, the one that the policy proposes", Kind::Instant)] }
        }
        Verb::ReviseEmbargo => const { &[must("until", "New end", Kind::Instant)] },
        Verb::AttachPatch => const { &[RELEASE, must("file", "Patch file", Kind::File)] },
        Verb::RecordTest => {
            const { &[RELEASE, must("outcome", "Outcome", Kind::Outcome), may("note", "What was run", Kind::Text)] }
        }
        Verb::GiveReason => GIVEN_REASON,
        Verb::ReserveCve => const { &[must("cve", "CVE identifier", Kind::Cve)] },
        Verb::AssignNumber => const { &[may("number", "Number; if left empty, the next one", Kind::Line)] },
        Verb::DraftAdvisory => const { &[DRAFT] },
        Verb::RecordCommit => COMMIT,
        Verb::RecordRelease => const { &[RELEASE, must("version", "Released version", Kind::Line)] },
        Verb::Batch => {
            const { &[must("batch", "Name of the batch", Kind::Line), must("at", "Its instant", Kind::Instant)] }
        }
        Verb::Reissue => {
            const {
                &[
                    DRAFT,
                    must("changes", "What changed", Kind::Text),
                    must("action", "Must readers act again?", Kind::ActionNeeded),
                ]
            }
        }
    }
}

/// One value as it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// What was typed.
    Text(String),
    /// What was attached.
    File {
        /// The name that its sender gave it: for showing, never for opening.
        name: String,
        /// Its bytes.
        bytes: Vec<u8>,
    },
}

/// What somebody filled in, by field name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given(BTreeMap<String, Vec<Value>>);

impl Given {
    /// Adds a value. Past [`VALUES_MAX`] of one field they are dropped: no field asks for so many.
    pub fn add(&mut self, name: &str, value: Value) {
        let values = self.0.entry(name.to_owned()).or_default();
        if values.len() < VALUES_MAX {
            values.push(value);
        }
    }

    /// The text of a field, trimmed; `None` where it is empty or missing.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.iter().find_map(|value| match value {
            Value::Text(text) => Some(text.trim()).filter(|text| !text.is_empty()),
            Value::File { .. } => None,
        })
    }

    /// The text of a field as it was typed: of a password every space counts.
    #[must_use]
    pub fn exact(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.iter().find_map(|value| match value {
            Value::Text(text) => Some(text.as_str()),
            Value::File { .. } => None,
        })
    }

    /// The file of a field, where one was attached.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<(&str, &[u8])> {
        self.files(name).next()
    }

    /// All files of a field.
    pub fn files(&self, name: &str) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.get(name).into_iter().flatten().filter_map(|value| match value {
            Value::File { name, bytes } => Some((name.as_str(), bytes.as_slice())),
            Value::Text(_) => None,
        })
    }

    /// All lines of a field's texts, trimmed, without empty ones.
    #[must_use]
    pub fn words(&self, name: &str) -> Vec<String> {
        let texts = self.0.get(name).into_iter().flatten().filter_map(|value| match value {
            Value::Text(text) => Some(text.lines()),
            Value::File { .. } => None,
        });
        let lines = texts.flatten().map(str::trim).filter(|line| !line.is_empty());
        lines.map(str::to_owned).take(VALUES_MAX).collect()
    }

    fn required(&self, name: &str) -> Result<&str, EngineError> {
        self.text(name).ok_or_else(|| fault(name, "is missing", "fill it in"))
    }

    fn owned(&self, name: &str) -> String {
        self.text(name).unwrap_or_default().to_owned()
    }

    fn parsed<T>(&self, name: &str) -> Result<T, EngineError>
    where
        T: FromStr,
        T::Err: std::fmt::Display,
    {
        self.required(name)?.parse().map_err(|error: T::Err| fault(name, &error.to_string(), ""))
    }

    fn draft(&self, name: &str) -> Result<Box<Draft>, EngineError> {
        let read = tidegate_formats::draft::parse(self.required(name)?);
        read.map(Box::new).map_err(|fault| EngineError::Faults(vec![fault]))
    }
}

fn fault(name: &str, what: &str, advice: &str) -> EngineError {
    EngineError::Faults(vec![Fault::nowhere(format!("{name}: {what}"), advice)])
}

/// Lets `who` do in the case what was filled in.
///
/// # Errors
/// [`EngineError::Faults`] where a field is missing or unreadable; else as [`Engine::perform`].
pub async fn perform(
    engine: &Engine,
    case: CaseId,
    who: &Slug,
    act: &Act,
    given: &Given,
) -> Result<Performed, EngineError> {
    // Whoever may not know of the case learns nothing from what is wrong with a form either (ALL-01).
    engine.open_case(case, who).await?;
    let verb = match act {
        Act::Built(Verb::Merge) => return engine.merge(case, given.parsed("into")?, who).await,
        Act::Built(verb) => *verb,
        Act::Custom(step) => {
            let action = Action::Custom { step: step.clone(), note: given.owned("text") };
            return engine.perform(case, who, &action).await;
        }
    };
    let action = action(engine, case, who, verb, given).await?;
    engine.perform(case, who, &action).await
}

/// What needs the instance to be understood; the rest is [`plain`].
async fn action(
    engine: &Engine,
    case: CaseId,
    who: &Slug,
    verb: Verb,
    given: &Given,
) -> Result<Action, EngineError> {
    match verb {
        Verb::ProposeEmbargo => {
            let until = match given.text("until") {
                Some(_) => given.parsed("until")?,
                None => engine.proposed_end(case, who).await?,
            };
            Ok(Action::ProposeEmbargo { until })
        }
        Verb::AttachPatch => {
            let release = given.parsed("release")?;
            let (name, bytes) = given.file("file").ok_or_else(|| fault("file", "is missing", "attach it"))?;
            engine.keep_patch(case, who, release, name, bytes).await
        }
        Verb::AssignNumber => {
            let number = match given.text("number") {
                Some(number) => number.to_owned(),
                None => engine.next_advisory_number(case, who).await?,
            };
            Ok(Action::AssignNumber { number })
        }
        Verb::Assign => Ok(Action::Assign { person: person(engine, given).await? }),
        Verb::Invite => {
            Ok(Action::Invite { person: person(engine, given).await?, role: given.parsed("role")? })
        }
        other => plain(other, given),
    }
}

async fn person(engine: &Engine, given: &Given) -> Result<Slug, EngineError> {
    let person: Slug = given.parsed("person")?;
    engine.known(&person).await?;
    Ok(person)
}

fn plain(verb: Verb, given: &Given) -> Result<Action, EngineError> {
    let text = || given.owned("text");
    Ok(match verb {
        Verb::Receive => return Err(fault("receive", "a case was opened by a report already", "")),
        Verb::Acknowledge => Action::Acknowledge { text: text() },
        Verb::HandOver => Action::HandOver { to: given.required("to")?.to_owned(), text: text() },
        Verb::Confirm => {
            let names = given.words("releases");
            let affected: Result<Vec<Slug>, EngineError> = names
                .iter()
                .map(|name| name.parse().map_err(|_| fault("releases", &format!("`{name}` is no name"), "")))
                .collect();
            Action::Confirm { affected: affected?, versions: given.words("versions") }
        }
        Verb::Deny => Action::Deny { reason: given.required("text")?.to_owned() },
        Verb::TellReporter => Action::TellReporter { text: text() },
        Verb::MarkDuplicate => Action::MarkDuplicate { of: given.parsed("of")? },
        Verb::Rate => Action::Rate { rating: given.parsed("vector")? },
        Verb::AcknowledgeConfidence => Action::AcknowledgeConfidence,
        Verb::MessageReporter => Action::MessageReporter { text: given.required("text")?.to_owned() },
        Verb::AcceptEmbargo => Action::AcceptEmbargo,
        Verb::ReviseEmbargo => Action::ReviseEmbargo { until: given.parsed("until")? },
        Verb::RejectEmbargo => Action::RejectEmbargo,
        Verb::EndEmbargo => Action::EndEmbargo { reason: given.required("text")?.to_owned() },
        Verb::RecordPublic => Action::RecordPublic { how: given.required("text")?.to_owned() },
        Verb::RecordExploited => Action::RecordExploited { how: given.required("text")?.to_owned() },
        Verb::RecordAttacked => Action::RecordAttacked { how: given.required("text")?.to_owned() },
        Verb::RecordTest => Action::RecordTest {
            release: given.parsed("release")?,
            outcome: outcome(given)?,
            note: given.owned("note"),
        },
        Verb::GiveReason => Action::GiveReason {
            release: given.parsed("release")?,
            reason: reason(given)?,
            note: given.owned("note"),
        },
        Verb::ReserveCve => Action::ReserveCve { cve: given.parsed("cve")? },
        Verb::DraftAdvisory => Action::DraftAdvisory { draft: given.draft("draft")? },
        Verb::Approve => Action::Approve,
        Verb::Predisclose => Action::Predisclose,
        Verb::RecordCommit => Action::RecordCommit {
            release: given.parsed("release")?,
            commit: given.required("commit")?.to_owned(),
            message: given.required("message")?.to_owned(),
        },
        Verb::RecordRelease => Action::RecordRelease {
            release: given.parsed("release")?,
            version: given.required("version")?.to_owned(),
        },
        Verb::Batch => Action::Batch { batch: given.parsed("batch")?, at: given.parsed("at")? },
        Verb::Announce => Action::Announce,
        Verb::OpenCase => Action::OpenCase,
        Verb::Reissue => Action::Reissue {
            draft: given.draft("draft")?,
            changes: given.required("changes")?.to_owned(),
            action_needed: action_needed(given)?,
        },
        Verb::Retrospective => Action::Retrospective { text: given.required("text")?.to_owned() },
        Verb::Close => Action::Close { reason: text() },
        Verb::Merge
        | Verb::Assign
        | Verb::Invite
        | Verb::ProposeEmbargo
        | Verb::AttachPatch
        | Verb::AssignNumber => unreachable!("`{verb}` is read with the instance at hand"),
    })
}

fn outcome(given: &Given) -> Result<TestOutcome, EngineError> {
    match given.required("outcome")? {
        "pass" => Ok(TestOutcome::Pass),
        "fail" => Ok(TestOutcome::Fail),
        other => Err(fault("outcome", &format!("`{other}` is none"), "say `pass` or `fail`")),
    }
}

fn reason(given: &Given) -> Result<Reason, EngineError> {
    let name = given.required("reason")?;
    Reason::from_name(name).ok_or_else(|| {
        let known = Reason::ALL.map(|reason| format!("`{}`", reason.name())).join(", ");
        fault("reason", &format!("`{name}` is none"), &format!("say one of {known}"))
    })
}

fn action_needed(given: &Given) -> Result<ActionNeeded, EngineError> {
    match given.required("action")? {
        "again" => Ok(ActionNeeded::Again),
        "not-again" => Ok(ActionNeeded::NotAgain),
        other => Err(fault("action", &format!("`{other}` is no answer"), "say `again` or `not-again`")),
    }
}
