//! What git repositories know about fixes: which commits they are, when they were merged to a release line,
//! and which release has them first.
//!
//! The `git` program is asked, with no configuration but ours: no hooks, no filters, no network.

use super::History;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use tidegate_domain::release::{Release, Releases};
use tidegate_domain::time::Instant;
use tidegate_domain::verdict::{CommitFact, Contained, Fix};
use tidegate_formats::ossa::Ossa;

/// Most commits that one advisory is looked for in, on one line.
const FIX_COMMITS_MAX: usize = 200;
/// Most commits of a line that a merge is looked for in.
const LINE_COMMITS_MAX: usize = 200_000;
/// Longest answer of git that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A folder of clones, each called as its product: `neutron`, `neutron.git` or `openstack/neutron`.
#[derive(Clone, Debug)]
pub struct Repositories {
    folder: PathBuf,
    known: BTreeMap<String, Option<PathBuf>>,
}

impl Repositories {
    /// The clones in `folder`.
    #[must_use]
    pub fn new(folder: PathBuf) -> Repositories {
        Repositories { folder, known: BTreeMap::new() }
    }

    fn of(&mut self, product: &str) -> Option<Git> {
        let folder = &self.folder;
        let found = self.known.entry(product.to_owned()).or_insert_with(|| {
            let names = [product.to_owned(), format!("{product}.git"), format!("openstack/{product}")];
            let mut paths = names.into_iter().map(|name| folder.join(name));
            paths.find(|path| path.join(".git").exists() || path.join("objects").is_dir())
        });
        found.clone().map(Git)
    }
}

impl History for Repositories {
    fn fixes(&mut self, ossa: &Ossa, product: &str, line: &str, releases: &Releases) -> Vec<Fix> {
        self.of(product).map(|git| fixes(&git, ossa, product, line, releases)).unwrap_or_default()
    }

    fn commit(&mut self, ossa: &Ossa, product: &str, commit: &str) -> Option<CommitFact> {
        let git = self.of(product)?;
        let commit = git.commit(commit)?;
        let everywhere = fix_commits(&git, ossa, &["--branches", "--remotes", "--tags"])?;
        let contained = fix_commits(&git, ossa, &[&commit])?;
        let subjects = |commits: &[Found]| -> BTreeSet<String> {
            commits.iter().map(|found| found.subject.clone()).collect()
        };
        let (all, own) = (subjects(&everywhere), subjects(&contained));
        let fix = match (all.is_empty(), own.is_empty(), own.is_superset(&all)) {
            (true, _, _) => Contained::Untold,
            (false, true, _) => Contained::Nothing,
            (false, false, true) => Contained::All,
            (false, false, false) => Contained::Part,
        };
        let described = git.ask(&["describe", "--tags", "--abbrev=0", "--match=[0-9]*.[0-9]*", &commit]);
        let after = described.and_then(|tag| tag.trim().parse().ok());
        let tagged = git.ask(&["describe", "--tags", "--exact-match", "--match=[0-9]*.[0-9]*", &commit]);
        Some(CommitFact { fix, after, is_release: tagged.is_some() })
    }
}

/// A commit that says it fixes something.
struct Found {
    commit: String,
    committed: Instant,
    subject: String,
}

fn fixes(git: &Git, ossa: &Ossa, product: &str, line: &str, releases: &Releases) -> Vec<Fix> {
    let is_tagged = |release: &&Release| git.commit(&tag(release)).is_some();
    let of_line = releases.of(product).iter().filter(|release| release.line == line);
    let on_line: Vec<&Release> = of_line.filter(is_tagged).collect();
    let Some(tip) = tip(git, line, &on_line, releases) else {
        return Vec::new();
    };
    let found = fix_commits(git, ossa, &[&tip]).unwrap_or_default();
    let fix = |found: Found| Fix {
        line: line.to_owned(),
        merged: merged(git, &found, &tip).unwrap_or(found.committed),
        first_release: first_release(git, &found.commit, &on_line),
        commit: found.commit,
    };
    found.into_iter().map(fix).collect()
}

fn tag(release: &Release) -> String {
    format!("refs/tags/{}", release.version)
}

