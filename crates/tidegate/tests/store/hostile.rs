//! What the store withstands: a stolen dump, a hand in the database, a crash anywhere.

use super::bed::{Bed, contains};
use super::daily::{at, case, change, document, due, events, job, open, put_project, slug, staging, told};
use std::sync::Arc;
use tidegate::store::*;

const MARK: &str = "zzmarkzz";

/// Puts the mark into every field that holds content.
async fn mark_everything(store: &Store) {
    let project =
        Project { id: slug(MARK), policy_toml: MARK.to_owned(), settings: serde_json::json!({ MARK: MARK }) };
    store.put_project(&project).await.expect("a project");
    store.set_setting(MARK, MARK).await.expect("a setting");
    store.next_number(MARK).await.expect("a number");
    let letter = store.put_letter(at(1), MARK.as_bytes()).await.expect("a letter");
    let other = store.put_letter(at(1), MARK.as_bytes()).await.expect("a letter of no case");
    let marked = CaseChange {
        project: slug(MARK),
        due: Some(vec![due(9, MARK)]),
        fold: Some(Fold { n: 2, body: MARK.as_bytes().to_vec() }),
        ..change(case(1), 0, &[MARK, MARK])
    };
    let owned = NewJob { key: MARK.to_owned(), ..job(MARK, Some(case(1)), 1) };
    let free = NewJob { key: format!("{MARK}2"), ..job(MARK, None, 1) };
    let commit = Commit {
        changes: vec![marked],
        jobs: vec![owned, free],
        link_letter: Some((letter, case(1))),
        ..Commit::at(at(2))
    };
    store.commit(commit).await.expect("a case");
    for job in store.claim_jobs(at(3), at(9), "worker", 2).await.expect("jobs") {
        store.retry_job(job.id, at(4), MARK).await.expect("a retry");
    }
    store.put_blob(case(1), MARK.as_bytes()).await.expect("a blob");
    store.commit(staging(1, &[document(MARK, MARK)])).await.expect("staged");
    store.put_outgoing(MARK, Some(case(1)), at(5), MARK.as_bytes()).await.expect("a letter");
    store.put_outgoing("free", None, at(5), MARK.as_bytes()).await.expect("a letter");
    assert_ne!(letter, other);
}

pub async fn a_dump_shows_nothing(bed: &Bed) {
    let store = open(bed).await;
    mark_everything(&store).await;
    let digest = store.put_blob(case(1), MARK.as_bytes()).await.expect("the blob again");
    let dump = bed.dump().await;
    assert!(contains(&dump, case(1).to_string().as_bytes()), "the dump is not empty");
    assert!(!contains(&dump, MARK.as_bytes()));
    assert!(!contains(&dump, b"xen"), "not even a project's name");
    assert!(!contains(&dump, &digest), "a known file's digest would confirm that it is here");
    assert!(!contains(&dump, &[0x42; 32]), "the master key is elsewhere");

    // The search finds what is there: promoted documents are plain.
    let promote = vec![Promotion { case: case(1), version: 1 }];
    store.commit(Commit { promote, ..Commit::at(at(9)) }).await.expect("published");
    assert!(contains(&bed.dump().await, MARK.as_bytes()));
}

