//! The front page.

use super::{FEED_FILE, HomeEntry, layout, text};
use maud::html;

/// The front page: the projects of this site, in the caller's order. It says nothing of what a project has
/// or has not published.
#[must_use]
pub fn home(projects: &[HomeEntry<'_>]) -> String {
    let root = projects.first().map_or("", |entry| entry.links.root.as_str());
    let head = html! {
        title { "Security advisories" }
        meta name="description" content="Security advisories and policies, by project.";
        link rel="alternate" type="application/atom+xml" title="Security advisories" href={ (root) (FEED_FILE) };
    };
    let is_served = projects.iter().any(|entry| entry.links.report.is_some());
    let header = html! {
        span.name { "Security advisories" }
        @if is_served {
            nav aria-label="Site" { ul {
                li { a href={ (root) "report" } { "Report" } }
                li { a href={ (root) "mailbox" } { "Your report" } }
                li { a href={ (root) "sign-in" } { "Sign in" } }
            } }
        }
    };
    let main = html! {
        h1 { "Projects" }
        p.lead { "Advisories, the policy that each project’s security team follows, and where to report in confidence." }
        p { a href={ (root) (FEED_FILE) } { "The feed of all projects" } " tells of each new advisory and each new version." }
        @if projects.is_empty() { p { "There are no projects here." } }
        ul.projects { @for entry in projects { li { (project(entry)) } } }
    };
    let footer = html! { p { "Written by Tidegate from the projects’ records. All times are UTC." } };
    layout::document(root, &head, &header, &main, &footer)
}

fn project(entry: &HomeEntry<'_>) -> maud::Markup {
    let name = text::line_or(&entry.publisher.name, "Unnamed project");
    let label = |what: &str| format!("{what} of {name}");
    html! {
        h2 { a href=(entry.links.advisories) { bdi { (name) } } }
        ul.inline {
            li { a href=(entry.links.advisories) aria-label=(label("Advisories")) { "Advisories" } }
            li { a href=(entry.links.policy) aria-label=(label("Policy")) { "Policy" } }
            li { a href=(entry.links.feed) aria-label=(label("Feed")) { "Feed" } }
            @if let Some(report) = &entry.links.report {
                li { a href=(report) aria-label=(format!("Report a vulnerability in {name}")) { "Report" } }
            }
        }
        dl.pairs {
            dt { "Web site" } dd { (text::address(&entry.publisher.url)) }
            dt { "Report to" } dd { (text::address(&entry.publisher.contact)) }
        }
    }
}
