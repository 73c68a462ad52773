//! Showing cases: always through what the viewer may see.

use crate::applies;
use crate::engine::{CaseFile, Engine, Performed};
use crate::out::{Failure, Out, lines, printable, table};
use crate::reporter;
use crate::shape::{self, done, standing};
use crate::words::{event_line, exposed_hours};
use serde_json::json;
use std::fmt::Write as _;
use tidegate_domain::audience::{View, items_of};
use tidegate_domain::case::clock::{Clock, Standing, clocks};
use tidegate_domain::case::machines::Rm;
use tidegate_domain::case::{Actor, Case, Stage};
use tidegate_domain::id::{CaseId, Slug};
use tidegate_domain::policy::check::possible;
use tidegate_domain::refusal::{OUT_OF_MODEL, Refusal};
use tidegate_domain::similar;
use tidegate_domain::time::Instant;

pub(super) async fn list(
    engine: &Engine,
    project: Option<&Slug>,
    who: &Slug,
    open_only: bool,
    out: &Out,
) -> Result<(), Failure> {
    let (mut rows, mut values) = (Vec::new(), Vec::new());
    for (file, viewer) in engine.visible_cases(project, who, open_only).await? {
        let Some(view) = file.view(&viewer) else { continue };
        let line = shape::Line::of(&file, &view);
        values.push(line.value());
        let shape::Line { id, project, number, stage, planned, title } = line;
        rows.push(vec![id, project.to_string(), number, stage, planned, title]);
    }
    let text = if rows.is_empty() {
        "no cases".to_owned()
    } else {
        table(&["case", "project", "number", "stands", "planned", "title"], &rows)
    };
    out.show(&text, &json!(values))
}

pub(super) async fn case(engine: &Engine, id: CaseId, who: &Slug, out: &Out) -> Result<(), Failure> {
    let (file, viewer) = engine.open_case(id, who).await?;
    let now = engine.clock.now();
    let Some(view) = file.view(&viewer) else {
        let text = "You are invited to this case. Acknowledge confidence to see it:\n  tidegate case acknowledge-confidence";
        return out.show(&format!("{text} {id} --as {who}"), &shape::invited(id));
    };
    let mut text = head(id, &file, &view);
    let reported = reporter::Page::of(&file, &view, &viewer, now);
    if let Some(page) = &reported {
        text.push_str(&page.text());
    }
    if let Some(record) = view.record.as_deref() {
        text.push_str(&body(record));
        text.push_str(&applies::in_words(&applies::rows(record, &file.entries)));
        if view.insider {
            text.push_str(&applies::waiting_in_words(file.policy(), record));
            text.push_str(&steps(&file, &viewer, record, now));
            text.push_str(&clock_lines(&clocks(file.policy(), record, now), now));
            text.push_str(&audience(&file, record));
            text.push_str(&exposure(&file));
        }
    }
    let value = shape::case(id, &file, &view, &viewer, now);
    out.show(&text, &value)
}

fn head(id: CaseId, file: &CaseFile, view: &View<'_>) -> String {
    let mut text = format!("case {id} of {}\n", file.policy().publisher.name);
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "  {name:<10} {}", printable(&value));
    };
    if let Some(record) = view.record.as_deref() {
        line("title", record.title.to_string());
        line("stands", standing(record));
    }
    if let Some(number) = view.number {
        line("number", number.to_owned());
    }
    if !view.cves.is_empty() {
        line("CVE", view.cves.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
    }
    if let Some(rating) = view.rating {
        line("severity", rating.to_string());
    }
    if let Some(planned) = view.planned {
        line("planned", planned.readable());
    }
    for version in &view.versions {
        line("version", format!("{}, {}", version.number, stage(version.stage)));
    }
    text
}

fn stage(stage: Stage) -> String {
    match stage {
        Stage::Draft => "being written".to_owned(),
        Stage::Staged { at } => format!("staged for {}", at.readable()),
        Stage::Public { at } => format!("public since {}", at.readable()),
    }
}

fn body(case: &Case) -> String {
    let mut text = String::new();
    for report in &case.reports {
        let from = report.from.as_deref().unwrap_or("somebody without an address");
        let _ = writeln!(text, "\nreport from {}\n", printable(from));
        for known in &report.standing {
            let _ = writeln!(text, "  # {}", printable(known));
        }
        for line in report.text.lines().take(40) {
            let _ = writeln!(text, "  | {}", printable(line));
        }
        for fault in &report.faults {
            let _ = writeln!(text, "  ! {}", printable(fault));
        }
    }
    if !case.releases.is_empty() {
        let rows: Vec<Vec<String>> = case
            .releases
            .iter()
            .map(|work| {
                let test = work.test.map(|outcome| format!("{outcome:?}").to_lowercase()).unwrap_or_default();
                let patch = work.patch.as_ref().map(|patch| patch.name.clone()).unwrap_or_default();
                let commit =
                    work.commit.as_deref().and_then(|id| id.get(..12)).unwrap_or_default().to_owned();
                vec![work.release.to_string(), patch, test, commit, work.version.clone().unwrap_or_default()]
            })
            .collect();
        let _ = writeln!(text, "\n{}", table(&["release", "patch", "test", "commit", "released"], &rows));
    }
    text
}

