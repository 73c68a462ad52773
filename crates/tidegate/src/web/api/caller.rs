//! Who asks: the token in the header, and whether it is good for what is asked.

use crate::engine::api_tokens::{ApiToken, Bearer, Scope};
use crate::web::{Answer, Shared};
use axum::extract::{FromRef, FromRequestParts};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;

/// A program that may read.
#[derive(Clone, Debug)]
pub(super) struct Reader(pub(super) ApiToken);

/// A program that may act.
#[derive(Clone, Debug)]
pub(super) struct Doer(pub(super) ApiToken);

/// The token, if it is good for `scope`. One that is missing, unknown, ended or expired, and one of a person who
/// was removed, are answered alike.
async fn token(parts: &Parts, web: &Shared, scope: Scope) -> Result<ApiToken, Answer> {
    let text = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let (scheme, rest) = text.and_then(|text| text.split_once(' ')).ok_or(Answer::NoToken)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Answer::NoToken);
    }
    let bearer: Bearer = rest.trim().parse().map_err(|_| Answer::NoToken)?;
    let token = web.engine.api_token(&bearer).await?.ok_or(Answer::NoToken)?;
    if token.scopes.contains(&scope) { Ok(token) } else { Err(Answer::NoScope(scope)) }
}

impl<S: Send + Sync> FromRequestParts<S> for Reader
where
    Shared: FromRef<S>,
{
    type Rejection = Answer;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Reader, Answer> {
        token(parts, &Shared::from_ref(state), Scope::Read).await.map(Reader)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Doer
where
    Shared: FromRef<S>,
{
    type Rejection = Answer;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Doer, Answer> {
        token(parts, &Shared::from_ref(state), Scope::Act).await.map(Doer)
    }
}
