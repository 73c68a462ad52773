//! What the text of a policy shows by itself: clauses that contradict each other, limits that nothing fits.

use super::{Finding, Kind};
use crate::policy::vocabulary::{Exposure, Fact, Incomplete, Item, Verb};
use crate::policy::{Act, Policy, Step, Tells};
use crate::rating::Severity;
use crate::time::Instant;

/// Clauses that cannot both hold, both named.
pub(super) fn contradictions(policy: &Policy) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(cycle(policy));
    findings.extend(answers(policy));
    findings.extend(exposures(policy));
    findings
}

fn contradiction(what: String) -> Finding {
    Finding { kind: Kind::Contradiction, what, path: Vec::new() }
}

/// `earlier` must happen before `later`, because `clause` says so.
struct Precedes<'p> {
    earlier: usize,
    later: usize,
    because: &'p Step,
}

/// A circle in the order of the steps. The shortest one is named.
fn cycle(policy: &Policy) -> Option<Finding> {
    let edges = edges(policy);
    let shortest =
        (0..policy.steps.len()).filter_map(|start| circle_from(&edges, start)).min_by_key(Vec::len)?;
    let sentences: Vec<String> = shortest
        .iter()
        .filter_map(|edge| {
            let (earlier, later) = (policy.steps.get(edge.earlier)?, policy.steps.get(edge.later)?);
            Some(format!("{} puts `{}` before `{}`", edge.because.clause, earlier.act, later.act))
        })
        .collect();
    Some(contradiction(format!("the order of steps is a circle: {}", sentences.join("; "))))
}

fn edges(policy: &Policy) -> Vec<Precedes<'_>> {
    let establishing =
        |fact: &Fact| policy.steps.iter().position(|s| s.act.establishes().as_ref() == Some(fact));
    let mut edges = Vec::new();
    for (index, step) in policy.steps.iter().enumerate() {
        let first = step.after.iter().filter_map(establishing);
        edges.extend(first.map(|earlier| Precedes { earlier, later: index, because: step }));
        let not_yet = step.before.iter().filter_map(establishing).filter(|later| *later != index);
        edges.extend(not_yet.map(|later| Precedes { earlier: index, later, because: step }));
    }
    edges
}

/// The shortest way along `edges` from `start` back to itself.
fn circle_from<'e, 'p>(edges: &'e [Precedes<'p>], start: usize) -> Option<Vec<&'e Precedes<'p>>> {
    let mut ways: Vec<Vec<&Precedes<'_>>> = vec![Vec::new()];
    let mut ends = vec![start];
    let mut visited = Vec::new();
    let mut next = 0;
    while let (Some(way), Some(end)) = (ways.get(next).cloned(), ends.get(next).copied()) {
        next += 1;
        for edge in edges.iter().filter(|edge| edge.earlier == end) {
            let mut longer = way.clone();
            longer.push(edge);
            if edge.later == start {
                return Some(longer);
            }
            if !visited.contains(&edge.later) {
                visited.push(edge.later);
                ways.push(longer);
                ends.push(edge.later);
            }
        }
    }
    None
}

/// Two rules that answer the same question differently.
fn answers(policy: &Policy) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, one) in policy.tells.iter().enumerate() {
        for other in policy.tells.iter().skip(index + 1) {
            let items = one.items.intersection(other.items);
            let overlap = one.from.meets(other.from) && one.to.meets(other.to) && !items.is_empty();
            if overlap
                && one.answer != other.answer
                && let Some(item) = items.iter().next()
            {
                findings.push(contradiction(format!(
                    "may {} tell {} {}? {} says {}, {} says {}",
                    policy.titles(one.from.intersection(other.from)),
                    policy.titles(one.to.intersection(other.to)),
                    item.phrase(),
                    one.clause,
                    one.answer.phrase(),
                    other.clause,
                    other.answer.phrase(),
                )));
            }
        }
    }
    findings
}

/// Items whose knowledge gives nothing away: that there is something, what it is called, and when.
const HARMLESS: [Item; 5] =
    [Item::Existence, Item::AdvisoryNumber, Item::CveNumber, Item::PlannedDate, Item::OutageNotice];

