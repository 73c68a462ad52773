//! The demo's stories through the whole program: the same on SQLite and on PostgreSQL, and the same whatever
//! effect fails on the way.

#[path = "store/bed.rs"]
#[expect(dead_code, reason = "the store's own tests use the rest of it")]
mod bed;

use bed::Bed;
use std::collections::BTreeMap;
use std::sync::Arc;
use tidegate::demo::play::Player;
use tidegate::demo::stories;
use tidegate::demo::story::{Beat, Deed, Known, Story, beat, draft, instant, name, refused};
use tidegate::engine::clock::{Clock, SetClock};
use tidegate::engine::{Engine, EngineError};
use tidegate::export;
use tidegate::store::{Faults, Side, Store, StoreError};
use tidegate::words::event_line;
use tidegate_domain::advisory::Section;
use tidegate_domain::case::{Action, Entry, Event, TestOutcome};
use tidegate_domain::id::CaseId;
use tidegate_domain::time::Instant;

/// Everything that an outsider and the team see of an instance, apart from random names.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    site: BTreeMap<String, Vec<u8>>,
    letters: Vec<String>,
    logs: Vec<Vec<String>>,
}

async fn seen(engine: &Engine) -> Seen {
    let site =
        export::site(engine).await.expect("a site").into_iter().map(|file| (file.path, file.body)).collect();
    let mut letters: Vec<String> = Vec::new();
    for letter in engine.store.outgoing(0, 10_000).await.expect("the outbox") {
        let raw = String::from_utf8(letter.raw.expect("not shredded")).expect("letters are text");
        let head: Vec<&str> =
            raw.lines().filter(|line| line.starts_with("To: ") || line.starts_with("Subject: ")).collect();
        letters.push(head.join(" "));
    }
    letters.sort();
    let mut logs = Vec::new();
    for row in engine.store.cases(None, false).await.expect("the cases") {
        let team = name(if row.project.as_str() == "openstack" { "jeremy" } else { "lars" });
        let (file, viewer) = engine.open_case(row.case, &team).await.expect("the team's case");
        let view = file.view(&viewer).expect("the team sees it");
        let id = row.case.to_string();
        let line =
            |entry: &Entry| format!("{} {}", entry.by.name(), timeless(&entry.event).replace(&id, "CASE"));
        logs.push(file.log(&view).map(|entry| line(&entry)).collect());
    }
    logs.sort();
    Seen { site, letters, logs }
}

/// An event without what depends on how long a restart took.
fn timeless(event: &Event) -> String {
    match event {
        Event::Announced { version, planned, .. } => {
            format!("announced version {version}, planned for {planned}")
        }
        Event::Reminded { clock, nth, .. } => format!("reminded of {clock}, {nth}"),
        Event::Alarmed { clock, .. } => format!("alarmed by {clock}"),
        other => event_line(other),
    }
}

async fn play_all(bed: &Bed) -> Seen {
    let clock = Arc::new(SetClock::at(instant("2013-01-01T00:00:00Z")));
    let engine =
        Engine::open(bed.open().await, Arc::<SetClock>::clone(&clock), bed.chance()).await.expect("opens");
    let mut player = Player::new(engine, clock, None);
    for story in stories() {
        player.play(&story).await.expect("the story plays");
    }
    let engine = player.end().await.expect("the end");
    let fsck = engine.fsck(false, |_| {}).await.expect("fsck runs");
    assert_eq!(fsck.differences, Vec::<String>::new());
    assert!(engine.store.verify_log(|_, _| {}).await.expect("verifies").is_sound());
    let seen = seen(&engine).await;
    engine.store.close().await;
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_stories_on_sqlite_and_postgresql() {
    let sqlite = play_all(&Bed::sqlite()).await;
    assert!(sqlite.site.len() > 40 && sqlite.letters.len() > 40 && sqlite.logs.len() == 4);
    let Some(bed) = Bed::postgres("stories").await else { return };
    let postgres = play_all(&bed).await;
    bed.remove().await;
    assert_eq!(sqlite, postgres);
}

/// The export shows nothing of a case that is not public: neither its words nor its id.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_leaves_before_its_instant() {
    let bed = Bed::sqlite();
    let clock = Arc::new(SetClock::at(instant("2013-01-01T00:00:00Z")));
    let engine =
        Engine::open(bed.open().await, Arc::<SetClock>::clone(&clock), bed.chance()).await.expect("opens");
    let mut player = Player::new(engine, clock, None);
    let mut story = small_story();
    story.beats.retain(|beat| beat.at < instant(PUBLIC));
    player.play(&story).await.expect("the story plays");
    let engine = player.end().await.expect("the end");
    assert!(engine.store.cases(None, true).await.expect("cases").len() == 1);
    for file in export::site(&engine).await.expect("a site") {
        let text = String::from_utf8_lossy(&file.body).into_owned();
        assert!(!text.contains("SECRET") && !text.contains("CVE-2014-7188"), "{}", file.path);
    }
    let dump = bed.dump().await;
    let secret = b"SECRET";
    assert!(!dump.windows(secret.len()).any(|window| window == secret), "the database shows plaintext");
}

