//! The hand that finds out whether the patches of a case apply to its releases. It reads the project's
//! repository and writes nothing but the case. Whatever goes wrong with a repository or a patch is an answer,
//! sealed with the case: it would tell a log's reader which releases are affected.

use super::forecast;
use crate::engine::perform::Learned;
use crate::engine::repository::{Repository, Trees};
use crate::engine::{Engine, EngineError};
use crate::store::{Job, StoreError};
use tidegate_baseline::Error;
use tidegate_baseline::apply::Workshop;
use tidegate_baseline::check::{Answer, Reason, ReasonKind, Request, Series, check};
use tidegate_baseline::security::Pattern;
use tidegate_baseline::standing::{Outcome, Standing, standings};
use tidegate_domain::case::applies::{PREREQUISITES_MAX, Prerequisite};
use tidegate_domain::case::{Case, Entry, Event, Found, TreeCheck};
use tidegate_domain::id::{CaseId, Slug};

/// Longest subject, file name or reason that is kept of a repository's content, in characters.
const LINE_CHARS_MAX: usize = 200;

/// A patch, and the trees of the release that it is checked against.
struct Task {
    release: Slug,
    trees: Trees,
    name: String,
    sha256: String,
    /// `None` where the patch is known by its hash alone.
    text: Option<Vec<u8>>,
    /// Whether it waits for its announcement, so that the staging branch must not leave it behind.
    unpublished: bool,
}

impl Engine {
    /// Checks every affected release that the project has trees for, and adds to the case what is new.
    ///
    /// A crash before the commit leaves the job, which then is done again from the beginning.
    pub(super) async fn check_patches(&self, case: CaseId, job: &Job) -> Result<(), EngineError> {
        let file = self.load(case).await?;
        let Some(repository) = self.repository(&file.project).await? else {
            return Ok(self.store.finish_job(job.id).await?);
        };
        let mut tasks = Vec::new();
        for (release, trees, name, sha256) in plan(&file.case, &file.entries, &repository) {
            let text = match self.file(case, &sha256).await {
                Ok(text) => Some(text),
                Err(EngineError::Store(StoreError::NotFound { .. })) => None,
                Err(other) => return Err(other),
            };
            tasks.push(Task { release, trees, name, sha256, text, unpublished: !file.case.is_announced() });
        }
        let found = tokio::task::spawn_blocking(move || check_all(&repository, tasks)).await;
        let ended_early = |_| StoreError::Database {
            step: "baseline",
            message: "a check ended before it had an answer".to_owned(),
        };
        self.record_checks(case, &found.map_err(ended_early)?, job.id).await
    }
}

/// What is checked against what: each release's own patch or, as long as it has none, the one attached last.
fn plan(case: &Case, log: &[Entry], repository: &Repository) -> Vec<(Slug, Trees, String, String)> {
    let last = log.iter().rev().find_map(|entry| match &entry.event {
        Event::PatchAttached { name, sha256, .. } => Some((name.clone(), sha256.clone())),
        _ => None,
    });
    let known = case.releases.iter().filter_map(|work| Some((work, repository.releases.get(&work.release)?)));
    known
        .filter_map(|(work, trees)| {
            let own = work.patch.as_ref().map(|patch| (patch.name.clone(), patch.sha256.clone()));
            let (name, sha256) = own.or_else(|| last.clone())?;
            Some((work.release.clone(), trees.clone(), name, sha256))
        })
        .collect()
}

fn check_all(repository: &Repository, tasks: Vec<Task>) -> Vec<Learned> {
    let mut found = Vec::with_capacity(tasks.len());
    for task in tasks {
        let Task { release, trees, name, sha256, text, unpublished } = task;
        let series = |text: &Vec<u8>| Series::Files(vec![(name.clone(), text.clone())]);
        let branch = trees.branch.as_ref();
        let checks = std::iter::once((&trees.tag, branch))
            .chain(branch.map(|branch| (branch, None)))
            .map(|(tree, branch)| {
                let answer = match &text {
                    Some(text) => check_tree(repository, tree, branch, series(text)),
                    None => Err("the patch is known by its hash alone; attach the file".to_owned()),
                };
                let (commit, found) = match answer {
                    Ok((commit, found)) => (Some(commit), found),
                    Err(why) => (None, Found::Unchecked { why: line(&why) }),
                };
                TreeCheck { name: tree.clone(), commit, patch: sha256.clone(), found }
            })
            .collect();
        let staging = trees.staging.as_ref().filter(|_| unpublished);
        let forecast = staging
            .zip(text.as_ref())
            .map(|(branch, text)| forecast::of(repository, branch, &trees.tag, &sha256, series(text)));
        found.push(Learned { release, checks, forecast });
    }
    found
}