pub async fn a_moved_ciphertext_does_not_open(bed: &Bed) {
    let store = open(bed).await;
    store.commit(events(1, case(1), 0, &["a", "b"])).await.expect("a case");
    store.commit(events(1, case(2), 0, &["a", "b"])).await.expect("another case");
    bed.tamper(
        "CREATE TABLE swap AS SELECT seq, body FROM event;
         UPDATE event SET body = (SELECT s.body FROM swap s WHERE s.seq = 3 - event.seq) WHERE seq < 3;
         DROP TABLE swap",
    )
    .await;
    let first = StoreError::Tampered { table: "event", row: format!("{}/1@1", case(1)) };
    assert_eq!(told(&store, case(1)).await, Err(first.clone()));
    let log = store.all_events(1, 9).await.expect("the log");
    assert_eq!(log[0].content, Content::Damaged(first));
    assert_eq!(log[2].content, Content::Read(b"a".to_vec()), "one finding hides no other event");
    assert_eq!(told(&store, case(2)).await.map(|events| events.len()), Ok(2));

    // A key that is put on another case opens nothing there either.
    let other = case(1).to_string();
    bed.tamper(&format!(
        "UPDATE case_key SET wrapped = (SELECT wrapped FROM case_key WHERE case_id = '{other}')"
    ))
    .await;
    let row = case(2).to_string();
    assert_eq!(told(&store, case(2)).await, Err(StoreError::Tampered { table: "case_key", row }));
}

pub async fn a_missing_key_is_not_a_shredded_one(bed: &Bed) {
    let store = open(bed).await;
    store.commit(events(1, case(1), 0, &["a"])).await.expect("a case");
    bed.tamper("UPDATE case_key SET wrapped = NULL").await;
    let missing = StoreError::Tampered { table: "case_key", row: case(1).to_string() };
    assert_eq!(told(&store, case(1)).await, Err(missing.clone()));
    let log = store.all_events(1, 9).await.expect("the log");
    assert_eq!(log[0].content, Content::Damaged(missing));
    let report = store.verify_log(|_, _| ()).await.expect("a report");
    let gone = LogFault { wrong: Wrong::KeyGone, seq: None, case: Some(case(1)), n: None };
    assert_eq!((report.faults, report.listed), (1, vec![gone]));
}

pub async fn a_changed_instant_does_not_open(bed: &Bed) {
    let store = open(bed).await;
    let change = CaseChange { due: Some(vec![due(9, "publish")]), ..change(case(1), 0, &["embargo"]) };
    store.commit(Commit { changes: vec![change], ..Commit::at(at(1)) }).await.expect("a case");
    let letter = store.put_letter(at(1), b"letter").await.expect("a letter");
    bed.tamper("UPDATE due SET at_us = 2; UPDATE event SET at_us = 2; UPDATE letter SET at_us = 2").await;
    assert!(matches!(store.due(None, 9).await, Err(StoreError::Tampered { table: "due", .. })));
    assert!(matches!(told(&store, case(1)).await, Err(StoreError::Tampered { table: "event", .. })));
    assert!(matches!(store.letter(letter).await, Err(StoreError::Tampered { table: "letter", .. })));
}

pub async fn a_shortened_case_is_noticed(bed: &Bed) {
    let store = open(bed).await;
    store.commit(events(1, case(1), 0, &["a", "b", "c"])).await.expect("a case");
    let missing = |n| Err(StoreError::Tampered { table: "event", row: format!("{}/{n}", case(1)) });
    bed.tamper("DELETE FROM event WHERE n = 3").await;
    assert_eq!(told(&store, case(1)).await, missing(3));
    bed.tamper("DELETE FROM event WHERE n = 1").await;
    assert_eq!(told(&store, case(1)).await, missing(1));
}

pub async fn the_wrong_master_key_opens_nothing(bed: &Bed) {
    open(bed).await.close().await;
    let wrong = MasterKey::from_bytes([0x43; 32]);
    let refused = Store::open(&bed.location, &wrong, bed.chance()).await.expect_err("the wrong key");
    assert_eq!(refused, StoreError::WrongMasterKey);
    assert!(bed.open().await.project(&slug("xen")).await.is_ok(), "nothing was harmed");
}

pub async fn a_newer_schema_is_left_alone(bed: &Bed) {
    open(bed).await.close().await;
    bed.tamper("UPDATE schema_version SET version = 99").await;
    let refused = Store::open(&bed.location, &Bed::key(), bed.chance()).await.expect_err("a newer schema");
    assert_eq!(refused, StoreError::NewerSchema { found: 99, known: 9 });
}

