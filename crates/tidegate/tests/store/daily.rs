//! What the rest of the program relies on every day.

use super::bed::Bed;
use std::sync::Arc;
use tidegate::store::*;
use tidegate_domain::id::{CaseId, Slug};
use tidegate_domain::time::Instant;

pub fn case(bits: u64) -> CaseId {
    CaseId::from_bits(bits)
}

pub fn at(micros: i64) -> Instant {
    Instant::from_micros(micros)
}

pub fn slug(text: &str) -> Slug {
    text.parse().expect("a name")
}

pub async fn put_project(store: &Store, name: &str) {
    let settings = serde_json::json!({ "list": "security@example.org" });
    let project = Project { id: slug(name), policy_toml: "name = 1".to_owned(), settings };
    store.put_project(&project).await.expect("a project");
}

/// A store with the project `xen`.
/// The case's events.
pub async fn told(store: &Store, case: CaseId) -> Result<Vec<StoredEvent>, StoreError> {
    store.history(case, "people").await.map(|history| history.events)
}

pub async fn open(bed: &Bed) -> Store {
    let store = bed.open().await;
    put_project(&store, "xen").await;
    store
}

pub fn change(case: CaseId, expected_n: u64, events: &[&str]) -> CaseChange {
    let events = events.iter().map(|event| event.as_bytes().to_vec()).collect();
    CaseChange { case, expected_n, events, due: None, project: slug("xen"), open: true, fold: None }
}

/// A commit of one case's events.
pub fn events(micros: i64, case: CaseId, expected_n: u64, events: &[&str]) -> Commit {
    Commit { changes: vec![change(case, expected_n, events)], ..Commit::at(at(micros)) }
}

pub fn due(micros: i64, what: &str) -> Due {
    Due { at: at(micros), what: what.to_owned() }
}

pub fn job(key: &str, case: Option<CaseId>, run_at: i64) -> NewJob {
    NewJob { key: key.to_owned(), case, kind: "mail", run_at: at(run_at), body: key.as_bytes().to_vec() }
}

pub fn jobs(micros: i64, jobs: Vec<NewJob>) -> Commit {
    Commit { jobs, ..Commit::at(at(micros)) }
}

pub fn document(path: &str, body: &str) -> StagedDocument {
    StagedDocument { path: path.to_owned(), body: body.as_bytes().to_vec() }
}

fn bodies(jobs: &[Job]) -> Vec<&str> {
    jobs.iter().map(|job| std::str::from_utf8(&job.body).expect("text")).collect()
}

pub async fn cases_come_back_as_stored(bed: &Bed) {
    let store = open(bed).await;
    put_project(&store, "cloudstack").await;
    let other = CaseChange { project: slug("cloudstack"), open: false, ..change(case(2), 0, &["x"]) };
    let both = Commit { changes: vec![change(case(1), 0, &["a", ""]), other], ..Commit::at(at(10)) };
    store.commit(both).await.expect("two cases");
    store.commit(events(20, case(1), 2, &["c"])).await.expect("one more event");
    store.close().await;

    let store = bed.open().await;
    let event = |seq, n, micros, body: &str| StoredEvent { seq, n, at: at(micros), body: body.into() };
    let expected = vec![event(1, 1, 10, "a"), event(2, 2, 10, ""), event(4, 3, 20, "c")];
    assert_eq!(told(&store, case(1)).await, Ok(expected));
    let log = store.all_events(2, 2).await.expect("a piece of the log");
    let seen: Vec<_> = log.iter().map(|event| (event.seq, event.case, event.n, &event.content)).collect();
    let (empty, x) = (Content::Read(Vec::new()), Content::Read(b"x".to_vec()));
    assert_eq!(seen, [(2, case(1), 2, &empty), (3, case(2), 1, &x)]);

    let row = |bits, project, n, open, micros| CaseRow {
        case: case(bits),
        project: slug(project),
        n,
        open,
        last_at: at(micros),
    };
    let (first, second) = (row(1, "xen", 3, true, 20), row(2, "cloudstack", 1, false, 10));
    assert_eq!(store.cases(None, false).await, Ok(vec![first.clone(), second.clone()]));
    assert_eq!(store.cases(None, true).await, Ok(vec![first.clone()]));
    assert_eq!(store.cases(Some(&slug("cloudstack")), false).await, Ok(vec![second]));
    assert_eq!(store.cases(Some(&slug("cloudstack")), true).await, Ok(vec![]));
    assert_eq!(store.case_row(case(1)).await, Ok(first));
    assert_eq!(store.case_exists(case(1)).await, Ok(true));
    assert_eq!(store.case_exists(case(3)).await, Ok(false));
    assert_eq!(store.last_event_at().await, Ok(Some(at(20))));
}

