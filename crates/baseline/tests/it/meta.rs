//! `xsaNNN.meta`: read, written, and held against git.

use crate::git::Git;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::path::Path;
use tidegate_baseline::apply::Workshop;
use tidegate_baseline::check::{Request, Series, check as check_series};
use tidegate_baseline::meta::{Meta, Others, Repositories, Source, check, export, import};
use tidegate_baseline::recipe::recipe;
use tidegate_baseline::security::Pattern;

fn meta(number: u64, stable: &str, prerequisites: &[u64], patches: &[&str]) -> Value {
    json!({
        "XSA": number, "SupportedVersions": ["4.5", "master"], "Trees": ["xen"],
        "Recipes": { "4.5": { "XenVersion": "4.5", "Recipes": { "xen": {
            "StableRef": stable, "Prereqs": prerequisites, "Patches": patches,
        } } } },
    })
}

fn read(value: &Value) -> Result<Meta, String> {
    Meta::read(value.to_string().as_bytes()).map_err(|fault| fault.to_string())
}

/// A stable commit and two fixes, the second of which stands on the first; `folder` holds both as files.
fn world(folder: &Path) -> (Git, String, String) {
    let git = Git::init("sha1");
    let put = |text: &str, message: &str| {
        std::fs::write(git.dir.join("file"), text).expect("written");
        git.run(&["add", "--all"]);
        git.run(&["commit", "--quiet", "-m", message]);
        git.run(&["rev-parse", "HEAD"])
    };
    let stable = put("one\ntwo\nthree\n", "first");
    for (number, text) in [(236, "one\nTWO\nthree\n"), (237, "one\nTWO!\nthree\n")] {
        let commit = put(text, &format!("fix\n\nThis is XSA-{number}."));
        let patches = folder.join(format!("xsa{number}-4.5"));
        std::fs::create_dir_all(&patches).expect("a folder");
        std::fs::write(patches.join("0001-fix.patch"), git.patch_of(&commit)).expect("written");
    }
    let tree = git.run(&["rev-parse", "HEAD^{tree}"]);
    (git, stable, tree)
}

#[test]
fn a_recipe_applies_after_those_that_must_come_first() {
    let room = tempfile::tempdir().expect("a folder");
    let (git, stable, tree) = world(room.path());
    let first = meta(236, &stable, &[], &["xsa236-4.5/*"]);
    std::fs::write(room.path().join("xsa236.meta"), first.to_string()).expect("written");
    let repositories = Repositories::from([("xen".to_owned(), git.dir.clone())]);
    let ask = |meta: &Value, repositories: &Repositories| {
        let meta = read(meta).expect("a meta");
        check(&meta, room.path(), repositories, &mut Others::new(room.path())).remove(0)
    };
    let row = ask(&meta(237, &stable, &[236], &["xsa237-4.5/????-*.patch"]), &repositories);
    assert!(row.applies, "{row:?}");
    assert_eq!((row.prerequisites, row.patches, row.result), (vec![236], 2, Some(tree)));
    let alone = ask(&meta(237, &stable, &[], &["xsa237-4.5/*"]), &repositories);
    let failed = alone.failed.expect("it stands on the other");
    assert_eq!((failed.xsa, failed.at.file.as_str()), (237, "file"));
    let error = |meta: Value| ask(&meta, &repositories).error.expect("no answer");
    assert!(error(meta(237, &stable, &[9], &["xsa237-4.5/*"])).contains("xsa9.meta"));
    assert!(error(meta(237, &stable, &[237], &["xsa237-4.5/*"])).contains("before itself"));
    assert!(error(meta(237, &"0".repeat(40), &[], &["xsa237-4.5/*"])).contains("lacks the object"));
    assert!(error(meta(237, &stable, &[], &["xsa238/*"])).contains("xsa238"));
    let nowhere = ask(&meta(237, &stable, &[], &["xsa237-4.5/*"]), &Repositories::new());
    assert!(nowhere.error.is_some_and(|error| error.contains("--repo xen=DIR")));
}

