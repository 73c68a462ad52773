//! CSAF 2.0: the products in the tree, and what the vulnerabilities say of them.

use super::spans::{self, Rest, Span};
use crate::ossa::{self, Edition, Ossa};
use crate::vers::Vers;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use tidegate_domain::fault::Fault;
use tidegate_domain::verdict::{Affected, RANGES_MAX, Statement};

/// Deepest nesting of branches.
const BRANCHES_DEEP_MAX: usize = 32;

pub(super) fn read(document: &Value) -> Result<Ossa, Fault> {
    let text = |pointer: &str| document.pointer(pointer).and_then(Value::as_str);
    let id = text("/document/tracking/id")
        .ok_or_else(|| Fault::nowhere("it has no /document/tracking/id", "CSAF 2.0 demands one"))?;
    let published = spans::published(text("/document/tracking/initial_release_date"), "the CSAF document");
    let tree = Tree::of(document.get("product_tree"));
    let vulnerabilities = document.get("vulnerabilities").and_then(Value::as_array);
    let mut affected: BTreeSet<&str> = BTreeSet::new();
    let mut cves = Vec::new();
    for vulnerability in vulnerabilities.into_iter().flatten() {
        cves.extend(vulnerability.get("cve").and_then(Value::as_str).map(str::to_owned));
        for status in ["known_affected", "first_affected", "last_affected", "under_investigation"] {
            let ids = vulnerability.pointer(&format!("/product_status/{status}")).and_then(Value::as_array);
            affected.extend(ids.into_iter().flatten().filter_map(Value::as_str));
        }
    }
    let mut of_products: BTreeMap<String, Vec<&Leaf>> = BTreeMap::new();
    for id in affected {
        let leaf = tree.leaves.get(id).ok_or_else(|| {
            let what = format!("the affected product `{}` is no leaf of the product tree", id.escape_debug());
            Fault::nowhere(what, "products by relationship aren't judged; use the project's own advisory")
        })?;
        of_products.entry(leaf.product.clone()).or_default().push(leaf);
    }
    let statement = |(product, leaves): (String, Vec<&Leaf>)| Statement {
        advisory: id.to_owned(),
        product,
        said: leaves.iter().map(|leaf| leaf.versions.as_str()).collect::<Vec<_>>().join(", "),
        affected: meaning(&leaves),
        published: published.clone(),
    };
    let statements: Vec<Statement> = of_products.into_iter().map(statement).collect();
    if statements.is_empty() {
        return Err(Fault::nowhere(format!("{id} names no affected product"), "nothing is judged by it"));
    }
    Ok(Ossa {
        id: id.to_owned(),
        edition: Edition::new(text("/document/tracking/version").unwrap_or_default()),
        title: text("/document/title").unwrap_or_default().to_owned(),
        published: published.clone(),
        statements,
        cves,
        bugs: Vec::new(),
        reviews: Vec::new(),
    })
}

/// A product with one version, or a range of them.
struct Leaf {
    /// Its name in lower case.
    product: String,
    /// What its branch says of versions.
    versions: String,
    is_range: bool,
}

#[derive(Default)]
struct Tree {
    leaves: BTreeMap<String, Leaf>,
}

impl Tree {
    fn of(tree: Option<&Value>) -> Tree {
        let mut found = Tree::default();
        if let Some(tree) = tree {
            found.walk(tree, "", 0);
        }
        found
    }

    fn walk(&mut self, node: &Value, product: &str, depth: usize) {
        if depth > BRANCHES_DEEP_MAX {
            return;
        }
        for branch in node.get("branches").and_then(Value::as_array).into_iter().flatten() {
            let text = |key: &str| branch.get(key).and_then(Value::as_str).unwrap_or_default();
            let (category, name) = (text("category"), text("name"));
            // A leaf below a product that calls itself one says its versions in words of its own.
            let is_name =
                category == "product_name" && (product.is_empty() || branch.get("product").is_none());
            let product = if is_name { name } else { product };
            if let Some(id) = branch.pointer("/product/product_id").and_then(Value::as_str) {
                let versions = if is_name { "" } else { name };
                let leaf = Leaf {
                    product: product.trim().to_lowercase(),
                    versions: versions.to_owned(),
                    is_range: category == "product_version_range",
                };
                self.leaves.insert(id.to_owned(), leaf);
            }
            self.walk(branch, product, depth + 1);
        }
    }
}

/// A range states its limits; single versions leave open what others are.
fn meaning(leaves: &[&Leaf]) -> Affected {
    let mut ranges = Vec::new();
    for leaf in leaves {
        let read = match Vers::parse(&leaf.versions) {
            Ok(vers) => spans::of_vers(&vers).map(|spans| spans::affected(&spans, Rest::Unaffected)),
            Err(_) if leaf.is_range => Some(ossa::affected(&leaf.versions)),
            Err(_) => Some(spans::affected(&[Span::one(&leaf.versions)], Rest::Unaffected)),
        };
        match read {
            Some(Affected::Ranges(more)) => ranges.extend(more),
            Some(Affected::AtLeast(_) | Affected::NotUnderstood) | None => return Affected::NotUnderstood,
        }
    }
    if ranges.is_empty() || ranges.len() > RANGES_MAX {
        Affected::NotUnderstood
    } else if leaves.iter().any(|leaf| leaf.is_range) {
        Affected::Ranges(ranges)
    } else {
        Affected::AtLeast(ranges)
    }
}
