//! Passkeys: signing in with one, adding one, removing one. Our content security policy lets no script talk to us, so
//! a question is part of a page and the answer is part of a form; a script hands the one to the device and takes the
//! other from it.

use super::form::Form;
use super::identity::PAGE;
use super::path::Path;
use super::routes::{For, Routes};
use super::second_factor::{own, password};
use super::session::{Person, SignedIn};
use super::{Answer, Shared, Web, Whence, limits};
use crate::pages::desk::{self, Reader};
use crate::passkeys::Passkeys;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .get(For::Anyone, "/passkey.js", script)
        .post(For::Anyone, "/sign-in/passkey", ask)
        .post(For::Anyone, "/sign-in/passkey/answer", answer)
        .post(For::Person, "/account/passkeys/new", ask_for_new)
        .post(For::Person, "/account/passkeys/answer", add)
        .post(For::Person, "/account/passkeys/{id}/remove", remove)
}

async fn script() -> Response {
    let headers =
        [(header::CONTENT_TYPE, "text/javascript; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    (headers, desk::passkey_script()).into_response()
}

async fn ask(State(web): State<Shared>, whence: Whence) -> Result<Response, Answer> {
    let passkeys = web.passkeys()?;
    web.admit_from(limits::SIGN_IN, &whence).await?;
    let asked = web.engine.ask_for_passkey(passkeys).await?.ok_or(Answer::NotFound)?;
    Ok((web.keep(&asked.secret), Html(desk::use_passkey(&asked.options))).into_response())
}

async fn answer(
    State(web): State<Shared>,
    whence: Whence,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Answer> {
    let passkeys = web.passkeys()?;
    let Some(secret) = web.kept(&headers) else { return Ok(refused()) };
    let given = form.0.exact("answer").unwrap_or_default();
    let Some(shown) = web.engine.check_passkey(passkeys, &secret, given).await? else { return Ok(refused()) };
    let Some(in_order) = web.sign_in(&shown, "", &whence).await? else { return Ok(refused()) };
    web.forgive_from(limits::SIGN_IN, &whence).await?;
    Ok(in_order)
}

async fn ask_for_new(State(web): State<Shared>, person: SignedIn, form: Form) -> Result<Response, Answer> {
    let passkeys = web.passkeys()?;
    if !web.is_owner(&person.name, &form).await? {
        return web.wrong_password(&person.name).await;
    }
    let note = form.0.text("note").unwrap_or_default();
    let asked = web.engine.ask_for_new_passkey(passkeys, &person.name, &person.session, note).await?;
    let asked = asked.ok_or(Answer::NotFound)?;
    Ok((web.keep(&asked.secret), Html(desk::new_passkey(&person.name, &asked.options))).into_response())
}

async fn add(
    State(web): State<Shared>,
    person: SignedIn,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Answer> {
    let passkeys = web.passkeys()?;
    let given = form.0.exact("answer").unwrap_or_default();
    let whose = (&person.name, &person.session);
    let is_added = match web.kept(&headers) {
        Some(secret) => web.engine.add_passkey(passkeys, whose, &secret, given).await?,
        None => false,
    };
    if is_added {
        return Ok(Redirect::to(PAGE).into_response());
    }
    let why = "That is no new passkey for this site, or it took longer than ten minutes. Where you have a second factor \
         already, sign in with it first. Nothing was added.";
    let page = desk::note(Reader::Person(&person.name), "No passkey", &[why.to_owned()]);
    Ok((StatusCode::UNPROCESSABLE_ENTITY, Html(page)).into_response())
}

async fn remove(
    State(web): State<Shared>,
    person: Person,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, Answer> {
    web.admit(limits::CODE, &own(&person.name)).await?;
    let removed = web.engine.remove_passkey(&person.name, &person.session, password(&form), &id).await?;
    web.way_changed(&person.name, removed).await
}

/// Whatever the reason.
fn refused() -> Response {
    let why =
        "That passkey lets nobody in here. It may have been removed, or have taken longer than ten minutes.";
    let page = desk::note(Reader::Whoever, "Not signed in", &[why.to_owned()]);
    (StatusCode::FORBIDDEN, Html(page)).into_response()
}

impl Web {
    fn passkeys(&self) -> Result<&Passkeys, Answer> {
        self.passkeys.as_ref().ok_or(Answer::NotFound)
    }
}
