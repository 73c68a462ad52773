//! What belongs to the instance and to no case: projects with their policies, settings, counters.

use super::database::{Row, Tx};
use super::seal::{Place, Tag};
use super::{BODY_BYTES_MAX, Store, StoreError, check_length, sql};
use serde_json::Value as Json;
use std::collections::HashMap;
use std::sync::{Arc, MutexGuard, PoisonError};
use tidegate_domain::id::Slug;

/// A project and the rules it follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// Its name.
    pub id: Slug,
    /// Its policy file, word for word.
    pub policy_toml: String,
    /// What its administrators set.
    pub settings: Json,
}

/// Another one whenever a project's policy is stored: by it, a policy that was read is known to be the stored one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyStamp(pub(super) Vec<u8>);

/// A row of an instance table is named by its tag.
fn place<'a>(table: &'static str, row: &'a str, column: &'static str) -> Place<'a> {
    Place { table, row, column }
}

impl Store {
    /// Adds the project or replaces its policy and settings.
    pub async fn put_project(&self, project: &Project) -> Result<(), StoreError> {
        let settings = project.settings.to_string();
        check_length("a policy", project.policy_toml.len(), BODY_BYTES_MAX)?;
        check_length("a project's settings", settings.len(), BODY_BYTES_MAX)?;
        let tag = self.project_tag(&project.id);
        let row = tag.to_string();
        let seal = |column, text: &str| {
            self.vault.seal(self.vault.instance(), &place("project", &row, column), text.as_bytes())
        };
        let name = seal("name", project.id.as_str())?;
        let policy = seal("policy", &project.policy_toml)?;
        let settings = seal("settings", &settings)?;
        let mut tx = self.database.begin().await?;
        tx.execute(sql::PROJECT_PUT, [tag.into(), name.into(), policy.into(), settings.into()]).await?;
        tx.commit().await
    }

    /// The project of this name.
    pub async fn project(&self, id: &Slug) -> Result<Project, StoreError> {
        let rows = self.database.query(sql::PROJECT, [self.project_tag(id).into()]).await?;
        let row = rows.first().ok_or_else(|| StoreError::not_found(format_args!("project {id}")))?;
        self.open_project(row)
    }

    /// All projects, by name.
    pub async fn projects(&self) -> Result<Vec<Project>, StoreError> {
        let rows = self.database.query(sql::PROJECTS, []).await?;
        let projects: Result<Vec<Project>, StoreError> =
            rows.iter().map(|row| self.open_project(row)).collect();
        let mut projects = projects?;
        projects.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(projects)
    }

    fn open_project(&self, row: &Row) -> Result<Project, StoreError> {
        let tag = Tag(row.digest("tag")?).to_string();
        let open =
            |column| self.vault.instance().open_text(&place("project", &tag, column), row.bytes(column)?);
        Ok(Project {
            id: open("name")?.parse().map_err(|_| StoreError::tampered("project", &tag))?,
            policy_toml: open("policy")?,
            settings: open("settings")?.parse().map_err(|_| StoreError::tampered("project", &tag))?,
        })
    }

    pub(super) fn project_tag(&self, id: &Slug) -> Tag {
        self.vault.tag("project", &[id.as_str().as_bytes()])
    }

    /// The name of the project whose tag stands in another table; `None` if there is no such project.
    ///
    /// A tag is made of the name, so what was read once is true for ever, and only a tag never met before, of
    /// a project that perhaps another process added, has to be looked up.
    pub(super) async fn project_name(&self, tag: [u8; 32]) -> Result<Option<Slug>, StoreError> {
        if let Some(name) = self.known_projects().get(&tag) {
            return Ok(Some(name.clone()));
        }
        let names = self.project_names().await?;
        let mut known = self.known_projects();
        known.extend(names);
        Ok(known.get(&tag).cloned())
    }

    fn known_projects(&self) -> MutexGuard<'_, HashMap<[u8; 32], Slug>> {
        self.projects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The names of all projects, by the tag that stands for them in other tables.
    pub(super) async fn project_names(&self) -> Result<HashMap<[u8; 32], Slug>, StoreError> {
        let rows = self.database.query(sql::PROJECT_NAMES, []).await?;
        let read = |row: &Row| {
            let tag = Tag(row.digest("tag")?);
            let text = tag.to_string();
            let name =
                self.vault.instance().open_text(&place("project", &text, "name"), row.bytes("name")?)?;
            Ok((tag.0, name.parse().map_err(|_| StoreError::tampered("project", &text))?))
        };
        rows.iter().map(read).collect()
    }

    /// A setting's value.
    pub async fn setting(&self, name: &str) -> Result<Option<Arc<str>>, StoreError> {
        let tag = self.setting_tag(name);
        let rows = self.database.query(sql::SETTING, [tag.into()]).await?;
        rows.first().map(|row| self.open_setting(tag, row.bytes("value")?)).transpose()
    }

    pub(super) fn open_setting(&self, tag: Tag, sealed: Vec<u8>) -> Result<Arc<str>, StoreError> {
        self.settings.open(tag, sealed, |sealed| {
            let row = tag.to_string();
            Ok(self.vault.instance().open_text(&place("setting", &row, "value"), sealed)?.into())
        })
    }

    /// Sets a setting.
    pub async fn set_setting(&self, name: &str, value: &str) -> Result<(), StoreError> {
        check_length("a setting", value.len(), BODY_BYTES_MAX)?;
        let tag = self.setting_tag(name);
        let text = tag.to_string();
        let place = place("setting", &text, "value");
        let sealed = self.vault.seal(self.vault.instance(), &place, value.as_bytes())?;
        let mut tx = self.database.begin().await?;
        tx.execute(sql::SETTING_PUT, [tag.into(), sealed.into()]).await?;
        tx.commit().await
    }

    pub(super) fn setting_tag(&self, name: &str) -> Tag {
        self.vault.tag("setting", &[name.as_bytes()])
    }

    /// The next number of a sequence, from 1; no two callers get the same. A crash after this and before the
    /// number is used leaves a gap.
    pub async fn next_number(&self, sequence: &str) -> Result<u64, StoreError> {
        let mut tx = self.database.begin().await?;
        let number = self.next_number_in(&mut tx, sequence).await?;
        tx.commit().await?;
        Ok(number)
    }

    /// As [`Store::next_number`], within a transaction: without gaps.
    pub(super) async fn next_number_in(&self, tx: &mut Tx, sequence: &str) -> Result<u64, StoreError> {
        let tag = self.vault.tag("counter", &[sequence.as_bytes()]);
        let rows = tx.query(sql::COUNTER_NEXT, [tag.into()]).await?;
        rows.first().ok_or_else(|| StoreError::tampered("counter", tag))?.count("value")
    }
}
