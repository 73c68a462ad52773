//! Reading a draft file. Every value keeps its place until it is checked, so that every fault has one.

use super::{DRAFT_BYTES_MAX, NAME_CHARS_MAX, VERSION_CHARS_MAX};
use crate::link::Link;
use crate::purl::Purl;
use crate::{cwe, plain};
use serde::Deserialize;
use std::collections::BTreeMap;
use tidegate_domain::advisory::{
    AffectedProduct, AffectedRange, Credit, DRAFT_LIST_MAX, Draft, Reference, SECTION_BYTES_MAX, Section,
};
use tidegate_domain::fault::Fault;
use toml::Spanned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDraft {
    title: Spanned<String>,
    sections: BTreeMap<Spanned<String>, Spanned<String>>,
    #[serde(default)]
    affected: Vec<Spanned<RawProduct>>,
    #[serde(default)]
    credits: Vec<Spanned<RawCredit>>,
    #[serde(default)]
    references: Vec<Spanned<RawReference>>,
    cwe: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawProduct {
    product: Spanned<String>,
    purl: Option<Spanned<String>>,
    repository: Option<Spanned<String>>,
    #[serde(default)]
    ranges: Vec<Spanned<RawRange>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRange {
    introduced: Option<Spanned<String>>,
    fixed: Option<Spanned<String>>,
    last_affected: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCredit {
    name: Spanned<String>,
    organisation: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawReference {
    title: Spanned<String>,
    url: Spanned<String>,
}

/// Reads a draft file, and answers with the first fault in it and its place.
///
/// # Errors
///
/// The text is not TOML, names a field or section that does not exist, or holds a value that no publication
/// could carry: the fault says which, where, and what to do.
pub fn parse(source: &str) -> Result<Draft, Fault> {
    if source.len() > DRAFT_BYTES_MAX {
        let what = format!("the draft is larger than {DRAFT_BYTES_MAX} bytes");
        return Err(Fault::nowhere(what, "attach long material instead"));
    }
    let raw: RawDraft = toml::from_str(source).map_err(|error| syntax_fault(source, &error))?;
    let read = Reader { source };
    Ok(Draft {
        title: raw.title.get_ref().parse().map_err(|error| {
            read.fault(&raw.title, format!("{error}"), "a title is one plain line of at most 200 characters")
        })?,
        sections: read.sections(&raw.sections)?,
        affected: read.list(&raw.affected, "affected", |product| read.product(product))?,
        credits: read.list(&raw.credits, "credits", |credit| read.credit(credit))?,
        references: read.list(&raw.references, "references", |reference| read.reference(reference))?,
        cwe: raw.cwe.as_ref().map(|cwe| read.cwe(cwe)).transpose()?,
    })
}

fn syntax_fault(source: &str, error: &toml::de::Error) -> Fault {
    let message = plain::line(error.message());
    let advice = if message.starts_with("missing field") {
        "a draft needs `title` and `[sections]`, a product its `product`, a credit its `name`, a reference its `title` and `url`"
    } else if message.starts_with("unknown field") {
        "remove it or mend its spelling"
    } else {
        "mend the TOML here; long texts stand between \"\"\" and \"\"\""
    };
    Fault::at(source, error.span().map_or(0, |span| span.start), message, advice)
}

struct Reader<'a> {
    source: &'a str,
}

impl Reader<'_> {
    fn fault<T>(&self, at: &Spanned<T>, what: impl Into<String>, advice: impl Into<String>) -> Fault {
        Fault::at(self.source, at.span().start, what, advice)
    }

    fn list<R, T>(
        &self,
        raw: &[Spanned<R>],
        name: &str,
        read: impl Fn(&R) -> Result<T, Fault>,
    ) -> Result<Vec<T>, Fault> {
        if let Some(surplus) = raw.get(DRAFT_LIST_MAX) {
            let what = format!("`{name}` has more than {DRAFT_LIST_MAX} entries");
            return Err(self.fault(surplus, what, "bring several of them together"));
        }
        raw.iter().map(|entry| read(entry.get_ref())).collect()
    }

    fn sections(
        &self,
        raw: &BTreeMap<Spanned<String>, Spanned<String>>,
    ) -> Result<BTreeMap<Section, String>, Fault> {
        let mut sections = BTreeMap::new();
        for (name, text) in raw {
            let known = Section::ALL.into_iter().find(|section| section.name() == name.get_ref());
            let Some(section) = known else {
                let what = format!("there is no section `{}`", plain::cut(&plain::line(name.get_ref()), 40));
                let names: Vec<&str> = Section::ALL.iter().map(|section| section.name()).collect();
                return Err(self.fault(name, what, format!("sections are {}", names.join(", "))));
            };
            if text.get_ref().len() > SECTION_BYTES_MAX {
                let what =
                    format!("the section `{}` is longer than {SECTION_BYTES_MAX} bytes", section.name());
                return Err(self.fault(text, what, "shorten it, or link to the details"));
            }
            let is_odd = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
            if text.get_ref().chars().any(is_odd) {
                let what = format!("the section `{}` holds a control character", section.name());
                return Err(self.fault(text, what, "remove it"));
            }
            sections.insert(section, text.get_ref().clone());
        }
        Ok(sections)
    }

    fn product(&self, raw: &RawProduct) -> Result<AffectedProduct, Fault> {
        Ok(AffectedProduct {
            product: self.name(&raw.product, "the product's name")?,
            purl: raw.purl.as_ref().map(|purl| self.purl(purl)).transpose()?,
            repository: raw.repository.as_ref().map(|url| self.link(url)).transpose()?,
            ranges: self.list(&raw.ranges, "ranges", |range| self.range(range))?,
        })
    }

    fn range(&self, raw: &RawRange) -> Result<AffectedRange, Fault> {
        let version = |version: &Option<Spanned<String>>| {
            let read = |text| self.one_line(text, "the version", VERSION_CHARS_MAX);
            version.as_ref().map(read).transpose()
        };
        Ok(AffectedRange {
            introduced: version(&raw.introduced)?,
            fixed: version(&raw.fixed)?,
            last_affected: version(&raw.last_affected)?,
        })
    }

    fn credit(&self, raw: &RawCredit) -> Result<Credit, Fault> {
        let organisation =
            raw.organisation.as_ref().map(|name| self.name(name, "the organisation")).transpose()?;
        Ok(Credit { name: self.name(&raw.name, "the name")?, organisation })
    }

    fn reference(&self, raw: &RawReference) -> Result<Reference, Fault> {
        Ok(Reference { title: self.name(&raw.title, "the page's title")?, url: self.link(&raw.url)? })
    }

    fn name(&self, raw: &Spanned<String>, what: &str) -> Result<String, Fault> {
        self.one_line(raw, what, NAME_CHARS_MAX)
    }

    /// Text that is exactly what every format will show: one line, nothing hidden, not too long.
    fn one_line(&self, raw: &Spanned<String>, what: &str, chars_max: usize) -> Result<String, Fault> {
        let text = raw.get_ref().trim();
        if text.is_empty() {
            return Err(self.fault(raw, format!("{what} is empty"), "fill it in, or leave the line out"));
        }
        if text.contains(['\n', '\r', '\t']) || plain::harmful_chars(text) > 0 {
            let what = format!("{what} holds a line break, a control character or an invisible one");
            return Err(self.fault(raw, what, "write it in one plain line"));
        }
        if text.chars().count() > chars_max {
            return Err(self.fault(
                raw,
                format!("{what} is longer than {chars_max} characters"),
                "shorten it",
            ));
        }
        Ok(text.to_owned())
    }

    fn link(&self, raw: &Spanned<String>) -> Result<String, Fault> {
        let link: Result<Link, Fault> = raw.get_ref().parse();
        link.map(|link| link.to_string()).map_err(|fault| self.fault(raw, fault.what, fault.advice))
    }

    fn purl(&self, raw: &Spanned<String>) -> Result<String, Fault> {
        let purl = Purl::parse(raw.get_ref()).map_err(|fault| self.fault(raw, fault.what, fault.advice))?;
        Ok(purl.as_str().to_owned())
    }

    fn cwe(&self, raw: &Spanned<String>) -> Result<String, Fault> {
        if cwe::is_id(raw.get_ref()) {
            Ok(raw.get_ref().clone())
        } else {
            let what = format!("`{}` is not a CWE identifier", plain::cut(&plain::line(raw.get_ref()), 40));
            Err(self.fault(raw, what, "write it as CWE-441"))
        }
    }
}
