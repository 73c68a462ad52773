//! Whether the patches of a case apply to the trees of its releases (XEN-24). It is a word about text: that a
//! release works with its patch is for a test to show (CS-10).

use serde::{Deserialize, Serialize};

/// Most commits that are listed as prerequisites of one patch.
pub const PREREQUISITES_MAX: usize = 500;

/// How a patch met one tree of a release: its last point release, or the tip of its branch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TreeCheck {
    /// The tree, as the project names it: a tag or a branch.
    pub name: String,
    /// The commit that the name stood for, as its full id; `None` where it stood for none.
    pub commit: Option<String>,
    /// The patch, by its SHA-256 in hex.
    pub patch: String,
    /// What was found.
    pub found: Found,
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Found {
    /// It applies as the tree stands.
    Applies {
        /// The tree that comes out, as git names it.
        tree: String,
    },
    /// It applies after commits of the release's branch.
    Needs {
        /// The tree that comes out, as git names it.
        tree: String,
        /// The commits, in the order in which they are applied.
        commits: Vec<Prerequisite>,
    },
    /// It does not apply because what it does has been done: the tree has the fix.
    There {
        /// The commit of the tree's past that is the same patch, by its full id, where one was found.
        commit: Option<String>,
    },
    /// No set of the branch's commits makes it apply.
    Fails {
        /// The file that does not fit.
        file: String,
        /// The first line of the hunk, as the patch says; 0 where the file as a whole is at fault.
        line: u32,
    },
    /// Nobody knows.
    Unchecked {
        /// Why it could not be found out.
        why: String,
    },
}

impl Found {
    /// Whether the text applies, as the tree stands or after the prerequisites that are listed.
    #[must_use]
    pub fn applies(&self) -> bool {
        match self {
            Found::Applies { .. } | Found::Needs { .. } => true,
            Found::There { .. } | Found::Fails { .. } | Found::Unchecked { .. } => false,
        }
    }

    /// Whether the tree is provided for: the text applies, or is there already.
    #[must_use]
    pub fn is_green(&self) -> bool {
        self.applies() || matches!(self, Found::There { .. })
    }

    /// The tree that comes out, where one does.
    #[must_use]
    pub fn tree(&self) -> Option<&str> {
        match self {
            Found::Applies { tree } | Found::Needs { tree, .. } => Some(tree),
            Found::There { .. } | Found::Fails { .. } | Found::Unchecked { .. } => None,
        }
    }

    /// The commits that must come first.
    #[must_use]
    pub fn prerequisites(&self) -> &[Prerequisite] {
        match self {
            Found::Needs { commits, .. } => commits,
            Found::Applies { .. } | Found::There { .. } | Found::Fails { .. } | Found::Unchecked { .. } => {
                &[]
            }
        }
    }
}

/// A commit that must come first, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prerequisite {
    /// Its full id.
    pub commit: String,
    /// The first line of its message.
    pub subject: String,
    /// Whether its message names an advisory.
    pub security: bool,
    /// What does not apply without it, and where, in words.
    pub needed_by: String,
}
