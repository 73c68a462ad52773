//! CSAF 2.0 security advisories (OASIS Standard "Common Security Advisory Framework Version 2.0").
//!
//! A document is of the profile `csaf_security_advisory` (section 4.4) and passes the mandatory tests of
//! section 6.1 for any publication, hostile text included. CSAF 2.0 has no place for CVSS 4.0; such a
//! vector is in a note. A weakness is named where its name is known, since the standard demands the exact
//! name (section 6.1.11).

mod model;
mod tree;
mod vulnerability;

use crate::{Context, Link, json, plain, sections};
use model::{
    Acknowledgment, AggregateSeverity, Csaf, Distribution, Document, Engine, Generator, Note, Publisher,
    Reference, Revision, Tlp, Tracking,
};
use tidegate_domain::advisory::{Publication, Section};
use tidegate_domain::time::Instant;

/// What a publisher's `namespace` is where its home page is no `https:` URL (RFC 2606: never resolves).
const NAMESPACE_UNKNOWN: &str = "https://publisher.invalid";

/// The publication as a CSAF 2.0 document.
#[must_use]
pub fn document(publication: &Publication, context: &Context) -> Vec<u8> {
    let tree::Built { product_tree, status, releases } = tree::build(publication);
    let products = vulnerability::Products { status: &status, releases: &releases };
    let vulnerabilities = vulnerability::all(publication, context, &products);
    json::bytes(&Csaf { document: document_part(publication, context), product_tree, vulnerabilities })
}

/// The file name that section 5.1 demands: the tracking id in lower case, every run of other characters
/// than `+`, `-`, letters and digits replaced by one underscore.
#[must_use]
pub fn file_name(publication: &Publication) -> String {
    let mut name = String::new();
    for c in sections::number(publication).to_lowercase().chars() {
        if c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '+' | '-') {
            name.push(c);
        } else if !name.ends_with('_') {
            name.push('_');
        }
    }
    name.push_str(".json");
    name
}

fn document_part(publication: &Publication, context: &Context) -> Document {
    Document {
        acknowledgments: acknowledgments(publication),
        aggregate_severity: AggregateSeverity {
            text: publication
                .rating
                .as_ref()
                .map_or("severity pending", |rating| rating.severity().name())
                .to_owned(),
        },
        category: "csaf_security_advisory",
        csaf_version: "2.0",
        distribution: Distribution { tlp: Tlp { label: "WHITE", url: "https://www.first.org/tlp/" } },
        lang: "en",
        notes: notes(publication),
        publisher: publisher(publication),
        references: references(publication, context),
        title: plain::line(publication.draft.title.as_str()),
        tracking: tracking(publication, context),
    }
}

fn acknowledgments(publication: &Publication) -> Vec<Acknowledgment> {
    let acknowledgment = |credit: &tidegate_domain::advisory::Credit| {
        let name = plain::line(&credit.name);
        let organization = credit.organisation.as_deref().map(plain::line).filter(|text| !text.is_empty());
        let names = if name.is_empty() { Vec::new() } else { vec![name] };
        if names.is_empty() && organization.is_none() {
            None
        } else {
            Some(Acknowledgment { names, organization })
        }
    };
    publication.draft.credits.iter().filter_map(acknowledgment).collect()
}

/// What concerns the whole advisory; what concerns the flaw itself is in the vulnerabilities' notes.
fn notes(publication: &Publication) -> Vec<Note> {
    let notices =
        publication.notices.iter().map(|notice| plain::clean(notice)).filter(|text| !text.is_empty());
    let notices = notices.map(|text| Note { category: "legal_disclaimer", text, title: "Notice".to_owned() });
    let sections = sections::ordered(publication).into_iter().filter_map(|headed| {
        let category = match headed.section {
            Section::Summary => "summary",
            Section::AffectedSystems | Section::Deployment => "general",
            Section::Notes => "other",
            Section::Description | Section::Impact | Section::Mitigation | Section::Resolution => {
                return None;
            }
        };
        Some(Note { category, text: headed.text, title: headed.heading })
    });
    notices.chain(sections).collect()
}

fn publisher(publication: &Publication) -> Publisher {
    let contact = plain::line(&publication.publisher.contact);
    let namespace = Link::salvage(&publication.publisher.url);
    Publisher {
        category: "vendor",
        contact_details: if contact.is_empty() { None } else { Some(contact) },
        name: sections::publisher(publication),
        namespace: namespace.map_or_else(|| NAMESPACE_UNKNOWN.to_owned(), |link| link.as_str().to_owned()),
    }
}

/// First the document itself (test 6.2.11 asks for it), then the page, then further reading.
fn references(publication: &Publication, context: &Context) -> Vec<Reference> {
    let itself = Reference {
        category: "self",
        summary: format!("{} as CSAF document", sections::number(publication)),
        url: context.csaf_folder.join(&file_name(publication)).to_string(),
    };
    let page = Reference {
        category: "self",
        summary: format!("{} as page", sections::number(publication)),
        url: context.page.to_string(),
    };
    let further = publication.draft.references.iter().filter_map(|reference| {
        let url = Link::salvage(&reference.url)?.to_string();
        Some(Reference { category: "external", summary: plain::line_or(&reference.title, &url), url })
    });
    [itself, page].into_iter().chain(further).collect()
}

/// Section 3.2.1.12. CSAF counts versions from 1 without gaps (test 6.1.21); where the project's own
/// number differs, because earlier versions were never public, `legacy_version` has it.
fn tracking(publication: &Publication, context: &Context) -> Tracking {
    let mut latest = publication.first_public();
    let mut revision_history = Vec::with_capacity(publication.history.len().max(1));
    for (position, issued) in publication.history.iter().enumerate() {
        latest = latest.max(issued.at);
        let number = (position + 1).to_string();
        let own_number = issued.version.to_string();
        revision_history.push(Revision {
            date: sections::date(latest),
            legacy_version: if own_number == number { None } else { Some(own_number) },
            number,
            summary: sections::changes(issued),
        });
    }
    if revision_history.is_empty() {
        revision_history.push(undated(latest));
    }
    Tracking {
        current_release_date: sections::date(latest),
        generator: Generator {
            engine: Engine { name: "Tidegate", version: plain::line_or(&context.engine_version, "unknown") },
        },
        id: sections::number(publication),
        initial_release_date: sections::date(publication.first_public()),
        version: revision_history.len().to_string(),
        revision_history,
        status: "final",
    }
}

/// A history is never empty; a document about one that is must still be valid.
fn undated(at: Instant) -> Revision {
    Revision {
        date: sections::date(at),
        legacy_version: None,
        number: "1".to_owned(),
        summary: "Public release.".to_owned(),
    }
}
