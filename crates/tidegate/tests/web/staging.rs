//! A case whose project names staging branches: when a fix does not fit one any more, the team is told, once.

use super::git::{commit, git};
use super::{World, name};
use axum::http::StatusCode;
use std::path::Path;
use tidegate::engine::repository::{Repository, Trees};
use tidegate_domain::case::forecast::Outlook;
use tidegate_domain::case::{Event, Forecast};
use tidegate_domain::id::CaseId;
use tidegate_domain::point_release::Marks;
use tidegate_domain::time::Instant;

const EVERY_MIN: u32 = 60;
const TEXT: &str = "one\nTWO\nthree\nfour\nfive\n";

/// A release, a clean-up after it on the staging branch, and a fix that stands on the clean-up and is not pushed.
struct Code {
    room: tempfile::TempDir,
    fix: Vec<u8>,
}

impl Code {
    fn new() -> Code {
        let room = tempfile::tempdir().expect("a folder");
        let at = room.path();
        git(at, &["init", "--quiet", "-b", "staging-4.4"]);
        commit(at, "one\ntwo\nthree\nfour\nfive\n", "first");
        git(at, &["tag", "RELEASE-4.4.1"]);
        commit(at, TEXT, "tidy up");
        commit(at, &TEXT.replace("three", "THREE"), "fix");
        let fix = git(at, &["format-patch", "--stdout", "-1"]) + "\n";
        git(at, &["reset", "--quiet", "--hard", "HEAD~1"]);
        Code { room, fix: fix.into_bytes() }
    }

    fn path(&self) -> &Path {
        self.room.path()
    }

    fn repository(&self) -> Repository {
        let staging = Some("staging-4.4".to_owned());
        let trees = Trees { tag: "RELEASE-4.4.1".to_owned(), branch: staging.clone(), staging };
        Repository {
            path: self.path().to_owned(),
            releases: [(name("4.4"), trees)].into(),
            forecast_every_min: Some(EVERY_MIN),
            marks: Marks { prerequisites: 1, fixes: 9 },
        }
    }
}

impl World {
    /// The next beat comes, and everything that is due is done.
    async fn beat(&self) {
        let now = self.web.engine.clock.now().micros() + i64::from(EVERY_MIN) * 60_000_000;
        self.clock.set(Instant::from_micros(now));
        let round = self.web.engine.work().await.expect("works");
        assert!(round.failed.is_empty(), "{round:?}");
    }

    /// A confirmed case with the fix attached.
    async fn case_with(&self, code: &Code) -> CaseId {
        self.report("A+hole+in+grants").await;
        let (ian, case) = (self.sign_in("ian").await, self.only_case().await);
        let done = self.ask("POST", &format!("/desk/cases/{case}/acknowledge"), &ian, "text=x").await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
        let done = self.ask("POST", &format!("/desk/cases/{case}/confirm"), &ian, "releases=4.4").await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
        let engine = &self.web.engine;
        let attach = engine.keep_patch(case, &name("ian"), name("4.4"), "xsa7.patch", &code.fix).await;
        engine.perform(case, &name("ian"), &attach.expect("kept")).await.expect("attached");
        engine.work().await.expect("works");
        case
    }

    /// The forecasts that the case's log has, each with the one before it.
    async fn forecasts(&self, case: CaseId) -> Vec<(Option<Forecast>, Forecast)> {
        let (file, viewer) = self.web.engine.open_case(case, &name("ian")).await.expect("the team's case");
        let view = file.view(&viewer).expect("the team sees it");
        let changed = file.log(&view).filter_map(|entry| match &entry.event {
            Event::ForecastChanged { was, is, .. } => Some((was.as_deref().cloned(), (**is).clone())),
            _ => None,
        });
        changed.collect()
    }

    /// The letters that tell of the staging branch.
    async fn told(&self) -> Vec<String> {
        let all = self.web.engine.store.outgoing(0, 1_000).await.expect("the outbox");
        let texts = all.into_iter().filter_map(|letter| String::from_utf8(letter.raw?).ok());
        texts.filter(|text| text.contains("staging-4.4")).collect()
    }
}

