//! Cases: listed, read, and worked on.

use super::body::Object;
use super::caller::{Doer, Reader};
use super::once::{Once, once, seen, settle, unchanged};
use super::page::{List, json_of, numbered};
use crate::asked;
use crate::engine::CaseFile;
use crate::out::lines;
use crate::shape;
use crate::web::path::Path;
use crate::web::routes::{For, Routes};
use crate::web::{Answer, Shared, Web, desk};
use axum::extract::State;
use axum::http::header::{self, HeaderMap};
use axum::response::{IntoResponse, Response};
use tidegate_domain::case::Actor;
use tidegate_domain::id::{CaseId, Slug};

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .get(For::Token, "/api/v1/cases", list)
        .get(For::Token, "/api/v1/cases/{case}", show)
        .get(For::Token, "/api/v1/cases/{case}/log", log)
        .get(For::Token, "/api/v1/cases/{case}/files/{sha256}", file)
        .post(For::Token, "/api/v1/cases/{case}/actions/{act}", act)
}

/// The cases that the token's owner may know of, closed ones too.
async fn list(list: List) -> Result<Response, Answer> {
    let seen = list.web.engine.visible_cases(None, &list.who, false).await?;
    let views = seen.iter().filter_map(|(file, viewer)| Some((file, file.view(viewer)?)));
    let lines = views.map(|(file, view)| (file.id().to_string(), shape::Line::of(file, &view).value()));
    list.answer(lines)
}

async fn show(
    State(web): State<Shared>,
    reader: Reader,
    Path(id): Path<CaseId>,
    headers: HeaderMap,
) -> Result<Response, Answer> {
    let (file, viewer) = web.engine.open_case(id, &reader.0.owner).await?;
    let value = seen(&web, &file, &viewer);
    Ok(json_of(&web, &reader.0.owner, &headers, &value))
}

async fn log(list: List, Path(id): Path<CaseId>) -> Result<Response, Answer> {
    let (file, viewer) = list.web.engine.open_case(id, &list.who).await?;
    let view = file.view(&viewer).ok_or(Answer::NotFound)?;
    let entries: Vec<_> = file.log(&view).collect();
    let shown = lines(&entries).as_array().cloned().unwrap_or_default();
    list.answer(numbered(shown))
}

/// A file of the case, as bytes: whoever sent it may be an attacker.
async fn file(
    State(web): State<Shared>,
    reader: Reader,
    Path((id, sha256)): Path<(CaseId, String)>,
) -> Result<Response, Answer> {
    let (file, viewer) = web.engine.open_case(id, &reader.0.owner).await?;
    let view = file.view(&viewer).ok_or(Answer::NotFound)?;
    file.file_name(&view, &sha256).ok_or(Answer::NotFound)?;
    let headers =
        [(header::CONTENT_TYPE, "application/octet-stream"), (header::CONTENT_DISPOSITION, "attachment")];
    Ok((headers, web.engine.file(id, &sha256).await?).into_response())
}

async fn act(
    State(web): State<Shared>,
    doer: Doer,
    Path((id, act)): Path<(CaseId, String)>,
    headers: HeaderMap,
    object: Object,
) -> Result<Response, Answer> {
    let (token, asked) = (&doer.0, format!("{act} {}", object.text()));
    // Whoever may not know of the case learns nothing from what is wrong with the body either (ALL-01).
    let (file, viewer) = web.engine.open_case(id, &token.owner).await?;
    let body = match once(&web, token, id, &headers, &asked).await? {
        Once::Done(body) => body,
        Once::Do(answer) => {
            let came = match unchanged(&web, &file, &viewer, &token.owner, &headers) {
                Ok(()) => perform(&web, (&file, &viewer), &token.owner, &act, object).await,
                Err(changed) => Err(changed),
            };
            settle(&web, answer, id, &came).await?;
            came?
        }
    };
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

async fn perform(
    web: &Web,
    (file, viewer): (&CaseFile, &Actor),
    who: &Slug,
    act: &str,
    object: Object,
) -> Result<String, Answer> {
    let act = desk::act_of(act)?;
    let mut done = asked::perform(&web.engine, file.id(), who, &act, &object.given(&act)?).await?;
    if !file.view(viewer).is_some_and(|view| view.insider) {
        // What the clock did thereupon is for whoever works on the case.
        done.entries.retain(|entry| entry.by.name() == who.as_str());
    }
    Ok(shape::performed(file.id(), &done.entries).to_string())
}
