//! Releases that prove to be affected after the vulnerability was confirmed.

use tidegate_domain::advisory::Title;
use tidegate_domain::case::{Action, Actor, By, Case, Entry, Event, Report, decide, open};
use tidegate_domain::id::{CaseId, Slug};
use tidegate_domain::policy::vocabulary::RoleKind;
use tidegate_domain::policy::{Policy, read};
use tidegate_domain::refusal::Refusal;
use tidegate_domain::time::Instant;

fn now() -> Instant {
    Instant::from_micros(0)
}

fn slug(text: &str) -> Slug {
    text.parse().expect("a name")
}

fn policy() -> Policy {
    read(include_str!("../../../policies/xen.toml")).expect("a shipped policy")
}

fn reported() -> Case {
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
    Case::opened(&open(CaseId::from_bits(7), report, now())).expect("a report opens it")
}

fn after(mut case: Case, events: &[Event]) -> Case {
    for event in events {
        case.apply(&Entry { at: now(), by: By::Person(slug("ian")), event: event.clone() });
    }
    case
}

fn confirm(case: &Case, affected: &[&str], versions: &[&str]) -> Result<Vec<Event>, Refusal> {
    let policy = policy();
    let ian = Actor::Person { name: slug("ian"), roles: policy.roles_of(RoleKind::Team) };
    let affected = affected.iter().map(|release| slug(release)).collect();
    let versions = versions.iter().map(|version| (*version).to_owned()).collect();
    decide(&policy, case, &ian, &Action::Confirm { affected, versions }, now())
}

fn confirmed() -> Case {
    let case = reported();
    let events = confirm(&case, &["4.19"], &["4.19.1"]).expect("confirmed");
    after(case, &events)
}

fn releases(case: &Case) -> Vec<&str> {
    case.releases.iter().map(|work| work.release.as_str()).collect()
}

#[test]
fn a_release_that_is_found_later_is_worked_on_as_well() {
    let case = confirmed();
    let events = confirm(&case, &["4.19", "4.18"], &["4.19.1", "4.18.3"]).expect("added");
    let added = Event::Confirmed { affected: vec![slug("4.18")], versions: vec!["4.18.3".to_owned()] };
    assert_eq!(events, [added]);
    let case = after(case, &events);
    assert_eq!(releases(&case), ["4.19", "4.18"]);
    assert_eq!(case.affected_versions, ["4.19.1", "4.18.3"]);
    assert_eq!(case.open_releases().len(), 2);
}

#[test]
fn what_is_known_already_is_not_confirmed_again() {
    let case = confirmed();
    for (affected, versions) in [(&["4.19"][..], &["4.19.1"][..]), (&[], &[])] {
        let refusal = confirm(&case, affected, versions).expect_err("nothing new");
        assert!(format!("{refusal:?}").contains("name one that is to be worked on too"), "{refusal:?}");
    }
    let denied = after(reported(), &[Event::Denied { reason: "By design.".to_owned() }]);
    let merged = after(reported(), &[Event::Merged { into: CaseId::from_bits(8) }]);
    assert!(confirm(&denied, &["4.19"], &[]).is_ok(), "a denial may be taken back");
    assert!(confirm(&merged, &["4.19"], &[]).is_err());
}

/// Facts last: where everything is committed, a release that came later would be announced without its fix.
#[test]
fn once_the_fix_is_committed_a_release_waits_for_the_re_issue() {
    let commit = |release| Event::Committed { release: slug(release), commit: "ab".repeat(20) };
    let case = after(confirmed(), &[commit("4.19")]);
    let refusal = confirm(&case, &["4.18"], &[]).expect_err("too late");
    assert!(format!("{refusal:?}").contains("re-issue"), "{refusal:?}");
    let case = after(case, &[Event::Announced { version: 1, planned: now(), late_s: 0 }]);
    assert!(confirm(&case, &["4.18"], &[]).is_ok());
}
