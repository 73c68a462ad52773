//! Between which releases a snapshot was taken.

use crate::release::{Release, Releases};
use crate::version::ReleaseVersion;
use jiff::civil::Date;

/// The releases around a snapshot that is on its way to some version.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    /// The last release that the snapshot contains.
    pub(super) lower: &'a Release,
    /// The first release of the same line that contains the snapshot.
    pub(super) upper: Option<&'a Release>,
}

/// Where the snapshot `version` was taken, on `day` at the latest. A build system (pbr) names a
/// snapshot after the tag before it, with the last number raised, or a higher one where a commit asks for it.
pub(super) fn place<'a>(
    releases: &'a Releases,
    product: &str,
    version: &ReleaseVersion,
    day: Option<Date>,
) -> Option<Place<'a>> {
    let (all, target) = (releases.of(product), version.target());
    let existed = |release: &&Release| release.day().zip(day).is_none_or(|(seen, day)| seen <= day);
    let next = all.iter().find(|release| release.version >= target);
    let before = all.iter().rev().filter(|release| release.version < *version).find(existed)?;
    // The first of a line is made on the main branch, which has not seen the patches of the line before.
    let is_on_main = target.opens_a_line() && next.is_none_or(|next| next.line != before.line);
    let lower = if is_on_main { branch_point(all, &before.line)? } else { before };
    let mut on_the_line = all.iter().filter(|release| release.line == lower.line);
    Some(Place { lower, upper: on_the_line.find(|release| release.version >= target) })
}

/// The release at which a line left the main branch: its first candidate, or else its last release that is
/// no patch level.
fn branch_point<'a>(all: &'a [Release], line: &str) -> Option<&'a Release> {
    let mut on_the_line = all.iter().filter(|release| release.line == line);
    let candidate = on_the_line.clone().find(|release| !release.version.is_final());
    let is_no_patch = |release: &&Release| release.version.numbers().get(2).is_none_or(|patch| *patch == 0);
    candidate.or_else(|| on_the_line.rfind(is_no_patch))
}
