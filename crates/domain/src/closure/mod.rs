//! Closures: everything in force for a scope at an instant, under one root, so that silence shows (SCS-06).
//!
//! An authority signs the root of a Merkle tree over the advisories in force. A provider answers every leaf.
//! [`review`] says what is missing, late, contradictory or stale.

mod force;
mod review;
mod scope;
mod tree;

pub use force::{NotClosed, Published, in_force};
pub use review::{Ask, Given, Kind, Line, Ran, Review, Running, review};
pub use scope::{SCOPE_BYTES_MAX, SCOPE_SCHEMA, Scope, read_scope};
pub use tree::{Side, Step, leaf_hash, path, root, root_of, sides};

use crate::proof::Digest;
use crate::time::Instant;

/// Most leaves of one closure.
pub const LEAVES_MAX: usize = 10_000;
/// Longest identity of an advisory in a closure, in bytes.
pub const ADVISORY_BYTES_MAX: usize = 200;
/// Sets the leaves apart from everything else that is hashed.
const LEAF: &str = "tidegate-closure-leaf-v1";

/// One advisory in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// The advisory: `OSSA-2025-002`.
    pub advisory: String,
    /// The digest of its document, which is its version.
    pub sha256: Digest,
    /// Since when it is in force; none where its document has no date.
    pub since: Option<Instant>,
    /// What the document calls its version; may be empty.
    pub edition: String,
    /// The products of the scope that it is about. Each needs an answer.
    pub products: Vec<String>,
}

impl Leaf {
    /// What its hash is made over, behind the byte that marks leaves (RFC 9162, 2.1.1): four lines.
    #[must_use]
    pub fn text(&self) -> String {
        let since = self.since.map_or_else(|| "-".to_owned(), |since| since.to_string());
        format!("{LEAF}\n{}\n{}\n{since}\n", self.advisory, self.sha256)
    }

    /// Its hash.
    #[must_use]
    pub fn hash(&self) -> Digest {
        tree::leaf_hash(self.text().as_bytes())
    }

    /// Whether the identity of an advisory fits into one line of a leaf.
    #[must_use]
    pub fn fits(advisory: &str) -> bool {
        !advisory.is_empty()
            && advisory.len() <= ADVISORY_BYTES_MAX
            && !advisory.chars().any(|c| c.is_control() || c.is_whitespace())
    }
}

/// Every advisory in force for a scope at an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closure {
    /// The scope.
    pub scope: Scope,
    /// The instant.
    pub at: Instant,
    /// What is in force, by identity.
    pub leaves: Vec<Leaf>,
}

impl Closure {
    /// Its root.
    #[must_use]
    pub fn root(&self) -> Digest {
        root(&self.hashes())
    }

    /// The hashes of its leaves, in their order.
    #[must_use]
    pub fn hashes(&self) -> Vec<Digest> {
        self.leaves.iter().map(Leaf::hash).collect()
    }

    /// The place of an advisory among the leaves.
    #[must_use]
    pub fn place(&self, advisory: &str) -> Option<usize> {
        self.leaves.iter().position(|leaf| leaf.advisory == advisory)
    }
}
