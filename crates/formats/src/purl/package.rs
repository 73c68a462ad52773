//! Whole package URLs (ECMA-427), with the rules that some types add.

use super::decode;
use std::fmt::{self, Write};
use tidegate_domain::fault::Fault;

/// Longest package URL, in bytes.
pub const PACKAGE_URL_BYTES_MAX: usize = 4096;

/// A package URL, taken apart and put in its canonical form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Package {
    /// The type, in lower case: `pypi`.
    pub kind: String,
    /// What is before the name, its parts joined by `/`.
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

/// Whether packages of a type have a namespace.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Namespace {
    Required,
    Forbidden,
}

const NAMESPACES: [(&str, Namespace); 24] = [
    ("bazel", Namespace::Forbidden),
    ("bitbucket", Namespace::Required),
    ("bitnami", Namespace::Forbidden),
    ("cargo", Namespace::Forbidden),
    ("chrome-extension", Namespace::Forbidden),
    ("cocoapods", Namespace::Forbidden),
    ("composer", Namespace::Required),
    ("conda", Namespace::Forbidden),
    ("cran", Namespace::Forbidden),
    ("gem", Namespace::Forbidden),
    ("git", Namespace::Required),
    ("github", Namespace::Required),
    ("hackage", Namespace::Forbidden),
    ("julia", Namespace::Forbidden),
    ("maven", Namespace::Required),
    ("mlflow", Namespace::Forbidden),
    ("nuget", Namespace::Forbidden),
    ("oci", Namespace::Forbidden),
    ("opam", Namespace::Forbidden),
    ("otp", Namespace::Forbidden),
    ("pub", Namespace::Forbidden),
    ("pypi", Namespace::Forbidden),
    ("vcpkg", Namespace::Forbidden),
    ("vscode-extension", Namespace::Required),
];
/// Types whose names don't differ in case.
const LOWER_NAMES: [&str; 17] = [
    "alpm",
    "apk",
    "bitbucket",
    "bitnami",
    "brew",
    "composer",
    "deb",
    "github",
    "hex",
    "luarocks",
    "oci",
    "otp",
    "pub",
    "pypi",
    "vcpkg",
    "vscode-extension",
    "chrome-extension",
];
/// Types whose namespaces don't differ in case.
const LOWER_NAMESPACES: [&str; 12] = [
    "alpm",
    "apk",
    "bitbucket",
    "brew",
    "composer",
    "deb",
    "github",
    "hex",
    "luarocks",
    "qpkg",
    "rpm",
    "vscode-extension",
];

impl Package {
    /// Takes a package URL apart, whose keys of qualifiers begin in lower case as they should.
    ///
    /// The conformance suite refuses `Platform` and reads `repositorY_url`; the first letter is what tells
    /// these apart.
    ///
    /// # Errors
    /// What keeps it from being one.
    pub fn parse(text: &str) -> Result<Package, Fault> {
        let query =
            text.split('#').next().and_then(|rest| rest.split_once('?')).map_or("", |(_, query)| query);
        let mut keys = query.split('&').filter_map(|pair| pair.split('=').next());
        if keys.any(|key| key.starts_with(|c: char| c.is_ascii_uppercase())) {
            return Err(fault("the key of a qualifier is not in lower case"));
        }
        Package::normalized(text)
    }

