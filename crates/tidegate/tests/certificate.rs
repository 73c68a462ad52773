//! `tidegate certificate try` and `tidegate policy check` on policies for certificates, from the outside.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name)
}

fn run(words: &[&str], files: &[&Path], more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
    command.args(words).args(files).args(more).output().expect("the program runs")
}

fn tried(at: &str, more: &[&str]) -> String {
    let files = [shipped("policies/scs.toml"), shipped("examples/certificates/late-provider.toml")];
    let output = run(&["certificate", "try", "--at", at], &[&files[0], &files[1]], more);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "the shipped policy is sound");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn a_policy_is_tried_on_a_history() {
    let moments =
        ["2025-01-10T00:00:00Z", "2025-11-18T00:00:00Z", "2026-03-10T00:00:00Z", "2026-04-10T00:00:00Z"];
    let said: Vec<String> = moments.iter().map(|at| tried(at, &[])).collect();
    insta::assert_snapshot!("certificate_try", said.join("\n----\n"));
}

#[test]
fn programs_get_the_same() {
    let value: Value = serde_json::from_str(&tried("2026-04-10T00:00:00Z", &["--json"])).expect("JSON");
    assert_eq!(value["refused"][0]["clause"], "SCS-11");
    assert_eq!(value["dates"][0]["late"], true);
    let text = value["public"].to_string();
    assert!(text.contains("the period to answer ended") && !text.contains("libvirt"), "{text}");
}

#[test]
fn policies_of_both_kinds_are_checked_together() {
    let (scs, base) = (shipped("policies/scs.toml"), shipped("tests/policies-broken/base.toml"));
    let output = run(&["policy", "check"], &[&scs, &base], &[]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}");
    assert_eq!(said.matches(": sound; ").count(), 2, "{said}");

    let folder = tempfile::tempdir().expect("a folder");
    let broken = folder.path().join("broken.toml");
    let text = std::fs::read_to_string(&scs).expect("the policy");
    let changed = text.replace("after = [\"noticed\", \"period-over\"]", "after = [\"noticed\"]");
    assert_ne!(changed, text);
    std::fs::write(&broken, changed).expect("a file");
    let output = run(&["policy", "check"], &[&broken], &[]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(5));
    assert!(said.contains("revoked with 14 days left of the period to answer"), "{said}");
    assert!(said.contains("5. [authority] revoke the certificate"), "{said}");
    // Whoever tries it out all the same is told.
    let example = shipped("examples/certificates/late-provider.toml");
    let output = run(&["certificate", "try"], &[&broken, &example], &[]);
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("is not sound (1 findings)"));
    // What is for cases alone says so.
    let output = run(&["policy", "matrix"], &[&scs], &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("it is a policy for certificates"));
}

/// The policy prints its own page, the rule of each step with it.
#[test]
fn the_policy_is_printed_for_people() {
    let output = run(&["policy", "page"], &[&shipped("policies/scs.toml")], &[]);
    assert!(output.status.success());
    insta::assert_snapshot!("certificate_page", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn faults_of_a_history_have_their_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("events.toml");
    let text = std::fs::read_to_string(shipped("examples/certificates/late-provider.toml")).expect("text");
    for (from, to, part) in [
        ("deployment = \"old\"", "", "`apply` needs `deployment`"),
        (
            "by = \"provider\"\ndoes = \"apply\"",
            "by = \"clock\"\ndoes = \"apply\"",
            "the clock needs no lines",
        ),
        ("2025-01-08T", "2024-01-08T", "before the one above it"),
        ("does = \"settle\"", "does = \"settel\"", "`settel` is not known here"),
        ("open = 0", "", "the number of open findings"),
    ] {
        assert!(text.contains(from), "{from}");
        std::fs::write(&file, text.replacen(from, to, 1)).expect("a file");
        let output = run(&["certificate", "try"], &[&shipped("policies/scs.toml"), &file], &[]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(5), "{said}");
        assert!(said.contains("events.toml: line") && said.contains(part), "{said}");
    }
}
