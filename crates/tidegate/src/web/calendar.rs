//! The desk's pages across cases: what is planned, and who was invited.

use super::path::Path;
use super::routes::{For, Routes};
use super::{Answer, Person, Shared, Web};
use crate::engine::CaseFile;
use crate::pages::desk::{self, Invitation, Month, Planned};
use axum::extract::State;
use axum::response::Html;
use tidegate_domain::audience::View;
use tidegate_domain::case::{Entry, Event};
use tidegate_domain::id::Slug;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .get(For::Person, "/desk/calendar", this_month)
        .get(For::Person, "/desk/calendar/{month}", month)
        .get(For::Person, "/desk/invitations", invitations)
}

async fn this_month(State(web): State<Shared>, person: Person) -> Result<Html<String>, Answer> {
    let month = Month::of(web.engine.clock.now());
    show(&web, &person, month).await
}

async fn month(
    State(web): State<Shared>,
    person: Person,
    Path(month): Path<String>,
) -> Result<Html<String>, Answer> {
    show(&web, &person, Month::read(&month).ok_or(Answer::NotFound)?).await
}

async fn show(web: &Shared, person: &Person, month: Month) -> Result<Html<String>, Answer> {
    let planned = planned_for(web, &person.name).await?;
    Ok(Html(desk::calendar(&person.name, month, web.engine.clock.now(), &planned)))
}

/// What is planned and `who` may know of, the earliest first.
pub(super) async fn planned_for(web: &Web, who: &Slug) -> Result<Vec<Planned>, Answer> {
    let mut planned = Vec::new();
    for (file, viewer) in web.engine.visible_cases(None, who, false).await? {
        planned.extend(file.view(&viewer).and_then(|view| plan(&file, &view)));
    }
    planned.sort_by_key(|one| (one.at, one.case));
    Ok(planned)
}

/// The case in the calendar, by what its reader may see. Whoever may not see the record knows it by its number.
fn plan(file: &CaseFile, view: &View<'_>) -> Option<Planned> {
    let record = view.record.as_deref();
    let number = view.number.map(str::to_owned);
    let title = record.map(|case| case.title.to_string()).or(number);
    Some(Planned {
        at: view.planned?,
        zone: (file.policy().zone.clone(), file.policy().zone_name.clone()),
        case: file.id(),
        title: title.unwrap_or_default(),
        batch: record.and_then(|case| case.batch.as_ref()).map(|batch| batch.id.clone()),
        is_public: !file.awaits_disclosure(),
    })
}

async fn invitations(State(web): State<Shared>, person: Person) -> Result<Html<String>, Answer> {
    let found = invited_for(&web, &person.name).await?;
    Ok(Html(desk::invitations(&person.name, &found)))
}

/// Who was invited to the cases that `who` works on, the latest first.
pub(super) async fn invited_for(web: &Web, who: &Slug) -> Result<Vec<Invitation>, Answer> {
    let mut found = Vec::new();
    for (file, viewer) in web.engine.visible_cases(None, who, false).await? {
        let Some(view) = file.view(&viewer).filter(|view| view.insider) else { continue };
        let log: Vec<Entry> = file.log(&view).map(std::borrow::Cow::into_owned).collect();
        found.extend(log.iter().filter_map(|entry| invitation(&file, &view, entry, &log)));
    }
    found.sort_by_key(|one| (std::cmp::Reverse(one.at), one.case));
    Ok(found)
}

fn invitation(file: &CaseFile, view: &View<'_>, entry: &Entry, log: &[Entry]) -> Option<Invitation> {
    let Event::Invited { person, role } = &entry.event else { return None };
    let promised = |later: &&Entry| {
        later.at >= entry.at
            && matches!(&later.event, Event::ConfidenceAcknowledged { person: who } if who == person)
    };
    let policy = file.policy();
    let title = policy.role(role.as_str()).and_then(|id| policy.role_at(id)).map(|role| role.title.clone());
    Some(Invitation {
        at: entry.at,
        by: entry.by.name().to_owned(),
        person: person.clone(),
        role: title.unwrap_or_else(|| role.to_string()),
        case: file.id(),
        title: view.record.as_deref().map(|case| case.title.to_string()).unwrap_or_default(),
        accepted: log.iter().find(promised).map(|later| later.at),
    })
}