/// The commit that `tree` names, and how the series meets it.
fn check_tree(
    repository: &Repository,
    tree: &str,
    branch: Option<&String>,
    series: Series,
) -> Result<(String, Found), String> {
    let mut shop = Workshop::open(&repository.path).map_err(told)?;
    let commit = shop.resolve(tree).map_err(told)?.to_string();
    let request = Request { release: tree.to_owned(), branch: branch.cloned(), series };
    let answer = check(&mut shop, &request, &Pattern::default()).map_err(told)?;
    if answer.tree.is_none()
        && let Some(there) = is_there(&standings(&mut shop, &request).map_err(told)?)
    {
        return Ok((commit, there));
    }
    Ok((commit, found(answer)))
}

/// What is found of a series all of which is on the tree already, as it is once the fix is merged there.
fn is_there(patches: &[Standing]) -> Option<Found> {
    let mut last = None;
    for patch in patches {
        let Outcome::AlreadyThere { commit, .. } = &patch.result else { return None };
        last = commit.clone().or(last);
    }
    (!patches.is_empty()).then_some(Found::There { commit: last })
}

/// Where the repository is on this machine is nothing that a case tells.
pub(super) fn told(error: Error) -> String {
    match error {
        Error::Repository { why, .. } => format!("the project's repository cannot be read: {why}"),
        Error::Io { error, .. } => format!("the project's repository cannot be read: {error}"),
        Error::NoSuchName(_)
        | Error::NoSuchObject(_)
        | Error::Corrupt { .. }
        | Error::TooLarge { .. }
        | Error::Undecided { .. }
        | Error::Path { .. }
        | Error::Patch { .. }
        | Error::Request(_) => error.to_string(),
    }
}

fn found(answer: Answer) -> Found {
    let Answer { failed, prerequisites, reasons, tree, .. } = answer;
    match (tree, failed) {
        (Some(tree), _) if prerequisites.is_empty() => Found::Applies { tree },
        (Some(_), _) if prerequisites.len() > PREREQUISITES_MAX => Found::Unchecked {
            why: format!(
                "it needs {} commits first; at most {PREREQUISITES_MAX} are kept",
                prerequisites.len()
            ),
        },
        (Some(tree), _) => {
            let commits = prerequisites.into_iter().map(|commit| prerequisite(commit, &reasons)).collect();
            Found::Needs { tree, commits }
        }
        (None, Some(failed)) => Found::Fails { file: line(&failed.file), line: failed.line },
        (None, None) => Found::Unchecked { why: "no tree came out, and no reason why".to_owned() },
    }
}

fn prerequisite(commit: String, reasons: &[Reason]) -> Prerequisite {
    let Some(reason) = reasons.iter().find(|reason| reason.commit == commit) else {
        return Prerequisite { commit, subject: String::new(), security: false, needed_by: String::new() };
    };
    let by = &reason.needed_by;
    let needed_by =
        line(&format!("{}, {}, line {}: {}", by.patch, by.file, by.line, reason_in_words(reason.kind)));
    Prerequisite { commit, subject: line(&reason.subject), security: reason.security, needed_by }
}

/// In which way a commit is needed.
pub(crate) fn reason_in_words(kind: ReasonKind) -> &'static str {
    match kind {
        ReasonKind::Context => "lines that it expects",
        ReasonKind::FileMissing => "the file is added or renamed",
        ReasonKind::FileInTheWay => "a file is out of the way",
        ReasonKind::FileType => "the file becomes a link, or none",
        ReasonKind::Content => "all of the file's content",
        ReasonKind::Symbol => "a name that it uses",
    }
}

/// One line of what a stranger wrote, of bounded length.
pub(super) fn line(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(LINE_CHARS_MAX).collect()
}
