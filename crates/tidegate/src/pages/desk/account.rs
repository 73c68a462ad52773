//! Pages about accounts: signing in, setting a password, and what the pages of one's own account have in common.

use super::frame::{Reader, page};
use super::second_factor::code_field;
use crate::account::password::{PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN};
use maud::{Markup, html};
use tidegate_domain::id::Slug;

/// A page of one's own account.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    Sessions,
    Ways,
    SecondFactor,
    Tokens,
}

impl Tab {
    const ALL: [Tab; 4] = [Tab::Sessions, Tab::Ways, Tab::SecondFactor, Tab::Tokens];

    fn name(self) -> &'static str {
        match self {
            Tab::Sessions => "Sessions",
            Tab::Ways => "Ways to sign in",
            Tab::SecondFactor => "Second factor",
            Tab::Tokens => "API tokens",
        }
    }

    fn address(self) -> &'static str {
        match self {
            Tab::Sessions => "/account/sessions",
            Tab::Ways => "/account/sign-in",
            Tab::SecondFactor => "/account/second-factor",
            Tab::Tokens => "/account/tokens",
        }
    }
}

/// One of the pages of one's own account, with ways to the others.
pub(super) fn account_page(name: &Slug, tab: Tab, main: &Markup) -> String {
    let main = html! {
        h1 { (tab.name()) }
        nav.tabs aria-label="Your account" { ul {
            @for each in Tab::ALL {
                li { a href=(each.address()) aria-current=[(each == tab).then_some("page")] { (each.name()) } }
            }
        } }
        (main)
    };
    page(tab.name(), Reader::Person(name), &main)
}

/// How one may sign in, beside name and password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doors<'a> {
    /// What people call the identity provider, if there is one.
    pub provider: Option<&'a str>,
    /// Whether there are passkeys for this site.
    pub has_passkeys: bool,
}

/// Signing in. `refused`: what was given before did not fit.
#[must_use]
pub fn sign_in(refused: bool, doors: Doors<'_>) -> String {
    let main = html! {
        h1 { "Sign in" }
        @if refused {
            p.callout role="alert" {
                "That name, that password and that code do not belong together. Nothing else is said here about why. After "
                "several wrong tries, wait a quarter of an hour."
             }
        }
        form.card-form method="post" action="/sign-in" {
            div.field {
                label for="name" { "Name or mail address" }
                input id="name" name="name" required maxlength="320" autocomplete="username" autocapitalize="none" spellcheck="false";
            }
            (password("password", "Password", "current-password"))
            (code_field("Code of your authenticator app, or a recovery code, if you set one up", false))
            button { "Sign in" }
        }
        @if doors.has_passkeys {
            form method="post" action="/sign-in/passkey" { button.quiet { "Sign in with a passkey" } }
        }
        @if let Some(name) = doors.provider {
            p { a.action href="/sign-in/oidc" { "Sign in at " bdi { (name) } } }
        }
        p { a href="/recover" { "I have no password, or forgot it" } }
        p.hint { "Whoever was given a one-time link opens that instead. An administrator makes one with " code { "tidegate person link NAME" } "." }
    };
    page("Sign in", Reader::Anyone, &main)
}

pub(super) fn password(name: &str, label: &str, autocomplete: &str) -> Markup {
    html! {
        div.field {
            label for=(name) { (label) }
            input id=(name) name=(name) type="password" required maxlength=(PASSWORD_BYTES_MAX) autocomplete=(autocomplete);
        }
    }
}

/// The fields for a new password.
pub(super) fn new_password() -> Markup {
    html! {
        (password("password", "New password", "new-password"))
        (password("again", "The same again", "new-password"))
        p.hint {
            "At least " (PASSWORD_CHARS_MIN) " characters, of any kind. What is easily guessed is refused; "
            "a sentence, or words that nobody would put together, is good."
        }
    }
}

/// The page that a mailed link leads to. It is the same whether or not the link is good. `refused`: what was
/// given before did not do.
#[must_use]
pub fn welcome(secret: &str, refused: bool) -> String {
    let main = html! {
        h1 { "Choose a password" }
        @if refused {
            p.callout role="alert" {
                "Nothing was changed. Either this link is not good any more, or a code of your authenticator app is needed "
                "and was not right. After several wrong tries, wait a quarter of an hour."
            }
        }
        p.lead {
            "The link that brought you here works once. With a new password, every browser that is signed in as you is "
            "signed out, and your API tokens end: programs need new ones. An identity elsewhere is unbound, and with a "
            "code your passkeys are removed; without one, look afterwards whether all of them are yours."
        }
        form.card-form method="post" action={ "/welcome/" (secret) } {
            (new_password())
            (code_field("Code of your authenticator app, or a recovery code, if you set one up", false))
            button { "Set it and sign in" }
        }
    };
    page("Choose a password", Reader::Anyone, &main)
}

/// Asks where to send a link to.
#[must_use]
pub fn recover() -> String {
    let main = html! {
        h1 { "A link to choose a password with" }
        p.lead { "It goes by mail to the address that the administrators know of you." }
        form.card-form method="post" action="/recover" {
            div.field {
                label for="address" { "Your mail address" }
                input id="address" name="address" type="email" required maxlength="320" autocomplete="email";
            }
            button { "Send it" }
        }
    };
    page("A new password", Reader::Anyone, &main)
}
