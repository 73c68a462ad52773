//! `tidegate verdict` from the outside, on a made-up product, with and without its repository.

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

const ADVISORY: &str = "\
date: 2024-12-03
id: OSSA-2024-900
title: A flaw
affected-products:
  - product: Tide
    version: '>=23.0.0 <23.2.1, >=24.0.0 <24.0.2'
issues:
  links:
    - https://launchpad.net/bugs/1234567
reviews:
  2024.1/pine:
    - https://review.example.org/1
";
const LINES: &str = "\
- name: pine
  release-id: 2024.1
  status: unmaintained
  initial-release: 2024-04-03
";
const FIRST_SEEN: &str = r#"{"pine":{"tide":{"24.0.0":"2024-04-02T12:00:00Z","24.0.1":"2024-07-17T12:00:00Z",
    "24.1.0":"2024-12-11T12:00:00Z"}}}"#;
const MANIFEST: &str = "\
images:
  - image: registry.example.org/kolla/tide-api:24.0.2.20241206
  - image: registry.example.org/kolla/tide-agent:24.0.2.20240909
  - image: registry.example.org/kolla/cron:3.0
";

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    std::fs::write(path, text).expect("a file");
}

fn world() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "ossa/OSSA-2024-900.yaml", ADVISORY);
    write(folder.path(), "ossa/broken.yaml", "id: [");
    write(folder.path(), "releases/release-data/series_status.yaml", LINES);
    write(folder.path(), "releases/deliverables/pine/tide.yaml", "releases:\n- version: 24.0.0\n");
    write(folder.path(), "releases/version_first_seen.json", FIRST_SEEN);
    write(folder.path(), "inventory.yml", MANIFEST);
    folder
}

fn verdict(folder: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
    command.current_dir(folder).args(["verdict", "--advisories", "ossa", "--releases", "releases"]);
    command.args(["--inventory", "inventory.yml"]).args(more);
    command.output().expect("the program runs")
}

/// Version and verdict of each line.
fn lines(output: &Output) -> Vec<(String, String)> {
    let text = String::from_utf8(output.stdout.clone()).expect("UTF-8");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read = |line: &str| -> (String, String) {
        let line: Value = serde_json::from_str(line).expect("JSON");
        let text = |key: &str| line[key].as_str().expect("a text").to_owned();
        assert_eq!((text("advisory"), text("product")), ("OSSA-2024-900".to_owned(), "tide".to_owned()));
        assert!(!text("why").is_empty());
        (text("version"), text("verdict"))
    };
    text.lines().map(read).collect()
}

fn own(lines: &[(&str, &str)]) -> Vec<(String, String)> {
    lines.iter().map(|(version, verdict)| ((*version).to_owned(), (*verdict).to_owned())).collect()
}

