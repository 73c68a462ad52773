//! Streams: what is stored beside the cases, in the same log.

use super::bed::Bed;
use super::daily::{at, case, events, job, open, put_project, slug};
use super::hostile::die_everywhere;
use std::sync::Arc;
use tidegate::store::*;
use tidegate_domain::id::StreamId;
use tidegate_domain::list::StreamKind;

fn stream(bits: u64) -> StreamId {
    StreamId::from_bits(bits)
}

fn change(bits: u64, expected_n: u64, events: &[&str]) -> StreamChange {
    let kind = if bits < 10 { StreamKind::Application } else { StreamKind::Member };
    let events = events.iter().map(|event| event.as_bytes().to_vec()).collect();
    StreamChange { stream: stream(bits), kind, project: slug("xen"), expected_n, events }
}

fn commit(micros: i64, streams: Vec<StreamChange>) -> Commit {
    Commit { streams, ..Commit::at(at(micros)) }
}

async fn told(store: &Store, bits: u64) -> Result<Vec<String>, StoreError> {
    let history = store.stream(stream(bits)).await?;
    let text = |event: StoredEvent| String::from_utf8(event.body).expect("text");
    Ok(history.events.into_iter().map(text).collect())
}

async fn ids(store: &Store, kind: StreamKind) -> Vec<StreamId> {
    let found = store.streams(&slug("xen"), kind).await.expect("streams");
    found.into_iter().map(|history| history.row.stream).collect()
}

pub async fn streams_come_back_as_stored_and_are_no_cases(bed: &Bed) {
    let store = open(bed).await;
    put_project(&store, "cloudstack").await;
    store.commit(events(1, case(1), 0, &["a case"])).await.expect("a case");
    // The decision about one stream and the beginning of another are one commit, whatever their order.
    store.commit(commit(2, vec![change(12, 0, &["joined"]), change(2, 0, &["a", "b"])])).await.expect("two");
    store.commit(commit(3, vec![change(3, 0, &["x"])])).await.expect("another");
    store.commit(commit(4, vec![change(2, 2, &["c"])])).await.expect("it goes on");
    assert_eq!(told(&store, 2).await.expect("its events"), ["a", "b", "c"]);
    assert_eq!(ids(&store, StreamKind::Application).await, [stream(2), stream(3)]);
    assert_eq!(ids(&store, StreamKind::Member).await, [stream(12)]);
    assert_eq!(store.streams(&slug("cloudstack"), StreamKind::Member).await, Ok(Vec::new()));
    assert_eq!(store.cases(None, false).await.expect("cases").len(), 1, "a stream is no case");
    assert!(!store.case_exists(stream(2).owner()).await.expect("an answer"));
    assert!(matches!(store.recent(stream(2).owner(), "people").await, Err(StoreError::NotFound { .. })));
    assert!(matches!(store.stream(StreamId::of_owner(case(1))).await, Err(StoreError::NotFound { .. })));
    let log = store.verify_log(|_, _| ()).await.expect("the log");
    assert!(log.is_sound() && log.events == 6, "{log:?}");
}

pub async fn a_late_decider_about_a_stream_is_turned_away(bed: &Bed) {
    let store = open(bed).await;
    store.commit(commit(1, vec![change(2, 0, &["a"])])).await.expect("a stream");
    let conflict = Err(StoreError::Conflict { case: stream(2).owner() });
    assert_eq!(store.commit(commit(2, vec![change(2, 0, &["again"])])).await, conflict);
    assert_eq!(store.commit(commit(2, vec![change(2, 4, &["late"])])).await, conflict);
    let with_member = vec![change(2, 7, &["late"]), change(12, 0, &["joined"])];
    assert_eq!(store.commit(commit(2, with_member)).await, conflict);
    assert!(ids(&store, StreamKind::Member).await.is_empty(), "nothing of a refused commit is stored");
    assert_eq!(told(&store, 2).await.expect("its events"), ["a"]);
    // Decisions that meet make one of them late, and no hole in the log.
    let commits = (0..8).map(|nth| store.commit(commit(3 + nth, vec![change(2, 1, &["b"])])));
    let outcomes = futures(commits).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
    assert!(store.verify_log(|_, _| ()).await.expect("the log").is_sound());
}

/// All of them at once.
async fn futures<F: Future<Output = Result<(), StoreError>>>(
    all: impl Iterator<Item = F>,
) -> Vec<Result<(), StoreError>> {
    let mut waiting: Vec<_> = all.map(Box::pin).collect();
    let mut done: Vec<Option<Result<(), StoreError>>> = waiting.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, done) in waiting.iter_mut().zip(&mut done) {
            if done.is_none()
                && let std::task::Poll::Ready(outcome) = future.as_mut().poll(context)
            {
                *done = Some(outcome);
            }
        }
        if done.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}