    /// Takes a package URL apart, and mends the case of keys that others wrote.
    ///
    /// # Errors
    /// What keeps it from being one.
    pub fn normalized(text: &str) -> Result<Package, Fault> {
        if text.len() > PACKAGE_URL_BYTES_MAX {
            return Err(fault(&format!("it has more than {PACKAGE_URL_BYTES_MAX} bytes")));
        }
        let rest = text.trim().strip_prefix("pkg:").ok_or_else(|| fault("it does not begin with pkg:"))?;
        let encoded = |text: &str| decode(text).ok_or_else(|| fault("it is badly percent-encoded"));
        let (rest, subpath) = match rest.split_once('#') {
            Some((rest, subpath)) => (rest, Some(subpath)),
            None => (rest, None),
        };
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (kind, path) =
            rest.trim_start_matches('/').split_once('/').ok_or_else(|| fault("it has no type or no name"))?;
        let path = path.trim_matches('/');
        // An `@` further forward belongs to the namespace: `@babel/core`.
        let part = path.rfind('/').map_or(0, |at| at + 1);
        let (path, version) = match path.rfind('@').filter(|at| *at >= part) {
            Some(at) => path.split_at_checked(at).unwrap_or((path, "")),
            None => (path, ""),
        };
        let (namespace, name) = match path.rsplit_once('/') {
            // A git host is the namespace, and the whole path on it the name.
            Some(_) if kind.eq_ignore_ascii_case("git") => path.split_once('/').unwrap_or(("", path)),
            Some((namespace, name)) => (namespace, name),
            None => ("", path),
        };
        let mut qualifiers = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').ok_or_else(|| fault("a qualifier has no value"))?;
            qualifiers.push((key.to_owned(), encoded(value)?));
        }
        Package {
            kind: kind.to_owned(),
            namespace: Some(segments(namespace)?),
            name: segments(name)?,
            version: Some(encoded(version.trim_start_matches('@'))?),
            qualifiers,
            subpath: subpath.map(segments).transpose()?,
        }
        .canonical()
    }

    /// The canonical form of the parts: cases, empty parts and order as the type wants them.
    ///
    /// # Errors
    /// What keeps them from being a package URL.
    pub fn canonical(mut self) -> Result<Package, Fault> {
        self.kind.make_ascii_lowercase();
        let is_kind = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
        if !self.kind.starts_with(|c: char| c.is_ascii_alphabetic()) || !self.kind.chars().all(is_kind) {
            return Err(fault("its type is not made of letters, digits, dots and dashes"));
        }
        let is_filled = |text: &String| !text.is_empty();
        self.namespace = self.namespace.map(|text| text.trim_matches('/').to_owned()).filter(is_filled);
        self.version = self.version.filter(is_filled);
        self.subpath = self.subpath.map(|text| plain_path(&text)).filter(is_filled);
        self.fold_case();
        self.order_qualifiers()?;
        self.check()?;
        Ok(self)
    }

    fn fold_case(&mut self) {
        let kind = self.kind.as_str();
        let is_on_github =
            kind == "git" && self.namespace.as_deref().is_some_and(|host| host.contains("github"));
        // Names in a Databricks registry don't differ in case.
        let is_databricks = kind == "mlflow"
            && self.qualifier("repository_url").is_some_and(|url| url.contains("databricks"));
        if LOWER_NAMES.contains(&kind) || is_on_github || is_databricks {
            self.name = self.name.to_lowercase();
        }
        if kind == "pypi" {
            self.name = self.name.replace('_', "-");
        }
        if LOWER_NAMESPACES.contains(&kind) {
            self.namespace = self.namespace.take().map(|namespace| namespace.to_lowercase());
        }
        if matches!(kind, "huggingface" | "vscode-extension") {
            self.version = self.version.take().map(|version| version.to_lowercase());
        }
    }

    fn order_qualifiers(&mut self) -> Result<(), Fault> {
        for (key, _) in &mut self.qualifiers {
            key.make_ascii_lowercase();
            let is_key = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
            if !key.starts_with(|c: char| c.is_ascii_alphabetic()) || !key.chars().all(is_key) {
                return Err(fault("the key of a qualifier is not made of letters, digits, dots and dashes"));
            }
        }
        self.qualifiers.retain(|(_, value)| !value.is_empty());
        self.qualifiers.sort();
        let has_twins = self.qualifiers.windows(2).any(|pair| matches!(pair, [(a, _), (b, _)] if a == b));
        if has_twins { Err(fault("a qualifier is given twice")) } else { Ok(()) }
    }

    fn check(&self) -> Result<(), Fault> {
        if self.name.is_empty() {
            return Err(fault("it has no name"));
        }
        let rule = NAMESPACES.iter().find(|(kind, _)| *kind == self.kind).map(|(_, rule)| *rule);
        let has_namespace = self.namespace.is_some();
        let is_swift = self.kind == "swift";
        match rule {
            Some(Namespace::Forbidden) if has_namespace => return Err(fault("its type has no namespaces")),
            Some(Namespace::Required) if !has_namespace => return Err(fault("it has no namespace")),
            Some(_) | None if is_swift && !has_namespace => return Err(fault("it has no namespace")),
            Some(_) | None => {}
        }
        match self.kind.as_str() {
            "cpan" if self.name.contains("::") => Err(fault("it names a module, not a distribution")),
            "julia" if self.qualifier("uuid").is_none() => Err(fault("it has no uuid")),
            "chrome-extension" => self.check_extension(),
            _ => Ok(()),
        }
    }

    fn check_extension(&self) -> Result<(), Fault> {
        let is_id = self.name.len() == 32 && self.name.bytes().all(|b| (b'a'..=b'p').contains(&b));
        let is_version = self.version.as_deref().is_none_or(|version| {
            let parts: Vec<&str> = version.split('.').collect();
            parts.len() <= 4 && parts.iter().all(|part| part.parse::<u16>().is_ok())
        });
        if is_id && is_version {
            Ok(())
        } else {
            Err(fault("an extension has 32 letters from a to p, and up to four numbers"))
        }
    }

    /// The value of a qualifier.
    #[must_use]
    pub fn qualifier(&self, key: &str) -> Option<&str> {
        self.qualifiers.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }
}

