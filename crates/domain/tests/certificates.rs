//! Certificates: the shipped policy is sound, broken variants of it are found out by the shortest way, and no
//! walk of any kind leads to a revocation without notice and the whole period to answer (SCS-10 to SCS-12).

use proptest::prelude::*;
use std::fmt::Write;
use tidegate_domain::certificate::check::check;
use tidegate_domain::certificate::{
    About, Action, Actor, Age, Certificate, Entry, Event, Happening, Role, Rules, Standing, Verb, decide,
    is_rules, next_wake, pending, read, read_history, replay, try_out, view,
};
use tidegate_domain::policy::check::Kind;
use tidegate_domain::time::Instant;

const SCS: &str = include_str!("../../../policies/scs.toml");
const HOUR: i64 = 3_600_000_000;

fn rules(text: &str) -> Rules {
    read(text).unwrap_or_else(|faults| {
        panic!("{}", faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    })
}

/// The shipped policy, changed in one place.
fn with(from: &str, to: &str) -> String {
    assert_eq!(SCS.matches(from).count(), 1, "the policy has this once: {from}");
    SCS.replace(from, to)
}

/// The shipped policy without a step.
fn without(verb: &str) -> String {
    let steps = SCS.split("[[step]]").filter(|step| !step.starts_with(&format!("\ndoes = \"{verb}\"")));
    let text = steps.collect::<Vec<_>>().join("[[step]]");
    assert!(text.len() < SCS.len(), "{verb}");
    text
}

#[test]
fn the_shipped_policy_is_sound() {
    assert!(is_rules(SCS));
    let report = check(&rules(SCS));
    assert!(report.findings.is_empty(), "{:#?}", report.findings);
    assert!(report.states > 100 && report.transitions > report.states, "{} states", report.states);
}

const REVOKE: &str = "by = [\"authority\"]\nafter = [\"noticed\", \"period-over\"]\nbefore = [\"answered\"]";
const SETTLE: &str = "by = [\"authority\"]\nafter = [\"noticed\", \"answered\"]";

/// What it is called, what it is found out as, in which words, and the policy.
type Variant = (&'static str, Kind, &'static str, String);

fn revoked_wrongly() -> Vec<Variant> {
    vec![
        (
            "revoked without notice",
            Kind::Broken,
            "without notice",
            with(REVOKE, "by = [\"authority\"]\nbefore = [\"answered\"]"),
        ),
        (
            "revoked by the clock at once",
            Kind::Broken,
            "without notice",
            with(&format!("{REVOKE}\nwithin = \"P7D\""), "by = [\"clock\"]\nafter = [\"check-failed\"]"),
        ),
        (
            "revoked before the period is over",
            Kind::Broken,
            "days left",
            with(REVOKE, "by = [\"authority\"]\nafter = [\"noticed\"]\nbefore = [\"answered\"]"),
        ),
        (
            "revoked over an answer",
            Kind::Broken,
            "nobody judged",
            with(REVOKE, "by = [\"authority\"]\nafter = [\"noticed\", \"period-over\"]"),
        ),
    ]
}

fn judged_by_nobody() -> Vec<Variant> {
    vec![
        (
            "silence passes",
            Kind::Broken,
            "silence passes",
            with(
                SETTLE,
                "by = [\"authority\", \"clock\"]\nafter = [\"noticed\", \"period-over\"]\nbefore = [\"answered\"]",
            ),
        ),
        (
            "the clock accepts answers",
            Kind::Broken,
            "nobody looked at",
            with(SETTLE, "by = [\"authority\", \"clock\"]\nafter = [\"noticed\", \"answered\"]"),
        ),
        (
            "the provider accepts its answer",
            Kind::Broken,
            "judges its own",
            with(SETTLE, "by = [\"authority\", \"provider\"]\nafter = [\"noticed\", \"answered\"]"),
        ),
        (
            "the clock dismisses appeals",
            Kind::Broken,
            "nobody heard",
            with("does = \"dismiss\"\nby = [\"hearer\"]", "does = \"dismiss\"\nby = [\"hearer\", \"clock\"]"),
        ),
    ]
}

fn joined_or_seen_wrongly() -> Vec<Variant> {
    vec![
        (
            "old ones presumed up to date",
            Kind::Broken,
            "SCS-11",
            with("old = \"no-open-finding\"", "old = \"presumed-up-to-date\""),
        ),
        (
            "new ones not presumed",
            Kind::Broken,
            "SCS-11",
            with("new = \"presumed-up-to-date\"", "new = \"no-open-finding\""),
        ),
        (
            "dependencies don't count",
            Kind::Broken,
            "SCS-10",
            with("[\"service\", \"dependency\"]", "[\"service\"]"),
        ),
        (
            "private status",
            Kind::Broken,
            "nobody outside sees how it stands",
            with("status = \"public\"", "status = \"private\""),
        ),
        (
            "private history",
            Kind::Broken,
            "how it came to stand",
            with("history = \"public\"", "history = \"private\""),
        ),
    ]
}

fn dead_ends() -> Vec<Variant> {
    vec![
        ("nobody gives notice", Kind::DeadEnd, "give notice", without("notice")),
        ("no answer is judged", Kind::DeadEnd, "accept", without("settle")),
        ("nobody answers", Kind::DeadEnd, "answer the notice", without("answer")),
        ("nobody revokes", Kind::DeadEnd, "revoke", without("revoke")),
        ("nobody hears appeals", Kind::DeadEnd, "on appeal", without("reinstate")),
        ("no appeal", Kind::DeadEnd, "appeal against", without("appeal")),
    ]
}

#[test]
fn broken_variants_are_found_out() {
    let broken = [revoked_wrongly(), judged_by_nobody(), joined_or_seen_wrongly(), dead_ends()].concat();
    let mut said = String::new();
    for (name, kind, part, text) in broken {
        let findings = check(&rules(&text)).findings;
        let finding = findings.iter().find(|finding| finding.kind == kind && finding.what.contains(part));
        let finding = finding.unwrap_or_else(|| panic!("{name}: {findings:#?}"));
        let _ = writeln!(said, "{name}\n  {}: {}", finding.kind.name(), finding.what);
        for (number, step) in (1..).zip(&finding.path) {
            let _ = writeln!(said, "    {number}. {step}");
        }
    }
    insta::assert_snapshot!("certificate_counterexamples", said);
}

#[test]
fn faults_have_their_place() {
    for (text, part) in [
        (with("answer = \"P14D\"", "answer = \"P0D\""), "no length of time"),
        (
            with("does = \"grant\"\nby = [\"authority\"]", "does = \"grant\"\nby = [\"clock\"]"),
            "the clock can't",
        ),
        (with("does = \"pass\"", "does = \"pas\""), "`pas` is not known here"),
        (with("does = \"pass\"", "does = \"fail\""), "there twice"),
        (with("does = \"pass\"\nby = [\"authority\"]", "does = \"pass\"\nby = []"), "nobody may do this"),
        (with("kind = \"certificate\"", "kind = \"card\""), "no policy for certificates"),
        (with("zone = \"Europe/Berlin\"", "zone = \"Berlin\""), "no time zone"),
    ] {
        let faults = read(&text).expect_err(part);
        assert!(faults.iter().any(|fault| fault.line > 0 && fault.what.contains(part)), "{part}: {faults:?}");
    }
    assert!(!is_rules(include_str!("../../../policies/xen.toml")));
}

fn any_action() -> impl Strategy<Value = Action> {
    let verb = prop::sample::select(Verb::ALL);
    let (age, about) = (prop::sample::select(Age::ALL), prop::sample::select(About::ALL));
    let act = (verb, age, about, 0..2_u32)
        .prop_map(|(verb, age, about, open)| Action::of(verb, "so it is", age, about, open));
    prop_oneof![4 => act, 1 => Just(Action::Tick)]
}

/// Hours to wait, who acts (and by which name), and what.
type Try = (i64, Role, u8, Action);

fn any_walk() -> impl Strategy<Value = Vec<Try>> {
    let wait = prop_oneof![4 => Just(0), 3 => 1..400_i64, 1 => 400..9_000_i64];
    prop::collection::vec((wait, prop::sample::select(Role::ALL), 0..2_u8, any_action()), 1..120)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// At whatever moments people act: before each revocation there is notice of the check that failed, and
    /// the whole period to answer between the two; nothing is settled in silence.
    #[test]
    fn no_walk_leads_to_a_revocation_without_notice_and_time(walk in any_walk()) {
        let rules = rules(SCS);
        let mut now = Instant::from_micros(1_760_000_000_000_000);
        let (mut certificate, mut entries) = (Certificate::none(now), Vec::<Entry>::new());
        let start = now;
        for (hours, role, name, action) in walk {
            let until = Instant::from_micros(now.micros() + hours * HOUR);
            let mut acts = Vec::new();
            while let Some(wake) = next_wake(&rules, &certificate, now).filter(|wake| *wake <= until) {
                now = wake;
                let events = decide(&rules, &certificate, &Actor::clock(), &Action::Tick, now).expect("a tick");
                prop_assert!(!events.is_empty(), "the clock is woken for something");
                for event in events {
                    let entry = Entry { at: now, by: Actor::clock(), event };
                    certificate.apply(&entry);
                    acts.push(entry);
                }
            }
            now = until;
            // Half of the time whoever may does what is waited for, so that walks get far.
            let waited = pending(&rules, &certificate, now).first().filter(|_| hours % 2 == 0);
            let (role, action) = match waited.and_then(|verb| rules.step(*verb)) {
                Some(step) => (
                    *step.by.iter().find(|role| **role != Role::Clock).unwrap_or(&role),
                    Action::of(step.does, "so it is", Age::Old, About::Service, 0),
                ),
                None => (role, action),
            };
            let by = Actor { role, name: name.to_string() };
            for event in decide(&rules, &certificate, &by, &action, now).unwrap_or_default() {
                let entry = Entry { at: now, by: by.clone(), event };
                certificate.apply(&entry);
                acts.push(entry);
            }
            entries.extend(acts);
        }
        // What is stored comes back, and folds to the same.
        let stored = serde_json::to_string(&entries).expect("JSON");
        prop_assert_eq!(&serde_json::from_str::<Vec<Entry>>(&stored).expect("entries"), &entries);
        prop_assert_eq!(replay(start, &entries), certificate);
        let (mut noticed, mut answered) = (None, false);
        for entry in &entries {
            match &entry.event {
                Event::NoticeGiven { answer_by } => (noticed, answered) = (Some(*answer_by), false),
                Event::Answered { .. } => answered = true,
                Event::AnswerRejected { .. } => answered = false,
                Event::Revoked { .. } => {
                    prop_assert!(noticed.is_some_and(|end| end <= entry.at), "{:?}", entries);
                    prop_assert!(!answered && entry.by.role == Role::Authority);
                    noticed = None;
                }
                Event::Settled { .. } => {
                    prop_assert!(answered && entry.by.role == Role::Authority);
                    (noticed, answered) = (None, false);
                }
                Event::Retracted { .. } | Event::Granted { .. } => (noticed, answered) = (None, false),
                Event::Expired => prop_assert!(noticed.is_none(), "it ended while there was something to answer"),
                _ => {}
            }
        }
    }
}

fn at(text: &str) -> Instant {
    text.parse().expect("an instant")
}

fn history(text: &str) -> Vec<Happening> {
    let text = format!("schema = 1\nprovider = \"Example Cloud\"\ndeployment = \"north\"\n{text}");
    read_history(&text).unwrap_or_else(|faults| panic!("{faults:?}")).1
}

fn event(at: &str, by: &str, does: &str, more: &str) -> String {
    format!("[[event]]\nat = \"{at}T09:00:00Z\"\nby = \"{by}\"\ndoes = \"{does}\"\n{more}\n")
}

#[test]
fn nobody_gives_notice_and_the_clock_does() {
    let text = [
        event("2026-01-05", "provider", "apply", "deployment = \"new\""),
        event("2026-01-05", "authority", "grant", ""),
        event("2026-03-02", "authority", "fail", "about = \"dependency\"\ntext = \"libvirt is old\""),
        event("2026-03-04", "authority", "revoke", "name = \"ann\"\ntext = \"at once\""),
        event("2026-03-24", "authority", "revoke", "name = \"ann\"\ntext = \"nobody answered\""),
        event("2026-03-25", "provider", "appeal", "text = \"we were at sea\""),
        event("2026-03-26", "hearer", "dismiss", "name = \"ann\"\ntext = \"no\""),
        event("2026-03-26", "hearer", "reinstate", "name = \"bob\"\ntext = \"so they were\""),
    ];
    let tried = try_out(&rules(SCS), &history(&text.concat()), at("2026-04-01T00:00:00Z"));
    let refused: Vec<String> = tried.refused.iter().map(|not| not.why.to_string()).collect();
    assert_eq!(
        refused,
        [
            "too early to revoke the certificate [SCS-12]\n  needed: that notice was given",
            "whoever revoked doesn't hear the appeal\n  needed: another person"
        ]
    );
    let seen = view(&rules(SCS), &tried.certificate, &tried.entries, at("2026-04-01T00:00:00Z"));
    assert_eq!(seen.status.as_deref(), Some("valid until 2027-01-05T09:00:00Z"));
    let lines: Vec<String> = seen.history.iter().map(|(at, what)| format!("{at} {what}")).collect();
    assert_eq!(
        lines,
        [
            "2026-01-05T09:00:00Z granted, until 2027-01-05T09:00:00Z",
            // Five working days later.
            "2026-03-09T09:00:00Z notice of a failed check, to be answered by 2026-03-23T09:00:00Z",
            "2026-03-23T09:00:00Z the period to answer ended",
            "2026-03-24T09:00:00Z revoked",
            "2026-03-25T09:00:00Z the provider appealed",
            "2026-03-26T09:00:00Z given back on appeal, until 2027-01-05T09:00:00Z",
        ],
        "and nothing of what failed"
    );
}

#[test]
fn the_public_sees_as_far_back_as_the_policy_says() {
    let text = [
        event("2024-01-05", "provider", "apply", "deployment = \"old\""),
        event("2024-01-05", "authority", "grant", ""),
        event("2024-01-06", "authority", "show-findings", "open = 2"),
        event("2024-01-07", "authority", "grant", ""),
        event("2024-01-08", "authority", "show-findings", "open = 0"),
        event("2024-01-09", "authority", "grant", ""),
        event("2024-12-09", "authority", "renew", ""),
    ];
    let tried = try_out(&rules(SCS), &history(&text.concat()), at("2025-09-01T00:00:00Z"));
    assert_eq!(tried.refused.len(), 2, "SCS-11: nothing shown, and then two open findings");
    assert!(tried.refused[1].why.to_string().starts_with("2 findings are open [SCS-11]"));
    assert!(matches!(tried.certificate.standing, Standing::Held { .. }));
    let seen = view(&rules(SCS), &tried.certificate, &tried.entries, at("2025-09-01T00:00:00Z"));
    let lines: Vec<&str> = seen.history.iter().map(|(_, what)| what.as_str()).collect();
    assert_eq!(lines, ["renewed, until 2026-01-09T09:00:00Z"], "what is older than 18 months is not shown");
    let private = rules(&with("status = \"public\"", "status = \"private\""));
    assert_eq!(view(&private, &tried.certificate, &tried.entries, at("2025-09-01T00:00:00Z")).status, None);
}

/// No certificate ends while its holder still has time to answer, and whoever settled it can renew it.
#[test]
fn a_notice_near_the_end_outlives_it() {
    let text = [
        event("2026-01-05", "provider", "apply", "deployment = \"new\""),
        event("2026-01-05", "authority", "grant", ""),
        event("2027-01-04", "authority", "fail", "about = \"service\"\ntext = \"nova is old\""),
        event("2027-01-04", "authority", "notice", ""),
        event("2027-01-10", "provider", "answer", "text = \"patched\""),
        event("2027-01-11", "authority", "settle", "text = \"so it is\""),
        event("2027-02-01", "authority", "renew", ""),
    ];
    let tried = try_out(&rules(SCS), &history(&text.concat()), at("2027-02-02T00:00:00Z"));
    assert_eq!(tried.refused, []);
    let Standing::Held { until, .. } = tried.certificate.standing else { panic!("{tried:?}") };
    assert_eq!(until, at("2028-03-11T09:00:00Z"));
}

/// Who applied and thought better of it is nobody's business: the public sees what it saw before.
#[test]
fn a_withdrawn_application_is_not_the_publics() {
    let text = [
        event("2025-01-06", "provider", "apply", "deployment = \"new\""),
        event("2025-01-07", "provider", "withdraw", ""),
    ]
    .concat();
    let now = at("2025-02-01T00:00:00Z");
    let tried = try_out(&rules(SCS), &history(&text), now);
    assert!(tried.refused.is_empty());
    assert_eq!(tried.entries.last().map(|entry| &entry.event), Some(&Event::ApplicationWithdrawn));
    let never = view(&rules(SCS), &Certificate::none(now), &[], now);
    assert_eq!(view(&rules(SCS), &tried.certificate, &tried.entries, now), never);
}
