//! The web door as its users meet it: a reporter without an account, a person at their desk, a stranger.

#[path = "web/accounts.rs"]
mod accounts;
#[path = "web/desks.rs"]
mod desks;
#[path = "web/device.rs"]
mod device;
#[path = "web/identity.rs"]
mod identity;
#[path = "web/passkeys.rs"]
mod passkeys;
#[path = "web/provider.rs"]
mod provider;
#[path = "web/second_factor.rs"]
mod second_factor;
#[path = "web/sessions.rs"]
mod sessions;
#[path = "web/staging.rs"]
mod staging;

mod git;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use std::sync::Arc;
use tempfile::TempDir;
use tidegate::chance::Chance;
use tidegate::engine::Engine;
use tidegate::engine::clock::SetClock;
use tidegate::security_txt::{SecurityTxt, SecurityTxtConfig};
use tidegate::store::{Location, MasterKey, Store};
use tidegate::web::{self, For, Shared, Web};
use tidegate_domain::id::{CaseId, Slug};
use tidegate_domain::time::Instant;
use tower::ServiceExt;

const POLICY: &str = include_str!("../../../policies/xen.toml");
const CLOUDSTACK: &str = include_str!("../../../policies/cloudstack.toml");

struct World {
    web: Shared,
    clock: Arc<SetClock>,
    _room: TempDir,
}

/// What came back: status, where it leads, the cookie, the body.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    status: StatusCode,
    headers: Vec<(String, String)>,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    fn cookie(&self) -> String {
        self.header("set-cookie").split(';').next().expect("a cookie").to_owned()
    }
}

fn name(text: &str) -> Slug {
    text.parse().expect("a name")
}

fn security_txt() -> SecurityTxt {
    let config = SecurityTxtConfig {
        contact: vec!["mailto:security@xen.example".to_owned()],
        expires: "2026-03-20T09:00:00Z".to_owned(),
        policy: Vec::new(),
        preferred_languages: Vec::new(),
        encryption: Vec::new(),
        canonical: Vec::new(),
    };
    config.check(Some("https://security.xen.example")).expect("good")
}

impl World {
    async fn new() -> World {
        World::with(|_| {}).await
    }

    async fn with(configure: impl FnOnce(&mut Engine)) -> World {
        let room = tempfile::tempdir().expect("a folder");
        let start: Instant = "2026-03-02T09:00:00Z".parse().expect("an instant");
        let (clock, chance) = (Arc::new(SetClock::at(start)), Arc::new(Chance::seeded(1)));
        let place = Location::Sqlite(room.path().join("tidegate.db"));
        let key = MasterKey::from_bytes([7; 32]);
        let store = Store::open(&place, &key, Arc::clone(&chance)).await.expect("a store");
        let mut engine =
            Engine::open(store, Arc::<SetClock>::clone(&clock), chance).await.expect("an engine");
        engine.security_txt = Some(security_txt());
        configure(&mut engine);
        engine.put_project(&name("xen"), POLICY).await.expect("a project");
        let mut people = engine.people().await.expect("people");
        people.grant(&name("ian"), Some("ian@xen.example"), &name("xen"), &name("team"));
        people.grant(&name("olga"), Some("olga@elsewhere.example"), &name("other"), &name("team"));
        engine.set_people(&people).await.expect("stored");
        let web = Web::open(Arc::new(engine), "http://127.0.0.1:8008").await.expect("a door");
        World { web, clock, _room: room }
    }

    /// The same, where a role of the team demands a second factor.
    async fn demanding() -> World {
        World::with(|engine| engine.second_factor_roles = vec![name("team")]).await
    }

    async fn ask(&self, method: &str, path: &str, cookie: &str, body: &str) -> Answer {
        self.ask_from("same-origin", method, path, cookie, body).await
    }

    async fn ask_from(&self, site: &str, method: &str, path: &str, cookie: &str, body: &str) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("sec-fetch-site", site)
            .header(header::COOKIE, cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body.to_owned()))
            .expect("a request");
        let answer = web::router(Arc::clone(&self.web)).oneshot(request).await.expect("an answer");
        let status = answer.status();
        let shown = |(name, value): (&header::HeaderName, &header::HeaderValue)| {
            (name.to_string(), value.to_str().expect("text").to_owned())
        };
        let headers = answer.headers().iter().map(shown).collect();
        let body = to_bytes(answer.into_body(), 1 << 22).await.expect("a body");
        Answer { status, headers, body: String::from_utf8(body.to_vec()).expect("text") }
    }

    async fn sign_in(&self, who: &str) -> String {
        let link = self.web.sign_in_link(&name(who)).await.expect("a link");
        let path = link.strip_prefix("http://127.0.0.1:8008").expect("our origin").to_owned();
        let answer = self.ask("POST", &path, "", "").await;
        assert_eq!(answer.header("location"), "/desk");
        // Once, and not again.
        assert_eq!(self.ask("POST", &path, "", "").await.status, StatusCode::FORBIDDEN);
        answer.cookie()
    }

    /// Reports by the form, and answers with the mailbox's cookie.
    async fn report(&self, title: &str) -> String {
        let form = format!("title={title}&text=It+crashes+the+host.");
        let made = self.ask("POST", "/report/xen", "", &form).await;
        let (_, key) = made.body.split_once("name=\"key\" value=\"").expect("a key");
        let key = key.split('"').next().expect("a key");
        let opened = self.ask("POST", "/mailbox", "", &format!("key={key}")).await;
        assert_eq!(opened.header("location"), "/mailbox");
        opened.cookie()
    }

    async fn only_case(&self) -> CaseId {
        self.web.engine.store.cases(None, false).await.expect("cases")[0].case
    }
}

