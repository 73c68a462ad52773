//! Package URLs: without a version, as drafts name packages, with what other formats call the package; and
//! whole, as SBOMs carry them.

mod package;

pub use package::{PACKAGE_URL_BYTES_MAX, Package};

use crate::link::encode_segment;
use tidegate_domain::fault::Fault;

/// Longest package URL, in bytes.
pub(crate) const PURL_BYTES_MAX: usize = 512;

/// A package URL without version, qualifiers or subpath: `pkg:pypi/keystone`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Purl {
    text: String,
    kind: String,
    namespace: Option<String>,
    name: String,
}

impl Purl {
    /// Reads the part of the purl specification that names a package, strictly: what passes here passes
    /// every validator.
    pub(crate) fn parse(text: &str) -> Result<Purl, Fault> {
        let fault = |what: &str, advice: &str| {
            let shown: String = text.chars().take(80).collect();
            Fault::nowhere(format!("the package URL `{}` {what}", shown.escape_debug()), advice)
        };
        if text.len() > PURL_BYTES_MAX {
            return Err(fault("is too long", &format!("keep it under {PURL_BYTES_MAX} bytes")));
        }
        let rest = text.strip_prefix("pkg:").ok_or_else(|| fault("does not begin with pkg:", EXAMPLE))?;
        if rest.contains(['?', '#']) {
            return Err(fault("has qualifiers or a subpath", "name the package alone, without ? and #"));
        }
        if rest.contains('@') {
            let advice =
                "leave the version out: versions go into [[affected.ranges]]; a scope's @ is written %40";
            return Err(fault("has a version", advice));
        }
        let (kind, path) = rest.split_once('/').ok_or_else(|| fault("has no package name", EXAMPLE))?;
        let is_kind = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-');
        if !kind.starts_with(|c: char| c.is_ascii_lowercase()) || !kind.bytes().all(is_kind) {
            return Err(fault(
                "has no usable type",
                "write the type in lower-case letters, such as pypi or maven",
            ));
        }
        let segments: Option<Vec<String>> = path.split('/').map(decode_segment).collect();
        let mut segments =
            segments.ok_or_else(|| fault("has a part that is empty or badly encoded", EXAMPLE))?;
        let name = segments.pop().ok_or_else(|| fault("has no package name", EXAMPLE))?;
        let namespace = if segments.is_empty() { None } else { Some(segments.join("/")) };
        if namespace.is_none() && matches!(kind, "maven" | "swift" | "composer" | "github" | "bitbucket") {
            return Err(fault("has no namespace", "write pkg:type/namespace/name"));
        }
        Ok(Purl { text: text.to_owned(), kind: kind.to_owned(), namespace, name })
    }

    /// The package URL as it was written.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// The package URL of one version.
    pub(crate) fn at_version(&self, version: &str) -> String {
        format!("{}@{}", self.text, encode_segment(version))
    }

    /// The versioning scheme of version range specifiers (`vers:`): the purl type, or `generic`.
    pub(crate) fn vers_scheme(&self) -> &str {
        match self.kind.as_str() {
            known @ ("cargo" | "composer" | "conan" | "deb" | "gem" | "golang" | "maven" | "npm"
            | "nuget" | "pypi" | "rpm") => known,
            _ => "generic",
        }
    }

    /// Ecosystem and package name as the OSV schema (`affected[].package`) writes them, where it knows
    /// the ecosystem without a distribution's release.
    pub(crate) fn osv_package(&self) -> Option<(&'static str, String)> {
        let joined = |separator: &str| match &self.namespace {
            Some(namespace) => format!("{namespace}{separator}{}", self.name),
            None => self.name.clone(),
        };
        match self.kind.as_str() {
            "cargo" => Some(("crates.io", self.name.clone())),
            "composer" => Some(("Packagist", joined("/"))),
            "conan" => Some(("ConanCenter", self.name.clone())),
            "cran" => Some(("CRAN", self.name.clone())),
            "gem" => Some(("RubyGems", self.name.clone())),
            "golang" => Some(("Go", joined("/"))),
            "hackage" => Some(("Hackage", self.name.clone())),
            "hex" => Some(("Hex", joined("/"))),
            "maven" => Some(("Maven", joined(":"))),
            "npm" => Some(("npm", joined("/"))),
            "nuget" => Some(("NuGet", self.name.clone())),
            "pub" => Some(("Pub", self.name.clone())),
            "pypi" => Some(("PyPI", pep503(&self.name))),
            "swift" => Some(("SwiftURL", joined("/"))),
            _ => None,
        }
    }

