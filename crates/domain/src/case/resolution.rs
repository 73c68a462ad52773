//! How each affected release is resolved: its patch is found to apply, or a person says why there is none that
//! does (XEN-24). Where a release is neither, the advisory is not complete.

use super::applies::{Found, TreeCheck};
use super::{Case, Patch, ReleaseWork, TestOutcome};
use crate::id::Slug;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a release has no patch that is found to apply. A person says so; the advisory repeats these words and no
/// others, since what somebody notes beside them was approved by nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// It does not have the vulnerability after all.
    NotAffected,
    /// It has it, and gets no patch.
    NoFix,
    /// Its source is in no repository that this project names.
    Elsewhere,
    /// A person applied the patch, in a way that the check does not know.
    ByHand,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Reason; 4] = [Reason::NotAffected, Reason::NoFix, Reason::Elsewhere, Reason::ByHand];

    /// The reason as the command line and forms write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Reason::NotAffected => "not-affected",
            Reason::NoFix => "no-fix",
            Reason::Elsewhere => "elsewhere",
            Reason::ByHand => "by-hand",
        }
    }

    /// The reason as readers of the advisory are told it.
    #[must_use]
    pub fn phrase(self) -> &'static str {
        match self {
            Reason::NotAffected => "not affected",
            Reason::NoFix => "no fix is available for this release",
            Reason::Elsewhere => "its source is not in the project's repository",
            Reason::ByHand => "applied by hand",
        }
    }

    /// The reason that is written so, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Reason> {
        Reason::ALL.into_iter().find(|reason| reason.name() == name)
    }

    /// Whether the release gets a patch all the same. One that gets none is waited for by nothing.
    #[must_use]
    pub fn has_patch(self) -> bool {
        match self {
            Reason::NotAffected | Reason::NoFix => false,
            Reason::Elsewhere | Reason::ByHand => true,
        }
    }
}

/// What keeps a release from being resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gap {
    /// It has no patch of its own.
    NoPatch,
    /// Nobody has checked its patch yet, or the project names no tree for the release.
    NotChecked,
    /// Its patch does not apply, or could not be checked, on a tree.
    Red {
        /// The tree, as the project names it.
        tree: String,
        /// What was found there.
        found: Found,
    },
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Gap::NoPatch => f.write_str("has no patch of its own"),
            Gap::NotChecked => f.write_str("has a patch that was not checked against its trees"),
            Gap::Red { tree, found: Found::Unchecked { why } } => {
                write!(f, "has no green row on {tree}: {why}")
            }
            Gap::Red { tree, found: Found::Fails { file, line: 0 } } => {
                write!(f, "has no green row on {tree}: {file} does not fit")
            }
            Gap::Red { tree, found: Found::Fails { file, line } } => {
                write!(f, "has no green row on {tree}: {file} does not fit at line {line}")
            }
            Gap::Red { tree, found: Found::Applies { .. } | Found::Needs { .. } | Found::There { .. } } => {
                write!(f, "has another patch than was checked on {tree}")
            }
        }
    }
}

/// A release that is not resolved, and what would help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenRelease {
    /// The release.
    pub release: Slug,
    /// What it lacks.
    pub gap: Gap,
}

impl fmt::Display for OpenRelease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "release {} {}", self.release, self.gap)
    }
}

impl ReleaseWork {
    /// Whether the case waits for a patch of this release.
    #[must_use]
    pub fn is_due(&self) -> bool {
        self.reason.is_none_or(Reason::has_patch)
    }

    /// The patch that the advisory carries. A release that gets none may still have one from before.
    #[must_use]
    pub fn published_patch(&self) -> Option<&Patch> {
        self.patch.as_ref().filter(|_| self.is_due())
    }

    /// The checks of the release's own patch as it is now.
    pub fn own_checks(&self) -> impl Iterator<Item = &TreeCheck> {
        let own = self.patch.as_ref().map(|patch| patch.sha256.as_str());
        self.checks.iter().filter(move |check| Some(check.patch.as_str()) == own)
    }

    /// Whether the release's own patch applies to every tree of the release.
    #[must_use]
    pub fn is_green(&self) -> bool {
        !self.checks.is_empty()
            && self.own_checks().filter(|check| check.found.is_green()).count() == self.checks.len()
    }

