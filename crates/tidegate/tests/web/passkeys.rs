//! Passkeys: who is let in by one, and who is not.

use super::accounts::PASSWORD;
use super::device::{Device, options};
use super::{Answer, World, name};
use axum::http::StatusCode;
use std::sync::Arc;
use tidegate::account::{AccountEvent, Proof};
use tidegate::web::Web;

const PAGE: &str = "/account/sign-in";

fn answered(answer: &str) -> String {
    form_urlencoded::Serializer::new(String::new()).append_pair("answer", answer).finish()
}

impl World {
    /// The same under a name, as passkeys need one.
    async fn named() -> World {
        let mut world = World::with(|engine| engine.second_factor_roles = vec![name("coordinator")]).await;
        world.web = Web::open(Arc::clone(&world.web.engine), "http://localhost:8008").await.expect("a door");
        world
    }

    async fn new_passkey(&self, own: &str, device: &mut Device) -> Answer {
        let form = format!("note=my+telephone&password={PASSWORD}");
        let page = self.ask("POST", "/account/passkeys/new", own, &form).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        let answer = answered(&device.create(&options(&page)));
        self.ask("POST", "/account/passkeys/answer", &format!("{own}; {}", page.cookie()), &answer).await
    }

    async fn try_passkey(&self, device: &mut Device) -> Answer {
        let page = self.ask("POST", "/sign-in/passkey", "", "").await;
        let answer = answered(&device.get(&options(&page)));
        self.ask("POST", "/sign-in/passkey/answer", &page.cookie(), &answer).await
    }

    /// Ian with a passkey: his session, and the device.
    async fn with_passkey() -> (World, String, Device) {
        let world = World::named().await;
        let own = world.set_password("ian", PASSWORD).await.cookie();
        let mut device = Device::new(1);
        assert_eq!(world.new_passkey(&own, &mut device).await.header("location"), PAGE);
        (world, own, device)
    }
}

#[tokio::test]
async fn whoever_added_a_passkey_signs_in_with_it_alone() {
    let (world, own, mut device) = World::with_passkey().await;
    assert!(world.ask("GET", PAGE, &own, "").await.body.contains("<bdi>my telephone</bdi>"));
    assert!(world.ask("GET", "/sign-in", "", "").await.body.contains("Sign in with a passkey"));
    for _ in 0..2 {
        let signed_in = world.try_passkey(&mut device).await;
        assert_eq!(signed_in.header("location"), "/desk", "{}", signed_in.body);
        let desk = world.ask("GET", "/desk", &signed_in.cookie(), "").await;
        assert!(desk.body.contains("<li class=\"who\">ian</li>"), "{}", desk.body);
    }
    let events = world.web.engine.account_events(&name("ian"), 3).await.expect("events");
    let events: Vec<AccountEvent> = events.into_iter().map(|(_, event)| event).collect();
    let signed_in = AccountEvent::SignedIn { by: Proof::Passkey, from: String::new() };
    let added = AccountEvent::PasskeyAdded { note: "my telephone".to_owned() };
    assert_eq!(events, [signed_in.clone(), signed_in, added]);
}

/// What a page asks is the same for everybody, and names nobody.
#[tokio::test]
async fn nobody_learns_from_the_question_who_has_a_passkey() {
    let (with, ..) = World::with_passkey().await;
    let without = World::named().await;
    let mut asked = Vec::new();
    for world in [&with, &without] {
        let mut question = options(&world.ask("POST", "/sign-in/passkey", "", "").await);
        assert_ne!(question["challenge"].take(), serde_json::Value::Null);
        asked.push(question);
    }
    assert_eq!(asked[0], asked[1]);
}

