//! Whether it is time for a point release, as far as the reader's own cases tell.

use super::lists::CaseLine;
use crate::pages::layout::scrolling;
use crate::pages::text;
use maud::{Markup, html};
use tidegate_domain::point_release::{Need, Tally};

/// Point releases with their numbers, those that are proposed marked; nothing where no fix waits for one.
pub(super) fn section(tallies: &[Tally], lines: &[CaseLine]) -> Markup {
    html! {
        @if !tallies.is_empty() {
            h2 { "Point releases" }
            p.note {
                "What those who stay on the last point release must apply before the fixes of these cases, and what of it would \
                 go if the staging branch were released today."
            }
            (scrolling("Point releases", &table(tallies)))
            @for tally in tallies { (needs(tally, lines)) }
        }
    }
}

fn table(tallies: &[Tally]) -> Markup {
    html! {
        table {
            thead { tr {
                th scope="col" { "Release" } th scope="col" { "Since" } th scope="col" { "From" }
                th scope="col" { "Prerequisites that would go" } th scope="col" { "That would stay" }
                th scope="col" { "Published fixes it lacks" } th scope="col" { "Point release" }
            } }
            tbody {
                @for tally in tallies {
                    tr {
                        th scope="row" { (tally.release) }
                        td { bdi { (text::line(&tally.tag)) } } td { bdi { (text::line(&tally.staging)) } }
                        td { (tally.vanishing) } td { (tally.remaining) } td { (tally.fixes) }
                        td {
                            @if tally.is_proposed() { span.badge.high { "Proposed" } } @else {
                                "Not yet; marks: prerequisites " (tally.marks.prerequisites) ", fixes " (tally.marks.fixes)
                            }
                        }
                    }
                }
            }
        }
    }
}

fn needs(tally: &Tally, lines: &[CaseLine]) -> Markup {
    html! {
        details {
            summary { "The fixes of " (tally.release) }
            ul {
                @for need in &tally.needs {
                    li {
                        a href={ "/desk/cases/" (need.case) } { bdi { (text::line_or(title(need, lines), "untitled")) } }
                        ": " (prerequisites(need.prerequisites)) ", " (on_tip(need))
                    }
                }
            }
        }
    }
}

fn title<'l>(need: &Need, lines: &'l [CaseLine]) -> &'l str {
    lines.iter().find(|line| line.case == need.case).map_or("", |line| line.title.as_str())
}

fn prerequisites(count: usize) -> String {
    match count {
        0 => "no prerequisite".to_owned(),
        1 => "1 prerequisite".to_owned(),
        count => format!("{count} prerequisites"),
    }
}

fn on_tip(need: &Need) -> &'static str {
    match (need.published, need.holds_on_tip) {
        (true, _) => "public",
        (false, Some(true)) => "fits the staging branch",
        (false, Some(false)) => "does not fit the staging branch",
        (false, None) => "not known of the staging branch",
    }
}
