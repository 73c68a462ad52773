//! A project's advisories.

use super::advisory::severity_badge;
use super::layout::{Frame, Here, project_page};
use super::{IndexEntry, ProjectLinks, text};
use maud::{Markup, html};
use tidegate_domain::advisory::{Publication, Publisher};

/// The list of a project's advisories, newest first by the day they first became public, under the years.
#[must_use]
pub fn index(publisher: &Publisher, entries: &[IndexEntry<'_>], links: &ProjectLinks) -> String {
    let mut newest_first: Vec<&IndexEntry<'_>> = entries.iter().collect();
    newest_first.sort_by(|a, b| order(b.publication).cmp(&order(a.publication)));
    let main = html! {
        h1 { "Security advisories" }
        p.lead {
            "What " bdi { (text::line(&publisher.name)) } " has published, newest first. The "
            a href=(links.policy) { "policy" } " says how reports are handled; the "
            a href=(links.feed) { "feed" } " tells of each new advisory and each new version."
        }
        @if newest_first.is_empty() { p { "There are no advisories." } }
        @for year in newest_first.chunk_by(|a, b| first_year(a.publication) == first_year(b.publication)) {
            @if let Some(first) = year.first() { h2.year { (first_year(first.publication)) } }
            ul.advisories { @for entry in year { li { (listed(entry)) } } }
        }
    };
    let frame =
        Frame { title: "Security advisories", description: "", publisher, links, here: Here::Advisories };
    project_page(&frame, &main)
}

fn order(publication: &Publication) -> (i64, Vec<u64>, &str) {
    let numbers = publication.number.split(|c: char| !c.is_ascii_digit());
    (
        publication.first_public().micros(),
        numbers.filter_map(|part| part.parse().ok()).collect(),
        &publication.number,
    )
}

fn first_year(publication: &Publication) -> String {
    publication.first_public().timestamp().strftime("%Y").to_string()
}

fn listed(entry: &IndexEntry<'_>) -> Markup {
    let publication = entry.publication;
    let number = text::line_or(&publication.number, "unnumbered");
    html! {
        h3 {
            a href=(entry.href) {
                span.number { bdi { (number) } } " "
                span.title dir="auto" { (publication.draft.title.as_str()) }
            }
        }
        ul.inline {
            li { (severity_badge(publication.rating.as_ref())) }
            @for cve in publication.cves.iter().filter(|cve| cve.as_str() != number) { li { (cve.as_str()) } }
            li { "Public since " (text::day(publication.first_public())) }
            @if publication.version() > 1 {
                li { "Version " (publication.version()) " of " (text::day(publication.last_updated())) }
            }
        }
    }
}