pub async fn a_shredded_case_is_gone_and_the_log_stands(bed: &Bed) {
    let store = open(bed).await;
    mark_everything(&store).await;
    store.commit(events(3, case(2), 0, &["other"])).await.expect("another case");
    let (wrapped, file) = (wrapped_key(bed).await, key_file(bed).await);
    let digest = store.put_blob(case(1), b"patch").await.expect("a blob");
    let letters = store.letters(Some(LetterState::Linked), 9).await.expect("letters");
    assert!(contains(&bed.dump().await, &wrapped));
    store.shred(case(1), at(7), "ian").await.expect("shredded");
    store.shred(case(1), at(8), "lars").await.expect("shredded twice");
    let dump = bed.dump().await;
    assert!(wrapped.chunks(16).all(|piece| !contains(&dump, piece)), "the key is gone from the files too");
    assert!(file.is_none() || file != key_file(bed).await, "PostgreSQL wrote the keys to a new file");

    let gone = StoreError::Shredded { case: case(1) };
    assert_eq!(told(&store, case(1)).await, Err(gone.clone()));
    assert_eq!(store.blob(case(1), &digest).await, Err(gone.clone()));
    assert_eq!(store.letter(letters[0].id).await, Err(gone.clone()));
    assert_eq!(store.put_blob(case(1), b"more").await, Err(gone.clone()));
    let mut late = events(9, case(1), 2, &["late"]);
    late.changes[0].project = slug(MARK);
    assert_eq!(store.commit(late.clone()).await, Err(StoreError::Conflict { case: case(1) }));
    late.changes[0].expected_n = 3;
    assert_eq!(store.commit(late).await, Err(gone));
    assert_eq!(store.due(None, 9).await, Ok(vec![]));
    assert_eq!(store.outgoing(0, 1).await.map(|mails| mails[0].raw.clone()), Ok(None));
    assert_eq!(store.case_row(case(1)).await.map(|row| row.open), Ok(false));
    let waiting = store.claim_jobs(at(99), at(999), "worker", 99).await.expect("jobs of no case");
    assert!(waiting.iter().all(|job| job.case.is_none()));

    let log = store.all_events(1, 9).await.expect("the log");
    let contents: Vec<_> = log.iter().map(|event| event.content.clone()).collect();
    let said = Content::Shredding { by: "ian".to_owned() };
    let other = Content::Read(b"other".to_vec());
    assert_eq!(contents, [Content::Shredded, Content::Shredded, other, said]);
    assert_eq!((log[3].case, log[3].n, log[3].at), (case(1), 3, at(7)));
    assert!(store.verify_log(|_, _| ()).await.expect("a report").is_sound());
    let derived = store.derived_rows().await.expect("derived").cases;
    assert_eq!(derived.len(), 1, "a shredded case cannot be replayed");
    store.replace_derived(4, &derived).await.expect("replaced");
    assert_eq!(store.case_exists(case(1)).await, Ok(true), "and keeps its row");
    assert!(matches!(store.shred(case(9), at(9), "ian").await, Err(StoreError::NotFound { .. })));
}

