//! `tidegate list ...`: the predisclosure list. Trying out a policy needs no instance.

use super::listed::Listed;
use super::policy;
use crate::out::{Failure, Kind, Out, table};
use clap::Subcommand;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tidegate_domain::admission::{self, Application, Lack, Outcome, outcome};
use tidegate_domain::policy::Policy;
use tidegate_domain::policy::list::ListRules;

#[derive(Debug, Subcommand)]
pub(super) enum List {
    /// Run applications against a policy: who would be in, who out, and why (XEN-26). Nothing is sent or kept.
    Try {
        /// The policy file.
        policy: PathBuf,
        /// A folder of applications, or one of them.
        applications: PathBuf,
        /// A second policy, shown beside the first.
        #[arg(long, value_name = "POLICY")]
        beside: Option<PathBuf>,
    },
    #[command(flatten)]
    Kept(Listed),
}

/// One application under each policy.
struct Tried {
    name: String,
    organisation: String,
    outcomes: Vec<Outcome>,
}

impl Tried {
    /// Whether somebody would be in under one policy and out under the other; the reasons may differ anyway.
    fn differs(&self) -> bool {
        self.outcomes.windows(2).any(|two| two.first().map(brief) != two.last().map(brief))
    }
}

impl List {
    /// What needs no instance.
    pub(super) fn alone(self, out: &Out) -> Result<(), Failure> {
        let List::Try { policy: first, applications, beside } = self else { return Ok(()) };
        let policies: Vec<Policy> = [Some(first), beside]
            .into_iter()
            .flatten()
            .map(|path| policy::read(&path))
            .collect::<Result<_, _>>()?;
        let rules: Vec<&ListRules> = policies.iter().map(rules).collect::<Result<_, _>>()?;
        let mut tried = Vec::new();
        for path in files(&applications)? {
            let application = read(&path)?;
            let outcomes =
                rules.iter().map(|rules| outcome(rules, &application, &application.rulings)).collect();
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            tried.push(Tried { name, organisation: application.organisation, outcomes });
        }
        let value: Vec<Value> = tried.iter().map(|tried| as_json(tried, &policies)).collect();
        out.show(&in_words(&tried, &policies), &json!(value))
    }
}

fn rules(policy: &Policy) -> Result<&ListRules, Failure> {
    policy.list.as_ref().ok_or_else(|| {
        let what = format!("the policy {} has no rules for a list", policy.id);
        Failure::of(Kind::Faults, format!("{what}: write [list], as docs/policy.md shows"))
    })
}

/// The files to read, in the order of their names.
fn files(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(|error| Failure::file(path, &error))? {
        let file = entry.map_err(|error| Failure::file(path, &error))?.path();
        if file.extension().is_some_and(|ending| ending == "toml") {
            files.push(file);
        }
    }
    files.sort();
    if files.is_empty() {
        let what = format!("{}: there is no application: none of its files ends in .toml", path.display());
        return Err(Failure::of(Kind::NotFound, what));
    }
    Ok(files)
}

pub(super) fn read(path: &Path) -> Result<Application, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| Failure::file(path, &error))?;
    admission::read(&text).map_err(|fault| Failure::faults(&path.display().to_string(), &[fault]))
}

fn in_words(tried: &[Tried], policies: &[Policy]) -> String {
    let mut heading = vec!["application"];
    heading.extend(policies.iter().map(|policy| policy.id.as_str()));
    heading.push("");
    let rows = tried.iter().map(|tried| {
        let name = std::iter::once(tried.name.clone());
        let outcomes = tried.outcomes.iter().map(|outcome| brief(outcome).to_owned());
        let differs = if tried.differs() { "differs" } else { "" };
        name.chain(outcomes).chain([differs.to_owned()]).collect()
    });
    let mut text = table(&heading, &rows.collect::<Vec<_>>());
    for tried in tried {
        for (outcome, policy) in tried.outcomes.iter().zip(policies) {
            let why = reasons(outcome, policy);
            if !why.is_empty() {
                text.push_str(&format!("\n{} ({}) under {}:\n", tried.name, tried.organisation, policy.id));
                why.iter().for_each(|line| text.push_str(&format!("  {line}\n")));
            }
        }
    }
    text
}

fn brief(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Incomplete(_) => "out: incomplete",
        Outcome::Open(_) => "complete: for the team to decide",
        Outcome::NotMet(_) => "out: criteria not met",
        Outcome::Member => "in",
    }
}

fn reasons(outcome: &Outcome, policy: &Policy) -> Vec<String> {
    let question = |id: &tidegate_domain::id::Slug| {
        let criteria = policy.list.iter().flat_map(|rules| &rules.criteria);
        criteria
            .filter(|criterion| criterion.id == *id)
            .map(|criterion| format!("{} ({})", criterion.question, criterion.clause))
            .collect::<String>()
    };
    match outcome {
        Outcome::Incomplete(lacks) => lacks.iter().map(lack_line).collect(),
        Outcome::Open(criteria) => criteria.iter().map(|id| format!("open: {}", question(id))).collect(),
        Outcome::NotMet(criteria) => criteria.iter().map(|id| format!("no: {}", question(id))).collect(),
        Outcome::Member => Vec::new(),
    }
}

pub(super) fn lack_line(lack: &Lack) -> String {
    format!("{}: {}. {} ({})", lack.title, lack.what, lack.advice, lack.clause)
}

fn as_json(tried: &Tried, policies: &[Policy]) -> Value {
    let under = tried.outcomes.iter().zip(policies).map(|(outcome, policy)| {
        let (word, lacks, criteria) = match outcome {
            Outcome::Incomplete(lacks) => ("incomplete", lacks.as_slice(), &[][..]),
            Outcome::Open(criteria) => ("open", &[][..], criteria.as_slice()),
            Outcome::NotMet(criteria) => ("not_met", &[][..], criteria.as_slice()),
            Outcome::Member => ("member", &[][..], &[][..]),
        };
        let lacks: Vec<Value> = lacks
            .iter()
            .map(|lack| json!({"ask": lack.ask.as_str(), "what": lack.what, "advice": lack.advice, "clause": lack.clause}))
            .collect();
        let criteria: Vec<&str> = criteria.iter().map(|id| id.as_str()).collect();
        json!({"policy": policy.id.as_str(), "outcome": word, "lacks": lacks, "criteria": criteria})
    });
    json!({
        "application": tried.name,
        "organisation": tried.organisation,
        "under": under.collect::<Vec<_>>(),
        "differs": tried.differs(),
    })
}
