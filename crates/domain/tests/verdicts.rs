//! Verdicts by position, on a made-up product whose history fits on a page.

use jiff::civil::{Date, date};
use proptest::prelude::*;
use std::collections::BTreeMap;
use tidegate_domain::inventory::{Component, Kind};
use tidegate_domain::release::{Line, Release, Releases, Support};
use tidegate_domain::verdict::{
    Affected, Build, CommitFact, Contained, Fix, Judgement, Known, Limit, Published, Range, Side, Statement,
    Verdict, judge,
};
use tidegate_domain::version::ReleaseVersion;

fn v(text: &str) -> ReleaseVersion {
    text.parse().expect("a version")
}

fn line(name: &str, number: &str) -> Line {
    Line {
        name: name.to_owned(),
        number: Some(number.to_owned()),
        status: Support::Maintained,
        released: None,
        ended: None,
        next: None,
        slurp: false,
    }
}

/// Two lines: oak (2023.2) is 23.x, pine (2024.1) is 24.x.
fn releases() -> Releases {
    let release = |line: &str, version: &str, day: &str| Release {
        version: v(version),
        line: line.to_owned(),
        seen: Some(format!("{day}T12:00:00Z").parse().expect("an instant")),
        commit: None,
    };
    let tide = vec![
        release("oak", "23.0.0.0rc1", "2023-09-14"),
        release("oak", "23.0.0", "2023-10-02"),
        release("oak", "23.1.0", "2023-11-15"),
        release("oak", "23.2.0", "2024-07-18"),
        release("oak", "23.3.0", "2024-12-11"),
        release("pine", "24.0.0.0rc1", "2024-03-14"),
        release("pine", "24.0.0", "2024-04-02"),
        release("pine", "24.0.1", "2024-07-17"),
        release("pine", "24.1.0", "2024-12-11"),
    ];
    let lines = vec![line("pine", "2024.1"), line("oak", "2023.2")];
    Releases::new(lines, BTreeMap::from([("tide".to_owned(), tide)]))
}

fn range(from: Option<&str>, to: Limit) -> Range {
    Range { from: from.map(v), to }
}

/// `>=23.0.0 <23.2.1, >=24.0.0 <24.0.2`, public on 2024-12-03.
fn statement() -> Statement {
    Statement {
        advisory: "OSSA-2024-900".to_owned(),
        product: "tide".to_owned(),
        said: ">=23.0.0 <23.2.1, >=24.0.0 <24.0.2".to_owned(),
        affected: Affected::Ranges(vec![
            range(Some("23.0.0"), Limit::Below(v("23.2.1"))),
            range(Some("24.0.0"), Limit::Below(v("24.0.2"))),
        ]),
        published: Some(Published { day: date(2024, 12, 3), source: "its date".to_owned() }),
    }
}

fn component(kind: Kind, version: &str) -> Component {
    Component { kind, name: "tide-api".to_owned(), version: version.to_owned(), digest: None, commit: None }
}

fn judged(kind: Kind, version: &str, fixes: &[Fix], seen: Option<Date>) -> Judgement {
    let releases = releases();
    let build = Build::read(&component(kind, version), &releases);
    judge(&statement(), &build, &Known { releases: &releases, fixes, commit: None, seen })
}

fn verdict(version: &str) -> Verdict {
    judged(Kind::Image, version, &[], None).verdict
}

fn fix(line: &str, day: &str, first_release: Option<&str>) -> Fix {
    Fix {
        commit: "0123456789abcdef".to_owned(),
        line: line.to_owned(),
        merged: format!("{day}T12:00:00Z").parse().expect("an instant"),
        first_release: first_release.map(v),
    }
}

#[test]
fn a_release_is_judged_by_the_range() {
    for (version, expected) in [
        ("22.1.0", Verdict::NotAffected),
        ("23.0.0", Verdict::Affected),
        ("23.2.0", Verdict::Affected),
        ("23.3.0", Verdict::Fixed),
        ("24.0.1", Verdict::Affected),
        ("24.1.0", Verdict::Fixed),
        ("30.0.0", Verdict::Fixed),
    ] {
        assert_eq!(verdict(version), expected, "{version}");
    }
}

