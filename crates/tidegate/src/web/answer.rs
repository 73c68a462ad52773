//! What a door answers when it does not do as asked. Whatever the reason, it shows nothing that whoever asks
//! may not know: what is hidden from them and what is not there are the same page (ALL-01).

use crate::engine::EngineError;
use crate::pages::desk;
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
    /// We failed. The guard logs it and shows a number.
    Failed(Box<EngineError>),
}

/// What failed, on its way to the guard.
#[derive(Clone, Debug)]
pub(super) struct Failed(pub Arc<EngineError>);

impl From<EngineError> for Answer {
    fn from(error: EngineError) -> Answer {
        match error {
            EngineError::NoSuchCase(_) | EngineError::NoSuchProject(_) => Answer::NotFound,
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
    fn status(&self) -> StatusCode {
        match self {
            Answer::NotFound => StatusCode::NOT_FOUND,
            Answer::SignIn => StatusCode::SEE_OTHER,
            Answer::NoSecret | Answer::Foreign => StatusCode::FORBIDDEN,
            Answer::Refused(_) => StatusCode::CONFLICT,
            Answer::Faults(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Answer::Later { .. } => StatusCode::TOO_MANY_REQUESTS,
            Answer::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Answer::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn page(&self) -> String {
        match self {
            Answer::NotFound => desk::note(
                "There is nothing here",
                &["There is no such page, or it is not for you.".to_owned()],
            ),
            Answer::SignIn => desk::note("Sign in", &["Sign in first.".to_owned()]),
            Answer::NoSecret => desk::note(
                "This key opens nothing",
                &["It was mistyped, is used up, or has expired. Ask for a new one where you got it."
                    .to_owned()],
            ),
            Answer::Refused(explanation) => desk::refused(explanation),
            Answer::Faults(faults) => desk::note("Something is missing or unreadable", faults),
            Answer::TooLarge => desk::note(
                "That is too large",
                &["Nothing was stored. Send less at a time, or write a mail.".to_owned()],
            ),
            Answer::Later { .. } => desk::note(
                "Later, please",
                &["That was asked for too often, or too much is being asked for at once. Nothing was done. Wait a \
                   little and try again."
                    .to_owned()],
            ),
            Answer::Foreign => desk::note(
                "This form did not come from here",
                &["Nothing was done. Open the page on this site and send the form again.".to_owned()],
            ),
            Answer::Failed(_) => desk::note("We failed", &["Nothing was lost.".to_owned()]),
        }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        if self == Answer::SignIn {
            return Redirect::to("/sign-in").into_response();
        }
        let mut answer = (self.status(), Html(self.page())).into_response();
        if let Answer::Later { retry_after_s } = self {
            answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(retry_after_s));
        }
        if let Answer::Failed(error) = self {
            answer.extensions_mut().insert(Failed(Arc::new(*error)));
        }
        answer
    }
}