/// A key that is gone without a word in the log, or back in spite of one, is named.
pub async fn a_shredded_case_is_held_against_the_log(bed: &Bed) {
    let store = open(bed).await;
    store.commit(events(1, case(1), 0, &["a"])).await.expect("a case");
    store.commit(events(1, case(2), 0, &["b"])).await.expect("another case");
    bed.tamper("CREATE TABLE kept AS SELECT case_id, wrapped FROM case_key").await;
    store.shred(case(1), at(7), "ian").await.expect("shredded");
    assert!(store.verify_log(|_, _| ()).await.expect("a report").is_sound());

    bed.tamper("UPDATE case_key SET shredded_us = 8 WHERE shredded_us = 7").await;
    let report = store.verify_log(|_, _| ()).await.expect("a report");
    assert_eq!(report.listed, [fault(Wrong::KeyBack, 3, 1, 2)], "gone since another instant");
    let back = "UPDATE case_key SET shredded_us = NULL, wrapped =
        (SELECT k.wrapped FROM kept k WHERE k.case_id = case_key.case_id)";
    let report = after(bed, &store, back).await;
    assert_eq!(report.listed, [fault(Wrong::KeyBack, 3, 1, 2)]);
    bed.tamper("UPDATE case_key SET shredded_us = 9, wrapped = NULL; DROP TABLE kept").await;
    let report = store.verify_log(|_, _| ()).await.expect("a report");
    let gone = LogFault { wrong: Wrong::KeyGone, seq: None, case: Some(case(2)), n: None };
    assert_eq!(report.listed, [gone, fault(Wrong::KeyBack, 3, 1, 2)]);
    assert_eq!(
        gone.to_string(),
        format!("the key of case {} is gone, and no event says that it was shredded", case(2))
    );
}

/// Looks the wrapped key of case 1 up, behind the store's back.
async fn wrapped_key(bed: &Bed) -> Vec<u8> {
    const KEYS: &str = "SELECT wrapped FROM case_key WHERE wrapped IS NOT NULL ORDER BY case_id";
    match bed.connect().await {
        super::Raw::Sqlite(raw) => raw.query_row(KEYS, [], |row| row.get(0)).expect("a key"),
        super::Raw::Postgres(mut raw) => sqlx::query_scalar(KEYS).fetch_one(&mut raw).await.expect("a key"),
    }
}

/// Which file PostgreSQL keeps the keys in.
async fn key_file(bed: &Bed) -> Option<i64> {
    const FILE: &str = "SELECT pg_relation_filenode('case_key')::bigint";
    match bed.connect().await {
        super::Raw::Sqlite(_) => None,
        super::Raw::Postgres(mut raw) => {
            Some(sqlx::query_scalar(FILE).fetch_one(&mut raw).await.expect("a file"))
        }
    }
}

/// Ten events of two cases: odd numbers are case 1's, even ones case 2's.
async fn ten_events(bed: &Bed) -> Store {
    let store = open(bed).await;
    for n in 0..5 {
        store.commit(events(1, case(1), n, &["odd"])).await.expect("an event");
        store.commit(events(1, case(2), n, &["even"])).await.expect("an event");
    }
    store
}

fn fault(wrong: Wrong, seq: u64, bits: u64, n: u64) -> LogFault {
    LogFault { wrong, seq: Some(seq), case: Some(case(bits)), n: Some(n) }
}

fn end(wrong: Wrong, seq: u64) -> LogFault {
    LogFault { wrong, seq: Some(seq), case: None, n: None }
}

/// Tampers, and verifies.
async fn after(bed: &Bed, store: &Store, sql: &str) -> LogReport {
    bed.tamper(sql).await;
    let report = store.verify_log(|_, _| ()).await.expect("a report");
    assert!(!report.is_sound());
    report
}

pub async fn a_sound_log_verifies(bed: &Bed) {
    let store = ten_events(bed).await;
    let mut told = Vec::new();
    let report = store.verify_log(|read, all| told.push((read, all))).await.expect("a report");
    let head = store.log_head().await.expect("the head");
    assert_eq!(report, LogReport { events: 10, head, faults: 0, listed: vec![] });
    assert_eq!(told, [(10, 10)]);
    assert_eq!(store.log_hash(10).await, Ok(Some(head.hash)));
    assert_eq!(store.log_hash(11).await, Ok(None));
    assert!(matches!(store.log_hash(0).await, Ok(Some(_))), "genesis");
}