#[tokio::test]
async fn a_report_is_followed_without_an_account_and_worked_at_a_desk() {
    let world = World::new().await;
    let reporter = world.report("A+hole+in+grants").await;
    let mailbox = world.ask("GET", "/mailbox", &reporter, "").await;
    assert!(mailbox.body.contains("It crashes the host."), "{}", mailbox.body);

    let ian = world.sign_in("ian").await;
    let case = world.only_case().await;
    let page = format!("/desk/cases/{case}");
    let shown = world.ask("GET", &page, &ian, "").await;
    assert!(shown.body.contains("A hole in grants") && shown.body.contains("What you can do"));
    assert!(shown.body.contains("Not yet"), "what is refused says why");
    let done = world.ask("POST", &format!("{page}/acknowledge"), &ian, "text=We+read+it.").await;
    assert_eq!((done.status, done.header("location")), (StatusCode::SEE_OTHER, page.as_str()));
    let refused = world.ask("POST", &format!("{page}/announce"), &ian, "").await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.body.contains("XEN-") && refused.body.contains("What is needed"), "{}", refused.body);

    let mailbox = world.ask("GET", "/mailbox", &reporter, "").await;
    assert!(mailbox.body.contains("We read it."), "{}", mailbox.body);
    let sent = world.ask("POST", "/mailbox/message", &reporter, "text=There+is+more.").await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER);
    assert!(world.ask("GET", "/mailbox", &reporter, "").await.body.contains("There is more."));
}

#[tokio::test]
async fn a_session_ends_when_it_is_left_and_by_itself() {
    let world = World::new().await;
    let (one, other) = (world.sign_in("ian").await, world.sign_in("ian").await);
    assert_eq!(world.ask("GET", "/desk", &one, "").await.status, StatusCode::OK);
    assert_eq!(world.ask("POST", "/sign-out", &one, "").await.header("location"), "/");
    assert_eq!(world.ask("GET", "/desk", &one, "").await.header("location"), "/sign-in");
    assert_eq!(world.ask("GET", "/desk", &other, "").await.status, StatusCode::OK);
    world.clock.set("2026-03-03T09:00:01Z".parse().expect("an instant"));
    assert_eq!(world.ask("GET", "/desk", &other, "").await.header("location"), "/sign-in");
}

#[tokio::test]
async fn a_form_of_another_site_changes_nothing() {
    let world = World::new().await;
    world.report("A+hole").await;
    let ian = world.sign_in("ian").await;
    let path = format!("/desk/cases/{}/acknowledge", world.only_case().await);
    let foreign = world.ask_from("cross-site", "POST", &path, &ian, "text=x").await;
    assert_eq!(foreign.status, StatusCode::FORBIDDEN);
    let case = world.only_case().await;
    let row = world.web.engine.store.case_row(case).await.expect("the case");
    assert_eq!(row.n, 1, "the report alone");
}

/// A route of the table with its parameters filled in.
fn filled(path: &str, case: CaseId) -> String {
    path.replace("{project}", "xen")
        .replace("{case}", &case.to_string())
        .replace("{act}", "acknowledge")
        .replace("{month}", "2026-03")
        .replace("{secret}", &"0".repeat(32))
        .replace("{key}", &"0".repeat(32))
}

/// What is no route, but there all the same: the public site, and what is not there.
const PUBLIC: [&str; 7] = [
    "/",
    "/feed.atom",
    "/projects/xen.html",
    "/policy/xen.html",
    "/.well-known/security.txt",
    "/nothing",
    "/desk/cases/nonsense",
];

