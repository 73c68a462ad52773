//! Who learns what from when on, and who may pass what on.

use super::clauses::Register;
use super::procedure::push_clause;
use super::{Block, Line, Part, Run, Table, fact, items, joined, own, plain, roles};
use tidegate_domain::policy::vocabulary::{Answer, Item, RoleKind};
use tidegate_domain::policy::{Knows, Policy, RoleId, RoleSet, Tells};

/// Who knows what, as a table and as the rules that the table is made of.
pub(super) fn knows(policy: &Policy, cited: &mut Register) -> Part {
    let intro = plain(
        "What is not granted here is not known: for whoever may not know of a case there is no case. What is granted to everybody is granted to each role as well.",
    );
    let rules = policy.knows.iter().enumerate().map(|(index, rule)| {
        let clause = cited.cite(&rule.clause, &format!("who knows what, rule {}", index + 1));
        knows_line(policy, rule, clause)
    });
    let rules: Vec<Line> = rules.collect();
    let heading = Block::Heading("The rules behind the table".to_owned());
    let blocks = vec![Block::Say(intro), Block::Table(matrix(policy)), heading, Block::Ordered(rules)];
    Part { id: "part-knows", heading: "Who knows what, and from when", blocks }
}

fn knows_line(policy: &Policy, rule: &Knows, clause: Line) -> Line {
    let mut line = roles(policy, rule.who, "and");
    line.push(Run::Plain(": ".to_owned()));
    line.extend(items(rule.items));
    line.push(Run::Plain(", once ".to_owned()));
    line.extend(fact(policy, &rule.from));
    if rule.despite_embargo {
        line.push(Run::Plain(", even before the announcement".to_owned()));
    }
    push_clause(&mut line, clause);
    line
}

/// Items by role. Items that are the same for every role share a row, roles that know the same a column.
fn matrix(policy: &Policy) -> Table {
    let mut columns: Vec<(RoleSet, Vec<Cell>)> = Vec::new();
    for role in policy.role_ids() {
        let cells: Vec<Cell> = Item::ALL.iter().map(|item| cell(policy, role, *item)).collect();
        match columns.iter_mut().find(|(_, same)| *same == cells) {
            Some((shared, _)) => *shared = shared.union(RoleSet::only(role)),
            None => columns.push((RoleSet::only(role), cells)),
        }
    }
    let mut rows: Vec<(Vec<Item>, Vec<&Cell>)> = Vec::new();
    for (index, item) in Item::ALL.iter().copied().enumerate() {
        let cells: Vec<&Cell> = columns.iter().filter_map(|(_, cells)| cells.get(index)).collect();
        match rows.iter_mut().find(|(_, same)| *same == cells) {
            Some((shared, _)) => shared.push(item),
            None => rows.push((vec![item], cells)),
        }
    }
    let titles = columns.iter().map(|(shared, _)| roles(policy, *shared, "and"));
    let head = std::iter::once(plain("What")).chain(titles).collect();
    let written = rows.into_iter().map(|(shared, cells)| {
        let names = joined(shared.into_iter().map(|item| plain(item.phrase())).collect(), "and");
        std::iter::once(names).chain(cells.into_iter().map(|cell| cell_line(policy, cell))).collect()
    });
    Table {
        caption: "What each role knows, and from when",
        head,
        rows: written.collect(),
        ..Table::default()
    }
}

/// What one role knows of one item.
#[derive(PartialEq, Eq)]
enum Cell {
    /// From these facts on, each with whether it holds before the announcement too.
    Once(Vec<(tidegate_domain::policy::vocabulary::Fact, bool)>),
    /// When everybody does.
    WithEverybody,
    /// The policy never grants it.
    Never,
}

fn cell(policy: &Policy, role: RoleId, item: Item) -> Cell {
    let mut starts = Vec::new();
    for rule in policy.knows.iter().filter(|rule| rule.who.contains(role) && rule.items.contains(item)) {
        let start = (rule.from.clone(), rule.despite_embargo);
        if !starts.contains(&start) {
            starts.push(start);
        }
    }
    let public: RoleSet = policy.roles_of(RoleKind::Public);
    let everybody_learns =
        policy.knows.iter().any(|rule| rule.who.meets(public) && rule.items.contains(item));
    if !starts.is_empty() {
        Cell::Once(starts)
    } else if everybody_learns && !public.contains(role) {
        Cell::WithEverybody
    } else {
        Cell::Never
    }
}

fn cell_line(policy: &Policy, cell: &Cell) -> Line {
    match cell {
        Cell::Once(starts) => {
            let written = starts.iter().map(|(start, despite_embargo)| {
                let mut line = plain("once ");
                line.extend(own(&policy.fact_phrase(start)));
                if *despite_embargo {
                    line.push(Run::Plain(" (even before the announcement)".to_owned()));
                }
                line
            });
            joined(written.collect(), "or")
        }
        Cell::WithEverybody => plain("with everybody"),
        Cell::Never => plain("never"),
    }
}

/// Who may pass what on, by answer.
pub(super) fn tells(policy: &Policy, cited: &mut Register) -> Part {
    let mut blocks = Vec::new();
    for answer in [Answer::Yes, Answer::Ask, Answer::No] {
        let rules = policy.tells.iter().filter(|rule| rule.answer == answer);
        let lines: Vec<Line> = rules.map(|rule| tells_line(policy, rule, cited)).collect();
        if !lines.is_empty() {
            blocks.push(Block::Heading(answer_heading(answer).to_owned()));
            blocks.push(Block::Points(lines));
        }
    }
    if !blocks.is_empty() {
        let intro = "These rules answer the question “may I say this?”. What none of them mentions, none of them permits. \
            Permission is the security team’s to give.";
        blocks.insert(0, Block::Say(plain(intro)));
    }
    Part { id: "part-tells", heading: "Who may pass on what", blocks }
}

fn answer_heading(answer: Answer) -> &'static str {
    match answer {
        Answer::Yes => "Freely",
        Answer::Ask => "Only with permission",
        Answer::No => "Not at all",
    }
}

fn tells_line(policy: &Policy, rule: &Tells, cited: &mut Register) -> Line {
    let (may, once) = match rule.answer {
        Answer::Yes => (" may tell ", ": "),
        Answer::Ask => (" may tell ", ", once permitted: "),
        Answer::No => (" may not tell ", ": "),
    };
    let is_all = rule.items.iter().count() == Item::ALL.len();
    let mut line = roles(policy, rule.from, "and");
    line.push(Run::Plain(may.to_owned()));
    line.extend(roles(policy, rule.to, "or"));
    line.push(Run::Plain(once.to_owned()));
    line.extend(if is_all && rule.answer == Answer::No { plain("anything") } else { items(rule.items) });
    match &rule.until {
        Some(until) => {
            line.push(Run::Plain("; until ".to_owned()));
            line.extend(fact(policy, until));
        }
        None => line.push(Run::Plain("; without end".to_owned())),
    }
    line.push(Run::Plain(".".to_owned()));
    if !rule.note.trim().is_empty() {
        line.push(Run::Plain(" ".to_owned()));
        line.push(Run::Own(rule.note.clone()));
    }
    let place = format!("who may pass on what, {}", answer_heading(rule.answer).to_lowercase());
    push_clause(&mut line, cited.cite(&rule.clause, &place));
    line
}
