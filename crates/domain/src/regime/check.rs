//! What no band of a regime covers, and what two do.

use super::{Measure, Point, Regime, Row, Tenths};
use std::collections::BTreeMap;
use std::fmt;

/// Most combinations of answers that a decision table may have.
pub const COMBINATIONS_MAX: usize = 100_000;

/// A hole or a contradiction in a regime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// No band covers these scores, both ends included.
    Gap(Tenths, Tenths),
    /// Two bands cover these scores, both ends included.
    Overlap(Tenths, Tenths, String, String),
    /// No row covers these answers.
    NoRow(BTreeMap<String, String>),
    /// Two rows, by their numbers from 1, cover these answers.
    TwoRows(BTreeMap<String, String>, usize, usize),
    /// There are more combinations of answers than can be looked at.
    TooMany,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Finding::Gap(from, to) => write!(f, "no band covers {from} to {to}"),
            Finding::Overlap(from, to, a, b) => write!(f, "both {a} and {b} cover {from} to {to}"),
            Finding::NoRow(answers) => write!(f, "no row covers {}", words(answers)),
            Finding::TwoRows(answers, a, b) => write!(f, "both row {a} and row {b} cover {}", words(answers)),
            Finding::TooMany => write!(f, "the points have more than {COMBINATIONS_MAX} combinations"),
        }
    }
}

fn words(answers: &BTreeMap<String, String>) -> String {
    let pairs: Vec<String> = answers.iter().map(|(point, answer)| format!("{point} = {answer}")).collect();
    pairs.join(", ")
}

/// Every hole and contradiction.
#[must_use]
pub fn check(regime: &Regime) -> Vec<Finding> {
    match &regime.measure {
        Measure::Score(_) => scores(regime),
        Measure::Table { points, rows } => table(points, rows),
        Measure::Each(_) => Vec::new(),
    }
}

/// What covers one score: the places of its bands.
fn scores(regime: &Regime) -> Vec<Finding> {
    let Measure::Score(bands) = &regime.measure else {
        return Vec::new();
    };
    let mut findings: Vec<Finding> = Vec::new();
    for score in Tenths::all() {
        let mut covering = bands.iter().filter(|band| band.from <= score && score <= band.to);
        let finding = match (covering.next(), covering.next()) {
            (None, _) => Finding::Gap(score, score),
            (Some(_), None) => continue,
            (Some(a), Some(b)) => {
                Finding::Overlap(score, score, a.deadline.name.clone(), b.deadline.name.clone())
            }
        };
        extend(&mut findings, finding, score);
    }
    findings
}

/// Lengthens the last finding where `next` goes on from it, or adds it.
fn extend(findings: &mut Vec<Finding>, next: Finding, score: Tenths) {
    let follows = |to: &Tenths| to.0.checked_add(1) == Some(score.0);
    match (findings.last_mut(), &next) {
        (Some(Finding::Gap(_, to)), Finding::Gap(..)) if follows(to) => *to = score,
        (Some(Finding::Overlap(_, to, a, b)), Finding::Overlap(_, _, c, d))
            if follows(to) && a == c && b == d =>
        {
            *to = score;
        }
        _ => findings.push(next),
    }
}

fn table(points: &[Point], rows: &[Row]) -> Vec<Finding> {
    let Some(combinations) = combinations(points) else {
        return vec![Finding::TooMany];
    };
    let mut findings = Vec::new();
    for answers in combinations {
        let mut covering = (1..).zip(rows).filter(|(_, row)| row.holds(&answers)).map(|(number, _)| number);
        match (covering.next(), covering.next()) {
            (None, _) => findings.push(Finding::NoRow(answers)),
            (Some(_), None) => {}
            (Some(a), Some(b)) => findings.push(Finding::TwoRows(answers, a, b)),
        }
    }
    findings
}

fn combinations(points: &[Point]) -> Option<Vec<BTreeMap<String, String>>> {
    let mut combinations = vec![BTreeMap::new()];
    for point in points {
        if combinations.len().saturating_mul(point.values.len()) > COMBINATIONS_MAX {
            return None;
        }
        let with = |answers: &BTreeMap<String, String>, value: &String| {
            let mut answers = answers.clone();
            answers.insert(point.name.clone(), value.clone());
            answers
        };
        combinations = combinations
            .iter()
            .flat_map(|answers| point.values.iter().map(move |value| with(answers, value)))
            .collect();
    }
    Some(combinations)
}
