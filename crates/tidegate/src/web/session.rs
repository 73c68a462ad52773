//! Who is at the other end: a person who signed in, a reporter with a mailbox, or anybody.

use super::{Answer, Shared, Web, Whence};
use crate::account::{AccountEvent, Proof};
use crate::secret::Secret;
use crate::store::{Held, TokenId, TokenKind};
use axum::extract::{FromRef, FromRequestParts};
use axum::http::header::{COOKIE, HeaderMap, SET_COOKIE};
use axum::http::request::Parts;
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use serde::{Deserialize, Serialize};
use std::str::FromStr;
use tidegate_domain::id::{CaseId, Slug};
use tidegate_domain::time::Instant;

/// After so many minutes without a click a session ends ...
const IDLE_MIN: i64 = 8 * 60;
/// ... and after so many in any case.
const SESSION_MIN: i64 = 24 * 60;
/// A session's end is moved at most once in so many minutes, so that reading pages writes little.
const EXTEND_MIN: i64 = 15;
const MINUTE_US: i64 = 60_000_000;

/// Whose session it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Who {
    /// A person of the instance.
    Person(Slug),
    /// Whoever reported this case, by the key of its mailbox.
    Reporter(CaseId),
}

/// A session as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Stored {
    who: Who,
    began_us: i64,
}

/// A session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its name in the store.
    pub id: TokenId,
    /// Whose it is.
    pub who: Who,
    /// When it began.
    pub began: Instant,
    /// When it ends if it is not used.
    pub expires: Instant,
}

impl Session {
    fn open(held: &Held) -> Option<Session> {
        let stored: Stored = serde_json::from_slice(&held.body).ok()?;
        Some(Session {
            id: held.id,
            who: stored.who,
            began: Instant::from_micros(stored.began_us),
            expires: held.expires,
        })
    }
}

impl Web {
    /// Begins the session of a person who has proved who they are.
    pub(super) async fn sign_in(&self, name: &Slug, by: Proof, whence: &Whence) -> Result<Response, Answer> {
        let from = whence.to_string();
        let event = AccountEvent::SignedIn { by, from };
        self.engine.change_account(name, |_| Some((event.clone(), ()))).await?;
        self.begin_session(Who::Person(name.clone()), "/desk").await
    }

    /// Begins a session and answers with its cookie and a way on.
    pub(super) async fn begin_session(&self, who: Who, to: &str) -> Result<Response, Answer> {
        let now = self.engine.clock.now();
        let secret = self.engine.draw_secret();
        let stored = Stored { who, began_us: now.micros() };
        let body = serde_json::to_vec(&stored).unwrap_or_default();
        let owner = match &stored.who {
            Who::Person(name) => Some(name),
            Who::Reporter(_) => None,
        };
        let ends = minutes_after(now, IDLE_MIN);
        self.engine.store.put_token((TokenKind::Session, owner), &secret, now, ends, &body).await?;
        let cookie = format!(
            "{}={secret}; Path=/; HttpOnly; SameSite=Lax; Max-Age={}{}",
            self.cookie_name(),
            SESSION_MIN * 60,
            if self.is_https() { "; Secure" } else { "" }
        );
        Ok((AppendHeaders([(SET_COOKIE, cookie)]), Redirect::to(to)).into_response())
    }

    /// Ends a session and takes its cookie back.
    pub(super) async fn end_session(&self, session: &Session, to: &str) -> Result<Response, Answer> {
        self.engine.store.end_token(session.id).await?;
        let secure = if self.is_https() { "; Secure" } else { "" };
        let cookie = format!("{}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0{secure}", self.cookie_name());
        Ok((AppendHeaders([(SET_COOKIE, cookie)]), Redirect::to(to)).into_response())
    }

    /// Whose session it is, for the header of a page that is the same for all but for that.
    pub(super) async fn visitor(&self, headers: &HeaderMap) -> Option<Who> {
        let who = self.session(headers).await.ok().flatten()?.who;
        match &who {
            Who::Person(name) => self.engine.known(name).await.is_ok().then_some(who),
            Who::Reporter(_) => Some(who),
        }
    }

    async fn session(&self, headers: &HeaderMap) -> Result<Option<Session>, Answer> {
        let Some(secret) = cookie(headers, self.cookie_name()).and_then(|text| Secret::from_str(text).ok())
        else {
            return Ok(None);
        };
        let now = self.engine.clock.now();
        let held = self.engine.store.token(TokenKind::Session, &secret, now).await?;
        let Some(session) = held.as_ref().and_then(Session::open) else { return Ok(None) };
        let last = minutes_after(session.began, SESSION_MIN);
        if last <= now {
            return Ok(None);
        }
        let later = minutes_after(now, IDLE_MIN).min(last);
        if later.micros() - session.expires.micros() >= EXTEND_MIN * MINUTE_US {
            self.engine.store.extend_token(session.id, later).await?;
        }
        Ok(Some(session))
    }

    /// A cookie that a neighbouring site cannot set, where there is HTTPS (RFC 6265bis).
    fn cookie_name(&self) -> &'static str {
        if self.is_https() { "__Host-session" } else { "session" }
    }

    fn is_https(&self) -> bool {
        self.origin.starts_with("https:")
    }
}

pub(super) fn minutes_after(at: Instant, minutes: i64) -> Instant {
    Instant::from_micros(at.micros().saturating_add(minutes * MINUTE_US))
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let pairs = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    pairs.flat_map(|text| text.split(';')).find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

/// A person who is signed in; anybody else is sent to sign in.
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
        let web = Shared::from_ref(state);
        match web.session(&parts.headers).await? {
            Some(session) => match &session.who {
                // A person who was removed is nobody, whatever their browser still holds.
                Who::Person(name) if web.engine.known(name).await.is_ok() => {
                    Ok(Person { name: name.clone(), session })
                }
                Who::Person(_) | Who::Reporter(_) => Err(Answer::SignIn),
            },
            None => Err(Answer::SignIn),
        }
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
            Some(session) => match session.who {
                Who::Reporter(case) => Ok(Reporter { case, session }),
                Who::Person(_) => Err(Redirect::to("/mailbox").into_response()),
            },
            None => Err(Redirect::to("/mailbox").into_response()),
        }
    }
}
