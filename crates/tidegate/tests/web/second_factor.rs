//! The second factor, as its owner sets it up and as somebody meets it who has the password alone.

use super::accounts::PASSWORD;
use super::{Answer, World, name};
use axum::http::StatusCode;
use tidegate::account::{AccountEvent, Proof};
use tidegate::engine::Checked;
use tidegate::engine::api_tokens::{Scope, Wanted};
use tidegate::engine::clock::Clock;
use tidegate::web::{self, For};
use totp_rs::{Builder, Secret, Totp};
use zeroize::Zeroizing;

const PAGE: &str = "/account/second-factor";

/// An authenticator app, and what was written down beside it.
pub(super) struct App {
    pub(super) totp: Totp,
    recovery: Vec<String>,
}

impl World {
    pub(super) fn code(&self, app: &Totp) -> String {
        let now = u64::try_from(self.clock.now().micros() / 1_000_000).expect("after 1970");
        app.generate(now).to_string()
    }

    /// Moves on by so many seconds.
    pub(super) fn pass(&self, seconds: i64) {
        let now = self.clock.now().micros() + seconds * 1_000_000;
        self.clock.set(tidegate_domain::time::Instant::from_micros(now));
    }

    /// Sets an app up from what the page shows to be typed.
    pub(super) async fn set_up_app(&self, cookie: &str) -> App {
        assert_eq!(self.ask("POST", &format!("{PAGE}/begin"), cookie, "").await.header("location"), PAGE);
        let page = self.ask("GET", PAGE, cookie, "").await.body;
        let shown = between(&page, "<p class=\"key\"><code>", "</code>").replace(' ', "");
        let secret = Secret::try_from_base32(&shown).expect("base 32");
        let totp = Builder::new().with_secret(secret).build().expect("an app");
        let wrong = self.ask("POST", &format!("{PAGE}/confirm"), cookie, "code=000000").await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.body.contains("not the code") && wrong.body.contains("<svg class=\"qr\""));
        let form = format!("code={}", self.code(&totp));
        let done = self.ask("POST", &format!("{PAGE}/confirm"), cookie, &form).await;
        App { totp, recovery: recovery_codes(&done) }
    }

    async fn try_code(&self, who: &str, password: &str, code: &str) -> Answer {
        self.ask("POST", "/sign-in", "", &format!("name={who}&password={password}&code={code}")).await
    }

    /// Ian with a password and an app, in a world where a minute has passed since.
    async fn with_app() -> (World, App) {
        let world = World::new().await;
        let cookie = world.set_password("ian", PASSWORD).await.cookie();
        let app = world.set_up_app(&cookie).await;
        world.pass(60);
        (world, app)
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    text.split_once(before).and_then(|(_, rest)| rest.split_once(after)).map_or("", |(found, _)| found)
}

fn recovery_codes(answer: &Answer) -> Vec<String> {
    let list = between(&answer.body, "<ul class=\"codes\">", "</ul>");
    let codes: Vec<String> =
        list.split("<code>").skip(1).filter_map(|rest| rest.split('<').next()).map(str::to_owned).collect();
    assert_eq!(codes.len(), 10, "{}", answer.body);
    codes
}

#[tokio::test]
async fn whoever_set_up_an_app_signs_in_with_its_codes_and_with_each_once() {
    let (world, app) = World::with_app().await;
    let wrong = world.try_code("nobody", PASSWORD, "123456").await;
    assert_eq!(wrong.status, StatusCode::FORBIDDEN);
    let code = world.code(&app.totp);
    for (who, password, code) in [
        ("ian", PASSWORD, ""),
        ("ian", PASSWORD, "000000"),
        ("ian", "something+else+again", code.as_str()),
        ("ian", "something+else+again", app.recovery[0].as_str()),
        ("nobody", PASSWORD, ""),
        ("olga", PASSWORD, ""),
        ("ian", PASSWORD, &"0".repeat(100_000)),
    ] {
        assert_eq!(world.try_code(who, password, code).await, wrong, "{who} {code}");
    }
    let signed_in = world.try_code("ian", PASSWORD, &code).await;
    assert_eq!(signed_in.header("location"), "/desk");
    assert_eq!(world.try_code("ian", PASSWORD, &code).await, wrong, "a code is good once");
    world.pass(3_600);
    for typed in [app.recovery[3].clone(), app.recovery[4].to_uppercase().replace('-', "+")] {
        assert_eq!(world.try_code("ian", PASSWORD, &typed).await.header("location"), "/desk");
        assert_eq!(world.try_code("ian", PASSWORD, &typed).await, wrong, "a recovery code is good once");
    }
    let page = world.ask("GET", PAGE, &signed_in.cookie(), "").await.body;
    assert!(page.contains("your recovery codes, 8 are left"), "{page}");
    let events = world.web.engine.account_events(&name("ian"), 3).await.expect("events");
    let by: Vec<Proof> = events
        .iter()
        .filter_map(|(_, event)| if let AccountEvent::SignedIn { by, .. } = event { Some(*by) } else { None })
        .collect();
    assert_eq!(by, [Proof::PasswordAndRecoveryCode, Proof::PasswordAndRecoveryCode, Proof::PasswordAndCode]);
}

