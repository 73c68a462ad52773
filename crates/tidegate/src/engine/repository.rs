//! Where a project's code is, and the trees of its supported releases: what its patches are checked against.

use super::{Engine, EngineError};
use crate::hands;
use crate::store::{Commit, NewJob, StoreError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use tidegate_domain::id::Slug;

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
    /// one, or its branches moved (XEN-24). What is known already is not recorded again.
    ///
    /// # Errors
    /// The store's.
    pub async fn look_again(&self, project: &Slug) -> Result<(), EngineError> {
        let now = self.clock.now();
        let mut commit = Commit::at(now);
        for row in self.store.cases(Some(project), true).await? {
            let case = match self.now(row.case).await {
                // It was shredded meanwhile.
                Err(EngineError::NoSuchCase(_)) => continue,
                other => other?.case,
            };
            let waits = case.releases.iter().any(|work| work.patch.is_some()) && !case.is_announced();
            if waits {
                commit.jobs.push(NewJob {
                    key: format!("baseline/{}/again/{}", case.id, now.micros()),
                    case: Some(case.id),
                    kind: hands::BASELINE,
                    run_at: now,
                    body: Vec::new(),
                });
            }
        }
        Ok(self.store.commit(commit).await?)
    }
}
