//! Problem details (RFC 9457): the one form in which a program is told what went wrong.

use crate::web::Answer;
use crate::web::answer::Told;
use axum::http::StatusCode;
use axum::http::header::{self, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

const MEDIA_TYPE: &str = "application/problem+json";

/// We failed, and can be asked about it under a number.
pub(in crate::web) fn failed(number: u64) -> Response {
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    let detail = "what was stored stays, what you just sent may not be; the administrators find the reason under the number";
    told(status, json!({"detail": detail, "number": number}))
}

/// Tells a program what pages tell people: an error of whatever origin becomes problem details.
pub(in crate::web) fn shaped(answer: Response) -> Response {
    let status = answer.status();
    if !status.is_client_error() && !status.is_server_error() {
        return answer;
    }
    let reason = answer.extensions().get::<Told>().map(|told| told.0.as_ref());
    let mut problem = told(status, reason.map_or_else(|| json!({}), members));
    let (from, to) = (answer.headers(), problem.headers_mut());
    for name in [header::ALLOW, header::RETRY_AFTER] {
        to.extend(from.get(&name).map(|value| (name.clone(), value.clone())));
    }
    if let Some(challenge) = reason.and_then(challenge) {
        to.insert(header::WWW_AUTHENTICATE, challenge);
    }
    problem
}

/// What a program needs in order to be let in (RFC 6750, section 3).
fn challenge(reason: &Answer) -> Option<HeaderValue> {
    match reason {
        Answer::NoToken => Some(HeaderValue::from_static("Bearer")),
        Answer::NoScope(scope) => {
            let text = format!("Bearer error=\"insufficient_scope\", scope=\"{}\"", scope.name());
            HeaderValue::from_str(&text).ok()
        }
        _ => None,
    }
}

fn told(status: StatusCode, members: Value) -> Response {
    let mut problem = json!({
        "type": "about:blank", "title": status.canonical_reason().unwrap_or("Error"), "status": status.as_u16(),
    });
    if let (Some(all), Value::Object(members)) = (problem.as_object_mut(), members) {
        all.extend(members);
    }
    (status, [(header::CONTENT_TYPE, MEDIA_TYPE)], problem.to_string()).into_response()
}

/// What there is to say besides the status.
fn members(reason: &Answer) -> Value {
    match reason {
        Answer::NotFound => json!({"detail": "there is no such thing, or it is not for you"}),
        Answer::SignIn | Answer::SetUpFactor | Answer::NoToken => {
            json!({"detail": "come with a token that is good: Authorization: Bearer ..."})
        }
        Answer::NoScope(scope) => {
            json!({"detail": format!("the token is not good for this: it lacks the scope {}", scope.name())})
        }
        Answer::NoSecret => json!({"detail": "this key opens nothing"}),
        Answer::Refused(explanation) => json!({
            "title": "Refused by a rule", "detail": explanation.why, "clause": explanation.clause,
            "needed": explanation.needed,
        }),
        Answer::Faults(faults) => {
            json!({"detail": "something is missing or unreadable; nothing was changed", "faults": faults})
        }
        Answer::TooLarge => json!({"detail": "more was sent than is taken in; nothing was stored"}),
        Answer::Later { .. } => json!({"detail": "too much at once, or too often; nothing was done"}),
        Answer::Foreign => json!({"detail": "a page of another site sent this; nothing was done"}),
        Answer::NotJson => json!({"detail": "the body is read as application/json and as nothing else"}),
        Answer::Begun => json!({
            "detail": "this was asked for under the same Idempotency-Key and is not answered: it is still being done, \
                       or broke off, and the case's log says whether it was done",
        }),
        Answer::Changed => json!({
            "detail": "the case is not as the tag in If-Match says; nothing was done: read it again",
        }),
        Answer::Unreadable(why) => json!({"detail": why}),
        // The guard tells of it, with its number.
        Answer::Failed(_) => json!({}),
    }
}
