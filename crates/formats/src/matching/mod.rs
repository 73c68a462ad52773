//! What advisories and inventories call the same package by, for [`tidegate_domain::matching`].
//!
//! Unlike [`crate::advisories`], which reads what verdicts on a project's own releases need, this reads every
//! ecosystem: packages of distributions, of languages, of images.

mod csaf;
mod identity;
mod osv;

pub use csaf::Csaf;
pub use identity::Named;
pub use osv::Osv;

use crate::advisories::DOCUMENT_BYTES_MAX;
use crate::vers::{self, Comparator, Scheme, Vers};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::cmp::Ordering;
use tidegate_domain::fault::Fault;
use tidegate_domain::matching::{self, Builder, Claim, End, Full, Span, Start};

/// Most names that one advisory makes claims on.
pub const CLAIMS_MAX: usize = 20_000;

impl matching::Scheme for Scheme {
    fn compare(self, a: &str, b: &str) -> Ordering {
        vers::compare(self, a, b)
    }

    /// See [`vers::compare`].
    fn is_total(self) -> bool {
        !matches!(self, Scheme::Arch | Scheme::Maven)
    }

    fn key(self, version: &str) -> Option<u128> {
        vers::key(self, version)
    }
}

/// An advisory, as far as it says which packages are affected. It borrows from its document.
#[derive(Debug)]
pub enum Advisory<'a> {
    /// OSV.
    Osv(Osv<'a>),
    /// CSAF 2.0.
    Csaf(Csaf<'a>),
}

/// What tells the forms apart.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Head {
    document: Option<IgnoredAny>,
    modified: Option<IgnoredAny>,
}

impl<'a> Advisory<'a> {
    /// Reads an OSV record or a CSAF document.
    ///
    /// # Errors
    /// It is neither, or breaks the rules of its form.
    pub fn parse(bytes: &'a [u8]) -> Result<Advisory<'a>, Fault> {
        if bytes.len() > DOCUMENT_BYTES_MAX {
            let what = format!("it has more than {DOCUMENT_BYTES_MAX} bytes");
            return Err(Fault::nowhere(what, "no advisory is that long"));
        }
        // Most are OSV: their form is tried first, and looked for only if it doesn't fit.
        match serde_json::from_slice(bytes) {
            Ok(osv) => Ok(Advisory::Osv(osv)),
            Err(error) => {
                let head: Head = serde_json::from_slice(bytes).unwrap_or_default();
                match (head.document, head.modified) {
                    (Some(_), _) => serde_json::from_slice(bytes)
                        .map(Advisory::Csaf)
                        .map_err(|error| fault("CSAF", &error)),
                    (None, Some(_)) => Err(fault("OSV", &error)),
                    (None, None) => Err(Fault::nowhere(
                        "it is neither an OSV record nor a CSAF document",
                        "hand in one of these",
                    )),
                }
            }
        }
    }

    /// The advisory's id.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Advisory::Osv(osv) => osv.id(),
            Advisory::Csaf(csaf) => csaf.id(),
        }
    }

    /// Hands over what it claims, name by name. An advisory that was withdrawn claims nothing.
    pub fn claims(&self, take: &mut dyn FnMut(&Named, Claim<'_>)) {
        match self {
            Advisory::Osv(osv) => osv.claims(take),
            Advisory::Csaf(csaf) => csaf.claims(take),
        }
    }

    /// Adds what it claims to an index in the making.
    ///
    /// # Errors
    /// There is no room for it.
    pub fn index(&self, builder: &mut Builder<Scheme>) -> Result<(), Full> {
        let mut outcome = Ok(());
        self.claims(&mut |named, claim| {
            if outcome.is_ok() {
                outcome = builder.add(self.id(), &named.identity(), claim).map(|_| ());
            }
        });
        outcome
    }
}

fn fault(form: &str, error: &serde_json::Error) -> Fault {
    let advice = "hand in the document as it was published".to_owned();
    Fault { line: error.line(), column: error.column(), what: format!("no {form}: {error}"), advice }
}

/// The spans of a specifier, never narrower than it: what `!=` excludes is kept in, and of bounds in the same
/// direction the widest counts.
fn spans_of(vers: &Vers) -> Vec<Span<'_>> {
    let mut spans: Vec<Span<'_>> = Vec::new();
    let mut open: Option<Start<'_>> = None;
    let mut may_extend = false;
    for constraint in &vers.constraints {
        let version = constraint.version.as_str();
        let end = match constraint.comparator {
            Comparator::NotEqual => continue,
            Comparator::Equal => {
                spans.push(Span::one(version));
                may_extend = false;
                continue;
            }
            Comparator::Greater => {
                open.get_or_insert(Start::After(version));
                continue;
            }
            Comparator::AtLeast => {
                open = match open {
                    Some(Start::After(from)) if vers::compare(vers.scheme, from, version).is_lt() => open,
                    Some(Start::Beginning | Start::At(_)) => open,
                    Some(Start::After(_)) | None => Some(Start::At(version)),
                };
                continue;
            }
            Comparator::Less => End::Below(version),
            Comparator::AtMost => End::Through(version),
        };
        match spans.last_mut().filter(|_| may_extend && open.is_none()) {
            Some(last) => last.to = end,
            None => spans.push(Span { from: open.take().unwrap_or(Start::Beginning), to: end }),
        }
        may_extend = true;
    }
    if open.is_some() || spans.is_empty() {
        spans.push(Span { from: open.unwrap_or(Start::Beginning), to: End::Never });
    }
    // What a constraint names as included is, even where others contradict it.
    for constraint in &vers.constraints {
        let version = constraint.version.as_str();
        let is_included = match constraint.comparator {
            Comparator::Equal | Comparator::AtMost | Comparator::AtLeast => true,
            Comparator::NotEqual | Comparator::Less | Comparator::Greater => false,
        };
        if is_included && !spans.iter().any(|span| span.contains(vers.scheme, version)) {
            spans.push(Span::one(version));
        }
    }
    spans
}

#[cfg(test)]
mod tests;
