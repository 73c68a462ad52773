//! The confidential record of one vulnerability, or of a report that proves to be none.
//!
//! A case is the fold of its log: [`Case::opened`] and [`Case::apply`] are the only ways to change one, and
//! they cannot fail. [`decide()`] does the judging.

pub mod action;
pub mod applies;
mod apply;
pub mod clock;
mod decide;
pub mod event;
pub mod fold;
pub mod forecast;
pub mod machines;
pub mod resolution;

pub use action::{Action, Actor, Report, TestOutcome};
pub use applies::{Found, TreeCheck};
pub use decide::{decide, open};
pub use event::{By, Entry, Event};
pub use forecast::Forecast;
pub use resolution::Reason;

use crate::advisory::{ActionNeeded, CveId, Draft, Title};
use crate::id::{CaseId, Slug};
use crate::policy::vocabulary::{BuiltFact, Fact, RoleKind};
use crate::policy::{Policy, RoleSet};
use crate::rating::{Rating, Severity};
use crate::time::Instant;
use machines::{CaseState, Em, Pec, Rm};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The name under which the reporter of a case acts in it.
pub const REPORTER: &str = "reporter";

/// A person invited to one case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Participant {
    /// Who.
    pub person: Slug,
    /// In which role.
    pub role: Slug,
    /// Whether they acknowledged confidence; until then they see nothing (CS-20).
    pub acknowledged: bool,
}

/// An end that somebody proposed for the embargo.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// The end.
    pub until: Instant,
    /// The roles that agree so far.
    pub agreed: Vec<Slug>,
}

/// A patch file of one release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patch {
    /// File name.
    pub name: String,
    /// SHA-256 in hex.
    pub sha256: String,
}

/// The work on one affected release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseWork {
    /// The release.
    pub release: Slug,
    /// Its current patch.
    pub patch: Option<Patch>,
    /// The last test of the current patch.
    pub test: Option<TestOutcome>,
    /// Whether a patch applies to each tree of the release, as last found.
    pub checks: Vec<TreeCheck>,
    /// Whether the patch applies to what the next point release is made from, as last found.
    pub forecast: Option<Forecast>,
    /// Why it has no patch that is found to apply, where a person said so.
    pub reason: Option<Reason>,
    /// The public commit.
    pub commit: Option<String>,
    /// The released version that contains it.
    pub version: Option<String>,
}

/// How far a version of the advisory has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Being written.
    Draft,
    /// Rendered, waiting for its instant.
    Staged {
        /// The instant.
        at: Instant,
    },
    /// Public.
    Public {
        /// Since when, as planned.
        at: Instant,
    },
}

/// One version of the advisory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// 1, 2, 3 ...
    pub number: u32,
    /// Its text.
    pub draft: Arc<Draft>,
    /// What changed since the last version; for version 1 empty.
    pub changes: String,
    /// For a re-issue, whether readers must act again.
    pub action_needed: Option<ActionNeeded>,
    /// Who approved this text.
    pub approvals: Vec<Slug>,
    /// How far it is.
    pub stage: Stage,
}

impl Version {
    /// Whether everybody may read it.
    #[must_use]
    pub fn is_public(&self) -> bool {
        matches!(self.stage, Stage::Public { .. })
    }
}

/// Cases that share one disclosure instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// Its name.
    pub id: Slug,
    /// The instant.
    pub at: Instant,
}

/// A case, in one state of each formal machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// Its name.
    pub id: CaseId,
    /// One line: the report's title until there is a draft.
    pub title: Title,
    /// Report management, for the security team.
    pub rm: Rm,
    /// The embargo.
    pub em: Em,
    /// The project's fix path, and what the world knows.
    pub state: CaseState,
    /// The facts that last, with the instant at which each came true.
    facts: Vec<(Fact, Instant)>,
    /// The reports, the first one first.
    pub reports: Vec<Report>,
    /// The addresses of those who reported: letters to the reporter go there. Whoever writes into the case later,
    /// from another address, is heard, and told nothing.
    pub reporters: Vec<String>,
    /// Who is responsible.
    pub assigned: Option<Slug>,
    /// Who was invited.
    pub participants: Vec<Participant>,
    /// Consent to the embargo, by role.
    pub consents: Vec<(Slug, Pec)>,
    /// The running (or last) embargo's end.
    pub until: Option<Instant>,
    /// Open proposals, the shortest first.
    pub proposals: Vec<Proposal>,
    /// The affected releases and the work on each.
    pub releases: Vec<ReleaseWork>,
    /// Versions known to be affected, as confirmed.
    pub affected_versions: Vec<String>,
    /// The rating.
    pub rating: Option<Rating>,
    /// CVE identifiers.
    pub cves: Vec<CveId>,
    /// The advisory's number.
    pub number: Option<String>,
    /// The advisory's versions, oldest first.
    pub versions: Vec<Version>,
    /// The batch it is in.
    pub batch: Option<Batch>,
    /// The case it duplicates.
    pub duplicate_of: Option<CaseId>,
    /// The case that took it in.
    pub merged_into: Option<CaseId>,
    /// Reminders given: clock and which.
    reminded: Vec<(Slug, u8)>,
    /// Alarms given.
    alarmed: Vec<Slug>,
    /// Whether the missed disclosure was alarmed.
    missed: bool,
    /// Entries in the log so far.
    pub entries: u64,
}

