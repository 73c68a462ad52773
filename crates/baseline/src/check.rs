//! Does this series apply to this release; if not, what must come first?

use crate::apply::{Failure, Patch, State, Why, Workshop};
use crate::error::Error;
use crate::history::History;
use crate::merge;
use crate::security::Pattern;
use crate::solve::{APPLICATIONS_MAX, Step, Task};
use gix_hash::ObjectId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Patches of one series.
pub const SERIES_MAX: usize = 1_000;

/// What is asked.
pub struct Request {
    /// The release: a tag, a branch or a commit.
    pub release: String,
    /// The branch whose commits may come first.
    pub branch: Option<String>,
    /// What is to be applied.
    pub series: Series,
}

/// A series of patches.
#[derive(Clone, Debug)]
pub enum Series {
    /// Commits, in the order in which they are applied.
    Commits(Vec<String>),
    /// Patch files: name and content.
    Files(Vec<(String, Vec<u8>)>),
}

/// The answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Whether the series applies to the release as it stands.
    pub applies: bool,
    /// The first place that does not apply.
    pub failed: Option<FailedAt>,
    /// The commits that must come first, in order; none if the series applies, or if no set makes it apply.
    pub prerequisites: Vec<String>,
    /// What each of them is needed for.
    pub reasons: Vec<Reason>,
    /// The tree after the prerequisites and the series; nothing if no set makes it apply.
    pub tree: Option<String>,
    /// Whether the series can be cherry-picked onto the release as it stands: merged three ways, text by text.
    pub three_way: bool,
    /// Everything that is applied, in this order, by the names of commits and files; none if no set makes the
    /// series apply. It is the order of the branch: a prerequisite may stand between two patches of the series.
    #[serde(skip)]
    pub order: Vec<String>,
}

/// A place that does not apply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedAt {
    /// The commit or file.
    pub patch: String,
    /// The file of the release.
    pub file: String,
    /// The first line of the hunk, as the patch says; 0 where the file as a whole is at fault.
    pub line: u32,
}

/// Why a commit must come first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The commit.
    pub commit: String,
    /// The first line of its message.
    pub subject: String,
    /// Whether its message names an advisory.
    pub security: bool,
    /// What does not apply without it.
    pub needed_by: FailedAt,
    /// In which way it is needed.
    pub kind: ReasonKind,
}

/// In which way a commit is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasonKind {
    /// Lines that a hunk expects.
    Context,
    /// The file is added or renamed by it.
    FileMissing,
    /// It removes or renames a file that is in the way.
    FileInTheWay,
    /// It makes a link of a file, or the like.
    FileType,
    /// All of a file's content: of a binary file, or of one that goes.
    Content,
    /// A name that it uses. Without it the patch applies, and would not build ([`crate::symbols`]).
    Symbol,
}

impl From<Why> for ReasonKind {
    fn from(why: Why) -> ReasonKind {
        match why {
            Why::Context => ReasonKind::Context,
            Why::Missing => ReasonKind::FileMissing,
            Why::Exists => ReasonKind::FileInTheWay,
            Why::Type => ReasonKind::FileType,
            Why::Content => ReasonKind::Content,
        }
    }
}

/// Answers a request.
///
/// # Errors
/// Something cannot be read, or does not exist.
pub fn check(shop: &mut Workshop, request: &Request, pattern: &Pattern) -> Result<Answer, Error> {
    let release = shop.resolve(&request.release)?;
    let root = shop.commit(&release)?.tree;
    let series = series(shop, &request.series)?;
    let start = State::new(root);
    // A name that is mistyped is said, whether or not the branch is needed.
    let branch = request.branch.as_ref().map(|name| shop.resolve(name)).transpose()?;
    let applied = apply_all(shop, start.clone(), &series)?;
    let mut answer = Answer { three_way: merge::picks(shop, &start, &series)?, ..Answer::default() };
    match applied {
        Ok(done) => {
            answer.applies = true;
            answer.tree = Some(done.tree(shop)?.to_string());
            answer.order = series.into_iter().map(|patch| patch.name).collect();
            return Ok(answer);
        }
        Err((number, failure)) => answer.failed = Some(failed_at(&series[number], &failure)),
    }
    let Some((mut history, series)) = place(shop, &release, branch, series)? else { return Ok(answer) };
    let own =
        series.iter().filter_map(|(_, patch)| history.position(&patch.commit?)).collect::<BTreeSet<_>>();
    let applications_left = APPLICATIONS_MAX;
    let mut task = Task { release: start, history: &mut history, series: &series, own, applications_left };
    if let Some(set) = task.solve(shop, &|message| pattern.matches(message))? {
        explain(shop, &mut task, &set, pattern, &mut answer)?;
    }
    Ok(answer)
}

