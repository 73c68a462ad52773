//! The security branch of a release (XEN-27): the fixes that its branch has published since, the commits that they
//! need, and nothing else. What is there already stays as it is, as long as what came fits on top of it.

use crate::apply::{State, Workshop};
use crate::check::{Answer, FailedAt, Request, SERIES_MAX, Series, check};
use crate::error::Error;
use crate::export::picked_from;
use crate::history::History;
use crate::recipe::{Recipe, recipe};
use crate::security::{Names, Pattern};
use gix_hash::ObjectId;
use serde::Serialize;
use std::collections::BTreeSet;

/// What is asked.
pub struct Question<'a> {
    /// The release: a tag, or any commit.
    pub release: &'a str,
    /// The branch that has the fixes.
    pub branch: &'a str,
    /// How its messages name advisories.
    pub names: &'a Names,
    /// The security branch as it was made before.
    pub onto: Option<ObjectId>,
}

/// An advisory that the branch names, with the commits that name it, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fix {
    /// The advisory, as the history names it.
    pub advisory: String,
    /// Its commits since the release.
    pub commits: Vec<String>,
}

/// What becomes of the branch as it was made before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// There was none.
    New,
    /// It has everything.
    Current,
    /// What came is put on top.
    Grown,
    /// What came does not fit on top: the branch begins anew from the release.
    Remade,
}

/// What the security branch of a release is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The release's commit.
    pub release_commit: ObjectId,
    /// The advisories that it fixes, in the order of their first commit.
    pub fixes: Vec<Fix>,
    /// All that is on it; `None` where the branch has published no fix since the release.
    pub recipe: Option<Recipe>,
    /// What becomes of the one that was made before.
    pub change: Change,
    /// The commit that the last [`Plan::added`] steps of the recipe are put on.
    pub base: ObjectId,
    /// How many steps are put on it.
    pub added: usize,
    /// The tree of the branch.
    pub tree: String,
}

/// Plans the security branch of a release. Writes nothing.
///
/// # Errors
/// Something cannot be read or does not exist, no set of commits makes the fixes apply, or the branch that was made
/// before holds something else than picked commits.
pub fn plan(shop: &mut Workshop, question: &Question<'_>) -> Result<Plan, Error> {
    let release = shop.resolve(question.release)?;
    let tip = shop.resolve(question.branch)?;
    let history = History::between(shop, &release, &tip)?;
    let before = question.onto.map(|onto| picks(shop, &release, &onto)).transpose()?;
    let (fixes, series) = fixes(shop, &history, question.names)?;
    let request = Request {
        release: release.to_string(),
        branch: Some(tip.to_string()),
        series: Series::Commits(series.clone()),
    };
    let root = shop.commit(&release)?.tree;
    let mut answer = Answer { tree: Some(root.to_string()), ..Answer::default() };
    if !series.is_empty() {
        answer = check(shop, &request, &Pattern::new(&[]))?;
        security_is_named(&mut answer, &series);
    }
    let Some(tree) = answer.tree.clone() else { return Err(never(question, answer.failed.as_ref())) };
    let mut plan = Plan {
        release_commit: release,
        fixes,
        recipe: None,
        change: Change::New,
        base: release,
        added: answer.order.len(),
        tree,
    };
    if let Some(before) = before {
        keep(shop, &history, before, &mut answer, &mut plan)?;
    }
    if !answer.order.is_empty() {
        let named = Request { release: question.release.to_owned(), ..request };
        plan.recipe = recipe(shop, &named, &answer)?;
    }
    Ok(plan)
}

/// The advisories that the history names, and all their commits in the order of the branch, each once.
pub(crate) fn fixes(
    shop: &mut Workshop,
    history: &History,
    names: &Names,
) -> Result<(Vec<Fix>, Vec<String>), Error> {
    let (mut fixes, mut series): (Vec<Fix>, Vec<String>) = (Vec::new(), Vec::new());
    for at in 1..=history.last() {
        let id = history.commit(at);
        let found = names.of(shop.commit(&id)?.message());
        if !found.is_empty() {
            series.push(id.to_string());
        }
        if series.len() > SERIES_MAX {
            let limit = format!("{SERIES_MAX} commits; name a later release");
            return Err(Error::TooLarge { what: "the list of fixes since the release".into(), limit });
        }
        for advisory in found {
            match fixes.iter_mut().find(|fix| fix.advisory == advisory) {
                Some(fix) => fix.commits.push(id.to_string()),
                None => fixes.push(Fix { advisory, commits: vec![id.to_string()] }),
            }
        }
    }
    Ok((fixes, series))
}

