//! The two servers, what they share, and the mail server.

use super::bed::Bed;
use super::served::{Served, get};
use serde_json::Value;
use sqlx::{ConnectOptions, Connection, PgConnection, Row};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use tempfile::TempDir;
use tidegate::demo::live;
use tidegate::demo::play::Player;
use tidegate::demo::story::name;
use tidegate::engine::Engine;
use tidegate::engine::clock::{Clock, SetClock, SystemClock};
use tidegate::store::{DeliveryState, Location};
use tidegate_domain::case::{Action, Event};
use tidegate_domain::id::CaseId;
use tidegate_domain::time::Instant;

const SECOND_US: i64 = 1_000_000;
/// From the action that moves the embargo's end to that end, in seconds.
const LEAD_S: i64 = 6;
/// How late the advisory may be where the server that promotes it is killed: the lease of a job, and a bit.
const LATE_S_MAX: i64 = 3;
/// Looks at what the servers brought about, and the pause between them: two minutes.
const LOOKS: usize = 1_200;
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);
const NAMES: [&str; 2] = ["one", "two"];

/// Where the mail server keeps the first letter waiting.
#[derive(Clone, Copy, Debug)]
pub enum Hold {
    Never,
    Rcpt,
    Data,
}

pub struct World {
    bed: Option<Bed>,
    engine: Engine,
    clock: Arc<SystemClock>,
    case: CaseId,
    servers: BTreeMap<&'static str, Served>,
    _folders: Vec<TempDir>,
    peer: Peer,
    /// From when on a killed server keeps nobody from promoting.
    free: Instant,
}

impl World {
    /// `None`, with a word about it, where PostgreSQL or aiosmtpd is missing.
    pub async fn new(test: &str, hold: Hold) -> Option<World> {
        let bed = Bed::postgres(&format!("two_{test}")).await?;
        let peer = Peer::start(hold)?;
        let clock = Arc::new(SystemClock::start());
        told(&bed, clock.now()).await;
        // What was written before the disclosure was sent long ago.
        bed.tamper("UPDATE delivery SET state = 'sent'").await;
        let opened = Engine::open(bed.open().await, Arc::<SystemClock>::clone(&clock), bed.chance()).await;
        let engine = opened.expect("opens");
        let case = engine.store.cases(None, true).await.expect("cases")[0].case;
        let (mut servers, mut folders) = (BTreeMap::new(), Vec::new());
        for name in NAMES {
            let folder = tempfile::tempdir().expect("a folder");
            configure(folder.path(), &bed.location, name, peer.port);
            servers.insert(name, Served::start(folder.path()));
            folders.push(folder);
        }
        let free = clock.now();
        Some(World { bed: Some(bed), engine, clock, case, servers, _folders: folders, peer, free })
    }

