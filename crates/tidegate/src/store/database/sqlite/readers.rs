//! The connections that read, and what several reads share.
//!
//! To begin and to end reading costs SQLite two locks that all threads of the process meet at: more than most of our
//! statements cost. Work that is done [at one moment](Readers::at_one_moment) begins once for all that it reads until it
//! waits for something, and has no connection while it waits: whoever is slow keeps nobody else from reading.

use super::super::super::StoreError;
use super::super::super::sql::Sql;
use super::super::{Row, Value};
use super::{OPEN, WAIT, bound, closed, failed, prepare, within};
use rusqlite::types::Value as Cell;
use rusqlite::{Connection, OpenFlags};
use std::cell::RefCell;
use std::collections::HashMap;
use std::future::poll_fn;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

const READERS_MAX: usize = 4;

/// A connection, with the names of the columns of what was asked on it.
pub(super) struct Line {
    pub connection: Connection,
    columns: HashMap<&'static str, Arc<[String]>>,
}

impl Line {
    pub fn new(connection: Connection) -> Line {
        Line { connection, columns: HashMap::new() }
    }

    pub fn query(
        &mut self,
        sql: Sql,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<Row>, StoreError> {
        let read = || {
            let mut statement = bound(&self.connection, sql, values)?;
            let columns = self
                .columns
                .entry(sql.text)
                .or_insert_with(|| statement.column_names().map(str::to_owned).collect());
            let mut rows = statement.raw_query();
            let mut read = Vec::new();
            while let Some(row) = rows.next()? {
                let cells = (0..columns.len()).map(|index| row.get(index));
                let cells = cells.collect::<rusqlite::Result<Vec<Cell>>>()?;
                read.push(Row::of_sqlite(sql, columns, cells));
            }
            Ok(read)
        };
        read().map_err(failed(sql.name))
    }
}

/// The reading connections of one store.
#[derive(Clone)]
pub(super) struct Readers(Arc<Shared>);

struct Shared {
    path: PathBuf,
    /// A permit is the right to have a connection out.
    out: Arc<Semaphore>,
    at_rest: Mutex<Vec<Line>>,
}

/// A connection that is out. Dropped, it reads no more and rests.
struct Reader {
    line: Option<Line>,
    of: Readers,
    _permit: OwnedSemaphorePermit,
}

/// What a thread reads by while it is at work that is done at one moment.
struct Moment {
    of: Readers,
    /// In a transaction, since something was read.
    reader: Option<Reader>,
}

thread_local! {
    static MOMENT: RefCell<Option<Moment>> = const { RefCell::new(None) };
}

impl Readers {
    pub fn of(path: &Path) -> Readers {
        let out = Arc::new(Semaphore::new(READERS_MAX));
        Readers(Arc::new(Shared { path: path.to_owned(), out, at_rest: Mutex::default() }))
    }

    pub async fn query(
        &self,
        sql: Sql,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<Row>, StoreError> {
        let mut reader = match self.of_this_moment() {
            Some(reader) => reader,
            None => self.take(sql.name).await?,
        };
        // Nothing is waited for from here on: it is one thread that asks and answers.
        let rows = reader.query(sql, values, self.is_at_one_moment());
        self.keep_for_this_moment(reader);
        rows
    }

    /// Does `work`: between two waits, all that it reads is as of the first of it, or of the last that it wrote.
    pub async fn at_one_moment<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        poll_fn(|context| {
            let outer = MOMENT.replace(Some(Moment { of: self.clone(), reader: None }));
            let _back = Back(outer);
            work.as_mut().poll(context)
        })
        .await
    }

    async fn take(&self, step: &'static str) -> Result<Reader, StoreError> {
        let permit = within(Arc::clone(&self.0.out).acquire_owned()).await?;
        let permit = permit.map_err(|_| closed(step))?;
        let rested = self.0.at_rest.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let line = rested.map_or_else(|| open(&self.0.path).map(Line::new).map_err(failed(OPEN)), Ok)?;
        Ok(Reader { line: Some(line), of: self.clone(), _permit: permit })
    }

    fn of_this_moment(&self) -> Option<Reader> {
        MOMENT.with_borrow_mut(|moment| self.is(moment.as_ref()).then(|| moment.as_mut()?.reader.take())?)
    }

    fn is_at_one_moment(&self) -> bool {
        MOMENT.with_borrow(|moment| self.is(moment.as_ref()))
    }

    /// Elsewhere than at one moment, it rests at once.
    fn keep_for_this_moment(&self, reader: Reader) {
        if !self.is_at_one_moment() {
            return;
        }
        MOMENT.with_borrow_mut(|moment| {
            if let Some(moment) = moment {
                moment.reader = Some(reader);
            }
        });
    }

    fn is(&self, moment: Option<&Moment>) -> bool {
        moment.is_some_and(|moment| Arc::ptr_eq(&moment.of.0, &self.0))
    }

    /// Waits until nobody reads any more. Nobody can from then on.
    pub async fn close(&self) {
        // All permits together are never more than fits.
        if let Ok(all) = self.0.out.acquire_many(READERS_MAX as u32).await {
            self.0.out.close();
            self.0.at_rest.lock().unwrap_or_else(PoisonError::into_inner).clear();
            drop(all);
        }
    }
}

/// What this thread reads from here on is as of later: it wrote.
pub(super) fn end_moment() {
    let reader = MOMENT.with_borrow_mut(|moment| moment.as_mut()?.reader.take());
    drop(reader);
}

/// Ends a moment, and goes back to the one around it.
struct Back(Option<Moment>);

impl Drop for Back {
    fn drop(&mut self) {
        drop(MOMENT.replace(self.0.take()));
    }
}

impl Reader {
    fn query(
        &mut self,
        sql: Sql,
        values: impl IntoIterator<Item = Value>,
        is_for_longer: bool,
    ) -> Result<Vec<Row>, StoreError> {
        let line = self.line.as_mut().ok_or_else(|| closed(sql.name))?;
        if is_for_longer && line.connection.is_autocommit() {
            let begin = || line.connection.prepare_cached("BEGIN DEFERRED")?.raw_execute();
            begin().map_err(failed("BEGIN"))?;
        }
        line.query(sql, values)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let Some(line) = self.line.take() else { return };
        let end = || line.connection.prepare_cached("COMMIT")?.raw_execute();
        // One that cannot end its transaction would show the past for ever: it is closed.
        if line.connection.is_autocommit() || end().is_ok() {
            self.of.0.at_rest.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    }
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    // A reader waits only while another program mends the file after a crash.
    connection.busy_timeout(WAIT)?;
    prepare(&connection)?;
    Ok(connection)
}
