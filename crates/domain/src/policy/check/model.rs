//! The checker's world: one report, one affected release, two ends of an embargo, and everything that anybody
//! may do.

use crate::advisory::{ActionNeeded, AffectedProduct, Draft, Title};
use crate::case::machines::{Em, Rm};
use crate::case::{Action, Actor, Case, REPORTER, Reason, Report, TestOutcome, open};
use crate::id::{CaseId, Slug};
use crate::policy::vocabulary::{RoleKind, Verb};
use crate::policy::{Act, Policy, RoleId, RoleSet, Step};
use crate::rating::{Rating, Severity};
use crate::time::Instant;
use std::borrow::Cow;

/// Whose hands are tried for each step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Roles {
    /// One role that may do it: enough for every property.
    Representative,
    /// Every role of the policy: for the permission matrix.
    Every,
}

/// Where a case is, coarsely: the columns of the permission matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Received, not judged.
    Received,
    /// Denied.
    Denied,
    /// Put aside: duplicate, merged, handed over.
    Aside,
    /// Confirmed, with no embargo running, nothing public.
    Open,
    /// Confirmed, with an embargo running.
    Embargoed,
    /// Known to the public, not announced.
    Outrun,
    /// The advisory is public.
    Announced,
    /// Closed.
    Closed,
}

impl Phase {
    /// Every phase, in the order of a case's life.
    pub const ALL: [Phase; 8] = [
        Phase::Received,
        Phase::Denied,
        Phase::Aside,
        Phase::Open,
        Phase::Embargoed,
        Phase::Outrun,
        Phase::Announced,
        Phase::Closed,
    ];

    /// The phase's name as a column heading.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Phase::Received => "received",
            Phase::Denied => "denied",
            Phase::Aside => "aside",
            Phase::Open => "open",
            Phase::Embargoed => "embargoed",
            Phase::Outrun => "outrun",
            Phase::Announced => "announced",
            Phase::Closed => "closed",
        }
    }

    /// The phase of a case.
    #[must_use]
    pub fn of(case: &Case) -> Phase {
        match case.rm {
            Rm::Closed => Phase::Closed,
            _ if case.is_announced() => Phase::Announced,
            Rm::Deferred => Phase::Aside,
            Rm::Start | Rm::Received | Rm::Valid if case.em.is_running() => Phase::Embargoed,
            Rm::Start | Rm::Received | Rm::Valid => Phase::Received,
            Rm::Invalid => Phase::Denied,
            Rm::Accepted if case.em.is_running() => Phase::Embargoed,
            Rm::Accepted if case.state.pxa.public => Phase::Outrun,
            Rm::Accepted => Phase::Open,
        }
    }
}

/// Something that somebody may try.
pub(super) struct Move {
    pub role: Option<RoleId>,
    pub actor: Actor,
    pub action: Attempt,
    /// In words, for counterexamples.
    pub label: String,
    /// Which step of the policy it is; `None` for the clock.
    pub step: Option<usize>,
}

/// An action, or one that depends on where the embargo stands.
pub(super) enum Attempt {
    Do(Action),
    /// Propose the first of the two ends.
    Propose,
    /// Propose the other end than the one that runs.
    Revise,
    /// Join a batch at the running embargo's end.
    Batch,
    /// Let time pass until the clock has something to do.
    Wait,
}

pub(super) struct World {
    pub policy: Policy,
    pub start: Case,
    pub now: Instant,
    pub ends: [Instant; 2],
    pub moves: Vec<Move>,
    /// Whether limits differ by severity, so that ratings must be told apart.
    pub by_severity: bool,
}

/// A Tuesday morning, far from any holiday or change of clocks.
const START_MICROS: i64 = 1_736_240_400_000_000;

