//! An instance with a project, its team and a stranger to it, and the whole web door in front of it.

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use std::sync::Arc;
use tempfile::TempDir;
use tidegate::chance::Chance;
use tidegate::engine::Engine;
use tidegate::engine::api_tokens::{Scope, Wanted};
use tidegate::engine::clock::SetClock;
use tidegate::store::{Location, MasterKey, Store};
use tidegate::web::{self, Shared, Web};
use tidegate_domain::id::{CaseId, Slug};
use tidegate_domain::time::Instant;
use tower::ServiceExt;

const POLICY: &str = include_str!("../../../../policies/xen.toml");
pub const ORIGIN: &str = "http://127.0.0.1:8008";

pub struct World {
    pub web: Shared,
    pub clock: Arc<SetClock>,
    _room: TempDir,
}

/// All that came back.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }
}

pub fn name(text: &str) -> Slug {
    text.parse().expect("a name")
}

impl World {
    pub async fn new() -> World {
        let room = tempfile::tempdir().expect("a folder");
        let start: Instant = "2026-03-02T09:00:00Z".parse().expect("an instant");
        let (clock, chance) = (Arc::new(SetClock::at(start)), Arc::new(Chance::seeded(1)));
        let place = Location::Sqlite(room.path().join("tidegate.db"));
        let store = Store::open(&place, &MasterKey::from_bytes([7; 32]), Arc::clone(&chance)).await;
        let engine = Engine::open(store.expect("a store"), Arc::<SetClock>::clone(&clock), chance)
            .await
            .expect("an engine");
        engine.put_project(&name("xen"), POLICY).await.expect("a project");
        let mut people = engine.people().await.expect("people");
        people.grant(&name("ian"), Some("ian@xen.example"), &name("xen"), &name("team"));
        people.grant(&name("olga"), Some("olga@elsewhere.example"), &name("other"), &name("team"));
        engine.set_people(&people).await.expect("stored");
        let web = Web::open(Arc::new(engine), ORIGIN).await.expect("a door");
        World { web, clock, _room: room }
    }

    /// Sends a request with these headers, and answers with all that comes back.
    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_vec())).expect("a request");
        let answer = web::router(Arc::clone(&self.web)).oneshot(request).await.expect("an answer");
        let status = answer.status();
        let shown = |(name, value): (&header::HeaderName, &header::HeaderValue)| {
            (name.to_string(), value.to_str().expect("text").to_owned())
        };
        let headers = answer.headers().iter().map(shown).collect();
        let body = to_bytes(answer.into_body(), 1 << 24).await.expect("a body").to_vec();
        Answer { status, headers, body }
    }

    /// A form sent by somebody's browser.
    pub async fn form(&self, path: &str, cookie: &str, form: &str) -> Answer {
        let kind = ("content-type", "application/x-www-form-urlencoded");
        let headers = [("sec-fetch-site", "same-origin"), ("cookie", cookie), kind];
        self.send("POST", path, &headers, form.as_bytes()).await
    }

    pub async fn sign_in(&self, who: &str) -> String {
        let link = self.web.sign_in_link(&name(who)).await.expect("a link");
        let answer = self.form(link.strip_prefix(ORIGIN).expect("our origin"), "", "").await;
        answer.header("set-cookie").split(';').next().expect("a cookie").to_owned()
    }

    /// A token of `who` for `scopes`.
    pub async fn token(&self, who: &str, scopes: &[Scope]) -> String {
        let scopes = scopes.iter().copied().collect();
        let wanted = Wanted { note: "a test".to_owned(), scopes, days: 30 };
        self.web.engine.make_api_token(&name(who), wanted, None).await.expect("a token").to_string()
    }

    /// A program's request, with a body of JSON or with none.
    pub async fn ask(&self, method: &str, path: &str, bearer: &str, body: &str) -> Answer {
        let bearer = format!("Bearer {bearer}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        self.send(method, path, &headers, body.as_bytes()).await
    }

    /// Reports by the form, and answers with the mailbox's key.
    pub async fn report(&self, title: &str) -> String {
        let made = self.form("/report/xen", "", &format!("title={title}&text=It+crashes+the+host.")).await;
        let (_, key) = made.text().split_once("name=\"key\" value=\"").expect("a key");
        let key = key.split('"').next().expect("a key").to_owned();
        self.web.engine.work().await.expect("worked");
        key
    }

    pub async fn cases(&self) -> Vec<CaseId> {
        let rows = self.web.engine.store.cases(None, false).await.expect("cases");
        rows.iter().map(|row| row.case).collect()
    }
}