pub async fn a_changed_event_is_named(bed: &Bed) {
    let store = ten_events(bed).await;
    let report = after(bed, &store, "UPDATE event SET at_us = 2 WHERE seq = 4").await;
    assert_eq!((report.faults, report.listed), (1, vec![fault(Wrong::Changed, 4, 2, 2)]));
    let words = fault(Wrong::Changed, 4, 2, 2).to_string();
    assert_eq!(words, format!("event 4 (event 2 of case {}) was changed or moved here", case(2)));
    let copy = "UPDATE event SET body = (SELECT e.body FROM event e WHERE e.seq = 1) WHERE seq = 7";
    let report = after(bed, &store, copy).await;
    let both = vec![fault(Wrong::Changed, 4, 2, 2), fault(Wrong::Changed, 7, 1, 4)];
    assert_eq!((report.faults, report.listed), (2, both));
}

pub async fn a_removed_event_is_named(bed: &Bed) {
    let store = ten_events(bed).await;
    let report = after(bed, &store, "DELETE FROM event WHERE seq = 5").await;
    assert_eq!((report.faults, report.listed), (1, vec![fault(Wrong::Missing, 5, 1, 3)]));
    let report = after(bed, &store, "DELETE FROM event WHERE seq = 6").await;
    let gaps = [(1, 3), (2, 3)].map(|(bits, n)| LogFault { seq: None, ..fault(Wrong::Missing, 0, bits, n) });
    let mut expected = vec![end(Wrong::Missing, 5), end(Wrong::Missing, 6)];
    expected.extend(gaps);
    assert_eq!((report.faults, report.listed), (2, expected));
}

pub async fn swapped_events_are_named(bed: &Bed) {
    let store = ten_events(bed).await;
    let swap = "UPDATE event SET seq = -1 WHERE seq = 3; UPDATE event SET seq = 3 WHERE seq = 5;
        UPDATE event SET seq = 5 WHERE seq = -1";
    let report = after(bed, &store, swap).await;
    assert_eq!(report.listed[0], fault(Wrong::Changed, 3, 1, 3), "the moved event, where it stands now");
    assert!(report.listed.contains(&fault(Wrong::Reordered, 5, 1, 2)), "{report:?}");
}

pub async fn a_truncated_log_is_noticed(bed: &Bed) {
    let store = ten_events(bed).await;
    let report = after(bed, &store, "DELETE FROM event WHERE seq = 10").await;
    assert_eq!((report.faults, report.listed), (1, vec![end(Wrong::Missing, 10)]));
    // Someone who also mends the head cannot make its MAC.
    let mend = "UPDATE log_head SET seq = 9, hash = (SELECT hash FROM event WHERE seq = 9)";
    let report = after(bed, &store, mend).await;
    assert_eq!((report.faults, report.listed), (1, vec![end(Wrong::Head, 9)]));
}

pub async fn a_rewritten_log_is_noticed(bed: &Bed) {
    let store = ten_events(bed).await;
    let report =
        after(bed, &store, "UPDATE log_head SET hash = (SELECT hash FROM event WHERE seq = 1)").await;
    assert_eq!((report.faults, report.listed), (2, vec![end(Wrong::Head, 10); 2]));
    let forged = "INSERT INTO event (seq, case_id, n, at_us, body, hash)
        SELECT 4611686018427387904, case_id, 4611686018427387904, at_us, body, hash FROM event WHERE seq = 1";
    let report = after(bed, &store, forged).await;
    assert_eq!(report.listed.last(), Some(&end(Wrong::Added, 1 << 62)));
    let report = after(bed, &store, "UPDATE log_head SET seq = 4611686018427387904").await;
    assert!(report.faults > 1 << 60, "counted without counting one by one");
}

