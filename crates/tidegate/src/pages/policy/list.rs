//! Who comes onto the predisclosure list, and how.

use super::clauses::Register;
use super::procedure::push_clause;
use super::{Block, Line, Part, Run, code, own, plain, roles};
use tidegate_domain::policy::Policy;
use tidegate_domain::policy::list::{Ask, ListRules};

/// The rules for applications; an empty part where the policy has none.
pub(super) fn list(policy: &Policy, cited: &mut Register) -> Part {
    let blocks = policy.list.as_ref().map_or_else(Vec::new, |rules| blocks(policy, rules, cited));
    Part { id: "part-list", heading: "Who comes onto the list", blocks }
}

fn blocks(policy: &Policy, rules: &ListRules, cited: &mut Register) -> Vec<Block> {
    let mut decided = roles(policy, rules.by, "or");
    let persons = match rules.persons {
        1 => String::new(),
        persons => format!(", {persons} persons alike"),
    };
    decided.push(Run::Plain(format!(
        " decide about complete applications{persons}. An incomplete application is {}. The members are known to {}.",
        rules.incomplete.phrase(),
        rules.members.phrase(),
    )));
    if !rules.appeal.is_empty() {
        decided.push(Run::Plain(" Appeals go to ".to_owned()));
        decided.push(Run::Own(rules.appeal.clone()));
        decided.push(Run::Plain(".".to_owned()));
    }
    push_clause(&mut decided, cited.cite(&rules.clause, "who comes onto the list"));
    let mut blocks = vec![Block::Say(decided)];
    if !rules.applicants.is_empty() {
        blocks.push(Block::Heading("Who may apply".to_owned()));
        blocks.push(Block::Points(rules.applicants.iter().map(|kind| own(&kind.title)).collect()));
    }
    blocks.push(Block::Heading("What an application holds".to_owned()));
    blocks.push(Block::Ordered(rules.asks.iter().map(|ask| asked(rules, ask, cited)).collect()));
    blocks.push(Block::Say(evidence(rules, cited)));
    blocks.push(Block::Say(alias(rules, cited)));
    if !rules.criteria.is_empty() {
        blocks.push(Block::Heading("How a complete application is judged".to_owned()));
        let questions = rules.criteria.iter().map(|criterion| {
            let mut line = own(&criterion.question);
            push_clause(&mut line, cited.cite(&criterion.clause, "how applications are judged"));
            line
        });
        blocks.push(Block::Points(questions.collect()));
    }
    blocks
}

fn asked(rules: &ListRules, ask: &Ask, cited: &mut Register) -> Line {
    let mut line = own(&ask.title);
    let kinds: Vec<&str> = rules
        .applicants
        .iter()
        .filter(|applicant| ask.of.contains(&applicant.id))
        .map(|applicant| applicant.title.as_str())
        .collect();
    line.push(Run::Plain(format!(": {}", ask.asked.phrase())));
    if !kinds.is_empty() {
        line.push(Run::Plain("; asked of: ".to_owned()));
        line.push(Run::Own(kinds.join(", ")));
    }
    push_clause(&mut line, cited.cite(&ask.clause, "what an application holds"));
    line
}

fn evidence(rules: &ListRules, cited: &mut Register) -> Line {
    let accepted: Vec<&str> = rules.evidence.accepts.iter().map(|kind| kind.phrase()).collect();
    let mut line = plain(format!(
        "A page shown as evidence is public, on a domain of the organisation’s own, and {}.",
        accepted.join(" or ")
    ));
    if !rules.evidence.never_hosts.is_empty() {
        line.push(Run::Plain(" Never accepted is what these hosts serve: ".to_owned()));
        line.extend(code(&rules.evidence.never_hosts.join(" ")));
    }
    push_clause(&mut line, cited.cite(&rules.evidence.clause, "what counts as evidence"));
    line
}

fn alias(rules: &ListRules, cited: &mut Register) -> Line {
    let mut line = plain("The address for the list is on one of those domains, and is never public.");
    if !rules.alias.words.is_empty() {
        line.push(Run::Plain(" Before its @ it holds one of the words: ".to_owned()));
        line.extend(code(&rules.alias.words.join(" ")));
    }
    push_clause(&mut line, cited.cite(&rules.alias.clause, "which addresses are put on the list"));
    line
}
