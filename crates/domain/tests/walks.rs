//! Random walks: whatever people do under a shipped policy, the invariants of the case model hold, the log
//! replays to the same case from any prefix, and nothing is public before its instant.

use proptest::prelude::*;
use std::sync::OnceLock;
use tidegate_domain::advisory::{ActionNeeded, Draft, Title};
use tidegate_domain::audience;
use tidegate_domain::case::clock::next_wake;
use tidegate_domain::case::{
    Action, Actor, By, Case, Entry, Event, Reason, Report, TestOutcome, decide, open, replay,
};
use tidegate_domain::id::{CaseId, Slug};
use tidegate_domain::policy::vocabulary::{Item, RoleKind, Verb};
use tidegate_domain::policy::{Policy, RoleSet, read};
use tidegate_domain::time::Instant;

fn policies() -> &'static [Policy] {
    static POLICIES: OnceLock<Vec<Policy>> = OnceLock::new();
    POLICIES.get_or_init(|| {
        [
            include_str!("../../../policies/cloudstack.toml"),
            include_str!("../../../policies/xen-2014.toml"),
            include_str!("../../../policies/xen.toml"),
            include_str!("../../../policies/openstack.toml"),
        ]
        .iter()
        .map(|text| read(text).expect("a shipped policy"))
        .collect()
    })
}

fn slug(text: &str) -> Slug {
    text.parse().expect("a name")
}

const DAY: i64 = 86_400_000_000;

/// What is tried: an action by number, a person by number, and how many hours pass first.
type Try = (u8, u8, u8);

fn draft(policy: &Policy) -> Box<Draft> {
    Box::new(Draft {
        title: Title::salvage("Title"),
        sections: policy.advisory.required.iter().map(|section| (*section, "text".to_owned())).collect(),
        affected: Vec::new(),
        credits: Vec::new(),
        references: Vec::new(),
        cwe: None,
    })
}

