//! The one way in which anything happens: an action is decided by the domain, and what follows from it is
//! stored in one commit. Doors read through views; hands do the jobs.

mod accounts;
pub mod api_tokens;
pub mod clock;
pub mod fold;
pub mod fsck;
pub mod identities;
pub mod list;
mod mailbox;
pub mod passkeys;
pub mod people;
pub(crate) mod perform;
mod read;
pub mod repository;
pub mod second_factor;
pub mod sessions;
mod shred;
mod turns;

pub use accounts::Checked;
pub(crate) use perform::LetterJob;
pub use perform::Performed;
pub use read::CaseFile;

use crate::account::password::Passwords;
use crate::chance::Chance;
use crate::oidc::Oidc;
use crate::post::Post;
use crate::security_txt::SecurityTxt;
use crate::store::{PolicyStamp, Project, Store, StoreError};
use crate::watch::Pulse;
use clock::Clock;
use people::People;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use tidegate_domain::fault::Fault;
use tidegate_domain::id::{CaseId, Slug, StreamId};
use tidegate_domain::policy::{self, Policy};
use tidegate_domain::refusal::Explanation;
use tidegate_domain::time::Instant;

/// The engine of one instance.
#[derive(Debug)]
pub struct Engine {
    /// Where everything is kept.
    pub store: Store,
    /// Where `now` comes from.
    pub clock: Arc<dyn Clock>,
    pub(crate) chance: Arc<Chance>,
    pub(crate) passwords: Passwords,
    policies: Mutex<HashMap<Slug, ReadPolicy>>,
    /// Everybody, with the text that they were read from: where the stored text is another one, it is read again.
    read_people: Mutex<Option<(Arc<str>, Arc<People>)>>,
    turns: turns::Turns,
    /// The public address of the site, for links in documents and letters.
    pub site: tidegate_formats::Link,
    /// What there is for mail.
    pub post: Post,
    /// What the site says about where to report, if it says so.
    pub security_txt: Option<SecurityTxt>,
    /// Whether whoever does what is due goes round.
    pub pulse: Pulse,
    /// Roles, in whichever project, that demand a second factor of whoever has one of them.
    pub second_factor_roles: Vec<Slug>,
    /// The identity provider at which people may sign in, if there is one.
    pub oidc: Option<Arc<Oidc>>,
}

/// A policy with the text that it was read from: where the stored text is another one, it is read again.
#[derive(Debug)]
struct ReadPolicy {
    toml: String,
    policy: Arc<Policy>,
    /// The stamp that came with a case whose policy this is.
    stamp: Option<PolicyStamp>,
}

/// Why the engine did not do as asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EngineError {
    /// A rule refuses.
    Refused(Box<Explanation>),
    /// There is no such case, for whoever asks (ALL-01).
    NoSuchCase(CaseId),
    /// There is no such application, and no such member.
    NoSuchStream(StreamId),
    /// There is no such project in this instance.
    NoSuchProject(Slug),
    /// There is no such person in this instance.
    NoSuchPerson(Slug),
    /// The machine's clock is behind the log: nothing is opened until it is mended (ALL-03).
    ClockBehind {
        /// The last event's instant.
        last: Instant,
        /// What the clock says.
        now: Instant,
    },
    /// What was handed in has faults.
    Faults(Vec<Fault>),
    /// The project's own keys cannot be had.
    Keys(String),
    /// The store failed.
    Store(StoreError),
    /// A stored event cannot be read by this program.
    Unreadable {
        /// The case.
        case: CaseId,
        /// The event's number within it.
        n: u64,
    },
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EngineError::Refused(explanation) => write!(f, "refused: {explanation}"),
            EngineError::NoSuchCase(case) => write!(f, "there is no case {case}"),
            EngineError::NoSuchStream(id) => write!(f, "there is no application or member {id}"),
            EngineError::NoSuchProject(project) => {
                write!(f, "there is no project {project} here; `tidegate project list` shows those that are")
            }
            EngineError::NoSuchPerson(name) => {
                write!(f, "there is no person {name} here; `tidegate person add` makes one")
            }
            EngineError::ClockBehind { last, now } => write!(
                f,
                "the clock says {now}, but the log's last event is of {last}: nothing is opened or changed.\n  \
                 Set the machine's clock, or wait until it has caught up."
            ),
            EngineError::Faults(faults) => {
                let shown: Vec<String> = faults.iter().map(ToString::to_string).collect();
                f.write_str(&shown.join("\n"))
            }
            EngineError::Keys(why) => f.write_str(why),
            EngineError::Store(error) => write!(f, "{error}"),
            EngineError::Unreadable { case, n } => {
                write!(
                    f,
                    "event {n} of case {case} cannot be read by this program; was it written by a newer one?"
                )
            }
        }
    }
}

impl std::error::Error for EngineError {}

impl From<StoreError> for EngineError {
    fn from(error: StoreError) -> EngineError {
        EngineError::Store(error)
    }
}

const PEOPLE: &str = "people";
const SITE: &str = "site";

