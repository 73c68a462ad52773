//! One case, as its viewer may see it, with what they can do in it.

use super::frame::{Reader, page};
use super::{embargo, timeline};
use crate::asked::{CUSTOM, Field, Kind, fields};
use crate::pages::layout::scrolling;
use crate::pages::text;
use maud::{Markup, html};
use std::borrow::Cow;
use tidegate_domain::audience::{Known, View};
use tidegate_domain::case::clock::{Clock, Standing};
use tidegate_domain::case::machines::Rm;
use tidegate_domain::case::{Case, Entry, Reason, TestOutcome};
use tidegate_domain::id::{CaseId, Slug};
use tidegate_domain::policy::check::Phase;
use tidegate_domain::policy::{Act, Policy, Step};
use tidegate_domain::refusal::Explanation;
use tidegate_domain::time::Instant;

/// A step that is the viewer's.
#[derive(Clone, Debug)]
pub struct Offer<'p> {
    /// The step.
    pub step: &'p Step,
    /// Why it is refused now, if it is.
    pub refused: Option<Explanation>,
}

/// What the page shows.
#[derive(Clone, Debug)]
pub struct CasePage<'c> {
    /// The case.
    pub id: CaseId,
    /// The policy that it is under.
    pub policy: &'c Policy,
    /// What its viewer may see.
    pub view: &'c View<'c>,
    /// What they may do.
    pub offers: Vec<Offer<'c>>,
    /// What each role may know, and since when; for those who work on the case.
    pub known: Vec<Known<'c>>,
    /// Its clocks.
    pub clocks: Vec<Clock<'c>>,
    /// The lines of its log that they may read.
    pub log: Vec<Cow<'c, Entry>>,
    /// Whether its viewer may write the advisory.
    pub has_editor: bool,
    /// Now.
    pub now: Instant,
}

/// Whoever is invited sees nothing before they have acknowledged confidence (CS-20).
#[must_use]
pub fn invited(name: &Slug, id: CaseId) -> String {
    let main = html! {
        h1 { "You are invited to a case" }
        p.lead { "You will see it once you have acknowledged that you hold it in confidence." }
        form method="post" action={ "/desk/cases/" (id) "/acknowledge-confidence" } {
            button { "I hold this case in confidence" }
        }
    };
    page("Invitation", Reader::Person(name), &main)
}

/// The page of one case.
#[must_use]
pub fn case(name: &Slug, content: &CasePage<'_>) -> String {
    let record = content.view.record.as_deref();
    let title = record.map_or_else(String::new, |case| case.title.to_string());
    let main = html! {
        h1 dir="auto" { (text::line_or(&title, "A case")) }
        @if content.has_editor { p { a href={ "/desk/cases/" (content.id) "/advisory" } { "Write and preview the advisory" } } }
        (head(content, record))
        @if content.view.insider && let Some(case) = record {
            (timeline::timeline(content.policy, case, &content.clocks, content.now))
        }
        @if !content.clocks.is_empty() { (clock_table(&content.clocks)) }
        @if !content.offers.is_empty() { (steps(content, record)) }
        @if let Some(case) = record { (reports(content, case)) (work(content, case)) (super::applies::section(case, &content.log)) }
        @if content.view.insider && let Some(case) = record { (super::applies::waits(content.policy, case)) }
        @if content.view.insider && let Some(case) = record { (embargo::negotiation(content.policy, case)) }
        @if !content.known.is_empty() { (audience(&content.known)) }
        @if content.view.insider && let Some(case) = record && !case.participants.is_empty() { (invited_people(content.policy, case)) }
        @if !content.log.is_empty() { (log(&content.log)) }
    };
    page("Case", Reader::Person(name), &main)
}

fn head(content: &CasePage<'_>, record: Option<&Case>) -> Markup {
    let view = content.view;
    html! {
        dl.pairs {
            dt { "Project" } dd { bdi { (text::line(&content.policy.publisher.name)) } }
            @if let Some(case) = record { dt { "Stands" } dd { (Phase::of(case).name()) } }
            @if let Some(number) = view.number { dt { "Number" } dd { (number) } }
            @if !view.cves.is_empty() {
                dt { "CVE" } dd { @for cve in view.cves { (cve.as_str()) " " } }
            }
            @if let Some(rating) = view.rating { dt { "Severity" } dd { (rating) } }
            @if let Some(at) = view.planned { dt { "Planned disclosure" } dd { (text::instant(at)) } }
            @if view.insider && let Some(hours) = crate::words::exposed_hours(content.log.iter().map(AsRef::as_ref)) {
                dt { "Exposure" } dd { "the first public commit came " (hours) " hours before the announcement (CS-12)" }
            }
        }
    }
}

