//! Trying out a policy for the predisclosure list, as it is typed.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn shipped(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

fn run(arguments: &[&Path]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
    command.args(["list", "try", "--json"]).args(arguments).output().expect("the program runs")
}

fn outcomes(policy: &str) -> Vec<(String, String)> {
    let output = run(&[&shipped(policy), &shipped("examples/applications")]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tried: Vec<Value> = serde_json::from_slice(&output.stdout).expect("JSON");
    let word = |value: &Value| value.as_str().expect("a word").to_owned();
    tried.iter().map(|one| (word(&one["application"]), word(&one["under"][0]["outcome"]))).collect()
}

/// Each kind of applicant that document 004 names gets in; each kind of evidence that it refuses does not.
#[test]
fn the_examples_fare_as_document_004_has_it() {
    for policy in ["policies/xen-2014.toml", "policies/xen.toml"] {
        let members = ["hosting-provider", "open-source-project", "software-provider"];
        for (name, outcome) in outcomes(policy) {
            let expected = match name.as_str() {
                name if members.contains(&name) => "member",
                "does-not-say-xen" => "not_met",
                _ => "incomplete",
            };
            assert_eq!(outcome, expected, "{name} under {policy}");
        }
    }
    let in_cloudstack: Vec<String> = outcomes("policies/cloudstack.toml")
        .into_iter()
        .filter(|(_, outcome)| outcome == "member")
        .map(|(name, _)| name)
        .collect();
    assert_eq!(in_cloudstack, ["distributor-of-cloudstack"]);
}

/// What is printed may be put beside the decision, which is public; the address may not (XEN-19).
#[test]
fn no_address_is_printed() {
    let output = run(&[&shipped("policies/xen.toml"), &shipped("examples/applications/personal-alias.toml")]);
    let printed = String::from_utf8(output.stdout).expect("text");
    assert!(printed.contains("looks like a person's") && !printed.contains("jane"), "{printed}");
}

#[test]
fn what_cannot_be_tried_is_said_with_its_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let broken = folder.path().join("broken.toml");
    std::fs::write(&broken, "schema = 1\norganization = \"x\"\n").expect("written");
    for (policy, applications, code, said) in [
        (shipped("policies/xen.toml"), broken.clone(), 5, "line 2"),
        (shipped("policies/openstack.toml"), shipped("examples/applications"), 5, "no rules for a list"),
        (shipped("policies/xen.toml"), shipped("docs/decisions"), 4, "no application"),
    ] {
        let output = run(&[&policy, &applications]);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{error}");
        assert!(error.contains(said), "{error}");
    }
}
