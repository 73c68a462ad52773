//! `tidegate baseline` from the outside, on a made-up repository: answers, exit codes, and recipes that git follows.

mod git;

use git::{commit, git};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

/// A release, a clean-up after it, and a fix that stands on the clean-up.
fn world() -> (tempfile::TempDir, String, String) {
    let folder = tempfile::tempdir().expect("a folder");
    git(folder.path(), &["init", "--quiet", "-b", "stable"]);
    commit(folder.path(), "one\ntwo\nthree\nfour\nfive\n", "first");
    git(folder.path(), &["tag", "v1"]);
    let tidied = commit(folder.path(), "one\nTWO\nthree\nfour\nfive\n", "tidy up");
    let fix = commit(folder.path(), "one\nTWO\nTHREE\nfour\nfive\n", "fix\n\nThis is XSA-7.");
    (folder, tidied, fix)
}

fn baseline(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
    command.current_dir(folder).arg("baseline").args(args);
    command.output().expect("the program runs")
}

fn answer(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).expect("one object")
}

#[test]
fn an_answer_names_what_must_come_first_and_why() {
    let (folder, tidied, fix) = world();
    let args = ["check", "--repo", ".", "--release", "v1", "--branch", "stable", "--commits", &fix, "--json"];
    let output = baseline(folder.path(), &args);
    assert_eq!(output.status.code(), Some(0));
    let told = answer(&output);
    assert_eq!(told["applies"], false);
    assert_eq!((&told["failed"]["file"], &told["failed"]["line"]), (&"file".into(), &1.into()));
    assert_eq!(told["prerequisites"], serde_json::json!([tidied]));
    assert_eq!(told["reasons"][0]["commit"], tidied.as_str());
    assert_eq!(told["tree"], git(folder.path(), &["rev-parse", "stable^{tree}"]).as_str());
    assert!(told["three_way"].is_boolean() && told["elapsed_ms"].is_number());
    let patch = &told["patches"][0];
    assert_eq!((&patch["patch"], &patch["result"]), (&fix.as_str().into(), &"failed".into()));
    assert_eq!((&patch["expects"][1], &patch["has"][1]), (&"TWO".into(), &"two".into()));
    assert_eq!(patch["changed_by"][0]["commit"], tidied.as_str());
    let text = String::from_utf8(baseline(folder.path(), &args[..args.len() - 1]).stdout).expect("text");
    assert!(text.contains(&format!("changed by {tidied} tidy up (not in the release)")), "{text}");
}

#[test]
fn a_recipe_is_followed_by_git_alone() {
    let (folder, _, fix) = world();
    let at = folder.path();
    let args = ["check", "--repo", ".", "--release", "v1", "--commits", &fix, "--recipe", "fix.json"];
    assert_eq!(baseline(at, &args).status.code(), Some(0));
    assert_eq!(baseline(at, &["verify", "fix.json"]).status.code(), Some(0));
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/verify-recipe.sh");
    let followed = Command::new("sh").current_dir(at).args([script, "fix.json"]).output().expect("sh runs");
    assert!(followed.status.success(), "{}", String::from_utf8_lossy(&followed.stderr));

    assert_eq!(baseline(at, &["export", "fix.json", "--am", "mails"]).status.code(), Some(0));
    let expected = git(at, &["rev-parse", "stable^{tree}"]);
    git(at, &["checkout", "--quiet", "v1"]);
    let mut mails: Vec<String> = std::fs::read_dir(at.join("mails"))
        .expect("mails")
        .map(|entry| entry.expect("a mail").path().display().to_string())
        .collect();
    mails.sort();
    let args: Vec<&str> = ["am", "--quiet"].into_iter().chain(mails.iter().map(String::as_str)).collect();
    git(at, &args);
    assert_eq!(git(at, &["rev-parse", "HEAD^{tree}"]), expected);

    let recipe = std::fs::read_to_string(at.join("fix.json")).expect("the recipe");
    std::fs::write(at.join("fix.json"), recipe.replace(&expected, &"0".repeat(40))).expect("written");
    assert_eq!(baseline(at, &["verify", "fix.json"]).status.code(), Some(6));
}

