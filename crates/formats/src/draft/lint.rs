//! What a draft still lacks before it may be issued. Parsing has made sure that it can be shown; this asks
//! whether it is finished.

use crate::link::Link;
use crate::plain;
use std::fmt;
use tidegate_domain::advisory::{AffectedProduct, Draft, Section, unfinished_mark};

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// The draft is not finished.
    Blocks,
    /// Probably forgotten; it may be meant so.
    Hint,
}

/// Something in a draft that its author should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lint {
    /// How much it weighs.
    pub weight: Weight,
    /// Where: `section impact, line 3`, `affected product Keystone`.
    pub place: String,
    /// What was found.
    pub what: String,
    /// What to do about it.
    pub advice: &'static str,
}

/// `section impact, line 3: holds TODO; finish the sentence`
impl fmt::Display for Lint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.place, self.what, self.advice)
    }
}

/// Holds a draft against the sections that its policy demands. What blocks comes first, then hints; each in
/// the order of the draft.
#[must_use]
pub fn lint(draft: &Draft, required: &[Section]) -> Vec<Lint> {
    let mut lints = Vec::new();
    unfinished(draft.title.as_str(), "title", &mut lints);
    sections(draft, required, &mut lints);
    for product in &draft.affected {
        affected(product, &mut lints);
    }
    for reference in &draft.references {
        unfinished(&reference.title, "references", &mut lints);
        link(&reference.url, "references", &mut lints);
    }
    if draft.affected.is_empty() {
        lints.push(hint(
            "affected",
            "names no product",
            "name at least one, so that scanners can tell who is affected",
        ));
    }
    if draft.credits.is_empty() {
        lints.push(hint("credits", "thank nobody", "name the reporter, or be sure that they want no credit"));
    }
    lints.sort_by_key(|lint| lint.weight);
    lints
}

fn blocks(place: impl Into<String>, what: impl Into<String>, advice: &'static str) -> Lint {
    Lint { weight: Weight::Blocks, place: place.into(), what: what.into(), advice }
}

fn hint(place: impl Into<String>, what: impl Into<String>, advice: &'static str) -> Lint {
    Lint { weight: Weight::Hint, place: place.into(), what: what.into(), advice }
}

fn sections(draft: &Draft, required: &[Section], lints: &mut Vec<Lint>) {
    for section in required.iter().filter(|section| !draft.sections.contains_key(*section)) {
        let place = format!("section {}", section.name());
        lints.push(blocks(place, "is missing, and the policy demands it", "write it"));
    }
    for (section, text) in &draft.sections {
        let place = format!("section {}", section.name());
        if plain::clean(text).is_empty() {
            lints.push(blocks(place, "is empty", "write it, or leave the section out"));
        } else {
            unfinished(text, &place, lints);
        }
    }
}

/// One finding for each line that somebody meant to come back to.
fn unfinished(text: &str, place: &str, lints: &mut Vec<Lint>) {
    for (position, line) in text.lines().enumerate() {
        let place =
            if text.contains('\n') { format!("{place}, line {}", position + 1) } else { place.to_owned() };
        if let Some(mark) = unfinished_mark(line) {
            lints.push(blocks(place, format!("holds {mark}"), "finish the sentence"));
        } else if ends_with_tbd(line) {
            lints.push(blocks(place, "ends with tbd", "finish the sentence"));
        }
    }
}

fn ends_with_tbd(line: &str) -> bool {
    let last = line.split_whitespace().next_back().unwrap_or_default();
    last.trim_matches(|c: char| !c.is_alphanumeric()).eq_ignore_ascii_case("tbd")
}

fn affected(product: &AffectedProduct, lints: &mut Vec<Lint>) {
    let place =
        format!("affected product {}", plain::cut(&plain::line_or(&product.product, "without a name"), 60));
    unfinished(&product.product, &place, lints);
    if product.ranges.is_empty() {
        lints.push(hint(
            &place,
            "has no ranges, so that all versions count as affected",
            "add ranges, or be sure",
        ));
    }
    for range in &product.ranges {
        if range.fixed.is_some() && range.last_affected.is_some() {
            let advice = "keep `fixed` where a fixed version exists, else `last_affected`";
            lints.push(blocks(&place, "has a range with both `fixed` and `last_affected`", advice));
        }
        let bounds = [&range.introduced, &range.fixed, &range.last_affected];
        if bounds.iter().all(|bound| bound.is_none()) {
            lints.push(hint(
                &place,
                "has a range without bounds, so that all versions count as affected",
                "add them, or be sure",
            ));
        }
        for bound in bounds.into_iter().flatten() {
            unfinished(bound, &place, lints);
        }
    }
    if let Some(repository) = &product.repository {
        link(repository, &place, lints);
    }
}

/// Drafts that were not read from a file may hold any text as a link.
fn link(url: &str, place: &str, lints: &mut Vec<Lint>) {
    if url.parse::<Link>().is_err() {
        let shown = plain::cut(&plain::line(url), 80);
        lints.push(blocks(
            place,
            format!("`{shown}` is not a usable https URL"),
            "write a full https:// address",
        ));
    }
}
