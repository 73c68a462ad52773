//! The API, under [`ROOT`]: the same engine and the same views as the pages, for programs. A program comes with a
//! token in the header `Authorization: Bearer ...`, and with nothing else: cookies mean nothing here.

mod body;
mod caller;
mod cases;
mod openapi;
mod problem;

pub use openapi::openapi;
pub(super) use problem::{failed, shaped};

use super::path::Path;
use super::routes::{For, Routes};
use super::{Answer, Shared};
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use caller::Reader;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tidegate_domain::id::Slug;

/// What every address of the API begins with.
const ROOT: &str = "/api/";

pub(super) fn routes(routes: Routes) -> Routes {
    let routes = routes
        .get(For::Anyone, "/api/v1/openapi.json", description)
        .get(For::Token, "/api/v1/me", me)
        .get(For::Anyone, "/api/v1/projects", projects)
        .get(For::Anyone, "/api/v1/projects/{project}/policy", policy);
    cases::routes(routes)
}

/// Whether a path is the API's, and its errors are told as problem details.
pub(super) fn is_api(path: &str) -> bool {
    path.starts_with(ROOT)
}

/// Answers with JSON, or says that the asker has it already. The tag is made of what is answered, and so of what
/// this asker may see, and of nothing else (ALL-01).
fn json_for(asked: &HeaderMap, value: &Value) -> Response {
    let body = value.to_string();
    let digest = Sha256::digest(body.as_bytes());
    let etag = format!("\"{}\"", crate::hands::report::hex(digest.get(..16).unwrap_or_default()));
    let known = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let has_it = known.flat_map(|list| list.split(',')).any(|tag| {
        let tag = tag.trim();
        tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag
    });
    let etag = HeaderValue::from_str(&etag).unwrap_or_else(|_| unreachable!("hex digits are a header"));
    let common = [
        (header::ETAG, etag),
        (header::VARY, HeaderValue::from_static("authorization")),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache")),
    ];
    if has_it {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    (common, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

async fn description(headers: HeaderMap) -> Response {
    json_for(&headers, &openapi())
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
    Ok(json_for(&headers, &value))
}

async fn projects(State(web): State<Shared>, headers: HeaderMap) -> Result<Response, Answer> {
    let mut values = Vec::new();
    for project in web.engine.store.projects().await? {
        let rules = web.engine.policy(&project.id).await?;
        values.push(json!({
            "id": project.id.as_str(), "name": rules.publisher.name, "policy": rules.title,
            "contact": rules.publisher.contact,
        }));
    }
    Ok(json_for(&headers, &json!(values)))
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
    Ok(json_for(&headers, &value))
}
