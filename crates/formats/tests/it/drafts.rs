//! Draft files: what is read, what is refused and where, what is still missing.

use crate::sample;
use tidegate_domain::advisory::Section;
use tidegate_formats::draft::{self, Weight};

const GOOD: &str = r#"title = "Berth allocation reads too far"
cwe = "CWE-639"

[sections]
summary = """
A guest reads the ledger.
"""

[[affected]]
product = "Harbourmaster"
purl = "pkg:pypi/harbourmaster"
ranges = [{ introduced = "4.18.0", fixed = "4.18.7" }]

[[credits]]
name = "Ada Example"

[[references]]
title = "Bug 4711"
url = "https://bugs.harbourmaster.example/4711"
"#;

#[test]
fn a_draft_is_read() {
    let read = draft::parse(GOOD).expect("a draft");
    assert_eq!(read.title.as_str(), "Berth allocation reads too far");
    assert_eq!(read.sections.get(&Section::Summary).map(String::as_str), Some("A guest reads the ledger.\n"));
    assert_eq!(draft::lint(&read, &[Section::Summary]), []);
}

#[test]
fn a_draft_survives_being_written_and_read() {
    for publication in [sample::first(), sample::second(), sample::bare()] {
        let written = draft::render(&publication.draft);
        assert_eq!(draft::parse(&written), Ok(publication.draft), "{written}");
    }
}

#[test]
fn a_template_is_a_draft_that_is_not_finished() {
    for required in [&Section::ALL[..], &[Section::Impact, Section::Resolution], &[]] {
        let template = draft::template(required);
        let read = draft::parse(&template).unwrap_or_else(|fault| panic!("{fault}\n{template}"));
        let lints = draft::lint(&read, required);
        let todo = lints.iter().filter(|lint| lint.what.contains("TODO")).count();
        assert_eq!(todo, required.len() + 4, "{lints:#?}");
    }
    insta::assert_snapshot!(draft::template(&[Section::Summary, Section::Impact, Section::Resolution]));
}

#[test]
fn faults_have_a_place_and_an_advice() {
    let faults: Vec<String> = [
        GOOD.replace("title = \"Berth allocation reads too far\"\n", ""),
        GOOD.replace("Berth allocation reads too far", ""),
        GOOD.replace("Berth", "Bérth\\u0000"),
        GOOD.replace("summary", "sumary"),
        GOOD.replace("cwe = ", "cve = "),
        GOOD.replace("CWE-639", "639"),
        GOOD.replace("pkg:pypi/harbourmaster", "pkg:pypi/harbourmaster@4.18.0"),
        GOOD.replace("https://", "http://"),
        GOOD.replace("/4711", "/47 11"),
        GOOD.replace("4.18.7", ""),
        GOOD.replace("Ada", "Ada\\u202e"),
        GOOD.replace("Harbourmaster\"", &format!("{}\"", "x".repeat(201))),
        GOOD.replace("A guest reads the ledger.", &"x".repeat(64 * 1024)),
        GOOD.replace("[sections]", "[sections"),
        format!("{GOOD}{}", "[[credits]]\nname = \"x\"\n".repeat(200)),
        "x".repeat(draft::DRAFT_BYTES_MAX + 1),
    ]
    .iter()
    .map(|source| draft::parse(source).expect_err("a fault").to_string())
    .collect();
    insta::assert_snapshot!(faults.join("\n"));
}

#[test]
fn what_is_missing_is_found() {
    let source = r#"title = "XXX"
[sections]
impact = "  "
summary = """
All is well, TODOS included.
The range is TBD.
The rest is tbd:
FIXME"""
[[affected]]
product = "Harbourmaster"
[[affected]]
product = "Quayside"
ranges = [{ fixed = "1", last_affected = "2" }, {}]
"#;
    let mut read = draft::parse(source).expect("a draft");
    if let Some(product) = read.affected.first_mut() {
        product.repository = Some("http://git.harbourmaster.example".to_owned());
    }
    let lints = draft::lint(&read, &[Section::Impact, Section::Resolution]);
    assert!(lints.is_sorted_by_key(|lint| lint.weight));
    assert!(lints.iter().any(|lint| lint.weight == Weight::Hint));
    let shown: Vec<String> = lints.iter().map(|lint| format!("{:?} {lint}", lint.weight)).collect();
    insta::assert_snapshot!(shown.join("\n"));
}
