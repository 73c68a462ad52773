//! The list under random walks and as tables: nobody is let in by anything but the rules (XEN-15 to XEN-19).

use proptest::prelude::*;
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::OnceLock;
use tidegate_domain::admission::{self, Ruling};
use tidegate_domain::id::{Slug, StreamId};
use tidegate_domain::list::application::{self, Application, Stage, submit};
use tidegate_domain::list::member::{self, Certificate, KeyState, Member, Standing, next_wake};
use tidegate_domain::list::{Actor, By, Entry, Refusal, Stream, StreamKind, entries, replay};
use tidegate_domain::policy::{Policy, RoleSet, read};
use tidegate_domain::time::Instant;

const DAY: i64 = 86_400_000_000;
const START: i64 = 1_736_240_400_000_000;

fn slug(text: &str) -> Slug {
    text.parse().expect("a name")
}

fn at(day: i64) -> Instant {
    Instant::from_micros(START + day * DAY)
}

/// Xen's policy, where as many persons decide as asked, and peers hear appeals.
fn policy(persons: u8) -> &'static Policy {
    static POLICIES: OnceLock<[Policy; 2]> = OnceLock::new();
    let policies = POLICIES.get_or_init(|| {
        [1, 2].map(|persons| {
            let rules = "[list]\nby = [\"team\"]\n";
            let text = include_str!("../../../policies/xen.toml");
            assert!(text.contains(rules), "the policy's list begins so");
            let more = format!("{rules}persons = {persons}\nheard_by = [\"peer\"]\nreconfirm = \"P1Y\"\n");
            read(&text.replace(rules, &more)).expect("a policy")
        })
    });
    &policies[usize::from(persons) - 1]
}

fn form(complete: bool) -> admission::Application {
    let text = if complete {
        include_str!("../../../examples/applications/hosting-provider.toml")
    } else {
        include_str!("../../../examples/applications/no-statement.toml")
    };
    admission::read(text).expect("an example")
}

fn person(name: &str, role: &str) -> Actor {
    let role = policy(1).role(role).expect("a role");
    Actor::Person { name: slug(name), roles: RoleSet::only(role) }
}

fn actor(number: u8) -> Actor {
    match number % 10 {
        8 => {
            Actor::Behalf { name: slug("ann"), roles: RoleSet::only(policy(1).role("team").expect("a role")) }
        }
        9 => Actor::Behalf {
            name: slug("eve"),
            roles: RoleSet::only(policy(1).role("member").expect("a role")),
        },
        0 => person("ann", "team"),
        1 => person("bob", "team"),
        2 => person("cho", "team"),
        3 => person("eve", "member"),
        4 => person("gus", "peer"),
        5 => person("hal", "peer"),
        6 => Actor::Organisation,
        _ => Actor::Clock,
    }
}

fn ruling(criterion: &str, met: bool) -> Ruling {
    Ruling { criterion: slug(criterion), met, why: "the page says so".to_owned() }
}

fn on_application(number: u8) -> application::Action {
    let member = StreamId::from_bits(7);
    let text = || "because".to_owned();
    match number % 12 {
        0 => application::Action::Answer { ruling: ruling("status", true) },
        1 => application::Action::Answer { ruling: ruling("user", true) },
        2 => application::Action::Answer { ruling: ruling("reports", true) },
        3 => application::Action::Answer { ruling: ruling("reports", false) },
        4 | 5 => application::Action::Decide { member },
        6 => application::Action::Appeal { text: text() },
        7 => application::Action::Hear { granted: true, why: text(), member },
        8 => application::Action::Hear { granted: false, why: text(), member },
        9 => application::Action::Say { text: text() },
        10 => application::Action::Answer { ruling: Ruling { why: " ".to_owned(), ..ruling("user", true) } },
        _ => application::Action::Withdraw,
    }
}

fn certificate(name: &str, expires: Option<i64>) -> Certificate {
    Certificate {
        fingerprint: name.repeat(10),
        expires: expires.map(at),
        armored: format!("{name} {expires:?}"),
    }
}

fn on_member(number: u8, day: i64) -> member::Action {
    let why = || "a leak".to_owned();
    match number % 12 {
        0 => member::Action::AddKey { certificate: certificate("ab12", Some(day + 40)) },
        1 => member::Action::AddKey { certificate: certificate("cd34", None) },
        2 => member::Action::ConfirmKey { fingerprint: "AB12 ".repeat(10) },
        3 => member::Action::ConfirmKey { fingerprint: "cd34".repeat(10) },
        4 => member::Action::RemoveKey { fingerprint: "cd34".repeat(10) },
        5 => member::Action::Suspend { why: why() },
        6 => member::Action::Resume { why: why() },
        7 => member::Action::Remove { why: why() },
        8 => member::Action::Reconfirm { form: Box::new(form(true)) },
        9 => member::Action::Reconfirm { form: Box::new(form(false)) },
        10 => member::Action::AgreeToTerms { sha256: format!("{day}") },
        _ => member::Action::Leave,
    }
}

