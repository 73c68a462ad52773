//! `tidegate certificate ...`: no instance is needed.

use crate::engine::clock::{Clock as _, SystemClock};
use crate::out::{Failure, Out, printable};
use clap::Subcommand;
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use tidegate_domain::certificate::check::check;
use tidegate_domain::certificate::{
    Date, NotDone, Role, Rules, Tried, View, dates, read, read_history, try_out, view,
};
use tidegate_domain::time::Instant;

#[derive(Debug, Subcommand)]
pub(super) enum Certificate {
    /// Say what a policy makes of a provider's history: how the public sees it, what was refused, and which dates
    /// lie ahead.
    Try {
        /// The policy for certificates.
        policy: PathBuf,
        /// What the provider and the authority did, in the order of time.
        events: PathBuf,
        /// The instant in question; what comes later is left out. By default now.
        #[arg(long, value_name = "INSTANT")]
        at: Option<Instant>,
    },
}

impl Certificate {
    pub(super) fn run(self, out: &Out) -> Result<(), Failure> {
        let Certificate::Try { policy, events, at } = self;
        let at = at.unwrap_or_else(|| SystemClock::start().now());
        let faulty = |path: &Path, faults: &[_]| Failure::faults(&path.display().to_string(), faults);
        let rules = read(&text(&policy)?).map_err(|faults| faulty(&policy, &faults))?;
        let findings = check(&rules).findings.len();
        if findings > 0 {
            let policy = policy.display();
            out.note(&format!(
                "tidegate: {policy} is not sound ({findings} findings): see `tidegate policy check {policy}`"
            ));
        }
        let (who, happenings) = read_history(&text(&events)?).map_err(|faults| faulty(&events, &faults))?;
        let tried = try_out(&rules, &happenings, at);
        let seen = view(&rules, &tried.certificate, &tried.entries, at);
        let ahead = dates(&rules, &tried.certificate, at);
        let words = words(&rules, &who, at, &seen, &tried, &ahead);
        out.show(&printable(&words), &told(&rules, &who, at, &seen, &tried, &ahead))
    }
}

fn text(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| Failure::file(path, &error))
}

fn words(
    rules: &Rules,
    (provider, deployment): &(String, String),
    at: Instant,
    seen: &View,
    tried: &Tried,
    ahead: &[Date],
) -> String {
    let mut text = format!("{deployment} of {provider}, under {}, at {at}\n\n", rules.id);
    let status = seen.status.as_deref().unwrap_or("private, under this policy");
    let _ = writeln!(text, "As the public sees it: {status}");
    for (when, what) in &seen.history {
        let _ = writeln!(text, "  {when}  {what}");
    }
    if seen.history.is_empty() {
        let _ = writeln!(text, "  nothing in the last {}", rules.public.reaches);
    }
    if !ahead.is_empty() {
        text.push_str("\nWhat lies ahead:\n");
    }
    for date in ahead {
        let when = date.at.map_or_else(|| "no date".to_owned(), |at| at.to_string());
        let who: Vec<&str> = date.by.iter().copied().map(Role::phrase).collect();
        let late = if date.is_late { ", LATE" } else { "" };
        let _ = writeln!(text, "  {when}{late}  {}: {} [{}]", who.join(" or "), date.what, date.clause);
    }
    if !tried.refused.is_empty() {
        text.push_str("\nRefused, and so it didn't happen:\n");
    }
    for NotDone { at, by, verb, why } in &tried.refused {
        let why = why.to_string().replace('\n', "\n    ");
        let _ = writeln!(text, "  {at}  {} wanted to {}: {why}", by.role.phrase(), verb.phrase());
    }
    text
}

fn told(
    rules: &Rules,
    (provider, deployment): &(String, String),
    at: Instant,
    seen: &View,
    tried: &Tried,
    ahead: &[Date],
) -> Value {
    let history = seen.history.iter().map(|(at, what)| json!({"at": at.to_string(), "what": what}));
    let dates = ahead.iter().map(|date| {
        json!({
            "at": date.at.map(|at| at.to_string()), "what": date.what, "late": date.is_late,
            "by": date.by.iter().copied().map(Role::name).collect::<Vec<_>>(), "clause": date.clause,
        })
    });
    let refused = tried.refused.iter().map(|not| {
        json!({
            "at": not.at.to_string(), "by": not.by.role.name(), "does": not.verb.name(), "why": not.why.why,
            "clause": not.why.clause, "needed": not.why.needed,
        })
    });
    json!({
        "policy": rules.id.as_str(), "provider": provider, "deployment": deployment, "at": at.to_string(),
        "public": {"status": seen.status, "history": history.collect::<Vec<_>>()},
        "dates": dates.collect::<Vec<_>>(), "refused": refused.collect::<Vec<_>>(),
    })
}