/// What can be done next, and what not yet and why: the rules themselves are asked.
fn steps(file: &CaseFile, viewer: &Actor, case: &Case, now: Instant) -> String {
    let policy = file.policy();
    let mine = case.roles_of(policy, viewer);
    let (mut next, mut later) = (Vec::new(), Vec::new());
    for step in policy.steps.iter().filter(|step| step.by.meets(mine) && !done(case, step)) {
        match possible(policy, case, viewer, step, now) {
            Ok(()) => next.push(vec![step.act.to_string(), step.title.clone(), step.clause.clone()]),
            Err(Refusal::TooLate { .. }) => {}
            Err(refusal) => {
                let told = refusal.explain(policy);
                let why =
                    if told.needed.is_empty() { told.why.replace(OUT_OF_MODEL, "") } else { told.needed };
                later.push(vec![step.act.to_string(), why, step.clause.clone()]);
            }
        }
    }
    let next = if next.is_empty() { String::new() } else { table(&["step", "", "rule"], &next) };
    if case.rm == Rm::Closed {
        return format!("\nwhat you can do\n{next}\nthe case is closed\n");
    }
    format!("\nwhat you can do\n{next}\nnot yet\n{}", table(&["step", "what it waits for", "rule"], &later))
}

fn clock_lines(all: &[Clock<'_>], now: Instant) -> String {
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|clock| {
            let stands = match clock.standing {
                Standing::Running => "running".to_owned(),
                Standing::Late => "LATE".to_owned(),
                Standing::Met { at } => format!("met {}", at.readable()),
            };
            let started = format!("{} ({})", clock.rule.starts, clock.started.readable());
            vec![clock.rule.title.clone(), clock.due.readable(), stands, started, clock.rule.clause.clone()]
        })
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    format!(
        "\nclocks at {}\n{}",
        now.readable(),
        table(&["obligation", "due", "stands", "started by", "rule"], &rows)
    )
}

/// Who may see what, by role.
fn audience(file: &CaseFile, case: &Case) -> String {
    let policy = file.policy();
    let rows: Vec<Vec<String>> = policy
        .role_ids()
        .filter_map(|role| {
            let items: Vec<&str> = items_of(policy, case, role).iter().map(|item| item.name()).collect();
            let shown = if items.is_empty() { "nothing".to_owned() } else { items.join(", ") };
            Some(vec![policy.role_at(role)?.title.clone(), shown])
        })
        .collect();
    format!("\nwho may know what now\n{}", table(&["role", "items"], &rows))
}

fn exposure(file: &CaseFile) -> String {
    exposed_hours(&file.entries).map_or_else(String::new, |hours| {
        format!("\nthe first public commit came {hours} hours before the announcement (CS-12)\n")
    })
}

pub(super) async fn log(engine: &Engine, id: CaseId, who: &Slug, out: &Out) -> Result<(), Failure> {
    let (file, viewer) = engine.open_case(id, who).await?;
    let Some(view) = file.view(&viewer) else {
        return Err(crate::engine::EngineError::NoSuchCase(id).into());
    };
    let entries: Vec<_> = file.log(&view).collect();
    let rows: Vec<Vec<String>> = entries
        .iter()
        .map(|entry| vec![entry.at.readable(), entry.by.name().to_owned(), event_line(&entry.event)])
        .collect();
    out.show(&table(&["when", "who", "what"], &rows), &lines(&entries))
}

/// What an action brought about.
pub(super) fn performed(id: CaseId, done: &Performed, out: &Out) -> Result<(), Failure> {
    let lines: Vec<String> = done.entries.iter().map(|entry| event_line(&entry.event)).collect();
    out.show(&lines.join("\n"), &shape::performed(id, &done.entries))
}

pub(super) async fn duplicates(engine: &Engine, id: CaseId, who: &Slug, out: &Out) -> Result<(), Failure> {
    let (file, viewer) = engine.open_case(id, who).await?;
    let insider = file.view(&viewer).filter(|view| view.insider);
    let Some(record) = insider.as_ref().and_then(|view| view.record.as_deref()) else {
        return Err(crate::engine::EngineError::NoSuchCase(id).into());
    };
    let (mut rows, mut values) = (Vec::new(), Vec::new());
    for (other, viewer) in engine.visible_cases(Some(file.project()), who, true).await? {
        let Some(view) = other.view(&viewer).filter(|view| view.insider) else { continue };
        let Some(theirs) = view.record.as_deref().filter(|theirs| theirs.id != id) else { continue };
        let shared = similar::shared(record, theirs);
        if !shared.is_empty() {
            let reasons: Vec<String> = shared.iter().map(ToString::to_string).collect();
            values.push(json!({"case": theirs.id.to_string(), "shared": reasons}));
            rows.push(vec![theirs.id.to_string(), theirs.title.to_string(), reasons.join("; ")]);
        }
    }
    let text = if rows.is_empty() {
        "no open case looks like it".to_owned()
    } else {
        table(&["case", "title", "what they share"], &rows)
    };
    out.show(&text, &json!(values))
}
