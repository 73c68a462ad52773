//! `tidegate policy ...`: no instance is needed for any of it.

use crate::out::{Failure, Kind, Out, printable, table};
use crate::pages;
use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tidegate_domain::certificate;
use tidegate_domain::policy::check::{self, Phase, Roles};
use tidegate_domain::policy::compare::{Difference, compare};
use tidegate_domain::policy::{self, Policy as Rules};

#[derive(Debug, Subcommand)]
pub(super) enum Policy {
    /// Prove policies sound: visit every state, and show the shortest way to each mistake.
    Check {
        /// Policy files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Say what changes when one policy takes the place of another: by rule and in words, not line by line.
    Diff {
        /// The policy file in force.
        before: PathBuf,
        /// The policy file to compare with it.
        after: PathBuf,
    },
    /// Print the policy as a page for people.
    Page {
        /// The policy file.
        file: PathBuf,
        /// The form.
        #[arg(long, value_enum, default_value_t = Form::Markdown)]
        form: Form,
        /// The file to write; standard output by default.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Print who may do what, when: role by step by phase, from every reachable state.
    Matrix {
        /// The policy file.
        file: PathBuf,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Form {
    /// Markdown.
    Markdown,
    /// HTML.
    Html,
}

impl Policy {
    pub(super) fn run(self, out: &Out) -> Result<(), Failure> {
        match self {
            Policy::Check { files } => check_all(&files, out),
            Policy::Diff { before, after } => {
                let (before, after) = (read(&before)?, read(&after)?);
                let differences = compare(&before, &after);
                let value = json!({
                    "before": before.id.as_str(),
                    "after": after.id.as_str(),
                    "differences": differences.iter().map(difference_json).collect::<Vec<_>>(),
                });
                out.show(&printable(&differences_in_words(&before, &after, &differences)), &value)
            }
            Policy::Page { file, form, out: target } => {
                let (id, page) = page(&file, form)?;
                match target {
                    Some(path) => {
                        std::fs::write(&path, page).map_err(|error| Failure::file(&path, &error))?;
                        out.show("", &json!({"policy": id, "file": path.display().to_string()}))
                    }
                    None => out.show(&page, &json!({"policy": id, "page": page})),
                }
            }
            Policy::Matrix { file } => {
                let rules = read(&file)?;
                let lines = matrix_lines(&rules);
                let value: Vec<_> = lines.iter().map(MatrixLine::to_json).collect();
                out.show(&matrix_table(&lines), &json!(value))
            }
        }
    }
}

/// Reads a policy file, or says where its faults are.
pub(super) fn read(path: &Path) -> Result<Rules, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| Failure::file(path, &error))?;
    if certificate::is_rules(&text) {
        let message = format!(
            "{}: it is a policy for certificates\n  `policy check`, `policy page` and `certificate try` read it.",
            path.display()
        );
        return Err(Failure::of(Kind::Usage, message));
    }
    policy::read(&text).map_err(|faults| Failure::faults(&path.display().to_string(), &faults))
}

/// The id of a policy of either kind, and its page.
fn page(file: &Path, form: Form) -> Result<(String, String), Failure> {
    if let Some(rules) = certificates(file)? {
        return match form {
            Form::Markdown => Ok((rules.id.to_string(), pages::certificate_markdown(&rules))),
            Form::Html => {
                let message = "a policy for certificates is printed as Markdown alone";
                Err(Failure::of(Kind::Usage, format!("{}: {message}", file.display())))
            }
        };
    }
    let rules = read(file)?;
    let page = match form {
        Form::Markdown => pages::policy_markdown(&rules),
        Form::Html => pages::policy_html(&rules, &pages::PolicyLinks::default()),
    };
    Ok((rules.id.to_string(), page))
}

/// The policy for certificates in a file; none where it is of the other kind.
fn certificates(file: &Path) -> Result<Option<certificate::Rules>, Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| Failure::file(file, &error))?;
    if !certificate::is_rules(&text) {
        return Ok(None);
    }
    let faulty = |faults: Vec<_>| Failure::faults(&file.display().to_string(), &faults);
    certificate::read(&text).map(Some).map_err(faulty)
}

