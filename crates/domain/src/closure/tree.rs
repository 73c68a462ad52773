//! Merkle trees as RFC 9162 (section 2.1) has them: a leaf is hashed behind the byte 0, two nodes behind the
//! byte 1, so that no leaf passes for a node.

use crate::proof::Digest;
use sha2::Digest as _;

/// On which side of a node the other one stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The other node comes first.
    Left,
    /// The other node comes second.
    Right,
}

impl Side {
    /// The word for it in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Side::Left => "left",
            Side::Right => "right",
        }
    }
}

/// A step from a node to the one above it: the other node below that, and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Where it stands.
    pub side: Side,
    /// The other node.
    pub hash: Digest,
}

/// The hash of a leaf over its bytes.
#[must_use]
pub fn leaf_hash(data: &[u8]) -> Digest {
    Digest::from_bytes(sha2::Sha256::new().chain_update([0]).chain_update(data).finalize().into())
}

fn node_hash(left: Digest, right: Digest) -> Digest {
    let hash = sha2::Sha256::new().chain_update([1]).chain_update(left.bytes()).chain_update(right.bytes());
    Digest::from_bytes(hash.finalize().into())
}

/// The root over these leaves' hashes; of none, the digest of nothing.
#[must_use]
pub fn root(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => Digest::of(b""),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash(root(left), root(right))
        }
    }
}

/// The largest power of two below `size`, which is at least 2.
fn split(size: usize) -> usize {
    size.next_power_of_two() / 2
}

/// The way from the leaf at `place` to the root, the lowest step first; none where there is no such leaf.
#[must_use]
pub fn path(leaves: &[Digest], place: usize) -> Option<Vec<Step>> {
    if place >= leaves.len() {
        return None;
    }
    if leaves.len() == 1 {
        return Some(Vec::new());
    }
    let at = split(leaves.len());
    let (left, right) = leaves.split_at(at);
    let (mut steps, last) = if place < at {
        (path(left, place)?, Step { side: Side::Right, hash: root(right) })
    } else {
        (path(right, place - at)?, Step { side: Side::Left, hash: root(left) })
    };
    steps.push(last);
    Some(steps)
}

/// On which sides the steps of the leaf at `place` of `size` must be: a way that says otherwise is another
/// leaf's.
#[must_use]
pub fn sides(place: usize, size: usize) -> Option<Vec<Side>> {
    if place >= size {
        return None;
    }
    if size == 1 {
        return Some(Vec::new());
    }
    let at = split(size);
    let (mut below, last) = if place < at {
        (sides(place, at)?, Side::Right)
    } else {
        (sides(place - at, size - at)?, Side::Left)
    };
    below.push(last);
    Some(below)
}

/// The root to which `steps` lead from a leaf's hash.
#[must_use]
pub fn root_of(leaf: Digest, steps: &[Step]) -> Digest {
    steps.iter().fold(leaf, |below, step| match step.side {
        Side::Left => node_hash(step.hash, below),
        Side::Right => node_hash(below, step.hash),
    })
}
