//! `tidegate baseline forecast` from the outside, on a made-up repository.

mod git;

use git::{commit, git};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

/// Two staging branches after one release, and a fix that was made on the release.
fn world() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    git(at, &["init", "--quiet", "-b", "staging-1"]);
    commit(at, "one\ntwo\nthree\nfour\nfive\n", "first");
    git(at, &["tag", "v1.0"]);
    git(at, &["tag", "nightly"]);
    git(at, &["checkout", "--quiet", "-b", "private"]);
    commit(at, "one\ntwo\nTHREE\nfour\nfive\n", "the fix");
    let patch = git(at, &["format-patch", "--stdout", "-1"]) + "\n";
    std::fs::write(at.join("xsa1.patch"), patch).expect("written");
    git(at, &["checkout", "--quiet", "-b", "staging-2", "v1.0"]);
    std::fs::write(at.join("beside"), "x\n").expect("written");
    git(at, &["add", "beside"]);
    git(at, &["commit", "--quiet", "-m", "beside"]);
    git(at, &["checkout", "--quiet", "staging-1"]);
    let since = commit(at, "one\nTWO\nthree\nfour\nfive\n", "tidy up");
    (folder, since)
}

fn forecast(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
    command.current_dir(folder).args(["baseline", "forecast", "--repo", "."]).args(args);
    command.output().expect("the program runs")
}

fn answer(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).expect("one object")
}

#[test]
fn a_fix_that_stopped_applying_is_told_with_the_commit_and_the_place() {
    let (folder, since) = world();
    let at = folder.path();
    let args = ["--against", "staging-1:v1.0", "--against", "staging-2", "--releases", "v", "xsa1.patch"];
    let output = forecast(at, &[&args[..], &["--json"]].concat());
    assert_eq!(output.status.code(), Some(6), "{}", String::from_utf8_lossy(&output.stderr));
    let told = answer(&output);
    let [one, two] = [&told["branches"][0], &told["branches"][1]];
    assert_eq!((&one["release"], &two["release"]), (&"v1.0".into(), &"v1.0".into()));
    let stopped = &one["series"][0];
    assert_eq!((&stopped["result"], &stopped["series"]), (&"stopped".into(), &"xsa1.patch".into()));
    assert_eq!(
        (&stopped["since"]["commit"], &stopped["since"]["subject"]),
        (&since.into(), &"tidy up".into())
    );
    assert_eq!(stopped["patches"][0]["file"], "file");
    assert_eq!(stopped["on_release"]["applies"], true);
    assert_eq!((&two["series"][0]["result"], &two["commits"]), (&"applies".into(), &1.into()));
    assert_eq!(one["proposal"]["proposed"], false);
    let text = String::from_utf8(forecast(at, &args).stdout).expect("text");
    for wanted in ["xsa1.patch stopped applying to staging-1 with", "tidy up", "fails at file, line 1"] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
    assert_eq!(forecast(at, &["--against", "staging-2", "xsa1.patch"]).status.code(), Some(0));
}

#[test]
fn folders_and_commits_are_series_and_a_mark_is_an_option() {
    let (folder, tidied) = world();
    let at = folder.path();
    let fix = commit(at, "one\nTWO\nTHREE\nfour\nfive\n", "fix\n\nThis is XSA-7.");
    std::fs::create_dir(at.join("series")).expect("a folder");
    for (name, commit) in [("0001.patch", &tidied), ("0002.patch", &fix)] {
        let patch = git(at, &["format-patch", "--stdout", "-1", commit]) + "\n";
        std::fs::write(at.join("series").join(name), patch).expect("written");
    }
    let both = format!("{tidied},{fix}");
    let args = ["--against", "staging-2:v1.0", "series", "--commits", &both, "--json"];
    let output = forecast(at, &args);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let told = answer(&output);
    let rows = told["branches"][0]["series"].as_array().expect("rows").clone();
    assert_eq!((&rows[0]["series"], &rows[1]["series"]), (&both.into(), &"series".into()));
    assert_eq!(rows[0]["tree"], rows[1]["tree"]);
    // What the branch has published by itself is enough for a proposal.
    let args = ["--against", "staging-1:v1.0", "--json", "--at-prerequisites"];
    let proposed =
        |mark| answer(&forecast(at, &[&args[..], &[mark]].concat()))["branches"][0]["proposal"].clone();
    let proposal = proposed("1");
    assert_eq!((&proposal["proposed"], &proposal["fixes"]), (&true.into(), &1.into()));
    assert_eq!(proposal["vanishing"][0]["commit"], tidied.as_str());
    assert_eq!(proposed("2")["proposed"], false);
    assert_eq!(forecast(at, &[&args[..], &["0"]].concat()).status.code(), Some(2));
}

#[test]
fn what_cannot_be_answered_is_said_before_anything_is_computed() {
    let (folder, _) = world();
    let at = folder.path();
    let code = |args: &[&str]| {
        let output = forecast(at, args);
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert_eq!(code(&["--against", "stagin", "xsa1.patch"]).0, Some(4));
    assert_eq!(code(&["--against", "staging-1:v9", "xsa1.patch"]).0, Some(4));
    assert_eq!(code(&["--against", "staging-1", "--commits", "nothing"]).0, Some(4));
    let (without, said) = code(&["--against", "staging-1", "--releases", "w", "xsa1.patch"]);
    assert!(without == Some(1) && said.contains("staging-1:TAG"), "{said}");
    std::fs::write(at.join("broken.patch"), "--- a/x\n+++ b/x\n@@ -1,9 +1,9 @@\n a\n").expect("written");
    assert_eq!(code(&["--against", "staging-1", "broken.patch"]).0, Some(5));
    std::fs::create_dir(at.join("empty")).expect("a folder");
    assert_eq!(code(&["--against", "staging-1", "empty"]).0, Some(1));
}
