//! The members of a project's predisclosure list.

use super::layout::{Frame, Here, project_page};
use super::{ProjectLinks, text};
use maud::html;
use tidegate_domain::advisory::Publisher;

/// The page of the list whose members are called `title` in the policy. No list is kept here yet, and the page says
/// so: that there were nobody on it would be wrong of a list that is kept elsewhere.
#[must_use]
pub fn members(publisher: &Publisher, title: &str, links: &ProjectLinks) -> String {
    let name = text::line_or(&publisher.name, "Unnamed project");
    let main = html! {
        h1 { "Members of the predisclosure list" }
        p.lead { "Whoever is on this list learns of a vulnerability in " bdi { (name) } " before the public does, under conditions." }
        p { "The policy calls them: " strong { bdi { (text::line(title)) } } ". " a href=(links.policy) { "It says" } " what they are told and when, what they may do with it, and who may apply." }
        p.callout { "No list is kept on this site yet, so nobody is named here." }
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
