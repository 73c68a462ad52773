//! `tidegate baseline branch`.

use crate::out::{Failure, Out, printable};
use clap::Args;
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use tidegate_baseline::Error;
use tidegate_baseline::apply::Workshop;
use tidegate_baseline::branch::{Change, Plan, Question, plan};
use tidegate_baseline::export::{self, Reference};
use tidegate_baseline::recipe::Step;
use tidegate_baseline::security::Names;
use tidegate_baseline::store::Store;

#[derive(Debug, Args)]
pub(in crate::cli) struct Branch {
    /// The repository, bare or with a work tree. It is only read, unless `--update` is given.
    #[arg(long, value_name = "DIR")]
    repo: PathBuf,
    /// The release: a tag, or any commit.
    #[arg(long, value_name = "TAG")]
    release: String,
    /// The branch that has the fixes.
    #[arg(long, value_name = "NAME", default_value = "HEAD")]
    branch: String,
    /// How messages name advisories: a regular expression whose first group is the name. By default, "This is
    /// XSA-1", "part of XSA-1", OSSA-2023-1 and CVE-2023-1234 are known.
    #[arg(long, value_name = "REGEX")]
    advisory: Option<String>,
    /// The security branch as it was made before, which is carried on. With --update, that branch itself.
    #[arg(long, value_name = "REF", conflicts_with = "update")]
    onto: Option<String>,
    /// Make this branch, or move it on: its full name, refs/heads/... No work tree is touched.
    #[arg(long, value_name = "REF")]
    update: Option<String>,
    /// The repository in which that branch is, which must have the release. By default, the one of --repo.
    #[arg(long, value_name = "DIR", requires = "update")]
    into: Option<PathBuf>,
    /// Let the branch begin anew from the release, where what came does not fit on top of it.
    #[arg(long, requires = "update")]
    remake: bool,
    /// Write a bundle with a branch `baseline` on top of the release into this file.
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,
    /// Write a recipe of the whole branch, with which anybody can follow it: see `tidegate baseline verify`.
    #[arg(long, value_name = "FILE")]
    recipe: Option<PathBuf>,
}

impl Branch {
    pub(super) fn run(self, out: &Out) -> Result<(), Failure> {
        let names = self.advisory.as_deref().map_or_else(|| Ok(Names::known()), Names::of_form)?;
        let mut shop = Workshop::open(&self.repo)?;
        let target = Store::open(self.into.as_deref().unwrap_or(&self.repo))?;
        shop.store.borrow(&target)?;
        let onto = match (&self.update, &self.onto) {
            (Some(name), _) => match target.resolve(name) {
                Err(Error::NoSuchName(_)) => None,
                other => Some(other?),
            },
            (None, Some(name)) => Some(shop.resolve(name)?),
            (None, None) => None,
        };
        let question = Question { release: &self.release, branch: &self.branch, names: &names, onto };
        let plan = plan(&mut shop, &question)?;
        if plan.change == Change::Remade && self.update.is_some() && !self.remake {
            return Err(Failure::plain(
                "what came does not fit on top of the branch, which would have to begin anew from the release; \
                 `--remake` does that, and whoever has the branch must fetch it with --force",
            ));
        }
        let mut tip = None;
        if let Some(name) = &self.update {
            let reference = Reference { git_dir: target.git_dir(), name, before: onto };
            tip = Some(export::update(&mut shop, &plan, &reference)?);
        }
        if let Some(file) = &self.bundle {
            tip = Some(export::security_bundle(&mut shop, &plan, file)?);
        }
        if let (Some(path), Some(recipe)) = (&self.recipe, &plan.recipe) {
            std::fs::write(path, recipe.render()).map_err(|error| Failure::file(path, &error))?;
        }
        let tip = tip.map(|tip| tip.to_string());
        let text = in_words(&self, &plan, tip.as_deref(), &mut shop)?;
        out.show(&text, &value(&plan, tip.as_deref(), self.bundle.as_deref()))
    }
}

fn commits(count: usize) -> String {
    if count == 1 { "1 commit".to_owned() } else { format!("{count} commits") }
}

/// The steps that are new.
fn added(plan: &Plan) -> &[Step] {
    let steps = plan.recipe.as_ref().map(|recipe| recipe.steps.as_slice()).unwrap_or_default();
    steps.get(steps.len().saturating_sub(plan.added)..).unwrap_or_default()
}

fn value(plan: &Plan, tip: Option<&str>, bundle: Option<&Path>) -> Value {
    json!({
        "change": plan.change,
        "release": plan.release_commit.to_string(),
        "fixes": plan.fixes,
        "added": added(plan),
        "commits": plan.recipe.as_ref().map_or(0, |recipe| recipe.steps.len()),
        "tree": plan.tree,
        "commit": tip,
        "bundle": bundle,
    })
}

fn in_words(asked: &Branch, plan: &Plan, tip: Option<&str>, shop: &mut Workshop) -> Result<String, Failure> {
    let mut text = String::new();
    let (release, branch) = (printable(&asked.release), printable(&asked.branch));
    if plan.fixes.is_empty() {
        let _ = writeln!(text, "{branch} names no advisory since {release}.");
    } else {
        let names: Vec<String> = plan.fixes.iter().map(|fix| printable(&fix.advisory)).collect();
        let _ =
            writeln!(text, "{branch} names {} advisories since {release}: {}", names.len(), names.join(", "));
    }
    let all = plan.recipe.as_ref().map_or(0, |recipe| recipe.steps.len());
    let what = match plan.change {
        Change::New => format!("{} on the release:", commits(all)),
        Change::Current => format!("The branch has {}: nothing came.", commits(all)),
        Change::Grown => format!("{} came, on top of {}:", commits(plan.added), commits(all - plan.added)),
        Change::Remade => format!("What came does not fit on top: {}, anew on the release:", commits(all)),
    };
    let _ = writeln!(text, "{what}");
    for step in added(plan) {
        let Some(commit) = &step.apply_commit else { continue };
        let id = shop.resolve(commit)?;
        let subject = printable(&shop.commit(&id)?.subject());
        let _ = writeln!(text, "  {commit} {subject}");
        if let Some(reason) = &step.reason {
            let by = &reason.needed_by;
            let place = format!("{}, line {}", printable(&by.file), by.line);
            let why = crate::hands::reason_in_words(reason.kind);
            let _ = writeln!(text, "    needed by {}, {place}: {why}", by.patch);
        }
    }
    let _ = writeln!(text, "Resulting tree: {}. Whether it works, a test run shows.", plan.tree);
    if let (Some(name), Some(tip)) = (&asked.update, tip) {
        let _ = writeln!(text, "{} is {tip}.", printable(name));
    }
    if let Some(file) = &asked.bundle {
        let _ = writeln!(text, "To take the bundle: git fetch {} {}", file.display(), export::BRANCH);
    }
    Ok(text)
}
