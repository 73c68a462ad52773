//! Events in words, for people.

use serde_json::Value;
use tidegate_domain::case::Event;
use tidegate_domain::time::Instant;

/// An event in a line.
#[must_use]
pub fn event_line(event: &Event) -> String {
    if let Event::CustomDone { step, note } = event {
        return format!("done: {step}, {note}");
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
