//! Reading cases: the fold of their events, and what one person may see of it.

use super::{Engine, EngineError, PEOPLE, fold};
use crate::store::{FOLD_TABLE, StoreError};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::sync::Arc;
use tidegate_domain::audience::{self, Known, ReporterStanding, View};
use tidegate_domain::case::{Action, Actor, Case, Entry, decide, replay};
use tidegate_domain::id::{CaseId, Slug};
use tidegate_domain::permission::{Ruling, may_tell};
use tidegate_domain::policy::check::possible;
use tidegate_domain::policy::vocabulary::{Item, RoleKind, Verb};
use tidegate_domain::policy::{Policy, RoleId, Step};
use tidegate_domain::time::Instant;

/// A case as it is now, without the log behind it: what a decision needs.
#[derive(Clone, Debug)]
pub(crate) struct CaseNow {
    pub(crate) project: Slug,
    pub(crate) policy: Arc<Policy>,
    pub(crate) case: Case,
}

/// A case as the engine has it in hand: never given to a door as it is, only as a [`View`].
#[derive(Clone, Debug)]
pub struct CaseFile {
    pub(crate) project: Slug,
    pub(crate) policy: Arc<Policy>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) case: Case,
}

impl CaseFile {
    /// What `viewer` may see of it; `None` where for them there is no such case.
    #[must_use]
    pub fn view(&self, viewer: &Actor) -> Option<View<'_>> {
        audience::view(&self.policy, &self.case, viewer)
    }

    /// The lines of the log that whoever has `view` may read.
    pub fn log<'a>(&'a self, view: &'a View<'_>) -> impl Iterator<Item = Cow<'a, Entry>> {
        audience::log(view, &self.entries)
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> CaseId {
        self.case.id
    }

    /// What each role may know, and since when: for whoever works on the case, and empty for others.
    #[must_use]
    pub fn known_since(&self, view: &View<'_>) -> Vec<Known<'_>> {
        if view.insider { audience::known_since(&self.policy, &self.entries) } else { Vec::new() }
    }

    /// What `viewer`, who reported the case, and the security team told each other.
    #[must_use]
    pub fn correspondence(&self, viewer: &Actor) -> Vec<Cow<'_, Entry>> {
        audience::correspondence(&self.policy, &self.case, viewer, &self.entries)
    }

    /// How the case stands for its reporter, as far as they may know; `None` for everybody else.
    #[must_use]
    pub fn standing_for_reporter(&self, viewer: &Actor) -> Option<ReporterStanding> {
        audience::standing_for_reporter(&self.policy, &self.case, viewer)
    }

    /// Whether `asker` may let `to` have `item` now; `None` where for them there is no such case.
    #[must_use]
    pub fn may_tell(&self, asker: &Actor, to: RoleId, item: Item) -> Option<Ruling<'_>> {
        may_tell(&self.policy, &self.case, asker, to, item)
    }

    /// Whether a disclosure is still to come. An embargo that ended early leaves its end behind as planned.
    #[must_use]
    pub fn awaits_disclosure(&self) -> bool {
        self.case.em.is_running() || self.case.staged().is_some()
    }

    /// What `viewer` may do at `now` of what the policy's steps give to the reporter.
    #[must_use]
    pub fn open_to_reporter(&self, viewer: &Actor, now: Instant) -> Vec<&Step> {
        let reporters = self.policy.roles_of(RoleKind::Reporter);
        let theirs = self.policy.steps.iter().filter(|step| step.by.meets(reporters));
        theirs.filter(|step| possible(&self.policy, &self.case, viewer, step, now).is_ok()).collect()
    }

    /// The policy that the case is under.
    #[must_use]
    pub fn policy(&self) -> &Arc<Policy> {
        &self.policy
    }

    /// The project that the case belongs to.
    #[must_use]
    pub fn project(&self) -> &Slug {
        &self.project
    }

    /// Whether `viewer` is on the security team, which alone may destroy a case.
    #[must_use]
    pub fn is_teams(&self, viewer: &Actor) -> bool {
        self.case.roles_of(&self.policy, viewer).meets(self.policy.roles_of(RoleKind::Team))
    }

    /// The end of an embargo that is proposed and that `viewer` may accept at `now`.
    #[must_use]
    pub fn offered_to(&self, viewer: &Actor, now: Instant) -> Option<Instant> {
        let step = self.policy.step_of(Verb::AcceptEmbargo)?;
        possible(&self.policy, &self.case, viewer, step, now).ok()?;
        self.case.proposals.first().map(|proposal| proposal.until)
    }

    /// The name of the file with this SHA-256 in hex, if it is one of the case's and `view` is that of somebody
    /// who works on it.
    #[must_use]
    pub fn file_name(&self, view: &View<'_>, sha256: &str) -> Option<&str> {
        if !view.insider || view.record.is_none() {
            return None;
        }
        let attached = self.case.reports.iter().flat_map(|report| &report.attachments);
        let patches = self.case.releases.iter().filter_map(|work| work.patch.as_ref());
        attached
            .map(|(name, digest)| (name, digest))
            .chain(patches.map(|patch| (&patch.name, &patch.sha256)))
            .find(|(_, digest)| digest.as_str() == sha256)
            .map(|(name, _)| name.as_str())
    }

    /// Whether for `viewer` there is such a case, as something to look at or an invitation to answer.
    #[must_use]
    pub fn exists_for(&self, viewer: &Actor) -> bool {
        exists_for(&self.policy, &self.case, viewer)
    }
}