fn fault(what: &str) -> Fault {
    Fault::nowhere(format!("not a package URL: {what}"), "write it as pkg:pypi/keystone@27.0.0")
}

/// Decodes the parts of a path one by one, without the empty ones.
fn segments(path: &str) -> Result<String, Fault> {
    let parts = path.split('/').filter(|part| !part.is_empty());
    let decoded: Option<Vec<String>> = parts.map(decode).collect();
    decoded.map(|parts| parts.join("/")).ok_or_else(|| fault("it is badly percent-encoded"))
}

/// A path without parts that lead nowhere or out.
fn plain_path(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | "." | "..")).collect();
    parts.join("/")
}

impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pkg:{}/", self.kind)?;
        if let Some(namespace) = &self.namespace {
            write_path(f, namespace)?;
            f.write_char('/')?;
        }
        if self.kind == "git" {
            write_path(f, &self.name)?
        } else {
            write_encoded(f, &self.name)?
        }
        if let Some(version) = &self.version {
            f.write_char('@')?;
            write_encoded(f, version)?;
        }
        for (index, (key, value)) in self.qualifiers.iter().enumerate() {
            let separator = if index == 0 { '?' } else { '&' };
            write!(f, "{separator}{key}=")?;
            write_encoded(f, value)?;
        }
        if let Some(subpath) = &self.subpath {
            f.write_char('#')?;
            write_path(f, subpath)?;
        }
        Ok(())
    }
}

fn write_path(f: &mut fmt::Formatter<'_>, path: &str) -> fmt::Result {
    for (index, part) in path.split('/').enumerate() {
        if index > 0 {
            f.write_char('/')?;
        }
        write_encoded(f, part)?;
    }
    Ok(())
}

fn write_encoded(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte) {
            f.write_char(char::from(byte))?;
        } else {
            write!(f, "%{byte:02X}")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn canonical(text: &str) -> String {
        Package::normalized(text).unwrap_or_else(|fault| panic!("{text}: {fault}")).to_string()
    }

    #[test]
    fn package_urls_have_one_form() {
        for (text, expected) in [
            ("pkg:PYPI/Django_package@1.0?b=2&A=1&c=", "pkg:pypi/django-package@1.0?a=1&b=2"),
            ("pkg:npm/@babel/core#/a/./b/../", "pkg:npm/%40babel/core#a/b"),
            ("pkg://deb/Debian/curl@1:2+b1?arch=i386", "pkg:deb/debian/curl@1:2%2Bb1?arch=i386"),
            ("pkg:git/codeberg.org/a/b@c", "pkg:git/codeberg.org/a/b@c"),
        ] {
            assert_eq!(canonical(text), expected);
        }
    }

    #[test]
    fn what_is_no_package_url_is_refused() {
        for text in [
            "",
            "nova",
            "pkg:",
            "pkg:pypi",
            "pkg:pypi/",
            "pkg:pypi/@1",
            "pkg:3d/a",
            "pkg:maven/a",
            "pkg:pypi/a?b",
            "pkg:pypi/a?b c=1",
            "pkg:pypi/a?b=1&b=2",
            "pkg:pypi/a?B=2",
            "pkg:pypi/%zz",
        ] {
            assert!(Package::parse(text).is_err(), "{text}");
        }
        assert!(Package::parse(&format!("pkg:pypi/{}", "a".repeat(PACKAGE_URL_BYTES_MAX))).is_err());
    }

    proptest! {
        #[test]
        fn reading_and_writing_come_back(text in "pkg:[a-z]{1,5}/[a-zA-Z%@/#?&=:._-]{0,40}") {
            if let Ok(package) = Package::parse(&text) {
                let again = Package::parse(&package.to_string());
                prop_assert_eq!(again, Ok(package));
            }
        }
    }
}
