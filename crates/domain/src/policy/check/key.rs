//! When two states of a case are the same for every decision that can follow.
//!
//! What no later decision reads is left out of the key: facts that no rule names, the outcome of a test once
//! the commit is made, the hour once no embargo waits for it. Two states with one key then allow the same
//! actions for ever, and visiting one of them is visiting both. A test compares the findings with those of
//! an exploration in full.

use crate::case::machines::{Em, Rm};
use crate::case::{Case, Reason, Stage, TestOutcome};
use crate::id::Slug;
use crate::policy::vocabulary::{BuiltFact, Fact, RoleKind, Verb};
use crate::policy::{Act, CUSTOM_STEPS_MAX, Policy, Step};
use crate::rating::Severity;
use crate::time::Instant;

/// Everything of a case that a decision in the checker's world can still depend on.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    facts: u64,
    rm: Rm,
    em: Em,
    public: bool,
    attacks: bool,
    now: Option<Instant>,
    until: Option<Instant>,
    proposals: Vec<(Instant, Vec<Slug>)>,
    patched: bool,
    test: Option<TestOutcome>,
    reason: Option<Reason>,
    commit: bool,
    version: (u32, u8, usize),
    severity: Option<Severity>,
    no_cve: bool,
    no_number: bool,
    helper: u8,
}

// Each named fact has a bit of the key.
const _: () = assert!(BuiltFact::ALL.len() + CUSTOM_STEPS_MAX <= 64);

/// A fact that rules name, and who asks for it.
struct Named {
    fact: Fact,
    /// Asked for whatever has happened: by a promise, by a rule of secrecy, or by a step that can be repeated.
    always: bool,
    /// Asked for by steps that are done once, by the fact that each establishes.
    until: Vec<Fact>,
}

/// What the keys of one policy are made of.
pub(super) struct Relevant {
    named: Vec<Named>,
    by_severity: bool,
    /// Whether some step can be done by helpers alone.
    pub helpers_matter: bool,
    /// Whether nothing is left out.
    in_full: bool,
}

impl Relevant {
    pub(super) fn of(policy: &Policy, by_severity: bool, in_full: bool) -> Relevant {
        let helpers_matter = in_full || helpers_alone(policy);
        let mut relevant = Relevant { named: Vec::new(), by_severity, helpers_matter, in_full };
        relevant.ask(&Fact::Built(BuiltFact::Announced), None);
        for step in &policy.steps {
            for fact in step.after.iter().chain(&step.before) {
                relevant.ask(fact, done_once(step));
            }
            for fact in &step.then {
                relevant.ask(fact, None);
            }
            if let Some(own) = step.act.establishes().filter(|_| !step.then.is_empty()) {
                relevant.ask(&own, None);
            }
        }
        for rule in &policy.knows {
            relevant.ask(&rule.from, None);
        }
        if in_full {
            policy
                .steps
                .iter()
                .filter_map(|step| step.act.establishes())
                .for_each(|fact| relevant.ask(&fact, None));
        }
        if !policy.roles_of(RoleKind::Member).is_empty() {
            relevant.ask(&Fact::Built(BuiltFact::Predisclosed), None);
        }
        // The gate of the commit: tested, and not made yet.
        relevant.ask(&Fact::Built(BuiltFact::TestedEverywhere), Some(Fact::Built(BuiltFact::Committed)));
        relevant
    }

    fn ask(&mut self, fact: &Fact, until: Option<Fact>) {
        let index = self.named.iter().position(|named| named.fact == *fact).unwrap_or_else(|| {
            self.named.push(Named { fact: fact.clone(), always: false, until: Vec::new() });
            self.named.len() - 1
        });
        let Some(named) = self.named.get_mut(index) else { return };
        match until {
            Some(until) => named.until.push(until),
            None => named.always = true,
        }
    }

    fn matters(&self, named: &Named, case: &Case) -> bool {
        self.in_full || named.always || named.until.iter().any(|done| case.since(done).is_none())
    }

    fn bits(&self, case: &Case) -> u64 {
        let held = self.named.iter().enumerate().filter(|(_, named)| case.since(&named.fact).is_some());
        held.filter(|(_, named)| self.matters(named, case)).fold(0, |bits, (index, _)| bits | 1 << index)
    }

    /// Whether the work on a patch can still decide something.
    fn asks_for(&self, fact: BuiltFact, case: &Case) -> bool {
        self.named.iter().any(|named| named.fact == Fact::Built(fact) && self.matters(named, case))
    }

    pub(super) fn key(&self, case: &Case, now: Instant, helpers: bool) -> Key {
        let work = case.releases.first();
        let testing = self.asks_for(BuiltFact::TestedEverywhere, case);
        let running = case.em.is_running();
        let waiting = self.in_full || running || !case.proposals.is_empty();
        let public = case.state.pxa.public;
        let helper = case.participants.first().map_or(0, |p| if p.acknowledged { 2 } else { 1 });
        Key {
            facts: self.bits(case),
            rm: case.rm,
            em: case.em,
            public,
            attacks: case.state.pxa.attacks && (self.in_full || !public),
            now: waiting.then_some(now),
            until: case.until.filter(|_| self.in_full || running),
            proposals: case.proposals.iter().map(|p| (p.until, p.agreed.clone())).collect(),
            patched: work.is_some_and(|work| work.patch.is_some())
                && (testing || self.asks_for(BuiltFact::PatchedEverywhere, case)),
            test: work.and_then(|work| work.test).filter(|_| testing),
            reason: work.and_then(|work| work.reason),
            commit: work.is_some_and(|work| work.commit.is_some()),
            version: version(case, now),
            severity: case.severity().filter(|_| self.in_full || (self.by_severity && !public)),
            no_cve: case.cves.is_empty(),
            no_number: case.number.is_none(),
            helper: if helpers { helper } else { 0 },
        }
    }
}

fn version(case: &Case, now: Instant) -> (u32, u8, usize) {
    case.versions.last().map_or((0, 0, 0), |version| {
        let (stage, approvals) = match version.stage {
            Stage::Draft => (1, version.approvals.len()),
            Stage::Staged { at } if at > now => (2, 0),
            Stage::Staged { .. } => (3, 0),
            Stage::Public { .. } => (4, 0),
        };
        (version.number, stage, approvals)
    })
}

/// The fact after which a step is not done again to any effect; `None` for steps that can be repeated.
fn done_once(step: &Step) -> Option<Fact> {
    let repeated = matches!(
        step.act,
        Act::Built(
            Verb::DraftAdvisory
                | Verb::Approve
                | Verb::Announce
                | Verb::AttachPatch
                | Verb::RecordTest
                | Verb::GiveReason
                | Verb::Reissue
                | Verb::Rate
        )
    );
    step.act.establishes().filter(|_| !repeated)
}

/// Whether a step other than the acknowledgement itself is open to helpers and to nobody else.
fn helpers_alone(policy: &Policy) -> bool {
    let helpers = policy.roles_of(RoleKind::Helper);
    let others = |step: &Step| step.by.iter().any(|role| !helpers.contains(role));
    policy.steps.iter().any(|step| step.act != Act::Built(Verb::AcknowledgeConfidence) && !others(step))
}
