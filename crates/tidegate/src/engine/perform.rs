//! Performing an action: read, decide, commit. The only place that writes a case.

use super::read::CaseNow;
use super::{Engine, EngineError, fold};
use crate::hands::{self, render};
use crate::store::{CaseChange, Commit, Due, JobId, LetterId, NewJob, Promotion, Staging, StoreError};
use serde::{Deserialize, Serialize};
use tidegate_domain::case::clock::{clocks, next_wake};
use tidegate_domain::case::machines::Rm;
use tidegate_domain::case::{
    Action, Actor, By, Case, Entry, Event, Forecast, ReleaseWork, Report, TreeCheck, decide, open,
};
use tidegate_domain::consequence::{Letter, letters};
use tidegate_domain::id::{CaseId, Slug};
use tidegate_domain::policy::Policy;
use tidegate_domain::refusal::Refusal;
use tidegate_domain::time::Instant;

/// How often a decision is taken again because somebody else was faster.
const ATTEMPTS_MAX: u32 = 8;

/// What an action brought about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Performed {
    /// The log's new lines.
    pub entries: Vec<Entry>,
}

/// What a commit stored, and whether it left something that the clock must do at once.
struct Committed {
    entries: Vec<Entry>,
    due: bool,
}

impl From<Committed> for Performed {
    fn from(committed: Committed) -> Performed {
        Performed { entries: committed.entries }
    }
}

/// The body of a `letter` job.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LetterJob {
    pub key: String,
    pub at: Instant,
    pub letter: Letter,
}

/// One case with the lines to be added to its log.
struct Change<'a> {
    file: &'a CaseNow,
    after: Case,
    entries: Vec<Entry>,
}

impl Engine {
    /// Lets `name` do `action` in the case.
    ///
    /// # Errors
    /// [`EngineError::Refused`] with the rule that refuses, which is logged where it matters (ALL-04);
    /// [`EngineError::NoSuchCase`] where for `name` there is none.
    pub async fn perform(&self, id: CaseId, name: &Slug, action: &Action) -> Result<Performed, EngineError> {
        for _ in 0..ATTEMPTS_MAX {
            let turn = self.turns.at(id).await;
            let (file, actor) = self.open_now(id, name).await?;
            let tried = self.try_perform(&file, &actor, action).await;
            drop(turn);
            match tried {
                Err(EngineError::Store(StoreError::Conflict { .. })) => {}
                Err(other) => return Err(other),
                Ok(Committed { mut entries, due }) => {
                    if due {
                        entries.extend(self.tick(id, None).await?.entries);
                    }
                    return Ok(Performed { entries });
                }
            }
        }
        Err(EngineError::Store(StoreError::Conflict { case: id }))
    }

    async fn try_perform(
        &self,
        file: &CaseNow,
        actor: &Actor,
        action: &Action,
    ) -> Result<Committed, EngineError> {
        let now = self.clock.now();
        let by = hand_of(actor);
        match decide(&file.policy, &file.case, actor, action, now) {
            Ok(events) => self.commit(vec![change(file, by, now, events)], now, None).await,
            Err(refusal) => {
                let explanation = refusal.explain(&file.policy);
                if refusal.matters() {
                    let asked = action.act().map_or_else(|| "tick".to_owned(), |act| act.to_string());
                    let refused = Event::Refused { action: asked, explanation: explanation.clone() };
                    self.commit(vec![change(file, by, now, vec![refused])], now, None).await?;
                }
                Err(EngineError::Refused(Box::new(explanation)))
            }
        }
    }

