//! What is in force for a scope at an instant.

use super::{LEAVES_MAX, Leaf, Scope};
use crate::proof::Digest;
use crate::release::Releases;
use crate::time::Instant;
use crate::verdict::Statement;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::fmt;

/// Why nothing can be closed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotClosed {
    /// An advisory's identity does not fit into a leaf.
    Identity(String),
    /// Two documents call themselves the same.
    TwoForms(String),
    /// Nothing is in force.
    Nothing,
    /// So many advisories are.
    TooMany(usize),
}

impl fmt::Display for NotClosed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotClosed::Identity(id) => {
                write!(f, "`{}` is no identity that fits into a leaf", id.escape_debug())
            }
            NotClosed::TwoForms(id) => {
                write!(f, "two documents of different forms call themselves {id}: give one")
            }
            NotClosed::Nothing => write!(f, "nothing is in force for this scope at this instant"),
            NotClosed::TooMany(count) => {
                write!(f, "{count} advisories are in force, and a closure has at most {LEAVES_MAX}")
            }
        }
    }
}

/// An advisory that may be in force.
#[derive(Clone, Copy, Debug)]
pub struct Published<'a> {
    /// Its identity.
    pub advisory: &'a str,
    /// The digest of its document.
    pub sha256: Digest,
    /// What the document calls its version.
    pub edition: &'a str,
    /// The day on which it became public, where the document says.
    pub day: Option<Date>,
    /// What it says of products.
    pub statements: &'a [Statement],
}

/// The leaves of a closure, by identity: every advisory about something in scope that was public by then. One
/// without a date counts as in force.
///
/// # Errors
/// The documents make no closure.
pub fn in_force<'a>(
    scope: &Scope,
    releases: &Releases,
    at: Instant,
    advisories: impl IntoIterator<Item = Published<'a>>,
) -> Result<Vec<Leaf>, NotClosed> {
    let mut leaves: Vec<Leaf> = Vec::new();
    for Published { advisory, sha256, edition, day, statements } in advisories {
        let covered = statements.iter().filter(|statement| scope.covers(statement, releases));
        let mut products: Vec<String> = covered.map(|statement| statement.product.clone()).collect();
        products.sort();
        products.dedup();
        let midnight = day.and_then(|day| day.to_zoned(TimeZone::UTC).ok());
        let since = midnight.map(|midnight| Instant::from(midnight.timestamp()));
        if products.is_empty() || since.is_some_and(|since| since > at) {
            continue;
        }
        if !Leaf::fits(advisory) {
            return Err(NotClosed::Identity(advisory.to_owned()));
        }
        let (advisory, edition) = (advisory.to_owned(), edition.to_owned());
        leaves.push(Leaf { advisory, sha256, since, edition, products });
    }
    leaves.sort_by(|one, other| one.advisory.cmp(&other.advisory));
    if let Some([one, _]) = leaves.array_windows().find(|[one, other]| one.advisory == other.advisory) {
        return Err(NotClosed::TwoForms(one.advisory.clone()));
    }
    match leaves.len() {
        0 => Err(NotClosed::Nothing),
        count if count > LEAVES_MAX => Err(NotClosed::TooMany(count)),
        _ => Ok(leaves),
    }
}
