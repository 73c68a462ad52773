//! Security branches: made, grown and made anew, and each time held against what git says of them.

use crate::git::Git;
use std::path::Path;
use tidegate_baseline::Error;
use tidegate_baseline::apply::Workshop;
use tidegate_baseline::branch::{Change, Plan, Question, plan};
use tidegate_baseline::export::{BRANCH, Reference, security_bundle, update};
use tidegate_baseline::security::Names;

const NAME: &str = "refs/heads/security/v1";

fn numbers(changed: &[(usize, &str)]) -> String {
    let line = |at: usize| {
        let found = changed.iter().find(|(place, _)| *place == at);
        found.map_or(at.to_string(), |(_, text)| (*text).to_owned())
    };
    (1..=40).map(|at| line(at) + "\n").collect()
}

fn write(git: &Git, name: &str, text: &str, message: &str) {
    std::fs::write(git.dir.join(name), text).expect("written");
    git.run(&["add", "--all"]);
    git.run(&["commit", "--quiet", "-m", message]);
}

/// A release, a clean-up that the first fix stands on, one that nothing stands on, and a fix by itself.
fn repository() -> Git {
    let git = Git::init("sha1");
    write(&git, "a", &numbers(&[]), "first");
    git.run(&["tag", "v1"]);
    write(&git, "a", &numbers(&[(10, "ten")]), "tidy up");
    write(&git, "unrelated", "new\n", "a feature");
    write(&git, "a", &numbers(&[(10, "ten"), (11, "safe")]), "fix\n\nThis is XSA-1.");
    write(&git, "b", "beside\n", "another\n\nThis is XSA-2 / CVE-2024-1111.");
    git
}

fn planned(git: &Git, onto: bool) -> (Workshop, Result<Plan, Error>) {
    let mut shop = Workshop::open(&git.dir).expect("a repository");
    let onto = onto.then(|| shop.resolve(NAME).expect("the branch"));
    let question = Question { release: "v1", branch: "main", names: &Names::known(), onto };
    let plan = plan(&mut shop, &question);
    (shop, plan)
}

/// Makes the branch, or carries it on, and says what became of it.
fn kept(git: &Git, onto: bool) -> Plan {
    let (mut shop, plan) = planned(git, onto);
    let plan = plan.expect("a plan");
    let before = onto.then(|| shop.resolve(NAME).expect("the branch"));
    let git_dir = git.dir.join(".git");
    update(&mut shop, &plan, &Reference { git_dir: &git_dir, name: NAME, before }).expect("moved");
    assert_eq!(git.run(&["rev-parse", &format!("{NAME}^{{tree}}")]), plan.tree);
    plan
}

fn subjects(git: &Git, range: &str) -> Vec<String> {
    git.run(&["log", "--reverse", "--format=%s", range]).lines().map(str::to_owned).collect()
}

#[test]
fn the_branch_holds_the_fixes_and_what_they_need_alone() {
    let git = repository();
    let plan = kept(&git, false);
    assert_eq!((plan.change, plan.added), (Change::New, 3));
    let advisories: Vec<&str> = plan.fixes.iter().map(|fix| fix.advisory.as_str()).collect();
    assert_eq!(advisories, ["XSA-1", "XSA-2"]);
    assert_eq!(subjects(&git, &format!("v1..{NAME}")), ["tidy up", "fix", "another"]);
    // What git itself gets by picking the same commits.
    git.run(&["checkout", "--quiet", "--detach", "v1"]);
    git.run(&["cherry-pick", "main~3", "main~1", "main"]);
    assert_eq!(git.run(&["rev-parse", "HEAD^{tree}"]), plan.tree);
    assert_eq!(git.run(&["status", "--porcelain"]), "", "the work tree is as it was");
    git.run(&["fsck", "--strict"]);
}

#[test]
fn what_came_is_put_on_top_and_nothing_is_picked_twice() {
    let git = repository();
    kept(&git, false);
    let first = git.run(&["rev-parse", NAME]);
    let plan = kept(&git, true);
    assert_eq!((plan.change, plan.added), (Change::Current, 0));
    assert_eq!(git.run(&["rev-parse", NAME]), first);
    // The prerequisite of the new fix is older than a fix that is there already.
    write(&git, "unrelated", "new\nfixed\n", "more\n\nThis is XSA-3.");
    let plan = kept(&git, true);
    assert_eq!((plan.change, plan.added), (Change::Grown, 2));
    git.run(&["merge-base", "--is-ancestor", &first, NAME]);
    assert_eq!(subjects(&git, &format!("{first}..{NAME}")), ["a feature", "more"]);
    let recipe = plan.recipe.expect("a recipe");
    assert_eq!(recipe.steps.len(), 5);
    let mut shop = Workshop::open(&git.dir).expect("a repository");
    let held = recipe.verify(&mut shop, &mut |name| panic!("no file is asked for: {name}"));
    assert_eq!(held.expect("read"), None);
}

