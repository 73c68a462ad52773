//! `tidegate project repository`.

use super::baseline::at_least_one;
use crate::engine::Engine;
use crate::engine::repository::{self, RELEASES_MAX, Trees};
use crate::out::{Failure, Out, table};
use clap::Args;
use std::collections::BTreeMap;
use std::path::PathBuf;
use tidegate_baseline::apply::Workshop;
use tidegate_domain::id::Slug;
use tidegate_domain::point_release::Marks;

/// Longest pause between two looks at the staging branches, in minutes: four weeks.
const FORECAST_MIN_MAX: i64 = 40_320;

#[derive(Debug, Args)]
pub(super) struct Repository {
    /// The project.
    project: Slug,
    /// The repository, bare or with a work tree. It is only read.
    #[arg(long, value_name = "DIR", requires = "releases")]
    repo: Option<PathBuf>,
    /// A supported release, the tag of its last point release, the branch of the next, and the staging branch that is
    /// pushed to before that one; repeat it for each.
    #[arg(long = "release", value_name = "RELEASE=TAG[,BRANCH[,STAGING]]", requires = "repo", value_parser = release)]
    releases: Vec<(Slug, Trees)>,
    /// Look at the repository every so many minutes, where a staging branch is named; 0 is never.
    #[arg(long, value_name = "MINUTES", default_value_t = 60, value_parser = clap::value_parser!(u32).range(..=FORECAST_MIN_MAX))]
    forecast_every: u32,
    /// Propose a point release once so many commits have to come before fixes on the last one, and would not after it.
    #[arg(long, value_name = "COMMITS", default_value_t = Marks::default().prerequisites, value_parser = at_least_one)]
    at_prerequisites: usize,
    /// Propose a point release once the last one lacks so many published fixes.
    #[arg(long, value_name = "FIXES", default_value_t = Marks::default().fixes, value_parser = at_least_one)]
    at_fixes: usize,
    /// Check the patches of open cases anew, as after branches moved.
    #[arg(long, conflicts_with = "repo")]
    look_again: bool,
}

fn release(text: &str) -> Result<(Slug, Trees), String> {
    let advice = "write it as 4.18=RELEASE-4.18.2,stable-4.18,staging-4.18";
    let (name, trees) = text.split_once('=').ok_or(advice)?;
    let mut trees = trees.split(',').map(str::to_owned);
    let (tag, branch, staging) = (trees.next().unwrap_or_default(), trees.next(), trees.next());
    let is_empty = |name: &Option<String>| name.as_ref().is_some_and(String::is_empty);
    if tag.is_empty() || is_empty(&branch) || is_empty(&staging) || trees.next().is_some() {
        return Err(advice.to_owned());
    }
    let name = name.parse().map_err(|_| format!("`{name}` is no name of a release; {advice}"))?;
    Ok((name, Trees { tag, branch, staging }))
}

impl Repository {
    pub(super) async fn run(self, engine: &Engine, out: &Out) -> Result<(), Failure> {
        let Some(repo) = self.repo else {
            if self.look_again {
                engine.look_again(&self.project).await?;
                engine.work().await?;
            }
            return show(engine, &self.project, out).await;
        };
        let path = repo.canonicalize().map_err(|error| Failure::file(&repo, &error))?;
        if self.releases.len() > RELEASES_MAX {
            return Err(Failure::plain(format!("a project has at most {RELEASES_MAX} supported releases")));
        }
        let mut shop = Workshop::open(&path)?;
        let mut releases = BTreeMap::new();
        for (name, trees) in self.releases {
            // A name that is mistyped is said now, not when a patch waits.
            for tree in std::iter::once(&trees.tag).chain(&trees.branch).chain(&trees.staging) {
                shop.resolve(tree)?;
            }
            if releases.insert(name.clone(), trees).is_some() {
                return Err(Failure::plain(format!("the release {name} is named twice")));
            }
        }
        let staged = releases.values().any(|trees: &Trees| trees.staging.is_some());
        let forecast_every_min = Some(self.forecast_every).filter(|every| staged && *every > 0);
        let marks = Marks { prerequisites: self.at_prerequisites, fixes: self.at_fixes };
        let named = repository::Repository { path, releases, forecast_every_min, marks };
        engine.set_repository(&self.project, &named).await?;
        engine.work().await?;
        show(engine, &self.project, out).await
    }
}

async fn show(engine: &Engine, project: &Slug, out: &Out) -> Result<(), Failure> {
    let Some(known) = engine.repository(project).await? else {
        let text = format!("{project} has no repository; --repo and --release name one");
        return out.show(&text, &serde_json::Value::Null);
    };
    let rows: Vec<Vec<String>> = known
        .releases
        .iter()
        .map(|(release, trees)| {
            let or_none = |name: &Option<String>| name.clone().unwrap_or_default();
            vec![release.to_string(), trees.tag.clone(), or_none(&trees.branch), or_none(&trees.staging)]
        })
        .collect();
    let mut text =
        format!("{}\n{}", known.path.display(), table(&["release", "tag", "branch", "staging"], &rows));
    if let Some(every_min) = known.forecast_every_min {
        text.push_str(&format!("the staging branches are looked at every {every_min} minutes\n"));
    }
    out.show(&text, &serde_json::to_value(&known).unwrap_or_default())
}