#[test]
fn what_cannot_be_answered_is_said() {
    let (folder, _, fix) = world();
    let at = folder.path();
    std::fs::write(at.join("fix.patch"), git(at, &["format-patch", "--stdout", "-1", &fix]) + "\n")
        .expect("written");
    let code = |args: &[&str]| {
        let output = baseline(at, args);
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (blind, said) = code(&["check", "--repo", ".", "--release", "v1", "fix.patch"]);
    assert!(blind == Some(6) && said.contains("--branch"), "{said}");
    let seeing = ["check", "--repo", ".", "--release", "v1", "--branch", "stable", "fix.patch"];
    assert_eq!(code(&seeing).0, Some(0));
    let missing = "1".repeat(40);
    for (release, branch) in [("v2", "stable"), (missing.as_str(), "stable"), ("stable", "stabel")] {
        let args = ["check", "--repo", ".", "--release", release, "--branch", branch, "fix.patch"];
        assert_eq!(code(&args).0, Some(4), "{release} {branch}");
    }
    std::fs::write(at.join("broken.patch"), "--- a/x\n+++ b/x\n@@ -1,9 +1,9 @@\n a\n").expect("written");
    assert_eq!(code(&["check", "--repo", ".", "--release", "v1", "broken.patch"]).0, Some(5));
}

/// A pair that has no answer is a row that says why; the next scan asks it again, and only it.
#[test]
fn a_scan_goes_on_after_a_pair_without_an_answer() {
    let (folder, _, fix) = world();
    let at = folder.path();
    git(at, &["tag", "v2"]);
    // Not on top of the release: only then are the texts before and after it read.
    commit(at, "ONE\nTWO\nTHREE\nfour\nfive\n", "between");
    commit(at, "ONE\nTWO\nTHREE\nFOUR\nfive\n", "fix\n\nThis is XSA-8.");
    std::fs::write(at.join("other"), "x\n").expect("written");
    git(at, &["add", "other"]);
    git(at, &["commit", "--quiet", "-m", "beside\n\nThis is XSA-9."]);
    // What the second fix made is lost. The others have no use for it.
    let blob = git(at, &["rev-parse", "stable~1:file"]);
    let object = at.join(".git/objects").join(&blob[..2]).join(&blob[2..]);
    let kept = std::fs::read(&object).expect("a loose object");
    std::fs::remove_file(&object).expect("removed");
    let scan = || {
        let args = ["scan", "--repo", ".", "--branch", "stable", "--cache", "rows", "--json"];
        let output = baseline(at, &args);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let rows = String::from_utf8(output.stdout).expect("text");
        rows.lines().map(|row| serde_json::from_str(row).expect("JSON")).collect::<Vec<Value>>()
    };
    let rows = scan();
    assert_eq!(rows.len(), 3, "{rows:?}");
    let by =
        |rows: &[Value], name: &str| rows.iter().find(|row| row["advisory"] == name).cloned().expect("a row");
    assert!(by(&rows, "XSA-8")["error"].as_str().is_some_and(|error| error.contains(&blob)), "{rows:?}");
    assert_eq!(by(&rows, "XSA-9")["applies"], true);
    assert_eq!(by(&rows, "XSA-7")["commits"][0], fix.as_str());
    std::fs::write(&object, kept).expect("written");
    let again = scan();
    assert!(again.iter().all(|row| row.get("error").is_none()), "{again:?}");
    let lines = std::fs::read_to_string(at.join("rows")).expect("the cache").lines().count();
    assert_eq!(lines, 4, "what was answered is not computed again");
}

/// The branch is made, is found to have everything, and grows; the work tree stays as it is.
#[test]
fn a_security_branch_is_kept_current() {
    let (folder, tidied, fix) = world();
    let at = folder.path();
    let name = "refs/heads/security/v1";
    let args = ["branch", "--repo", ".", "--release", "v1", "--branch", "stable", "--update", name, "--json"];
    let told = answer(&baseline(at, &args));
    assert_eq!((&told["change"], &told["commits"]), (&"new".into(), &2.into()));
    assert_eq!(told["added"][0]["apply_commit"], tidied.as_str());
    assert_eq!(told["added"][0]["reason"]["needed_by"]["patch"], fix.as_str());
    assert_eq!(told["commit"], git(at, &["rev-parse", name]).as_str());
    assert_eq!(told["tree"], git(at, &["rev-parse", "stable^{tree}"]).as_str());
    assert_eq!(answer(&baseline(at, &args))["change"], "current");

    let first = git(at, &["rev-parse", name]);
    commit(at, "one\nTWO\nTHREE\nFOUR\nfive\n", "more\n\nThis is XSA-8.");
    let output = baseline(at, &args[..args.len() - 1]);
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(text.contains("1 commit came, on top of 2 commits") && text.contains("XSA-7, XSA-8"), "{text}");
    assert_eq!(git(at, &["rev-parse", &format!("{name}^")]), first);
    assert_eq!(git(at, &["status", "--porcelain"]), "");

    // Another history under the same name: nothing is moved without being asked for.
    git(at, &["commit", "--quiet", "--amend", "-m", "again\n\nThis is XSA-8."]);
    let output = baseline(at, &args);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(1) && said.contains("--remake"), "{said}");
    let mut again = args.to_vec();
    again.push("--remake");
    assert_eq!(answer(&baseline(at, &again))["change"], "remade");
}