#[test]
fn what_leads_elsewhere_is_refused() {
    let stable = "0".repeat(40);
    for pattern in ["/etc/passwd", "../xsa1/*", "a/../../b", ".git/*", "a//b", "a\\..\\b", "\0", ""] {
        let refused = read(&meta(1, &stable, &[], &[pattern])).expect_err(pattern);
        assert!(refused.contains("own folder"), "{refused}");
    }
    for stable in ["RELEASE-4.5.0", "", "0123", "--upload-pack=x"] {
        read(&meta(1, stable, &[], &["a"])).expect_err(stable);
    }
    let mut other = meta(1, &stable, &[], &["a"]);
    other["Recipes"]["4.5"]["XenVersion"] = "4.6".into();
    read(&other).expect_err("two versions");
    read(&meta(1, &stable, &vec![2; 501], &["a"])).expect_err("too many");
    Meta::read(&vec![b' '; (1 << 20) + 1]).expect_err("too large");
    Meta::read("[".repeat(100_000).as_bytes()).expect_err("too deep");
}

#[test]
fn a_recipe_goes_out_and_comes_back_with_its_tree() {
    let room = tempfile::tempdir().expect("a folder");
    let (git, stable, tree) = world(room.path());
    let fix = git.run(&["rev-parse", "HEAD"]);
    let mut shop = Workshop::open(&git.dir).expect("a repository");
    let request =
        Request { release: stable.clone(), branch: Some("main".into()), series: Series::Commits(vec![fix]) };
    let answer = check_series(&mut shop, &request, &Pattern::default()).expect("an answer");
    assert_eq!(answer.prerequisites.len(), 1);
    let ours = recipe(&mut shop, &request, &answer).expect("a recipe").expect("it applies");
    for prerequisites in [&[][..], &[236]] {
        let mut none = |_: &str| unreachable!("the recipe has commits alone");
        let (version, tree_name) = ("4.5".to_owned(), "xen".to_owned());
        let source = Source { version, tree: tree_name, recipe: &ours, shop: &mut shop, file: &mut none };
        let exported = export(237, &mut [source], prerequisites).expect("exported");
        assert_eq!(exported.files.len(), 2 - prerequisites.len());
        let folder = tempfile::tempdir().expect("a folder");
        let first = meta(236, &stable, &[], &["xsa236-4.5/*"]);
        std::fs::write(room.path().join("xsa236.meta"), first.to_string()).expect("written");
        for (name, text) in &exported.files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, text).expect("written");
        }
        let back = Meta::read(exported.meta.render().as_bytes()).expect("a meta");
        let mut others = Others::new(room.path());
        let imported =
            import(&mut shop, &back, folder.path(), &mut others, ("4.5", "xen")).expect("imported");
        assert_eq!(imported.recipe.expected_tree, tree);
        let mut file = |name: &str| {
            let found = imported.files.iter().find(|(known, _)| known == name);
            Ok(found.expect("beside the recipe").1.clone())
        };
        assert_eq!(imported.recipe.verify(&mut shop, &mut file).expect("verified"), None);
    }
}

fn name() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9][a-zA-Z0-9._-]{0,12}"
}

proptest! {
    /// What is read is written again, with all that is not known.
    #[test]
    fn a_file_comes_back_as_it_was(
        number in any::<u64>(),
        versions in prop::collection::btree_map(name(), prop::collection::btree_map(name(),
            ("[0-9a-f]{40}", prop::collection::vec(any::<u64>(), 0..4), prop::collection::vec(name(), 0..4)), 0..3), 0..4),
        unknown in "[a-z]{1,8}",
        text in ".{0,20}",
    ) {
        let versions: serde_json::Map<String, Value> = versions.into_iter().map(|(version, trees)| {
            let trees: serde_json::Map<String, Value> = trees.into_iter().map(|(tree, (stable, first, patches))| {
                (tree, json!({ "StableRef": stable, "Prereqs": first, "Patches": patches, unknown.as_str(): text }))
            }).collect();
            (version.clone(), json!({ "XenVersion": version, "Recipes": trees, unknown.as_str(): [text] }))
        }).collect();
        let whole = json!({
            "XSA": number, "SupportedVersions": [], "Trees": ["xen"], "Recipes": versions, unknown.as_str(): { "a": text },
        });
        let meta = read(&whole).expect("a meta");
        let again: Value = serde_json::from_str(&meta.render()).expect("JSON");
        prop_assert_eq!(again, whole);
    }
}
