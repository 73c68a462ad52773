//! My account: where I am signed in.

use super::account::{Tab, account_page};
use crate::account::AccountEvent;
use crate::pages::layout::scrolling;
use crate::pages::text;
use maud::{Markup, html};
use tidegate_domain::id::Slug;
use tidegate_domain::time::Instant;

/// A session of the one who reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnSession {
    /// What it is ended by.
    pub id: String,
    /// Whether it is the one in which the page is read.
    pub is_this: bool,
    /// Where it began: an address, a kind of browser. Empty where nothing is known.
    pub from: String,
    /// When it began.
    pub began: Instant,
    /// When it was used last, to a quarter of an hour.
    pub used: Instant,
}

/// The sessions of a person, and what happened to their account, the newest first.
#[must_use]
pub fn sessions(name: &Slug, sessions: &[OwnSession], events: &[(Instant, AccountEvent)]) -> String {
    let main = html! {
        p.lead { "A session ends eight hours after it was last used, and a day after it began. A new password ends them all." }
        (scrolling("Sessions", &table(sessions)))
        @if sessions.len() > 1 {
            form method="post" action="/account/sessions/end-others" { button { "End all others" } }
        }
        p {
            "You do not know one of these? End all others, and then "
            a href="/recover" { "set a new password" } "."
        }
        h2 { "What happened to your account" }
        @if events.is_empty() { p { "Nothing yet." } } @else { (scrolling("What happened", &history(events))) }
    };
    account_page(name, Tab::Sessions, &main)
}

fn table(sessions: &[OwnSession]) -> Markup {
    html! {
        table {
            thead { tr {
                th scope="col" { "Where" } th scope="col" { "Since" } th scope="col" { "Last used" }
                th scope="col" { "End it" }
            } }
            tbody { @for session in sessions { (row(session)) } }
        }
    }
}

fn row(session: &OwnSession) -> Markup {
    html! {
        tr {
            th scope="row" { bdi { (text::line_or(&session.from, "an unknown place")) } }
            td { (text::instant(session.began)) }
            td { @if session.is_this { "this one, now" } @else { (text::instant(session.used)) } }
            td {
                @if session.is_this {
                    form.inline-form method="post" action="/sign-out" { button.quiet { "Sign out" } }
                } @else {
                    form.inline-form method="post" action={ "/account/sessions/" (session.id) "/end" } {
                        button.quiet aria-label={ "End the session of " (session.from) } { "End" }
                    }
                }
            }
        }
    }
}

fn history(events: &[(Instant, AccountEvent)]) -> Markup {
    html! {
        table {
            thead { tr { th scope="col" { "When" } th scope="col" { "What" } } }
            tbody {
                @for (at, event) in events {
                    tr { td { (text::instant(*at)) } td { bdi { (text::capitalised(&event.to_string())) } } }
                }
            }
        }
    }
}
