//! The two databases behind one face: own values, rows and transactions, each written once per database.

mod postgres;
mod sqlite;
mod value;

pub(super) use value::{Kind, Row, Value};

use super::sql::Sql;
use super::{Faults, StoreError};
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

/// How long a statement waits for another writer before it answers [`StoreError::Busy`].
const WAIT_S: u64 = 15;

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

/// An open database. Every durable effect on it is announced to `faults`.
pub(super) struct Database {
    engine: Engine,
    faults: Arc<Faults>,
}

enum Engine {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

impl Database {
    pub(super) async fn open(location: &Location, faults: Arc<Faults>) -> Result<Database, StoreError> {
        let engine = match location {
            Location::Sqlite(path) => Engine::Sqlite(sqlite::Sqlite::open(path).await?),
            Location::Postgres(url) => Engine::Postgres(postgres::Postgres::open(url).await?),
        };
        Ok(Database { engine, faults })
    }

    pub(super) fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Begins a writing transaction. Dropping it rolls back.
    pub(super) async fn begin(&self) -> Result<Tx, StoreError> {
        let begun = match &self.engine {
            Engine::Sqlite(engine) => Begun::Sqlite(engine.begin().await?),
            Engine::Postgres(engine) => Begun::Postgres(engine.begin().await?),
        };
        Ok(Tx { begun, faults: Arc::clone(&self.faults) })
    }

    /// Begins a transaction that reads one state of everything, and keeps nobody from writing. Nothing may be written
    /// in it. SQLite's is the connection that otherwise writes: until it is dropped, this process waits to write.
    pub(super) async fn begin_snapshot(&self) -> Result<Tx, StoreError> {
        let begun = match &self.engine {
            Engine::Sqlite(engine) => Begun::Sqlite(engine.begin_snapshot().await?),
            Engine::Postgres(engine) => Begun::Postgres(engine.begin_snapshot().await?),
        };
        Ok(Tx { begun, faults: Arc::clone(&self.faults) })
    }

    pub(super) fn is_sqlite(&self) -> bool {
        matches!(self.engine, Engine::Sqlite(_))
    }

    /// Reads the last committed state.
    pub(super) async fn query(
        &self,
        sql: Sql,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<Row>, StoreError> {
        match &self.engine {
            Engine::Sqlite(engine) => engine.query(sql, values).await,
            Engine::Postgres(engine) => engine.query(sql, values).await,
        }
    }

    /// Does `work`, which reads. Where reading is done in place, what it reads without waiting in between is as of one
    /// moment, and costs less.
    pub(super) async fn at_one_moment<T>(&self, work: impl Future<Output = T>) -> T {
        match &self.engine {
            Engine::Sqlite(engine) => engine.at_one_moment(work).await,
            Engine::Postgres(_) => work.await,
        }
    }

    /// Makes sure that what was deleted is gone from the files as well.
    ///
    /// SQLite overwrites deleted content with zeros (`secure_delete`), but the write-ahead log keeps earlier
    /// pages until it is emptied. PostgreSQL keeps dead rows until their table is written anew. Backups, and
    /// the blocks that a file system or a drive set aside, are beyond the reach of a program.
    pub(super) async fn scrub_keys(&self) -> Result<(), StoreError> {
        let effect = self.faults.before()?;
        match &self.engine {
            Engine::Sqlite(engine) => engine.empty_write_ahead_log().await?,
            Engine::Postgres(engine) => engine.rewrite_keys().await?,
        }
        effect.after()
    }

    /// Waits until every connection is closed.
    pub(super) async fn close(&self) {
        match &self.engine {
            Engine::Sqlite(engine) => engine.close().await,
            Engine::Postgres(engine) => engine.close().await,
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
    Sqlite(sqlite::Tx),
    Postgres(postgres::Tx),
}

impl Tx {
    /// Runs a statement and answers how many rows it changed.
    pub(super) async fn execute(
        &mut self,
        sql: Sql,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<u64, StoreError> {
        match &mut self.begun {
            Begun::Sqlite(tx) => tx.execute(sql, values),
            Begun::Postgres(tx) => tx.execute(sql, values).await,
        }
    }

    /// Runs a statement and answers its rows.
    pub(super) async fn query(
        &mut self,
        sql: Sql,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<Row>, StoreError> {
        match &mut self.begun {
            Begun::Sqlite(tx) => tx.query(sql, values),
            Begun::Postgres(tx) => tx.query(sql, values).await,
        }
    }

    /// Runs a statement with one row of `VALUES` for many rows.
    pub(super) async fn execute_many<const N: usize>(
        &mut self,
        sql: Sql,
        rows: Vec<[Value; N]>,
    ) -> Result<(), StoreError> {
        match &mut self.begun {
            Begun::Sqlite(tx) => rows.into_iter().try_for_each(|row| tx.execute(sql, row).map(drop)),
            Begun::Postgres(tx) => tx.execute_many(sql, rows).await,
        }
    }

    /// Runs a query with one row of `VALUES` for many rows, and answers what it finds for all of them.
    pub(super) async fn query_many<const N: usize>(
        &mut self,
        sql: Sql,
        rows: Vec<[Value; N]>,
    ) -> Result<Vec<Row>, StoreError> {
        match &mut self.begun {
            Begun::Sqlite(tx) => {
                let found: Result<Vec<Vec<Row>>, StoreError> =
                    rows.into_iter().map(|row| tx.query(sql, row)).collect();
                Ok(found?.into_iter().flatten().collect())
            }
            Begun::Postgres(tx) => tx.query_many(sql, rows).await,
        }
    }

    /// Runs a migration: several statements in one text.
    pub(super) async fn run_script(&mut self, text: &'static str) -> Result<(), StoreError> {
        match &mut self.begun {
            Begun::Sqlite(tx) => tx.run_script(text),
            Begun::Postgres(tx) => tx.run_script(text).await,
        }
    }

    /// The one moment at which anything in this transaction becomes durable.
    pub(super) async fn commit(self) -> Result<(), StoreError> {
        let effect = self.faults.before()?;
        match self.begun {
            Begun::Sqlite(tx) => tx.commit()?,
            Begun::Postgres(tx) => tx.commit().await?,
        }
        effect.after()
    }
}
