//! CVE records in the CVE JSON 5.1 format (CVEProject/cve-schema, `CVE_Record_Format`), state PUBLISHED.
//!
//! One record for each CVE identifier of a publication. The dates that only the CVE Services know
//! (`dateReserved`, `datePublished`) are theirs to add.

mod model;

use crate::purl::Purl;
use crate::{Context, Link, cwe, fixes, json, plain, sections};
use model::{
    Cna, Containers, Cvss, Generator, Metadata, Metric, ProblemType, Product, ProviderMetadata, Record,
    Reference, Score, Source, Submission, Text, Version, Weakness,
};
use tidegate_domain::advisory::{AffectedProduct, AffectedRange, CveId, Publication, Section};
use tidegate_domain::rating::{CvssVersion, Rating};

/// `maxLength` of `description/value`, in characters; credits have the same.
const TEXT_CHARS_MAX: usize = 4096;
/// `maxLength` of `vendor`, in characters.
const VENDOR_CHARS_MAX: usize = 512;
/// `maxLength` of `product` and `packageName`, in characters.
const PRODUCT_CHARS_MAX: usize = 2048;
/// `maxLength` of `version`, in characters.
const VERSION_CHARS_MAX: usize = 1024;
/// `maxLength` of `title`, in characters.
const TITLE_CHARS_MAX: usize = 256;
/// `maxLength` of `reference/name` and of `repo`, in characters.
const NAME_CHARS_MAX: usize = 512;
/// `maxItems` of `references`.
const REFERENCES_MAX: usize = 512;

/// The whole record of `cve`, as the CVE list publishes it.
#[must_use]
pub fn record(publication: &Publication, cve: &CveId, context: &Context) -> Vec<u8> {
    let cna = &publication.publisher.cna;
    json::bytes(&Record {
        data_type: "CVE_RECORD",
        data_version: "5.1",
        cve_metadata: Metadata {
            cve_id: cve.as_str().to_owned(),
            assigner_org_id: cna.org_id.clone(),
            assigner_short_name: short_name(publication),
            state: "PUBLISHED",
        },
        containers: Containers { cna: container(publication, context) },
    })
}

/// The body of `POST` and `PUT /cve/{id}/cna` of the CVE Services: the same container, wrapped.
#[must_use]
pub fn submission(publication: &Publication, context: &Context) -> Vec<u8> {
    json::bytes(&Submission { cna_container: container(publication, context) })
}

fn container(publication: &Publication, context: &Context) -> Cna {
    Cna {
        provider_metadata: ProviderMetadata {
            org_id: publication.publisher.cna.org_id.clone(),
            short_name: short_name(publication),
            date_updated: sections::date(publication.last_updated()),
        },
        title: plain::cut(&plain::line(publication.draft.title.as_str()), TITLE_CHARS_MAX),
        date_public: sections::date(publication.first_public()),
        affected: affected(publication),
        descriptions: vec![english(&sections::summary(publication))],
        problem_types: publication
            .draft
            .cwe
            .as_deref()
            .filter(|id| cwe::is_id(id))
            .map(problem_type)
            .into_iter()
            .collect(),
        metrics: publication.rating.as_ref().map(metric).into_iter().collect(),
        solutions: solutions(publication),
        workarounds: sections::text(publication, Section::Mitigation)
            .iter()
            .map(|text| english(text))
            .collect(),
        references: references(publication, context),
        credits: credits(publication),
        source: Source { advisory: sections::number(publication) },
        generator: Generator { engine: plain::line(&format!("Tidegate {}", context.engine_version)) },
    }
}

/// `shortName` has 2 to 32 characters.
fn short_name(publication: &Publication) -> Option<String> {
    let name = plain::line(&publication.publisher.cna.short_name);
    if (2..=32).contains(&name.chars().count()) { Some(name) } else { None }
}

fn english(text: &str) -> Text {
    Text { lang: "en", value: plain::cut(text, TEXT_CHARS_MAX) }
}

/// The schema demands at least one product; where the draft names none, nothing is claimed of it.
fn affected(publication: &Publication) -> Vec<Product> {
    let vendor = plain::cut(&sections::publisher(publication), VENDOR_CHARS_MAX);
    if publication.draft.affected.is_empty() {
        return vec![Product {
            product: vendor.clone(),
            vendor,
            collection_url: None,
            package_name: None,
            repo: None,
            versions: Vec::new(),
            default_status: "unknown",
        }];
    }
    publication.draft.affected.iter().map(|affected| product(&vendor, affected)).collect()
}

fn product(vendor: &str, affected: &AffectedProduct) -> Product {
    let package = affected
        .purl
        .as_deref()
        .and_then(|text| Purl::parse(text).ok())
        .and_then(|purl| purl.cve_collection());
    let (collection_url, package_name) = package.unzip();
    let repo = affected.repository.as_deref().and_then(Link::salvage).map(|link| link.as_str().to_owned());
    let version_type = if affected.ranges.iter().all(is_semver) { "semver" } else { "custom" };
    let mut versions: Vec<Version> = Vec::new();
    for range in &affected.ranges {
        let version = version(range, version_type);
        if !versions.contains(&version) {
            versions.push(version);
        }
    }
    Product {
        vendor: vendor.to_owned(),
        product: plain::cut(&plain::line_or(&affected.product, "unnamed product"), PRODUCT_CHARS_MAX),
        collection_url,
        package_name,
        repo: repo.filter(|repo| repo.len() <= NAME_CHARS_MAX),
        default_status: if versions.is_empty() { "affected" } else { "unaffected" },
        versions,
    }
}

