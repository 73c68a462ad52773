//! The policy file as written: every field with its place, nothing understood yet. docs/policy.md explains
//! the fields one by one.

use crate::advisory::Publisher;
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

pub(super) type Word = Spanned<String>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPolicy {
    pub schema: Spanned<u32>,
    pub id: Word,
    pub title: String,
    pub source: String,
    #[serde(default)]
    pub summary: String,
    pub zone: Word,
    pub project: Publisher,
    pub scope: RawScope,
    #[serde(rename = "role")]
    pub roles: Vec<RawRole>,
    #[serde(rename = "step")]
    pub steps: Vec<RawStep>,
    pub embargo: RawEmbargo,
    pub knows: Vec<RawKnows>,
    #[serde(default)]
    pub tells: Vec<RawTells>,
    #[serde(default, rename = "clock")]
    pub clocks: Vec<RawClock>,
    pub commit: RawCommit,
    pub advisory: RawAdvisory,
    #[serde(rename = "channel")]
    pub channels: Vec<RawChannel>,
    #[serde(default)]
    pub mail: BTreeMap<String, RawMail>,
    pub list: Option<RawList>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawScope {
    pub covers: String,
    pub clause: String,
    #[serde(default)]
    pub hand_over: Vec<RawHandOver>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHandOver {
    pub before: String,
    pub to: String,
    pub clause: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRole {
    pub id: Word,
    pub title: String,
    pub kind: Word,
    #[serde(default)]
    pub clause: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawStep {
    pub does: Option<Word>,
    pub custom: Option<Word>,
    pub title: Option<String>,
    pub by: Vec<Word>,
    #[serde(default)]
    pub after: Vec<Word>,
    #[serde(default)]
    pub before: Vec<Word>,
    #[serde(default)]
    pub then: Vec<Word>,
    #[serde(default)]
    pub gives: Vec<RawGives>,
    #[serde(default)]
    pub persons: Option<Spanned<u8>>,
    pub clause: Word,
    #[serde(default)]
    pub note: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawGives {
    pub to: Vec<Word>,
    pub items: RawItems,
}

/// `"all"` or a list of items. Inside an untagged value places are lost, so the whole carries its place.
pub(super) type RawItems = Spanned<AllOrSome>;

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum AllOrSome {
    Word(String),
    List(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawEmbargo {
    pub agree: Spanned<Vec<Word>>,
    pub default: Word,
    #[serde(default)]
    pub limit: Vec<RawLimit>,
    #[serde(default)]
    pub negotiated: bool,
    #[serde(default)]
    pub reporter_may_shorten: bool,
    pub ends: Option<RawSlot>,
    pub clause: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLimit {
    pub severity: Vec<Word>,
    pub at_least: Option<Word>,
    pub at_most: Option<Word>,
    pub force: Word,
    pub clause: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSlot {
    pub at: Word,
    #[serde(default)]
    pub weekdays: Vec<Word>,
    pub force: Word,
    pub clause: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawKnows {
    pub who: Vec<Word>,
    pub items: RawItems,
    pub from: Word,
    #[serde(default)]
    pub despite_embargo: bool,
    pub clause: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTells {
    pub from: Vec<Word>,
    pub to: Vec<Word>,
    pub items: RawItems,
    pub until: Option<Word>,
    pub answer: Word,
    pub clause: String,
    #[serde(default)]
    pub note: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawClock {
    pub id: Word,
    pub title: String,
    pub starts: Word,
    pub within: Option<Word>,
    pub before_disclosure: Option<Word>,
    pub satisfied: Word,
    #[serde(default)]
    pub unless: Vec<Word>,
    pub force: Word,
    #[serde(default)]
    pub remind: Vec<Word>,
    pub alarm: Vec<Word>,
    pub clause: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCommit {
    pub never_says: Vec<String>,
    pub clause: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAdvisory {
    pub number: Word,
    pub section: Vec<RawSection>,
    pub clause: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSection {
    pub id: Word,
    pub heading: String,
    #[serde(default)]
    pub required: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawChannel {
    pub id: Word,
    pub title: String,
    pub kind: Word,
    pub address: String,
    pub announcements: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMail {
    pub subject: String,
    pub text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawList {
    pub by: Vec<Word>,
    #[serde(default)]
    pub persons: Option<Spanned<u8>>,
    pub incomplete: Word,
    pub members: Word,
    #[serde(default)]
    pub appeal: String,
    #[serde(default)]
    pub heard_by: Vec<Word>,
    pub reconfirm: Option<Word>,
    pub clause: Word,
    #[serde(rename = "applicant")]
    pub applicants: Vec<RawApplicant>,
    #[serde(rename = "asks")]
    pub asks: Vec<RawAsk>,
    pub evidence: RawEvidence,
    pub alias: RawAlias,
    #[serde(default, rename = "criterion")]
    pub criteria: Vec<RawCriterion>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawApplicant {
    pub id: Word,
    pub title: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAsk {
    pub id: Word,
    pub title: String,
    pub asked: Word,
    #[serde(default)]
    pub of: Vec<Word>,
    pub clause: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawEvidence {
    pub accepts: Vec<Word>,
    #[serde(default)]
    pub never_hosts: Vec<String>,
    pub clause: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAlias {
    #[serde(default)]
    pub words: Vec<String>,
    pub clause: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCriterion {
    pub id: Word,
    pub question: String,
    pub clause: String,
}
