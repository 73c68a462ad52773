//! My account: where I am signed in, and what happened to my account.

use super::path::Path;
use super::routes::{For, Routes};
use super::{Answer, Person, Shared};
use crate::pages::desk::{self, OwnSession};
use axum::extract::State;
use axum::response::{Html, Redirect};

const PAGE: &str = "/account/sessions";
/// How much is told of what happened.
const EVENTS_SHOWN_MAX: u32 = 20;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.get(For::Person, PAGE, list).post(For::Person, "/account/sessions/{id}/end", end).post(
        For::Person,
        "/account/sessions/end-others",
        end_others,
    )
}

async fn list(State(web): State<Shared>, person: Person) -> Result<Html<String>, Answer> {
    let sessions = web.engine.sessions(&person.name).await?;
    let shown = sessions.into_iter().map(|session| OwnSession {
        is_this: session.id == person.session.id,
        id: session.id.to_string(),
        from: session.from,
        began: session.began,
        used: session.used,
    });
    let events = web.engine.account_events(&person.name, EVENTS_SHOWN_MAX).await?;
    Ok(Html(desk::sessions(&person.name, &shown.collect::<Vec<_>>(), &events)))
}

async fn end(State(web): State<Shared>, person: Person, Path(id): Path<String>) -> Result<Redirect, Answer> {
    if !web.engine.end_session_of(&person.name, &id).await? {
        return Err(Answer::NotFound);
    }
    Ok(Redirect::to(PAGE))
}

async fn end_others(State(web): State<Shared>, person: Person) -> Result<Redirect, Answer> {
    web.engine.end_other_sessions(&person.name, &person.session).await?;
    Ok(Redirect::to(PAGE))
}