/// The trap: 24.0.2 was never released, and a build of that name was cut from the branch before the fix.
#[test]
fn an_integrators_number_is_no_release() {
    assert_eq!(verdict("24.0.2.20240909"), Verdict::Affected);
    assert_eq!(verdict("23.2.1.20240907"), Verdict::Affected);
    let between = judged(Kind::Image, "24.0.2.20241206", &[], None);
    assert_eq!(between.verdict, Verdict::Unknown);
    assert!(between.account.settles.is_some_and(|settles| settles.contains("--repos")));
    assert_eq!(verdict("24.0.2.20241212"), Verdict::Fixed, "the branch had come to 24.1.0");
    assert_eq!(verdict("24.0.2.20241211"), Verdict::Unknown, "on the day of the release, hours decide");
    assert_eq!(verdict("24.0.2"), Verdict::Unknown, "without a date nothing tells");
    let seen = judged(Kind::Image, "24.0.2", &[], Some(date(2024, 9, 9)));
    assert_eq!(seen.verdict, Verdict::Affected, "what ran before the fix was built before it");
    let seen = judged(Kind::Image, "24.0.2", &[], Some(date(2025, 9, 9)));
    assert_eq!(seen.verdict, Verdict::Unknown, "what ran after the fix may have been built before it");
}

/// Release data without days: a number that carries the fix may have been given away before.
#[test]
fn a_release_of_no_known_day_settles_nothing_for_an_early_build() {
    let dated = releases();
    let undated = |release: &Release| Release { seen: None, ..release.clone() };
    let tide: Vec<Release> = dated.of("tide").iter().map(undated).collect();
    let releases = Releases::new(dated.lines().to_vec(), BTreeMap::from([("tide".to_owned(), tide)]));
    let verdict = |version: &str| {
        let build = Build::read(&component(Kind::Image, version), &releases);
        judge(&statement(), &build, &Known { releases: &releases, fixes: &[], commit: None, seen: None })
            .verdict
    };
    assert_eq!(verdict("24.1.0.20240909"), Verdict::Unknown);
    assert_eq!(verdict("24.1.0.20241225"), Verdict::Fixed);
    assert_eq!(verdict("24.1.0"), Verdict::Fixed);
    assert_eq!(verdict("24.0.2.20240909"), Verdict::Affected);
}

#[test]
fn a_number_that_became_a_release_later_is_no_release_yet() {
    let early = judged(Kind::Image, "24.1.0.20240909", &[], None);
    assert_eq!(early.verdict, Verdict::Affected, "{}", early.why);
    assert_eq!(verdict("24.1.0.20241215"), Verdict::Fixed);
}

#[test]
fn a_snapshot_follows_the_release_before_it() {
    for (version, expected) in [
        ("24.1.1.dev3", Verdict::Fixed),
        ("24.0.1.dev5", Verdict::Affected),
        ("24.0.2.dev5.20240909", Verdict::Affected),
        ("23.3.1.dev1.20250101", Verdict::Fixed),
        // Older than everything that was released: number and date contradict each other.
        ("23.3.1.dev1.20200101", Verdict::Unknown),
        // On the main branch, after 23.0.0.0rc1 and before 24.0.0: both are affected.
        ("24.0.0.dev100.20240101", Verdict::Affected),
        // On the main branch before the flaw, on the way to the first version with it.
        ("23.0.0.dev100", Verdict::Unknown),
        ("22.0.1.dev1", Verdict::NotAffected),
        // After 24.0.0.0rc1, where the line pine began, and not after pine's 24.1.0, which has the fix.
        ("25.0.0.dev7", Verdict::Unknown),
        ("25.0.0.dev7.20240909", Verdict::Affected),
        // A number past 24.1.0 that was built before it: the date counts.
        ("24.1.1.20240909", Verdict::Affected),
    ] {
        let judgement = judged(Kind::Image, version, &[], None);
        assert_eq!(judgement.verdict, expected, "{version}: {}", judgement.why);
    }
}

#[test]
fn merges_decide_where_a_repository_knows_them() {
    let fixes = [fix("pine", "2024-12-04", Some("24.1.0")), fix("pine", "2025-04-14", None)];
    let judged = |version: &str| judged(Kind::Image, version, &fixes, None).verdict;
    assert_eq!(judged("24.0.2.20241203"), Verdict::Affected);
    assert_eq!(judged("24.0.2.20241204"), Verdict::Unknown);
    assert_eq!(judged("24.0.2.20241206"), Verdict::Fixed);
    // The other line's fix says nothing about this one.
    assert_eq!(judged("23.2.1.20241206"), Verdict::Unknown);
}

