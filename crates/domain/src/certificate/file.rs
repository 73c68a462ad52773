//! From the text of a policy for certificates to [`Rules`], or to every fault in it with its place.

use super::rules::{About, Exposure, Fact, Joins, Public, Role, Rules, Shows, Step, Verb};
use crate::fault::Fault;
use crate::policy::parse_length;
use crate::reader::{self, FileKind, Reader};
use crate::time::Length;
use jiff::tz::TimeZone;
use serde::Deserialize;
use std::collections::BTreeSet;
use toml::Spanned;

/// Longest policy for certificates, in bytes.
pub const RULES_BYTES_MAX: usize = 256 * 1024;
/// What the top of such a file says it is.
const CERTIFICATE: &str = "certificate";

const KIND: FileKind = FileKind {
    what: "a policy for certificates",
    bytes_max: RULES_BYTES_MAX,
    schema: 1,
    manual: "docs/authority.md",
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    schema: Spanned<u32>,
    kind: Spanned<String>,
    id: Spanned<String>,
    title: String,
    source: String,
    summary: String,
    zone: Spanned<String>,
    times: RawTimes,
    joins: RawJoins,
    checks: RawChecks,
    public: RawPublic,
    #[serde(default)]
    step: Vec<RawStep>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTimes {
    valid: Spanned<String>,
    renew: Spanned<String>,
    answer: Spanned<String>,
    appeal: Spanned<String>,
    clause: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawJoins {
    new: Spanned<String>,
    old: Spanned<String>,
    clause: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawChecks {
    about: Vec<Spanned<String>>,
    clause: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPublic {
    status: Spanned<String>,
    history: Spanned<String>,
    reaches: Spanned<String>,
    clause: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStep {
    does: Spanned<String>,
    by: Vec<Spanned<String>>,
    #[serde(default)]
    after: Vec<Spanned<String>>,
    #[serde(default)]
    before: Vec<Spanned<String>>,
    within: Option<Spanned<String>>,
    clause: String,
}

/// Whether a text says of itself that it is a policy for certificates.
#[must_use]
pub fn is_rules(text: &str) -> bool {
    #[derive(Deserialize)]
    struct Top {
        kind: Option<String>,
    }
    text.len() <= RULES_BYTES_MAX
        && toml::from_str::<Top>(text).is_ok_and(|top| top.kind.as_deref() == Some(CERTIFICATE))
}

/// Reads a policy for certificates.
///
/// # Errors
/// Every fault that was found.
pub fn read(text: &str) -> Result<Rules, Vec<Fault>> {
    let raw: Raw = reader::fields(text, &KIND)?;
    let mut reader = Reader::new(text);
    let rules = reader.rules(raw);
    reader.finish(rules)
}

impl Reader<'_> {
    fn rules(&mut self, raw: Raw) -> Option<Rules> {
        self.schema(&raw.schema, &KIND);
        if raw.kind.get_ref() != CERTIFICATE {
            self.fault(
                raw.kind.span().start,
                "it is no policy for certificates",
                "Write kind = \"certificate\".",
            );
        }
        let id = self.parsed(&raw.id, "id", "Write small letters, digits and dashes.");
        let zone = TimeZone::get(raw.zone.get_ref());
        if zone.is_err() {
            let what = format!("`{}` is no time zone", raw.zone.get_ref().escape_debug());
            self.fault(raw.zone.span().start, what, "Write an IANA name, such as Europe/Berlin, or UTC.");
        }
        let times = &raw.times;
        let (valid, renew) = (self.length(&times.valid), self.length(&times.renew));
        let (answer, appeal) = (self.length(&times.answer), self.length(&times.appeal));
        let (new, old) = (
            self.word(&raw.joins.new, Shows::ALL, Shows::name),
            self.word(&raw.joins.old, Shows::ALL, Shows::name),
        );
        let about = self.words(&raw.checks.about, About::ALL, About::name);
        let public = self.public(raw.public);
        let steps = self.certificate_steps(raw.step);
        Some(Rules {
            id: id?,
            title: raw.title,
            source: raw.source,
            summary: raw.summary,
            zone: zone.ok()?,
            valid: valid?,
            renew: renew?,
            answer: answer?,
            appeal: appeal?,
            clause: raw.times.clause,
            joins: Joins { new: new?, old: old?, clause: raw.joins.clause },
            counts: (about.into_iter().collect(), raw.checks.clause),
            public: public?,
            steps,
        })
    }

    fn public(&mut self, raw: RawPublic) -> Option<Public> {
        let status = self.word(&raw.status, Exposure::ALL, Exposure::name);
        let history = self.word(&raw.history, Exposure::ALL, Exposure::name);
        let reaches = self.length(&raw.reaches);
        Some(Public { status: status?, history: history?, reaches: reaches?, clause: raw.clause })
    }

    fn certificate_steps(&mut self, raw: Vec<RawStep>) -> Vec<Step> {
        let mut steps: Vec<Step> = Vec::new();
        for raw in raw {
            let place = raw.does.span().start;
            let does = self.word(&raw.does, Verb::ALL, Verb::name);
            let by: BTreeSet<Role> = self.words(&raw.by, Role::ALL, Role::name).into_iter().collect();
            if raw.by.is_empty() {
                self.fault(place, "nobody may do this step", "Name who, in `by`.");
            }
            if let Some(does) =
                does.filter(|does| by.contains(&Role::Clock) && !super::decide::is_the_clocks(*does))
            {
                let what = format!("the clock can't {}", does.phrase());
                self.fault(place, what, "Leave `clock` out.");
            }
            if does.is_some_and(|does| steps.iter().any(|step| step.does == does)) {
                self.fault(place, "this step is there twice", "Keep one.");
            }
            let after = self.words(&raw.after, Fact::ALL, Fact::name);
            let before = self.words(&raw.before, Fact::ALL, Fact::name);
            let within = raw.within.as_ref().and_then(|within| self.length(within));
            steps.extend(does.map(|does| Step { does, by, after, before, within, clause: raw.clause }));
        }
        steps
    }

    fn length(&mut self, raw: &Spanned<String>) -> Option<Length> {
        let length = parse_length(raw.get_ref());
        if length.is_none() {
            let what = format!("`{}` is no length of time", raw.get_ref().escape_debug());
            let advice = "Write P14D, P1M, PT72H or \"5 working days\": more than nothing, up to ten years.";
            self.fault(raw.span().start, what, advice);
        }
        length
    }

    fn words<T: Copy>(&mut self, raw: &[Spanned<String>], all: &[T], name: fn(T) -> &'static str) -> Vec<T> {
        raw.iter().filter_map(|word| self.word(word, all, name)).collect()
    }
}
