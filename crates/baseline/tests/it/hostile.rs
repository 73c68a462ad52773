//! Repositories and patches that mean harm: a clear error, in bounded time, and nothing is written anywhere.

use crate::git::Git;
use std::path::Path;
use tidegate_baseline::Error;
use tidegate_baseline::apply::Workshop;
use tidegate_baseline::check::{Answer, Request, Series, check};
use tidegate_baseline::security::Pattern;

fn repository() -> Git {
    let git = Git::init("sha1");
    std::fs::write(git.dir.join("a"), "1\n2\n3\n").expect("written");
    git.run(&["add", "--all"]);
    git.run(&["commit", "--quiet", "-m", "first"]);
    git.run(&["tag", "v1"]);
    git
}

fn asked(dir: &Path, release: &str, patch: &str) -> Result<Answer, Error> {
    let mut shop = Workshop::open(dir)?;
    let series = Series::Files(vec![("x.patch".into(), patch.as_bytes().to_vec())]);
    check(&mut shop, &Request { release: release.into(), branch: None, series }, &Pattern::default())
}

#[test]
fn paths_that_lead_outside_are_refused() {
    let git = repository();
    for path in ["../x", "a/../../x", ".git/hooks/post-checkout", "a/.GIT/x", "/etc/x", "a//b", "./a"] {
        let patch = format!(
            "diff --git a/{path} b/{path}\nnew file mode 100755\n--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+x\n"
        );
        assert!(matches!(asked(&git.dir, "v1", &patch), Err(Error::Patch { .. })), "{path}");
    }
}

#[test]
fn sizes_that_patches_claim_are_not_believed() {
    let git = repository();
    let head = "diff --git a/a b/a\n--- a/a\n+++ b/a\n";
    for hunk in ["@@ -1,1000000000 +1,1000000000 @@\n 1\n", "@@ -1,99999999999999 +1 @@\n-1\n+2\n"] {
        assert!(
            matches!(asked(&git.dir, "v1", &format!("{head}{hunk}")), Err(Error::Patch { .. })),
            "{hunk}"
        );
    }
    let zeros = "0".repeat(40);
    let binary = format!(
        "diff --git a/b b/b\nnew file mode 100644\nindex {zeros}..{}\nGIT binary patch\nliteral 99999999999\nD00000\n\n",
        "1".repeat(40)
    );
    assert!(
        matches!(asked(&git.dir, "v1", &binary), Err(Error::TooLarge { .. })),
        "{:?}",
        asked(&git.dir, "v1", &binary)
    );
}

#[test]
fn renames_in_a_circle_end() {
    let git = repository();
    let rename = |from: &str, to: &str| {
        format!("diff --git a/{from} b/{to}\nsimilarity index 100%\nrename from {from}\nrename to {to}\n")
    };
    let mut circle: String =
        (0..2_000).map(|at| rename(&format!("f{at}"), &format!("f{}", (at + 1) % 2_000))).collect();
    let answer = asked(&git.dir, "v1", &circle).expect("an answer");
    assert!(!answer.applies);
    circle.insert_str(0, &rename("a", "b"));
    assert!(!asked(&git.dir, "v1", &circle).expect("an answer").applies);
}

#[test]
fn a_link_is_content_and_is_not_followed() {
    let git = repository();
    std::os::unix::fs::symlink("/etc", git.dir.join("link")).expect("linked");
    git.run(&["add", "--all"]);
    git.run(&["commit", "--quiet", "-m", "a link"]);
    let through = "--- a/link/passwd\n+++ b/link/passwd\n@@ -1 +1 @@\n-x\n+y\n";
    assert!(!asked(&git.dir, "main", through).expect("an answer").applies);
    let beneath = "diff --git a/link/new b/link/new\nnew file mode 100644\n--- /dev/null\n+++ b/link/new\n@@ -0,0 +1 @@\n+x\n";
    let answer = asked(&git.dir, "main", beneath).expect("an answer");
    assert!(!answer.applies, "a file cannot be below a link");
    assert!(!git.dir.join("link/new").exists());
}

#[test]
fn names_that_differ_in_case_alone_are_different_files() {
    let git = repository();
    let new = "diff --git a/A b/A\nnew file mode 100644\n--- /dev/null\n+++ b/A\n@@ -0,0 +1 @@\n+x\n";
    let ours = asked(&git.dir, "v1", new).expect("an answer").tree;
    assert_eq!(ours, git.applied("v1", [new.as_bytes()]));
}

#[test]
fn a_repository_runs_nothing_and_configures_nothing() {
    let git = repository();
    let trap = git.dir.join("trapped");
    let config = format!(
        "[core]\n\tfsmonitor = touch {0}\n\tsshCommand = touch {0}\n[include]\n\tpath = /dev/zero\n",
        trap.display()
    );
    std::fs::write(git.dir.join(".git/config"), config).expect("written");
    let patch = "--- a/a\n+++ b/a\n@@ -1,3 +1,3 @@\n 1\n-2\n+two\n 3\n";
    assert!(asked(&git.dir, "v1", patch).expect("an answer").applies);
    assert!(!trap.exists());
}

