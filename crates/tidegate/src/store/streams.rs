//! Streams: logs beside the cases, each with a key of its own, in the one log of the instance. What they mean is not the
//! store's to know.

use super::cases::{StoredEvent, read_events};
use super::commit::Keys;
use super::database::{Row, Tx};
use super::log::Sealed;
use super::seal::Key;
use super::{Store, StoreError, retrying, sql};
use std::collections::HashMap;
use tidegate_domain::id::{Slug, StreamId};
use tidegate_domain::list::StreamKind;
use tidegate_domain::time::Instant;

/// What happened to one stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamChange {
    /// The stream.
    pub stream: StreamId,
    /// What it is about.
    pub kind: StreamKind,
    /// Its project, which must have been put before.
    pub project: Slug,
    /// How many events the decider had seen; 0 makes a new stream.
    pub expected_n: u64,
    /// What happened, in order; never empty.
    pub events: Vec<Vec<u8>>,
}

/// A stream's row: derived from its events, and compared with them by `fsck`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamRow {
    /// The stream.
    pub stream: StreamId,
    /// What it is about.
    pub kind: StreamKind,
    /// Its project.
    pub project: Slug,
    /// How many events it has.
    pub n: u64,
}

/// A stream with its events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamHistory {
    /// The stream.
    pub row: StreamRow,
    /// Its events, in order.
    pub events: Vec<StoredEvent>,
}

impl Store {
    /// A stream with its events, all of one instant.
    ///
    /// Fewer events than it is known to have is tampering, not an answer.
    pub async fn stream(&self, stream: StreamId) -> Result<StreamHistory, StoreError> {
        let rows = self.database.query(sql::STREAM_HISTORY, [stream.owner().into()]).await?;
        let first = rows.first().ok_or_else(|| StoreError::not_found(format_args!("stream {stream}")))?;
        let key = self.vault.case_key(stream.owner(), &rows)?;
        let project = self.project_name(first.digest("project")?).await?;
        read_history(&HashMap::from_iter(project.map(|name| (self.project_tag(&name).0, name))), &key, &rows)
    }

    /// The streams of one kind in one project with their events, by id, which is no order anyone could learn from.
    /// Those that were shredded are left out.
    pub async fn streams(&self, project: &Slug, kind: StreamKind) -> Result<Vec<StreamHistory>, StoreError> {
        let values = [self.project_tag(project).into(), kind.name().into()];
        let rows = self.database.query(sql::STREAM_HISTORIES, values).await?;
        let projects = HashMap::from([(self.project_tag(project).0, project.clone())]);
        let mut found = Vec::new();
        for rows in rows.chunk_by(|one, next| one.case("stream_id").ok() == next.case("stream_id").ok()) {
            let Some(first) = rows.first() else { continue };
            if let Some(key) = self.vault.unwrap_case_key(first.case("stream_id")?, first)? {
                found.push(read_history(&projects, &key, rows)?);
            }
        }
        Ok(found)
    }

    /// The rows of all streams that are not shredded, and what is wrong with those that cannot be read.
    pub async fn stream_rows(&self) -> Result<(Vec<StreamRow>, Vec<StoreError>), StoreError> {
        let projects = self.project_names().await?;
        let (mut found, mut damaged) = (Vec::new(), Vec::new());
        for row in &self.database.query(sql::STREAM_ROWS, []).await? {
            match read_row(&projects, row) {
                Ok(row) => found.push(row),
                Err(error) => damaged.push(error),
            }
        }
        Ok((found, damaged))
    }

    /// Replaces the rows of all streams that are not shredded by what a replay of the log up to event `seq` gave. If the
    /// log has grown since, that is [`StoreError::LogMoved`] and nothing changes.
    pub async fn replace_stream_rows(&self, seq: u64, rows: &[StreamRow]) -> Result<(), StoreError> {
        retrying(|| self.try_replace_stream_rows(seq, rows)).await
    }

    async fn try_replace_stream_rows(&self, seq: u64, rows: &[StreamRow]) -> Result<(), StoreError> {
        let mut tx = self.begin_at(seq).await?;
        tx.execute(sql::STREAM_ROWS_CLEAR, []).await?;
        for row in rows {
            self.insert_stream(&mut tx, &row.stream, row.kind, &row.project, row.n).await?;
        }
        tx.commit().await
    }

    /// Destroys the stream's key, and says in the log who did: as [`Store::shred`] does to a case.
    pub async fn shred_stream(&self, stream: StreamId, at: Instant, by: &str) -> Result<(), StoreError> {
        self.shred_owner(sql::STREAM_SHRED, stream.owner(), at, by).await
    }

    /// Moves the stream's row from the expected to the new number of events, and locks it: see the case's.
    pub(super) async fn advance_stream(&self, tx: &mut Tx, change: &StreamChange) -> Result<(), StoreError> {
        let stream = change.stream;
        let n = change.expected_n + change.events.len() as u64;
        let changed = if change.expected_n == 0 {
            self.ensure_case_key(tx, stream.owner()).await?;
            self.insert_stream(tx, &stream, change.kind, &change.project, n).await?
        } else {
            let values =
                [stream.owner().into(), n.into(), change.expected_n.into(), change.kind.name().into()];
            tx.execute(sql::STREAM_UPDATE, values).await?
        };
        if changed == 1 { Ok(()) } else { Err(StoreError::Conflict { case: stream.owner() }) }
    }

    async fn insert_stream(
        &self,
        tx: &mut Tx,
        stream: &StreamId,
        kind: StreamKind,
        project: &Slug,
        n: u64,
    ) -> Result<u64, StoreError> {
        let project = self.project_tag(project);
        let values = [stream.owner().into(), kind.name().into(), project.into(), n.into()];
        tx.execute(sql::STREAM_INSERT, values).await
    }

    pub(super) async fn seal_stream(
        &self,
        tx: &mut Tx,
        keys: &mut Keys<'_>,
        at: Instant,
        change: &StreamChange,
    ) -> Result<Vec<Sealed>, StoreError> {
        let owner = change.stream.owner();
        let key = keys.of(tx, owner).await?;
        self.seal_events(key, at, owner, change.expected_n, &change.events)
    }
}

fn read_row(projects: &HashMap<[u8; 32], Slug>, row: &Row) -> Result<StreamRow, StoreError> {
    let stream = StreamId::of_owner(row.case("stream_id")?);
    let tampered = || StoreError::tampered("stream_row", stream);
    let kind = StreamKind::from_name(&row.text("kind")?).ok_or_else(tampered)?;
    let project = projects.get(&row.digest("project")?).cloned().ok_or_else(tampered)?;
    Ok(StreamRow { stream, kind, project, n: row.count("events")? })
}

/// Reads the rows of one stream, one for each of its events.
fn read_history(
    projects: &HashMap<[u8; 32], Slug>,
    key: &Key,
    rows: &[Row],
) -> Result<StreamHistory, StoreError> {
    let first = rows.first().ok_or_else(|| StoreError::not_found("stream"))?;
    let row = read_row(projects, first)?;
    // The join makes one row of a stream without events.
    let stored = if first.opt_int("n")?.is_some() { rows } else { &[] };
    let events = read_events(row.stream.owner(), 0, row.n, key, stored)?;
    Ok(StreamHistory { row, events })
}
