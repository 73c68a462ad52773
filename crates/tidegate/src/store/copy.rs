//! Copying a whole instance, as it is at one instant, into an empty database of either kind.
//!
//! Both databases hold the same rows under the same schema, and every row is encrypted for its table, row and column,
//! wherever that is kept. So rows are copied as they are; nothing is opened or sealed on the way.
//!
//! The tables are asked of the database itself: a table that a later migration adds cannot be forgotten here.

use super::database::{Database, Kind, Location, Row, Tx, Value};
use super::log::LogHead;
use super::sql::{self, Sql};
use super::{Faults, Store, StoreError, migrate};
use std::sync::Arc;

/// Rows read at a time. The longest row is a letter or a blob of 64 MiB.
const PAGE_ROWS: u32 = 16;

/// What was copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The instance's id: plain and random.
    pub instance: Vec<u8>,
    /// Where its log ends in the copy.
    pub head: LogHead,
    /// How many rows there are.
    pub rows: u64,
}

/// A table, with the statements that read and write all of its columns.
struct Table {
    count: Sql,
    first: Sql,
    next: Sql,
    insert: Sql,
    columns: Vec<Column>,
}

struct Column {
    name: String,
    kind: Kind,
    /// Whether it is part of the primary key.
    is_key: bool,
}

impl Store {
    /// Copies everything, as it is at one instant, into the empty database at `location`, which is all or nothing.
    /// Others may write here meanwhile. `copied` is told of rows: how many were copied, and how many there are.
    ///
    /// # Errors
    /// [`StoreError::NotEmpty`] where there is an instance already, or what either database says.
    pub async fn copy_to(
        &self,
        location: &Location,
        copied: impl FnMut(u64, u64),
    ) -> Result<Copied, StoreError> {
        let target = Database::open(location, Arc::new(Faults::none())).await?;
        let done = copy(&self.database, &target, copied).await;
        target.close().await;
        done
    }
}

async fn copy(
    source: &Database,
    target: &Database,
    mut copied: impl FnMut(u64, u64),
) -> Result<Copied, StoreError> {
    demand_empty(target).await?;
    migrate::migrate(target).await?;
    let tables = tables(source, target).await?;
    let mut from = source.begin_snapshot().await?;
    let mut into = target.begin().await?;
    let (mut rows, mut total) = (0, 0);
    for table in &tables {
        let counted = from.query(table.count, []).await?;
        total += counted.first().ok_or_else(|| StoreError::not_found(table.count.name))?.count("n")?;
    }
    for table in &tables {
        copy_table(table, &mut from, &mut into, |more| {
            rows += more;
            copied(rows, total);
        })
        .await?;
    }
    let head = head(&mut into).await?;
    let instance = migrate::instance_id_in(&mut into).await?;
    // A crash before this leaves an empty schema, into which the copy can be made again.
    into.commit().await?;
    Ok(Copied { instance, head, rows })
}

async fn copy_table(
    table: &Table,
    from: &mut Tx,
    into: &mut Tx,
    mut copied: impl FnMut(u64),
) -> Result<(), StoreError> {
    let mut page = from.query(table.first, [PAGE_ROWS.into()]).await?;
    loop {
        for row in &page {
            into.execute(table.insert, values(table, row, |_| true)?).await?;
        }
        copied(page.len() as u64);
        let Some(last) = page.last().filter(|_| page.len() == PAGE_ROWS as usize) else { return Ok(()) };
        let mut after = vec![Value::from(PAGE_ROWS)];
        after.extend(values(table, last, |column| column.is_key)?);
        page = from.query(table.next, after).await?;
    }
}

fn values(table: &Table, row: &Row, of: impl Fn(&Column) -> bool) -> Result<Vec<Value>, StoreError> {
    let columns = table.columns.iter().filter(|column| of(column));
    columns.map(|column| row.value(&column.name, column.kind)).collect()
}

async fn head(tx: &mut Tx) -> Result<LogHead, StoreError> {
    let rows = tx.query(sql::LOG_HEAD, []).await?;
    let row = rows.first().ok_or_else(|| StoreError::tampered("log_head", 1))?;
    Ok(LogHead { seq: row.count("seq")?, hash: row.digest("hash")? })
}

/// An instance must never be written over another one.
async fn demand_empty(target: &Database) -> Result<(), StoreError> {
    let mut tx = target.begin().await?;
    if migrate::version_in(&mut tx).await? > 0 && !tx.query(sql::INSTANCES, []).await?.is_empty() {
        return Err(StoreError::NotEmpty);
    }
    tx.commit().await
}

/// Every table but the schema's version, in the order in which they were made: what refers comes after what it refers
/// to. One of the two databases is SQLite, which can be asked.
async fn tables(source: &Database, target: &Database) -> Result<Vec<Table>, StoreError> {
    let asked = if target.is_sqlite() { target } else { source };
    let mut tables: Vec<(String, Vec<Column>)> = Vec::new();
    for row in asked.query(sql::SQLITE_COLUMNS, []).await? {
        let (table, name) = (row.text("tab")?, row.text("col")?);
        let column = Column { name, kind: Kind::of(&row.text("kind")?)?, is_key: row.count("pk")? > 0 };
        match tables.last_mut().filter(|(last, _)| *last == table) {
            Some((_, columns)) => columns.push(column),
            None => tables.push((table, vec![column])),
        }
    }
    Ok(tables.into_iter().map(|(name, columns)| Table::new(&name, columns)).collect())
}

impl Table {
    /// The names come from our own schema. The texts are made once for a copy, and stay for as long as the program.
    fn new(name: &str, columns: Vec<Column>) -> Table {
        let list = |of: &dyn Fn(&Column) -> bool| {
            let names: Vec<&str> =
                columns.iter().filter(|column| of(column)).map(|column| column.name.as_str()).collect();
            names.join(", ")
        };
        let marks = |from: usize, many: usize| {
            let marks: Vec<String> = (from..from + many).map(|nth| format!("${nth}")).collect();
            marks.join(", ")
        };
        let (all, keys) = (list(&|_| true), list(&|column| column.is_key));
        let key_marks = marks(2, columns.iter().filter(|column| column.is_key).count());
        let all_marks = marks(1, columns.len());
        let sql = |name, text: String| Sql { name, text: text.leak() };
        Table {
            count: sql("COPY_COUNT", format!("SELECT COUNT(*) AS n FROM {name}")),
            first: sql("COPY_FIRST", format!("SELECT {all} FROM {name} ORDER BY {keys} LIMIT $1")),
            next: sql(
                "COPY_NEXT",
                format!("SELECT {all} FROM {name} WHERE ({keys}) > ({key_marks}) ORDER BY {keys} LIMIT $1"),
            ),
            insert: sql("COPY_INSERT", format!("INSERT INTO {name} ({all}) VALUES ({all_marks})")),
            columns,
        }
    }
}