/// ALL-01: a world with an embargoed case and one without are the same to whoever may not know of it: a
/// stranger, a person of another project, the reporter of another case; on every route of the table.
#[tokio::test]
async fn nobody_sees_from_outside_whether_there_is_a_case() {
    let (with, without) = (World::new().await, World::new().await);
    let reporters = (with.report("Another+hole").await, without.report("Another+hole").await);
    let theirs = with.only_case().await;
    with.report("A+hole+in+grants").await;
    let cases = with.web.engine.store.cases(None, false).await.expect("cases");
    let case = cases.iter().find(|row| row.case != theirs).expect("the embargoed case").case;
    let olgas = (with.sign_in("olga").await, without.sign_in("olga").await);
    assert!(!web::routes().table().is_empty());
    let routes: Vec<(&str, String, For)> = web::routes()
        .table()
        .iter()
        // What makes a new key or leaves a session answers with something new each time, by its nature.
        .filter(|route| {
            (route.method, route.path) != ("POST", "/report/{project}") && route.path != "/sign-out"
        })
        .map(|route| (route.method, filled(route.path, case), route.door))
        .chain(PUBLIC.map(|path| ("GET", path.to_owned(), For::Anyone)))
        .collect();
    for (method, path, door) in &routes {
        for (one, other) in [("", ""), (&olgas.0, &olgas.1), (&reporters.0, &reporters.1)] {
            let seen = with.ask(method, path, one, "text=x").await;
            let unseen = without.ask(method, path, other, "text=x").await;
            assert_eq!(seen, unseen, "{method} {path}");
            if *door == For::Person && one.is_empty() {
                assert_eq!(seen.header("location"), "/sign-in", "{path}");
            }
            assert_eq!(seen.header("x-content-type-options"), "nosniff", "{path}");
            assert!(seen.header("content-security-policy").contains("frame-ancestors 'none'"), "{path}");
        }
    }
}

/// What one may not see and what is not there are the same answer, byte for byte, in one world too.
#[tokio::test]
async fn a_hidden_case_and_none_are_the_same_page() {
    let world = World::new().await;
    world.report("A+hole").await;
    let olga = world.sign_in("olga").await;
    let hidden = world.ask("GET", &format!("/desk/cases/{}", world.only_case().await), &olga, "").await;
    assert_eq!(hidden.status, StatusCode::NOT_FOUND);
    for path in ["/desk/cases/7k3m-9xq4-b2wd", "/desk/cases/nonsense", "/report/no-such", "/report/NO!"] {
        assert_eq!(world.ask("GET", path, &olga, "").await, hidden, "{path}");
    }
}

/// Roles are words of one policy: a person of two projects merges no case of one into a case of the other.
#[tokio::test]
async fn cases_of_two_projects_stay_two() {
    let world = World::new().await;
    let engine = &world.web.engine;
    engine.put_project(&name("cloudstack"), CLOUDSTACK).await.expect("a project");
    let mut people = engine.people().await.expect("people");
    people.grant(&name("ian"), None, &name("cloudstack"), &name("team"));
    engine.set_people(&people).await.expect("stored");
    world.report("A+hole").await;
    let source = world.only_case().await;
    world.ask("POST", "/report/cloudstack", "", "title=Another&text=It+leaks.").await;
    engine.work().await.expect("worked");
    let rows = engine.store.cases(Some(&name("cloudstack")), true).await.expect("cases");
    let ian = world.sign_in("ian").await;
    let into = format!("into={}", rows[0].case);
    let answer = world.ask("POST", &format!("/desk/cases/{source}/merge"), &ian, &into).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(answer.body.contains("different projects"), "{}", answer.body);
    assert_eq!(engine.store.case_row(source).await.expect("the case").n, 1);
}

/// Who is let in where: each route of the table for each kind of visitor. Reviewed as a golden file.
#[tokio::test]
async fn the_doors_open_for_whom_they_should() {
    let world = World::new().await;
    world.report("A+hole").await;
    let case = world.only_case().await;
    let mut table = String::from("route | anyone | reporter | outsider | team\n");
    for route in web::routes().table() {
        let path = filled(route.path, case);
        let reporter = world.report("Another").await;
        let visitors = [String::new(), reporter, world.sign_in("olga").await, world.sign_in("ian").await];
        let mut line = format!("{} {}", route.method, route.path);
        for cookie in &visitors {
            let answer = world.ask(route.method, &path, cookie, "text=x&answer=accept").await;
            let to = answer.header("location").replace(&case.to_string(), "{case}");
            line.push_str(&format!(
                " | {}{}",
                answer.status.as_u16(),
                if to.is_empty() { to } else { format!(" {to}") }
            ));
        }
        table.push_str(&line);
        table.push('\n');
    }
    insta::assert_snapshot!(table);
}

