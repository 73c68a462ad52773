//! A policy for certificates, in words.

use super::clauses::Register;
use super::{Block, Card, Document, Line, Pair, Part, joined, own, plain};
use tidegate_domain::certificate::{Exposure, Fact, Role, Rules, Step};

/// Everything that such a policy says, in words.
pub(super) fn document(rules: &Rules) -> Document {
    let mut cited = Register::default();
    let steps = procedure(rules, &mut cited);
    let mut parts =
        vec![times(rules, &mut cited), steps, joining(rules, &mut cited), public(rules, &mut cited)];
    parts.push(cited.index());
    let zone = rules.zone.iana_name().unwrap_or("UTC");
    Document {
        title: rules.title.clone(),
        summary: rules.summary.clone(),
        facts: vec![("Source", own(&rules.source)), ("Days are counted in", plain(zone))],
        parts,
    }
}

fn cite(mut line: Line, clause: &str, place: &str, cited: &mut Register) -> Line {
    line.extend(plain(" "));
    line.extend(cited.cite(clause, place));
    line
}

fn times(rules: &Rules, cited: &mut Register) -> Part {
    let pairs: Vec<Pair> = vec![
        ("A certificate is valid for", plain(rules.valid.to_string())),
        ("It may be renewed, and its holder is warned, before its end by", plain(rules.renew.to_string())),
        ("From a notice, the provider has to answer", plain(rules.answer.to_string())),
        ("After a revocation, it may appeal for", plain(rules.appeal.to_string())),
    ];
    let say = "A certificate doesn’t end while a failed check is being settled. Each failed check has its own notice.";
    let say = cite(plain(say), &rules.clause, "times", cited);
    Part { id: "part-times", heading: "Times", blocks: vec![Block::Pairs(pairs), Block::Say(say)] }
}

fn procedure(rules: &Rules, cited: &mut Register) -> Part {
    let cards = (1..).zip(&rules.steps).map(|(number, step)| card(number, step, cited)).collect();
    Part { id: "part-procedure", heading: "Procedure", blocks: vec![Block::Cards(cards)] }
}

fn card(number: usize, step: &Step, cited: &mut Register) -> Card {
    let facts =
        |facts: &[Fact], last: &str| joined(facts.iter().map(|fact| plain(fact.phrase())).collect(), last);
    let mut phrase = step.does.phrase().chars();
    let title: String =
        phrase.next().map(|first| first.to_uppercase().chain(phrase).collect()).unwrap_or_default();
    let who = step.by.iter().map(|role| plain(role.phrase())).collect();
    let mut pairs: Vec<Pair> = vec![("Who", joined(who, "or"))];
    if !step.after.is_empty() {
        pairs.push(("Only while", facts(&step.after, "and")));
    }
    if !step.before.is_empty() {
        pairs.push(("Not while", facts(&step.before, "or")));
    }
    if let Some(within) = &step.within {
        let by_clock = if step.by.contains(&Role::Clock) { "; then the clock does it" } else { "" };
        pairs.push(("Within", plain(format!("{within}{by_clock}"))));
    }
    let clause = cited.cite(&step.clause, &format!("step {number}, {title}"));
    let name = step.does.name().to_owned();
    Card { id: format!("step-{name}"), number: Some(number), title, name, clause, pairs, note: String::new() }
}

fn joining(rules: &Rules, cited: &mut Register) -> Part {
    let shows = format!(
        "A new deployment {}. One that runs already {}.",
        rules.joins.new.phrase(),
        rules.joins.old.phrase()
    );
    let about = rules.counts.0.iter().map(|about| plain(about.phrase())).collect();
    let mut checks = plain("A check may be about ");
    checks.extend(joined(about, "or"));
    let points = vec![
        cite(plain(shows), &rules.joins.clause, "joining", cited),
        cite(checks, &rules.counts.1, "checks", cited),
    ];
    Part { id: "part-joining", heading: "Joining, and checks", blocks: vec![Block::Points(points)] }
}

fn public(rules: &Rules, cited: &mut Register) -> Part {
    let word = |exposure: Exposure| exposure.phrase();
    let say = format!(
        "How a deployment stands is {}; its history of the last {} is {}. What failed and what was answered is between the authority and the provider.",
        word(rules.public.status),
        rules.public.reaches,
        word(rules.public.history)
    );
    let say = cite(plain(say), &rules.public.clause, "the public", cited);
    Part { id: "part-public", heading: "What the public sees", blocks: vec![Block::Say(say)] }
}
