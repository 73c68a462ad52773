//! Completeness, item by item, under a small policy of its own.

use super::*;
use crate::policy::RoleSet;
use crate::policy::list::{AliasRule, Applicant, Ask, Criterion, EvidenceRule};
use crate::policy::vocabulary::{Asked, Evidence, Exposure};
use proptest::prelude::*;

fn slug(name: &str) -> Slug {
    name.parse().expect("a name")
}

fn rules() -> ListRules {
    let ask = |id: &str, asked, of: &[&str]| Ask {
        id: slug(id),
        title: id.to_owned(),
        asked,
        of: of.iter().map(|kind| slug(kind)).collect(),
        clause: format!("L-{id}"),
    };
    ListRules {
        by: RoleSet::NONE,
        persons: 1,
        incomplete: Incomplete::Rejected,
        members: Exposure::Public,
        appeal: String::new(),
        heard_by: RoleSet::NONE,
        reconfirm: None,
        clause: "L-0".to_owned(),
        applicants: vec![
            Applicant { id: slug("host"), title: "Host".to_owned() },
            Applicant { id: slug("maker"), title: "Maker".to_owned() },
        ],
        asks: vec![
            ask("name", Asked::Organisation, &[]),
            ask("domains", Asked::Domains, &[]),
            ask("why", Asked::Words, &[]),
            ask("products", Asked::Products, &[]),
            ask("rates", Asked::Evidence, &["host"]),
            ask("statement", Asked::Statement, &[]),
            ask("alias", Asked::Alias, &[]),
        ],
        evidence: EvidenceRule {
            accepts: vec![Evidence::Page, Evidence::Pdf],
            never_hosts: vec!["shared.example".to_owned()],
            clause: "L-evidence".to_owned(),
        },
        alias: AliasRule { words: vec!["security".to_owned()], clause: "L-address".to_owned() },
        criteria: vec![Criterion {
            id: slug("genuine"),
            question: "Genuine?".to_owned(),
            clause: "L-9".to_owned(),
        }],
    }
}

const COMPLETE: &str = r#"
schema = 1
organisation = "Example"
domains = ["Host.example"]
applies_as = ["host"]
all_products = true
statement = "We have read it."
alias = "xen-security@lists.host.example"
answers.why = "We host."
link = [{ shows = "rates", url = "https://www.host.example/prices", is = "page" }]
"#;

fn with(from: &str, to: &str) -> Vec<(String, String)> {
    assert!(COMPLETE.contains(from), "{from} is part of the complete application");
    let application = read(&COMPLETE.replace(from, to)).expect("its form is right");
    lacks(&rules(), &application).into_iter().map(|lack| (lack.clause, lack.what)).collect()
}

#[test]
fn a_complete_application_lacks_nothing() {
    assert_eq!(with("Example", "Example"), []);
}

#[test]
fn each_part_that_is_missing_is_named_under_its_clause() {
    for (from, to, clause, word) in [
        ("\"Example\"", "\" \"", "L-name", "not named"),
        ("[\"Host.example\"]", "[]", "L-domains", "no domain"),
        ("[\"Host.example\"]", "[\"example\", \"host.example\"]", "L-domains", "`example`"),
        ("[\"Host.example\"]", "[\"10.0.0.1\", \"host.example\"]", "L-domains", "10.0.0.1"),
        ("[\"Host.example\"]", "[\"me.shared.example\", \"host.example\"]", "L-evidence", "shared by many"),
        ("\"We host.\"", "\"\"", "L-why", "no answer"),
        ("all_products = true", "", "L-products", "which products"),
        ("[\"host\"]", "[]", "L-0", "does not say what it is"),
        ("[\"host\"]", "[\"host\", \"guest\"]", "L-0", "guest"),
        ("\"rates\"", "\"prices\"", "L-rates", "no page"),
        ("\"We have read it.\"", "\"\"", "L-statement", "no such statement"),
        ("xen-security@lists.host.example", "", "L-address", "no address"),
        ("xen-security@lists.host.example", "jane@host.example", "L-address", "person"),
        ("xen-security@lists.host.example", "security@other.example", "L-address", "own domains"),
        ("xen-security@lists.host.example", "a security@host.example", "L-address", "not one mail address"),
        ("xen-security@lists.host.example", "security@a.host.example@host.example", "L-address", "not one"),
    ] {
        let lacks = with(from, to);
        let found = lacks.iter().any(|(under, what)| under == clause && what.contains(word));
        assert!(found, "{from} -> {to}: expected {word} under {clause}, found {lacks:?}");
    }
}

