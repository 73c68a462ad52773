//! How each ecosystem orders its versions.
//!
//! Numbers are compared as texts of digits, so that none is too long. Text that breaks an ecosystem's rules
//! still has a place: a version range has to answer for whatever is installed.

mod alpine;
mod debian;
mod maven;
mod pypi;
mod rpm;
mod semantic;

use super::Scheme;
use std::cmp::Ordering;

/// The order of two versions in a scheme.
///
/// Every scheme is a total order but two, by their own rules: in `alpm` a version without a package release
/// equals each with one, and in `maven` a word behind a dot can come both before and after another.
#[must_use]
pub fn compare(scheme: Scheme, a: &str, b: &str) -> Ordering {
    match scheme {
        Scheme::Alpine => alpine::alpine(a, b),
        Scheme::Gentoo => alpine::gentoo(a, b),
        Scheme::Arch => rpm::arch(a, b),
        Scheme::Rpm => rpm::rpm(a, b),
        Scheme::Debian => debian::compare(a, b),
        Scheme::Maven => maven::compare(a, b),
        Scheme::Pypi => pypi::compare(a, b),
        Scheme::Conan => semantic::conan(a, b),
        Scheme::Nuget => semantic::nuget(a, b),
        Scheme::Openssl => semantic::openssl(a, b),
        Scheme::Gem => semantic::gem(a, b),
        Scheme::Npm | Scheme::Semver | Scheme::Golang | Scheme::Cargo | Scheme::Nginx | Scheme::Composer => {
            semantic::semver(a, b)
        }
        Scheme::Datetime => match (a.parse::<jiff::Timestamp>(), b.parse::<jiff::Timestamp>()) {
            (Ok(a), Ok(b)) => a.cmp(&b),
            (Ok(_), Err(_)) => Ordering::Greater,
            (Err(_), Ok(_)) => Ordering::Less,
            (Err(_), Err(_)) => a.cmp(b),
        },
        Scheme::Lexicographic => a.cmp(b),
        // The generic scheme promises no more than this: numbers as numbers, the rest as text.
        Scheme::Generic => rpm::rpm(a, b),
    }
}

/// Compares two texts of digits by their values.
fn digits(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// Splits a text after its leading characters that `belongs` holds for.
fn take(text: &str, belongs: fn(char) -> bool) -> (&str, &str) {
    let end = text.find(|c: char| !belongs(c)).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit()
}

fn is_letter(c: char) -> bool {
    c.is_ascii_alphabetic()
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}