/// Longer than the lease of a job.
const RESTART_S: i64 = 121;
const PUBLIC: &str = "2014-10-01T12:00:00Z";

/// A story with every kind of effect, short enough to be run once per effect and side.
fn small_story() -> Story {
    let text = || {
        let sections = [
            (Section::Description, "SECRET description"),
            (Section::Impact, "SECRET impact"),
            (Section::AffectedSystems, "SECRET systems"),
            (Section::Deployment, "Nothing is permitted."),
        ];
        Box::new(draft("A SECRET flaw", &sections, Vec::new(), &[("A finder", None)], &[], None))
    };
    let team = |at: &str, action: Action| beat(at, "ian", action, Known::Assumed);
    let report = "From: finder@example.org\r\nSubject: A SECRET flaw\r\n\r\nSECRET text\r\n";
    let at = |when: &str, deed: Deed| Beat {
        at: instant(when),
        case: 0,
        who: name("ian"),
        deed,
        known: Known::Assumed,
    };
    let release = || name("4.4");
    let commit =
        || Action::RecordCommit { release: release(), commit: "a".repeat(40), message: "Fix".to_owned() };
    Story {
        project: name("xen"),
        policy: include_str!("../../../policies/xen-2014.toml"),
        title: "small",
        people: &[("ian", "ian@xen.example", "team"), ("lars", "lars@xen.example", "team")],
        beats: vec![
            at("2014-09-22T09:00:00Z", Deed::Report(report)),
            team("2014-09-22T10:00:00Z", Action::Acknowledge { text: "Thank you.".to_owned() }),
            team("2014-09-22T11:00:00Z", Action::Confirm { affected: vec![release()], versions: vec![] }),
            team("2014-09-22T12:00:00Z", Action::ProposeEmbargo { until: instant(PUBLIC) }),
            beat("2014-09-22T13:00:00Z", "reporter", Action::AcceptEmbargo, Known::Assumed),
            at("2014-09-23T09:00:00Z", Deed::Patch { release: "4.4", name: "xsa108.patch" }),
            team(
                "2014-09-23T10:00:00Z",
                Action::RecordTest { release: release(), outcome: TestOutcome::Pass, note: String::new() },
            ),
            at("2014-09-23T11:00:00Z", Deed::Number("XSA-108")),
            team("2014-09-23T12:00:00Z", Action::DraftAdvisory { draft: text() }),
            team("2014-09-23T13:00:00Z", Action::Predisclose),
            team("2014-09-26T12:00:00Z", Action::ReserveCve { cve: "CVE-2014-7188".parse().expect("an id") }),
            beat("2014-09-29T10:00:00Z", "lars", Action::Approve, Known::Assumed),
            team("2014-09-29T11:00:00Z", Action::Announce),
            refused("2014-09-30T18:00:00Z", "ian", commit()),
            team("2014-10-01T12:30:00Z", commit()),
            team("2014-10-02T16:00:00Z", Action::Close { reason: "public".to_owned() }),
        ],
    }
}

/// Plays the small story and starts again, as an operator would, wherever an effect fails.
struct Sweep<'b> {
    bed: &'b Bed,
    clock: Arc<SetClock>,
    faults: Arc<Faults>,
    crashes: u32,
}