/// `0` stands for "from the beginning" and `*` for "without end", as the schema's documentation says.
fn version(range: &AffectedRange, version_type: &'static str) -> Version {
    let text = |version: &str| plain::cut(&plain::line_or(version, "unspecified"), VERSION_CHARS_MAX);
    let (less_than, less_than_or_equal) = match (&range.fixed, &range.last_affected) {
        (Some(fixed), _) => (Some(text(fixed)), None),
        (None, Some(last)) => (None, Some(text(last))),
        (None, None) => (Some("*".to_owned()), None),
    };
    let version = range.introduced.as_deref().map_or_else(|| "0".to_owned(), text);
    Version { version, status: "affected", less_than, less_than_or_equal, version_type }
}

/// Whether every version of the range follows Semantic Versioning 2.0.0.
fn is_semver(range: &AffectedRange) -> bool {
    [&range.introduced, &range.fixed, &range.last_affected]
        .into_iter()
        .flatten()
        .all(|version| is_semantic(version))
}

fn is_semantic(version: &str) -> bool {
    let (version, build) = version.split_once('+').unwrap_or((version, "0"));
    let (core, pre) = version.split_once('-').unwrap_or((version, "0"));
    let is_number = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_digit())
            && (part == "0" || !part.starts_with('0'))
    };
    let is_identifier =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let is_pre =
        |part: &str| is_identifier(part) && (is_number(part) || !part.bytes().all(|b| b.is_ascii_digit()));
    core.split('.').count() == 3
        && core.split('.').all(is_number)
        && pre.split('.').all(is_pre)
        && build.split('.').all(is_identifier)
}

fn problem_type(id: &str) -> ProblemType {
    let description = cwe::name(id).map_or_else(|| id.to_owned(), |name| format!("{id} {name}"));
    ProblemType {
        descriptions: vec![Weakness { lang: "en", description, cwe_id: id.to_owned(), kind: "CWE" }],
    }
}

fn metric(rating: &Rating) -> Metric {
    let cvss = |version: &'static str| Cvss {
        version,
        vector_string: rating.vector().to_owned(),
        base_score: rating.score(),
        base_severity: rating.severity().name().to_uppercase(),
    };
    let score = match rating.version() {
        CvssVersion::V3_0 => Score::V3_0(cvss("3.0")),
        CvssVersion::V3_1 => Score::V3_1(cvss("3.1")),
        CvssVersion::V4_0 => Score::V4_0(cvss("4.0")),
    };
    Metric { format: "CVSS", scenarios: vec![english("GENERAL")], score }
}

fn solutions(publication: &Publication) -> Vec<Text> {
    let resolution = sections::text(publication, Section::Resolution);
    let together = |fixes: String| {
        let fixes = Some(fixes).filter(|text| !text.is_empty());
        resolution.iter().cloned().chain(fixes).collect::<Vec<_>>().join("\n\n")
    };
    let mut text = together(fixes::in_words(publication));
    if text.chars().count() > TEXT_CHARS_MAX {
        text = together(fixes::in_brief(publication));
    }
    if text.is_empty() { Vec::new() } else { vec![english(&text)] }
}

/// The advisory first; each URL once (`uniqueItems`).
fn references(publication: &Publication, context: &Context) -> Vec<Reference> {
    let page = Reference {
        url: context.page.to_string(),
        name: Some(plain::cut(&sections::number(publication), NAME_CHARS_MAX)),
        tags: vec!["vendor-advisory"],
    };
    let mut references = vec![page];
    for reference in &publication.draft.references {
        let Some(url) = Link::salvage(&reference.url).map(|link| link.to_string()) else { continue };
        if references.len() < REFERENCES_MAX && references.iter().all(|known| known.url != url) {
            let name = Some(plain::cut(&plain::line(&reference.title), NAME_CHARS_MAX))
                .filter(|name| !name.is_empty());
            references.push(Reference { url, name, tags: Vec::new() });
        }
    }
    references
}

fn credits(publication: &Publication) -> Vec<Text> {
    let mut credits: Vec<Text> = Vec::new();
    for credit in &publication.draft.credits {
        let text = english(&sections::credit(credit));
        if !text.value.is_empty() && !credits.contains(&text) {
            credits.push(text);
        }
    }
    credits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn semantic_versions_are_told_apart() {
        for good in ["1.2.3", "0.0.0", "1.2.3-rc.1+b.7", "1.2.3-0a"] {
            assert!(is_semantic(good), "{good}");
        }
        for bad in ["1.2", "01.2.3", "1.2.3-01", "1.2.3.4", "4.4.x", "", "1.2.3-", "v1.2.3"] {
            assert!(!is_semantic(bad), "{bad}");
        }
    }
}