fn check_all(files: &[PathBuf], out: &Out) -> Result<(), Failure> {
    let (mut text, mut values, mut unsound) = (String::new(), Vec::new(), 0);
    for file in files {
        let (id, report) = checked(file)?;
        unsound += usize::from(!report.findings.is_empty());
        text.push_str(&in_words(file, &report));
        values.push(json!({
            "file": file.display().to_string(),
            "policy": id,
            "sound": report.findings.is_empty(),
            "states": report.states,
            "transitions": report.transitions,
            "findings": report.findings.iter().map(|finding| json!({
                "kind": finding.kind.name(), "what": finding.what, "path": finding.path,
            })).collect::<Vec<_>>(),
        }));
    }
    out.show(&text, &json!(values))?;
    if unsound == 0 {
        Ok(())
    } else {
        Err(Failure::of(Kind::Faults, format!("{unsound} of {} policies are not sound", files.len())))
    }
}

/// The id of a policy of either kind, and what checking it showed.
fn checked(file: &Path) -> Result<(String, check::Report), Failure> {
    if let Some(rules) = certificates(file)? {
        return Ok((rules.id.to_string(), certificate::check::check(&rules)));
    }
    let rules = read(file)?;
    Ok((rules.id.to_string(), check::check(&rules)))
}

fn in_words(file: &Path, report: &check::Report) -> String {
    let verdict = if report.findings.is_empty() { "sound" } else { "NOT SOUND" };
    let mut text = format!(
        "{}: {verdict}; {} states and {} transitions visited\n",
        file.display(),
        report.states,
        report.transitions
    );
    for finding in &report.findings {
        text.push_str(&format!("\n  {}: {}\n", finding.kind.name(), finding.what));
        if !finding.path.is_empty() {
            text.push_str("  the shortest way there:\n");
        }
        for (number, step) in (1..).zip(&finding.path) {
            text.push_str(&format!("    {number}. {step}\n"));
        }
    }
    text
}

fn difference_json(difference: &Difference) -> Value {
    json!({
        "part": difference.part,
        "rule": difference.rule,
        "clause": difference.clause,
        "change": difference.change.name(),
        "what": difference.what,
    })
}

fn differences_in_words(before: &Rules, after: &Rules, differences: &[Difference]) -> String {
    let mut text = format!("from {} to {}: ", before.id, after.id);
    if differences.is_empty() {
        text.push_str("the same rules\n");
        return text;
    }
    text.push_str(&format!("rules that differ: {}\n", differences.len()));
    let mut part = "";
    for difference in differences {
        if difference.part != part {
            part = difference.part;
            text.push_str(&format!("\n{part}\n"));
        }
        let clause = match difference.clause.as_str() {
            "" => String::new(),
            clause => format!(" [{clause}]"),
        };
        text.push_str(&format!("  {}: {}{clause}\n", difference.change.name(), difference.rule));
        for what in &difference.what {
            text.push_str(&format!("    {what}\n"));
        }
    }
    text
}

/// The permission matrix: a line per step and role, a column per phase.
#[must_use]
pub fn matrix(rules: &Rules) -> String {
    matrix_table(&matrix_lines(rules))
}

/// In which phases a role may do a step.
struct MatrixLine {
    step: String,
    role: String,
    phases: Vec<Phase>,
}

impl MatrixLine {
    fn to_json(&self) -> Value {
        let phases: Vec<&str> = self.phases.iter().map(|phase| phase.name()).collect();
        json!({"step": self.step, "role": self.role, "phases": phases})
    }
}

fn matrix_lines(rules: &Rules) -> Vec<MatrixLine> {
    let exploration = check::explore(rules, Roles::Every);
    let mut lines = Vec::new();
    for (index, step) in rules.steps.iter().enumerate() {
        for id in rules.role_ids() {
            let Some(role) = rules.role_at(id).map(|role| role.id.to_string()) else { continue };
            let may = |phase: &Phase| exploration.permits(index, id, *phase);
            let phases = Phase::ALL.iter().copied().filter(may).collect();
            lines.push(MatrixLine { step: step.act.to_string(), role, phases });
        }
    }
    lines
}

fn matrix_table(lines: &[MatrixLine]) -> String {
    let mut heading = vec!["step", "role"];
    heading.extend(Phase::ALL.iter().map(|phase| phase.name()));
    let row = |line: &MatrixLine| {
        let may = |phase: &Phase| if line.phases.contains(phase) { "yes" } else { "-" };
        let cells = Phase::ALL.iter().map(|phase| may(phase).to_owned());
        [line.step.clone(), line.role.clone()].into_iter().chain(cells).collect()
    };
    table(&heading, &lines.iter().map(row).collect::<Vec<Vec<String>>>())
}