pub async fn a_shredded_stream_is_gone_and_the_log_stands(bed: &Bed) {
    let store = open(bed).await;
    store.commit(commit(1, vec![change(2, 0, &["zzaliaszz"]), change(12, 0, &["kept"])])).await.expect("two");
    let waiting = job("wake", Some(stream(2).owner()), 9);
    store.commit(Commit { jobs: vec![waiting], ..Commit::at(at(2)) }).await.expect("a job under its key");
    store.shred_stream(stream(2), at(7), "ian").await.expect("shredded");
    store.shred_stream(stream(2), at(8), "lars").await.expect("a repeat is harmless");
    assert_eq!(told(&store, 2).await, Err(StoreError::Shredded { case: stream(2).owner() }));
    assert!(ids(&store, StreamKind::Application).await.is_empty(), "it is not listed either");
    assert_eq!(told(&store, 12).await.expect("the other"), ["kept"]);
    assert_eq!(store.jobs_left(at(99)).await.expect("jobs").due, 0, "nothing is left to do for it");
    let log = store.all_events(1, 9).await.expect("the log");
    assert_eq!(log.last().expect("an event").content, Content::Shredding { by: "ian".to_owned() });
    assert!(store.verify_log(|_, _| ()).await.expect("the log").is_sound());
    let other = store.shred_stream(stream(3), at(9), "ian").await;
    assert!(matches!(other, Err(StoreError::NotFound { .. })), "{other:?}");
    bed.tamper(&format!("UPDATE case_key SET wrapped = NULL WHERE case_id = '{}'", stream(12))).await;
    let report = store.verify_log(|_, _| ()).await.expect("the log");
    assert_eq!(
        report.listed.first().map(|fault| fault.wrong),
        Some(Wrong::KeyGone),
        "a key that merely went"
    );
}

pub async fn an_altered_stream_is_noticed(bed: &Bed) {
    let store = open(bed).await;
    store.commit(commit(1, vec![change(2, 0, &["a", "b"]), change(3, 0, &["a", "b"])])).await.expect("two");
    bed.tamper("DELETE FROM event WHERE seq = 2").await;
    assert!(matches!(told(&store, 2).await, Err(StoreError::Tampered { table: "event", .. })));
    assert!(!store.verify_log(|_, _| ()).await.expect("the log").is_sound());
    bed.tamper(&format!("UPDATE stream_row SET kind = 'rumour' WHERE stream_id = '{}'", stream(3))).await;
    assert!(matches!(told(&store, 3).await, Err(StoreError::Tampered { table: "stream_row", .. })));
    assert_eq!(store.stream_rows().await.expect("rows").1.len(), 1, "one finding hides no other");
}

pub async fn a_copy_has_the_streams(bed: &Bed) {
    let store = open(bed).await;
    store.commit(commit(1, vec![change(2, 0, &["a"]), change(12, 0, &["b"])])).await.expect("two");
    let other = Bed::sqlite();
    store.copy_to(&other.location, |_, _| ()).await.expect("a copy");
    let copy = other.open().await;
    assert_eq!(told(&copy, 2).await.expect("its events"), ["a"]);
    assert_eq!(ids(&copy, StreamKind::Member).await, [stream(12)]);
    assert!(copy.verify_log(|_, _| ()).await.expect("the log").is_sound());
}

async fn day(bed: &Bed, faults: &Arc<Faults>) -> Result<(), StoreError> {
    let store = bed.open_with(faults).await?;
    let project =
        Project { id: slug("xen"), policy_toml: "name = 1".to_owned(), settings: serde_json::Value::Null };
    store.put_project(&project).await?;
    store.commit(commit(1, vec![change(2, 0, &["submitted"])])).await?;
    let wake = job("wake", Some(stream(12).owner()), 9);
    let accepted = vec![change(2, 1, &["decided", "accepted"]), change(12, 0, &["joined"])];
    store.commit(Commit { jobs: vec![wake], ..commit(2, accepted) }).await?;
    store.shred_stream(stream(12), at(3), "ian").await
}

/// What must hold wherever the day ended.
async fn check_after_crash(bed: &Bed, what: &str) {
    let store = open(bed).await;
    assert!(store.verify_log(|_, _| ()).await.expect(what).is_sound(), "{what}");
    let of_first = told(&store, 2).await.map_or(0, |events| events.len());
    assert!([0, 1, 3].contains(&of_first), "{what}: half a commit");
    let member = told(&store, 12).await;
    let exists = !matches!(member, Err(StoreError::NotFound { .. }));
    assert_eq!(exists, of_first == 3, "{what}: the member begins with the decision");
    let jobs = store.jobs_left(at(9)).await.expect(what).due;
    assert_eq!(jobs, u64::from(member.is_ok()), "{what}: the job goes with the member");
    let next = commit(9, vec![change(3, 0, &["life goes on"])]);
    store.commit(next).await.expect(what);
    store.close().await;
}

pub async fn a_crash_anywhere_leaves_whole_streams(bed: &Bed) {
    die_everywhere(bed, 5, day, check_after_crash).await;
}