pub(super) fn world(policy: &Policy, roles: Roles) -> World {
    let now = Instant::from_micros(START_MICROS);
    let report = Report {
        title: Title::salvage("A report"),
        from: Some("finder@example.org".to_owned()),
        text: String::new(),
        letter: None,
        attachments: Vec::new(),
        faults: Vec::new(),
        standing: Vec::new(),
        sealed: false,
    };
    let entry = open(CaseId::from_bits(1), report, now);
    let start = Case::opened(&entry).unwrap_or_else(|| unreachable!("`open` makes an arrival"));
    let by_severity =
        policy.embargo.limits.iter().any(|limit| limit.severity.len() < Severity::ALL.len() - 1);
    // Reminders and alarms bring about no fact: without them time has few instants that matter.
    let policy = Policy { clocks: Vec::new(), ..policy.clone() };
    let moves = moves(&policy, roles, by_severity);
    World { start, now, ends: ends(&policy, now), moves, by_severity, policy }
}

impl World {
    /// The action that an attempt is in this state, if it makes sense there.
    pub(super) fn action<'a>(&self, attempt: &'a Attempt, case: &Case) -> Option<Cow<'a, Action>> {
        if let Attempt::Do(action) = attempt {
            return Some(Cow::Borrowed(action));
        }
        self.timely(attempt, case).map(Cow::Owned)
    }

    fn timely(&self, attempt: &Attempt, case: &Case) -> Option<Action> {
        match attempt {
            Attempt::Do(_) => None,
            Attempt::Propose => Some(Action::ProposeEmbargo { until: self.ends[0] }),
            Attempt::Revise => {
                let until = if case.until == Some(self.ends[0]) { self.ends[1] } else { self.ends[0] };
                Some(Action::ReviseEmbargo { until })
            }
            Attempt::Batch => {
                let at = case.until.filter(|_| case.em.is_running())?;
                Some(Action::Batch { batch: slug("batch"), at })
            }
            Attempt::Wait => Some(Action::Tick),
        }
    }
}

/// Two ends that the policy permits for every severity, if there are two; otherwise what comes nearest.
fn ends(policy: &Policy, received: Instant) -> [Instant; 2] {
    let rules = &policy.embargo;
    let usual = rules.default_end(policy, received);
    let fits = |until: &Instant| {
        *until > received
            && Severity::ALL.iter().all(|band| rules.permit(policy, received, Some(*band), *until).is_ok())
    };
    let week = 7 * 86_400 * 1_000_000;
    let shifted = [0, 1, -1, 2, -2, 3].map(|weeks| Instant::from_micros(usual.micros() + weeks * week));
    let mut fitting = shifted.into_iter().filter(fits);
    let first = fitting.next().unwrap_or(usual);
    [first, fitting.next().unwrap_or(first)]
}

fn moves(policy: &Policy, roles: Roles, by_severity: bool) -> Vec<Move> {
    let mut moves = vec![Move {
        role: None,
        actor: Actor::Clock,
        action: Attempt::Wait,
        label: "[the clock] time passes until something is due".to_owned(),
        step: None,
    }];
    for (index, step) in policy.steps.iter().enumerate() {
        for role in who_tries(policy, step, roles) {
            let Some(title) = policy.role_at(role).map(|role| role.title.clone()) else { continue };
            for (person, attempt, detail) in attempts(policy, step, by_severity) {
                let label = format!("[{title}] {}{detail} ({})", step.title, step.clause);
                let actor = actor(policy, role, person);
                moves.push(Move { role: Some(role), actor, action: attempt, label, step: Some(index) });
            }
        }
    }
    moves
}

fn who_tries(policy: &Policy, step: &Step, roles: Roles) -> Vec<RoleId> {
    if roles == Roles::Every {
        return policy.role_ids().collect();
    }
    let helpers = policy.roles_of(RoleKind::Helper);
    let negotiates = matches!(
        step.act,
        Act::Built(Verb::ProposeEmbargo | Verb::AcceptEmbargo | Verb::ReviseEmbargo | Verb::RejectEmbargo)
    );
    if negotiates {
        // Who has no say in the agreement changes nothing by accepting.
        let says = step.by.intersection(policy.embargo.agree);
        return if says.is_empty() { step.by.iter().collect() } else { says.iter().collect() };
    }
    let plain = step.by.iter().find(|role| !helpers.contains(*role));
    plain.or_else(|| step.by.iter().next()).into_iter().collect()
}