impl Case {
    /// Since when `fact` holds, for facts that last.
    #[must_use]
    pub fn since(&self, fact: &Fact) -> Option<Instant> {
        self.facts.iter().find(|(known, _)| known == fact).map(|(_, at)| *at)
    }

    /// Whether the program's own `fact` ever came true, and since when.
    #[must_use]
    pub fn since_built(&self, fact: BuiltFact) -> Option<Instant> {
        self.facts.iter().find(|(known, _)| *known == Fact::Built(fact)).map(|(_, at)| *at)
    }

    /// The lasting facts, in the order in which they came true.
    #[must_use]
    pub fn facts(&self) -> &[(Fact, Instant)] {
        &self.facts
    }

    /// Whether `fact` holds now under `policy`, which says how many must approve.
    #[must_use]
    pub fn holds(&self, policy: &Policy, fact: &Fact) -> bool {
        match fact {
            Fact::Custom(_) => self.since(fact).is_some(),
            Fact::Built(BuiltFact::PatchedEverywhere) => self.patched_everywhere(),
            Fact::Built(BuiltFact::TestedEverywhere) => self.tested_everywhere(),
            Fact::Built(BuiltFact::ResolvedEverywhere) => self.resolved_everywhere(),
            Fact::Built(BuiltFact::Approved) => self.is_approved(policy),
            Fact::Built(BuiltFact::Staged) => self.staged().is_some(),
            Fact::Built(built) => self.since_built(*built).is_some(),
        }
    }

    fn is_approved(&self, policy: &Policy) -> bool {
        let needed = policy.step_of(crate::policy::vocabulary::Verb::Approve).map_or(0, |step| step.persons);
        self.versions.last().is_some_and(|version| {
            version.stage != Stage::Draft || version.approvals.len() >= usize::from(needed)
        })
    }

    /// The version that waits for its instant, and that instant.
    #[must_use]
    pub fn staged(&self) -> Option<(u32, Instant)> {
        self.versions.last().and_then(|version| match version.stage {
            Stage::Staged { at } => Some((version.number, at)),
            Stage::Draft | Stage::Public { .. } => None,
        })
    }

    /// The version that is being written.
    #[must_use]
    pub fn open_draft(&self) -> Option<&Version> {
        self.versions.last().filter(|version| version.stage == Stage::Draft)
    }

    /// The versions that are public, oldest first.
    pub fn public_versions(&self) -> impl Iterator<Item = &Version> {
        self.versions.iter().filter(|version| version.is_public())
    }

    /// Whether the advisory is public.
    #[must_use]
    pub fn is_announced(&self) -> bool {
        self.since_built(BuiltFact::Announced).is_some()
    }

    /// The work on `release`.
    #[must_use]
    pub fn release(&self, release: &Slug) -> Option<&ReleaseWork> {
        self.releases.iter().find(|work| work.release == *release)
    }

    /// When the report arrived.
    #[must_use]
    pub fn received(&self) -> Instant {
        self.since_built(BuiltFact::Received).unwrap_or(Instant::from_micros(0))
    }

    /// The band of its rating, where it has one.
    #[must_use]
    pub fn severity(&self) -> Option<Severity> {
        self.rating.as_ref().map(Rating::severity)
    }

    /// When the public is planned to learn of it: the staged instant, the batch's, or the embargo's end.
    #[must_use]
    pub fn planned(&self) -> Option<Instant> {
        let staged = self.staged().map(|(_, at)| at);
        staged.or(self.batch.as_ref().map(|batch| batch.at)).or(self.until)
    }

    /// The roles that `actor` has in this case: those of the project, and those that come with the case.
    #[must_use]
    pub fn roles_of(&self, policy: &Policy, actor: &Actor) -> RoleSet {
        let Actor::Person { name, roles } = actor else { return RoleSet::NONE };
        // Whoever may help in the project helps in no case until invited to it (CS-20).
        let mut all = roles.without(policy.roles_of(RoleKind::Helper));
        if name.as_str() == REPORTER {
            all = all.union(policy.roles_of(RoleKind::Reporter));
        }
        for participant in &self.participants {
            if participant.person == *name
                && let Some(role) = policy.role(participant.role.as_str())
            {
                all = all.union(RoleSet::only(role));
            }
        }
        all
    }

    /// Whether `actor` still has to acknowledge confidence, having come by an invitation alone (CS-20).
    #[must_use]
    pub fn owes_confidence(&self, policy: &Policy, actor: &Actor) -> bool {
        let Actor::Person { name, roles } = actor else { return false };
        let named = roles.meets(policy.roles_of(RoleKind::Team));
        !named && self.participants.iter().any(|p| p.person == *name && !p.acknowledged)
    }
}

/// The fold of a log. `None` for an empty log, or one that does not begin with a report.
#[must_use]
pub fn replay<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Option<Case> {
    let mut entries = entries.into_iter();
    let mut case = Case::opened(entries.next()?)?;
    for entry in entries {
        case.apply(entry);
    }
    Some(case)
}
