//! RPM's order (`rpmvercmp`), and Arch Linux's, which is an older cut of it.

use super::{digits, is_digit, is_letter, is_number, take};
use std::cmp::Ordering;

/// Epoch, version and release.
fn parts(text: &str) -> (&str, &str, Option<&str>) {
    let (epoch, rest) = text.split_once(':').filter(|(epoch, _)| is_number(epoch)).unwrap_or(("", text));
    match rest.rsplit_once('-') {
        Some((version, release)) => (epoch, version, Some(release)),
        None => (epoch, rest, None),
    }
}

pub(super) fn rpm(a: &str, b: &str) -> Ordering {
    let (a, b) = (parts(a), parts(b));
    let release = |release: Option<&'_ str>| release.unwrap_or_default().to_owned();
    digits(a.0, b.0).then_with(|| segments(a.1, b.1)).then_with(|| segments(&release(a.2), &release(b.2)))
}

fn is_separator(c: char) -> bool {
    !c.is_ascii_alphanumeric() && c != '~' && c != '^'
}

/// Digits and letters, piece by piece. A tilde comes before the end, a caret after it.
fn segments(mut a: &str, mut b: &str) -> Ordering {
    loop {
        (a, b) = (a.trim_start_matches(is_separator), b.trim_start_matches(is_separator));
        let mark = |text: &str| match text.chars().next() {
            Some('~') => 0,
            None => 1,
            Some('^') => 2,
            Some(_) => 3,
        };
        match (mark(a), mark(b)) {
            (1, 1) => return Ordering::Equal,
            (3, 3) => {}
            (left, right) if left != right => return left.cmp(&right),
            _ => {
                (a, b) = (a.get(1..).unwrap_or_default(), b.get(1..).unwrap_or_default());
                continue;
            }
        }
        let (order, rest) = segment(a, b);
        if order != Ordering::Equal {
            return order;
        }
        (a, b) = rest;
    }
}

/// Compares the numbers, or the letters, that both begin with, and answers what follows them.
fn segment<'a, 'b>(a: &'a str, b: &'b str) -> (Ordering, (&'a str, &'b str)) {
    let is_numeric = a.starts_with(is_digit);
    let kind = if is_numeric { is_digit } else { is_letter };
    let ((piece_a, rest_a), (piece_b, rest_b)) = (take(a, kind), take(b, kind));
    let order = match (piece_b.is_empty(), is_numeric) {
        // A number is newer than letters.
        (true, true) => Ordering::Greater,
        (true, false) => Ordering::Less,
        (false, true) => digits(piece_a, piece_b),
        (false, false) => piece_a.cmp(piece_b),
    };
    (order, (rest_a, rest_b))
}

pub(super) fn arch(a: &str, b: &str) -> Ordering {
    let (a, b) = (parts(a), parts(b));
    let release = || match (a.2, b.2) {
        (Some(a), Some(b)) => arch_segments(a, b),
        (Some(_), None) | (None, Some(_)) | (None, None) => Ordering::Equal,
    };
    digits(a.0, b.0).then_with(|| arch_segments(a.1, b.1)).then_with(release)
}

fn arch_segments(mut a: &str, mut b: &str) -> Ordering {
    let is_separator = |c: char| !c.is_ascii_alphanumeric();
    while !a.is_empty() && !b.is_empty() {
        let (next_a, next_b) = (a.trim_start_matches(is_separator), b.trim_start_matches(is_separator));
        let (gap_a, gap_b) = (a.len() - next_a.len(), b.len() - next_b.len());
        (a, b) = (next_a, next_b);
        if a.is_empty() || b.is_empty() {
            break;
        }
        if gap_a != gap_b {
            return gap_a.cmp(&gap_b);
        }
        let (order, rest) = segment(a, b);
        if order != Ordering::Equal {
            return order;
        }
        (a, b) = rest;
    }
    match (a.chars().next(), b.chars().next()) {
        (None, None) => Ordering::Equal,
        // Letters straight behind a number are a pre-release.
        (None, Some(c)) => {
            if is_letter(c) {
                Ordering::Greater
            } else {
                Ordering::Less
            }
        }
        (Some(c), _) => {
            if is_letter(c) {
                Ordering::Less
            } else {
                Ordering::Greater
            }
        }
    }
}