/// A person who has `role`: a helper and the reporter have it from the case alone.
fn actor(policy: &Policy, role: RoleId, person: u8) -> Actor {
    let kind = policy.role_at(role).map(|role| role.kind);
    let (name, roles) = match kind {
        Some(RoleKind::Reporter) => (slug(REPORTER), RoleSet::NONE),
        Some(RoleKind::Helper) => (slug("helper"), RoleSet::NONE),
        Some(RoleKind::Team | RoleKind::Member | RoleKind::Contact | RoleKind::Public) | None => {
            (slug(&format!("person-{person}")), RoleSet::only(role))
        }
    };
    Actor::Person { name, roles }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "`simple` below has a line for every verb")]
/// What is tried for one step: the person, the action, and words that tell the variants apart.
fn attempts(policy: &Policy, step: &Step, by_severity: bool) -> Vec<(u8, Attempt, &'static str)> {
    let verb = match &step.act {
        Act::Built(verb) => *verb,
        Act::Custom(custom) => {
            let note = "done".to_owned();
            return vec![(1, Attempt::Do(Action::Custom { step: custom.clone(), note }), "")];
        }
    };
    match verb {
        Verb::ProposeEmbargo => vec![(1, Attempt::Propose, "")],
        Verb::ReviseEmbargo => vec![(1, Attempt::Revise, "")],
        Verb::Batch => vec![(1, Attempt::Batch, "")],
        Verb::Approve => {
            (1..=step.persons).map(|person| (person, Attempt::Do(Action::Approve), "")).collect()
        }
        Verb::RecordTest => {
            let test = |outcome| Action::RecordTest { release: slug("r1"), outcome, note: String::new() };
            vec![
                (1, Attempt::Do(test(TestOutcome::Pass)), ": it passes"),
                (1, Attempt::Do(test(TestOutcome::Fail)), ": it fails"),
            ]
        }
        // One reason for each meaning: the release gets a patch, or none. A patch that a check finds to apply is,
        // for every decision, the first.
        Verb::GiveReason => {
            let give = |reason| Action::GiveReason { release: slug("r1"), reason, note: String::new() };
            vec![
                (1, Attempt::Do(give(Reason::Elsewhere)), ": its source is elsewhere"),
                (1, Attempt::Do(give(Reason::NoFix)), ": there is no fix"),
            ]
        }
        Verb::Rate if by_severity => {
            let low = Attempt::Do(Action::Rate { rating: rating(LOW) });
            vec![(1, Attempt::Do(Action::Rate { rating: rating(HIGH) }), ": high"), (1, low, ": low")]
        }
        _ => simple(policy, verb).map(|action| (1, Attempt::Do(action), "")).into_iter().collect(),
    }
}

const HIGH: &str = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:N";
const LOW: &str = "CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N";