/// Who is signed in stays so on pages that refuse: the header leads back to their desk.
#[tokio::test]
async fn a_refusal_keeps_its_readers_header() {
    let world = World::new().await;
    let reporter = world.report("A+hole").await;
    let ian = world.sign_in("ian").await;
    let page = format!("/desk/cases/{}", world.only_case().await);
    let refused = world.ask("POST", &format!("{page}/announce"), &ian, "").await;
    assert!(refused.body.contains("<li class=\"who\">ian</li>"), "{}", refused.body);
    assert!(world.ask("GET", "/nothing", &ian, "").await.body.contains("<li class=\"who\">ian</li>"));
    let theirs = world.ask("GET", "/nothing", &reporter, "").await;
    assert!(theirs.body.contains("href=\"/mailbox\">Your report"), "{}", theirs.body);
    assert!(!world.ask("GET", "/nothing", "", "").await.body.contains("Sign out"));
}

/// The case page says in words what its picture shows: what came true, and who may see it since when.
#[tokio::test]
async fn a_case_shows_its_time_and_its_audience() {
    let world = World::new().await;
    world.report("A+hole").await;
    let ian = world.sign_in("ian").await;
    let page = format!("/desk/cases/{}", world.only_case().await);
    world.clock.set("2026-03-02T11:30:00Z".parse().expect("an instant"));
    world.ask("POST", &format!("{page}/acknowledge"), &ian, "text=We+read+it.").await;
    let shown = world.ask("GET", &page, &ian, "").await.body;
    assert!(shown.contains("<svg class=\"timeline\" role=\"img\""), "{shown}");
    assert!(!shown.contains("style="), "the content security policy admits no inline style");
    let (_, done) = shown.split_once("Done so far").expect("the list of what came true");
    assert!(done.split("</ol>").next().expect("its end").contains("2 March 2026, 11:30 UTC"));
    let (_, audience) = shown.split_once("Who may see this, and since when").expect("the audience");
    assert!(audience.contains("2 March 2026, 09:00 UTC") && audience.contains("<td>nothing</td>"));
    assert!(shown.contains("Must agree") && shown.contains("propose an end"));
}

/// A patch for a release that the case does not have is refused, and its file is not kept.
#[tokio::test]
async fn a_refused_patch_leaves_no_file() {
    let world = World::new().await;
    world.report("A+hole").await;
    let ian = world.sign_in("ian").await;
    let (case, engine) = (world.only_case().await, &world.web.engine);
    let page = format!("/desk/cases/{case}");
    world.ask("POST", &format!("{page}/acknowledge"), &ian, "").await;
    world.ask("POST", &format!("{page}/confirm"), &ian, "releases=4.18").await;
    let attach = |release: &'static str| async move {
        let bytes = format!("diff for {release}");
        engine.keep_patch(case, &name("ian"), name(release), "a.patch", bytes.as_bytes()).await.expect("kept")
    };
    let digest = |text: &str| {
        sha2::Digest::finalize(sha2::Digest::chain_update(<sha2::Sha256 as sha2::Digest>::new(), text)).into()
    };
    let digests: [[u8; 32]; 2] = [digest("diff for 4.18"), digest("diff for 4.17")];
    attach("4.18").await;
    attach("4.17").await;
    assert!(engine.store.blob(case, &digests[0]).await.is_ok());
    assert!(engine.store.blob(case, &digests[1]).await.is_err(), "the case has no work on 4.17");
}

/// The editor loses nothing that was typed, says where it is wrong, and shows every form before anything is kept.
#[tokio::test]
async fn an_advisory_is_looked_at_before_it_is_saved() {
    let world = World::new().await;
    world.report("A+hole").await;
    let ian = world.sign_in("ian").await;
    let page = format!("/desk/cases/{}/advisory", world.only_case().await);
    let template = world.ask("GET", &page, &ian, "").await;
    assert!(template.body.contains("holds TODO") && template.body.contains("CSAF"), "{}", template.body);
    let broken = world.ask("POST", &page, &ian, "do=save&draft=title+%3D+%22A+hole%22%0Awhat+%3D+1").await;
    assert_eq!(broken.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        broken.body.contains("what = 1</textarea>") && broken.body.contains("<mark>2  what = 1"),
        "{}",
        broken.body
    );
    let text = "draft=title+%3D+%22Grants+leak%22%0A%5Bsections%5D%0Adescription+%3D+%22They+leak.%22";
    let looked = world.ask("POST", &page, &ian, &format!("do=look&{text}")).await;
    for form in ["Web page", "CSAF", "OSV", "Grants leak"] {
        assert!(looked.body.contains(form), "{form}: {}", looked.body);
    }
    let kept = world.web.engine.store.case_row(world.only_case().await).await.expect("the case");
    assert_eq!(kept.n, 1, "looking keeps nothing");
    // A rule that refuses to save it says which it is, beside the text.
    let refused = world.ask("POST", &page, &ian, &format!("do=save&{text}")).await;
    assert!(refused.body.contains("Not saved") && refused.body.contains("Grants leak"), "{}", refused.body);
    let olga = world.sign_in("olga").await;
    assert_eq!(world.ask("GET", &page, &olga, "").await.status, StatusCode::NOT_FOUND);
}
