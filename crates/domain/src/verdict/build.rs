//! What the version of something that runs says about the place in history that it was built from.

use crate::inventory::{Component, Kind};
use crate::release::Releases;
use crate::version::ReleaseVersion;
use jiff::civil::Date;

/// Where in a product's history a build was made, as far as its version tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Position {
    /// By a number: a release, a snapshot (`.devN`), or a number that an integrator cut from one.
    Numbered(ReleaseVersion),
    /// Somewhere on a release line: `2023.1-ubuntu-jammy-20240621T104542`.
    OnLine(String),
    /// Nowhere: `latest`.
    Nowhere,
}

/// One build of a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// The version, as the inventory has it, or else the commit.
    pub said: String,
    /// Where it was made.
    pub position: Position,
    /// The day on which it was built.
    pub built: Option<Date>,
    /// The commit it was built from.
    pub commit: Option<String>,
    /// Whether a distribution made it, which carries patches of its own.
    pub is_patched: bool,
}

impl Build {
    /// Reads the version of `component`.
    #[must_use]
    pub fn read(component: &Component, releases: &Releases) -> Build {
        let is_patched = component.kind == Kind::Distribution;
        let (text, built) = split_date(component.version.trim());
        let position = match line_in(text, releases) {
            Some(line) => Position::OnLine(line),
            None => {
                let number = if is_patched { upstream_part(text) } else { text.to_owned() };
                number.parse().map_or(Position::Nowhere, Position::Numbered)
            }
        };
        let said = match &component.commit {
            Some(commit) if component.version.is_empty() => commit.clone(),
            Some(_) | None => component.version.clone(),
        };
        Build { said, position, built, commit: component.commit.clone(), is_patched }
    }
}

/// A build date at the end of a version: `24.0.2.20240909`, `2023.1-rocky-9-20240709T132012`.
fn split_date(text: &str) -> (&str, Option<Date>) {
    let Some((rest, last)) = text.rsplit_once(['.', '-', '_']) else {
        return (text, None);
    };
    let day = match last.split_once('T') {
        Some((day, time)) if time.len() >= 4 && time.bytes().all(|b| b.is_ascii_digit()) => day,
        Some(_) => return (text, None),
        None => last,
    };
    match read_day(day) {
        Some(date) => (rest, Some(date)),
        None => (text, None),
    }
}

fn read_day(text: &str) -> Option<Date> {
    if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (year, rest) = text.split_at_checked(4)?;
    let (month, day) = rest.split_at_checked(2)?;
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

/// The release line that a tag or branch names: `stable-2024.2`, `2023.1-ubuntu-jammy`, `xena`.
fn line_in(text: &str, releases: &Releases) -> Option<String> {
    let mut words = text.split(['-', '_', '/']);
    words.find_map(|word| releases.line(word)).map(|line| line.name.clone())
}

/// The upstream part of a Debian or RPM version: `3:29.0.1-0ubuntu1.4` to `29.0.1`. A snapshot before its
/// number (`27.1.1-0.20230825.ab12cd3.el9`) is that number's `.dev0`, and so is one after it (`29.0.1+git7`),
/// of which it isn't known what it is on its way to.
fn upstream_part(text: &str) -> String {
    let without_epoch = text.split_once(':').map_or(text, |(_, rest)| rest);
    let (without_revision, revision) = without_epoch.rsplit_once('-').unwrap_or((without_epoch, ""));
    let (number, patches) = without_revision.split_once('+').unwrap_or((without_revision, ""));
    let number = number.replace("~rc", "rc").replace("~b", "b");
    let is_snapshot = is_cut_before(revision) || SNAPSHOTS.iter().any(|mark| patches.starts_with(mark));
    // `29.0.1+git7` contains 29.0.1, but what it says of itself beyond that is nothing to build on.
    if is_snapshot { format!("{number}.dev0") } else { number }
}

/// How distributions mark what they cut after a release: `29.0.1+git20240101`.
const SNAPSHOTS: [&str; 5] = ["git", "svn", "dev", "snapshot", "20"];

/// A revision of RDO's that was cut from a branch on the way to its number: `0.20230825101112.ab12cd3.el9`.
fn is_cut_before(revision: &str) -> bool {
    let mut parts = revision.split('.');
    parts.next() == Some("0")
        && parts.next().is_some_and(|day| day.len() >= 8 && day.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::{Line, Support};
    use jiff::civil::date;

    fn releases() -> Releases {
        let line = Line {
            name: "antelope".to_owned(),
            number: Some("2023.1".to_owned()),
            status: Support::Unmaintained,
            released: None,
            ended: None,
            next: None,
            slurp: true,
        };
        Releases::new(vec![line], Default::default())
    }

    fn build(kind: Kind, version: &str) -> Build {
        let (name, version) = ("nova".to_owned(), version.to_owned());
        Build::read(&Component { kind, name, version, digest: None, commit: None }, &releases())
    }

    fn numbered(text: &str) -> Position {
        Position::Numbered(text.parse().expect("a version"))
    }

    #[test]
    fn integrators_versions_are_read() {
        let cut = build(Kind::Image, "24.0.2.20240909");
        assert_eq!((cut.position, cut.built), (numbered("24.0.2"), Some(date(2024, 9, 9))));
        let snapshot = build(Kind::Service, "19.1.1.dev82.20220321");
        assert_eq!((snapshot.position, snapshot.built), (numbered("19.1.1.dev82"), Some(date(2022, 3, 21))));
        let line = build(Kind::Image, "2023.1-rocky-9-20240709T132012");
        assert_eq!(line.position, Position::OnLine("antelope".to_owned()));
        assert_eq!(line.built, Some(date(2024, 7, 9)));
        assert_eq!(build(Kind::Image, "stable-2023.1").position, Position::OnLine("antelope".to_owned()));
        assert_eq!(build(Kind::Image, "latest").position, Position::Nowhere);
        assert_eq!(build(Kind::Image, "24.0.2.20241399").built, None);
    }

    #[test]
    fn distributions_versions_are_read() {
        let ubuntu = build(Kind::Distribution, "3:29.0.1-0ubuntu1.4");
        assert_eq!(ubuntu.position, numbered("29.0.1"));
        assert_eq!(build(Kind::Distribution, "2:26.0.0~rc1-3").position, numbered("26.0.0rc1"));
        assert!(ubuntu.is_patched);
        let snapshot = build(Kind::Distribution, "1:27.1.1-0.20230825101112.ab12cd3.el9");
        assert_eq!(snapshot.position, numbered("27.1.1.dev0"));
        assert_eq!(
            build(Kind::Distribution, "2:29.0.1+git20240101-0ubuntu1").position,
            numbered("29.0.1.dev0")
        );
        assert_eq!(build(Kind::Distribution, "2:29.0.1+dfsg-1").position, numbered("29.0.1"));
    }
}
