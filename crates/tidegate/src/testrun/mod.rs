//! Test runs (XEN-27): a project's own build and test commands, run on a tree that nobody has built before. What they
//! do is up to whoever wrote the patch, so they run shut in, with limits on time, memory, disk and network.

mod confine;
mod output;
mod run;
mod watch;

pub use confine::{Sandbox, Unavailable};
pub use output::{OUTPUT_BYTES_MAX, Output};
pub use run::{Ended, Report, Stopped, run};

use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::PathBuf;
use tidegate_domain::fault::Fault;

/// Test runs of one configuration.
const RUNS_MAX: usize = 50;
/// Tools of one run whose versions are asked for.
const TOOLS_MAX: usize = 20;
/// Longest run, in seconds: a week.
const TIME_S_MAX: u64 = 7 * 86_400;

/// What is run, and where: a file of its own, in TOML.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What shuts the commands in.
    #[serde(default)]
    pub sandbox: Sandbox,
    /// The runs, one after the other.
    pub test_run: Vec<TestRun>,
}

/// One configuration of the project's build and tests.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestRun {
    /// What it is called.
    pub name: String,
    /// The program and its arguments, run in the work tree. No shell is added.
    pub command: Vec<String>,
    /// Longest time, in seconds.
    pub time_s: u64,
    /// Most memory of all its processes together, and of each, in MiB. The disk is memory too, and comes beside it.
    pub memory_mb: u64,
    /// Largest work tree, and largest `/tmp`, in MiB each.
    pub disk_mb: u64,
    /// Most processes and threads at a time.
    #[serde(default = "processes")]
    pub processes: u64,
    /// Whether it has the network of this machine, what listens here included.
    #[serde(default)]
    pub network: bool,
    /// Further folders that it may read, beside `/usr`.
    #[serde(default)]
    pub read: Vec<PathBuf>,
    /// Commands that say which versions of tools are used: the first line of each is kept.
    #[serde(default)]
    pub tools: Vec<Vec<String>>,
}

fn processes() -> u64 {
    512
}

impl Config {
    /// Reads a configuration.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn read(text: &str) -> Result<Config, Fault> {
        let config: Config = toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            Fault { line, column, what: error.message().to_owned(), advice: String::new() }
        })?;
        let refuse = |what: String, advice: &str| Err(Fault::nowhere(what, advice));
        if config.test_run.is_empty() || config.test_run.len() > RUNS_MAX {
            return refuse(format!("there are 1 to {RUNS_MAX} test runs"), "`[[test_run]]` begins one");
        }
        let names: BTreeSet<&str> = config.test_run.iter().map(|run| run.name.as_str()).collect();
        if names.len() < config.test_run.len() {
            return refuse("two test runs have the same name".to_owned(), "a report tells them by it");
        }
        for run in &config.test_run {
            if let Some(what) = run.fault() {
                return refuse(format!("the test run {:?}: {what}", run.name), "see the manual, Baseline");
            }
        }
        Ok(config)
    }
}

impl TestRun {
    fn fault(&self) -> Option<&'static str> {
        let empty = |command: &Vec<String>| command.first().is_none_or(String::is_empty);
        let limits = [self.memory_mb, self.disk_mb, self.processes];
        let name_fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if self.name.is_empty() || self.name.len() > 100 || !self.name.chars().all(name_fits) {
            Some("its name is 1 to 100 letters, digits and `-_.`")
        } else if empty(&self.command) || self.tools.iter().any(empty) {
            Some("a command is a program and its arguments, as [\"make\", \"check\"]")
        } else if self.tools.len() > TOOLS_MAX {
            Some("it asks for the versions of more than 20 tools")
        } else if self.time_s == 0 || self.time_s > TIME_S_MAX {
            Some("`time_s` is 1 second to a week")
        } else if limits.iter().any(|limit| *limit == 0 || *limit > 1 << 24) {
            Some("`memory_mb`, `disk_mb` and `processes` are 1 to 16777216")
        } else if self.read.iter().any(|path| !path.is_absolute() || path.components().count() < 2) {
            Some("`read` names folders by their full paths, and not all there is")
        } else {
            None
        }
    }
}
