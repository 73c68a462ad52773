//! The hand that looks ahead (XEN-24): on a beat that the project sets, the staging branches are looked at, and the team
//! is told which fixes do not fit them any more.

use super::baseline::{line, told};
use crate::engine::repository::{Beat, Repository};
use crate::engine::{Engine, EngineError};
use crate::hands;
use crate::store::{Commit, Job, NewJob, StoreError};
use tidegate_baseline::apply::Workshop;
use tidegate_baseline::check::Series;
use tidegate_baseline::forecast::{self, Outlook as Found, Staging};
use tidegate_domain::case::Forecast;
use tidegate_domain::case::forecast::Outlook;
use tidegate_domain::time::Instant;

/// Seconds between the cases of one beat: a disclosure that falls due meanwhile waits for one of them at most.
const SPACING_S: i64 = 5;

impl Engine {
    /// Has every open case checked anew that is not public, and sets the next beat.
    ///
    /// The beat is the same whether or not there is any such case. A crash before the commit leaves the job.
    pub(super) async fn look_ahead(&self, job: &Job) -> Result<(), EngineError> {
        let beat: Beat = serde_json::from_slice(&job.body)
            .map_err(|_| StoreError::Tampered { table: "job", row: job.id.to_string() })?;
        let now = self.clock.now();
        let mut commit = Commit { finish_job: Some(job.id), ..Commit::at(now) };
        let repository = match self.repository(&beat.project).await {
            Err(EngineError::NoSuchProject(_)) => None,
            other => other?,
        };
        // One that beats otherwise, or not at all, has a job of its own.
        if let Some(repository) = repository.filter(|known| known.forecast_every_min == Some(beat.every_min))
        {
            commit.jobs.extend(repository.next_beat(&beat.project, now));
            let cases = self.waiting_for_checks(&beat.project).await?;
            let room =
                i64::from(beat.every_min) * 60 / 2 / i64::try_from(cases.len().max(1)).unwrap_or(i64::MAX);
            let spacing = room.min(SPACING_S) * 1_000_000;
            for (case, nth) in cases.into_iter().zip(0..) {
                commit.jobs.push(NewJob {
                    key: format!("baseline/{case}/beat/{}", job.run_at.micros()),
                    case: Some(case),
                    kind: hands::BASELINE,
                    run_at: Instant::from_micros(now.micros() + nth * spacing),
                    body: Vec::new(),
                });
            }
        }
        Ok(self.store.commit(commit).await?)
    }
}

/// How a patch stands on the tip of a staging branch.
pub(super) fn of(repository: &Repository, branch: &str, tag: &str, sha256: &str, series: Series) -> Forecast {
    let mut forecast = Forecast {
        branch: branch.to_owned(),
        tip: None,
        patch: sha256.to_owned(),
        outlook: Outlook::Unknown { why: String::new() },
    };
    let found = Workshop::open(&repository.path).and_then(|mut shop| {
        let staging = Staging::open(&mut shop, branch, Some(tag), &[])?;
        forecast.tip = Some(staging.tip().to_string());
        forecast::forecast(&mut shop, &staging, &series)
    });
    forecast.outlook = match found {
        Ok(found) => outlook(&found),
        Err(error) => Outlook::Unknown { why: line(&told(error)) },
    };
    forecast
}

fn outlook(found: &forecast::Forecast) -> Outlook {
    let (file, at) =
        found.conflict().map_or((String::new(), 0), |(_, conflict)| (line(&conflict.file), conflict.line));
    match &found.outlook {
        Found::Applies { .. } | Found::PartlyThere => Outlook::Applies,
        Found::AlreadyThere => Outlook::There,
        Found::Stopped { since } => {
            Outlook::Stopped { since: since.commit.clone(), subject: line(&since.subject), file, line: at }
        }
        Found::NeverApplied => Outlook::Fails { file, line: at },
    }
}
