//! Gentoo's order (PMS, chapter 3.3) and Alpine's, which grew from it.

use super::{digits, is_digit, is_letter, take};
use std::cmp::Ordering;

/// Suffixes of a version, in order; none stands between those before and after a release.
const GENTOO: [&str; 6] = ["alpha", "beta", "pre", "rc", "", "p"];
const ALPINE: [&str; 10] = ["alpha", "beta", "pre", "rc", "", "cvs", "svn", "git", "hg", "p"];

pub(super) fn gentoo(a: &str, b: &str) -> Ordering {
    compare(a, b, &GENTOO)
}

pub(super) fn alpine(a: &str, b: &str) -> Ordering {
    compare(a, b, &ALPINE)
}

struct Parts<'a> {
    numbers: Vec<&'a str>,
    letter: &'a str,
    suffixes: Vec<(usize, &'a str)>,
    revision: &'a str,
    rest: &'a str,
}

fn parts<'a>(text: &'a str, order: &[&str]) -> Parts<'a> {
    let mut numbers = Vec::new();
    let mut rest = text;
    loop {
        let (number, after) = take(rest, is_digit);
        if number.is_empty() && !numbers.is_empty() {
            break;
        }
        numbers.push(number);
        rest = after;
        match after.strip_prefix('.') {
            Some(more) if more.starts_with(is_digit) => rest = more,
            Some(_) | None => break,
        }
    }
    let (letter, mut rest) = match rest.chars().next() {
        Some(c) if is_letter(c) => rest.split_at_checked(1).unwrap_or(("", rest)),
        _ => ("", rest),
    };
    let mut suffixes = Vec::new();
    while let Some(after) = rest.strip_prefix('_') {
        let (word, after) = take(after, is_letter);
        let Some(place) = order.iter().position(|known| *known == word) else { break };
        let (number, after) = take(after, is_digit);
        suffixes.push((place, number));
        rest = after;
    }
    let (revision, rest) = match rest.strip_prefix("-r") {
        Some(after) => take(after, is_digit),
        None => ("", rest),
    };
    Parts { numbers, letter, suffixes, revision, rest }
}

fn compare(a: &str, b: &str, order: &[&str]) -> Ordering {
    let (a, b) = (parts(a, order), parts(b, order));
    numbers(&a.numbers, &b.numbers)
        .then_with(|| a.letter.cmp(b.letter))
        .then_with(|| suffixes(&a.suffixes, &b.suffixes, order))
        .then_with(|| digits(a.revision, b.revision))
        .then_with(|| a.rest.cmp(b.rest))
}

/// The first number is one; a later one that begins with a zero is read like a fraction.
fn numbers(a: &[&str], b: &[&str]) -> Ordering {
    for (index, (a, b)) in a.iter().zip(b).enumerate() {
        let is_fraction = index > 0 && (a.starts_with('0') || b.starts_with('0'));
        let order =
            if is_fraction { a.trim_end_matches('0').cmp(b.trim_end_matches('0')) } else { digits(a, b) };
        if order != Ordering::Equal {
            return order;
        }
    }
    a.len().cmp(&b.len())
}

fn suffixes(a: &[(usize, &str)], b: &[(usize, &str)], order: &[&str]) -> Ordering {
    let none = (order.iter().position(|known| known.is_empty()).unwrap_or_default(), "");
    for index in 0..a.len().max(b.len()) {
        let (a, b) = (a.get(index).unwrap_or(&none), b.get(index).unwrap_or(&none));
        let order = a.0.cmp(&b.0).then_with(|| digits(a.1, b.1));
        if order != Ordering::Equal {
            return order;
        }
    }
    Ordering::Equal
}