/// A prerequisite is a security fix only if the question's own names say so, and those are of the series.
fn security_is_named(answer: &mut Answer, series: &[String]) {
    for reason in &mut answer.reasons {
        reason.security = series.contains(&reason.commit);
    }
}

fn never(question: &Question<'_>, failed: Option<&FailedAt>) -> Error {
    let at = failed.map(|at| format!(": {}, {}, line {}", at.patch, at.file, at.line)).unwrap_or_default();
    Error::Request(format!(
        "no set of commits of {} makes its security fixes apply to {}{at}; `tidegate baseline scan` shows which do",
        question.branch, question.release
    ))
}

/// A security branch as it was made before.
struct Before {
    tip: ObjectId,
    /// The commits that were picked, in order.
    picked: Vec<ObjectId>,
}

/// The commits that a security branch holds. It must hold nothing else: what somebody put there by hand would be
/// handed on as a published fix, or lost.
fn picks(shop: &mut Workshop, release: &ObjectId, tip: &ObjectId) -> Result<Before, Error> {
    let (mut at, mut picked) = (*tip, Vec::new());
    while at != *release {
        let commit = shop.commit(&at)?;
        let from = picked_from(commit.message());
        let ([parent], Some(from)) = (commit.parents.as_slice(), from) else { return Err(strange(&at)) };
        picked.push(from);
        if picked.len() > SERIES_MAX {
            let limit = format!("{SERIES_MAX} commits");
            return Err(Error::TooLarge { what: "the security branch".into(), limit });
        }
        at = *parent;
    }
    picked.reverse();
    let root = shop.commit(release)?.tree;
    let wanted = shop.commit(tip)?.tree;
    match applied(shop, root, &picked)? {
        Some(tree) if tree == wanted => Ok(Before { tip: *tip, picked }),
        _ => Err(strange(tip)),
    }
}

fn strange(commit: &ObjectId) -> Error {
    Error::Request(format!(
        "the security branch that was made before holds {commit}, which is not what this command picked; name \
         another branch, or take that commit off"
    ))
}

/// The tree after commits are applied to a tree; `None` if one does not apply.
fn applied(shop: &mut Workshop, root: ObjectId, commits: &[ObjectId]) -> Result<Option<ObjectId>, Error> {
    let mut state = State::new(root);
    for commit in commits {
        let patch = shop.patch_of_commit(commit)?;
        if state.apply(shop, &patch)?.is_err() {
            return Ok(None);
        }
    }
    state.tree(shop).map(Some)
}

/// Puts what came on top of what was there, if it fits: the same text must come out as if all began anew.
fn keep(
    shop: &mut Workshop,
    history: &History,
    before: Before,
    answer: &mut Answer,
    plan: &mut Plan,
) -> Result<(), Error> {
    let Before { tip, picked } = before;
    plan.change = Change::Remade;
    if picked.iter().any(|commit| history.position(commit).is_none()) {
        return Ok(());
    }
    let had: BTreeSet<String> = picked.iter().map(ToString::to_string).collect();
    let added: Vec<String> = answer.order.iter().filter(|name| !had.contains(*name)).cloned().collect();
    let ids = added.iter().map(|name| shop.resolve(name)).collect::<Result<Vec<_>, _>>()?;
    let root = shop.commit(&tip)?.tree;
    let Some(tree) = applied(shop, root, &ids)?.map(|tree| tree.to_string()) else { return Ok(()) };
    // A prerequisite that is needed no longer stays where it is; then there is nothing to compare with.
    let same_commits = answer.order.len() == picked.len() + added.len();
    if same_commits && tree != plan.tree {
        return Ok(());
    }
    plan.change = if added.is_empty() { Change::Current } else { Change::Grown };
    (plan.base, plan.added) = (tip, added.len());
    answer.order = picked.iter().map(ToString::to_string).chain(added).collect();
    answer.tree = Some(tree.clone());
    plan.tree = tree;
    Ok(())
}
