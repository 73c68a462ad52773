//! The predisclosure list in an instance: who decides, what is kept, and what a check of the database says.

#[path = "store/bed.rs"]
#[expect(dead_code, reason = "the store's own tests use the rest of it")]
mod bed;

use bed::Bed;
use std::sync::Arc;
use tidegate::engine::clock::SetClock;
use tidegate::engine::list::Asker;
use tidegate::engine::{Engine, EngineError};
use tidegate_domain::admission::{self, Ruling};
use tidegate_domain::id::{Slug, StreamId};
use tidegate_domain::list::By;
use tidegate_domain::list::application::{Action, Event, Stage};
use tidegate_domain::list::member;
use tidegate_domain::time::Instant;
use tidegate_envelope::Secret;

fn slug(text: &str) -> Slug {
    text.parse().expect("a name")
}

fn person(name: &str) -> Asker {
    Asker::Person(slug(name))
}

fn form(text: &str) -> admission::Application {
    admission::read(text).expect("an example")
}

const COMPLETE: &str = include_str!("../../../examples/applications/hosting-provider.toml");
const INCOMPLETE: &str = include_str!("../../../examples/applications/no-statement.toml");

/// An instance whose list two persons decide about.
async fn instance(bed: &Bed) -> (Engine, Arc<SetClock>) {
    let clock = Arc::new(SetClock::at("2026-01-05T09:00:00Z".parse::<Instant>().expect("an instant")));
    let engine = Engine::open(bed.open().await, Arc::clone(&clock) as _, bed.chance()).await.expect("opens");
    let policy = include_str!("../../../policies/xen.toml").replace(
        "[list]\nby = [\"team\"]\n",
        "[list]\nby = [\"team\"]\npersons = 2\nheard_by = [\"peer\"]\n",
    );
    engine.put_project(&slug("xen"), &policy).await.expect("a project");
    let mut people = engine.people().await.expect("people");
    for (name, role) in [("ann", "team"), ("bob", "team"), ("gus", "peer"), ("eve", "member")] {
        people.grant(&slug(name), Some(&format!("{name}@xen.example")), &slug("xen"), &slug(role));
    }
    engine.set_people(&people).await.expect("people");
    (engine, clock)
}

/// An application that was accepted, and the member.
async fn accepted(engine: &Engine) -> (StreamId, StreamId) {
    let id = engine.submit_application(&slug("xen"), form(COMPLETE)).await.expect("it comes in").id;
    for criterion in ["status", "user", "reports"] {
        let ruling = Ruling { criterion: slug(criterion), met: true, why: "The page says so.".to_owned() };
        engine.on_application(id, &person("ann"), &Action::Answer { ruling }).await.expect("answered");
    }
    let member = engine.draw_stream();
    for name in ["ann", "bob"] {
        engine.on_application(id, &person(name), &Action::Decide { member }).await.expect("decided");
    }
    (id, member)
}

#[tokio::test]
async fn two_persons_make_a_member_and_the_log_says_who() {
    let bed = Bed::sqlite();
    let (engine, _) = instance(&bed).await;
    let (id, member) = accepted(&engine).await;
    let kept = engine.application(id).await.expect("the application");
    assert!(matches!(kept.now.stage, Stage::Accepted { member: as_member, .. } if as_member == member));
    let decided: Vec<By> =
        kept.entries.iter().filter(|line| line.event == Event::Decided).map(|line| line.by.clone()).collect();
    assert_eq!(decided, [By::Person(slug("ann")), By::Person(slug("bob"))]);
    let found = engine.members(&slug("xen")).await.expect("members");
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].id, found[0].now.application), (member, id));
    assert!(found[0].now.is_active());
    assert_eq!(engine.member(id).await.err(), Some(EngineError::NoSuchStream(id)), "an application is none");
    assert_eq!(engine.application(member).await.err(), Some(EngineError::NoSuchStream(member)));
}

#[tokio::test]
async fn an_incomplete_application_is_rejected_and_a_refusal_is_logged() {
    let bed = Bed::sqlite();
    let (engine, _) = instance(&bed).await;
    let kept = engine.submit_application(&slug("xen"), form(INCOMPLETE)).await.expect("it comes in");
    assert!(matches!(kept.now.stage, Stage::Incomplete { .. }));
    let decide = Action::Decide { member: engine.draw_stream() };
    let Err(EngineError::Refused(why)) = engine.on_application(kept.id, &person("ann"), &decide).await else {
        panic!("somebody accepted it")
    };
    assert!(why.clause == "XEN-17" && why.needed.contains("new application"), "{why}");
    let Err(EngineError::Refused(why)) = engine.on_application(kept.id, &person("eve"), &decide).await else {
        panic!("a member decided about another")
    };
    assert!(why.needed.contains("Security Response Team"), "{why}");
    let again = engine.application(kept.id).await.expect("the application");
    let refused = |event: &Event| matches!(event, Event::Refused { action, .. } if action == "decide");
    assert_eq!(again.entries.iter().filter(|line| refused(&line.event)).count(), 2, "both are in the log");
    assert_eq!(again.now.stage, kept.now.stage);
    assert!(engine.members(&slug("xen")).await.expect("members").is_empty());
}