/// A day's work: every kind of effect once.
async fn day(bed: &Bed, faults: &Arc<Faults>) -> Result<(), StoreError> {
    let store = bed.open_with(faults).await?;
    let settings = serde_json::Value::Null;
    store.put_project(&Project { id: slug("xen"), policy_toml: String::new(), settings }).await?;
    let letter = store.put_letter(at(1), b"report").await?;
    let parse = store.claim_jobs(at(1), at(9), "w", 1).await?.remove(0);
    let reported = Commit {
        changes: vec![CaseChange { due: Some(vec![due(5, "x")]), ..change(case(1), 0, &["a"]) }],
        jobs: vec![job("tell", Some(case(1)), 1)],
        finish_job: Some(parse.id),
        link_letter: Some((letter, case(1))),
        ..Commit::at(at(2))
    };
    store.commit(reported).await?;
    store.put_blob(case(1), b"patch").await?;
    store.commit(staging(1, &[document("a", "1"), document("b", "2")])).await?;
    store.put_outgoing("tell", Some(case(1)), at(3), b"told").await?;
    store.retry_job(store.job_id("tell"), at(3), "later").await?;
    store.finish_job(store.job_id("tell")).await?;
    let published = Commit {
        changes: vec![CaseChange { due: Some(vec![]), ..change(case(1), 1, &["b", "c"]) }],
        promote: vec![Promotion { case: case(1), version: 1 }],
        ..Commit::at(at(5))
    };
    store.commit(published).await?;
    store.next_number("xsa").await?;
    store.set_setting("a", "b").await?;
    store.commit(events(6, case(2), 0, &["d"])).await?;
    store.shred(case(1), at(7), "ian").await
}

/// What must hold wherever the day ended.
async fn check_after_crash(bed: &Bed, what: &str) {
    let store = bed.open().await;
    assert!(store.verify_log(|_, _| ()).await.expect(what).is_sound(), "{what}");
    let log = store.all_events(1, 99).await.expect(what);
    let of_first = log.iter().filter(|event| event.case == case(1)).count();
    assert!([0, 1, 3, 4].contains(&of_first), "{what}: half a commit");
    let exists = store.case_exists(case(1)).await.expect(what);
    assert_eq!(exists, of_first > 0, "{what}: a case without its events");
    let letters = store.letters(None, 9).await.expect(what);
    let linked = letters.iter().any(|letter| letter.state == LetterState::Linked);
    assert_eq!(linked, exists, "{what}: the letter goes with the case");
    let published = store.public_documents().await.expect(what).len();
    assert_eq!(published, if of_first >= 3 { 2 } else { 0 }, "{what}: published in part or too early");
    let due = store.due(None, 9).await.expect(what).len();
    assert_eq!(due, usize::from(of_first == 1), "{what}: due dates of another state");
    let jobs = store.jobs_left(at(9)).await.expect(what).due;
    let waiting = u64::from(!exists && !letters.is_empty());
    assert!(jobs == waiting || (of_first == 1 && jobs == 1), "{what}: {jobs} jobs");
    put_project(&store, "xen").await;
    store.commit(events(9, case(3), 0, &["life goes on"])).await.expect(what);
    store.close().await;
}

pub async fn a_crash_anywhere_leaves_all_or_nothing(bed: &Bed) {
    die_everywhere(bed, 15, day, check_after_crash).await;
}

/// Lets a day of more than `least` effects die before and after each of them, and checks what that left behind.
pub async fn die_everywhere(
    bed: &Bed,
    least: u64,
    day: impl AsyncFn(&Bed, &Arc<Faults>) -> Result<(), StoreError>,
    check: impl AsyncFn(&Bed, &str),
) {
    for n in 1.. {
        for side in [Side::Before, Side::After] {
            let faults = Arc::new(Faults::die_at(n, side));
            let outcome = day(bed, &faults).await;
            if faults.effects() < n {
                outcome.expect("a day without a fault");
                assert!(n > least, "the day has more effects than {n}");
                return;
            }
            assert_eq!(outcome, Err(StoreError::Injected), "effect {n}");
            check(bed, &format!("{side:?} effect {n}")).await;
            bed.reset().await;
        }
    }
}
