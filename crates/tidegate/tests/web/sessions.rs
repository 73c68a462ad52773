//! Sessions: when one begins, and who ends it.

use super::accounts::PASSWORD;
use super::{World, name};
use axum::http::StatusCode;
use tidegate::account::AccountEvent;
use tidegate::engine::Checked;
use tidegate::engine::api_tokens::{Scope, Wanted};
use tidegate::engine::sessions::Shown;
use zeroize::Zeroizing;

const NEW: &str = "another+one+of+mine";

impl World {
    /// What `who` shows by the password, before a session begins.
    async fn shown(&self, who: &str) -> Shown {
        let password = Zeroizing::new(PASSWORD.replace('+', " "));
        match self.web.engine.check_password(who, password).await.expect("checked") {
            Checked::Is(shown) => shown,
            other => panic!("{who}: {other:?}"),
        }
    }

    async fn sign_ins(&self, who: &str) -> usize {
        let events = self.web.engine.account_events(&name(who), 100).await.expect("events");
        events.iter().filter(|(_, event)| matches!(event, AccountEvent::SignedIn { .. })).count()
    }
}

/// The password was right when it was looked at; before the session begins, a new one is set.
#[tokio::test]
async fn an_old_password_begins_no_session_after_a_new_one_is_set() {
    let world = World::new().await;
    world.set_password("ian", PASSWORD).await;
    let (engine, shown) = (&world.web.engine, world.shown("ian").await);
    world.set_password("ian", NEW).await;
    let before = world.sign_ins("ian").await;
    assert_eq!(engine.begin_session(&shown, "", "").await.expect("decided"), None);
    assert_eq!(world.sign_ins("ian").await, before);
    // Setting the very same password again ends what the old one had begun, too.
    world.set_password("ian", PASSWORD).await;
    assert_eq!(engine.begin_session(&shown, "", "").await.expect("decided"), None);
    let again = world.shown("ian").await;
    assert!(engine.begin_session(&again, "", "").await.expect("decided").is_some());
}

#[tokio::test]
async fn a_link_begins_one_session_and_none_after_a_new_password() {
    let world = World::new().await;
    let engine = &world.web.engine;
    let link = async || {
        let link = world.web.sign_in_link(&name("ian")).await.expect("a link");
        let secret = link.rsplit('/').next().and_then(|secret| secret.parse().ok()).expect("a secret");
        engine.check_link(&secret).await.expect("checked").expect("a good link")
    };
    let (one, same) = (link().await, link().await);
    assert!(engine.begin_session(&one, "", "").await.expect("decided").is_some());
    assert_eq!(engine.begin_session(&one, "", "").await.expect("decided"), None, "once");
    world.set_password("ian", PASSWORD).await;
    assert_eq!(engine.begin_session(&same, "", "").await.expect("decided"), None);
}

/// A request of a session is on its way while a new password ends the session: it leaves no API token behind.
#[tokio::test]
async fn a_new_password_ends_api_tokens_and_whatever_is_about_to_make_one() {
    let world = World::new().await;
    let engine = &world.web.engine;
    let ian = name("ian");
    let secret = {
        world.set_password("ian", PASSWORD).await;
        engine.begin_session(&world.shown("ian").await, "", "").await.expect("decided").expect("a session")
    };
    let (session, _) = engine.session(&secret).await.expect("read").expect("a session");
    let wanted = || Wanted { note: String::new(), scopes: [Scope::Read].into(), days: 1 };
    let bearer = engine.make_api_token(&ian, wanted(), Some(session.id)).await.expect("a token");
    world.set_password("ian", NEW).await;
    assert_eq!(engine.api_token(&bearer).await.expect("read"), None);
    assert!(engine.make_api_token(&ian, wanted(), Some(session.id)).await.is_err());
    assert!(engine.api_tokens(&ian).await.expect("tokens").is_empty());
}

/// What the page of one's own sessions offers to end.
fn ends(page: &str) -> Vec<String> {
    let forms = page.split("action=\"").skip(1).filter_map(|rest| rest.split('"').next());
    forms
        .filter(|path| path.starts_with("/account/sessions/") && path.ends_with("/end"))
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn sessions_are_listed_and_ended_by_whose_they_are() {
    let world = World::new().await;
    let (one, two) = (world.sign_in("ian").await, world.sign_in("ian").await);
    world.clock.set("2026-03-02T09:30:00Z".parse().expect("an instant"));
    let three = world.sign_in("ian").await;
    let olga = world.sign_in("olga").await;
    world.ask("GET", "/desk", &two, "").await;
    let page = world.ask("GET", "/account/sessions", &one, "").await.body;
    assert!(page.contains("this one, now") && page.contains("Signed in by a one-time link"), "{page}");
    let others = ends(&page);
    assert_eq!(others.len(), 2, "{page}");
    assert!(page.contains("2 March 2026, 09:30 UTC"), "when it was used last: {page}");

    // Nobody else ends them, and what is hidden from them and what is not there is the same page.
    let theirs = world.ask("POST", &others[0], &olga, "").await;
    assert_eq!(theirs.status, StatusCode::NOT_FOUND);
    assert_eq!(world.ask("POST", "/account/sessions/0000000000000000/end", &olga, "").await, theirs);
    assert_eq!(ends(&world.ask("GET", "/account/sessions", &one, "").await.body), others);

    let ended = world.ask("POST", &others[0], &one, "").await;
    assert_eq!(ended.header("location"), "/account/sessions");
    let is_in = async |cookie: &str| world.ask("GET", "/desk", cookie, "").await.status == StatusCode::OK;
    assert_eq!(
        [is_in(&one).await, is_in(&two).await, is_in(&three).await].iter().filter(|is| **is).count(),
        2
    );
    world.ask("POST", "/account/sessions/end-others", &one, "").await;
    assert_eq!(
        [is_in(&one).await, is_in(&two).await, is_in(&three).await, is_in(&olga).await],
        [true, false, false, true]
    );
    // A link that signs in is no session, and stays.
    assert!(ends(&world.ask("GET", "/account/sessions", &one, "").await.body).is_empty());
    world.sign_in("ian").await;
}
