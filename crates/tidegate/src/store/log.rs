//! The log: append-only, each event linked to the one before it by a hash, its head authenticated.
//!
//! ```text
//! genesis = SHA-256("tidegate log v1" || instance id)
//! hash    = SHA-256(0x01 || previous hash || seq || at_us || len(case) || case || n || SHA-256(ciphertext))
//! ```
//!
//! Numbers are big-endian; `seq`, `at_us` and `n` take eight bytes, `len(case)` four. The hash covers the
//! ciphertext, not the plaintext, so destroying a case's key leaves the chain whole.
//!
//! Someone with the database but without the master key can compute hashes, but not the head's MAC. Putting
//! back an older head with its MAC, and dropping what came after, is found by comparing with a checkpoint kept
//! elsewhere ([`Store::log_hash`]), and by nothing inside the database.

use super::database::{Row, Tx, Value};
use super::seal::Vault;
use super::shred::{KeysGone, is_shredding};
use super::{Store, StoreError, migrate, sql};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use tidegate_domain::id::CaseId;
use tidegate_domain::time::Instant;

/// Events read at a time while verifying.
const VERIFY_CHUNK: u64 = 1_000;
/// Faults that a report lists; it counts them all.
pub const FAULTS_LISTED_MAX: usize = 100;

type Hash = [u8; 32];

/// The end of the log: how many events there are, and the hash of the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogHead {
    /// The last event's number; 0 in an empty log.
    pub seq: u64,
    /// The last event's hash; the genesis hash in an empty log.
    pub hash: [u8; 32],
}

/// One event about to be appended: encrypted, but without its place in the log.
pub(super) struct Sealed {
    pub case: CaseId,
    pub n: u64,
    pub at: Instant,
    pub body: Vec<u8>,
}

pub(super) fn genesis(instance_id: &[u8]) -> Hash {
    Sha256::new().chain_update(b"tidegate log v1").chain_update(instance_id).finalize().into()
}

/// The hash of an event whose predecessor has the hash `previous`.
fn link(previous: &Hash, seq: u64, event: &Sealed) -> Hash {
    let case = event.case.to_string();
    // A case id is fourteen bytes long.
    let length = u32::try_from(case.len()).unwrap_or(u32::MAX);
    Sha256::new()
        .chain_update([0x01])
        .chain_update(previous)
        .chain_update(seq.to_be_bytes())
        .chain_update(event.at.micros().to_be_bytes())
        .chain_update(length.to_be_bytes())
        .chain_update(case)
        .chain_update(event.n.to_be_bytes())
        .chain_update(Sha256::digest(&event.body))
        .finalize()
        .into()
}

impl Vault {
    /// What proves that the log's head was set by someone with the keys.
    pub(super) fn head_mac(&self, seq: u64, hash: &Hash) -> [u8; 32] {
        self.tag("log head", &[&seq.to_be_bytes(), hash]).0
    }
}

/// Appends. On PostgreSQL the row of the head is locked here until the commit, so this comes last: writers of
/// different cases wait for each other only this long.
pub(super) async fn append(tx: &mut Tx, vault: &Vault, events: Vec<Sealed>) -> Result<(), StoreError> {
    if events.is_empty() {
        return Ok(());
    }
    let added = events.len() as u64;
    let rows = tx.query(sql::LOG_HEAD_ADVANCE, [added.into()]).await?;
    let head = rows.first().ok_or_else(|| StoreError::tampered("log_head", 1))?;
    let last = head.count("seq")?;
    let mut hash = head.digest("hash")?;
    let mut rows: Vec<[Value; 6]> = Vec::with_capacity(events.len());
    for (seq, event) in (last - added + 1..).zip(events) {
        hash = link(&hash, seq, &event);
        rows.push([
            seq.into(),
            event.case.into(),
            event.n.into(),
            event.at.into(),
            event.body.into(),
            hash.into(),
        ]);
    }
    tx.execute_many(sql::EVENT_INSERT, rows).await?;
    let mac = vault.head_mac(last, &hash);
    tx.execute(sql::LOG_HEAD_SET, [hash.into(), mac.into()]).await.map(drop)
}

/// What [`Store::verify_log`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogReport {
    /// Events read.
    pub events: u64,
    /// The head as stored: compare it with a checkpoint kept elsewhere.
    pub head: LogHead,
    /// How many faults there are.
    pub faults: u64,
    /// The first [`FAULTS_LISTED_MAX`] of them, in the order found.
    pub listed: Vec<LogFault>,
}

