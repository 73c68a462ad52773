//! Whole package URLs, as SBOMs carry them.

use super::decode;

/// Longest package URL in an inventory, in bytes.
pub const PACKAGE_URL_BYTES_MAX: usize = 4096;

/// A package URL, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Package {
    /// The type, in lower case: `pypi`.
    pub kind: String,
    /// What is before the name, its parts decoded and joined by `/`.
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
    /// The version.
    pub version: Option<String>,
    /// Qualifiers, by key.
    pub qualifiers: Vec<(String, String)>,
    /// The path inside the package.
    pub subpath: Option<String>,
}

impl Package {
    /// The value of a qualifier.
    #[must_use]
    pub fn qualifier(&self, key: &str) -> Option<&str> {
        self.qualifiers.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }
}

/// Takes a package URL apart; nothing where it is none.
#[must_use]
pub fn package(text: &str) -> Option<Package> {
    if text.len() > PACKAGE_URL_BYTES_MAX {
        return None;
    }
    let rest = text.trim().strip_prefix("pkg:")?.trim_start_matches('/');
    let (rest, subpath) = match rest.split_once('#') {
        Some((rest, subpath)) => (rest, Some(decode(subpath.trim_matches('/'))?)),
        None => (rest, None),
    };
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (kind, path) = rest.split_once('/')?;
    let path = path.trim_matches('/');
    // An `@` before the last slash belongs to a namespace that was not encoded.
    let slash = path.rfind('/').map_or(0, |at| at + 1);
    let (path, version) = match path.rfind('@').filter(|at| *at > slash) {
        Some(at) => (path.get(..at)?, Some(decode(path.get(at + 1..)?)?)),
        None => (path, None),
    };
    let (namespace, name) = match path.rsplit_once('/') {
        Some((namespace, name)) => (Some(decode(namespace)?), name),
        None => (None, path),
    };
    let mut qualifiers = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=')?;
        if !value.is_empty() {
            qualifiers.push((key.to_ascii_lowercase(), decode(value)?));
        }
    }
    qualifiers.sort();
    let name = decode(name)?;
    let is_kind = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
    if name.is_empty() || !kind.starts_with(|c: char| c.is_ascii_alphabetic()) || !kind.chars().all(is_kind) {
        return None;
    }
    Some(Package { kind: kind.to_ascii_lowercase(), namespace, name, version, qualifiers, subpath })
}