impl Sweep<'_> {
    async fn start(&mut self) -> Engine {
        loop {
            let clock = Arc::<SetClock>::clone(&self.clock);
            let opened = match self.bed.open_with(&self.faults).await {
                Ok(store) => self.set_up(store, clock).await,
                Err(error) => Err(error.into()),
            };
            match opened {
                Ok(engine) => return engine,
                Err(EngineError::Store(StoreError::Injected)) => self.crash(),
                Err(other) => panic!("{other}"),
            }
        }
    }

    async fn set_up(&self, store: Store, clock: Arc<SetClock>) -> Result<Engine, EngineError> {
        let engine = Engine::open(store, clock, self.bed.chance()).await?;
        let story = small_story();
        if engine.store.projects().await?.is_empty() {
            engine.put_project(&story.project, story.policy).await?;
        }
        let mut people = engine.people().await?;
        for (person, mail, role) in story.people {
            people.grant(&name(person), Some(mail), &story.project, &name(role));
        }
        engine.set_people(&people).await?;
        engine.resume().await?;
        engine.work().await?;
        Ok(engine)
    }

    /// The process is gone, and started again after the leases of its jobs have run out.
    fn crash(&mut self) {
        let later = self.now().micros() + RESTART_S * 1_000_000;
        self.clock.set(Instant::from_micros(later));
        self.crashes += 1;
        assert!(self.crashes <= 1, "one crash was planned");
        self.faults = Arc::new(Faults::none());
    }

    fn now(&self) -> Instant {
        Clock::now(self.clock.as_ref())
    }

    async fn play(&mut self) -> Engine {
        let mut engine = self.start().await;
        for beat in small_story().beats {
            let before = entries(&engine).await;
            loop {
                match self.beat(&engine, &beat, before).await {
                    Ok(()) => break,
                    Err(EngineError::Store(StoreError::Injected)) => {
                        self.crash();
                        engine = self.start().await;
                    }
                    Err(other) => panic!("at {}: {other}", beat.at),
                }
            }
        }
        engine
    }

    async fn beat(&self, engine: &Engine, beat: &Beat, before: usize) -> Result<(), EngineError> {
        while let Some(wake) = engine.next_wake().await?.filter(|wake| *wake <= beat.at) {
            self.clock.set(wake.max(self.now()));
            engine.work().await?;
        }
        self.clock.set(beat.at.max(self.now()));
        engine.work().await?;
        let case = engine.store.cases(None, false).await?.first().map(|row| row.case);
        // After a crash: what took hold is not asked for again, as a person sees who looks at the case first.
        let held = entries_by(engine, case, beat).await? > 0 && entries(engine).await > before;
        match &beat.deed {
            Deed::Report(mail) => {
                if engine.store.letters(None, 10).await?.is_empty() {
                    engine.accept_letter(&name("xen"), None, mail.as_bytes()).await?;
                }
            }
            _ if held => {}
            Deed::Do(action) | Deed::Try(action) => {
                let done = engine.perform(case.expect("a case"), &beat.who, action).await;
                match (done, &beat.deed) {
                    (Err(EngineError::Refused(_)), Deed::Try(_)) | (Ok(_), Deed::Do(_)) => {}
                    (Err(error), _) => return Err(error),
                    (Ok(_), _) => panic!("a refusal was expected"),
                }
            }
            Deed::Number(number) => {
                let action = Action::AssignNumber { number: (*number).to_owned() };
                engine.perform(case.expect("a case"), &beat.who, &action).await?;
            }
            Deed::Patch { release, name: file } => {
                let case = case.expect("a case");
                let digest = engine.store.put_blob(case, b"patch\n").await?;
                let sha256 = digest.iter().map(|byte| format!("{byte:02x}")).collect();
                let action = Action::AttachPatch { release: name(release), name: (*file).to_owned(), sha256 };
                engine.perform(case, &beat.who, &action).await?;
            }
        }
        engine.work().await?;
        Ok(())
    }
}

/// How many lines the team reads in the log of the one case.
async fn entries(engine: &Engine) -> usize {
    let rows = engine.store.cases(None, false).await.expect("the cases");
    let Some(row) = rows.first() else { return 0 };
    let (file, viewer) = engine.open_case(row.case, &name("ian")).await.expect("the team's case");
    let view = file.view(&viewer).expect("the team sees it");
    file.log(&view).count()
}

/// How many lines somebody wrote at the instant of a beat.
async fn entries_by(engine: &Engine, case: Option<CaseId>, beat: &Beat) -> Result<usize, EngineError> {
    let Some(case) = case else { return Ok(0) };
    let (file, viewer) = engine.open_case(case, &name("ian")).await?;
    let view = file.view(&viewer).expect("the team sees it");
    Ok(file.log(&view).filter(|entry| entry.at == beat.at && entry.by.name() == beat.who.as_str()).count())
}

