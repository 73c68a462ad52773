//! Python's order (PEP 440).

use super::{digits, is_digit, is_letter, is_number, take};
use std::cmp::Ordering;

#[derive(Debug, Default)]
struct Version<'a> {
    epoch: &'a str,
    release: Vec<&'a str>,
    pre: Option<(u8, &'a str)>,
    post: Option<&'a str>,
    dev: Option<&'a str>,
    local: Vec<&'a str>,
    /// What is left over of a text that follows no rule.
    rest: &'a str,
}

pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.trim().to_ascii_lowercase(), b.trim().to_ascii_lowercase());
    let (a, b) = (read(&a), read(&b));
    // What is no version comes before all versions.
    (a.rest.is_empty().cmp(&b.rest.is_empty()))
        .then_with(|| digits(a.epoch, b.epoch))
        .then_with(|| releases(&a.release, &b.release))
        .then_with(|| stage(&a).cmp(&stage(&b)))
        .then_with(|| pre(a.pre, b.pre))
        .then_with(|| optional(a.post, b.post))
        .then_with(|| optional(a.dev, b.dev).reverse_if_one_is_none(a.dev, b.dev))
        .then_with(|| locals(&a.local, &b.local))
        .then_with(|| a.rest.cmp(b.rest))
}

trait ReverseIf {
    fn reverse_if_one_is_none(self, a: Option<&str>, b: Option<&str>) -> Ordering;
}

impl ReverseIf for Ordering {
    /// A development version comes before the version without.
    fn reverse_if_one_is_none(self, a: Option<&str>, b: Option<&str>) -> Ordering {
        if a.is_some() == b.is_some() { self } else { self.reverse() }
    }
}

/// Snapshots of a release, its pre-releases, then itself and its post-releases.
fn stage(version: &Version<'_>) -> u8 {
    match (version.pre, version.post, version.dev) {
        (None, None, Some(_)) => 0,
        (Some(_), _, _) => 1,
        (None, _, _) => 2,
    }
}

fn read(text: &str) -> Version<'_> {
    let (public, local) = text.split_once('+').unwrap_or((text, ""));
    let public = public.strip_prefix('v').unwrap_or(public);
    let (epoch, rest) = public.split_once('!').unwrap_or(("", public));
    let mut version = Version { epoch, ..Version::default() };
    let mut rest = rest;
    loop {
        let (number, after) = take(rest, is_digit);
        if !number.is_empty() {
            version.release.push(number);
        }
        rest = after;
        match after.strip_prefix('.') {
            Some(more) if more.starts_with(is_digit) => rest = more,
            Some(_) | None => break,
        }
    }
    while let Some((word, number, after)) = marked(rest) {
        match word {
            "a" | "alpha" => version.pre = Some((0, number)),
            "b" | "beta" => version.pre = Some((1, number)),
            "c" | "rc" | "pre" | "preview" => version.pre = Some((2, number)),
            "post" | "rev" | "r" => version.post = Some(number),
            "dev" => version.dev = Some(number),
            _ => break,
        }
        rest = after;
    }
    // `1.0-1` is a post-release.
    if let Some(number) = rest.strip_prefix('-').filter(|number| is_number(number)) {
        version.post = Some(number);
        rest = "";
    }
    if !local.is_empty() {
        version.local = local.split(['.', '-', '_']).collect();
    }
    version.rest = if version.release.is_empty() && rest.is_empty() { text } else { rest };
    version
}

fn marked(text: &str) -> Option<(&str, &str, &str)> {
    let text = text.strip_prefix(['.', '-', '_']).unwrap_or(text);
    let (word, rest) = take(text, is_letter);
    if word.is_empty() {
        return None;
    }
    let bare = rest.strip_prefix(['.', '-', '_']).filter(|rest| rest.starts_with(is_digit)).unwrap_or(rest);
    let (number, rest) = take(bare, is_digit);
    Some((word, number, rest))
}

fn releases(a: &[&str], b: &[&str]) -> Ordering {
    let pairs = (0..a.len().max(b.len())).map(|index| {
        digits(a.get(index).copied().unwrap_or_default(), b.get(index).copied().unwrap_or_default())
    });
    pairs.into_iter().find(|order| *order != Ordering::Equal).unwrap_or(Ordering::Equal)
}

fn pre(a: Option<(u8, &str)>, b: Option<(u8, &str)>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => a.0.cmp(&b.0).then_with(|| digits(a.1, b.1)),
        // The stage has told these apart.
        (a, b) => a.is_some().cmp(&b.is_some()),
    }
}

fn optional(a: Option<&str>, b: Option<&str>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => digits(a, b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    }
}

fn locals(a: &[&str], b: &[&str]) -> Ordering {
    for (a, b) in a.iter().zip(b) {
        let order = match (is_number(a), is_number(b)) {
            (true, true) => digits(a, b),
            (a_is, b_is) if a_is != b_is => a_is.cmp(&b_is),
            _ => a.cmp(b),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    a.len().cmp(&b.len())
}