pub async fn a_late_decider_is_turned_away(bed: &Bed) {
    let store = open(bed).await;
    store.commit(events(1, case(1), 0, &["a"])).await.expect("a case");
    let conflict = Err(StoreError::Conflict { case: case(1) });
    for expected_n in [0, 2, 3] {
        let mut late = events(2, case(1), expected_n, &["late"]);
        late.jobs = vec![job("late", Some(case(1)), 0)];
        late.changes.insert(0, change(case(5), 0, &["innocent"]));
        assert_eq!(store.commit(late).await, conflict);
    }
    assert_eq!(store.case_exists(case(5)).await, Ok(false), "all or nothing");
    assert_eq!(store.jobs_left(at(9)).await.map(|left| left.due), Ok(0));
    assert_eq!(told(&store, case(1)).await.map(|events| events.len()), Ok(1));

    let (one, other) = (bed.open().await, bed.open().await);
    let race = tokio::join!(
        one.commit(events(3, case(1), 1, &["one"])),
        other.commit(events(3, case(1), 1, &["other"])),
    );
    assert!(race == (Ok(()), conflict.clone()) || race == (conflict, Ok(())), "{race:?}");
}

/// Also shows that the store's futures can move between threads.
pub async fn writers_of_many_cases_make_one_log(bed: &Bed) {
    let store = Arc::new(open(bed).await);
    let write = |bits: u64| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for n in 0..5 {
                store.commit(events(1, case(bits), n, &["event"])).await.expect("an event");
            }
        })
    };
    for writer in (0..8).map(write).collect::<Vec<_>>() {
        writer.await.expect("a writer");
    }
    let report = store.verify_log(|_, _| ()).await.expect("a report");
    assert!(report.is_sound() && report.events == 40, "{report:?}");
    assert_eq!(store.cases(None, true).await.map(|cases| cases.len()), Ok(8));
}

