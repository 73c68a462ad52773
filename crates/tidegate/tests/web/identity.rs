//! Signing in at an identity provider: who is let in, and who is not.

use super::accounts::PASSWORD;
use super::provider::{Provider, SECRET, Signature, asked};
use super::{Answer, World, name};
use axum::http::StatusCode;
use serde_json::{Value, json};
use std::sync::Arc;
use tidegate::account::identity::Identity;
use tidegate::account::{AccountEvent, Proof};

const PAGE: &str = "/account/sign-in";

impl World {
    async fn beside(provider: &Provider, more: &str) -> World {
        let oidc = provider.configured(more);
        World::with(|engine| engine.oidc = Some(oidc)).await
    }

    /// A browser is sent to the provider: where, and what it keeps.
    async fn send_away(&self) -> (String, String) {
        let sent = self.ask("GET", "/sign-in/oidc", "", "").await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
        (sent.header("location").to_owned(), sent.cookie())
    }

    /// Signs in at the provider as `subject`, all in order.
    async fn sign_in_there(&self, provider: &Provider, subject: &str) -> Answer {
        let (address, cookie) = self.send_away().await;
        self.ask("GET", &provider.sign_in(self, &address, subject), &cookie, "").await
    }

    /// Whoever has the session `own` goes to bind an identity: where, and what their browser keeps.
    async fn go_and_bind(&self, own: &str, form: &str) -> (String, String) {
        let page = self.ask("POST", "/account/identity/bind", own, form).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        let (_, link) = page.body.split_once("class=\"action\" href=\"").expect("a link");
        let address = link.split('"').next().expect("an address").replace("&amp;", "&");
        (address, format!("{own}; {}", page.cookie()))
    }

    async fn bind(&self, provider: &Provider, own: &str, form: &str, subject: &str) -> Answer {
        let (address, cookies) = self.go_and_bind(own, form).await;
        self.ask("GET", &provider.sign_in(self, &address, subject), &cookies, "").await
    }

    async fn bind_for(&self, who: &str, subject: &str) {
        let engine = &self.web.engine;
        let identity = engine.oidc.as_ref().expect("a provider").identity(subject);
        engine.bind_identity(&name(who), &identity).await.expect("bound");
    }

    async fn signed_in_by(&self, who: &str) -> Option<Proof> {
        let events = self.web.engine.account_events(&name(who), 1).await.expect("events");
        match events.first() {
            Some((_, AccountEvent::SignedIn { by, .. })) => Some(*by),
            Some(_) | None => None,
        }
    }
}

#[tokio::test]
async fn whoever_bound_an_identity_signs_in_with_it() {
    let provider = Provider::start().await;
    let world = World::beside(&provider, "").await;
    assert!(world.ask("GET", "/sign-in", "", "").await.body.contains("Sign in at <bdi>Example ID</bdi>"));
    let refused = world.sign_in_there(&provider, "4711").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(refused.header("set-cookie"), "");

    let own = world.sign_in("ian").await;
    let bound = world.bind(&provider, &own, "", "4711").await;
    assert_eq!((bound.status, bound.header("location")), (StatusCode::SEE_OTHER, PAGE));
    assert!(world.ask("GET", PAGE, &own, "").await.body.contains("<bdi>4711</bdi>"));
    let signed_in = world.sign_in_there(&provider, "4711").await;
    assert_eq!(signed_in.header("location"), "/desk");
    let desk = world.ask("GET", "/desk", &signed_in.cookie(), "").await;
    assert!(desk.body.contains("<li class=\"who\">ian</li>"), "{}", desk.body);
    assert_eq!(world.signed_in_by("ian").await, Some(Proof::Identity));

    // Whoever is somebody else there, and whoever was removed here, are nobody alike.
    assert_eq!(world.sign_in_there(&provider, "4712").await, refused);
    world.bind_for("olga", "4713").await;
    let mut people = world.web.engine.people().await.expect("people");
    people.0.retain(|person| person.name != name("olga"));
    world.web.engine.set_people(&people).await.expect("stored");
    assert_eq!(world.sign_in_there(&provider, "4713").await, refused);
    // An address is nobody's name.
    assert_eq!(world.sign_in_there(&provider, "ian@xen.example").await, refused);

    let unbound = world.ask("POST", "/account/identity/unbind", &own, "").await;
    assert_eq!(unbound.header("location"), PAGE);
    assert_eq!(world.sign_in_there(&provider, "4711").await, refused);
}

