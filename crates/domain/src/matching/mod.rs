//! Which advisories are about what runs, and what runs that an advisory is about, by look-up instead of by search.
//!
//! [`Index`] holds what advisories say, by the identity of packages: a new snapshot finds its advisories.
//! [`Fleet`] holds what deployments run, by the same identity: a new advisory finds its deployments. Both are
//! derived, hold no secret that their source doesn't, and can be thrown away and built again.
//!
//! What either finds is exactly what comparing every component with every claim would find
//! ([`Span::contains`]). A version that has no place in its scheme's order, or a claim that wasn't understood,
//! is found as [`Certainty::Untold`]: doubt is never left out.

mod fleet;
mod index;
mod names;
mod span;

pub use fleet::{Fleet, Found};
pub use index::{Builder, Claim, Hit, Index};
pub use names::{Full, Names};
pub use span::{Certainty, End, Span, Start, is_placed};

use std::cmp::Ordering;

/// A versioning scheme: in which order versions come.
pub trait Scheme: Copy {
    /// The order of two versions.
    fn compare(self, a: &str, b: &str) -> Ordering;

    /// Whether the order is total, so that sorted versions can be searched. Others are compared one by one.
    fn is_total(self) -> bool;

    /// A number for most versions. Where the numbers of two differ, so do the versions, and in the same order: sorting
    /// compares texts only where they don't.
    fn key(self, version: &str) -> Option<u128>;
}

/// What a component or a claim is about, normalised by whoever read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity<'a, S> {
    /// How its versions compare. The same for everything of one name.
    pub scheme: S,
    /// Its name in its ecosystem: `pypi/keystone`, `deb/debian/curl`, `product/neutron`.
    pub name: &'a str,
    /// The release of the distribution that it belongs to, where one is stated: `12` of Debian.
    pub suite: Option<&'a str>,
}

/// Stands between a name and a suite; neither can hold it.
const SUITE_MARK: char = '\n';

impl<S> Identity<'_, S> {
    /// The name within its suite, where it has one.
    fn in_suite(&self) -> Option<String> {
        self.suite.map(|suite| format!("{}{SUITE_MARK}{suite}", self.name))
    }
}

#[cfg(test)]
mod tests;
