//! References to container images.

use tidegate_domain::inventory::{Component, Kind};

/// The image that `reference` names: `registry.example.org:5000/kolla/nova-api:29.0.1@sha256:...`.
pub(super) fn component(reference: &str) -> Option<Component> {
    let reference = reference.trim().trim_start_matches("docker://").trim_start_matches("oci://");
    if reference.is_empty() || reference.contains(char::is_whitespace) {
        return None;
    }
    let (tagged, digest) = match reference.split_once('@') {
        Some((tagged, digest)) => (tagged, Some(digest.to_owned())),
        None => (reference, None),
    };
    let last = tagged.rsplit('/').next()?;
    let (name, version) = last.split_once(':').unwrap_or((last, ""));
    let is_name = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if name.is_empty() || !name.chars().all(is_name) {
        return None;
    }
    Some(Component {
        kind: Kind::Image,
        name: name.to_owned(),
        version: version.to_owned(),
        digest,
        commit: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_taken_apart() {
        let read = |text: &str| component(text).map(|c| (c.name, c.version, c.digest));
        let own = |name: &str, version: &str, digest: Option<&str>| {
            Some((name.to_owned(), version.to_owned(), digest.map(str::to_owned)))
        };
        assert_eq!(read("nova-api"), own("nova-api", "", None));
        assert_eq!(
            read("registry.example.org:5000/kolla/nova-api:29.0.1.20240909"),
            own("nova-api", "29.0.1.20240909", None)
        );
        assert_eq!(read("a/b:1@sha256:00"), own("b", "1", Some("sha256:00")));
        assert_eq!(read("two words"), None);
        assert_eq!(read("https://example.org/?q=1"), None);
    }
}