fn exists_for(policy: &Policy, case: &Case, viewer: &Actor) -> bool {
    case.owes_confidence(policy, viewer) || audience::view(policy, case, viewer).is_some()
}

/// What was shredded is gone for everybody, and looks as if it had never been (ALL-01).
fn missing(id: CaseId) -> impl Fn(StoreError) -> EngineError {
    move |error| match error {
        StoreError::NotFound { .. } | StoreError::Shredded { .. } => EngineError::NoSuchCase(id),
        other => EngineError::Store(other),
    }
}

impl Engine {
    /// Opens a case for the engine and its hands.
    pub(crate) async fn load(&self, id: CaseId) -> Result<CaseFile, EngineError> {
        Ok(self.load_with_people(id).await?.0)
    }

    /// Opens a case, with the people of the instance as they are at the same instant, still as text: whoever
    /// lost a role a moment ago, in whichever process, has lost it here.
    async fn load_with_people(&self, id: CaseId) -> Result<(CaseFile, Option<Arc<str>>), EngineError> {
        let history = self.store.history(id, PEOPLE).await.map_err(missing(id))?;
        let policy = self.stamped_policy(&history.project, history.stamp).await?;
        let entries = read_entries(id, history.events.into_iter().map(|event| (event.n, event.body)))?;
        let case = replay(&entries).ok_or(EngineError::Unreadable { case: id, n: 1 })?;
        Ok((CaseFile { project: history.project, policy, entries, case }, history.setting))
    }

    /// Reads a case for a decision: from its last fold, as far as there is one that can be used.
    pub(crate) async fn now(&self, id: CaseId) -> Result<CaseNow, EngineError> {
        Ok(self.now_with_people(id).await?.0)
    }

    async fn now_with_people(&self, id: CaseId) -> Result<(CaseNow, Option<Arc<str>>), EngineError> {
        let recent = match self.store.recent(id, PEOPLE).await {
            // It is derived: what cannot be opened is replayed instead, and found by `fsck`.
            Err(StoreError::Tampered { table: FOLD_TABLE, .. }) => return self.replayed(id).await,
            other => other.map_err(missing(id))?,
        };
        let events = read_entries(id, recent.events.into_iter().map(|event| (event.n, event.body)))?;
        let case = match recent.fold.as_ref().map(fold::open) {
            Some(None) => return self.replayed(id).await,
            Some(Some(folded)) => events.iter().fold(folded, |mut case, entry| {
                case.apply(entry);
                case
            }),
            None => replay(&events).ok_or(EngineError::Unreadable { case: id, n: 1 })?,
        };
        let policy = self.stamped_policy(&recent.project, recent.stamp).await?;
        Ok((CaseNow { project: recent.project, policy, case }, recent.setting))
    }

    async fn replayed(&self, id: CaseId) -> Result<(CaseNow, Option<Arc<str>>), EngineError> {
        let (CaseFile { project, policy, case, .. }, people) = self.load_with_people(id).await?;
        Ok((CaseNow { project, policy, case }, people))
    }

    /// As [`Engine::open_case`], for a decision.
    pub(crate) async fn open_now(&self, id: CaseId, name: &Slug) -> Result<(CaseNow, Actor), EngineError> {
        let (now, people) = self.now_with_people(id).await?;
        let roles = self.read_people(people)?.roles(&now.project, &now.policy, name);
        let actor = Actor::Person { name: name.clone(), roles };
        if exists_for(&now.policy, &now.case, &actor) {
            Ok((now, actor))
        } else {
            Err(EngineError::NoSuchCase(id))
        }
    }

