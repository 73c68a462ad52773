//! My account: API tokens.

use super::account::{Tab, account_page};
use super::frame::{Reader, page};
use crate::engine::api_tokens::{ApiToken, Bearer, NOTE_CHARS_MAX, Scope, TOKEN_DAYS, TOKEN_DAYS_MAX};
use crate::pages::layout::scrolling;
use crate::pages::text;
use maud::{Markup, html};
use tidegate_domain::id::Slug;

/// The tokens of a person, and the form for another one.
#[must_use]
pub fn tokens(name: &Slug, tokens: &[ApiToken]) -> String {
    let main = html! {
        p.lead { "A program that comes with one of your tokens acts in your name, within the token’s scopes." }
        @if tokens.is_empty() { p { "You have none." } } @else { (scrolling("API tokens", &table(tokens))) }
        h2 { "Make a token" }
        (form())
    };
    account_page(name, Tab::Tokens, &main)
}

fn table(tokens: &[ApiToken]) -> Markup {
    html! {
        table {
            thead { tr {
                th scope="col" { "For" } th scope="col" { "Scopes" } th scope="col" { "Made" }
                th scope="col" { "Expires" } th scope="col" { "End it" }
            } }
            tbody {
                @for token in tokens {
                    tr {
                        th scope="row" { @if token.note.is_empty() { code { (token.id) } } @else { bdi { (token.note) } } }
                        td { (scopes(token)) }
                        td { (text::instant(token.made)) }
                        td { (text::instant(token.expires)) }
                        td {
                            form.inline-form method="post" action={ "/account/tokens/" (token.id) "/end" } {
                                button.quiet aria-label={ "End the token " (token.id) } { "End" }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn scopes(token: &ApiToken) -> String {
    token.scopes.iter().map(|scope| scope.name()).collect::<Vec<_>>().join(", ")
}

fn form() -> Markup {
    html! {
        form.card-form method="post" action="/account/tokens" {
            div.field {
                label for="note" { "What is it for?" }
                input id="note" name="note" maxlength=(NOTE_CHARS_MAX) autocomplete="off";
            }
            fieldset.field {
                legend { "What may it do?" }
                @for scope in Scope::ALL.into_iter().filter(|scope| *scope != Scope::Administer) {
                    label.choice {
                        input type="checkbox" name="scope" value=(scope.name()) checked[scope == Scope::Read];
                        " " (scope.name()) ": " (scope.phrase())
                    }
                }
            }
            div.field {
                label for="days" { "For how many days?" }
                input id="days" name="days" type="number" min="1" max=(TOKEN_DAYS_MAX) value=(TOKEN_DAYS) required;
            }
            button { "Make the token" }
        }
    }
}

/// A token that was made just now: the only time that it is shown.
#[must_use]
pub fn token_made(name: &Slug, bearer: &Bearer) -> String {
    let main = html! {
        h1 { "Your token" }
        p { "It is shown only now, and stored nowhere: copy it to where the program finds it, and to nowhere else." }
        p.key { code { (bearer) } }
        p { "The program sends it with every request, in the header " code { "Authorization: Bearer …" } "." }
        p { a href="/account/tokens" { "Your tokens" } }
    };
    page("Your token", Reader::Person(name), &main)
}
