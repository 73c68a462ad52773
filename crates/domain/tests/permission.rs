//! May I? The same question under different policies, at different instants.

use tidegate_domain::advisory::Title;
use tidegate_domain::case::{Actor, By, Case, Entry, Event, Report, open};
use tidegate_domain::id::{CaseId, Slug};
use tidegate_domain::permission::{Because, may_tell};
use tidegate_domain::policy::vocabulary::{Answer, Item, RoleKind};
use tidegate_domain::policy::{Policy, read};
use tidegate_domain::time::Instant;

fn slug(text: &str) -> Slug {
    text.parse().expect("a name")
}

fn policy(name: &str) -> Policy {
    let text = match name {
        "cloudstack" => include_str!("../../../policies/cloudstack.toml"),
        "xen-2014" => include_str!("../../../policies/xen-2014.toml"),
        "openstack" => include_str!("../../../policies/openstack.toml"),
        other => panic!("{other} is not read here"),
    };
    read(text).expect("a shipped policy")
}

fn case(events: Vec<Event>) -> Case {
    let now = Instant::from_micros(0);
    let report = Report {
        title: Title::salvage("A flaw"),
        from: None,
        text: "It overflows.".to_owned(),
        letter: None,
        attachments: Vec::new(),
        faults: Vec::new(),
        standing: Vec::new(),
        sealed: false,
    };
    let mut case = Case::opened(&open(CaseId::from_bits(7), report, now)).expect("a report opens it");
    for event in events {
        case.apply(&Entry { at: now, by: By::Person(slug("ian")), event });
    }
    case
}

fn predisclosed() -> Case {
    case(vec![Event::Predisclosed { until: None }])
}

fn announced() -> Case {
    let announced = Event::Announced { version: 1, planned: Instant::from_micros(0), late_s: 0 };
    case(vec![Event::Predisclosed { until: None }, announced])
}

/// What a member hears, and under which clause.
fn asked(name: &str, case: &Case, to: RoleKind, item: Item) -> Option<(Answer, String)> {
    let policy = policy(name);
    let member = Actor::Person { name: slug("mary"), roles: policy.roles_of(RoleKind::Member) };
    let to = policy.roles_of(to).iter().next().expect("a role of the kind");
    let ruling = may_tell(&policy, case, &member, to, item)?;
    let why = match ruling.because {
        Because::Rule(rule) => rule.clause.clone(),
        Because::Public => "public".to_owned(),
        Because::Silence => "silence".to_owned(),
    };
    Some((ruling.answer, why))
}

/// CS-15 allows what XEN-08 forbids as document 004 wrote it: the same question, two answers, two clauses.
#[test]
fn a_cve_number_may_be_told_under_one_policy_and_not_under_the_other() {
    let ask = |name| asked(name, &predisclosed(), RoleKind::Public, Item::CveNumber).expect("a member knows");
    assert_eq!(ask("cloudstack"), (Answer::Yes, "CS-15".to_owned()));
    assert_eq!(ask("xen-2014"), (Answer::Ask, "XEN-08".to_owned()));
    assert_eq!(ask("openstack").0, Answer::No);
}

#[test]
fn members_share_among_each_other_where_the_policy_lets_them() {
    let ask =
        |name| asked(name, &predisclosed(), RoleKind::Member, Item::FixCommits).expect("a member knows");
    assert_eq!(ask("xen-2014"), (Answer::Yes, "XEN-13".to_owned()));
    assert_eq!(ask("cloudstack"), (Answer::Ask, "CS-22".to_owned()));
}

#[test]
fn deployment_and_outage_notices_have_rules_of_their_own() {
    let ask = |item| asked("xen-2014", &predisclosed(), RoleKind::Public, item).expect("a member knows");
    assert_eq!(ask(Item::Deployment), (Answer::Ask, "XEN-11".to_owned()));
    assert_eq!(ask(Item::OutageNotice), (Answer::Yes, "XEN-12".to_owned()));
}

#[test]
fn what_no_rule_mentions_none_permits() {
    let ask = asked("xen-2014", &predisclosed(), RoleKind::Public, Item::Record);
    assert_eq!(ask, Some((Answer::No, "silence".to_owned())));
    let ask = asked("xen-2014", &predisclosed(), RoleKind::Contact, Item::Nature);
    assert_eq!(ask, Some((Answer::No, "silence".to_owned())));
}

#[test]
fn once_it_is_public_everybody_may_say_it() {
    for name in ["cloudstack", "xen-2014", "openstack"] {
        for item in [Item::CveNumber, Item::Nature, Item::AdvisoryText] {
            let answer = asked(name, &announced(), RoleKind::Public, item);
            assert_eq!(answer, Some((Answer::Yes, "public".to_owned())), "{name} {item}");
        }
    }
}

/// ALL-01: before the list was told, a member hears what they hear of a case that is not there.
#[test]
fn whoever_does_not_know_of_the_case_gets_no_answer() {
    for item in Item::ALL {
        assert_eq!(asked("xen-2014", &case(Vec::new()), RoleKind::Public, *item), None);
    }
}

/// Of two roles the stricter counts: a helper of a case who is on the list as well keeps to both.
#[test]
fn the_strictest_rule_counts() {
    let policy = policy("cloudstack");
    let case = case(vec![
        Event::Predisclosed { until: None },
        Event::Invited { person: slug("mary"), role: slug("helper") },
        Event::ConfidenceAcknowledged { person: slug("mary") },
    ]);
    let mary = Actor::Person { name: slug("mary"), roles: policy.roles_of(RoleKind::Member) };
    let public = policy.roles_of(RoleKind::Public).iter().next().expect("the public");
    let ruling = may_tell(&policy, &case, &mary, public, Item::CveNumber).expect("she knows of it");
    assert_eq!(ruling.answer, Answer::No);
}
