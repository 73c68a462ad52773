//! The advisory, its announcement, and the end of the case (CS-11, CS-14 to CS-19, XEN-05, XEN-06, XEN-21).

use super::super::event::Event;
use super::super::machines::{Em, Rm, RmStep};
use super::super::{Case, Stage};
use super::{Asked, Decision, text_fits};
use crate::advisory::{ActionNeeded, DRAFT_LIST_MAX, Draft, SECTION_BYTES_MAX, Section, unfinished_mark};
use crate::policy::NumberPattern;
use crate::policy::vocabulary::{BuiltFact, Fact};
use crate::refusal::Refusal;
use std::sync::Arc;

/// Most versions of one advisory.
const VERSIONS_MAX: usize = 100;

pub(super) fn draft(asked: &Asked<'_>, draft: &Draft) -> Decision {
    accepted(asked.case)?;
    draft_fits(asked, draft)?;
    if matches!(asked.case.versions.last().map(|version| version.stage), Some(Stage::Public { .. })) {
        let why = "the advisory is public: a new text is a re-issue (XEN-21)".to_owned();
        return Err(Refusal::Unfit { why });
    }
    Ok(vec![Event::Drafted { draft: Arc::new(draft.clone()) }])
}

pub(super) fn open_case(asked: &Asked<'_>) -> Decision {
    if !asked.case.is_announced() {
        return Err(asked.not_yet(BuiltFact::Announced));
    }
    if asked.case.since_built(BuiltFact::Opened).is_some() {
        return Err(Refusal::Unfit { why: "the case is open already".to_owned() });
    }
    Ok(vec![Event::Opened])
}

pub(super) fn retrospective(text: &str) -> Decision {
    text_fits(text, false)?;
    Ok(vec![Event::Reviewed { text: text.to_owned() }])
}

/// Announced cases may be closed and still be re-issued; everything else is written while being worked on.
pub(super) fn accepted(case: &Case) -> Result<(), Refusal> {
    let lives_on = case.rm == Rm::Closed && case.is_announced();
    if case.rm == Rm::Accepted || lives_on {
        Ok(())
    } else {
        Err(Refusal::OutOfModel { why: "only a confirmed vulnerability gets an advisory" })
    }
}

