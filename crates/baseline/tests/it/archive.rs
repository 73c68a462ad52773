//! Archives of trees: unpacked by tar, git finds the same tree in them.

use crate::git::Git;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;
use tidegate_baseline::apply::Workshop;
use tidegate_baseline::archive::archive;
use tidegate_baseline::check::{Request, Series, check};
use tidegate_baseline::security::Pattern;

/// The tree that git finds in an archive.
fn unpacked(archive: &[u8], format: &str) -> String {
    let git = Git::init(format);
    let file = git.dir.with_extension("tar");
    std::fs::write(&file, archive).expect("written");
    let status = Command::new("tar").arg("-xf").arg(&file).arg("-C").arg(&git.dir).status();
    assert!(status.expect("tar runs").success());
    git.run(&["add", "--all", "--force"]);
    git.run(&["write-tree"])
}

#[test]
fn what_is_unpacked_is_the_tree() {
    for format in ["sha1", "sha256"] {
        let git = Git::init(format);
        let add = |message: &str| {
            git.run(&["add", "--all"]);
            git.run(&["commit", "--quiet", "-m", message]);
        };
        let deep = git.dir.join("folder/".repeat(40));
        std::fs::create_dir_all(&deep).expect("made");
        std::fs::write(deep.join("name".repeat(40)), "deep\n").expect("written");
        std::fs::write(git.dir.join("binary"), [0, 255, 10, 13, 0]).expect("written");
        std::fs::write(git.dir.join("crlf"), "a\r\nb").expect("written");
        std::fs::write(git.dir.join("empty"), "").expect("written");
        std::fs::write(git.dir.join("run"), "#!/bin/sh\n").expect("written");
        std::fs::set_permissions(git.dir.join("run"), PermissionsExt::from_mode(0o755)).expect("set");
        symlink("../elsewhere/".repeat(20), git.dir.join("link")).expect("a link");
        std::fs::write(git.dir.join("goes"), "away\n").expect("written");
        add("first");
        git.run(&["tag", "v1"]);
        std::fs::remove_file(git.dir.join("goes")).expect("removed");
        std::fs::write(git.dir.join("crlf"), "a\r\nB").expect("written");
        std::fs::write(git.dir.join("new"), "file\n").expect("written");
        add("the fix");
        let mail = git.attempt(&["format-patch", "--stdout", "--binary", "-1"], b"").expect("a mail");
        for series in [Series::Commits(vec!["main".into()]), Series::Files(vec![("fix".into(), mail)])] {
            let mut shop = Workshop::open(&git.dir).expect("a repository");
            let request = Request { release: "v1".into(), branch: None, series };
            let mut answer = check(&mut shop, &request, &Pattern::default()).expect("an answer");
            let bytes = archive(&mut shop, &request, &answer).expect("an archive");
            assert_eq!(unpacked(&bytes, format), git.run(&["rev-parse", "main^{tree}"]));
            answer.tree = Some(git.run(&["rev-parse", "v1^{tree}"]));
            assert!(archive(&mut shop, &request, &answer).is_err(), "another tree than was said");
        }
    }
}
