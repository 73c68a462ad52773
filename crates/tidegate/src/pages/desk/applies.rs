//! Where the patches of a case apply, release by tree.

use crate::applies::{Row, rows, short, waiting};
use crate::pages::layout::scrolling;
use crate::pages::text;
use maud::{Markup, html};
use std::borrow::Cow;
use tidegate_domain::case::forecast::Outlook;
use tidegate_domain::case::{Case, Entry, Forecast, Found, TestOutcome};
use tidegate_domain::policy::Policy;

/// The matrix with its prerequisites; nothing where nothing was checked.
pub(super) fn section(case: &Case, log: &[Cow<'_, Entry>]) -> Markup {
    let rows = rows(case, log.iter().map(AsRef::as_ref));
    html! {
        @if !rows.is_empty() {
            h2 { "Where the patches apply" }
            p.note { "That a patch applies is said of its text. Whether it works, a test shows." }
            (scrolling("Where the patches apply", &table(&rows)))
            @for row in rows.iter().filter(|row| !row.prerequisites().is_empty()) { (prerequisites(row)) }
        }
    }
}

/// What keeps the advisory from being complete, for those who work on it.
pub(super) fn waits(policy: &Policy, case: &Case) -> Markup {
    html! {
        @if let Some(waiting) = waiting(policy, case) {
            h3 { "The advisory is not complete" }
            p { (text::capitalised(&waiting.step.title)) " " span.clause { (waiting.step.clause) } " waits for these:" }
            ul.rules { @for open in &waiting.releases { li { "Not yet: " bdi { (text::line(&open.to_string())) } } } }
        }
    }
}

fn table(rows: &[Row<'_>]) -> Markup {
    html! {
        table {
            thead { tr {
                th scope="col" { "Release" } th scope="col" { "Tree" } th scope="col" { "Patch" }
                th scope="col" { "Resulting tree" } th scope="col" { "Test" } th scope="col" { "Forecast" }
            } }
            tbody {
                @for row in rows {
                    tr {
                        th scope="row" { (row.release) }
                        td { @if let Some(check) = row.check { bdi { (text::line(&check.name)) } } }
                        td { (stands(row)) }
                        td { @if let Some(tree) = row.tree() { code { (short(tree)) } } }
                        td { @match row.test {
                            Some((TestOutcome::Fail, _)) if !row.borrowed => { span.badge.critical { "Failed" } " " (row.tested()) }
                            _ => (row.tested()),
                        } }
                        td { @if let Some(known) = row.forecast { (forecast(known)) } }
                    }
                }
            }
        }
    }
}

/// How the patch stands on what the next point release is made from.
fn forecast(known: &Forecast) -> Markup {
    let at = known.tip.as_deref().map(short);
    let place = |file: &str, line: u32| match line {
        0 => file.to_owned(),
        line => format!("{file}, line {line}"),
    };
    html! {
        @match &known.outlook {
            Outlook::Stopped { since, subject, file, line } => {
                span.badge.critical { "Stopped applying" } " to " bdi { (text::line(&known.branch)) }
                p.meta { "since " code { (short(since)) } " " bdi { (text::line(subject)) } ", at " bdi { (text::line(&place(file, *line))) } }
            }
            Outlook::Fails { file, line } => {
                span.badge.critical { "Does not apply" } " to " bdi { (text::line(&known.branch)) }
                p.meta { "at " bdi { (text::line(&place(file, *line))) } }
            }
            Outlook::Applies | Outlook::There | Outlook::Unknown { .. } => {
                bdi { (text::line(&format!("{} on {}", known.outlook, known.branch))) }
            }
        }
        @if let Some(at) = at { p.meta { "answered at " code { (at) } } }
    }
}

fn stands(row: &Row<'_>) -> Markup {
    let words = row.stands();
    let words = text::line(&words);
    html! {
        @match row.check.map(|check| &check.found) {
            Some(Found::Fails { .. }) => { span.badge.critical { "Fails" } " " bdi { (words.trim_start_matches("fails: ")) } }
            _ => bdi { (words) },
        }
        @if row.borrowed && row.check.is_some() { ", the patch of another release" }
    }
}

fn prerequisites(row: &Row<'_>) -> Markup {
    let name = row.check.map_or("", |check| check.name.as_str());
    html! {
        details {
            summary { "What must come first on " bdi { (text::line(name)) } ", in this order" }
            ol.prerequisites {
                @for commit in row.prerequisites() {
                    li {
                        code { (short(&commit.commit)) } " " bdi { (text::line(&commit.subject)) }
                        @if commit.security { " (a security fix)" }
                        p.meta { "Needed by " bdi { (text::line(&commit.needed_by)) } }
                    }
                }
            }
        }
    }
}
