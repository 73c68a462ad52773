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
    plain(scheme, a, b).unwrap_or_else(|| in_full(scheme, a, b))
}

/// How a scheme orders versions that are nothing but numbers between dots, where it does so number by number.
#[derive(Clone, Copy)]
struct Plainly {
    /// A number that is missing is zero; otherwise it comes before every number.
    is_padded: bool,
    /// A version may begin with a `v`.
    is_marked: bool,
}

impl Plainly {
    fn of(scheme: Scheme) -> Option<Plainly> {
        match scheme {
            Scheme::Npm
            | Scheme::Semver
            | Scheme::Golang
            | Scheme::Cargo
            | Scheme::Nginx
            | Scheme::Composer
            | Scheme::Nuget
            | Scheme::Pypi => Some(Plainly { is_padded: true, is_marked: true }),
            Scheme::Gem => Some(Plainly { is_padded: true, is_marked: false }),
            Scheme::Debian | Scheme::Rpm | Scheme::Generic => {
                Some(Plainly { is_padded: false, is_marked: false })
            }
            Scheme::Alpine
            | Scheme::Arch
            | Scheme::Conan
            | Scheme::Datetime
            | Scheme::Gentoo
            | Scheme::Lexicographic
            | Scheme::Maven
            | Scheme::Openssl => None,
        }
    }

    /// The numbers and dots of a version that has nothing else.
    fn numbers(self, text: &str) -> Option<&str> {
        let bare = text.strip_prefix('v').filter(|_| self.is_marked).unwrap_or(text);
        is_plain(bare).then_some(bare)
    }
}

/// The order of plain versions, as most are. It says what [`in_full`] says.
fn plain(scheme: Scheme, a: &str, b: &str) -> Option<Ordering> {
    let plainly = Plainly::of(scheme)?;
    let (mut left, mut right) = (plainly.numbers(a)?.split('.'), plainly.numbers(b)?.split('.'));
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Some(Ordering::Equal),
            (Some(a), Some(b)) => digits(a, b),
            (Some(_), None) if !plainly.is_padded => Ordering::Greater,
            (None, Some(_)) if !plainly.is_padded => Ordering::Less,
            (a, b) => digits(a.unwrap_or("0"), b.unwrap_or("0")),
        };
        if order != Ordering::Equal {
            return Some(order);
        }
    }
}

/// A number for a version that begins with a few plain numbers. Where the numbers of two versions differ, so do these,
/// and in the same order.
#[must_use]
pub fn key(scheme: Scheme, version: &str) -> Option<u128> {
    const NUMBERS: usize = 5;
    const BITS: u32 = 25;
    let plainly = Plainly::of(scheme)?;
    // What a distribution's package was made from comes before the distribution's own revision.
    let leading = match version.split_once('-') {
        Some((upstream, revision))
            if matches!(scheme, Scheme::Debian | Scheme::Rpm) && !revision.contains('-') =>
        {
            upstream
        }
        _ => version,
    };
    let mut numbers = plainly.numbers(leading)?.split('.');
    let mut key = 0_u128;
    for _ in 0..NUMBERS {
        // What is missing is 0, and so is what is 0 where that is the same.
        let number = match numbers.next() {
            Some(number) => number.parse::<u128>().ok()?.checked_add(u128::from(!plainly.is_padded))?,
            None => 0,
        };
        key = key << BITS | Some(number).filter(|number| *number < 1 << BITS)?;
    }
    numbers.next().is_none().then_some(key)
}

/// Whether a text is numbers with single dots between them.
fn is_plain(text: &str) -> bool {
    let mut was_digit = false;
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' => was_digit = true,
            b'.' if was_digit => was_digit = false,
            _ => return false,
        }
    }
    was_digit
}

/// The order of any two texts.
fn in_full(scheme: Scheme, a: &str, b: &str) -> Ordering {
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SHORTENED: [Scheme; 12] = [
        Scheme::Npm,
        Scheme::Semver,
        Scheme::Golang,
        Scheme::Cargo,
        Scheme::Nginx,
        Scheme::Composer,
        Scheme::Nuget,
        Scheme::Pypi,
        Scheme::Gem,
        Scheme::Debian,
        Scheme::Rpm,
        Scheme::Generic,
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn plain_versions_have_the_order_of_all_others(
            a in "v?(0{0,2}[0-3]|10)(\\.(0{0,2}[0-3]|10)){0,4}",
            b in "v?(0{0,2}[0-3]|10)(\\.(0{0,2}[0-3]|10)){0,4}",
        ) {
            for scheme in SHORTENED {
                if let Some(order) = plain(scheme, &a, &b) {
                    prop_assert_eq!(order, in_full(scheme, &a, &b), "{:?} {} {}", scheme, a, b);
                }
            }
        }

        #[test]
        fn versions_are_ordered_as_their_keys_differ(
            a in "v?(0?[0-2]|10)(\\.(0?[0-2]|10)){0,5}(-[0-9]?[a-z+~.^]{0,2}[0-9]?){0,2}",
            b in "v?(0?[0-2]|10)(\\.(0?[0-2]|10)){0,5}(-[0-9]?[a-z+~.^]{0,2}[0-9]?){0,2}",
        ) {
            for scheme in SHORTENED {
                if let (Some(one), Some(other)) = (key(scheme, &a), key(scheme, &b)) && one != other {
                    prop_assert_eq!(one.cmp(&other), in_full(scheme, &a, &b), "{:?} {} {}", scheme, a, b);
                }
            }
        }
    }
}
