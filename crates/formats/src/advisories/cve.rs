//! CVE records, version 5 (CVEProject/cve-schema).

use super::spans::{self, End, Rest, Span};
use crate::ossa::{Edition, Ossa};
use serde::Deserialize;
use serde_json::Value;
use tidegate_domain::fault::Fault;
use tidegate_domain::verdict::Statement;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    cve_metadata: Metadata,
    containers: Containers,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    cve_id: String,
    state: Option<String>,
    date_published: Option<String>,
    date_updated: Option<String>,
}

#[derive(Deserialize)]
struct Containers {
    cna: Cna,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cna {
    #[serde(default)]
    title: String,
    date_public: Option<String>,
    provider_metadata: Option<Provider>,
    #[serde(default)]
    affected: Vec<Product>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Provider {
    date_updated: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Product {
    product: Option<String>,
    package_name: Option<String>,
    default_status: Option<String>,
    #[serde(default)]
    versions: Vec<Version>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    version: String,
    status: String,
    less_than: Option<String>,
    less_than_or_equal: Option<String>,
    version_type: Option<String>,
    #[serde(default)]
    changes: Vec<Change>,
}

#[derive(Deserialize)]
struct Change {
    at: String,
    status: String,
}

pub(super) fn read(document: Value) -> Result<Ossa, Fault> {
    let record: Record = serde_json::from_value(document).map_err(|error| {
        Fault::nowhere(format!("not a CVE record of version 5: {error}"), "see CVEProject/cve-schema")
    })?;
    let (head, cna) = (record.cve_metadata, record.containers.cna);
    if head.state.as_deref().is_some_and(|state| state != "PUBLISHED") {
        return Err(Fault::nowhere(
            format!("{} is not published, or was rejected", head.cve_id),
            "nothing is judged by it",
        ));
    }
    let published = cna.date_public.as_deref().or(head.date_published.as_deref());
    let published = spans::published(published, "the CVE record");
    let mut statements = Vec::new();
    for product in &cna.affected {
        let Some(name) = product.name() else { continue };
        let (spans, rest) = product.spans();
        statements.push(Statement {
            advisory: head.cve_id.clone(),
            product: name,
            said: spans::in_words(&spans),
            affected: spans::affected(&spans, rest),
            published: published.clone(),
        });
    }
    if statements.is_empty() {
        return Err(Fault::nowhere(format!("{} names no product", head.cve_id), "look into its references"));
    }
    let updated = cna.provider_metadata.and_then(|provider| provider.date_updated);
    Ok(Ossa {
        edition: Edition::new(&head.date_updated.or(updated).unwrap_or_default()),
        cves: vec![head.cve_id.clone()],
        id: head.cve_id,
        title: cna.title,
        published,
        statements,
        bugs: Vec::new(),
        reviews: Vec::new(),
    })
}

impl Product {
    fn name(&self) -> Option<String> {
        let name = self.product.as_deref().or(self.package_name.as_deref())?.trim().to_lowercase();
        let bare = name.rsplit('/').next().unwrap_or(&name);
        let bare = bare.strip_prefix("openstack ").unwrap_or(bare);
        (!matches!(bare, "" | "n/a" | "a")).then(|| bare.to_owned())
    }

    /// What is affected, and whether versions that aren't listed are told about. Without a default status
    /// they are not.
    fn spans(&self) -> (Vec<Span>, Rest) {
        let is_affected_by_default = self.default_status.as_deref() == Some("affected");
        let are_all_affected = is_affected_by_default && self.versions.is_empty();
        if are_all_affected {
            return (vec![Span { from: None, to: End::Never }], Rest::Unaffected);
        }
        let listed = self.versions.iter().filter(|version| version.status == "affected");
        let spans = listed.flat_map(Version::spans).collect();
        let rest = match self.default_status.as_deref() {
            Some("unaffected") if self.versions.iter().all(|version| version.status != "unknown") => {
                Rest::Unaffected
            }
            _ => Rest::Untold,
        };
        (spans, rest)
    }
}

impl Version {
    /// The span, ended by the first change that says unaffected, and begun again by one that says affected.
    fn spans(&self) -> Vec<Span> {
        if self.version_type.as_deref() == Some("git") {
            // A commit is no version: kept as it is, it can't be understood, and says so.
            return vec![Span::one(&self.version)];
        }
        let end = match (self.less_than.as_deref(), self.less_than_or_equal.as_deref()) {
            (Some("*"), _) | (None, Some("*")) => End::Never,
            (Some(end), _) => End::Below(end.to_owned()),
            (None, Some(end)) => End::Through(end.to_owned()),
            (None, None) => return vec![Span::one(&self.version)],
        };
        let mut spans = Vec::new();
        let mut open = Some(Span::from(&self.version));
        for change in &self.changes {
            match (change.status.as_str(), open.take()) {
                ("unaffected", Some(from)) => spans.push(Span { from, to: End::Below(change.at.clone()) }),
                ("unaffected", None) => {}
                (_, Some(from)) => open = Some(from),
                (_, None) => open = Some(Span::from(&change.at)),
            }
        }
        if let Some(from) = open {
            spans.push(Span { from, to: end });
        }
        spans
    }
}
