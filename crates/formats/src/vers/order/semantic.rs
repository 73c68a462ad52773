//! Semantic versions, and the orders that bend them: Conan, NuGet, OpenSSL, RubyGems.

use super::{digits, is_digit, is_letter, is_number, take};
use std::cmp::Ordering;

/// A version without its build metadata, and that.
fn split_build(text: &str) -> (&str, Option<&str>) {
    match text.split_once('+') {
        Some((version, build)) => (version, Some(build)),
        None => (text, None),
    }
}

fn split_pre(text: &str) -> (&str, Option<&str>) {
    match text.split_once('-') {
        Some((release, pre)) => (release, Some(pre)),
        None => (text, None),
    }
}

/// Semantic Versioning 2.0.0, with any count of numbers and a leading `v`.
pub(super) fn semver(a: &str, b: &str) -> Ordering {
    let clean = |text: &'_ str| split_build(text.trim().trim_start_matches(['v', 'V', '='])).0.to_owned();
    let (a, b) = (clean(a), clean(b));
    let ((release_a, pre_a), (release_b, pre_b)) = (split_pre(&a), split_pre(&b));
    numbers(release_a, release_b).then_with(|| pre_releases(pre_a, pre_b))
}

/// NuGet: four numbers, pre-releases without regard to case.
pub(super) fn nuget(a: &str, b: &str) -> Ordering {
    semver(&a.to_ascii_lowercase(), &b.to_ascii_lowercase())
}

/// Numbers between dots; one that is missing is zero.
fn numbers(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    loop {
        let (next_a, next_b) = (a.next(), b.next());
        if next_a.is_none() && next_b.is_none() {
            return Ordering::Equal;
        }
        let order = identifiers(next_a.unwrap_or("0"), next_b.unwrap_or("0"));
        if order != Ordering::Equal {
            return order;
        }
    }
}

fn pre_releases(a: Option<&str>, b: Option<&str>) -> Ordering {
    let (Some(a), Some(b)) = (a, b) else {
        return a.is_none().cmp(&b.is_none());
    };
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    loop {
        let order = match (a.next(), b.next()) {
            (Some(a), Some(b)) => identifiers(a, b),
            (None, None) => return Ordering::Equal,
            (Some(_), None) => return Ordering::Greater,
            (None, Some(_)) => return Ordering::Less,
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// Numbers by value, before words.
fn identifiers(a: &str, b: &str) -> Ordering {
    match (is_number(a), is_number(b)) {
        (true, true) => digits(a, b),
        (a_is, b_is) if a_is != b_is => b_is.cmp(&a_is),
        _ => a.cmp(b),
    }
}

/// Conan: any count of items, zeros at the end dropped, builds count.
pub(super) fn conan(a: &str, b: &str) -> Ordering {
    let ((version_a, build_a), (version_b, build_b)) = (split_build(a), split_build(b));
    let ((release_a, pre_a), (release_b, pre_b)) = (split_pre(version_a), split_pre(version_b));
    let pre = match (pre_a, pre_b) {
        (Some(a), Some(b)) => items(a, b),
        (a, b) => a.is_none().cmp(&b.is_none()),
    };
    let build = || match (build_a, build_b) {
        (Some(a), Some(b)) => items(a, b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    };
    items(release_a, release_b).then(pre).then_with(build)
}

fn items(a: &str, b: &str) -> Ordering {
    let significant = |text: &'_ str| -> Vec<String> {
        let mut items: Vec<String> = text.split('.').map(str::to_owned).collect();
        while items.last().is_some_and(|item| item.is_empty() || item.bytes().all(|b| b == b'0')) {
            items.pop();
        }
        items
    };
    let (a, b) = (significant(a), significant(b));
    for (a, b) in a.iter().zip(&b) {
        let order = if is_number(a) && is_number(b) { digits(a, b) } else { mixed(a, b) };
        if order != Ordering::Equal {
            return order;
        }
    }
    a.len().cmp(&b.len())
}

/// Numbers before words, so that the order stays transitive; `1a` begins with its number.
fn mixed(a: &str, b: &str) -> Ordering {
    let ((number_a, rest_a), (number_b, rest_b)) = (take(a, is_digit), take(b, is_digit));
    match (number_a.is_empty(), number_b.is_empty()) {
        (false, false) => digits(number_a, number_b).then_with(|| rest_a.cmp(rest_b)),
        (a_is, b_is) if a_is != b_is => a_is.cmp(&b_is),
        _ => a.cmp(b),
    }
}

/// OpenSSL: a letter, or several, behind three numbers is a patch (`1.0.2zd`); since 3.0 it is semantic.
pub(super) fn openssl(a: &str, b: &str) -> Ordering {
    let ((release_a, pre_a), (release_b, pre_b)) = (split_pre(a), split_pre(b));
    let (mut left, mut right) = (release_a.split('.'), release_b.split('.'));
    loop {
        let (next_a, next_b) = (left.next(), right.next());
        if next_a.is_none() && next_b.is_none() {
            return pre_releases(pre_a, pre_b);
        }
        let ((number_a, letters_a), (number_b, letters_b)) =
            (take(next_a.unwrap_or_default(), is_digit), take(next_b.unwrap_or_default(), is_digit));
        let order = digits(number_a, number_b)
            .then_with(|| letters_a.len().min(1).cmp(&letters_b.len().min(1)))
            .then_with(|| letters_a.cmp(letters_b));
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// RubyGems: a piece of letters makes a pre-release; zeros before it and at the end don't count.
pub(super) fn gem(a: &str, b: &str) -> Ordering {
    let (a, b) = (gem_pieces(a), gem_pieces(b));
    for index in 0..a.len().max(b.len()) {
        let (a, b) = (a.get(index).map_or("0", String::as_str), b.get(index).map_or("0", String::as_str));
        let order = match (is_number(a), is_number(b)) {
            (true, true) => digits(a, b),
            (a_is, b_is) if a_is != b_is => a_is.cmp(&b_is),
            _ => a.cmp(b),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    Ordering::Equal
}

fn gem_pieces(text: &str) -> Vec<String> {
    let text = text.replace('-', ".pre.");
    let mut pieces: Vec<String> = Vec::new();
    for part in text.split('.') {
        let mut rest = part;
        while !rest.is_empty() {
            let kind = if rest.starts_with(is_digit) { is_digit } else { |c: char| !is_digit(c) };
            let (piece, after) = take(rest, kind);
            if piece.chars().any(is_letter) {
                while pieces.last().is_some_and(|last| last.bytes().all(|b| b == b'0')) {
                    pieces.pop();
                }
            }
            pieces.push(piece.to_owned());
            rest = after;
        }
    }
    while pieces.last().is_some_and(|last| last.bytes().all(|b| b == b'0')) {
        pieces.pop();
    }
    pieces
}