/// What the public may know in spite of the embargo must not be what members are forbidden to tell it, unless
/// a step of the project itself makes it public (CS-12, CS-13).
fn exposures(policy: &Policy) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in policy.knows.iter().filter(|rule| rule.despite_embargo) {
        for item in rule.items.iter().filter(|item| !made_public_by_a_step(item, &rule.from)) {
            let forbids = |tells: &&Tells| {
                tells.items.contains(item)
                    && tells.to.meets(rule.who)
                    && tells.answer == crate::policy::vocabulary::Answer::No
            };
            if let Some(tells) = policy.tells.iter().find(forbids) {
                findings.push(contradiction(format!(
                    "{} lets {} know {} in spite of the embargo, {} forbids {} to tell it",
                    rule.clause,
                    policy.titles(rule.who),
                    item.phrase(),
                    tells.clause,
                    policy.titles(tells.from),
                )));
            } else if !HARMLESS.contains(&item) {
                let what = format!(
                    "{} lets {} know {} in spite of the embargo, once {}; only numbers, dates and what a step itself makes public may be known so early",
                    rule.clause,
                    policy.titles(rule.who),
                    item.phrase(),
                    policy.fact_phrase(&rule.from),
                );
                findings.push(Finding { kind: Kind::Leak, what, path: Vec::new() });
            }
        }
    }
    findings
}

fn made_public_by_a_step(item: &Item, from: &Fact) -> bool {
    Verb::ALL.iter().any(|verb| {
        verb.exposes_to_public().contains(item) && verb.establishes().map(Fact::Built).as_ref() == Some(from)
    })
}

/// Limits that nothing fits between, a default outside of them, an embargo that never has to end.
pub(super) fn limits(policy: &Policy) -> Vec<Finding> {
    let rules = &policy.embargo;
    let start = Instant::from_micros(0);
    let mut findings = Vec::new();
    for limit in &rules.limits {
        if let (Some(least), Some(most)) = (limit.at_least, limit.at_most)
            && least.after(start, &policy.zone) > most.after(start, &policy.zone)
        {
            let what = format!("{}: no embargo lasts at least {least} and at most {most}", limit.clause);
            findings.push(Finding { kind: Kind::Limits, what, path: Vec::new() });
        }
    }
    let bands = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
    let bounded =
        |band: &Severity| rules.limits.iter().any(|l| l.at_most.is_some() && l.severity.contains(band));
    let unbounded: Vec<&str> = bands.iter().filter(|band| !bounded(band)).map(|band| band.name()).collect();
    if !unbounded.is_empty() && !rules.negotiated {
        let what = format!(
            "{}: an embargo on a vulnerability of severity {} never has to end: give a limit with at_most, or say negotiated = true",
            rules.clause,
            unbounded.join(", "),
        );
        findings.push(Finding { kind: Kind::EmbargoWithoutEnd, what, path: Vec::new() });
    }
    let default = rules.default_end(policy, start);
    if findings.is_empty()
        && let Err(refusal) = rules.permit(policy, start, None, default)
    {
        let what =
            format!("{}: the default length is not permitted: {}", rules.clause, refusal.explain(policy).why);
        findings.push(Finding { kind: Kind::Limits, what, path: Vec::new() });
    }
    findings
}

/// What the rules for the list would let happen: somebody let in without what every applicant must show, or a
/// recipient that nobody knows of (CS-21, XEN-17, XEN-19).
pub(super) fn list(policy: &Policy) -> Vec<Finding> {
    let Some(rules) = &policy.list else { return Vec::new() };
    let mut findings = Vec::new();
    let joins = |application: &str| {
        vec![
            format!("an organisation applies {application}"),
            format!("{} accepts it", policy.titles(rules.by)),
        ]
    };
    if rules.incomplete == Incomplete::Decided
        && let Some(ask) = rules.asks.first()
    {
        let what = format!(
            "{}: whoever leaves out “{}”, which {} asks for, may be let in all the same",
            rules.clause, ask.title, ask.clause
        );
        findings.push(Finding { kind: Kind::Broken, what, path: joins(&format!("without {}", ask.id)) });
    }
    if rules.members == Exposure::Private {
        let what =
            format!("{}: somebody receives predisclosures and nobody outside knows of it", rules.clause);
        let mut path = joins("with all that is asked for");
        path.push("an advisory goes to the list".to_owned());
        findings.push(Finding { kind: Kind::Broken, what, path });
    }
    findings
}

/// Whether the policy has a step that does `verb` at all.
pub(super) fn has(policy: &Policy, verb: Verb) -> bool {
    policy.step(&Act::Built(verb)).is_some()
}
