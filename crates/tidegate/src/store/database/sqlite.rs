//! SQLite: one writing connection, a few reading ones, all used in place.
//!
//! A statement takes microseconds, so it runs where it is asked for: handing it to another thread and back
//! would cost more than the statement. What waits for the disk is the commit (and emptying the write-ahead log),
//! and for those a server's other tasks are moved to another thread first ([`waiting`]).
//!
//! What one task reads without waiting in between is read in one transaction ([`readers`]).
//!
//! Nothing here waits inside a statement for another program: such waits are asynchronous ([`patiently`]).

mod readers;

use super::super::StoreError;
use super::super::sql::Sql;
use super::{Row, Value, WAIT_S};
use readers::{Line, Readers};
use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, OpenFlags, ToSql};
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::OwnedMutexGuard;
use tokio::time::{sleep, timeout};

const WAIT: Duration = Duration::from_secs(WAIT_S);
/// Pauses between two attempts to get past another program.
const PAUSE_MIN: Duration = Duration::from_millis(1);
const PAUSE_MAX: Duration = Duration::from_millis(50);
/// The names of parameters: no statement has more.
const PARAMETERS: [&str; 12] = ["$1", "$2", "$3", "$4", "$5", "$6", "$7", "$8", "$9", "$10", "$11", "$12"];
/// More than the store has: each is prepared once per connection.
const STATEMENTS_MAX: usize = 128;
const OPEN: &str = "opening the SQLite file";

pub(super) struct Sqlite {
    /// SQLite allows one writer, so there is one connection that writes: waiting for it is a queue in this
    /// process, in order, instead of a race of retries on a file lock. `None` once closed.
    writer: Arc<tokio::sync::Mutex<Option<Line>>>,
    /// They see the last commit (WAL).
    readers: Readers,
}

impl Sqlite {
    /// Two programs that open a new file at once get in each other's way while it turns to WAL.
    pub(super) async fn open(path: &Path) -> Result<Sqlite, StoreError> {
        let named = |error: &dyn std::fmt::Display| StoreError::Database {
            step: OPEN,
            message: format!("{}: {error}", path.display()),
        };
        create_private(path).map_err(|error| named(&error))?;
        let opened = within(patiently(|| waiting(|| open_writer(path)))).await?;
        let writer = opened.map_err(|error| match StoreError::from_sqlite(OPEN, &error) {
            StoreError::Database { message, .. } => named(&message),
            other => other,
        })?;
        Ok(Sqlite {
            writer: Arc::new(tokio::sync::Mutex::new(Some(Line::new(writer)))),
            readers: Readers::of(path),
        })
    }

    /// `BEGIN IMMEDIATE` takes SQLite's write lock at once: a transaction that reads first and writes later
    /// could otherwise find that it read too old a state and fail half-way.
    pub(super) async fn begin(&self) -> Result<Tx, StoreError> {
        self.begin_with("BEGIN IMMEDIATE").await
    }

    /// Without the write lock: other programs write on, and what they write is not seen (WAL).
    pub(super) async fn begin_snapshot(&self) -> Result<Tx, StoreError> {
        self.begin_with("BEGIN DEFERRED").await
    }

    async fn begin_with(&self, text: &'static str) -> Result<Tx, StoreError> {
        const BEGIN: &str = "BEGIN";
        readers::end_moment();
        let begun = async {
            let mut writer = Arc::clone(&self.writer).lock_owned().await;
            let connection = &mut writer.as_mut().ok_or_else(|| closed(BEGIN))?.connection;
            // Moved in, so that it is this future's alone: a connection must not be shared between threads.
            let begin = move || connection.prepare_cached(text)?.raw_execute();
            patiently(begin).await.map_err(failed(BEGIN))?;
            Ok(Tx { writer })
        };
        within(begun).await?
    }

    pub(super) async fn query(
        &self,
        sql: Sql,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<Row>, StoreError> {
        self.readers.query(sql, values).await
    }

    /// Does `work`. What it reads without waiting in between, it reads as of one moment.
    pub(super) async fn at_one_moment<T>(&self, work: impl Future<Output = T>) -> T {
        self.readers.at_one_moment(work).await
    }

    pub(super) async fn empty_write_ahead_log(&self) -> Result<(), StoreError> {
        const SCRUB: &str = "SCRUB";
        let writer = within(self.writer.lock()).await?;
        let connection = &writer.as_ref().ok_or_else(|| closed(SCRUB))?.connection;
        waiting(|| empty_write_ahead_log(connection)).map_err(failed(SCRUB))
    }

    /// The last connection to close empties the write-ahead log and removes it.
    pub(super) async fn close(&self) {
        self.readers.close().await;
        let mut writer = self.writer.lock().await;
        waiting(|| drop(writer.take()));
    }
}

/// A transaction under way. Dropping it rolls back.
pub(super) struct Tx {
    writer: OwnedMutexGuard<Option<Line>>,
}

impl Tx {
    fn connection(&self, step: &'static str) -> Result<&Connection, StoreError> {
        self.writer.as_ref().map(|line| &line.connection).ok_or_else(|| closed(step))
    }