#[test]
fn a_branch_of_a_history_that_was_rewritten_begins_anew() {
    let git = Git::init("sha256");
    write(&git, "a", &numbers(&[]), "first");
    git.run(&["tag", "v1"]);
    // The first fix does not need the clean-up; the second one does.
    write(&git, "a", &numbers(&[(10, "ten")]), "tidy up");
    write(&git, "a", &numbers(&[(10, "ten"), (14, "safe")]), "fix\n\nThis is XSA-1.");
    kept(&git, false);
    assert_eq!(subjects(&git, &format!("v1..{NAME}")), ["fix"]);
    write(&git, "a", &numbers(&[(10, "TEN"), (14, "safe")]), "more\n\nThis is XSA-2.");
    let plan = kept(&git, true);
    assert_eq!(plan.change, Change::Grown);
    // A history that was rewritten has other commits.
    git.run(&["commit", "--quiet", "--amend", "-m", "again\n\nThis is XSA-2."]);
    let (_, plan) = planned(&git, true);
    assert_eq!(plan.expect("a plan").change, Change::Remade);
}

#[test]
fn a_release_without_a_fix_since_is_its_own_branch() {
    let git = repository();
    git.run(&["tag", "--force", "v1", "main"]);
    let plan = kept(&git, false);
    assert_eq!((plan.added, plan.recipe), (0, None));
    assert_eq!(git.run(&["rev-parse", NAME]), git.run(&["rev-parse", "v1"]));
}

#[test]
fn a_branch_with_something_else_on_it_is_left_alone() {
    let git = repository();
    kept(&git, false);
    git.run(&["checkout", "--quiet", "security/v1"]);
    let (mut shop, plan) = planned(&git, false);
    let plan = plan.expect("a plan");
    let before = Some(shop.resolve(NAME).expect("the branch"));
    let git_dir = git.dir.join(".git");
    let moved = update(&mut shop, &plan, &Reference { git_dir: &git_dir, name: NAME, before });
    assert!(moved.is_err_and(|error| error.to_string().contains("checked out")));
    // By hand, with nothing said of where it is from; and under the name of a commit that it is not.
    write(&git, "c", "by hand\n", "by hand");
    assert!(
        planned(&git, true).1.is_err_and(|error| error.to_string().contains("not what this command picked"))
    );
    let feature = git.run(&["rev-parse", "main~2"]);
    let message = format!("by hand\n\n(cherry picked from commit {feature})");
    git.run(&["commit", "--quiet", "--amend", "-m", &message]);
    assert!(
        planned(&git, true).1.is_err_and(|error| error.to_string().contains("not what this command picked"))
    );
}

#[test]
fn a_branch_that_moved_meanwhile_stays_where_it_is() {
    let git = repository();
    let (mut shop, plan) = planned(&git, false);
    let plan = plan.expect("a plan");
    git.run(&["update-ref", NAME, "main"]);
    let git_dir = git.dir.join(".git");
    let reference = |name| Reference { git_dir: &git_dir, name, before: None };
    assert!(update(&mut shop, &plan, &reference(NAME)).is_err());
    assert_eq!(git.run(&["rev-parse", NAME]), git.run(&["rev-parse", "main"]));
    for name in ["main", "refs/tags/x", "refs/heads/../x", "refs/heads/x y"] {
        assert!(update(&mut shop, &plan, &reference(name)).is_err(), "{name}");
    }
}

/// Whatever the repository's configuration and hooks say, they have no part in it.
#[test]
fn hooks_and_filters_are_not_run() {
    let git = repository();
    let trap = git.dir.join("sprung");
    let command = format!("touch {}", trap.display());
    for hook in
        ["reference-transaction", "post-update", "update", "pre-receive", "post-commit", "pre-auto-gc"]
    {
        let path = git.dir.join(".git/hooks").join(hook);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(&path, format!("#!/bin/sh\n{command}\n")).expect("written");
        make_executable(&path);
    }
    for key in ["core.fsmonitor", "filter.x.clean", "filter.x.smudge", "diff.x.textconv", "diff.external"] {
        git.run(&["config", key, &command]);
    }
    std::fs::write(git.dir.join(".git/info/attributes"), "* filter=x diff=x\n").expect("written");
    let _ = std::fs::remove_file(&trap);
    kept(&git, false);
    assert!(!trap.exists());
}

fn make_executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("set");
}

#[test]
fn a_bundle_is_the_same_branch() {
    let git = repository();
    kept(&git, false);
    let (mut shop, plan) = planned(&git, false);
    let room = tempfile::TempDir::new().expect("a folder");
    let file = room.path().join("it.bundle");
    let tip = security_bundle(&mut shop, &plan.expect("a plan"), &file).expect("written");
    assert_eq!(tip.to_string(), git.run(&["rev-parse", NAME]), "the same plan gives the same commits");
    git.run(&["fetch", "--quiet", file.to_str().expect("UTF-8"), &format!("{BRANCH}:taken")]);
    assert_eq!(git.run(&["rev-parse", "taken"]), tip.to_string());
}
