//! A case whose project has a repository: attaching a patch finds out where it applies, and its page shows it.

mod git;

use git::{commit, git};
use serde_json::{Value, json};
use std::process::{Command, Output};
use tempfile::TempDir;

/// An instance with a project, a person on its team, and a repository with two releases: the branch of 4.4 has
/// a clean-up after its last point release, that of 4.3 looks otherwise.
struct World {
    room: TempDir,
    tidied: String,
}

impl World {
    fn new() -> World {
        let room = tempfile::tempdir().expect("a folder");
        let code = room.path().join("code");
        std::fs::create_dir(&code).expect("made");
        git(&code, &["init", "--quiet", "-b", "stable-4.4"]);
        commit(&code, "one\ntwo\nthree\nfour\nfive\n", "first");
        git(&code, &["tag", "RELEASE-4.4.1"]);
        git(&code, &["checkout", "--quiet", "-b", "stable-4.3"]);
        commit(&code, "quite\nanother\ntext\n", "old");
        git(&code, &["tag", "RELEASE-4.3.3"]);
        git(&code, &["checkout", "--quiet", "stable-4.4"]);
        let tidied = commit(&code, "one\nTWO\nthree\nfour\nfive\n", "tidy up");
        commit(&code, "one\nTWO\nTHREE\nfour\nfive\n", "fix");
        let patch = git(&code, &["format-patch", "--stdout", "-1"]);
        std::fs::write(room.path().join("xsa7.patch"), patch + "\n").expect("written");
        git(&code, &["reset", "--quiet", "--hard", "HEAD~1"]);
        let world = World { room, tidied };
        let policy = concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies/xen-2014.toml");
        world.done(&["init"]);
        world.done(&["project", "add", "xen", "--policy", policy]);
        world.done(&[
            "person",
            "add",
            "ian",
            "--project",
            "xen",
            "--role",
            "team",
            "--mail",
            "i@xen.example",
        ]);
        world
    }

    fn run(&self, line: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
        let instance = self.room.path().join("instance");
        command.env("TIDEGATE_AS", "ian").current_dir(self.room.path()).arg("--dir").arg(instance).args(line);
        command.stdin(std::process::Stdio::null()).output().expect("the program runs")
    }

