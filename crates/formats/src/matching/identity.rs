//! One name for what advisories, package URLs and ecosystems call in different ways.

use crate::purl::Package;
use crate::vers::Scheme;
use tidegate_domain::matching::Identity;
use tidegate_domain::verdict::product_key;

/// The name of a package in its ecosystem, normalised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// How its versions compare.
    pub scheme: Scheme,
    /// `pypi/keystone`, `deb/debian/curl`, `maven/org.example/thing`, `product/neutron`.
    pub name: String,
    /// The release of the distribution: `12`, `22.04`.
    pub suite: Option<String>,
}

/// Ecosystems of OSV, with the type and namespace that package URLs have for them. A colon separates group
/// and artifact in Maven.
const ECOSYSTEMS: [(&str, &str, &str); 33] = [
    ("PyPI", "pypi", ""),
    ("npm", "npm", ""),
    ("Go", "golang", ""),
    ("crates.io", "cargo", ""),
    ("RubyGems", "gem", ""),
    ("NuGet", "nuget", ""),
    ("Packagist", "composer", ""),
    ("Maven", "maven", ""),
    ("Hex", "hex", ""),
    ("Pub", "pub", ""),
    ("CRAN", "cran", ""),
    ("Hackage", "hackage", ""),
    ("SwiftURL", "swift", ""),
    ("ConanCenter", "conan", ""),
    ("GitHub Actions", "github", ""),
    ("Bitnami", "bitnami", ""),
    ("Debian", "deb", "debian"),
    ("Ubuntu", "deb", "ubuntu"),
    ("Echo", "deb", "echo"),
    ("Alpine", "apk", "alpine"),
    ("Wolfi", "apk", "wolfi"),
    ("Chainguard", "apk", "chainguard"),
    ("MinimOS", "apk", "minimos"),
    ("Rocky Linux", "rpm", "rocky"),
    ("AlmaLinux", "rpm", "almalinux"),
    ("Red Hat", "rpm", "redhat"),
    ("SUSE", "rpm", "suse"),
    ("openSUSE", "rpm", "opensuse"),
    ("Mageia", "rpm", "mageia"),
    ("Photon OS", "rpm", "photon"),
    ("openEuler", "rpm", "openeuler"),
    ("Azure Linux", "rpm", "azurelinux"),
    ("Fedora", "rpm", "fedora"),
];

impl Named {
    /// The package that a package URL names, whatever its version.
    #[must_use]
    pub fn of_purl(package: &Package) -> Named {
        let suite = package.qualifier("distro").and_then(suite).filter(|_| is_distribution(&package.kind));
        let namespace = match (package.kind.as_str(), package.namespace.as_deref()) {
            ("rpm", Some("rocky-linux")) => Some("rocky"),
            ("rpm", Some("rhel")) => Some("redhat"),
            // In images the namespace is a place to get it from, not a part of what it is.
            ("oci" | "docker", _) => None,
            (_, namespace) => namespace,
        };
        named(&package.kind, namespace, &package.name, suite)
    }

    /// The package that a distribution's package was built from, and its version where one is stated: what
    /// distributions' advisories are about.
    #[must_use]
    pub fn of_source(package: &Package) -> Option<(Named, Option<String>)> {
        let source = package.qualifier("upstream").filter(|_| is_distribution(&package.kind))?;
        let (name, version) = match source.split_once('@') {
            Some((name, version)) => (name, Some(version.to_owned())),
            None => (source, None),
        };
        // RPM names a file: `curl-7.76.1-26.el9.src.rpm`.
        let name = match name.strip_suffix(".src.rpm") {
            Some(file) => file.rsplitn(3, '-').nth(2)?,
            None => name,
        };
        let package = Package { name: name.to_owned(), ..package.clone() };
        Some((Named::of_purl(&package), version))
    }

    /// The package that OSV calls `name` in `ecosystem`. One of an ecosystem that isn't known keeps its words.
    #[must_use]
    pub fn of_osv(ecosystem: &str, name: &str) -> Named {
        let (base, rest) = ecosystem.split_once(':').unwrap_or((ecosystem, ""));
        let known = ECOSYSTEMS.iter().find(|(known, _, _)| *known == base);
        let Some((_, kind, namespace)) = known else {
            return named("osv", Some(base), name, Some(rest.to_owned()).filter(|rest| !rest.is_empty()));
        };
        let suite = if rest.is_empty() { None } else { suite(rest).or_else(|| Some(rest.to_owned())) };
        if *kind == "maven" {
            let (group, artifact) = name.split_once(':').unwrap_or(("", name));
            return named(kind, Some(group), artifact, None);
        }
        named(kind, Some(*namespace), name, suite)
    }

    /// A product that has no package, by its name.
    #[must_use]
    pub fn product(name: &str) -> Named {
        let name = product_key(name);
        Named { scheme: Scheme::Pypi, name: format!("product/{name}"), suite: None }
    }

    /// The identity that an index knows it by.
    #[must_use]
    pub fn identity(&self) -> Identity<'_, Scheme> {
        Identity { scheme: self.scheme, name: &self.name, suite: self.suite.as_deref() }
    }
}

fn named(kind: &str, namespace: Option<&str>, name: &str, suite: Option<String>) -> Named {
    let mut text = String::with_capacity(kind.len() + namespace.map_or(0, str::len) + name.len() + 2);
    text.push_str(kind);
    for part in namespace.filter(|namespace| !namespace.is_empty()).into_iter().chain([name.trim()]) {
        text.push('/');
        text.push_str(part);
    }
    // What differs in case alone is the same: some ecosystems say so, and none has two such packages that
    // are not meant to be taken for each other.
    text.make_ascii_lowercase();
    if text.contains(char::is_control) {
        text.retain(|c| !c.is_control());
    }
    if kind == "pypi" && text.contains(['_', '.']) {
        text = text.replace(['_', '.'], "-");
    }
    Named { scheme: scheme(kind), name: text, suite }
}

fn scheme(kind: &str) -> Scheme {
    Scheme::named(kind).unwrap_or(match kind {
        "hex" | "pub" | "swift" | "bitnami" => Scheme::Semver,
        _ => Scheme::Generic,
    })
}

fn is_distribution(kind: &str) -> bool {
    matches!(kind, "deb" | "rpm" | "apk" | "alpm")
}

/// The number of a release in `debian-12`, `v3.18`, `ubuntu-22.04:LTS`, `alpine-3.18.4`: major and minor. One
/// without a number can't be compared, and is not known.
fn suite(text: &str) -> Option<String> {
    // Extended support has fixes of its own.
    let is_extended = text.starts_with("Pro:");
    let number = text.get(text.find(|c: char| c.is_ascii_digit())?..)?;
    let number = number.split(|c: char| !c.is_ascii_digit() && c != '.').next()?;
    let mut parts = number.split('.').filter(|part| !part.is_empty());
    let (major, minor) = (parts.next()?, parts.next());
    let number = minor.map_or_else(|| major.to_owned(), |minor| format!("{major}.{minor}"));
    Some(if is_extended { format!("pro {number}") } else { number })
}
