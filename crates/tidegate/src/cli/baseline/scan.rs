//! `tidegate baseline scan`.

use crate::out::{Failure, Out, bar, printable, table};
use clap::Args;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use tidegate_baseline::apply::Workshop;
use tidegate_baseline::scan::{Pair, Remembered, Row, Scan as Question, answer, pairs};
use tidegate_baseline::security::{Names, Pattern};

/// Largest file of earlier answers, in bytes.
const CACHE_BYTES_MAX: u64 = 512 << 20;

#[derive(Debug, Args)]
pub(in crate::cli) struct Scan {
    /// The repository, bare or with a work tree. It is only read.
    #[arg(long, value_name = "DIR")]
    repo: PathBuf,
    /// The branch. May be given several times.
    #[arg(long = "branch", value_name = "NAME", required = true)]
    branches: Vec<String>,
    /// Tags that are releases begin so; by default, all tags on the branch. May be given several times.
    #[arg(long = "releases", value_name = "PREFIX")]
    releases: Vec<String>,
    /// Ask for every release before a fix, not for the last one alone.
    #[arg(long)]
    every_release: bool,
    /// How messages name advisories: a regular expression whose first group is the name. By default, "This is
    /// XSA-1", "part of XSA-1", OSSA-2023-1 and CVE-2023-1234 are known.
    #[arg(long, value_name = "REGEX")]
    advisory: Option<String>,
    /// A file for the answers, one JSON object a line. Those that are there already are not computed again, so
    /// that a scan that was interrupted goes on where it was.
    #[arg(long, value_name = "FILE")]
    cache: Option<PathBuf>,
}

impl Scan {
    pub(super) fn run(&self, out: &Out) -> Result<(), Failure> {
        let names = self.advisory.as_deref().map_or_else(|| Ok(Names::known()), Names::of_form)?;
        let mut shop = Workshop::open(&self.repo)?;
        let mut questions: Vec<Pair> = Vec::new();
        for branch in &self.branches {
            let scan = Question {
                branch,
                releases: &self.releases,
                every_release: self.every_release,
                names: &names,
            };
            questions.extend(pairs(&mut shop, &scan)?);
        }
        let mut cache = Cache::open(self.cache.as_deref())?;
        let progress = bar(questions.len() as u64, "advisories against releases");
        let mut rows = Vec::new();
        for pair in &questions {
            let row = match cache.remembered.answer(pair) {
                Some(row) => row,
                None => {
                    let row = answer(&mut shop, pair, &Pattern::default());
                    cache.keep(&row)?;
                    row
                }
            };
            progress.inc(1);
            if out.json {
                out.bytes(format!("{}\n", line(&row)?).as_bytes())?;
            } else {
                rows.push(row);
            }
        }
        progress.finish_and_clear();
        if out.json { Ok(()) } else { out.bytes(in_words(&rows).as_bytes()) }
    }
}

/// Answers of earlier scans, and where new ones go.
struct Cache {
    remembered: Remembered,
    file: Option<std::fs::File>,
}

impl Cache {
    fn open(path: Option<&Path>) -> Result<Cache, Failure> {
        let Some(path) = path else { return Ok(Cache { remembered: Remembered::default(), file: None }) };
        let failed = |error: std::io::Error| Failure::file(path, &error);
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path).map_err(failed)?;
        if file.metadata().map_err(failed)?.len() > CACHE_BYTES_MAX {
            let message = format!("{}: larger than {CACHE_BYTES_MAX} bytes; begin a new one", path.display());
            return Err(Failure::plain(message));
        }
        let text = std::fs::read_to_string(path).map_err(failed)?;
        if !text.is_empty() && !text.ends_with('\n') {
            // A scan that was killed left half a line: it ends here, and is passed over.
            file.write_all(b"\n").map_err(failed)?;
        }
        Ok(Cache { remembered: Remembered::read(&text), file: Some(file) })
    }

    fn keep(&mut self, row: &Row) -> Result<(), Failure> {
        let Some(file) = &mut self.file else { return Ok(()) };
        file.write_all(format!("{}\n", line(row)?).as_bytes()).map_err(Failure::io)
    }
}

fn line(row: &Row) -> Result<String, Failure> {
    serde_json::to_string(row).map_err(|error| Failure::plain(error.to_string()))
}

fn in_words(rows: &[Row]) -> String {
    let cells = rows.iter().map(|row| {
        let count = row.answer.prerequisites.len();
        let others = row.answer.reasons.iter().filter(|reason| !reason.security).count();
        let result = match (&row.error, &row.answer.tree, count) {
            (Some(error), _, _) => format!("error: {}", printable(error)),
            (None, None, _) => "never applies".to_owned(),
            (None, Some(_), 0) => "applies".to_owned(),
            (None, Some(_), _) => format!("needs {count}, {others} of them no advisory's"),
        };
        vec![row.pair.branch.clone(), row.pair.release.clone(), row.pair.advisory.clone(), result]
    });
    let mut text = table(&["branch", "release", "advisory", "text"], &cells.collect::<Vec<_>>());
    let applies = rows.iter().filter(|row| row.answer.applies).count();
    let errors = rows.iter().filter(|row| row.error.is_some()).count();
    let never = rows.iter().filter(|row| row.answer.tree.is_none()).count() - errors;
    let needs = rows.len() - applies - never - errors;
    text.push_str(&format!(
        "{} pairs: {applies} apply as they stand, {needs} need commits first, {never} never apply, {errors} have no answer\n",
        rows.len()
    ));
    text
}