/// One of several that meet is refused, and one is given up half-way: the others are stored, once each.
pub async fn commits_that_meet_do_not_depend_on_each_other(bed: &Bed) {
    let store = Arc::new(open(bed).await);
    for given_up_after in 0..12 {
        let of = |bits: u64, n: u64| store.commit(events(1, case(given_up_after * 10 + bits), n, &["event"]));
        let dropped = async {
            // Polled so often, and dropped: wherever it stands then.
            let mut commit = Box::pin(of(0, 0));
            for _ in 0..given_up_after {
                let once =
                    std::future::poll_fn(|cx| std::task::Poll::Ready(commit.as_mut().poll(cx).is_ready()));
                if once.await {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        let ((), one, wrong, other) = tokio::join!(dropped, of(1, 0), of(2, 7), of(3, 0));
        assert_eq!((one, other), (Ok(()), Ok(())));
        assert_eq!(wrong, Err(StoreError::Conflict { case: case(given_up_after * 10 + 2) }));
    }
    let report = store.verify_log(|_, _| ()).await.expect("a report");
    assert!(report.is_sound() && (24..=36).contains(&report.events), "{report:?}");
}

pub async fn due_dates_come_oldest_first(bed: &Bed) {
    let store = open(bed).await;
    let with_due = |case, expected_n, due| Commit {
        changes: vec![CaseChange { due, ..change(case, expected_n, &["event"]) }],
        ..Commit::at(at(1))
    };
    store.commit(with_due(case(1), 0, Some(vec![due(30, "c"), due(10, "a")]))).await.expect("due");
    store.commit(with_due(case(2), 0, Some(vec![due(20, "b")]))).await.expect("due");
    let words = async |until: Option<i64>, limit| {
        let due = store.due(until.map(at), limit).await.expect("due");
        due.into_iter().map(|of| of.due.what).collect::<String>()
    };
    assert_eq!(words(None, 9).await, "abc");
    assert_eq!(words(None, 2).await, "ab");
    assert_eq!(words(Some(20), 9).await, "ab");
    assert_eq!(words(Some(9), 9).await, "");
    store.commit(with_due(case(1), 1, None)).await.expect("due dates left alone");
    assert_eq!(words(None, 9).await, "abc");
    store.commit(with_due(case(1), 2, Some(vec![due(5, "d")]))).await.expect("due dates replaced");
    assert_eq!(words(None, 9).await, "db");
    // What was altered is no reason to refuse: it follows from the events, and is written anew.
    bed.tamper("UPDATE due SET at_us = 7 WHERE at_us = 5").await;
    store.commit(with_due(case(1), 3, Some(vec![due(5, "d")]))).await.expect("due dates mended");
    assert_eq!(words(None, 9).await, "db");
    store.commit(with_due(case(2), 1, Some(vec![]))).await.expect("due dates removed");
    assert_eq!(words(None, 9).await, "d");
}

/// What is due is read once for all that meet: the last of them has its way, even where it restores what was read.
pub async fn of_commits_that_meet_in_one_case_the_last_says_what_is_due(bed: &Bed) {
    let store = open(bed).await;
    let at_n = |expected_n, micros| {
        let due = Some(vec![due(micros, "embargo ends")]);
        let changes = vec![CaseChange { due, ..change(case(1), expected_n, &["event"]) }];
        store.commit(Commit { changes, ..Commit::at(at(1)) })
    };
    assert_eq!(at_n(0, 10).await, Ok(()));
    // The first of them may go alone; those that came meanwhile go together.
    assert_eq!(tokio::join!(at_n(1, 10), at_n(2, 20), at_n(3, 10)), (Ok(()), Ok(()), Ok(())));
    let stored = store.due(None, 9).await.expect("due");
    assert_eq!(stored.into_iter().map(|of| of.due.at).collect::<Vec<_>>(), [at(10)]);
}

/// Two servers on one database: neither works with what the other has replaced.
pub async fn what_another_process_changed_counts_at_once(bed: &Bed) {
    let (one, other) = (open(bed).await, bed.open().await);
    one.commit(events(1, case(1), 0, &["a"])).await.expect("a case");
    let seen = other.history(case(1), "people").await.expect("its history");
    assert_eq!((seen.project, seen.events.len(), seen.setting), (slug("xen"), 1, None));
    one.set_setting("people", "alice").await.expect("set");
    one.set_setting("another", "not asked for").await.expect("set");
    put_project(&one, "cloudstack").await;
    let late = CaseChange { project: slug("cloudstack"), ..change(case(1), 1, &["b", "c"]) };
    one.commit(Commit { changes: vec![late], ..Commit::at(at(2)) }).await.expect("two more events");
    let seen = other.history(case(1), "people").await.expect("its history");
    let setting = Some("alice".into());
    assert_eq!((seen.project, seen.events.len(), seen.setting), (slug("cloudstack"), 3, setting));
    one.shred(case(1), at(3), "lars").await.expect("shredded");
    let gone = StoreError::Shredded { case: case(1) };
    assert_eq!(other.history(case(1), "people").await, Err(gone));
    for store in [one, other] {
        store.close().await;
    }
}

/// What a page reads, it reads as of one moment; what it wrote itself, and what others wrote while it waited, it sees.
pub async fn a_reader_at_one_moment_sees_one_state(bed: &Bed) {
    let store = open(bed).await;
    store.set_setting("site", "first").await.expect("set");
    let site = async || store.setting("site").await.expect("read").expect("a setting").to_string();
    // Another program, which does not take turns with this thread.
    let elsewhere = |text: &'static str| {
        std::thread::scope(|scope| {
            let write = async {
                let other = bed.open().await;
                other.set_setting("site", text).await.expect("set");
                other.close().await;
            };
            let run = || {
                tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .expect("a runtime")
                    .block_on(write)
            };
            scope.spawn(run).join().expect("it wrote");
        });
    };
    let read = store.at_one_moment(async {
        let before = site().await;
        elsewhere("second");
        let meanwhile = site().await;
        tokio::task::yield_now().await;
        let after = site().await;
        store.set_setting("site", "third").await.expect("set");
        [before, meanwhile, after, site().await]
    });
    let read = read.await;
    let meanwhile = if matches!(bed.location, Location::Sqlite(_)) { "first" } else { "second" };
    assert_eq!(read, ["first", meanwhile, "second", "third"]);
    elsewhere("fourth");
    assert_eq!(site().await, "fourth");
    store.close().await;
}

pub async fn a_job_is_leased_to_one_worker(bed: &Bed) {
    let (one, other) = (open(bed).await, bed.open().await);
    one.commit(events(1, case(1), 0, &["event"])).await.expect("a case");
    let many = (0..20).map(|n| job(&format!("job {n:02}"), Some(case(1)), 5)).collect();
    one.commit(jobs(1, many)).await.expect("jobs");
    assert_eq!(one.claim_jobs(at(4), at(100), "one", 9).await, Ok(vec![]), "not yet");

    let (mine, theirs) =
        tokio::join!(one.claim_jobs(at(5), at(100), "one", 15), other.claim_jobs(at(5), at(100), "two", 15));
    let (mine, theirs) = (mine.expect("jobs"), theirs.expect("jobs"));
    let rest = one.claim_jobs(at(6), at(100), "one", 20).await.expect("the rest");
    let mut all: Vec<_> = [&mine, &theirs, &rest].into_iter().flat_map(|jobs| bodies(jobs)).collect();
    all.sort_unstable();
    all.dedup();
    assert_eq!((all.len(), mine.len() + theirs.len() + rest.len()), (20, 20));

    assert_eq!(one.claim_jobs(at(99), at(200), "one", 20).await, Ok(vec![]), "all are leased");
    let again = other.claim_jobs(at(100), at(200), "two", 20).await.expect("leases that ran out");
    assert_eq!(bodies(&again).first(), Some(&"job 00"), "in the order of their commit");
    assert_eq!((again.len(), again[0].attempts), (20, 2));

    other.retry_job(again[0].id, at(150), "refused").await.expect("a retry");
    let next = one.claim_jobs(at(149), at(300), "one", 20).await;
    assert_eq!(next, Ok(vec![]), "not before its time");
    let next = one.claim_jobs(at(150), at(300), "one", 20).await.expect("the retry");
    assert_eq!(next[0].last_error.as_deref(), Some("refused"));
    assert_eq!(next[0].attempts, 3);
    let left = JobsLeft { due: 20, later: 0, next_at: Some(at(5)) };
    assert_eq!(one.jobs_left(at(150)).await, Ok(left));
}

pub async fn a_repeat_is_harmless(bed: &Bed) {
    let store = open(bed).await;
    store.commit(jobs(1, vec![job("welcome", None, 1)])).await.expect("a job");
    store.commit(jobs(2, vec![job("welcome", None, 1)])).await.expect("the same job");
    let claimed = store.claim_jobs(at(3), at(9), "w", 9).await.expect("jobs");
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0].id, store.job_id("welcome"));
    store.finish_job(claimed[0].id).await.expect("finished");
    store.commit(jobs(4, vec![job("welcome", None, 1)])).await.expect("the same job, long done");
    let left = JobsLeft { due: 0, later: 0, next_at: None };
    assert_eq!(store.jobs_left(at(9)).await, Ok(left));
    let gone = Err(StoreError::AlreadyDone { job: claimed[0].id });
    assert_eq!(store.finish_job(claimed[0].id).await, gone);
    assert_eq!(store.retry_job(claimed[0].id, at(5), "late").await, gone);

    store.put_outgoing("mail 1", None, at(1), b"first").await.expect("a letter");
    store.put_outgoing("mail 1", None, at(2), b"again").await.expect("the same letter");
    store.put_outgoing("mail 2", None, at(3), b"second").await.expect("another letter");
    let outbox = store.outgoing(0, 9).await.expect("the outbox");
    let seen: Vec<_> = outbox.iter().map(|mail| (mail.seq, mail.at, mail.raw.as_deref())).collect();
    assert_eq!(seen, [(1, at(1), Some(&b"first"[..])), (2, at(3), Some(b"second"))]);
    assert_eq!(store.outgoing(1, 9).await, Ok(outbox[1..].to_vec()));
}

