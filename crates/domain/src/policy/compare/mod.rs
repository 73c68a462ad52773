//! What differs between two policies, rule by rule and in words. Not a comparison of texts: the order of rules,
//! comments, and whether roles share a rule or have one each make no difference.

mod rules;

use super::Policy;
use crate::time::{Instant, Length};
use jiff::tz::TimeZone;
use rules::{Field, Rule, Said};
use std::collections::BTreeMap;

/// Days whose lengths are compared: a leap year, so that every month and weekday is a start.
const STARTS: i64 = 366;
const DAY_MICROS: i64 = 86_400_000_000;

/// What became of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Only the second policy has it.
    Added,
    /// Only the first policy has it.
    Removed,
    /// Both have it, and it says something else.
    Changed,
}

impl Change {
    /// The word for it: `added`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Change::Added => "added",
            Change::Removed => "removed",
            Change::Changed => "changed",
        }
    }
}

/// One rule that the policies do not share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which part of the policy: `procedure`, `clocks`.
    pub part: &'static str,
    /// The rule, for people.
    pub rule: String,
    /// Where the rule comes from, by the policy that has it; by the second where both have it. May be empty.
    pub clause: String,
    /// What became of it.
    pub change: Change,
    /// What differs, a sentence each.
    pub what: Vec<String>,
}

/// What changes when `after` takes the place of `before`, in the order of the policy page.
#[must_use]
pub fn compare(before: &Policy, after: &Policy) -> Vec<Difference> {
    let (mut old, new) = (rules::of(before), rules::of(after));
    let mut differences = Vec::new();
    for (key, rule) in new {
        match old.remove(&key) {
            None => differences.push((key, whole(rule, Change::Added))),
            Some(was) => {
                let what = fields(&was.fields, &rule.fields);
                if !what.is_empty() {
                    let Rule { part, title, clause, fields: _ } = rule;
                    let difference = Difference { part, rule: title, clause, change: Change::Changed, what };
                    differences.push((key, difference));
                }
            }
        }
    }
    differences.extend(old.into_iter().map(|(key, rule)| (key, whole(rule, Change::Removed))));
    differences.sort_by(|(left, _), (right, _)| left.cmp(right));
    differences.into_iter().map(|(_, difference)| difference).collect()
}

/// A rule that one policy alone has, with all that it says.
fn whole(rule: Rule, change: Change) -> Difference {
    let what = rule.fields.iter().filter_map(|(label, field)| {
        let words = in_full(field)?;
        Some(format!("{label}: {words}"))
    });
    Difference { part: rule.part, what: what.collect(), rule: rule.title, clause: rule.clause, change }
}

fn in_full(said: &Said) -> Option<String> {
    match said {
        Said::Words(words) => (!words.is_empty()).then(|| words.clone()),
        Said::Length(length) => length.map(|length| length.to_string()),
        Said::Number(number) => Some(number.to_string()),
        Said::Set(set) => (!set.is_empty()).then(|| listed(set.values())),
    }
}

fn fields(old: &[Field], new: &[Field]) -> Vec<String> {
    let mut what = Vec::new();
    for (label, now) in new {
        let was = old.iter().find(|(known, _)| known == label).map(|(_, said)| said);
        match was {
            Some(was) => what.extend(differs(was, now).into_iter().map(|words| format!("{label}: {words}"))),
            None => what.extend(in_full(now).map(|words| format!("{label}: now {words}"))),
        }
    }
    let gone = old.iter().filter(|(label, _)| !new.iter().any(|(known, _)| known == label));
    what.extend(gone.filter_map(|(label, was)| Some(format!("{label}: no longer {}", in_full(was)?))));
    what
}

/// How `now` differs from `was`, if it does.
fn differs(was: &Said, now: &Said) -> Vec<String> {
    match (was, now) {
        (Said::Set(was), Said::Set(now)) => {
            let only = |one: &BTreeMap<String, String>, other: &BTreeMap<String, String>| {
                let own: Vec<String> = one
                    .iter()
                    .filter(|(id, _)| !other.contains_key(*id))
                    .map(|(_, words)| words.clone())
                    .collect();
                (!own.is_empty()).then(|| listed(own.iter()))
            };
            let more = only(now, was).map(|words| format!("now also {words}"));
            let less = only(was, now).map(|words| format!("no longer {words}"));
            more.into_iter().chain(less).collect()
        }
        (Said::Length(Some(was)), Said::Length(Some(now))) if was != now => {
            let how = longer_or_shorter(*was, *now).map_or_else(String::new, |word| format!("{word}, "));
            vec![format!("{how}was {was}, now {now}")]
        }
        (was, now) if was == now => Vec::new(),
        (was, now) => {
            let words = |said| in_full(said).unwrap_or_else(|| "nothing".to_owned());
            vec![format!("was {}, now {}", words(was), words(now))]
        }
    }
}

/// Whether `now` ends later or earlier than `was` from every day of a leap year. `None` where it depends on the
/// day, as with seven days against five working days, or makes no difference.
fn longer_or_shorter(was: Length, now: Length) -> Option<&'static str> {
    // 2028-01-01T00:00:00Z, the first day of a leap year.
    const FIRST: i64 = 1_830_297_600_000_000;
    let (mut longer, mut shorter) = (0, 0);
    for day in 0..STARTS {
        let start = Instant::from_micros(FIRST + day * DAY_MICROS);
        let (old, new) = (was.after(start, &TimeZone::UTC), now.after(start, &TimeZone::UTC));
        longer += i64::from(new > old);
        shorter += i64::from(new < old);
    }
    match (longer, shorter) {
        (STARTS, _) => Some("longer"),
        (_, STARTS) => Some("shorter"),
        _ => None,
    }
}

fn listed<'a>(words: impl Iterator<Item = &'a String>) -> String {
    words.map(String::as_str).collect::<Vec<_>>().join("; ")
}