/// Each lacks one thing; the page does not say which.
#[tokio::test]
async fn an_answer_that_is_not_in_order_lets_nobody_in() {
    let (world, _, mut device) = World::with_passkey().await;
    let refused = world.try_passkey(&mut Device { handle: device.handle.clone(), ..Device::new(2) }).await;
    assert_eq!((refused.status, refused.header("set-cookie")), (StatusCode::FORBIDDEN, ""));
    let right = device.clone();
    for (mut wrong, why) in [
        (Device { origin: "http://localhost:8009".to_owned(), ..right.clone() }, "another port"),
        (Device { origin: "https://evil.example".to_owned(), ..right.clone() }, "another site"),
        (Device { site: "evil.example".to_owned(), ..right.clone() }, "a key of another site"),
        (Device { is_verified: false, ..right.clone() }, "it does not know its holder"),
        (Device { key: Device::new(3).key, ..right.clone() }, "another key"),
        (Device { id: vec![9; 24], ..right.clone() }, "a key that is not there"),
        (Device { handle: "AAAAAAAAAAAAAAAAAAAAAA".to_owned(), ..right.clone() }, "nobody"),
        (Device { handle: String::new(), ..right.clone() }, "without a handle"),
    ] {
        assert_eq!(world.try_passkey(&mut wrong).await, refused, "{why}");
    }
    for nothing in ["", "answer=", "answer=%7B%7D", &format!("answer={}", "x".repeat(100_000))] {
        let page = world.ask("POST", "/sign-in/passkey", "", "").await;
        let answer = world.ask("POST", "/sign-in/passkey/answer", &page.cookie(), nothing).await;
        assert_eq!(answer, refused, "{nothing}");
    }
    let page = world.ask("POST", "/sign-in/passkey", "", "").await;
    let answer = answered(&device.get(&options(&page)));
    let other = world.ask("POST", "/sign-in/passkey", "", "").await.cookie();
    for cookie in ["", &other] {
        assert_eq!(
            world.ask("POST", "/sign-in/passkey/answer", cookie, &answer).await,
            refused,
            "another browser"
        );
    }
    let in_order = world.ask("POST", "/sign-in/passkey/answer", &page.cookie(), &answer).await;
    assert_eq!(in_order.header("location"), "/desk");
    assert_eq!(world.ask("POST", "/sign-in/passkey/answer", &page.cookie(), &answer).await, refused, "twice");
    // A copy of the device that does not know how often the first was used.
    assert_eq!(world.try_passkey(&mut right.clone()).await, refused);
    let page = world.ask("POST", "/sign-in/passkey", "", "").await;
    let answer = answered(&device.get(&options(&page)));
    world.pass(10 * 60);
    assert_eq!(
        world.ask("POST", "/sign-in/passkey/answer", &page.cookie(), &answer).await,
        refused,
        "too late"
    );
}