    /// What is missing for the release to be resolved; `None` where nothing is.
    #[must_use]
    pub fn gap(&self) -> Option<Gap> {
        if self.reason.is_some() || self.is_green() {
            return None;
        }
        let Some(patch) = &self.patch else { return Some(Gap::NoPatch) };
        let red = |check: &&TreeCheck| check.patch != patch.sha256 || !check.found.is_green();
        Some(self.checks.iter().find(red).map_or(Gap::NotChecked, |check| Gap::Red {
            tree: check.name.clone(),
            found: check.found.clone(),
        }))
    }
}

impl Case {
    /// The affected releases that are not resolved.
    #[must_use]
    pub fn open_releases(&self) -> Vec<OpenRelease> {
        let open = |work: &ReleaseWork| Some(OpenRelease { release: work.release.clone(), gap: work.gap()? });
        self.releases.iter().filter_map(open).collect()
    }

    /// Whether every affected release has a patch that is found to apply, or a reason why not.
    #[must_use]
    pub fn resolved_everywhere(&self) -> bool {
        !self.releases.is_empty() && self.releases.iter().all(|work| work.gap().is_none())
    }

    /// Whether every affected release that gets a patch has one.
    #[must_use]
    pub fn patched_everywhere(&self) -> bool {
        self.due_everywhere(|work| work.patch.is_some())
    }

    /// Whether the current patch of every affected release that gets one passed its test (CS-10).
    #[must_use]
    pub fn tested_everywhere(&self) -> bool {
        self.due_everywhere(|work| work.test == Some(TestOutcome::Pass))
    }

    /// A case without any release that gets a patch has nothing patched, tested or committed.
    pub(super) fn due_everywhere(&self, holds: impl Fn(&ReleaseWork) -> bool) -> bool {
        let mut due = self.releases.iter().filter(|work| work.is_due()).peekable();
        due.peek().is_some() && due.all(holds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(patch: &str, found: Found) -> TreeCheck {
        TreeCheck {
            name: "RELEASE-4.4.1".to_owned(),
            commit: Some("1".repeat(40)),
            patch: patch.to_owned(),
            found,
        }
    }

    fn work(patch: Option<&str>, checks: Vec<TreeCheck>) -> ReleaseWork {
        ReleaseWork {
            release: "4.4".parse().expect("a release"),
            patch: patch.map(|sha256| Patch { name: "x.patch".to_owned(), sha256: sha256.to_owned() }),
            test: None,
            checks,
            forecast: None,
            reason: None,
            commit: None,
            version: None,
        }
    }

    #[test]
    fn only_the_own_patch_on_every_tree_is_green() {
        let applies = || Found::Applies { tree: "2".repeat(40) };
        let needs = || Found::Needs { tree: "2".repeat(40), commits: Vec::new() };
        let fails = || Found::Fails { file: "a.c".to_owned(), line: 7 };
        assert_eq!(work(None, Vec::new()).gap(), Some(Gap::NoPatch));
        // Another release's patch, tried on this one, is none of its own.
        assert_eq!(work(None, vec![check("a", applies())]).gap(), Some(Gap::NoPatch));
        assert_eq!(work(Some("a"), Vec::new()).gap(), Some(Gap::NotChecked));
        let there = Found::There { commit: None };
        let green = vec![check("a", applies()), check("a", needs()), check("a", there)];
        assert_eq!(work(Some("a"), green).gap(), None);
        let half = work(Some("a"), vec![check("a", applies()), check("a", fails())]);
        let told = half.gap().map(|gap| gap.to_string());
        assert_eq!(told.as_deref(), Some("has no green row on RELEASE-4.4.1: a.c does not fit at line 7"));
        let stale = work(Some("b"), vec![check("a", applies())]);
        let told = stale.gap().map(|gap| gap.to_string());
        assert_eq!(told.as_deref(), Some("has another patch than was checked on RELEASE-4.4.1"));
        let reasoned = ReleaseWork { reason: Some(Reason::NoFix), ..work(None, Vec::new()) };
        assert_eq!((reasoned.gap(), reasoned.is_due()), (None, false));
    }

    #[test]
    fn every_reason_has_a_name_of_its_own() {
        for reason in Reason::ALL {
            assert_eq!(Reason::from_name(reason.name()), Some(reason));
        }
        assert_eq!(Reason::from_name("lazy"), None);
    }
}