pub async fn a_job_finishes_once_with_its_commit(bed: &Bed) {
    let store = open(bed).await;
    let first = Commit { jobs: vec![job("ask", Some(case(1)), 1)], ..events(1, case(1), 0, &["asked"]) };
    store.commit(first).await.expect("a case with a job");
    let id = store.claim_jobs(at(2), at(3), "slow", 1).await.expect("a job")[0].id;
    store.claim_jobs(at(4), at(5), "fast", 1).await.expect("the same job, its lease over");
    let answer = |n, text| Commit { finish_job: Some(id), ..events(5, case(1), n, &[text]) };
    store.commit(answer(1, "fast")).await.expect("the answer");
    assert_eq!(store.commit(answer(2, "slow")).await, Err(StoreError::AlreadyDone { job: id }));
    let told = told(&store, case(1)).await.expect("events");
    assert_eq!(told.last().map(|event| &event.body[..]), Some(&b"fast"[..]));
    assert_eq!(told.len(), 2);
}

pub async fn letters_wait_for_their_case(bed: &Bed) {
    let store = open(bed).await;
    let id = store.put_letter(at(1), b"Subject: hole\r\n").await.expect("a letter");
    let twin = store.put_letter(at(2), b"Subject: hole\r\n").await.expect("an equal letter");
    assert_ne!(id, twin);
    let claimed = store.claim_jobs(at(2), at(9), "w", 9).await.expect("jobs");
    assert_eq!(bodies(&claimed), [id.to_string(), twin.to_string()]);
    assert!(claimed.iter().all(|job| job.kind == "parse-letter"));
    assert_eq!(id.to_string().parse(), Ok(id));

    let link = Commit { link_letter: Some((id, case(1))), ..events(3, case(1), 0, &["reported"]) };
    store.commit(link).await.expect("a case from a letter");
    store.set_letter_aside(twin).await.expect("set aside");
    store.set_letter_aside(id).await.expect("no change");
    let letter =
        |micros, case, state| Letter { at: at(micros), raw: b"Subject: hole\r\n".to_vec(), case, state };
    assert_eq!(store.letter(id).await, Ok(letter(1, Some(case(1)), LetterState::Linked)));
    assert_eq!(store.letter(twin).await, Ok(letter(2, None, LetterState::SetAside)));
    let listed = store.letters(None, 9).await.expect("letters");
    assert_eq!(listed.iter().map(|entry| entry.id).collect::<Vec<_>>(), [twin, id], "the newest first");
    let linked = store.letters(Some(LetterState::Linked), 9).await.expect("letters");
    assert_eq!(linked, listed[1..]);
}