#[tokio::test]
async fn a_passkey_is_added_and_removed_by_its_owner() {
    let (world, _, mut device) = World::with_passkey().await;
    let own = world.try_passkey(&mut device).await.cookie();
    for (path, form) in [
        ("/account/passkeys/new", "note=x&password=something+else".to_owned()),
        ("/account/passkeys/00/remove", format!("password={PASSWORD}")),
    ] {
        let answer = world.ask("POST", path, &own, &form).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
    }
    let twice = world.new_passkey(&own, &mut device.clone()).await;
    assert_eq!(twice.status, StatusCode::UNPROCESSABLE_ENTITY, "the same again");
    for mut wrong in [
        Device { is_verified: false, ..Device::new(4) },
        Device { origin: "https://evil.example".to_owned(), ..Device::new(4) },
    ] {
        assert_eq!(world.new_passkey(&own, &mut wrong).await, twice, "{wrong:?}");
    }
    // What Ian was asked, another session does not answer.
    let page = world.ask("POST", "/account/passkeys/new", &own, &format!("password={PASSWORD}")).await;
    let answer = answered(&Device::new(5).create(&options(&page)));
    let other = world.try_passkey(&mut device).await.cookie();
    let other = format!("{other}; {}", page.cookie());
    assert_eq!(world.ask("POST", "/account/passkeys/answer", &other, &answer).await, twice);

    assert_eq!(world.new_passkey(&own, &mut Device::new(6)).await.header("location"), PAGE);
    let remove = format!("/account/passkeys/{}/remove", "01".repeat(16));
    let removed = world.ask("POST", &remove, &own, &format!("password={PASSWORD}")).await;
    assert_eq!(removed.header("location"), PAGE);
    assert_eq!(world.try_passkey(&mut device).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_passkey_is_a_second_factor_in_itself() {
    let world = World::named().await;
    let own = world.set_password("ian", PASSWORD).await.cookie();
    let mut people = world.web.engine.people().await.expect("people");
    people.grant(&name("ian"), None, &name("xen"), &name("coordinator"));
    world.web.engine.set_people(&people).await.expect("stored");
    let (mut device, demand) = (Device::new(1), "/account/second-factor");
    assert_eq!(world.ask("GET", "/desk", &own, "").await.header("location"), demand);
    assert_eq!(world.new_passkey(&own, &mut device).await.header("location"), PAGE);
    assert_eq!(world.ask("GET", "/desk", &own, "").await.header("location"), demand, "it was not shown");
    let by_passkey = world.try_passkey(&mut device).await.cookie();
    assert_eq!(world.ask("GET", "/desk", &by_passkey, "").await.status, StatusCode::OK);

    // Whoever has the password alone, or reads the mail, makes no second factor of their own beside it.
    for by_mail in [false, true] {
        let stolen = if by_mail {
            world.set_password("ian", "another+one+of+mine").await.cookie()
        } else {
            world.try_password("ian", PASSWORD).await.cookie()
        };
        assert_eq!(world.ask("GET", "/desk", &stolen, "").await.header("location"), demand);
        world.ask("POST", "/account/second-factor/begin", &stolen, "").await;
        assert!(!world.ask("GET", demand, &stolen, "").await.body.contains("class=\"qr\""));
        let remove = format!("/account/passkeys/{}/remove", "01".repeat(16));
        assert_eq!(world.ask("POST", &remove, &stolen, "").await.header("location"), demand);
    }
    assert_eq!(world.web.engine.passkeys_of(&name("ian")).await.expect("read").len(), 1);
    let by_passkey = world.try_passkey(&mut device).await.cookie();
    world.ask("POST", "/account/second-factor/begin", &by_passkey, "").await;
    assert!(world.ask("GET", demand, &by_passkey, "").await.body.contains("class=\"qr\""));
    assert!(world.web.engine.reset_second_factor(&name("ian")).await.expect("reset"));
    assert!(world.web.engine.passkeys_of(&name("ian")).await.expect("read").is_empty());
}

/// Neither is a passkey added beside another by whoever did not show that one.
#[tokio::test]
async fn a_second_passkey_is_added_by_whoever_showed_the_first() {
    let (world, own, mut device) = World::with_passkey().await;
    let refused = world.new_passkey(&own, &mut Device::new(2)).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    // Nor is it removed, to make room for another factor.
    let remove = format!("/account/passkeys/{}/remove", "01".repeat(16));
    let kept = world.ask("POST", &remove, &own, &format!("password={PASSWORD}")).await;
    assert_eq!(kept.status, StatusCode::UNPROCESSABLE_ENTITY);
    let by_passkey = world.try_passkey(&mut device).await.cookie();
    assert_eq!(world.new_passkey(&by_passkey, &mut Device::new(2)).await.header("location"), PAGE);
}

#[tokio::test]
async fn a_site_without_a_name_has_no_passkeys() {
    let world = World::new().await;
    assert_eq!(world.ask("POST", "/sign-in/passkey", "", "").await.status, StatusCode::NOT_FOUND);
    assert!(!world.ask("GET", "/sign-in", "", "").await.body.contains("passkey"));
}