/// Two that come with the same code at the same moment: both were right when the password was looked at.
#[tokio::test]
async fn of_two_with_one_code_one_is_let_in() {
    let (world, app) = World::with_app().await;
    let engine = &world.web.engine;
    let password = Zeroizing::new(PASSWORD.replace('+', " "));
    let Checked::Is(shown) = engine.check_password("ian", password).await.expect("checked") else {
        panic!("the password is right")
    };
    for code in [world.code(&app.totp), app.recovery[0].clone()] {
        let (one, other) =
            tokio::join!(engine.begin_session(&shown, &code, ""), engine.begin_session(&shown, &code, ""));
        let begun = [one.expect("decided"), other.expect("decided")];
        assert_eq!(begun.iter().flatten().count(), 1);
    }
}

/// Whoever has the password cannot guess the code, and does not learn from being kept out that it is the password.
#[tokio::test]
async fn codes_are_not_guessed() {
    let (world, app) = World::with_app().await;
    let wrong = world.try_code("nobody", PASSWORD, "000000").await;
    for _ in 0..5 {
        assert_eq!(world.try_code("ian", PASSWORD, "000000").await, wrong);
    }
    let right = world.code(&app.totp);
    assert_eq!(world.try_code("ian", PASSWORD, &right).await, wrong, "too many were tried");
    assert_eq!(world.try_code("ian", PASSWORD, &app.recovery[0]).await, wrong);
    // Whoever has no app is not concerned, and a code that was not looked at is not used up.
    world.pass(900);
    let later = world.try_code("ian", PASSWORD, &world.code(&app.totp)).await;
    assert_eq!(later.header("location"), "/desk");
    assert_eq!(world.try_code("ian", PASSWORD, &app.recovery[0]).await.header("location"), "/desk");
}

