//! Patches as values: what a text changes, and whether it applies to a file by the rules of `git apply`.
//!
//! Context must match exactly; a hunk may lie elsewhere than it says, but nothing of it is left out (no fuzz).
//! Nothing here opens a repository: contents are sequences of interned [`Lines`].

mod binary;
mod change;
mod hunk;
mod lines;
mod parse;
mod path;

pub use binary::{BinaryHunk, DELTA_BYTES_MAX, apply_delta};
pub use change::{Body, Change, Kind, Mode};
pub use hunk::{Applied, COMPARISONS_MAX, Hunk, HunkFailure, apply, reversed};
pub use lines::{LineId, Lines};
pub use parse::{CHANGES_MAX, HUNK_LINES_MAX, PATCH_BYTES_MAX, parse};
pub use path::{PATH_BYTES_MAX, PathFault, check_path};
