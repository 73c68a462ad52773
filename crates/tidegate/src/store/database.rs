//! The two databases behind one face: own values, rows and transactions, each written once per database.

use super::sql::Sql;
use super::{Faults, StoreError, retrying};
use sqlx::pool::PoolOptions;
use sqlx::postgres::{PgConnectOptions, PgRow};
use sqlx::query::Query;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteRow, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Encode, Postgres, Row as _, Sqlite, Transaction, Type};
use std::fmt;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use tidegate_domain::id::CaseId;
use tidegate_domain::time::Instant;

/// How long a statement waits for another writer before it answers [`StoreError::Busy`].
const WAIT_S: u64 = 15;
const SQLITE_READERS_MAX: u32 = 4;
const POSTGRES_CONNECTIONS_MAX: u32 = 8;

/// Where the database is.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// A file, made if it is missing, readable by its owner alone.
    Sqlite(PathBuf),
    /// The URL of a PostgreSQL database (`postgres://user@host/name`). It may hold a password.
    Postgres(String),
}

/// `postgres://..` is a server; anything else is a file.
impl FromStr for Location {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Location, Self::Err> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Location::Postgres(text.to_owned()));
        }
        Ok(Location::Sqlite(PathBuf::from(text.strip_prefix("sqlite:").unwrap_or(text))))
    }
}

/// Without the URL, which may hold a password.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Location::Sqlite(path) => write!(f, "SQLite file {}", path.display()),
            Location::Postgres(_) => f.write_str("PostgreSQL"),
        }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A bound value. Absence is typed too: PostgreSQL wants to know what kind of NULL it is given.
