//! How each patch stands: held against what git says of it, and on a history where the answer is known.

use crate::git::Git;
use crate::random::{Dice, history, rolled};
use tidegate_baseline::apply::Workshop;
use tidegate_baseline::check::{ReasonKind, Request, Series};
use tidegate_baseline::standing::{KnownBy, Outcome, Standing, standings};

fn asked(git: &Git, series: Series) -> Vec<Standing> {
    let mut shop = Workshop::open(&git.dir).expect("a repository");
    let request = Request { release: "v1".into(), branch: Some("main".into()), series };
    standings(&mut shop, &request).expect("an answer")
}

/// The line of the patch and the offset of each hunk that git says lies elsewhere.
fn offsets(said: &str) -> Vec<i64> {
    let found = said.lines().filter_map(|line| line.split_once("(offset "));
    found.filter_map(|(_, rest)| rest.split(' ').next()?.parse().ok()).collect()
}

/// Applied, undone or failed: one patch at a time, commits and patch files alike.
fn git_agrees(dice: &mut Dice, git: &Git) {
    let all = git.run(&["rev-list", "--min-parents=1", "--max-parents=1", "main"]);
    let all: Vec<&str> = all.lines().collect();
    let (release, commit) = (dice.one(&all), dice.one(&all));
    git.run(&["tag", "--force", "v1", release]);
    let patch = git.patch_of(commit);
    if patch.is_empty() {
        return;
    }
    git.run(&["read-tree", "v1"]);
    let (applies, said) = git.tells(&["apply", "--cached", "--verbose", "-"], &patch);
    git.run(&["read-tree", "v1"]);
    let (undone, _) = git.tells(&["apply", "--cached", "--reverse", "-"], &patch);
    for series in [
        Series::Commits(vec![commit.to_owned()]),
        Series::Files(vec![("mail.patch".to_owned(), patch.clone())]),
    ] {
        let found = asked(git, series);
        let story = format!("{:?}: {commit}: {found:?}\n{said}", git.dir);
        match &found[0].result {
            Outcome::Applied { moved } => {
                assert!(applies, "{story}");
                let moved: Vec<i64> = moved.iter().map(|hunk| hunk.offset).collect();
                assert_eq!(moved, offsets(&said), "{story}");
            }
            Outcome::AlreadyThere { known_by: KnownBy::Reverse, .. } => {
                assert!(!applies && undone, "{story}")
            }
            Outcome::AlreadyThere { known_by: KnownBy::PatchId, .. } => assert!(!applies, "{story}"),
            Outcome::Failed(_) => assert!(!applies && !undone, "{story}"),
        }
    }
}

#[test]
fn git_says_the_same_of_each_patch() {
    rolled(24, |dice| {
        let git = history(dice, "sha1");
        for _ in 0..8 {
            git_agrees(dice, &git);
        }
    });
}

/// Twenty lines, with some replaced.
pub fn text(changes: &[(usize, &str)]) -> String {
    let line = |number: usize| {
        let changed = changes.iter().find(|(at, _)| *at == number);
        changed.map_or_else(|| format!("line {number}\n"), |(_, text)| format!("{text}\n"))
    };
    (1..=20).map(line).collect()
}

fn commit(git: &Git, text: &str, message: &str) -> String {
    std::fs::write(git.dir.join("file"), text).expect("written");
    git.run(&["add", "--all"]);
    git.run(&["commit", "--quiet", "-m", message]);
    git.run(&["rev-parse", "HEAD"])
}

#[test]
fn a_conflict_shows_both_texts_and_who_changed_the_place() {
    let git = Git::init("sha1");
    commit(&git, &text(&[]), "first");
    let ours = commit(&git, &text(&[(10, "ours")]), "before the release");
    git.run(&["tag", "v1"]);
    commit(&git, &text(&[(10, "ours"), (1, "far")]), "far away");
    let theirs = commit(&git, &text(&[(10, "theirs"), (1, "far")]), "after the release");
    let fix = commit(&git, &text(&[(10, "theirs"), (1, "far"), (11, "fixed")]), "the fix");
    let found = asked(&git, Series::Commits(vec![fix.clone()]));
    let Outcome::Failed(conflict) = &found[0].result else { panic!("{found:?}") };
    assert_eq!((conflict.file.as_str(), conflict.line, conflict.has_line), ("file", 8, 8));
    assert_eq!(conflict.why, ReasonKind::Context);
    assert_eq!(conflict.expects[..3], ["line 8", "line 9", "theirs"]);
    assert_eq!(conflict.has[..3], ["line 8", "line 9", "ours"]);
    let changed: Vec<_> =
        conflict.changed_by.iter().map(|by| (by.commit.as_str(), by.since_release)).collect();
    assert_eq!(changed, [(theirs.as_str(), true), (ours.as_str(), false)]);
    // With what it stands on before it, it applies; and the next one is answered, too.
    let found = asked(&git, Series::Commits(vec![theirs, fix.clone(), fix]));
    let results: Vec<_> = found.iter().map(|standing| &standing.result).collect();
    let applied = Outcome::Applied { moved: Vec::new() };
    assert_eq!(results[..2], [&applied, &applied]);
    assert!(matches!(results[2], Outcome::AlreadyThere { known_by: KnownBy::Reverse, .. }), "{results:?}");
}

#[test]
fn a_patch_that_was_applied_and_built_upon_is_there_already_unless_it_was_undone() {
    let git = Git::init("sha1");
    commit(&git, &text(&[]), "first");
    let picked = commit(&git, &text(&[(10, "fixed")]), "the fix");
    commit(&git, &text(&[(10, "fixed, and better")]), "better");
    git.run(&["tag", "v1"]);
    git.run(&["checkout", "--quiet", "-b", "other", "v1~2"]);
    let fix = commit(&git, &text(&[(10, "fixed")]), "the fix, elsewhere");
    git.run(&["checkout", "--quiet", "main"]);
    let there = Outcome::AlreadyThere { known_by: KnownBy::PatchId, commit: Some(picked) };
    assert_eq!(asked(&git, Series::Commits(vec![fix.clone()]))[0].result, there);

    commit(&git, &text(&[(10, "fixed")]), "worse again");
    commit(&git, &text(&[]), "not fixed");
    commit(&git, &text(&[(10, "another way")]), "another way");
    git.run(&["tag", "--force", "v1"]);
    let found = asked(&git, Series::Commits(vec![fix]));
    assert!(matches!(found[0].result, Outcome::Failed(_)), "{found:?}");
}
