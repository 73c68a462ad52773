//! The one commit: events, what is derived from them, and the jobs that follow, or nothing.

use super::cases::{DueRow, EventRow};
use super::database::{Tx, Value};
use super::documents::StagedDocument;
use super::folds::Fold;
use super::jobs::{JobId, NewJobRow};
use super::letters::LetterId;
use super::log::Sealed;
use super::seal::Key;
use super::streams::StreamChange;
use super::{BODY_BYTES_MAX, DOCUMENT_BYTES_MAX, FOLD_BYTES_MAX, Store, StoreError, check_length, sql};
use std::collections::{BTreeSet, HashMap};
use tidegate_domain::id::{CaseId, Slug};
use tidegate_domain::time::Instant;

/// Everything that follows from one action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// When it is decided; the instant of every event in it.
    pub at: Instant,
    /// The cases it changes, each at most once.
    pub changes: Vec<CaseChange>,
    /// The streams it changes, each at most once.
    pub streams: Vec<StreamChange>,
    /// Work to do in the world. Jobs due at the same instant run in this order.
    pub jobs: Vec<NewJob>,
    /// Documents that wait for their instant from now on.
    pub stage: Vec<Staging>,
    /// Staged documents that become public.
    pub promote: Vec<Promotion>,
    /// The job whose result this is: finished in the same transaction, so it is never carried out twice.
    pub finish_job: Option<JobId>,
    /// The letter that belongs to a case from now on: it is encrypted anew under that case's key.
    pub link_letter: Option<(LetterId, CaseId)>,
}

impl Commit {
    /// An empty commit, to be filled with `..`.
    #[must_use]
    pub fn at(at: Instant) -> Commit {
        let (changes, jobs, stage, promote) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let streams = Vec::new();
        Commit { at, changes, streams, jobs, stage, promote, finish_job: None, link_letter: None }
    }
}

/// What happened to one case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseChange {
    /// The case.
    pub case: CaseId,
    /// How many events the decider had seen; 0 makes a new case.
    pub expected_n: u64,
    /// What happened, in order. Empty only for a case that exists.
    pub events: Vec<Vec<u8>>,
    /// Replaces all that is due in this case; `None` leaves it.
    pub due: Option<Vec<Due>>,
    /// The case's project, which must have been put before.
    pub project: Slug,
    /// Whether the case is listed as open.
    pub open: bool,
    /// The case as it is after these events, where it is kept.
    pub fold: Option<Fold>,
}

/// Something to be done or decided by an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The instant.
    pub at: Instant,
    /// The engine's own words for it.
    pub what: String,
}

/// Work to do in the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewJob {
    /// Names the job for ever: adding the same key again, even after it ran, changes nothing.
    pub key: String,
    /// The case it belongs to, and whose key encrypts it.
    pub case: Option<CaseId>,
    /// Which hand does it. Stored in the clear.
    pub kind: &'static str,
    /// Not before this instant.
    pub run_at: Instant,
    /// What the hand needs to know.
    pub body: Vec<u8>,
}

/// What is to be published with one version, in place of what was staged for it before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staging {
    /// The case.
    pub case: CaseId,
    /// The version.
    pub version: u32,
    /// The files, in order.
    pub documents: Vec<StagedDocument>,
}

/// One staged version that becomes public.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promotion {
    /// The case it was staged for.
    pub case: CaseId,
    /// The version; what was staged for earlier ones is dropped.
    pub version: u32,
}

/// What is stored at the end of a transaction, for all its commits at once. The log comes last, since its head is
/// locked from then on.
#[derive(Default)]
pub(super) struct Follows {
    pub jobs: Vec<NewJobRow>,
    pub events: Vec<Sealed>,
}

/// What is due in cases, as it is stored: most actions change no due date, and reading costs less than writing the
/// same again. `None` where it cannot be read.
pub(super) type StoredDue = HashMap<CaseId, Option<Vec<Due>>>;

/// The keys one transaction needs, each read and unwrapped once. Dropped, and wiped, with the transaction.
pub(super) struct Keys<'a> {
    store: &'a Store,
    known: HashMap<CaseId, Key>,
}