fn action(policy: &Policy, number: u8, now: Instant) -> Action {
    let text = || "text".to_owned();
    let later = |days: i64| Instant::from_micros(now.micros() + days * DAY);
    let customs: Vec<Slug> = policy
        .steps
        .iter()
        .filter_map(|step| match &step.act {
            tidegate_domain::policy::Act::Custom(step) => Some(step.clone()),
            tidegate_domain::policy::Act::Built(_) => None,
        })
        .collect();
    let release = || slug("r1");
    match number % 38 {
        0 => Action::Confirm { affected: vec![release()], versions: vec![] },
        1 => Action::Deny { reason: text() },
        2 => Action::TellReporter { text: text() },
        3 => Action::MarkDuplicate { of: CaseId::from_bits(2) },
        4 => Action::MergeInto { target: CaseId::from_bits(2) },
        5 => {
            Action::Rate { rating: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H".parse().expect("a vector") }
        }
        6 | 7 => Action::ProposeEmbargo { until: later(i64::from(number)) },
        8 | 9 => Action::AcceptEmbargo,
        10 => Action::ReviseEmbargo { until: later(i64::from(number)) },
        11 => Action::RejectEmbargo,
        12 => Action::EndEmbargo { reason: text() },
        13 => Action::RecordPublic { how: text() },
        14 => Action::RecordExploited { how: text() },
        15 => Action::RecordAttacked { how: text() },
        16 => Action::AttachPatch { release: release(), name: "p".to_owned(), sha256: "0".repeat(64) },
        17 => Action::RecordTest { release: release(), outcome: TestOutcome::Pass, note: text() },
        18 => Action::RecordTest { release: release(), outcome: TestOutcome::Fail, note: text() },
        19 => Action::ReserveCve { cve: "CVE-2025-0001".parse().expect("an id") },
        20 => Action::AssignNumber { number: "N-1".to_owned() },
        21 => Action::DraftAdvisory { draft: draft(policy) },
        22 | 23 => Action::Approve,
        24 => Action::Predisclose,
        25 => {
            Action::RecordCommit { release: release(), commit: "0".repeat(40), message: "tidy up".to_owned() }
        }
        26 => Action::RecordRelease { release: release(), version: "1".to_owned() },
        27 | 28 => Action::Announce,
        29 => Action::OpenCase,
        30 => Action::Reissue { draft: draft(policy), changes: text(), action_needed: ActionNeeded::Again },
        31 => Action::Retrospective { text: text() },
        32 => Action::Close { reason: text() },
        33 => Action::Invite { person: slug("helper"), role: slug("helper") },
        34 => Action::AcknowledgeConfidence,
        35 => Action::GiveReason { release: release(), reason: Reason::Elsewhere, note: text() },
        36 => Action::GiveReason { release: release(), reason: Reason::NoFix, note: text() },
        _ => customs.first().map_or(Action::Approve, |_| {
            let index = usize::from(number) % customs.len();
            Action::Custom { step: customs[index].clone(), note: text() }
        }),
    }
}

fn actor(policy: &Policy, number: u8) -> Actor {
    let team = policy.roles_of(RoleKind::Team);
    match number % 4 {
        0 => Actor::Person { name: slug("reporter"), roles: RoleSet::NONE },
        1 => Actor::Person { name: slug("helper"), roles: RoleSet::NONE },
        n => Actor::Person { name: slug(&format!("team-{n}")), roles: team },
    }
}

/// Lets the clock do everything that falls due until `now`, at the instants at which it does.
fn pass_time(policy: &Policy, case: &mut Case, log: &mut Vec<Entry>, from: Instant, now: Instant) {
    for _ in 0..500 {
        let Some(wake) = next_wake(policy, case, now).filter(|wake| *wake <= now) else { return };
        let at = wake.max(from);
        let events =
            decide(policy, case, &Actor::Clock, &Action::Tick, at).expect("the clock is never refused");
        assert!(!events.is_empty(), "something is due at {wake} and the clock does nothing");
        append(case, log, By::Clock, at, events);
    }
    panic!("the clock does not come to rest");
}

fn append(case: &mut Case, log: &mut Vec<Entry>, by: By, at: Instant, events: Vec<Event>) {
    for event in events {
        let early = matches!(event, Event::Announced { .. })
            && case.em.is_running()
            && case.until.is_some_and(|until| at < until);
        assert!(!early, "announced before the embargo's end");
        let entry = Entry { at, by: by.clone(), event };
        case.apply(&entry);
        log.push(entry);
    }
}

/// What the public may know before the announcement: only what the policy grants in spite of the embargo.
fn outsiders_know_nothing(policy: &Policy, case: &Case) {
    if case.is_announced() {
        return;
    }
    let stranger = Actor::Person { name: slug("stranger"), roles: RoleSet::NONE };
    let granted: Vec<Item> =
        policy.knows.iter().filter(|rule| rule.despite_embargo).flat_map(|rule| rule.items.iter()).collect();
    for item in audience::items_for(policy, case, &stranger).iter() {
        assert!(granted.contains(&item), "a stranger knows {item}");
    }
    assert!(!audience::items_for(policy, case, &stranger).contains(Item::Nature));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn every_walk_keeps_the_invariants_and_replays(which in 0_usize..4, tries in prop::collection::vec(any::<Try>(), 1..120)) {
        let policy = &policies()[which];
        let mut now = Instant::from_micros(1_736_240_400_000_000);
        let report = Report { title: Title::salvage("A report"), from: Some("f@example.org".to_owned()), text: String::new(), letter: None, attachments: vec![], faults: vec![], standing: Vec::new(), sealed: false };
        let first = open(CaseId::from_bits(1), report, now);
        let mut case = Case::opened(&first).expect("an arrival");
        let mut log = vec![first];
        for (number, who, hours) in tries {
            let next = Instant::from_micros(now.micros() + i64::from(hours) * DAY / 12);
            pass_time(policy, &mut case, &mut log, now, next);
            now = next;
            let (actor, action) = (actor(policy, who), action(policy, number, now));
            let Ok(events) = decide(policy, &case, &actor, &action, now) else { continue };
            let Actor::Person { name, .. } = &actor else { continue };
            append(&mut case, &mut log, By::Person(name.clone()), now, events);
            pass_time(policy, &mut case, &mut log, now, now);
            outsiders_know_nothing(policy, &case);
        }
        // Property 4: any prefix of the log is a case, and the whole is this one; JSON loses nothing.
        for end in [1, log.len() / 2 + 1, log.len()] {
            prop_assert!(replay(&log[..end.min(log.len())]).is_some());
        }
        let text = serde_json::to_string(&log).expect("a log is JSON");
        let again: Vec<Entry> = serde_json::from_str(&text).expect("and is read back");
        prop_assert_eq!(replay(&again), Some(case));
    }
}

/// Property 6: where a policy has every step for everybody, the formal machines still refuse.
#[test]
fn no_policy_widens_the_machines() {
    let policy = &policies()[0];
    let now = Instant::from_micros(1_736_240_400_000_000);
    let report = Report {
        title: Title::salvage("A report"),
        from: None,
        text: String::new(),
        letter: None,
        attachments: vec![],
        faults: vec![],
        standing: Vec::new(),
        sealed: false,
    };
    let case = Case::opened(&open(CaseId::from_bits(1), report, now)).expect("an arrival");
    let mut wide = policy.clone();
    for step in &mut wide.steps {
        step.after.clear();
        step.before.clear();
    }
    let team = Actor::Person { name: slug("t"), roles: wide.roles_of(RoleKind::Team) };
    for verb in [Verb::Close, Verb::Announce, Verb::OpenCase, Verb::RecordCommit, Verb::EndEmbargo] {
        assert!(wide.step_of(verb).is_some());
    }
    for action in [
        Action::Close { reason: "x".to_owned() },
        Action::Announce,
        Action::OpenCase,
        Action::RecordCommit { release: slug("r1"), commit: "0".repeat(40), message: "m".to_owned() },
        Action::EndEmbargo { reason: "x".to_owned() },
    ] {
        assert!(decide(&wide, &case, &team, &action, now).is_err(), "{action:?}");
    }
}
