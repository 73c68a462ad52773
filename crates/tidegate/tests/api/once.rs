//! What is asked for twice is done once, and what is decided upon something old is not done.

use crate::world::{Answer, World};
use axum::http::StatusCode;
use tidegate::engine::api_tokens::Scope;
use tidegate::store::Repeat;

const ALL: [Scope; 2] = [Scope::Read, Scope::Act];
const SAID: &str = r#"{"text":"We read it."}"#;

async fn send(world: &World, path: &str, bearer: &str, header: (&str, &str), body: &str) -> Answer {
    let bearer = format!("Bearer {bearer}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json"), header];
    world.send("POST", path, &headers, body.as_bytes()).await
}

/// A world with one case, the path of its actions, and a token of its team.
async fn begun() -> (World, String, String) {
    let world = World::new().await;
    world.report("A+hole").await;
    let case = world.cases().await[0];
    let ian = world.token("ian", &ALL).await;
    (world, format!("/api/v1/cases/{case}/actions"), ian)
}

async fn events(world: &World) -> u64 {
    let case = world.cases().await[0];
    world.web.engine.store.case_row(case).await.expect("the case").n
}

#[tokio::test]
async fn a_repeat_under_the_same_key_is_answered_alike_and_done_once() {
    let (world, acts, ian) = begun().await;
    let path = format!("{acts}/acknowledge");
    let first = send(&world, &path, &ian, ("idempotency-key", "\"k1\""), SAID).await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.text());
    let n = events(&world).await;
    assert_eq!(send(&world, &path, &ian, ("idempotency-key", "\"k1\""), SAID).await, first);
    assert_eq!(
        send(&world, &path, &ian, ("idempotency-key", "k1"), r#"{ "text": "We read it." }"#).await,
        first
    );
    assert_eq!(events(&world).await, n);
    for (path, body) in [(&path, "{}"), (&format!("{acts}/confirm"), SAID)] {
        let other = send(&world, path, &ian, ("idempotency-key", "k1"), body).await;
        assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", other.text());
        assert!(other.text().contains("something else"), "{}", other.text());
    }
    // Another token's keys are its own, and after a day this one's are new: the rules are asked, and refuse.
    let again = world.token("ian", &ALL).await;
    for (token, at) in [(&again, "2026-03-02T09:00:00Z"), (&ian, "2026-03-03T09:00:01Z")] {
        world.clock.set(at.parse().expect("an instant"));
        let refused = send(&world, &path, token, ("idempotency-key", "k1"), SAID).await;
        assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.text());
        assert_eq!(refused.json()["title"], "Refused by a rule");
    }
}

#[tokio::test]
async fn what_was_refused_may_be_asked_for_again_under_its_key() {
    let (world, acts, ian) = begun().await;
    for _ in 0..2 {
        let refused = send(&world, &format!("{acts}/announce"), &ian, ("idempotency-key", "k1"), "").await;
        assert_eq!(refused.status, StatusCode::CONFLICT);
        assert!(refused.json()["clause"].is_string(), "{}", refused.text());
    }
    let path = format!("{acts}/acknowledge");
    let done = send(&world, &path, &ian, ("idempotency-key", "k1"), SAID).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());
    for bad in ["\"\"", "a b", "a\"b", &"k".repeat(256)] {
        let answer = send(&world, &path, &ian, ("idempotency-key", bad), SAID).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{bad}");
    }
}

/// What has begun and is not answered, by another request or before a crash, is not done a second time.
#[tokio::test]
async fn what_is_being_done_is_not_begun_again() {
    let (world, acts, ian) = begun().await;
    let engine = &world.web.engine;
    let token = engine.api_token(&ian.parse().expect("a token")).await.expect("asked").expect("it is good");
    let (now, case) = (engine.clock.now(), world.cases().await[0]);
    let later = "2026-03-03T09:00:00Z".parse().expect("an instant");
    let asked = format!("acknowledge {SAID}");
    let begun = engine.store.begin_answer(case, (&token.id, "k1"), asked.as_bytes(), (now, later)).await;
    assert!(matches!(begun, Ok(Repeat::First(_))), "{begun:?}");
    let answer = send(&world, &format!("{acts}/acknowledge"), &ian, ("idempotency-key", "k1"), SAID).await;
    assert_eq!((answer.status, events(&world).await), (StatusCode::CONFLICT, 1));
    assert!(answer.text().contains("not answered"), "{}", answer.text());
}

#[tokio::test]
async fn what_was_decided_upon_an_old_state_is_not_done() {
    let (world, acts, ian) = begun().await;
    let case = acts.trim_end_matches("/actions").to_owned();
    let path = format!("{acts}/acknowledge");
    let known = world.ask("GET", &case, &ian, "").await.header("etag").to_owned();
    let weak = format!("W/{known}");
    let foreign = send(&world, &path, &ian, ("if-match", &weak), SAID).await;
    assert_eq!(foreign.status, StatusCode::PRECONDITION_FAILED, "a weak tag is no match");
    let done = send(&world, &path, &ian, ("if-match", &known), SAID).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());
    let n = events(&world).await;
    let late = send(&world, &path, &ian, ("if-match", &known), SAID).await;
    assert_eq!(late.status, StatusCode::PRECONDITION_FAILED);
    assert_eq!(late.header("content-type"), "application/problem+json");
    assert_eq!(events(&world).await, n);
    let confirm = format!("{acts}/confirm");
    let any = send(&world, &confirm, &ian, ("if-match", "*"), r#"{"releases":["4.18"]}"#).await;
    assert_eq!(any.status, StatusCode::OK, "{}", any.text());
}

/// The same thing seen by two has two tags: nobody finds out by comparing what somebody else sees.
#[tokio::test]
async fn a_tag_is_its_askers_own() {
    let world = World::new().await;
    let (ian, olga) = (world.token("ian", &ALL).await, world.token("olga", &ALL).await);
    let (ians, olgas) = (
        world.ask("GET", "/api/v1/cases", &ian, "").await,
        world.ask("GET", "/api/v1/cases", &olga, "").await,
    );
    assert_eq!(ians.body, olgas.body);
    assert_ne!(ians.header("etag"), olgas.header("etag"));
}
