//! What else is shown of one case: its advisory, who may know what, what may be told, what looks like it.

use super::caller::Reader;
use super::page::{List, json_of};
use super::query;
use crate::engine::CaseFile;
use crate::web::path::Path;
use crate::web::routes::{For, Routes};
use crate::web::{Answer, Shared};
use axum::extract::State;
use axum::http::Uri;
use axum::http::header::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};
use tidegate_domain::case::{Stage, Version};
use tidegate_domain::id::CaseId;
use tidegate_domain::permission::Because;
use tidegate_domain::policy::RoleId;
use tidegate_domain::policy::vocabulary::{Item, RoleKind};
use tidegate_domain::similar;
use tidegate_formats::draft;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .get(For::Token, "/api/v1/cases/{case}/advisory", advisory)
        .get(For::Token, "/api/v1/cases/{case}/knowledge", knowledge)
        .get(For::Token, "/api/v1/cases/{case}/permission", permission)
        .get(For::Token, "/api/v1/cases/{case}/duplicates", duplicates)
}

/// The versions of the advisory, the oldest first.
async fn advisory(list: List, Path(id): Path<CaseId>) -> Result<Response, Answer> {
    let (file, viewer) = list.web.engine.open_case(id, &list.who).await?;
    let view = file.view(&viewer).ok_or(Answer::NotFound)?;
    let line = |version: &&Version| (version.number.to_string(), version_value(&file, version, view.insider));
    list.answer(view.versions.iter().map(line))
}

/// A version. Who approved it, and what still is wrong with it, is for whoever works on it.
fn version_value(file: &CaseFile, version: &Version, insider: bool) -> Value {
    let (stage, at) = match version.stage {
        Stage::Draft => ("draft", None),
        Stage::Staged { at } => ("staged", Some(at)),
        Stage::Public { at } => ("public", Some(at)),
    };
    let required = &file.policy().advisory.required;
    let lints =
        insider.then(|| draft::lint(&version.draft, required).iter().map(ToString::to_string).collect());
    let lints: Option<Vec<String>> = lints;
    json!({
        "number": version.number, "stage": stage, "at": at.map(|at| at.to_string()), "changes": version.changes,
        "approvals": insider.then_some(&version.approvals), "lints": lints, "text": draft::render(&version.draft),
    })
}

/// What each role may know, and since when: for whoever works on the case.
async fn knowledge(list: List, Path(id): Path<CaseId>) -> Result<Response, Answer> {
    let (file, viewer) = list.web.engine.open_case(id, &list.who).await?;
    let view = file.view(&viewer).ok_or(Answer::NotFound)?;
    let known = file.known_since(&view);
    let line = |known: &tidegate_domain::audience::Known<'_>| {
        let items = known.items.iter();
        let items: Vec<Value> =
            items.map(|(item, since)| json!({"item": item.name(), "since": since.to_string()})).collect();
        let value = json!({"role": known.role.id.as_str(), "title": known.role.title, "items": items});
        (known.role.id.to_string(), value)
    };
    list.answer(known.iter().map(line))
}

/// Whether the token's owner may tell somebody something of the case, with the clause.
async fn permission(
    State(web): State<Shared>,
    reader: Reader,
    Path(id): Path<CaseId>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Answer> {
    let who = &reader.0.owner;
    let (file, asker) = web.engine.open_case(id, who).await?;
    let wrong = |what: &str| Answer::Faults(vec![what.to_owned()]);
    let asked = query::read(uri.query(), &["item", "to"])?;
    let item = asked.get("item").and_then(|name| Item::from_name(name));
    let item = item.ok_or_else(|| wrong("item: say what would be told, by its name"))?;
    let to = role(&file, asked.get("to")).ok_or_else(|| wrong("to: the policy has no role of that name"))?;
    let ruling = file.may_tell(&asker, to, item).ok_or(Answer::NotFound)?;
    let (clause, note) = match ruling.because {
        Because::Rule(rule) => (Some(rule.clause.as_str()), rule.note.as_str()),
        Because::Public | Because::Silence => (None, ""),
    };
    let value = json!({
        "case": id.to_string(), "item": item.name(), "answer": ruling.answer.name(), "clause": clause,
        "to": file.policy().role_at(to).map(|role| role.id.as_str()), "note": note, "stated": ruling.stated,
        "policy": file.policy().id.as_str(),
    });
    Ok(json_of(&web, who, &headers, &value))
}

/// The role of this name, or everybody.
fn role(file: &CaseFile, name: Option<&String>) -> Option<RoleId> {
    match name {
        Some(name) => file.policy().role(name),
        None => file.policy().roles_of(RoleKind::Public).iter().next(),
    }
}

/// Open cases that look like this one, among those that the token's owner works on.
async fn duplicates(list: List, Path(id): Path<CaseId>) -> Result<Response, Answer> {
    let (file, viewer) = list.web.engine.open_case(id, &list.who).await?;
    let insider = file.view(&viewer).filter(|view| view.insider).ok_or(Answer::NotFound)?;
    let record = insider.record.as_deref().ok_or(Answer::NotFound)?;
    let mut lines = Vec::new();
    for (other, viewer) in list.web.engine.visible_cases(Some(file.project()), &list.who, true).await? {
        let Some(view) = other.view(&viewer).filter(|view| view.insider) else { continue };
        let Some(theirs) = view.record.as_deref().filter(|theirs| theirs.id != id) else { continue };
        let shared: Vec<String> = similar::shared(record, theirs).iter().map(ToString::to_string).collect();
        if !shared.is_empty() {
            let value =
                json!({"case": theirs.id.to_string(), "title": theirs.title.to_string(), "shared": shared});
            lines.push((theirs.id.to_string(), value));
        }
    }
    list.answer(lines)
}