    fn done(&self, line: &[&str]) -> String {
        let output = self.run(line);
        assert!(output.status.success(), "{line:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }

    fn json(&self, line: &[&str]) -> Value {
        serde_json::from_str(&self.done(&[line, &["--json"]].concat())).expect("JSON")
    }

    /// A confirmed case that affects both releases.
    fn case(&self) -> String {
        let mail = self.room.path().join("report.eml");
        std::fs::write(&mail, "From: finder@example.org\nSubject: A flaw\n\nIt overflows.\n")
            .expect("written");
        let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
        command.arg("--dir").arg(self.room.path().join("instance"));
        command.args(["report", "receive", "--project", "xen", "--json"]);
        let output = command.stdin(std::fs::File::open(mail).expect("open")).output().expect("runs");
        let value: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let case = value["case"].as_str().expect("a case").to_owned();
        self.done(&["case", "confirm", &case, "--release", "4.4", "--release", "4.3"]);
        case
    }

    fn name_repository(&self) {
        let releases =
            ["--release", "4.4=RELEASE-4.4.1,stable-4.4", "--release", "4.3=RELEASE-4.3.3,stable-4.3"];
        self.done(&[&["project", "repository", "xen", "--repo", "code"], &releases[..]].concat());
    }
}

#[test]
fn attaching_a_patch_finds_out_where_it_applies() {
    let world = World::new();
    world.name_repository();
    let case = world.case();
    world.done(&["case", "attach-patch", &case, "--release", "4.4", "--file", "xsa7.patch"]);
    world.done(&["case", "record-test", &case, "--release", "4.4", "--outcome", "pass"]);

    let code = world.room.path().join("code");
    git(&code, &["am", "--quiet", "../xsa7.patch"]);
    let expected = git(&code, &["rev-parse", "HEAD^{tree}"]);
    let shown = world.json(&["case", "show", &case]);
    let rows = shown["applies"].as_array().expect("a matrix");
    let names: Vec<&str> = rows.iter().filter_map(|row| row["check"]["name"].as_str()).collect();
    assert_eq!(names, ["RELEASE-4.4.1", "stable-4.4", "RELEASE-4.3.3", "stable-4.3"]);
    let needs = &rows[0]["check"]["found"]["needs"];
    assert_eq!(needs["tree"], expected.as_str());
    assert_eq!(needs["commits"][0]["commit"], world.tidied.as_str());
    assert_eq!(rows[1]["check"]["found"], json!({"applies": {"tree": expected}}));
    assert_eq!(rows[0]["test"], json!({"outcome": "pass", "by": "ian"}));
    // 4.3 has no patch of its own yet: that of 4.4 was tried, and does not fit.
    assert_eq!(rows[2]["own_patch"], false);
    assert_eq!(rows[2]["check"]["found"], json!({"fails": {"file": "file", "line": 1}}));

    let text = world.done(&["case", "show", &case]);
    for told in ["needs 1 prerequisite", "tidy up", "fails: file, line 1", "passed (ian)"] {
        assert!(text.contains(told), "{told}: {text}");
    }
    // The same log gives the same case again.
    world.done(&["fsck"]);
}

/// A repository that is named late, and one that moved, are looked at without attaching anything again.
#[test]
fn a_repository_that_is_new_or_moved_is_looked_at_again() {
    let world = World::new();
    let case = world.case();
    world.done(&["case", "attach-patch", &case, "--release", "4.4", "--file", "xsa7.patch"]);
    let on_branch = || world.json(&["case", "show", &case])["applies"][1]["check"]["found"].clone();
    assert_eq!(on_branch(), Value::Null);
    world.name_repository();
    assert!(on_branch()["applies"]["tree"].is_string());

    let code = world.room.path().join("code");
    commit(&code, "one\nTWO\nthree or so\nfour\nfive\n", "reword");
    let again = ["project", "repository", "xen", "--look-again"];
    world.done(&again);
    assert_eq!(on_branch(), json!({"fails": {"file": "file", "line": 1}}));
    let told = world.json(&["case", "log", &case]);
    world.done(&again);
    assert_eq!(world.json(&["case", "log", &case]), told, "nothing new is nothing to record");
}

/// A release whose branch has the fix is provided for, and no patch is missing there.
#[test]
fn a_fix_that_is_merged_is_there_already() {
    let world = World::new();
    world.name_repository();
    let case = world.case();
    let code = world.room.path().join("code");
    git(&code, &["am", "--quiet", "../xsa7.patch"]);
    let merged = git(&code, &["rev-parse", "HEAD"]);
    world.done(&["case", "attach-patch", &case, "--release", "4.4", "--file", "xsa7.patch"]);
    let shown = world.json(&["case", "show", &case]);
    assert_eq!(shown["applies"][1]["check"]["found"], json!({"there": {"commit": merged}}));
    let text = world.done(&["case", "show", &case]);
    assert!(text.contains(&format!("is there already, by {}", &merged[..12])), "{text}");
}

#[test]
fn without_a_repository_nothing_is_checked_and_a_lost_one_is_said() {
    let world = World::new();
    let case = world.case();
    let attach = ["case", "attach-patch", &case, "--release", "4.4", "--file", "xsa7.patch"];
    world.done(&attach);
    assert_eq!(world.json(&["case", "show", &case])["applies"], json!([]));

    world.name_repository();
    std::fs::rename(world.room.path().join("code"), world.room.path().join("gone")).expect("moved");
    world.done(&attach);
    let shown = world.json(&["case", "show", &case])["applies"].to_string();
    assert!(shown.contains("the project's repository cannot be read"), "{shown}");
    let room = world.room.path().display().to_string();
    assert!(!shown.contains(&room), "a case tells nothing of this machine: {shown}");
}

#[test]
fn a_mistyped_tree_is_said_when_the_repository_is_named() {
    let world = World::new();
    let line = ["project", "repository", "xen", "--repo", "code", "--release", "4.4=RELEASE-9"];
    let output = world.run(&line);
    assert_eq!(output.status.code(), Some(4));
    assert!(String::from_utf8_lossy(&output.stderr).contains("RELEASE-9"));
    assert!(world.done(&["project", "repository", "xen"]).contains("has no repository"));

    // A new policy leaves the repository as it was.
    world.name_repository();
    let policy = concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies/xen-2014.toml");
    world.done(&["project", "add", "xen", "--policy", policy]);
    assert!(world.done(&["project", "repository", "xen"]).contains("RELEASE-4.3.3"));
}

/// A staging branch is named beside the others, and the case shows whether the fix fits it.
#[test]
fn a_staging_branch_is_named_and_looked_at() {
    let world = World::new();
    let named = |release: &str| {
        world.run(&["project", "repository", "xen", "--repo", "code", "--release", release]).status.code()
    };
    assert_eq!(named("4.4=RELEASE-4.4.1,stable-4.4,stagin"), Some(4));
    assert_eq!(named("4.4=RELEASE-4.4.1,stable-4.4,"), Some(2));
    assert_eq!(named("4.4=RELEASE-4.4.1,stable-4.4,stable-4.4,more"), Some(2));
    assert_eq!(named("4.4=RELEASE-4.4.1,stable-4.4,stable-4.4"), Some(0));
    assert!(world.done(&["project", "repository", "xen"]).contains("every 60 minutes"));
    let case = world.case();
    world.done(&["case", "attach-patch", &case, "--release", "4.4", "--file", "xsa7.patch"]);
    let rows = world.json(&["case", "show", &case])["applies"].clone();
    assert_eq!(rows[0]["forecast"]["outlook"], "applies");
    assert_eq!(rows[1]["forecast"], Value::Null, "once for each release");
    assert!(world.done(&["case", "show", &case]).contains("applies on stable-4.4"));
    assert!(world.done(&["case", "log", &case]).contains("forecast: 4.4 on stable-4.4: applies"));
    world.done(&["fsck"]);
}

/// XEN-24: what is public says of each release what applies to it, after which commits, or why nothing does.
#[test]
fn an_advisory_is_complete_when_every_release_has_a_green_row_or_a_reason() {
    let world = World::new();
    world.policy("xen.toml");
    world.name_repository();
    let case = world.written();
    let refused = world.refused(&["case", "announce", &case]);
    for told in ["XEN-07", "release 4.4 has no patch of its own", "`attach-patch`", "`give-reason`, XEN-24"] {
        assert!(refused.contains(told), "{told}: {refused}");
    }

    world.done(&["case", "attach-patch", &case, "--release", "4.4", "--file", "xsa7.patch"]);
    world.done(&["case", "attach-patch", &case, "--release", "4.3", "--file", "xsa7.patch"]);
    let refused = world.refused(&["case", "announce", &case]);
    let lacks = "has no green row on RELEASE-4.3.3: file does not fit at line 1";
    assert!(refused.contains(&format!("release 4.3 {lacks}")), "{refused}");
    assert!(!refused.contains("release 4.4"), "4.4 is green: {refused}");
    let shown = world.json(&["case", "show", &case]);
    assert_eq!(shown["open_releases"], json!([{"release": "4.3", "lacks": lacks}]));
    let text = world.done(&["case", "show", &case]);
    assert!(text.contains(&format!("not yet: release 4.3 {lacks}")), "{text}");

    let reason = ["case", "give-reason", &case, "--release", "4.4", "--reason", "no-fix"];
    assert!(world.refused(&reason).contains("the patch for 4.4 applies"));
    let reason = ["case", "give-reason", &case, "--release", "4.3", "--reason", "no-fix"];
    world.done(&[&reason[..], &["--text", "nobody runs it"]].concat());
    let shown = world.json(&["case", "show", &case]);
    assert_eq!(shown["open_releases"], json!([]));
    world.done(&["case", "announce", &case]);
    world.done(&["work"]);
    world.done(&["fsck"]);
    world.published(&case);
}

impl World {
    fn policy(&self, name: &str) {
        let path = format!("{}/../../policies/{name}", env!("CARGO_MANIFEST_DIR"));
        self.done(&["project", "add", "xen", "--policy", &path]);
    }

    /// What a refused line said.
    fn refused(&self, line: &[&str]) -> String {
        let output = self.run(line);
        assert!(!output.status.success(), "{line:?} was not refused");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// A case whose advisory is written and approved, with nothing attached.
    fn written(&self) -> String {
        let case = self.case();
        let draft = "title = \"Ledgers leak\"\n[sections]\ndescription = \"d\"\nimpact = \"i\"\n\
            affected-systems = \"a\"\nmitigation = \"m\"\nresolution = \"Apply the patch.\"\n\
            deployment = \"d\"\n[[affected]]\nproduct = \"Xen\"\n";
        std::fs::write(self.room.path().join("draft.toml"), draft).expect("written");
        self.done(&["case", "assign-number", &case, "--number", "XSA-7"]);
        self.done(&["case", "draft-advisory", &case, "--file", "draft.toml"]);
        self.done(&["case", "approve", &case]);
        case
    }

    /// Every public form of the advisory tells how each release is resolved, and no more.
    fn published(&self, case: &str) {
        self.done(&["export", "--out", "site"]);
        let site = self.room.path().join("site");
        let public = files(&site);
        let forms = [
            ("advisories/xen", "xsa-7.txt"),
            ("advisories/xen", "xsa-7.html"),
            ("csaf/xen", "xsa-7.json"),
            ("osv/xen", "XSA-7.json"),
        ];
        for (folder, end) in forms {
            let found = public.iter().find(|(name, _)| name.contains(folder) && name.ends_with(end));
            let (_, text) = found.unwrap_or_else(|| panic!("no {end} in {folder}"));
            assert!(text.contains(&self.tidied), "{end} has the prerequisite's full id: {text}");
            assert!(text.contains("no fix is available for this release"), "{end}: {text}");
        }
        for (name, text) in &public {
            assert!(!text.contains("nobody runs it"), "{name} tells a note of the record");
            assert!(!text.contains("tidy up"), "{name} tells a subject that nobody approved");
            assert!(!text.contains(case), "{name} tells the case's name");
        }
    }
}

fn files(folder: &std::path::Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let text = String::from_utf8_lossy(&std::fs::read(&path).expect("read")).into_owned();
            found.push((path.display().to_string(), text));
        }
    }
    found
}