fn submitted(persons: u8, complete: bool) -> (Application, Vec<Entry<application::Event>>) {
    let log = submit(policy(persons), &slug("xen"), form(complete), at(0)).expect("it comes in");
    (replay(&log).expect("an application"), log)
}

fn joined() -> (Member, Vec<Entry<member::Event>>) {
    let (application, _) = submitted(1, true);
    let log = vec![member::join(StreamId::from_bits(1), &application, By::Person(slug("ann")), at(0))];
    (replay(&log).expect("a member"), log)
}

/// Does what is asked, if it is done; the refusal otherwise.
fn act<S: Stream>(
    policy: &Policy,
    stream: &mut S,
    log: &mut Vec<Entry<S::Event>>,
    (actor, action): (&Actor, &S::Action),
    now: Instant,
) -> Result<(), Refusal> {
    let lines = entries(actor, now, stream.decide(policy, actor, action, now)?);
    lines.iter().for_each(|entry| stream.apply(entry));
    log.extend(lines);
    Ok(())
}

fn people(log: &[Entry<application::Event>], of: impl Fn(&application::Event) -> bool) -> BTreeSet<Slug> {
    let by = |entry: &Entry<application::Event>| match &entry.by {
        By::Person(name) => Some(name.clone()),
        By::Organisation | By::Behalf(_) | By::Clock => None,
    };
    log.iter().filter(|entry| of(&entry.event)).filter_map(by).collect()
}

/// Whatever happened: an incomplete application is not accepted, a decision has all its reasons, and nobody
/// decides alone where two are needed.
fn check_application(persons: u8, application: &Application, log: &[Entry<application::Event>]) {
    let stage = &application.stage;
    assert_eq!(application.is_complete(), !matches!(stage, Stage::Incomplete { .. }), "{stage:?}");
    let granted = people(log, |event| matches!(event, application::Event::Found { granted: true, .. }));
    let by_appeal = application.appeal.as_ref().and_then(|appeal| appeal.heard).is_some_and(|heard| heard.1);
    match stage {
        Stage::Accepted { .. } if by_appeal => {
            assert!(granted.len() >= usize::from(persons), "{granted:?} granted it alone");
            assert!(granted.iter().all(|name| !application.decided_by.contains(name)));
        }
        Stage::Accepted { .. } | Stage::NotMet { .. } => {
            let criteria = &policy(persons).list.as_ref().expect("a list").criteria;
            let answer = |criterion: &Slug| application.answer(criterion).expect("an answer");
            assert!(criteria.iter().all(|one| !answer(&one.id).ruling.why.trim().is_empty()));
            let all_met = criteria.iter().all(|one| answer(&one.id).ruling.met);
            assert_eq!(
                all_met,
                matches!(stage, Stage::Accepted { .. }),
                "the outcome follows from the answers"
            );
            let decided: BTreeSet<&Slug> = application.decided_by.iter().collect();
            assert_eq!(decided.len(), application.decided_by.len(), "somebody decided twice");
            assert!(decided.len() >= usize::from(persons), "{decided:?} decided alone");
        }
        Stage::Open | Stage::Incomplete { .. } | Stage::Withdrawn { .. } => {}
    }
    let team =
        people(log, |event| matches!(event, application::Event::Answered(_) | application::Event::Decided));
    assert!(team.iter().all(|name| ["ann", "bob", "cho"].contains(&name.as_str())), "{team:?}");
    assert!(granted.iter().all(|name| ["gus", "hal"].contains(&name.as_str())), "{granted:?}");
}

