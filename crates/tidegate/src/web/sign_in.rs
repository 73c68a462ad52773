//! Signing in and out.

use super::form::Form;
use super::path::Path;
use super::routes::{For, Routes};
use super::session::SignedIn;
use super::{Answer, Reporter, Shared, Whence, limits};
use crate::engine::Checked;
use crate::pages::desk;
use crate::secret::Secret;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use zeroize::Zeroizing;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .get(For::Anyone, "/sign-in", show)
        .post(For::Anyone, "/sign-in", use_password)
        .get(For::Anyone, "/sign-in/{secret}", show_link)
        .post(For::Anyone, "/sign-in/{secret}", use_link)
        .post(For::Anyone, "/sign-out", sign_out)
}

async fn show(State(web): State<Shared>) -> Html<String> {
    Html(desk::sign_in(false, web.doors()))
}

/// A wrong password, a wrong code, too many codes and an account that is not there are the same answer, after the
/// same work: whoever has the password alone does not learn that it is right.
async fn use_password(State(web): State<Shared>, whence: Whence, form: Form) -> Result<Response, Answer> {
    let password = Zeroizing::new(form.0.exact("password").unwrap_or_default().to_owned());
    let (typed, code) = (form.0.text("name").unwrap_or_default(), form.0.text("code").unwrap_or_default());
    // As it was typed: that a name and an address are one person's is not told either.
    let subject = typed.to_lowercase();
    web.admit_from(limits::SIGN_IN, &whence).await?;
    web.admit(limits::SIGN_IN_NAME, &subject).await?;
    let (shown, tries) = match web.engine.check_password(typed, password).await? {
        Checked::Is(shown) => (Some(shown.clone()), format!("password/{}", shown.name)),
        Checked::IsNot => (None, format!("nobody/{subject}")),
        Checked::Later => return Err(Answer::Later { retry_after_s: super::BUSY_S }),
    };
    let may_try = web.may_try(limits::CODE, &tries).await?;
    let Some(shown) = shown.filter(|_| may_try) else { return Ok(refused(&web)) };
    let Some(in_order) = web.sign_in(&shown, code, &whence).await? else { return Ok(refused(&web)) };
    web.engine.store.forget_try(limits::CODE, &tries).await?;
    web.engine.store.forget_try(limits::SIGN_IN_NAME, &subject).await?;
    web.forgive_from(limits::SIGN_IN, &whence).await?;
    Ok(in_order)
}

fn refused(web: &Shared) -> Response {
    (StatusCode::FORBIDDEN, Html(desk::sign_in(true, web.doors()))).into_response()
}

async fn show_link(Path(secret): Path<String>) -> Result<Html<String>, Answer> {
    let secret: Secret = secret.parse().map_err(|_| Answer::NoSecret)?;
    Ok(Html(desk::sign_in_link(&secret.to_string())))
}

async fn use_link(
    State(web): State<Shared>,
    whence: Whence,
    Path(secret): Path<String>,
) -> Result<Response, Answer> {
    let secret: Secret = secret.parse().map_err(|_| Answer::NoSecret)?;
    let shown = web.engine.check_link(&secret).await?.ok_or(Answer::NoSecret)?;
    web.sign_in(&shown, "", &whence).await?.ok_or(Answer::NoSecret)
}

/// Whoever is not signed in is signed out already.
async fn sign_out(
    State(web): State<Shared>,
    person: Result<SignedIn, Answer>,
    reporter: Result<Reporter, Response>,
) -> Result<Response, Answer> {
    let session = person.map(|person| person.session).or(reporter.map(|reporter| reporter.session));
    match session {
        Ok(session) => web.end_session(&session, "/").await,
        Err(_) => Ok(Redirect::to("/").into_response()),
    }
}