fn reports(content: &CasePage<'_>, case: &Case) -> Markup {
    html! {
        h2 { "What was reported" }
        @for report in &case.reports {
            article.report.box {
                h3 dir="auto" { @if report.title.is_missing() { "A letter without a title" } @else { (report.title.as_str()) } }
                p.meta {
                    @if content.view.insider {
                        "From " bdi { (text::line_or(report.from.as_deref().unwrap_or_default(), "somebody without an address")) }
                    }
                    @for standing in &report.standing { "; " bdi { (text::line(standing)) } }
                }
                (text::prose(&report.text))
                @if !report.attachments.is_empty() {
                    ul.files { @for (name, sha256) in &report.attachments { li { "File: " (file(content, name, sha256)) } } }
                }
                @for fault in &report.faults { p.note { (fault) } }
            }
        }
    }
}

/// A file, which is given to those who work on the case.
fn file(content: &CasePage<'_>, name: &str, sha256: &str) -> Markup {
    let shown = html! { bdi { (text::line_or(name, "unnamed")) } };
    html! {
        @if content.view.insider { a href={ "/desk/cases/" (content.id) "/files/" (sha256) } { (shown) } }
        @else { (shown) }
    }
}

/// The work on each release.
fn work(content: &CasePage<'_>, case: &Case) -> Markup {
    let table = html! {
        table {
            thead { tr {
                th scope="col" { "Release" } th scope="col" { "Patch" } th scope="col" { "Test" }
                th scope="col" { "Public commit" } th scope="col" { "Released in" }
            } }
            tbody {
                @for work in &case.releases {
                    tr {
                        th scope="row" { (work.release) }
                        td {
                            @if let Some(patch) = &work.patch { (file(content, &patch.name, &patch.sha256)) }
                            @else if work.is_due() { "none yet" }
                            @if let Some(reason) = work.reason { p.meta { (reason.phrase()) } }
                        }
                        td { @match work.test {
                            Some(TestOutcome::Pass) => "passed",
                            Some(TestOutcome::Fail) => span.badge.critical { "Failed" },
                            None => "none yet",
                        } }
                        td { @if let Some(commit) = &work.commit { code { (commit.get(..12).unwrap_or(commit)) } } }
                        td { (work.version.as_deref().unwrap_or_default()) }
                    }
                }
            }
        }
    };
    html! { @if !case.releases.is_empty() { h2 { "Releases" } (scrolling("Releases", &table)) } }
}