#[test]
fn damaged_packs_and_objects_are_errors() {
    let git = repository();
    git.run(&["repack", "-a", "-d", "-q"]);
    let patch = "--- a/a\n+++ b/a\n@@ -1,3 +1,3 @@\n 1\n-2\n+two\n 3\n";
    let packs: Vec<_> = std::fs::read_dir(git.dir.join(".git/objects/pack"))
        .expect("a folder")
        .flatten()
        .map(|e| e.path())
        .collect();
    for path in packs.iter().filter(|path| path.extension().is_some_and(|end| end == "pack" || end == "idx"))
    {
        let whole = std::fs::read(path).expect("a pack");
        std::fs::remove_file(path).expect("removed");
        for at in (0..whole.len()).step_by(7) {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x5a;
            std::fs::write(path, &damaged).expect("written");
            // Whatever comes out, it comes: no panic, no endless loop, no allocation without bounds.
            let _ = asked(&git.dir, "v1", patch);
        }
        std::fs::write(path, &whole[..whole.len() / 2]).expect("written");
        assert!(asked(&git.dir, "v1", patch).is_err(), "half of {path:?}");
        std::fs::write(path, &whole).expect("written");
    }
    assert!(asked(&git.dir, "v1", patch).expect("an answer").applies);
}

#[test]
fn alternates_in_a_circle_and_names_that_lead_away_end() {
    let git = repository();
    let info = git.dir.join(".git/objects/info");
    std::fs::create_dir_all(&info).expect("a folder");
    std::fs::write(info.join("alternates"), "../objects\n../../.git/objects\n../objects/../objects\n")
        .expect("written");
    let shop = Workshop::open(&git.dir).expect("a repository that borrows from itself is one");
    assert!(shop.store.folders().len() <= 2, "{:?}", shop.store.folders());
    std::fs::remove_file(info.join("alternates")).expect("removed");
    std::fs::write(git.dir.join(".git/refs/heads/circle"), "ref: refs/heads/circle\n").expect("written");
    std::fs::write(git.dir.join(".git/refs/heads/away"), "ref: ../../../../etc/passwd\n").expect("written");
    let mut shop = Workshop::open(&git.dir).expect("a repository");
    for name in ["circle", "away", "../../etc/passwd", "/etc/passwd", "", "HEAD~1", "00", "v1\n"] {
        assert!(shop.resolve(name).is_err(), "{name:?}");
    }
    assert!(matches!(Workshop::open(Path::new("/nonexistent")), Err(Error::Repository { .. })));
}

/// Forty trees, each holding the next one twice: small, valid, and with a million million folders in it.
#[test]
fn trees_that_hold_more_than_can_be_counted_are_refused() {
    let git = repository();
    let mktree = |lines: &str| {
        let out = git.attempt(&["mktree"], lines.as_bytes()).expect("a tree");
        String::from_utf8(out).expect("text").trim().to_owned()
    };
    let mut tree = mktree("");
    for _ in 0..40 {
        tree = mktree(&format!("040000 tree {tree}\ta\n040000 tree {tree}\tb\n"));
    }
    let root = git.run(&["rev-parse", "v1^{tree}"]);
    let files = git.attempt(&["ls-tree", root.trim()], b"").expect("its files");
    let root = mktree(&format!("{}040000 tree {tree}\tz\n", String::from_utf8(files).expect("text")));
    let commit = git.run(&["commit-tree", &root, "-p", "v1", "-m", "many"]);
    let mut shop = Workshop::open(&git.dir).expect("opened");
    let series = Series::Commits(vec![commit.trim().to_owned()]);
    let request = Request { release: "v1".into(), branch: None, series };
    assert!(matches!(check(&mut shop, &request, &Pattern::default()), Err(Error::TooLarge { .. })));
}

/// What a patch says of the file before it is hearsay: an id of something else does not make it fail.
#[test]
fn an_id_of_something_else_changes_no_answer() {
    let git = repository();
    for id in ["v1", "v1^{tree}"] {
        let id = git.run(&["rev-parse", id]);
        let patch = format!(
            "diff --git a/a b/a\nindex {}..1111111 100644\n--- a/a\n+++ b/a\n@@ -1,3 +1,3 @@\n 1\n-2\n+two\n 3\n",
            &id.trim()[..12]
        );
        assert!(asked(&git.dir, "v1", &patch).expect("an answer").applies);
    }
}

/// A search that is given up is no answer, least of all "it does not apply".
#[test]
fn what_takes_too_many_comparisons_is_not_decided() {
    let git = repository();
    std::fs::write(git.dir.join("a"), "a\n".repeat(300_000)).expect("written");
    git.run(&["commit", "--quiet", "--all", "-m", "long"]);
    let lines = " a\n".repeat(150_000);
    let patch = format!("--- a/a\n+++ b/a\n@@ -9,150002 +9,150002 @@\n{lines} b\n-b\n+c\n a\n");
    let patch = patch.replace("150002", "150003");
    assert!(matches!(asked(&git.dir, "main", &patch), Err(Error::Undecided { .. })));
}

/// Twenty thousand new files, each of which could be in the way of a folder: no file is held against all others.
#[test]
fn many_new_files_take_no_quadratic_time() {
    let git = repository();
    let new = |at: usize| {
        format!(
            "diff --git a/d/{at} b/d/{at}\nnew file mode 100644\n--- /dev/null\n+++ b/d/{at}\n@@ -0,0 +1 @@\n+x\n"
        )
    };
    let patch: String = (0..20_000).map(new).collect();
    let answer = asked(&git.dir, "v1", &patch).expect("an answer");
    assert_eq!(answer.tree, git.applied("v1", [patch.as_bytes()]));
}
