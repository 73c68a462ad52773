//! Setting a password with a link that came by mail, and asking for such a link.

use super::form::Form;
use super::path::Path;
use super::routes::{For, Routes};
use super::whence::Whence;
use super::{Answer, Shared, limits};
use crate::engine::Checked;
use crate::pages::desk::{self, Reader};
use crate::secret::Secret;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use zeroize::Zeroizing;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .get(For::Anyone, "/welcome/{secret}", show)
        .post(For::Anyone, "/welcome/{secret}", set)
        .get(For::Anyone, "/recover", ask)
        .post(For::Anyone, "/recover", asked)
}

/// The same page whether or not the link is good: looking at it uses nothing up.
async fn show(Path(secret): Path<String>) -> Result<Html<String>, Answer> {
    let secret: Secret = secret.parse().map_err(|_| Answer::NoSecret)?;
    Ok(Html(desk::welcome(&secret.to_string(), false)))
}

async fn set(
    State(web): State<Shared>,
    whence: Whence,
    Path(secret): Path<String>,
    form: Form,
) -> Result<Response, Answer> {
    let secret: Secret = secret.parse().map_err(|_| Answer::NoSecret)?;
    let password = new_password(&form)?;
    let code = form.0.text("code").unwrap_or_default();
    // One bucket for all links of one person, however many letters somebody asks for.
    let name = web.engine.welcomed(&secret).await?.ok_or(Answer::NoSecret)?;
    let tries = format!("link/{name}");
    if !web.may_try(limits::CODE, &tries).await? {
        return Ok(refused(&secret));
    }
    let checked = web.engine.set_first_password(&secret, &password, code).await;
    if !matches!(checked, Ok(Checked::IsNot)) {
        web.engine.store.forget_try(limits::CODE, &tries).await?;
    }
    match checked? {
        Checked::Is(shown) => web.sign_in(&shown, "", &whence).await?.ok_or(Answer::NoSecret),
        Checked::IsNot => Ok(refused(&secret)),
        Checked::Later => Err(Answer::Later { retry_after_s: super::BUSY_S }),
    }
}

fn refused(secret: &Secret) -> Response {
    (StatusCode::FORBIDDEN, Html(desk::welcome(&secret.to_string(), true))).into_response()
}

/// A password that was typed twice, the same both times.
pub(super) fn new_password(form: &Form) -> Result<Zeroizing<String>, Answer> {
    let typed = |name| form.0.exact(name).unwrap_or_default();
    if typed("password") != typed("again") {
        let advice = "the two passwords are not the same: go back and type them again";
        return Err(Answer::Faults(vec![advice.to_owned()]));
    }
    Ok(Zeroizing::new(typed("password").to_owned()))
}

async fn ask() -> Html<String> {
    Html(desk::recover())
}

/// The same answer whether or not anybody has the address; a hand looks at it later.
async fn asked(State(web): State<Shared>, whence: Whence, form: Form) -> Result<Html<String>, Answer> {
    let address = form.0.text("address").unwrap_or_default();
    web.admit_from(limits::LETTER, &whence).await?;
    web.admit(limits::LETTER_ADDRESS, &address.to_lowercase()).await?;
    web.engine.ask_for_recovery(address).await?;
    let said = "If somebody here has this address, a letter with a link is on its way to it.";
    Ok(Html(desk::note(Reader::Whoever, "Look into your mail", &[said.to_owned()])))
}
