//! A program lists cases, reads them and works on them; whatever is wrong, it is told in one form.

use crate::world::{Answer, World};
use axum::http::StatusCode;
use tidegate::engine::api_tokens::Scope;

const ALL: [Scope; 2] = [Scope::Read, Scope::Act];

/// Problem details (RFC 9457), of this status.
fn problem(answer: &Answer, status: u16) -> serde_json::Value {
    assert_eq!(answer.status.as_u16(), status, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let problem = answer.json();
    assert_eq!(problem["status"], status);
    assert!(problem["title"].is_string() && problem["type"] == "about:blank", "{problem}");
    problem
}

#[tokio::test]
async fn a_program_works_on_a_case_as_its_owner_does() {
    let world = World::new().await;
    world.report("A+hole").await;
    let ian = world.token("ian", &ALL).await;
    let list = world.ask("GET", "/api/v1/cases", &ian, "").await.json();
    let case = list[0]["case"].as_str().expect("a case").to_owned();
    let path = format!("/api/v1/cases/{case}");
    let before = world.ask("GET", &path, &ian, "").await;
    assert_eq!(before.json()["title"], "A hole");
    let acts = format!("{path}/actions");
    let done = world.ask("POST", &format!("{acts}/acknowledge"), &ian, r#"{"text":"We read it."}"#).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());
    assert_eq!(done.json()["events"][0]["event"]["acknowledged"]["text"], "We read it.");
    let log = world.ask("GET", &format!("{path}/log"), &ian, "").await.json();
    assert_eq!(log.as_array().map(Vec::len), Some(2));

    let refused = problem(&world.ask("POST", &format!("{acts}/announce"), &ian, "").await, 409);
    assert!(refused["clause"].as_str().is_some_and(|clause| clause.contains("XEN-")), "{refused}");
    assert!(refused["needed"].as_str().is_some_and(|needed| !needed.is_empty()), "{refused}");
    assert_eq!(problem(&world.ask("POST", &format!("{acts}/rate"), &ian, "{}").await, 422)["status"], 422);
}

#[tokio::test]
async fn whatever_is_wrong_is_told_in_one_form() {
    let world = World::new().await;
    world.report("A+hole").await;
    let case = world.cases().await[0];
    let acts = format!("/api/v1/cases/{case}/actions");
    let ian = world.token("ian", &ALL).await;
    let reads = world.token("ian", &[Scope::Read]).await;
    let post = |act: &str, body: &str| {
        let (path, body, world, ian) = (format!("{acts}/{act}"), body.to_owned(), &world, &ian);
        async move { world.ask("POST", &path, ian, &body).await }
    };
    for (act, body, status) in [
        ("acknowledge", "{", 400),
        ("acknowledge", "[]", 400),
        ("acknowledge", r#"{"text":7}"#, 422),
        ("acknowledge", r#"{"txet":"x"}"#, 422),
        ("confirm", r#"{"releases":"4.4"}"#, 422),
        ("propose-embargo", r#"{"until":""}"#, 422),
        ("attach-patch", r#"{"release":"4.4","file":"x"}"#, 422),
        ("No Such!", "", 404),
    ] {
        problem(&post(&act.replace(" ", "%20"), body).await, status);
    }
    problem(&world.ask("GET", "/api/v1/cases/nonsense", &ian, "").await, 404);
    problem(&world.ask("GET", "/api/v1/no/such/route", &ian, "").await, 404);
    problem(&world.ask("GET", "/api/v1/projects/NO!/policy", &ian, "").await, 404);
    let put = world.ask("PUT", "/api/v1/cases", &ian, "").await;
    problem(&put, 405);
    assert!(put.header("allow").contains("GET"));
    let none = world.send("GET", "/api/v1/cases", &[], b"").await;
    problem(&none, 401);
    assert_eq!(none.header("www-authenticate"), "Bearer");
    let few = world.ask("POST", &format!("{acts}/acknowledge"), &reads, "{}").await;
    problem(&few, 403);
    assert!(few.header("www-authenticate").contains("insufficient_scope"));
    let bearer = format!("Bearer {ian}");
    let form = [("authorization", bearer.as_str()), ("content-type", "application/x-www-form-urlencoded")];
    problem(&world.send("POST", &format!("{acts}/acknowledge"), &form, b"text=x").await, 415);
    let large = vec![b' '; tidegate::web::FORM_BYTES_MAX + 1];
    let large = std::str::from_utf8(&large).expect("text");
    problem(&world.ask("POST", &format!("{acts}/acknowledge"), &ian, large).await, 413);
    assert_eq!(world.web.engine.store.case_row(case).await.expect("the case").n, 1, "nothing was done");
}

/// A cookie opens nothing here, and a token no page.
#[tokio::test]
async fn a_browsers_session_is_none_of_a_programs() {
    let world = World::new().await;
    let cookie = world.sign_in("ian").await;
    problem(&world.send("GET", "/api/v1/cases", &[("cookie", &cookie)], b"").await, 401);
    let token = world.token("ian", &ALL).await;
    assert_eq!(world.ask("GET", "/desk/cases", &token, "").await.header("location"), "/sign-in");
}

#[tokio::test]
async fn what_a_program_has_already_is_not_sent_again() {
    let world = World::new().await;
    world.report("A+hole").await;
    let ian = world.token("ian", &ALL).await;
    let path = format!("/api/v1/cases/{}", world.cases().await[0]);
    let first = world.ask("GET", &path, &ian, "").await;
    let bearer = format!("Bearer {ian}");
    let headers = [("authorization", bearer.as_str()), ("if-none-match", first.header("etag"))];
    let again = world.send("GET", &path, &headers, b"").await;
    assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0));
    world.ask("POST", &format!("{path}/actions/acknowledge"), &ian, "").await;
    assert_eq!(world.send("GET", &path, &headers, b"").await.status, StatusCode::OK);
}
