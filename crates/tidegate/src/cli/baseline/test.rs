//! `tidegate baseline test`.

use super::check::read;
use crate::out::{Failure, Kind, Out, printable};
use crate::testrun::{Config, Report, Sandbox, run};
use clap::Args;
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use tidegate_baseline::apply::Workshop;
use tidegate_baseline::archive::archive;
use tidegate_baseline::check::{Answer, Request, Series, check};
use tidegate_baseline::security::Pattern;

/// Lines of a failed run's output that are shown; the log has more.
const SHOWN_LINES_MAX: usize = 20;

#[derive(Debug, Args)]
pub(in crate::cli) struct Test {
    /// The repository, bare or with a work tree. It is only read.
    #[arg(long, value_name = "DIR")]
    repo: PathBuf,
    /// The release: a tag, a branch of security fixes, or any commit.
    #[arg(long, value_name = "TAG")]
    release: String,
    /// The branch whose commits may come first; by default, up to the last commit of the series.
    #[arg(long, value_name = "NAME")]
    branch: Option<String>,
    /// The test runs, and the limits of each: see the manual, Baseline.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Write the log of each test run into this folder, as NAME.log.
    #[arg(long, value_name = "DIR")]
    logs: Option<PathBuf>,
    /// Commits that make up the series, in order.
    #[arg(long, value_name = "A,B", value_delimiter = ',', conflicts_with = "patches")]
    commits: Vec<String>,
    /// Patch files that make up the series, in order. Without any, the release is tested as it stands.
    #[arg(value_name = "PATCH")]
    patches: Vec<PathBuf>,
}

impl Test {
    pub(super) fn run(self, out: &Out) -> Result<(), Failure> {
        let (name, text) = read(&self.config)?;
        let config = Config::read(&String::from_utf8_lossy(&text))
            .map_err(|fault| Failure::faults(&name, &[fault]))?;
        // Before anything else is done: nothing is run that cannot be shut in.
        for test_run in &config.test_run {
            config.sandbox.ready(test_run).map_err(|error| Failure::plain(error.to_string()))?;
        }
        let series = if self.commits.is_empty() {
            Series::Files(self.patches.iter().map(|path| read(path)).collect::<Result<_, _>>()?)
        } else {
            Series::Commits(self.commits.clone())
        };
        let request = Request { release: self.release.clone(), branch: self.branch.clone(), series };
        let mut shop = Workshop::open(&self.repo)?;
        let answer = answer(&mut shop, &request)?;
        let Some(tree) = &answer.tree else {
            let message =
                format!("it does not apply to {}; `tidegate baseline check` says why", self.release);
            return Err(Failure::of(Kind::NeverApplies, message));
        };
        let archive = archive(&mut shop, &request, &answer)?;
        let mut reports = Vec::with_capacity(config.test_run.len());
        for test_run in &config.test_run {
            let report = run(config.sandbox, test_run, archive.clone()).map_err(Failure::io)?;
            if let Some(folder) = &self.logs {
                write_log(folder, &report, &log(&report, tree, config.sandbox))?;
            }
            reports.push(report);
        }
        let green = reports.iter().all(Report::is_green);
        let text = in_words(&self.release, &answer, &reports);
        let runs: Vec<Value> = reports.iter().map(value).collect();
        let told = json!({
            "release": self.release,
            "prerequisites": answer.prerequisites,
            "tree": tree,
            "sandbox": config.sandbox,
            "green": green,
            "runs": runs,
        });
        out.show(&text, &told)?;
        if green {
            return Ok(());
        }
        let red = reports.iter().filter(|report| !report.is_green());
        let names: Vec<&str> = red.map(|report| report.name.as_str()).collect();
        Err(Failure::of(Kind::NeverApplies, format!("not green: {}", names.join(", "))))
    }
}

/// Where the series applies; without one, the release as it stands.
fn answer(shop: &mut Workshop, request: &Request) -> Result<Answer, Failure> {
    if matches!(&request.series, Series::Files(files) if files.is_empty()) {
        let release = shop.resolve(&request.release)?;
        let tree = shop.commit(&release)?.tree.to_string();
        return Ok(Answer { applies: true, tree: Some(tree), ..Answer::default() });
    }
    Ok(check(shop, request, &Pattern::default())?)
}

fn in_words(release: &str, answer: &Answer, reports: &[Report]) -> String {
    let mut text = String::new();
    let tree = answer.tree.as_deref().unwrap_or_default();
    let first = answer.prerequisites.len();
    let how = if answer.applies { "as it stands".to_owned() } else { format!("after {first} prerequisites") };
    let _ = writeln!(text, "Applies to {release} {how}: tree {tree}.");
    for report in reports {
        let seconds = report.elapsed_ms as f64 / 1e3;
        let _ = writeln!(text, "{}: {}, after {seconds:.1} s", report.name, report.ended);
        for tool in &report.tools {
            let _ = writeln!(text, "  {}", printable(tool));
        }
        if !report.is_green() {
            let output = report.output.text();
            let lines: Vec<&str> = output.lines().collect();
            for line in lines.iter().skip(lines.len().saturating_sub(SHOWN_LINES_MAX)) {
                let _ = writeln!(text, "  | {}", printable(line));
            }
        }
    }
    text
}

fn value(report: &Report) -> Value {
    json!({
        "name": report.name,
        "green": report.is_green(),
        "ended": report.ended,
        "elapsed_ms": report.elapsed_ms,
        "tools": report.tools,
        "output": report.output.text(),
        "left_out_bytes": report.output.left_out(),
    })
}

/// What is kept of a run: what was run on what, and all that it said.
fn log(report: &Report, tree: &str, sandbox: Sandbox) -> String {
    let how = match sandbox {
        Sandbox::Bubblewrap => "shut in by bubblewrap",
        Sandbox::None => "not shut in",
    };
    let mut text = format!("test run: {}\ntree: {tree}\nsandbox: {how}\n", report.name);
    for tool in &report.tools {
        let _ = writeln!(text, "tool: {tool}");
    }
    let _ = writeln!(text, "result: {}\nelapsed_ms: {}\n", report.ended, report.elapsed_ms);
    text + &report.output.text()
}

fn write_log(folder: &Path, report: &Report, text: &str) -> Result<(), Failure> {
    std::fs::create_dir_all(folder).map_err(|error| Failure::file(folder, &error))?;
    let path = folder.join(format!("{}.log", report.name));
    std::fs::write(&path, text).map_err(|error| Failure::file(&path, &error))
}