async fn sweep(bed: &Bed, faults: Faults) -> (Seen, u64, u32) {
    let faults = Arc::new(faults);
    let clock = Arc::new(SetClock::at(instant("2014-09-01T00:00:00Z")));
    let mut run = Sweep { bed, clock, faults: Arc::clone(&faults), crashes: 0 };
    let engine = run.play().await;
    for row in engine.store.cases(None, false).await.expect("the cases") {
        let (file, viewer) = engine.open_case(row.case, &name("ian")).await.expect("the team's case");
        let view = file.view(&viewer).expect("the team sees it");
        for entry in file.log(&view) {
            if let Event::Announced { planned, .. } = entry.event {
                assert!(entry.at >= planned, "public before its instant");
            }
        }
    }
    assert!(engine.store.verify_log(|_, _| {}).await.expect("verifies").is_sound());
    assert_eq!(engine.fsck(false, |_| {}).await.expect("fsck").differences, Vec::<String>::new());
    let seen = seen(&engine).await;
    engine.store.close().await;
    (seen, faults.effects(), run.crashes)
}

/// Every effect n of the story fails before and after it took hold; nothing is lost, doubled or early.
#[tokio::test(flavor = "multi_thread")]
async fn every_effect_may_fail() {
    let (calm, effects, _) = sweep(&Bed::sqlite(), Faults::none()).await;
    assert!(effects > 40, "the story has {effects} effects");
    let mut failed = 0;
    for n in 1..=effects {
        for side in [Side::Before, Side::After] {
            let (seen, _, crashes) = sweep(&Bed::sqlite(), Faults::die_at(n, side)).await;
            failed += crashes;
            assert_eq!(seen, calm, "effect {n} failed {side:?} it took hold");
        }
    }
    assert_eq!(u64::from(failed), effects * 2, "every effect was failed on both sides");
}

/// The embargo is moved while the announcement is staged, and the process dies on the way; nobody asks again.
/// Whatever end held in the log, the files that became public are those of that instant.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_promoted_belongs_to_its_instant() {
    const MOVED: &str = "2014-10-03T12:00:00Z";
    let mut ends = std::collections::BTreeSet::new();
    for n in 1..=12 {
        let bed = Bed::sqlite();
        let clock = Arc::new(SetClock::at(instant("2013-01-01T00:00:00Z")));
        let opened = Engine::open(bed.open().await, Arc::<SetClock>::clone(&clock), bed.chance()).await;
        let mut player = Player::new(opened.expect("opens"), Arc::clone(&clock), None);
        let mut story = small_story();
        story.beats.retain(|beat| beat.at <= instant("2014-09-29T11:00:00Z"));
        story.beats.push(beat(
            "2014-09-29T12:00:00Z",
            "ian",
            Action::ReviseEmbargo { until: instant(MOVED) },
            Known::Assumed,
        ));
        player.play(&story).await.expect("the story plays");
        let engine = player.end().await.expect("the end");
        let case = engine.store.cases(None, true).await.expect("cases")[0].case;
        engine.store.close().await;

        let faults = Arc::new(Faults::die_at(n, Side::Before));
        if let Ok(store) = bed.open_with(&faults).await
            && let Ok(engine) = Engine::open(store, Arc::<SetClock>::clone(&clock), bed.chance()).await
        {
            // Dies here or there, or not at all.
            let _ = engine.perform(case, &name("reporter"), &Action::AcceptEmbargo).await;
            engine.store.close().await;
        }

        clock.set(instant("2014-10-04T00:00:00Z"));
        let engine = Engine::open(bed.open().await, Arc::<SetClock>::clone(&clock), bed.chance())
            .await
            .expect("opens");
        engine.resume().await.expect("catches up");
        engine.work().await.expect("works");
        let (file, viewer) = engine.open_case(case, &name("ian")).await.expect("the team's case");
        let view = file.view(&viewer).expect("the team sees it");
        let planned = file.log(&view).find_map(|entry| match entry.event {
            Event::Announced { planned, .. } => Some(planned),
            _ => None,
        });
        let planned = planned.expect("announced");
        ends.insert(planned);
        let site = export::site(&engine).await.expect("a site");
        let csaf =
            site.iter().find(|file| file.path == "csaf/xen/2014/xsa-108.json").expect("a CSAF document");
        let csaf: serde_json::Value = serde_json::from_slice(&csaf.body).expect("JSON");
        let written = csaf["document"]["tracking"]["current_release_date"].as_str().expect("a date");
        assert_eq!(written.parse(), Ok(planned), "effect {n} failed");
    }
    assert_eq!(ends.len(), 2, "both ends were seen");
}