/// A commit that stages documents of the first case and does nothing else.
pub fn staging(version: u32, documents: &[StagedDocument]) -> Commit {
    let documents = documents.to_vec();
    Commit { stage: vec![Staging { case: case(1), version, documents }], ..Commit::at(at(3)) }
}

pub async fn documents_become_public_at_once(bed: &Bed) {
    let store = open(bed).await;
    store.commit(events(1, case(1), 0, &["event"])).await.expect("a case");
    let stage = async |version, documents: &[StagedDocument]| {
        store.commit(staging(version, documents)).await.expect("staged");
    };
    stage(1, &[document("a.html", "draft"), document("b.json", "draft")]).await;
    stage(1, &[document("a.html", "old")]).await;
    stage(2, &[document("a.html", "new"), document("c.json", "{}")]).await;
    let late =
        Commit { stage: staging(1, &[document("a.html", "late")]).stage, ..events(9, case(1), 0, &["late"]) };
    assert_eq!(store.commit(late).await, Err(StoreError::Conflict { case: case(1) }));
    assert_eq!(
        store.staged(case(1), 1).await,
        Ok(vec![document("a.html", "old")]),
        "a refused commit stages nothing"
    );
    assert_eq!(store.public_documents().await, Ok(vec![]));

    let promote = |micros, n, version| Commit {
        promote: vec![Promotion { case: case(1), version }],
        ..events(micros, case(1), n, &["published"])
    };
    store.commit(promote(10, 1, 1)).await.expect("published");
    assert_eq!(store.staged(case(1), 1).await, Ok(vec![]));
    assert_eq!(store.staged(case(1), 2).await.map(|staged| staged.len()), Ok(2));
    store.commit(promote(20, 2, 2)).await.expect("published again");
    let entry = |path: &str, bytes| PublicEntry { path: path.to_owned(), bytes, since: at(20) };
    assert_eq!(store.public_documents().await, Ok(vec![entry("a.html", 3), entry("c.json", 2)]));
    let shown = store.public_document("a.html").await;
    assert_eq!(shown, Ok(Some(PublicDocument { body: b"new".to_vec(), since: at(20) })));
    assert_eq!(store.public_document("b.json").await, Ok(None));

    let nothing = store.commit(promote(30, 3, 3)).await.expect_err("nothing is staged");
    assert!(matches!(nothing, StoreError::NotFound { .. }));
    assert_eq!(told(&store, case(1)).await.map(|events| events.len()), Ok(3), "all or nothing");
}