impl Store {
    /// Stores a commit: all of it or nothing.
    ///
    /// [`StoreError::Conflict`] names a case that changed since its events were read; decide again.
    /// [`StoreError::AlreadyDone`] means another worker finished the job first. After
    /// [`StoreError::Database`] the commit may have taken hold nevertheless; repeating it then ends in one of
    /// those two.
    pub async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        let mut commit = commit;
        check_lengths(&commit)?;
        // Rows are locked in one order, whatever the order of the action: two commits never wait in a circle.
        commit.changes.sort_by_key(|change| change.case);
        commit.streams.sort_by_key(|change| change.stream);
        self.commit_together(commit).await
    }

    /// Makes sure that the commit is still the right one, and locks what says so.
    pub(super) async fn advance(&self, tx: &mut Tx, commit: &Commit) -> Result<(), StoreError> {
        if let Some(job) = commit.finish_job {
            self.finish_in(tx, job).await?;
        }
        for change in &commit.changes {
            self.advance_case(tx, commit.at, change).await?;
        }
        for change in &commit.streams {
            self.advance_stream(tx, change).await?;
        }
        Ok(())
    }

    /// Reads what is due in the cases that these commits change, along with their keys.
    pub(super) async fn read_due(
        &self,
        tx: &mut Tx,
        keys: &mut Keys<'_>,
        commits: &[&Commit],
    ) -> Result<StoredDue, StoreError> {
        let changes = commits.iter().flat_map(|commit| &commit.changes);
        let cases: BTreeSet<CaseId> = changes.map(|change| change.case).collect();
        let cases = cases.into_iter().map(|case| [case.into()]).collect();
        let rows = tx.query_many(sql::KEYS_AND_DUE, cases).await?;
        let mut stored = StoredDue::new();
        for rows in rows.chunk_by(|one, next| one.case("case_id").ok() == next.case("case_id").ok()) {
            let Some(first) = rows.first() else { continue };
            let case = first.case("case_id")?;
            let key = keys.know(case, self.vault.case_key(case, rows)?);
            // The join makes one row of a case in which nothing is due.
            let rows = first.opt_int("position")?.map_or(&[][..], |_| rows);
            // What cannot be read is no reason to stop: it is derived, and written anew.
            let due = rows.iter().map(|row| DueRow::open(row, key).ok().map(|stored| stored.due)).collect();
            stored.insert(case, due);
        }
        Ok(stored)
    }

    /// Stores all of a commit but what is stored for all commits at once, which is added to `follows`.
    pub(super) async fn store_in(
        &self,
        tx: &mut Tx,
        keys: &mut Keys<'_>,
        stored: &mut StoredDue,
        commit: &Commit,
        follows: &mut Follows,
    ) -> Result<(), StoreError> {
        for change in &commit.changes {
            let key = keys.of(tx, change.case).await?;
            if let Some(due) = &change.due
                && stored.get(&change.case).and_then(Option::as_ref) != Some(due)
            {
                self.replace_due(tx, key, change.case, due).await?;
                stored.insert(change.case, Some(due.clone()));
            }
            let (case, seen) = (change.case, change.expected_n);
            follows.events.extend(self.seal_events(key, commit.at, case, seen, &change.events)?);
            if let Some(fold) = &change.fold {
                self.put_fold(tx, key, change.case, fold).await?;
            }
        }
        for change in &commit.streams {
            follows.events.extend(self.seal_stream(tx, keys, commit.at, change).await?);
        }
        for (rank, job) in (0..).zip(&commit.jobs) {
            follows.jobs.push(self.job_row(tx, keys, rank, job).await?);
        }
        for staging in &commit.stage {
            self.stage(tx, keys, staging).await?;
        }
        for promotion in &commit.promote {
            self.promote(tx, keys, commit.at, *promotion).await?;
        }
        if let Some((letter, case)) = commit.link_letter {
            self.link_letter(tx, keys, letter, case).await?;
        }
        Ok(())
    }

    /// Moves the case's row from the expected to the new number of events. That this row is as expected, and
    /// locked from here on, is what keeps two deciders from both being right.
    async fn advance_case(&self, tx: &mut Tx, at: Instant, change: &CaseChange) -> Result<(), StoreError> {
        let n = change.expected_n + change.events.len() as u64;
        let project = self.project_tag(&change.project);
        let row: [Value; 5] = [change.case.into(), project.into(), n.into(), change.open.into(), at.into()];
        let changed = if change.expected_n == 0 {
            self.ensure_case_key(tx, change.case).await?;
            tx.execute(sql::CASE_INSERT, row).await?
        } else {
            tx.execute(sql::CASE_UPDATE, row.into_iter().chain([change.expected_n.into()])).await?
        };
        if changed == 1 { Ok(()) } else { Err(StoreError::Conflict { case: change.case }) }
    }

    /// Makes the case's key unless it has one. A key may exist before the case does, because blobs are stored
    /// before the commit that mentions them.
    pub(super) async fn ensure_case_key(&self, tx: &mut Tx, case: CaseId) -> Result<(), StoreError> {
        let wrapped = self.vault.new_case_key(case)?;
        tx.execute(sql::CASE_KEY_INSERT, [case.into(), wrapped.into()]).await.map(drop)
    }

    /// Seals the events of a case or a stream that come after its event number `seen`.
    pub(super) fn seal_events(
        &self,
        key: &Key,
        at: Instant,
        case: CaseId,
        seen: u64,
        events: &[Vec<u8>],
    ) -> Result<Vec<Sealed>, StoreError> {
        let seal = |(n, event): (u64, &Vec<u8>)| {
            let body = self.vault.seal(key, &EventRow::new(case, n, at).place(), event)?;
            Ok(Sealed { case, n, at, body })
        };
        (seen + 1..).zip(events).map(seal).collect()
    }

    /// Replaces what is due in the case.
    pub(super) async fn replace_due(
        &self,
        tx: &mut Tx,
        key: &Key,
        case: CaseId,
        due: &[Due],
    ) -> Result<(), StoreError> {
        tx.execute(sql::DUE_CLEAR, [case.into()]).await?;
        for (position, due) in (0_u64..).zip(due) {
            let row = DueRow::new(case, position, due.at);
            let what = self.vault.seal(key, &row.place(), due.what.as_bytes())?;
            tx.execute(sql::DUE_INSERT, [case.into(), position.into(), due.at.into(), what.into()]).await?;
        }
        Ok(())
    }
}

