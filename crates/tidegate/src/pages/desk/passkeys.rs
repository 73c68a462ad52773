//! Pages that ask a device for a passkey. Each says what to do where no script runs.

use super::frame::{Reader, page};
use crate::pages::text;
use crate::passkeys::OwnPasskey;
use maud::{Markup, html};
use tidegate_domain::id::Slug;

/// What hands a question to a device, and its answer to a form.
#[must_use]
pub fn passkey_script() -> &'static str {
    include_str!("passkey.js")
}

/// One's passkeys, and a form for another.
pub(super) fn passkeys(passkeys: &[OwnPasskey], has_password: bool) -> Markup {
    html! {
        p {
            "A passkey signs you in without name, password and code: your telephone, computer or security key keeps it, and "
            "shows it to this site alone, once it knows you by your finger, your face or a number. It satisfies a role that "
            "demands a second factor."
        }
        @for own in passkeys {
            form.card-form method="post" action={ "/account/passkeys/" (own.id()) "/remove" } {
                p { strong { bdi { (text::line_or(&own.note, "A passkey")) } } ", added " (text::instant(own.made())) }
                @if has_password { (confirmed(&own.id())) }
                button.quiet { "Remove it" }
            }
        }
        form.card-form method="post" action="/account/passkeys/new" {
            div.field {
                label for="note" { "What you call it, as “my telephone”" }
                input id="note" name="note" maxlength="60";
            }
            @if has_password { (confirmed("new")) }
            button { "Add a passkey" }
        }
    }
}

/// Nobody adds or takes away a way in who only found a browser open. Several password fields on one page each have a
/// label of their own.
pub(super) fn confirmed(id: &str) -> Markup {
    let id = format!("password-{id}");
    html! {
        div.field {
            label for=(id) { "Your password" }
            input id=(id) name="password" type="password" required autocomplete="current-password";
        }
    }
}

/// Asks the device of whoever signs in.
#[must_use]
pub fn use_passkey(options: &str) -> String {
    let main = html! {
        h1 { "Sign in with a passkey" }
        p.lead { "Your browser asks you for one that was added here before." }
        (asking("get", "/sign-in/passkey/answer", options, "Use a passkey", "/sign-in"))
    };
    page("Sign in with a passkey", Reader::Anyone, &main)
}

/// Asks the device of `name` for a new one.
#[must_use]
pub fn new_passkey(name: &Slug, options: &str) -> String {
    let main = html! {
        h1 { "Add a passkey" }
        p.lead { "Your browser asks you where to keep it." }
        (asking("create", "/account/passkeys/answer", options, "Go on", "/account/sign-in"))
    };
    page("Add a passkey", Reader::Person(name), &main)
}

fn asking(kind: &str, action: &str, options: &str, label: &str, back: &str) -> Markup {
    html! {
        p.callout #passkey-unable { "Passkeys need a browser of 2025 or later in which scripts run. Without one, sign in by password, link or identity provider." }
        p.callout #passkey-failed role="alert" hidden { "Nothing came of it: it was broken off, or there is no passkey that fits. Try again, or go back." }
        form #passkey hidden method="post" action=(action) data-kind=(kind) data-options=(options) {
            input type="hidden" name="answer";
            button { (label) }
        }
        p { a href=(back) { "Back" } }
        script src="/passkey.js" defer {}
    }
}