pub async fn blobs_projects_settings_and_numbers(bed: &Bed) {
    let store = open(bed).await;
    let patch = b"--- a/x\n+++ b/x\n".repeat(100);
    let digest = store.put_blob(case(1), &patch).await.expect("a blob before its case");
    assert_eq!(store.put_blob(case(1), &patch).await, Ok(digest));
    assert_eq!(store.blob(case(1), &digest).await, Ok(patch));
    assert_eq!(store.case_exists(case(1)).await, Ok(false));
    store.commit(events(1, case(1), 0, &["patched"])).await.expect("the case");
    assert!(matches!(store.blob(case(1), &[0; 32]).await, Err(StoreError::NotFound { .. })));

    let mut project = store.project(&slug("xen")).await.expect("the project");
    project.policy_toml = "name = 2".to_owned();
    store.put_project(&project).await.expect("a new policy");
    put_project(&store, "cloudstack").await;
    assert_eq!(store.project(&slug("xen")).await, Ok(project.clone()));
    let projects = store.projects().await.expect("projects");
    assert_eq!((projects.len(), &projects[1]), (2, &project));

    assert_eq!(store.setting("name").await, Ok(None));
    store.set_setting("name", "first").await.expect("set");
    store.set_setting("name", "second").await.expect("set again");
    assert_eq!(store.setting("name").await, Ok(Some("second".into())));

    let numbers = tokio::join!(store.next_number("xsa"), store.next_number("xsa"), store.next_number("cve"));
    assert!(matches!(numbers, (Ok(1), Ok(2), Ok(1)) | (Ok(2), Ok(1), Ok(1))), "{numbers:?}");
}

pub async fn derived_rows_are_replaced_whole(bed: &Bed) {
    let store = open(bed).await;
    let change = CaseChange { due: Some(vec![due(9, "b"), due(3, "a")]), ..change(case(1), 0, &["a", "b"]) };
    store.commit(Commit { changes: vec![change], ..Commit::at(at(1)) }).await.expect("a case");
    store.commit(events(2, case(2), 0, &["c"])).await.expect("another");
    let good = store.derived_rows().await.expect("derived");
    assert_eq!(good.cases[0].due, [due(9, "b"), due(3, "a")]);

    bed.tamper("DELETE FROM due WHERE position = 0; UPDATE case_row SET open = 0, n = 1").await;
    let bad = store.derived_rows().await.expect("derived");
    assert_ne!(bad, good);
    assert_eq!(store.replace_derived(2, &good.cases).await, Err(StoreError::LogMoved));
    assert_eq!(store.derived_rows().await, Ok(bad));
    store.replace_derived(3, &good.cases).await.expect("replaced");
    assert_eq!(store.derived_rows().await, Ok(good));
    store.commit(events(3, case(1), 2, &["d"])).await.expect("the case goes on");
}

pub async fn two_programs_may_start_at_once(bed: &Bed) {
    let (one, other) = tokio::join!(bed.open(), bed.open());
    put_project(&one, "xen").await;
    one.commit(events(1, case(1), 0, &["a"])).await.expect("a case");
    other.commit(events(2, case(1), 1, &["b"])).await.expect("the same keys");
    assert_eq!(told(&one, case(1)).await.map(|events| events.len()), Ok(2));
}

pub async fn what_is_missing_is_named(bed: &Bed) {
    let store = open(bed).await;
    let name = |error: StoreError| error.to_string();
    assert_eq!(told(&store, case(1)).await.map_err(name), Err(format!("not found: case {}", case(1))),);
    let letter = "0123456789abcdef0123456789abcdef".parse().expect("an id");
    assert!(matches!(store.letter(letter).await, Err(StoreError::NotFound { .. })));
    let mut unknown = events(1, case(1), 0, &["event"]);
    unknown.changes[0].project = slug("no-such");
    assert!(matches!(store.commit(unknown).await, Err(StoreError::NotFound { .. })));
    let orphan = jobs(1, vec![job("orphan", Some(case(7)), 1)]);
    assert!(matches!(store.commit(orphan).await, Err(StoreError::NotFound { .. })));
    assert_eq!(store.last_event_at().await, Ok(None));
    assert_eq!(store.log_head().await.map(|head| head.seq), Ok(0));
}

