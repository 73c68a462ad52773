//! Does each recipe of an `xsaNNN.meta` apply on its own commit, after the recipes of those that must come first?

use super::{META_BYTES_MAX, Meta, Tree, files};
use crate::apply::{State, Workshop};
use crate::check::{FailedAt, SERIES_MAX, failed_at};
use crate::error::Error;
use crate::recipe::full_id;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use tidegate_domain::patch::PATCH_BYTES_MAX;

/// Advisories that lead from one to another, one after the other.
const CHAIN_MAX: usize = 100;

/// Where the repository of each tree is.
pub type Repositories = BTreeMap<String, PathBuf>;

/// One recipe's answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Checked {
    /// The version.
    pub version: String,
    /// The tree.
    pub tree: String,
    /// The commit that it was tried on.
    pub stable: String,
    /// The advisories that came first, in order, those that they need among them.
    pub prerequisites: Vec<u64>,
    /// How many patches were to be applied, those of prerequisites included.
    pub patches: usize,
    /// Whether all of them apply.
    pub applies: bool,
    /// The first place that does not.
    pub failed: Option<Failed>,
    /// Why there is no answer.
    pub error: Option<String>,
    /// The tree that comes out.
    pub result: Option<String>,
}

/// What does not apply.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Failed {
    /// The advisory whose patch it is.
    pub xsa: u64,
    /// The place.
    #[serde(flatten)]
    pub at: FailedAt,
}

/// A patch of an advisory.
pub(super) struct Step {
    pub(super) xsa: u64,
    pub(super) name: String,
    pub(super) text: Vec<u8>,
}

/// Files of other advisories.
pub struct Others {
    folder: PathBuf,
    known: BTreeMap<u64, Meta>,
}

impl Others {
    /// They are in this folder, as `xsaNNN.meta` with their patches beside them.
    #[must_use]
    pub fn new(folder: &Path) -> Others {
        Others { folder: folder.to_owned(), known: BTreeMap::new() }
    }

    fn get(&mut self, number: u64) -> Result<Meta, Error> {
        if let Some(known) = self.known.get(&number) {
            return Ok(known.clone());
        }
        let path = self.folder.join(format!("xsa{number}.meta"));
        let text = bounded(&path, META_BYTES_MAX)?;
        let name = path.display().to_string();
        let meta = Meta::read(&text).map_err(|fault| Error::Patch { name, fault })?;
        if meta.number != number {
            return Err(Error::Request(format!("{} is of XSA-{}", path.display(), meta.number)));
        }
        self.known.insert(number, meta.clone());
        Ok(meta)
    }
}

/// Reads a plain file up to a size.
fn bounded(path: &Path, bytes_max: usize) -> Result<Vec<u8>, Error> {
    let failed = |error| Error::io(path, error);
    if !std::fs::symlink_metadata(path).map_err(failed)?.is_file() {
        return Err(Error::Request(format!("{} is a link, or no plain file", path.display())));
    }
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(bytes_max as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > bytes_max {
        return Err(Error::TooLarge {
            what: path.display().to_string(),
            limit: format!("{bytes_max} bytes"),
        });
    }
    Ok(bytes)
}

/// Checks every recipe. What goes wrong with one is its answer.
#[must_use]
pub fn check(meta: &Meta, folder: &Path, repositories: &Repositories, others: &mut Others) -> Vec<Checked> {
    let mut rows = Vec::new();
    for (version, recipes) in &meta.versions {
        for (tree, recipe) in &recipes.trees {
            let mut row = Checked {
                version: version.clone(),
                tree: tree.clone(),
                stable: recipe.stable.clone(),
                prerequisites: Vec::new(),
                patches: 0,
                applies: false,
                failed: None,
                error: None,
                result: None,
            };
            if let Err(error) = answer(meta, folder, repositories, others, recipe, &mut row) {
                row.error = Some(error.to_string());
            }
            rows.push(row);
        }
    }
    rows
}

fn answer(
    meta: &Meta,
    folder: &Path,
    repositories: &Repositories,
    others: &mut Others,
    recipe: &Tree,
    row: &mut Checked,
) -> Result<(), Error> {
    let repository = repositories.get(&row.tree).ok_or_else(|| {
        Error::Request(format!("no repository of the tree {0}: name it with --repo {0}=DIR", row.tree))
    })?;
    let steps = steps(meta, folder, others, &row.version, &row.tree)?;
    row.prerequisites = steps.iter().map(|step| step.xsa).filter(|xsa| *xsa != meta.number).collect();
    row.prerequisites.dedup();
    row.patches = steps.len();
    let mut shop = Workshop::open(repository)?;
    let stable = full_id(&recipe.stable)?;
    let mut state = State::new(shop.commit(&stable)?.tree);
    for step in &steps {
        let patch = shop.patch_of_text(&step.name, &step.text)?;
        if let Err(failure) = state.apply(&mut shop, &patch)? {
            row.failed = Some(Failed { xsa: step.xsa, at: failed_at(&patch, &failure) });
            return Ok(());
        }
    }
    row.applies = true;
    row.result = Some(state.tree(&mut shop)?.to_string());
    Ok(())
}

/// All patches in order: those of the advisories that must come first, each once, and then one's own.
pub(super) fn steps(
    meta: &Meta,
    folder: &Path,
    others: &mut Others,
    version: &str,
    tree: &str,
) -> Result<Vec<Step>, Error> {
    let mut steps = Vec::new();
    let (mut done, mut chain) = (Vec::new(), Vec::new());
    collect(meta, folder, others, (version, tree), (&mut done, &mut chain), &mut steps)?;
    Ok(steps)
}

fn collect(
    meta: &Meta,
    folder: &Path,
    others: &mut Others,
    (version, tree): (&str, &str),
    (done, chain): (&mut Vec<u64>, &mut Vec<u64>),
    steps: &mut Vec<Step>,
) -> Result<(), Error> {
    let recipe = meta
        .tree(version, tree)
        .ok_or_else(|| Error::Request(format!("XSA-{} has no recipe for {version}, {tree}", meta.number)))?;
    chain.push(meta.number);
    if chain.len() > CHAIN_MAX {
        let limit = format!("{CHAIN_MAX} advisories");
        return Err(Error::TooLarge { what: "the chain of prerequisites".into(), limit });
    }
    for &number in &recipe.prerequisites {
        if chain.contains(&number) {
            return Err(Error::Request(format!("XSA-{number} must come before itself")));
        }
        if !done.contains(&number) {
            let other = others.get(number)?;
            let there = others.folder.clone();
            collect(&other, &there, others, (version, tree), (done, chain), steps)?;
        }
    }
    chain.pop();
    done.push(meta.number);
    for pattern in &recipe.patches {
        for path in files(folder, pattern)? {
            let text = bounded(&folder.join(&path), PATCH_BYTES_MAX)?;
            steps.push(Step { xsa: meta.number, name: path.display().to_string(), text });
        }
        if steps.len() > SERIES_MAX {
            let limit = format!("{SERIES_MAX} patches");
            return Err(Error::TooLarge { what: "the series with its prerequisites".into(), limit });
        }
    }
    Ok(())
}
