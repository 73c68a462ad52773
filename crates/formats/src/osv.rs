//! OSV records (OSV schema 1.7, ossf/osv-schema).
//!
//! A product is named with its ecosystem where its package URL has one that OSV knows, by its git history
//! where a repository and fix commits are known, and otherwise by the versions that are known affected.

use crate::purl::Purl;
use crate::{Context, Link, fixes, json, plain, sections};
use serde::Serialize;
use tidegate_domain::advisory::{AffectedProduct, AffectedRange, Publication};
use tidegate_domain::rating::{CvssVersion, Rating};

/// Database prefixes of the OSV schema that a vendor's own numbers may have; others get `x_`, which the
/// schema keeps for databases that OSV.dev does not aggregate (section "id, modified fields").
const PREFIXES: [&str; 4] = ["CVE-", "CURL-", "GHSA-", "KUBE-"];

#[derive(Serialize)]
struct Osv {
    schema_version: &'static str,
    id: String,
    modified: String,
    published: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    aliases: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related: Vec<String>,
    summary: String,
    details: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    severity: Vec<Severity>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    affected: Vec<Affected>,
    references: Vec<Reference>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    credits: Vec<Credit>,
    database_specific: DatabaseSpecific,
}

#[derive(Serialize)]
struct Severity {
    #[serde(rename = "type")]
    kind: &'static str,
    score: String,
}

#[derive(Serialize)]
struct Affected {
    #[serde(skip_serializing_if = "Option::is_none")]
    package: Option<Package>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ranges: Vec<Range>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    versions: Vec<String>,
    database_specific: ProductInWords,
}

#[derive(Serialize)]
struct Package {
    ecosystem: &'static str,
    name: String,
    purl: String,
}

#[derive(Serialize)]
struct Range {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    repo: Option<String>,
    events: Vec<Event>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Event {
    Introduced(String),
    Fixed(String),
    LastAffected(String),
}

#[derive(Serialize)]
struct ProductInWords {
    product: String,
    affected_versions: Vec<String>,
}

#[derive(Serialize)]
struct Reference {
    #[serde(rename = "type")]
    kind: &'static str,
    url: String,
}

#[derive(Serialize)]
struct Credit {
    name: String,
}

#[derive(Serialize)]
struct DatabaseSpecific {
    number: String,
    version: u32,
    severity: &'static str,
}

/// The publication as one OSV record.
#[must_use]
pub fn record(publication: &Publication, context: &Context) -> Vec<u8> {
    let (aliases, related) = related_ids(publication);
    json::bytes(&Osv {
        schema_version: "1.7.0",
        id: id(publication),
        modified: sections::date(publication.last_updated()),
        published: sections::date(publication.first_public()),
        aliases,
        related,
        summary: plain::line(publication.draft.title.as_str()),
        details: details(publication),
        severity: publication.rating.as_ref().map(severity).into_iter().collect(),
        affected: publication.draft.affected.iter().map(|product| affected(publication, product)).collect(),
        references: references(publication, context),
        credits: credits(publication),
        database_specific: DatabaseSpecific {
            number: sections::number(publication),
            version: publication.version(),
            severity: publication
                .rating
                .as_ref()
                .map_or("severity pending", |rating| rating.severity().name()),
        },
    })
}

/// The record's id: the project's number, with `x_` before it unless its prefix is one that OSV defines.
#[must_use]
pub fn id(publication: &Publication) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    let number: String =
        sections::number(publication).chars().map(|c| if allowed(c) { c } else { '_' }).collect();
    if PREFIXES.iter().any(|prefix| number.starts_with(prefix)) { number } else { format!("x_{number}") }
}

/// Aliases are other names of the same flaw, and transitive; so an advisory about several CVE identifiers is
/// the alias of none of them, only `related`.
fn related_ids(publication: &Publication) -> (Vec<String>, Vec<String>) {
    let own = id(publication);
    let mut cves: Vec<String> = Vec::new();
    for cve in &publication.cves {
        if cve.as_str() != own && cves.iter().all(|known| known != cve.as_str()) {
            cves.push(cve.as_str().to_owned());
        }
    }
    if cves.len() == 1 { (cves, Vec::new()) } else { (Vec::new(), cves) }
}

