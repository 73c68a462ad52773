//! What a door answers when it does not do as asked. Whatever the reason, it shows nothing that whoever asks
//! may not know: what is hidden from them and what is not there are the same page (ALL-01).

use super::second_factor;
use crate::engine::EngineError;
use crate::engine::api_tokens::Scope;
use crate::pages::desk::{self, Reader};
use crate::store::StoreError;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use std::sync::Arc;
use tidegate_domain::refusal::Explanation;

/// Why a door did not do as asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// There is no such page, for whoever asks.
    NotFound,
    /// One has to sign in first.
    SignIn,
    /// A role demands a second factor, which has to be set up first.
    SetUpFactor,
    /// The secret of a link or a mailbox is none, or not any more.
    NoSecret,
    /// A rule refuses.
    Refused(Box<Explanation>),
    /// What was filled in has faults, in words.
    Faults(Vec<String>),
    /// More was sent than is taken in.
    TooLarge,
    /// Too much was asked for at once, or too often.
    Later {
        /// Seconds after which to ask again.
        retry_after_s: u32,
    },
    /// The form was not sent from one of our pages.
    Foreign,
    /// A program came without a token that is good.
    NoToken,
    /// The token is good, but not for this.
    NoScope(Scope),
    /// What a program sent is not of the kind that is read here.
    NotJson,
    /// What a program sent is no JSON, or not an object.
    Unreadable(String),
    /// The same was asked for under the same key, and is not answered.
    Begun,
    /// The thing is not in the state that the program knows.
    Changed,
    /// We failed. The guard logs it and shows a number.
    Failed(Box<EngineError>),
}

/// What a door answered, on its way to the guard, which knows who reads it.
#[derive(Clone, Debug)]
pub(super) struct Told(pub Arc<Answer>);

impl From<EngineError> for Answer {
    fn from(error: EngineError) -> Answer {
        match error {
            EngineError::NoSuchCase(_) | EngineError::NoSuchStream(_) | EngineError::NoSuchProject(_) => {
                Answer::NotFound
            }
            EngineError::Store(StoreError::NotFound { .. } | StoreError::Shredded { .. }) => Answer::NotFound,
            EngineError::Refused(explanation) => Answer::Refused(explanation),
            EngineError::NoSuchPerson(name) => Answer::Faults(vec![format!("there is nobody called {name}")]),
            EngineError::Faults(faults) => Answer::Faults(faults.iter().map(ToString::to_string).collect()),
            EngineError::Store(StoreError::TooLarge { .. }) => Answer::TooLarge,
            error @ (EngineError::Store(_)
            | EngineError::Keys(_)
            | EngineError::ClockBehind { .. }
            | EngineError::Unreadable { .. }) => Answer::Failed(Box::new(error)),
        }
    }
}

impl From<StoreError> for Answer {
    fn from(error: StoreError) -> Answer {
        EngineError::from(error).into()
    }
}

impl Answer {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Answer::NotFound => StatusCode::NOT_FOUND,
            Answer::SignIn | Answer::SetUpFactor => StatusCode::SEE_OTHER,
            Answer::NoSecret | Answer::Foreign | Answer::NoScope(_) => StatusCode::FORBIDDEN,
            Answer::Refused(_) | Answer::Begun => StatusCode::CONFLICT,
            Answer::Changed => StatusCode::PRECONDITION_FAILED,
            Answer::Faults(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Answer::NoToken => StatusCode::UNAUTHORIZED,
            Answer::NotJson => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Answer::Unreadable(_) => StatusCode::BAD_REQUEST,
            Answer::Later { .. } => StatusCode::TOO_MANY_REQUESTS,
            Answer::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Answer::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The page that says so, with the header of whoever reads it.
    pub(super) fn page(&self, reader: Reader<'_>) -> String {
        match self {
            Answer::NotFound => desk::note(
                reader,
                "There is nothing here",
                &["There is no such page, or it is not for you.".to_owned()],
            ),
            Answer::SignIn => desk::note(reader, "Sign in", &["Sign in first.".to_owned()]),
            Answer::SetUpFactor => {
                desk::note(reader, "Second factor", &["Set up a second factor first.".to_owned()])
            }
            Answer::NoSecret => desk::note(
                reader,
                "This key opens nothing",
                &["It was mistyped, is used up, or has expired. Ask for a new one where you got it."
                    .to_owned()],
            ),
            Answer::Refused(explanation) => desk::refused(reader, explanation),
            Answer::Faults(faults) => desk::note(reader, "Something is missing or unreadable", faults),
            Answer::TooLarge => desk::note(
                reader,
                "That is too large",
                &["Nothing was stored. Send less at a time, or write a mail.".to_owned()],
            ),
            Answer::Later { .. } => desk::note(
                reader,
                "Later, please",
                &["That was asked for too often, or too much is being asked for at once. Nothing was done. Wait a \
                   little and try again."
                    .to_owned()],
            ),
            Answer::Foreign => desk::note(
                reader,
                "This form did not come from here",
                &["Nothing was done. Open the page on this site and send the form again.".to_owned()],
            ),
            Answer::NoToken
            | Answer::NoScope(_)
            | Answer::NotJson
            | Answer::Unreadable(_)
            | Answer::Begun
            | Answer::Changed => desk::note(
                reader,
                "For programs",
                &["This address is for programs that come with a token.".to_owned()],
            ),
            Answer::Failed(_) => desk::note(reader, "We failed", &["What was stored stays; what you just sent may not be.".to_owned()]),
        }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        if self == Answer::SignIn {
            return Redirect::to("/sign-in").into_response();
        }
        if self == Answer::SetUpFactor {
            return Redirect::to(second_factor::PAGE).into_response();
        }
        let mut answer = (self.status(), Html(self.page(Reader::Whoever))).into_response();
        if let Answer::Later { retry_after_s } = self {
            answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(retry_after_s));
        }
        answer.extensions_mut().insert(Told(Arc::new(self)));
        answer
    }
}
