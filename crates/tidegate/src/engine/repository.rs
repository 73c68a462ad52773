//! Where a project's code is, and the trees of its supported releases: what its patches are checked against.

use super::{Engine, EngineError};
use crate::hands;
use crate::store::{Commit, NewJob, StoreError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use tidegate_domain::id::{CaseId, Slug};
use tidegate_domain::point_release::Marks;
use tidegate_domain::time::Instant;

/// The name of this among a project's settings.
const REPOSITORY: &str = "repository";
/// Most supported releases of one project.
pub const RELEASES_MAX: usize = 200;

/// A project's repository. It is only ever read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repository {
    /// The folder: a bare repository, or one with a work tree.
    pub path: PathBuf,
    /// The supported releases, and the trees of each.
    pub releases: BTreeMap<Slug, Trees>,
    /// Minutes from one look at the staging branches to the next; they are looked at on request alone where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forecast_every_min: Option<u32>,
    /// From which numbers on a point release is proposed.
    #[serde(default)]
    pub marks: Marks,
}

/// The trees of one release that patches are checked against (XEN-24).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trees {
    /// The tag of its last point release.
    pub tag: String,
    /// The branch that the next one is made from, whose commits may come first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// The branch that is pushed to first, on which fixes that are not public yet must go on applying.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staging: Option<String>,
}

impl Engine {
    /// The repository of a project, where it has one.
    ///
    /// # Errors
    /// [`EngineError::NoSuchProject`], or the store's.
    pub async fn repository(&self, project: &Slug) -> Result<Option<Repository>, EngineError> {
        let stored = match self.store.project(project).await {
            Err(StoreError::NotFound { .. }) => return Err(EngineError::NoSuchProject(project.clone())),
            other => other?,
        };
        let Some(setting) = stored.settings.get(REPOSITORY) else { return Ok(None) };
        let broken = |_| StoreError::Tampered { table: "project", row: project.to_string() };
        Ok(Some(serde_json::from_value(setting.clone()).map_err(broken)?))
    }

    /// Gives a project its repository, in place of the one that it had.
    ///
    /// # Errors
    /// [`EngineError::NoSuchProject`], or the store's.
    pub async fn set_repository(&self, project: &Slug, repository: &Repository) -> Result<(), EngineError> {
        let mut stored = match self.store.project(project).await {
            Err(StoreError::NotFound { .. }) => return Err(EngineError::NoSuchProject(project.clone())),
            other => other?,
        };
        let mut settings = match stored.settings {
            serde_json::Value::Object(settings) => settings,
            _ => serde_json::Map::new(),
        };
        settings.insert(REPOSITORY.to_owned(), serde_json::to_value(repository).unwrap_or_default());
        stored.settings = settings.into();
        self.store.put_project(&stored).await?;
        self.look_again(project).await
    }

    /// Has the patches of the project's open cases that are not public yet checked anew: the repository is another
    /// one, or its branches moved (XEN-24). What is known already is not recorded again. The next beat is set, unless it
    /// is.
    ///
    /// # Errors
    /// The store's.
    pub async fn look_again(&self, project: &Slug) -> Result<(), EngineError> {
        let now = self.clock.now();
        let mut commit = Commit::at(now);
        for case in self.waiting_for_checks(project).await? {
            commit.jobs.push(NewJob {
                key: format!("baseline/{case}/again/{}", now.micros()),
                case: Some(case),
                kind: hands::BASELINE,
                run_at: now,
                body: Vec::new(),
            });
        }
        if let Some(repository) = self.repository(project).await? {
            commit.jobs.extend(repository.next_beat(project, now));
        }
        Ok(self.store.commit(commit).await?)
    }

    /// Sets the next beat of every project that has one, unless it is set: after a start, since the process may have
    /// died between storing a setting and queueing what follows from it.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn set_beats(&self) -> Result<(), EngineError> {
        let now = self.clock.now();
        let mut commit = Commit::at(now);
        for stored in self.store.projects().await? {
            if let Some(repository) = self.repository(&stored.id).await? {
                commit.jobs.extend(repository.next_beat(&stored.id, now));
            }
        }
        Ok(self.store.commit(commit).await?)
    }

    /// The project's open cases that have a patch and are not public.
    pub(crate) async fn waiting_for_checks(&self, project: &Slug) -> Result<Vec<CaseId>, EngineError> {
        let mut waiting = Vec::new();
        for row in self.store.cases(Some(project), true).await? {
            let case = match self.now(row.case).await {
                // It was shredded meanwhile.
                Err(EngineError::NoSuchCase(_)) => continue,
                other => other?.case,
            };
            let waits = case.releases.iter().any(|work| work.patch.is_some()) && !case.is_announced();
            if waits {
                waiting.push(case.id);
            }
        }
        Ok(waiting)
    }
}

/// What a job that looks ahead needs to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Beat {
    pub project: Slug,
    /// Minutes from one beat to the next.
    pub every_min: u32,
}

impl Repository {
    /// The job for the next beat after `now`, where there is a beat. Beats are the multiples of the interval, whoever
    /// asks for the next one and how often: two jobs for one beat are one.
    pub(crate) fn next_beat(&self, project: &Slug, now: Instant) -> Option<NewJob> {
        let every_min = self.forecast_every_min.filter(|every_min| *every_min > 0)?;
        let every = i64::from(every_min) * 60 * 1_000_000;
        let beat = Instant::from_micros((now.micros().div_euclid(every) + 1) * every);
        let body = serde_json::to_vec(&Beat { project: project.clone(), every_min }).unwrap_or_default();
        let key = format!("forecast/{project}/{every_min}/{}", beat.micros());
        Some(NewJob { key, case: None, kind: hands::FORECAST, run_at: beat, body })
    }
}
