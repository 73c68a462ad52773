//! Sessions: when one begins, and who ends it.

use super::accounts::PASSWORD;
use super::{World, name};
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
    assert_eq!(engine.begin_session(&shown, "").await.expect("decided"), None);
    assert_eq!(world.sign_ins("ian").await, before);
    // Setting the very same password again ends what the old one had begun, too.
    world.set_password("ian", PASSWORD).await;
    assert_eq!(engine.begin_session(&shown, "").await.expect("decided"), None);
    let again = world.shown("ian").await;
    assert!(engine.begin_session(&again, "").await.expect("decided").is_some());
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
    assert!(engine.begin_session(&one, "").await.expect("decided").is_some());
    assert_eq!(engine.begin_session(&one, "").await.expect("decided"), None, "once");
    world.set_password("ian", PASSWORD).await;
    assert_eq!(engine.begin_session(&same, "").await.expect("decided"), None);
}

/// A request of a session is on its way while a new password ends the session: it leaves no API token behind.
#[tokio::test]
async fn a_new_password_ends_api_tokens_and_whatever_is_about_to_make_one() {
    let world = World::new().await;
    let engine = &world.web.engine;
    let ian = name("ian");
    let secret = {
        world.set_password("ian", PASSWORD).await;
        engine.begin_session(&world.shown("ian").await, "").await.expect("decided").expect("a session")
    };
    let session = engine.session(&secret).await.expect("read").expect("a session");
    let wanted = || Wanted { note: String::new(), scopes: [Scope::Read].into(), days: 1 };
    let bearer = engine.make_api_token(&ian, wanted(), Some(session.id)).await.expect("a token");
    world.set_password("ian", NEW).await;
    assert_eq!(engine.api_token(&bearer).await.expect("read"), None);
    assert!(engine.make_api_token(&ian, wanted(), Some(session.id)).await.is_err());
    assert!(engine.api_tokens(&ian).await.expect("tokens").is_empty());
}
