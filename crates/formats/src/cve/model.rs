//! The CVE record format 5.1 as this crate writes it (CVEProject/cve-schema).

use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Record {
    pub(super) data_type: &'static str,
    pub(super) data_version: &'static str,
    pub(super) cve_metadata: Metadata,
    pub(super) containers: Containers,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Metadata {
    pub(super) cve_id: String,
    pub(super) assigner_org_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) assigner_short_name: Option<String>,
    pub(super) state: &'static str,
}

#[derive(Serialize)]
pub(super) struct Containers {
    pub(super) cna: Cna,
}

/// What `POST /cve/{id}/cna` of the CVE Services takes.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Submission {
    pub(super) cna_container: Cna,
}

/// `cnaPublishedContainer` in the schema.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Cna {
    pub(super) provider_metadata: ProviderMetadata,
    pub(super) title: String,
    pub(super) date_public: String,
    pub(super) affected: Vec<Product>,
    pub(super) descriptions: Vec<Text>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) problem_types: Vec<ProblemType>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) metrics: Vec<Metric>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) solutions: Vec<Text>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) workarounds: Vec<Text>,
    pub(super) references: Vec<Reference>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) credits: Vec<Text>,
    pub(super) source: Source,
    #[serde(rename = "x_generator")]
    pub(super) generator: Generator,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProviderMetadata {
    pub(super) org_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) short_name: Option<String>,
    pub(super) date_updated: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Product {
    pub(super) vendor: String,
    pub(super) product: String,
    #[serde(rename = "collectionURL", skip_serializing_if = "Option::is_none")]
    pub(super) collection_url: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) package_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) repo: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) versions: Vec<Version>,
    pub(super) default_status: &'static str,
}

/// A range, or with neither end a single version.
#[derive(PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Version {
    pub(super) version: String,
    pub(super) status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) less_than: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) less_than_or_equal: Option<String>,
    pub(super) version_type: &'static str,
}

#[derive(PartialEq, Serialize)]
pub(super) struct Text {
    pub(super) lang: &'static str,
    pub(super) value: String,
}

#[derive(Serialize)]
pub(super) struct ProblemType {
    pub(super) descriptions: Vec<Weakness>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Weakness {
    pub(super) lang: &'static str,
    pub(super) description: String,
    pub(super) cwe_id: String,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
}

#[derive(Serialize)]
pub(super) struct Metric {
    pub(super) format: &'static str,
    pub(super) scenarios: Vec<Text>,
    #[serde(flatten)]
    pub(super) score: Score,
}

#[derive(Serialize)]
pub(super) enum Score {
    #[serde(rename = "cvssV3_0")]
    V3_0(Cvss),
    #[serde(rename = "cvssV3_1")]
    V3_1(Cvss),
    #[serde(rename = "cvssV4_0")]
    V4_0(Cvss),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Cvss {
    pub(super) version: &'static str,
    pub(super) vector_string: String,
    pub(super) base_score: f64,
    pub(super) base_severity: String,
}

#[derive(PartialEq, Serialize)]
pub(super) struct Reference {
    pub(super) url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tags: Vec<&'static str>,
}

#[derive(Serialize)]
pub(super) struct Source {
    pub(super) advisory: String,
}

#[derive(Serialize)]
pub(super) struct Generator {
    pub(super) engine: String,
}
