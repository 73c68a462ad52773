//! The policy as Markdown (CommonMark with tables), for a wiki or a repository.

use super::clauses::Cited;
use super::{Block, Card, Document, Line, Pair, Run, Table, certificate, document};
use crate::pages::text;
use tidegate_domain::certificate::Rules;
use tidegate_domain::policy::Policy;

/// The policy as Markdown: what [`super::policy_html`] says, in the same order. The policy's words are
/// escaped, so that none of them becomes a heading, a link or HTML.
#[must_use]
pub fn policy_markdown(policy: &Policy) -> String {
    written(&document(policy))
}

/// A policy for certificates as Markdown.
#[must_use]
pub fn certificate_markdown(rules: &Rules) -> String {
    written(&certificate::document(rules))
}

fn written(document: &Document) -> String {
    let mut out = format!("# {}\n", escaped(&text::line_or(&document.title, "Policy")));
    push_own(&mut out, &document.summary);
    out.push('\n');
    push_pairs(&mut out, &document.facts);
    for part in &document.parts {
        out.push_str(&format!("\n## {}\n", part.heading));
        for block in &part.blocks {
            push_block(&mut out, block);
        }
    }
    out
}

fn push_block(out: &mut String, block: &Block) {
    match block {
        Block::Say(words) => out.push_str(&format!("\n{}\n", line(words))),
        Block::Pairs(pairs) => {
            out.push('\n');
            push_pairs(out, pairs);
        }
        Block::Points(points) => push_points(out, points, |_| "-".to_owned()),
        Block::Ordered(points) => push_points(out, points, |index| format!("{}.", index + 1)),
        Block::Table(table) => push_table(out, table),
        Block::Cards(cards) => cards.iter().for_each(|card| push_card(out, card)),
        Block::Heading(words) => out.push_str(&format!("\n### {}\n", escaped(words))),
        Block::Verbatim(words) => {
            let fence = "`".repeat(longest_fence(words).max(2) + 1);
            out.push_str(&format!("\n{fence}\n{}\n{fence}\n", text::clean(words)));
        }
    }
}

/// The policy's own paragraphs. Each keeps its lines.
fn push_own(out: &mut String, words: &str) {
    for (_, paragraph) in text::paragraphs(words) {
        out.push('\n');
        for each in paragraph.lines() {
            out.push_str(&begun(&escaped(each.trim())));
            out.push('\n');
        }
    }
}

fn push_pairs(out: &mut String, pairs: &[Pair]) {
    for (label, words) in pairs {
        out.push_str(&format!("- **{label}:** {}\n", line(words)));
    }
}

fn push_points(out: &mut String, points: &[Line], marker: impl Fn(usize) -> String) {
    out.push('\n');
    for (index, point) in points.iter().enumerate() {
        out.push_str(&format!("{} {}\n", marker(index), line(point)));
    }
}

fn push_table(out: &mut String, table: &Table) {
    let row = |cells: &[Line]| {
        let written: Vec<String> = cells.iter().map(|cell| without_bars(&line(cell))).collect();
        format!("| {} |\n", written.join(" | "))
    };
    out.push('\n');
    out.push_str(&row(&table.head));
    out.push_str(&format!("|{}\n", " --- |".repeat(table.head.len())));
    for cells in &table.rows {
        out.push_str(&row(cells));
    }
}

fn push_card(out: &mut String, card: &Card) {
    let number = card.number.map(|number| format!("{number}. ")).unwrap_or_default();
    out.push_str(&format!("\n### {number}{}\n\n", escaped(&text::line(&card.title))));
    push_pairs(out, &[("Name", vec![Run::Code(card.name.clone())])]);
    if !card.clause.is_empty() {
        push_pairs(out, &[("Clause", card.clause.clone())]);
    }
    push_pairs(out, &card.pairs);
    push_own(out, &card.note);
}

fn line(words: &Line) -> String {
    words.iter().map(piece).collect()
}

fn piece(run: &Run) -> String {
    match run {
        Run::Plain(words) => words.clone(),
        Run::Own(words) => escaped(&text::line(words)),
        Run::Code(words) => code(&text::line(words)),
        Run::Address(words) => address(&text::line(words)),
        Run::Place(_, words) => escaped(&text::line(words)),
        Run::Clause(cited) => clause(cited),
    }
}

fn clause(cited: &Cited) -> String {
    let anchors: String = cited.ids.iter().map(|id| format!("<a id=\"{id}\"></a>")).collect();
    format!("{anchors}{}", escaped(&cited.text))
}

fn address(words: &str) -> String {
    match text::mailto(words).or_else(|| text::https(words)) {
        Some(href) => format!("[{}](<{href}>)", escaped(words)),
        None => escaped(words),
    }
}

/// A code span whose fence is longer than any run of backticks in it.
fn code(words: &str) -> String {
    let fence = "`".repeat(longest_fence(words) + 1);
    let pad = if words.starts_with('`') || words.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{words}{pad}{fence}")
}

fn longest_fence(words: &str) -> usize {
    words.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// A table's cell, in which each bar has its backslash: even in a code span it would end the cell.
fn without_bars(cell: &str) -> String {
    let mut out = String::with_capacity(cell.len());
    for c in cell.chars() {
        if c == '|' && !out.ends_with('\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// `words` with a backslash before whatever Markdown gives a meaning to within a line. An underscore within a
/// word and a lone ampersand have none.
fn escaped(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    let mut previous = ' ';
    let mut rest = words.chars().peekable();
    while let Some(c) = rest.next() {
        let next = rest.peek().copied().unwrap_or(' ');
        let has_meaning = match c {
            '\\' | '`' | '*' | '[' | ']' | '<' | '|' | '~' | '$' => true,
            '_' => !(previous.is_alphanumeric() && next.is_alphanumeric()),
            '&' => next == '#' || next.is_ascii_alphanumeric(),
            _ => false,
        };
        if has_meaning {
            out.push('\\');
        }
        out.push(c);
        previous = c;
    }
    out
}

/// A line of a paragraph, so that its beginning is no heading, list, quotation or rule.
fn begun(line: &str) -> String {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    match line.split_at_checked(digits) {
        Some(("", rest)) if rest.starts_with(['#', '-', '+', '=', '>']) => format!("\\{rest}"),
        Some((number, rest)) if !number.is_empty() && rest.starts_with(['.', ')']) => {
            format!("{number}\\{rest}")
        }
        _ => line.to_owned(),
    }
}
