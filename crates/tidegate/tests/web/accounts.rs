//! Accounts as their owners, and whoever would like to be one, meet them.

use super::{Answer, World, name};
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode};
use std::net::SocketAddr;
use std::sync::Arc;
use tidegate::account::{AccountEvent, Proof};
use tower::ServiceExt;

pub(super) const PASSWORD: &str = "tide+comes+in+twice+a+day";

impl World {
    /// The path that the last letter of the outbox leads to.
    pub(super) async fn mailed_path(&self) -> Option<String> {
        self.web.engine.work().await.expect("worked");
        let letters = self.web.engine.store.outgoing(0, 1_000).await.expect("the outbox");
        let text = String::from_utf8(letters.last()?.raw.clone()?).expect("text");
        let (_, path) = text.split_once("https://security.example/welcome/")?;
        Some(format!("/welcome/{}", path.split_whitespace().next()?))
    }

    pub(super) async fn set_password(&self, who: &str, password: &str) -> Answer {
        self.web.engine.invite(&name(who)).await.expect("invited");
        let path = self.mailed_path().await.expect("a link");
        self.ask("POST", &path, "", &format!("password={password}&again={password}")).await
    }

    pub(super) async fn try_password(&self, who: &str, password: &str) -> Answer {
        self.ask("POST", "/sign-in", "", &format!("name={who}&password={password}")).await
    }
}

#[tokio::test]
async fn who_is_invited_chooses_a_password_and_signs_in_with_it() {
    let world = World::new().await;
    world.web.engine.invite(&name("ian")).await.expect("invited");
    let path = world.mailed_path().await.expect("a link");
    assert!(world.ask("GET", &path, "", "").await.body.contains("Choose a password"));
    for (form, why) in [
        ("password=short&again=short", "too short"),
        ("password=password1234&again=password1234", "easily guessed"),
        ("password=one+of+a+kind&again=another+kind", "not the same"),
    ] {
        let refused = world.ask("POST", &path, "", form).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains(why), "{}", refused.body);
    }
    let form = format!("password={PASSWORD}&again={PASSWORD}");
    let signed_in = world.ask("POST", &path, "", &form).await;
    assert_eq!(signed_in.header("location"), "/desk");
    assert_eq!(world.ask("GET", "/desk", &signed_in.cookie(), "").await.status, StatusCode::OK);
    assert_eq!(world.ask("POST", &path, "", &form).await.status, StatusCode::FORBIDDEN, "once");

    for who in ["ian", "Ian@xen.example"] {
        let by_password = world.try_password(who, PASSWORD).await;
        assert_eq!(by_password.header("location"), "/desk", "{who}");
        assert_eq!(world.ask("GET", "/desk", &by_password.cookie(), "").await.status, StatusCode::OK);
    }
    let events = world.web.engine.account_events(&name("ian"), 10).await.expect("events");
    let events: Vec<AccountEvent> = events.into_iter().map(|(_, event)| event).collect();
    let signed_in = |by| AccountEvent::SignedIn { by, from: String::new() };
    let expected = [
        signed_in(Proof::Password),
        signed_in(Proof::Password),
        signed_in(Proof::MailedLink),
        AccountEvent::PasswordSet,
        AccountEvent::LinkSent,
    ];
    assert_eq!(events, expected);
}

#[tokio::test]
async fn nobody_learns_by_signing_in_who_has_an_account() {
    let world = World::new().await;
    world.set_password("ian", PASSWORD).await;
    let wrong = world.try_password("ian", "something+else+again").await;
    assert_eq!(wrong.status, StatusCode::FORBIDDEN);
    for (who, password) in [
        ("nobody", PASSWORD),
        // Here, and without a password.
        ("olga", PASSWORD),
        ("ian", ""),
        ("", ""),
        ("ian@elsewhere.example", PASSWORD),
        // Every space counts, and what is longer than a password can be is none.
        ("ian", &format!("+{PASSWORD}")),
        ("ian", &"x".repeat(100_000)),
        (&"x".repeat(100_000), PASSWORD),
    ] {
        assert_eq!(world.try_password(who, password).await, wrong, "{who}");
    }
}

