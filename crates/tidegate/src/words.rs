//! Events in words, for people.

use serde_json::Value;
use tidegate_domain::case::{By, Entry, Event, REPORTER, TreeCheck};
use tidegate_domain::time::Instant;

/// An event in a line.
#[must_use]
pub fn event_line(event: &Event) -> String {
    if let Event::CustomDone { step, note } = event {
        return format!("done: {step}, {note}");
    }
    if let Event::PatchChecked { release, checks } = event {
        let found = |check: &TreeCheck| format!(", {} {}", check.name, crate::applies::stands(&check.found));
        return format!("patch checked: {release}{}", checks.iter().map(found).collect::<String>());
    }
    if let Event::ForecastChanged { release, was, is } = event {
        let was = was.as_ref().map(|was| format!("{}, now ", was.outlook)).unwrap_or_default();
        return format!("forecast: {release} on {}: {was}{}", is.branch, is.outlook);
    }
    let value = serde_json::to_value(event).unwrap_or_default();
    match &value {
        Value::String(name) => name.replace('-', " "),
        Value::Object(fields) => {
            let Some((name, fields)) = fields.iter().next() else { return String::new() };
            let details: Vec<String> = fields.as_object().into_iter().flatten().filter_map(detail).collect();
            format!("{}: {}", name.replace('-', " "), details.join(", "))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => String::new(),
    }
}

fn detail((name, value): (&String, &Value)) -> Option<String> {
    let instant = matches!(name.as_str(), "until" | "at" | "planned" | "due");
    match value {
        Value::String(text) if text.is_empty() => None,
        Value::String(text) if text.chars().count() > 60 => {
            Some(format!("{}…", text.chars().take(60).collect::<String>()))
        }
        Value::String(text) => Some(text.clone()),
        Value::Number(number) if instant => {
            number.as_i64().map(|micros| Instant::from_micros(micros).readable())
        }
        Value::Number(number) => Some(format!("{name} {number}")),
        Value::Array(list) if !list.is_empty() && list.iter().all(Value::is_string) => {
            Some(list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "))
        }
        Value::Object(fields) => {
            fields.get("title").or_else(|| fields.get("why")).and_then(Value::as_str).map(str::to_owned)
        }
        Value::Null | Value::Bool(_) | Value::Array(_) => None,
    }
}

/// How many hours the fix was in public before the announcement, where it came first (CS-12).
#[must_use]
pub fn exposed_hours<'e>(log: impl IntoIterator<Item = &'e Entry>) -> Option<i64> {
    let (mut committed, mut announced) = (None, None);
    for entry in log {
        match entry.event {
            Event::Committed { .. } => committed = committed.or(Some(entry.at.micros())),
            Event::Announced { .. } => announced = announced.or(Some(entry.at.micros())),
            _ => {}
        }
    }
    let (committed, announced) = (committed?, announced?);
    (committed < announced).then_some((announced - committed) / 3_600_000_000)
}

/// Something that the reporter and the security team told each other, as the reporter reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// When.
    pub at: Instant,
    /// Who.
    pub from: &'static str,
    /// What, in a line.
    pub what: String,
    /// The words, where there are any.
    pub text: String,
    /// Names of files that came with it.
    pub files: Vec<String>,
}

/// A line of the reporter's correspondence. Who of the security team wrote is not the reporter's to know:
/// letters come from the team.
#[must_use]
pub fn said(entry: &Entry) -> Said {
    let from = match &entry.by {
        By::Person(name) if name.as_str() == REPORTER => "you",
        By::Person(_) => "the security team",
        By::Clock => "the clock",
    };
    let (what, text) = match &entry.event {
        // What came by the mailbox's form has no title.
        Event::Heard { report } if report.title.is_missing() => ("a message".to_owned(), report.text.clone()),
        Event::Received { report, .. } | Event::Heard { report } => {
            (report.title.to_string(), report.text.clone())
        }
        Event::Acknowledged { text } => ("the report arrived".to_owned(), text.clone()),
        Event::ReporterTold { text } => ("the verdict".to_owned(), text.clone()),
        Event::Messaged { text } => ("a message".to_owned(), text.clone()),
        Event::EmbargoProposed { until, .. } => {
            (format!("an embargo is proposed that ends {}", until.readable()), String::new())
        }
        Event::EmbargoAccepted { .. } => ("the proposed end is accepted".to_owned(), String::new()),
        Event::EmbargoAgreed { until } => {
            (format!("the embargo is agreed and ends {}", until.readable()), String::new())
        }
        Event::EmbargoRejected { .. } => ("the proposed end is rejected".to_owned(), String::new()),
        Event::EmbargoEnded { reason, .. } => ("the embargo is over".to_owned(), reason.clone()),
        Event::Announced { version, .. } => {
            (format!("version {version} of the advisory is public"), String::new())
        }
        // What is left is the reporter's own doing, or an alarm about an instant that they know.
        own => (event_line(own), String::new()),
    };
    let files = match &entry.event {
        Event::Received { report, .. } | Event::Heard { report } => {
            report.attachments.iter().map(|(name, _)| name.clone()).collect()
        }
        _ => Vec::new(),
    };
    Said { at: entry.at, from, what, text, files }
}
