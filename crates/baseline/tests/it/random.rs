//! Random histories: everything that is claimed of them is held against `git apply` and `git write-tree`.

use crate::git::Git;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRng, TestRunner};
use std::fmt::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tidegate_baseline::apply::Workshop;
use tidegate_baseline::check::{Answer, Request, Series, check};
use tidegate_baseline::security::Pattern;

/// Few different lines: hunks then have more places than one, which is where mistakes show.
const WORDS: [&str; 9] = ["{", "}", "", "  return;", "int a;", "int b;", "a = b;", "x", "\ty"];
const NAMES: [&str; 7] =
    ["one.c", "two.c", "dir/three.c", "dir/sub/four", "dir/with space", "ümlaut", "run.sh"];

/// Chance, from a seed that a failure names.
pub struct Dice(TestRng);

impl Dice {
    pub fn below(&mut self, end: usize) -> usize {
        self.0.random_range(0..end)
    }

    pub fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }

    fn lines(&mut self, count: usize) -> Vec<String> {
        (0..count)
            .map(
                |_| if self.below(4) == 0 { format!("n{}", self.below(90)) } else { self.one(&WORDS).into() },
            )
            .collect()
    }
}

fn files(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            if entry.file_name() == ".git" {
                continue;
            }
            if entry.file_type().expect("a type").is_dir() {
                folders.push(entry.path())
            } else {
                found.push(entry.path())
            }
        }
    }
    found.sort();
    found
}

/// Changes a text in one place.
fn edit(dice: &mut Dice, path: &Path) {
    let bytes = std::fs::read(path).expect("a file");
    let Ok(text) = String::from_utf8(bytes.clone()).map_err(drop) else {
        let mut bytes = bytes;
        bytes.push(dice.below(256) as u8);
        return std::fs::write(path, bytes).expect("written");
    };
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    let at = dice.below(lines.len() + 1);
    let gone = dice.below(3).min(lines.len() - at);
    let count = dice.below(3) + usize::from(gone == 0);
    let end = if dice.below(8) == 0 { "\r\n" } else { "\n" };
    let new = dice.lines(count).into_iter().map(|line| line + end);
    lines.splice(at..at + gone, new);
    let mut text = lines.concat();
    if dice.below(8) == 0 && text.ends_with('\n') {
        text.pop();
    }
    std::fs::write(path, text).expect("written");
}

fn step(dice: &mut Dice, git: &Git) {
    let all = files(&git.dir);
    let target = git.dir.join(dice.one(&NAMES));
    let free = !target.exists() && target.symlink_metadata().is_err();
    if target.parent().is_some_and(|folder| std::fs::create_dir_all(folder).is_err()) {
        return;
    }
    match dice.below(16) {
        0 if free => {
            let count = 3 + dice.below(30);
            let text = dice.lines(count).join("\n") + "\n";
            std::fs::write(&target, text).expect("written");
        }
        1 if all.len() > 2 => std::fs::remove_file(dice.one(&all)).expect("removed"),
        2 if free && !all.is_empty() => std::fs::rename(dice.one(&all), &target).expect("renamed"),
        3 if free => std::fs::write(&target, [0, dice.below(250) as u8, 0xff, b'\n']).expect("written"),
        4 if free => std::os::unix::fs::symlink(dice.one(&NAMES), &target).expect("linked"),
        5 => {
            let file = dice.one(&all);
            if !file.is_symlink() {
                let mode = if dice.below(2) == 0 { 0o755 } else { 0o644 };
                std::fs::set_permissions(&file, PermissionsExt::from_mode(mode)).expect("set");
            }
        }
        _ => {
            let file = dice.one(&all);
            if !file.is_symlink() {
                edit(dice, &file);
            }
        }
    }
}

/// A commit that changes something.
pub fn commit(dice: &mut Dice, git: &Git, number: usize) {
    for _ in 0..=dice.below(3) {
        step(dice, git);
    }
    let mark = if dice.below(4) == 0 { "\n\nThis is XSA-1." } else { "" };
    git.run(&["add", "--all"]);
    git.run(&["commit", "--quiet", "--allow-empty", "-m", &format!("number {number}{mark}")]);
}

/// A repository with the tag `v1` and a branch `main` that goes on from there, now and then with a merge.
pub fn history(dice: &mut Dice, format: &str) -> Git {
    let git = Git::init(format);
    for name in NAMES.iter().take(4) {
        let path = git.dir.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        let count = 12 + dice.below(30);
        std::fs::write(path, dice.lines(count).join("\n") + "\n").expect("written");
    }
    git.run(&["add", "--all"]);
    git.run(&["commit", "--quiet", "-m", "first"]);
    git.run(&["tag", "-a", "v1", "-m", "a release"]);
    for number in 0..4 + dice.below(12) {
        if dice.below(7) == 0 {
            git.run(&["checkout", "--quiet", "-b", "side"]);
            commit(dice, &git, 100 + number);
            git.run(&["checkout", "--quiet", "main"]);
            git.attempt(&["merge", "--quiet", "--no-ff", "-m", "merge", "side"], b"").expect("merged");
            git.run(&["branch", "-D", "--quiet", "side"]);
        } else {
            commit(dice, &git, number);
        }
    }
    git
}

