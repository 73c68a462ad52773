//! The store: an encrypted, append-only log of every case, and what can be rebuilt from it.
//!
//! One SQL text serves SQLite and PostgreSQL (`sql.rs`). Whatever belongs together is stored in one
//! transaction, and nothing is waited for inside it. Everything but published documents is encrypted
//! (`seal.rs`): a dump of the database shows random case ids, instants, job kinds and sizes in steps of 256
//! bytes. The log is hash-linked (`log.rs`), over ciphertexts, so it still verifies after a case is shredded.
//!
//! Each writing method is one durable effect: a crash leaves all of it or nothing. Where it leaves anything
//! else worth knowing, the method says so.

mod accounts;
mod alias;
mod answers;
mod api_tokens;
mod audit;
mod cases;
mod commit;
mod copy;
mod database;
mod deliveries;
mod derived;
mod documents;
mod error;
mod fault;
mod folds;
mod group;
mod instance;
mod jobs;
mod key;
mod letters;
mod log;
mod memo;
mod migrate;
mod person_keys;
mod seal;
mod shred;
pub mod sql;
mod streams;
mod throttle;
mod tokens;

pub use accounts::{AccountChange, AccountTokens, StoredAccount, StoredAccountEvent};
pub use answers::{AnswerId, Repeat};
pub use api_tokens::{NewApiToken, StoredApiToken};
pub use cases::{CaseRow, Content, DueOfCase, History, LoggedEvent, StoredEvent};
pub use commit::{CaseChange, Commit, Due, NewJob, Promotion, Staging};
pub use copy::Copied;
pub use database::Location;
pub use deliveries::{Claimed, Delivery, DeliveryState, SAID_CHARS_MAX};
pub use derived::{Derived, DerivedCase};
pub use documents::{PublicDocument, PublicEntry, StagedDocument};
pub use error::StoreError;
pub use fault::{Effect, Faults, Side};
pub use folds::{FOLD_TABLE, Fold, Recent};
pub use instance::{PolicyStamp, Project};
pub use jobs::{JOB_ERROR_CHARS_MAX, Job, JobId, JobsLeft};
pub use key::{KeyError, MasterKey};
pub use letters::{Letter, LetterEntry, LetterId, LetterState, Outgoing, PARSE_LETTER};
pub use log::{FAULTS_LISTED_MAX, LogFault, LogHead, LogReport, Wrong};
pub use migrate::schema_version;
pub use person_keys::PersonKey;
pub use streams::{StreamChange, StreamHistory, StreamRow};
pub use throttle::Limit;
pub use tokens::{Held, NewToken, TokenId, TokenKind};

use crate::chance::Chance;
use database::Database;
use memo::Memo;
use seal::Vault;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tidegate_domain::id::Slug;

/// The longest event, job, due date, policy or setting.
pub const BODY_BYTES_MAX: usize = 4 << 20;
/// The longest fold of a case: a longer case is read from its first event.
pub const FOLD_BYTES_MAX: usize = 1 << 20;
/// The longest blob: a patch, an attachment, a test log.
pub const BLOB_BYTES_MAX: usize = 64 << 20;
/// The longest arriving or outgoing letter.
pub const LETTER_BYTES_MAX: usize = 64 << 20;
/// The longest document to publish.
pub const DOCUMENT_BYTES_MAX: usize = 16 << 20;

/// How often a transaction that lost against a concurrent one is tried.
const ATTEMPTS_MAX: u32 = 5;

/// An open database with its keys. Cheap to share behind an `Arc`; all methods take `&self`.
pub struct Store {
    database: Database,
    vault: Vault,
    /// The projects met so far, by their tag: they are few. Names only; a policy or a setting can change.
    projects: Mutex<HashMap<[u8; 32], Slug>>,
    /// The settings read so far.
    settings: Memo<str>,
    /// The sessions that were asked for.
    sessions: Memo<[u8]>,
    /// Commits that wait for SQLite's one writer.
    queue: group::Queue,
}

impl Store {
    /// Opens the database, makes it if it is missing, and brings its schema up to date.
    pub async fn open(
        location: &Location,
        master: &MasterKey,
        chance: Arc<Chance>,
    ) -> Result<Store, StoreError> {
        Store::open_with(location, master, chance, Arc::new(Faults::none())).await
    }

    /// As [`Store::open`], dying where `faults` says.
    ///
    /// A crash in here leaves some migrations done and others not, or a schema without its keys: the next
    /// opening goes on from there.
    pub async fn open_with(
        location: &Location,
        master: &MasterKey,
        chance: Arc<Chance>,
        faults: Arc<Faults>,
    ) -> Result<Store, StoreError> {
        let database = Database::open(location, faults).await?;
        migrate::migrate(&database).await?;
        let vault = migrate::unlock(&database, &master.0, chance).await?;
        Ok(Store {
            database,
            vault,
            projects: Mutex::default(),
            settings: Memo::new(),
            sessions: Memo::new(),
            queue: group::Queue::default(),
        })
    }

    /// Does `work`, which reads. On SQLite, what it reads without waiting in between is as of one moment, and costs
    /// less; on PostgreSQL, nothing changes.
    pub async fn at_one_moment<T>(&self, work: impl Future<Output = T>) -> T {
        self.database.at_one_moment(work).await
    }

    /// Waits until every connection is closed. Dropping the store also closes them, some time later.
    pub async fn close(&self) {
        self.database.close().await;
    }

    /// The effects this store has begun.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        self.database.faults()
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store(..)")
    }
}

/// Does `work`, one whole transaction, again if it lost against a concurrent one. PostgreSQL ends one of two
/// transactions that lock several rows each and wait for one another.
async fn retrying<T, F>(work: impl Fn() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    for _ in 1..ATTEMPTS_MAX {
        match work().await {
            Err(StoreError::Busy) => {}
            outcome => return outcome,
        }
    }
    work().await
}

/// Refuses what is too long before anything is stored or encrypted.
fn check_length(what: &'static str, bytes: usize, limit: usize) -> Result<(), StoreError> {
    if bytes <= limit { Ok(()) } else { Err(StoreError::TooLarge { what, limit }) }
}
