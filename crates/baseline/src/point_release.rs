//! When it is time for a point release: what those who stay on the last one must apply by hand, and what of it would
//! go if the staging branch were released today (XEN-24, XEN-25).

use crate::apply::Workshop;
use crate::branch::fixes;
use crate::check::{Answer, Request, Series, check};
use crate::error::Error;
use crate::forecast::{Outlook, Staging};
use crate::security::{Names, Pattern};
use serde::Serialize;
pub use tidegate_domain::point_release::Marks;

/// What a fix needs on the last point release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Need {
    /// The advisory, or the series as it was named.
    pub fix: String,
    /// Whether the staging branch has it: an advisory that its history names.
    pub published: bool,
    /// Whether the release would have it, or it would apply to it, if the staging branch were released today.
    pub holds_on_tip: bool,
    /// Whether it applies to the last point release, as it stands or after what must come first.
    pub applies: bool,
    /// What must come first, in order: full ids.
    pub prerequisites: Vec<String>,
}

/// A commit that must come first on the last point release, and would not if the branch were released today.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Vanishing {
    /// The commit.
    pub commit: String,
    /// The first line of its message.
    pub subject: String,
    /// Whether its message names an advisory.
    pub security: bool,
    /// The fixes that need it.
    pub needed_by: Vec<String>,
}

/// Whether a point release is proposed, with the numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proposal {
    /// Whether one of the numbers has reached its mark.
    pub proposed: bool,
    /// The marks.
    pub marks: Marks,
    /// Commits of the staging branch since the last point release.
    pub commits: usize,
    /// Published fixes that the last point release lacks.
    pub fixes: usize,
    /// The commits that must come first and would not any more, in the order in which they are met.
    pub vanishing: Vec<Vanishing>,
    /// How many commits would still have to come first: of fixes that don't fit the tip either.
    pub remaining: usize,
    /// Each fix.
    pub needs: Vec<Need>,
}

/// What the fixes that the staging branch has published need on its last point release.
///
/// # Errors
/// Something cannot be read, or the search was given up at a limit.
pub fn published(shop: &mut Workshop, staging: &Staging, names: &Names) -> Result<Vec<Need>, Error> {
    let (fixes, _) = fixes(shop, &staging.history, names)?;
    let mut needs = Vec::with_capacity(fixes.len());
    for fix in fixes {
        let answer = on_release(shop, staging, Series::Commits(fix.commits))?;
        needs.push(need(fix.advisory, true, true, answer));
    }
    Ok(needs)
}

/// What an unpublished fix needs on the last point release, beside what becomes of it on the tip.
///
/// # Errors
/// Something cannot be read, or the search was given up at a limit.
pub fn unpublished(
    shop: &mut Workshop,
    staging: &Staging,
    name: &str,
    series: Series,
    outlook: &Outlook,
) -> Result<Need, Error> {
    let answer = on_release(shop, staging, series)?;
    Ok(need(name.to_owned(), false, outlook.holds(), answer))
}

fn on_release(shop: &mut Workshop, staging: &Staging, series: Series) -> Result<Answer, Error> {
    shop.tidy();
    let release = staging.release_commit.to_string();
    let request = Request { release, branch: Some(staging.tip().to_string()), series };
    check(shop, &request, &Pattern::default())
}

fn need(fix: String, published: bool, holds_on_tip: bool, answer: Answer) -> Need {
    let (applies, prerequisites) = (answer.tree.is_some(), answer.prerequisites);
    Need { fix, published, holds_on_tip, applies, prerequisites }
}

/// Holds what fixes need against the marks.
///
/// # Errors
/// A commit cannot be read.
pub fn propose(
    shop: &mut Workshop,
    staging: &Staging,
    names: &Names,
    marks: Marks,
    needs: Vec<Need>,
) -> Result<Proposal, Error> {
    let mut vanishing: Vec<Vanishing> = Vec::new();
    let (go, stay): (Vec<&Need>, Vec<&Need>) = needs.iter().partition(|need| need.holds_on_tip);
    for need in go {
        for commit in &need.prerequisites {
            if let Some(known) = vanishing.iter_mut().find(|known| known.commit == *commit) {
                known.needed_by.push(need.fix.clone());
                continue;
            }
            let id = shop.resolve(commit)?;
            let found = shop.commit(&id)?;
            vanishing.push(Vanishing {
                commit: commit.clone(),
                subject: found.subject(),
                security: !names.of(found.message()).is_empty(),
                needed_by: vec![need.fix.clone()],
            });
        }
    }
    let mut remaining: Vec<&String> = stay.iter().flat_map(|need| &need.prerequisites).collect();
    remaining.sort();
    remaining.dedup();
    let remaining = remaining.len();
    let fixes = needs.iter().filter(|need| need.published).count();
    Ok(Proposal {
        proposed: marks.reached(vanishing.len(), fixes),
        marks,
        commits: staging.commits(),
        fixes,
        vanishing,
        remaining,
        needs,
    })
}
