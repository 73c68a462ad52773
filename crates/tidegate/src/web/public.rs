//! For everybody: reporting a vulnerability, and the reporter's mailbox.

use super::form::Form;
use super::path::Path;
use super::routes::{For, Routes};
use super::{Answer, Reporter, Shared, Whence, limits};
use crate::hands::compose::letter_of_form;
use crate::pages::desk::{self, Mailbox, ReportForm};
use crate::secret::Secret;
use crate::words::said;
use axum::extract::State;
use axum::http::header;
use axum::response::{Html, IntoResponse, Redirect, Response};
use tidegate_domain::audience::View;
use tidegate_domain::case::Action;
use tidegate_domain::id::Slug;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .get(For::Anyone, "/desk.css", style)
        .get(For::Anyone, "/desk.js", script)
        .get(For::Anyone, "/report", reports)
        .get(For::Anyone, "/report/{project}", report)
        .post(For::Anyone, "/report/{project}", take_report)
        .get(For::Anyone, "/mailbox", mailbox)
        .post(For::Anyone, "/mailbox", open_mailbox)
        .get(For::Anyone, "/mailbox/{key}", mailbox_link)
        .post(For::Reporter, "/mailbox/message", write)
        .post(For::Reporter, "/mailbox/embargo", answer_embargo)
}

async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")], desk::style())
        .into_response()
}

async fn script() -> Response {
    let headers =
        [(header::CONTENT_TYPE, "text/javascript; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    (headers, desk::script()).into_response()
}

async fn form_of(web: &Shared, project: &Slug) -> Result<ReportForm, Answer> {
    let policy = web.engine.policy(project).await?;
    Ok(ReportForm {
        project: project.to_string(),
        name: policy.publisher.name.clone(),
        contact: policy.publisher.contact.clone(),
    })
}

async fn reports(State(web): State<Shared>) -> Result<Html<String>, Answer> {
    let mut forms = Vec::new();
    for project in web.engine.store.projects().await? {
        forms.push(form_of(&web, &project.id).await?);
    }
    Ok(Html(desk::reports(&forms)))
}

async fn report(State(web): State<Shared>, Path(project): Path<Slug>) -> Result<Html<String>, Answer> {
    Ok(Html(desk::report(&form_of(&web, &project).await?)))
}

/// Stores the report as a letter before anything looks at it (ALL-05), and answers with the mailbox's key.
async fn take_report(
    State(web): State<Shared>,
    whence: Whence,
    Path(project): Path<Slug>,
    form: Form,
) -> Result<Html<String>, Answer> {
    form_of(&web, &project).await?;
    web.admit_from(limits::REPORT, &whence).await?;
    let raw = letter_of_form(&form.0, web.engine.clock.now()).map_err(Answer::from)?;
    let letter = web.engine.accept_letter(&project, None, &raw).await?;
    let key = web.engine.mailbox_of_letter(letter).await?;
    Ok(Html(desk::mailbox_made(&key)))
}

/// The page that a link in a letter leads to. It asks for a click, and is the same whether or not the key is good.
async fn mailbox_link(Path(key): Path<String>) -> Result<Html<String>, Answer> {
    let key: Secret = key.parse().map_err(|_| Answer::NoSecret)?;
    Ok(Html(desk::mailbox_link(&key)))
}

async fn open_mailbox(State(web): State<Shared>, whence: Whence, form: Form) -> Result<Response, Answer> {
    web.admit_from(limits::KEY, &whence).await?;
    let key: Secret = form.0.text("key").and_then(|key| key.parse().ok()).ok_or(Answer::NoSecret)?;
    let case = web.engine.open_mailbox(&key).await?.ok_or(Answer::NoSecret)?;
    web.forgive_from(limits::KEY, &whence).await?;
    let session = web.engine.begin_reporter_session(case).await?;
    Ok(web.let_in(&session, "/mailbox"))
}

async fn mailbox(
    State(web): State<Shared>,
    reporter: Result<Reporter, Response>,
) -> Result<Html<String>, Answer> {
    let Ok(reporter) = reporter else { return Ok(Html(desk::mailbox_key())) };
    let (file, actor) = web.engine.open_case(reporter.case, &crate::engine::perform::reporter()).await?;
    let standing = file.standing_for_reporter(&actor);
    let mut content = Mailbox {
        title: String::new(),
        stands: standing.map_or_else(String::new, |standing| standing.phrase().to_owned()),
        planned: None,
        numbers: Vec::new(),
        messages: file.correspondence(&actor).iter().map(|entry| said(entry)).collect(),
        proposed: file.offered_to(&actor, web.engine.clock.now()),
    };
    if let Some(view) = file.view(&actor) {
        show(&view, &mut content, file.awaits_disclosure());
    }
    Ok(Html(desk::mailbox(&content)))
}

fn show(view: &View<'_>, content: &mut Mailbox, awaits_disclosure: bool) {
    if let Some(record) =
        view.record.as_deref().filter(|case| !case.reports.iter().any(|report| report.sealed))
    {
        content.title = record.title.to_string();
    }
    content.planned = view.planned.filter(|_| awaits_disclosure);
    content.numbers = view.number.map(str::to_owned).into_iter().collect();
    for cve in view.cves.iter().map(ToString::to_string) {
        if !content.numbers.contains(&cve) {
            content.numbers.push(cve);
        }
    }
}

async fn write(State(web): State<Shared>, reporter: Reporter, form: Form) -> Result<Redirect, Answer> {
    let (file, _) = web.engine.open_case(reporter.case, &crate::engine::perform::reporter()).await?;
    let raw = letter_of_form(&form.0, web.engine.clock.now()).map_err(Answer::from)?;
    web.engine.accept_letter(file.project(), Some(reporter.case), &raw).await?;
    web.engine.work().await?;
    Ok(Redirect::to("/mailbox"))
}

async fn answer_embargo(
    State(web): State<Shared>,
    reporter: Reporter,
    form: Form,
) -> Result<Redirect, Answer> {
    let action = match form.0.text("answer") {
        Some("accept") => Action::AcceptEmbargo,
        Some("reject") => Action::RejectEmbargo,
        Some(_) | None => return Err(Answer::Faults(vec!["say whether you agree".to_owned()])),
    };
    web.engine.perform(reporter.case, &crate::engine::perform::reporter(), &action).await?;
    Ok(Redirect::to("/mailbox"))
}