/// Each of these tokens lacks one thing, and lets nobody in; the page does not say which.
#[tokio::test]
async fn a_token_that_is_not_in_order_lets_nobody_in() {
    let provider = Provider::start().await;
    let world = World::beside(&provider, "").await;
    world.bind_for("ian", "4711").await;
    let refused = world.sign_in_there(&provider, "4712").await;
    let now = world.web.engine.clock.now().micros() / 1_000_000;
    let with = |field: &'static str, value: Value| (field, value, Signature::Good);
    for (field, value, signature) in [
        with("nonce", json!("another")),
        with("nonce", Value::Null),
        with("aud", json!("another")),
        with("aud", json!(["tidegate", "another"])),
        with("iss", json!("https://login.example.org")),
        with("exp", json!(now)),
        with("exp", json!(now - 1)),
        with("sub", json!("")),
        with("sub", Value::Null),
        with("sub", json!("4711".repeat(100))),
        with("sub", json!(4711)),
        ("acr", json!("1"), Signature::OfAnother),
        ("acr", json!("1"), Signature::Hmac),
        ("acr", json!("1"), Signature::None),
    ] {
        let (address, cookie) = world.send_away().await;
        let mut claims = provider.claims(&world, &address, "4711");
        claims[field] = value;
        let back = provider.sign(&address, &claims, signature);
        let answer = world.ask("GET", &back, &cookie, "").await;
        if answer.status == StatusCode::BAD_GATEWAY {
            // A token that is none is the provider's fault, and said so; nobody is let in either.
            assert!(claims["sub"].is_null() || claims["sub"].is_number(), "{claims}");
            assert_eq!(answer.header("set-cookie"), "");
            continue;
        }
        assert_eq!(answer, refused, "{claims} {signature:?}");
    }
    // All in order, to the last second.
    let (address, cookie) = world.send_away().await;
    let mut claims = provider.claims(&world, &address, "4711");
    claims["exp"] = json!(now + 1);
    let back = provider.sign(&address, &claims, Signature::Good);
    assert_eq!(world.ask("GET", &back, &cookie, "").await.header("location"), "/desk");
}

#[tokio::test]
async fn what_a_browser_comes_back_with_is_good_once_and_in_that_browser() {
    let provider = Provider::start().await;
    let world = World::beside(&provider, "").await;
    world.bind_for("ian", "4711").await;
    let refused = world.sign_in_there(&provider, "4712").await;

    let (address, cookie) = world.send_away().await;
    let back = provider.sign_in(&world, &address, "4711");
    assert_eq!(world.ask("GET", &back, "", "").await, refused, "another browser");
    let (_, others) = world.send_away().await;
    assert_eq!(world.ask("GET", &back, &others, "").await, refused, "a browser that went there too");
    let in_order = world.ask("GET", &back, &cookie, "").await;
    assert_eq!(in_order.header("location"), "/desk");
    assert_eq!(world.ask("GET", &back, &cookie, "").await, refused, "twice");

    // A code that was redeemed, with a state that is fresh.
    let (address, cookie) = world.send_away().await;
    let replayed = format!("/sign-in/oidc/callback?code=code-1&state={}", asked(&address, "state"));
    assert_eq!(world.ask("GET", &replayed, &cookie, "").await, refused);
    for (more, why) in
        [("&iss=https%3A%2F%2Flogin.example.org", "another provider"), ("&state=x", "another state")]
    {
        let (address, cookie) = world.send_away().await;
        let back = provider.sign_in(&world, &address, "4711") + more;
        assert_eq!(world.ask("GET", &back, &cookie, "").await, refused, "{why}");
        let unspoilt = back.strip_suffix(more).expect("added");
        assert_eq!(world.ask("GET", unspoilt, &cookie, "").await, refused, "one look only");
    }
    let (address, cookie) = world.send_away().await;
    let broken_off = format!("/sign-in/oidc/callback?error=access_denied&state={}", asked(&address, "state"));
    assert_eq!(world.ask("GET", &broken_off, &cookie, "").await, refused);
    assert_eq!(world.ask("GET", "/sign-in/oidc/callback", "away=nonsense", "").await, refused);
    let (address, cookie) = world.send_away().await;
    let back = provider.sign_in(&world, &address, "4711");
    world.pass(10 * 60);
    assert_eq!(world.ask("GET", &back, &cookie, "").await, refused, "ten minutes later");
}

/// No address that somebody adds is gone to.
#[tokio::test]
async fn nobody_is_led_elsewhere() {
    let provider = Provider::start().await;
    let world = World::beside(&provider, "").await;
    world.bind_for("ian", "4711").await;
    let elsewhere = "next=https%3A%2F%2Fevil.example&redirect_uri=https%3A%2F%2Fevil.example";
    let sent = world.ask("GET", &format!("/sign-in/oidc?{elsewhere}"), "", "").await;
    assert!(!sent.header("location").contains("evil"), "{sent:?}");
    let back = provider.sign_in(&world, sent.header("location"), "4711");
    let signed_in = world.ask("GET", &format!("{back}&{elsewhere}"), &sent.cookie(), "").await;
    assert_eq!(signed_in.header("location"), "/desk");
}

