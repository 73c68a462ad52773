//! An application as it is written down.

use crate::fault::Fault;
use crate::id::Slug;
use crate::policy::vocabulary::Evidence;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The schema version that this program reads.
pub const SCHEMA: u32 = 1;
/// Longest application, in bytes.
pub const APPLICATION_BYTES_MAX: usize = 64 * 1024;
/// Most domains, links, answers or rulings of one application, each.
const ENTRIES_MAX: usize = 100;

/// A request to join the list. All of it but the alias is public (XEN-15, XEN-19).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Application {
    /// The schema's version.
    pub schema: u32,
    /// The organisation's name.
    #[serde(default)]
    pub organisation: String,
    /// The domains that it uses to offer what it offers.
    #[serde(default)]
    pub domains: Vec<String>,
    /// The kinds of applicant that it is, by the policy's names.
    #[serde(default)]
    pub applies_as: Vec<Slug>,
    /// Whether all of its products use the software. Where it does not say, they do not.
    #[serde(default)]
    pub all_products: bool,
    /// That it has read the policy and will abide by it, in its own words.
    #[serde(default)]
    pub statement: String,
    /// The one address for the list. Secret (XEN-19).
    #[serde(default)]
    pub alias: String,
    /// Answers in words, by the name of what the policy asks.
    #[serde(default)]
    pub answers: BTreeMap<String, String>,
    /// Links to its own public pages.
    #[serde(default, rename = "link")]
    pub links: Vec<Link>,
    /// How the criteria are answered where an application is tried out (XEN-26). In a real one the team's
    /// answers are kept with its decision, and these are not looked at.
    #[serde(default, rename = "ruling")]
    pub rulings: Vec<Ruling>,
}

/// A link to a page that shows what the policy asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// What it shows, by the policy's name.
    pub shows: Slug,
    /// Where it is.
    pub url: String,
    /// What it is.
    #[serde(rename = "is", deserialize_with = "evidence")]
    pub kind: Evidence,
    /// Which part of a long page is meant. A PDF needs it.
    #[serde(default)]
    pub part: String,
    /// The ordinary page that links a PDF (XEN-16).
    #[serde(default)]
    pub linked_from: String,
}

/// The team's answer to one criterion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ruling {
    /// Which criterion.
    pub criterion: Slug,
    /// Whether the application meets it.
    pub met: bool,
    /// Why. Public with the decision (XEN-18).
    pub why: String,
}

fn evidence<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Evidence, D::Error> {
    let name = String::deserialize(deserializer)?;
    Evidence::from_name(&name).ok_or_else(|| {
        let known: Vec<&str> = Evidence::ALL.iter().map(|kind| kind.name()).collect();
        let shown = name.escape_debug();
        serde::de::Error::custom(format!("`{shown}` is no kind of page; known are {}", known.join(", ")))
    })
}

/// Reads an application. One that lacks things is read all the same: what it lacks depends on the policy.
///
/// # Errors
/// The first fault of its form, with its place.
pub fn read(text: &str) -> Result<Application, Fault> {
    const ADVICE: &str = "docs/list.md shows every field of an application.";
    if text.len() > APPLICATION_BYTES_MAX {
        let what =
            format!("the file has {} bytes; an application has at most {APPLICATION_BYTES_MAX}", text.len());
        return Err(Fault::nowhere(what, "Is this the right file?"));
    }
    let application: Application = toml::from_str(text).map_err(|error| match error.span() {
        Some(span) => Fault::at(text, span.start, error.message(), ADVICE),
        None => Fault::nowhere(error.message(), ADVICE),
    })?;
    if application.schema != SCHEMA {
        let what = format!("schema {} is not one that this program reads", application.schema);
        return Err(Fault::nowhere(what, format!("Write `schema = {SCHEMA}`, or use a newer program.")));
    }
    match application.excess() {
        Some(what) => Err(Fault::nowhere(what, "Name the ones that matter.")),
        None => Ok(application),
    }
}

impl Application {
    /// What there is too much of, in words, wherever the application came from.
    #[must_use]
    pub fn excess(&self) -> Option<String> {
        let lists = [
            ("domains", self.domains.len()),
            ("applies_as", self.applies_as.len()),
            ("answers", self.answers.len()),
            ("[[link]]", self.links.len()),
            ("[[ruling]]", self.rulings.len()),
        ];
        if let Some((name, entries)) = lists.into_iter().find(|(_, entries)| *entries > ENTRIES_MAX) {
            return Some(format!("{entries} entries of {name}; an application has at most {ENTRIES_MAX}"));
        }
        let bytes = self.texts().map(str::len).sum::<usize>();
        (bytes > APPLICATION_BYTES_MAX)
            .then(|| format!("{bytes} bytes of text; an application has at most {APPLICATION_BYTES_MAX}"))
    }

    fn texts(&self) -> impl Iterator<Item = &str> {
        let fixed = [&self.organisation, &self.statement, &self.alias].into_iter();
        let answers = self.answers.iter().flat_map(|(ask, answer)| [ask, answer]);
        let links = self.links.iter().flat_map(|link| [&link.url, &link.part, &link.linked_from]);
        let rulings = self.rulings.iter().map(|ruling| &ruling.why);
        fixed.chain(&self.domains).chain(answers).chain(links).chain(rulings).map(String::as_str)
    }
}
