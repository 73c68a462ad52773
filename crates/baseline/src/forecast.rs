//! Before a fix is public: does it still apply to what the next point release is made from, and if it stopped, with
//! which commit? (XEN-24)

use crate::apply::{Patch, State, Workshop};
use crate::check::{FailedAt, Series, Stopped, apply_all, failed_at, series};
use crate::error::Error;
use crate::history::{COMMITS_MAX, History};
use crate::scan::tags;
use crate::standing::{Conflict, Outcome, Standing, standings_of};
use crate::tree::{File, Path};
use foldhash::HashSet;
use gix_hash::ObjectId;
use serde::Serialize;
use std::collections::BTreeSet;
use tidegate_domain::patch::Kind;

/// The branch that the next point release is made from, and the last one that was made.
pub struct Staging {
    /// The branch, as it was named.
    pub branch: String,
    /// The last point release, as it was named or found.
    pub release: String,
    /// Its commit.
    pub release_commit: ObjectId,
    /// The branch since the release.
    pub(crate) history: History,
}

impl Staging {
    /// The staging branch `branch` since `release`. Where none is named, it is the last tag on the branch that begins
    /// with one of `prefixes`, or any tag if there is no prefix.
    ///
    /// # Errors
    /// Something cannot be read, or does not exist.
    pub fn open(
        shop: &mut Workshop,
        branch: &str,
        release: Option<&str>,
        prefixes: &[String],
    ) -> Result<Staging, Error> {
        let tip = shop.resolve(branch)?;
        let (release, release_commit) = match release {
            Some(name) => (name.to_owned(), shop.resolve(name)?),
            None => last_release(shop, branch, &tip, prefixes)?,
        };
        let history = History::between(shop, &release_commit, &tip)?;
        Ok(Staging { branch: branch.to_owned(), release, release_commit, history })
    }

    /// The commit that the branch is at.
    #[must_use]
    pub fn tip(&self) -> ObjectId {
        self.history.commit(self.history.last())
    }

    /// How many commits the branch has that the release has not.
    #[must_use]
    pub fn commits(&self) -> usize {
        self.history.last()
    }
}

fn last_release(
    shop: &mut Workshop,
    branch: &str,
    tip: &ObjectId,
    prefixes: &[String],
) -> Result<(String, ObjectId), Error> {
    let tags = tags(shop, prefixes)?;
    let mut next = Some(*tip);
    for _ in 0..COMMITS_MAX {
        let Some(commit) = next else { break };
        if let Some(tag) = tags.get(&commit) {
            return Ok((tag.clone(), commit));
        }
        next = shop.commit(&commit)?.parents.first().copied();
    }
    Err(Error::Request(format!("{branch} has no release: no tag on it counts as one; name it, {branch}:TAG")))
}

/// How a series stands on the tip of a staging branch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Forecast {
    /// The answer.
    #[serde(flatten)]
    pub outlook: Outlook,
    /// Each patch on the tip, after those before it that applied.
    pub patches: Vec<Standing>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum Outlook {
    /// It applies.
    Applies {
        /// The tree that comes out.
        tree: String,
    },
    /// All of it is there.
    AlreadyThere,
    /// Some of its patches are there, and the others apply.
    PartlyThere,
    /// It applied to the branch once, and does not any more.
    Stopped {
        /// What it stopped with.
        since: Box<Since>,
    },
    /// It applies to no commit of the branch, from the release on.
    NeverApplied,
}

impl Outlook {
    /// Whether nothing has to be done for the next point release to get the fix as it is.
    #[must_use]
    pub fn holds(&self) -> bool {
        match self {
            Outlook::Applies { .. } | Outlook::AlreadyThere | Outlook::PartlyThere => true,
            Outlook::Stopped { .. } | Outlook::NeverApplied => false,
        }
    }
}

/// The commit with which a series stopped applying: before it the series applies, and from it on to the tip it applies
/// nowhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Since {
    /// The commit.
    pub commit: String,
    /// The first line of its message.
    pub subject: String,
    /// What does not apply to it.
    pub failed: FailedAt,
    /// The commit before it, the last one to which the series applies.
    pub last_good: String,
}

impl Forecast {
    /// The first patch that fails on the tip, and on what.
    #[must_use]
    pub fn conflict(&self) -> Option<(&str, &Conflict)> {
        self.patches.iter().find_map(|standing| match &standing.result {
            Outcome::Failed(conflict) => Some((standing.patch.as_str(), &**conflict)),
            Outcome::Applied { .. } | Outcome::AlreadyThere { .. } => None,
        })
    }
}

