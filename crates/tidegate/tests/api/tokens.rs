//! Tokens are made at a page, shown once, and end.

use crate::world::{World, name};
use axum::http::StatusCode;
use tidegate::engine::EngineError;
use tidegate::engine::api_tokens::{ApiToken, Bearer, Scope, TOKENS_MAX, Wanted};

async fn found(world: &World, bearer: &str) -> Option<ApiToken> {
    let bearer: Bearer = bearer.parse().expect("a token");
    world.web.engine.api_token(&bearer).await.expect("asked")
}

fn shown(page: &str) -> &str {
    let (_, rest) = page.split_once("<code>tgt_").expect("a token");
    rest.split('<').next().expect("a token")
}

#[tokio::test]
async fn a_token_is_made_at_a_page_shown_once_and_ended_there() {
    let world = World::new().await;
    let ian = world.sign_in("ian").await;
    let made = world.form("/account/tokens", &ian, "note=the+build+robot&scope=read&scope=act&days=7").await;
    let bearer = format!("tgt_{}", shown(made.text()));
    let token = found(&world, &bearer).await.expect("it is good");
    assert_eq!((token.owner, token.note.as_str()), (name("ian"), "the build robot"));
    assert_eq!(token.scopes.into_iter().collect::<Vec<_>>(), [Scope::Read, Scope::Act]);

    let list = world.send("GET", "/account/tokens", &[("cookie", &ian)], b"").await;
    assert!(list.text().contains("the build robot") && !list.text().contains(&bearer));
    // Nobody ends another person's.
    let end = format!("/account/tokens/{}/end", token.id);
    let olga = world.sign_in("olga").await;
    assert_eq!(world.form(&end, &olga, "").await.status, StatusCode::NOT_FOUND);
    assert!(found(&world, &bearer).await.is_some());
    assert_eq!(world.form(&end, &ian, "").await.header("location"), "/account/tokens");
    assert_eq!(found(&world, &bearer).await, None);
}

#[tokio::test]
async fn a_token_ends_by_itself_and_with_its_owner() {
    let world = World::new().await;
    let (ians, olgas) = (world.token("ian", &[Scope::Read]).await, world.token("olga", &[Scope::Read]).await);
    let mut people = world.web.engine.people().await.expect("people");
    people.0.retain(|person| person.name != name("olga"));
    world.web.engine.set_people(&people).await.expect("stored");
    assert_eq!(found(&world, &olgas).await, None);
    assert!(found(&world, &ians).await.is_some());
    world.clock.set("2026-04-01T09:00:00Z".parse().expect("an instant"));
    assert_eq!(found(&world, &ians).await, None);
}

#[tokio::test]
async fn a_page_gives_no_token_that_runs_the_instance_and_no_endless_one() {
    let world = World::new().await;
    let ian = world.sign_in("ian").await;
    for form in
        ["days=7", "scope=administer&days=7", "scope=read", "scope=read&days=367", "scope=read&days=0"]
    {
        let answer = world.form("/account/tokens", &ian, form).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{form}");
    }
    for _ in 0..TOKENS_MAX {
        world.token("ian", &[Scope::Read]).await;
    }
    let wanted = Wanted { note: String::new(), scopes: [Scope::Read].into(), days: 1 };
    let more = world.web.engine.make_api_token(&name("ian"), wanted, None).await;
    assert!(matches!(more, Err(EngineError::Faults(_))), "{more:?}");
}
