//! Backups: made while others write, put back into either database, and refused where they are not whole.

#[path = "store/bed.rs"]
#[expect(dead_code, reason = "the store's own tests use the rest of it")]
mod bed;

use bed::Bed;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;
use tidegate::backup::{self, BackupError, Damage, Manifest};
use tidegate::engine::Engine;
use tidegate::engine::clock::SetClock;
use tidegate::post::system_time;
use tidegate::store::{Location, NewToken, TokenKind};
use tidegate::{export, instance};
use tidegate_domain::case::Action;
use tidegate_domain::id::{CaseId, Slug};
use tidegate_domain::time::Instant;
use tidegate_envelope::Secret;

const MAIL: &[u8] = b"From: finder@example.org\r\nSubject: A flaw\r\n\r\nIt overflows.\r\n";
const CASES: usize = 20;

fn name(text: &str) -> Slug {
    text.parse().expect("a name")
}

fn now() -> Instant {
    "2026-01-05T09:00:00Z".parse().expect("an instant")
}

fn clock() -> Arc<SetClock> {
    Arc::new(SetClock::at(now()))
}

/// A folder for an instance and its backups.
struct Room(TempDir);

impl Room {
    fn new() -> Room {
        Room(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// An instance with a project that has a key, and cases that are acknowledged.
    async fn instance(&self, database: Option<&str>) -> Engine {
        let dir = self.path("instance");
        instance::create(&dir, database, Bed::sqlite().chance()).await.expect("made");
        let engine = instance::open(&dir, clock()).await.expect("opens");
        let policy = include_str!("../../../policies/xen-2014.toml");
        engine.put_project(&name("xen"), policy).await.expect("a project");
        let mut people = engine.people().await.expect("people");
        people.grant(&name("ian"), Some("ian@xen.example"), &name("xen"), &name("team"));
        engine.set_people(&people).await.expect("people");
        let at = system_time(now()) - std::time::Duration::from_secs(3_600);
        let secret = Secret::generate("Xen <security@xen.example>", at, None).expect("a key");
        engine.post.keystore.as_ref().expect("a folder").put(&name("xen"), &secret).expect("kept");
        for _ in 0..CASES {
            report(&engine).await;
        }
        engine
    }

    /// Makes a backup, and answers with its manifest.
    async fn backup(&self, folder: &str) -> Manifest {
        let dir = self.path("instance");
        let engine = instance::open(&dir, clock()).await.expect("opens");
        let made = backup::make(&engine, &dir, &self.path(folder), false, |_, _| {}).await;
        engine.store.close().await;
        made.expect("a backup")
    }

    /// Restores a backup into a new folder, to which the master key was brought first.
    async fn restore(&self, folder: &str, into: &str, database: Option<&str>) -> Result<(), BackupError> {
        let dir = self.path(into);
        std::fs::create_dir_all(&dir).expect("a folder");
        std::fs::copy(self.path("instance/master.key"), dir.join("master.key")).expect("the key");
        let from = self.path(folder);
        let done = backup::restore(&from, &dir, database, Damage::Refused, clock(), |_, _, _| {}).await;
        done.map(|restored| assert_eq!(restored.mended, Vec::<String>::new()))
    }
}

async fn report(engine: &Engine) -> CaseId {
    let letter = engine.accept_letter(&name("xen"), None, MAIL).await.expect("stored");
    engine.work().await.expect("works");
    let case = engine.store.letter(letter).await.expect("the letter").case.expect("a case");
    let thanks = Action::Acknowledge { text: "Thank you.".to_owned() };
    engine.perform(case, &name("ian"), &thanks).await.expect("acknowledged");
    engine.work().await.expect("works");
    case
}

/// Everything that anybody can see: the cases as their team reads them, the letters, the public site.
async fn seen(engine: &Engine) -> Vec<String> {
    let mut seen = Vec::new();
    for row in engine.store.cases(None, false).await.expect("the cases") {
        let (file, viewer) = engine.open_case(row.case, &name("ian")).await.expect("the team's case");
        let view = file.view(&viewer).expect("the team sees it");
        seen.extend(file.log(&view).map(|entry| format!("{} {entry:?}", row.case)));
    }
    for letter in engine.store.outgoing(0, 10_000).await.expect("the outbox") {
        seen.push(String::from_utf8(letter.raw.expect("not shredded")).expect("text"));
    }
    let ways = engine.store.deliveries(0, 10_000).await.expect("deliveries");
    seen.extend(ways.iter().map(|way| format!("{way:?}")));
    seen.extend(export::site(engine).await.expect("a site").iter().map(|file| format!("{file:?}")));
    seen
}

/// The instance that a backup of a running one comes back as: what was committed after the backup began is not in it,
/// and everything else is.
async fn comes_back(from: Option<&str>, into: Option<&str>) {
    let room = Room::new();
    let working = room.instance(from).await;
    let session = tidegate::secret::Secret::draw(&Bed::sqlite().chance());
    let expires = Instant::from_micros(now().micros() + 1_000_000);
    let token = NewToken { kind: TokenKind::Session, secret: &session, owner: None, expires, body: b"ian" };
    working.store.put_token(&token, now()).await.expect("a session");
    let before = seen(&working).await;

    let dir = room.path("instance");
    let engine = instance::open(&dir, clock()).await.expect("opens");
    let mut meanwhile = None;
    let made = backup::make(&engine, &dir, &room.path("backup"), false, |_, _| {
        if meanwhile.is_none() {
            let one_more = async { report(&working).await };
            let here = tokio::runtime::Handle::current();
            meanwhile = Some(tokio::task::block_in_place(|| here.block_on(one_more)));
        }
    })
    .await
    .expect("a backup");
    engine.store.close().await;
    let meanwhile = meanwhile.expect("somebody worked while it was made");
    assert!(working.store.log_head().await.expect("a head").seq > made.log.seq, "and it was committed");
    assert!(!room.path("backup/master.key").exists(), "the master key stays where it is");

    room.restore("backup", "restored", into).await.expect("restored");
    let restored = instance::open(&room.path("restored"), clock()).await.expect("opens");
    assert_eq!(seen(&restored).await, before);
    assert!(restored.open_case(meanwhile, &name("ian")).await.is_err(), "it came too late");
    let head = restored.store.log_head().await.expect("a head");
    assert_eq!(head.seq, made.log.seq);
    let there = working.store.log_hash(head.seq).await.expect("the log");
    assert_eq!(there, Some(head.hash), "both are one history up to there");
    assert!(restored.store.verify_log(|_, _| {}).await.expect("verifies").is_sound());
    let report = restored.fsck(false, |_| {}).await.expect("fsck");
    assert_eq!((report.differences, report.damage), (Vec::new(), Vec::new()));
    let keys = restored.post.keystore.as_ref().expect("a folder").secrets(&name("xen")).expect("keys");
    assert_eq!(keys.len(), 1);
    let held = restored.store.token(TokenKind::Session, &session, now()).await.expect("asked");
    assert!(held.is_none(), "whoever was signed in signs in again");
    restored.store.close().await;
    working.store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_working_instance_comes_back_as_it_was_at_one_instant() {
    comes_back(None, None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_moves_an_instance_from_one_database_to_the_other() {
    let Some(there) = Bed::postgres("backup_to").await else { return };
    let Location::Postgres(url) = there.location.clone() else { panic!("on PostgreSQL") };
    comes_back(None, Some(&url)).await;
    let room = Room::new();
    room.instance(None).await.store.close().await;
    room.backup("another").await;
    let over = room.restore("another", "into", Some(&url)).await.expect_err("it is not empty").to_string();
    assert!(over.contains("there is an instance in this database already"), "{over}");
    there.reset().await;
    comes_back(Some(&url), None).await;
    let Some(other) = Bed::postgres("backup_too").await else { return };
    let Location::Postgres(second) = other.location.clone() else { panic!("on PostgreSQL") };
    there.reset().await;
    comes_back(Some(&url), Some(&second)).await;
    there.remove().await;
    other.remove().await;
}

fn rewrite(path: &Path, change: impl Fn(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(path).expect("a file");
    change(&mut bytes);
    std::fs::write(path, bytes).expect("written");
}

fn copy_folder(from: &Path, into: &Path) {
    std::fs::create_dir_all(into).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let target = into.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            std::fs::copy(&path, &target).expect("copied");
        }
    }
}

#[tokio::test]
async fn a_backup_that_is_not_whole_restores_nothing_and_says_why() {
    let room = Room::new();
    room.instance(None).await.store.close().await;
    room.backup("whole").await;
    let cut = |bytes: &mut Vec<u8>| bytes.truncate(bytes.len() / 2);
    let alter = |bytes: &mut Vec<u8>| bytes[4_000] ^= 1;
    let newer = |bytes: &mut Vec<u8>| {
        let text = String::from_utf8(bytes.clone()).expect("text");
        let known = format!("\"schema\": {}", tidegate::store::schema_version());
        *bytes = text.replace(&known, "\"schema\": 9999").into_bytes();
    };
    let outside = |bytes: &mut Vec<u8>| {
        let text = String::from_utf8(bytes.clone()).expect("text");
        *bytes = text.replace("\"tidegate.toml\"", "\"../tidegate.toml\"").into_bytes();
    };
    type Change<'a> = &'a dyn Fn(&mut Vec<u8>);
    let wrongs: [(&str, Change<'_>, &str); 5] = [
        ("tidegate.db", &cut, "the manifest says"),
        ("tidegate.db", &alter, "it was altered"),
        ("manifest.json", &cut, "manifest.json"),
        ("manifest.json", &newer, "a newer program made this backup"),
        ("manifest.json", &outside, "is no file of a backup"),
    ];
    for (n, (file, change, words)) in wrongs.into_iter().enumerate() {
        let (folder, into) = (format!("wrong-{n}"), format!("into-{n}"));
        copy_folder(&room.path("whole"), &room.path(&folder));
        rewrite(&room.path(&folder).join(file), change);
        let refused = room.restore(&folder, &into, None).await.expect_err(words).to_string();
        assert!(refused.contains(words), "{refused}");
        let left: Vec<_> = std::fs::read_dir(room.path(&into)).expect("a folder").collect();
        assert_eq!(left.len(), 1, "the master key alone: {left:?}");
    }
    copy_folder(&room.path("whole"), &room.path("without"));
    std::fs::remove_file(room.path("without/manifest.json")).expect("removed");
    let refused = room.restore("without", "into-9", None).await.expect_err("no manifest").to_string();
    assert!(refused.contains("is no backup"), "{refused}");
}

#[tokio::test]
async fn nothing_is_written_over_and_only_the_right_key_will_do() {
    let room = Room::new();
    room.instance(None).await.store.close().await;
    room.backup("whole").await;
    let dir = room.path("instance");
    let engine = instance::open(&dir, clock()).await.expect("opens");
    let again = backup::make(&engine, &dir, &room.path("whole"), false, |_, _| {}).await;
    assert_eq!(again, Err(BackupError::Exists(room.path("whole"))));
    engine.store.close().await;

    let bytes = std::fs::read(room.path("instance/tidegate.db")).expect("the database");
    let over = backup::restore(&room.path("whole"), &dir, None, Damage::Refused, clock(), |_, _, _| {}).await;
    assert_eq!(over, Err(BackupError::Exists(room.path("instance/tidegate.db"))));
    assert_eq!(std::fs::read(room.path("instance/tidegate.db")).expect("the database"), bytes);
    let sound = backup::check(&room.path("whole"), &dir, clock(), |_, _, _| {}).await.expect("sound");
    assert_eq!(sound.database, None);

    let restore = async |into: &str| {
        let dir = room.path(into);
        let done =
            backup::restore(&room.path("whole"), &dir, None, Damage::Refused, clock(), |_, _, _| {}).await;
        done.expect_err("no key will do").to_string()
    };
    let refused = restore("keyless").await;
    assert!(refused.contains("put your copy at"), "{refused}");
    std::fs::create_dir_all(room.path("other")).expect("a folder");
    std::fs::write(room.path("other/master.key"), "ab".repeat(32)).expect("a key");
    let refused = restore("other").await;
    assert!(refused.contains("this master key does not open this database"), "{refused}");
    assert!(!room.path("other/tidegate.toml").exists() && !room.path("other/restoring").exists());
}

/// Whoever asks for the master key in the backup needs nothing else.
#[tokio::test]
async fn a_backup_with_its_master_key_comes_back_by_itself() {
    let room = Room::new();
    let working = room.instance(None).await;
    let before = seen(&working).await;
    let made = backup::make(&working, &room.path("instance"), &room.path("all"), true, |_, _| {}).await;
    assert!(made.expect("a backup").files.iter().any(|file| file.path == "master.key"));
    let (from, dir) = (room.path("all"), room.path("restored"));
    let done = backup::restore(&from, &dir, None, Damage::Refused, clock(), |_, _, _| {}).await;
    done.expect("restored");
    let restored = instance::open(&dir, clock()).await.expect("opens");
    assert_eq!(seen(&restored).await, before);
}

/// What was wrong before it was backed up is no reason to lose everything else.
#[tokio::test]
async fn a_damaged_instance_comes_back_where_somebody_says_so() {
    let room = Room::new();
    room.instance(None).await.store.close().await;
    let raw = rusqlite::Connection::open(room.path("instance/tidegate.db")).expect("the file");
    raw.execute_batch("UPDATE event SET body = zeroblob(500) WHERE seq = 3; DELETE FROM due")
        .expect("damaged");
    drop(raw);
    room.backup("damaged").await;
    let refused = room.restore("damaged", "restored", None).await.expect_err("damaged").to_string();
    assert!(refused.contains("--despite-damage"), "{refused}");
    let (from, dir) = (room.path("damaged"), room.path("restored"));
    let done =
        backup::restore(&from, &dir, None, Damage::Accepted, clock(), |_, _, _| {}).await.expect("restored");
    assert!(!done.damage.is_empty() && !done.mended.is_empty(), "{done:?}");
    let restored = instance::open(&dir, clock()).await.expect("opens");
    assert_eq!(restored.store.cases(None, false).await.expect("cases").len(), CASES);
}