#[tokio::test]
async fn a_member_suspended_at_once_and_removed_by_two() {
    let bed = Bed::sqlite();
    let (engine, _) = instance(&bed).await;
    let (_, id) = accepted(&engine).await;
    let why = || "a leak".to_owned();
    let go = |asker, action| {
        let engine = &engine;
        async move { engine.on_member(id, &asker, &action).await.map(|kept| kept.now) }
    };
    let suspended = go(person("ann"), member::Action::Suspend { why: why() }).await.expect("suspended");
    assert!(suspended.is_member() && !suspended.is_active());
    let sought = go(person("ann"), member::Action::Remove { why: why() }).await.expect("sought");
    assert!(sought.is_member(), "not by one alone");
    let again = go(person("ann"), member::Action::Remove { why: why() }).await;
    assert!(matches!(again, Err(EngineError::Refused(_))), "not by the same one twice");
    let removed = go(person("bob"), member::Action::Remove { why: why() }).await.expect("removed");
    assert!(!removed.is_member());
}

#[tokio::test]
async fn decisions_that_meet_are_both_taken() {
    let bed = Bed::sqlite();
    let (engine, _) = instance(&bed).await;
    let id = engine.submit_application(&slug("xen"), form(COMPLETE)).await.expect("it comes in").id;
    let answer = |criterion: &str| Action::Answer {
        ruling: Ruling { criterion: slug(criterion), met: true, why: "seen".to_owned() },
    };
    let (ann, bob) = (person("ann"), person("bob"));
    let (status, user) = (answer("status"), answer("user"));
    let both = tokio::join!(engine.on_application(id, &ann, &status), engine.on_application(id, &bob, &user));
    assert!(both.0.is_ok() && both.1.is_ok());
    assert_eq!(engine.application(id).await.expect("the application").now.answers.len(), 2);
}

#[tokio::test]
async fn fsck_replays_the_list_and_mends_its_rows() {
    let bed = Bed::sqlite();
    let (engine, _) = instance(&bed).await;
    let (id, member) = accepted(&engine).await;
    let fsck = async |mend| engine.fsck(mend, |_| {}).await.expect("fsck runs");
    let sound = fsck(false).await;
    assert_eq!((sound.streams, sound.differences, sound.damage), (2, Vec::new(), Vec::new()));

    bed.tamper(&format!("UPDATE stream_row SET n = 99 WHERE stream_id = '{id}'")).await;
    bed.tamper(&format!("DELETE FROM stream_row WHERE stream_id = '{member}'")).await;
    let found = fsck(true).await;
    assert_eq!(found.differences.len(), 2, "{:?}", found.differences);
    assert!(found.mended && found.damage.is_empty());
    assert!(fsck(false).await.differences.is_empty());
    assert!(engine.member(member).await.expect("the member again").now.is_active());

    let stranger = engine.shred_stream(member, &slug("eve")).await;
    assert!(matches!(stranger, Err(EngineError::Refused(_))));
    engine.shred_stream(member, &slug("ann")).await.expect("shredded");
    let gone = fsck(false).await;
    assert_eq!((gone.streams, gone.shredded.len()), (1, 1));
    assert!(
        gone.differences.is_empty() && gone.damage.is_empty(),
        "{:?} {:?}",
        gone.differences,
        gone.damage
    );
    assert_eq!(engine.member(member).await.err(), Some(EngineError::NoSuchStream(member)));

    bed.tamper("UPDATE event SET body = (SELECT body FROM event WHERE seq = 1) WHERE seq = 2").await;
    assert_eq!(fsck(false).await.damage.len(), 1, "an altered event is found");
}

#[tokio::test]
async fn a_key_is_judged_when_it_comes_and_used_when_it_is_confirmed() {
    let bed = Bed::sqlite();
    let (engine, clock) = instance(&bed).await;
    let (_, id) = accepted(&engine).await;
    let noon = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_767_603_600);
    let year = std::time::Duration::from_secs(365 * 86_400);
    let made = Secret::generate("Host <security@hosting.example>", noon, Some(year)).expect("a key");
    let public = made.certificate().armoured().expect("armoured");
    assert!(matches!(engine.key_to_add(b"no key"), Err(EngineError::Refused(_))));

    let add = engine.key_to_add(&public).expect("a key that can be encrypted to");
    let eve = engine.on_member(id, &Asker::Behalf(slug("eve")), &add).await;
    assert!(
        matches!(eve, Err(EngineError::Refused(_))),
        "only who decides about the list enters for a member"
    );
    let kept = engine.on_member(id, &Asker::Organisation, &add).await.expect("added").now;
    let now = engine.clock.now();
    assert_eq!(kept.usable_keys(now).count(), 0, "nobody confirmed it");
    let fingerprint = made.certificate().fingerprint();
    let confirm = member::Action::ConfirmKey { fingerprint: fingerprint.clone() };
    let kept = engine.on_member(id, &Asker::Behalf(slug("ann")), &confirm).await.expect("confirmed");
    assert_eq!(kept.now.usable_keys(now).count(), 1);
    assert_eq!(
        kept.entries.last().expect("a line").by,
        By::Behalf(slug("ann")),
        "the log says who entered it"
    );

    clock.set("2027-01-05T09:00:00Z".parse().expect("an instant"));
    let later = engine.member(id).await.expect("the member").now;
    assert_eq!(later.usable_keys(engine.clock.now()).count(), 0, "it expired");
    assert!(matches!(engine.key_to_add(&public), Err(EngineError::Refused(_))), "and is not taken again");
}
