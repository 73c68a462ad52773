//! Reading forms: fields and attached files, within limits.

use super::Answer;
use crate::asked::{Given, Value};
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::{StatusCode, header};

/// The longest form, attachments included: what a mail may hold as well.
pub const FORM_BYTES_MAX: usize = 26 << 20;
/// Most parts of one form.
const PARTS_MAX: usize = 500;
/// The longest name of an attached file, in characters.
const NAME_CHARS_MAX: usize = 200;

/// What somebody filled in and sent.
#[derive(Clone, Debug, Default)]
pub struct Form(pub Given);

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = Answer;

    async fn from_request(request: Request, state: &S) -> Result<Form, Answer> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if kind.is_some_and(|kind| kind.starts_with("multipart/form-data")) {
            let parts = Multipart::from_request(request, state).await;
            return multipart(parts.map_err(|_| unreadable())?).await;
        }
        let bytes = axum::body::to_bytes(request.into_body(), FORM_BYTES_MAX).await;
        let bytes = bytes.map_err(|_| Answer::TooLarge)?;
        let mut given = Given::default();
        for (name, value) in form_urlencoded::parse(&bytes).take(PARTS_MAX) {
            given.add(&name, Value::Text(value.into_owned()));
        }
        Ok(Form(given))
    }
}

async fn multipart(mut parts: Multipart) -> Result<Form, Answer> {
    let mut given = Given::default();
    for _ in 0..PARTS_MAX {
        let part = match parts.next_field().await {
            Ok(Some(part)) => part,
            Ok(None) => return Ok(Form(given)),
            Err(error) => return Err(refused(error.status())),
        };
        let name = part.name().unwrap_or_default().to_owned();
        let file = part.file_name().map(plain_name);
        let bytes = part.bytes().await.map_err(|error| refused(error.status()))?;
        match file {
            // A file field that was left empty is sent all the same, without a name.
            Some(name_of_file) if !name_of_file.is_empty() || !bytes.is_empty() => {
                given.add(&name, Value::File { name: name_of_file, bytes: bytes.to_vec() });
            }
            Some(_) => {}
            None => given.add(&name, Value::Text(String::from_utf8_lossy(&bytes).into_owned())),
        }
    }
    Err(unreadable())
}

/// The last part of a path, without what could mislead a reader.
fn plain_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    last.chars().filter(|c| !c.is_control()).take(NAME_CHARS_MAX).collect()
}

fn refused(status: StatusCode) -> Answer {
    if status == StatusCode::PAYLOAD_TOO_LARGE { Answer::TooLarge } else { unreadable() }
}

fn unreadable() -> Answer {
    Answer::Faults(vec!["the form could not be read; nothing was stored".to_owned()])
}
