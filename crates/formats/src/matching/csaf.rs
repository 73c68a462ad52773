//! CSAF 2.0 documents: packages by their package URLs, products by name.

use super::{CLAIMS_MAX, Named, spans_of};
use crate::purl::Package;
use crate::vers::Vers;
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use tidegate_domain::matching::{Claim, Span};

/// A CSAF document, as far as it says which products are affected.
#[derive(Debug, Deserialize)]
pub struct Csaf<'a> {
    #[serde(borrow)]
    document: Document<'a>,
    #[serde(borrow, default)]
    product_tree: Tree<'a>,
    #[serde(borrow, default)]
    vulnerabilities: Vec<Vulnerability<'a>>,
}

#[derive(Debug, Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    tracking: Tracking<'a>,
}

#[derive(Debug, Deserialize)]
struct Tracking<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Tree<'a> {
    #[serde(borrow)]
    branches: Vec<Branch<'a>>,
    #[serde(borrow)]
    full_product_names: Vec<Product<'a>>,
    #[serde(borrow)]
    relationships: Vec<Relationship<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Branch<'a> {
    #[serde(borrow)]
    category: Cow<'a, str>,
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    product: Option<Product<'a>>,
    #[serde(borrow)]
    branches: Vec<Branch<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Product<'a> {
    #[serde(borrow)]
    product_id: Cow<'a, str>,
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    product_identification_helper: Option<Helper<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Helper<'a> {
    #[serde(borrow)]
    purl: Option<Cow<'a, str>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Relationship<'a> {
    #[serde(borrow)]
    product_reference: Cow<'a, str>,
    #[serde(borrow)]
    full_product_name: Product<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Vulnerability<'a> {
    #[serde(borrow)]
    product_status: Status<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Status<'a> {
    #[serde(borrow)]
    known_affected: Vec<Cow<'a, str>>,
    #[serde(borrow)]
    first_affected: Vec<Cow<'a, str>>,
    #[serde(borrow)]
    last_affected: Vec<Cow<'a, str>>,
    #[serde(borrow)]
    under_investigation: Vec<Cow<'a, str>>,
}

/// A product of the tree: what it is called, and what its branch says of versions.
struct Leaf<'b> {
    product: &'b str,
    versions: &'b str,
    purl: Option<&'b str>,
}

impl Csaf<'_> {
    pub(super) fn id(&self) -> &str {
        &self.document.tracking.id
    }

    pub(super) fn claims(&self, take: &mut dyn FnMut(&Named, Claim<'_>)) {
        let leaves = self.product_tree.leaves();
        let parts: HashMap<&str, &str> =
            self.product_tree.relationships.iter().map(Relationship::part).collect();
        let mut said = HashSet::new();
        for status in self.vulnerabilities.iter().map(|vulnerability| &vulnerability.product_status) {
            let sure =
                status.known_affected.iter().chain(&status.first_affected).chain(&status.last_affected);
            let each =
                sure.map(|id| (id, true)).chain(status.under_investigation.iter().map(|id| (id, false)));
            for (id, is_sure) in each {
                // A product as a part of another one is what it is, and where it runs isn't compared.
                let part = parts.get(&**id).copied();
                let leaf = leaves.get(&**id).or_else(|| leaves.get(part?));
                match leaf {
                    Some(leaf) if said.len() < CLAIMS_MAX && said.insert((&**id, is_sure)) => {
                        leaf.claim(is_sure && part.is_none(), take);
                    }
                    Some(_) => {}
                    None => take(&Named::product(id), Claim::Untold),
                }
            }
        }
    }
}

impl Relationship<'_> {
    fn part(&self) -> (&str, &str) {
        (&self.full_product_name.product_id, &self.product_reference)
    }
}

impl Tree<'_> {
    fn leaves(&self) -> HashMap<&str, Leaf<'_>> {
        let mut leaves = HashMap::new();
        for product in &self.full_product_names {
            leaves.insert(&*product.product_id, product.leaf(&product.name, ""));
        }
        // The parser has bounded the depth.
        let mut branches: Vec<(&Branch<'_>, &str)> =
            self.branches.iter().map(|branch| (branch, "")).collect();
        while let Some((branch, product)) = branches.pop() {
            let is_name =
                branch.category == "product_name" && (product.is_empty() || branch.product.is_none());
            let product = if is_name { &*branch.name } else { product };
            if let Some(leaf) = &branch.product {
                leaves.insert(&*leaf.product_id, leaf.leaf(product, if is_name { "" } else { &branch.name }));
            }
            branches.extend(branch.branches.iter().map(|branch| (branch, product)));
        }
        leaves
    }
}

impl Product<'_> {
    fn leaf<'b>(&'b self, product: &'b str, versions: &'b str) -> Leaf<'b> {
        let purl = self.product_identification_helper.as_ref().and_then(|helper| helper.purl.as_deref());
        Leaf { product: if product.is_empty() { &self.name } else { product }, versions, purl }
    }
}

impl Leaf<'_> {
    fn claim(&self, is_sure: bool, take: &mut dyn FnMut(&Named, Claim<'_>)) {
        let purl = self.purl.and_then(|purl| Package::normalized(purl).ok());
        let named = purl.as_ref().map_or_else(|| Named::product(self.product), Named::of_purl);
        if !is_sure {
            return take(&named, Claim::Untold);
        }
        let vers = Vers::parse(self.versions).ok().filter(|vers| vers.scheme == named.scheme);
        let version = purl.as_ref().and_then(|purl| purl.version.as_deref());
        match (&vers, version) {
            (Some(vers), _) => take(&named, Claim::Spans(&spans_of(vers))),
            (None, Some(version)) => take(&named, Claim::Spans(&[Span::one(version)])),
            // Single words may be a version, a range in words, or the name of a release.
            (None, None) => take(&named, Claim::Untold),
        }
    }
}
