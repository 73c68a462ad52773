//! From the text of a file of facts to [`Facts`], or to every fault in it with its place.

use super::clock::{Facts, Happened, PATCHED, Scored};
use super::file::SCORE_ADVICE;
use super::{StartEvent, Tenths};
use crate::fault::Fault;
use crate::rating::Rating;
use crate::reader::{self, FileKind, Reader};
use crate::time::Instant;
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

/// The schema version that this program reads.
pub const FACTS_SCHEMA: u32 = 1;
/// Longest file of facts, in bytes.
pub const FACTS_BYTES_MAX: usize = 256 * 1024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    schema: Spanned<u32>,
    advisory: String,
    product: String,
    deployment: String,
    maintained: Option<bool>,
    patched: Option<Spanned<String>>,
    #[serde(default)]
    happened: Vec<RawHappened>,
    #[serde(default)]
    scores: Vec<RawScore>,
    #[serde(default)]
    answers: BTreeMap<String, String>,
    #[serde(default)]
    done: BTreeMap<String, Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawHappened {
    event: Spanned<StartEvent>,
    at: Spanned<String>,
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawScore {
    by: Spanned<String>,
    score: Option<Spanned<String>>,
    vector: Option<Spanned<String>>,
    known: Spanned<String>,
}

const KIND: FileKind =
    FileKind { what: "facts", bytes_max: FACTS_BYTES_MAX, schema: FACTS_SCHEMA, manual: "docs/regimes.md" };

/// Reads the facts that the clocks of one finding depend on.
///
/// # Errors
/// Every fault that was found. A text that is not TOML, or whose fields have the wrong form, has one: the
/// first.
pub fn read_facts(text: &str) -> Result<Facts, Vec<Fault>> {
    let raw: Raw = reader::fields(text, &KIND)?;
    let mut reader = Reader::new(text);
    let facts = reader.facts(raw);
    reader.finish(Some(facts))
}

impl Reader<'_> {
    fn facts(&mut self, raw: Raw) -> Facts {
        self.schema(&raw.schema, &KIND);
        let mut done: BTreeMap<String, Instant> = BTreeMap::new();
        for (what, at) in &raw.done {
            done.extend(self.instant(at).map(|at| (what.clone(), at)));
        }
        if let Some(patched) = &raw.patched {
            done.extend(self.instant(patched).map(|at| (PATCHED.to_owned(), at)));
        }
        let mut happened: Vec<Happened> = Vec::new();
        for fact in raw.happened {
            happened.extend(self.happened(&happened, fact));
        }
        Facts {
            advisory: raw.advisory,
            product: raw.product,
            deployment: raw.deployment,
            is_maintained: raw.maintained,
            happened,
            scores: raw.scores.into_iter().filter_map(|score| self.score(score)).collect(),
            answers: raw.answers,
            done,
        }
    }

    fn happened(&mut self, earlier: &[Happened], raw: RawHappened) -> Option<Happened> {
        let event = *raw.event.get_ref();
        if earlier.iter().any(|other| other.event == event) {
            let what = format!("`{}` happened twice", event.word());
            self.fault(raw.event.span().start, what, "Keep the one that counts.");
        }
        Some(Happened { event, at: self.instant(&raw.at)?, source: raw.source })
    }

    fn score(&mut self, raw: RawScore) -> Option<Scored> {
        let score = match (&raw.score, &raw.vector) {
            (Some(score), None) => self.parsed(score, "score", SCORE_ADVICE),
            (None, Some(vector)) => self.of_vector(vector),
            (Some(_), Some(_)) | (None, None) => {
                let what = "a score is given as `score` or as `vector`";
                self.fault(raw.by.span().start, what, "Write one of them: a vector says more.");
                None
            }
        };
        Some(Scored { by: raw.by.into_inner(), score: score?, known: self.instant(&raw.known)? })
    }

    fn of_vector(&mut self, raw: &Spanned<String>) -> Option<Tenths> {
        let rating: Rating = self.explained(raw, "Write a vector of CVSS 3.0, 3.1 or 4.0.")?;
        Tenths::new(rating.tenths())
    }
}
