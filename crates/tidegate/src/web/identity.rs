//! Signing in at the identity provider, and binding who one is there to one's account. The browser comes back with a
//! code; that it is the one that was sent away, it shows by a cookie. Afterwards it goes to one page of ours, whatever
//! the address that it came with says.

use super::form::Form;
use super::routes::{For, Routes};
use super::second_factor::{WRONG_PASSWORD, own, password};
use super::session::{Person, SignedIn, cookie};
use super::{Answer, Shared, Web, Whence, limits};
use crate::engine::identities::{AWAY_MIN, CameBack, Errand, IdentityError};
use crate::engine::second_factor::Changed;
use crate::oidc::{Back, Oidc, OidcError};
use crate::pages::desk::{self, Doors, WaysPage};
use crate::secret::Secret;
use axum::extract::{RawQuery, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{AppendHeaders, Html, IntoResponse, Redirect, Response};
use std::sync::Arc;
use tidegate_domain::id::Slug;

pub(super) const PAGE: &str = "/account/sign-in";
const CODE: &str = "/sign-in/code";
/// Where the provider sends browsers back to: it has to be told.
const BACK: &str = "/sign-in/oidc/callback";

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .get(For::Anyone, "/sign-in/oidc", send_away)
        .get(For::Anyone, BACK, come_back)
        .get(For::Anyone, CODE, ask_code)
        .post(For::Anyone, CODE, take_code)
        .get(For::Person, PAGE, show)
        .post(For::Person, "/account/identity/bind", bind)
        .post(For::Person, "/account/identity/unbind", unbind)
}

async fn send_away(State(web): State<Shared>, whence: Whence) -> Result<Response, Answer> {
    let oidc = web.oidc()?;
    web.admit_from(limits::AWAY, &whence).await?;
    match web.engine.send_away(oidc, Errand::SignIn, &web.back()).await {
        Ok(sent) => Ok((web.keep(&sent.secret), Redirect::to(&sent.address)).into_response()),
        Err(error) => failed(error),
    }
}

async fn come_back(
    State(web): State<Shared>,
    whence: Whence,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    person: Result<SignedIn, Answer>,
) -> Result<Response, Answer> {
    let oidc = web.oidc()?;
    let Some(secret) = web.kept(&headers) else { return Ok(refused()) };
    let within = person.as_ref().ok().map(|person| (&person.name, &person.session));
    let came = web.engine.came_back(oidc, &secret, came(query.as_deref()), &web.back(), within).await;
    match came {
        Ok(CameBack::Is(shown)) => match web.engine.hold_for_code(&shown).await? {
            Some(held) => Ok((web.keep(&held), Redirect::to(CODE)).into_response()),
            None => Ok(web.sign_in(&shown, "", &whence).await?.unwrap_or_else(refused)),
        },
        Ok(CameBack::IsNot) => Ok(refused()),
        Ok(CameBack::Bound) => Ok(Redirect::to(PAGE).into_response()),
        Err(error) => failed(error),
    }
}

/// The same page for everybody, whether or not a code of theirs is waited for.
async fn ask_code(State(web): State<Shared>) -> Result<Html<String>, Answer> {
    web.oidc()?;
    Ok(Html(desk::identity_code(false)))
}

async fn take_code(
    State(web): State<Shared>,
    whence: Whence,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Answer> {
    web.oidc()?;
    let Some(secret) = web.kept(&headers) else { return Ok(refused()) };
    let Some(shown) = web.engine.held_for_code(&secret).await? else { return Ok(refused()) };
    // Only whoever signed in at the provider uses these tries up.
    let tries = format!("identity/{}", shown.name);
    let wrong = || (StatusCode::FORBIDDEN, Html(desk::identity_code(true))).into_response();
    if !web.may_try(limits::CODE, &tries).await? {
        return Ok(wrong());
    }
    let code = form.0.text("code").unwrap_or_default();
    let Some(in_order) = web.sign_in(&shown, code, &whence).await? else { return Ok(wrong()) };
    web.engine.store.forget_try(limits::CODE, &tries).await?;
    Ok(in_order)
}

/// Whoever lacks a second factor that is demanded may add a passkey here, which is one.
async fn show(State(web): State<Shared>, person: SignedIn) -> Result<Html<String>, Answer> {
    web.ways(&person.name, None).await
}

/// A form must not lead elsewhere (our content security policy), so that a page with a link stands between.
async fn bind(State(web): State<Shared>, person: Person, form: Form) -> Result<Response, Answer> {
    let oidc = web.oidc()?;
    if !web.is_owner(&person.name, &form).await? {
        return web.wrong_password(&person.name).await;
    }
    let errand = Errand::Bind { name: person.name.clone(), session: person.session.id.to_string() };
    match web.engine.send_away(oidc, errand, &web.back()).await {
        Ok(sent) => {
            let page = Html(desk::onward(&person.name, &oidc.name, &sent.address));
            Ok((web.keep(&sent.secret), page).into_response())
        }
        Err(error) => failed(error),
    }
}

async fn unbind(State(web): State<Shared>, person: Person, form: Form) -> Result<Response, Answer> {
    web.admit(limits::CODE, &own(&person.name)).await?;
    let unbound = web.engine.unbind_own_identity(&person.name, &person.session, password(&form)).await?;
    web.way_changed(&person.name, unbound).await
}

/// Whatever the reason: who is not bound, who does not exist, and what is not believed are the same page.
fn refused() -> Response {
    (StatusCode::FORBIDDEN, Html(desk::identity_refused())).into_response()
}

fn failed(error: IdentityError) -> Result<Response, Answer> {
    match error {
        IdentityError::Engine(error) => Err(error.into()),
        IdentityError::Provider(why) => {
            tracing::warn!("{why}");
            Ok(match why {
                OidcError::Down(_) => (StatusCode::BAD_GATEWAY, Html(desk::provider_down())).into_response(),
                OidcError::NotBelieved(_) => refused(),
            })
        }
    }
}

/// What the provider adds beside is no business of ours.
fn came(query: Option<&str>) -> Back {
    let mut back = Back::default();
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        match &*name {
            "state" => back.state = value.into_owned(),
            "code" => back.code = value.into_owned(),
            "iss" => back.issuer = Some(value.into_owned()),
            _ => {}
        }
    }
    back
}

