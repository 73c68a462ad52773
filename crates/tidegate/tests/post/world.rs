//! An instance with a project, people and a mail server that the test holds in its hand.

use super::bed::Bed;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tempfile::TempDir;
use tidegate::engine::clock::{Clock, SetClock};
use tidegate::engine::{Engine, EngineError};
use tidegate::hands::send::{Sender, Sent};
use tidegate::post::keystore::KeyStore;
use tidegate::post::settings::{Server, Settings};
use tidegate::post::{Post, system_time};
use tidegate::store::{Delivery, Faults, MasterKey, StoreError};
use tidegate_domain::id::{CaseId, Slug};
use tidegate_domain::time::Instant;
use tidegate_envelope::{Certificate, Secret};

pub const REPORT: &str = "From: Rita <rita@finder.example>\r\nTo: security@cloudstack.example\r\n\
    Subject: A hole\r\nMessage-ID: <r1@finder.example>\r\nDate: Sun, 1 Jun 2025 00:00:00 +0000\r\n\r\n\
    There is a hole in the kitchen.\r\n";
const POLICY: &str = include_str!("../../../../policies/cloudstack.toml");
pub const SECOND_US: i64 = 1_000_000;

pub struct World {
    pub engine: Engine,
    pub clock: Arc<SetClock>,
    pub folder: TempDir,
}

pub fn name(text: &str) -> Slug {
    text.parse().expect("a name")
}

pub fn project() -> Slug {
    name("cloudstack")
}

pub fn start() -> Instant {
    "2025-06-01T00:00:00Z".parse().expect("an instant")
}

impl World {
    /// With Lars of the security team, and no keys.
    pub async fn new(bed: &Bed, server: Option<Server>) -> World {
        let world = World::open(bed, server, &Arc::new(Faults::none())).await.expect("the instance opens");
        world.engine.put_project(&project(), POLICY).await.expect("a policy");
        let mut people = world.engine.people().await.expect("people");
        people.grant(&name("lars"), Some("lars@cloudstack.example"), &project(), &name("team"));
        world.engine.set_people(&people).await.expect("people");
        world
    }

    /// The same database again, as after a start, dying where `faults` says.
    pub async fn open(bed: &Bed, server: Option<Server>, faults: &Arc<Faults>) -> Result<World, StoreError> {
        let clock = Arc::new(SetClock::at(start()));
        let store = bed.open_with(faults).await?;
        let clock_for_engine: Arc<SetClock> = Arc::clone(&clock);
        let mut engine = match Engine::open(store, clock_for_engine, bed.chance()).await {
            Ok(engine) => engine,
            Err(EngineError::Store(error)) => return Err(error),
            Err(other) => panic!("{other}"),
        };
        let folder = tempfile::tempdir().expect("a folder");
        let master = MasterKey::from_bytes([0x42; 32]);
        let keystore = KeyStore::new(folder.path().join("keys"), master, bed.chance());
        let settings = Settings { smarthost: server, subaddress: Some('+'), ..Settings::default() };
        engine.post = Post { settings, keystore: Some(keystore) };
        Ok(World { engine, clock, folder })
    }

    /// A key of the project's own.
    pub fn project_key(&self) -> Secret {
        let at = system_time(start()) - std::time::Duration::from_secs(3_600);
        let secret = Secret::generate("CloudStack <security@cloudstack.example>", at, None).expect("a key");
        let keystore = self.engine.post.keystore.as_ref().expect("a folder for keys");
        keystore.put(&project(), &secret).expect("kept");
        secret
    }

    pub async fn key_of(&self, person: &str, certificate: &Certificate) {
        let armoured = certificate.armoured().expect("text");
        let added = self.engine.add_person_key(person, &armoured).await.expect("a person");
        added.expect("a key that can be used");
    }

    /// A report arrives and is read, so that letters wait.
    pub async fn report(&self) -> CaseId {
        self.report_of(1).await
    }

    /// As [`World::report`], one of several.
    pub async fn report_of(&self, n: usize) -> CaseId {
        let raw = REPORT.replace("<r1@", &format!("<r{n}@"));
        let letter = self.engine.accept_letter(&project(), None, raw.as_bytes()).await.expect("accepted");
        let round = self.engine.work().await.expect("works");
        assert_eq!(round.failed, Vec::<String>::new());
        self.engine.store.letter(letter).await.expect("the letter").case.expect("a case")
    }

    pub async fn send(&self) -> Sent {
        let mut sender = Sender::of(&self.engine).expect("settings").expect("a server");
        self.round(&mut sender).await
    }

    pub async fn round(&self, sender: &mut Sender) -> Sent {
        sender.round(&self.engine, &AtomicBool::new(false)).await.expect("a round")
    }

    pub async fn ways(&self) -> Vec<Delivery> {
        self.engine.store.deliveries(0, 1_000).await.expect("deliveries")
    }

    pub fn pass(&self, seconds: i64) {
        self.clock.set(Instant::from_micros(self.clock.now().micros() + seconds * SECOND_US));
    }
}