/// Markdown: the sections under their headings. Text is escaped so that it reads as it was written.
fn details(publication: &Publication) -> String {
    let mut parts: Vec<String> =
        publication.notices.iter().map(|notice| markdown(&plain::clean(notice))).collect();
    for headed in sections::ordered(publication) {
        parts.push(format!("## {}\n\n{}", markdown(&headed.heading), markdown(&headed.text)));
    }
    let fixes = fixes::in_words(publication);
    if !fixes.is_empty() {
        let items: Vec<String> = fixes.lines().map(|line| format!("- {}", markdown(line))).collect();
        parts.push(format!("## Fixes\n\n{}", items.join("\n")));
    }
    if parts.is_empty() { markdown(&sections::summary(publication)) } else { parts.join("\n\n") }
}

/// Neutralises what could become a tag, a link or an image in a reader's Markdown; authors write plain text.
fn markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '<' | '>' | '&' | '[' | ']' | '\\' | '`') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

fn severity(rating: &Rating) -> Severity {
    let kind = match rating.version() {
        CvssVersion::V3_0 | CvssVersion::V3_1 => "CVSS_V3",
        CvssVersion::V4_0 => "CVSS_V4",
    };
    Severity { kind, score: rating.vector().to_owned() }
}

fn affected(publication: &Publication, product: &AffectedProduct) -> Affected {
    let everything = [AffectedRange { introduced: None, fixed: None, last_affected: None }];
    let stated = if product.ranges.is_empty() { everything.as_slice() } else { product.ranges.as_slice() };
    let database_specific = ProductInWords {
        product: plain::line_or(&product.product, "unnamed product"),
        affected_versions: stated.iter().map(sections::range_in_words).collect(),
    };
    let package = product.purl.as_deref().and_then(|text| Purl::parse(text).ok()).and_then(|purl| {
        let (ecosystem, name) = purl.osv_package()?;
        Some(Package { ecosystem, name, purl: purl.as_str().to_owned() })
    });
    let mut ranges: Vec<Range> = Vec::new();
    if package.is_some() {
        ranges.extend(stated.iter().map(ecosystem_range));
    }
    ranges.extend(git_range(publication, product));
    let versions = if ranges.is_empty() { known_versions(stated) } else { Vec::new() };
    Affected { package, ranges, versions, database_specific }
}

fn ecosystem_range(range: &AffectedRange) -> Range {
    let introduced =
        range.introduced.as_deref().map_or_else(|| "0".to_owned(), |version| plain::line_or(version, "0"));
    let end = match (&range.fixed, &range.last_affected) {
        (Some(fixed), _) => Some(Event::Fixed(plain::line(fixed))),
        (None, Some(last)) => Some(Event::LastAffected(plain::line(last))),
        (None, None) => None,
    };
    Range {
        kind: "ECOSYSTEM",
        repo: None,
        events: [Event::Introduced(introduced)].into_iter().chain(end).collect(),
    }
}

/// Fix commits belong to the product with a repository, where there is just one; with several, which
/// commit is whose is not known (an XSA's fixes may live in Linux or QEMU).
fn git_range(publication: &Publication, product: &AffectedProduct) -> Option<Range> {
    let repo = Link::salvage(product.repository.as_deref()?)?;
    let with_repository =
        publication.draft.affected.iter().filter(|product| product.repository.is_some()).count();
    let commits = fixes::commits(&publication.fixes);
    if with_repository != 1 || commits.is_empty() {
        return None;
    }
    let fixed = commits.into_iter().map(|commit| Event::Fixed(commit.to_owned()));
    let events = [Event::Introduced("0".to_owned())].into_iter().chain(fixed).collect();
    Some(Range { kind: "GIT", repo: Some(repo.to_string()), events })
}

/// `versions` is a list of affected versions: both ends of a range are, where they are affected.
fn known_versions(ranges: &[AffectedRange]) -> Vec<String> {
    let mut versions: Vec<String> = Vec::new();
    for version in ranges.iter().flat_map(|range| [&range.introduced, &range.last_affected]).flatten() {
        let version = plain::line(version);
        if !version.is_empty() && !versions.contains(&version) {
            versions.push(version);
        }
    }
    versions
}

fn references(publication: &Publication, context: &Context) -> Vec<Reference> {
    let page = Reference { kind: "ADVISORY", url: context.page.to_string() };
    let further = publication.draft.references.iter().filter_map(|reference| Link::salvage(&reference.url));
    let further = further.map(|link| Reference { kind: "WEB", url: link.to_string() });
    [page].into_iter().chain(further).collect()
}

fn credits(publication: &Publication) -> Vec<Credit> {
    let names = publication.draft.credits.iter().map(sections::credit);
    names.filter(|name| !name.is_empty()).map(|name| Credit { name }).collect()
}
