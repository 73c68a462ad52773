//! The members of a project's predisclosure list.

use super::layout::{Frame, Here, project_page};
use super::{ProjectLinks, text};
use maud::html;
use tidegate_domain::advisory::Publisher;

/// What everybody may know of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The members' names, in order; `None` where the list is not kept here, or the policy tells nobody.
    pub members: Option<Vec<String>>,
    /// The page of the applications, if there are any.
    pub applications: Option<String>,
}

/// The page of the list whose members are called `title` in the policy. Where no list is kept here, the page says
/// so: that there were nobody on it would be wrong of a list that is kept elsewhere.
#[must_use]
pub fn members(publisher: &Publisher, title: &str, listing: &Listing, links: &ProjectLinks) -> String {
    let name = text::line_or(&publisher.name, "Unnamed project");
    let main = html! {
        h1 { "Members of the predisclosure list" }
        p.lead { "Whoever is on this list learns of a vulnerability in " bdi { (name) } " before the public does, under conditions." }
        p { "The policy calls them: " strong { bdi { (text::line(title)) } } ". " a href=(links.policy) { "It says" } " what they are told and when, what they may do with it, and who may apply." }
        @match &listing.members {
            Some(members) => ul { @for member in members { li dir="auto" { (text::line(member)) } } },
            None => p.callout { "No list is kept on this site yet, so nobody is named here." },
        }
        @if let Some(applications) = &listing.applications { p { a href=(applications) { "Applications" } ", and what was decided about them." } }
        p { "To ask who is on it, write to " (text::address(&publisher.contact)) "." }
    };
    let frame = Frame {
        title: "Members",
        description: "Who learns of vulnerabilities before the public does.",
        publisher,
        links,
        here: Here::Members,
    };
    project_page(&frame, &main)
}
