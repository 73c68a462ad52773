//! What `fsck` finds in a database that somebody had their hands in.

#[path = "store/bed.rs"]
#[expect(dead_code, reason = "the store's own tests use the rest of it")]
mod bed;

use bed::Bed;
use std::sync::Arc;
use tidegate::engine::clock::SetClock;
use tidegate::engine::fsck::{FsckReport, Shredded};
use tidegate::engine::{Engine, EngineError};
use tidegate_domain::case::Action;
use tidegate_domain::id::{CaseId, Slug};
use tidegate_domain::time::Instant;

const MAIL: &[u8] = b"From: finder@example.org\r\nSubject: A flaw\r\n\r\nIt overflows.\r\n";

fn name(text: &str) -> Slug {
    text.parse().expect("a name")
}

fn at(text: &str) -> Instant {
    text.parse().expect("an instant")
}

/// An engine with `cases` acknowledged cases of one project.
async fn engine_with(bed: &Bed, cases: usize) -> (Engine, Vec<CaseId>) {
    let clock = Arc::new(SetClock::at(at("2026-01-05T09:00:00Z")));
    let engine = Engine::open(bed.open().await, clock, bed.chance()).await.expect("opens");
    let policy = include_str!("../../../policies/xen-2014.toml");
    engine.put_project(&name("xen"), policy).await.expect("a project");
    let mut people = engine.people().await.expect("people");
    people.grant(&name("ian"), Some("ian@xen.example"), &name("xen"), &name("team"));
    engine.set_people(&people).await.expect("people");
    let mut ids = Vec::new();
    for _ in 0..cases {
        let letter = engine.accept_letter(&name("xen"), None, MAIL).await.expect("stored");
        engine.work().await.expect("works");
        let case = engine.store.letter(letter).await.expect("the letter").case.expect("a case");
        let thanks = Action::Acknowledge { text: "Thank you.".to_owned() };
        engine.perform(case, &name("ian"), &thanks).await.expect("acknowledged");
        engine.work().await.expect("works");
        ids.push(case);
    }
    (engine, ids)
}

async fn fsck(engine: &Engine) -> FsckReport {
    engine.fsck(false, |_| {}).await.expect("fsck runs")
}

#[tokio::test]
async fn a_shredded_case_is_said_by_the_log_alone() {
    let bed = Bed::sqlite();
    let (engine, cases) = engine_with(&bed, 2).await;
    let (gone, other) = (cases[0], cases[1]);
    let refused = engine.shred(gone, &name("stranger")).await;
    assert_eq!(refused, Err(EngineError::NoSuchCase(gone)), "only the team may");
    bed.tamper("CREATE TABLE kept AS SELECT case_id, wrapped FROM case_key").await;
    engine.shred(gone, &name("ian")).await.expect("shredded");
    assert_eq!(engine.shred(gone, &name("ian")).await, Err(EngineError::NoSuchCase(gone)));
    let said = Shredded { case: gone, at: at("2026-01-05T09:00:00Z"), by: "ian".to_owned() };
    let sound = fsck(&engine).await;
    assert_eq!((sound.cases, &sound.shredded), (1, &vec![said]));
    assert_eq!((sound.differences, sound.damage), (vec![], vec![]));

    bed.tamper("UPDATE case_key SET shredded_us = 1, wrapped = NULL").await;
    let found = fsck(&engine).await.damage;
    let words = format!("the key of case {other} is gone, and no event says that it was shredded");
    assert!(found.contains(&words), "{found:?}");
    bed.tamper(
        "UPDATE case_key SET shredded_us = NULL,
         wrapped = (SELECT k.wrapped FROM kept k WHERE k.case_id = case_key.case_id)",
    )
    .await;
    let found = fsck(&engine).await.damage;
    assert_eq!(
        found,
        [format!(
            "case {gone} was shredded by ian, {}, but the key is not as that left it",
            at("2026-01-05T09:00:00Z").readable()
        )]
    );
}
