//! Lists come a page at a time, and no page tells of what is not on it.

use crate::world::{Answer, World};
use axum::http::StatusCode;
use tidegate::engine::api_tokens::Scope;

/// The address of the page that follows, if one does.
fn next(answer: &Answer) -> Option<String> {
    let link = answer.header("link").strip_suffix(">; rel=\"next\"")?;
    link.strip_prefix('<').map(str::to_owned)
}

async fn all(world: &World, first: &str, token: &str) -> (Vec<serde_json::Value>, usize) {
    let (mut lines, mut pages, mut path) = (Vec::new(), 0, Some(first.to_owned()));
    while let Some(page) = path {
        let answer = world.ask("GET", &page, token, "").await;
        assert_eq!(answer.status, StatusCode::OK, "{page}: {}", answer.text());
        lines.extend(answer.json().as_array().expect("a list").clone());
        (pages, path) = (pages + 1, next(&answer));
    }
    (lines, pages)
}

#[tokio::test]
async fn a_list_comes_a_page_at_a_time_whole_and_in_order() {
    let world = World::new().await;
    for title in ["One", "Two", "Three", "Four", "Five"] {
        world.report(title).await;
    }
    let ian = world.token("ian", &[Scope::Read]).await;
    let (whole, pages) = all(&world, "/api/v1/cases", &ian).await;
    assert_eq!((whole.len(), pages), (5, 1));
    assert_eq!(all(&world, "/api/v1/cases?limit=2", &ian).await, (whole.clone(), 3));
    assert_eq!(all(&world, "/api/v1/cases?limit=5", &ian).await, (whole, 1));
    for wrong in ["limit=0", "limit=501", "limit=x", "limit=1&limit=2", "after=nonsense", "page=2"] {
        let answer = world.ask("GET", &format!("/api/v1/cases?{wrong}"), &ian, "").await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
}

/// A cursor is good for its own list and its own asker, and for nothing else.
#[tokio::test]
async fn a_cursor_is_of_no_use_to_anybody_else() {
    let world = World::new().await;
    world.report("One").await;
    world.report("Two").await;
    let ian = world.token("ian", &[Scope::Read]).await;
    let olga = world.token("olga", &[Scope::Read]).await;
    let first = world.ask("GET", "/api/v1/cases?limit=1", &ian, "").await;
    let second = next(&first).expect("a second page");
    assert_eq!(world.ask("GET", &second, &ian, "").await.status, StatusCode::OK);
    let elsewhere = second.replace("/cases", "/due");
    for (path, token) in [(&second, &olga), (&elsewhere, &ian)] {
        let answer = world.ask("GET", path, token, "").await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
    }
}

#[tokio::test]
async fn a_token_is_ended_by_a_program_of_its_owner_alone() {
    let world = World::new().await;
    let reads = world.token("ian", &[Scope::Read]).await;
    let acts = world.token("ian", &[Scope::Act]).await;
    let olga = world.token("olga", &[Scope::Act]).await;
    let listed = world.ask("GET", "/api/v1/me/tokens", &reads, "").await.json();
    let lines = listed.as_array().expect("a list");
    let found = lines.iter().find(|line| line["scopes"][0] == "read").expect("the one that reads");
    let end = format!("/api/v1/me/tokens/{}/end", found["id"].as_str().expect("its name"));
    assert_eq!(world.ask("POST", &end, &olga, "").await.status, StatusCode::NOT_FOUND);
    assert_eq!(world.ask("POST", &end, &reads, "").await.status, StatusCode::FORBIDDEN);
    assert_eq!(world.ask("POST", &end, &acts, "").await.status, StatusCode::OK);
    assert_eq!(world.ask("GET", "/api/v1/me", &reads, "").await.status, StatusCode::UNAUTHORIZED);
}
