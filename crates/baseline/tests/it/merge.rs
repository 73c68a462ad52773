//! Three-way merges against `git merge-tree --write-tree`, which git has since 2.38 (and takes trees since 2.45).

use crate::git::Git;
use crate::random::{Dice, rolled};
use std::cell::Cell;
use std::path::{Path, PathBuf};
use tidegate_baseline::apply::{State, Workshop};
use tidegate_baseline::backport::{backport, write};
use tidegate_baseline::check::{Request, Series};
use tidegate_baseline::merge::{Conflict, ConflictKind, Names, pick_with_markers, picks};

const FOLDERS: [&str; 6] = ["", "a/", "a/in/", "b/", "c/", "b/in/"];
const NAMES: [&str; 5] = ["one", "two", "three", "four", "Makefile"];

/// The oldest git whose `merge-tree` takes trees.
const GIT_SINCE: (u32, u32) = (2, 45);

fn git_is_old(git: &Git) -> bool {
    let version = git.run(&["version"]);
    let mut numbers = version.split([' ', '.']).filter_map(|word| word.parse::<u32>().ok());
    let found = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    found < GIT_SINCE
}

fn text(dice: &mut Dice) -> String {
    let kind = dice.below(4);
    let count = 4 + dice.below(20);
    let lines = (0..count).map(|at| match dice.below(6) {
        0 => "}\n".to_owned(),
        1 => format!("word {}\n", dice.below(12)),
        _ => format!("kind {kind} line {at}\n"),
    });
    lines.collect()
}

fn files(git: &Git) -> Vec<PathBuf> {
    let listed = git.run(&["ls-files"]);
    listed.lines().map(|name| git.dir.join(name)).filter(|path| path.is_file()).collect()
}

fn place(path: &Path, text: &str) {
    if std::fs::create_dir_all(path.parent().expect("a folder")).is_ok() && !path.is_dir() {
        std::fs::write(path, text).expect("written");
    }
}

fn edit(dice: &mut Dice, path: &Path) {
    let text = std::fs::read_to_string(path).expect("a text");
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    let times = if dice.below(6) == 0 { 8 } else { 1 };
    for _ in 0..times {
        let at = dice.below(lines.len() + 1);
        let gone = dice.below(3).min(lines.len() - at);
        let end = if dice.below(12) == 0 { "\r\n" } else { "\n" };
        let new = (0..dice.below(3)).map(|_| format!("new {}{end}", dice.below(7))).collect::<Vec<_>>();
        lines.splice(at..at + gone, new);
    }
    let mut text = lines.concat();
    if dice.below(12) == 0 && text.ends_with('\n') {
        text.pop();
    }
    std::fs::write(path, text).expect("written");
}

fn rename(from: &Path, to: &Path) {
    if std::fs::create_dir_all(to.parent().expect("a folder")).is_ok() && !to.exists() {
        std::fs::rename(from, to).expect("renamed");
    }
}

/// One change: of a text, of where it is, or of where a whole folder is.
fn step(dice: &mut Dice, git: &Git, gentle: bool) {
    let all = files(git);
    if all.is_empty() {
        return;
    }
    let file = dice.one(&all);
    if !file.is_file() {
        return;
    }
    let free = git.dir.join(format!("{}{}", dice.one(&FOLDERS), dice.one(&NAMES)));
    match dice.below(if gentle { 10 } else { 16 }) {
        0..=3 => edit(dice, &file),
        4..=6 => {
            rename(&file, &free);
            if dice.below(3) == 0 && free.is_file() {
                edit(dice, &free);
            }
        }
        7 if !free.exists() => place(&free, &text(dice)),
        8 | 9 => edit(dice, &file),
        10 => std::fs::remove_file(&file).expect("removed"),
        11 | 12 => {
            let (from, to) = (dice.one(&FOLDERS[1..]), dice.one(&FOLDERS[1..]));
            for file in &all {
                let inside = file.strip_prefix(git.dir.join(from)).ok();
                if let Some(rest) = inside.filter(|_| file.is_file() && dice.below(9) > 0) {
                    rename(file, &git.dir.join(to).join(rest));
                }
            }
        }
        13 => {
            let other = dice.one(&all);
            if other.is_file() {
                std::fs::copy(&other, &file).map(drop).unwrap_or_default();
            }
        }
        14 => {
            use std::os::unix::fs::PermissionsExt;
            let mode = if dice.below(2) == 0 { 0o755 } else { 0o644 };
            std::fs::set_permissions(&file, PermissionsExt::from_mode(mode)).expect("set");
        }
        _ => std::fs::write(&file, [0, dice.below(9) as u8, 1]).expect("written"),
    }
}

fn commit(dice: &mut Dice, git: &Git, gentle: bool) -> String {
    for _ in 0..=dice.below(if gentle { 3 } else { 7 }) {
        // What a step removed or moved is asked of git's list of files.
        step(dice, git, gentle);
        git.run(&["add", "--all"]);
    }
    git.run(&["commit", "--quiet", "--allow-empty", "-m", "changed"]);
    git.run(&["rev-parse", "HEAD"])
}

/// Two sides that went on from one commit.
fn sides(dice: &mut Dice, git: &Git, gentle: bool) -> (String, String) {
    for folder in FOLDERS {
        for name in NAMES {
            if dice.below(3) == 0 {
                place(&git.dir.join(folder).join(name), &text(dice));
            }
        }
    }
    place(&git.dir.join("a/keep"), &text(dice));
    git.run(&["add", "--all"]);
    git.run(&["commit", "--quiet", "-m", "base"]);
    git.run(&["checkout", "--quiet", "-b", "ours"]);
    let ours = commit(dice, git, gentle);
    git.run(&["checkout", "--quiet", "main"]);
    let theirs = commit(dice, git, gentle);
    (ours, theirs)
}

