//! OpenStack security advisories (OSSA), as their YAML files say them.

mod range;

pub use range::affected;

use crate::yaml::{self, Node};
use jiff::civil::Date;
use tidegate_domain::fault::Fault;
use tidegate_domain::verdict::{Published, Statement};

/// A patch under review, as an advisory lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// The branch, in the advisory's words: `2024.1/caracal(nova)`.
    pub branch: String,
    /// Its address.
    pub address: String,
}

/// An advisory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ossa {
    /// `OSSA-2024-005`.
    pub id: String,
    /// Which version of the advisory this is.
    pub edition: Edition,
    /// The title.
    pub title: String,
    /// When it became public.
    pub published: Option<Published>,
    /// What it says about each product.
    pub statements: Vec<Statement>,
    /// Its CVE ids.
    pub cves: Vec<String>,
    /// The numbers of its Launchpad bugs.
    pub bugs: Vec<String>,
    /// Its patches.
    pub reviews: Vec<Review>,
}

/// A version of an advisory: a number, or an instant. Later ones replace earlier ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edition {
    order: Vec<u64>,
    said: String,
}

impl Edition {
    /// The version that `text` names: `3`, `1.2.0`, `2024-12-03T15:00:00Z`.
    #[must_use]
    pub fn new(text: &str) -> Edition {
        let numbers = text.split(|c: char| !c.is_ascii_digit()).filter(|number| !number.is_empty());
        Edition { order: numbers.map_while(|number| number.parse().ok()).collect(), said: text.to_owned() }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.said
    }
}

/// Reads an advisory. A range that can't be understood is kept with its words, and judged as unknown.
///
/// # Errors
/// The text is no YAML within the limits, or has no id, or names no product.
pub fn parse(text: &str) -> Result<Ossa, Fault> {
    let document = yaml::document(text)?;
    let id = document.text_at("id").ok_or_else(|| {
        Fault::nowhere("the advisory has no id", "an OSSA file has a line such as id: OSSA-2024-005")
    })?;
    let published = published(&document, id);
    let mut statements = Vec::new();
    for entry in document.get("affected-products").map(Node::list).unwrap_or_default() {
        let product = entry
            .text_at("product")
            .ok_or_else(|| entry.fault("an affected product has no name", "write product: nova"))?;
        let said = entry.text_at("version").unwrap_or_default();
        for (product, said) in each_product(product, said) {
            statements.push(Statement {
                advisory: id.to_owned(),
                affected: affected(&said),
                product,
                said,
                published: published.clone(),
            });
        }
    }
    if statements.is_empty() {
        return Err(Fault::nowhere("the advisory names no product", "list them under affected-products"));
    }
    Ok(Ossa {
        id: id.to_owned(),
        // The first entry of the history is the advisory itself.
        edition: Edition::new(&errata(&document).len().max(1).to_string()),
        title: document.text_at("title").unwrap_or_default().to_owned(),
        published,
        statements,
        cves: cves(&document),
        bugs: bugs(&document),
        reviews: reviews(&document),
    })
}

/// The products of one entry. One advisory names three, and repeats each name before its versions.
fn each_product(product: &str, said: &str) -> Vec<(String, String)> {
    let clean = |name: &str| name.trim().to_lowercase();
    if !product.contains(',') {
        return vec![(clean(product), said.trim().to_owned())];
    }
    let parts: Vec<&str> = said.split(';').map(str::trim).collect();
    let own = |name: &str| {
        parts.iter().find_map(|part| {
            let (start, rest) = part.split_at_checked(name.len())?;
            start.eq_ignore_ascii_case(name).then(|| rest.trim().to_owned())
        })
    };
    let names = product.split(',').map(str::trim).filter(|name| !name.is_empty());
    names.map(|name| (clean(name), own(name).unwrap_or_else(|| said.trim().to_owned()))).collect()
}

fn errata(document: &Node) -> &[Node] {
    document.get("errata_history").map(Node::list).unwrap_or_default()
}