    /// Registry and package name as the CVE record's `collectionURL` and `packageName` want them.
    pub(crate) fn cve_collection(&self) -> Option<(&'static str, String)> {
        let (ecosystem, name) = self.osv_package()?;
        let registry = match ecosystem {
            "crates.io" => "https://crates.io",
            "Packagist" => "https://packagist.org",
            "RubyGems" => "https://rubygems.org",
            "Go" => "https://pkg.go.dev",
            "Maven" => "https://repo.maven.apache.org/maven2",
            "npm" => "https://registry.npmjs.org",
            "NuGet" => "https://www.nuget.org/packages",
            "PyPI" => "https://pypi.org",
            _ => return None,
        };
        Some((registry, name))
    }
}

const EXAMPLE: &str = "write it as pkg:pypi/keystone";

/// Undoes percent-encoding.
pub(crate) fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let high = char::from(rest.next()?).to_digit(16)?;
            let low = char::from(rest.next()?).to_digit(16)?;
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

fn decode_segment(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let high = char::from(rest.next()?).to_digit(16)?;
                let low = char::from(rest.next()?).to_digit(16)?;
                bytes.push(u8::try_from(high * 16 + low).ok()?);
            }
            b if b.is_ascii_alphanumeric() || b"-._~+:".contains(&b) => bytes.push(b),
            _ => return None,
        }
    }
    let decoded = String::from_utf8(bytes).ok()?;
    let is_usable = !decoded.is_empty() && decoded != "." && decoded != ".." && !decoded.contains('/');
    if is_usable && !decoded.chars().any(char::is_control) { Some(decoded) } else { None }
}

/// PEP 503: lower case, runs of `-`, `_` and `.` become one `-`.
fn pep503(name: &str) -> String {
    let lower = name.to_lowercase();
    lower.split(['-', '_', '.']).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_named_in_every_format() {
        let maven = Purl::parse("pkg:maven/org.apache.cloudstack/cloudstack").expect("a purl");
        assert_eq!(maven.osv_package(), Some(("Maven", "org.apache.cloudstack:cloudstack".to_owned())));
        let scoped = Purl::parse("pkg:npm/%40angular/core").expect("a purl");
        assert_eq!(scoped.osv_package(), Some(("npm", "@angular/core".to_owned())));
        let python = Purl::parse("pkg:pypi/oslo.config").expect("a purl");
        assert_eq!(python.osv_package(), Some(("PyPI", "oslo-config".to_owned())));
        assert_eq!(python.at_version("1+a b"), "pkg:pypi/oslo.config@1%2Ba%20b");
        assert_eq!(Purl::parse("pkg:generic/xen").expect("a purl").osv_package(), None);
    }

    #[test]
    fn what_names_no_package_is_refused() {
        for bad in [
            "keystone",
            "pkg:pypi",
            "pkg:pypi/",
            "pkg:pypi/a@1",
            "pkg:PyPI/a",
            "pkg:pypi//a",
            "pkg:npm/%zz/a",
            "pkg:maven/a",
            "pkg:pypi/a?b=c",
            "pkg:pypi/a#b",
            "pkg:pypi/<a>",
            "pkg:pypi/..",
            "pkg:pypi/%00",
        ] {
            assert!(Purl::parse(bad).is_err(), "{bad}");
        }
    }
}