#[tokio::test]
async fn a_mailed_link_needs_the_code_too() {
    let (world, app) = World::with_app().await;
    world.ask("POST", "/recover", "", "address=ian@xen.example").await;
    let path = world.mailed_path().await.expect("a link");
    let form = "password=another+one+of+mine&again=another+one+of+mine";
    let refused = world.ask("POST", &path, "", form).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(refused.body.contains("Nothing was changed"), "{}", refused.body);
    assert_eq!(world.ask("POST", &path, "", &format!("{form}&code=000000")).await, refused);
    // A password that is refused is no try at a code.
    for _ in 0..6 {
        let faulty = world.ask("POST", &path, "", "password=short&again=short").await;
        assert_eq!(faulty.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let done = world.ask("POST", &path, "", &format!("{form}&code={}", world.code(&app.totp))).await;
    assert_eq!(done.header("location"), "/desk");
    assert_eq!(world.ask("GET", "/desk", &done.cookie(), "").await.status, StatusCode::OK);
    assert_eq!(world.try_code("ian", PASSWORD, "").await.status, StatusCode::FORBIDDEN);
    world.pass(30);
    let new = world.try_code("ian", "another+one+of+mine", &world.code(&app.totp)).await;
    assert_eq!(new.header("location"), "/desk", "the app stays");
}

#[tokio::test]
async fn the_second_factor_is_turned_off_with_the_password() {
    let (world, app) = World::with_app().await;
    let cookie = world.try_code("ian", PASSWORD, &world.code(&app.totp)).await.cookie();
    for (act, password) in [("turn-off", ""), ("turn-off", "wrong"), ("recovery-codes", "wrong")] {
        let refused =
            world.ask("POST", &format!("{PAGE}/{act}"), &cookie, &format!("password={password}")).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{act}");
        assert!(refused.body.contains("not your password"), "{}", refused.body);
    }
    let form = format!("password={PASSWORD}");
    let made = recovery_codes(&world.ask("POST", &format!("{PAGE}/recovery-codes"), &cookie, &form).await);
    assert_eq!(world.try_code("ian", PASSWORD, &app.recovery[0]).await.status, StatusCode::FORBIDDEN);
    assert_eq!(world.try_code("ian", PASSWORD, &made[0]).await.header("location"), "/desk");
    let off = world.ask("POST", &format!("{PAGE}/turn-off"), &cookie, &form).await;
    assert_eq!(off.header("location"), PAGE);
    assert_eq!(world.try_code("ian", PASSWORD, "").await.header("location"), "/desk");
    assert_eq!(world.ask("POST", &format!("{PAGE}/turn-off"), &cookie, &form).await.status.as_u16(), 422);
    world.pass(3_600);
    // Whoever lost app and codes is helped where the server runs.
    world.set_up_app(&cookie).await;
    assert_eq!(world.try_code("ian", PASSWORD, "").await.status, StatusCode::FORBIDDEN);
    assert!(world.web.engine.reset_second_factor(&name("ian")).await.expect("reset"));
    assert!(!world.web.engine.reset_second_factor(&name("ian")).await.expect("none"));
    assert_eq!(world.try_code("ian", PASSWORD, "").await.header("location"), "/desk");
}

/// Somebody who has the password alone and was there first is neither shown what the app is made from nor let in by it.
#[tokio::test]
async fn an_app_is_set_up_in_one_session_and_ends_the_others() {
    let world = World::new().await;
    let own = world.set_password("ian", PASSWORD).await.cookie();
    let stolen = world.try_code("ian", PASSWORD, "").await.cookie();
    let shows = async |cookie: &str| {
        let page = world.ask("GET", PAGE, cookie, "").await;
        (page.status == StatusCode::OK).then(|| page.body.contains("<svg class=\"qr\""))
    };
    // Planted: the owner is not shown what somebody else began.
    world.ask("POST", &format!("{PAGE}/begin"), &stolen, "").await;
    assert_eq!((shows(&stolen).await, shows(&own).await), (Some(true), Some(false)));
    // Read: nor is somebody else shown what the owner begins.
    world.ask("POST", &format!("{PAGE}/begin"), &own, "").await;
    assert_eq!((shows(&stolen).await, shows(&own).await), (Some(false), Some(true)));
    world.set_up_app(&own).await;
    assert_eq!(world.ask("GET", "/desk", &stolen, "").await.header("location"), "/sign-in");
    assert_eq!(world.ask("GET", "/desk", &own, "").await.status, StatusCode::OK);
    // What is taken away leaves nothing open that it had opened.
    assert!(world.web.engine.reset_second_factor(&name("ian")).await.expect("reset"));
    assert_eq!(world.ask("GET", "/desk", &own, "").await.header("location"), "/sign-in");
}

/// Where a passkey is added, which is a second factor too.
const PASSKEY: [&str; 3] = ["/account/sign-in", "/account/passkeys/new", "/account/passkeys/answer"];

/// A role demands a second factor: whoever lacks it gets no further than where it is set up, on every route.
#[tokio::test]
async fn a_role_that_demands_a_second_factor_opens_nothing_without() {
    let world = World::demanding().await;
    world.report("A+hole").await;
    let case = world.only_case().await;
    let ian = world.sign_in("ian").await;
    let wanted = Wanted { note: String::new(), scopes: [Scope::Read].into(), days: 1 };
    let bearer = world.web.engine.make_api_token(&name("ian"), wanted, None).await.expect("a token");
    for route in web::routes().table().iter().filter(|route| route.door == For::Person) {
        let answer = world.ask(route.method, &super::filled(route.path, case), &ian, "text=x").await;
        let is_setup = route.path.starts_with(PAGE) || PASSKEY.contains(&route.path);
        assert!(is_setup || answer.header("location") == PAGE, "{} {}: {answer:?}", route.method, route.path);
    }
    assert_eq!(world.web.engine.api_token(&bearer).await.expect("read"), None);
    let page = world.ask("GET", PAGE, &ian, "").await.body;
    assert!(page.contains("Your role demands") && page.contains("you have none yet"), "{page}");
    let ian = world.set_password("ian", PASSWORD).await.cookie();
    assert_eq!(world.ask("GET", "/desk", &ian, "").await.header("location"), PAGE);
    world.set_up_app(&ian).await;
    assert_eq!(world.ask("GET", "/desk", &ian, "").await.status, StatusCode::OK);
    // Olga's role is called the same, in another project; whoever has no such role is not asked.
    assert!(
        world.ask("GET", PAGE, &world.sign_in("olga").await, "").await.body.contains("Your role demands")
    );
    let leaver = world.sign_in("olga").await;
    assert_eq!(world.ask("POST", "/sign-out", &leaver, "").await.header("location"), "/");
    assert_eq!(
        world.ask("GET", PAGE, &leaver, "").await.header("location"),
        "/sign-in",
        "whoever leaves is out"
    );
}