/// The day of publication. The history of errata knows it best; a date whose year is not the id's is a slip.
fn published(document: &Node, id: &str) -> Option<Published> {
    let original = errata(document).iter().filter_map(Node::text).find(|entry| entry.contains("Original"));
    if let Some(day) = original.and_then(|entry| entry.get(..10)).and_then(|day| day.parse().ok()) {
        return Some(Published { day, source: "the history in the advisory".to_owned() });
    }
    let day: Date = document.text_at("date")?.get(..10)?.parse().ok()?;
    let year: Option<i16> = id.split('-').nth(1).and_then(|year| year.parse().ok());
    match year {
        Some(year) if year != day.year() => {
            let meant = Date::new(year, day.month(), day.day()).ok()?;
            let source = format!("its own date {day} is not in the year of its id, and is taken for a slip");
            Some(Published { day: meant, source })
        }
        _ => Some(Published { day, source: "the advisory's own date".to_owned() }),
    }
}

fn cves(document: &Node) -> Vec<String> {
    let entries = document.get("vulnerabilities").map(Node::list).unwrap_or_default();
    entries.iter().filter_map(|entry| entry.text_at("cve-id")).map(str::to_owned).collect()
}

/// The numbers at the ends of links to Launchpad.
fn bugs(document: &Node) -> Vec<String> {
    let links =
        document.get("issues").and_then(|issues| issues.get("links")).map(Node::list).unwrap_or_default();
    let launchpad = links.iter().filter_map(Node::text).filter(|link| link.contains("launchpad.net"));
    launchpad
        .filter_map(|link| link.trim_end_matches('/').rsplit('/').next())
        .filter(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
        .map(str::to_owned)
        .collect()
}

fn reviews(document: &Node) -> Vec<Review> {
    let branches = document.get("reviews").map(Node::map).unwrap_or_default();
    let mut reviews = Vec::new();
    for (branch, patches) in branches.iter().filter(|(branch, _)| branch != "type") {
        for address in patches.list().iter().filter_map(Node::text) {
            reviews.push(Review { branch: branch.clone(), address: address.to_owned() });
        }
    }
    reviews
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;
    use tidegate_domain::verdict::Affected;

    const EXAMPLE: &str = "\
date: 2029-05-08
id: OSSA-2030-001
title: An example
affected-products:
  - product: Cinder, Nova
    version: 'Cinder <19.1.2, ==21.0.0; Nova <24.1.2'
  - product: glance_store
    version: TODO
vulnerabilities:
  - cve-id: CVE-2030-1000
issues:
  links:
    - https://launchpad.net/bugs/1234567
    - https://example.org/8
reviews:
  xena(nova):
    - https://review.example.org/1
  type: gerrit
";

    #[test]
    fn an_advisory_is_read() {
        let ossa = parse(EXAMPLE).expect("an advisory");
        assert_eq!(ossa.id, "OSSA-2030-001");
        let products: Vec<(&str, &str)> =
            ossa.statements.iter().map(|s| (s.product.as_str(), s.said.as_str())).collect();
        assert_eq!(
            products,
            [("cinder", "<19.1.2, ==21.0.0"), ("nova", "<24.1.2"), ("glance_store", "TODO")]
        );
        assert_eq!(ossa.statements.last().map(|s| &s.affected), Some(&Affected::NotUnderstood));
        assert_eq!((ossa.bugs, ossa.cves), (vec!["1234567".to_owned()], vec!["CVE-2030-1000".to_owned()]));
        assert_eq!(ossa.reviews.len(), 1);
    }

    #[test]
    fn the_day_of_publication_survives_slips() {
        let ossa = parse(EXAMPLE).expect("an advisory");
        assert_eq!(ossa.published.map(|published| published.day), Some(date(2030, 5, 8)));
        let history = format!(
            "{EXAMPLE}errata_history:\n  - 2030-07-01 - Errata 1\n  - 2030-06-08 - Original Version\n"
        );
        let ossa = parse(&history).expect("an advisory");
        assert!(ossa.edition > parse(EXAMPLE).expect("an advisory").edition);
        assert_eq!(ossa.edition.name(), "2");
        assert_eq!(ossa.published.map(|published| published.day), Some(date(2030, 6, 8)));
    }

    #[test]
    fn what_is_no_advisory_is_refused() {
        for text in ["", "[]", "id: x", "id: x\naffected-products:\n- version: '1'\n", "a: [", "\u{0}"] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn no_range_is_too_strange(text in "([<>=!,() ]|[0-9.]{1,6}|and|to|up|from|all|later|prior|Folsom|folsom-2){0,20}") {
            if let Affected::Ranges(ranges) = affected(&text) {
                prop_assert!(!ranges.is_empty());
            }
        }
    }
}
