//! What an answer must have, and what speaks against it.
//!
//! What it lacks is refused, with the rule. What speaks against it is named, and a person judges: a verdict
//! can be wrong, and a provider may know better.

use super::answer::{Answer, Patch, Rollout, TEXT_CHARS_MAX, Way};
use crate::refusal::Explanation;
use crate::time::Instant;
use crate::verdict::Verdict;
use std::fmt;

/// Most sentences of an answer (SCS-07).
const SENTENCES_MAX: usize = 2;

/// What is known of the finding that is answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Finding {
    /// The verdict on what ran, with its reason.
    pub verdict: Option<(Verdict, String)>,
    /// The verdict on the snapshot after the patch, with its reason.
    pub after: Option<(Verdict, String)>,
    /// The version of the advisory that is in force.
    pub version: Option<u32>,
}

/// What an answer rests on (SCS-08).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backing {
    /// On evidence that was handed over.
    Evidence,
    /// On the provider's word alone.
    OwnWord,
}

/// What speaks against an answer that has all it must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Objection {
    /// The verdict says otherwise.
    Contradicts {
        /// What the verdict is.
        verdict: Verdict,
        /// Its reason.
        why: String,
    },
    /// The snapshot after the patch is not fixed.
    NotFixedAfter {
        /// What the verdict on it is.
        verdict: Verdict,
        /// Its reason.
        why: String,
    },
    /// The patch doesn't run everywhere yet.
    InPart(Rollout),
    /// It isn't said on how many hosts the patch runs.
    NoRollout,
    /// Another version of the advisory is in force.
    OtherVersion {
        /// The one that was answered.
        answered: u32,
        /// The one in force.
        current: u32,
    },
}

impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Objection::Contradicts { verdict, why } => {
                write!(f, "contradictory: the verdict is {verdict}: {why}")
            }
            Objection::NotFixedAfter { verdict, why } => {
                write!(f, "contradictory: the verdict on the snapshot after the patch is {verdict}: {why}")
            }
            Objection::InPart(Rollout { done, of }) => {
                write!(f, "in part: the patch runs on {done} of {of} hosts")
            }
            Objection::NoRollout => {
                f.write_str("it isn't said on how many hosts, of how many, the patch runs")
            }
            Objection::OtherVersion { answered, current } => {
                write!(f, "stale: version {answered} of the advisory was answered, and {current} is in force")
            }
        }
    }
}

/// An answer that has what it must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examined {
    /// What it rests on.
    pub backing: Backing,
    /// What speaks against it.
    pub objections: Vec<Objection>,
}

/// Whether an answer, that is looked at `now`, has what it must have.
///
/// # Errors
/// Everything it lacks, each with its rule.
pub fn examine(answer: &Answer, finding: &Finding, now: Instant) -> Result<Examined, Vec<Explanation>> {
    let lacks: Vec<Explanation> =
        [text(answer), proves_itself(answer), rollout(answer), order(answer), times(answer, now)]
            .into_iter()
            .flatten()
            .collect();
    if !lacks.is_empty() {
        return Err(lacks);
    }
    let backing = if answer.evidence.is_empty() { Backing::OwnWord } else { Backing::Evidence };
    Ok(Examined { backing, objections: objections(answer, finding) })
}

fn refused(clause: &str, why: impl Into<String>, needed: &str) -> Explanation {
    Explanation { why: why.into(), clause: clause.to_owned(), needed: needed.to_owned() }
}

fn text(answer: &Answer) -> Option<Explanation> {
    let count = sentences(&answer.text);
    let is_short = answer.text.chars().count() <= TEXT_CHARS_MAX;
    let fits = (1..=SENTENCES_MAX).contains(&count) && is_short;
    (!fits).then(|| {
        let why = match (count, is_short) {
            (0, _) => "the answer says nothing".to_owned(),
            (_, false) => format!("the answer has more than {TEXT_CHARS_MAX} characters"),
            (_, true) => format!("the answer has {count} sentences"),
        };
        refused("SCS-07", why, "one or two sentences on why, or how")
    })
}

/// How many sentences a text has. A point within a number or before a small letter ends none.
fn sentences(text: &str) -> usize {
    let mut count = 0;
    let mut rest = text.trim();
    while !rest.is_empty() {
        count += 1;
        rest = match next_sentence(rest) {
            Some(next) => next,
            None => break,
        };
    }
    count
}

