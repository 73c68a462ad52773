//! The database without the program: what one durable commit costs there.

use super::Outcome;
use super::measure::say;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use std::str::FromStr;
use tidegate::store::Location;

/// A table beside the program's, in the same file or schema.
const TABLE: &str = "CREATE TABLE bare_commit (body BYTEA NOT NULL)";
const INSERT: &str = "INSERT INTO bare_commit (body) VALUES ($1)";

/// One connection, with the settings of the store's writing one (`store/database/`).
pub enum Bare {
    Sqlite(rusqlite::Connection),
    Postgres(PgConnection),
}

impl Bare {
    pub async fn open(location: &Location) -> Outcome<Bare> {
        match location {
            Location::Sqlite(path) => {
                let connection = rusqlite::Connection::open(path)?;
                connection.execute_batch(
                    "PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA journal_mode = WAL;
                     PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;",
                )?;
                connection.execute_batch(TABLE)?;
                Ok(Bare::Sqlite(connection))
            }
            Location::Postgres(url) => {
                let mut connection = connect(url).await?;
                sqlx::raw_sql(TABLE).execute(&mut connection).await?;
                Ok(Bare::Postgres(connection))
            }
        }
    }

    /// Begins, inserts one row, commits.
    pub async fn commit(&mut self, body: &[u8]) -> Outcome<()> {
        match self {
            Bare::Sqlite(connection) => {
                connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
                connection.prepare_cached(INSERT)?.execute([body])?;
                connection.prepare_cached("COMMIT")?.execute([])?;
            }
            Bare::Postgres(connection) => {
                let mut tx = connection.begin().await?;
                sqlx::query(INSERT).bind(body).execute(&mut *tx).await?;
                tx.commit().await?;
            }
        }
        Ok(())
    }

    pub async fn close(self) -> Outcome<()> {
        match self {
            Bare::Sqlite(connection) => connection.close().map_err(|(_, error)| error)?,
            Bare::Postgres(connection) => connection.close().await?,
        }
        Ok(())
    }
}

/// A schema of this run's own on the throwaway server.
pub struct Schema {
    server: String,
    name: String,
}

impl Schema {
    /// `None`, with a word about it, where no server is given, or one whose commits are not durable.
    #[expect(clippy::disallowed_methods, reason = "the server is named in the environment, as for the tests")]
    pub async fn make() -> Outcome<Option<Schema>> {
        let Ok(server) = std::env::var("TIDEGATE_TEST_POSTGRES") else {
            say("skipped on PostgreSQL: TIDEGATE_TEST_POSTGRES is not set");
            return Ok(None);
        };
        let mut connection = connect(&server).await?;
        for setting in ["fsync", "synchronous_commit"] {
            let asked = sqlx::query_scalar("SELECT current_setting($1)").bind(setting);
            let value: String = asked.fetch_one(&mut connection).await?;
            if value == "off" {
                say(&format!("skipped on PostgreSQL: {setting} is off there, so no commit is durable"));
                return Ok(None);
            }
        }
        let name = format!("tidegate_cost_{}", std::process::id());
        sqlx::raw_sql(AssertSqlSafe(format!("CREATE SCHEMA {name}"))).execute(&mut connection).await?;
        Ok(Some(Schema { server, name }))
    }

    pub fn location(&self) -> Location {
        let separator = if self.server.contains('?') { '&' } else { '?' };
        Location::Postgres(format!("{}{separator}options=-csearch_path%3D{}", self.server, self.name))
    }

    /// Leaves nothing behind on the server.
    pub async fn remove(self) -> Outcome<()> {
        let drop = format!("DROP SCHEMA {} CASCADE", self.name);
        sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut connect(&self.server).await?).await?;
        Ok(())
    }
}

async fn connect(url: &str) -> Outcome<PgConnection> {
    Ok(PgConnectOptions::from_str(url)?.disable_statement_logging().connect().await?)
}