/// Two servers on one database. One is killed while it discloses, as `faults` says; the other goes on. What is seen
/// in the end, the Message-IDs, how late the advisory was in seconds, and whether the first was killed.
async fn disclosed_by_two(bed: &Bed, faults: Faults) -> (Seen, Vec<String>, i64, bool) {
    bed.reset().await;
    let clock = Arc::new(SetClock::at(instant("2013-01-01T00:00:00Z")));
    let opened = Engine::open(bed.open().await, Arc::<SetClock>::clone(&clock), bed.chance()).await;
    let mut player = Player::new(opened.expect("opens"), Arc::clone(&clock), None);
    let mut story = small_story();
    story.beats.retain(|beat| beat.at <= instant("2014-09-29T11:00:00Z"));
    player.play(&story).await.expect("the story plays");
    let living = player.end().await.expect("the end");

    clock.set(instant(PUBLIC));
    let faults = Arc::new(faults);
    let mut killed = true;
    if let Ok(store) = bed.open_with(&faults).await
        && let Ok(dying) = Engine::open(store, Arc::<SetClock>::clone(&clock), bed.chance()).await
    {
        killed = dying.work().await == Err(StoreError::Injected.into());
        dying.store.close().await;
    }
    for passed_s in 0..=2 {
        clock.set(Instant::from_micros(instant(PUBLIC).micros() + passed_s * 1_000_000));
        let round = living.work().await.expect("works");
        assert_eq!(round.failed, Vec::<String>::new());
    }

    let mut ids = Vec::new();
    for letter in living.store.outgoing(0, 10_000).await.expect("the outbox") {
        let raw = String::from_utf8(letter.raw.expect("not shredded")).expect("letters are text");
        ids.extend(raw.lines().filter(|line| line.starts_with("Message-ID: ")).map(str::to_owned));
    }
    let case = living.store.cases(None, false).await.expect("cases")[0].case;
    let (file, viewer) = living.open_case(case, &name("ian")).await.expect("the team's case");
    let view = file.view(&viewer).expect("the team sees it");
    let late = file.log(&view).find_map(|entry| match entry.event {
        Event::Announced { late_s, .. } => Some(late_s),
        _ => None,
    });
    let seen = seen(&living).await;
    living.store.close().await;
    (seen, ids, late.expect("announced"), killed)
}

async fn kill_one_of_two(bed: &Bed) {
    let (whole, ids, late_s, killed) = disclosed_by_two(bed, Faults::none()).await;
    assert!(!killed && late_s == 0, "nobody was killed, and nothing was late");
    let unlike: std::collections::BTreeSet<&String> = ids.iter().collect();
    assert_eq!(unlike.len(), ids.len(), "a Message-ID is of one letter");
    for n in 1.. {
        let (seen, again, late_s, killed) = disclosed_by_two(bed, Faults::die_at(n, Side::After)).await;
        assert_eq!(seen, whole, "killed at effect {n}");
        assert_eq!(again.len(), ids.len(), "killed at effect {n}");
        let unlike: std::collections::BTreeSet<&String> = again.iter().collect();
        assert_eq!(unlike.len(), again.len(), "killed at effect {n}");
        assert!(late_s <= 2, "killed at effect {n}: {late_s} s late");
        if !killed {
            assert!(n > 3, "the disclosure has several effects");
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_server_is_killed_while_it_discloses_and_the_other_goes_on() {
    kill_one_of_two(&Bed::sqlite()).await;
    if let Some(bed) = Bed::postgres("two").await {
        kill_one_of_two(&bed).await;
        bed.remove().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_one_server_changes_holds_at_the_other() {
    let bed = Bed::sqlite();
    let clock = Arc::new(SetClock::at(instant("2014-01-01T00:00:00Z")));
    let open = async || {
        let clock = Arc::<SetClock>::clone(&clock);
        Engine::open(bed.open().await, clock, bed.chance()).await.expect("opens")
    };
    let (one, other) = (open().await, open().await);
    let project = name("xen");
    let before = one.put_project(&project, small_story().policy).await.expect("a policy");
    assert_eq!(other.policy(&project).await.expect("known").id, before.id);
    let changed = include_str!("../../../policies/xen.toml");
    let after = one.put_project(&project, changed).await.expect("another policy");
    assert_ne!(before.id, after.id);
    assert_eq!(other.policy(&project).await.expect("known").id, after.id);
    assert_eq!(one.policy(&project).await.expect("known").id, after.id);
}
