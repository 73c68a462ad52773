//! My account: an authenticator app is set up and taken away. It is the one page of whoever lacks one that a role of
//! theirs demands.

use super::form::Form;
use super::routes::{For, Routes};
use super::session::SignedIn;
use super::{Answer, Shared, Web, limits};
use crate::engine::second_factor::{Changed, SecondFactor};
use crate::pages::desk::{self, FactorPage, Setup};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use tidegate_domain::id::Slug;
use zeroize::Zeroizing;

pub(super) const PAGE: &str = "/account/second-factor";

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .get(For::Person, PAGE, show)
        .post(For::Person, "/account/second-factor/begin", begin)
        .post(For::Person, "/account/second-factor/confirm", confirm)
        .post(For::Person, "/account/second-factor/recovery-codes", renew)
        .post(For::Person, "/account/second-factor/turn-off", turn_off)
}

async fn show(State(web): State<Shared>, person: SignedIn) -> Result<Html<String>, Answer> {
    web.factor_page(&person, None).await
}

async fn begin(State(web): State<Shared>, person: SignedIn) -> Result<Redirect, Answer> {
    web.engine.begin_setup(&person.name, &person.session).await?;
    Ok(Redirect::to(PAGE))
}

async fn confirm(State(web): State<Shared>, person: SignedIn, form: Form) -> Result<Response, Answer> {
    web.admit(limits::CODE, &own(&person.name)).await?;
    let code = form.0.text("code").unwrap_or_default();
    let changed = web.engine.finish_setup(&person.name, &person.session, code).await?;
    let wrong = "That is not the code that the app should show now. Is the clock of your telephone right?";
    web.factor_changed(&person, changed, wrong).await
}

async fn renew(State(web): State<Shared>, person: SignedIn, form: Form) -> Result<Response, Answer> {
    web.admit(limits::CODE, &own(&person.name)).await?;
    let changed = web.engine.renew_recovery_codes(&person.name, &person.session, password(&form)).await?;
    web.factor_changed(&person, changed, WRONG_PASSWORD).await
}

async fn turn_off(State(web): State<Shared>, person: SignedIn, form: Form) -> Result<Response, Answer> {
    web.admit(limits::CODE, &own(&person.name)).await?;
    let changed = web.engine.remove_authenticator(&person.name, &person.session, password(&form)).await?;
    web.factor_changed(&person, changed, WRONG_PASSWORD).await
}

pub(super) const WRONG_PASSWORD: &str = "That is not your password, or you are signed in without the second factor that \
     you have. Nothing was changed.";

pub(super) fn password(form: &Form) -> Zeroizing<String> {
    Zeroizing::new(form.0.exact("password").unwrap_or_default().to_owned())
}

/// What whoever is signed in tries on their own account: nobody else uses their tries up.
pub(super) fn own(name: &Slug) -> String {
    format!("own/{name}")
}

impl Web {
    /// Shows what was made, or leads on; or shows the page again with what is wrong.
    async fn factor_changed(
        &self,
        person: &SignedIn,
        changed: Changed,
        wrong: &str,
    ) -> Result<Response, Answer> {
        match changed {
            Changed::Not => {
                let page = self.factor_page(person, Some(wrong)).await?;
                Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
            }
            Changed::Later => Err(Answer::Later { retry_after_s: super::BUSY_S }),
            Changed::Done(codes) => {
                self.engine.store.forget_try(limits::CODE, &own(&person.name)).await?;
                if codes.is_empty() {
                    return Ok(Redirect::to(PAGE).into_response());
                }
                Ok(Html(desk::recovery_codes(&person.name, &codes)).into_response())
            }
        }
    }

    async fn factor_page(&self, person: &SignedIn, wrong: Option<&str>) -> Result<Html<String>, Answer> {
        let factor = self.engine.second_factor(&person.name, &person.session).await?;
        let setup = match &factor {
            SecondFactor::Pending(seed) => Some(Setup {
                address: seed.address(self.host(), person.name.as_str()).unwrap_or_default(),
                typed: seed.typed(),
            }),
            SecondFactor::NoPassword | SecondFactor::Off | SecondFactor::On { .. } => None,
        };
        let is_demanded = person.lacks_factor;
        Ok(Html(desk::second_factor(&FactorPage {
            name: &person.name,
            factor: &factor,
            setup,
            is_demanded,
            wrong,
        })))
    }

    fn host(&self) -> &str {
        self.origin.split_once("://").map_or(self.origin.as_str(), |(_, host)| host)
    }
}
