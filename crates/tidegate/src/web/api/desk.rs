//! The desk for programs: what is due, what is planned, who was invited, and the owner's own tokens.

use super::caller::Doer;
use super::page::List;
use crate::engine::api_tokens::ApiToken;
use crate::pages::desk::{DueLine, Invitation, Planned};
use crate::web::path::Path;
use crate::web::routes::{For, Routes};
use crate::web::{Answer, Shared, calendar, desk};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::json;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .get(For::Token, "/api/v1/due", due)
        .get(For::Token, "/api/v1/calendar", planned)
        .get(For::Token, "/api/v1/invitations", invitations)
        .get(For::Token, "/api/v1/me/tokens", tokens)
        .post(For::Token, "/api/v1/me/tokens/{id}/end", end_token)
}

/// What needs the token's owner now, the oldest first.
async fn due(list: List) -> Result<Response, Answer> {
    let line = |line: DueLine| {
        let key = format!("{} {} {}", line.at, line.case, line.what);
        let value = json!({
            "at": line.at.to_string(), "late": line.late, "what": line.what, "case": line.case.to_string(),
            "title": line.title,
        });
        (key, value)
    };
    let due = desk::due_for(&list.web, &list.who).await?;
    list.answer(due.into_iter().map(line))
}

async fn planned(list: List) -> Result<Response, Answer> {
    let planned = calendar::planned_for(&list.web, &list.who).await?;
    let line = |one: Planned| {
        let value = json!({
            "at": one.at.to_string(), "case": one.case.to_string(), "title": one.title,
            "batch": one.batch.as_ref().map(ToString::to_string), "public": one.is_public,
        });
        (one.case.to_string(), value)
    };
    list.answer(planned.into_iter().map(line))
}

async fn invitations(list: List) -> Result<Response, Answer> {
    let invited = calendar::invited_for(&list.web, &list.who).await?;
    let line = |one: Invitation| {
        let key = format!("{} {} {} {}", one.at, one.case, one.person, one.role);
        let value = json!({
            "at": one.at.to_string(), "by": one.by, "person": one.person.to_string(), "role": one.role,
            "case": one.case.to_string(), "title": one.title,
            "accepted": one.accepted.map(|at| at.to_string()),
        });
        (key, value)
    };
    list.answer(invited.into_iter().map(line))
}

/// The owner's tokens, without their secrets.
async fn tokens(list: List) -> Result<Response, Answer> {
    let held = list.web.engine.api_tokens(&list.who).await?;
    let line = |token: ApiToken| {
        let scopes: Vec<&str> = token.scopes.iter().map(|scope| scope.name()).collect();
        let value = json!({
            "id": token.id, "note": token.note, "scopes": scopes, "made": token.made.to_string(),
            "expires": token.expires.to_string(),
        });
        (token.id, value)
    };
    list.answer(held.into_iter().map(line))
}

/// Ends one of the owner's tokens, the one that asks included. None is made here: whoever stole one could outlive
/// its end with another.
async fn end_token(
    State(web): State<Shared>,
    doer: Doer,
    Path(id): Path<String>,
) -> Result<Response, Answer> {
    if !web.engine.end_api_token(&doer.0.owner, &id).await? {
        return Err(Answer::NotFound);
    }
    let value = json!({"id": id, "ended": true}).to_string();
    Ok(([(header::CONTENT_TYPE, "application/json")], value).into_response())
}
