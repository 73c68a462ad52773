//! ALL-01 through the API: whoever may not know of a case cannot tell a world with it from one without.

use crate::world::World;
use tidegate::engine::api_tokens::Scope;
use tidegate::web::{self, For};
use tidegate_domain::policy::vocabulary::Verb;

/// Paths that are no route, and are answered all the same.
const ELSEWHERE: [&str; 4] =
    ["/api/", "/api/v1/nothing", "/api/v1/cases/nonsense", "/api/v1/cases/7k3m-9xq4-b2wd/log"];
const BODIES: [&str; 3] = ["", "{}", r#"{"nonsense":1}"#];

/// Every route of the API with its parameters filled in, every verb of the language included.
fn paths(case: &str) -> Vec<(&'static str, String)> {
    let mut paths: Vec<(&str, String)> = ELSEWHERE.map(|path| ("GET", path.to_owned())).to_vec();
    for route in web::routes().table().iter().filter(|route| route.path.starts_with("/api/")) {
        let path = route.path.replace("{case}", case).replace("{project}", "xen");
        let path = path.replace("{sha256}", &"0".repeat(64)).replace("{id}", &"0".repeat(16));
        if path.contains("{act}") {
            let acts = Verb::ALL.iter().map(|verb| verb.name()).chain(["coordinated", "No%20step"]);
            paths.extend(acts.map(|act| (route.method, path.replace("{act}", act))));
        } else {
            assert!(!path.contains('{'), "say what to fill in for {path}");
            paths.push((route.method, path));
        }
    }
    paths
}

#[tokio::test]
async fn no_program_sees_from_outside_whether_there_is_a_case() {
    let (with, without) = (World::new().await, World::new().await);
    let keys = (with.report("Another+hole").await, without.report("Another+hole").await);
    let theirs = with.cases().await[0];
    // Before the secret: what is random is the same in both as long as as much was drawn.
    let scopes = [Scope::Read, Scope::Act];
    let olgas = (with.token("olga", &scopes).await, without.token("olga", &scopes).await);
    with.report("A+hole+in+grants").await;
    let case = with.cases().await.into_iter().find(|case| *case != theirs).expect("the embargoed case");
    for (method, path) in paths(&case.to_string()) {
        for (one, other) in [("", ""), (&olgas.0, &olgas.1), (&keys.0, &keys.1)] {
            for body in BODIES {
                let seen = with.ask(method, &path, one, body).await;
                let unseen = without.ask(method, &path, other, body).await;
                assert_eq!(seen, unseen, "{method} {path} {body}");
                if !seen.status.is_success() {
                    assert_eq!(seen.header("content-type"), "application/problem+json", "{path}");
                }
            }
        }
    }
    // What is handed out later is the same too, whatever was asked above.
    assert_eq!(
        with.web.engine.store.next_number("xen").await.expect("a number"),
        without.web.engine.store.next_number("xen").await.expect("a number")
    );
}

/// Who is let in where: each route of the API for each kind of caller. Reviewed as a golden file.
#[tokio::test]
async fn the_api_opens_for_whom_it_should() {
    let world = World::new().await;
    let key = world.report("A+hole").await;
    let case = world.cases().await[0];
    let olga = world.token("olga", &[Scope::Read, Scope::Act]).await;
    let reads = world.token("ian", &[Scope::Read]).await;
    let acts = world.token("ian", &[Scope::Act]).await;
    let mut table = String::from("route | nothing | a mailbox's key | outsider | team, read | team, act\n");
    for route in web::routes().table().iter().filter(|route| route.path.starts_with("/api/")) {
        assert!(matches!(route.door, For::Anyone | For::Token), "{}", route.path);
        let path = route.path.replace("{case}", &case.to_string()).replace("{project}", "xen");
        let path = path.replace("{sha256}", &"0".repeat(64)).replace("{act}", "acknowledge");
        let path = path.replace("{id}", &"0".repeat(16));
        let mut line = format!("{} {}", route.method, route.path);
        for bearer in ["", &key, &olga, &reads, &acts] {
            let answer = world.ask(route.method, &path, bearer, "").await;
            line.push_str(&format!(" | {}", answer.status.as_u16()));
        }
        table.push_str(&line);
        table.push('\n');
    }
    insta::assert_snapshot!(table);
}