/// An advisory that names a number too low: the range calls 24.1.0 fixed, the commits say it isn't.
#[test]
fn a_fix_that_came_after_a_release_is_not_in_it() {
    let fixes = [fix("pine", "2025-05-10", Some("24.2.0"))];
    let judgement = judged(Kind::Image, "24.1.0", &fixes, None);
    assert_eq!(judgement.verdict, Verdict::Affected, "{}", judgement.why);
    let snapshot = judged(Kind::Image, "24.1.1.20250401", &fixes, None);
    assert_eq!(snapshot.verdict, Verdict::Affected, "{}", snapshot.why);
}

#[test]
fn a_commit_decides_where_a_repository_has_it() {
    let releases = releases();
    let made_from = |fix: Contained, after: &str, is_release: bool| {
        let component =
            Component { commit: Some("0123456789abcdef".to_owned()), ..component(Kind::Python, "") };
        let fact = CommitFact { fix, after: Some(v(after)), is_release };
        let build = Build::read(&component, &releases);
        let known = Known { releases: &releases, fixes: &[], commit: Some(&fact), seen: None };
        judge(&statement(), &build, &known).verdict
    };
    for (fix, after, expected) in [
        (Contained::All, "24.0.1", Verdict::Fixed),
        (Contained::Part, "24.0.1", Verdict::Unknown),
        (Contained::Nothing, "24.0.1", Verdict::Affected),
        // On top of 22.0.0 the main branch goes on to 23.0.0, which has the flaw.
        (Contained::Nothing, "22.0.0", Verdict::Unknown),
        (Contained::Untold, "22.0.0", Verdict::Unknown),
        (Contained::Nothing, "24.1.0", Verdict::Unknown),
        (Contained::Untold, "24.0.1", Verdict::Unknown),
        (Contained::Untold, "24.1.0", Verdict::Fixed),
        // On top of 23.3.0, which is fixed, the main branch goes on to 24.0.0, which has the flaw again.
        (Contained::Untold, "23.3.0", Verdict::Unknown),
        (Contained::Part, "23.3.0", Verdict::Unknown),
    ] {
        assert_eq!(made_from(fix, after, false), expected, "{fix:?} after {after}");
    }
    assert_eq!(made_from(Contained::Nothing, "22.0.0", true), Verdict::NotAffected);
    assert_eq!(made_from(Contained::Untold, "23.3.0", true), Verdict::Fixed);
}

#[test]
fn a_tag_that_names_a_line_is_bounded_by_its_date() {
    assert_eq!(verdict("2024.1-ubuntu-jammy-20240909T101112"), Verdict::Affected);
    assert_eq!(verdict("2024.1-ubuntu-jammy-20250909T101112"), Verdict::Unknown);
    assert_eq!(verdict("stable-2023.2"), Verdict::Unknown);
    assert_eq!(verdict("latest"), Verdict::Unknown);
    assert_eq!(verdict(""), Verdict::Unknown);
}

#[test]
fn a_distributions_package_may_carry_its_own_fix() {
    let verdict = |version: &str| judged(Kind::Distribution, version, &[], None).verdict;
    assert_eq!(verdict("2:24.0.1-0ubuntu1.3"), Verdict::Unknown);
    assert_eq!(verdict("2:24.1.0-0ubuntu1"), Verdict::Fixed);
    assert_eq!(verdict("2:22.0.0-0ubuntu1"), Verdict::NotAffected);
    // Cut from a branch on the way to 24.0.2, or on top of a release from before the flaw.
    assert_eq!(verdict("1:24.0.2-0.20240909101112.ab12cd3.el9"), Verdict::Unknown);
    assert_eq!(verdict("2:22.0.0+git20230801-0ubuntu1"), Verdict::Unknown);
    assert_eq!(verdict("2:23.3.0+git20240101-0ubuntu1"), Verdict::Unknown);
    assert_eq!(verdict("2:24.1.1+git20250101-0ubuntu1"), Verdict::Fixed);
}

