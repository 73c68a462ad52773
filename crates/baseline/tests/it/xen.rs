//! Xen's real history: does each advisory's fix apply to the point release before it; if not, what must come
//! first? Needs a clone (`TIDEGATE_XEN=DIR`) and the expected answers.

use crate::git::Git;
use serde_json::Value;
use std::collections::HashMap;
use std::path::PathBuf;
use tidegate_baseline::apply::Workshop;
use tidegate_baseline::check::{Request, Series, check};
use tidegate_baseline::security::Pattern;

/// Sets up to this size are shown to be minimal with git itself. (Larger ones, too, but not by this test.)
const SHOWN_MINIMAL_MAX: usize = 4;
/// Sets that may be larger than the expected one, in percent.
const LARGER_PERCENT_MAX: usize = 2;

/// The folder of other people's data, which is no part of the project.
#[expect(clippy::disallowed_methods, reason = "a test has no main that could read the environment for it")]
fn inputs() -> Option<(String, PathBuf)> {
    let given = std::env::var_os("TIDEGATE_DATA").map(PathBuf::from);
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let data = given.into_iter().chain([beside]).find(|folder| folder.is_dir())?;
    let cases = std::fs::read_to_string(data.join("xen/baseline-cases.jsonl")).ok()?;
    Some((cases, std::env::var_os("TIDEGATE_XEN").map(PathBuf::from)?))
}

struct Case {
    branch: String,
    tag: String,
    series: Vec<String>,
    direct: bool,
    expected: Vec<String>,
}

fn case(line: &str) -> Case {
    let value: Value = serde_json::from_str(line).expect("JSON");
    let text = |key: &str| value[key].as_str().expect("a text").to_owned();
    let list = |key: &str| {
        let ids = value[key].as_array().into_iter().flatten();
        ids.map(|id| id.as_str().expect("an id").to_owned()).collect()
    };
    Case {
        branch: text("branch"),
        tag: text("tag"),
        series: list("series"),
        direct: value["direct"].as_bool().expect("yes or no"),
        expected: list("prereqs"),
    }
}

#[test]
fn the_answers_are_right_and_git_agrees() {
    let Some((cases, repository)) = inputs() else {
        println!(
            "skipped: needs TIDEGATE_XEN=DIR, a clone of xen-project/xen, and ../shared/data or TIDEGATE_DATA"
        );
        return;
    };
    let git = Git::existing(&repository);
    let mut patches: HashMap<String, Vec<u8>> = HashMap::new();
    let (mut count, mut larger) = (0, 0);
    for case in cases.lines().map(case) {
        count += 1;
        let what = format!("{} on {}", case.series.join(","), case.tag);
        let mut shop = Workshop::open(&repository).expect("a repository");
        let series = Series::Commits(case.series.clone());
        let request = Request { release: case.tag.clone(), branch: Some(case.branch.clone()), series };
        let answer = check(&mut shop, &request, &Pattern::default()).expect("an answer");
        assert_eq!(answer.applies, case.direct, "{what}");
        assert_eq!(answer.reasons.len(), answer.prerequisites.len(), "{what}: every commit has its reason");
        larger += usize::from(answer.prerequisites.len() > case.expected.len());
        let all = in_order(&git, &case, &answer.prerequisites);
        for commit in &all {
            patches.entry(commit.clone()).or_insert_with(|| git.patch_of(commit));
        }
        let applied = |without: Option<&String>| {
            let kept = all.iter().filter(|commit| Some(*commit) != without);
            git.applied(&case.tag, kept.map(|commit| patches[commit].as_slice()))
        };
        assert_eq!(answer.tree, applied(None), "{what}: the tree that git gets");
        if answer.prerequisites.len() <= SHOWN_MINIMAL_MAX {
            for out in &answer.prerequisites {
                assert_eq!(applied(Some(out)), None, "{what}: {out} can be left out");
            }
        }
    }
    assert!(count >= 447, "{count} cases");
    assert!(larger * 100 <= count * LARGER_PERCENT_MAX, "{larger} of {count} sets are larger than expected");
    println!("{count} cases right, {larger} sets larger than expected");
}

/// Prerequisites and series in the order of the branch.
fn in_order(git: &Git, case: &Case, prerequisites: &[String]) -> Vec<String> {
    if prerequisites.is_empty() {
        return case.series.clone();
    }
    let range = format!("{}..{}", case.tag, case.branch);
    let branch = git.run(&["rev-list", "--first-parent", "--reverse", &range]);
    let wanted = |commit: &&str| [prerequisites, &case.series].concat().iter().any(|id| id == commit);
    branch.lines().filter(wanted).map(str::to_owned).collect()
}
