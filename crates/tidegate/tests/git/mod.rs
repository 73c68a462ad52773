//! Repositories that tests make up, with the real git.

use std::path::Path;
use std::process::Command;

/// Runs git, free of this machine's configuration, and answers with what it printed.
pub fn git(folder: &Path, args: &[&str]) -> String {
    let mut command = Command::new("git");
    command
        .current_dir(folder)
        .args(args)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1");
    for who in ["AUTHOR", "COMMITTER"] {
        command
            .env(format!("GIT_{who}_NAME"), "Somebody")
            .env(format!("GIT_{who}_EMAIL"), "some@body.example");
        command.env(format!("GIT_{who}_DATE"), "1700000000 +0000");
    }
    let output = command.output().expect("git runs");
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

/// Commits `text` as the only file, and answers with the commit.
pub fn commit(folder: &Path, text: &str, message: &str) -> String {
    std::fs::write(folder.join("file"), text).expect("written");
    git(folder, &["add", "--all"]);
    git(folder, &["commit", "--quiet", "-m", message]);
    git(folder, &["rev-parse", "HEAD"])
}
