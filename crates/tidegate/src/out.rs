//! What the command line prints, and how it fails.

use crate::engine::EngineError;
use crate::instance::InstanceError;
use serde_json::{Value, json};
use std::fmt;
use std::io::Write;
use tidegate_domain::fault::Fault;
use tidegate_domain::refusal::Explanation;
use tidegate_domain::time::Instant;

/// What sort of failure it is, which the exit code tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Something else went wrong.
    Failure,
    /// The command line cannot be read.
    Usage,
    /// A rule refuses.
    Refused,
    /// There is no such thing.
    NotFound,
    /// What was handed in has faults.
    Faults,
    /// A series of patches that nothing makes apply, or a recipe that does not hold.
    NeverApplies,
}

impl Kind {
    /// The word for programs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Failure => "failure",
            Kind::Usage => "usage",
            Kind::Refused => "refused",
            Kind::NotFound => "not-found",
            Kind::Faults => "faults",
            Kind::NeverApplies => "never-applies",
        }
    }

    /// The program's exit code.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Kind::Failure => 1,
            Kind::Usage => 2,
            Kind::Refused => 3,
            Kind::NotFound => 4,
            Kind::Faults => 5,
            Kind::NeverApplies => 6,
        }
    }
}

/// Why a command failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What sort of failure.
    pub kind: Kind,
    /// For whoever typed the command.
    pub message: String,
    /// The same in parts, for programs; never empty.
    details: Vec<Detail>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Detail {
    message: String,
    rule: String,
    place: String,
    help: String,
}

impl Detail {
    /// Words whose further, indented lines are advice.
    fn of(message: &str) -> Detail {
        let (message, help) = message.split_once("\n  ").unwrap_or((message, ""));
        Detail { message: message.to_owned(), help: help.to_owned(), ..Detail::default() }
    }

    fn fault(name: Option<&str>, fault: &Fault) -> Detail {
        let spot = (fault.line > 0).then(|| format!("line {}, column {}", fault.line, fault.column));
        let place: Vec<&str> = name.into_iter().chain(spot.as_deref()).collect();
        Detail {
            message: fault.what.clone(),
            place: place.join(", "),
            help: fault.advice.clone(),
            ..Detail::default()
        }
    }