/// Fills in what follows from a set: names, reasons, order and tree.
fn explain(
    shop: &mut Workshop,
    task: &mut Task<'_>,
    set: &[usize],
    pattern: &Pattern,
    answer: &mut Answer,
) -> Result<(), Error> {
    let reasons = task.reasons(shop, set)?;
    for &at in set {
        let id = task.history.commit(at);
        let commit = shop.commit(&id)?;
        answer.prerequisites.push(id.to_string());
        if let Some(reason) = reasons.get(&at) {
            let needed_by = match reason.by {
                Step::Commit(at) => failed_at(&*task.history.patch(shop, at)?, &reason.failure),
                Step::Series(number) => failed_at(&task.series[number].1, &reason.failure),
            };
            answer.reasons.push(Reason {
                commit: id.to_string(),
                subject: commit.subject(),
                security: pattern.matches(commit.message()),
                needed_by,
                kind: reason.failure.why.into(),
            });
        }
    }
    let steps = task.order(set);
    answer.order = steps
        .into_iter()
        .map(|step| match step {
            Step::Commit(at) => task.history.commit(at).to_string(),
            Step::Series(number) => task.series[number].1.name.clone(),
        })
        .collect();
    if let Some(done) = task.result(shop, set)? {
        answer.tree = Some(done.tree(shop)?.to_string());
    }
    Ok(())
}

pub(crate) fn failed_at(patch: &Patch, failure: &Failure) -> FailedAt {
    let file = String::from_utf8_lossy(&failure.file).into_owned();
    FailedAt { patch: patch.name.clone(), file, line: failure.line }
}

pub(crate) fn series(shop: &mut Workshop, series: &Series) -> Result<Vec<Patch>, Error> {
    let count = match series {
        Series::Commits(names) => names.len(),
        Series::Files(files) => files.len(),
    };
    if count == 0 {
        return Err(Error::Request("there is nothing to apply: name commits, or patch files".into()));
    }
    if count > SERIES_MAX {
        let limit = format!("{SERIES_MAX} patches");
        return Err(Error::TooLarge { what: "the series".into(), limit });
    }
    match series {
        Series::Commits(names) => names
            .iter()
            .map(|name| {
                let id = shop.resolve(name)?;
                shop.patch_of_commit(&id)
            })
            .collect(),
        Series::Files(files) => files.iter().map(|(name, text)| shop.patch_of_text(name, text)).collect(),
    }
}

pub(crate) type Stopped = (usize, Failure);

pub(crate) fn apply_all(
    shop: &mut Workshop,
    mut state: State,
    series: &[Patch],
) -> Result<Result<State, Stopped>, Error> {
    for (number, patch) in series.iter().enumerate() {
        if let Err(failure) = state.apply(shop, patch)? {
            return Ok(Err((number, failure)));
        }
    }
    Ok(Ok(state))
}

type Placed = (History, Vec<(usize, Patch)>);

/// Where the series belongs on the branch: where its commits are, or the last place at which it applies.
pub(crate) fn place(
    shop: &mut Workshop,
    release: &ObjectId,
    branch: Option<ObjectId>,
    series: Vec<Patch>,
) -> Result<Option<Placed>, Error> {
    let tip = match (branch, series.last().and_then(|patch| patch.commit)) {
        (Some(branch), _) => branch,
        (None, Some(last)) => last,
        (None, None) => return Ok(None),
    };
    let mut history = History::between(shop, release, &tip)?;
    let positions: Option<Vec<usize>> =
        series.iter().map(|patch| history.position(&patch.commit?).filter(|&at| at > 0)).collect();
    if let Some(positions) = positions {
        return Ok(Some((history, positions.into_iter().zip(series).collect())));
    }
    let mut places = BTreeSet::from([history.last()]);
    for change in series.iter().flat_map(|patch| &patch.changes) {
        let last = history.last();
        places.extend(history.changes(shop, &change.old, 0, last)?.into_iter().map(|at| at - 1));
    }
    for at in places.into_iter().rev() {
        let tree = shop.commit(&history.commit(at))?.tree;
        if apply_all(shop, State::new(tree), &series)?.is_ok() {
            return Ok(Some((history, series.into_iter().map(|patch| (at + 1, patch)).collect())));
        }
    }
    Ok(None)
}
