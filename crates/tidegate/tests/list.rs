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

/// An instance whose list one person decides about.
struct Listed(tempfile::TempDir);

impl Listed {
    fn new() -> Listed {
        let listed = Listed(tempfile::tempdir().expect("a folder"));
        let policy = shipped("policies/xen.toml").display().to_string();
        for line in [
            &["init"][..],
            &["project", "add", "xen", "--policy", &policy],
            &["person", "add", "ian", "--project", "xen", "--role", "team", "--mail", "ian@xen.example"],
        ] {
            assert!(listed.run(line).status.success(), "{line:?}");
        }
        listed
    }

    fn run(&self, line: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
        command.env_remove("TIDEGATE_DIR").env("TIDEGATE_AS", "ian");
        command.arg("--dir").arg(self.0.path().join("instance")).args(line).arg("--json");
        command.output().expect("the program runs")
    }

    fn json(&self, line: &[&str]) -> Value {
        let output = self.run(line);
        assert!(output.status.success(), "{line:?}: {}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(!text.contains("security@"), "an address of the list was printed: {text}");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{line:?}: {error}"))
    }

    fn submit(&self, example: &str) -> Value {
        let file = shipped(&format!("examples/applications/{example}.toml")).display().to_string();
        self.json(&["list", "submit", "xen", &file])
    }
}

/// From the application to the member and its keys, as it is typed; the alias is never printed.
#[test]
fn an_application_is_decided_by_its_answers() {
    let listed = Listed::new();
    let rejected = listed.submit("no-statement");
    assert_eq!((&rejected["complete"], &rejected["stage"]), (&false.into(), &"rejected: incomplete".into()));
    assert!(rejected["lacks"][0]["advice"].as_str().is_some_and(|advice| !advice.is_empty()));
    let id = rejected["application"].as_str().expect("its name").to_owned();
    let told = listed.run(&["list", "decide", &id]);
    assert!(String::from_utf8_lossy(&told.stderr).contains("XEN-17"), "nobody accepts it");

    let open = listed.submit("hosting-provider");
    let id = open["application"].as_str().expect("its name").to_owned();
    assert!(!listed.run(&["list", "decide", &id]).status.success(), "not without an answer to each question");
    for criterion in ["status", "user", "reports"] {
        listed.json(&["list", "answer", &id, criterion, "yes", "--why", "The page says so."]);
    }
    let member = listed.json(&["list", "decide", &id])["member"].as_str().expect("a member").to_owned();
    assert_eq!(listed.json(&["list", "members", "xen"])[0]["member"], member.as_str());

    let other = listed.submit("software-provider");
    let other = other["application"].as_str().expect("its name").to_owned();
    for (criterion, met) in [("status", "yes"), ("user", "no"), ("reports", "yes")] {
        listed.json(&["list", "answer", &other, criterion, met, "--why", "As the page has it."]);
    }
    assert_eq!(listed.json(&["list", "decide", &other])["stage"], "rejected: not met: user");
    listed.json(&["list", "appeal", &other, "--text", "It says so on the second page."]);
    assert!(
        !listed.run(&["list", "hear", &other, "yes", "--why", "So it does."]).status.success(),
        "not by the team"
    );

    listed.json(&["list", "suspend", &member, "--why", "A leak."]);
    let stages: Vec<Value> =
        listed.json(&["list", "applications", "xen"]).as_array().cloned().expect("a list");
    assert_eq!(stages.len(), 3);
    assert_eq!(listed.json(&["list", "member", &member])["standing"], "the membership is suspended");
    assert_eq!(listed.json(&["fsck"])["streams"], 4);
}