    /// Opens a case for `name`, who must be able to know that there is one.
    ///
    /// # Errors
    /// [`EngineError::NoSuchCase`], whether there is none or `name` may not know of it (ALL-01).
    pub async fn open_case(&self, id: CaseId, name: &Slug) -> Result<(CaseFile, Actor), EngineError> {
        let (file, people) = self.load_with_people(id).await?;
        let roles = self.read_people(people)?.roles(&file.project, &file.policy, name);
        let actor = Actor::Person { name: name.clone(), roles };
        if file.exists_for(&actor) { Ok((file, actor)) } else { Err(EngineError::NoSuchCase(id)) }
    }

    /// The cases of `project` (of all, where `None`) that `name` may know of, with what they may see.
    ///
    /// # Errors
    /// The store's.
    pub async fn visible_cases(
        &self,
        project: Option<&Slug>,
        name: &Slug,
        open_only: bool,
    ) -> Result<Vec<(CaseFile, Actor)>, EngineError> {
        let mut visible = Vec::new();
        for row in self.store.cases(project, open_only).await? {
            match self.open_case(row.case, name).await {
                Ok(found) => visible.push(found),
                Err(EngineError::NoSuchCase(_) | EngineError::Store(StoreError::Shredded { .. })) => {}
                Err(other) => return Err(other),
            }
        }
        Ok(visible)
    }
}

/// Reads stored events, which are JSON so that they outlive this program.
pub(crate) fn read_entries(
    case: CaseId,
    events: impl Iterator<Item = (u64, Vec<u8>)>,
) -> Result<Vec<Entry>, EngineError> {
    let read = |(n, body): (u64, Vec<u8>)| {
        serde_json::from_slice(&body).map_err(|_| EngineError::Unreadable { case, n })
    };
    events.map(read).collect()
}

impl Engine {
    /// The embargo's end that the policy proposes for the case.
    ///
    /// # Errors
    /// [`EngineError::NoSuchCase`] where for `name` there is none.
    pub async fn proposed_end(&self, id: CaseId, name: &Slug) -> Result<Instant, EngineError> {
        let (file, _) = self.open_case(id, name).await?;
        Ok(file.policy.embargo.default_end(&file.policy, file.case.received()))
    }

    /// The next number of the policy's pattern. Numbers that were taken and not used leave a gap, and say
    /// nothing about how many cases wait: they are taken when the policy has them assigned, not before.
    ///
    /// # Errors
    /// [`EngineError::NoSuchCase`] where for `name` there is none.
    pub async fn next_advisory_number(&self, id: CaseId, name: &Slug) -> Result<String, EngineError> {
        let (file, actor) = self.open_case(id, name).await?;
        let now = self.clock.now();
        let step = file.policy.step_of(Verb::AssignNumber);
        let refused = step.is_none_or(|step| possible(&file.policy, &file.case, &actor, step, now).is_err());
        if refused {
            // The rule refuses whatever is asked for here, and no number is lost by it.
            return Ok("0".to_owned());
        }
        let year = now.in_zone(&file.policy.zone).year();
        let pattern = &file.policy.advisory.number;
        let yearly = pattern.write(1, year) != pattern.write(1, year + 1);
        let sequence = if yearly { format!("{}/{year}", file.project) } else { file.project.to_string() };
        let n = self.store.next_number(&sequence).await?;
        // Where CVE identifiers are the numbers, the domain refuses whatever is written here.
        Ok(pattern.write(n, year).unwrap_or_default())
    }
}

impl Engine {
    /// The next instant at which the clock has something to do in any open case.
    ///
    /// # Errors
    /// The store's.
    pub async fn next_wake(&self) -> Result<Option<Instant>, EngineError> {
        let now = self.clock.now();
        let mut next: Option<Instant> = None;
        for row in self.store.cases(None, true).await? {
            let file = self.now(row.case).await?;
            let wake = tidegate_domain::case::clock::next_wake(&file.policy, &file.case, now);
            next = [next, wake].into_iter().flatten().min();
        }
        Ok(next)
    }
}

impl Engine {
    /// Keeps the file `called` that `name` attaches as the patch for `release`, and answers with the action that
    /// attaches it. A file whose attaching is refused now is not kept; the action is refused by the same rules,
    /// and says why.
    ///
    /// # Errors
    /// [`EngineError::NoSuchCase`] where for `name` there is none.
    pub async fn keep_patch(
        &self,
        id: CaseId,
        name: &Slug,
        release: Slug,
        called: &str,
        bytes: &[u8],
    ) -> Result<Action, EngineError> {
        let (file, actor) = self.open_now(id, name).await?;
        let sha256 = hex::encode(Sha256::digest(bytes));
        let attach = Action::AttachPatch { release, name: called.to_owned(), sha256 };
        if decide(&file.policy, &file.case, &actor, &attach, self.clock.now()).is_ok() {
            self.store.put_blob(id, bytes).await?;
        }
        Ok(attach)
    }
}
