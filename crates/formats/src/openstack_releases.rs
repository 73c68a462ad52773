//! OpenStack's release data: lines with their status, deliverables with their versions, and the instants at
//! which each version was first seen.

use crate::yaml::{self, Node};
use std::collections::BTreeMap;
use tidegate_domain::fault::Fault;
use tidegate_domain::release::{Line, Release, Releases, Support};
use tidegate_domain::time::Instant;
use tidegate_domain::version::ReleaseVersion;

/// Line, product and version to the instant at which the release data first had it.
pub type FirstSeen = BTreeMap<String, BTreeMap<String, BTreeMap<String, String>>>;

/// Gathers release data, file by file.
#[derive(Clone, Debug, Default)]
pub struct Gathered {
    lines: Vec<Line>,
    products: BTreeMap<String, Vec<Release>>,
    first_seen: FirstSeen,
}

impl Gathered {
    /// Reads `series_status.yaml`.
    ///
    /// # Errors
    /// It is no YAML within the limits, or a line has no name or a status that isn't known.
    pub fn series_status(&mut self, text: &str) -> Result<(), Fault> {
        for entry in yaml::document(text)?.list() {
            self.lines.push(line(entry)?);
        }
        Ok(())
    }

    /// Reads the file of the deliverable `product` on the line `line`: `deliverables/caracal/nova.yaml`.
    ///
    /// # Errors
    /// It is no YAML within the limits.
    pub fn deliverable(&mut self, line: &str, product: &str, text: &str) -> Result<(), Fault> {
        let document = yaml::document(text)?;
        let releases = self.products.entry(product.to_owned()).or_default();
        for entry in document.get("releases").map(Node::list).unwrap_or_default() {
            // Ends of branches are tagged too (`2024.1-eom`), and are no versions.
            let Some(version) = entry.text_at("version").and_then(|version| version.parse().ok()) else {
                continue;
            };
            let commit = commit_of(entry, product);
            releases.push(Release { version, line: line.to_owned(), seen: None, commit });
        }
        Ok(())
    }

    /// Reads `version_first_seen.json`.
    ///
    /// # Errors
    /// It is not JSON of lines, products, versions and instants.
    pub fn first_seen(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let read: FirstSeen = serde_json::from_slice(bytes).map_err(|error| Fault {
            line: error.line(),
            column: error.column(),
            what: format!("not a table of first sights: {error}"),
            advice: "it holds line, product, version and instant".to_owned(),
        })?;
        self.first_seen = read;
        Ok(())
    }

    /// Everything that was gathered. Versions that only the table of first sights has count as released.
    #[must_use]
    pub fn finish(mut self) -> Releases {
        for (line, products) in &self.first_seen {
            for (product, versions) in products {
                let releases = self.products.entry(product.clone()).or_default();
                for (version, instant) in versions {
                    if let Ok(version) = version.parse() {
                        see(releases, line, version, instant.parse().ok());
                    }
                }
            }
        }
        Releases::new(self.lines, self.products)
    }
}

fn see(releases: &mut Vec<Release>, line: &str, version: ReleaseVersion, seen: Option<Instant>) {
    match releases.iter_mut().find(|release| release.version == version && release.line == line) {
        Some(release) => release.seen = seen,
        None => releases.push(Release { version, line: line.to_owned(), seen, commit: None }),
    }
}

fn commit_of(entry: &Node, product: &str) -> Option<String> {
    let projects = entry.get("projects").map(Node::list).unwrap_or_default();
    let own = projects.iter().find(|project| {
        project.text_at("repo").and_then(|repo| repo.rsplit('/').next()).is_some_and(|name| name == product)
    });
    own.or_else(|| projects.first()).and_then(|project| project.text_at("hash")).map(str::to_owned)
}

fn line(entry: &Node) -> Result<Line, Fault> {
    let name =
        entry.text_at("name").ok_or_else(|| entry.fault("a line has no name", "write name: caracal"))?;
    let status = entry.text_at("status").unwrap_or_default();
    let day = |key: &str| entry.text_at(key).and_then(|text| text.parse().ok());
    let next = entry
        .get("next-phase")
        .and_then(|phase| Some((support(phase.text_at("status")?)?, phase.text_at("date")?.parse().ok()?)));
    Ok(Line {
        name: name.to_lowercase(),
        number: entry.text_at("release-id").map(str::to_owned),
        status: support(status).ok_or_else(|| {
            let advice = "known are future, development, maintained, extended maintenance, unmaintained and end of life";
            entry.fault(format!("`{}` is no status of a line", status.escape_debug()), advice)
        })?,
        released: day("initial-release"),
        ended: day("eol-date"),
        next,
        slurp: entry.text_at("slurp").is_some_and(|slurp| matches!(slurp, "yes" | "true")),
    })
}

fn support(text: &str) -> Option<Support> {
    match text {
        "future" | "development" => Some(Support::Development),
        "maintained" => Some(Support::Maintained),
        "unmaintained" | "extended maintenance" => Some(Support::Unmaintained),
        "end of life" => Some(Support::EndOfLife),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn release_data_is_gathered() {
        let mut gathered = Gathered::default();
        gathered
            .series_status(
                "- name: caracal\n  release-id: 2024.1\n  status: unmaintained\n  slurp: yes\n  initial-release: 2024-04-03\n",
            )
            .expect("lines");
        gathered
            .deliverable(
                "caracal",
                "nova",
                "releases:\n- version: 29.0.10\n  projects:\n  - repo: openstack/nova\n    hash: abc\n- version: 29.0.2\n- version: 2024.1-eom\n",
            )
            .expect("a deliverable");
        gathered
            .first_seen(br#"{"caracal":{"nova":{"29.0.2":"2024-06-04T15:43:00+02:00","29.1.0":"2024-07-08T16:48:59+02:00"}}}"#)
            .expect("first sights");
        let releases = gathered.finish();
        let nova: Vec<(String, bool)> =
            releases.of("nova").iter().map(|r| (r.version.to_string(), r.seen.is_some())).collect();
        assert_eq!(
            nova,
            [("29.0.2".to_owned(), true), ("29.0.10".to_owned(), false), ("29.1.0".to_owned(), true)]
        );
        assert_eq!(releases.line("2024.1").map(|line| line.name.as_str()), Some("caracal"));
        assert_eq!(releases.of("nova").get(1).and_then(|r| r.commit.as_deref()), Some("abc"));
    }

    #[test]
    fn faults_are_named() {
        let mut gathered = Gathered::default();
        let fault = gathered.series_status("- name: x\n  status: asleep\n").expect_err("no such status");
        assert!(fault.what.contains("asleep") && fault.line == 1, "{fault}");
        assert!(gathered.first_seen(b"[1]").is_err());
    }
}
