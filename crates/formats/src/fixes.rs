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

/// How one release is resolved, for readers: why it has no patch, or to which trees its patch applies, each with the
/// commits that come first.
pub(crate) struct Resolved {
    /// `4.4: applies to RELEASE-4.4.1 as it stands`, or with an end that the commits follow.
    pub(crate) line: String,
    /// Full ids, in the order in which they are applied.
    pub(crate) commits: Vec<String>,
}

/// The resolution table: a line for each release and tree.
pub(crate) fn resolved(fix: &Fix) -> Vec<Resolved> {
    let release = plain::line(&fix.release);
    let reason = fix
        .reason
        .map(|reason| Resolved { line: format!("{release}: {}", reason.phrase()), commits: Vec::new() });
    let applies = fix.applies.iter().map(|to| {
        let tree = plain::line(&to.tree);
        let first = match to.prerequisites.len() {
            0 => "as it stands".to_owned(),
            1 => "after this commit of its branch".to_owned(),
            many => format!("after these {many} commits of its branch, in this order"),
        };
        let commits = to.prerequisites.iter().map(|commit| plain::line(commit)).collect();
        Resolved { line: format!("{release}: applies to {tree} {first}"), commits }
    });
    reason.into_iter().chain(applies).collect()
}

impl Resolved {
    /// The line with its commits.
    pub(crate) fn in_words(&self) -> String {
        if self.commits.is_empty() {
            self.line.clone()
        } else {
            format!("{}: {}", self.line, self.commits.join(", "))
        }
    }
}

/// All that is known about the fixes, for formats that have one text for it.
pub(crate) fn in_words(publication: &Publication) -> String {
    let resolved = publication.fixes.iter().flat_map(resolved).map(|resolved| resolved.in_words());
    together(publication, resolved)
}

/// The same for a text that would be cut: half a list of commits is a wrong one, so none is there.
pub(crate) fn in_brief(publication: &Publication) -> String {
    let brief = |resolved: Resolved| match resolved.commits.as_slice() {
        [] => resolved.line,
        [..] => format!("{}, as the advisory lists them", resolved.line),
    };
    together(publication, publication.fixes.iter().flat_map(resolved).map(brief))
}

/// Fixes and patches without what they apply to, where a format says that elsewhere.
pub(crate) fn unresolved(publication: &Publication) -> String {
    together(publication, std::iter::empty())
}

fn together(publication: &Publication, resolved: impl Iterator<Item = String>) -> String {
    let patches = patches(&publication.fixes);
    let patch_lines = patches
        .iter()
        .map(|patch| format!("{} for {} (sha256 {})", patch.name, patch.releases.join(", "), patch.sha256));
    releases(&publication.fixes).into_iter().chain(resolved).chain(patch_lines).collect::<Vec<_>>().join("\n")
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
