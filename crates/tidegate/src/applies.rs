//! The matrix of a case, release by tree: where its patches apply, and who tested them. One for every door.

use crate::out::printable;
use serde_json::{Value, json};
use std::fmt::Write as _;
use tidegate_domain::case::applies::Prerequisite;
use tidegate_domain::case::machines::Rm;
use tidegate_domain::case::resolution::OpenRelease;
use tidegate_domain::case::{Case, Entry, Event, Forecast, Found, Reason, TestOutcome, TreeCheck};
use tidegate_domain::id::Slug;
use tidegate_domain::policy::vocabulary::{BuiltFact, Fact};
use tidegate_domain::policy::{Policy, Step};

/// The step that waits until every affected release is resolved, and the releases that are not.
#[derive(Clone, Debug)]
pub struct Waiting<'p> {
    /// The first step of the policy that waits for it.
    pub step: &'p Step,
    /// Never empty.
    pub releases: Vec<OpenRelease>,
}

/// What keeps the advisory from being complete, where the policy asks for that and the case is being worked on.
#[must_use]
pub fn waiting<'p>(policy: &'p Policy, case: &Case) -> Option<Waiting<'p>> {
    let resolved = Fact::Built(BuiltFact::ResolvedEverywhere);
    let step = policy.steps.iter().find(|step| step.after.contains(&resolved))?;
    let releases = if case.rm == Rm::Accepted { case.open_releases() } else { Vec::new() };
    (!releases.is_empty()).then_some(Waiting { step, releases })
}

/// The same for a terminal.
#[must_use]
pub fn waiting_in_words(policy: &Policy, case: &Case) -> String {
    let Some(Waiting { step, releases }) = waiting(policy, case) else { return String::new() };
    let mut text = format!("\nthe advisory is not complete: `{}` waits [{}]\n", step.act, step.clause);
    for open in releases {
        let _ = writeln!(text, "  not yet: {}", printable(&open.to_string()));
    }
    text
}

/// The same for programs.
#[must_use]
pub fn waiting_value(policy: &Policy, case: &Case) -> Value {
    let releases = waiting(policy, case).map(|waiting| waiting.releases).unwrap_or_default();
    let one = |open: &OpenRelease| json!({"release": open.release.as_str(), "lacks": open.gap.to_string()});
    releases.iter().map(one).collect()
}

/// How one release stands on one of its trees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row<'c> {
    /// The release.
    pub release: &'c Slug,
    /// What was found; `None` where the project has no trees for the release.
    pub check: Option<&'c TreeCheck>,
    /// Whether the release has no patch of its own, and that of another one was tried on it.
    pub borrowed: bool,
    /// What the test of the release's own patch showed, and who tested.
    pub test: Option<(TestOutcome, &'c str)>,
    /// Whether the patch applies to the staging branch: in the first row of each release.
    pub forecast: Option<&'c Forecast>,
    /// Why the release has no patch that is found to apply.
    pub reason: Option<Reason>,
}

/// The matrix; empty where nothing was checked yet.
#[must_use]
pub fn rows<'c>(case: &'c Case, log: impl IntoIterator<Item = &'c Entry>) -> Vec<Row<'c>> {
    if case.releases.iter().all(|work| work.checks.is_empty() && work.reason.is_none()) {
        return Vec::new();
    }
    let testers: Vec<(&Slug, &str)> = log
        .into_iter()
        .filter_map(|entry| match &entry.event {
            Event::Tested { release, .. } => Some((release, entry.by.name())),
            _ => None,
        })
        .collect();
    let mut rows = Vec::new();
    for work in &case.releases {
        let tester = testers.iter().rev().find(|(release, _)| **release == work.release);
        let test = work.test.zip(tester.map(|(_, name)| *name));
        let (release, reason, borrowed) = (&work.release, work.reason, work.patch.is_none());
        let row = |check| Row { release, check, borrowed, test, forecast: None, reason };
        let first = rows.len();
        if work.checks.is_empty() {
            rows.push(row(None));
        }
        rows.extend(work.checks.iter().map(|check| row(Some(check))));
        if let Some(row) = rows.get_mut(first) {
            row.forecast = work.forecast.as_ref();
        }
    }
    rows
}