    pub(super) fn execute(
        &mut self,
        sql: Sql,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<u64, StoreError> {
        let connection = self.connection(sql.name)?;
        let changed = bound(connection, sql, values).and_then(|mut statement| statement.raw_execute());
        changed.map(|rows| rows as u64).map_err(failed(sql.name))
    }

    pub(super) fn query(
        &mut self,
        sql: Sql,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<Row>, StoreError> {
        self.writer.as_mut().ok_or_else(|| closed(sql.name))?.query(sql, values)
    }

    pub(super) fn run_script(&mut self, text: &'static str) -> Result<(), StoreError> {
        const MIGRATION: &str = "MIGRATION";
        self.connection(MIGRATION)?.execute_batch(text).map_err(failed(MIGRATION))
    }

    pub(super) fn commit(self) -> Result<(), StoreError> {
        const COMMIT: &str = "COMMIT";
        readers::end_moment();
        let connection = self.connection(COMMIT)?;
        let commit = || connection.prepare_cached("COMMIT")?.raw_execute();
        waiting(commit).map(drop).map_err(failed(COMMIT))
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        if let Some(line) = self.writer.as_ref().filter(|line| !line.connection.is_autocommit()) {
            // If even this fails, the next transaction cannot begin, and says so.
            let _ = line.connection.execute_batch("ROLLBACK");
        }
    }
}

/// A bound parameter, borrowed.
impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let value = match self {
            Value::Int(Some(value)) => ValueRef::Integer(*value),
            Value::Text(Some(value)) => ValueRef::Text(value.as_bytes()),
            Value::Bytes(Some(value)) => ValueRef::Blob(value),
            Value::Int(None) | Value::Text(None) | Value::Bytes(None) => ValueRef::Null,
        };
        Ok(ToSqlOutput::Borrowed(value))
    }
}

/// To SQLite, `$2` is a name and not the second parameter: parameters are numbered as they first occur.
fn bound<'c>(
    connection: &'c Connection,
    sql: Sql,
    values: impl IntoIterator<Item = Value>,
) -> rusqlite::Result<CachedStatement<'c>> {
    let mut statement = connection.prepare_cached(sql.text)?;
    for (nth, value) in (1_usize..).zip(values) {
        let index =
            PARAMETERS.get(nth - 1).map(|name| statement.parameter_index(name)).transpose()?.flatten();
        let index = index.ok_or(rusqlite::Error::InvalidParameterCount(nth, statement.parameter_count()))?;
        statement.raw_bind_parameter(index, value)?;
    }
    Ok(statement)
}

fn open_writer(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    prepare(&connection)?;
    // Waiting for another program is `patiently`'s.
    connection.busy_timeout(Duration::ZERO)?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL;
         -- A commit that was answered survives loss of power, not only of the process.
         PRAGMA synchronous = FULL;
         PRAGMA secure_delete = ON;",
    )?;
    // If a crash came between shredding a case and emptying the write-ahead log, this finishes the job.
    empty_write_ahead_log(&connection)?;
    Ok(connection)
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    // How a statement is carried out follows from its text alone, so it need not be prepared anew for other values.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // Sorting must not spill rows into temporary files.
    connection.execute_batch("PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;")
}

/// Waits for readers, but not for ever: what they still need stays in the log, for the next time.
fn empty_write_ahead_log(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(WAIT)?;
    let emptied = connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
    connection.busy_timeout(Duration::ZERO)?;
    emptied
}

/// Makes the file before SQLite does, which would make it readable by others. SQLite gives its `-wal` and
/// `-shm` files the same mode. A crash right here leaves an empty file: a database without tables.
fn create_private(path: &Path) -> std::io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Does what waits for the disk, a few milliseconds, while the runtime's other tasks go on elsewhere. A runtime
/// of one thread has no elsewhere: there they wait as well.
fn waiting<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        Ok(_) | Err(_) => work(),
    }
}

/// Tries again, after ever longer pauses, as long as another program is in the way.
async fn patiently<T>(mut attempt: impl FnMut() -> rusqlite::Result<T>) -> rusqlite::Result<T> {
    let mut pause = PAUSE_MIN;
    loop {
        match attempt() {
            Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) => {}
            outcome => return outcome,
        }
        sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

async fn within<T>(wait: impl Future<Output = T>) -> Result<T, StoreError> {
    timeout(WAIT, wait).await.map_err(|_| StoreError::Busy)
}

fn closed(step: &'static str) -> StoreError {
    StoreError::Database { step, message: "the store is closed".to_owned() }
}

fn failed(step: &'static str) -> impl Fn(rusqlite::Error) -> StoreError {
    move |error| StoreError::from_sqlite(step, &error)
}