#[test]
fn evidence_is_a_public_page_of_its_own() {
    let page = "\"https://www.host.example/prices\", is = \"page\"";
    for (to, word) in [
        ("\"https://nothost.example/prices\", is = \"page\"", "own domains"),
        ("\"https://host.example.evil.example/\", is = \"page\"", "own domains"),
        ("\"https://www.host.example@evil.example/\", is = \"page\"", "user name"),
        ("\"https://me.shared.example/\", is = \"page\"", "anybody's own page"),
        ("\"https://blog.host.example/a\", is = \"page\"", "blog post"),
        ("\"https://host.example/Blog/a\", is = \"page\"", "blog post"),
        ("\"https://host.example/tour.mp4\", is = \"page\"", "video"),
        ("\"https://192.0.2.1/prices\", is = \"page\"", "no host of a domain"),
        ("\"ftp://host.example/prices\", is = \"page\"", "no public web pages"),
        ("\"prices\", is = \"page\"", "no URL"),
        ("\"https://host.example/prices\", is = \"registration\"", "not accepted"),
        ("\"https://host.example/p.pdf\", is = \"pdf\"", "without the page that links it"),
        (
            "\"https://host.example/p.pdf\", is = \"pdf\", linked_from = \"https://host.example/\"",
            "which part",
        ),
        (
            "\"https://host.example/p.pdf\", is = \"pdf\", part = \"3\", linked_from = \"https://x.example/\"",
            "own domains",
        ),
    ] {
        let lacks = with(page, to);
        assert!(lacks.iter().any(|(_, what)| what.contains(word)), "{to}: expected {word}, found {lacks:?}");
    }
    let pdf =
        "\"https://host.example/p.pdf\", is = \"pdf\", part = \"3\", linked_from = \"https://host.example/\"";
    assert_eq!(with(page, pdf), []);
}

#[test]
fn one_good_page_is_enough() {
    let more = "link = [{ shows = \"rates\", url = \"https://blog.host.example/\", is = \"blog-post\" }, ";
    assert_eq!(with("link = [", more), []);
}

#[test]
fn only_whom_it_concerns_is_asked() {
    let lacks = with("[\"host\"]", "[\"maker\"]");
    assert_eq!(lacks, [], "a maker has no rates");
}

/// What an application lacks is public, and its address is not (XEN-18, XEN-19).
#[test]
fn no_lack_repeats_the_address() {
    for alias in ["jane.secret@host.example", "security@secret.example", "secret secret@host.example"] {
        for (_, what) in with("xen-security@lists.host.example", alias) {
            assert!(!what.contains("secret"), "{what}");
        }
    }
}

#[test]
fn the_team_decides_about_what_is_complete_alone() {
    let rules = rules();
    let ruling = |met| Ruling { criterion: slug("genuine"), met, why: "seen".to_owned() };
    let application = read(COMPLETE).expect("its form is right");
    assert_eq!(outcome(&rules, &application, &[]), Outcome::Open(vec![slug("genuine")]));
    assert_eq!(outcome(&rules, &application, &[ruling(true)]), Outcome::Member);
    assert_eq!(outcome(&rules, &application, &[ruling(false)]), Outcome::NotMet(vec![slug("genuine")]));
    assert_eq!(
        outcome(&rules, &application, &[ruling(false), ruling(true)]),
        Outcome::Member,
        "the last counts"
    );
    let incomplete = Application { statement: String::new(), ..application };
    assert!(matches!(outcome(&rules, &incomplete, &[ruling(true)]), Outcome::Incomplete(_)));
}

#[test]
fn faults_of_form_have_a_place_and_an_advice() {
    for (text, line, word) in [
        ("schema = 1\norganization = \"x\"", 2, "unknown field"),
        ("schema = 1\nlink = [{ shows = \"a\", url = \"b\", is = \"pamphlet\" }]", 2, "no kind of page"),
        ("schema = 2", 0, "schema 2"),
        ("schema =", 1, ""),
    ] {
        let fault = read(text).expect_err("it has a fault");
        assert_eq!(fault.line, line, "{fault}");
        assert!(fault.what.contains(word) && !fault.advice.is_empty(), "{fault}");
    }
    let many = format!("schema = 1\ndomains = [{}]", "\"a.example\",".repeat(101));
    assert!(read(&many).expect_err("too many").what.contains("101 entries"));
}

proptest! {
    /// Whatever somebody writes, there is an answer, and an empty application is never complete.
    #[test]
    fn anything_gets_an_answer(url in "\\PC{0,60}", domain in "\\PC{0,30}", alias in "\\PC{0,30}") {
        let link = Link {
            shows: slug("rates"),
            url,
            kind: Evidence::Page,
            part: String::new(),
            linked_from: String::new(),
        };
        let application = Application {
            domains: vec![domain],
            applies_as: vec![slug("host")],
            alias,
            links: vec![link],
            ..Application::default()
        };
        let lacks = lacks(&rules(), &application);
        prop_assert!(lacks.iter().any(|lack| lack.clause == "L-name"));
    }
}
