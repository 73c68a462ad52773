//! The description of the API (OpenAPI 3.1), made of the tables that the API itself is made of: a verb is in it
//! because it is in the language, with the fields that [`crate::asked`] asks for.

mod schemas;

use crate::engine::api_tokens::Scope;
use serde_json::{Map, Value, json};
use tidegate_domain::policy::vocabulary::Verb;

/// The route by which everything is done in a case; the description spells out what can be done.
const ACTIONS: &str = "/api/v1/cases/{case}/actions/{act}";

/// The route by which a token is ended.
const END_TOKEN: &str = "/api/v1/me/tokens/{id}/end";

/// What is said of a route.
struct Operation {
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    scope: Option<Scope>,
    /// The name of what is answered, or none where it is bytes.
    answer: Option<&'static str>,
}

const fn reads(
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    answer: &'static str,
) -> Operation {
    Operation { path, id, summary, scope: Some(Scope::Read), answer: Some(answer) }
}

const fn open(
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    answer: &'static str,
) -> Operation {
    Operation { path, id, summary, scope: None, answer: Some(answer) }
}

/// What is read. What is done is spelled out verb by verb.
const READ: &[Operation] = &[
    open("/api/v1/openapi.json", "openapi", "This description", "Description"),
    open("/api/v1/projects", "projects", "The projects that take reports", "Projects"),
    open(
        "/api/v1/projects/{project}/policy",
        "policy",
        "The policy that a project obeys, as its file",
        "Policy",
    ),
    reads(
        "/api/v1/projects/{project}/policy/check",
        "policyCheck",
        "What the proof found of the policy, with the shortest way to each mistake",
        "PolicyCheck",
    ),
    open("/api/v1/documents", "documents", "What everybody may read, the latest first", "Documents"),
    reads("/api/v1/me", "me", "Who the token stands for", "Me"),
    reads("/api/v1/me/tokens", "tokens", "The owner's tokens, without their secrets", "Tokens"),
    reads("/api/v1/due", "due", "What needs the token's owner now, the oldest first", "Due"),
    reads("/api/v1/calendar", "calendar", "What is planned to become public", "Calendar"),
    reads("/api/v1/invitations", "invitations", "Who was invited to cases, the latest first", "Invitations"),
    reads("/api/v1/cases", "cases", "The cases that the token's owner may know of", "Cases"),
    reads("/api/v1/cases/{case}", "case", "A case, as the token's owner may see it", "Case"),
    reads("/api/v1/cases/{case}/log", "log", "The lines of its log that they may read", "Log"),
    reads("/api/v1/cases/{case}/advisory", "advisory", "The versions of its advisory", "Versions"),
    reads("/api/v1/cases/{case}/knowledge", "knowledge", "Who may know what, and since when", "Knowledge"),
    reads("/api/v1/cases/{case}/permission", "permission", "Whether something may be told", "Permission"),
    reads("/api/v1/cases/{case}/duplicates", "duplicates", "Open cases that look like it", "Duplicates"),
    Operation {
        path: "/api/v1/cases/{case}/files/{sha256}",
        id: "file",
        summary: "A file of the case, as bytes",
        scope: Some(Scope::Read),
        answer: None,
    },
];

/// The whole description.
#[must_use]
pub fn openapi() -> Value {
    let mut paths = Map::new();
    for operation in READ {
        paths.insert(operation.path.to_owned(), json!({"get": read(operation)}));
    }
    paths.insert(END_TOKEN.to_owned(), json!({"post": end_token()}));
    // A case was opened by a report already: nothing receives it again.
    for verb in Verb::ALL.iter().filter(|verb| **verb != Verb::Receive) {
        let body = schemas::body(crate::asked::fields(*verb));
        paths.insert(
            ACTIONS.replace("{act}", verb.name()),
            json!({"post": act(verb.name(), verb.phrase(), &body)}),
        );
    }
    let body = schemas::body(crate::asked::CUSTOM);
    let summary = "a step of the policy's own";
    paths.insert(ACTIONS.replace("{act}", "{step}"), json!({"post": act("step", summary, &body)}));
    let about = "Cases, their logs and files, and every step of the procedure. What one may not see does not exist \
                 for them: it is answered as what is not there.";
    json!({
        "openapi": "3.1.0",
        "info": {"title": "Tidegate", "version": env!("CARGO_PKG_VERSION"), "description": about},
        "paths": paths,
        "components": {
            "schemas": schemas::components(),
            "securitySchemes": {"token": {
                "type": "http", "scheme": "bearer", "description": "A token made at /account/tokens, or by `tidegate token create`.",
            }},
        },
    })
}

fn read(operation: &Operation) -> Value {
    let answer = match operation.answer {
        Some(name) => json!({"application/json": {"schema": schemas::named(name)}}),
        None => json!({"application/octet-stream": {}}),
    };
    let mut statuses: Vec<u16> = Vec::new();
    if operation.answer.is_some() {
        statuses.push(304);
    }
    if operation.scope.is_some() {
        statuses.extend([401, 403]);
    }
    if operation.path.contains('{') {
        statuses.push(404);
    }
    let queries = schemas::queries(operation.id, operation.answer);
    if !queries.is_empty() {
        statuses.push(422);
    }
    let mut value =
        described(operation.id, operation.summary, operation.path, operation.scope, &answer, &statuses);
    if let Some(parameters) = value["parameters"].as_array_mut() {
        parameters.extend(queries);
    }
    value
}

fn end_token() -> Value {
    let answer = json!({"application/json": {"schema": schemas::named("Ended")}});
    let statuses = [401, 403, 404];
    described("endToken", "End one of the owner's tokens", END_TOKEN, Some(Scope::Act), &answer, &statuses)
}

fn act(name: &str, summary: &str, body: &Value) -> Value {
    let answer = json!({"application/json": {"schema": schemas::named("Performed")}});
    let statuses = [400, 401, 403, 404, 409, 412, 413, 415, 422];
    let path = if name == "step" { "{case}{step}" } else { "{case}" };
    let mut value = described(name, summary, path, Some(Scope::Act), &answer, &statuses);
    if let Some(parameters) = value["parameters"].as_array_mut() {
        parameters.extend(schemas::headers());
    }
    let required = body["required"].as_array().is_some_and(|fields| !fields.is_empty());
    value["requestBody"] = json!({"required": required, "content": {"application/json": {"schema": body}}});
    value
}

fn described(
    id: &str,
    summary: &str,
    path: &str,
    scope: Option<Scope>,
    answer: &Value,
    statuses: &[u16],
) -> Value {
    let mut responses = Map::new();
    responses.insert("200".to_owned(), json!({"description": "Done.", "content": answer}));
    for status in statuses {
        let said =
            axum::http::StatusCode::from_u16(*status).ok().and_then(|status| status.canonical_reason());
        let mut response = json!({"description": said.unwrap_or("Error")});
        if *status >= 400 {
            response["content"] = json!({"application/problem+json": {"schema": schemas::named("Problem")}});
        }
        responses.insert(status.to_string(), response);
    }
    let mut value = json!({
        "operationId": id, "summary": summary, "parameters": schemas::parameters(path), "responses": responses,
    });
    if let Some(scope) = scope {
        value["security"] = json!([{"token": []}]);
        value["description"] = json!(format!("Needs a token with the scope `{}`.", scope.name()));
    }
    value
}
