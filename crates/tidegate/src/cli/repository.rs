//! `tidegate project repository`.

use crate::engine::Engine;
use crate::engine::repository::{self, RELEASES_MAX, Trees};
use crate::out::{Failure, Out, table};
use clap::Args;
use std::collections::BTreeMap;
use std::path::PathBuf;
use tidegate_baseline::apply::Workshop;
use tidegate_domain::id::Slug;

#[derive(Debug, Args)]
pub(super) struct Repository {
    /// The project.
    project: Slug,
    /// The repository, bare or with a work tree. It is only read.
    #[arg(long, value_name = "DIR", requires = "releases")]
    repo: Option<PathBuf>,
    /// A supported release, the tag of its last point release, and the branch of the next; repeat it for each.
    #[arg(long = "release", value_name = "RELEASE=TAG[,BRANCH]", requires = "repo", value_parser = release)]
    releases: Vec<(Slug, Trees)>,
    /// Check the patches of open cases anew, as after branches moved.
    #[arg(long, conflicts_with = "repo")]
    look_again: bool,
}

fn release(text: &str) -> Result<(Slug, Trees), String> {
    let advice = "write it as 4.18=RELEASE-4.18.2,stable-4.18";
    let (name, trees) = text.split_once('=').ok_or(advice)?;
    let (tag, branch) = match trees.split_once(',') {
        Some((tag, branch)) => (tag, Some(branch.to_owned())),
        None => (trees, None),
    };
    if tag.is_empty() || branch.as_ref().is_some_and(String::is_empty) {
        return Err(advice.to_owned());
    }
    let name = name.parse().map_err(|_| format!("`{name}` is no name of a release; {advice}"))?;
    Ok((name, Trees { tag: tag.to_owned(), branch }))
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
            for tree in std::iter::once(&trees.tag).chain(&trees.branch) {
                shop.resolve(tree)?;
            }
            if releases.insert(name.clone(), trees).is_some() {
                return Err(Failure::plain(format!("the release {name} is named twice")));
            }
        }
        engine.set_repository(&self.project, &repository::Repository { path, releases }).await?;
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
            vec![release.to_string(), trees.tag.clone(), trees.branch.clone().unwrap_or_default()]
        })
        .collect();
    let text = format!("{}\n{}", known.path.display(), table(&["release", "tag", "branch"], &rows));
    out.show(&text, &serde_json::to_value(&known).unwrap_or_default())
}
