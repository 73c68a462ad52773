//! `tidegate baseline forecast`.

mod words;

use super::check::read;
use crate::out::{Failure, Kind, Out, bar};
use clap::Args;
use indicatif::ProgressBar;
use serde::Serialize;
use std::path::{Path, PathBuf};
use tidegate_baseline::Error;
use tidegate_baseline::apply::Workshop;
use tidegate_baseline::check::{SERIES_MAX, Series};
use tidegate_baseline::forecast::{Forecast as Found, Staging, forecast};
use tidegate_baseline::point_release::{Marks, Need, Proposal, propose, published, unpublished};
use tidegate_baseline::security::Names;

/// Most series of one question.
const ASKED_MAX: usize = 1_000;

#[derive(Debug, Args)]
pub(in crate::cli) struct Forecast {
    /// The repository, bare or with a work tree. It is only read.
    #[arg(long, value_name = "DIR")]
    repo: PathBuf,
    /// A staging branch, and the last point release that was made from it: by default, the last tag on the branch. May
    /// be given several times.
    #[arg(long = "against", value_name = "BRANCH[:TAG]", required = true)]
    against: Vec<String>,
    /// Tags that are releases begin so; by default, all tags on the branch. May be given several times.
    #[arg(long = "releases", value_name = "PREFIX")]
    releases: Vec<String>,
    /// Commits that make up one series, in order. May be given several times.
    #[arg(long, value_name = "A,B")]
    commits: Vec<String>,
    /// How messages name advisories: a regular expression whose first group is the name. By default, "This is
    /// XSA-1", "part of XSA-1", OSSA-2023-1 and CVE-2023-1234 are known.
    #[arg(long, value_name = "REGEX")]
    advisory: Option<String>,
    /// Propose a point release once so many commits have to come before fixes on the last one, and would not after it.
    #[arg(long, value_name = "COMMITS", default_value_t = Marks::default().prerequisites, value_parser = at_least_one)]
    at_prerequisites: usize,
    /// Propose a point release once the last one lacks so many published fixes.
    #[arg(long, value_name = "FIXES", default_value_t = Marks::default().fixes, value_parser = at_least_one)]
    at_fixes: usize,
    /// Patch files, each a series of its own; or folders, whose `*.patch` files are one series in the order of their
    /// names. Without any, only point releases are considered.
    #[arg(value_name = "PATCH")]
    patches: Vec<PathBuf>,
}

pub(in crate::cli) fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("a whole number from 1 on is expected".to_owned()),
        Ok(number) => Ok(number),
    }
}

/// One series, as it was named.
struct Asked {
    name: String,
    series: Series,
}

/// What is told of one staging branch.
#[derive(Serialize)]
struct Told {
    branch: String,
    tip: String,
    release: String,
    release_commit: String,
    commits: usize,
    series: Vec<Row>,
    proposal: Option<Proposal>,
    /// Why there is no proposal.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// One series on one staging branch.
#[derive(Serialize)]
struct Row {
    series: String,
    #[serde(flatten)]
    found: Option<Found>,
    on_release: Option<Need>,
    /// Why there is no answer: the others are not to blame.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl Forecast {
    pub(super) fn run(self, out: &Out) -> Result<(), Failure> {
        let names = self.advisory.as_deref().map_or_else(|| Ok(Names::known()), Names::of_form)?;
        let asked = self.asked()?;
        let mut shop = Workshop::open(&self.repo)?;
        for one in &asked {
            one.must_be_readable(&mut shop)?;
        }
        let mut stagings = Vec::with_capacity(self.against.len());
        for against in &self.against {
            // No name of a branch has a colon in it.
            let (branch, release) =
                against.split_once(':').map_or((against.as_str(), None), |(branch, tag)| (branch, Some(tag)));
            stagings.push(Staging::open(&mut shop, branch, release, &self.releases)?);
        }
        let progress = bar((stagings.len() * (asked.len() + 1)) as u64, "series against staging branches");
        let marks = Marks { prerequisites: self.at_prerequisites, fixes: self.at_fixes };
        let mut branches = Vec::with_capacity(stagings.len());
        for staging in &stagings {
            branches.push(told(&mut shop, staging, &asked, &names, marks, &progress));
        }
        progress.finish_and_clear();
        out.show(&words::in_words(&branches), &serde_json::json!({ "branches": branches }))?;
        outcome(&branches)
    }