fn replays<S: Stream>(stream: &S, log: &[Entry<S::Event>])
where
    S::Event: Debug,
{
    let text = serde_json::to_string(log).expect("a log is JSON");
    let again: Vec<Entry<S::Event>> = serde_json::from_str(&text).expect("and is read back");
    assert_eq!(replay::<S>(&again).as_ref(), Some(stream));
    assert!((1..=log.len()).all(|end| replay::<S>(&log[..end]).is_some()), "a prefix is none");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn no_walk_lets_anybody_in_against_the_rules(
        persons in 1_u8..=2, complete: bool, tries in prop::collection::vec(any::<(u8, u8)>(), 1..80),
    ) {
        let (mut application, mut log) = submitted(persons, complete);
        for (day, (number, who)) in (0..).zip(tries) {
            let asked = (&actor(who), &on_application(number));
            let before = application.clone();
            match act(policy(persons), &mut application, &mut log, asked, at(day)) {
                Ok(()) => prop_assert_ne!(actor(who), Actor::Clock),
                Err(_) => prop_assert_eq!(&before, &application),
            }
            check_application(persons, &application, &log);
        }
        replays(&application, &log);
    }

    #[test]
    fn no_walk_of_a_member_breaks_the_rules(
        persons in 1_u8..=2, tries in prop::collection::vec(any::<(u8, u8, u8)>(), 1..80),
    ) {
        let (mut member, mut log) = joined();
        let mut day = 0;
        for (number, who, days) in tries {
            day += i64::from(days % 20);
            let asked = (&actor(who), &on_member(number, day));
            let _ = act(policy(persons), &mut member, &mut log, asked, at(day));
            let tick = (&Actor::Clock, &member::Action::Tick);
            prop_assert!(act(policy(persons), &mut member, &mut log, tick, at(day)).is_ok());
            prop_assert!(next_wake(policy(persons), &member, at(day)).is_none_or(|wake| wake > at(day)));
            for key in member.usable_keys(at(day)) {
                prop_assert!(key.confirmed.is_some());
                prop_assert!(key.certificate.expires.is_none_or(|expires| expires > at(day)));
            }
            if let Standing::Removed { since, .. } = &member.standing {
                let sought = log.iter().filter(|entry| entry.at <= *since).filter_map(|entry| match &entry.event {
                    member::Event::RemovalSought { .. } => Some(entry.by.clone()),
                    _ => None,
                });
                let sought: Vec<By> = sought.collect();
                prop_assert!(sought.iter().any(|by| *by != sought[0]) || persons == 1, "{:?} alone", sought);
            }
        }
        replays(&member, &log);
    }
}

/// Who may ask what, whatever the stage: each line is a capacity that the policy names.
#[test]
fn who_may_do_what_is_one_table() {
    let (application, _) = submitted(1, true);
    let (member, _) = joined();
    let who = [(0, "team"), (4, "hears"), (3, "other"), (6, "organisation"), (8, "for-it"), (7, "clock")];
    let mut table = String::new();
    let mut line = |kind: StreamKind, name: &str, may: &dyn Fn(&Actor) -> bool| {
        let may: Vec<&str> =
            who.iter().map(|(number, word)| if may(&actor(*number)) { *word } else { "-" }).collect();
        let line = format!("{kind} {name}: {}\n", may.join(" "));
        if !table.contains(&line) {
            table += &line;
        }
    };
    let refused = |answer: Option<Refusal>| !matches!(answer, Some(Refusal::NotPermitted { .. }));
    for number in 0..12 {
        let action = on_application(number);
        let may = |actor: &Actor| refused(application.decide(policy(1), actor, &action, at(0)).err());
        line(Application::KIND, action.name(), &may);
    }
    for number in 0..12 {
        let action = on_member(number, 0);
        line(Member::KIND, action.name(), &|actor| {
            refused(member.decide(policy(1), actor, &action, at(0)).err())
        });
    }
    let tick = member::Action::Tick;
    line(Member::KIND, "tick", &|actor| refused(member.decide(policy(1), actor, &tick, at(0)).err()));
    insta::assert_snapshot!(table);
}

#[test]
fn an_incomplete_application_is_rejected_by_itself_and_accepted_by_nobody() {
    let (mut application, mut log) = submitted(1, false);
    assert!(matches!(application.stage, Stage::Incomplete { .. }));
    assert!(application.lacks.iter().all(|lack| !lack.what.is_empty() && !lack.clause.is_empty()));
    assert_eq!(log[1].by, By::Clock, "nobody's hand");
    let member = StreamId::from_bits(7);
    let decide = application::Action::Decide { member };
    let told = act(policy(1), &mut application, &mut log, (&actor(0), &decide), at(1));
    assert!(matches!(told, Err(Refusal::Incomplete { .. })), "{told:?}");
    let appeal = application::Action::Appeal { text: "it is there".to_owned() };
    act(policy(1), &mut application, &mut log, (&Actor::Organisation, &appeal), at(2)).expect("an appeal");
    let grant = application::Action::Hear { granted: true, why: "kindness".to_owned(), member };
    let told = act(policy(1), &mut application, &mut log, (&actor(4), &grant), at(3));
    assert!(matches!(told, Err(Refusal::Incomplete { .. })), "not even on appeal: {told:?}");
    let dismiss = application::Action::Hear { granted: false, why: "it lacks it".to_owned(), member };
    act(policy(1), &mut application, &mut log, (&actor(4), &dismiss), at(3)).expect("dismissed");
    let told = act(policy(1), &mut application, &mut log, (&Actor::Organisation, &appeal), at(4));
    assert_eq!(told, Err(Refusal::HeardAlready { at: at(3) }));
}

