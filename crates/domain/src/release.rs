//! Release lines, their status over time, and what was released on them.
//!
//! What is maintained at an instant comes from the project's own data, not from a constant (SCS-01).

use crate::time::Instant;
use crate::verdict::product_key;
use crate::version::ReleaseVersion;
use jiff::civil::Date;
use std::collections::BTreeMap;

/// What a project does for a release line at some day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Support {
    /// It has not been released yet.
    Development,
    /// Fixes are merged and released.
    Maintained,
    /// Volunteers may merge fixes; nothing is released.
    Unmaintained,
    /// The branch is gone.
    EndOfLife,
}

impl Support {
    /// The word for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Support::Development => "in development",
            Support::Maintained => "maintained",
            Support::Unmaintained => "unmaintained",
            Support::EndOfLife => "end of life",
        }
    }
}

/// A release line of the project: `caracal`, also called `2024.1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its name, in lower case.
    pub name: String,
    /// Its number, for lines that have one: `2024.1`.
    pub number: Option<String>,
    /// The status that the data gives, on the day the data was written.
    pub status: Support,
    /// The day of its first release.
    pub released: Option<Date>,
    /// The day of its end, where it is known.
    pub ended: Option<Date>,
    /// What follows, and on which day.
    pub next: Option<(Support, Date)>,
    /// Whether deployments may upgrade past the line after it.
    pub slurp: bool,
}

impl Line {
    /// What the project does for the line on `day`, as far as the data tells.
    ///
    /// The data states today's status and the dates of the first release, of the end and of the next
    /// phase. Days in between that it doesn't date have the status that it states.
    #[must_use]
    pub fn support_on(&self, day: Date) -> Support {
        if self.released.is_some_and(|released| day < released) {
            return Support::Development;
        }
        if self.ended.is_some_and(|ended| day >= ended) {
            return Support::EndOfLife;
        }
        match (self.next, self.status) {
            (Some((next, from)), _) if day >= from => next,
            (_, Support::Development) => Support::Maintained,
            (_, Support::EndOfLife) => Support::Unmaintained,
            (_, status @ (Support::Maintained | Support::Unmaintained)) => status,
        }
    }
}

/// One released version of one product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// The version.
    pub version: ReleaseVersion,
    /// The name of its line.
    pub line: String,
    /// When the project's release data first had it. The commit that was released is older.
    pub seen: Option<Instant>,
    /// The commit that was released, in hexadecimal.
    pub commit: Option<String>,
}

impl Release {
    /// The day on which it was first seen, in UTC.
    #[must_use]
    pub fn day(&self) -> Option<Date> {
        self.seen.map(|seen| seen.in_zone(&jiff::tz::TimeZone::UTC).date())
    }
}

/// Everything that a project has released.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Releases {
    lines: Vec<Line>,
    products: BTreeMap<String, Vec<Release>>,
}

impl Releases {
    /// The releases of products, each list in any order, on `lines`, the newest first.
    #[must_use]
    pub fn new(lines: Vec<Line>, products: BTreeMap<String, Vec<Release>>) -> Releases {
        let mut by_key: BTreeMap<String, Vec<Release>> = BTreeMap::new();
        for (product, releases) in products {
            by_key.entry(product_key(&product)).or_default().extend(releases);
        }
        for releases in by_key.values_mut() {
            releases.sort_by(|a, b| a.version.cmp(&b.version));
        }
        Releases { lines, products: by_key }
    }

    /// The lines, the newest first.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The line that is called `word`, by name or by number.
    #[must_use]
    pub fn line(&self, word: &str) -> Option<&Line> {
        self.lines.iter().find(|line| line.name == word || line.number.as_deref() == Some(word))
    }

    /// The names of the products, in order.
    pub fn products(&self) -> impl Iterator<Item = &str> {
        self.products.keys().map(String::as_str)
    }

    /// What was released of `product`, by version, the oldest first.
    #[must_use]
    pub fn of(&self, product: &str) -> &[Release] {
        self.products.get(&product_key(product)).map(Vec::as_slice).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_line_has_the_status_of_the_day() {
        let bobcat = Line {
            name: "bobcat".to_owned(),
            number: Some("2023.2".to_owned()),
            status: Support::EndOfLife,
            released: Some(date(2023, 10, 4)),
            ended: Some(date(2025, 4, 30)),
            next: None,
            slurp: false,
        };
        assert_eq!(bobcat.support_on(date(2023, 9, 1)), Support::Development);
        assert_eq!(bobcat.support_on(date(2025, 4, 30)), Support::EndOfLife);
        let gazpacho = Line {
            status: Support::Maintained,
            ended: None,
            next: Some((Support::Unmaintained, date(2027, 10, 27))),
            ..bobcat
        };
        assert_eq!(gazpacho.support_on(date(2026, 11, 1)), Support::Maintained);
        assert_eq!(gazpacho.support_on(date(2027, 11, 1)), Support::Unmaintained);
    }
}
