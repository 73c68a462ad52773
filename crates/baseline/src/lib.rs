//! Whether a series of patches applies to a release, and which commits of the branch must come first.
//!
//! This is the only crate that opens repositories. It reads their objects in-process and writes nothing into
//! them; it runs none of their hooks or filters and reads no configuration but the hash that names objects.
//! "Applies" is a word about text, by the rules of `git apply`: that it builds or works is for others to show.

#![warn(missing_docs)]

pub mod apply;
pub mod archive;
pub mod backport;
pub mod branch;
pub mod check;
pub mod contents;
pub mod diff;
pub mod error;
pub mod export;
pub mod folder;
pub mod forecast;
pub mod history;
pub mod merge;
pub mod meta;
pub mod needs;
pub mod point_release;
pub mod recipe;
pub mod scan;
pub mod security;
pub mod solve;
pub mod standing;
pub mod store;
pub mod symbols;
pub mod tree;

pub use error::Error;
