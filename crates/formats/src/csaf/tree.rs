//! The product tree (section 3.2.2) and what it says about each product (section 3.2.3.9).

use super::model::{Branch, Helper, Product, ProductStatus, ProductTree};
use crate::purl::Purl;
use crate::{link, plain, sections};
use tidegate_domain::advisory::{AffectedProduct, AffectedRange, Fix, Publication};
use tidegate_domain::case::Reason;

/// The tree and the product ids by status; every vulnerability of a publication shares both.
pub(super) struct Built<'p> {
    pub(super) product_tree: ProductTree,
    pub(super) status: ProductStatus,
    /// The releases that are products of their own, since it is known how each is resolved.
    pub(super) releases: Vec<(String, &'p Fix)>,
}

pub(super) fn build(publication: &Publication) -> Built<'_> {
    let mut ids = Ids::default();
    let mut products: Vec<Branch> = Vec::new();
    for affected in &publication.draft.affected {
        products.push(product_branch(publication, affected, &mut ids));
    }
    if products.is_empty() {
        products.push(unstated_branch(publication, &mut ids));
    }
    let vendor = Branch {
        branches: products,
        category: "vendor",
        name: sections::publisher(publication),
        product: None,
    };
    Built { product_tree: ProductTree { branches: vec![vendor] }, status: ids.status, releases: ids.releases }
}

/// Product ids in the order in which they are given out (test 6.1.2: each only once).
#[derive(Default)]
struct Ids<'p> {
    given: usize,
    status: ProductStatus,
    releases: Vec<(String, &'p Fix)>,
}

impl Ids<'_> {
    fn next(&mut self) -> String {
        self.given += 1;
        format!("CSAFPID-{:04}", self.given)
    }
}

fn product_branch<'p>(publication: &'p Publication, affected: &AffectedProduct, ids: &mut Ids<'p>) -> Branch {
    let product = plain::line_or(&affected.product, "unnamed product");
    let purl = affected.purl.as_deref().and_then(|text| Purl::parse(text).ok());
    let everything = [AffectedRange { introduced: None, fixed: None, last_affected: None }];
    let ranges = if affected.ranges.is_empty() { everything.as_slice() } else { affected.ranges.as_slice() };
    let mut branches: Vec<Branch> = Vec::new();
    for range in ranges {
        let vers = vers(range, purl.as_ref());
        if branches.iter().any(|branch| branch.name == vers) {
            continue;
        }
        let id = ids.next();
        ids.status.known_affected.push(id.clone());
        let name = format!("{product} {}", sections::range_in_words(range));
        let helper = purl.as_ref().map(|purl| Helper { purl: purl.as_str().to_owned() });
        branches.push(leaf(
            "product_version_range",
            vers,
            Product { name, product_id: id, product_identification_helper: helper },
        ));
    }
    for version in fixed_versions(publication, affected) {
        let id = ids.next();
        ids.status.first_fixed.push(id.clone());
        ids.status.fixed.push(id.clone());
        let name = format!("{product} {version}");
        let helper = purl.as_ref().map(|purl| Helper { purl: purl.at_version(&version) });
        let category = if is_range_like(&version) { "product_name" } else { "product_version" };
        branches.push(leaf(
            category,
            version,
            Product { name, product_id: id, product_identification_helper: helper },
        ));
    }
    branches.extend(release_branches(publication, &product, ids));
    Branch { branches, category: "product_name", name: product, product: None }
}

