//! A provider's history as a file, and what a policy makes of it: so that it can be tried before it is adopted.

use super::{About, Action, Actor, Age, Certificate, Entry, Event, Role, Rules, Verb, decide, next_wake};
use crate::fault::Fault;
use crate::reader::{self, FileKind, Reader};
use crate::refusal::Explanation;
use crate::time::Instant;
use serde::Deserialize;
use toml::Spanned;

/// Longest history, in bytes.
pub const HISTORY_BYTES_MAX: usize = 1024 * 1024;
/// Most times that the clock comes by at one instant.
const TICKS_MAX: usize = 1_000;

const KIND: FileKind =
    FileKind { what: "a history", bytes_max: HISTORY_BYTES_MAX, schema: 1, manual: "docs/authority.md" };

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    schema: Spanned<u32>,
    provider: String,
    deployment: String,
    #[serde(default)]
    event: Vec<RawEvent>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEvent {
    at: Spanned<String>,
    by: Spanned<String>,
    #[serde(default)]
    name: String,
    does: Spanned<String>,
    deployment: Option<Spanned<String>>,
    about: Option<Spanned<String>>,
    open: Option<u32>,
    #[serde(default)]
    text: String,
}

/// Something that somebody did, or tried to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    /// When.
    pub at: Instant,
    /// Who.
    pub by: Actor,
    /// What.
    pub action: Action,
}

/// A history: whose, and what happened.
pub type History = ((String, String), Vec<Happening>);

/// Reads a history: provider, deployment, and what was done, in the order of time. What the clock does needs no
/// lines.
///
/// # Errors
/// Every fault that was found.
pub fn read_history(text: &str) -> Result<History, Vec<Fault>> {
    let raw: Raw = reader::fields(text, &KIND)?;
    let mut reader = Reader::new(text);
    reader.schema(&raw.schema, &KIND);
    let mut happenings: Vec<Happening> = Vec::new();
    for event in raw.event {
        let place = event.at.span().start;
        if let Some(happening) = reader.happening(event) {
            if happenings.last().is_some_and(|last| last.at > happening.at) {
                reader.fault(place, "it happened before the one above it", "Put them in the order of time.");
            }
            happenings.push(happening);
        }
    }
    reader.finish(Some(((raw.provider, raw.deployment), happenings)))
}

impl Reader<'_> {
    fn happening(&mut self, raw: RawEvent) -> Option<Happening> {
        let at = self.instant(&raw.at);
        let role = self.word(&raw.by, Role::ALL, Role::name);
        if role == Some(Role::Clock) {
            let advice = "Leave the line out: what the clock does follows from the policy.";
            self.fault(raw.by.span().start, "the clock needs no lines", advice);
        }
        let verb = self.word(&raw.does, Verb::ALL, Verb::name);
        let mut needs = |raw: &Option<Spanned<String>>, wanted: Verb, field: &str, place: usize| {
            if raw.is_none() && verb == Some(wanted) {
                let what = format!("`{}` needs `{field}`", wanted.name());
                self.fault(place, what, "docs/authority.md shows every field.");
            }
        };
        needs(&raw.deployment, Verb::Apply, "deployment", raw.does.span().start);
        needs(&raw.about, Verb::Fail, "about", raw.does.span().start);
        let age = raw.deployment.as_ref().map(|raw| self.word(raw, Age::ALL, Age::name));
        let about = raw.about.as_ref().map(|raw| self.word(raw, About::ALL, About::name));
        if raw.open.is_none() && verb == Some(Verb::ShowFindings) {
            let what = "`show-findings` needs `open`, the number of open findings";
            self.fault(raw.does.span().start, what, "`tidegate closure check` counts them.");
        }
        let (age, about) = (age.unwrap_or(Some(Age::Old))?, about.unwrap_or(Some(About::Service))?);
        let action = Action::of(verb?, &raw.text, age, about, raw.open.unwrap_or(0));
        Some(Happening { at: at?, by: Actor { role: role?, name: raw.name }, action })
    }
}

/// What the policy refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotDone {
    /// When it was tried.
    pub at: Instant,
    /// Who tried.
    pub by: Actor,
    /// What.
    pub verb: Verb,
    /// Why not.
    pub why: Explanation,
}

/// What a policy makes of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// The certificate at the end.
    pub certificate: Certificate,
    /// All that happened, what the clock did included.
    pub entries: Vec<Entry>,
    /// What was refused, and so didn't happen.
    pub refused: Vec<NotDone>,
}

/// Carries a history out under a policy, up to `now`: what comes later is left out.
#[must_use]
pub fn try_out(rules: &Rules, happenings: &[Happening], now: Instant) -> Tried {
    let start = happenings.first().map_or(now, |first| first.at);
    let mut tried = Tried { certificate: Certificate::none(start), entries: Vec::new(), refused: Vec::new() };
    let mut clock = start;
    for happening in happenings.iter().filter(|happening| happening.at <= now) {
        tried.run_clock(rules, clock, happening.at);
        clock = happening.at;
        let Happening { at, by, action } = happening;
        match (decide(rules, &tried.certificate, by, action, *at), action.verb()) {
            (Ok(events), _) => tried.keep(*at, by, events),
            (Err(refusal), Some(verb)) => {
                tried.refused.push(NotDone { at: *at, by: by.clone(), verb, why: refusal.explain() });
            }
            (Err(_), None) => {}
        }
    }
    tried.run_clock(rules, clock, now);
    tried
}

impl Tried {
    fn keep(&mut self, at: Instant, by: &Actor, events: Vec<Event>) {
        for event in events {
            let entry = Entry { at, by: by.clone(), event };
            self.certificate.apply(&entry);
            self.entries.push(entry);
        }
    }

    /// Has the clock do what falls due up to `until`.
    fn run_clock(&mut self, rules: &Rules, from: Instant, until: Instant) {
        let mut now = from;
        for _ in 0..TICKS_MAX {
            let Some(wake) = next_wake(rules, &self.certificate, now).filter(|wake| *wake <= until) else {
                return;
            };
            now = wake;
            let events =
                decide(rules, &self.certificate, &Actor::clock(), &Action::Tick, now).unwrap_or_default();
            if events.is_empty() {
                return;
            }
            self.keep(now, &Actor::clock(), events);
        }
    }
}
