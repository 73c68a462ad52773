//! Spans of versions, as the JSON formats state them, and what they mean for a verdict.

use crate::vers::{Comparator, Scheme, Vers};
use jiff::civil::Date;
use std::fmt;
use tidegate_domain::verdict::{Affected, Limit, Published, RANGES_MAX, Range};
use tidegate_domain::version::ReleaseVersion;

/// Where a span ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    Below(String),
    Through(String),
    Never,
}

/// Affected versions from one, or from the beginning, to an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: Option<String>,
    pub(super) to: End,
}

impl Span {
    pub(super) fn one(version: &str) -> Span {
        Span { from: Some(version.to_owned()), to: End::Through(version.to_owned()) }
    }

    /// `0` stands for the beginning.
    pub(super) fn from(version: &str) -> Option<String> {
        Some(version.trim()).filter(|version| *version != "0").map(str::to_owned)
    }

    fn range(&self) -> Option<Range> {
        let from = match &self.from {
            Some(from) => Some(version(from)?),
            None => None,
        };
        let to = match &self.to {
            End::Below(end) => Limit::Below(version(end)?),
            End::Through(end) => Limit::Through(version(end)?),
            End::Never => Limit::Never,
        };
        Some(Range { from, to })
    }
}

fn version(text: &str) -> Option<ReleaseVersion> {
    text.trim().trim_start_matches(['v', 'V']).parse().ok()
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.from, &self.to) {
            (None, End::Never) => f.write_str("all versions"),
            (Some(from), End::Never) => write!(f, ">={from}"),
            (Some(from), End::Through(to)) if from == to => write!(f, "=={to}"),
            (Some(from), End::Below(to)) => write!(f, ">={from} <{to}"),
            (Some(from), End::Through(to)) => write!(f, ">={from} <={to}"),
            (None, End::Below(to)) => write!(f, "<{to}"),
            (None, End::Through(to)) => write!(f, "<={to}"),
        }
    }
}

/// Whether a document says what it doesn't list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// Versions outside of the spans aren't affected.
    Unaffected,
    /// It says nothing about them.
    Untold,
}

/// What the spans mean; one that can't be understood makes the whole so.
pub(super) fn affected(spans: &[Span], rest: Rest) -> Affected {
    let ranges: Option<Vec<Range>> = spans.iter().map(Span::range).collect();
    match (ranges, rest) {
        (Some(ranges), _) if ranges.is_empty() || ranges.len() > RANGES_MAX => Affected::NotUnderstood,
        (Some(ranges), Rest::Unaffected) => Affected::Ranges(ranges),
        (Some(ranges), Rest::Untold) => Affected::AtLeast(ranges),
        (None, _) => Affected::NotUnderstood,
    }
}

pub(super) fn in_words(spans: &[Span]) -> String {
    spans.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// The spans of a specifier, never narrower than it: what `!=` excludes is kept in. Nothing for a scheme whose
/// versions are not upstream's.
pub(super) fn of_vers(vers: &Vers) -> Option<Vec<Span>> {
    if !matches!(vers.scheme, Scheme::Pypi | Scheme::Generic | Scheme::Semver) {
        return None;
    }
    let mut spans: Vec<Span> = Vec::new();
    let mut open: Option<String> = None;
    let mut may_extend = false;
    for constraint in &vers.constraints {
        let version = constraint.version.clone();
        let end = match constraint.comparator {
            Comparator::NotEqual => continue,
            Comparator::Equal => {
                // Inside an open span it adds nothing.
                if open.is_none() {
                    spans.push(Span::one(&version));
                    may_extend = false;
                }
                continue;
            }
            Comparator::Greater | Comparator::AtLeast => {
                open.get_or_insert(version);
                continue;
            }
            Comparator::Less => End::Below(version),
            Comparator::AtMost => End::Through(version),
        };
        match spans.last_mut().filter(|_| may_extend && open.is_none()) {
            Some(last) => last.to = end,
            None => spans.push(Span { from: open.take(), to: end }),
        }
        may_extend = true;
    }
    if open.is_some() || spans.is_empty() {
        spans.push(Span { from: open, to: End::Never });
    }
    Some(spans)
}

/// A day at the beginning of a timestamp.
pub(super) fn published(text: Option<&str>, source: &str) -> Option<Published> {
    let day: Date = text?.get(..10)?.parse().ok()?;
    Some(Published { day, source: source.to_owned() })
}
