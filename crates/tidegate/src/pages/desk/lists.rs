//! The desk's lists.

use super::frame::{Reader, page};
use super::point_releases;
use crate::pages::layout::scrolling;
use crate::pages::text;
use maud::html;
use tidegate_domain::id::{CaseId, Slug};
use tidegate_domain::point_release::Tally;
use tidegate_domain::time::Instant;

/// Something that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueLine {
    /// When.
    pub at: Instant,
    /// Whether that is past.
    pub late: bool,
    /// What.
    pub what: String,
    /// In which case.
    pub case: CaseId,
    /// Its title.
    pub title: String,
}

/// What needs `name` now, the oldest first, below what whoever runs the instance has to do.
#[must_use]
pub fn now(name: &Slug, lines: &[DueLine], warning: Option<&str>) -> String {
    let table = html! {
        table {
            thead { tr { th scope="col" { "Due" } th scope="col" { "What" } th scope="col" { "Case" } } }
            tbody {
                @for line in lines {
                    tr.late[line.late] {
                        td { (text::instant(line.at)) @if line.late { " " span.badge.critical { "Late" } } }
                        td { (line.what) }
                        td { a href={ "/desk/cases/" (line.case) } { bdi { (text::line_or(&line.title, "untitled")) } } }
                    }
                }
            }
        }
    };
    let main = html! {
        h1 { "What needs you now" }
        @if let Some(warning) = warning { p.callout { (warning) } }
        @if lines.is_empty() { p.lead { "Nothing is due." } } @else { (scrolling("What is due", &table)) }
    };
    page("Now", Reader::Person(name), &main)
}

/// A case in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseLine {
    /// The case.
    pub case: CaseId,
    /// Its project, as it calls itself.
    pub project: String,
    /// Its advisory's number.
    pub number: Option<String>,
    /// Its title.
    pub title: String,
    /// Where it stands.
    pub stands: String,
    /// The planned disclosure.
    pub planned: Option<Instant>,
}

/// The cases that `name` may know of, and the point releases that they speak for.
#[must_use]
pub fn cases(name: &Slug, lines: &[CaseLine], tallies: &[Tally]) -> String {
    let table = html! {
        table {
            thead { tr {
                th scope="col" { "Case" } th scope="col" { "Project" } th scope="col" { "Number" }
                th scope="col" { "Stands" } th scope="col" { "Planned" }
            } }
            tbody {
                @for line in lines {
                    tr {
                        th scope="row" { a href={ "/desk/cases/" (line.case) } { bdi { (text::line_or(&line.title, "untitled")) } } }
                        td { bdi { (line.project) } }
                        td { (line.number.as_deref().unwrap_or_default()) }
                        td { (line.stands) }
                        td { @if let Some(at) = line.planned { (text::instant(at)) } }
                    }
                }
            }
        }
    };
    let main = html! {
        h1 { "Cases" }
        @if lines.is_empty() { p.lead { "There are none for you." } } @else { (scrolling("Cases", &table)) }
        (point_releases::section(tallies, lines))
    };
    page("Cases", Reader::Person(name), &main)
}
