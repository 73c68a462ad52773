//! Several people act in one case at the same moment.

#[path = "store/bed.rs"]
#[expect(dead_code, reason = "the store's own tests use the rest of it")]
mod bed;

use bed::Bed;
use std::sync::Arc;
use tidegate::engine::Engine;
use tidegate::engine::clock::SetClock;
use tidegate_domain::case::{Action, Event};
use tidegate_domain::id::Slug;
use tokio::task::JoinSet;

const PEOPLE: usize = 12;
const ACTIONS_EACH: usize = 5;
const MAIL: &[u8] = b"From: finder@example.org\r\nSubject: A flaw\r\n\r\nIt overflows.\r\n";

fn name(text: &str) -> Slug {
    text.parse().expect("a name")
}

async fn act_together(bed: &Bed) {
    let clock = Arc::new(SetClock::at("2026-01-05T09:00:00Z".parse().expect("an instant")));
    let engine = Engine::open(bed.open().await, clock, bed.chance()).await.expect("opens");
    let policy = include_str!("../../../policies/xen-2014.toml");
    engine.put_project(&name("xen"), policy).await.expect("a project");
    let mut people = engine.people().await.expect("people");
    people.grant(&name("ian"), Some("ian@xen.example"), &name("xen"), &name("team"));
    engine.set_people(&people).await.expect("people");
    let letter = engine.accept_letter(&name("xen"), None, MAIL).await.expect("stored");
    engine.work().await.expect("works");
    let case = engine.store.letter(letter).await.expect("the letter").case.expect("a case");

    let engine = Arc::new(engine);
    let mut acting = JoinSet::new();
    for _ in 0..PEOPLE {
        let engine = Arc::clone(&engine);
        acting.spawn(async move {
            for _ in 0..ACTIONS_EACH {
                let message = Action::MessageReporter { text: "We are looking into it.".to_owned() };
                engine.perform(case, &name("ian"), &message).await.expect("nobody is turned away");
            }
        });
    }
    while let Some(done) = acting.join_next().await {
        done.expect("all of them acted");
    }
    let (file, viewer) = engine.open_case(case, &name("ian")).await.expect("the team's case");
    let view = file.view(&viewer).expect("the team sees it");
    let messages = file.log(&view).filter(|entry| matches!(entry.event, Event::Messaged { .. })).count();
    assert_eq!(messages, PEOPLE * ACTIONS_EACH);
    assert!(engine.store.verify_log(|_, _| {}).await.expect("verifies").is_sound());
    engine.store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_is_turned_away_because_others_act_in_the_same_case() {
    act_together(&Bed::sqlite()).await;
    if let Some(bed) = Bed::postgres("together").await {
        act_together(&bed).await;
        bed.remove().await;
    }
}
