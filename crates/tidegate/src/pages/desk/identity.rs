//! Pages about signing in elsewhere: on the way there, on the way back, and what is bound to one's account.

use super::account::{Tab, account_page};
use super::frame::{Reader, page};
use super::passkeys::{confirmed, passkeys};
use super::second_factor::code_field;
use crate::account::identity::Identity;
use crate::passkeys::OwnPasskey;
use maud::{Markup, html};
use tidegate_domain::id::Slug;

/// What the page about one's ways to sign in shows.
#[derive(Clone, Copy, Debug)]
pub struct WaysPage<'a> {
    /// Whose they are.
    pub name: &'a Slug,
    /// Whether there is a password.
    pub has_password: bool,
    /// What people call the identity provider, if there is one.
    pub provider: Option<&'a str>,
    /// Who they are there, if that is bound.
    pub identity: Option<&'a Identity>,
    /// Their passkeys, where the site can have any.
    pub passkeys: Option<&'a [OwnPasskey]>,
    /// What was wrong with what was filled in.
    pub wrong: Option<&'a str>,
}

/// One's ways to sign in.
#[must_use]
pub fn ways(content: &WaysPage<'_>) -> String {
    let main = html! {
        @if let Some(wrong) = content.wrong { p.callout role="alert" { (wrong) } }
        h2 { "Password" }
        @if content.has_password {
            p { "You have one. " a href="/recover" { "Choose another" } " with a link that is sent to you." }
        } @else {
            p { "You have none. " a href="/recover" { "Have a link sent to you" } ", and choose one." }
        }
        h2 { "Passkeys" }
        @match content.passkeys {
            None => { p { "There are none here: a site needs a name for them, and this one is reached under an address." } }
            Some(own) => { (passkeys(own, content.has_password)) }
        }
        h2 { "Identity provider" }
        @match (content.provider, content.identity) {
            (None, None) => { p { "This instance knows none." } }
            (Some(provider), None) => { (unbound(provider, content.has_password)) }
            (_, Some(identity)) => { (bound(identity, content.has_password)) }
        }
    };
    account_page(content.name, Tab::Ways, &main)
}

fn unbound(provider: &str, has_password: bool) -> Markup {
    html! {
        p {
            "Sign in at " bdi { (provider) } " once, and who you are there is bound to your account. From then on whoever "
            "signs in there as you is let in here."
        }
        form.card-form method="post" action="/account/identity/bind" {
            @if has_password { (confirmed("identity")) }
            button { "Bind it" }
        }
    }
}

fn bound(identity: &Identity, has_password: bool) -> Markup {
    html! {
        p { "Whoever signs in as this one is let in here as you:" }
        dl.pairs {
            dt { "Provider" } dd { bdi { (identity.issuer) } }
            dt { "Known there as" } dd { bdi { (identity.subject) } }
        }
        form.card-form method="post" action="/account/identity/unbind" {
            @if has_password { (confirmed("identity")) }
            button.quiet { "Unbind it" }
        }
    }
}

/// The way to the provider, for whoever binds an identity.
#[must_use]
pub fn onward(name: &Slug, provider: &str, address: &str) -> String {
    let main = html! {
        h1 { "Bind an identity" }
        p.lead { "Sign in there as the one whom you want to be let in as. You come back by yourself; take ten minutes at most." }
        p { a.action href=(address) { "Go to " bdi { (provider) } } }
        p { a href="/account/sign-in" { "Leave everything as it is" } }
    };
    page("Bind an identity", Reader::Person(name), &main)
}

/// Asks whoever signed in at the provider for a code. `refused`: the one before was not right.
#[must_use]
pub fn identity_code(refused: bool) -> String {
    let main = html! {
        h1 { "A code, please" }
        @if refused {
            p.callout role="alert" { "That is not a code that is good now. After several wrong tries, wait a quarter of an hour." }
        }
        p.lead { "You set up a second factor here, and its code is asked for beside your sign-in elsewhere." }
        form.card-form method="post" action="/sign-in/code" {
            (code_field("Code of your authenticator app, or a recovery code", true))
            button { "Sign in" }
        }
    };
    page("A code, please", Reader::Anyone, &main)
}

/// Nobody is let in, and nothing was bound; why is not said.
#[must_use]
pub fn identity_refused() -> String {
    let main = html! {
        h1 { "Not signed in" }
        p.lead { "What came back from the identity provider lets nobody in, and binds nothing." }
        p { "It may have taken longer than ten minutes, have been used before, or have been broken off. Or who you are there is not bound to an account here." }
        ul {
            li { a href="/sign-in" { "Sign in" } " another way, and bind it under Account, Ways to sign in." }
            li { "An administrator binds it with " code { "tidegate person bind-identity" } "." }
        }
    };
    page("Not signed in", Reader::Anyone, &main)
}

/// The provider cannot be used now.
#[must_use]
pub fn provider_down() -> String {
    let main = html! {
        h1 { "The identity provider does not answer" }
        p.lead { "Nothing was changed. Try again in a while, or sign in another way." }
        p { a href="/sign-in" { "Sign in" } }
    };
    page("The identity provider does not answer", Reader::Anyone, &main)
}
