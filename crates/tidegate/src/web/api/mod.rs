//! The API, under [`ROOT`]: the same engine and the same views as the pages, for programs. A program comes with a
//! token in the header `Authorization: Bearer ...`, and with nothing else: cookies mean nothing here.

mod body;
mod caller;
mod cases;
mod desk;
mod once;
mod openapi;
mod page;
mod problem;
mod query;
mod views;

pub use openapi::openapi;
pub(super) use problem::{failed, shaped};

use super::path::Path;
use super::routes::{For, Routes};
use super::{Answer, Shared};
use crate::hands::render::PUBLICATIONS;
use crate::store::PublicEntry;
use axum::extract::State;
use axum::http::header::HeaderMap;
use axum::response::Response;
use caller::Reader;
use page::{EVERYBODY, Page, json_for, json_of};
use serde_json::json;
use std::sync::Arc;
use tidegate_domain::id::Slug;
use tidegate_domain::policy::check::check;

/// What every address of the API begins with.
const ROOT: &str = "/api/";

pub(super) fn routes(routes: Routes) -> Routes {
    let routes = routes
        .get(For::Anyone, "/api/v1/openapi.json", description)
        .get(For::Token, "/api/v1/me", me)
        .get(For::Anyone, "/api/v1/projects", projects)
        .get(For::Anyone, "/api/v1/projects/{project}/policy", policy)
        .get(For::Token, "/api/v1/projects/{project}/policy/check", policy_check)
        .get(For::Anyone, "/api/v1/documents", documents);
    views::routes(desk::routes(cases::routes(routes)))
}

/// Whether a path is the API's, and its errors are told as problem details.
pub(super) fn is_api(path: &str) -> bool {
    path.starts_with(ROOT)
}

async fn description(State(web): State<Shared>, headers: HeaderMap) -> Response {
    json_for(&web, EVERYBODY, &headers, &openapi())
}

/// Who the token stands for, and what it is good for.
async fn me(State(web): State<Shared>, reader: Reader, headers: HeaderMap) -> Result<Response, Answer> {
    let people = web.engine.people().await?;
    let roles = people.find(&reader.0.owner).map(|person| json!(person.roles));
    let token = reader.0;
    let scopes: Vec<&str> = token.scopes.iter().map(|scope| scope.name()).collect();
    let value = json!({
        "name": token.owner.as_str(), "roles": roles, "scopes": scopes, "expires": token.expires.to_string(),
    });
    Ok(json_of(&web, &token.owner, &headers, &value))
}

async fn projects(State(web): State<Shared>, page: Page, headers: HeaderMap) -> Result<Response, Answer> {
    let mut values = Vec::new();
    for project in web.engine.store.projects().await? {
        let rules = web.engine.policy(&project.id).await?;
        let value = json!({
            "id": project.id.as_str(), "name": rules.publisher.name, "policy": rules.title,
            "contact": rules.publisher.contact,
        });
        values.push((project.id.to_string(), value));
    }
    page.answer(&web, EVERYBODY, &headers, values)
}

/// The policy as the file that the program obeys: it is public.
async fn policy(
    State(web): State<Shared>,
    Path(project): Path<Slug>,
    headers: HeaderMap,
) -> Result<Response, Answer> {
    let rules = web.engine.policy(&project).await?;
    let stored = web.engine.store.project(&project).await?;
    let value = json!({"project": project.as_str(), "title": rules.title, "toml": stored.policy_toml});
    Ok(json_for(&web, EVERYBODY, &headers, &value))
}

/// What the proof found of the policy. It visits every state, so it is for whoever has a token.
async fn policy_check(
    State(web): State<Shared>,
    reader: Reader,
    Path(project): Path<Slug>,
    headers: HeaderMap,
) -> Result<Response, Answer> {
    let rules = web.engine.policy(&project).await?;
    let visit = Arc::clone(&rules);
    let checked = tokio::task::spawn_blocking(move || check(&visit)).await;
    let report = checked.map_err(|_| Answer::Later { retry_after_s: super::BUSY_S })?;
    let value = json!({
        "project": project.as_str(), "policy": rules.id.as_str(), "sound": report.findings.is_empty(),
        "states": report.states, "transitions": report.transitions,
        "findings": report.findings.iter().map(|finding| json!({
            "kind": finding.kind.name(), "what": finding.what, "path": finding.path,
        })).collect::<Vec<_>>(),
    });
    Ok(json_of(&web, &reader.0.owner, &headers, &value))
}

/// What everybody may read, the latest first: where it is, and since when.
async fn documents(State(web): State<Shared>, page: Page, headers: HeaderMap) -> Result<Response, Answer> {
    let mut entries = web.engine.store.public_documents().await?;
    // What pages are made of is no document of its own.
    entries.retain(|entry| !entry.path.starts_with(PUBLICATIONS));
    entries.sort_by(|one, other| (other.since, &one.path).cmp(&(one.since, &other.path)));
    let line = |entry: PublicEntry| {
        let url = format!("{}/{}", web.origin, entry.path);
        let value = json!({
            "path": entry.path, "url": url, "bytes": entry.bytes, "since": entry.since.to_string(),
        });
        (entry.path, value)
    };
    page.answer(&web, EVERYBODY, &headers, entries.into_iter().map(line).collect())
}