#[test]
fn two_decide_and_a_changed_answer_is_decided_about_anew() {
    let (mut application, mut log) = submitted(2, true);
    let mut go = |who, action| act(policy(2), &mut application, &mut log, (&actor(who), &action), at(1));
    let decide = || application::Action::Decide { member: StreamId::from_bits(7) };
    let answer = |criterion, met| application::Action::Answer { ruling: ruling(criterion, met) };
    let Err(Refusal::Unanswered { questions, .. }) = go(0, decide()) else { panic!("it was decided") };
    assert_eq!(questions.len(), 3);
    for criterion in ["status", "user", "reports"] {
        go(0, answer(criterion, true)).expect("an answer");
    }
    go(0, decide()).expect("the first");
    assert_eq!(go(0, decide()), Err(Refusal::SaidAlready { needed: 2, clause: "XEN-17".to_owned() }));
    go(1, answer("user", false)).expect("another answer");
    go(1, decide()).expect("the first of these answers");
    assert_eq!(application.stage, Stage::Open, "what was decided before was decided about other answers");
    let mut go = |who, action| act(policy(2), &mut application, &mut log, (&actor(who), &action), at(2));
    go(0, decide()).expect("the second");
    assert_eq!(application.stage, Stage::NotMet { since: at(2), criteria: vec![slug("user")] });
}

#[test]
fn a_member_is_warned_of_a_key_that_expires_and_never_twice() {
    let (mut member, mut log) = joined();
    let mut go =
        |actor: &Actor, action, day| act(policy(1), &mut member, &mut log, (actor, &action), at(day));
    let add = member::Action::AddKey { certificate: certificate("ab12", Some(100)) };
    go(&Actor::Organisation, add, 0).expect("a key");
    go(&Actor::Clock, member::Action::Tick, 80).expect("a tick");
    assert_eq!(member.keys[0].warned, None, "a key that nobody confirmed is nobody's to renew");
    let mut go =
        |actor: &Actor, action, day| act(policy(1), &mut member, &mut log, (actor, &action), at(day));
    let confirm = member::Action::ConfirmKey { fingerprint: "AB12 ".repeat(10) };
    go(&Actor::Organisation, confirm, 80).expect("confirmed");
    for day in 80..110 {
        go(&Actor::Clock, member::Action::Tick, day).expect("a tick");
    }
    let warned = |entry: &Entry<member::Event>| match entry.event {
        member::Event::KeyWarned { days, .. } => Some((days, entry.at)),
        _ => None,
    };
    let warned: Vec<(u16, Instant)> = log.iter().filter_map(warned).collect();
    assert_eq!(warned, [(30, at(80)), (14, at(86)), (3, at(97))]);
    assert_eq!(member.keys[0].state(at(99)), KeyState::Usable);
    assert_eq!(member.keys[0].state(at(100)), KeyState::Expired);
    // Renewed, it needs no second confirmation, and is warned about again in its time.
    let renewed = member::Action::AddKey { certificate: certificate("ab12", Some(500)) };
    act(policy(1), &mut member, &mut log, (&Actor::Organisation, &renewed), at(110)).expect("renewed");
    assert_eq!(member.keys[0].state(at(110)), KeyState::Usable);
    assert_eq!(next_wake(policy(1), &member, at(110)), Some(at(365 - 30)), "to confirm what it shows");
}

#[test]
fn what_is_confirmed_again_is_judged_as_at_first() {
    let (mut member, mut log) = joined();
    act(policy(1), &mut member, &mut log, (&Actor::Clock, &member::Action::Tick), at(340)).expect("a tick");
    assert_eq!(member.asked, Some(at(340)));
    let mut go = |complete| {
        let again = member::Action::Reconfirm { form: Box::new(form(complete)) };
        act(policy(1), &mut member, &mut log, (&Actor::Organisation, &again), at(350))
    };
    assert!(matches!(go(false), Err(Refusal::Lacks { .. })));
    go(true).expect("confirmed");
    assert!(member.is_active() && member.asked.is_none());
    assert_eq!(member.confirms_by(policy(1)), Some(at(350 + 365)));
}
