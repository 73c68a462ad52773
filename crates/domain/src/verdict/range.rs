//! What an advisory says about the versions of a product, and on which side of it a version lies.

use crate::version::ReleaseVersion;
use jiff::civil::Date;
use std::fmt;

/// Most ranges in one statement.
pub const RANGES_MAX: usize = 1000;

/// Where a range of affected versions ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Before this version, which is often the next possible patch level and was never released.
    Below(ReleaseVersion),
    /// With this version.
    Through(ReleaseVersion),
    /// With whatever had been released when the advisory was published ("all versions").
    Published,
    /// Nowhere: no version is known to have the fix.
    Never,
}

/// A range of affected versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// The first affected version; none where everything before the limit is affected.
    pub from: Option<ReleaseVersion>,
    /// Where it ends.
    pub to: Limit,
}

/// Which versions of a product are affected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Affected {
    /// These, and no others.
    Ranges(Vec<Range>),
    /// These; of others the advisory doesn't tell.
    AtLeast(Vec<Range>),
    /// The text of the advisory could not be understood.
    NotUnderstood,
}

/// When an advisory became public, and how that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The day, in UTC.
    pub day: Date,
    /// Where the day is from: `the advisory's own date`.
    pub source: String,
}

/// What one advisory says about one product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The advisory: `OSSA-2024-005`.
    pub advisory: String,
    /// The product, in lower case: `neutron`.
    pub product: String,
    /// The affected versions in the advisory's own words.
    pub said: String,
    /// The affected versions.
    pub affected: Affected,
    /// When it became public.
    pub published: Option<Published>,
}

/// Where a version lies, seen from the affected ranges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Before every range: the flaw wasn't there yet.
    Before,
    /// In a range.
    Within,
    /// Past the end of a range: the fix is there.
    After,
    /// The advisory doesn't tell.
    Untold,
}

impl Statement {
    /// On which side of the affected ranges `version` lies, which was released on `day`.
    #[must_use]
    pub fn side(&self, version: &ReleaseVersion, day: Option<Date>) -> Side {
        let (ranges, is_all) = match &self.affected {
            Affected::Ranges(ranges) => (ranges, true),
            Affected::AtLeast(ranges) => (ranges, false),
            Affected::NotUnderstood => return Side::Untold,
        };
        let sides = ranges.iter().map(|range| self.side_of(range, version, day));
        // In one range is in; past one and before the next is past; of the rest, doubt wins.
        let side = sides.max_by_key(|side| match side {
            Side::Before => 0,
            Side::After => 1,
            Side::Untold => 2,
            Side::Within => 3,
        });
        side.filter(|side| is_all || *side == Side::Within).unwrap_or(Side::Untold)
    }

    /// Whether a range begins after `version`.
    #[must_use]
    pub fn begins_again_after(&self, version: &ReleaseVersion) -> bool {
        self.beginnings().any(|from| from > version)
    }

    /// Whether a range begins after `lower` and before `upper`.
    #[must_use]
    pub fn begins_between(&self, lower: &ReleaseVersion, upper: &ReleaseVersion) -> bool {
        self.beginnings().any(|from| from > lower && from < upper)
    }

    fn beginnings(&self) -> impl Iterator<Item = &ReleaseVersion> {
        let ranges = match &self.affected {
            Affected::Ranges(ranges) | Affected::AtLeast(ranges) => ranges.as_slice(),
            Affected::NotUnderstood => &[],
        };
        ranges.iter().filter_map(|range| range.from.as_ref())
    }

    fn side_of(&self, range: &Range, version: &ReleaseVersion, day: Option<Date>) -> Side {
        // A candidate of the first affected version has the flaw, too.
        let becomes = version.final_version();
        if range.from.as_ref().is_some_and(|from| becomes < *from) {
            return Side::Before;
        }
        let within = match &range.to {
            Limit::Below(limit) => Some(version < limit),
            Limit::Through(limit) => Some(version <= limit),
            Limit::Never => Some(true),
            Limit::Published => self.published.as_ref().zip(day).map(|(published, day)| day <= published.day),
        };
        match within {
            Some(true) => Side::Within,
            Some(false) => Side::After,
            None => Side::Untold,
        }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.from, &self.to) {
            (Some(from), Limit::Through(to)) if from == to => return write!(f, "=={to}"),
            (Some(from), _) => write!(f, ">={from} ")?,
            (None, _) => {}
        }
        match &self.to {
            Limit::Below(version) => write!(f, "<{version}"),
            Limit::Through(version) => write!(f, "<={version}"),
            Limit::Published => f.write_str("until published"),
            Limit::Never => f.write_str("and later"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn statement(ranges: Vec<Range>) -> Statement {
        Statement {
            advisory: "OSSA-2030-001".to_owned(),
            product: "nova".to_owned(),
            said: String::new(),
            affected: Affected::Ranges(ranges),
            published: Some(Published { day: date(2024, 12, 3), source: String::new() }),
        }
    }

    fn v(text: &str) -> ReleaseVersion {
        text.parse().expect("a version")
    }

    fn range(from: Option<&str>, to: Limit) -> Range {
        Range { from: from.map(v), to }
    }

    #[test]
    fn a_version_is_before_in_or_past_the_ranges() {
        let neutron = statement(vec![
            range(Some("23.0.0"), Limit::Below(v("23.2.1"))),
            range(Some("24.0.0"), Limit::Below(v("24.0.2"))),
        ]);
        let side = |text: &str| neutron.side(&v(text), None);
        assert_eq!(side("19.1.1.dev82"), Side::Before);
        assert_eq!(side("23.0.0"), Side::Within);
        assert_eq!(side("23.3.0"), Side::After);
        assert_eq!(side("24.0.0.0rc1"), Side::Within);
        assert_eq!(side("24.0.1"), Side::Within);
        assert_eq!(side("24.0.2"), Side::After);
        assert_eq!(side("29.0.0"), Side::After);
    }

    #[test]
    fn all_versions_means_those_of_its_day() {
        let all = statement(vec![range(None, Limit::Published)]);
        assert_eq!(all.side(&v("2012.1"), Some(date(2012, 4, 5))), Side::Within);
        assert_eq!(all.side(&v("30.0.0"), Some(date(2025, 4, 5))), Side::After);
        assert_eq!(all.side(&v("30.0.0"), None), Side::Untold);
    }
}
