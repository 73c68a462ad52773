//! Jobs: work in the world, done at least once. Leases are rows; nothing depends on a process being alive.

use super::commit::{Keys, NewJob};
use super::database::{Row, Tx, Value};
use super::seal::{Key, Place};
use super::{Store, StoreError, retrying, sql};
use std::fmt;
use tidegate_domain::id::CaseId;
use tidegate_domain::time::Instant;

/// The longest kept text of a failure, in characters.
pub const JOB_ERROR_CHARS_MAX: usize = 300;

/// A job's name: made from its key, which it does not reveal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId([u8; 32]);

/// The first sixteen digits: enough to find a job in a log.
impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0[..8]))
    }
}

impl fmt::Debug for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JobId({self})")
    }
}

impl From<JobId> for Value {
    fn from(id: JobId) -> Value {
        Value::from(id.0)
    }
}

/// A job that was leased to a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its name, to finish or retry it.
    pub id: JobId,
    /// Which hand does it.
    pub kind: String,
    /// The case it belongs to.
    pub case: Option<CaseId>,
    /// Not before this instant.
    pub run_at: Instant,
    /// What the hand needs to know.
    pub body: Vec<u8>,
    /// How often it was begun, this time included.
    pub attempts: u32,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
}

/// How much work is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobsLeft {
    /// Jobs whose time has come, leased ones included.
    pub due: u64,
    /// Jobs for later.
    pub later: u64,
    /// When the first of all these is to run; in the past if one is due.
    pub next_at: Option<Instant>,
}

/// The values of [`sql::JOB_INSERT`].
pub(super) type NewJobRow = [Value; 6];

/// The place of a job's columns, with its kind: a job given to another hand does not open.
struct JobRow(String);

impl JobRow {
    fn new(id: JobId, kind: &str) -> JobRow {
        JobRow(format!("{}/{kind}", hex::encode(id.0)))
    }

    fn place(&self, column: &'static str) -> Place<'_> {
        Place { table: "job", row: &self.0, column }
    }
}

impl Store {
    /// The name that a job with this key has or would have.
    #[must_use]
    pub fn job_id(&self, key: &str) -> JobId {
        JobId(self.vault.tag("job", &[key.as_bytes()]).0)
    }

    /// The row of a job to be added by [`Store::insert_jobs`].
    pub(super) async fn job_row(
        &self,
        tx: &mut Tx,
        keys: &mut Keys<'_>,
        rank: u64,
        job: &NewJob,
    ) -> Result<NewJobRow, StoreError> {
        let id = self.job_id(&job.key);
        let key = keys.of_owner(tx, job.case).await?;
        let body = self.vault.seal(key, &JobRow::new(id, job.kind).place("body"), &job.body)?;
        Ok([id.into(), job.case.into(), job.kind.into(), job.run_at.into(), rank.into(), body.into()])
    }

    /// Adds jobs, but none whose key was ever added.
    pub(super) async fn insert_jobs(&self, tx: &mut Tx, jobs: Vec<NewJobRow>) -> Result<(), StoreError> {
        tx.execute_many(sql::JOB_INSERT, jobs).await
    }

    /// Leases up to `limit` jobs to `worker` until `lease_until`, the longest due first. No two workers hold
    /// the same job. A worker that dies leaves its leases, which run out.
    ///
    /// A job that was tampered with fails the whole claim, which leases nothing then.
    pub async fn claim_jobs(
        &self,
        now: Instant,
        lease_until: Instant,
        worker: &str,
        limit: u32,
    ) -> Result<Vec<Job>, StoreError> {
        retrying(|| self.try_claim(now, lease_until, worker, limit)).await
    }

    async fn try_claim(
        &self,
        now: Instant,
        lease_until: Instant,
        worker: &str,
        limit: u32,
    ) -> Result<Vec<Job>, StoreError> {
        let mut tx = self.database.begin().await?;
        let values = [now.into(), lease_until.into(), worker.into(), limit.into()];
        let rows = tx.query(sql::JOBS_CLAIM, values).await?;
        let mut claimed: Vec<(u64, Job)> =
            rows.iter().map(|row| self.read_job(row)).collect::<Result<_, StoreError>>()?;
        tx.commit().await?;
        // RETURNING promises no order.
        claimed.sort_by_key(|(rank, job)| (job.run_at, *rank, job.id));
        Ok(claimed.into_iter().map(|(_, job)| job).collect())
    }

