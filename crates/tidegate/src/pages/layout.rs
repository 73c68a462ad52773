//! What every page has in common: head, header, navigation, footer.

use super::{ICON_FILE, ProjectLinks, STYLE_FILE};
use maud::{DOCTYPE, Markup, html};
use tidegate_domain::advisory::Publisher;

/// What a page does besides being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Uses {
    /// Nothing: a file that any web server may serve.
    Nothing,
    /// It sends forms to the site, and loads the site's own script.
    Forms,
}

impl Uses {
    /// Nothing but the site's own style sheet and images may load, and nothing may be sent elsewhere.
    fn security_policy(self) -> &'static str {
        match self {
            Uses::Nothing => {
                "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'"
            }
            Uses::Forms => {
                "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'"
            }
        }
    }
}
/// The front page's file name in the site's folder.
const HOME_FILE: &str = "index.html";
/// Longest description for search engines and previews, in characters.
pub(super) const DESCRIPTION_CHARS_MAX: usize = 200;

/// Which entry of the navigation the page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Here {
    /// None of them: one advisory.
    Elsewhere,
    /// The list of advisories.
    Advisories,
    /// The policy.
    Policy,
    /// The members of the list.
    Members,
}

/// A page of a project.
pub(super) struct Frame<'a> {
    /// What the page is about, without the project's name.
    pub(super) title: &'a str,
    /// A sentence for search engines and previews; may be empty.
    pub(super) description: &'a str,
    /// The project.
    pub(super) publisher: &'a Publisher,
    /// Its pages.
    pub(super) links: &'a ProjectLinks,
    /// This page.
    pub(super) here: Here,
}

/// A page of a project, complete. A page that stands alone, without links, has no navigation.
pub(super) fn project_page(frame: &Frame<'_>, main: &Markup) -> String {
    let name = super::text::line_or(&frame.publisher.name, "Unnamed project");
    let links = frame.links;
    let is_on_site = !links.advisories.is_empty();
    let head = html! {
        title { (frame.title) " – " (name) }
        @if !frame.description.is_empty() { meta name="description" content=(frame.description); }
        @if is_on_site {
            link rel="alternate" type="application/atom+xml" title={ (name) " security advisories" } href=(links.feed);
        }
    };
    let header = html! {
        @if is_on_site { a.name href=(links.advisories) { bdi { (name) } " security" } (navigation(frame)) }
        @else { span.name { bdi { (name) } " security" } }
    };
    let footer = html! {
        p {
            "To report a vulnerability in " bdi { (name) } " in confidence, write to "
            (super::text::address(&frame.publisher.contact)) "."
        }
        p {
            @if frame.here == Here::Policy { "Printed by Tidegate from the policy that it obeys." }
            @else { "Written by Tidegate from the project’s records. All times are UTC." }
        }
    };
    document(&links.root, &head, &header, main, &footer)
}

fn navigation(frame: &Frame<'_>) -> Markup {
    let links = frame.links;
    let entry = |href: &str, label: &str, here: Here| {
        html! { li { a href=(href) aria-current=[(frame.here == here).then_some("page")] { (label) } } }
    };
    html! {
        nav aria-label="Project" {
            ul {
                (entry(&links.advisories, "Advisories", Here::Advisories))
                (entry(&links.policy, "Policy", Here::Policy))
                @if let Some(members) = &links.members { (entry(members, "Members", Here::Members)) }
                li { a href=(links.feed) { "Feed" } }
                @if let Some(report) = &links.report { li { a href=(report) { "Report" } } }
                li { a href={ (links.root) (HOME_FILE) } { "All projects" } }
            }
        }
    }
}

/// A whole document to be read.
pub(super) fn document(root: &str, head: &Markup, header: &Markup, main: &Markup, footer: &Markup) -> String {
    whole(Uses::Nothing, root, head, header, main, footer)
}

/// A whole document.
pub(super) fn whole(
    uses: Uses,
    root: &str,
    head: &Markup,
    header: &Markup,
    main: &Markup,
    footer: &Markup,
) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(uses.security_policy());
                meta name="referrer" content="no-referrer";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                (head)
                link rel="icon" type="image/svg+xml" href={ (root) (ICON_FILE) };
                link rel="stylesheet" href={ (root) (STYLE_FILE) };
                @if uses == Uses::Forms {
                    link rel="stylesheet" href="/desk.css";
                    script src="/desk.js" defer {}
                }
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                header.site { div.wrap { (header) } }
                main #main.wrap tabindex="-1" { (main) }
                footer.site { div.wrap { (footer) } }
            }
        }
    };
    let mut bytes = page.into_string();
    bytes.push('\n');
    bytes
}

/// A table in a box of its own: where it is wider than the screen, the box scrolls and the page does not.
pub(super) fn scrolling(label: &str, table: &Markup) -> Markup {
    html! { div.scroll role="region" aria-label=(label) tabindex="0" { (table) } }
}
