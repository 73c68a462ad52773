//! The policy as a page.

use super::clauses::Cited;
use super::{Block, Card, Document, Line, Pair, Part, Run, Table, document};
use crate::pages::layout::{DESCRIPTION_CHARS_MAX, Frame, Here, project_page, scrolling};
use crate::pages::{PolicyLinks, text};
use maud::{Markup, html};
use tidegate_domain::policy::Policy;

/// The policy as a page for people: everything that the file says, and nothing of any case. Each clause is
/// an anchor, so that a refusal can point to its rule.
#[must_use]
pub fn policy_html(policy: &Policy, links: &PolicyLinks) -> String {
    let document = document(policy);
    let title = text::line_or(&document.title, "Policy");
    let description = text::cut(&text::line(&document.summary), DESCRIPTION_CHARS_MAX);
    let frame = Frame {
        title: &title,
        description: &description,
        publisher: &policy.publisher,
        links: &links.project,
        here: Here::Policy,
    };
    project_page(&frame, &page(&document, &title, links))
}

fn page(document: &Document, title: &str, links: &PolicyLinks) -> Markup {
    html! {
        div.policy {
            div.head {
                h1 dir="auto" { (title) }
                div.lead { (text::prose(&document.summary)) }
                (pairs(&document.facts))
                @if links.markdown.is_some() || links.file.is_some() {
                    ul.inline {
                        @if let Some(href) = &links.markdown { li { a href=(href) { "This page as Markdown" } } }
                        @if let Some(href) = &links.file { li { a href=(href) { "The file that the program obeys" } } }
                    }
                }
            }
            nav.contents aria-label="On this page" {
                p.label { "On this page" }
                ul { @for part in &document.parts { li { a href={ "#" (part.id) } { (part.heading) } } } }
            }
            div.body { @for part in &document.parts { (section(part)) } }
        }
    }
}

fn section(part: &Part) -> Markup {
    html! {
        section {
            h2 id=(part.id) { (part.heading) }
            @for block in &part.blocks { (written(block)) }
        }
    }
}

fn written(block: &Block) -> Markup {
    html! {
        @match block {
            Block::Say(words) => { p { (line(words)) } }
            Block::Pairs(entries) => (pairs(entries)),
            Block::Points(points) => { ul.rules { @for point in points { li { (line(point)) } } } }
            Block::Ordered(points) => { ol.rules { @for point in points { li { (line(point)) } } } }
            Block::Table(rows) => (table(rows)),
            Block::Cards(cards) => { ol.cards { @for each in cards { (card(each)) } } }
            Block::Heading(words) => { h3 dir="auto" { (words) } }
            Block::Verbatim(words) => { p.kept.code.box dir="auto" { (text::clean(words)) } }
        }
    }
}

fn pairs(entries: &[Pair]) -> Markup {
    html! { dl.pairs { @for (label, words) in entries { dt { (label) } dd { (line(words)) } } } }
}

fn table(rows: &Table) -> Markup {
    let table = html! {
        table {
            caption { (rows.caption) }
            thead { tr { @for cell in &rows.head { th scope="col" { (line(cell)) } } } }
            tbody { @for (index, row) in rows.rows.iter().enumerate() { tr id=[rows.row_ids.get(index)] {
                @for (column, cell) in row.iter().enumerate() {
                    @if column == 0 { th scope="row" { (line(cell)) } } @else { td { (line(cell)) } }
                }
            } } }
        }
    };
    scrolling(rows.caption, &table)
}

fn card(card: &Card) -> Markup {
    html! {
        li.card id=(card.id) {
            div.top {
                h3 {
                    @if let Some(number) = card.number { span.step { (number) "." } " " }
                    span dir="auto" { (text::line(&card.title)) }
                }
                (line(&card.clause))
                code.name { (card.name) }
            }
            (pairs(&card.pairs))
            @if !card.note.trim().is_empty() { div.note { (text::prose(&card.note)) } }
        }
    }
}

fn line(words: &Line) -> Markup {
    html! { @for run in words { (piece(run)) } }
}

fn piece(run: &Run) -> Markup {
    html! {
        @match run {
            Run::Plain(words) => (words),
            Run::Own(words) => { bdi { (text::line(words)) } }
            Run::Code(words) => { code { (text::line(words)) } }
            Run::Address(words) => (text::address(words)),
            Run::Place(id, words) => { a href={ "#" (id) } { bdi { (text::line(words)) } } }
            Run::Clause(cited) => (clause(cited)),
        }
    }
}

/// One place may have several ids: one for each clause that it names.
fn clause(cited: &Cited) -> Markup {
    html! {
        @for id in cited.ids.iter().skip(1) { span id=(id) {} }
        a.clause id=[cited.ids.first()] href={ "#" (cited.entry) } { bdi { (cited.text) } }
    }
}
