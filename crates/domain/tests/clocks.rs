//! The matrix of clocks: what is due when, under every choice, and which choice turns the result around.

use tidegate_domain::regime::clock::{Choice, Clock, Due, Facts, Pin, Standing, matrix};
use tidegate_domain::regime::{Regime, StartEvent, read, read_facts};
use tidegate_domain::time::Instant;

/// A flaw that became public two weeks before anybody scored it, and was patched in between.
const FACTS: &str = r#"
schema = 1
advisory = "OSSA-2099-002"
product = "keystone"
deployment = "north"
maintained = true
patched = "2099-11-14T08:07:54Z"
[[happened]]
event = "public"
at = "2099-11-04T14:29:43Z"
source = "the announcement"
[[happened]]
event = "patch-merged"
at = "2099-11-04T18:00:00Z"
source = "the project's repository"
[[happened]]
event = "head-patched"
at = "2099-11-04T16:00:00Z"
source = "the project's repository"
[[happened]]
event = "release-tagged"
at = "2099-11-12T10:00:00Z"
source = "the release data"
[[scores]]
by = "cna"
vector = "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:C/C:L/I:H/A:N"
known = "2099-11-17T12:00:00Z"
[[scores]]
by = "vendor"
score = "6.5"
known = "2099-11-18T12:00:00Z"
"#;

fn at(text: &str) -> Instant {
    text.parse().expect("an instant")
}

fn regime(name: &str) -> Regime {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../regimes").join(name);
    read(&std::fs::read_to_string(path).expect("a file")).expect("a regime")
}

fn facts(text: &str) -> Facts {
    read_facts(text).unwrap_or_else(|faults| panic!("{faults:?}"))
}

fn scs() -> Regime {
    regime("scs-0124-v1.toml")
}

fn find<'a>(clocks: &'a [Clock], start: StartEvent, scorer: Option<&str>) -> &'a Clock {
    let fits = |clock: &&Clock| clock.start == start && clock.scorer.as_deref() == scorer;
    clocks.iter().find(fits).expect("a clock")
}

/// SCS-04: the start event is a choice, and here it decides.
#[test]
fn the_choice_that_turns_the_result_around_is_marked() {
    let clocks = matrix(&facts(FACTS), &[scs()], None, at("2099-12-01T00:00:00Z"));
    assert_eq!(clocks.len(), 2 * StartEvent::ALL.len());
    let base = find(&clocks, StartEvent::Public, Some("cna"));
    assert!(base.is_base && base.was_over_before_the_score());
    assert_eq!((&base.due, base.standing), (&Due::At(at("2099-11-07T14:29:43Z")), Standing::Late));
    let scored = find(&clocks, StartEvent::ScoreKnown, Some("cna"));
    assert_eq!(scored.due, Due::At(at("2099-11-20T12:00:00Z")));
    assert_eq!((scored.standing, &scored.flips[..]), (Standing::InTime, &[Choice::Start][..]));
    let other = find(&clocks, StartEvent::Public, Some("vendor"));
    assert_eq!(other.due, Due::At(at("2099-12-04T14:29:43Z")));
    assert_eq!((other.standing, &other.flips[..]), (Standing::InTime, &[Choice::Scorer][..]));
    let never = find(&clocks, StartEvent::AuthorityNotified, Some("cna"));
    assert_eq!((&never.due, never.standing), (&Due::NotStarted, Standing::Undecided));
    assert!(never.flips.is_empty());
}

/// An authority pins one: everything is held against that, other regimes too.
#[test]
fn a_pin_is_what_the_others_are_held_against() {
    let regimes = [scs(), regime("bsi-c5-2020-ops-22.toml"), regime("cra-article-14.toml")];
    let pin = Pin {
        regime: "scs-0124-v1".parse().expect("an id"),
        start: Some(StartEvent::Public),
        scorer: Some("vendor".to_owned()),
    };
    let clocks = matrix(&facts(FACTS), &regimes, Some(&pin), at("2099-12-01T00:00:00Z"));
    let bases: Vec<&Clock> = clocks.iter().filter(|clock| clock.is_base).collect();
    assert_eq!(bases.len(), 1);
    assert_eq!((bases[0].scorer.as_deref(), bases[0].standing), (Some("vendor"), Standing::InTime));
    let flipped = |regime: &str, start, scorer: &str| {
        let of: Vec<Clock> = clocks.iter().filter(|clock| clock.regime.as_str() == regime).cloned().collect();
        find(&of, start, Some(scorer)).flips.clone()
    };
    assert_eq!(flipped("scs-0124-v1", StartEvent::Public, "cna"), [Choice::Scorer]);
    assert_eq!(flipped("bsi-c5-2020-ops-22", StartEvent::Public, "cna"), [Choice::Regime, Choice::Scorer]);
    assert_eq!(flipped("bsi-c5-2020-ops-22", StartEvent::ReleaseTagged, "cna"), []);
    // A duty to report is not a duty to patch, and neither is held against the other.
    let reports: Vec<&Clock> =
        clocks.iter().filter(|clock| clock.regime.as_str() == "cra-article-14").collect();
    assert_eq!(reports.len(), 3 * StartEvent::ALL.len());
    assert!(reports.iter().all(|clock| clock.flips.is_empty()));
}

