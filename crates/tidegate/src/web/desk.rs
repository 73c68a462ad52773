//! The response desk: what needs me now, the cases that I may know of, and everything that can be done in one.

use super::form::Form;
use super::path::Path;
use super::point_releases::tallies;
use super::routes::{For, Routes};
use super::{Answer, Person, Shared, Web};
use crate::engine::{CaseFile, EngineError};
use crate::pages::desk::{self, CaseLine, CasePage, DueLine, Offer};
use crate::store::StoreError;
use axum::extract::State;
use axum::http::header;
use axum::response::{Html, IntoResponse, Redirect, Response};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use tidegate_domain::audience::View;
use tidegate_domain::case::clock::clocks;
use tidegate_domain::case::{Actor, Case};
use tidegate_domain::id::{CaseId, Slug};
use tidegate_domain::policy::Act;
use tidegate_domain::policy::check::{Phase, possible};
use tidegate_domain::policy::vocabulary::Verb;
use tidegate_domain::refusal::Refusal;
use tidegate_domain::time::Instant;

/// Most lines of the list of what is due.
const DUE_MAX: usize = 500;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .get(For::Person, "/desk", now)
        .get(For::Person, "/desk/cases", cases)
        .get(For::Person, "/desk/cases/{case}", case)
        .get(For::Person, "/desk/cases/{case}/files/{sha256}", file)
        .post(For::Person, "/desk/cases/{case}/{act}", act)
}

async fn now(State(web): State<Shared>, person: Person) -> Result<Html<String>, Answer> {
    let lines = due_for(&web, &person.name).await?;
    let warning = web.engine.security_txt.as_ref().and_then(|file| file.warning(web.engine.clock.now()));
    Ok(Html(desk::now(&person.name, &lines, warning.as_deref())))
}

/// What needs `who` now, the oldest first.
pub(super) async fn due_for(web: &Web, who: &Slug) -> Result<Vec<DueLine>, Answer> {
    let at = web.engine.clock.now();
    let mut lines = Vec::new();
    // Most cases have several clocks: each is opened once.
    let mut opened = HashMap::new();
    for due in web.engine.store.due(None, u32::MAX).await? {
        let known = match opened.entry(due.case) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => match web.engine.open_case(due.case, who).await {
                Err(EngineError::NoSuchCase(_) | EngineError::Store(StoreError::Shredded { .. })) => {
                    new.insert(None)
                }
                other => new.insert(Some(other?)),
            },
        };
        let Some((file, viewer)) = known else { continue };
        let Some(view) = file.view(viewer).filter(|view| view.insider) else { continue };
        lines.push(DueLine {
            at: due.due.at,
            late: due.due.at <= at,
            what: what_is_due(file, &due.due.what),
            case: due.case,
            title: view.record.as_deref().map(|case| case.title.to_string()).unwrap_or_default(),
        });
    }
    // Cut when what is hidden is gone already: how much of it there is must not show in what is left (ALL-01).
    lines.truncate(DUE_MAX);
    Ok(lines)
}

/// What is due, in the words of the policy.
fn what_is_due(file: &CaseFile, what: &str) -> String {
    let Some(id) = what.strip_prefix("clock ") else { return what.to_owned() };
    let rule = file.policy().clocks.iter().find(|rule| rule.id.as_str() == id);
    rule.map_or(id.to_owned(), |rule| format!("{} ({})", rule.title, rule.clause))
}

async fn cases(State(web): State<Shared>, person: Person) -> Result<Html<String>, Answer> {
    let mut lines = Vec::new();
    let visible = web.engine.visible_cases(None, &person.name, false).await?;
    for (file, viewer) in &visible {
        let Some(view) = file.view(viewer) else { continue };
        lines.extend(line(file, &view));
    }
    let tallies = tallies(&web, &visible).await?;
    Ok(Html(desk::cases(&person.name, &lines, &tallies)))
}

fn line(file: &CaseFile, view: &View<'_>) -> Option<CaseLine> {
    let record = view.record.as_deref()?;
    Some(CaseLine {
        case: record.id,
        project: file.policy().publisher.name.clone(),
        number: view.number.map(str::to_owned),
        title: record.title.to_string(),
        stands: Phase::of(record).name().to_owned(),
        planned: view.planned,
    })
}

async fn case(
    State(web): State<Shared>,
    person: Person,
    Path(id): Path<CaseId>,
) -> Result<Html<String>, Answer> {
    let (file, viewer) = web.engine.open_case(id, &person.name).await?;
    let Some(view) = file.view(&viewer) else { return Ok(Html(desk::invited(&person.name, id))) };
    let now = web.engine.clock.now();
    let record = view.record.as_deref();
    let working = record.filter(|_| view.insider);
    let page = CasePage {
        id,
        policy: file.policy(),
        offers: working.map(|case| offers(&file, &viewer, case, now)).unwrap_or_default(),
        clocks: working.map(|case| clocks(file.policy(), case, now)).unwrap_or_default(),
        known: file.known_since(&view),
        log: file.log(&view).collect(),
        has_editor: super::editor::insider(&file, Some(view.clone())).is_ok(),
        view: &view,
        now,
    };
    Ok(Html(desk::case(&person.name, &page)))
}

/// The steps that are the viewer's: what can be done now, and what not and why.
fn offers<'p>(file: &'p CaseFile, viewer: &Actor, case: &Case, now: Instant) -> Vec<Offer<'p>> {
    let policy = file.policy();
    let mine = case.roles_of(policy, viewer);
    let steps = policy.steps.iter().filter(|step| step.by.meets(mine));
    steps
        .filter_map(|step| match possible(policy, case, viewer, step, now) {
            Ok(()) => Some(Offer { step, refused: None }),
            Err(Refusal::TooLate { .. }) => None,
            Err(refusal) => Some(Offer { step, refused: Some(refusal.explain(policy)) }),
        })
        .collect()
}

/// A file of the case, to be kept and never to be shown: whoever sent it may be an attacker.
async fn file(
    State(web): State<Shared>,
    person: Person,
    Path((id, sha256)): Path<(CaseId, String)>,
) -> Result<Response, Answer> {
    let (file, viewer) = web.engine.open_case(id, &person.name).await?;
    let view = file.view(&viewer).ok_or(Answer::NotFound)?;
    let name = file.file_name(&view, &sha256).ok_or(Answer::NotFound)?;
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    let name: String = name.chars().map(plain).collect();
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, web.engine.file(id, &sha256).await?).into_response())
}

async fn act(
    State(web): State<Shared>,
    person: Person,
    Path((id, act)): Path<(CaseId, String)>,
    form: Form,
) -> Result<Redirect, Answer> {
    let act = act_of(&act)?;
    crate::asked::perform(&web.engine, id, &person.name, &act, &form.0).await?;
    Ok(Redirect::to(&format!("/desk/cases/{id}")))
}

/// The act that a path names: one of the language's, or a step of the policy's own.
pub(super) fn act_of(name: &str) -> Result<Act, Answer> {
    match Verb::from_name(name) {
        Some(verb) => Ok(Act::Built(verb)),
        None => name.parse().map(Act::Custom).map_err(|_| Answer::NotFound),
    }
}