/// Where one product is affected: its releases, as far as it is known how each is resolved.
fn release_branches<'p>(publication: &'p Publication, product: &str, ids: &mut Ids<'p>) -> Vec<Branch> {
    let only_product = publication.draft.affected.len() == 1;
    let known = |fix: &&Fix| only_product && (fix.reason.is_some() || !fix.applies.is_empty());
    let mut branches = Vec::new();
    for fix in publication.fixes.iter().filter(known) {
        let id = ids.next();
        let not_affected = fix.reason == Some(Reason::NotAffected);
        let status = &mut ids.status;
        let list = if not_affected { &mut status.known_not_affected } else { &mut status.known_affected };
        list.push(id.clone());
        ids.releases.push((id.clone(), fix));
        let release = plain::line_or(&fix.release, "unnamed release");
        let name = format!("{product} {release}, the release without the fix");
        let product = Product { name, product_id: id, product_identification_helper: None };
        branches.push(leaf("product_name", format!("release {release}"), product));
    }
    branches
}

/// An advisory that names no product: the profile demands one (test 6.1.27.4), and nothing is claimed of it.
fn unstated_branch(publication: &Publication, ids: &mut Ids<'_>) -> Branch {
    let id = ids.next();
    ids.status.under_investigation.push(id.clone());
    let name = sections::publisher(publication);
    let product = Product {
        name: format!("{name}, products and versions as the notes say"),
        product_id: id,
        product_identification_helper: None,
    };
    leaf("product_name", name, product)
}

fn leaf(category: &'static str, name: String, product: Product) -> Branch {
    Branch { branches: Vec::new(), category, name, product: Some(product) }
}

/// Where each range ends, and, where one product is affected, the releases with its fix.
fn fixed_versions(publication: &Publication, affected: &AffectedProduct) -> Vec<String> {
    let of_ranges = affected.ranges.iter().filter_map(|range| range.fixed.as_deref());
    let only_product = publication.draft.affected.len() == 1;
    let of_fixes = publication.fixes.iter().filter(|_| only_product).filter_map(|fix| fix.version.as_deref());
    let mut versions: Vec<String> = Vec::new();
    for version in of_ranges.chain(of_fixes).map(plain::line) {
        if !version.is_empty() && !versions.contains(&version) {
            versions.push(version);
        }
    }
    versions
}

/// Test 6.1.31 forbids these in the name of a `product_version`.
fn is_range_like(version: &str) -> bool {
    const WORDS: [&str; 8] = ["after", "all", "before", "earlier", "later", "prior", "versions", "version"];
    let lower = version.to_lowercase();
    lower.contains(['<', '>']) || WORDS.iter().any(|word| lower.contains(word))
}

/// The range as a version range specifier (section 3.1.2.3.2), versions percent-encoded.
fn vers(range: &AffectedRange, purl: Option<&Purl>) -> String {
    let scheme = purl.map_or("generic", Purl::vers_scheme);
    let encoded = |version: &Option<String>| {
        version.as_deref().map(plain::line).map(|version| link::encode_segment(&version))
    };
    let start = encoded(&range.introduced).map(|version| format!(">={version}"));
    let end = match (encoded(&range.fixed), encoded(&range.last_affected)) {
        (Some(fixed), _) => Some(format!("<{fixed}")),
        (None, Some(last)) => Some(format!("<={last}")),
        (None, None) => None,
    };
    let bounds: Vec<String> = start.into_iter().chain(end).collect();
    if bounds.is_empty() { format!("vers:{scheme}/*") } else { format!("vers:{scheme}/{}", bounds.join("|")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(introduced: Option<&str>, fixed: Option<&str>, last: Option<&str>) -> AffectedRange {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        AffectedRange { introduced: owned(introduced), fixed: owned(fixed), last_affected: owned(last) }
    }

    #[test]
    fn ranges_become_specifiers() {
        let pypi = Purl::parse("pkg:pypi/keystone").expect("a purl");
        assert_eq!(vers(&range(None, Some("24.0.2"), None), Some(&pypi)), "vers:pypi/<24.0.2");
        assert_eq!(vers(&range(Some("4.1"), None, Some("4.4|x")), None), "vers:generic/>=4.1|<=4.4%7Cx");
        assert_eq!(vers(&range(None, None, None), None), "vers:generic/*");
    }
}
