//! What `fsck` finds in a database that somebody had their hands in.

#[path = "store/bed.rs"]
#[expect(dead_code, reason = "the store's own tests use the rest of it")]
mod bed;

use bed::Bed;
use std::sync::Arc;
use tidegate::engine::clock::SetClock;
use tidegate::engine::fsck::{FsckReport, Shredded};
use tidegate::engine::{Engine, EngineError};
use tidegate::hands::{Arrival, Cut};
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

/// ALL-05: what does not fit is cut; the case opens, and says so.
#[tokio::test]
async fn a_report_that_is_too_long_opens_a_case() {
    let bed = Bed::sqlite();
    let (engine, _) = engine_with(&bed, 0).await;
    let cut = Cut { bytes: 30_000_000, whole: true, sha256: "ab".repeat(32) };
    let arrival = Arrival { raw: MAIL.to_vec(), cut: Some(cut) };
    let letter = engine.accept_arrival(&name("xen"), None, &arrival).await.expect("stored");
    engine.work().await.expect("works");
    let case = engine.store.letter(letter).await.expect("the letter").case.expect("a case");
    let (file, viewer) = engine.open_case(case, &name("ian")).await.expect("the team's case");
    let view = file.view(&viewer).expect("the team sees it");
    let report = &view.record.as_ref().expect("the record").reports[0];
    assert_eq!(report.title.as_str(), "A flaw");
    assert!(report.faults[0].starts_with("the letter had 30000000 bytes and was cut to 26214400"));
    assert_eq!(fsck(&engine).await.damage, Vec::<String>::new());
}

/// Does something to the database, checks, and answers with what is found.
async fn after(bed: &Bed, engine: &Engine, sql: &str) -> Vec<String> {
    assert_eq!(fsck(engine).await.damage, Vec::<String>::new());
    bed.tamper(sql).await;
    fsck(engine).await.damage
}

#[tokio::test]
async fn a_letter_that_is_gone_is_missed() {
    let bed = Bed::sqlite();
    let (engine, cases) = engine_with(&bed, 2).await;
    let case = cases[0];
    let found = after(&bed, &engine, &format!("DELETE FROM letter WHERE case_id = '{case}'")).await;
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with(&format!("case {case} tells of a letter with SHA-256 ")), "{found:?}");

    let bed = Bed::sqlite();
    let (engine, _) = engine_with(&bed, 1).await;
    let waiting = engine.accept_letter(&name("xen"), None, MAIL).await.expect("stored");
    let found = after(&bed, &engine, "DELETE FROM letter WHERE state = 'waiting'").await;
    assert_eq!(found, [format!("letter {waiting} waited to be read and is missing")]);

    let bed = Bed::sqlite();
    let (engine, cases) = engine_with(&bed, 1).await;
    let found = after(&bed, &engine, "UPDATE letter SET state = 'set-aside', case_id = NULL").await;
    assert!(found.iter().any(|words| words.starts_with(&format!("case {} tells of a letter", cases[0]))));
}

#[tokio::test]
async fn the_outbox_is_whole() {
    let bed = Bed::sqlite();
    let (engine, _) = engine_with(&bed, 2).await;
    let letters = engine.store.outgoing(0, 99).await.expect("the outbox");
    assert!(letters.len() > 3, "{}", letters.len());
    let all = letters.len();
    let one_gone = [format!("1 of the {all} letters of the outbox are missing")];
    bed.tamper("CREATE TABLE kept AS SELECT seq, tag, case_id, at_us, body FROM outgoing").await;
    let restore = "DELETE FROM outgoing; INSERT INTO outgoing (seq, tag, case_id, at_us, body)
        SELECT seq, tag, case_id, at_us, body FROM kept";
    assert_eq!(after(&bed, &engine, "DELETE FROM outgoing WHERE seq = 2").await, one_gone);
    bed.tamper(restore).await;
    let last = format!("DELETE FROM outgoing WHERE seq = {all}");
    assert_eq!(after(&bed, &engine, &last).await, one_gone, "also at the end");
    bed.tamper(restore).await;
    let forged = "INSERT INTO outgoing (seq, tag, case_id, at_us, body)
        SELECT 99, zeroblob(32), case_id, at_us, body FROM kept WHERE seq = 1";
    let found = after(&bed, &engine, forged).await;
    assert!(found.contains(&"letter 99 was added to the outbox outside of Tidegate".to_owned()), "{found:?}");
}

