//! The baseline engine against git itself.

mod git;
mod random;
mod xen;
