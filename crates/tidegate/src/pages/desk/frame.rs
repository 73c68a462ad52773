//! What the server's own pages have in common.

use crate::pages::layout::{Uses, whole};
use maud::{Markup, html};
use tidegate_domain::id::Slug;
use tidegate_domain::refusal::Explanation;

/// Who reads the page, for its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader<'a> {
    /// Somebody who is not signed in, or need not be.
    Anyone,
    /// Somebody of whom nothing is known: the page is the same for all, and leads everywhere.
    Whoever,
    /// A reporter in their mailbox.
    Reporter,
    /// A person at their desk.
    Person(&'a Slug),
}

/// A page of the server.
pub(in crate::pages) fn page(title: &str, reader: Reader<'_>, main: &Markup) -> String {
    let head = html! {
        title { (title) " – Tidegate" }
        meta name="robots" content="noindex";
    };
    let header = html! {
        @match reader {
            Reader::Anyone => {
                a.name href="/" { "Security advisories" }
                nav aria-label="Site" { ul {
                    li { a href="/report" { "Report" } }
                    li { a href="/mailbox" { "Your report" } }
                    li { a href="/sign-in" { "Sign in" } }
                } }
            }
            Reader::Whoever => {
                a.name href="/" { "Tidegate" }
                nav aria-label="Site" { ul {
                    li { a href="/desk" { "Desk" } }
                    li { a href="/mailbox" { "Your report" } }
                } }
            }
            Reader::Reporter => {
                a.name href="/mailbox" { "Your report" }
                (leave())
            }
            Reader::Person(name) => {
                a.name href="/desk" { "Tidegate" }
                nav aria-label="Desk" { ul {
                    li { a href="/desk" { "Now" } }
                    li { a href="/desk/cases" { "Cases" } }
                    li { a href="/desk/calendar" { "Calendar" } }
                    li { a href="/desk/invitations" { "Invitations" } }
                    li { a href="/" { "Public site" } }
                    li { a href="/account/sessions" { "Account" } }
                    li.who { (name.as_str()) }
                    li { (leave()) }
                } }
            }
        }
    };
    let footer = html! { p { "All times are UTC; where scripts run, your local time stands behind them." } };
    whole(Uses::Forms, "/", &head, &header, main, &footer)
}

fn leave() -> Markup {
    html! { form.inline-form method="post" action="/sign-out" { button.quiet { "Sign out" } } }
}

/// A page that says one thing.
#[must_use]
pub fn note(reader: Reader<'_>, title: &str, paragraphs: &[String]) -> String {
    let main = html! {
        h1 { (title) }
        @for paragraph in paragraphs { p.kept { (paragraph) } }
        p { a href="/" { "To the front page" } }
    };
    page(title, reader, &main)
}

/// We failed, and can be asked about it under a number.
#[must_use]
pub fn failed(reader: Reader<'_>, number: u64) -> String {
    let found = format!(
        "What was stored stays, but what you just sent may not be: keep it, and look before you send it again. \
         The administrators find the reason under the number {number}."
    );
    note(reader, "We failed", &[found])
}

/// A rule refuses: which, and what would be needed.
#[must_use]
pub fn refused(reader: Reader<'_>, explanation: &Explanation) -> String {
    let main = html! {
        h1 { "Refused" }
        p.callout { (explanation.why) }
        dl.pairs {
            @if !explanation.clause.is_empty() { dt { "Rule" } dd { span.clause { (explanation.clause) } } }
            @if !explanation.needed.is_empty() { dt { "What is needed" } dd { (explanation.needed) } }
        }
        p { "Nothing was changed. Go back to change what you filled in." }
    };
    page("Refused", reader, &main)
}
