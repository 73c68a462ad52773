//! Fixes by release, as sentences and as lists of patches.

use crate::plain;
use tidegate_domain::advisory::{Fix, Publication};

/// A patch file and every release that it is for.
pub(crate) struct Patch {
    pub(crate) name: String,
    pub(crate) sha256: String,
    pub(crate) releases: Vec<String>,
}

/// Every patch once, in the order of its first release.
pub(crate) fn patches(fixes: &[Fix]) -> Vec<Patch> {
    let mut patches: Vec<Patch> = Vec::new();
    for fix in fixes {
        let release = plain::line(&fix.release);
        for file in &fix.patches {
            let (name, sha256) = (plain::line_or(&file.name, "unnamed.patch"), plain::line(&file.sha256));
            match patches.iter_mut().find(|patch| patch.name == name && patch.sha256 == sha256) {
                Some(patch) => patch.releases.push(release.clone()),
                None => patches.push(Patch { name, sha256, releases: vec![release.clone()] }),
            }
        }
    }
    patches
}

/// One line a release that has a commit or a version: `4.4: released in 4.4.2, commit 0123abc`.
pub(crate) fn releases(fixes: &[Fix]) -> Vec<String> {
    fixes.iter().filter_map(release_line).collect()
}

fn release_line(fix: &Fix) -> Option<String> {
    let commit = fix.commit.as_deref().map(|commit| format!("commit {}", plain::line(commit)));
    let version = fix.version.as_deref().map(|version| format!("released in {}", plain::line(version)));
    let parts: Vec<String> = version.into_iter().chain(commit).collect();
    if parts.is_empty() { None } else { Some(format!("{}: {}", plain::line(&fix.release), parts.join(", "))) }
}

/// All that is known about the fixes, for formats that have one text for it.
pub(crate) fn in_words(publication: &Publication) -> String {
    let patches = patches(&publication.fixes);
    let patch_lines = patches
        .iter()
        .map(|patch| format!("{} for {} (sha256 {})", patch.name, patch.releases.join(", "), patch.sha256));
    releases(&publication.fixes).into_iter().chain(patch_lines).collect::<Vec<_>>().join("\n")
}

/// Full git object ids, SHA-1 or SHA-256, of the fixes that have one, each once.
pub(crate) fn commits(fixes: &[Fix]) -> Vec<&str> {
    let mut commits: Vec<&str> = Vec::new();
    for commit in fixes.iter().filter_map(|fix| fix.commit.as_deref()) {
        if is_object_id(commit) && !commits.contains(&commit) {
            commits.push(commit);
        }
    }
    commits
}

fn is_object_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}