/// The end of a line: its branch, the tag that its branch left, or its last release.
fn tip(git: &Git, line: &str, on_line: &[&Release], releases: &Releases) -> Option<String> {
    let number = releases.line(line).and_then(|line| line.number.as_deref());
    let names = [number, Some(line)].into_iter().flatten();
    let branches = names.clone().flat_map(|name| {
        ["stable", "unmaintained"].into_iter().flat_map(move |kind| {
            [format!("refs/heads/{kind}/{name}"), format!("refs/remotes/origin/{kind}/{name}")]
        })
    });
    let ends = names.flat_map(|name| ["eol", "eom", "em"].map(|end| format!("refs/tags/{name}-{end}")));
    let last = on_line.last().map(|release| tag(release));
    branches.chain(ends).chain(last).find_map(|name| git.commit(&name))
}

/// Commits reachable from `from` that close a bug of the advisory, or begin with its id or its CVE's.
fn fix_commits(git: &Git, ossa: &Ossa, from: &[&str]) -> Option<Vec<Found>> {
    let bugs = ossa.bugs.iter().map(|bug| format!("--grep=^(Closes|Partial)-Bug: *#?{bug}([^0-9]|$)"));
    let is_plain = |id: &&String| id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let ids = ossa.cves.iter().chain([&ossa.id]).filter(is_plain).map(|id| format!("--grep=^{id}[: ]"));
    let patterns: Vec<String> = bugs.chain(ids).collect();
    let count = format!("--max-count={FIX_COMMITS_MAX}");
    let mut words = vec!["log", "--no-merges", "-E", "-i", "--format=%H%x09%ct%x09%s", count.as_str()];
    words.extend(patterns.iter().map(String::as_str));
    words.extend(from);
    words.push("--");
    let found = |line: &str| {
        let mut fields = line.splitn(3, '\t');
        let commit = fields.next()?.to_owned();
        let seconds: i64 = fields.next()?.parse().ok()?;
        let committed = Instant::from_micros(seconds.checked_mul(1_000_000)?);
        Some(Found { commit, committed, subject: fields.next()?.to_owned() })
    };
    Some(git.ask(&words)?.lines().filter_map(found).collect())
}

/// When a commit came to the line: with itself where it is one of the line's own, or else with the first
/// commit of the line that contains it.
fn merged(git: &Git, found: &Found, tip: &str) -> Option<Instant> {
    let range = format!("{}^..{tip}", found.commit);
    let count = format!("--max-count={LINE_COMMITS_MAX}");
    let listed = git.ask(&["log", "--first-parent", "--format=%H%x09%ct", &count, &range, "--"])?;
    let line: Vec<(&str, &str)> = listed.lines().filter_map(|line| line.split_once('\t')).collect();
    if line.iter().any(|(commit, _)| *commit == found.commit) {
        return Some(found.committed);
    }
    // From the newest on: those that contain it come first.
    let containing = line.partition_point(|(commit, _)| git.contains(commit, &found.commit));
    let (_, seconds) = line.get(containing.checked_sub(1)?)?;
    Some(Instant::from_micros(seconds.parse::<i64>().ok()?.checked_mul(1_000_000)?))
}

/// The first release of the line that contains the commit: whoever contains it, their successors do.
fn first_release(
    git: &Git,
    commit: &str,
    on_line: &[&Release],
) -> Option<tidegate_domain::version::ReleaseVersion> {
    let lacks = |release: &&Release| !git.contains(&tag(release), commit);
    let first = on_line.get(on_line.partition_point(lacks))?;
    Some(first.version.clone())
}

/// One clone.
struct Git(PathBuf);

impl Git {
    fn command(&self) -> Command {
        let path: &Path = &self.0;
        let mut command = Command::new("git");
        command
            .arg("-C")
            .arg(path)
            // The clone may belong to another user: whoever names the folder trusts it that far.
            .args(["-c", "safe.directory=*", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"])
            .args(["-c", "log.showSignature=false", "--no-optional-locks", "--no-pager"])
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env_remove("GIT_DIR")
            .env_remove("GIT_WORK_TREE")
            .stdin(std::process::Stdio::null());
        command
    }

    /// What git answers, or nothing where it fails.
    fn ask(&self, words: &[&str]) -> Option<String> {
        let output = self.command().args(words).output().ok().filter(|output| output.status.success())?;
        if output.stdout.len() > ANSWER_BYTES_MAX {
            return None;
        }
        Some(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn commit(&self, name: &str) -> Option<String> {
        let wanted = format!("{name}^{{commit}}");
        self.ask(&["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted])
            .map(|commit| commit.trim().to_owned())
    }

    fn contains(&self, descendant: &str, ancestor: &str) -> bool {
        self.ask(&["merge-base", "--is-ancestor", ancestor, descendant]).is_some()
    }
}