    pub(super) fn read_job(&self, row: &Row) -> Result<(u64, Job), StoreError> {
        let (id, kind) = (JobId(row.digest("id")?), row.text("kind")?);
        let (case, key) = self.vault.key_for(row)?;
        let key = unshredded(key, id)?;
        let place = JobRow::new(id, &kind);
        let body = key.open(&place.place("body"), row.bytes("body")?)?;
        let error = row.opt_bytes("error")?;
        let last_error = error.map(|error| key.open_text(&place.place("error"), error)).transpose()?;
        let attempts = u32::try_from(row.count("attempts")?).unwrap_or(u32::MAX);
        Ok((
            row.count("rank")?,
            Job { id, kind, case, run_at: row.instant("run_us")?, body, attempts, last_error },
        ))
    }

    /// Marks the job as done, where its result is no commit of its own.
    pub async fn finish_job(&self, id: JobId) -> Result<(), StoreError> {
        let mut tx = self.database.begin().await?;
        self.finish_in(&mut tx, id).await?;
        tx.commit().await
    }

    /// The first to finish wins; a worker whose lease ran out finds the job done and stores nothing.
    pub(super) async fn finish_in(&self, tx: &mut Tx, id: JobId) -> Result<(), StoreError> {
        match tx.execute(sql::JOB_FINISH, [id.into()]).await? {
            0 => Err(StoreError::AlreadyDone { job: id }),
            _ => Ok(()),
        }
    }

    /// Gives the job back, to be tried again at `run_at`. `error` is kept, encrypted, cut to
    /// [`JOB_ERROR_CHARS_MAX`].
    pub async fn retry_job(&self, id: JobId, run_at: Instant, error: &str) -> Result<(), StoreError> {
        let error: String = error.chars().take(JOB_ERROR_CHARS_MAX).collect();
        let mut tx = self.database.begin().await?;
        let rows = tx.query(sql::JOB_WITH_KEY, [id.into()]).await?;
        let row = rows.first().ok_or(StoreError::AlreadyDone { job: id })?;
        let (_, key) = self.vault.key_for(row)?;
        let place = JobRow::new(id, &row.text("kind")?);
        let sealed = self.vault.seal(&unshredded(key, id)?, &place.place("error"), error.as_bytes())?;
        tx.execute(sql::JOB_RETRY, [id.into(), run_at.into(), sealed.into()]).await?;
        tx.commit().await
    }

    /// Gives jobs back that were leased until `lease` and not begun, so that nobody waits for the lease to run out.
    pub async fn release_jobs(&self, jobs: &[Job], lease: Instant) -> Result<(), StoreError> {
        let mut tx = self.database.begin().await?;
        for job in jobs {
            tx.execute(sql::JOB_RELEASE, [job.id.into(), lease.into()]).await?;
        }
        tx.commit().await
    }

    /// How many jobs a worker holds at `now`, and until when at the latest; `None` where there are none.
    pub async fn jobs_leased(&self, now: Instant) -> Result<Option<(u64, Instant)>, StoreError> {
        let rows = self.database.query(sql::JOBS_LEASED, [now.into()]).await?;
        let row = rows.first().ok_or_else(|| StoreError::not_found("jobs"))?;
        let until = row.opt_int("until_us")?.map(Instant::from_micros);
        until.map(|until| Ok((row.count("jobs")?, until))).transpose()
    }

    /// How much work is left at `now`.
    pub async fn jobs_left(&self, now: Instant) -> Result<JobsLeft, StoreError> {
        let rows = self.database.query(sql::JOBS_LEFT, [now.into()]).await?;
        let row = rows.first().ok_or_else(|| StoreError::not_found("jobs"))?;
        let (all, due) = (row.count("jobs")?, row.count("due")?);
        let next_at = row.opt_int("next_us")?.map(Instant::from_micros);
        Ok(JobsLeft { due, later: all.saturating_sub(due), next_at })
    }
}

/// Shredding a case ends its jobs in the same transaction, so a waiting job always has its key.
fn unshredded(key: Option<Key>, id: JobId) -> Result<Key, StoreError> {
    key.ok_or_else(|| StoreError::tampered("job", id))
}
