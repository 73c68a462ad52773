//! What happened to a case. The log holds nothing else, and a case is the fold of its log.

use crate::advisory::{ActionNeeded, CveId, Draft};
use crate::case::action::{Report, TestOutcome};
use crate::case::applies::TreeCheck;
use crate::case::forecast::Forecast;
use crate::case::resolution::Reason;
use crate::id::{CaseId, Slug};
use crate::rating::Rating;
use crate::refusal::Explanation;
use crate::time::Instant;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Whose hand it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// A person of this name.
    Person(Slug),
    /// The clock.
    Clock,
}

/// One line of a case's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub at: Instant,
    /// Whose hand.
    pub by: By,
    /// What.
    pub event: Event,
}

/// Why an embargo ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EmbargoEnd {
    /// Its instant came.
    Elapsed,
    /// The public, or an exploit, was there first.
    Public,
    /// Somebody ended it.
    Ended,
    /// The case went into another one, which carries the embargo on.
    Merged,
}

/// A fact that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the fields are named by what they hold")]
pub enum Event {
    /// A report opened the case.
    Received {
        id: CaseId,
        report: Report,
    },
    /// A further letter of the reporter's arrived.
    Heard {
        report: Report,
    },
    Acknowledged {
        text: String,
    },
    HandedOver {
        to: String,
        text: String,
    },
    Confirmed {
        affected: Vec<Slug>,
        versions: Vec<String>,
    },
    Denied {
        reason: String,
    },
    ReporterTold {
        text: String,
    },
    MarkedDuplicate {
        of: CaseId,
    },
    /// Another case was taken in: everything of it that this case did not have.
    Absorbed(Box<Absorbed>),
    /// This case went into another one.
    Merged {
        into: CaseId,
    },
    Rated {
        rating: Rating,
    },
    Assigned {
        person: Slug,
    },
    Invited {
        person: Slug,
        role: Slug,
    },
    ConfidenceAcknowledged {
        person: Slug,
    },
    Messaged {
        text: String,
    },
    /// An embargo, or a revision of the running one, was proposed; `roles` agree by proposing it.
    EmbargoProposed {
        until: Instant,
        roles: Vec<Slug>,
        advice: Option<Explanation>,
    },
    /// `roles` agreed to the shortest open proposal.
    EmbargoAccepted {
        roles: Vec<Slug>,
    },
    /// All who must agree have agreed.
    EmbargoAgreed {
        until: Instant,
    },
    EmbargoRejected {
        roles: Vec<Slug>,
    },
    EmbargoEnded {
        why: EmbargoEnd,
        reason: String,
    },
    BecamePublic {
        how: String,
    },
    Exploited {
        how: String,
    },
    Attacked {
        how: String,
    },
    PatchAttached {
        release: Slug,
        name: String,
        sha256: String,
    },
    Tested {
        release: Slug,
        outcome: TestOutcome,
        note: String,
    },
    /// It was found out whether a patch applies to the trees of a release (XEN-24).
    PatchChecked {
        release: Slug,
        checks: Vec<TreeCheck>,
    },
    /// It was found out that a release's patch stands otherwise on the staging branch than it was known to: the last
    /// answer for this patch, if there was one, and the new one (XEN-24).
    ForecastChanged {
        release: Slug,
        was: Option<Box<Forecast>>,
        is: Box<Forecast>,
    },
    /// A person said why a release has no patch that is found to apply.
    ReasonGiven {
        release: Slug,
        reason: Reason,
        note: String,
    },
    CveReserved {
        cve: CveId,
    },
    NumberAssigned {
        number: String,
    },
    Drafted {
        draft: Arc<Draft>,
    },
    Approved {
        person: Slug,
    },
    /// Sent to the list; `until` is the embargo's end that it carried (XEN-06).
    Predisclosed {
        until: Option<Instant>,
    },
    Committed {
        release: Slug,
        commit: String,
    },
    Released {
        release: Slug,
        version: String,
    },
    Batched {
        batch: Slug,
        at: Instant,
    },
    /// The case's instant moved away from the batch's.
    LeftBatch,
    /// The current version is rendered and waits for its instant.
    Staged {
        version: u32,
        at: Instant,
    },
    /// A version became public. `late_s`: seconds after its instant.
    Announced {
        version: u32,
        planned: Instant,
        late_s: i64,
    },
    Opened,
    Reissued {
        draft: Arc<Draft>,
        changes: String,
        action_needed: ActionNeeded,
    },
    Reviewed {
        text: String,
    },
    Closed {
        reason: String,
    },
    CustomDone {
        step: Slug,
        note: String,
    },
    /// The embargo's end passed and nothing was staged: an alarm to everybody involved (ALL-06).
    DisclosureMissed {
        until: Instant,
    },
    /// A clock's reminder; `nth` counts the policy's reminders from the earliest.
    Reminded {
        clock: Slug,
        nth: u8,
        due: Instant,
    },
    /// A clock ran out.
    Alarmed {
        clock: Slug,
        due: Instant,
    },
    /// Somebody asked for what a rule refuses (ALL-04).
    Refused {
        action: String,
        explanation: Explanation,
    },
}

/// What a case hands to the one that takes it in. Nothing of it is lost, no embargo becomes longer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absorbed {
    /// The case taken in.
    pub from: CaseId,
    /// Its reports.
    pub reports: Vec<Report>,
    /// The addresses of those who reported it.
    #[serde(default)]
    pub reporters: Vec<String>,
    /// CVE identifiers that this case did not have.
    pub cves: Vec<CveId>,
    /// Patches for releases that this case had none for: release, name, SHA-256.
    pub patches: Vec<(Slug, String, String)>,
    /// Further affected releases.
    pub affected: Vec<Slug>,
    /// People invited there and not here, with their role; they acknowledge again.
    pub people: Vec<(Slug, Slug)>,
    /// The other case's rating, where this one had none.
    pub rating: Option<Rating>,
    /// The earlier end, where the other case's embargo ends earlier, or only it had one.
    pub until: Option<Instant>,
    /// Whether the other case was known to the public.
    pub public: bool,
    /// Whether an exploit for it was public.
    pub exploit: bool,
    /// Whether attacks were seen.
    pub attacks: bool,
}