#[tokio::test]
async fn nobody_learns_by_asking_for_a_letter_who_has_an_account() {
    let world = World::new().await;
    let unknown = world.ask("POST", "/recover", "", "address=nobody@xen.example").await;
    assert_eq!(world.mailed_path().await, None);
    let known = world.ask("POST", "/recover", "", "address=ian@xen.example").await;
    assert_eq!(unknown, known);
    assert_eq!(world.ask("POST", "/recover", "", "").await, known);
    assert!(world.mailed_path().await.is_some(), "a letter to ian");
    world.set_password("ian", PASSWORD).await;
    world.ask("POST", "/recover", "", "address=ian@xen.example").await;
    let path = world.mailed_path().await.expect("a letter to ian");
    let form = "password=another+one+of+mine&again=another+one+of+mine";
    assert_eq!(world.ask("POST", &path, "", form).await.status, StatusCode::SEE_OTHER);
    assert_eq!(world.try_password("ian", PASSWORD).await.status, StatusCode::FORBIDDEN);
    let none = world.ask("GET", "/welcome/nonsense", "", "").await;
    assert_eq!(none.status, StatusCode::FORBIDDEN);
    // Three days later a link opens nothing.
    world.ask("POST", "/recover", "", "address=ian@xen.example").await;
    let late = world.mailed_path().await.expect("a letter to ian");
    world.clock.set("2026-03-05T09:00:00Z".parse().expect("an instant"));
    assert_eq!(world.ask("POST", &late, "", form).await, world.ask("POST", &path, "", form).await);
}

/// Whoever had got in with the old password, or by a link that was sent before, is out with the new one.
#[tokio::test]
async fn a_new_password_ends_every_session() {
    let world = World::new().await;
    world.set_password("ian", PASSWORD).await;
    let stolen = world.try_password("ian", PASSWORD).await.cookie();
    assert_eq!(world.ask("GET", "/desk", &stolen, "").await.status, StatusCode::OK);
    let mut links = Vec::new();
    for _ in 0..2 {
        world.ask("POST", "/recover", "", "address=ian@xen.example").await;
        links.push(world.mailed_path().await.expect("a letter to ian"));
    }
    let form = "password=another+one+of+mine&again=another+one+of+mine";
    let back = world.ask("POST", &links[1], "", form).await;
    assert_eq!(back.status, StatusCode::SEE_OTHER);
    assert_eq!(world.ask("GET", "/desk", &stolen, "").await.status, StatusCode::SEE_OTHER);
    assert_eq!(world.ask("POST", &links[0], "", form).await.status, StatusCode::FORBIDDEN);
    let own = back.cookie();
    assert_eq!(world.ask("GET", "/desk", &own, "").await.status, StatusCode::OK);
}

/// Lock-out tells nothing: a name that somebody has and one that nobody has run out of tries alike, the right
/// password helps neither, and both may come again after the wait that they were told.
#[tokio::test]
async fn who_guesses_is_asked_to_wait_whoever_is_guessed_at() {
    let world = World::new().await;
    world.set_password("ian", PASSWORD).await;
    let mut answers = Vec::new();
    for _ in 0..11 {
        let known = world.try_password("ian", "something+else").await;
        assert_eq!(world.try_password("nobody", "something+else").await, known);
        answers.push(known);
    }
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    assert_eq!(statuses, [vec![403; 10], vec![429]].concat());
    assert_eq!(answers[10].header("retry-after"), "120");
    let locked = world.try_password("ian", PASSWORD).await;
    assert_eq!(locked, world.try_password("nobody", PASSWORD).await);
    assert_eq!(locked.status, StatusCode::TOO_MANY_REQUESTS);
    world.sign_in("ian").await;
    world.clock.set("2026-03-02T09:02:00Z".parse().expect("an instant"));
    assert_eq!(world.try_password("ian", PASSWORD).await.status, StatusCode::SEE_OTHER);
    // What was in order is not counted.
    assert_eq!(world.try_password("ian", PASSWORD).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn one_network_cannot_flood_the_report_form_or_try_keys_for_ever() {
    let world = World::new().await;
    let from = async |network: &str, path: &str, form: &str| {
        let peer: SocketAddr = network.parse().expect("an address");
        let request = Request::post(path).extension(ConnectInfo(peer)).body(Body::from(form.to_owned()));
        let door = tidegate::web::router(Arc::clone(&world.web));
        door.oneshot(request.expect("a request")).await.expect("an answer").status().as_u16()
    };
    let key = format!("key={}", "0".repeat(32));
    for (path, form, most, usual) in [("/report/xen", "text=x", 20, 200), ("/mailbox", key.as_str(), 60, 403)]
    {
        for _ in 0..most {
            assert_eq!(from("192.0.2.1:1", path, form).await, usual, "{path}");
        }
        assert_eq!(from("192.0.2.1:2", path, form).await, 429, "{path}");
        assert_eq!(from("192.0.2.2:1", path, form).await, usual, "{path}");
    }
}