/// What git makes of it: the tree, the paths that conflict, and whether it is clean.
fn merged_by_git(git: &Git, ours: &str, theirs: &str) -> (bool, String, Vec<String>) {
    let base = format!("--merge-base={theirs}^");
    let args = ["merge-tree", "--write-tree", "--name-only", "--no-messages", &base, ours, theirs];
    let (clean, said) = git.answers(&args);
    let mut lines = said.lines().map(str::to_owned);
    (clean, lines.next().unwrap_or_default(), lines.collect())
}

fn merged_by_us(git: &Git, ours: &str, theirs: &str) -> (bool, String, Vec<Conflict>) {
    let mut shop = Workshop::open(&git.dir).expect("a repository");
    let (one, other) = (shop.resolve(ours).expect("ours"), shop.resolve(theirs).expect("theirs"));
    let patch = shop.patch_of_commit(&other).expect("a patch");
    let root = shop.commit(&one).expect("ours").tree;
    let mut state = State::new(root);
    let clean = picks(&mut shop, &state, std::slice::from_ref(&patch)).expect("an answer");
    let names = Names { ours: ours.as_bytes(), theirs: theirs.as_bytes() };
    let conflicts = pick_with_markers(&mut shop, &mut state, &patch, &names).expect("merged");
    assert_eq!(clean, conflicts.is_empty(), "the short way and the long one");
    (clean, state.tree(&mut shop).expect("a tree").to_string(), conflicts)
}

fn agree(git: &Git, ours: &str, theirs: &str) -> bool {
    let (clean, tree, paths) = merged_by_git(git, ours, theirs);
    let (found_clean, found_tree, found) = merged_by_us(git, ours, theirs);
    let story = format!("{:?}: {ours} {theirs}: git {clean} {tree} {paths:?}, here {found:?}", git.dir);
    assert_eq!(found_clean, clean, "{story}");
    // A file that followed a folder may have followed it onto another one: git and we both say that it conflicts.
    let followed = [ConflictKind::FolderMoved, ConflictKind::FolderMovedInWay, ConflictKind::FolderSplit];
    if !found.iter().any(|conflict| followed.contains(&conflict.kind)) {
        assert_eq!(found_tree, tree, "markers and all: {story}");
    }
    clean
}

/// Says how it went.
fn run(cases: u32, gentle: bool) -> String {
    if git_is_old(&Git::init("sha1")) {
        return format!("skipped: no `git merge-tree` that takes trees; git {GIT_SINCE:?} has one");
    }
    let (clean, all) = (Cell::new(0), Cell::new(0));
    rolled(cases, |dice| {
        let git = Git::init("sha1");
        let (ours, theirs) = sides(dice, &git, gentle);
        clean.set(clean.get() + u32::from(agree(&git, &ours, &theirs)));
        all.set(all.get() + 1);
    });
    let (clean, all) = (clean.get(), all.get());
    assert!(0 < clean && clean < all, "both kinds are to be seen");
    format!("{clean} of {all} merges are clean")
}

#[test]
fn renames_with_edits_on_the_other_side_merge_as_in_git() {
    println!("{}", run(48, true));
}

#[test]
fn moved_folders_and_removed_files_merge_as_in_git() {
    println!("{}", run(48, false));
}

/// A release that goes its own way, and a fix on the trunk.
fn parted() -> Git {
    let git = Git::init("sha1");
    let put = |text: &str, message: &str| {
        std::fs::write(git.dir.join("file"), text).expect("written");
        git.run(&["add", "--all"]);
        git.run(&["commit", "--quiet", "-m", message]);
    };
    put("one\ntwo\nthree\nfour\nfive\n", "first");
    git.run(&["tag", "v1"]);
    put("one\ntwo\nTHREE\nfour\nfive\n", "second");
    git.run(&["tag", "v2"]);
    put("one\ntwo\nTHREE and more\nfour\nfive\n", "fix");
    git.run(&["checkout", "--quiet", "-b", "stable", "v1"]);
    put("one\ntwo\nthree of the old\nfour\nfive\n", "own way");
    git.run(&["tag", "v1.1"]);
    git
}

#[test]
fn conflicts_are_written_as_git_merge_tree_writes_them() {
    let git = parted();
    let fix = git.run(&["rev-parse", "main"]);
    let mut shop = Workshop::open(&git.dir).expect("a repository");
    let series = Series::Commits(vec![fix.clone()]);
    let request = Request { release: "v1.1".into(), branch: Some("stable".into()), series };
    let help = backport(&mut shop, &request, &[]).expect("help");
    let nearest = help.nearest_release.as_ref().expect("a release");
    assert_eq!((nearest.release.as_str(), nearest.commits_between), ("v2", 2));
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("new");
    assert_eq!(write(&help, &target).expect("written"), 1);
    let text = std::fs::read(target.join("file")).expect("the file");
    if !git_is_old(&git) {
        let (clean, tree, _) = merged_by_git(&git, "v1.1", &fix);
        assert!(!clean);
        let blob = git.attempt(&["cat-file", "blob", &format!("{tree}:file")], b"").expect("a blob");
        assert_eq!(String::from_utf8_lossy(&text), String::from_utf8_lossy(&blob));
    }
    let again = write(&help, &target).expect_err("it is not empty").to_string();
    assert!(again.contains("not empty"), "{again}");
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(folder.path(), &link).expect("linked");
    write(&help, &link).expect_err("a link is no folder");
    let none = backport(&mut shop, &request, &["v1.".into()]).expect("help");
    assert_eq!(none.nearest_release, None, "only the release itself is one");
}