/// How a series stands on the tip of a staging branch, and since when.
///
/// # Errors
/// Something cannot be read, or the search was given up at a limit.
pub fn forecast(shop: &mut Workshop, staging: &Staging, asked: &Series) -> Result<Forecast, Error> {
    shop.tidy();
    let mut series = series(shop, asked)?;
    // Where a commit comes from is of no interest: only whether its text fits this branch.
    series.iter_mut().for_each(|patch| patch.commit = None);
    let tip = staging.tip();
    let root = shop.commit(&tip)?.tree;
    let applied = apply_all(shop, State::new(root), &series)?;
    let mut patches = standings_of(shop, &tip, None, &series)?;
    let outlook = match applied {
        Ok(state) => Outlook::Applies { tree: state.tree(shop)?.to_string() },
        Err(stopped) => match there(&patches) {
            Some(outlook) => outlook,
            None => match since(shop, &staging.history, &series, stopped)? {
                Some(since) => Outlook::Stopped { since: Box::new(since) },
                None => Outlook::NeverApplied,
            },
        },
    };
    tell_since_release(&staging.history, &mut patches);
    Ok(Forecast { outlook, patches })
}

/// The answer where no patch fails.
fn there(patches: &[Standing]) -> Option<Outlook> {
    let (mut are_there, mut apply) = (false, false);
    for patch in patches {
        match patch.result {
            Outcome::AlreadyThere { .. } => are_there = true,
            Outcome::Applied { .. } => apply = true,
            Outcome::Failed(_) => return None,
        }
    }
    are_there.then_some(if apply { Outlook::PartlyThere } else { Outlook::AlreadyThere })
}

/// Of the commits that changed a place, says which are of the branch since its release.
fn tell_since_release(history: &History, patches: &mut [Standing]) {
    let since: HashSet<String> = (1..=history.last()).map(|at| history.commit(at).to_string()).collect();
    for standing in patches {
        if let Outcome::Failed(conflict) = &mut standing.result {
            conflict.changed_by.iter_mut().for_each(|by| by.since_release = since.contains(&by.commit));
        }
    }
}

/// Goes back from the tip to the last commit to which the series applies.
///
/// Commits are not halved: a series may stop applying, begin again and stop again, and only the last of these counts.
/// What a series meets is made of the places that it names, so that it is tried only where one of them is another.
fn since(
    shop: &mut Workshop,
    history: &History,
    series: &[Patch],
    stopped: Stopped,
) -> Result<Option<Since>, Error> {
    let places = Places::of(series);
    let last = history.last();
    let mut failure = stopped;
    let root = shop.commit(&history.commit(last))?.tree;
    let mut ground = places.ground(shop, &root)?;
    for at in (0..last).rev() {
        let root = shop.commit(&history.commit(at))?.tree;
        let earlier = places.ground(shop, &root)?;
        if earlier == ground {
            continue;
        }
        match apply_all(shop, State::new(root), series)? {
            Ok(_) => return told(shop, history, at, &series[failure.0], &failure).map(Some),
            Err(stopped) => (failure, ground) = (stopped, earlier),
        }
    }
    Ok(None)
}

fn told(
    shop: &mut Workshop,
    history: &History,
    last_good: usize,
    patch: &Patch,
    (_, failure): &Stopped,
) -> Result<Since, Error> {
    let commit = history.commit(last_good + 1);
    Ok(Since {
        commit: commit.to_string(),
        subject: shop.commit(&commit)?.subject(),
        failed: failed_at(patch, failure),
        last_good: history.commit(last_good).to_string(),
    })
}

/// The places of a tree on which it depends whether a series applies.
struct Places {
    /// What the patches name.
    named: BTreeSet<Path>,
    /// The folders in which files would be made: a file there is in the way.
    above: BTreeSet<Path>,
}

impl Places {
    fn of(series: &[Patch]) -> Places {
        let mut places = Places { named: BTreeSet::new(), above: BTreeSet::new() };
        for change in series.iter().flat_map(|patch| &patch.changes) {
            places.named.extend([Path::clone(&change.old), Path::clone(&change.new)]);
            if matches!(change.kind, Kind::Create | Kind::Rename | Kind::Copy) {
                let folders = change.new.iter().enumerate().filter(|(_, byte)| **byte == b'/');
                places.above.extend(folders.filter_map(|(at, _)| change.new.get(..at)).map(Path::from));
            }
        }
        places
    }

    fn ground(&self, shop: &mut Workshop, root: &ObjectId) -> Result<Vec<Option<File>>, Error> {
        let Workshop { trees, store, .. } = shop;
        let named = self.named.iter().map(|path| trees.any(store, root, path)).collect::<Vec<_>>();
        let above = self.above.iter().map(|path| trees.file(store, root, path));
        named.into_iter().chain(above).collect()
    }
}