    fn asked(&self) -> Result<Vec<Asked>, Failure> {
        let mut asked = Vec::new();
        for list in &self.commits {
            let commits = list.split(',').map(str::to_owned).collect();
            asked.push(Asked { name: list.clone(), series: Series::Commits(commits) });
        }
        for path in &self.patches {
            let files = if path.is_dir() { patches_in(path)? } else { vec![read(path)?] };
            asked.push(Asked { name: path.display().to_string(), series: Series::Files(files) });
        }
        if asked.len() > ASKED_MAX {
            return Err(Failure::plain(format!(
                "{} series; at most {ASKED_MAX} are asked at once",
                asked.len()
            )));
        }
        Ok(asked)
    }
}

impl Asked {
    /// What is mistyped or malformed is said before anything is computed.
    fn must_be_readable(&self, shop: &mut Workshop) -> Result<(), Error> {
        match &self.series {
            Series::Commits(names) => names.iter().try_for_each(|name| shop.resolve(name).map(drop)),
            Series::Files(files) => {
                files.iter().try_for_each(|(name, text)| shop.patch_of_text(name, text).map(drop))
            }
        }
    }
}

/// The patch files in a folder, in the order of their names.
fn patches_in(folder: &Path) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let failed = |error: std::io::Error| Failure::file(folder, &error);
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "patch") {
            paths.push(path);
        }
        if paths.len() > SERIES_MAX {
            return Err(Failure::plain(format!("{}: more than {SERIES_MAX} patches", folder.display())));
        }
    }
    if paths.is_empty() {
        return Err(Failure::plain(format!("{}: no file in it ends in .patch", folder.display())));
    }
    paths.sort();
    paths.iter().map(|path| read(path)).collect()
}

fn told(
    shop: &mut Workshop,
    staging: &Staging,
    asked: &[Asked],
    names: &Names,
    marks: Marks,
    progress: &ProgressBar,
) -> Told {
    let mut series = Vec::with_capacity(asked.len());
    for one in asked {
        series.push(row(shop, staging, one));
        progress.inc(1);
    }
    let proposal = published(shop, staging, names).and_then(|mut needs| {
        needs.extend(series.iter().filter_map(|row| row.on_release.clone()));
        propose(shop, staging, names, marks, needs)
    });
    progress.inc(1);
    let (proposal, error) = match proposal {
        Ok(proposal) => (Some(proposal), None),
        Err(error) => (None, Some(error.to_string())),
    };
    Told {
        branch: staging.branch.clone(),
        tip: staging.tip().to_string(),
        release: staging.release.clone(),
        release_commit: staging.release_commit.to_string(),
        commits: staging.commits(),
        series,
        proposal,
        error,
    }
}

fn row(shop: &mut Workshop, staging: &Staging, asked: &Asked) -> Row {
    let mut row = Row { series: asked.name.clone(), found: None, on_release: None, error: None };
    let answered = forecast(shop, staging, &asked.series).and_then(|found| {
        let need = unpublished(shop, staging, &asked.name, asked.series.clone(), &found.outlook);
        row.found = Some(found);
        row.on_release = Some(need?);
        Ok(())
    });
    row.error = answered.err().map(|error| error.to_string());
    row
}

/// The exit code: an answer that is missing weighs more than one that is bad.
fn outcome(branches: &[Told]) -> Result<(), Failure> {
    let rows = || branches.iter().flat_map(|told| &told.series);
    let missing = rows().filter(|row| row.error.is_some()).count()
        + branches.iter().filter(|told| told.error.is_some()).count();
    if missing > 0 {
        return Err(Failure::plain(format!("{missing} questions have no answer; each says why")));
    }
    let holds = |row: &&Row| row.found.as_ref().is_none_or(|found| found.outlook.holds());
    let bad = rows().filter(|row| !holds(row)).count();
    if bad > 0 {
        let message = format!("{bad} of {} do not apply", rows().count());
        return Err(Failure::of(Kind::NeverApplies, message));
    }
    Ok(())
}