/// SCS-13: no score yet is a state of its own, with what each band would give.
#[test]
fn severity_pending_is_a_state() {
    let clocks = matrix(&facts(FACTS), &[scs()], None, at("2099-11-10T00:00:00Z"));
    assert_eq!(clocks.len(), StartEvent::ALL.len());
    let base = find(&clocks, StartEvent::Public, None);
    let Due::SeverityPending(bands) = &base.due else {
        panic!("{:?}", base.due);
    };
    let due: Vec<(&str, Option<String>)> =
        bands.iter().map(|(band, at)| (band.as_str(), at.map(|at| at.to_string()))).collect();
    // A month and three months are counted by the calendar of the regime's zone.
    let says = |text: &str| Some(text.to_owned());
    assert_eq!(
        due,
        [
            ("critical", says("2099-11-04T17:29:43Z")),
            ("high", says("2099-11-07T14:29:43Z")),
            ("mid", says("2099-12-04T14:29:43Z")),
            ("low", says("2100-02-04T14:29:43Z")),
        ]
    );
    assert_eq!(base.standing, Standing::Undecided);
    // What has not happened by then starts nothing: the release came later.
    assert_eq!(find(&clocks, StartEvent::ReleaseTagged, None).started, None);
}

/// A new score moves the deadline, and the old one stays to be seen.
#[test]
fn scoring_again_moves_the_deadline_and_keeps_the_history() {
    let again = "[[scores]]\nby = \"cna\"\nscore = \"9.1\"\nknown = \"2099-11-25T00:00:00Z\"\n";
    let same = "[[scores]]\nby = \"cna\"\nscore = \"9.8\"\nknown = \"2099-11-26T00:00:00Z\"\n";
    let facts = facts(&format!("{FACTS}{again}{same}"));
    let before = matrix(&facts, &[scs()], None, at("2099-11-24T00:00:00Z"));
    assert_eq!(find(&before, StartEvent::Public, Some("cna")).history.len(), 1);
    let after = matrix(&facts, &[scs()], None, at("2099-12-01T00:00:00Z"));
    let clock = find(&after, StartEvent::Public, Some("cna"));
    let said: Vec<(String, &str, Due)> = clock
        .history
        .iter()
        .map(|past| (past.score.to_string(), past.band.as_str(), past.due.clone()))
        .collect();
    let critical = Due::At(at("2099-11-04T17:29:43Z"));
    assert_eq!(
        said,
        [
            ("7.5".to_owned(), "high", Due::At(at("2099-11-07T14:29:43Z"))),
            ("9.1".to_owned(), "critical", critical.clone()),
            ("9.8".to_owned(), "critical", critical),
        ]
    );
    // From the score: the second critical one starts nothing anew.
    let known = find(&after, StartEvent::ScoreKnown, Some("cna"));
    assert_eq!(known.started, Some(at("2099-11-25T00:00:00Z")));
    assert_eq!(known.due, Due::At(at("2099-11-25T03:00:00Z")));
}

/// SCS-04: a release line that the project maintains no more counts from the patch of the main branch.
#[test]
fn an_unmaintained_line_has_its_own_start() {
    let unmaintained = FACTS.replace("maintained = true", "maintained = false");
    let clocks =
        matrix(&facts(&unmaintained), &[regime("bsi-c5-2020-ops-22.toml")], None, at("2099-12-01T00:00:00Z"));
    let base = clocks.iter().find(|clock| clock.is_base).expect("a base");
    assert_eq!((base.start, base.standing), (StartEvent::HeadPatched, Standing::Late));
    // 3 days after the release, which the line would have had were it maintained.
    let tagged = find(&clocks, StartEvent::ReleaseTagged, Some("cna"));
    assert_eq!((tagged.standing, &tagged.flips[..]), (Standing::InTime, &[Choice::Start][..]));
}

#[test]
fn a_table_names_what_nobody_answered() {
    let bod = [regime("cisa-bod-26-04.toml")];
    let clocks = matrix(&facts(FACTS), &bod, None, at("2099-12-01T00:00:00Z"));
    let Due::Unanswered(open) = &clocks[0].due else {
        panic!("{:?}", clocks[0].due);
    };
    assert_eq!(open.len(), 4);
    let answers = "[answers]\nin-kev = \"no\"\npublicly-exposed = \"yes\"\nautomatable = \"no\"\ntechnical-impact = \"partial\"\n";
    let clocks = matrix(&facts(&format!("{FACTS}{answers}")), &bod, None, at("2099-12-01T00:00:00Z"));
    let base = clocks.iter().find(|clock| clock.is_base).expect("a base");
    assert_eq!((&base.due, base.standing), (&Due::At(at("2100-01-11T10:00:00Z")), Standing::InTime));
}

#[test]
fn faults_in_facts_have_their_place() {
    for (from, to, part) in [
        ("schema = 1", "schema = 2", "schema 2"),
        ("score = \"6.5\"", "score = \"65\"", "no score"),
        ("score = \"6.5\"", "", "as `score` or as `vector`"),
        ("AV:N/AC:H", "AV:N", "CVSS"),
        ("2099-11-18T12:00:00Z", "yesterday", "not one exact instant"),
        ("event = \"patch-merged\"", "event = \"public\"", "`public` happened twice"),
        ("event = \"public\"", "event = \"full moon\"", "unknown variant"),
        ("maintained = true", "colour = 1", "unknown field"),
    ] {
        let faults = read_facts(&FACTS.replacen(from, to, 1)).expect_err(part);
        assert!(faults.iter().any(|fault| fault.what.contains(part) && fault.line > 0), "{part}: {faults:?}");
    }
}