#[tokio::test]
async fn a_provider_that_is_down_is_said_to_be_and_nothing_else() {
    let provider = Provider::start().await;
    let world = World::beside(&provider, "").await;
    world.bind_for("ian", "4711").await;
    let (address, cookie) = world.send_away().await;
    let back = provider.sign_in(&world, &address, "4711");
    provider.stop().await;
    for answer in
        [world.ask("GET", "/sign-in/oidc", "", "").await, world.ask("GET", &back, &cookie, "").await]
    {
        assert_eq!(answer.status, StatusCode::BAD_GATEWAY);
        assert!(answer.body.contains("does not answer") && answer.header("set-cookie").is_empty());
        for secret in [SECRET, "code-0", "127.0.0.1", "refused", "4711", &asked(&address, "state")] {
            assert!(!answer.body.contains(secret), "{secret}: {}", answer.body);
        }
    }
    assert_eq!(
        world.ask("GET", "/sign-in", "", "").await.status,
        StatusCode::OK,
        "the other doors stay open"
    );
}

#[tokio::test]
async fn an_identity_is_bound_by_its_owner_and_to_nobody_else() {
    let provider = Provider::start().await;
    let world = World::beside(&provider, "").await;
    let refused = world.sign_in_there(&provider, "4711").await;
    let own = world.set_password("ian", PASSWORD).await.cookie();
    for form in ["", "password=something+else"] {
        let answer = world.ask("POST", "/account/identity/bind", &own, form).await;
        assert_eq!((answer.status, answer.header("set-cookie")), (StatusCode::UNPROCESSABLE_ENTITY, ""));
        assert!(answer.body.contains("That is not your password"), "{}", answer.body);
    }
    // Somebody else's browser cannot end what Ian began, nor Ian's another session of his.
    let form = format!("password={PASSWORD}");
    for other in [world.sign_in("olga").await, world.sign_in("ian").await, String::new()] {
        let (address, cookies) = world.go_and_bind(&own, &form).await;
        let (_, away) = cookies.split_once("; ").expect("two cookies");
        let back = provider.sign_in(&world, &address, "4711");
        assert_eq!(world.ask("GET", &back, &format!("{other}; {away}"), "").await, refused);
    }
    assert_eq!(world.bind(&provider, &own, &form, "4711").await.header("location"), PAGE);
    let olga = world.sign_in("olga").await;
    assert_eq!(world.bind(&provider, &olga, "", "4711").await, refused, "it is Ian's");
    let fault = {
        let identity = world.web.engine.oidc.as_ref().expect("a provider").identity("4711");
        world.web.engine.bind_identity(&name("olga"), &identity).await.expect_err("it is Ian's").to_string()
    };
    assert!(fault.contains("is bound to ian"), "{fault}");
    assert_eq!(world.sign_in_there(&provider, "4711").await.header("location"), "/desk");
    // With a new password, everything that somebody may have got hold of ends.
    world.set_password("ian", "another+one+of+mine").await;
    assert_eq!(world.sign_in_there(&provider, "4711").await, refused);
}

/// An administrator who unbinds an identity puts out whoever came in by it.
#[tokio::test]
async fn an_identity_that_an_administrator_unbinds_is_out() {
    let provider = Provider::start().await;
    let world = World::beside(&provider, "").await;
    world.bind_for("ian", "4711").await;
    let cookie = world.sign_in_there(&provider, "4711").await.cookie();
    assert_eq!(world.ask("GET", "/desk", &cookie, "").await.status, StatusCode::OK);
    let engine = Arc::clone(&world.web.engine);
    assert!(engine.unbind_identity(&name("ian")).await.expect("unbound"));
    assert_eq!(world.ask("GET", "/desk", &cookie, "").await.header("location"), "/sign-in");
    assert!(!engine.unbind_identity(&name("ian")).await.expect("looked at"));
    let too_long = Identity { issuer: "https://login.example.org".to_owned(), subject: "x".repeat(256) };
    assert!(engine.bind_identity(&name("ian"), &too_long).await.is_err());
}

