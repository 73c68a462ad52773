//! Applications and members: their rows are derived again from the log, and compared.

use super::super::list::read_lines;
use super::{Engine, EngineError, FsckReport, Told, hold_key, is_damage, said};
use crate::store::StreamRow;
use std::collections::BTreeMap;
use tidegate_domain::id::{CaseId, Slug, StreamId};
use tidegate_domain::list::application::Application;
use tidegate_domain::list::member::Member;
use tidegate_domain::list::{Stream, StreamKind, replay};

/// The rows as they are, and as they ought to be.
pub(super) struct Streams {
    is: BTreeMap<StreamId, StreamRow>,
    ought: BTreeMap<StreamId, StreamRow>,
}

impl Streams {
    /// Whether something is to be mended.
    pub(super) fn differ(&self) -> bool {
        self.is != self.ought
    }

    /// The right rows.
    pub(super) fn right(&self) -> Vec<StreamRow> {
        self.ought.values().cloned().collect()
    }
}

impl Engine {
    /// Takes the streams out of `log`, replays them, and reports what differs from their rows.
    pub(super) async fn check_streams(
        &self,
        log: &mut BTreeMap<CaseId, Told>,
        report: &mut FsckReport,
    ) -> Result<Streams, EngineError> {
        let (rows, damaged) = self.store.stream_rows().await?;
        report.damage.extend(damaged.iter().map(said));
        let is: BTreeMap<StreamId, StreamRow> = rows.into_iter().map(|row| (row.stream, row)).collect();
        let mut ought = BTreeMap::new();
        let owners: Vec<CaseId> = log.keys().copied().collect();
        for owner in owners {
            let id = StreamId::of_owner(owner);
            let row = is.get(&id);
            let Some(told) = log.get(&owner) else { continue };
            match derive(id, told) {
                Ok(Some(right)) => {
                    report.streams += 1;
                    if row != Some(&right) {
                        report.differences.push(difference(id, row, &right));
                    }
                    ought.insert(id, right);
                }
                // What cannot be replayed keeps its row, and is damage where no key is gone.
                Ok(None) if row.is_none() => continue,
                Ok(None) => ought.extend(row.map(|row| (id, row.clone()))),
                Err(error) if is_damage(&error) => {
                    report.damage.push(format!("stream {id}: {error}"));
                    ought.extend(row.map(|row| (id, row.clone())));
                }
                Err(error) => return Err(error),
            }
            if let Some(told) = log.remove(&owner) {
                hold_key(owner, &told, report);
            }
        }
        for id in is.keys().filter(|id| !ought.contains_key(id)) {
            report.differences.push(format!("stream {id} has a row and no events; look at `log verify`"));
        }
        Ok(Streams { is, ought })
    }
}

/// The row that follows from a stream's events; `None` where the events are not those of a stream that can be read.
fn derive(id: StreamId, told: &Told) -> Result<Option<StreamRow>, EngineError> {
    if told.damaged.is_some() || told.shredding.is_some() {
        return Ok(None);
    }
    let begins = |kind: StreamKind| match kind {
        StreamKind::Application => project::<Application>(id, told, |application| &application.project),
        StreamKind::Member => project::<Member>(id, told, |member| &member.project),
    };
    for kind in StreamKind::ALL {
        if let Some(project) = begins(kind)? {
            let n = told.bodies.iter().map(|(n, _)| *n).max().unwrap_or(0);
            return Ok(Some(StreamRow { stream: id, kind, project, n }));
        }
    }
    Ok(None)
}

/// The project of a stream of this kind, which is replayed whole; `None` where it begins like no such stream.
fn project<S: Stream>(
    id: StreamId,
    told: &Told,
    of: impl Fn(&S) -> &Slug,
) -> Result<Option<Slug>, EngineError> {
    let bodies = || told.bodies.iter().map(|(n, body)| (*n, body.as_slice()));
    let Ok(first) = read_lines::<S>(id, bodies().take(1)) else { return Ok(None) };
    if replay::<S>(&first).is_none() {
        return Ok(None);
    }
    let stream: Option<S> = replay(&read_lines::<S>(id, bodies())?);
    Ok(stream.as_ref().map(|stream| of(stream).clone()))
}

fn difference(id: StreamId, is: Option<&StreamRow>, ought: &StreamRow) -> String {
    match is {
        None => format!("{} {id} has events and no row", ought.kind),
        Some(is) if is.n != ought.n => {
            format!("{} {id}: {} events are noted, the log has {}", ought.kind, is.n, ought.n)
        }
        Some(_) => format!("{} {id}: its kind or its project differs", ought.kind),
    }
}
