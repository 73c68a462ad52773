//! The advisory's editor: look at what is written, in every form in which it would become public, before it is
//! saved by the case's own action. Looking stores nothing, and what was typed comes back whatever is wrong.

use super::form::Form;
use super::path::Path;
use super::routes::{For, Routes};
use super::{Answer, Person, Shared};
use crate::engine::{CaseFile, EngineError};
use crate::hands::render;
use crate::pages::desk::{self, DraftPage, Preview};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use std::sync::Arc;
use tidegate_domain::advisory::{Draft, Publication};
use tidegate_domain::audience::View;
use tidegate_domain::case::{By, Entry, Event};
use tidegate_domain::id::CaseId;
use tidegate_domain::policy::Act;
use tidegate_domain::policy::vocabulary::{Item, Verb};
use tidegate_domain::publication::{advisory_number, publication_as};
use tidegate_domain::time::Instant;
use tidegate_formats::draft;

/// What an advisory that has no number yet is shown under.
const UNNUMBERED: &str = "DRAFT-0";

pub(super) fn routes(routes: Routes) -> Routes {
    routes.get(For::Person, "/desk/cases/{case}/advisory", edit).post(
        For::Person,
        "/desk/cases/{case}/advisory",
        look_or_save,
    )
}

async fn edit(
    State(web): State<Shared>,
    person: Person,
    Path(id): Path<CaseId>,
) -> Result<Html<String>, Answer> {
    let (file, viewer) = web.engine.open_case(id, &person.name).await?;
    let view = insider(&file, file.view(&viewer))?;
    let text = match view.versions.last() {
        Some(version) => draft::render(&version.draft),
        None => draft::template(&file.policy().advisory.required),
    };
    let page = looked_at(&file, &view, id, text, web.engine.clock.now(), &web.engine.site);
    Ok(Html(desk::editor(&person.name, &page)))
}

async fn look_or_save(
    State(web): State<Shared>,
    person: Person,
    Path(id): Path<CaseId>,
    form: Form,
) -> Result<Response, Answer> {
    let (file, viewer) = web.engine.open_case(id, &person.name).await?;
    let view = insider(&file, file.view(&viewer))?;
    let text = form.0.text("draft").unwrap_or_default().to_owned();
    let now = web.engine.clock.now();
    let mut page = looked_at(&file, &view, id, text, now, &web.engine.site);
    if form.0.text("do") != Some("save") {
        return Ok(Html(desk::editor(&person.name, &page)).into_response());
    }
    let act = Act::Built(Verb::DraftAdvisory);
    match crate::asked::perform(&web.engine, id, &person.name, &act, &form.0).await {
        Ok(_) => return Ok(Redirect::to(&format!("/desk/cases/{id}/advisory")).into_response()),
        Err(EngineError::Refused(explanation)) => page.refused = Some(*explanation),
        Err(EngineError::Faults(faults)) => page.fault = faults.into_iter().next(),
        Err(other) => return Err(other.into()),
    }
    Ok((StatusCode::UNPROCESSABLE_ENTITY, Html(desk::editor(&person.name, &page))).into_response())
}

/// The editor is for those who work on the case and may read its advisory; for others it is not there.
pub(super) fn insider<'c>(file: &CaseFile, view: Option<View<'c>>) -> Result<View<'c>, Answer> {
    let view = view.filter(|view| view.insider && view.items.contains(Item::AdvisoryText));
    let is_written_here = file.policy().step_of(Verb::DraftAdvisory).is_some();
    view.filter(|_| is_written_here).ok_or(Answer::NotFound)
}

fn looked_at(
    file: &CaseFile,
    view: &View<'_>,
    id: CaseId,
    text: String,
    now: Instant,
    site: &tidegate_formats::Link,
) -> DraftPage {
    let (lints, previews, fault) = match draft::parse(&text) {
        Ok(read) => {
            let lints = draft::lint(&read, &file.policy().advisory.required);
            (lints, previews(file, view, read, now, site), None)
        }
        Err(fault) => (Vec::new(), Vec::new(), Some(fault)),
    };
    DraftPage { id, text, fault, lints, previews, refused: None }
}

/// Every form of the draft, as it would be written if it were saved and became public as planned.
fn previews(
    file: &CaseFile,
    view: &View<'_>,
    read: Draft,
    now: Instant,
    site: &tidegate_formats::Link,
) -> Vec<Preview> {
    let Some(publication) = as_publication(file, view, read, now) else { return Vec::new() };
    let files = render::render(&publication, file.project(), Vec::new(), site);
    let shown = |document: &crate::store::StagedDocument| {
        let form = Preview::form_of(&document.path)?;
        let text = String::from_utf8_lossy(&document.body).into_owned();
        Some(Preview { form, path: document.path.clone(), text })
    };
    files.iter().filter_map(shown).collect()
}

fn as_publication(file: &CaseFile, view: &View<'_>, read: Draft, now: Instant) -> Option<Publication> {
    let mut case = view.record.as_deref()?.clone();
    let event = Event::Drafted { draft: Arc::new(read) };
    case.apply(&Entry { at: now, by: By::Clock, event });
    let version = case.versions.last()?.number;
    let number = advisory_number(file.policy(), &case).unwrap_or_else(|| UNNUMBERED.to_owned());
    publication_as(file.policy(), &case, version, case.planned().unwrap_or(now), number)
}
