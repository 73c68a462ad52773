//! `tidegate baseline check`.

use crate::hands::reason_in_words;
use crate::out::{Failure, Kind, Out, printable};
use clap::Args;
use serde_json::Value;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use tidegate_baseline::apply::Workshop;
use tidegate_baseline::check::{Answer, Request, Series, check};
use tidegate_baseline::recipe::recipe;
use tidegate_baseline::security::Pattern;
use tidegate_domain::patch::PATCH_BYTES_MAX;

#[derive(Debug, Args)]
pub(in crate::cli) struct Check {
    /// The repository, bare or with a work tree. It is only read.
    #[arg(long, value_name = "DIR")]
    repo: PathBuf,
    /// The release: a tag, or any commit.
    #[arg(long, value_name = "TAG")]
    release: String,
    /// The branch whose commits may come first; by default, up to the last commit of the series.
    #[arg(long, value_name = "NAME")]
    branch: Option<String>,
    /// Commits that make up the series, in order.
    #[arg(long, value_name = "A,B", value_delimiter = ',', conflicts_with = "patches")]
    commits: Vec<String>,
    /// What a commit's message names an advisory with. Such commits are preferred.
    #[arg(long = "advisory", value_name = "PREFIX", value_delimiter = ',')]
    advisories: Vec<String>,
    /// Write a recipe, with which anybody can follow the answer: see `tidegate baseline verify`.
    #[arg(long, value_name = "FILE")]
    recipe: Option<PathBuf>,
    /// Patch files that make up the series, in order.
    #[arg(value_name = "PATCH", required_unless_present = "commits")]
    patches: Vec<PathBuf>,
}

impl Check {
    pub(super) fn run(self, out: &Out) -> Result<(), Failure> {
        let started = started();
        let pattern =
            if self.advisories.is_empty() { Pattern::default() } else { Pattern::new(&self.advisories) };
        let series = if self.commits.is_empty() {
            Series::Files(self.patches.iter().map(|path| read(path)).collect::<Result<_, _>>()?)
        } else {
            Series::Commits(self.commits)
        };
        let request = Request { release: self.release, branch: self.branch, series };
        let mut shop = Workshop::open(&self.repo)?;
        let answer = check(&mut shop, &request, &pattern)?;
        if let Some(path) = &self.recipe
            && let Some(recipe) = recipe(&mut shop, &request, &answer)?
        {
            std::fs::write(path, recipe.render()).map_err(|error| Failure::file(path, &error))?;
        }
        let mut value = serde_json::to_value(&answer).map_err(|error| Failure::plain(error.to_string()))?;
        if let Value::Object(fields) = &mut value {
            let elapsed_ms = started.elapsed().as_secs_f64() * 1e3;
            fields.insert("elapsed_ms".to_owned(), ((elapsed_ms * 1e3).round() / 1e3).into());
        }
        out.show(&in_words(&request.release, &answer), &value)?;
        if answer.tree.is_some() {
            return Ok(());
        }
        // Commits say themselves what stands before them; files do not.
        let is_blind = request.branch.is_none() && matches!(request.series, Series::Files(_));
        let message = if is_blind {
            format!(
                "it does not apply to {}; --branch names where to look for what must come first",
                request.release
            )
        } else {
            format!("no set of the branch's commits makes it apply to {}", request.release)
        };
        Err(Failure::of(Kind::NeverApplies, message))
    }
}

#[expect(clippy::disallowed_methods, reason = "how long a command took is no fact of a case")]
fn started() -> std::time::Instant {
    std::time::Instant::now()
}

/// Reads a patch file, as far as one may be read.
pub(super) fn read(path: &Path) -> Result<(String, Vec<u8>), Failure> {
    let size = std::fs::metadata(path).map_err(|error| Failure::file(path, &error))?.len();
    if size > PATCH_BYTES_MAX as u64 {
        let message =
            format!("{}: larger than {PATCH_BYTES_MAX} bytes, the most that is read", path.display());
        return Err(Failure::plain(message));
    }
    let text = std::fs::read(path).map_err(|error| Failure::file(path, &error))?;
    Ok((path.display().to_string(), text))
}

fn in_words(release: &str, answer: &Answer) -> String {
    let mut text = String::new();
    if answer.applies {
        let _ = writeln!(text, "It applies to {release} as it stands.");
    } else if let Some(failed) = &answer.failed {
        let _ = writeln!(text, "It does not apply to {release} as it stands:");
        let _ = writeln!(text, "  {}, {}, line {}", failed.patch, printable(&failed.file), failed.line);
    }
    if !answer.prerequisites.is_empty() {
        let _ = writeln!(text, "It applies after these commits, in the order of the branch:");
    }
    for (commit, reason) in answer.prerequisites.iter().zip(&answer.reasons) {
        let mark = if reason.security { " [advisory]" } else { "" };
        let _ = writeln!(text, "  {commit} {}{mark}", printable(&reason.subject));
        let by = &reason.needed_by;
        let place = format!("{}, line {}", printable(&by.file), by.line);
        let _ = writeln!(text, "    needed by {}, {place}: {}", by.patch, reason_in_words(reason.kind));
    }
    if let Some(tree) = &answer.tree {
        let _ = writeln!(text, "Resulting tree: {tree}");
    }
    if !answer.applies {
        let how = if answer.three_way { "without conflict" } else { "with conflicts" };
        let _ = writeln!(text, "Merged three ways, without those commits: {how}.");
    }
    text
}
