//! What people, and the clock, ask of a case.

use crate::advisory::{ActionNeeded, CveId, Draft, Title};
use crate::case::{Case, Reason};
use crate::id::{CaseId, Slug};
use crate::policy::vocabulary::Verb;
use crate::policy::{Act, RoleSet};
use crate::rating::Rating;
use crate::time::Instant;
use serde::{Deserialize, Serialize};

/// Longest free text in one action, in bytes; more belongs in an attachment.
pub const TEXT_BYTES_MAX: usize = 64 * 1024;

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A person, with the roles that the instance gives them in this project. Roles that come with the case
    /// (reporter, helper) are added by the case itself.
    Person {
        /// The person's name in this instance; the reporter of the case is [`crate::case::REPORTER`].
        name: Slug,
        /// Their roles in the project.
        roles: RoleSet,
    },
    /// The clock: nobody's hand.
    Clock,
}

/// What came in, as the door understood it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// One line.
    pub title: Title,
    /// The reporter's address, where there is one.
    pub from: Option<String>,
    /// The text.
    pub text: String,
    /// SHA-256 of the letter as it arrived, in hex; the store holds the bytes.
    pub letter: Option<String>,
    /// Names and SHA-256 of attachments.
    pub attachments: Vec<(String, String)>,
    /// What was wrong with the letter, in words.
    pub faults: Vec<String>,
    /// How sure it is who wrote it, in words: its OpenPGP seal, and what the receiving mail server found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub standing: Vec<String>,
    /// Whether it, or a part of it, came encrypted: then it is shown to those who work on the case, and nowhere
    /// else, not even to whoever sent it. They may have sent on what they could not read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sealed: bool,
}

impl Report {
    /// What whoever sent it is shown of it.
    #[must_use]
    pub fn for_its_sender(&self) -> Report {
        if !self.sealed {
            return self.clone();
        }
        Report {
            title: Title::salvage("A letter that came encrypted"),
            text: "It was read here, and is not repeated.".to_owned(),
            attachments: Vec::new(),
            ..self.clone()
        }
    }
}

/// What a test of a patch showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TestOutcome {
    /// It mitigates, and breaks nothing.
    Pass,
    /// It does not, or it breaks something.
    Fail,
}

/// What is asked of a case. Every variant is one [`Verb`], apart from `Custom` and the clock's `Tick`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are named by what they hold; the variants by their verbs")]
pub enum Action {
    Acknowledge {
        text: String,
    },
    HandOver {
        to: String,
        text: String,
    },
    /// `affected`: releases that need a patch. `versions`: versions known to be affected, for the scope.
    Confirm {
        affected: Vec<Slug>,
        versions: Vec<String>,
    },
    Deny {
        reason: String,
    },
    TellReporter {
        text: String,
    },
    MarkDuplicate {
        of: CaseId,
    },
    /// This case takes `other` in.
    Absorb {
        other: Box<Case>,
    },
    /// Another case took this one in.
    MergeInto {
        target: CaseId,
    },
    Rate {
        rating: Rating,
    },
    Assign {
        person: Slug,
    },
    Invite {
        person: Slug,
        role: Slug,
    },
    AcknowledgeConfidence,
    MessageReporter {
        text: String,
    },
    ProposeEmbargo {
        until: Instant,
    },
    AcceptEmbargo,
    ReviseEmbargo {
        until: Instant,
    },
    RejectEmbargo,
    EndEmbargo {
        reason: String,
    },
    RecordPublic {
        how: String,
    },
    RecordExploited {
        how: String,
    },
    RecordAttacked {
        how: String,
    },
    AttachPatch {
        release: Slug,
        name: String,
        sha256: String,
    },
    RecordTest {
        release: Slug,
        outcome: TestOutcome,
        note: String,
    },
    /// `note` stays in the record; the advisory says the reason alone.
    GiveReason {
        release: Slug,
        reason: Reason,
        note: String,
    },
    ReserveCve {
        cve: CveId,
    },
    AssignNumber {
        number: String,
    },
    DraftAdvisory {
        draft: Box<Draft>,
    },
    Approve,
    Predisclose,
    RecordCommit {
        release: Slug,
        commit: String,
        message: String,
    },
    RecordRelease {
        release: Slug,
        version: String,
    },
    Batch {
        batch: Slug,
        at: Instant,
    },
    Announce,
    OpenCase,
    Reissue {
        draft: Box<Draft>,
        changes: String,
        action_needed: ActionNeeded,
    },
    Retrospective {
        text: String,
    },
    Close {
        reason: String,
    },
    Custom {
        step: Slug,
        note: String,
    },
    /// The clock: do what is due at `now`.
    Tick,
}

impl Action {
    /// The step of the policy that this action is, or `None` for the clock's.
    #[must_use]
    pub fn act(&self) -> Option<Act> {
        let verb = match self {
            Action::Acknowledge { .. } => Verb::Acknowledge,
            Action::HandOver { .. } => Verb::HandOver,
            Action::Confirm { .. } => Verb::Confirm,
            Action::Deny { .. } => Verb::Deny,
            Action::TellReporter { .. } => Verb::TellReporter,
            Action::MarkDuplicate { .. } => Verb::MarkDuplicate,
            Action::Absorb { .. } | Action::MergeInto { .. } => Verb::Merge,
            Action::Rate { .. } => Verb::Rate,
            Action::Assign { .. } => Verb::Assign,
            Action::Invite { .. } => Verb::Invite,
            Action::AcknowledgeConfidence => Verb::AcknowledgeConfidence,
            Action::MessageReporter { .. } => Verb::MessageReporter,
            Action::ProposeEmbargo { .. } => Verb::ProposeEmbargo,
            Action::AcceptEmbargo => Verb::AcceptEmbargo,
            Action::ReviseEmbargo { .. } => Verb::ReviseEmbargo,
            Action::RejectEmbargo => Verb::RejectEmbargo,
            Action::EndEmbargo { .. } => Verb::EndEmbargo,
            Action::RecordPublic { .. } => Verb::RecordPublic,
            Action::RecordExploited { .. } => Verb::RecordExploited,
            Action::RecordAttacked { .. } => Verb::RecordAttacked,
            Action::AttachPatch { .. } => Verb::AttachPatch,
            Action::RecordTest { .. } => Verb::RecordTest,
            Action::GiveReason { .. } => Verb::GiveReason,
            Action::ReserveCve { .. } => Verb::ReserveCve,
            Action::AssignNumber { .. } => Verb::AssignNumber,
            Action::DraftAdvisory { .. } => Verb::DraftAdvisory,
            Action::Approve => Verb::Approve,
            Action::Predisclose => Verb::Predisclose,
            Action::RecordCommit { .. } => Verb::RecordCommit,
            Action::RecordRelease { .. } => Verb::RecordRelease,
            Action::Batch { .. } => Verb::Batch,
            Action::Announce => Verb::Announce,
            Action::OpenCase => Verb::OpenCase,
            Action::Reissue { .. } => Verb::Reissue,
            Action::Retrospective { .. } => Verb::Retrospective,
            Action::Close { .. } => Verb::Close,
            Action::Custom { step, .. } => return Some(Act::Custom(step.clone())),
            Action::Tick => return None,
        };
        Some(Act::Built(verb))
    }
}
