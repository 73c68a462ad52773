//! The procedure as numbered steps, and the clocks.

use super::clauses::Register;
use super::{Block, Card, Line, Pair, Part, Run, fact, facts, items, joined, plain, roles};
use tidegate_domain::policy::vocabulary::Force;
use tidegate_domain::policy::{Act, ClockRule, Due, Gives, ItemSet, Policy, Step};

/// A step's id on the page.
pub(super) fn step_id(act: &Act) -> String {
    format!("step-{act}")
}

/// The steps in the policy's order.
pub(super) fn procedure(policy: &Policy, cited: &mut Register) -> Part {
    let mut begins = plain("A case begins when a report arrives. Anybody may report: write to ");
    begins.push(Run::Address(policy.publisher.contact.clone()));
    begins.push(Run::Plain(". What follows happens in the order that the steps demand, and where they demand none, in any. A step that doesn’t say otherwise is one person’s to do.".to_owned()));
    let cards =
        policy.steps.iter().enumerate().map(|(index, step)| card(policy, index + 1, step, cited)).collect();
    Part { id: "part-procedure", heading: "Procedure", blocks: vec![Block::Say(begins), Block::Cards(cards)] }
}

fn card(policy: &Policy, number: usize, step: &Step, cited: &mut Register) -> Card {
    let mut pairs: Vec<Pair> = vec![("Who", roles(policy, step.by, "or"))];
    if step.persons != 1 {
        pairs.push(("How many", plain(format!("{} different persons, each for themselves", step.persons))));
    }
    if !step.after.is_empty() {
        pairs.push(("Must come first", facts(policy, &step.after, "and")));
    }
    if !step.before.is_empty() {
        pairs.push(("Must not have happened yet", facts(policy, &step.before, "or")));
    }
    if !step.then.is_empty() {
        pairs.push(("Must follow before the case closes", facts(policy, &step.then, "and")));
    }
    pairs.extend(step.gives.iter().map(|gives| ("Gives", given(policy, gives))));
    let exposed: ItemSet = exposed(step);
    if !exposed.is_empty() {
        pairs.push(("By its nature shows everybody", items(exposed)));
    }
    if let Act::Custom(_) = step.act {
        pairs.push(("How", plain("by hand, then ticked off with a note")));
    }
    let clause = cited.cite(&step.clause, &format!("step {number}, {}", step.title));
    Card {
        id: step_id(&step.act),
        number: Some(number),
        title: step.title.clone(),
        name: step.act.to_string(),
        clause,
        pairs,
        note: step.note.clone(),
    }
}

fn exposed(step: &Step) -> ItemSet {
    match &step.act {
        Act::Built(verb) => verb.exposes_to_public().iter().copied().collect(),
        Act::Custom(_) => ItemSet::NONE,
    }
}

fn given(policy: &Policy, gives: &Gives) -> Line {
    let mut line = items(gives.items);
    line.push(Run::Plain(" to ".to_owned()));
    line.extend(roles(policy, gives.to, "and"));
    line
}

/// Obligations with a time.
pub(super) fn clocks(policy: &Policy, cited: &mut Register) -> Part {
    let cards: Vec<Card> = policy.clocks.iter().map(|clock| clock_card(policy, clock, cited)).collect();
    let intro = plain(
        "A clock starts with a fact and runs until another fact satisfies it. A duty that is late raises an alarm; advice that is late is said.",
    );
    let blocks = if cards.is_empty() { Vec::new() } else { vec![Block::Say(intro), Block::Cards(cards)] };
    Part { id: "part-clocks", heading: "Clocks", blocks }
}

fn clock_card(policy: &Policy, clock: &ClockRule, cited: &mut Register) -> Card {
    let due = match clock.due {
        Due::Within(length) => format!("within {length} of its start"),
        Due::BeforeDisclosure(length) => format!("{length} before the planned disclosure"),
    };
    let mut pairs: Vec<Pair> = vec![
        ("Starts when", fact(policy, &clock.starts)),
        ("Due", plain(due)),
        ("Satisfied when", fact(policy, &clock.satisfied)),
    ];
    if !clock.unless.is_empty() {
        pairs.push(("Falls away when", facts(policy, &clock.unless, "or")));
    }
    pairs.push(("Force", plain(force(clock.force))));
    if !clock.remind.is_empty() {
        let lengths = clock.remind.iter().map(|length| plain(length.to_string())).collect();
        let mut line = joined(lengths, "and");
        line.push(Run::Plain(" before it is due".to_owned()));
        pairs.push(("Reminders", line));
    }
    pairs.push(("Who is told", roles(policy, clock.alarm, "and")));
    let clause = cited.cite(&clock.clause, &format!("clock, {}", clock.title));
    Card {
        id: format!("clock-{}", clock.id),
        number: None,
        title: clock.title.clone(),
        name: clock.id.to_string(),
        clause,
        pairs,
        note: String::new(),
    }
}

/// How strongly a rule binds, in a word.
pub(super) fn force(force: Force) -> &'static str {
    match force {
        Force::Duty => "duty",
        Force::Advice => "advice",
    }
}

/// `clause` after `line`, with a space between them.
pub(super) fn push_clause(line: &mut Line, clause: Line) {
    if !clause.is_empty() {
        line.push(Run::Plain(" ".to_owned()));
        line.extend(clause);
    }
}