#[tokio::test]
async fn a_second_factor_of_ours_is_asked_for_where_the_provider_shows_none() {
    let provider = Provider::start().await;
    let world =
        World::beside(&provider, "second_factor_acr = ['urn:two']\nsecond_factor_amr = ['mfa']").await;
    let own = world.set_password("ian", PASSWORD).await.cookie();
    let app = world.set_up_app(&own).await;
    world.bind_for("ian", "4711").await;
    world.pass(60);
    let asked_for = world.sign_in_there(&provider, "4711").await;
    assert_eq!(asked_for.header("location"), "/sign-in/code");
    let cookie = asked_for.cookie();
    assert_eq!(
        world.ask("GET", "/desk", &cookie.replace("away", "session"), "").await.header("location"),
        "/sign-in"
    );
    assert!(world.ask("GET", "/sign-in/code", &cookie, "").await.body.contains("Code of your"));
    let wrong = world.ask("POST", "/sign-in/code", &cookie, "code=000000").await;
    assert_eq!(wrong.status, StatusCode::FORBIDDEN);
    let code = format!("code={}", world.code(&app.totp));
    let in_order = world.ask("POST", "/sign-in/code", &cookie, &code).await;
    assert_eq!(in_order.header("location"), "/desk");
    assert_eq!(world.signed_in_by("ian").await, Some(Proof::IdentityAndCode));
    let again = world.ask("POST", "/sign-in/code", &cookie, &code).await;
    assert!(again.status == StatusCode::FORBIDDEN && again.body.contains("lets nobody in"), "used up");

    for (field, value) in [("acr", json!("urn:two")), ("amr", json!(["pwd", "mfa"]))] {
        let (address, cookie) = world.send_away().await;
        assert_eq!(asked(&address, "acr_values"), "urn:two");
        let mut claims = provider.claims(&world, &address, "4711");
        claims[field] = value;
        let back = provider.sign(&address, &claims, Signature::Good);
        assert_eq!(world.ask("GET", &back, &cookie, "").await.header("location"), "/desk", "{field}");
        assert_eq!(world.signed_in_by("ian").await, Some(Proof::IdentityWithSecondFactor));
    }
    // Codes run out for whoever guesses them.
    let cookie = world.sign_in_there(&provider, "4711").await.cookie();
    for _ in 0..5 {
        assert_eq!(world.ask("POST", "/sign-in/code", &cookie, "code=000000").await, wrong);
    }
    world.pass(60);
    let code = format!("code={}", world.code(&app.totp));
    assert_eq!(world.ask("POST", "/sign-in/code", &cookie, &code).await, wrong);
}

#[tokio::test]
async fn a_role_that_demands_a_second_factor_takes_the_providers_where_that_counts() {
    let provider = Provider::start().await;
    let oidc = provider.configured("second_factor_amr = ['mfa']");
    let world = World::with(|engine| {
        engine.oidc = Some(oidc);
        engine.second_factor_roles = vec![name("team")];
    })
    .await;
    world.bind_for("ian", "4711").await;
    for (amr, expected) in [(json!(["pwd"]), "/account/second-factor"), (json!(["mfa"]), "")] {
        let (address, cookie) = world.send_away().await;
        let mut claims = provider.claims(&world, &address, "4711");
        claims["amr"] = amr;
        let back = provider.sign(&address, &claims, Signature::Good);
        let session = world.ask("GET", &back, &cookie, "").await.cookie();
        assert_eq!(world.ask("GET", "/desk", &session, "").await.header("location"), expected);
    }
}

/// Where the provider's second factor counts, whoever has the password alone, or reads the mail, makes none of their own.
#[tokio::test]
async fn nobody_gets_around_the_providers_second_factor_by_the_password() {
    let provider = Provider::start().await;
    let oidc = provider.configured("second_factor_amr = ['mfa']");
    let world = World::with(|engine| {
        engine.oidc = Some(oidc);
        engine.second_factor_roles = vec![name("team")];
    })
    .await;
    world.set_password("ian", PASSWORD).await;
    world.bind_for("ian", "4711").await;
    for by_mail in [false, true] {
        let stolen = if by_mail {
            world.set_password("ian", "another+one+of+mine").await.cookie()
        } else {
            world.try_password("ian", PASSWORD).await.cookie()
        };
        assert_eq!(world.ask("GET", "/desk", &stolen, "").await.header("location"), "/account/second-factor");
        world.ask("POST", "/account/second-factor/begin", &stolen, "").await;
        let page = world.ask("GET", "/account/second-factor", &stolen, "").await;
        assert!(!page.body.contains("class=\"qr\""), "{}", page.body);
    }
    let (address, cookie) = world.send_away().await;
    let mut claims = provider.claims(&world, &address, "4711");
    claims["amr"] = json!(["mfa"]);
    let back = provider.sign(&address, &claims, Signature::Good);
    let own = world.ask("GET", &back, &cookie, "").await.cookie();
    assert_eq!(world.ask("GET", "/desk", &own, "").await.status, StatusCode::OK, "still bound");
    world.set_up_app(&own).await;
}
