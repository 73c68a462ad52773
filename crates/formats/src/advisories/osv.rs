//! OSV records (OSV schema 1.x).

use super::spans::{self, End, Rest, Span};
use crate::ossa::{Edition, Ossa};
use crate::purl::Package as Purl;
use crate::vers::{Scheme, compare};
use serde::Deserialize;
use serde_json::Value;
use tidegate_domain::fault::Fault;
use tidegate_domain::verdict::Statement;

#[derive(Deserialize)]
struct Record {
    id: String,
    modified: String,
    published: Option<String>,
    withdrawn: Option<String>,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    related: Vec<String>,
    #[serde(default)]
    summary: String,
    #[serde(default)]
    affected: Vec<Affected>,
}

#[derive(Deserialize)]
struct Affected {
    package: Option<Package>,
    #[serde(default)]
    ranges: Vec<Range>,
    #[serde(default)]
    versions: Vec<String>,
    #[serde(default)]
    database_specific: Value,
}

#[derive(Deserialize)]
struct Package {
    ecosystem: String,
    name: String,
    purl: Option<String>,
}

#[derive(Deserialize)]
struct Range {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    events: Vec<Event>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Event {
    introduced: Option<String>,
    fixed: Option<String>,
    last_affected: Option<String>,
}

pub(super) fn read(document: Value) -> Result<Ossa, Fault> {
    let record: Record = serde_json::from_value(document)
        .map_err(|error| Fault::nowhere(format!("not an OSV record: {error}"), "see ossf/osv-schema"))?;
    if let Some(day) = &record.withdrawn {
        return Err(Fault::nowhere(
            format!("{} was withdrawn on {day}", record.id),
            "nothing is judged by it",
        ));
    }
    let published = spans::published(record.published.as_deref(), "the OSV record");
    let mut statements = Vec::new();
    for affected in &record.affected {
        let Some(product) = product(affected) else { continue };
        let (spans, rest) = spans_of(affected);
        statements.push(Statement {
            advisory: record.id.clone(),
            product,
            said: spans::in_words(&spans),
            affected: spans::affected(&spans, rest),
            published: published.clone(),
        });
    }
    if statements.is_empty() {
        let about: Vec<&str> = record
            .affected
            .iter()
            .flat_map(|one| &one.package)
            .map(|package| package.ecosystem.as_str())
            .collect();
        let what = format!("{} is about no product that verdicts are given on: {about:?}", record.id);
        return Err(Fault::nowhere(what, "verdicts are given on PyPI's packages and on upstream's products"));
    }
    let cves = record.aliases.into_iter().chain(record.related).filter(|id| id.starts_with("CVE-")).collect();
    Ok(Ossa {
        id: record.id,
        edition: Edition::new(&record.modified),
        title: record.summary,
        published,
        statements,
        cves,
        bugs: Vec::new(),
        reviews: Vec::new(),
    })
}

/// The product whose versions are upstream's; nothing for a distribution's or another ecosystem's package.
fn product(affected: &Affected) -> Option<String> {
    let named = affected.database_specific.get("product").and_then(Value::as_str);
    let name = match &affected.package {
        None => named?.to_owned(),
        Some(package) if matches!(package.ecosystem.as_str(), "PyPI" | "GIT" | "") => package.name.clone(),
        Some(package) => {
            let purl = Purl::normalized(package.purl.as_deref()?).ok()?;
            let is_upstream = matches!(purl.kind.as_str(), "pypi" | "github" | "generic");
            is_upstream.then_some(purl.name)?
        }
    };
    Some(name.trim().to_lowercase())
}

/// The affected versions, and whether the record tells about others.
fn spans_of(affected: &Affected) -> (Vec<Span>, Rest) {
    let mut spans: Vec<Span> = Vec::new();
    for range in affected.ranges.iter().filter(|range| range.kind != "GIT") {
        spans.extend(between_events(&range.events));
    }
    let has_ranges = !spans.is_empty();
    if !has_ranges && let Some(own) = own_words(&affected.database_specific) {
        return (own, Rest::Unaffected);
    }
    let scheme = Scheme::Pypi;
    for version in &affected.versions {
        if !spans.iter().any(|span| span.holds(scheme, version)) {
            spans.push(Span::one(version));
        }
    }
    // A list of versions alone is what was checked; with it goes a range of commits that isn't read here.
    (spans, if has_ranges { Rest::Unaffected } else { Rest::Untold })
}

impl Span {
    fn holds(&self, scheme: Scheme, version: &str) -> bool {
        let starts = self.from.as_deref().is_none_or(|from| compare(scheme, version, from).is_ge());
        let goes_on = match &self.to {
            End::Below(end) => compare(scheme, version, end).is_lt(),
            End::Through(end) => compare(scheme, version, end).is_le(),
            End::Never => true,
        };
        starts && goes_on
    }
}

/// Events come in any order: each introduction lasts to the first end after it.
fn between_events(events: &[Event]) -> Vec<Span> {
    let order = |a: &str, b: &str| match (a, b) {
        ("0", "0") => std::cmp::Ordering::Equal,
        ("0", _) => std::cmp::Ordering::Less,
        (_, "0") => std::cmp::Ordering::Greater,
        (a, b) => compare(Scheme::Pypi, a, b),
    };
    let ends = |event: &Event| match (&event.fixed, &event.last_affected) {
        (Some(fixed), _) => Some(End::Below(fixed.clone())),
        (None, Some(last)) => Some(End::Through(last.clone())),
        (None, None) => None,
    };
    let version = |end: &End| match end {
        End::Below(version) | End::Through(version) => version.clone(),
        End::Never => String::new(),
    };
    let mut starts: Vec<&str> = events.iter().filter_map(|event| event.introduced.as_deref()).collect();
    starts.sort_by(|a, b| order(a, b));
    let mut all_ends: Vec<End> = events.iter().filter_map(ends).collect();
    all_ends.sort_by(|a, b| order(&version(a), &version(b)));
    let reaches = |end: &&End, start: &str| match end {
        End::Below(end) => order(end, start).is_gt(),
        End::Through(end) => order(end, start).is_ge(),
        End::Never => true,
    };
    let span = |start: &str| Span {
        from: Span::from(start),
        to: all_ends.iter().find(|end| reaches(end, start)).cloned().unwrap_or(End::Never),
    };
    starts.into_iter().map(span).collect()
}

/// What Tidegate says in words where OSV has no ecosystem for a product: `from 4.18.0 before 4.18.7`.
fn own_words(specific: &Value) -> Option<Vec<Span>> {
    let words = specific.get("affected_versions")?.as_array()?;
    words.iter().map(|words| words.as_str().and_then(one_of_own)).collect()
}

fn one_of_own(words: &str) -> Option<Span> {
    if words == "all versions" {
        return Some(Span { from: None, to: End::Never });
    }
    let (from, rest) = match words.strip_prefix("from ") {
        Some(rest) => {
            let (from, rest) = rest.split_once(' ')?;
            (Some(from.to_owned()), rest)
        }
        None => (None, words),
    };
    let to = if let Some(end) = rest.strip_prefix("before ") {
        End::Below(end.to_owned())
    } else if let Some(end) = rest.strip_prefix("up to and including ") {
        End::Through(end.to_owned())
    } else if rest == "on" && from.is_some() {
        End::Never
    } else {
        return None;
    };
    Some(Span { from, to })
}
