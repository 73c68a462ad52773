//! The baseline engine against git itself.

mod archive;
mod branch;
mod forecast;
mod git;
mod hostile;
mod merge;
mod meta;
mod random;
mod recipe;
mod standing;
mod symbols;
mod xen;