    /// Lets `target` take `source` in: both cases change in one commit, or neither.
    ///
    /// # Errors
    /// As [`Engine::perform`], for either case.
    pub async fn merge(&self, source: CaseId, target: CaseId, name: &Slug) -> Result<Performed, EngineError> {
        for _ in 0..ATTEMPTS_MAX {
            let (from, giver) = self.open_now(source, name).await?;
            let (into, taker) = self.open_now(target, name).await?;
            let now = self.clock.now();
            let refused = |refusal: Refusal| EngineError::Refused(Box::new(refusal.explain(&into.policy)));
            // Roles, releases and invitations are words of one policy, and mean nothing in another's.
            if from.project != into.project {
                let why = "the two are cases of different projects".to_owned();
                return Err(refused(Refusal::Unfit { why }));
            }
            let absorb = Action::Absorb { other: Box::new(from.case.clone()) };
            let taken = decide(&into.policy, &into.case, &taker, &absorb, now).map_err(refused)?;
            let merge = Action::MergeInto { target };
            let given = decide(&from.policy, &from.case, &giver, &merge, now).map_err(refused)?;
            let by = hand_of(&giver);
            let changes = vec![change(&into, by.clone(), now, taken), change(&from, by, now, given)];
            match self.commit(changes, now, None).await {
                Err(EngineError::Store(StoreError::Conflict { .. })) => {}
                other => return other.map(Performed::from),
            }
        }
        Err(EngineError::Store(StoreError::Conflict { case: target }))
    }

    /// Opens a case for a report that arrived as `letter`, or adds it to the case that it names.
    pub(crate) async fn receive(
        &self,
        id: CaseId,
        project: &Slug,
        report: Report,
        letter: Option<LetterId>,
        job: Option<JobId>,
    ) -> Result<(), EngineError> {
        let policy = self.policy(project).await?;
        let now = self.clock.now();
        let entry = open(id, report, now);
        let case = Case::opened(&entry).ok_or(EngineError::Unreadable { case: id, n: 1 })?;
        let mut commit = Commit::at(now);
        commit.finish_job = job;
        commit.link_letter = letter.map(|letter| (letter, id));
        commit.jobs = jobs(&policy, None, &case, &[(1, entry.clone())], now);
        commit.changes = vec![CaseChange {
            case: id,
            expected_n: 0,
            events: vec![encode(&entry)],
            due: Some(due_rows(&policy, &case, now)),
            project: project.clone(),
            open: true,
            fold: None,
        }];
        Ok(self.store.commit(commit).await?)
    }

    /// Adds a further letter of the reporter's to its case.
    pub(crate) async fn hear(
        &self,
        id: CaseId,
        report: Report,
        letter: LetterId,
        job: Option<JobId>,
    ) -> Result<(), EngineError> {
        let file = self.now(id).await?;
        let now = self.clock.now();
        let by = By::Person(super::perform::reporter());
        let heard = change(&file, by, now, vec![Event::Heard { report }]);
        let mut commit = self.prepare(vec![heard], now).await?.0;
        commit.finish_job = job;
        commit.link_letter = Some((letter, id));
        Ok(self.store.commit(commit).await?)
    }

    /// Lets the clock do what is due in the case now.
    ///
    /// # Errors
    /// The store's.
    pub async fn tick(&self, id: CaseId, job: Option<JobId>) -> Result<Performed, EngineError> {
        for _ in 0..ATTEMPTS_MAX {
            let _turn = self.turns.at(id).await;
            let file = self.now(id).await?;
            let now = self.clock.now();
            let events =
                decide(&file.policy, &file.case, &Actor::Clock, &Action::Tick, now).unwrap_or_default();
            if events.is_empty() {
                if let Some(job) = job {
                    self.store.finish_job(job).await?;
                }
                return Ok(Performed { entries: Vec::new() });
            }
            match self.commit(vec![change(&file, By::Clock, now, events)], now, job).await {
                Err(EngineError::Store(StoreError::Conflict { .. })) => {}
                other => return other.map(Performed::from),
            }
        }
        Err(EngineError::Store(StoreError::Conflict { case: id }))
    }

    /// Adds to the case what a check of its patches found. What is known already is not said again, and a patch
    /// that was replaced meanwhile has a job of its own.
    pub(crate) async fn record_checks(
        &self,
        id: CaseId,
        found: &[Learned],
        job: JobId,
    ) -> Result<(), EngineError> {
        for _ in 0..ATTEMPTS_MAX {
            let _turn = self.turns.at(id).await;
            let file = self.now(id).await?;
            let now = self.clock.now();
            let events: Vec<Event> = found.iter().flat_map(|learned| news(&file.case, learned)).collect();
            if events.is_empty() {
                return Ok(self.store.finish_job(job).await?);
            }
            match self.commit(vec![change(&file, By::Clock, now, events)], now, Some(job)).await {
                Err(EngineError::Store(StoreError::Conflict { .. })) => {}
                other => return other.map(drop),
            }
        }
        Err(EngineError::Store(StoreError::Conflict { case: id }))
    }