impl LogReport {
    /// Nothing is wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.faults == 0
    }

    /// Holds the keys that are gone, as read before and after the events, against the events that say so.
    fn hold_keys(&mut self, before: &KeysGone, after: &KeysGone, shreddings: &Shreddings) {
        for case in before.keys().filter(|case| !shreddings.contains_key(case)) {
            self.faults += 1;
            if self.listed.len() < FAULTS_LISTED_MAX {
                self.listed.push(LogFault { wrong: Wrong::KeyGone, seq: None, case: Some(*case), n: None });
            }
        }
        for (case, (seq, n, at)) in shreddings {
            if after.get(case) != Some(&Some(*at)) {
                self.add(Wrong::KeyBack, Some(*seq), Some((*case, *n)));
            }
        }
    }

    fn add(&mut self, wrong: Wrong, seq: Option<u64>, place: Option<(CaseId, u64)>) {
        self.faults += 1;
        if self.listed.len() < FAULTS_LISTED_MAX {
            self.listed.push(LogFault { wrong, seq, case: place.map(|at| at.0), n: place.map(|at| at.1) });
        }
    }
}

/// One thing wrong with the log, and where. What cannot be known is absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogFault {
    /// What is wrong.
    pub wrong: Wrong,
    /// The number in the log.
    pub seq: Option<u64>,
    /// The case.
    pub case: Option<CaseId>,
    /// The number within the case.
    pub n: Option<u64>,
}

/// `event 17 (event 3 of case 7k3m-9xq4-b2wd) was changed or moved here`.
impl fmt::Display for LogFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Wrong::KeyGone, Some(case)) = (self.wrong, self.case) {
            return write!(f, "the key of case {case} is gone, and no event says that it was shredded");
        }
        match self.seq {
            Some(seq) => write!(f, "event {seq}")?,
            None => f.write_str("an event")?,
        }
        if let (Some(case), Some(n)) = (self.case, self.n) {
            write!(f, " (event {n} of case {case})")?;
        }
        f.write_str(match self.wrong {
            Wrong::Changed => " was changed or moved here",
            Wrong::Missing => " is missing",
            Wrong::Reordered => " stands at the wrong place",
            Wrong::Added => " was added behind the log's end",
            Wrong::KeyGone => " does not say who destroyed its case's key",
            Wrong::KeyBack => " says that its case was shredded, but the key is not as that left it",
            Wrong::Head => ", the log's end, is not the one that was committed",
        })
    }
}

/// What can be wrong with a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// The event does not match its hash: it was changed, or moved here from elsewhere in the log. The event
    /// after a moved one is named as well, since it was linked to another.
    Changed,
    /// There is no event where one must be. Past the last event, the log was truncated.
    Missing,
    /// The event stands at the wrong place among those of its case.
    Reordered,
    /// An event stands behind the log's head, where no commit put it.
    Added,
    /// A case's key is gone, and no event says that the case was shredded.
    KeyGone,
    /// An event says that its case was shredded, and the key is there again, or gone since another instant.
    KeyBack,
    /// The head's hash is not that of its event, or its MAC was not made with this instance's key.
    Head,
}

impl Store {
    /// The end of the log, for a checkpoint.
    pub async fn log_head(&self) -> Result<LogHead, StoreError> {
        Ok(self.stored_head().await?.0)
    }

    /// The hash of event `seq`, to hold against a checkpoint; `None` if the log does not reach that far.
    pub async fn log_hash(&self, seq: u64) -> Result<Option<[u8; 32]>, StoreError> {
        if seq == 0 {
            return Ok(Some(genesis(&migrate::instance_id(&self.database).await?)));
        }
        let rows = self.database.query(sql::EVENT_HASH, [seq.into()]).await?;
        rows.first().map(|row| row.digest("hash")).transpose()
    }

    /// Reads the whole log, in pieces, and reports everything that was changed behind the program's back.
    ///
    /// Events appended meanwhile are not looked at. `progress` is told how many events are read, of how many.
    pub async fn verify_log(&self, mut progress: impl FnMut(u64, u64)) -> Result<LogReport, StoreError> {
        // Before the events: a key that is gone now has its event among those that are read.
        let gone = self.keys_gone().await?;
        let (head, mac) = self.stored_head().await?;
        let genesis = genesis(&migrate::instance_id(&self.database).await?);
        let mut walk = Walk::new(head, genesis);
        while walk.seq < head.seq {
            let chunk = self
                .database
                .query(sql::EVENTS_TO_VERIFY, [walk.seq.into(), head.seq.into(), VERIFY_CHUNK.into()])
                .await?;
            if chunk.is_empty() {
                break;
            }
            for row in &chunk {
                walk.step(row)?;
            }
            progress(walk.report.events, head.seq);
        }
        let shreddings = std::mem::take(&mut walk.shreddings);
        let mut report = walk.finish();
        report.hold_keys(&gone, &self.keys_gone().await?, &shreddings);
        if mac != self.vault.head_mac(head.seq, &head.hash) {
            report.add(Wrong::Head, Some(head.seq), None);
        }
        self.find_added(&mut report).await?;
        Ok(report)
    }