pub(super) fn assign_number(asked: &Asked<'_>, number: &str) -> Decision {
    accepted(asked.case)?;
    if asked.policy.advisory.number == NumberPattern::Cve {
        return Err(Refusal::Unfit {
            why: "this policy's advisories carry their CVE identifier as number".to_owned(),
        });
    }
    if let Some(ours) = &asked.case.number {
        return Err(Refusal::Unfit { why: format!("the advisory has its number already: {ours}") });
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if number.is_empty() || number.len() > 40 || !number.chars().all(plain) {
        return Err(Refusal::Unfit { why: "a number has up to 40 letters, digits and hyphens".to_owned() });
    }
    Ok(vec![Event::NumberAssigned { number: number.to_owned() }])
}

fn draft_fits(asked: &Asked<'_>, draft: &Draft) -> Result<(), Refusal> {
    let rule = &asked.policy.advisory;
    let lacks = |section: &Section| draft.sections.get(section).is_none_or(|text| text.trim().is_empty());
    let missing: Vec<Section> = rule.required.iter().copied().filter(lacks).collect();
    if !missing.is_empty() {
        return Err(Refusal::MissingSections { sections: missing, clause: rule.clause.clone() });
    }
    if let Some((section, text)) = draft.sections.iter().find(|(_, text)| text.len() > SECTION_BYTES_MAX) {
        let why = format!(
            "the section {} has {} bytes; at most {SECTION_BYTES_MAX} fit",
            section.name(),
            text.len()
        );
        return Err(Refusal::Unfit { why });
    }
    let longest = draft.affected.len().max(draft.credits.len()).max(draft.references.len());
    if longest > DRAFT_LIST_MAX {
        return Err(Refusal::Unfit {
            why: format!("a list of the draft has {longest} entries; at most {DRAFT_LIST_MAX} fit"),
        });
    }
    Ok(())
}

/// XEN-21: a re-issue says what changed, and whether readers must act again.
pub(super) fn reissue(
    asked: &Asked<'_>,
    draft: &Draft,
    changes: &str,
    action_needed: ActionNeeded,
) -> Decision {
    text_fits(changes, false)?;
    draft_fits(asked, draft)?;
    match asked.case.versions.last().map(|version| version.stage) {
        Some(Stage::Public { .. }) => {}
        Some(Stage::Draft | Stage::Staged { .. }) => {
            return Err(Refusal::Unfit {
                why: "a version is being written already: draft, approve and announce it".to_owned(),
            });
        }
        None => return Err(asked.not_yet(BuiltFact::Announced)),
    }
    if asked.case.versions.len() >= VERSIONS_MAX {
        return Err(Refusal::Unfit { why: format!("an advisory has at most {VERSIONS_MAX} versions") });
    }
    let draft = Arc::new(draft.clone());
    Ok(vec![Event::Reissued { draft, changes: changes.to_owned(), action_needed }])
}

pub(super) fn approve(asked: &Asked<'_>) -> Decision {
    let Some(version) = asked.case.open_draft() else { return Err(asked.not_yet(BuiltFact::Drafted)) };
    if let Some((mark, place)) = unfinished(&version.draft) {
        return Err(Refusal::Unfit {
            why: format!("the text is not finished: {mark} stands in the {place}"),
        });
    }
    let (needed, clause) = (asked.step.persons, asked.step.clause.clone());
    if version.approvals.contains(asked.name) {
        return Err(Refusal::ApprovedAlready { needed, clause });
    }
    if version.approvals.len() >= usize::from(needed) {
        return Err(Refusal::Unfit { why: "the text has all its approvals".to_owned() });
    }
    Ok(vec![Event::Approved { person: asked.name.clone() }])
}

/// A mark that was left standing, and where.
fn unfinished(draft: &Draft) -> Option<(&'static str, &'static str)> {
    let title = [("title", draft.title.as_str())];
    let sections = draft.sections.iter().map(|(section, text)| (section.name(), text.as_str()));
    let products = draft.affected.iter().map(|affected| ("products", affected.product.as_str()));
    title
        .into_iter()
        .chain(sections)
        .chain(products)
        .find_map(|(place, text)| unfinished_mark(text).map(|mark| (mark, place)))
}

/// XEN-05 and XEN-06: the list gets what there is, and every pre-release carries the embargo's end.
pub(super) fn predisclose(asked: &Asked<'_>) -> Decision {
    let case = asked.case;
    accepted(case)?;
    if case.state.pxa.public || case.is_announced() {
        return Err(Refusal::OutOfModel {
            why: "it is public: there is nothing left to disclose before the others",
        });
    }
    if case.versions.is_empty() {
        return Err(asked.not_yet(BuiltFact::Drafted));
    }
    if !case.em.is_running() {
        return Err(asked.not_yet(BuiltFact::EmbargoAgreed));
    }
    Ok(vec![Event::Predisclosed { until: case.until }])
}

/// Stages the current version for its instant: the embargo's end, or now.
pub(super) fn announce(asked: &Asked<'_>) -> Decision {
    let case = asked.case;
    accepted(case)?;
    let Some(version) = case.open_draft() else {
        return Err(match case.versions.last().map(|version| version.stage) {
            Some(Stage::Staged { at }) => Refusal::Unfit { why: format!("it is staged already, for {at}") },
            Some(Stage::Public { .. }) => {
                Refusal::Unfit { why: "it is public already; a new text is a re-issue".to_owned() }
            }
            Some(Stage::Draft) | None => asked.not_yet(BuiltFact::Drafted),
        });
    };
    if !case.holds(asked.policy, &Fact::Built(BuiltFact::Approved)) {
        return Err(asked.not_yet(BuiltFact::Approved));
    }
    if case.number.is_none() && case.cves.is_empty() {
        let cve = asked.policy.advisory.number == NumberPattern::Cve;
        return Err(asked.not_yet(if cve { BuiltFact::CveReserved } else { BuiltFact::NumberAssigned }));
    }
    if case.number.is_none() && asked.policy.advisory.number != NumberPattern::Cve {
        return Err(asked.not_yet(BuiltFact::NumberAssigned));
    }
    let at = match case.em {
        Em::Active | Em::Revise => case.until.unwrap_or(asked.now).max(asked.now),
        Em::None | Em::Exited => asked.now,
        Em::Proposed => {
            return Err(Refusal::OutOfModel { why: "an embargo is proposed: accept or reject it first" });
        }
    };
    Ok(vec![Event::Staged { version: version.number, at }])
}

/// CS-03, CS-16 to CS-19: a case closes when everything that its steps call for has happened.
pub(super) fn close(asked: &Asked<'_>, reason: &str) -> Decision {
    text_fits(reason, true)?;
    let Asked { case, policy, .. } = *asked;
    if case.rm.step(RmStep::Close).is_none() {
        return Err(Refusal::OutOfModel { why: "a report is judged before it is closed" });
    }
    if case.em.is_running() || case.em == Em::Proposed {
        return Err(Refusal::OutOfModel {
            why: "a case does not close while an embargo runs or is proposed",
        });
    }
    if case.staged().is_some() {
        return Err(Refusal::OutOfModel { why: "an announcement is staged" });
    }
    if case.rm == Rm::Accepted && !case.is_announced() {
        return Err(Refusal::StillOpen {
            missing: vec![Fact::Built(BuiltFact::Announced)],
            clause: "ALL-06".to_owned(),
        });
    }
    for step in &policy.steps {
        let done = step.act.establishes().is_some_and(|fact| case.since(&fact).is_some());
        let missing: Vec<Fact> = step
            .then
            .iter()
            .filter(|fact| **fact != Fact::Built(BuiltFact::Closed) && !case.holds(policy, fact))
            .filter(|fact| !(tells_reporter(fact) && nobody_to_tell(case)))
            .cloned()
            .collect();
        if done && !missing.is_empty() {
            return Err(Refusal::StillOpen { missing, clause: step.clause.clone() });
        }
    }
    Ok(vec![Event::Closed { reason: reason.to_owned() }])
}

fn tells_reporter(fact: &Fact) -> bool {
    matches!(fact, Fact::Built(BuiltFact::ReporterTold | BuiltFact::Acknowledged))
}

/// An anonymous letter without an address: nobody can be told.
fn nobody_to_tell(case: &Case) -> bool {
    case.reports.iter().all(|report| report.from.is_none())
}
