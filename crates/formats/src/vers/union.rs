//! Ranges of which one must hold, as one specifier.
//!
//! A specifier is a single list of constraints, and lists laid side by side don't always mean their union:
//! `>=1 <2` beside `<5` would leave out 0.5. Where something would be left out, the list is built anew.

use super::{Comparator, Constraint, Scheme, Vers, compare};
use std::cmp::Ordering;

/// A specifier that contains all that any of `alternatives` contains. An alternative without constraints
/// contains everything.
pub(super) fn union(scheme: Scheme, alternatives: &[Vec<Constraint>]) -> Vers {
    if alternatives.iter().any(Vec::is_empty) {
        return Vers { scheme, constraints: Vec::new() };
    }
    let joined = Vers::new(scheme, alternatives.concat());
    let versions = distinct(scheme, &joined.constraints);
    let rank = |constraint: &Constraint| {
        let found = versions.binary_search_by(|version| compare(scheme, version, &constraint.version));
        2 * found.unwrap_or_else(|place| place) + 1
    };
    let ranked = |constraints: &[Constraint]| -> Vec<(Comparator, usize)> {
        constraints.iter().map(|constraint| (constraint.comparator, rank(constraint))).collect()
    };
    let alternatives: Vec<_> = alternatives.iter().map(|constraints| ranked(constraints)).collect();
    let holds = |spot: usize| {
        alternatives.iter().any(|all| all.iter().all(|(comparator, rank)| comparator.admits(spot.cmp(rank))))
    };
    // Odd spots are the versions, even ones what lies between them.
    let exact: Vec<bool> = (0..=2 * versions.len()).map(holds).collect();
    let joined_ranks = ranked(&joined.constraints);
    let is_in_joined = |spot: usize| super::contains_at(&joined_ranks, |rank| spot.cmp(rank));
    if exact.iter().enumerate().all(|(spot, holds)| !holds || is_in_joined(spot)) {
        return joined;
    }
    Vers { scheme, constraints: outline(&versions, &exact) }
}

fn distinct(scheme: Scheme, constraints: &[Constraint]) -> Vec<&str> {
    let mut versions: Vec<&str> = constraints.iter().map(|constraint| constraint.version.as_str()).collect();
    versions.dedup_by(|a, b| compare(scheme, a, b).is_eq());
    versions
}

/// The constraints that change from in to out and back where `exact` does.
fn outline(versions: &[&str], exact: &[bool]) -> Vec<Constraint> {
    let around = exact.windows(3).step_by(2);
    let change = |(version, around): (&&str, &[bool])| {
        let comparator = match around {
            [true, true, false] => Comparator::AtMost,
            [true, false, false] => Comparator::Less,
            [true, false, true] => Comparator::NotEqual,
            [false, true, true] => Comparator::AtLeast,
            [false, false, true] => Comparator::Greater,
            [false, true, false] => Comparator::Equal,
            _ => return None,
        };
        Some(Constraint { comparator, version: (*version).to_owned() })
    };
    versions.iter().zip(around).filter_map(change).collect()
}

impl Comparator {
    /// Whether a version that has this order to the constraint's meets it.
    fn admits(self, order: Ordering) -> bool {
        match self {
            Comparator::Equal => order.is_eq(),
            Comparator::NotEqual => order.is_ne(),
            Comparator::Less => order.is_lt(),
            Comparator::AtMost => order.is_le(),
            Comparator::Greater => order.is_gt(),
            Comparator::AtLeast => order.is_ge(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::from_native;
    use super::*;
    use proptest::prelude::*;

    fn contains(scheme: Scheme, native: &str, version: &str) -> bool {
        from_native(scheme, native).unwrap_or_else(|fault| panic!("{native}: {fault}")).contains(version)
    }

    #[test]
    fn alternatives_leave_nothing_out() {
        for (scheme, native, inside, outside) in [
            (Scheme::Npm, ">=1.0.0 <2.0.0 || <5.0.0", vec!["0.5.0", "2.5.0"], vec!["5.0.0"]),
            (Scheme::Npm, ">=1.0.0 !=1.5.0 || 1.5.0", vec!["1.5.0", "1.6.0"], vec!["0.9.0"]),
            (Scheme::Npm, ">=1.0.0 !=1.5.0 || >=1.4.0", vec!["1.5.0", "1.2.0"], vec!["0.9.0"]),
            (Scheme::Npm, "!=1.5.0 || >=2.0.0", vec!["1.0.0", "3.0.0"], vec!["1.5.0"]),
            (Scheme::Npm, ">=1.0.0 || *", vec!["0.1.0"], vec![]),
            (Scheme::Npm, "1.2 - 2.3", vec!["1.2.0", "2.3.9"], vec!["2.4.0", "1.1.9"]),
            (Scheme::Npm, "<=1.x", vec!["1.9.9"], vec!["2.0.0"]),
            (Scheme::Maven, "[1.0,2.0),(,5.0]", vec!["0.5", "4", "5.0"], vec!["5.1"]),
            (Scheme::Conan, ">=1 <2 || <5", vec!["0.5", "3"], vec!["5"]),
        ] {
            inside
                .iter()
                .for_each(|version| assert!(contains(scheme, native, version), "{version} in {native}"));
            outside
                .iter()
                .for_each(|version| assert!(!contains(scheme, native, version), "{version} in {native}"));
        }
    }

    proptest! {
        /// What one alternative contains alone, all of them together contain.
        #[test]
        fn nothing_gets_lost(
            alternatives in proptest::collection::vec(proptest::collection::vec(("(<|<=|>|>=|!=|)", 0_u8..6), 1..4), 1..5),
            version in 0_u8..6,
        ) {
            let word = |(sign, number): &(String, u8)| format!("{sign}{number}.0.0");
            let one = |words: &Vec<(String, u8)>| words.iter().map(word).collect::<Vec<_>>().join(" ");
            let all = alternatives.iter().map(one).collect::<Vec<_>>().join(" || ");
            let holds = |(sign, number): &(String, u8)| match sign.as_str() {
                "<" => version < *number,
                "<=" => version <= *number,
                ">" => version > *number,
                ">=" => version >= *number,
                "!=" => version != *number,
                _ => version == *number,
            };
            if alternatives.iter().any(|words| words.iter().all(holds)) {
                prop_assert!(contains(Scheme::Npm, &all, &format!("{version}.0.0")), "{} in {}", version, all);
            }
        }
    }
}