#[test]
fn a_deployment_learns_what_it_is_affected_by() {
    let folder = world();
    let output = verdict(folder.path(), &["--json"]);
    assert_eq!(
        lines(&output),
        own(&[("24.0.2.20241206", "unknown"), ("24.0.2.20240909", "affected")]),
        "the worst is last"
    );
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("broken.yaml") && said.contains("1 of them no product"), "{said}");

    let text = verdict(folder.path(), &["--explain"]);
    let text = String::from_utf8(text.stdout).expect("UTF-8");
    for part in
        ["2024-12-11: 24.1.0 was released", "line: pine, unmaintained", "would settle it", "names: cron 3.0"]
    {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[test]
fn what_cannot_be_read_is_said_with_its_place() {
    let folder = world();
    write(folder.path(), "inventory.yml", "images:\n  - image: [\n");
    let output = verdict(folder.path(), &[]);
    assert_eq!(output.status.code(), Some(5));
    assert!(String::from_utf8_lossy(&output.stderr).contains("inventory.yml: line"));
    let output = verdict(folder.path(), &["--format", "nothing"]);
    assert_eq!(output.status.code(), Some(2));
}

/// A folder of any mixture: each file is read, or named with the reason why not.
#[test]
fn advisories_come_in_any_form() {
    let folder = world();
    let osv = |id: &str, modified: &str, fixed: &str| {
        format!(
            r#"{{"schema_version":"1.7.0","id":"{id}","modified":"{modified}","published":"2024-12-03T00:00:00Z",
            "affected":[{{"package":{{"ecosystem":"PyPI","name":"tide"}},"ranges":[{{"type":"ECOSYSTEM",
            "events":[{{"introduced":"24.0.0"}},{{"fixed":"{fixed}"}}]}}]}}]}}"#
        )
    };
    let both = format!(
        "{}\n{}",
        osv("X-1", "2024-12-03T00:00:00Z", "24.1.0"),
        osv("X-1", "2025-01-03T00:00:00Z", "24.2.0")
    );
    write(folder.path(), "ossa/x.json", &both);
    write(folder.path(), "ossa/README.rst", "About these advisories\n");
    write(folder.path(), "ossa/other.json", "{}");
    write(folder.path(), "ossa/inner/nothing", "x");
    write(folder.path(), "inventory.yml", "images:\n- image: r/tide-api:24.1.0\n");
    let output = verdict(folder.path(), &["--json"]);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(text.contains(r#""advisory":"X-1""#) && text.contains(r#""verdict":"affected""#), "{text}");
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    for part in
        ["README.rst: ", "other.json: ", "inner: it is a folder", "X-1 2024-12-03T00:00:00Z is replaced"]
    {
        assert!(said.contains(part), "{part}\n{said}");
    }
}

fn git(repo: &Path, day: &str, words: &[&str]) {
    let when = format!("{day}T12:00:00Z");
    let status = Command::new("git")
        .arg("-C")
        .arg(repo)
        .args(["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=master"])
        .args(["-c", "commit.gpgSign=false", "-c", "tag.gpgSign=false"])
        .args(words)
        .env("GIT_AUTHOR_DATE", &when)
        .env("GIT_COMMITTER_DATE", &when)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .expect("git runs");
    assert!(status.status.success(), "{words:?}: {}", String::from_utf8_lossy(&status.stderr));
}

/// The fix is committed on 2 December and merged on 4 December. The merge counts.
fn repository(folder: &Path) {
    let repo = folder.join("repos/tide");
    std::fs::create_dir_all(&repo).expect("a folder");
    let git = |day: &str, words: &[&str]| git(&repo, day, words);
    let commit = |day: &str, message: &str| git(day, &["commit", "-q", "--allow-empty", "-m", message]);
    git("2024-04-01", &["init", "-q"]);
    commit("2024-04-01", "Begin");
    git("2024-04-02", &["tag", "24.0.0"]);
    git("2024-04-02", &["checkout", "-q", "-b", "stable/2024.1"]);
    commit("2024-07-16", "Something else");
    git("2024-07-17", &["tag", "24.0.1"]);
    git("2024-12-02", &["checkout", "-q", "-b", "fix"]);
    commit("2024-12-02", "Check twice\n\nCloses-Bug: #1234567");
    git("2024-12-03", &["checkout", "-q", "stable/2024.1"]);
    commit("2024-12-03", "Meanwhile\n\nRelated-Bug: #1234567");
    git("2024-12-04", &["merge", "-q", "--no-ff", "-m", "Merge \"Check twice\" into stable/2024.1", "fix"]);
    git("2024-12-11", &["tag", "24.1.0"]);
}

#[test]
fn a_repository_settles_it() {
    if Command::new("git").arg("--version").output().is_err() {
        println!("skipped: git is not installed");
        return;
    }
    let folder = world();
    repository(folder.path());
    let manifest = "images:\n- image: r/tide-a:24.0.2.20241203\n- image: r/tide-b:24.0.2.20241204\n- image: r/tide-c:24.0.2.20241206\n";
    write(folder.path(), "inventory.yml", manifest);
    assert_eq!(
        lines(&verdict(folder.path(), &["--json", "--repos", "repos"])),
        own(&[("24.0.2.20241206", "fixed"), ("24.0.2.20241204", "unknown"), ("24.0.2.20241203", "affected")])
    );

    // A checkout by its commit.
    let of = |name: &str| {
        let mut command = Command::new("git");
        command.arg("-C").arg(folder.path().join("repos/tide")).args(["rev-parse", name]);
        String::from_utf8(command.output().expect("git runs").stdout).expect("UTF-8").trim().to_owned()
    };
    let (before, after) = (of("24.1.0~1"), of("24.1.0"));
    let address = "git+https://example.org/tide";
    let list = format!("tide @ {address}@{before}\nother==1\ntide @ {address}@{after}\n");
    write(folder.path(), "inventory.yml", &list);
    let verdicts: Vec<String> =
        lines(&verdict(folder.path(), &["--json", "--repos", "repos"])).into_iter().map(|(_, v)| v).collect();
    assert_eq!(verdicts, ["fixed", "affected"]);
}
