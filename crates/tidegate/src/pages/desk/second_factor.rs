//! My account: the second factor.

use super::account::{Tab, account_page, password};
use super::frame::{Reader, page};
use crate::account::authenticator::{RECOVERY_CODES, RecoveryCode};
use crate::engine::second_factor::SecondFactor;
use maud::{Markup, html};
use qrcode::{Color, QrCode};
use std::fmt::Write;
use tidegate_domain::id::Slug;

/// Modules of light around a QR code (ISO/IEC 18004).
const QUIET: usize = 4;

/// What the page about the second factor shows.
#[derive(Clone, Debug)]
pub struct FactorPage<'a> {
    /// Whose it is.
    pub name: &'a Slug,
    /// How it stands.
    pub factor: &'a SecondFactor,
    /// What an app is being set up from.
    pub setup: Option<Setup>,
    /// Whether a role demands one that is not there: nothing else opens until then.
    pub is_demanded: bool,
    /// What was wrong with what was filled in.
    pub wrong: Option<&'a str>,
}

/// What an app is set up from.
#[derive(Clone, Debug)]
pub struct Setup {
    /// For its camera.
    pub address: String,
    /// To be typed.
    pub typed: String,
}

/// The second factor of a person.
#[must_use]
pub fn second_factor(content: &FactorPage<'_>) -> String {
    let main = html! {
        @if content.is_demanded {
            p.callout {
                "Your role demands a second factor. Nothing else opens for you until it is set up. Where you have added a "
                "passkey, or show one at your identity provider, sign in with that instead; or "
                a href="/account/sign-in" { "add a passkey" } ", and sign in with it."
            }
        }
        @if let Some(wrong) = content.wrong { p.callout role="alert" { (wrong) } }
        @match (content.factor, &content.setup) {
            (SecondFactor::On { recovery_left }, _) => { (on(*recovery_left)) }
            (SecondFactor::NoPassword, _) => {
                p.lead { "A second factor stands beside a password, and you have none yet." }
                p { a href="/recover" { "Have a link sent to you" } ", and choose one." }
            }
            (SecondFactor::Pending(_), Some(setup)) => { (pending(setup)) }
            (SecondFactor::Pending(_) | SecondFactor::Off, _) => {
                p.lead {
                    "With an authenticator app on your telephone, nobody signs in as you who has your password alone, or "
                    "reads your mail."
                }
                form method="post" action="/account/second-factor/begin" { button { "Set up an app" } }
            }
        }
    };
    account_page(content.name, Tab::SecondFactor, &main)
}

fn pending(setup: &Setup) -> Markup {
    html! {
        ol.steps {
            li {
                h2 { "Let your app read this" }
                @if let Some(code) = qr(&setup.address) { (code) }
                p { "Or type this secret into it, as a code that changes with time:" }
                p.key { code { (setup.typed) } }
            }
            li {
                h2 { "Type the code that the app shows" }
                form.card-form method="post" action="/account/second-factor/confirm" {
                    (code_field("Code", true))
                    button { "Turn it on" }
                }
            }
        }
        form method="post" action="/account/second-factor/begin" { button.quiet { "Begin again with another secret" } }
    }
}

/// A field for a code. It is not one for numbers alone: recovery codes have letters.
pub(super) fn code_field(label: &str, required: bool) -> Markup {
    html! {
        div.field {
            label for="code" { (label) }
            input id="code" name="code" required[required] maxlength="40" autocomplete="one-time-code" autocapitalize="none" spellcheck="false";
        }
    }
}

fn on(recovery_left: usize) -> Markup {
    html! {
        p.lead { "It is on: your password alone signs nobody in." }
        p {
            "Of your recovery codes, " (recovery_left) " " @if recovery_left == 1 { "is" } @else { "are" } " left. Each "
            "signs you in once in place of the app’s code."
        }
        form.card-form method="post" action="/account/second-factor/recovery-codes" {
            h2 { "New recovery codes" }
            p { "The old ones are worth nothing from then on." }
            (password("password", "Your password", "current-password"))
            button { "Make new codes" }
        }
        form.card-form method="post" action="/account/second-factor/turn-off" {
            h2 { "Turn it off" }
            p { "To move to another telephone, turn it off and set it up there." }
            (again("Your password", "off-password"))
            button.quiet { "Turn it off" }
        }
    }
}

/// A second password field on one page has a name of its own for labels, and the same one in the form.
fn again(label: &str, id: &str) -> Markup {
    html! {
        div.field {
            label for=(id) { (label) }
            input id=(id) name="password" type="password" required autocomplete="current-password";
        }
    }
}

/// Recovery codes that were made just now: the only time that they are shown.
#[must_use]
pub fn recovery_codes(name: &Slug, codes: &[RecoveryCode]) -> String {
    let main = html! {
        h1 { "Your recovery codes" }
        p.lead { "Codes of your app are asked for from now on. For the day on which you do not have it, keep these." }
        p { "They are shown only now, and stored nowhere. Write them down or print this page; each of the " (RECOVERY_CODES) " works once." }
        ul.codes { @for code in codes { li { code { (code) } } } }
        p { a href="/account/second-factor" { "I have kept them" } }
    };
    page("Your recovery codes", Reader::Person(name), &main)
}

/// A picture of `text` for a camera; dark on light in either theme, since not every camera reads the reverse.
fn qr(text: &str) -> Option<Markup> {
    let code = QrCode::new(text).ok()?;
    let width = code.width();
    let mut dark = String::new();
    for (at, _) in code.to_colors().iter().enumerate().filter(|(_, color)| **color == Color::Dark) {
        let (x, y) = (at % width + QUIET, at / width + QUIET);
        // Writing to a String does not fail.
        let _ = write!(dark, "M{x} {y}h1v1h-1z");
    }
    let side = width + 2 * QUIET;
    Some(html! {
        svg.qr viewBox={ "0 0 " (side) " " (side) } role="img" aria-label="The secret below, for a camera" shape-rendering="crispEdges" {
            rect width=(side) height=(side) fill="#fff" {}
            path fill="#000" d=(dark) {}
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_the_three_corners_and_a_quiet_zone() {
        let svg = qr("otpauth://totp/x?secret=GEZDGNBVGY3TQOJQ").expect("a picture").into_string();
        let side: usize = svg
            .split("viewBox=\"0 0 ")
            .nth(1)
            .and_then(|rest| rest.split(' ').next())
            .expect("a side")
            .parse()
            .expect("a number");
        let width = side - 2 * QUIET;
        let dark = |x: usize, y: usize| svg.contains(&format!("M{} {}h1v1h-1z", x + QUIET, y + QUIET));
        for (x, y) in [(0, 0), (width - 7, 0), (0, width - 7)] {
            assert!((0..7).all(|at| dark(x + at, y) && dark(x, y + at) && dark(x + 6, y + at)), "{x} {y}");
            assert!(dark(x + 3, y + 3) && !dark(x + 1, y + 1), "{x} {y}");
        }
        assert!(!svg.contains("M0 ") && !svg.contains("M3 "), "light all around");
        assert!(qr(&"x".repeat(5_000)).is_none(), "too long for any");
    }
}
