//! A recipe: what must be applied to which release, in which order, and what comes out. Anybody can follow it
//! with nothing but a clone (`docs/verify-recipe.sh`), byte for byte.

use crate::apply::{Patch, State, Workshop};
use crate::check::{Answer, FailedAt, Reason, Request, SERIES_MAX, Series};
use crate::error::Error;
use gix_hash::ObjectId;
use gix_object::Kind;
use serde::{Deserialize, Serialize};
use sha2::Digest;
use std::fmt;
use tidegate_domain::fault::Fault;

/// The only format there is.
pub(crate) const FORMAT: &str = "tidegate-recipe-1";
/// Largest recipe, in bytes.
pub const RECIPE_BYTES_MAX: usize = 16 << 20;

/// What must be applied to a release, and what comes out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Says which format this is.
    pub format: String,
    /// The release, as it was named.
    pub release: String,
    /// Its commit.
    pub release_commit: String,
    /// What is applied, in this order.
    pub steps: Vec<Step>,
    /// The tree that comes out.
    pub expected_tree: String,
}

/// One thing to apply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// A commit, whose difference from its first parent is applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub apply_commit: Option<String>,
    /// Or a patch file, by its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub apply_file: Option<String>,
    /// SHA-256 of the commit as git keeps it (`git cat-file commit`), or of the file.
    pub sha256: String,
    /// Why a prerequisite must come first; nothing for the series itself.
    pub reason: Option<Reason>,
}

/// What does not hold of a recipe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// The release is another commit here.
    Release {
        /// What it is here.
        here: String,
    },
    /// A commit or file is another one.
    Hash {
        /// Which.
        step: String,
    },
    /// Something does not apply.
    Applies(FailedAt),
    /// Another tree comes out.
    Tree {
        /// Which.
        here: String,
    },
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mismatch::Release { here } => write!(f, "the release is the commit {here} in this repository"),
            Mismatch::Hash { step } => {
                write!(f, "{step} is not what the recipe was made with: its SHA-256 differs")
            }
            Mismatch::Applies(at) => write!(f, "{} does not apply: {}, line {}", at.patch, at.file, at.line),
            Mismatch::Tree { here } => write!(f, "the tree {here} comes out"),
        }
    }
}

/// The recipe of an answer; nothing if no set of commits makes the series apply.
///
/// # Errors
/// An object cannot be read.
pub fn recipe(shop: &mut Workshop, request: &Request, answer: &Answer) -> Result<Option<Recipe>, Error> {
    let Some(expected_tree) = answer.tree.clone() else { return Ok(None) };
    let release_commit = shop.resolve(&request.release)?;
    let mut steps = Vec::with_capacity(answer.order.len());
    for name in &answer.order {
        let reason = answer.reasons.iter().find(|reason| reason.commit == *name).cloned();
        let file = match &request.series {
            Series::Files(files) => files.iter().find(|(file, _)| file == name),
            Series::Commits(_) => None,
        };
        steps.push(match file {
            Some((_, text)) => Step {
                apply_commit: None,
                apply_file: Some(base_name(name).to_owned()),
                sha256: sha256(text),
                reason,
            },
            None => {
                let id = shop.resolve(name)?;
                let sha256 = sha256(&shop.store.read_kind(&id, Kind::Commit)?);
                Step { apply_commit: Some(id.to_string()), apply_file: None, sha256, reason }
            }
        });
    }
    let release = request.release.clone();
    let release_commit = release_commit.to_string();
    Ok(Some(Recipe { format: FORMAT.to_owned(), release, release_commit, steps, expected_tree }))
}

/// The last part of a path.
fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Recipe {
    /// Reads a recipe.
    ///
    /// # Errors
    /// Where it is malformed.
    pub fn read(text: &str) -> Result<Recipe, Fault> {
        let refuse = |what: String| Fault::nowhere(what, "`tidegate baseline check --recipe` writes recipes");
        if text.len() > RECIPE_BYTES_MAX {
            return Err(refuse(format!("a recipe has at most {RECIPE_BYTES_MAX} bytes")));
        }
        let recipe: Recipe = serde_json::from_str(text).map_err(|error| Fault {
            line: error.line(),
            column: error.column(),
            what: error.to_string(),
            advice: String::new(),
        })?;
        if recipe.format != FORMAT {
            return Err(refuse(format!("the format is not {FORMAT}")));
        }
        if recipe.steps.is_empty() || recipe.steps.len() > SERIES_MAX {
            return Err(refuse(format!("a recipe has 1 to {SERIES_MAX} steps")));
        }
        for step in &recipe.steps {
            let name = step.apply_file.as_deref();
            let unsafe_name =
                |name: &str| name.is_empty() || name.starts_with('.') || name.contains(['/', '\\', '\0']);
            if step.apply_commit.is_some() == name.is_some() || name.is_some_and(unsafe_name) {
                return Err(refuse("each step applies one commit, or one file beside the recipe".to_owned()));
            }
        }
        Ok(recipe)
    }

    /// The recipe as JSON, one field a line.
    #[must_use]
    pub fn render(&self) -> String {
        serde_json::to_string_pretty(self).map(|text| text + "\n").unwrap_or_default()
    }

    /// Follows the recipe: nothing, if all of it holds. `file` hands over a patch file by its name.
    ///
    /// # Errors
    /// Something cannot be read.
    pub fn verify(
        &self,
        shop: &mut Workshop,
        file: &mut dyn FnMut(&str) -> Result<Vec<u8>, Error>,
    ) -> Result<Option<Mismatch>, Error> {
        let wanted = full_id(&self.release_commit)?;
        // A clone without the tag can follow the recipe; one that has another release under its name cannot.
        if let Ok(here) = shop.resolve(&self.release)
            && here != wanted
        {
            return Ok(Some(Mismatch::Release { here: here.to_string() }));
        }
        let mut state = State::new(shop.commit(&wanted)?.tree);
        for step in &self.steps {
            let (patch, sha256) = patch(shop, step, file)?;
            if sha256 != step.sha256 {
                return Ok(Some(Mismatch::Hash { step: patch.name }));
            }
            if let Err(failure) = state.apply(shop, &patch)? {
                let file = String::from_utf8_lossy(&failure.file).into_owned();
                let at = FailedAt { patch: patch.name, file, line: failure.line };
                return Ok(Some(Mismatch::Applies(at)));
            }
        }
        let here = state.tree(shop)?.to_string();
        Ok((here != self.expected_tree).then_some(Mismatch::Tree { here }))
    }
}

fn patch(
    shop: &mut Workshop,
    step: &Step,
    file: &mut dyn FnMut(&str) -> Result<Vec<u8>, Error>,
) -> Result<(Patch, String), Error> {
    if let Some(commit) = &step.apply_commit {
        let id = full_id(commit)?;
        let sha256 = sha256(&shop.store.read_kind(&id, Kind::Commit)?);
        return Ok((shop.patch_of_commit(&id)?, sha256));
    }
    let name = step.apply_file.as_deref().unwrap_or_default();
    let text = file(name)?;
    Ok((shop.patch_of_text(name, &text)?, sha256(&text)))
}

/// A recipe names commits in full: a shortened id may come to mean another one.
pub(crate) fn full_id(digits: &str) -> Result<ObjectId, Error> {
    ObjectId::from_hex(digits.as_bytes())
        .map_err(|_| Error::Request(format!("{digits:?} is no full commit id, which a recipe needs")))
}
