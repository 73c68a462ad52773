//! From a case to what becomes public of it: one value from which every form is rendered.

use crate::advisory::{AppliesTo, Fix, IssuedVersion, PatchFile, Publication};
use crate::audience::items_of;
use crate::case::{Case, ReleaseWork, TreeCheck, Version};
use crate::policy::vocabulary::{Item, RoleKind};
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

/// What the list is sent of `publication` before its instant: patches and what they apply to lead to the place of the
/// flaw, and are there only where the policy lets every member know the fix commits.
#[must_use]
pub fn for_the_list(policy: &Policy, case: &Case, mut publication: Publication) -> Publication {
    let members = policy.roles_of(RoleKind::Member);
    if !members.iter().all(|role| items_of(policy, case, role).contains(Item::FixCommits)) {
        publication.fixes.clear();
    }
    publication
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
            .published_patch()
            .map(|patch| PatchFile { name: patch.name.clone(), sha256: patch.sha256.clone() })
            .into_iter()
            .collect(),
        applies: applies(work),
        reason: work.reason,
    });
    fixes.collect()
}

/// What does not apply is nobody's to know: a release without a green row has a reason before it is public.
fn applies(work: &ReleaseWork) -> Vec<AppliesTo> {
    let green = work.own_checks().filter(|check| work.is_due() && check.found.applies());
    let to = |check: &TreeCheck| AppliesTo {
        tree: check.name.clone(),
        prerequisites: check.found.prerequisites().iter().map(|first| first.commit.clone()).collect(),
    };
    green.map(to).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advisory::{Draft, Title};
    use crate::case::applies::Prerequisite;
    use crate::case::{By, Entry, Event, Found, Reason, Report, open};
    use crate::id::{CaseId, Slug};
    use crate::policy::read;
    use std::sync::Arc;

    const POLICY: &str = include_str!("../../../tests/policies-broken/base.toml");

    fn slug(name: &str) -> Slug {
        name.parse().expect("a name")
    }

    /// A case that the list was told of, with one release whose patch needs a commit first and one that has none.
    fn case(reason: Reason) -> Case {
        let now = Instant::from_micros(1_736_240_400_000_000);
        let report = Report {
            title: Title::salvage("A report"),
            from: None,
            text: String::new(),
            letter: None,
            attachments: Vec::new(),
            faults: Vec::new(),
            standing: Vec::new(),
            sealed: false,
        };
        let mut case = Case::opened(&open(CaseId::from_bits(1), report, now)).expect("an arrival");
        let draft = Draft {
            title: Title::salvage("A title"),
            sections: std::collections::BTreeMap::new(),
            affected: Vec::new(),
            credits: Vec::new(),
            references: Vec::new(),
            cwe: None,
        };
        let attached =
            |release| Event::PatchAttached { release, name: "x.patch".to_owned(), sha256: "a".repeat(64) };
        let check = |name: &str, found| TreeCheck {
            name: name.to_owned(),
            commit: Some("1".repeat(40)),
            patch: "a".repeat(64),
            found,
        };
        let first = Prerequisite {
            commit: "2".repeat(40),
            subject: "telling words".to_owned(),
            security: false,
            needed_by: String::new(),
        };
        let needs = Found::Needs { tree: "3".repeat(40), commits: vec![first] };
        let fails = Found::Fails { file: "a.c".to_owned(), line: 1 };
        for event in [
            Event::Confirmed { affected: vec![slug("4.4"), slug("4.3")], versions: Vec::new() },
            attached(slug("4.4")),
            attached(slug("4.3")),
            Event::PatchChecked { release: slug("4.4"), checks: vec![check("v4.4.1", needs)] },
            Event::PatchChecked { release: slug("4.3"), checks: vec![check("v4.3.9", fails)] },
            Event::ReasonGiven { release: slug("4.3"), reason, note: "a note".to_owned() },
            Event::Drafted { draft: Arc::new(draft) },
            Event::Predisclosed { until: None },
        ] {
            case.apply(&Entry { at: now, by: By::Clock, event });
        }
        case
    }

    fn published(policy: &Policy, case: &Case) -> Publication {
        publication_as(policy, case, 1, case.received(), "N-1".to_owned()).expect("a publication")
    }

    #[test]
    fn the_resolution_table_is_made_from_the_matrix() {
        let policy = read(POLICY).expect("a policy");
        let publication = published(&policy, &case(Reason::NoFix));
        let [green, none] = publication.fixes.as_slice() else { panic!("two releases") };
        let to = AppliesTo { tree: "v4.4.1".to_owned(), prerequisites: vec!["2".repeat(40)] };
        assert_eq!((green.applies.as_slice(), green.reason), ([to].as_slice(), None));
        assert_eq!((none.patches.len(), none.applies.len(), none.reason), (0, 0, Some(Reason::NoFix)));
        // A patch that somebody applied by hand is published; that it does not fit the tree is not.
        let by_hand = published(&policy, &case(Reason::ByHand));
        let last = by_hand.fixes.last().expect("a release");
        assert_eq!((last.patches.len(), last.applies.len()), (1, 0));
        let text = format!("{publication:?}{by_hand:?}");
        assert!(!text.contains("telling words") && !text.contains("a note"), "{text}");
    }

    #[test]
    fn the_list_is_sent_the_table_only_where_it_may_know_the_fix() {
        let (knowing, case) = (read(POLICY).expect("a policy"), case(Reason::NoFix));
        let sent = |policy: &Policy| for_the_list(policy, &case, published(policy, &case)).fixes.len();
        assert_eq!(sent(&knowing), 2);
        let text = POLICY.replace("\"advisory-text\", \"fix-commits\"", "\"advisory-text\"");
        assert_ne!(text, POLICY);
        assert_eq!(sent(&read(&text).expect("a policy")), 0);
    }
}