fn simple(policy: &Policy, verb: Verb) -> Option<Action> {
    let text = || "text".to_owned();
    let release = || slug("r1");
    Some(match verb {
        Verb::Acknowledge => Action::Acknowledge { text: text() },
        Verb::HandOver => Action::HandOver { to: policy.scope.hand_over.first()?.to.clone(), text: text() },
        Verb::Confirm => Action::Confirm { affected: vec![release()], versions: Vec::new() },
        Verb::Deny => Action::Deny { reason: text() },
        Verb::TellReporter => Action::TellReporter { text: text() },
        Verb::MarkDuplicate => Action::MarkDuplicate { of: CaseId::from_bits(2) },
        Verb::Merge => Action::MergeInto { target: CaseId::from_bits(2) },
        Verb::Rate => Action::Rate { rating: rating(HIGH) },
        Verb::Assign => Action::Assign { person: slug("person-1") },
        Verb::Invite => {
            let role = policy.roles_of(RoleKind::Helper).iter().next()?;
            Action::Invite { person: slug("helper"), role: policy.role_at(role)?.id.clone() }
        }
        Verb::AcknowledgeConfidence => Action::AcknowledgeConfidence,
        Verb::MessageReporter => Action::MessageReporter { text: text() },
        Verb::AcceptEmbargo => Action::AcceptEmbargo,
        Verb::RejectEmbargo => Action::RejectEmbargo,
        Verb::EndEmbargo => Action::EndEmbargo { reason: text() },
        Verb::RecordPublic => Action::RecordPublic { how: text() },
        Verb::RecordExploited => Action::RecordExploited { how: text() },
        Verb::RecordAttacked => Action::RecordAttacked { how: text() },
        Verb::AttachPatch => {
            Action::AttachPatch { release: release(), name: "r1.patch".to_owned(), sha256: "0".repeat(64) }
        }
        Verb::ReserveCve => Action::ReserveCve { cve: "CVE-2025-0001".parse().ok()? },
        Verb::AssignNumber => Action::AssignNumber { number: "N-1".to_owned() },
        Verb::DraftAdvisory => Action::DraftAdvisory { draft: Box::new(draft(policy)) },
        Verb::Predisclose => Action::Predisclose,
        Verb::RecordCommit => {
            Action::RecordCommit { release: release(), commit: "0".repeat(40), message: "tidy up".to_owned() }
        }
        Verb::RecordRelease => Action::RecordRelease { release: release(), version: "1".to_owned() },
        Verb::Announce => Action::Announce,
        Verb::OpenCase => Action::OpenCase,
        Verb::Reissue => Action::Reissue {
            draft: Box::new(draft(policy)),
            changes: text(),
            action_needed: ActionNeeded::NotAgain,
        },
        Verb::Retrospective => Action::Retrospective { text: text() },
        Verb::Close => Action::Close { reason: text() },
        Verb::Receive
        | Verb::ProposeEmbargo
        | Verb::ReviseEmbargo
        | Verb::Batch
        | Verb::Approve
        | Verb::RecordTest
        | Verb::GiveReason => return None,
    })
}

fn draft(policy: &Policy) -> Draft {
    Draft {
        title: Title::salvage("A title"),
        sections: policy.advisory.required.iter().map(|section| (*section, "text".to_owned())).collect(),
        affected: vec![AffectedProduct {
            product: "product".to_owned(),
            purl: None,
            repository: None,
            ranges: Vec::new(),
        }],
        credits: Vec::new(),
        references: Vec::new(),
        cwe: None,
    }
}

fn rating(vector: &str) -> Rating {
    vector.parse().unwrap_or_else(|_| unreachable!("a vector of this file"))
}

fn slug(name: &str) -> Slug {
    name.parse().unwrap_or_else(|_| unreachable!("a name of this file"))
}

/// Whether a case is one in which an embargo keeps the public out.
pub(super) fn is_secret(case: &Case) -> bool {
    case.em == Em::Active || case.em == Em::Revise
}

/// Examples of the action that a step is, in a case as it stands.
pub(super) fn examples(policy: &Policy, case: &Case, step: &Step, now: Instant) -> Vec<Action> {
    let later = |hours: i64| Instant::from_micros(now.micros().saturating_add(hours * 3_600_000_000));
    attempts(policy, step, false)
        .into_iter()
        .filter_map(|(_, attempt, _)| match attempt {
            Attempt::Do(action) => Some(action),
            Attempt::Propose => Some(Action::ProposeEmbargo { until: later(1) }),
            Attempt::Revise => Some(Action::ReviseEmbargo { until: later(1) }),
            Attempt::Batch => Some(Action::Batch { batch: slug("batch"), at: case.until.unwrap_or(now) }),
            Attempt::Wait => None,
        })
        .map(|action| on_a_release_of(case, action))
        .collect()
}

/// The same action on a release that the case has.
#[expect(clippy::wildcard_enum_match_arm, reason = "only these name a release that must be known")]
fn on_a_release_of(case: &Case, action: Action) -> Action {
    let Some(first) = case.releases.first().map(|work| work.release.clone()) else { return action };
    match action {
        Action::RecordTest { outcome, note, .. } => Action::RecordTest { release: first, outcome, note },
        Action::GiveReason { reason, note, .. } => Action::GiveReason { release: first, reason, note },
        Action::RecordCommit { commit, message, .. } => {
            Action::RecordCommit { release: first, commit, message }
        }
        Action::RecordRelease { version, .. } => Action::RecordRelease { release: first, version },
        other => other,
    }
}
