//! Cases as programs read them: one form for the command line's `--json` and for the API, made of what its one
//! reader may see.

use crate::applies;
use crate::engine::CaseFile;
use crate::out::lines;
use crate::reporter;
use crate::words::exposed_hours;
use serde_json::{Value, json};
use tidegate_domain::audience::View;
use tidegate_domain::case::clock::clocks;
use tidegate_domain::case::{Actor, Case, Entry};
use tidegate_domain::id::{CaseId, Slug};
use tidegate_domain::policy::check::possible;
use tidegate_domain::policy::vocabulary::Fact;
use tidegate_domain::policy::{Act, Step};
use tidegate_domain::time::Instant;

/// A case in a list. What its reader may not see is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) id: String,
    pub(crate) project: Slug,
    pub(crate) number: String,
    pub(crate) stage: String,
    pub(crate) planned: String,
    pub(crate) title: String,
}

impl Line {
    pub(crate) fn of(file: &CaseFile, view: &View<'_>) -> Line {
        let record = view.record.as_deref();
        let cve = view.cves.first().map(ToString::to_string);
        Line {
            id: record.map(|case| case.id.to_string()).unwrap_or_default(),
            project: file.project().clone(),
            number: view.number.map(str::to_owned).or(cve).unwrap_or_default(),
            stage: record.map(standing).unwrap_or_default(),
            planned: view.planned.map(|at| at.readable()).unwrap_or_default(),
            title: record.map(|case| case.title.to_string()).unwrap_or_default(),
        }
    }

    pub(crate) fn value(&self) -> Value {
        json!({
            "case": self.id, "project": self.project.as_str(), "number": self.number,
            "planned": self.planned, "stands": self.stage, "title": self.title,
        })
    }
}

/// A case to which its reader is invited, and of which they see no more yet (CS-20).
pub(crate) fn invited(id: CaseId) -> Value {
    json!({"case": id.to_string(), "invited": true})
}

/// What an action brought about.
pub(crate) fn performed(id: CaseId, entries: &[Entry]) -> Value {
    json!({"case": id.to_string(), "events": lines(&entries)})
}

/// A case, with what its reporter is shown where the viewer is one.
pub(crate) fn case(id: CaseId, file: &CaseFile, view: &View<'_>, viewer: &Actor, now: Instant) -> Value {
    let mut value = value(id, file, view, viewer, now);
    let reported = reporter::Page::of(file, view, viewer, now);
    if let (Some(page), Some(fields)) = (&reported, value.as_object_mut()) {
        fields.insert("reporter".to_owned(), page.value());
    }
    value
}

fn value(id: CaseId, file: &CaseFile, view: &View<'_>, viewer: &Actor, now: Instant) -> Value {
    let policy = file.policy();
    let record = view.record.as_deref();
    json!({
        "case": id.to_string(),
        "project": file.project().as_str(),
        "items": view.items.iter().map(|item| item.name()).collect::<Vec<_>>(),
        "number": view.number,
        "cves": view.cves,
        "planned": view.planned.map(|at| at.to_string()),
        "rating": view.rating,
        "title": record.map(|case| case.title.to_string()),
        "stands": record.map(standing),
        "exposed_hours": record.filter(|_| view.insider).and_then(|_| exposed_hours(&file.entries)),
        "embargo": record.and_then(|case| case.until).map(|at| at.to_string()),
        "applies": record.map(|case| applies::value(&applies::rows(case, &file.entries))),
        "open_releases": record.filter(|_| view.insider).map(|case| applies::waiting_value(policy, case)),
        "facts": record.map(|case| case.facts().iter().map(|(fact, at)| json!({"fact": fact.to_string(), "since": at.to_string()})).collect::<Vec<_>>()),
        "clocks": record.filter(|_| view.insider).map(|case| clocks(policy, case, now).iter().map(|clock| json!({
            "clock": clock.rule.id.as_str(), "due": clock.due.to_string(), "started": clock.started.to_string(),
            "started_by": clock.rule.starts.to_string(), "open": clock.is_open(), "clause": clock.rule.clause,
        })).collect::<Vec<_>>()),
        "steps": record.filter(|_| view.insider).map(|case| policy.steps.iter()
            .filter(|step| step.by.meets(case.roles_of(policy, viewer)))
            .map(|step| json!({
                "step": step.act.to_string(), "clause": step.clause, "done": done(case, step),
                "possible": possible(policy, case, viewer, step, now).is_ok(),
                "waits_for": step.after.iter().filter(|fact| !case.holds(policy, fact)).map(ToString::to_string).collect::<Vec<_>>(),
            })).collect::<Vec<_>>()),
    })
}

/// Where a case stands, in a word or two.
pub(crate) fn standing(case: &Case) -> String {
    tidegate_domain::policy::check::Phase::of(case).name().to_owned()
}

/// Steps whose fact holds need no second time; those without a fact of their own can always come again.
pub(crate) fn done(case: &Case, step: &Step) -> bool {
    match &step.act {
        Act::Built(verb) => verb.establishes().is_some_and(|fact| case.since_built(fact).is_some()),
        Act::Custom(custom) => case.since(&Fact::Custom(custom.clone())).is_some(),
    }
}
