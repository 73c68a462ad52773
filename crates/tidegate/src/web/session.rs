//! Who is at the other end: a person who signed in, a reporter with a mailbox, or anybody.

use super::{Answer, Shared, Web, Whence};
use crate::engine::people::People;
use crate::engine::sessions::{SESSION_MIN, Session, Shown, Who};
use crate::secret::Secret;
use axum::extract::{FromRef, FromRequestParts};
use axum::http::header::{COOKIE, HeaderMap, SET_COOKIE};
use axum::http::request::Parts;
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use std::str::FromStr;
use std::sync::Arc;
use tidegate_domain::id::{CaseId, Slug};

impl Web {
    /// Begins the session of a person who showed who they are; `None` where that does not hold any more, or `code` is
    /// not good and one is needed.
    pub(super) async fn sign_in(
        &self,
        shown: &Shown,
        code: &str,
        whence: &Whence,
    ) -> Result<Option<Response>, Answer> {
        let secret = self.engine.begin_session(shown, code, &whence.to_string()).await?;
        Ok(secret.map(|secret| self.let_in(&secret, "/desk")))
    }

    /// Hands out a session's cookie, with a way on.
    pub(super) fn let_in(&self, secret: &Secret, to: &str) -> Response {
        let cookie = format!(
            "{}={secret}; Path=/; HttpOnly; SameSite=Lax; Max-Age={}{}",
            self.cookie_name(),
            SESSION_MIN * 60,
            if self.is_https() { "; Secure" } else { "" }
        );
        (AppendHeaders([(SET_COOKIE, cookie)]), Redirect::to(to)).into_response()
    }

    /// Ends a session and takes its cookie back.
    pub(super) async fn end_session(&self, session: &Session, to: &str) -> Result<Response, Answer> {
        self.engine.end_session(session).await?;
        let secure = if self.is_https() { "; Secure" } else { "" };
        let cookie = format!("{}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0{secure}", self.cookie_name());
        Ok((AppendHeaders([(SET_COOKIE, cookie)]), Redirect::to(to)).into_response())
    }

    /// Whose session it is, for the header of a page that is the same for all but for that.
    pub(super) async fn visitor(&self, headers: &HeaderMap) -> Option<Who> {
        let (session, people) = self.session(headers).await.ok().flatten()?;
        match &session.who {
            Who::Person(name) => people.find(name).is_some().then_some(session.who),
            Who::Reporter(_) => Some(session.who),
        }
    }

    async fn session(&self, headers: &HeaderMap) -> Result<Option<(Session, Arc<People>)>, Answer> {
        let Some(secret) = cookie(headers, self.cookie_name()).and_then(|text| Secret::from_str(text).ok())
        else {
            return Ok(None);
        };
        Ok(self.engine.session(&secret).await?)
    }

    /// A cookie that a neighbouring site cannot set, where there is HTTPS (RFC 6265bis).
    fn cookie_name(&self) -> &'static str {
        if self.is_https() { "__Host-session" } else { "session" }
    }

    pub(super) fn is_https(&self) -> bool {
        self.origin.starts_with("https:")
    }
}

pub(super) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let pairs = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    pairs.flat_map(|text| text.split(';')).find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

/// A person who is signed in; anybody else is sent to sign in, and whoever lacks a second factor that a role of
/// theirs demands is sent to set it up.
#[derive(Clone, Debug)]
pub struct Person {
    /// Who.
    pub name: Slug,
    /// The session.
    pub session: Session,
}

impl<S> FromRequestParts<S> for Person
where
    Shared: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Answer;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Person, Answer> {
        let SignedIn { name, session, lacks_factor } = SignedIn::from_request_parts(parts, state).await?;
        if lacks_factor { Err(Answer::SetUpFactor) } else { Ok(Person { name, session }) }
    }
}

/// A person who is signed in, whatever is demanded of them beside that.
#[derive(Clone, Debug)]
pub(super) struct SignedIn {
    pub(super) name: Slug,
    pub(super) session: Session,
    /// Whether a role of theirs demands a second factor that they have not set up.
    pub(super) lacks_factor: bool,
}

impl<S> FromRequestParts<S> for SignedIn
where
    Shared: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Answer;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<SignedIn, Answer> {
        let web = Shared::from_ref(state);
        let Some((session, people)) = web.session(&parts.headers).await? else { return Err(Answer::SignIn) };
        let Who::Person(name) = &session.who else { return Err(Answer::SignIn) };
        let Some(person) = people.find(name) else { return Err(Answer::SignIn) };
        let lacks_factor = !session.other_second_factor && web.engine.lacks_second_factor(person).await?;
        Ok(SignedIn { name: name.clone(), session, lacks_factor })
    }
}

/// A reporter whose mailbox is open; anybody else is asked for its key.
#[derive(Clone, Debug)]
pub struct Reporter {
    /// Their case.
    pub case: CaseId,
    /// The session.
    pub session: Session,
}

impl<S> FromRequestParts<S> for Reporter
where
    Shared: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Reporter, Response> {
        let web = Shared::from_ref(state);
        match web.session(&parts.headers).await.map_err(IntoResponse::into_response)? {
            Some((session, _)) => match session.who {
                Who::Reporter(case) => Ok(Reporter { case, session }),
                Who::Person(_) => Err(Redirect::to("/mailbox").into_response()),
            },
            None => Err(Redirect::to("/mailbox").into_response()),
        }
    }
}
