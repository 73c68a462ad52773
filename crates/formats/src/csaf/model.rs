//! CSAF 2.0 as this crate writes it: the members that a security advisory of one publisher needs, in the
//! alphabetic order that test 6.2.13 asks for.

use serde::Serialize;

#[derive(Serialize)]
pub(super) struct Csaf {
    pub(super) document: Document,
    pub(super) product_tree: ProductTree,
    pub(super) vulnerabilities: Vec<Vulnerability>,
}

/// Section 3.2.1.
#[derive(Serialize)]
pub(super) struct Document {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) acknowledgments: Vec<Acknowledgment>,
    pub(super) aggregate_severity: AggregateSeverity,
    pub(super) category: &'static str,
    pub(super) csaf_version: &'static str,
    pub(super) distribution: Distribution,
    pub(super) lang: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) notes: Vec<Note>,
    pub(super) publisher: Publisher,
    pub(super) references: Vec<Reference>,
    pub(super) title: String,
    pub(super) tracking: Tracking,
}

/// Section 3.1.1.
#[derive(Serialize)]
pub(super) struct Acknowledgment {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) names: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) organization: Option<String>,
}

#[derive(Serialize)]
pub(super) struct AggregateSeverity {
    pub(super) text: String,
}

#[derive(Serialize)]
pub(super) struct Distribution {
    pub(super) tlp: Tlp,
}

#[derive(Serialize)]
pub(super) struct Tlp {
    pub(super) label: &'static str,
    pub(super) url: &'static str,
}

/// Section 3.1.5.
#[derive(Serialize)]
pub(super) struct Note {
    pub(super) category: &'static str,
    pub(super) text: String,
    pub(super) title: String,
}

#[derive(Serialize)]
pub(super) struct Publisher {
    pub(super) category: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) contact_details: Option<String>,
    pub(super) name: String,
    pub(super) namespace: String,
}

/// Section 3.1.10.
#[derive(Serialize)]
pub(super) struct Reference {
    pub(super) category: &'static str,
    pub(super) summary: String,
    pub(super) url: String,
}

/// Section 3.2.1.12.
#[derive(Serialize)]
pub(super) struct Tracking {
    pub(super) current_release_date: String,
    pub(super) generator: Generator,
    pub(super) id: String,
    pub(super) initial_release_date: String,
    pub(super) revision_history: Vec<Revision>,
    pub(super) status: &'static str,
    pub(super) version: String,
}

#[derive(Serialize)]
pub(super) struct Generator {
    pub(super) engine: Engine,
}

#[derive(Serialize)]
pub(super) struct Engine {
    pub(super) name: &'static str,
    pub(super) version: String,
}

#[derive(Serialize)]
pub(super) struct Revision {
    pub(super) date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) legacy_version: Option<String>,
    pub(super) number: String,
    pub(super) summary: String,
}

/// Section 3.2.2.
#[derive(Serialize)]
pub(super) struct ProductTree {
    pub(super) branches: Vec<Branch>,
}

/// Section 3.1.2: either further branches or a product.
#[derive(Serialize)]
pub(super) struct Branch {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) branches: Vec<Branch>,
    pub(super) category: &'static str,
    pub(super) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) product: Option<Product>,
}

/// Section 3.1.3.
#[derive(Serialize)]
pub(super) struct Product {
    pub(super) name: String,
    pub(super) product_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) product_identification_helper: Option<Helper>,
}

#[derive(Serialize)]
pub(super) struct Helper {
    pub(super) purl: String,
}

/// Section 3.2.3.
#[derive(Serialize)]
pub(super) struct Vulnerability {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cve: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cwe: Option<Cwe>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) ids: Vec<Id>,
    pub(super) notes: Vec<Note>,
    pub(super) product_status: ProductStatus,
    pub(super) release_date: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) remediations: Vec<Remediation>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) scores: Vec<Score>,
    pub(super) title: String,
}

#[derive(Serialize)]
pub(super) struct Cwe {
    pub(super) id: String,
    pub(super) name: &'static str,
}

#[derive(Serialize)]
pub(super) struct Id {
    pub(super) system_name: String,
    pub(super) text: String,
}

/// Section 3.2.3.9.
#[derive(Clone, Default, Serialize)]
pub(super) struct ProductStatus {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) first_fixed: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) fixed: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) known_affected: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) known_not_affected: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) under_investigation: Vec<String>,
}

/// Section 3.2.3.12.
#[derive(Serialize)]
pub(super) struct Remediation {
    pub(super) category: &'static str,
    pub(super) details: String,
    pub(super) product_ids: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) url: Option<String>,
}

/// Section 3.2.3.13.
#[derive(Serialize)]
pub(super) struct Score {
    pub(super) cvss_v3: CvssV3,
    pub(super) products: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CvssV3 {
    pub(super) base_score: f64,
    pub(super) base_severity: String,
    pub(super) vector_string: String,
    pub(super) version: &'static str,
}
