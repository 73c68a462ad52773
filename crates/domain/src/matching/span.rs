//! Spans of versions in any scheme.

use super::Scheme;

/// Where a span of affected versions begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start<'a> {
    /// With the first version there ever was.
    Beginning,
    /// With this version.
    At(&'a str),
    /// Behind this version.
    After(&'a str),
}

/// Where a span of affected versions ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End<'a> {
    /// Before this version.
    Below(&'a str),
    /// With this version.
    Through(&'a str),
    /// Nowhere.
    Never,
}

/// Affected versions, from a start to an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span<'a> {
    /// Its start.
    pub from: Start<'a>,
    /// Its end.
    pub to: End<'a>,
}

/// How sure it is that a claim holds for a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Certainty {
    /// The version is in the range.
    Affected,
    /// The claim is about the component, and whether it holds for the version can't be told.
    Untold,
}

impl<'a> Span<'a> {
    /// One version.
    #[must_use]
    pub fn one(version: &'a str) -> Span<'a> {
        Span { from: Start::At(version), to: End::Through(version) }
    }

    /// Whether both its bounds have a place among versions.
    #[must_use]
    pub fn is_placed(&self) -> bool {
        let from = match self.from {
            Start::Beginning => None,
            Start::At(from) | Start::After(from) => Some(from),
        };
        let to = match self.to {
            End::Below(to) | End::Through(to) => Some(to),
            End::Never => None,
        };
        from.into_iter().chain(to).all(is_placed)
    }

    /// Whether it contains `version`, by comparing with both its bounds.
    #[must_use]
    pub fn contains(&self, scheme: impl Scheme, version: &str) -> bool {
        let starts = match self.from {
            Start::Beginning => true,
            Start::At(from) => scheme.compare(version, from).is_ge(),
            Start::After(from) => scheme.compare(version, from).is_gt(),
        };
        starts
            && match self.to {
                End::Below(to) => scheme.compare(version, to).is_lt(),
                End::Through(to) => scheme.compare(version, to).is_le(),
                End::Never => true,
            }
    }
}

/// Whether a text has a place among versions. What has none (`latest`, `(devel)`) could be any of them.
#[must_use]
pub fn is_placed(version: &str) -> bool {
    let number = version.trim_start_matches(['v', 'V', '=']);
    number.starts_with(|c: char| c.is_ascii_digit()) && !number.contains(char::is_whitespace)
}
