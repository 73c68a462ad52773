//! Forecasts, held against `git apply` on every commit of the staging branch; and proposals on a known history.

use crate::git::Git;
use crate::random::{Dice, commit, history, rolled};
use crate::standing::text;
use tidegate_baseline::apply::Workshop;
use tidegate_baseline::check::Series;
use tidegate_baseline::forecast::{Forecast, Outlook, Staging, forecast};
use tidegate_baseline::point_release::{Marks, Need, propose, published, unpublished};
use tidegate_baseline::security::Names;

fn files(patches: &[Vec<u8>]) -> Series {
    let named = |(number, text): (usize, &Vec<u8>)| (format!("{number}.patch"), text.clone());
    Series::Files(patches.iter().enumerate().map(named).collect())
}

fn staging(git: &Git, release: Option<&str>) -> (Workshop, Staging) {
    let mut shop = Workshop::open(&git.dir).expect("a repository");
    let staging = Staging::open(&mut shop, "main", release, &[]).expect("a branch");
    (shop, staging)
}

fn asked(git: &Git, patches: &[Vec<u8>]) -> Forecast {
    let (mut shop, staging) = staging(git, Some("v1"));
    forecast(&mut shop, &staging, &files(patches)).expect("an answer")
}

/// A fix that somebody made on some commit of the branch, and that is not on it.
fn fix(dice: &mut Dice, git: &Git, branch: &[&str]) -> Vec<u8> {
    git.run(&["checkout", "--quiet", "--force", "--detach", dice.one(branch)]);
    git.run(&["clean", "--quiet", "-d", "--force", "-x"]);
    commit(dice, git, 500);
    git.patch_of("HEAD")
}

fn git_agrees(dice: &mut Dice, git: &Git) {
    let branch = git.run(&["rev-list", "--first-parent", "--reverse", "v1..main"]);
    let release = git.run(&["rev-parse", "v1^{commit}"]);
    let branch: Vec<&str> = std::iter::once(release.as_str()).chain(branch.lines()).collect();
    let mut patches = vec![fix(dice, git, &branch)];
    if dice.below(3) == 0 {
        patches.push(fix(dice, git, &branch));
    }
    if patches.iter().any(Vec::is_empty) {
        return;
    }
    let found = asked(git, &patches);
    let trees: Vec<Option<String>> =
        branch.iter().map(|commit| git.applied(commit, patches.iter().map(Vec::as_slice))).collect();
    let story = format!("{:?}: {patches:?}: {found:?}", git.dir);
    let on_tip = trees.last().expect("a tip").clone();
    match &found.outlook {
        Outlook::Applies { tree } => assert_eq!(Some(tree), on_tip.as_ref(), "{story}"),
        Outlook::AlreadyThere | Outlook::PartlyThere => assert_eq!(on_tip, None, "{story}"),
        Outlook::Stopped { since } => {
            assert_eq!(on_tip, None, "{story}");
            let last_good = trees.iter().rposition(Option::is_some).expect("it applied once");
            assert_eq!(since.last_good, branch[last_good], "{story}");
            assert_eq!(since.commit, branch[last_good + 1], "{story}");
            assert!(found.conflict().is_some(), "{story}");
        }
        Outlook::NeverApplied => assert!(trees.iter().all(Option::is_none), "{story}"),
    }
}

#[test]
fn git_says_the_same_of_every_commit_of_the_branch() {
    rolled(12, |dice| {
        let git = history(dice, "sha1");
        for _ in 0..4 {
            git_agrees(dice, &git);
        }
    });
}

fn write(git: &Git, changes: &[(usize, &str)], message: &str) -> String {
    std::fs::write(git.dir.join("file"), text(changes)).expect("written");
    git.run(&["add", "--all"]);
    git.run(&["commit", "--quiet", "--allow-empty", "-m", message]);
    git.run(&["rev-parse", "HEAD"])
}

/// The patch of a fix of line 10, made on `onto` with these changes.
fn fix_of_line_10(git: &Git, onto: &str, changes: &[(usize, &str)]) -> Vec<u8> {
    git.run(&["checkout", "--quiet", "--detach", onto]);
    write(git, changes, "before");
    write(git, &[changes, &[(10, "fixed")]].concat(), "the fix");
    let patch = git.patch_of("HEAD");
    git.run(&["checkout", "--quiet", "main"]);
    patch
}

