//! Recipes: followed by us, by a shell script with git alone, by `git am`, and as a bundle.

use crate::git::Git;
use std::path::{Path, PathBuf};
use std::process::Command;
use tidegate_baseline::apply::Workshop;
use tidegate_baseline::check::{Answer, Request, Series, check};
use tidegate_baseline::export;
use tidegate_baseline::recipe::{Mismatch, Recipe, recipe};
use tidegate_baseline::security::Pattern;

/// A release, two commits that build on each other, one beside them, and the fix, which needs two of them.
fn repository() -> Git {
    let git = Git::init("sha1");
    let write = |name: &str, text: &str, message: &str| {
        std::fs::write(git.dir.join(name), text).expect("written");
        git.run(&["add", "--all"]);
        git.run(&["commit", "--quiet", "-m", message]);
    };
    let numbers = |changed: &[(usize, &str)]| {
        let line = |at: usize| {
            changed
                .iter()
                .find(|(place, _)| *place == at)
                .map_or(at.to_string(), |(_, text)| (*text).to_owned())
        };
        (1..=40).map(|at| line(at) + "\n").collect::<String>()
    };
    write("a", &numbers(&[]), "first");
    git.run(&["tag", "v1"]);
    write("a", &numbers(&[(10, "ten")]), "ten");
    write("b", "beside\n", "beside");
    write("a", &numbers(&[(10, "TEN")]), "TEN\n\nThis is XSA-1.");
    write("a", &numbers(&[(10, "TEN"), (12, "fixed")]), "the fix");
    git
}

fn asked(git: &Git, series: Series) -> (Workshop, Request, Answer) {
    let mut shop = Workshop::open(&git.dir).expect("a repository");
    let request = Request { release: "v1".into(), branch: Some("main".into()), series };
    let answer = check(&mut shop, &request, &Pattern::default()).expect("an answer");
    (shop, request, answer)
}

fn no_files(name: &str) -> Result<Vec<u8>, tidegate_baseline::Error> {
    panic!("no file is asked for: {name}")
}

#[test]
fn an_answer_names_what_is_needed_and_why() {
    let git = repository();
    let (_, _, answer) = asked(&git, Series::Commits(vec!["main".into()]));
    assert_eq!(answer.prerequisites, [git.run(&["rev-parse", "main~3"]), git.run(&["rev-parse", "main~1"])]);
    let [ten, again] = answer.reasons.as_slice() else { panic!("{answer:?}") };
    assert_eq!((ten.subject.as_str(), ten.security), ("ten", false));
    assert_eq!((again.subject.as_str(), again.security), ("TEN", true));
    assert_eq!(ten.needed_by.patch, again.commit);
    assert_eq!((again.needed_by.file.as_str(), again.needed_by.line), ("a", 9));
}

#[test]
fn a_recipe_holds_for_us_and_for_git_alone() {
    let git = repository();
    let (mut shop, request, answer) = asked(&git, Series::Commits(vec!["main".into()]));
    let made = recipe(&mut shop, &request, &answer).expect("read").expect("a recipe");
    let text = made.render();
    assert_eq!(Recipe::read(&text), Ok(made.clone()));
    assert_eq!(made.verify(&mut shop, &mut no_files).expect("read"), None);
    let room = tempfile::TempDir::new().expect("a folder");
    let path = room.path().join("recipe.json");
    std::fs::write(&path, &text).expect("written");
    assert!(follows(&path, &git.dir));
    // Another tree, another order, another hash: neither follows it.
    let mut other = made.clone();
    other.expected_tree = git.run(&["rev-parse", "v1^{tree}"]);
    assert!(matches!(other.verify(&mut shop, &mut no_files), Ok(Some(Mismatch::Tree { .. }))));
    std::fs::write(&path, other.render()).expect("written");
    assert!(!follows(&path, &git.dir));
    let mut other = made.clone();
    other.steps.reverse();
    assert!(matches!(other.verify(&mut shop, &mut no_files), Ok(Some(Mismatch::Applies(_)))));
    let mut other = made;
    other.steps[0].sha256 = "0".repeat(64);
    assert!(matches!(other.verify(&mut shop, &mut no_files), Ok(Some(Mismatch::Hash { .. }))));
    std::fs::write(&path, other.render()).expect("written");
    assert!(!follows(&path, &git.dir));
}

/// Whether the shell script finds that a recipe holds.
fn follows(recipe: &Path, repository: &Path) -> bool {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/verify-recipe.sh");
    let output = Command::new("sh").arg(script).arg(recipe).arg(repository).output().expect("a shell");
    output.status.success()
}

#[test]
fn mails_and_bundle_lead_to_the_same_tree() {
    let git = repository();
    let (mut shop, request, answer) = asked(&git, Series::Commits(vec!["main".into()]));
    let made = recipe(&mut shop, &request, &answer).expect("read").expect("a recipe");
    let room = tempfile::TempDir::new().expect("a folder");
    let (mails, bundle) = (room.path().join("mails"), room.path().join("it.bundle"));
    assert_eq!(export::mails(&shop, &made, &mails, &mut no_files).expect("written"), 3);
    assert!(export::mails(&shop, &made, &mails, &mut no_files).is_err(), "the folder is not empty any more");
    let tip = export::bundle(&mut shop, &made, &bundle, &mut no_files).expect("written");
    let again = export::bundle(&mut shop, &made, &bundle, &mut no_files).expect("written");
    assert_eq!(tip, again, "the same recipe gives the same commits");
    git.run(&["fetch", "--quiet", bundle.to_str().expect("UTF-8"), &format!("{}:taken", export::BRANCH)]);
    assert_eq!(git.run(&["rev-parse", "taken^{tree}"]), made.expected_tree);
    git.run(&["checkout", "--quiet", "-b", "mailed", "v1"]);
    let mut files: Vec<String> = std::fs::read_dir(&mails)
        .expect("a folder")
        .flatten()
        .map(|entry| entry.path().display().to_string())
        .collect();
    files.sort();
    let mut args = vec!["am", "--quiet"];
    args.extend(files.iter().map(String::as_str));
    git.run(&args);
    assert_eq!(git.run(&["rev-parse", "HEAD^{tree}"]), made.expected_tree);
}

#[test]
fn a_patch_that_was_mailed_is_placed_on_the_branch() {
    let git = repository();
    let mail = git.attempt(&["format-patch", "--stdout", "-1", "main"], b"").expect("a mail");
    let (mut shop, request, answer) = asked(&git, Series::Files(vec![("x/fix.patch".into(), mail.clone())]));
    assert!(!answer.applies);
    assert_eq!(answer.prerequisites.len(), 2);
    let made = recipe(&mut shop, &request, &answer).expect("read").expect("a recipe");
    let mut file = |name: &str| {
        assert_eq!(name, "fix.patch");
        Ok(mail.clone())
    };
    assert_eq!(made.verify(&mut shop, &mut file).expect("read"), None);
    let room = tempfile::TempDir::new().expect("a folder");
    std::fs::write(room.path().join("fix.patch"), &mail).expect("written");
    std::fs::write(room.path().join("recipe.json"), made.render()).expect("written");
    assert!(follows(&room.path().join("recipe.json"), &git.dir));
}
