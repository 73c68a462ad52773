//! PostgreSQL: a pool of connections.

use super::super::StoreError;
use super::super::sql::Sql;
use super::{Row, Value, WAIT_S};
use sqlx::pool::PoolOptions;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, PgPool, Transaction};
use std::str::FromStr;
use std::time::Duration;

const CONNECTIONS_MAX: u32 = 8;
/// A connection that rested longer is asked whether it is alive before it is used.
const UNTESTED_MAX: Duration = Duration::from_secs(1);
/// The most rows in one statement, as a power of two. Their values must be fewer than the protocol's 65,535.
const ROWS_POWER_MAX: u32 = 6;
const OPEN: &str = "connecting to PostgreSQL";

pub(super) struct Postgres {
    pool: PgPool,
}

impl Postgres {
    pub(super) async fn open(url: &str) -> Result<Postgres, StoreError> {
        // The driver's message would repeat the URL, and with it a password.
        let options = PgConnectOptions::from_str(url).map_err(|_| StoreError::Database {
            step: OPEN,
            message: "the URL is malformed; one looks like postgres://user@host/database".to_owned(),
        })?;
        // Where several servers share a database, their URLs can tell them apart.
        let options = match options.get_application_name() {
            Some(_) => options,
            None => options.application_name("tidegate"),
        };
        let options = options.disable_statement_logging();
        // One connection by hand, because a pool hides for its whole timeout why it cannot connect.
        let first = options.connect().await.map_err(failed(OPEN))?;
        first.close().await.map_err(failed(OPEN))?;
        let pool = PoolOptions::new()
            .max_connections(CONNECTIONS_MAX)
            .acquire_timeout(Duration::from_secs(WAIT_S))
            // A connection that was just in use is alive; asking it first would double what a statement costs.
            .test_before_acquire(false)
            .before_acquire(|connection: &mut PgConnection, about| {
                Box::pin(async move {
                    if about.idle_for > UNTESTED_MAX {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_lazy_with(options);
        Ok(Postgres { pool })
    }

    /// READ COMMITTED is asked for by name because an administrator can change the default.
    pub(super) async fn begin(&self) -> Result<Tx, StoreError> {
        let begun = self.pool.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED").await;
        begun.map(Tx).map_err(failed("BEGIN"))
    }

    pub(super) async fn begin_snapshot(&self) -> Result<Tx, StoreError> {
        let begun = self.pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await;
        begun.map(Tx).map_err(failed("BEGIN"))
    }

    pub(super) async fn query(
        &self,
        sql: Sql,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<Row>, StoreError> {
        collect(sql, bound(sql, values).fetch_all(&self.pool).await)
    }

    /// Writes the keys' table anew, without the rows that are no more.
    pub(super) async fn rewrite_keys(&self) -> Result<(), StoreError> {
        let done = sqlx::raw_sql("VACUUM FULL case_key").execute(&self.pool).await;
        done.map(drop).map_err(failed("SCRUB"))
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }
}

pub(super) struct Tx(Transaction<'static, sqlx::Postgres>);

impl Tx {
    pub(super) async fn execute(
        &mut self,
        sql: Sql,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<u64, StoreError> {
        let done = bound(sql, values).execute(&mut *self.0).await;
        done.map(|done| done.rows_affected()).map_err(failed(sql.name))
    }

    pub(super) async fn query(
        &mut self,
        sql: Sql,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<Row>, StoreError> {
        collect(sql, bound(sql, values).fetch_all(&mut *self.0).await)
    }

    /// One statement for many rows: each statement waits for the server, whatever it holds.
    pub(super) async fn execute_many<const N: usize>(
        &mut self,
        sql: Sql,
        rows: Vec<[Value; N]>,
    ) -> Result<(), StoreError> {
        for rows in in_powers_of_two(rows) {
            bound_many(sql, rows).execute(&mut *self.0).await.map_err(failed(sql.name))?;
        }
        Ok(())
    }

    pub(super) async fn query_many<const N: usize>(
        &mut self,
        sql: Sql,
        rows: Vec<[Value; N]>,
    ) -> Result<Vec<Row>, StoreError> {
        let mut found = Vec::new();
        for rows in in_powers_of_two(rows) {
            found.extend(collect(sql, bound_many(sql, rows).fetch_all(&mut *self.0).await)?);
        }
        Ok(found)
    }

    pub(super) async fn run_script(&mut self, text: &'static str) -> Result<(), StoreError> {
        sqlx::raw_sql(text).execute(&mut *self.0).await.map(drop).map_err(failed("MIGRATION"))
    }

    pub(super) async fn commit(self) -> Result<(), StoreError> {
        self.0.commit().await.map_err(failed("COMMIT"))
    }
}

type Bound = Query<'static, sqlx::Postgres, PgArguments>;

fn bound(sql: Sql, values: impl IntoIterator<Item = Value>) -> Bound {
    bind(sqlx::query(sql.text), values)
}

/// The text is made of our own statement and of numbers alone.
fn bound_many<const N: usize>(sql: Sql, rows: Vec<[Value; N]>) -> Bound {
    let text = sql.repeated(N, rows.len());
    bind(sqlx::query(AssertSqlSafe(text)), rows.into_iter().flatten())
}

fn bind(query: Bound, values: impl IntoIterator<Item = Value>) -> Bound {
    values.into_iter().fold(query, |query, value| match value {
        Value::Int(value) => query.bind(value),
        Value::Text(value) => query.bind(value),
        Value::Bytes(value) => query.bind(value),
    })
}

/// The rows in pieces whose lengths are powers of two: so few that a connection keeps all the texts prepared.
fn in_powers_of_two<T>(mut rows: Vec<T>) -> Vec<Vec<T>> {
    let mut pieces = Vec::new();
    while let Some(power) = rows.len().checked_ilog2() {
        let rest = rows.split_off(1_usize << power.min(ROWS_POWER_MAX));
        pieces.push(std::mem::replace(&mut rows, rest));
    }
    pieces
}

fn collect(sql: Sql, rows: sqlx::Result<Vec<PgRow>>) -> Result<Vec<Row>, StoreError> {
    let rows = rows.map_err(failed(sql.name))?;
    Ok(rows.into_iter().map(|row| Row::of_postgres(sql, row)).collect())
}

fn failed(step: &'static str) -> impl Fn(sqlx::Error) -> StoreError {
    move |error| StoreError::from_postgres(step, &error)
}