pub async fn a_letter_is_sent_by_one_and_its_way_kept(bed: &Bed) {
    let store = bed.open().await;
    for n in 1..=3 {
        store.put_outgoing(&format!("mail {n}"), None, at(n), b"letter").await.expect("a letter");
    }
    let claim =
        async |now, limit| store.claim_deliveries(at(now), at(now + 100), limit).await.expect("claimed");
    let first = claim(2, 9).await;
    assert_eq!(first.iter().map(|claimed| claimed.seq).collect::<Vec<_>>(), [1, 2], "3 is not due");
    let second = first[1];
    let dead = claim(3, 1).await[0];
    assert_eq!(dead.seq, 3);
    assert_eq!(claim(50, 9).await, [], "all are leased");
    store.settle_delivery(1, at(60), DeliveryState::Sent, "250 ok").await.expect("settled");
    store.put_delivery_off(&second, at(60), at(500), &"x".repeat(SAID_CHARS_MAX + 9)).await.expect("put off");
    // Whoever had the third died: its lease runs out.
    let again = claim(200, 9).await;
    assert_eq!((again.len(), again[0].seq, again[0].attempts, again[0].since), (1, 3, 2, at(3)));
    // It was not dead after all, but slow: it changes nothing any more.
    assert_eq!(store.renew_delivery(&dead, at(900)).await, Ok(false));
    store.put_delivery_off(&dead, at(201), at(201), "slow").await.expect("nothing to do");
    assert_eq!(claim(201, 9).await, [], "the letter is still the other's");
    assert_eq!(store.renew_delivery(&again[0], at(310)).await, Ok(true));
    assert_eq!(claim(305, 9).await, [], "for as long as that one holds it");
    store.settle_delivery(3, at(210), DeliveryState::Failed, "550 no").await.expect("settled");
    store.settle_delivery(3, at(220), DeliveryState::Sent, "late").await.expect("no change");
    let ways = store.deliveries(0, 9).await.expect("ways");
    let states: Vec<DeliveryState> = ways.iter().map(|way| way.state).collect();
    assert_eq!(states, [DeliveryState::Sent, DeliveryState::Waiting, DeliveryState::Failed]);
    assert_eq!((ways[1].next, ways[1].said.as_ref().map(String::len)), (at(500), Some(SAID_CHARS_MAX)));
    assert_eq!((ways[2].changed, ways[2].said.as_deref()), (at(210), Some("550 no")));
    assert_eq!(store.deliver_again(3, at(300)).await, Ok(true));
    assert_eq!(claim(300, 9).await[0].attempts, 1);
    assert_eq!(store.deliver_again(1, at(300)).await, Ok(false));
    assert_eq!(store.letter_of_message(&store.message_name("mail 2")).await, Ok(Some((2, None))));
    assert_eq!(store.letter_of_message("nothing").await, Ok(None));
    let none = Claimed { seq: 99, ..dead };
    assert!(store.put_delivery_off(&none, at(1), at(2), "x").await.is_err());
}

pub async fn keys_of_people_come_back_newest_first(bed: &Bed) {
    let store = bed.open().await;
    let key = |owner: &str, fingerprint: &str| PersonKey {
        owner: owner.to_owned(),
        fingerprint: fingerprint.to_owned(),
        armoured: format!("key {fingerprint}"),
    };
    for (n, fingerprint) in [(1, "A"), (3, "C"), (2, "B")] {
        store.put_person_key(at(n), &key("alice", fingerprint)).await.expect("kept");
    }
    store.put_person_key(at(4), &key("bob", "A")).await.expect("kept");
    let of = async |person: Option<&str>| {
        let keys = store.person_keys(person).await.expect("keys");
        keys.iter().map(|key| format!("{} {}", key.owner, key.fingerprint)).collect::<Vec<_>>()
    };
    assert_eq!(of(Some("alice")).await, ["alice C", "alice B", "alice A"]);
    assert_eq!(of(None).await.len(), 4);
    store.put_person_key(at(9), &key("alice", "A")).await.expect("the same key again");
    assert_eq!(of(Some("alice")).await, ["alice A", "alice C", "alice B"]);
    assert_eq!(store.remove_person_key("alice", "C").await, Ok(true));
    assert_eq!(store.remove_person_key("alice", "C").await, Ok(false));
    assert_eq!(of(None).await.len(), 3);
}