impl Row<'_> {
    /// What was found, in a few words. A text that applies is never said to work.
    #[must_use]
    pub fn stands(&self) -> String {
        let found = match self.check {
            Some(check) => stands(&check.found),
            None if self.reason.is_some() => return self.reason.map_or("", Reason::phrase).to_owned(),
            None => "no tree of this release is known".to_owned(),
        };
        self.reason.map_or(found.clone(), |reason| format!("{}; {found}", reason.phrase()))
    }

    /// The test, in a few words.
    #[must_use]
    pub fn tested(&self) -> String {
        match self.test {
            _ if self.reason.is_some_and(|reason| !reason.has_patch()) => String::new(),
            _ if self.borrowed => "no patch of its own yet".to_owned(),
            Some((TestOutcome::Pass, name)) => format!("passed ({name})"),
            Some((TestOutcome::Fail, name)) => format!("failed ({name})"),
            None => "not yet".to_owned(),
        }
    }

    /// How the patch stands on the staging branch, in a few words; nothing where that is not known.
    #[must_use]
    pub fn forecast(&self) -> String {
        self.forecast.map_or_else(String::new, |known| format!("{} on {}", known.outlook, known.branch))
    }

    /// The commits that must come first.
    #[must_use]
    pub fn prerequisites(&self) -> &[Prerequisite] {
        self.check.map_or(&[], |check| check.found.prerequisites())
    }

    /// The tree that comes out.
    #[must_use]
    pub fn tree(&self) -> Option<&str> {
        self.check.and_then(|check| check.found.tree())
    }
}

/// What a check found, in a few words.
#[must_use]
pub fn stands(found: &Found) -> String {
    match found {
        Found::Applies { .. } => "applies".to_owned(),
        Found::Needs { commits, .. } if commits.len() == 1 => "needs 1 prerequisite".to_owned(),
        Found::Needs { commits, .. } => format!("needs {} prerequisites", commits.len()),
        Found::There { commit: None } => "is there already".to_owned(),
        Found::There { commit: Some(commit) } => format!("is there already, by {}", short(commit)),
        Found::Fails { file, line: 0 } => format!("fails: {file}"),
        Found::Fails { file, line } => format!("fails: {file}, line {line}"),
        Found::Unchecked { why } => format!("not checked: {why}"),
    }
}

/// The first digits of an object's name, enough for people.
#[must_use]
pub fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

/// The matrix for a terminal.
#[must_use]
pub fn in_words(rows: &[Row<'_>]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let lines: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let name = row.check.map_or_else(String::new, |check| printable(&check.name));
            let tree = row.tree().map(short).unwrap_or_default().to_owned();
            let stands = printable(&row.stands());
            vec![row.release.to_string(), name, stands, tree, row.tested(), printable(&row.forecast())]
        })
        .collect();
    let heading = ["release", "on", "the patch", "resulting tree", "tested", "forecast"];
    let mut text = format!("\nwhere the patches apply\n{}", crate::out::table(&heading, &lines));
    for row in rows.iter().filter(|row| !row.prerequisites().is_empty()) {
        let name = row.check.map_or_else(String::new, |check| printable(&check.name));
        let _ = writeln!(text, "\nprerequisites on {name}, in this order");
        for commit in row.prerequisites() {
            let mark = if commit.security { " [advisory]" } else { "" };
            let _ = writeln!(text, "  {} {}{mark}", commit.commit, printable(&commit.subject));
            let _ = writeln!(text, "    needed by {}", printable(&commit.needed_by));
        }
    }
    text
}

/// The matrix for programs.
#[must_use]
pub fn value(rows: &[Row<'_>]) -> Value {
    let one = |row: &Row<'_>| {
        json!({
            "release": row.release.as_str(),
            "check": row.check,
            "own_patch": !row.borrowed,
            "reason": row.reason.map(Reason::name),
            "forecast": row.forecast,
            "test": row.test.map(|(outcome, by)| json!({"outcome": outcome, "by": by})),
        })
    };
    rows.iter().map(one).collect()
}
