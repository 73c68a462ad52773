//! `tidegate regime matrix` from the outside, as a golden file.

use std::path::Path;
use std::process::{Command, Output};

const FACTS: &str = r#"schema = 1
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
event = "release-tagged"
at = "2099-11-12T10:00:00Z"
source = "the release data"

[[scores]]
by = "cna"
score = "6.5"
known = "2099-11-17T12:00:00Z"

[[scores]]
by = "cna"
vector = "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:C/C:L/I:H/A:N"
known = "2099-11-19T12:00:00Z"
"#;

fn matrix(facts: &str, more: &[&str]) -> Output {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("facts.toml");
    std::fs::write(&file, facts).expect("a file");
    let regimes = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../regimes");
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
    command.args(["regime", "matrix", "--regimes"]).arg(regimes).args(more).arg(&file);
    command.output().expect("the program runs")
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn the_matrix_in_words() {
    let at = ["--at", "2099-12-01T00:00:00Z", "--pin", "scs-0124-v1", "--pin-start", "public"];
    insta::assert_snapshot!(said(&matrix(FACTS, &at)));
}

#[test]
fn the_matrix_for_programs_tells_the_same() {
    let output = said(&matrix(FACTS, &["--json", "--at", "2099-11-10T00:00:00Z"]));
    let value: serde_json::Value = serde_json::from_str(&output).expect("JSON");
    let clocks = value[0]["clocks"].as_array().expect("clocks");
    let public = |clock: &&serde_json::Value| clock["regime"] == "scs-0124-v1" && clock["start"] == "public";
    let pending = clocks.iter().find(public).expect("a clock");
    assert_eq!((&pending["state"], &pending["base"]), (&"severity-pending".into(), &true.into()));
    assert_eq!(pending["would_be"][1]["band"], "high");
    assert_eq!(pending["would_be"][1]["due"], "2099-11-07T14:29:43Z");
}

#[test]
fn what_is_wrong_is_named() {
    let output = matrix(FACTS, &["--pin", "scs-0124-v9"]);
    assert_eq!(output.status.code(), Some(4));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no regime `scs-0124-v9` was given"));
    let output = matrix(&FACTS.replace("6.5", "65"), &[]);
    assert_eq!(output.status.code(), Some(5));
    assert!(String::from_utf8_lossy(&output.stderr).contains("line 20, column 9: `65` is no score"));
}