#[test]
fn a_series_that_stopped_twice_stopped_with_the_last_commit_after_which_it_applies_nowhere() {
    let git = Git::init("sha1");
    write(&git, &[], "first");
    git.run(&["tag", "v1"]);
    let fix = fix_of_line_10(&git, "v1", &[]);
    assert!(matches!(asked(&git, std::slice::from_ref(&fix)).outlook, Outlook::Applies { .. }));
    write(&git, &[(11, "reworked")], "rework");
    let good = write(&git, &[], "Revert \"rework\"");
    let since = write(&git, &[(9, "tidied")], "tidy up");
    write(&git, &[(9, "tidied"), (1, "far")], "far away");
    let found = asked(&git, std::slice::from_ref(&fix));
    let Outlook::Stopped { since: told } = &found.outlook else { panic!("{found:?}") };
    assert_eq!((&told.commit, &told.last_good), (&since, &good));
    assert_eq!((told.subject.as_str(), told.failed.file.as_str(), told.failed.line), ("tidy up", "file", 7));
    let (patch, conflict) = found.conflict().expect("a conflict");
    assert_eq!((patch, conflict.file.as_str(), conflict.line), ("0.patch", "file", 7));
    assert_eq!((&conflict.changed_by[0].commit, conflict.changed_by[0].since_release), (&since, true));
    // The fix itself is pushed, in a form that fits.
    write(&git, &[(9, "tidied"), (1, "far"), (10, "fixed")], "the fix");
    git.run(&["tag", "v2"]);
    write(&git, &[(1, "far"), (10, "fixed")], "untidy");
    assert_eq!(asked(&git, &[fix]).outlook, Outlook::AlreadyThere);
    assert_eq!(staging(&git, None).1.release, "v2", "the last tag on the branch");
}

#[test]
fn a_point_release_is_proposed_once_a_number_reaches_its_mark() {
    let git = Git::init("sha1");
    write(&git, &[], "first");
    git.run(&["tag", "v1"]);
    let tidied = write(&git, &[(9, "tidied")], "tidy up");
    let fit = fix_of_line_10(&git, "main", &[(9, "tidied")]);
    let unfit = fix_of_line_10(&git, "main", &[(9, "tidied"), (11, "x")]);
    let renamed = write(&git, &[(9, "tidied"), (18, "renamed")], "rename");
    write(&git, &[(9, "tidied"), (18, "renamed"), (19, "safe")], "safer\n\nThis is XSA-1.");
    let (mut shop, staging) = staging(&git, None);
    assert_eq!((staging.release.as_str(), staging.commits()), ("v1", 3));
    let names = Names::known();
    let mut needs = published(&mut shop, &staging, &names).expect("needs");
    for (name, patch) in [("fit", fit.clone()), ("again", fit), ("unfit", unfit)] {
        let found = forecast(&mut shop, &staging, &files(std::slice::from_ref(&patch))).expect("an answer");
        let need = unpublished(&mut shop, &staging, name, files(&[patch]), &found.outlook);
        needs.push(need.expect("a need"));
    }
    let told: Vec<(&str, bool, bool, usize)> = needs
        .iter()
        .map(|n: &Need| (n.fix.as_str(), n.published, n.applies, n.prerequisites.len()))
        .collect();
    let expected = [("XSA-1", true, true, 1), ("fit", false, true, 1), ("again", false, true, 1)];
    assert_eq!(told[..3], expected);
    assert_eq!(told[3], ("unfit", false, false, 0), "it stands on what the branch never had");
    let mut proposed = |prerequisites, fixes| {
        propose(&mut shop, &staging, &names, Marks { prerequisites, fixes }, needs.clone()).expect("read")
    };
    let proposal = proposed(2, 9);
    let vanishing: Vec<(&str, usize)> =
        proposal.vanishing.iter().map(|one| (one.commit.as_str(), one.needed_by.len())).collect();
    assert_eq!(vanishing, [(renamed.as_str(), 1), (tidied.as_str(), 2)], "each once");
    assert_eq!((proposal.proposed, proposal.fixes, proposal.remaining), (true, 1, 0));
    assert!(!proposed(3, 2).proposed);
    assert!(proposed(3, 1).proposed);
}