    async fn stored_head(&self) -> Result<(LogHead, [u8; 32]), StoreError> {
        let rows = self.database.query(sql::LOG_HEAD, []).await?;
        let row = rows.first().ok_or_else(|| StoreError::tampered("log_head", 1))?;
        Ok((LogHead { seq: row.count("seq")?, hash: row.digest("hash")? }, row.digest("mac")?))
    }

    /// The last event is read before the head: a commit in between moves the head further, never back.
    async fn find_added(&self, report: &mut LogReport) -> Result<(), StoreError> {
        let rows = self.database.query(sql::EVENT_LAST, []).await?;
        let last = rows.first().map_or(Ok(0), |row| row.count("seq"))?;
        if last > self.log_head().await?.seq {
            report.add(Wrong::Added, Some(last), None);
        }
        Ok(())
    }
}

/// Where the verification stands.
struct Walk {
    /// The last event read, and its hash as stored.
    seq: u64,
    hash: Hash,
    cases: BTreeMap<CaseId, Numbers>,
    /// How many numbers of the log have no event.
    missing: u64,
    shreddings: Shreddings,
    report: LogReport,
}

/// The events that say that a case was shredded: number in the log and in the case, and instant.
type Shreddings = BTreeMap<CaseId, (u64, u64, Instant)>;

/// Which of a case's events were seen: all up to `highest` but those in `absent`.
#[derive(Default)]
struct Numbers {
    highest: u64,
    absent: BTreeSet<u64>,
}

impl Walk {
    fn new(head: LogHead, genesis: Hash) -> Walk {
        let report = LogReport { events: 0, head, faults: 0, listed: Vec::new() };
        Walk {
            seq: 0,
            hash: genesis,
            cases: BTreeMap::new(),
            missing: 0,
            shreddings: BTreeMap::new(),
            report,
        }
    }

    fn step(&mut self, row: &Row) -> Result<(), StoreError> {
        let seq = row.count("seq")?;
        let (case, n, at) = (row.case("case_id")?, row.count("n")?, row.instant("at_us")?);
        let event = Sealed { case, n, at, body: row.bytes("body")? };
        let stored = row.digest("hash")?;
        if is_shredding(&event.body) {
            self.shreddings.insert(case, (seq, n, at));
        }
        self.miss(self.seq + 1, seq);
        // After a gap there is nothing to hold the next event against; its own hash starts the chain anew.
        let follows = seq == self.seq + 1;
        let in_order = self.count(seq, case, n);
        if follows && in_order && link(&self.hash, seq, &event) != stored {
            self.report.add(Wrong::Changed, Some(seq), Some((case, n)));
        }
        (self.seq, self.hash) = (seq, stored);
        self.report.events += 1;
        Ok(())
    }

    /// Notes that nothing is stored from `first` up to, not including, `end`. A forged number can make that
    /// gap as wide as it likes, so it is counted by subtraction.
    fn miss(&mut self, first: u64, end: u64) {
        let count = end.saturating_sub(first);
        self.missing += count;
        let listed = (first..end).take(FAULTS_LISTED_MAX);
        let unlisted = count.saturating_sub(FAULTS_LISTED_MAX as u64);
        listed.for_each(|seq| self.report.add(Wrong::Missing, Some(seq), None));
        self.report.faults += unlisted;
    }

    /// Notes the event's number within its case; false, and a finding, if it comes too late or twice.
    fn count(&mut self, seq: u64, case: CaseId, n: u64) -> bool {
        let seen = self.cases.entry(case).or_default();
        if n > seen.highest {
            seen.absent.extend((seen.highest + 1..n).take(FAULTS_LISTED_MAX));
            seen.highest = n;
            return true;
        }
        seen.absent.remove(&n);
        self.report.add(Wrong::Reordered, Some(seq), Some((case, n)));
        false
    }

    fn finish(mut self) -> LogReport {
        let head = self.report.head;
        self.miss(self.seq + 1, head.seq + 1);
        self.name_missing();
        if self.seq == head.seq && self.hash != head.hash {
            self.report.add(Wrong::Head, Some(head.seq), None);
        }
        self.report
    }

    /// A removed event shows twice: its number in the log is free, and its case has a gap. If there is one of
    /// each, they are the same event. Otherwise both are listed, but only surplus gaps count as more faults.
    fn name_missing(&mut self) {
        let gaps = || self.cases.iter().flat_map(|(case, seen)| seen.absent.iter().map(|n| (*case, *n)));
        let count = gaps().count() as u64;
        let first = gaps().next();
        let free = self.report.listed.iter_mut().find(|fault| fault.wrong == Wrong::Missing);
        if let (1, 1, Some((case, n)), Some(fault)) = (count, self.missing, first, free) {
            (fault.case, fault.n) = (Some(case), Some(n));
            return;
        }
        let faults = self.report.faults + count.saturating_sub(self.missing);
        for gap in gaps().take(FAULTS_LISTED_MAX) {
            self.report.add(Wrong::Missing, None, Some(gap));
        }
        self.report.faults = faults;
    }
}
