//! What is read: answers with a tag, and lists a page at a time (RFC 9110, section 13; RFC 8288).
//!
//! Tags and cursors are names that only this instance can make, of what this asker sees and of nothing else: what
//! is hidden from them moves none (ALL-01).

use super::caller::Reader;
use super::query;
use crate::web::{Answer, Shared, Web};
use axum::extract::{FromRef, FromRequestParts};
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::http::request::Parts;
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tidegate_domain::id::Slug;

/// Lines of a page where the asker does not say.
pub(super) const LINES: u32 = 100;
/// Most lines of a page.
pub(super) const LINES_MAX: u32 = 500;
/// Hexadecimal digits of a tag and of a cursor.
const DIGITS: usize = 32;

/// Who asks, as far as tags and cursors are theirs. Nobody in particular where it is for everybody.
pub(super) const EVERYBODY: &str = "";

/// The page of a list that is asked for.
#[derive(Clone, Debug)]
pub(super) struct Page {
    path: String,
    limit: u32,
    after: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Page {
    type Rejection = Answer;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Page, Answer> {
        let mut asked = query::read(parts.uri.query(), &["limit", "after"])?;
        let limit = asked.remove("limit").map_or(Some(LINES), |limit| limit.parse().ok());
        let limit = limit
            .filter(|limit| (1..=LINES_MAX).contains(limit))
            .ok_or_else(|| Answer::Faults(vec![format!("limit: a page has 1 to {LINES_MAX} lines")]))?;
        Ok(Page { path: parts.uri.path().to_owned(), limit, after: asked.remove("after") })
    }
}

/// A list that is asked for by a program that may read.
#[derive(Debug)]
pub(super) struct List {
    pub(super) web: Shared,
    /// For whom.
    pub(super) who: Slug,
    page: Page,
    headers: HeaderMap,
}

impl<S: Send + Sync> FromRequestParts<S> for List
where
    Shared: FromRef<S>,
{
    type Rejection = Answer;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<List, Answer> {
        let Reader(token) = Reader::from_request_parts(parts, state).await?;
        let page = Page::from_request_parts(parts, state).await?;
        Ok(List { web: Shared::from_ref(state), who: token.owner, page, headers: parts.headers.clone() })
    }
}

impl List {
    /// Answers with the lines that are asked for; each comes with a name that no other has.
    pub(super) fn answer(
        &self,
        lines: impl IntoIterator<Item = (String, Value)>,
    ) -> Result<Response, Answer> {
        self.page.answer(&self.web, self.who.as_str(), &self.headers, lines.into_iter().collect())
    }
}

impl Page {
    /// Answers with the lines that are asked for, and the way to the next.
    pub(super) fn answer(
        &self,
        web: &Web,
        who: &str,
        headers: &HeaderMap,
        lines: Vec<(String, Value)>,
    ) -> Result<Response, Answer> {
        let (keys, values): (Vec<String>, Vec<Value>) = lines.into_iter().unzip();
        let from = match &self.after {
            None => 0,
            Some(after) => {
                keys.iter().position(|key| self.cursor(web, who, key) == *after).map(|at| at + 1).ok_or_else(
                    || Answer::Faults(vec!["after: ends no page; begin again without it".to_owned()]),
                )?
            }
        };
        let to = keys.len().min(from + self.limit as usize);
        let shown = values.get(from..to).unwrap_or_default();
        let mut answer = json_for(web, who, headers, &json!(shown));
        let last = keys.get(to.wrapping_sub(1)).filter(|_| to < keys.len());
        let next = last.map(|key| {
            let cursor = self.cursor(web, who, key);
            format!("<{}?limit={}&after={cursor}>; rel=\"next\"", self.path, self.limit)
        });
        let next = next.and_then(|link| HeaderValue::from_str(&link).ok());
        answer.headers_mut().extend(next.map(|link| (header::LINK, link)));
        Ok(answer)
    }

    /// The name of a line in this list for this asker.
    fn cursor(&self, web: &Web, who: &str, key: &str) -> String {
        let parts = [who.as_bytes(), self.path.as_bytes(), key.as_bytes()];
        short(web.engine.store.alias("api cursor", &parts))
    }
}

/// Lines without a name of their own, named by their place.
pub(super) fn numbered(values: impl IntoIterator<Item = Value>) -> Vec<(String, Value)> {
    values.into_iter().enumerate().map(|(at, value)| (at.to_string(), value)).collect()
}

fn short(mut name: String) -> String {
    name.truncate(DIGITS);
    name
}

/// The tag of what `who` sees.
pub(super) fn etag(web: &Web, who: &str, body: &str) -> String {
    let name = web.engine.store.alias("api etag", &[who.as_bytes(), body.as_bytes()]);
    format!("\"{}\"", short(name))
}

/// Whether a header that lists tags names this one, or any; weak tags count where `weak` (RFC 9110, section 8.8.3).
pub(super) fn names(headers: &HeaderMap, header: HeaderName, etag: &str, weak: bool) -> bool {
    let lists = headers.get_all(header).iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).map(str::trim).any(|tag| {
        let bare = if weak { tag.strip_prefix("W/").unwrap_or(tag) } else { tag };
        tag == "*" || bare == etag
    })
}

/// Answers with JSON, or says that the asker has it already.
pub(super) fn json_for(web: &Web, who: &str, headers: &HeaderMap, value: &Value) -> Response {
    let body = value.to_string();
    let etag = etag(web, who, &body);
    let has_it = names(headers, header::IF_NONE_MATCH, &etag, true);
    let etag = HeaderValue::from_str(&etag).unwrap_or_else(|_| unreachable!("hex digits are a header"));
    let common = [
        (header::ETAG, etag),
        (header::VARY, HeaderValue::from_static("authorization")),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache")),
    ];
    if has_it {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    (common, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// As [`json_for`], for a person.
pub(super) fn json_of(web: &Web, who: &Slug, headers: &HeaderMap, value: &Value) -> Response {
    json_for(web, who.as_str(), headers, value)
}
