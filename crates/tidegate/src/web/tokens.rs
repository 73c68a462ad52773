//! My account: API tokens are made, listed and ended here.

use super::form::Form;
use super::path::Path;
use super::routes::{For, Routes};
use super::{Answer, Person, Shared};
use crate::engine::api_tokens::{Scope, Wanted};
use crate::pages::desk;
use axum::extract::State;
use axum::response::{Html, Redirect};
use std::collections::BTreeSet;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.get(For::Person, "/account/tokens", list).post(For::Person, "/account/tokens", make).post(
        For::Person,
        "/account/tokens/{id}/end",
        end,
    )
}

async fn list(State(web): State<Shared>, person: Person) -> Result<Html<String>, Answer> {
    let tokens = web.engine.api_tokens(&person.name).await?;
    Ok(Html(desk::tokens(&person.name, &tokens)))
}

async fn make(State(web): State<Shared>, person: Person, form: Form) -> Result<Html<String>, Answer> {
    let bearer = web.engine.make_api_token(&person.name, wanted(&form)?, Some(person.session.id)).await?;
    Ok(Html(desk::token_made(&person.name, &bearer)))
}

fn wanted(form: &Form) -> Result<Wanted, Answer> {
    let mut scopes = BTreeSet::new();
    for word in form.0.words("scope") {
        // Whoever may run the instance says so where it runs, and not in a browser.
        let scope = [Scope::Read, Scope::Act].into_iter().find(|scope| scope.name() == word);
        scopes.insert(scope.ok_or_else(|| Answer::Faults(vec![format!("scope: `{word}` is none")]))?);
    }
    let days = form.0.text("days").and_then(|days| days.parse().ok());
    let days = days.ok_or_else(|| Answer::Faults(vec!["days: say for how many days".to_owned()]))?;
    Ok(Wanted { note: form.0.text("note").unwrap_or_default().to_owned(), scopes, days })
}

async fn end(State(web): State<Shared>, person: Person, Path(id): Path<String>) -> Result<Redirect, Answer> {
    if !web.engine.end_api_token(&person.name, &id).await? {
        return Err(Answer::NotFound);
    }
    Ok(Redirect::to("/account/tokens"))
}
