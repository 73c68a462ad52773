//! The policy for people, made once as a [`Document`] and written as HTML and as Markdown, so that the two
//! say the same.

mod certificate;
mod clauses;
mod html;
mod knowledge;
mod list;
mod markdown;
mod procedure;
mod rules;

pub use html::policy_html;
pub use markdown::{certificate_markdown, policy_markdown};

use clauses::Cited;
use tidegate_domain::policy::vocabulary::{Fact, Item};
use tidegate_domain::policy::{Act, ItemSet, Policy, RoleSet};

/// A piece of a line.
#[derive(Clone, Debug)]
enum Run {
    /// The program's words.
    Plain(String),
    /// The policy's words, which may be in any script.
    Own(String),
    /// A name to be typed, or a value to be copied.
    Code(String),
    /// A mail address or a URL.
    Address(String),
    /// A place on the same page: its id and what it is called.
    Place(String, String),
    /// The source of a rule.
    Clause(Cited),
}

/// One line of text.
type Line = Vec<Run>;

/// A label and what it says.
type Pair = (&'static str, Line);

/// A rule with several sides.
#[derive(Clone, Debug)]
struct Card {
    /// Its id on the page.
    id: String,
    /// Its number in a procedure.
    number: Option<usize>,
    /// Its title, in the policy's words.
    title: String,
    /// Its name in the file and on the command line.
    name: String,
    /// Its source.
    clause: Line,
    /// What it says, side by side.
    pairs: Vec<Pair>,
    /// The policy's note; may be empty.
    note: String,
}

/// Rows under a head.
#[derive(Clone, Debug, Default)]
struct Table {
    caption: &'static str,
    head: Vec<Line>,
    rows: Vec<Vec<Line>>,
    /// Ids of the rows, where something on the page points to them.
    row_ids: Vec<String>,
}

/// A part of the page under a heading.
#[derive(Clone, Debug)]
enum Block {
    /// A sentence.
    Say(Line),
    /// Labels and what they say.
    Pairs(Vec<Pair>),
    /// Points of a list.
    Points(Vec<Line>),
    /// Points in order.
    Ordered(Vec<Line>),
    /// A table.
    Table(Table),
    /// Rules with several sides.
    Cards(Vec<Card>),
    /// A smaller heading.
    Heading(String),
    /// Text to the letter.
    Verbatim(String),
}

/// A heading and what stands under it.
#[derive(Clone, Debug)]
struct Part {
    id: &'static str,
    heading: &'static str,
    blocks: Vec<Block>,
}

/// The whole page.
#[derive(Clone, Debug)]
struct Document {
    title: String,
    summary: String,
    facts: Vec<Pair>,
    parts: Vec<Part>,
}

/// Everything that `policy` says, in words.
fn document(policy: &Policy) -> Document {
    let mut cited = clauses::Register::default();
    // The first place that cites a clause is the one that a link to the clause leads to: that is the step.
    let procedure = procedure::procedure(policy, &mut cited);
    let mut parts = vec![
        rules::scope(policy, &mut cited),
        rules::roles(policy, &mut cited),
        procedure,
        rules::embargo(policy, &mut cited),
        knowledge::knows(policy, &mut cited),
        knowledge::tells(policy, &mut cited),
        list::list(policy, &mut cited),
        procedure::clocks(policy, &mut cited),
        rules::commits(policy, &mut cited),
        rules::advisories(policy, &mut cited),
        rules::channels(policy),
        rules::mails(policy),
    ];
    parts.push(cited.index());
    parts.retain(|part| !part.blocks.is_empty());
    Document {
        title: policy.title.clone(),
        summary: policy.summary.clone(),
        facts: rules::facts(policy),
        parts,
    }
}

fn plain(text: impl Into<String>) -> Line {
    vec![Run::Plain(text.into())]
}

fn own(text: &str) -> Line {
    vec![Run::Own(text.to_owned())]
}

fn code(text: &str) -> Line {
    vec![Run::Code(text.to_owned())]
}

/// `a, b and c`, with `last` for "and".
fn joined(lines: Vec<Line>, last: &str) -> Line {
    let count = lines.len();
    let mut all = Line::new();
    for (index, line) in lines.into_iter().enumerate() {
        if index > 0 {
            all.push(Run::Plain(if index + 1 == count { format!(" {last} ") } else { ", ".to_owned() }));
        }
        all.extend(line);
    }
    all
}

fn roles(policy: &Policy, roles: RoleSet, last: &str) -> Line {
    if roles.is_empty() {
        return plain("nobody");
    }
    joined(roles.iter().filter_map(|role| policy.role_at(role)).map(|role| own(&role.title)).collect(), last)
}

fn items(items: ItemSet) -> Line {
    if items.iter().count() == Item::ALL.len() {
        return plain("everything");
    }
    if items.is_empty() {
        return plain("nothing");
    }
    joined(items.iter().map(|item| plain(item.phrase())).collect(), "and")
}

/// What a fact is called, with the step that brings it about.
fn fact(policy: &Policy, fact: &Fact) -> Line {
    let mut line = own(&policy.fact_phrase(fact));
    let towards = |act: &Act| act.establishes().as_ref() == Some(fact);
    if let Some(index) = policy.steps.iter().position(|step| towards(&step.act)) {
        let place = policy.steps.get(index).map(|step| procedure::step_id(&step.act)).unwrap_or_default();
        line.push(Run::Plain(" (".to_owned()));
        line.push(Run::Place(place, format!("step {}", index + 1)));
        line.push(Run::Plain(")".to_owned()));
    }
    line
}

fn facts(policy: &Policy, facts: &[Fact], last: &str) -> Line {
    joined(facts.iter().map(|each| fact(policy, each)).collect(), last)
}
