//! What goes into a statement and what comes out of it, the same for both databases.

use super::super::StoreError;
use super::super::sql::Sql;
use rusqlite::types::Value as Cell;
use sqlx::postgres::PgRow;
use sqlx::{Decode, Postgres, Row as _, Type};
use std::sync::Arc;
use tidegate_domain::id::CaseId;
use tidegate_domain::time::Instant;

/// A bound value. Absence is typed too: PostgreSQL wants to know what kind of NULL it is given.
#[derive(Clone)]
pub(in crate::store) enum Value {
    Int(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

/// What a column of ours holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Kind {
    Int,
    Text,
    Bytes,
}

impl Kind {
    /// By the type's name in a migration.
    pub(in crate::store) fn of(name: &str) -> Result<Kind, StoreError> {
        match name {
            "BIGINT" => Ok(Kind::Int),
            "TEXT" => Ok(Kind::Text),
            "BYTEA" => Ok(Kind::Bytes),
            _ => Err(StoreError::tampered("sqlite_schema", name)),
        }
    }
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
pub(in crate::store) struct Row {
    statement: &'static str,
    cells: Cells,
}

enum Cells {
    Sqlite { columns: Arc<[String]>, cells: Vec<Cell> },
    Postgres(PgRow),
}

/// What a column of ours can hold.
trait Content: for<'r> Decode<'r, Postgres> + Type<Postgres> {
    /// `None` where the cell holds something else.
    fn of(cell: &Cell) -> Option<Self>;
}

impl Content for i64 {
    fn of(cell: &Cell) -> Option<i64> {
        if let Cell::Integer(value) = cell { Some(*value) } else { None }
    }
}

impl Content for String {
    fn of(cell: &Cell) -> Option<String> {
        if let Cell::Text(value) = cell { Some(value.clone()) } else { None }
    }
}

impl Content for Vec<u8> {
    fn of(cell: &Cell) -> Option<Vec<u8>> {
        if let Cell::Blob(value) = cell { Some(value.clone()) } else { None }
    }
}

impl<T: Content> Content for Option<T> {
    fn of(cell: &Cell) -> Option<Option<T>> {
        if *cell == Cell::Null { Some(None) } else { T::of(cell).map(Some) }
    }
}

impl Row {
    /// A row of SQLite's. Its columns' names are those of every row of the answer.
    pub(super) fn of_sqlite(sql: Sql, columns: &Arc<[String]>, cells: Vec<Cell>) -> Row {
        Row { statement: sql.name, cells: Cells::Sqlite { columns: Arc::clone(columns), cells } }
    }

    /// A row of PostgreSQL's.
    pub(super) fn of_postgres(sql: Sql, row: PgRow) -> Row {
        Row { statement: sql.name, cells: Cells::Postgres(row) }
    }

    fn get<T: Content>(&self, column: &str) -> Result<T, StoreError> {
        let value = match &self.cells {
            Cells::Sqlite { columns, cells } => {
                let index = columns.iter().position(|name| name == column);
                index.and_then(|index| cells.get(index)).and_then(T::of)
            }
            Cells::Postgres(row) => row.try_get(column).ok(),
        };
        value.ok_or_else(|| self.unreadable(column))
    }

    /// The name of the statement stands for the table: it leads there.
    fn unreadable(&self, column: &str) -> StoreError {
        StoreError::tampered(self.statement, format_args!("with unreadable column {column}"))
    }

    /// Whatever the column holds, to be bound as it is.
    pub(in crate::store) fn value(&self, column: &str, kind: Kind) -> Result<Value, StoreError> {
        match kind {
            Kind::Int => self.get(column).map(Value::Int),
            Kind::Text => self.get(column).map(Value::Text),
            Kind::Bytes => self.get(column).map(Value::Bytes),
        }
    }

    pub(in crate::store) fn int(&self, column: &str) -> Result<i64, StoreError> {
        self.get(column)
    }

    pub(in crate::store) fn opt_int(&self, column: &str) -> Result<Option<i64>, StoreError> {
        self.get(column)
    }

    pub(in crate::store) fn count(&self, column: &str) -> Result<u64, StoreError> {
        u64::try_from(self.int(column)?).map_err(|_| self.unreadable(column))
    }

    pub(in crate::store) fn flag(&self, column: &str) -> Result<bool, StoreError> {
        Ok(self.int(column)? != 0)
    }

    pub(in crate::store) fn instant(&self, column: &str) -> Result<Instant, StoreError> {
        self.int(column).map(Instant::from_micros)
    }

    pub(in crate::store) fn text(&self, column: &str) -> Result<String, StoreError> {
        self.get(column)
    }

    pub(in crate::store) fn bytes(&self, column: &str) -> Result<Vec<u8>, StoreError> {
        self.get(column)
    }

    pub(in crate::store) fn opt_bytes(&self, column: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.get(column)
    }

    pub(in crate::store) fn digest(&self, column: &str) -> Result<[u8; 32], StoreError> {
        self.bytes(column)?.try_into().map_err(|_| self.unreadable(column))
    }

    pub(in crate::store) fn case(&self, column: &str) -> Result<CaseId, StoreError> {
        self.text(column)?.parse().map_err(|_| self.unreadable(column))
    }

    pub(in crate::store) fn opt_case(&self, column: &str) -> Result<Option<CaseId>, StoreError> {
        let text: Option<String> = self.get(column)?;
        text.map(|text| text.parse().map_err(|_| self.unreadable(column))).transpose()
    }
}