    async fn commit(
        &self,
        changes: Vec<Change<'_>>,
        now: Instant,
        job: Option<JobId>,
    ) -> Result<Committed, EngineError> {
        let is_due = |change: &Change<'_>| {
            next_wake(&change.file.policy, &change.after, now).is_some_and(|wake| wake <= now)
        };
        let due = changes.iter().any(is_due);
        let (mut commit, entries) = self.prepare(changes, now).await?;
        commit.finish_job = job;
        self.store.commit(commit).await?;
        Ok(Committed { entries, due })
    }

    /// Turns decided changes into one commit. What becomes staged is rendered here, before the transaction.
    async fn prepare(
        &self,
        changes: Vec<Change<'_>>,
        now: Instant,
    ) -> Result<(Commit, Vec<Entry>), EngineError> {
        let mut commit = Commit::at(now);
        let mut all = Vec::new();
        for Change { file, after, entries } in changes {
            let policy = &file.policy;
            for entry in &entries {
                if let Event::Staged { version, at } = &entry.event {
                    let patches = self.patches(&after).await?;
                    let when = (*version, *at);
                    let documents =
                        render::documents(policy, &file.project, &after, when, patches, &self.site);
                    commit.stage.push(Staging { case: after.id, version: *version, documents });
                }
                if let Event::Announced { version, .. } = &entry.event {
                    commit.promote.push(Promotion { case: after.id, version: *version });
                }
            }
            let numbered: Vec<(u64, Entry)> =
                (file.case.entries + 1..).zip(entries.iter().cloned()).collect();
            commit.jobs.extend(jobs(policy, Some(&file.case), &after, &numbered, now));
            if asks_for_checks(&after, &entries) && self.repository(&file.project).await?.is_some() {
                commit.jobs.push(NewJob {
                    key: format!("baseline/{}/{}", after.id, after.entries),
                    case: Some(after.id),
                    kind: hands::BASELINE,
                    run_at: now,
                    body: Vec::new(),
                });
            }
            commit.changes.push(CaseChange {
                case: after.id,
                expected_n: file.case.entries,
                events: entries.iter().map(encode).collect(),
                due: Some(due_rows(policy, &after, now)),
                project: file.project.clone(),
                open: after.rm != Rm::Closed,
                fold: fold::due(file.case.entries, &after),
            });
            all.extend(entries);
        }
        Ok((commit, all))
    }
}

impl Engine {
    /// A file of the case, by its SHA-256 in hex.
    ///
    /// # Errors
    /// The store's; not found where the digest is none.
    pub(crate) async fn file(&self, case: CaseId, sha256: &str) -> Result<Vec<u8>, EngineError> {
        let digest = digest_of(sha256).ok_or(EngineError::NoSuchCase(case))?;
        Ok(self.store.blob(case, &digest).await?)
    }

    /// The patch files of a case that the store has; a patch may be known by its hash alone.
    async fn patches(&self, case: &Case) -> Result<Vec<(String, Vec<u8>)>, EngineError> {
        let mut files = Vec::new();
        for patch in case.releases.iter().filter_map(ReleaseWork::published_patch) {
            let Some(digest) = digest_of(&patch.sha256) else { continue };
            match self.store.blob(case.id, &digest).await {
                Ok(bytes) => files.push((patch.name.clone(), bytes)),
                Err(StoreError::NotFound { .. }) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Ok(files)
    }
}

fn digest_of(hex: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    for (index, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(index * 2..index * 2 + 2)?, 16).ok()?;
    }
    Some(digest)
}

fn hand_of(actor: &Actor) -> By {
    match actor {
        Actor::Person { name, .. } => By::Person(name.clone()),
        Actor::Clock => By::Clock,
    }
}

pub(crate) fn reporter() -> Slug {
    let name = tidegate_domain::case::REPORTER.parse();
    name.unwrap_or_else(|_| unreachable!("`reporter` is a name"))
}

fn change(file: &CaseNow, by: By, now: Instant, events: Vec<Event>) -> Change<'_> {
    let mut after = file.case.clone();
    let entries: Vec<Entry> =
        events.into_iter().map(|event| Entry { at: now, by: by.clone(), event }).collect();
    for entry in &entries {
        after.apply(entry);
    }
    Change { file, after, entries }
}

