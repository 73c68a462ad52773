//! What differs between two policies is said by rule and in words, and nothing else is said.

use std::path::Path;
use tidegate_domain::policy::compare::{Change, Difference, compare};
use tidegate_domain::policy::vocabulary::{Fact, Verb};
use tidegate_domain::policy::{Act, Due};
use tidegate_domain::policy::{Policy, read};

fn shipped(name: &str) -> Policy {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies").join(name);
    read(&std::fs::read_to_string(path).expect("a shipped policy")).expect("no faults")
}

fn only(differences: Vec<Difference>) -> Difference {
    let [difference] = <[Difference; 1]>::try_from(differences).expect("one rule differs");
    difference
}

#[test]
fn a_policy_does_not_differ_from_itself_in_another_order() {
    for name in ["xen.toml", "xen-2014.toml", "cloudstack.toml", "openstack.toml"] {
        let policy = shipped(name);
        let mut turned = policy.clone();
        turned.steps.reverse();
        turned.clocks.reverse();
        turned.knows.reverse();
        turned.tells.reverse();
        assert_eq!(compare(&policy, &turned), [], "{name}");
    }
}

#[test]
fn a_removed_gate_is_named_in_words() {
    let before = shipped("xen-2014.toml");
    let mut after = before.clone();
    let step = after.steps.iter_mut().find(|step| !step.after.is_empty()).expect("a step with a gate");
    let gate = step.after.remove(0);
    let (title, clause) = (step.title.clone(), step.clause.clone());
    let found = only(compare(&before, &after));
    assert_eq!((found.change, found.part), (Change::Changed, "procedure"));
    assert!(found.rule.contains(&title), "{found:?}");
    assert_eq!(found.clause, clause);
    assert_eq!(found.what, [format!("Must come first: no longer {}", before.fact_phrase(&gate))]);
    let back = only(compare(&after, &before));
    assert_eq!(back.what, [format!("Must come first: now also {}", before.fact_phrase(&gate))]);
}

#[test]
fn lengths_are_longer_or_shorter_only_where_they_always_are() {
    let (mut before, mut after) = (shipped("xen-2014.toml"), shipped("xen-2014.toml"));
    let five = tidegate_domain::time::Length::WorkingDays(5);
    let nine = tidegate_domain::time::Length::WorkingDays(9);
    before.embargo.default = five;
    after.embargo.default = nine;
    let label = "Proposed where nobody says otherwise";
    assert_eq!(only(compare(&before, &after)).what, [format!("{label}: longer, was {five}, now {nine}")]);
    assert_eq!(only(compare(&after, &before)).what, [format!("{label}: shorter, was {nine}, now {five}")]);
    // Seven days and five working days end together from Monday to Friday, and apart at the weekend.
    let week = tidegate_domain::time::Length::Calendar(jiff::Span::new().days(7).fieldwise());
    after.embargo.default = week;
    assert_eq!(only(compare(&before, &after)).what, [format!("{label}: was {five}, now {week}")]);
}

#[test]
fn an_audience_that_learns_more_and_a_step_that_is_gone_are_said() {
    let before = shipped("xen-2014.toml");
    let mut after = before.clone();
    after.steps.retain(|step| step.act != Act::Built(Verb::Retrospective));
    assert!(after.steps.len() < before.steps.len(), "the policy has a retrospective");
    let gone = only(compare(&before, &after));
    assert_eq!((gone.change, gone.part), (Change::Removed, "procedure"));
    assert!(gone.what.iter().any(|what| what.starts_with("Who may: ")), "{gone:?}");

    let mut after = before.clone();
    let rule = after.knows.first().expect("a rule").clone();
    after.knows.push(tidegate_domain::policy::Knows {
        from: Fact::Built(tidegate_domain::policy::vocabulary::BuiltFact::Reissued),
        ..rule
    });
    let learned = compare(&before, &after);
    assert!(!learned.is_empty());
    for each in learned {
        assert_eq!((each.change, each.part), (Change::Added, "who learns what"));
        assert!(each.rule.contains("a re-issue is public"), "{each:?}");
    }
}

#[test]
fn a_clock_that_counts_from_the_other_end_is_not_called_longer() {
    let before = shipped("xen-2014.toml");
    let mut after = before.clone();
    let clock = after
        .clocks
        .iter_mut()
        .find(|clock| matches!(clock.due, Due::Within(_)))
        .expect("a clock that counts from its start");
    let Due::Within(length) = clock.due else { unreachable!("just matched") };
    clock.due = Due::BeforeDisclosure(length);
    let found = only(compare(&before, &after));
    assert_eq!(
        found.what,
        [
            format!("Due before the planned disclosure, by: now {length}"),
            format!("Due after its start, within: no longer {length}"),
        ]
    );
}

#[test]
fn two_limits_for_one_severity_are_one_rule() {
    let mut before = shipped("cloudstack.toml");
    let severity = vec![tidegate_domain::rating::Severity::High];
    let limit = |at_least, at_most| tidegate_domain::policy::Limit {
        severity: severity.clone(),
        at_least,
        at_most,
        force: tidegate_domain::policy::vocabulary::Force::Duty,
        clause: "CS-05".to_owned(),
    };
    let days = |days| Some(tidegate_domain::time::Length::WorkingDays(days));
    before.embargo.limits = vec![limit(days(3), None), limit(None, days(9))];
    assert_eq!(compare(&before, &before), []);
    let mut after = before.clone();
    after.embargo.limits = vec![limit(days(3), days(8))];
    let found = only(compare(&before, &after));
    assert_eq!(found.what.len(), 1, "{found:?}");
    assert!(found.what[0].starts_with("At most: shorter, was "), "{found:?}");
}