/// A line whose releases all carry the fix was made on the main branch before it had them.
#[test]
fn a_build_older_than_its_line_is_not_what_the_line_became() {
    let releases = releases();
    let late =
        Statement { affected: Affected::Ranges(vec![range(None, Limit::Below(v("23.2.1")))]), ..statement() };
    let verdict = |version: &str| {
        let build = Build::read(&component(Kind::Image, version), &releases);
        judge(&late, &build, &Known { releases: &releases, fixes: &[], commit: None, seen: None }).verdict
    };
    assert_eq!(verdict("2024.1-ubuntu-jammy-20240501"), Verdict::Fixed);
    assert_eq!(verdict("2024.1-ubuntu-jammy-20240101"), Verdict::Unknown);
}

/// The flaw came and went with patch levels between the release before and the number of the snapshot.
#[test]
fn a_snapshot_that_spans_a_range_stays_unknown() {
    let releases = releases();
    let between = Statement {
        affected: Affected::Ranges(vec![range(Some("24.1.2"), Limit::Below(v("24.1.4")))]),
        ..statement()
    };
    let verdict = |version: &str| {
        let build = Build::read(&component(Kind::Image, version), &releases);
        judge(&between, &build, &Known { releases: &releases, fixes: &[], commit: None, seen: None }).verdict
    };
    assert_eq!(verdict("24.1.5.dev3"), Verdict::Unknown);
    assert_eq!(verdict("24.1.1.dev3"), Verdict::NotAffected);
    assert_eq!(verdict("stable-2024.1"), Verdict::Unknown, "a later patch level may have the flaw");
}

#[test]
fn what_an_advisory_says_unclearly_stays_unknown() {
    let releases = releases();
    let unclear = Statement { affected: Affected::NotUnderstood, said: "TODO".to_owned(), ..statement() };
    for version in ["23.0.0", "24.0.2.20240909", "30.0.0"] {
        let build = Build::read(&component(Kind::Image, version), &releases);
        let judgement =
            judge(&unclear, &build, &Known { releases: &releases, fixes: &[], commit: None, seen: None });
        assert_eq!(judgement.verdict, Verdict::Unknown, "{version}");
        assert!(judgement.account.range.contains("TODO"));
    }
}

#[test]
fn a_verdict_explains_itself() {
    let judgement = judged(Kind::Image, "24.0.2.20240909", &[], None);
    assert_eq!(
        judgement.why,
        "24.0.2.20240909 is a snapshot of pine after 24.0.1, built 2024-09-09, before OSSA-2024-900 became public on 2024-12-03"
    );
    let days: Vec<Date> = judgement.account.dates.iter().map(|(day, _)| *day).collect();
    assert_eq!(days, [date(2024, 7, 17), date(2024, 9, 9), date(2024, 12, 3), date(2024, 12, 11)]);
    assert_eq!(judgement.account.line.as_deref(), Some("pine"));
}

proptest! {
    /// A later build from the same place is never worse, and one in the ranges on both sides is affected.
    #[test]
    fn time_only_helps(
        major in 22_u64..26, minor in 0_u64..4, patch in 0_u64..4,
        snapshot in proptest::option::of(0_u64..200), early in 0_i64..900, later in 0_i64..900,
    ) {
        let number = match snapshot {
            Some(dev) => format!("{major}.{minor}.{patch}.dev{dev}"),
            None => format!("{major}.{minor}.{patch}"),
        };
        let built = |days: i64| {
            let day = date(2023, 6, 1).saturating_add(jiff::Span::new().days(days));
            judged(Kind::Image, &format!("{number}.{}", day.strftime("%Y%m%d")), &[], None)
        };
        let (first, second) = (built(early.min(later)), built(early.max(later)));
        if first.verdict == Verdict::Fixed {
            prop_assert_ne!(second.verdict, Verdict::Affected, "{} then {}", first.why, second.why);
        }
        let inside = |version: &str| statement().side(&v(version), None) == Side::Within;
        if snapshot.is_none() && inside(&number) && v(&number).patch_level_before().is_some_and(|b| inside(&b.to_string())) {
            prop_assert!(!matches!(second.verdict, Verdict::NotAffected), "{}", second.why);
            prop_assert!(first.verdict != Verdict::NotAffected, "{}", first.why);
        }
    }
}
