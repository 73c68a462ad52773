//! Reading cases: their events, the list of them, what is due.

use super::commit::Due;
use super::database::Row;
use super::instance::PolicyStamp;
use super::seal::{Key, Place};
use super::shred::is_shredding;
use super::{Store, StoreError, sql};
use std::collections::HashMap;
use std::sync::Arc;
use tidegate_domain::id::{CaseId, Slug};
use tidegate_domain::time::Instant;

/// An event as its case's reader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its number in the log.
    pub seq: u64,
    /// Its number within the case, from 1.
    pub n: u64,
    /// When it was committed.
    pub at: Instant,
    /// What the engine stored.
    pub body: Vec<u8>,
}

/// A case as whoever decides on it needs it, all of one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// Its project.
    pub project: Slug,
    /// Its events, in order.
    pub events: Vec<StoredEvent>,
    /// The setting that was asked for along with it.
    pub setting: Option<Arc<str>>,
    /// What changes whenever the project's policy is stored.
    pub stamp: PolicyStamp,
}

/// An event as the log's reader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedEvent {
    /// Its number in the log.
    pub seq: u64,
    /// Its case.
    pub case: CaseId,
    /// Its number within the case, from 1.
    pub n: u64,
    /// When it was committed.
    pub at: Instant,
    /// What it holds.
    pub content: Content,
}

/// What an event of the log holds, as far as it can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// What the engine stored.
    Read(Vec<u8>),
    /// Nothing that anybody can read: the case was shredded.
    Shredded,
    /// That the case was shredded, and by whom.
    Shredding {
        /// The person's name.
        by: String,
    },
    /// It was altered behind the program's back.
    Damaged(StoreError),
}

/// A line in the list of cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseRow {
    /// The case.
    pub case: CaseId,
    /// Its project.
    pub project: Slug,
    /// How many events it has.
    pub n: u64,
    /// Whether it is listed as open.
    pub open: bool,
    /// When its last event was committed.
    pub last_at: Instant,
}

/// Something due, and whose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueOfCase {
    /// The case.
    pub case: CaseId,
    /// What is due, and when.
    pub due: Due,
}

/// The place of an event's body. Its instant is part of it, so a changed instant does not open.
pub(super) struct EventRow(String);

impl EventRow {
    pub(super) fn new(case: CaseId, n: u64, at: Instant) -> EventRow {
        EventRow(format!("{case}/{n}@{}", at.micros()))
    }

    pub(super) fn place(&self) -> Place<'_> {
        Place { table: "event", row: &self.0, column: "body" }
    }
}

/// The place of a due date's text, with its instant.
pub(super) struct DueRow(String);

impl DueRow {
    pub(super) fn new(case: CaseId, position: u64, at: Instant) -> DueRow {
        DueRow(format!("{case}/{position}@{}", at.micros()))
    }

    pub(super) fn place(&self) -> Place<'_> {
        Place { table: "due", row: &self.0, column: "what" }
    }

    /// Reads a row of `due` with its columns `case_id`, `position`, `at_us` and `what`.
    pub(super) fn open(row: &Row, key: &Key) -> Result<DueOfCase, StoreError> {
        let (case, at) = (row.case("case_id")?, row.instant("at_us")?);
        let place = DueRow::new(case, row.count("position")?, at);
        let what = key.open_text(&place.place(), row.bytes("what")?)?;
        Ok(DueOfCase { case, due: Due { at, what } })
    }
}

impl Store {
    /// The case's events and what is needed beside them, in one question. Costs as much as the case is long,
    /// however many cases there are.
    ///
    /// Fewer events than the case is known to have is tampering, not an answer: a decision on half a history
    /// would be wrong in silence.
    pub async fn history(&self, case: CaseId, setting: &str) -> Result<History, StoreError> {
        let tag = self.setting_tag(setting);
        let rows = self.database.query(sql::CASE_HISTORY, [case.into(), tag.into()]).await?;
        let key = self.vault.case_key(case, &rows)?;
        let first = rows.first().ok_or_else(|| StoreError::not_found(format_args!("case {case}")))?;
        // The join makes one row of a case without events.
        let stored = if first.opt_int("n")?.is_some() { rows.as_slice() } else { &[] };
        let events = read_events(case, 0, first.count("events")?, &key, stored)?;
        let project = self.project_name(first.digest("project")?).await?;
        let setting = first.opt_bytes("value")?.map(|sealed| self.open_setting(tag, sealed)).transpose()?;
        let project = project.ok_or_else(|| StoreError::tampered("case_row", case))?;
        let stamp = PolicyStamp(first.bytes("stamp")?);
        Ok(History { project, events, setting, stamp })
    }