/// Whether it is to be found out anew which patches apply where.
fn asks_for_checks(after: &Case, entries: &[Entry]) -> bool {
    let asks = |entry: &Entry| {
        matches!(entry.event, Event::PatchAttached { .. } | Event::Confirmed { .. } | Event::Absorbed(_))
    };
    after.releases.iter().any(|work| work.patch.is_some()) && entries.iter().any(asks)
}

/// What a look at the repository found of one release.
pub(crate) struct Learned {
    pub release: Slug,
    pub checks: Vec<TreeCheck>,
    pub forecast: Option<Forecast>,
}

/// What of `learned` is not known yet, and is of the patch that the release has now, if it has one.
fn news(case: &Case, learned: &Learned) -> Vec<Event> {
    let Learned { release, checks, forecast } = learned;
    let Some(work) = case.release(release) else { return Vec::new() };
    let current = |patch: &String| work.patch.as_ref().is_none_or(|own| own.sha256 == *patch);
    let mut events = Vec::new();
    if work.checks != *checks && checks.iter().all(|check| current(&check.patch)) {
        events.push(Event::PatchChecked { release: release.clone(), checks: checks.clone() });
    }
    let is_new = |is: &&Forecast| work.forecast.as_ref().is_none_or(|known| !is.repeats(known));
    if let Some(is) = forecast.as_ref().filter(|is| current(&is.patch)).filter(is_new) {
        let same = |was: &&Forecast| (&was.patch, &was.branch) == (&is.patch, &is.branch);
        let was = work.forecast.as_ref().filter(same).cloned().map(Box::new);
        events.push(Event::ForecastChanged { release: release.clone(), was, is: Box::new(is.clone()) });
    }
    events
}

fn encode(entry: &Entry) -> Vec<u8> {
    serde_json::to_vec(entry).unwrap_or_else(|_| unreachable!("a log line has no map with odd keys"))
}

/// The letters that follow from new lines of the log, and the clock's next visit.
fn jobs(
    policy: &Policy,
    before: Option<&Case>,
    after: &Case,
    entries: &[(u64, Entry)],
    now: Instant,
) -> Vec<NewJob> {
    let mut jobs = Vec::new();
    for (n, entry) in entries {
        for (nth, letter) in letters(policy, after, entry).into_iter().enumerate() {
            let key = format!("letter/{}/{n}/{nth}", after.id);
            let body =
                serde_json::to_vec(&LetterJob { key: key.clone(), at: entry.at, letter }).unwrap_or_default();
            jobs.push(NewJob { key, case: Some(after.id), kind: hands::LETTER, run_at: now, body });
        }
    }
    let wake = next_wake(policy, after, now);
    let known = before.and_then(|case| next_wake(policy, case, now));
    // The wake that is known already has its job, unless it is that very job which is being done.
    if let Some(at) = wake.filter(|at| known != Some(*at) || *at <= now) {
        let key = format!("tick/{}/{}/{}", after.id, after.entries, at.micros());
        jobs.push(NewJob { key, case: Some(after.id), kind: hands::TICK, run_at: at, body: Vec::new() });
    }
    jobs
}

/// What people see as due: the open clocks, the embargo's end, the staged instant. Derived, and rebuilt by
/// `fsck`.
pub(crate) fn due_rows(policy: &Policy, case: &Case, now: Instant) -> Vec<Due> {
    let mut due: Vec<Due> = clocks(policy, case, now)
        .iter()
        .filter(|clock| clock.is_open())
        .map(|clock| Due { at: clock.due, what: format!("clock {}", clock.rule.id) })
        .collect();
    if let Some((version, at)) = case.staged() {
        due.push(Due { at, what: format!("disclosure of version {version}") });
    } else if let Some(until) = case.until.filter(|_| case.em.is_running()) {
        due.push(Due { at: until, what: "embargo ends".to_owned() });
    }
    due.sort_by(|a, b| (a.at, &a.what).cmp(&(b.at, &b.what)));
    due
}
