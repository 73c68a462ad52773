//! What a program fills in to ask for an action: a JSON object with the fields of [`crate::asked`]'s table.

use crate::asked::{CUSTOM, Field, Given, Kind, Value, fields};
use crate::web::Answer;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header;
use serde_json::{Map, Value as Json};
use tidegate_domain::policy::Act;

/// A JSON object, or nothing, which is one without fields.
#[derive(Clone, Debug, Default)]
pub(super) struct Object(Map<String, Json>);

impl<S: Send + Sync> FromRequest<S> for Object {
    type Rejection = Answer;

    async fn from_request(request: Request, state: &S) -> Result<Object, Answer> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let kind = kind.and_then(|kind| kind.split(';').next()).map(|kind| kind.trim().to_ascii_lowercase());
        let bytes = Bytes::from_request(request, state).await.map_err(|_| Answer::TooLarge)?;
        match (kind.as_deref(), bytes.is_empty()) {
            (_, true) => Ok(Object::default()),
            (Some("application/json"), false) => read(&bytes),
            (_, false) => Err(Answer::NotJson),
        }
    }
}

fn read(bytes: &[u8]) -> Result<Object, Answer> {
    let unreadable = |why: String| Answer::Unreadable(format!("the body is no JSON object: {why}"));
    match serde_json::from_slice(bytes) {
        Ok(Json::Object(fields)) => Ok(Object(fields)),
        Ok(_) => Err(unreadable("it is another value".to_owned())),
        // The position alone: the words may repeat what was sent.
        Err(error) => Err(unreadable(format!("line {}, column {}", error.line(), error.column()))),
    }
}

impl Object {
    /// The same text for the same fields.
    pub(super) fn text(&self) -> String {
        Json::Object(self.0.clone()).to_string()
    }

    /// What was filled in to ask for `act`. A field that is not asked for is a fault: it was meant for something.
    ///
    /// # Errors
    /// [`Answer::Faults`], one for each field that is unknown or of another kind.
    pub(super) fn given(self, act: &Act) -> Result<Given, Answer> {
        let asked = match act {
            Act::Built(verb) => fields(*verb),
            Act::Custom(_) => CUSTOM,
        };
        let (mut given, mut faults) = (Given::default(), Vec::new());
        for (name, value) in self.0 {
            let field = asked.iter().find(|field| field.name == name);
            match field.map(|field| values(field, value)) {
                Some(Some(values)) => values.into_iter().for_each(|value| given.add(&name, value)),
                Some(None) => faults.push(format!("{name}: is of another kind than is asked for")),
                None => faults.push(format!("{name}: there is no such field")),
            }
        }
        if faults.is_empty() { Ok(given) } else { Err(Answer::Faults(faults)) }
    }
}

/// The values of one field; `None` where they are of another kind.
fn values(field: &Field, value: Json) -> Option<Vec<Value>> {
    match (field.kind, value) {
        (Kind::Names | Kind::Words, Json::Array(list)) => list.into_iter().map(text).collect(),
        (Kind::File, Json::Object(mut file)) => {
            let (name, content) = (file.remove("name")?, file.remove("text")?);
            let (Json::String(name), Json::String(content)) = (name, content) else { return None };
            let value = Value::File { name, bytes: content.into_bytes() };
            file.is_empty().then(|| vec![value])
        }
        (Kind::Names | Kind::Words | Kind::File, _) => None,
        (Kind::Line | Kind::Text, value) => text(value).map(|value| vec![value]),
        // A form sends an empty field where nothing was chosen; a program leaves the field out.
        (_, Json::String(blank)) if blank.trim().is_empty() => None,
        (
            Kind::Instant
            | Kind::Release
            | Kind::Person
            | Kind::Role
            | Kind::Cve
            | Kind::Vector
            | Kind::Outcome
            | Kind::Reason
            | Kind::Case
            | Kind::Draft
            | Kind::ActionNeeded,
            value,
        ) => text(value).map(|value| vec![value]),
    }
}

fn text(value: Json) -> Option<Value> {
    match value {
        Json::String(text) => Some(Value::Text(text)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => None,
    }
}