    /// Up to `limit` events from `from_seq` on, of all cases, in the log's order. One that was altered does
    /// not keep the others from being read.
    pub async fn all_events(&self, from_seq: u64, limit: u32) -> Result<Vec<LoggedEvent>, StoreError> {
        let rows = self.database.query(sql::EVENTS_FROM, [from_seq.into(), limit.into()]).await?;
        let mut keys: HashMap<CaseId, Result<Option<Key>, StoreError>> = HashMap::new();
        let mut events = Vec::with_capacity(rows.len());
        for row in &rows {
            let (case, n, at) = (row.case("case_id")?, row.count("n")?, row.instant("at_us")?);
            let key = keys.entry(case).or_insert_with(|| self.vault.unwrap_case_key(case, row));
            let content = self.content(&EventRow::new(case, n, at), key, row.bytes("body")?);
            events.push(LoggedEvent { seq: row.count("seq")?, case, n, at, content });
        }
        Ok(events)
    }

    fn content(&self, row: &EventRow, key: &Result<Option<Key>, StoreError>, body: Vec<u8>) -> Content {
        if is_shredding(&body) {
            let by = self.open_shredding(row, &body);
            return by.map_or_else(Content::Damaged, |by| Content::Shredding { by });
        }
        match key {
            Ok(Some(key)) => key.open(&row.place(), body).map_or_else(Content::Damaged, Content::Read),
            Ok(None) => Content::Shredded,
            Err(error) => Content::Damaged(error.clone()),
        }
    }

    /// The cases of one project or of all, by id, which is no order anyone could learn from.
    pub async fn cases(&self, project: Option<&Slug>, open_only: bool) -> Result<Vec<CaseRow>, StoreError> {
        let rows = match project {
            None => self.database.query(sql::CASE_ROWS, [open_only.into()]).await?,
            Some(project) => {
                let tag = self.project_tag(project);
                self.database.query(sql::CASE_ROWS_OF_PROJECT, [tag.into(), open_only.into()]).await?
            }
        };
        self.case_rows(&rows).await
    }

    /// The case's line in the list.
    pub async fn case_row(&self, case: CaseId) -> Result<CaseRow, StoreError> {
        let rows = self.database.query(sql::CASE_ROW, [case.into()]).await?;
        let row = self.case_rows(&rows).await?.pop();
        row.ok_or_else(|| StoreError::not_found(format_args!("case {case}")))
    }

    /// Whether there is such a case, shredded or not.
    pub async fn case_exists(&self, case: CaseId) -> Result<bool, StoreError> {
        Ok(!self.database.query(sql::CASE_ROW, [case.into()]).await?.is_empty())
    }

    pub(super) async fn case_rows(&self, rows: &[Row]) -> Result<Vec<CaseRow>, StoreError> {
        let projects = self.project_names().await?;
        rows.iter().map(|row| read_case_row(&projects, row)).collect()
    }

    /// What is due by `until`, or at any time, the oldest first. Found by index: the number of cases and of
    /// later dates does not matter.
    pub async fn due(&self, until: Option<Instant>, limit: u32) -> Result<Vec<DueOfCase>, StoreError> {
        let until = until.map_or(i64::MAX, Instant::micros);
        let rows = self.database.query(sql::DUE, [until.into(), limit.into()]).await?;
        let mut due = Vec::with_capacity(rows.len());
        for row in &rows {
            // A case shredded right now has no due dates any more; this read came just before.
            if let Some(key) = self.vault.unwrap_case_key(row.case("case_id")?, row)? {
                due.push(DueRow::open(row, &key)?);
            }
        }
        Ok(due)
    }

    /// When the log's last event was committed: a clock that shows an earlier time than that runs backward.
    pub async fn last_event_at(&self) -> Result<Option<Instant>, StoreError> {
        let rows = self.database.query(sql::EVENT_LAST, []).await?;
        rows.first().map(|row| row.instant("at_us")).transpose()
    }
}

/// Reads a row of `case_row`, with the projects' names by tag.
pub(super) fn read_case_row(projects: &HashMap<[u8; 32], Slug>, row: &Row) -> Result<CaseRow, StoreError> {
    let case = row.case("case_id")?;
    let project = projects.get(&row.digest("project")?);
    Ok(CaseRow {
        case,
        project: project.cloned().ok_or_else(|| StoreError::tampered("case_row", case))?,
        n: row.count("n")?,
        open: row.flag("open")?,
        last_at: row.instant("last_us")?,
    })
}

/// Reads the events after number `folded`, up to number `count`.
pub(super) fn read_events(
    case: CaseId,
    folded: u64,
    count: u64,
    key: &Key,
    rows: &[Row],
) -> Result<Vec<StoredEvent>, StoreError> {
    let read = |(expected, row)| read_event(case, expected, key, row);
    let events = (folded + 1..).zip(rows).map(read).collect::<Result<Vec<StoredEvent>, StoreError>>()?;
    let last = folded + events.len() as u64;
    if last < count {
        return Err(StoreError::tampered("event", format_args!("{case}/{}", last + 1)));
    }
    Ok(events)
}

fn read_event(case: CaseId, expected: u64, key: &Key, row: &Row) -> Result<StoredEvent, StoreError> {
    let (n, at) = (row.count("n")?, row.instant("at_us")?);
    if n != expected {
        return Err(StoreError::tampered("event", format_args!("{case}/{expected}")));
    }
    let body = key.open(&EventRow::new(case, n, at).place(), row.bytes("body")?)?;
    Ok(StoredEvent { seq: row.count("seq")?, n, at, body })
}
