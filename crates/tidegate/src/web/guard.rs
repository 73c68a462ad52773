//! What every request passes before a door sees it, and what every answer carries.

use super::answer::Told;
use super::{Answer, Shared, Who, api};
use crate::pages::desk::{self, Reader};
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use std::sync::Arc;

/// A page loads the site's own style sheet, script and pictures, sends forms to the site, and nothing else.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
     base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const PERMISSIONS_POLICY: &str = "camera=(), geolocation=(), microphone=(), payment=(), usb=()";
/// Two years, as browsers' preload lists ask for.
const STRICT_TRANSPORT: &str = "max-age=63072000; includeSubDomains";

/// About so many headers an answer has.
const HEADERS: usize = 16;

/// Refuses forms of other sites and gives every answer its headers.
pub(super) async fn guard(State(web): State<Shared>, request: Request, next: Next) -> Response {
    let asked = Asked::of(&request);
    let (is_api, cookies) = (api::is_api(request.uri().path()), cookies(request.headers()));
    let mut answer = match (changes(request.method()), is_ours(&web.origin, request.headers())) {
        (true, false) => Answer::Foreign.into_response(),
        (true, true) => next.run(request).await,
        (false, _) => web.engine.store.at_one_moment(next.run(request)).await,
    };
    let told = answer.extensions().get::<Told>().map(|told| Arc::clone(&told.0));
    let number = told.as_deref().and_then(|told| failure(&web, told));
    if is_api {
        answer = number.map_or_else(|| api::shaped(answer), api::failed);
    } else if let Some(told) = told.filter(|_| answer.status() != StatusCode::SEE_OTHER) {
        let visitor = web.visitor(&cookies).await;
        let reader = reader(visitor.as_ref());
        let page = number.map_or_else(|| told.page(reader), |number| desk::failed(reader, number));
        let wait = answer.headers().get(header::RETRY_AFTER).cloned();
        answer = (answer.status(), Html(page)).into_response();
        answer.headers_mut().extend(wait.map(|wait| (header::RETRY_AFTER, wait)));
    }
    asked.log(answer.status());
    let headers = answer.headers_mut();
    headers.reserve(HEADERS);
    let mut set = |name: HeaderName, value: &'static str| {
        headers.insert(name, HeaderValue::from_static(value));
    };
    set(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "no-referrer");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    set(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    set(HeaderName::from_static("cross-origin-embedder-policy"), "require-corp");
    // Old browsers' filters of scripts opened more holes than they closed.
    set(HeaderName::from_static("x-xss-protection"), "0");
    set(HeaderName::from_static("permissions-policy"), PERMISSIONS_POLICY);
    if web.origin.starts_with("https:") {
        set(header::STRICT_TRANSPORT_SECURITY, STRICT_TRANSPORT);
    }
    // What is not for everybody is kept by nobody; public files say otherwise themselves.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    answer
}

/// What a log may tell of a request: the route without its parameters, which are names and secrets. Everything
/// that is no route of ours is one.
struct Asked {
    method: Method,
    route: Option<MatchedPath>,
}

impl Asked {
    fn of(request: &Request) -> Asked {
        Asked { method: request.method().clone(), route: request.extensions().get::<MatchedPath>().cloned() }
    }

    fn log(&self, status: StatusCode) {
        let route = self.route.as_ref().map_or("the public site", MatchedPath::as_str);
        tracing::info!(method = %self.method, route, status = status.as_u16(), "answered");
    }
}

/// Logs that we failed, under a number that whoever asked is told. It is random: one that counted would tell how
/// often we fail.
fn failure(web: &Shared, told: &Answer) -> Option<u64> {
    let Answer::Failed(error) = told else { return None };
    let number = web.engine.draw_number();
    tracing::error!(number, %error, "a request failed");
    Some(number)
}

/// The cookies alone: all that is needed to know later who reads an answer.
fn cookies(headers: &HeaderMap) -> HeaderMap {
    headers.get_all(header::COOKIE).iter().map(|value| (header::COOKIE, value.clone())).collect()
}

fn reader(visitor: Option<&Who>) -> Reader<'_> {
    match visitor {
        Some(Who::Person(name)) => Reader::Person(name),
        Some(Who::Reporter(_)) => Reader::Reporter,
        None => Reader::Whoever,
    }
}

fn changes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Whether a form was sent from one of our own pages. Browsers say so themselves (Fetch Metadata); older ones
/// send the origin. A request without a cookie that says neither is a program's, which nobody can trick into
/// using a cookie that it does not have.
fn is_ours(origin: &str, headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(from)) => from == origin,
        (None, None) => !headers.contains_key(header::COOKIE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn another_sites_form_is_not_ours() {
        let ours = |pairs: &[(&'static str, &'static str)]| is_ours("https://a.example", &headers(pairs));
        assert!(ours(&[("sec-fetch-site", "same-origin"), ("cookie", "a=b")]));
        assert!(ours(&[("origin", "https://a.example"), ("cookie", "a=b")]));
        assert!(ours(&[]));
        assert!(!ours(&[("sec-fetch-site", "cross-site")]));
        assert!(!ours(&[("sec-fetch-site", "same-site"), ("origin", "https://a.example")]));
        assert!(!ours(&[("origin", "null")]));
        assert!(!ours(&[("cookie", "a=b")]));
    }
}
