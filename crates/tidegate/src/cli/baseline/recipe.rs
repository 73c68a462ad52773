//! `tidegate baseline verify` and `tidegate baseline export`.

use super::check::read;
use crate::out::{Failure, Kind, Out, printable};
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};
use tidegate_baseline::Error;
use tidegate_baseline::apply::Workshop;
use tidegate_baseline::export;
use tidegate_baseline::recipe::Recipe;

#[derive(Debug, Args)]
pub(in crate::cli) struct Verify {
    /// The recipe. Patch files that it names are looked for beside it.
    recipe: PathBuf,
    /// The repository, bare or with a work tree. It is only read.
    #[arg(long, value_name = "DIR", default_value = ".")]
    repo: PathBuf,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Export {
    /// The recipe. Patch files that it names are looked for beside it.
    recipe: PathBuf,
    /// The repository, bare or with a work tree. It is only read.
    #[arg(long, value_name = "DIR", default_value = ".")]
    repo: PathBuf,
    /// Write numbered mails for `git am` into this folder, which must be new or empty.
    #[arg(long, value_name = "DIR", required_unless_present = "bundle")]
    am: Option<PathBuf>,
    /// Write a bundle with a branch `baseline` on top of the release into this file.
    #[arg(long, value_name = "FILE", conflicts_with = "am")]
    bundle: Option<PathBuf>,
}

/// A recipe, and where its patch files are.
pub(super) struct Opened {
    pub(super) recipe: Recipe,
    folder: PathBuf,
}

pub(super) fn open(path: &Path) -> Result<Opened, Failure> {
    let (name, text) = read(path)?;
    let text = String::from_utf8_lossy(&text);
    let recipe = Recipe::read(&text).map_err(|fault| Failure::faults(&name, &[fault]))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok(Opened { recipe, folder: folder.to_owned() })
}

impl Opened {
    /// Reads patch files beside the recipe.
    pub(super) fn reader(&self) -> impl FnMut(&str) -> Result<Vec<u8>, Error> + use<> {
        let folder = self.folder.clone();
        move |name: &str| {
            let read = read(&folder.join(name));
            read.map(|(_, text)| text).map_err(|failure| Error::Request(failure.message))
        }
    }

    /// A patch file beside the recipe.
    pub(super) fn file(&self, name: &str) -> Result<Vec<u8>, Error> {
        self.reader()(name)
    }
}

impl Verify {
    pub(super) fn run(&self, out: &Out) -> Result<(), Failure> {
        let opened = open(&self.recipe)?;
        let mut shop = Workshop::open(&self.repo)?;
        let mismatch = opened.recipe.verify(&mut shop, &mut |name| opened.file(name))?;
        let recipe = &opened.recipe;
        let value = json!({
            "holds": mismatch.is_none(),
            "differs": mismatch.as_ref().map(ToString::to_string),
            "release": recipe.release,
            "tree": recipe.expected_tree,
        });
        let (count, release) = (recipe.steps.len(), printable(&recipe.release));
        match mismatch {
            None => {
                let text = format!(
                    "The recipe holds: {count} patches apply to {release}, and the tree {} comes out.",
                    recipe.expected_tree
                );
                out.show(&text, &value)
            }
            Some(mismatch) => {
                out.show("", &value)?;
                let message = format!("the recipe does not hold: {}", printable(&mismatch.to_string()));
                Err(Failure::of(Kind::NeverApplies, message))
            }
        }
    }
}

impl Export {
    pub(super) fn run(&self, out: &Out) -> Result<(), Failure> {
        let opened = open(&self.recipe)?;
        let mut shop = Workshop::open(&self.repo)?;
        let mut file = |name: &str| opened.file(name);
        // What is handed on has been followed once.
        if let Some(mismatch) = opened.recipe.verify(&mut shop, &mut file)? {
            return Err(Failure::of(Kind::Faults, format!("the recipe does not hold: {mismatch}")));
        }
        if let Some(folder) = &self.am {
            let count = export::mails(&shop, &opened.recipe, folder, &mut file)?;
            let text = format!("{count} patches are in {0}. On the release: git am {0}/*", folder.display());
            return out.show(&text, &json!({ "am": folder, "patches": count }));
        }
        let Some(target) = &self.bundle else { return Ok(()) };
        let tip = export::bundle(&mut shop, &opened.recipe, target, &mut file)?;
        let text = format!(
            "The branch {0} ({tip}) is in {1}. To take it: git fetch {1} {0}",
            export::BRANCH,
            target.display()
        );
        out.show(&text, &json!({ "bundle": target, "branch": export::BRANCH, "commit": tip }))
    }
}