/// Who may know what at this moment, and since when.
fn audience(known: &[Known<'_>]) -> Markup {
    let table = html! {
        table {
            thead { tr { th scope="col" { "Who" } th scope="col" { "What they may know" } th scope="col" { "Since" } } }
            @for role in known {
                tbody {
                    @if role.items.is_empty() {
                        tr { th scope="row" { (role.role.title) } td { "nothing" } td {} }
                    }
                    @for (nth, (since, items)) in by_instant(role).iter().enumerate() {
                        tr {
                            @if nth == 0 { th scope="rowgroup" rowspan=(by_instant(role).len()) { (role.role.title) } }
                            td { (items.join(", ")) }
                            td { (text::instant(*since)) }
                        }
                    }
                }
            }
        }
    };
    html! { h2 { "Who may see this, and since when" } (scrolling("Who may see this, and since when", &table)) }
}

/// What a role may know, together where it came at one instant.
fn by_instant(known: &Known<'_>) -> Vec<(Instant, Vec<&'static str>)> {
    let mut rows: Vec<(Instant, Vec<&'static str>)> = Vec::new();
    for (item, since) in &known.items {
        match rows.last_mut() {
            Some((at, items)) if at == since => items.push(item.phrase()),
            Some(_) | None => rows.push((*since, vec![item.phrase()])),
        }
    }
    rows
}

fn invited_people(policy: &Policy, case: &Case) -> Markup {
    html! {
        h3 { "Invited to this case" }
        ul.rules {
            @for one in &case.participants {
                @let role = policy.role(one.role.as_str()).and_then(|id| policy.role_at(id));
                li {
                    (one.person) ", " (role.map_or(one.role.as_str(), |role| &role.title)) ": "
                    @if one.acknowledged { "holds it in confidence" } @else { "has not answered yet, and sees nothing" }
                }
            }
        }
    }
}

fn steps(content: &CasePage<'_>, record: Option<&Case>) -> Markup {
    let (open, shut): (Vec<&Offer<'_>>, Vec<&Offer<'_>>) =
        content.offers.iter().partition(|offer| offer.refused.is_none());
    html! {
        h2 { "What you can do" }
        div.offers { @for offer in &open { (offered(content.id, offer, record)) } }
        @if record.is_some_and(|case| case.rm == Rm::Closed) {
            p.note { "The case is closed." }
        } @else if !shut.is_empty() {
            h2 { "Not yet" }
            ul.rules { @for offer in &shut { li { (not_yet(offer)) } } }
        }
    }
}

fn offered(id: CaseId, offer: &Offer<'_>, record: Option<&Case>) -> Markup {
    let step = offer.step;
    let fields = match &step.act {
        Act::Built(verb) => fields(*verb),
        Act::Custom(_) => CUSTOM,
    };
    html! {
        details.offer {
            summary { (text::capitalised(&step.title)) " " span.clause { (step.clause) } }
            form method="post" action={ "/desk/cases/" (id) "/" (step.act) } enctype="multipart/form-data" {
                @for field in fields { (filled_in(&step.act, field, record)) }
                button { (text::capitalised(&step.title)) }
            }
        }
    }
}

fn not_yet(offer: &Offer<'_>) -> Markup {
    let told = offer.refused.as_ref();
    html! {
        strong { (text::capitalised(&offer.step.title)) } " " span.clause { (offer.step.clause) } ": "
        @if let Some(told) = told {
            @if told.needed.is_empty() { (told.why) } @else { "needs " (told.needed) }
        }
    }
}

fn filled_in(act: &Act, field: &Field, record: Option<&Case>) -> Markup {
    let id = format!("{act}-{}", field.name);
    let releases = record.map(|case| case.releases.as_slice()).unwrap_or_default();
    html! {
        div.field {
            label for=(id) { (field.label) }
            @match field.kind {
                Kind::Text | Kind::Names | Kind::Words => {
                    textarea id=(id) name=(field.name) rows="4" required[field.required] dir="auto" {}
                }
                Kind::Draft => {
                    textarea.code id=(id) name=(field.name) rows="24" required[field.required] dir="auto" {}
                }
                Kind::Release => {
                    select id=(id) name=(field.name) required[field.required] {
                        (choose())
                        @for work in releases { option value=(work.release) { (work.release) } }
                    }
                }
                Kind::Outcome => {
                    select id=(id) name=(field.name) required[field.required] {
                        (choose()) option value="pass" { "pass" } option value="fail" { "fail" }
                    }
                }
                Kind::Reason => {
                    select id=(id) name=(field.name) required[field.required] {
                        (choose())
                        @for reason in Reason::ALL { option value=(reason.name()) { (reason.phrase()) } }
                    }
                }
                Kind::ActionNeeded => {
                    select id=(id) name=(field.name) required[field.required] {
                        (choose()) option value="again" { "Yes, again" } option value="not-again" { "No" }
                    }
                }
                Kind::File => { input id=(id) name=(field.name) type="file" required[field.required]; }
                Kind::Line | Kind::Instant | Kind::Person | Kind::Role | Kind::Cve | Kind::Vector | Kind::Case => {
                    input id=(id) name=(field.name) required[field.required] placeholder=[example(field.kind)];
                }
            }
        }
    }
}

/// Nothing is chosen for anybody: what is recorded here counts.
fn choose() -> Markup {
    html! { option value="" { "Choose" } }
}

fn example(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Instant => Some("2026-10-01T12:00:00Z"),
        Kind::Cve => Some("CVE-2026-12345"),
        Kind::Vector => Some("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"),
        _ => None,
    }
}

fn clock_table(clocks: &[Clock<'_>]) -> Markup {
    let table = html! {
        table {
            thead { tr {
                th scope="col" { "Obligation" } th scope="col" { "Due" } th scope="col" { "Stands" }
                th scope="col" { "Started by" } th scope="col" { "Rule" }
            } }
            tbody {
                @for clock in clocks {
                    tr {
                        th scope="row" { (clock.rule.title) }
                        td { (text::instant(clock.due)) }
                        td { @match clock.standing {
                            Standing::Running => "running",
                            Standing::Late => span.badge.critical { "Late" },
                            Standing::Met { at } => { "met " (text::instant(at)) }
                        } }
                        td { (clock.rule.starts) ", " (text::instant(clock.started)) }
                        td { span.clause { (clock.rule.clause) } }
                    }
                }
            }
        }
    };
    html! { h2 { "Clocks" } (scrolling("Clocks", &table)) }
}

fn log(entries: &[Cow<'_, Entry>]) -> Markup {
    let table = html! {
        table {
            thead { tr { th scope="col" { "When" } th scope="col" { "Who" } th scope="col" { "What" } } }
            tbody {
                @for entry in entries {
                    tr {
                        td { (text::instant(entry.at)) }
                        td { (entry.by.name()) }
                        td { (crate::words::event_line(&entry.event)) }
                    }
                }
            }
        }
    };
    html! { h2 { "Log" } (scrolling("Log", &table)) }
}