fn asked(git: &Git, series: Series) -> Answer {
    let mut shop = Workshop::open(&git.dir).expect("a repository");
    let request = Request { release: "v1".into(), branch: Some("main".into()), series };
    check(&mut shop, &request, &Pattern::default()).expect("an answer")
}

/// Commits of the branch as a series: answer, tree and minimality are those that git finds.
fn commits_hold(dice: &mut Dice, git: &Git) {
    let branch = git.run(&["rev-list", "--first-parent", "--reverse", "v1..main"]);
    let branch: Vec<&str> = branch.lines().collect();
    let mut series: Vec<&str> = (0..=dice.below(3)).map(|_| dice.one(&branch)).collect();
    series.sort_by_key(|id| branch.iter().position(|other| other == id));
    series.dedup();
    let patches: Vec<Vec<u8>> = branch.iter().map(|commit| git.patch_of(commit)).collect();
    let applied = |wanted: &dyn Fn(&str) -> bool| {
        let chosen = branch.iter().zip(&patches).filter(|(commit, _)| wanted(commit));
        git.applied("v1", chosen.map(|(_, patch)| patch.as_slice()))
    };
    let answer = asked(git, Series::Commits(series.iter().map(|&id| id.to_owned()).collect()));
    let direct = applied(&|commit| series.contains(&commit));
    let story = format!("{:?}: {series:?}: {answer:?}", git.dir);
    assert_eq!(answer.applies, direct.is_some(), "{story}");
    if let Some(tree) = direct {
        assert_eq!(answer.tree, Some(tree), "{story}");
        assert!(answer.prerequisites.is_empty(), "{story}");
        return;
    }
    let set = &answer.prerequisites;
    assert!(answer.failed.is_some() && !set.is_empty(), "{story}: up to the last of the series, all applies");
    let within = |commit: &str| series.contains(&commit) || set.iter().any(|id| id == commit);
    assert_eq!(answer.tree, applied(&within), "{story}");
    assert!(answer.tree.is_some(), "{story}");
    for out in set {
        assert_eq!(
            applied(&|commit| commit != out && within(commit)),
            None,
            "{story}: {out} can be left out"
        );
    }
    assert_eq!(answer.reasons.len(), set.len(), "{story}");
}

/// Patch files, as git writes them in several ways: the same answer and tree as `git apply`.
fn files_hold(dice: &mut Dice, git: &Git) {
    let branch = git.run(&["rev-list", "--no-merges", "--reverse", "v1..main"]);
    let branch: Vec<&str> = branch.lines().collect();
    let commit = dice.one(&branch);
    let context = format!("-U{}", dice.below(5));
    let ways: [&[&str]; 5] = [
        &["format-patch", "--stdout", "-1"],
        &["format-patch", "--stdout", "--binary", "--full-index", "-M", "-C", "-1"],
        &["format-patch", "--stdout", "--no-renames", "-1"],
        &["diff-tree", "-p", "--no-commit-id", "--no-renames"],
        &["diff-tree", "-p", "--no-commit-id", "--binary", "--full-index", "-B", "-M"],
    ];
    let mut args = dice.one(&ways).to_vec();
    if dice.below(3) == 0 {
        args.push(&context);
    }
    args.push(commit);
    let patch = git.attempt(&args, b"").expect("a patch");
    let Some(direct) = (!patch.is_empty()).then(|| git.applied("v1", [patch.as_slice()])) else { return };
    let mut shop = Workshop::open(&git.dir).expect("a repository");
    let series = Series::Files(vec![("mail.patch".into(), patch.clone())]);
    let request = Request { release: "v1".into(), branch: None, series };
    let story = || {
        let mut text = format!("{:?}: git {args:?}\n", git.dir);
        let _ = write!(text, "{}", String::from_utf8_lossy(&patch));
        text
    };
    match check(&mut shop, &request, &Pattern::default()) {
        Ok(answer) => assert_eq!(answer.tree, direct, "{}", story()),
        Err(error) => assert_eq!(direct, None, "{error}\n{}", story()),
    }
}

/// Runs a test with other chances each time.
pub fn rolled(cases: u32, test: impl Fn(&mut Dice)) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&any::<[u8; 32]>().no_shrink(), |seed| {
            let rng = TestRng::from_seed(prop::test_runner::RngAlgorithm::ChaCha, &seed);
            test(&mut Dice(rng));
            Ok(())
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
}

fn run(cases: u32, format: &'static str) {
    rolled(cases, |dice| {
        let git = history(dice, format);
        for _ in 0..3 {
            commits_hold(dice, &git);
            files_hold(dice, &git);
        }
    });
}

#[test]
fn random_histories_with_sha_1() {
    run(24, "sha1");
}

#[test]
fn random_histories_with_sha_256() {
    run(6, "sha256");
}
