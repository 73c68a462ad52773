//! `tidegate inventory` from the outside.

use serde_json::Value;
use std::process::{Command, Output};

fn run(folder: &std::path::Path, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
    command.current_dir(folder).arg("inventory").args(words).output().expect("the program runs")
}

#[test]
fn snapshots_are_compared_and_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file");
    write("old", "r.example.org/nova-api:29.0.1\nr.example.org/cron:latest\n");
    write("new", "r.example.org/nova-api:29.0.2\nr.example.org/heat-api:22.0.0\nr.example.org/a b c\n");
    let output = run(folder.path(), &["diff", "old", "new"]);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    for part in
        ["+ heat-api 22.0.0", "- cron latest", "~ nova-api 29.0.1 -> 29.0.2", "unread: 0 before, 2 now"]
    {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let output = run(folder.path(), &["diff", "--json", "old", "new"]);
    let value: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(value["changed"][0]["after"][0], "29.0.2");
    assert_eq!(value["unread"]["now"], 2);

    let output = run(folder.path(), &["read", "old"]);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(text.contains("its version says nothing: cron `latest`"), "{text}");
    let output = run(folder.path(), &["read", "new"]);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(text.contains("unread: line 3 `b`"), "{text}");
    let output = run(folder.path(), &["read", "missing"]);
    assert_ne!(output.status.code(), Some(0));
}