/// Every table is damaged at once, and everything is said at once.
#[tokio::test]
async fn one_finding_hides_no_other() {
    let bed = Bed::sqlite();
    let (engine, cases) = engine_with(&bed, 3).await;
    bed.tamper(&format!(
        "UPDATE outgoing SET body = zeroblob(300) WHERE seq = 2;
         UPDATE event SET body = zeroblob(300) WHERE case_id = '{}' AND n = 2;
         UPDATE letter SET body = zeroblob(300) WHERE case_id = '{}';
         UPDATE due SET what = zeroblob(300) WHERE case_id = '{}'",
        cases[0], cases[1], cases[2]
    ))
    .await;
    let report = engine.fsck(true, |_| {}).await.expect("fsck runs");
    for part in
        ["letter 2 of the outbox: ", &format!("case {}: row ", cases[0]), "of table letter was altered"]
    {
        assert!(report.damage.iter().any(|words| words.contains(part)), "{part}: {:?}", report.damage);
    }
    assert_eq!(report.differences, [format!("case {}: what is due differs", cases[2])]);
    assert!(!report.mended, "a case that cannot be replayed is left as it is");
}

/// Whoever takes a password, or a line of what happened, out of the database is found out.
#[tokio::test]
async fn an_account_that_was_altered_is_found() {
    let bed = Bed::sqlite();
    let (engine, _) = engine_with(&bed, 0).await;
    engine.invite(&name("ian")).await.expect("invited");
    engine.invite(&name("ian")).await.expect("invited");
    engine.work().await.expect("works");
    bed.tamper("CREATE TABLE kept AS SELECT * FROM account").await;
    let found = after(&bed, &engine, "DELETE FROM account_event WHERE n = 2").await;
    assert!(found.len() == 1 && found[0].starts_with("1 of the 2 events of account "), "{found:?}");
    bed.tamper("UPDATE account_event SET at_us = at_us + 1; UPDATE account SET n = 1").await;
    let found = fsck(&engine).await.damage;
    let said = |text: &str| found.iter().any(|line| line.contains(text));
    assert!(said("1 events of account ") && said("the account "), "{found:?}");
}

/// Decision 0009: a fold is derived. Whoever changes it changes no decision, and is found out.
#[tokio::test]
async fn a_fold_is_only_a_shorter_way() {
    let bed = Bed::sqlite();
    let (engine, cases) = engine_with(&bed, 1).await;
    let (case, ian) = (cases[0], name("ian"));
    let say = async |text: String| engine.perform(case, &ian, &Action::MessageReporter { text }).await;
    for (done, then) in [
        ("UPDATE case_fold SET body = substr(body, 1, length(body) - 1)", true),
        ("UPDATE case_fold SET n = n - 1", true),
        ("DELETE FROM case_fold", false),
    ] {
        for nth in 0..16 {
            say(format!("Question {nth}")).await.expect("said");
        }
        assert_eq!(fsck(&engine).await.differences, Vec::<String>::new());
        bed.tamper(done).await;
        let told = engine.store.case_row(case).await.expect("a row").n;
        say(done.to_owned()).await.expect("said all the same");
        assert_eq!(engine.store.case_row(case).await.expect("a row").n, told + 1, "{done}");
        let report = engine.fsck(true, |_| {}).await.expect("fsck runs");
        assert_eq!((report.differences.len() == 1, report.mended), (then, then), "{done}: {report:?}");
        assert_eq!(fsck(&engine).await.differences, Vec::<String>::new(), "{done}");
    }
}
