//! When it is time for a point release, computed from the record of cases (XEN-24, XEN-25).

use crate::case::Case;
use crate::case::machines::Rm;
use crate::id::{CaseId, Slug};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The numbers from which on a point release is proposed. Which they are is for the project to say; the defaults fit
/// point releases every three or four months.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Marks {
    /// Commits that must come first on the last point release, and would not after the next; 10 by default.
    pub prerequisites: usize,
    /// Published fixes that the last point release lacks; 10 by default.
    pub fixes: usize,
}

impl Default for Marks {
    fn default() -> Marks {
        Marks { prerequisites: 10, fixes: 10 }
    }
}

impl Marks {
    /// Whether one of the numbers has reached its mark.
    #[must_use]
    pub fn reached(&self, prerequisites: usize, fixes: usize) -> bool {
        prerequisites >= self.prerequisites || fixes >= self.fixes
    }
}

/// The last point release of a release line, and the branch that the next one is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// The release line.
    pub release: &'a Slug,
    /// The tag of its last point release.
    pub tag: &'a str,
    /// Its staging branch.
    pub staging: &'a str,
}

/// What one case's fix needs on the last point release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// The case.
    pub case: CaseId,
    /// Whether its advisory is public.
    pub published: bool,
    /// How many commits must come first.
    pub prerequisites: usize,
    /// Whether none had to, if the staging branch were released today; `None` where nobody knows.
    pub holds_on_tip: Option<bool>,
}

/// The numbers for one release line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// The release line.
    pub release: Slug,
    /// The tag of its last point release.
    pub tag: String,
    /// Its staging branch.
    pub staging: String,
    /// What the fixes need, in the order in which they were given.
    pub needs: Vec<Need>,
    /// Commits that must come first and would not any more, each once.
    pub vanishing: usize,
    /// Commits that would still have to.
    pub remaining: usize,
    /// Published fixes that the last point release lacks.
    pub fixes: usize,
    /// The marks that they are held against.
    pub marks: Marks,
}

impl Tally {
    /// Whether a point release is proposed.
    #[must_use]
    pub fn is_proposed(&self) -> bool {
        self.marks.reached(self.vanishing, self.fixes)
    }
}

/// What is known of `line` from these cases: those that the reader may see, and no others. `None` where none of them
/// has a patch that was checked against the last point release.
#[must_use]
pub fn tally<'c>(line: Line<'_>, marks: Marks, cases: impl IntoIterator<Item = &'c Case>) -> Option<Tally> {
    let (mut vanishing, mut remaining) = (BTreeSet::new(), BTreeSet::new());
    let mut needs = Vec::new();
    for case in cases {
        let counts = case.is_announced() || case.rm == Rm::Accepted;
        let work = case.release(line.release).filter(|work| counts && work.version.is_none());
        let Some(work) = work else { continue };
        let Some(check) = work.own_checks().find(|check| check.name == line.tag) else { continue };
        let published = case.is_announced();
        let known = work.forecast.as_ref().filter(|known| known.branch == line.staging);
        // The staging branch has what is public.
        let holds_on_tip =
            if published { Some(true) } else { known.and_then(|forecast| forecast.outlook.holds()) };
        let prerequisites = check.found.prerequisites();
        let commits = prerequisites.iter().map(|commit| commit.commit.as_str());
        if holds_on_tip == Some(true) {
            vanishing.extend(commits)
        } else {
            remaining.extend(commits)
        }
        needs.push(Need { case: case.id, published, prerequisites: prerequisites.len(), holds_on_tip });
    }
    let (release, tag, staging) = (line.release.clone(), line.tag.to_owned(), line.staging.to_owned());
    let fixes = needs.iter().filter(|need| need.published).count();
    let (vanishing, remaining) = (vanishing.len(), remaining.len());
    (!needs.is_empty()).then_some(Tally { release, tag, staging, needs, vanishing, remaining, fixes, marks })
}