impl Engine {
    /// The engine over an open store.
    ///
    /// # Errors
    /// [`EngineError::ClockBehind`] where the log's last event is of a later instant than the clock shows.
    pub async fn open(
        store: Store,
        clock: Arc<dyn Clock>,
        chance: Arc<Chance>,
    ) -> Result<Engine, EngineError> {
        let now = clock.now();
        if let Some(last) = store.last_event_at().await?.filter(|last| *last > now) {
            return Err(EngineError::ClockBehind { last, now });
        }
        let site = store.setting(SITE).await?;
        let site = site.and_then(|text| tidegate_formats::Link::salvage(&text)).unwrap_or_else(default_site);
        let passwords = Passwords::default();
        Ok(Engine {
            store,
            clock,
            chance,
            passwords,
            policies: Mutex::default(),
            read_people: Mutex::default(),
            turns: turns::Turns::default(),
            site,
            post: Post::default(),
            security_txt: None,
            pulse: Pulse::default(),
            second_factor_roles: Vec::new(),
            oidc: None,
        })
    }

    /// Whether the database answers.
    pub(crate) async fn has_database(&self) -> bool {
        self.store.setting(SITE).await.is_ok()
    }

    /// Whether somebody said where the site is. Until then, links in letters lead nowhere.
    pub(crate) fn has_site(&self) -> bool {
        self.site != default_site()
    }

    /// Sets the public address of the site.
    ///
    /// # Errors
    /// The store's.
    pub async fn set_site(&mut self, site: tidegate_formats::Link) -> Result<(), EngineError> {
        self.store.set_setting(SITE, site.as_str()).await?;
        self.site = site;
        Ok(())
    }

    /// Adds a project, or gives it a new policy. The policy's form is checked here; whether it is sound is
    /// [`policy::check::check`]'s to say, before.
    ///
    /// # Errors
    /// The policy's faults, or the store's error.
    pub async fn put_project(&self, id: &Slug, policy_toml: &str) -> Result<Arc<Policy>, EngineError> {
        let policy = Arc::new(policy::read(policy_toml).map_err(EngineError::Faults)?);
        let settings = match self.store.project(id).await {
            Err(StoreError::NotFound { .. }) => serde_json::Value::Null,
            known => known?.settings,
        };
        let project = Project { id: id.clone(), policy_toml: policy_toml.to_owned(), settings };
        self.store.put_project(&project).await?;
        Ok(policy)
    }

    /// The policy that a project is under, as it is stored now: another server may have changed it.
    ///
    /// # Errors
    /// [`EngineError::NoSuchProject`], or the faults of a policy that this program reads no more.
    pub async fn policy(&self, project: &Slug) -> Result<Arc<Policy>, EngineError> {
        let stored = match self.store.project(project).await {
            Err(StoreError::NotFound { .. }) => return Err(EngineError::NoSuchProject(project.clone())),
            other => other?,
        };
        if let Some(read) = self.cache().get(project).filter(|read| read.toml == stored.policy_toml) {
            return Ok(Arc::clone(&read.policy));
        }
        let policy = Arc::new(policy::read(&stored.policy_toml).map_err(EngineError::Faults)?);
        let read = ReadPolicy { toml: stored.policy_toml, policy: Arc::clone(&policy), stamp: None };
        self.cache().insert(project.clone(), read);
        Ok(policy)
    }

    /// As [`Engine::policy`], where `stamp` came with a case: whoever reads a case need not ask for its policy again.
    pub(crate) async fn stamped_policy(
        &self,
        project: &Slug,
        stamp: PolicyStamp,
    ) -> Result<Arc<Policy>, EngineError> {
        let stamp = Some(stamp);
        if let Some(read) = self.cache().get(project).filter(|read| read.stamp == stamp) {
            return Ok(Arc::clone(&read.policy));
        }
        let policy = self.policy(project).await?;
        // It may be newer than the stamp: then the next case comes with another stamp, and it is read again.
        if let Some(read) = self.cache().get_mut(project).filter(|read| Arc::ptr_eq(&read.policy, &policy)) {
            read.stamp = stamp;
        }
        Ok(policy)
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, HashMap<Slug, ReadPolicy>> {
        self.policies.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Everybody in this instance.
    ///
    /// # Errors
    /// The store's.
    pub async fn people(&self) -> Result<People, EngineError> {
        Ok(Arc::unwrap_or_clone(self.read_people(self.store.setting(PEOPLE).await?)?))
    }

    /// Nobody was added yet where there is no such setting.
    fn read_people(&self, setting: Option<Arc<str>>) -> Result<Arc<People>, EngineError> {
        let Some(text) = setting else { return Ok(Arc::default()) };
        let read = || self.read_people.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((_, people)) = read().as_ref().filter(|(known, _)| *known == text) {
            return Ok(Arc::clone(people));
        }
        let broken = |_| StoreError::Tampered { table: "setting", row: PEOPLE.to_owned() };
        let people: Arc<People> = Arc::new(serde_json::from_str(&text).map_err(broken)?);
        *read() = Some((text, Arc::clone(&people)));
        Ok(people)
    }

    /// Stores everybody.
    ///
    /// # Errors
    /// The store's.
    pub async fn set_people(&self, people: &People) -> Result<(), EngineError> {
        let text = serde_json::to_string(people).unwrap_or_default();
        Ok(self.store.set_setting(PEOPLE, &text).await?)
    }

    /// A fresh secret for somebody to hold.
    pub(crate) fn draw_secret(&self) -> crate::secret::Secret {
        crate::secret::Secret::draw(&self.chance)
    }

    /// A number to find a log line by.
    pub(crate) fn draw_number(&self) -> u64 {
        self.chance.u64() % 1_000_000_000
    }
}

fn default_site() -> tidegate_formats::Link {
    "https://security.example/".parse().unwrap_or_else(|_| unreachable!("the default site is a link"))
}
