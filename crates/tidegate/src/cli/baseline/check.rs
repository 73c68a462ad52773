//! `tidegate baseline check`.

use super::{backport, symbols};
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
use tidegate_baseline::standing::{KnownBy, Outcome, Standing, standings};
use tidegate_baseline::symbols::symbols;
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
    /// Look for names that the series uses and only commits introduce which are left out, too. It takes longer.
    #[arg(long)]
    symbols: bool,
    /// Where nothing makes it apply: write the files that conflict, merged three ways and marked, into this folder, which
    /// must be empty or not there. And name the nearest release on which the series applies.
    #[arg(long, value_name = "DIR")]
    backport: Option<PathBuf>,
    /// Tags that are releases begin so, for --backport; by default, all tags. May be given several times.
    #[arg(long = "releases", value_name = "PREFIX", requires = "backport")]
    releases: Vec<String>,
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
        let elapsed_ms = started.elapsed().as_secs_f64() * 1e3;
        let patches = standings(&mut shop, &request)?;
        let symbols =
            if self.symbols { Some(symbols(&mut shop, &request, &answer, &pattern)?) } else { None };
        let help = match &self.backport {
            Some(folder) if answer.tree.is_none() => {
                Some(backport::help(&mut shop, &request, &self.releases, folder)?)
            }
            _ => None,
        };
        let listed = serde_json::to_value(&patches).map_err(|error| Failure::plain(error.to_string()))?;
        let mut value = serde_json::to_value(&answer).map_err(|error| Failure::plain(error.to_string()))?;
        if let Value::Object(fields) = &mut value {
            fields.insert("patches".to_owned(), listed);
            if let Some(symbols) = &symbols {
                let found =
                    serde_json::to_value(symbols).map_err(|error| Failure::plain(error.to_string()))?;
                fields.insert("symbols".to_owned(), found);
            }
            if self.backport.is_some() {
                fields.insert("backport".to_owned(), backport::value(help.as_ref())?);
            }
            fields.insert("elapsed_ms".to_owned(), ((elapsed_ms * 1e3).round() / 1e3).into());
        }
        let mut text = in_words(&request.release, &answer, &patches);
        if let Some(symbols) = &symbols {
            text.push_str(&symbols::in_words(symbols, &answer, &request.release));
        }
        match (&self.backport, &help) {
            (Some(folder), Some(help)) => text.push_str(&backport::in_words(help, folder)),
            (Some(_), None) => text.push_str("Nothing is to be adapted: no file is written.\n"),
            (None, _) => {}
        }
        out.show(&text, &value)?;
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

fn in_words(release: &str, answer: &Answer, patches: &[Standing]) -> String {
    let mut text = String::new();
    if answer.applies {
        let _ = writeln!(text, "It applies to {release} as it stands.");
    } else if let Some(failed) = &answer.failed {
        let _ = writeln!(text, "It does not apply to {release} as it stands:");
        let _ = writeln!(text, "  {}, {}, line {}", failed.patch, printable(&failed.file), failed.line);
    }
    for (number, standing) in patches.iter().enumerate() {
        standing_in_words(&mut text, number + 1, standing);
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

fn standing_in_words(text: &mut String, number: usize, standing: &Standing) {
    let patch = &standing.patch;
    match &standing.result {
        Outcome::Applied { moved } => {
            let _ = writeln!(text, "  {number}. {patch}: applies");
            for hunk in moved {
                let (file, line, by) = (printable(&hunk.file), hunk.line, hunk.offset.unsigned_abs());
                let way = if hunk.offset > 0 { "down" } else { "up" };
                let _ = writeln!(text, "       {file}, line {line}: lies {by} lines further {way}");
            }
        }
        Outcome::AlreadyThere { known_by, commit } => {
            let how = match known_by {
                KnownBy::Reverse => "it can be undone",
                KnownBy::PatchId => "the same patch was applied, and changed later",
            };
            let commit = commit.as_ref().map(|commit| format!(", by {commit}")).unwrap_or_default();
            let _ = writeln!(text, "  {number}. {patch}: is there already{commit} ({how})");
        }
        Outcome::Failed(conflict) => {
            let place = format!("{}, line {}", printable(&conflict.file), conflict.line);
            let why = reason_in_words(conflict.why);
            let _ = writeln!(text, "  {number}. {patch}: fails at {place}, for want of: {why}");
            if !conflict.expects.is_empty() {
                let _ = writeln!(text, "       it expects:");
                lines_in_words(text, &conflict.expects);
                let _ = writeln!(text, "       the release has, from line {}:", conflict.has_line);
                lines_in_words(text, &conflict.has);
            }
            for changer in &conflict.changed_by {
                let since = if changer.since_release { "not in the release" } else { "in the release" };
                let _ = writeln!(
                    text,
                    "       changed by {} {} ({since})",
                    changer.commit,
                    printable(&changer.subject)
                );
            }
        }
    }
}

pub(super) fn lines_in_words(text: &mut String, lines: &[String]) {
    for line in lines {
        let _ = writeln!(text, "       | {}", printable(line));
    }
}