#[tokio::test]
async fn the_team_is_told_when_a_fix_stops_applying_and_when_it_does_again() {
    let (world, code) = (World::new().await, Code::new());
    world.web.engine.set_repository(&name("xen"), &code.repository()).await.expect("stored");
    let case = world.case_with(&code).await;
    let first = world.forecasts(case).await;
    assert!(matches!(&first[..], [(None, is)] if is.outlook == Outlook::Applies), "{first:?}");
    std::fs::write(code.path().join("beside"), "x\n").expect("written");
    commit(code.path(), TEXT, "far away");
    world.beat().await;
    assert_eq!(world.forecasts(case).await, first, "the branch moved, and the answer stayed");
    assert_eq!(world.told().await.len(), 0);

    let since = commit(code.path(), &TEXT.replace("three", "three or so"), "reword");
    world.beat().await;
    let second = world.forecasts(case).await;
    let [_, (Some(was), is)] = &second[..] else { panic!("{second:?}") };
    assert_eq!((&was.outlook, is.tip.as_ref()), (&Outlook::Applies, Some(&since)));
    let expected = Outlook::Stopped {
        since: since.clone(),
        subject: "reword".to_owned(),
        file: "file".to_owned(),
        line: 1,
    };
    assert_eq!(is.outlook, expected);
    let letters = world.told().await;
    let [letter] = &letters[..] else { panic!("{letters:?}") };
    for wanted in
        ["To: <ian@xen.example>", "does not apply any more", "4.4", since.as_str(), "file", "attach-patch"]
    {
        assert!(letter.contains(wanted), "{wanted}: {letter}");
    }
    let subject = letter.lines().find(|line| line.starts_with("Subject:")).expect("a subject");
    assert!(!subject.contains("4.4") && !subject.contains("appl"), "{subject}");
    let ian = world.sign_in("ian").await;
    let page = world.ask("GET", &format!("/desk/cases/{case}"), &ian, "").await.body;
    assert!(page.contains("Stopped applying") && page.contains("reword"), "{page}");

    world.beat().await;
    assert_eq!((world.forecasts(case).await, world.told().await), (second, letters), "nothing is said twice");
    git(code.path(), &["revert", "--no-edit", "HEAD"]);
    world.beat().await;
    let third = world.forecasts(case).await;
    assert_eq!(third[2].1.outlook, Outlook::Applies);
    assert!(world.told().await[1].contains("fits staging-4.4 again"));
}

/// A row of the record is the record of those who may see the case.
#[tokio::test]
async fn a_point_release_is_proposed_to_those_who_may_see_the_cases() {
    let (world, code) = (World::new().await, Code::new());
    world.web.engine.set_repository(&name("xen"), &code.repository()).await.expect("stored");
    let (ian, olga) = (world.sign_in("ian").await, world.sign_in("olga").await);
    let (before, hers) =
        (world.ask("GET", "/desk/cases", &ian, "").await, world.ask("GET", "/desk/cases", &olga, "").await);
    assert!(!before.body.contains("Point releases"));
    world.case_with(&code).await;
    let shown = world.ask("GET", "/desk/cases", &ian, "").await.body;
    assert!(
        shown.contains("Proposed") && shown.contains("1 prerequisite, fits the staging branch"),
        "{shown}"
    );
    assert_eq!(world.ask("GET", "/desk/cases", &olga, "").await, hers);
    // What does not fit the branch would need its prerequisite on the next release as well.
    commit(code.path(), &TEXT.replace("three", "three or so"), "reword");
    world.beat().await;
    let shown = world.ask("GET", "/desk/cases", &ian, "").await.body;
    assert!(!shown.contains("Proposed") && shown.contains("does not fit the staging branch"), "{shown}");
}

/// Whoever sees when this program works learns nothing from it: the beat is there before there is a case.
#[tokio::test]
async fn the_beat_is_the_same_without_a_case() {
    let (world, code) = (World::new().await, Code::new());
    let engine = &world.web.engine;
    let next = || async { engine.store.jobs_left(engine.clock.now()).await.expect("counted") };
    engine.set_repository(&name("xen"), &code.repository()).await.expect("stored");
    engine.set_repository(&name("xen"), &code.repository()).await.expect("stored again");
    engine.work().await.expect("works");
    let beat = |text: &str| Some(text.parse::<Instant>().expect("an instant"));
    let left = next().await;
    assert_eq!(
        (left.due, left.later, left.next_at),
        (0, 1, beat("2026-03-02T10:00:00Z")),
        "one, however often named"
    );
    world.beat().await;
    let left = next().await;
    assert_eq!((left.due, left.later, left.next_at), (0, 1, beat("2026-03-02T11:00:00Z")));
    // Another interval begins anew; none at all ends it.
    let other = Repository { forecast_every_min: None, ..code.repository() };
    engine.set_repository(&name("xen"), &other).await.expect("stored");
    world.beat().await;
    assert_eq!(next().await.later, 0);
}

/// The setting is stored before the beat is: a process that dies between the two is made good by the next start.
#[tokio::test]
async fn a_beat_that_was_never_set_is_set_at_the_next_start() {
    let (world, code) = (World::new().await, Code::new());
    let engine = &world.web.engine;
    let mut stored = engine.store.project(&name("xen")).await.expect("a project");
    stored.settings = serde_json::json!({ "repository": code.repository() });
    engine.store.put_project(&stored).await.expect("stored");
    let left = || async { engine.store.jobs_left(engine.clock.now()).await.expect("counted") };
    assert_eq!(left().await.later, 0);
    for _ in 0..2 {
        engine.resume().await.expect("starts");
        assert_eq!(left().await.later, 1, "one, however often started");
    }
    assert_eq!(left().await.next_at, Some("2026-03-02T10:00:00Z".parse().expect("an instant")));
}