    /// Moves the embargo's end, which was an hour away, and waits until everybody was told so.
    pub async fn end_embargo_soon(&mut self) {
        let until = Instant::from_micros(self.clock.now().micros() + LEAD_S * SECOND_US);
        let revise = Action::ReviseEmbargo { until };
        self.engine.perform(self.case, &name("mara"), &revise).await.expect("proposed");
        self.engine.perform(self.case, &name("reporter"), &Action::AcceptEmbargo).await.expect("accepted");
        self.free = until;
        for _ in 0..LOOKS {
            if self.engine.store.jobs_left(self.clock.now()).await.expect("jobs").due == 0 {
                return;
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        panic!("the servers do nothing");
    }

    pub fn kill(&mut self, name: &str) {
        self.servers.remove(name).expect("one of the two").kill();
    }

    /// Keeps everybody from writing to the table.
    pub async fn lock(&self, table: &'static str) -> Lock {
        let mut connection = self.connect().await;
        let lock = match table {
            "outgoing" => "BEGIN; LOCK TABLE outgoing IN SHARE MODE",
            _ => "BEGIN; LOCK TABLE public_document IN SHARE MODE",
        };
        sqlx::raw_sql(lock).execute(&mut connection).await.expect("locked");
        Lock(connection)
    }

    /// Which server has begun to write to a locked table.
    pub async fn server_that_waits_for(&mut self, table: &str) -> String {
        let mut connection = self.connect().await;
        let waiting = "SELECT application_name FROM pg_stat_activity WHERE wait_event_type = 'Lock'
            AND query LIKE $1 AND application_name = ANY($2)";
        for _ in 0..LOOKS {
            let asked = sqlx::query(waiting).bind(format!("INSERT INTO {table}%")).bind(NAMES);
            if let Some(row) = asked.fetch_optional(&mut connection).await.expect("asked") {
                self.free = self.free.max(self.clock.now());
                return row.get(0);
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        panic!("nobody writes to {table}");
    }

    /// The server whose letter is kept waiting.
    pub async fn held(&mut self) -> String {
        for _ in 0..LOOKS {
            if let Some(name) = self.peer.read().held.clone() {
                return name;
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        panic!("no letter came");
    }

    /// The Message-IDs of the letters that arrived, in their order.
    pub fn letters_so_far(&mut self) -> Vec<String> {
        self.peer.read().ids.clone()
    }

    /// The surviving server made everything public at the instant; each letter arrived once, but for those of which
    /// nobody can know (`twice`).
    pub async fn everything_is_public_and_every_letter_arrived(mut self, twice: &[String]) {
        self.settle().await;
        let mut expected = BTreeMap::new();
        let ways = self.engine.store.deliveries(0, 10_000).await.expect("deliveries");
        let mailed: BTreeSet<u64> = ways.iter().filter(|way| way.attempts > 0).map(|way| way.seq).collect();
        for letter in self.engine.store.outgoing(0, 10_000).await.expect("the outbox") {
            if mailed.contains(&letter.seq) {
                let raw = String::from_utf8(letter.raw.expect("not shredded")).expect("letters are text");
                let id = raw.lines().find_map(|line| line.strip_prefix("Message-ID: ")).expect("an id");
                let copies = 1 + twice.iter().filter(|twice| *twice == id).count();
                assert_eq!(expected.insert(id.to_owned(), copies), None, "a Message-ID is of one letter");
            }
        }
        assert!(expected.len() > 3, "a disclosure is told to several: {expected:?}");
        let mut arrived = BTreeMap::new();
        for id in self.letters_so_far() {
            *arrived.entry(id).or_insert(0) += 1;
        }
        assert_eq!(arrived, expected);
        self.is_public().await;
        assert!(self.engine.store.verify_log(|_, _| {}).await.expect("verifies").is_sound());
        assert_eq!(self.engine.fsck(false, |_| {}).await.expect("fsck").differences, Vec::<String>::new());
        self.engine.store.close().await;
        self.servers.clear();
        self.bed.take().expect("a database").remove().await;
    }

    /// Waits until the embargo has ended, and nothing is left to do or to send.
    async fn settle(&self) {
        for _ in 0..LOOKS {
            let ways = self.engine.store.deliveries(0, 10_000).await.expect("deliveries");
            let left = self.engine.store.jobs_left(self.clock.now()).await.expect("jobs");
            let sent = ways.iter().filter(|way| way.attempts > 0).count();
            let waits = ways.iter().any(|way| way.state == DeliveryState::Waiting);
            if self.announced().await.is_some() && sent > 0 && !waits && left.due == 0 {
                return;
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        panic!("the server that was left did not finish");
    }

    async fn announced(&self) -> Option<Instant> {
        let (file, viewer) = self.engine.open_case(self.case, &name("mara")).await.expect("the team's case");
        let view = file.view(&viewer).expect("the team sees it");
        file.log(&view).find(|entry| matches!(entry.event, Event::Announced { .. })).map(|entry| entry.at)
    }

    async fn is_public(&self) {
        let announced = self.announced().await.expect("announced");
        let late_us = announced.micros() - self.free.micros();
        assert!(late_us <= LATE_S_MAX * SECOND_US, "public {late_us} µs after it could be");
        let (_, server) = self.servers.iter().next().expect("one is left");
        let address = server.address("serving");
        for path in ["/advisories/lantern/lsa-1.html", "/projects/lantern.atom", "/feed.atom"] {
            let (status, body) = get(&address, path);
            assert!(status == 200 && body.contains("LSA-1"), "{path}: {status}");
        }
    }

    async fn connect(&self) -> PgConnection {
        let Some(Location::Postgres(url)) = self.bed.as_ref().map(|bed| &bed.location) else {
            panic!("on PostgreSQL")
        };
        let options = sqlx::postgres::PgConnectOptions::from_str(url).expect("a URL");
        options.connect().await.expect("a connection")
    }
}

/// A lock on a table, for as long as it is kept.
pub struct Lock(PgConnection);

impl Lock {
    pub async fn commit(mut self) -> sqlx::Result<()> {
        sqlx::raw_sql("COMMIT").execute(&mut self.0).await?;
        self.0.close().await
    }
}

/// Tells the demo's live case up to the announcement that waits, for an embargo that ends in an hour.
async fn told(bed: &Bed, now: Instant) {
    let story = live::story(Instant::from_micros(now.micros() + 3_600 * SECOND_US));
    let clock = Arc::new(SetClock::at(story.begins()));
    let opened = Engine::open(bed.open().await, Arc::<SetClock>::clone(&clock), bed.chance()).await;
    let mut player = Player::new(opened.expect("opens"), clock, None);
    player.play(&story).await.expect("the story plays");
    player.end().await.expect("the end").store.close().await;
}

fn configure(folder: &Path, location: &Location, name: &str, port: u16) {
    let Location::Postgres(url) = location else { panic!("on PostgreSQL") };
    let key: String = "42".repeat(32);
    std::fs::write(folder.join("master.key"), key).expect("a key");
    let config = format!(
        "database = \"{url}&application_name={name}\"\n[master_key]\nfile = \"master.key\"\n\
         [mail.smarthost]\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\nhello = \"{name}\"\n"
    );
    std::fs::write(folder.join("tidegate.toml"), config).expect("a configuration");
}

/// The mail server, ended with the test.
struct Peer {
    child: Child,
    port: u16,
    lines: Receiver<Value>,
    read: Read,
}

/// What the mail server has told so far.
#[derive(Default)]
struct Read {
    ids: Vec<String>,
    held: Option<String>,
}

impl Peer {
    #[expect(clippy::print_stdout, reason = "a test that was skipped must say so")]
    fn start(hold: Hold) -> Option<Peer> {
        let has = |python: &&str| {
            let tried = Command::new(python).args(["-c", "import aiosmtpd"]).output();
            tried.is_ok_and(|output| output.status.success())
        };
        let Some(python) = ["python3", "/usr/bin/python3"].into_iter().find(has) else {
            println!("skipped: no Python with aiosmtpd (Debian: python3-aiosmtpd)");
            return None;
        };
        let hold = match hold {
            Hold::Never => "never",
            Hold::Rcpt => "rcpt",
            Hold::Data => "data",
        };
        let mut child = Command::new(python)
            .args([concat!(env!("CARGO_MANIFEST_DIR"), "/tests/two/peer.py"), hold])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the mail server starts");
        let mut output = BufReader::new(child.stdout.take().expect("its output"));
        let mut port = String::new();
        output.read_line(&mut port).expect("a line");
        let (tell, lines) = channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let told = serde_json::from_str(&line).expect("JSON");
                if tell.send(told).is_err() {
                    break;
                }
            }
        });
        Some(Peer { child, port: port.trim().parse().expect("a port"), lines, read: Read::default() })
    }

    fn read(&mut self) -> &Read {
        for line in self.lines.try_iter() {
            if let Some(id) = line["id"].as_str() {
                self.read.ids.push(id.to_owned());
            }
            if let Some(name) = line["held"].as_str() {
                self.read.held = Some(name.to_owned());
            }
        }
        &self.read
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may be gone already; then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
