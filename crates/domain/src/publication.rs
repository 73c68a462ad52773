//! From a case to what becomes public of it: one value from which every form is rendered.

use crate::advisory::{Fix, IssuedVersion, PatchFile, Publication};
use crate::case::{Case, Version};
use crate::policy::{NumberPattern, Policy};
use crate::time::Instant;

/// What `case` publishes with its version `number` if that becomes public at `at`. `None` where there is no
/// such version, or no number to publish it under.
#[must_use]
pub fn publication(policy: &Policy, case: &Case, number: u32, at: Instant) -> Option<Publication> {
    let known_as = advisory_number(policy, case)?;
    publication_as(policy, case, number, at, known_as)
}

/// The same under a number of the caller's choice: what members are sent before there is one.
#[must_use]
pub fn publication_as(
    policy: &Policy,
    case: &Case,
    number: u32,
    at: Instant,
    known_as: String,
) -> Option<Publication> {
    let version = case.versions.iter().find(|version| version.number == number)?;
    Some(Publication {
        publisher: policy.publisher.clone(),
        number: known_as,
        draft: version.draft.as_ref().clone(),
        headings: policy.advisory.sections.clone(),
        cves: case.cves.clone(),
        rating: case.rating.clone(),
        fixes: fixes(case),
        history: history(case, version, at),
        notices: Vec::new(),
    })
}

/// The number under which the advisory is known: its own, or its first CVE identifier.
#[must_use]
pub fn advisory_number(policy: &Policy, case: &Case) -> Option<String> {
    match policy.advisory.number {
        NumberPattern::Cve => case.cves.first().map(ToString::to_string),
        NumberPattern::Pattern(_) => case.number.clone(),
    }
}

fn fixes(case: &Case) -> Vec<Fix> {
    let fixes = case.releases.iter().map(|work| Fix {
        release: work.release.to_string(),
        commit: work.commit.clone(),
        version: work.version.clone(),
        patches: work
            .patch
            .iter()
            .map(|patch| PatchFile { name: patch.name.clone(), sha256: patch.sha256.clone() })
            .collect(),
    });
    fixes.collect()
}

fn history(case: &Case, current: &Version, at: Instant) -> Vec<IssuedVersion> {
    let issued = |version: &Version, at: Instant| IssuedVersion {
        version: version.number,
        at: at.whole_second(),
        changes: if version.number == 1 { "Public release.".to_owned() } else { version.changes.clone() },
        action_needed: version.action_needed,
    };
    let earlier = case.public_versions().filter(|version| version.number < current.number);
    let mut history: Vec<IssuedVersion> = earlier
        .filter_map(|version| match version.stage {
            crate::case::Stage::Public { at } => Some(issued(version, at)),
            crate::case::Stage::Draft | crate::case::Stage::Staged { .. } => None,
        })
        .collect();
    history.push(issued(current, at));
    history
}