impl Web {
    /// How one may sign in, beside name and password.
    pub(super) fn doors(&self) -> Doors<'_> {
        Doors { provider: self.provider(), has_passkeys: self.passkeys.is_some() }
    }

    /// The identity provider's name, if there is one.
    fn provider(&self) -> Option<&str> {
        self.engine.oidc.as_ref().map(|oidc| oidc.name.as_str())
    }

    /// Leads on where a way to sign in was changed, or shows the page again with what is wrong.
    pub(super) async fn way_changed(&self, name: &Slug, changed: Changed) -> Result<Response, Answer> {
        match changed {
            Changed::Not => self.wrong_password(name).await,
            Changed::Later => Err(Answer::Later { retry_after_s: super::BUSY_S }),
            Changed::Done(_) => {
                self.engine.store.forget_try(limits::CODE, &own(name)).await?;
                Ok(Redirect::to(PAGE).into_response())
            }
        }
    }

    fn oidc(&self) -> Result<&Arc<Oidc>, Answer> {
        self.engine.oidc.as_ref().ok_or(Answer::NotFound)
    }

    fn back(&self) -> String {
        format!("{}{BACK}", self.origin)
    }

    /// What a browser shows when it is back. It comes from another site then, so the cookie cannot be a strict one.
    pub(super) fn keep(&self, secret: &Secret) -> AppendHeaders<[(axum::http::HeaderName, String); 1]> {
        let cookie = format!(
            "{}={secret}; Path=/; HttpOnly; SameSite=Lax; Max-Age={}{}",
            self.away_cookie(),
            AWAY_MIN * 60,
            if self.is_https() { "; Secure" } else { "" }
        );
        AppendHeaders([(SET_COOKIE, cookie)])
    }

    pub(super) fn kept(&self, headers: &HeaderMap) -> Option<Secret> {
        cookie(headers, self.away_cookie())?.parse().ok()
    }

    fn away_cookie(&self) -> &'static str {
        if self.is_https() { "__Host-away" } else { "away" }
    }

    async fn ways(&self, name: &Slug, wrong: Option<&str>) -> Result<Html<String>, Answer> {
        let identity = self.engine.identity_of(name).await?;
        let has_password = self.engine.has_password(name).await?;
        let passkeys = self.engine.passkeys_of(name).await?;
        let page = WaysPage {
            name,
            has_password,
            provider: self.provider(),
            identity: identity.as_ref(),
            passkeys: self.passkeys.as_ref().map(|_| passkeys.as_slice()),
            wrong,
        };
        Ok(Html(desk::ways(&page)))
    }

    pub(super) async fn wrong_password(&self, name: &Slug) -> Result<Response, Answer> {
        let page = self.ways(name, Some(WRONG_PASSWORD)).await?;
        Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
    }

    /// Whether whoever is signed in typed the password, where there is one.
    pub(super) async fn is_owner(&self, name: &Slug, form: &Form) -> Result<bool, Answer> {
        self.admit(limits::CODE, &own(name)).await?;
        match self.engine.confirm_owner(name, password(form)).await? {
            Changed::Done(_) => {
                self.engine.store.forget_try(limits::CODE, &own(name)).await?;
                Ok(true)
            }
            Changed::Not => Ok(false),
            Changed::Later => Err(Answer::Later { retry_after_s: super::BUSY_S }),
        }
    }
}
