//! `tidegate neutral` from the outside: what a public text gives away, and where.

use serde_json::{Value, json};
use std::io::Write as _;
use std::process::{Command, Output, Stdio};

const POLICY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies/cloudstack.toml");
const XEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies/xen-2014.toml");

fn run(folder: &std::path::Path, line: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
    command.env("TIDEGATE_AS", "ian").arg("--dir").arg(folder).args(line);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let mut pipe = child.stdin.take().expect("a pipe");
    // A program that reads nothing closes it.
    let _ = pipe.write_all(input.as_bytes());
    drop(pipe);
    child.wait_with_output().expect("ended")
}

fn told(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn a_policys_words_are_found_with_their_place_and_clause() {
    let room = tempfile::tempdir().expect("a folder");
    let text = "Check the length\n\nAn attacker may cve_2026_1 it.\n";
    let output = run(room.path(), &["neutral", "--policy", POLICY, "-", "--json"], text);
    assert_eq!(output.status.code(), Some(3));
    let found = told(&output);
    assert_eq!((&found[0]["line"], &found[0]["column"]), (&json!(3), &json!(4)));
    assert_eq!((&found[0]["word"], &found[0]["refused"]), (&json!("attack"), &json!(true)));
    assert_eq!(found[0]["clause"], "CS-12");
    assert_eq!(found.as_array().map(Vec::len), Some(1), "`CVE-` is looked for as it stands: {found}");

    let output = run(room.path(), &["neutral", "--policy", POLICY, "--text", "check-the-length"], "");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "nothing in it gives anything away");
}

#[test]
fn a_cases_own_words_are_found_however_they_are_spelled() {
    let room = tempfile::tempdir().expect("a folder");
    for line in [
        &["init"][..],
        &["project", "add", "xen", "--policy", XEN],
        &["person", "add", "ian", "--project", "xen", "--role", "team"],
    ] {
        let output = run(room.path(), line, "");
        assert!(output.status.success(), "{line:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let mail = "From: finder@example.org\nSubject: Unbounded snapshots of volumes\n\nIt fills.\n";
    let output = run(room.path(), &["report", "receive", "--project", "xen", "--json"], mail);
    let case = told(&output)["case"].as_str().expect("a case").to_owned();
    for line in [
        &["case", "confirm", &case, "--release", "4.20"][..],
        &["case", "reserve-cve", &case, "--cve", "CVE-2026-12345"],
    ] {
        let output = run(room.path(), line, "");
        assert!(output.status.success(), "{line:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let text = "Limit snapshots\n\nSee cve 2026 12345; thanks to Finder@Example.org\n";
    let output = run(room.path(), &["neutral", "--case", &case, "-", "--json"], text);
    assert_eq!(output.status.code(), Some(3));
    let found = told(&output);
    let words: Vec<(&str, bool)> = found
        .as_array()
        .expect("a list")
        .iter()
        .map(|tell| (tell["word"].as_str().expect("text"), tell["refused"] == true))
        .collect();
    assert_eq!(words, [("snapshots", false), ("CVE-2026-12345", true), ("finder@example.org", true)]);

    // Whoever has no such case learns nothing of its words.
    let eves = ["--as", "eve", "neutral", "--case", &case, "-"];
    let none = ["--as", "eve", "neutral", "--case", "0000-0000-0000", "-"];
    assert_eq!(run(room.path(), &eves, text).status.code(), Some(4));
    assert_eq!(run(room.path(), &none, text).status.code(), Some(4));
}