fn next_sentence(text: &str) -> Option<&str> {
    let ends = text.char_indices().filter(|(_, letter)| matches!(letter, '.' | '!' | '?'));
    ends.filter_map(|(place, letter)| text.get(place + letter.len_utf8()..)).find_map(|rest| {
        let next = rest.trim_start();
        let begins_one = rest.len() > next.len() && !next.starts_with(|letter: char| letter.is_lowercase());
        (begins_one && !next.is_empty()).then_some(next)
    })
}

/// SCS-02: whoever patches by themselves proves the fix.
fn proves_itself(answer: &Answer) -> Option<Explanation> {
    match &answer.way {
        Way::Patched(Patch::Own { patch_id }) => {
            let shows_result = answer.evidence.after.is_some() || !answer.evidence.images.is_empty();
            (patch_id.is_none() || !shows_result).then(|| {
                refused(
                    "SCS-02",
                    "a patch of the provider's own comes with proof of the fix",
                    "its patch-id (`git patch-id --stable`), and the snapshot after it or the image's digest",
                )
            })
        }
        Way::NotAffected
        | Way::OutOfReach(_)
        | Way::Patched(Patch::Upstream { .. } | Patch::Integrator { .. }) => None,
    }
}

fn rollout(answer: &Answer) -> Option<Explanation> {
    let Rollout { done, of } = answer.evidence.rollout?;
    let is_share = of > 0 && done <= of;
    (!is_share).then(|| {
        refused("SCS-06", format!("{done} of {of} hosts is no share"), "hosts that are done, of hosts in all")
    })
}

fn order(answer: &Answer) -> Option<Explanation> {
    let mut said = answer.evidence.moments.said();
    let mut last = said.next()?;
    for next in said {
        if next.1 < last.1 {
            let why = format!("{} ({}) is before {} ({})", next.0.name(), next.1, last.0.name(), last.1);
            return Some(refused("SCS-06", why, "instants in the order of the steps, or none for a step"));
        }
        last = next;
    }
    None
}

/// Nothing has happened after it was said, or after it is looked at.
fn times(answer: &Answer, now: Instant) -> Option<Explanation> {
    if answer.given > now {
        let why = format!("the answer was given at {}, which is not yet", answer.given);
        return Some(refused("SCS-06", why, "the instant at which it is given, with its offset"));
    }
    let evidence = &answer.evidence;
    let taken = |snapshot: &Option<super::Snapshot>| snapshot.map(|snapshot| snapshot.taken);
    let (before, after) = (taken(&evidence.before), taken(&evidence.after));
    if before.zip(after).is_some_and(|(before, after)| after <= before) {
        let why = "the snapshot after the patch is not newer than the one before it";
        return Some(refused("SCS-06", why, "a snapshot from before, and one from after"));
    }
    let moments = evidence.moments.said().map(|(moment, at)| (moment.name(), at));
    let snapshots = [("the snapshot before", before), ("the snapshot after", after)]
        .into_iter()
        .filter_map(|(name, at)| at.map(|at| (name, at)));
    let early = moments.chain(snapshots).find(|(_, at)| *at > answer.given)?;
    let why = format!("{} ({}) is later than the answer itself ({})", early.0, early.1, answer.given);
    Some(refused("SCS-06", why, "what has happened already"))
}

fn objections(answer: &Answer, finding: &Finding) -> Vec<Objection> {
    let mut objections = Vec::new();
    match (&answer.way, &finding.verdict) {
        (Way::NotAffected, Some((verdict @ Verdict::Affected, why))) => {
            objections.push(Objection::Contradicts { verdict: *verdict, why: why.clone() });
        }
        (Way::NotAffected, None | Some((Verdict::Fixed | Verdict::NotAffected | Verdict::Unknown, _)))
        | (Way::OutOfReach(_) | Way::Patched(_), _) => {}
    }
    if let Way::Patched(_) = &answer.way {
        if let Some((verdict @ (Verdict::Affected | Verdict::Unknown), why)) = &finding.after {
            objections.push(Objection::NotFixedAfter { verdict: *verdict, why: why.clone() });
        }
        match answer.evidence.rollout {
            Some(rollout) if rollout.done < rollout.of => objections.push(Objection::InPart(rollout)),
            Some(_) => {}
            None => objections.push(Objection::NoRollout),
        }
    }
    if let (Some(answered), Some(current)) = (answer.version, finding.version)
        && answered != current
    {
        objections.push(Objection::OtherVersion { answered, current });
    }
    objections
}
