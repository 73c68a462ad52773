//! Every advisory that a branch's history names, against the releases that came before its fix.

use crate::apply::Workshop;
use crate::check::{Answer, Request, Series, check};
use crate::error::Error;
use crate::history::COMMITS_MAX;
use crate::security::{Names, Pattern};
use foldhash::{HashMap, HashMapExt, HashSet};
use gix_hash::ObjectId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Pairs of advisory and release on one branch.
pub const PAIRS_MAX: usize = 50_000;
/// Answers that are remembered from earlier scans.
pub const REMEMBERED_MAX: usize = 1_000_000;

/// One question of a scan: does the fix of an advisory apply to a release?
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    /// The branch.
    pub branch: String,
    /// The advisory, as the history names it.
    pub advisory: String,
    /// The release's tag.
    pub release: String,
    /// The release's commit.
    pub release_commit: String,
    /// The commits that fix it, in order.
    pub commits: Vec<String>,
}

/// The rules by which answers are found. A higher number means that earlier answers are computed again.
pub const RULES: u32 = 3;

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The question.
    #[serde(flatten)]
    pub pair: Pair,
    /// The answer.
    #[serde(flatten)]
    pub answer: Answer,
    /// Why there is no answer. The next scan asks again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The [`RULES`] by which it was found.
    #[serde(default)]
    pub rules: u32,
}

/// What is asked of a scan.
pub struct Scan<'a> {
    /// The branch.
    pub branch: &'a str,
    /// Tags that are releases: those that begin with one of these, or all if there is none.
    pub releases: &'a [String],
    /// Ask for every release before the fix, not for the last one alone.
    pub every_release: bool,
    /// How advisories are named.
    pub names: &'a Names,
}

/// The questions of a scan, the oldest fix first.
///
/// # Errors
/// Something cannot be read, or does not exist.
pub fn pairs(shop: &mut Workshop, scan: &Scan<'_>) -> Result<Vec<Pair>, Error> {
    let tip = shop.resolve(scan.branch)?;
    let tags = tags(shop, scan.releases)?;
    let commits = since_first_release(shop, &tip, &tags)?;
    // Releases so far, and the fixes since the last one, by advisory in the order of their first commit.
    let mut releases: Vec<(&str, ObjectId)> = Vec::new();
    let mut open: Vec<(String, Vec<String>)> = Vec::new();
    let mut pairs = Vec::new();
    let mut done: HashSet<String> = HashSet::default();
    for commit in &commits {
        let message = shop.commit(commit)?;
        for name in scan.names.of(message.message()) {
            if releases.is_empty() || done.contains(&name) {
                continue;
            }
            match open.iter_mut().find(|(known, _)| *known == name) {
                Some((_, series)) => series.push(commit.to_string()),
                None => open.push((name, vec![commit.to_string()])),
            }
        }
        if let Some(tag) = tags.get(commit) {
            close(scan, &releases, &mut open, &mut done, &mut pairs)?;
            releases.push((tag, *commit));
        }
    }
    close(scan, &releases, &mut open, &mut done, &mut pairs)?;
    Ok(pairs)
}

/// A release ends the fixes that went into it: a later commit that names the advisory is a correction.
fn close(
    scan: &Scan<'_>,
    releases: &[(&str, ObjectId)],
    open: &mut Vec<(String, Vec<String>)>,
    done: &mut HashSet<String>,
    pairs: &mut Vec<Pair>,
) -> Result<(), Error> {
    let first = if scan.every_release { 0 } else { releases.len().saturating_sub(1) };
    if pairs.len() + open.len() * (releases.len() - first) > PAIRS_MAX {
        let limit = format!("{PAIRS_MAX} pairs of advisory and release");
        return Err(Error::TooLarge { what: format!("the history of {}", scan.branch), limit });
    }
    for (advisory, commits) in open.drain(..) {
        for (tag, commit) in releases.iter().skip(first) {
            pairs.push(Pair {
                branch: scan.branch.to_owned(),
                advisory: advisory.clone(),
                release: (*tag).to_owned(),
                release_commit: commit.to_string(),
                commits: commits.clone(),
            });
        }
        done.insert(advisory);
    }
    Ok(())
}

/// Releases by their commits.
pub(crate) fn tags(shop: &mut Workshop, prefixes: &[String]) -> Result<HashMap<ObjectId, String>, Error> {
    let mut tags = HashMap::new();
    for (name, id) in shop.store.references("refs/tags/")? {
        let Some(short) = name.strip_prefix("refs/tags/") else { continue };
        if !prefixes.is_empty() && !prefixes.iter().any(|prefix| short.starts_with(prefix.as_str())) {
            continue;
        }
        // A tag of something else than a commit is no release.
        if let Ok(commit) = shop.peel(&name, id) {
            tags.insert(commit, short.to_owned());
        }
    }
    Ok(tags)
}

/// The branch from its first release on, the oldest commit first.
fn since_first_release(
    shop: &mut Workshop,
    tip: &ObjectId,
    tags: &HashMap<ObjectId, String>,
) -> Result<Vec<ObjectId>, Error> {
    let mut commits = Vec::new();
    let mut left = tags.len();
    let mut next = Some(*tip);
    while let Some(commit) = next.filter(|_| left > 0) {
        if commits.len() >= COMMITS_MAX {
            let limit = format!("{COMMITS_MAX} commits; --releases says which tags count");
            return Err(Error::TooLarge { what: "the branch since its first release".into(), limit });
        }
        left -= usize::from(tags.contains_key(&commit));
        commits.push(commit);
        next = shop.commit(&commit)?.parents.first().copied();
    }
    let oldest = commits.iter().rposition(|commit| tags.contains_key(commit));
    commits.truncate(oldest.map_or(0, |oldest| oldest + 1));
    commits.reverse();
    Ok(commits)
}

/// Answers one question. What goes wrong with it is its answer: the others are not to blame.
#[must_use]
pub fn answer(shop: &mut Workshop, pair: &Pair, pattern: &Pattern) -> Row {
    shop.tidy();
    let request = Request {
        release: pair.release_commit.clone(),
        branch: None,
        series: Series::Commits(pair.commits.clone()),
    };
    let (answer, error) = match check(shop, &request, pattern) {
        Ok(answer) => (answer, None),
        Err(error) => (Answer::default(), Some(error.to_string())),
    };
    Row { pair: pair.clone(), answer, error, rules: RULES }
}

/// Answers of earlier scans. They stay true: what they depend on is named by ids.
#[derive(Default)]
pub struct Remembered {
    rows: BTreeMap<String, Answer>,
}

impl Remembered {
    /// Reads rows, one JSON object a line, as a scan writes them. Lines that are none (the last one of a scan
    /// that was killed, say), errors, and answers by other rules are passed over.
    #[must_use]
    pub fn read(text: &str) -> Remembered {
        let rows =
            text.lines().take(REMEMBERED_MAX).filter_map(|line| serde_json::from_str::<Row>(line).ok());
        let rows = rows.filter(|row| row.error.is_none() && row.rules == RULES);
        Remembered { rows: rows.map(|row| (key(&row.pair), row.answer)).collect() }
    }

    /// The answer to a question, if it was given before.
    #[must_use]
    pub fn answer(&self, pair: &Pair) -> Option<Row> {
        let answer = self.rows.get(&key(pair))?.clone();
        Some(Row { pair: pair.clone(), answer, error: None, rules: RULES })
    }
}

fn key(pair: &Pair) -> String {
    format!("{} {}", pair.release_commit, pair.commits.join(" "))
}
