//! Pages that the served demo alone has.

use super::desk::{Reader, page};
use super::layout::scrolling;
use super::text;
use crate::demo::catcher::Caught;
use crate::post::dress::Cover;
use maud::{Markup, html};
use tidegate_domain::time::Instant;

/// Something to look at while the embargo ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its address.
    pub href: String,
    /// What it is.
    pub title: &'static str,
    /// What is different there once the embargo has ended.
    pub then: &'static str,
}

/// Where the demo begins: when the embargo of its live case ends, and where to look.
#[must_use]
pub fn guide(until: Instant, now: Instant, is_open: bool, places: &[Place]) -> String {
    let table = html! {
        table {
            thead { tr { th scope="col" { "Look here" } th scope="col" { "When the embargo has ended" } } }
            tbody {
                @for place in places {
                    tr { th scope="row" { a href=(place.href) { (place.title) } } td { (place.then) } }
                }
            }
        }
    };
    let main = html! {
        h1 { "Watch an embargo end" }
        p.callout {
            @if is_open { "The embargo ended at " (text::instant(until)) ". The advisory is public." }
            @else { "The embargo ends at " (text::instant(until)) ", " (wait(until, now)) ". The advisory is written, approved and waits." }
        }
        p {
            "This is a demonstration on your own machine. Three real vulnerabilities were replayed into it. The case to watch is "
            "that of a project called Lantern, which does not exist. "
            @if is_open { "These pages show now what they did not before:" } @else { "Open these pages now, and reload them then:" }
        }
        (scrolling("Where to look", &table))
        p {
            "The links that sign you in, each of them once, and the key of the reporter’s mailbox are on the console "
            "where the demo was started. "
            a href="/index.html" { "The public front page" } " is where everybody else begins."
        }
    };
    page("Watch an embargo end", Reader::Anyone, &main)
}

/// How long it is from `now` until `until`, in words.
fn wait(until: Instant, now: Instant) -> String {
    let seconds = until.micros().saturating_sub(now.micros()).div_euclid(1_000_000);
    match seconds {
        ..=0 => "which is now".to_owned(),
        1 => "in one second".to_owned(),
        2..=119 => format!("in {seconds} seconds"),
        _ => format!("in {} minutes", seconds / 60),
    }
}

/// Letters listed, the newest.
const LETTERS_LISTED: usize = 50;

/// The letters that the demo caught, the newest first.
#[must_use]
pub fn letters<L: AsRef<Caught>>(letters: &[L]) -> String {
    let table = html! {
        table {
            thead { tr {
                th scope="col" { "Written" } th scope="col" { "To" } th scope="col" { "Subject" } th scope="col" { "Protected" }
            } }
            tbody {
                @for letter in letters.iter().take(LETTERS_LISTED).map(AsRef::as_ref) {
                    tr {
                        td { (text::instant(letter.written)) }
                        td { bdi { (text::line(&letter.to)) } }
                        th scope="row" { a href={ "/demo/mail/" (letter.seq) } { bdi { (text::line_or(&letter.subject, "no subject")) } } }
                        td { (cover(&letter.cover)) }
                    }
                }
            }
        }
    };
    let main = html! {
        h1 { "The letters of this demonstration" }
        p.lead { "Each as it would have left, the newest first. None was sent to anybody." }
        @if letters.is_empty() { p { "None was written yet." } } @else { (scrolling("Letters", &table)) }
        @if letters.len() > LETTERS_LISTED { p { "These are the last " (LETTERS_LISTED) " of " (letters.len()) ". The older ones belong to the cases of the past." } }
        p { a href="/" { "Back to where to look" } }
    };
    page("Letters", Reader::Anyone, &main)
}

/// One letter, as the bytes that would have left. Nothing in it is carried out, loaded or made a link.
#[must_use]
pub fn letter(letter: &Caught) -> String {
    let main = html! {
        h1 { bdi { (text::line_or(&letter.subject, "no subject")) } }
        dl.pairs {
            dt { "Written" } dd { (text::instant(letter.written)) }
            dt { "From" } dd { bdi { (text::line(&letter.from)) } }
            dt { "To" } dd { bdi { (text::line(&letter.to)) } }
            dt { "Protected" } dd { (cover(&letter.cover)) }
        }
        pre.source { (text::clean(&letter.source)) }
        p { a href="/demo/mail" { "All letters" } }
    };
    page("A letter", Reader::Anyone, &main)
}

fn cover(cover: &Cover) -> Markup {
    html! {
        @match cover {
            Cover::Sealed(fingerprint) => { "encrypted and signed, to the key " code { (fingerprint) } }
            Cover::Link(why) => { "its content stayed here, because " (why) }
            Cover::Signed => { "public, and signed" }
            Cover::Open => { "public, without a signature" }
        }
    }
}
