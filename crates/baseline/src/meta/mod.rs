//! `xsaNNN.meta`: how Xen's own tool wrote down which patches of an advisory apply to which version, and which other
//! advisories must come first. Read, written and checked; what it does not know is kept.

mod check;
mod exchange;
mod glob;

pub use check::{Checked, Failed, Others, Repositories, check};
pub use exchange::{Exported, Imported, Source, export, import};
pub use glob::{files, is_pattern};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use tidegate_domain::fault::Fault;

/// Largest file, in bytes.
pub const META_BYTES_MAX: usize = 1 << 20;
/// Versions of one advisory.
pub const VERSIONS_MAX: usize = 200;
/// Trees of one version.
pub const TREES_MAX: usize = 50;
/// Advisories that must come first, and patterns of patches, of one recipe each.
pub const LISTED_MAX: usize = 500;
/// Length of a version's or tree's name, in bytes.
const NAME_BYTES_MAX: usize = 100;

/// One advisory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Meta {
    /// Its number.
    #[serde(rename = "XSA")]
    pub number: u64,
    /// Versions that had support, `master` among them.
    #[serde(rename = "SupportedVersions")]
    pub supported: Vec<String>,
    /// Trees that it is about: `xen`, `qemuu` and others.
    #[serde(rename = "Trees")]
    pub trees: Vec<String>,
    /// What applies, by version.
    #[serde(rename = "Recipes")]
    pub versions: BTreeMap<String, Version>,
    /// Whatever else the file says.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// What applies to one version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Version {
    /// Its name, once more.
    #[serde(rename = "XenVersion")]
    pub version: String,
    /// By tree.
    #[serde(rename = "Recipes")]
    pub trees: BTreeMap<String, Tree>,
    /// Whatever else is said.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// What applies to one tree of a version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tree {
    /// The commit of the stable branch that the patches were made for, in full.
    #[serde(rename = "StableRef")]
    pub stable: String,
    /// Numbers of the advisories that must come first, in order.
    #[serde(rename = "Prereqs", default)]
    pub prerequisites: Vec<u64>,
    /// Patch files beside the file, or patterns of such: `xsa237-4.5/*`, `xsa240-4.9/????-*.patch`, `xsa1-[ab].patch`.
    #[serde(rename = "Patches")]
    pub patches: Vec<String>,
    /// Whatever else is said.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl Meta {
    /// Reads a file.
    ///
    /// # Errors
    /// Where it is malformed, or names what it must not.
    pub fn read(text: &[u8]) -> Result<Meta, Fault> {
        if text.len() > META_BYTES_MAX {
            return Err(refused(format!("the file is larger than {META_BYTES_MAX} bytes")));
        }
        let meta: Meta = serde_json::from_slice(text).map_err(|error| Fault {
            line: error.line(),
            column: error.column(),
            what: error.to_string(),
            advice: "an xsaNNN.meta has XSA, SupportedVersions, Trees and Recipes".to_owned(),
        })?;
        meta.bounded().map_err(refused)?;
        Ok(meta)
    }

    /// The file, one field a line.
    #[must_use]
    pub fn render(&self) -> String {
        serde_json::to_string_pretty(self).map(|text| text + "\n").unwrap_or_default()
    }

    /// What applies to a version's tree.
    #[must_use]
    pub fn tree(&self, version: &str, tree: &str) -> Option<&Tree> {
        self.versions.get(version)?.trees.get(tree)
    }

    fn bounded(&self) -> Result<(), String> {
        let names = self.supported.iter().chain(&self.trees).chain(self.versions.keys());
        let names = names.chain(self.versions.values().flat_map(|version| version.trees.keys()));
        for name in names {
            if name.is_empty() || name.len() > NAME_BYTES_MAX || name.chars().any(char::is_control) {
                return Err(format!("{name:?} is no name of a version or tree"));
            }
        }
        if self.versions.len() > VERSIONS_MAX || self.supported.len() > VERSIONS_MAX {
            return Err(format!("more than {VERSIONS_MAX} versions"));
        }
        for (name, version) in &self.versions {
            if version.version != *name {
                return Err(format!("the recipe of {name} says that it is of {:?}", version.version));
            }
            if version.trees.len() > TREES_MAX {
                return Err(format!("{name} has more than {TREES_MAX} trees"));
            }
            for (tree, recipe) in &version.trees {
                recipe.bounded().map_err(|what| format!("{name}, {tree}: {what}"))?;
            }
        }
        Ok(())
    }
}

impl Tree {
    fn bounded(&self) -> Result<(), String> {
        let digits = self.stable.bytes().all(|digit| digit.is_ascii_hexdigit());
        if !digits || ![40, 64].contains(&self.stable.len()) {
            return Err(format!("StableRef is {:?}, which is no full commit id", self.stable));
        }
        if self.prerequisites.len() > LISTED_MAX || self.patches.len() > LISTED_MAX {
            return Err(format!("more than {LISTED_MAX} prerequisites or patterns"));
        }
        match self.patches.iter().find(|pattern| !is_pattern(pattern)) {
            Some(pattern) => Err(format!("{pattern:?} may lead out of the file's own folder")),
            None => Ok(()),
        }
    }
}

fn refused(what: String) -> Fault {
    Fault::nowhere(what, "nothing of the file was used")
}