#[test]
fn where_nothing_makes_it_apply_the_conflicts_are_written_and_the_nearest_release_is_named() {
    let (folder, _, fix) = world();
    let at = folder.path();
    git(at, &["checkout", "--quiet", "-b", "old", "v1"]);
    commit(at, "one\nand a half\nthree of the old\nfour\nfive\n", "own way");
    git(at, &["tag", "v1.1"]);
    git(at, &["tag", "v2", "stable~1"]);
    let args = ["check", "--repo", ".", "--release", "v1.1", "--branch", "old", "--commits", &fix];
    let output = baseline(at, &[&args[..], &["--backport", "todo", "--json"]].concat());
    assert_eq!(output.status.code(), Some(6));
    let told = answer(&output);
    let file = &told["backport"]["files"][0];
    assert_eq!(
        (&file["path"], &file["kind"], &file["conflicts"]),
        (&"file".into(), &"content".into(), &1.into())
    );
    assert_eq!(told["backport"]["nearest_release"]["release"], "v2");
    let text = std::fs::read_to_string(at.join("todo/file")).expect("the file");
    let expected = format!(
        "one\n<<<<<<< v1.1\nand a half\nthree of the old\n=======\nTWO\nTHREE\n>>>>>>> {fix}\nfour\nfive\n"
    );
    assert_eq!(text, expected);
    let refused = baseline(at, &[&args[..], &["--backport", "todo"]].concat());
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("not empty"));
    let words = String::from_utf8(baseline(at, &[&args[..], &["--backport", "other"]].concat()).stdout)
        .expect("text");
    assert!(words.contains("The nearest release on which it applies is v2 (2 commits between)."), "{words}");
}

#[test]
fn a_recipe_of_xens_own_tool_is_checked_written_and_read() {
    let (folder, _, fix) = world();
    let at = folder.path();
    let args = ["check", "--repo", ".", "--release", "v1", "--commits", &fix, "--recipe", "fix.json"];
    assert_eq!(baseline(at, &args).status.code(), Some(0));
    let export =
        ["meta", "export", "--xsa", "7", "--recipe", "4.5=fix.json", "--repo", "xen=.", "--to", "out"];
    assert_eq!(baseline(at, &export).status.code(), Some(0));
    let checked = baseline(at, &["meta", "check", "out/xsa7.meta", "--repo", "xen=.", "--json"]);
    assert_eq!(checked.status.code(), Some(0), "{}", String::from_utf8_lossy(&checked.stderr));
    let row = &answer(&checked)["recipes"][0];
    let tree = git(at, &["rev-parse", "stable^{tree}"]);
    assert_eq!(
        (&row["version"], &row["applies"], &row["result"]),
        (&"4.5".into(), &true.into(), &tree.as_str().into())
    );
    let import = ["meta", "import", "out/xsa7.meta", "--for", "4.5", "--repo", ".", "--to", "back"];
    assert_eq!(baseline(at, &import).status.code(), Some(0));
    assert_eq!(baseline(at, &["verify", "back/recipe.json"]).status.code(), Some(0));
    let meta = std::fs::read_to_string(at.join("out/xsa7.meta")).expect("the file");
    std::fs::write(at.join("out/xsa7.meta"), meta.replace("xsa7-4.5/*", "../fix.json")).expect("written");
    let refused = baseline(at, &["meta", "check", "out/xsa7.meta", "--repo", "xen=."]);
    assert_eq!(refused.status.code(), Some(5));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("own folder"));
}