impl<'a> Keys<'a> {
    pub(super) fn new(store: &'a Store) -> Keys<'a> {
        Keys { store, known: HashMap::new() }
    }

    /// The case's key.
    pub(super) async fn of(&mut self, tx: &mut Tx, case: CaseId) -> Result<&Key, StoreError> {
        if !self.known.contains_key(&case) {
            let rows = tx.query(sql::CASE_KEY, [case.into()]).await?;
            self.know(case, self.store.vault.case_key(case, &rows)?);
        }
        self.known.get(&case).ok_or(StoreError::Shredded { case })
    }

    /// Keeps a key that was read along with something else.
    fn know(&mut self, case: CaseId, key: Key) -> &Key {
        self.known.entry(case).insert_entry(key).into_mut()
    }

    /// The case's key, or the instance's for what belongs to no case.
    pub(super) async fn of_owner(&mut self, tx: &mut Tx, case: Option<CaseId>) -> Result<&Key, StoreError> {
        match case {
            Some(case) => self.of(tx, case).await,
            None => Ok(self.store.vault.instance()),
        }
    }
}

fn check_lengths(commit: &Commit) -> Result<(), StoreError> {
    for change in &commit.changes {
        for event in &change.events {
            check_length("an event", event.len(), BODY_BYTES_MAX)?;
        }
        if let Some(fold) = &change.fold {
            check_length("a fold", fold.body.len(), FOLD_BYTES_MAX)?;
        }
        for due in change.due.iter().flatten() {
            check_length("a due date's text", due.what.len(), BODY_BYTES_MAX)?;
        }
    }
    for event in commit.streams.iter().flat_map(|change| &change.events) {
        check_length("an event", event.len(), BODY_BYTES_MAX)?;
    }
    for job in &commit.jobs {
        check_length("a job", job.body.len(), BODY_BYTES_MAX)?;
    }
    for document in commit.stage.iter().flat_map(|staging| &staging.documents) {
        check_length("a document", document.body.len(), DOCUMENT_BYTES_MAX)?;
    }
    Ok(())
}