    fn to_json(&self) -> Value {
        let parts =
            [("message", &self.message), ("rule", &self.rule), ("place", &self.place), ("help", &self.help)];
        let said = parts.into_iter().filter(|(_, text)| !text.is_empty());
        said.map(|(name, text)| (name.to_owned(), json!(text))).collect()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Failure {
    /// A failure in plain words.
    #[must_use]
    pub fn plain(message: impl Into<String>) -> Failure {
        Failure::of(Kind::Failure, message)
    }

    /// A failure of some kind in plain words.
    #[must_use]
    pub fn of(kind: Kind, message: impl Into<String>) -> Failure {
        let message = message.into();
        Failure { kind, details: vec![Detail::of(&message)], message }
    }

    /// Faults in something that was handed in.
    #[must_use]
    pub fn faults(name: &str, faults: &[Fault]) -> Failure {
        let shown: Vec<String> = faults.iter().map(|fault| format!("{name}: {fault}")).collect();
        let details = faults.iter().map(|fault| Detail::fault(Some(name), fault)).collect();
        Failure { kind: Kind::Faults, message: shown.join("\n"), details }
    }

    /// A file or stream that failed.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
    pub fn io(error: std::io::Error) -> Failure {
        Failure::plain(error.to_string())
    }

    /// A file that failed, by name.
    #[must_use]
    pub fn file(path: &std::path::Path, error: &std::io::Error) -> Failure {
        let message = format!("{}: {error}", path.display());
        let detail =
            Detail { message: error.to_string(), place: path.display().to_string(), ..Detail::default() };
        Failure { kind: Kind::Failure, message, details: vec![detail] }
    }

    /// For programs: `{"error": {"kind", "message", "rule"?, "place"?, "help"?, "more"?}}`, where `more` holds
    /// the second and further faults of one input.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut parts = self.details.iter().map(Detail::to_json);
        let mut error = parts.next().unwrap_or_else(|| json!({"message": self.message}));
        let more: Vec<Value> = parts.collect();
        if let Some(fields) = error.as_object_mut() {
            fields.insert("kind".to_owned(), json!(self.kind.name()));
            if !more.is_empty() {
                fields.insert("more".to_owned(), json!(more));
            }
        }
        json!({"error": error})
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Failure {
        let message = error.to_string();
        match error {
            EngineError::Refused(explanation) => {
                let Explanation { why, clause, needed } = *explanation;
                let detail = Detail { message: why, rule: clause, help: needed, ..Detail::default() };
                Failure { kind: Kind::Refused, message, details: vec![detail] }
            }
            EngineError::Faults(faults) => {
                let details = faults.iter().map(|fault| Detail::fault(None, fault)).collect();
                Failure { kind: Kind::Faults, message, details }
            }
            EngineError::NoSuchCase(_)
            | EngineError::NoSuchStream(_)
            | EngineError::NoSuchProject(_)
            | EngineError::NoSuchPerson(_) => Failure::of(Kind::NotFound, message),
            EngineError::ClockBehind { .. }
            | EngineError::Keys(_)
            | EngineError::Store(_)
            | EngineError::Unreadable { .. } => Failure::plain(message),
        }
    }
}

impl From<InstanceError> for Failure {
    fn from(error: InstanceError) -> Failure {
        match error {
            InstanceError::Engine(error) => error.into(),
            other => Failure::plain(other.to_string()),
        }
    }
}

/// Where results go: text for people, or JSON.
#[derive(Clone, Copy, Debug)]
pub struct Out {
    /// Whether JSON was asked for.
    pub json: bool,
}

impl Out {
    /// Prints `text` for people, or `value` as JSON. A reader that went away (`| head`) is no failure.
    pub fn show(&self, text: &str, value: &Value) -> Result<(), Failure> {
        if self.json {
            self.bytes(format!("{value:#}\n").as_bytes())
        } else {
            let end = if text.ends_with('\n') || text.is_empty() { "" } else { "\n" };
            self.bytes(format!("{text}{end}").as_bytes())
        }
    }

    /// Prints bytes as they are.
    pub fn bytes(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut stdout = std::io::stdout().lock();
        match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            other => other.map_err(Failure::io),
        }
    }

    /// Says something beside the result, on standard error. As JSON it is a line of its own.
    pub fn note(&self, text: &str) {
        let text = if self.json { json!({"note": text.trim()}).to_string() } else { text.to_owned() };
        // Nobody may be listening there; the result does not depend on it.
        let _ = writeln!(std::io::stderr().lock(), "{text}");
    }

    /// Says why the command failed, on standard error: in words, or as one JSON object on the last line.
    pub fn failed(&self, failure: &Failure) {
        let text =
            if self.json { failure.to_json().to_string() } else { format!("tidegate: {}", failure.message) };
        // Nobody may be listening; the exit code says it as well.
        let _ = writeln!(std::io::stderr().lock(), "{text}");
    }
}

/// The fields of log lines that hold instants, which are stored as microseconds.
const INSTANTS: [&str; 4] = ["at", "until", "planned", "due"];

/// Log lines as JSON for programs: instants in RFC 3339, as everywhere else.
#[must_use]
pub fn lines(entries: &impl serde::Serialize) -> Value {
    let mut value = json!(entries);
    tell_instants(&mut value);
    value
}

fn tell_instants(value: &mut Value) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(tell_instants),
        Value::Object(fields) => {
            for (name, field) in fields {
                match field.as_i64().filter(|_| INSTANTS.contains(&name.as_str())) {
                    Some(micros) => *field = json!(Instant::from_micros(micros).to_string()),
                    None => tell_instants(field),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A bar for work that takes a while, on standard error, only where somebody watches.
#[must_use]
pub fn bar(length: u64, what: &str) -> indicatif::ProgressBar {
    let style = indicatif::ProgressStyle::with_template("{msg} {bar:30} {pos}/{len}");
    let bar = indicatif::ProgressBar::new(length).with_message(what.to_owned());
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// A table for people.
#[must_use]
pub fn table(heading: &[&str], rows: &[Vec<String>]) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(heading.iter().copied());
    for row in rows {
        table.add_row(row.iter().map(|cell| printable(cell)));
    }
    table.to_string().lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// Text from outside, safe for a terminal: no control characters, nothing that reorders what is shown.
#[must_use]
pub fn printable(text: &str) -> String {
    let hidden = |c: char| {
        (c.is_control() && c != '\n' && c != '\t')
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if hidden(c) { '\u{fffd}' } else { c }).collect()
}