#[derive(Clone)]
pub(super) enum Value {
    Int(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

impl From<i64> for Value {
    fn from(value: i64) -> Value {
        Value::Int(Some(value))
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Value {
        Value::Int(Some(i64::from(value)))
    }
}

/// Counts stay far below 2^63; one that does not is bound as the largest and meets nothing.
impl From<u64> for Value {
    fn from(value: u64) -> Value {
        Value::Int(Some(i64::try_from(value).unwrap_or(i64::MAX)))
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Value {
        Value::Int(Some(i64::from(value)))
    }
}

impl From<Instant> for Value {
    fn from(value: Instant) -> Value {
        Value::Int(Some(value.micros()))
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Value {
        Value::Text(Some(value.to_owned()))
    }
}

impl From<CaseId> for Value {
    fn from(value: CaseId) -> Value {
        Value::Text(Some(value.to_string()))
    }
}

impl From<Option<CaseId>> for Value {
    fn from(value: Option<CaseId>) -> Value {
        Value::Text(value.map(|case| case.to_string()))
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Value {
        Value::Bytes(Some(value))
    }
}

impl From<[u8; 32]> for Value {
    fn from(value: [u8; 32]) -> Value {
        Value::Bytes(Some(value.to_vec()))
    }
}

/// One row of an answer. Getters take the column's name and fail with [`StoreError::Tampered`] on a value that
/// this program cannot have written there.
pub(super) struct Row {
    statement: &'static str,
    cells: Cells,
}

enum Cells {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    fn get<'r, T>(&'r self, column: &str) -> Result<T, StoreError>
    where
        T: sqlx::Decode<'r, Sqlite> + Type<Sqlite> + sqlx::Decode<'r, Postgres> + Type<Postgres>,
    {
        let value = match &self.cells {
            Cells::Sqlite(row) => row.try_get(column),
            Cells::Postgres(row) => row.try_get(column),
        };
        value.map_err(|_| self.unreadable(column))
    }

    /// The name of the statement stands for the table: it leads there.
    fn unreadable(&self, column: &str) -> StoreError {
        StoreError::tampered(self.statement, format_args!("with unreadable column {column}"))
    }

    pub(super) fn int(&self, column: &str) -> Result<i64, StoreError> {
        self.get(column)
    }

    pub(super) fn opt_int(&self, column: &str) -> Result<Option<i64>, StoreError> {
        self.get(column)
    }

    pub(super) fn count(&self, column: &str) -> Result<u64, StoreError> {
        u64::try_from(self.int(column)?).map_err(|_| self.unreadable(column))
    }

    pub(super) fn flag(&self, column: &str) -> Result<bool, StoreError> {
        Ok(self.int(column)? != 0)
    }

    pub(super) fn instant(&self, column: &str) -> Result<Instant, StoreError> {
        self.int(column).map(Instant::from_micros)
    }

    pub(super) fn text(&self, column: &str) -> Result<String, StoreError> {
        self.get(column)
    }

    pub(super) fn bytes(&self, column: &str) -> Result<Vec<u8>, StoreError> {
        self.get(column)
    }

    pub(super) fn opt_bytes(&self, column: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.get(column)
    }

    pub(super) fn digest(&self, column: &str) -> Result<[u8; 32], StoreError> {
        self.bytes(column)?.try_into().map_err(|_| self.unreadable(column))
    }

    pub(super) fn case(&self, column: &str) -> Result<CaseId, StoreError> {
        self.text(column)?.parse().map_err(|_| self.unreadable(column))
    }

    pub(super) fn opt_case(&self, column: &str) -> Result<Option<CaseId>, StoreError> {
        let text: Option<String> = self.get(column)?;
        text.map(|text| text.parse().map_err(|_| self.unreadable(column))).transpose()
    }
}

/// An open database. Every durable effect on it is announced to `faults`.
pub(super) struct Database {
    pools: Pools,
    faults: Arc<Faults>,
}

enum Pools {
    /// SQLite allows one writer, so the writing pool has one connection: waiting for it is a queue in this
    /// process, in order, instead of a race of retries on a file lock. Readers see the last commit (WAL).
    Sqlite {
        writer: sqlx::SqlitePool,
        readers: sqlx::SqlitePool,
    },
    Postgres(sqlx::PgPool),
}

impl Database {
    pub(super) async fn open(location: &Location, faults: Arc<Faults>) -> Result<Database, StoreError> {
        let pools = match location {
            // Two programs that open a new file at once get in each other's way while it turns to WAL, and
            // SQLite does not wait there.
            Location::Sqlite(path) => retrying(|| open_sqlite(path)).await?,
            Location::Postgres(url) => open_postgres(url).await?,
        };
        Ok(Database { pools, faults })
    }

    pub(super) fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Begins a writing transaction. Dropping it rolls back.
    ///
    /// `BEGIN IMMEDIATE` takes SQLite's write lock at once: a transaction that reads first and writes later
    /// could otherwise find that it read too old a state and fail half-way. PostgreSQL's READ COMMITTED is
    /// asked for by name because an administrator can change the default.
    pub(super) async fn begin(&self) -> Result<Tx, StoreError> {
        const BEGIN: &str = "BEGIN";
        let begun = match &self.pools {
            Pools::Sqlite { writer, .. } => writer.begin_with("BEGIN IMMEDIATE").await.map(Begun::Sqlite),
            Pools::Postgres(pool) => {
                pool.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED").await.map(Begun::Postgres)
            }
        };
        let begun = begun.map_err(|error| StoreError::from_database(BEGIN, &error))?;
        Ok(Tx { begun, faults: Arc::clone(&self.faults) })
    }

    /// Reads the last committed state.
    pub(super) async fn query(
        &self,
        sql: Sql,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<Row>, StoreError> {
        match &self.pools {
            Pools::Sqlite { readers, .. } => {
                let rows = bound::<Sqlite>(sql, values).fetch_all(readers).await;
                collect(sql, rows, Cells::Sqlite)
            }
            Pools::Postgres(pool) => {
                let rows = bound::<Postgres>(sql, values).fetch_all(pool).await;
                collect(sql, rows, Cells::Postgres)
            }
        }
    }

    /// Makes sure that what was deleted is gone from the files as well.
    ///
    /// SQLite overwrites deleted content with zeros (`secure_delete`), but the write-ahead log keeps earlier
    /// pages until it is emptied. PostgreSQL keeps dead rows until their table is written anew. Backups, and
    /// the blocks that a file system or a drive set aside, are beyond the reach of a program.
    pub(super) async fn scrub_keys(&self) -> Result<(), StoreError> {
        let effect = self.faults.before()?;
        match &self.pools {
            Pools::Sqlite { writer, .. } => empty_write_ahead_log(writer).await,
            Pools::Postgres(pool) => sqlx::raw_sql("VACUUM FULL case_key").execute(pool).await.map(drop),
        }
        .map_err(|error| StoreError::from_database("SCRUB", &error))?;
        effect.after()
    }

    /// Waits until every connection is closed.
    pub(super) async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }
}

/// A writing transaction. It holds the only writing connection of SQLite: whoever has one must not begin a
/// second before the first is committed or dropped.
pub(super) struct Tx {
    begun: Begun,
    faults: Arc<Faults>,
}

enum Begun {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    /// Runs a statement and answers how many rows it changed.
    pub(super) async fn execute(
        &mut self,
        sql: Sql,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<u64, StoreError> {
        let changed = match &mut self.begun {
            Begun::Sqlite(tx) => {
                let done = bound::<Sqlite>(sql, values).execute(&mut **tx).await;
                done.map(|done| done.rows_affected())
            }
            Begun::Postgres(tx) => {
                let done = bound::<Postgres>(sql, values).execute(&mut **tx).await;
                done.map(|done| done.rows_affected())
            }
        };
        changed.map_err(|error| StoreError::from_database(sql.name, &error))
    }

    /// Runs a statement and answers its rows.
    pub(super) async fn query(
        &mut self,
        sql: Sql,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<Row>, StoreError> {
        match &mut self.begun {
            Begun::Sqlite(tx) => {
                let rows = bound::<Sqlite>(sql, values).fetch_all(&mut **tx).await;
                collect(sql, rows, Cells::Sqlite)
            }
            Begun::Postgres(tx) => {
                let rows = bound::<Postgres>(sql, values).fetch_all(&mut **tx).await;
                collect(sql, rows, Cells::Postgres)
            }
        }
    }

    /// Runs a migration: several statements in one text.
    pub(super) async fn run_script(&mut self, text: &'static str) -> Result<(), StoreError> {
        match &mut self.begun {
            Begun::Sqlite(tx) => sqlx::raw_sql(text).execute(&mut **tx).await.map(drop),
            Begun::Postgres(tx) => sqlx::raw_sql(text).execute(&mut **tx).await.map(drop),
        }
        .map_err(|error| StoreError::from_database("MIGRATION", &error))
    }

    /// The one moment at which anything in this transaction becomes durable.
    pub(super) async fn commit(self) -> Result<(), StoreError> {
        let effect = self.faults.before()?;
        match self.begun {
            Begun::Sqlite(tx) => tx.commit().await,
            Begun::Postgres(tx) => tx.commit().await,
        }
        .map_err(|error| StoreError::from_database("COMMIT", &error))?;
        effect.after()
    }
}

fn bound<DB>(sql: Sql, values: impl IntoIterator<Item = Value>) -> Query<'static, DB, DB::Arguments>
where
    DB: sqlx::Database,
    Option<i64>: Encode<'static, DB> + Type<DB>,
    Option<String>: Encode<'static, DB> + Type<DB>,
    Option<Vec<u8>>: Encode<'static, DB> + Type<DB>,
{
    values.into_iter().fold(sqlx::query(sql.text), |query, value| match value {
        Value::Int(value) => query.bind(value),
        Value::Text(value) => query.bind(value),
        Value::Bytes(value) => query.bind(value),
    })
}

fn collect<R>(sql: Sql, rows: sqlx::Result<Vec<R>>, cells: fn(R) -> Cells) -> Result<Vec<Row>, StoreError> {
    let rows = rows.map_err(|error| StoreError::from_database(sql.name, &error))?;
    Ok(rows.into_iter().map(|row| Row { statement: sql.name, cells: cells(row) }).collect())
}

async fn open_sqlite(path: &Path) -> Result<Pools, StoreError> {
    const OPEN: &str = "opening the SQLite file";
    create_private(path).map_err(|error| StoreError::Database { step: OPEN, message: error.to_string() })?;
    let common = SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(Duration::from_secs(WAIT_S))
        .foreign_keys(true)
        // Sorting must not spill rows into temporary files.
        .pragma("temp_store", "MEMORY")
        .disable_statement_logging();
    let writing = common
        .clone()
        .journal_mode(SqliteJournalMode::Wal)
        // FULL: a commit that was answered survives loss of power, not only of the process.
        .synchronous(SqliteSynchronous::Full)
        .pragma("secure_delete", "ON");
    let forever =
        || PoolOptions::<Sqlite>::new().idle_timeout(None).max_lifetime(None).test_before_acquire(false);
    let writer = forever()
        .max_connections(1)
        .acquire_timeout(Duration::from_secs(WAIT_S))
        .connect_with(writing)
        .await
        .map_err(|error| StoreError::from_database(OPEN, &error))?;
    let readers = forever().max_connections(SQLITE_READERS_MAX).connect_lazy_with(common.read_only(true));
    // If a crash came between shredding a case and emptying the write-ahead log, this finishes the job.
    empty_write_ahead_log(&writer).await.map_err(|error| StoreError::from_database(OPEN, &error))?;
    Ok(Pools::Sqlite { writer, readers })
}

async fn empty_write_ahead_log(writer: &sqlx::SqlitePool) -> sqlx::Result<()> {
    sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)").execute(writer).await.map(drop)
}

/// Makes the file before SQLite does, which would make it readable by others. SQLite gives its `-wal` and
/// `-shm` files the same mode. A crash right here leaves an empty file: a database without tables.
fn create_private(path: &Path) -> std::io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
}

async fn open_postgres(url: &str) -> Result<Pools, StoreError> {
    const OPEN: &str = "connecting to PostgreSQL";
    // The driver's message would repeat the URL, and with it a password.
    let options = PgConnectOptions::from_str(url).map_err(|_| StoreError::Database {
        step: OPEN,
        message: "the URL is malformed; one looks like postgres://user@host/database".to_owned(),
    })?;
    let options = options.application_name("tidegate").disable_statement_logging();
    // One connection by hand, because a pool hides for its whole timeout why it cannot connect.
    let first = options.connect().await.map_err(|error| StoreError::from_database(OPEN, &error))?;
    first.close().await.map_err(|error| StoreError::from_database(OPEN, &error))?;
    let pool = PoolOptions::<Postgres>::new()
        .max_connections(POSTGRES_CONNECTIONS_MAX)
        .acquire_timeout(Duration::from_secs(WAIT_S))
        .connect_lazy_with(options);
    Ok(Pools::Postgres(pool))
}
