//! Doing something once, however often a program asks for it (draft-ietf-httpapi-idempotency-key-header).

use super::page::{etag, names};
use crate::engine::CaseFile;
use crate::engine::api_tokens::ApiToken;
use crate::engine::sessions::minutes_after;
use crate::shape;
use crate::store::{AnswerId, Repeat};
use crate::web::{Answer, Web};
use axum::http::header::{self, HeaderMap};
use tidegate_domain::case::Actor;
use tidegate_domain::id::{CaseId, Slug};

/// The header under which a program repeats itself.
pub(super) const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// The longest key, in characters.
pub(super) const KEY_CHARS_MAX: usize = 255;
/// How long an answer is kept for a repeat, in minutes.
const KEPT_MIN: i64 = 24 * 60;

/// Whether something is to be done, or was.
#[derive(Debug)]
pub(super) enum Once {
    /// It is to be done, and its answer kept where the program gave a key.
    Do(Option<AnswerId>),
    /// It was done, and answered like this.
    Done(String),
}

/// Looks whether `asked` was done in the case under the program's key. A key is the token's own: nobody learns from
/// a key what others asked for.
pub(super) async fn once(
    web: &Web,
    token: &ApiToken,
    case: CaseId,
    headers: &HeaderMap,
    asked: &str,
) -> Result<Once, Answer> {
    let Some(key) = key(headers)? else { return Ok(Once::Do(None)) };
    let now = web.engine.clock.now();
    let times = (now, minutes_after(now, KEPT_MIN));
    match web.engine.store.begin_answer(case, (&token.id, key), asked.as_bytes(), times).await? {
        Repeat::First(id) => Ok(Once::Do(Some(id))),
        Repeat::Answered(body) => Ok(Once::Done(String::from_utf8_lossy(&body).into_owned())),
        Repeat::Unanswered => Err(Answer::Begun),
        Repeat::Other => Err(fault("was used for something else; take a new key for a new request")),
    }
}

/// The key: a string of visible characters, in quotes (RFC 9651, section 3.3.3) or bare, as many programs send it.
fn key(headers: &HeaderMap) -> Result<Option<&str>, Answer> {
    let mut given = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = given.next() else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    let bare = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let is_plain = bare.chars().all(|c| c.is_ascii_graphic() && c != '"' && c != '\\');
    if given.next().is_some() || !is_plain || !(1..=KEY_CHARS_MAX).contains(&bare.len()) {
        return Err(fault("is one text of 1 to 255 visible ASCII characters without quotes in it"));
    }
    Ok(Some(bare))
}

fn fault(what: &str) -> Answer {
    Answer::Faults(vec![format!("Idempotency-Key: {what}")])
}

/// Keeps what came of it. What was refused changed nothing and may be asked for again; where we failed, nobody
/// knows how far it came, so the key stays used.
pub(super) async fn settle(
    web: &Web,
    id: Option<AnswerId>,
    case: CaseId,
    came: &Result<String, Answer>,
) -> Result<(), Answer> {
    let Some(id) = id else { return Ok(()) };
    match came {
        Ok(body) => web.engine.store.keep_answer(id, case, body.as_bytes()).await?,
        Err(Answer::Failed(_)) => {}
        Err(_) => web.engine.store.forget_answer(id).await?,
    }
    Ok(())
}

/// Refuses where the program says which state of the case it knows, and the case is in another (RFC 9110, section
/// 13.1.1). The state is what the program's owner sees: what is hidden from them changes no answer here.
pub(super) fn unchanged(
    web: &Web,
    file: &CaseFile,
    viewer: &Actor,
    who: &Slug,
    headers: &HeaderMap,
) -> Result<(), Answer> {
    if !headers.contains_key(header::IF_MATCH) {
        return Ok(());
    }
    let tag = etag(web, who.as_str(), &seen(web, file, viewer).to_string());
    if names(headers, header::IF_MATCH, &tag, false) { Ok(()) } else { Err(Answer::Changed) }
}

/// The case as its viewer sees it now.
pub(super) fn seen(web: &Web, file: &CaseFile, viewer: &Actor) -> serde_json::Value {
    match file.view(viewer) {
        Some(view) => shape::case(file.id(), file, &view, viewer, web.engine.clock.now()),
        None => shape::invited(file.id()),
    }
}
