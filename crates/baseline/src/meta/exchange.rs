//! Our recipes as an `xsaNNN.meta`, and the other way round.

use super::check::{Others, steps};
use super::{LISTED_MAX, Meta, NAME_BYTES_MAX, Tree, Version};
use crate::apply::{State, Workshop};
use crate::error::Error;
use crate::export;
use crate::recipe::{FORMAT, Recipe, Step, full_id, sha256};
use crate::security::Names;
use serde_json::Map;
use std::collections::BTreeMap;
use std::path::Path;

/// A recipe of ours, and what it is for.
pub struct Source<'a> {
    /// The version.
    pub version: String,
    /// The tree.
    pub tree: String,
    /// The recipe.
    pub recipe: &'a Recipe,
    /// The repository of the tree.
    pub shop: &'a mut Workshop,
    /// Hands over a patch file of the recipe by its name.
    pub file: &'a mut dyn FnMut(&str) -> Result<Vec<u8>, Error>,
}

/// What is written for others.
pub struct Exported {
    /// What is to be the file `xsaNNN.meta`.
    pub meta: Meta,
    /// The patches beside it: path and content.
    pub files: Vec<(String, Vec<u8>)>,
}

/// What is taken from others.
pub struct Imported {
    /// The recipe.
    pub recipe: Recipe,
    /// The patches beside it: name and content.
    pub files: Vec<(String, Vec<u8>)>,
}

/// Makes an `xsaNNN.meta` of recipes. Commits of the advisories in `prerequisites` are left to those: the file names them,
/// in this order. All else that must come first is among the patches.
///
/// # Errors
/// Something cannot be read, two recipes are for the same, or the patches lead to another tree than a recipe says.
pub fn export(number: u64, sources: &mut [Source<'_>], prerequisites: &[u64]) -> Result<Exported, Error> {
    let mut meta = Meta {
        number,
        supported: Vec::new(),
        trees: Vec::new(),
        versions: BTreeMap::new(),
        rest: Map::new(),
    };
    if prerequisites.len() > LISTED_MAX || prerequisites.contains(&number) {
        return Err(Error::Request(format!("these cannot come before XSA-{number}: {prerequisites:?}")));
    }
    let mut files = Vec::new();
    for source in sources {
        let folder = folder(number, source)?;
        let patches = patches(source, prerequisites)?;
        if patches.is_empty() {
            let what = format!("nothing of {} is XSA-{number}'s own", source.version);
            return Err(Error::Request(what));
        }
        let tree = Tree {
            stable: source.recipe.release_commit.clone(),
            prerequisites: prerequisites.to_vec(),
            patches: vec![format!("{folder}/*")],
            rest: Map::new(),
        };
        files.extend(patches.into_iter().map(|(name, text)| (format!("{folder}/{name}"), text)));
        let of = Version { version: source.version.clone(), trees: BTreeMap::new(), rest: Map::new() };
        let version = meta.versions.entry(source.version.clone()).or_insert(of);
        if version.trees.insert(source.tree.clone(), tree).is_some() {
            let what = format!("two recipes are for {}, {}", source.version, source.tree);
            return Err(Error::Request(what));
        }
        for (list, name) in [(&mut meta.supported, &source.version), (&mut meta.trees, &source.tree)] {
            if !list.contains(name) {
                list.push(name.clone());
            }
        }
    }
    Ok(Exported { meta, files })
}

/// The folder of a recipe's patches, from names that a path can hold.
fn folder(number: u64, source: &Source<'_>) -> Result<String, Error> {
    for name in [&source.version, &source.tree] {
        let plain = |char: char| char.is_ascii_alphanumeric() || "._-".contains(char);
        if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.chars().all(plain) {
            return Err(Error::Request(format!("{name:?} is no name of a version or tree")));
        }
    }
    let (version, tree) = (&source.version, &source.tree);
    Ok(if tree == "xen" { format!("xsa{number}-{version}") } else { format!("xsa{number}-{tree}-{version}") })
}

fn patches(source: &mut Source<'_>, prerequisites: &[u64]) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let names = Names::known();
    let mails = export::texts(source.shop, source.recipe, source.file)?;
    let mut patches = Vec::new();
    let mut left_out = false;
    let mut state = State::new(source.shop.commit(&full_id(&source.recipe.release_commit)?)?.tree);
    for (step, text) in source.recipe.steps.iter().zip(mails) {
        if let Some(commit) = &step.apply_commit {
            let commit = source.shop.commit(&full_id(commit)?)?;
            let named = names.of(commit.message());
            if prerequisites.iter().any(|number| named.contains(&format!("XSA-{number}"))) {
                left_out = true;
                continue;
            }
        }
        let name = export::patch_name(patches.len() + 1, step);
        let patch = source.shop.patch_of_text(&name, &text)?;
        if !left_out && state.apply(source.shop, &patch)?.is_err() {
            return Err(Error::Request(format!("{name} of {} does not apply", source.version)));
        }
        patches.push((name, text));
    }
    let tree = state.tree(source.shop)?.to_string();
    if !left_out && tree != source.recipe.expected_tree {
        let what = format!(
            "the patches of {} lead to the tree {tree}, not to the recipe's; a merge among them has no patch",
            source.version
        );
        return Err(Error::Request(what));
    }
    Ok(patches)
}

/// Makes a recipe of ours from one of an `xsaNNN.meta`, with the patches of the advisories that must come first.
///
/// # Errors
/// There is no such recipe, something cannot be read, or it does not apply.
pub fn import(
    shop: &mut Workshop,
    meta: &Meta,
    folder: &Path,
    others: &mut Others,
    (version, tree): (&str, &str),
) -> Result<Imported, Error> {
    let found = steps(meta, folder, others, version, tree)?;
    let stable = meta.tree(version, tree).map(|recipe| recipe.stable.clone()).unwrap_or_default();
    let mut state = State::new(shop.commit(&full_id(&stable)?)?.tree);
    let (mut own, mut files) = (Vec::new(), Vec::new());
    for (number, step) in found.into_iter().enumerate() {
        let last = step.name.rsplit('/').next().unwrap_or_default();
        let last: String =
            last.chars().map(|char| if char.is_control() || char == '\\' { '_' } else { char }).collect();
        let name = format!("{:04}-xsa{}-{last}", number + 1, step.xsa);
        let patch = shop.patch_of_text(&step.name, &step.text)?;
        if let Err(failure) = state.apply(shop, &patch)? {
            let file = String::from_utf8_lossy(&failure.file).into_owned();
            let what = format!("{} does not apply: {file}, line {}", step.name, failure.line);
            return Err(Error::Request(what));
        }
        let sha256 = sha256(&step.text);
        own.push(Step { apply_commit: None, apply_file: Some(name.clone()), sha256, reason: None });
        files.push((name, step.text));
    }
    let expected_tree = state.tree(shop)?.to_string();
    let (format, release) = (FORMAT.to_owned(), stable.clone());
    let recipe = Recipe { format, release, release_commit: stable, steps: own, expected_tree };
    Ok(Imported { recipe, files })
}
