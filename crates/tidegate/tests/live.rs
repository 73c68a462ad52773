//! The demo's live case: nobody sees it from outside, until the instant at which everybody does.

#[path = "store/bed.rs"]
#[expect(dead_code, reason = "the store's own tests use the rest of it")]
mod bed;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use bed::Bed;
use std::sync::Arc;
use tidegate::demo::catcher::Catcher;
use tidegate::demo::play::Player;
use tidegate::demo::story::{instant, name};
use tidegate::demo::{doors, live};
use tidegate::engine::Engine;
use tidegate::engine::clock::SetClock;
use tidegate::web::{self, Shared, Web};
use tidegate_domain::time::Instant;
use tower::ServiceExt;

const NOW: &str = "2026-11-23T15:00:30Z";
const ADVISORY: &str = "/advisories/lantern/lsa-1.html";

struct World {
    web: Shared,
    clock: Arc<SetClock>,
    catcher: Arc<Catcher>,
    until: Instant,
    _bed: Bed,
}

impl World {
    async fn new() -> World {
        let bed = Bed::sqlite();
        let until = live::embargo_end(instant(NOW), 3);
        let story = live::story(until);
        let clock = Arc::new(SetClock::at(story.begins()));
        let opened = Engine::open(bed.open().await, Arc::<SetClock>::clone(&clock), bed.chance()).await;
        let mut player = Player::new(opened.expect("opens"), Arc::clone(&clock), None);
        player.play(&story).await.expect("the story plays");
        let engine = player.end().await.expect("the end");
        clock.set(instant(NOW));
        let web = Web::open(Arc::new(engine), "http://127.0.0.1:8008").await.expect("a door");
        let world = World { web, clock, catcher: Arc::default(), until, _bed: bed };
        world.settle().await;
        world
    }

    async fn settle(&self) {
        self.web.engine.work().await.expect("worked");
        self.web.refresh_site().await.expect("the site");
        self.catcher.round(&self.web.engine).await.expect("caught");
    }

    async fn page(&self, path: &str) -> (StatusCode, String) {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let routes = doors::routes(&self.catcher, self.until);
        let router = web::router_of(routes, Arc::clone(&self.web));
        let answer = router.oneshot(request).await.expect("an answer");
        let status = answer.status();
        let body = to_bytes(answer.into_body(), 1 << 22).await.expect("a body");
        (status, String::from_utf8(body.to_vec()).expect("text"))
    }
}

#[tokio::test]
async fn the_gate_opens_on_every_page_and_in_the_letters_at_the_instant_and_not_before() {
    let world = World::new().await;
    assert_eq!(world.until.to_string(), "2026-11-23T15:04:00Z");
    world.clock.set(Instant::from_micros(world.until.micros() - 1));
    world.settle().await;
    let public = ["/projects/lantern.html", "/projects/lantern.atom", "/feed.atom"];
    assert_eq!(world.page(ADVISORY).await.0, StatusCode::NOT_FOUND);
    for path in public {
        assert!(!world.page(path).await.1.contains("LSA-1"), "{path}");
    }
    assert!(world.page("/").await.1.contains("The embargo ends at <time datetime=\"2026-11-23T15:04:00Z\">"));
    let before = world.page("/demo/mail").await.1;
    assert!(!before.contains("lantern-announce@lists.lantern.example"), "{before}");

    world.clock.set(world.until);
    world.settle().await;
    assert_eq!(world.page(ADVISORY).await.0, StatusCode::OK);
    for path in public {
        assert!(world.page(path).await.1.contains("LSA-1"), "{path}");
    }
    assert!(world.page("/").await.1.contains("The embargo ended at"));
    let after = world.page("/demo/mail").await.1;
    assert!(after.contains("lantern-announce@lists.lantern.example"), "{after}");
}

/// A letter is shown as its bytes, whatever they are, and without a key its content stays where it was.
#[tokio::test]
async fn a_caught_letter_is_shown_as_text_alone() {
    let world = World::new().await;
    let letters = world.catcher.letters();
    let held = letters.iter().find(|letter| letter.to == "mara@lantern.example").expect("a letter to Mara");
    assert!(!held.source.contains("lamp_read"), "{}", held.source);
    let (status, page) = world.page(&format!("/demo/mail/{}", held.seq)).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("its content stayed here") && page.contains("<pre class=\"source\">"), "{page}");
    assert_eq!(world.page("/demo/mail/999999").await.0, StatusCode::NOT_FOUND);
    assert_eq!(world.page("/demo/mail/nonsense").await.0, StatusCode::NOT_FOUND);
}

/// Only the demo has the letters: an instance that is served has no such page.
#[tokio::test]
async fn no_other_server_shows_letters() {
    let table = web::routes();
    assert!(table.table().iter().all(|route| !route.path.starts_with("/demo")));
    assert_eq!(name(live::PROJECT).as_str(), "lantern");
}
