//! Who was invited to cases, and has not yet promised to keep them confidential.

use super::frame::{Reader, page};
use crate::pages::layout::scrolling;
use crate::pages::text;
use maud::html;
use tidegate_domain::id::{CaseId, Slug};
use tidegate_domain::time::Instant;

/// An invitation to a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// When.
    pub at: Instant,
    /// Who invited.
    pub by: String,
    /// Who was invited.
    pub person: Slug,
    /// As what, in the policy's words.
    pub role: String,
    /// The case.
    pub case: CaseId,
    /// Its title.
    pub title: String,
    /// Since when they have promised confidence; before, they see nothing.
    pub accepted: Option<Instant>,
}

/// The invitations to the cases that `name` works on, the newest first.
#[must_use]
pub fn invitations(name: &Slug, invitations: &[Invitation]) -> String {
    let table = html! {
        table {
            thead { tr {
                th scope="col" { "Invited" } th scope="col" { "As" } th scope="col" { "Case" } th scope="col" { "When, and by whom" } th scope="col" { "Stands" }
            } }
            tbody {
                @for one in invitations {
                    tr {
                        th scope="row" { (one.person) }
                        td { (one.role) }
                        td { a href={ "/desk/cases/" (one.case) } { bdi { (text::line_or(&one.title, "untitled")) } } }
                        td { (text::instant(one.at)) " by " (one.by) }
                        td {
                            @match one.accepted {
                                Some(at) => { "promised confidence on " (text::instant(at)) }
                                None => { strong { "open" } ": they see nothing yet" }
                            }
                        }
                    }
                }
            }
        }
    };
    let main = html! {
        h1 { "Invitations" }
        p.lead { "Who was invited to the cases that you work on. Somebody is invited on the page of the case." }
        @if invitations.is_empty() { p { "Nobody was." } } @else { (scrolling("Invitations", &table)) }
    };
    page("Invitations", Reader::Person(name), &main)
}
