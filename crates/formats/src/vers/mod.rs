//! Version range specifiers (VERS): `vers:pypi/>=1.0|<2.0`, and the order of versions in each ecosystem.

mod native;
mod order;
mod union;

pub use native::from_native;
pub use order::{compare, key};

use std::cmp::Ordering;
use std::fmt;
use tidegate_domain::fault::Fault;

/// Longest specifier, in bytes.
pub const VERS_BYTES_MAX: usize = 64 * 1024;
/// Most constraints of one.
pub const CONSTRAINTS_MAX: usize = 2000;

/// A versioning scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is the name of an ecosystem")]
pub enum Scheme {
    Alpine,
    Arch,
    Cargo,
    Composer,
    Conan,
    Datetime,
    Debian,
    Gem,
    Generic,
    Gentoo,
    Golang,
    Lexicographic,
    Maven,
    Nginx,
    Npm,
    Nuget,
    Openssl,
    Pypi,
    Rpm,
    Semver,
}

/// Schemes by the names that VERS and package URLs have for them, the canonical one first.
const SCHEMES: [(&str, Scheme); 25] = [
    ("apk", Scheme::Alpine),
    ("alpine", Scheme::Alpine),
    ("alpm", Scheme::Arch),
    ("arch", Scheme::Arch),
    ("cargo", Scheme::Cargo),
    ("composer", Scheme::Composer),
    ("conan", Scheme::Conan),
    ("datetime", Scheme::Datetime),
    ("deb", Scheme::Debian),
    ("debian", Scheme::Debian),
    ("ebuild", Scheme::Gentoo),
    ("gem", Scheme::Gem),
    ("generic", Scheme::Generic),
    ("gentoo", Scheme::Gentoo),
    ("golang", Scheme::Golang),
    ("lexicographic", Scheme::Lexicographic),
    ("maven", Scheme::Maven),
    ("nginx", Scheme::Nginx),
    ("npm", Scheme::Npm),
    ("nuget", Scheme::Nuget),
    ("openssl", Scheme::Openssl),
    ("pypi", Scheme::Pypi),
    ("rpm", Scheme::Rpm),
    ("semver", Scheme::Semver),
    ("github", Scheme::Semver),
];

impl Scheme {
    /// The scheme of that name, or of that package URL type.
    #[must_use]
    pub fn named(name: &str) -> Option<Scheme> {
        SCHEMES.iter().find(|(known, _)| *known == name).map(|(_, scheme)| *scheme)
    }

    /// The scheme's name in a specifier.
    #[must_use]
    pub fn name(self) -> &'static str {
        SCHEMES.iter().find(|(_, scheme)| *scheme == self).map_or("generic", |(name, _)| name)
    }
}

/// How a constraint compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparator {
    /// `=`, which is left out when written.
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
}

impl Comparator {
    /// The sign, `=` among them.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Comparator::Equal => "=",
            Comparator::NotEqual => "!=",
            Comparator::Less => "<",
            Comparator::AtMost => "<=",
            Comparator::Greater => ">",
            Comparator::AtLeast => ">=",
        }
    }

    fn split(text: &str) -> (Comparator, &str) {
        let signs = [
            ("!=", Comparator::NotEqual),
            ("<=", Comparator::AtMost),
            (">=", Comparator::AtLeast),
            ("==", Comparator::Equal),
            ("=", Comparator::Equal),
            ("<", Comparator::Less),
            (">", Comparator::Greater),
        ];
        let found =
            signs.into_iter().find_map(|(sign, comparator)| Some((comparator, text.strip_prefix(sign)?)));
        found.unwrap_or((Comparator::Equal, text))
    }

    fn is_lower_bound(self) -> bool {
        matches!(self, Comparator::Greater | Comparator::AtLeast)
    }

    fn is_upper_bound(self) -> bool {
        matches!(self, Comparator::Less | Comparator::AtMost)
    }
}

/// One constraint on a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Constraint {
    /// How it compares.
    pub comparator: Comparator,
    /// With which version.
    pub version: String,
}

/// A version range specifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vers {
    /// The scheme.
    pub scheme: Scheme,
    /// The constraints, by version. None means every version (`*`).
    pub constraints: Vec<Constraint>,
}

impl Vers {
    /// Reads a specifier however its constraints are ordered or spaced, and sorts them.
    ///
    /// # Errors
    /// It is no specifier, of a scheme that isn't known, or too long.
    pub fn parse(text: &str) -> Result<Vers, Fault> {
        let (scheme, constraints) = split(text)?;
        if constraints.trim() == "*" {
            return Ok(Vers { scheme, constraints: Vec::new() });
        }
        let parts: Vec<&str> =
            constraints.split('|').map(str::trim).filter(|constraint| !constraint.is_empty()).collect();
        let mut read = Vec::new();
        for part in parts {
            read.push(constraint(part)?);
        }
        if read.is_empty() || read.len() > CONSTRAINTS_MAX {
            return Err(fault("it has no constraint, or too many"));
        }
        let vers = Vers::new(scheme, read);
        match vers.contradiction() {
            Some(version) => {
                let what = format!("`{}` is both named and excluded", version.escape_debug());
                Err(Fault::nowhere(what, "leave out one of the two constraints"))
            }
            None => Ok(vers),
        }
    }

    /// Reads a specifier in its canonical form alone.
    ///
    /// # Errors
    /// What keeps it from being canonical.
    pub fn parse_canonical(text: &str) -> Result<Vers, Fault> {
        let (scheme, constraints) = split(text)?;
        let broken = |what: &str| Err(fault(&format!("non-canonical VERS: {what}")));
        if text.contains(|c: char| c.is_ascii_whitespace()) {
            return broken("whitespace is not permitted");
        } else if constraints.starts_with('|') {
            return broken("leading pipe is not permitted");
        } else if constraints.ends_with('|') {
            return broken("trailing pipe is not permitted");
        } else if constraints.contains("||") {
            return broken("consecutive pipes are not permitted");
        }
        let vers = if constraints == "*" {
            return Ok(Vers { scheme, constraints: Vec::new() });
        } else {
            let read = constraints.split('|').map(constraint).collect::<Result<Vec<_>, _>>()?;
            Vers { scheme, constraints: read }
        };
        if scheme == Scheme::Datetime {
            canonical_datetimes(constraints)?;
        }
        let is_sorted = vers.constraints.is_sorted_by(|a, b| compare(scheme, &a.version, &b.version).is_le());
        if !is_sorted {
            return broken("constraints are not sorted by version");
        }
        if vers.constraints.len() > CONSTRAINTS_MAX || vers.to_string() != text {
            return broken("percent-encoding in version is not canonical");
        }
        Ok(vers)
    }

    /// A specifier of these constraints, sorted by version.
    #[must_use]
    pub fn new(scheme: Scheme, mut constraints: Vec<Constraint>) -> Vers {
        // What ends before a version comes before what begins with it.
        let begins = |constraint: &Constraint| constraint.comparator != Comparator::Less;
        constraints
            .sort_by(|a, b| compare(scheme, &a.version, &b.version).then_with(|| begins(a).cmp(&begins(b))));
        Vers { scheme, constraints }
    }

    /// Whether the range contains `version`, by the algorithm of the specification.
    #[must_use]
    pub fn contains(&self, version: &str) -> bool {
        if self.constraints.is_empty() {
            return true;
        }
        let constraints: Vec<_> =
            self.constraints.iter().map(|constraint| (constraint.comparator, &constraint.version)).collect();
        contains_at(&constraints, |bound| compare(self.scheme, version, bound))
    }

    /// A version that is both named and excluded: whoever wrote that meant something else.
    fn contradiction(&self) -> Option<&str> {
        let excludes = |constraint: &&Constraint| constraint.comparator == Comparator::NotEqual;
        let mut excluded = self.constraints.iter().filter(excludes);
        let is_named = |excluded: &&Constraint| {
            let names = |constraint: &Constraint| {
                constraint.comparator == Comparator::Equal
                    && compare(self.scheme, &constraint.version, &excluded.version).is_eq()
            };
            self.constraints.iter().any(names)
        };
        excluded.find(is_named).map(|constraint| constraint.version.as_str())
    }
}

/// Whether a version is in, whose order to each bound `order` tells. A version that is named is in, even if
/// it is excluded as well: the doubt must not hide a flaw.
fn contains_at<T>(constraints: &[(Comparator, T)], order: impl Fn(&T) -> Ordering) -> bool {
    let (mut is_excluded, mut is_bound) = (false, false);
    for (comparator, bound) in constraints {
        match (comparator, order(bound)) {
            (Comparator::Equal, Ordering::Equal) => return true,
            (Comparator::NotEqual, Ordering::Equal) => is_excluded = true,
            (Comparator::AtMost | Comparator::AtLeast, Ordering::Equal) => is_bound = true,
            _ => {}
        }
    }
    !is_excluded && (is_bound || is_between_bounds(constraints, order))
}

/// Of bounds in the same direction that follow each other the widest counts, as the specification
/// simplifies them: a version is in if the bound before it opens a range, or the bound behind it ends one.
fn is_between_bounds<T>(constraints: &[(Comparator, T)], order: impl Fn(&T) -> Ordering) -> bool {
    let mut before = None;
    let mut behind = None;
    for (comparator, bound) in constraints {
        if !comparator.is_lower_bound() && !comparator.is_upper_bound() {
            continue;
        }
        // At an open bound itself: `<2` has ended, `>2` has not begun.
        let order = order(bound);
        if order.is_gt() || (order.is_eq() && *comparator == Comparator::Less) {
            before = Some(*comparator);
        } else if behind.is_none() {
            behind = Some(*comparator);
        }
    }
    match (before, behind) {
        // Nothing but exclusions leaves everything else in.
        (None, None) => constraints.iter().all(|(comparator, _)| *comparator == Comparator::NotEqual),
        (before, behind) => {
            before.is_some_and(Comparator::is_lower_bound) || behind.is_some_and(Comparator::is_upper_bound)
        }
    }
}

fn fault(what: &str) -> Fault {
    Fault::nowhere(what, "write it as vers:pypi/>=1.0|<2.0")
}

fn split(text: &str) -> Result<(Scheme, &str), Fault> {
    if text.len() > VERS_BYTES_MAX {
        return Err(fault("the version range is too long"));
    }
    let rest =
        text.trim_start().strip_prefix("vers:").ok_or_else(|| fault("it does not begin with vers:"))?;
    let (scheme, constraints) = rest.split_once('/').ok_or_else(|| fault("it has no constraints"))?;
    let scheme = Scheme::named(scheme.trim())
        .ok_or_else(|| fault(&format!("the versioning scheme `{}` isn't known", scheme.escape_debug())))?;
    Ok((scheme, constraints))
}

fn constraint(text: &str) -> Result<Constraint, Fault> {
    let (comparator, version) = Comparator::split(text);
    let version = crate::purl::decode(version.trim())
        .ok_or_else(|| fault("non-canonical VERS: invalid percent-encoding in version"))?;
    if version.is_empty() {
        return Err(fault("a constraint has no version"));
    }
    Ok(Constraint { comparator, version })
}

fn canonical_datetimes(constraints: &str) -> Result<(), Fault> {
    for constraint in constraints.split('|') {
        if constraint.contains("%3A") {
            return Err(fault("non-canonical VERS: datetime time colons must be unencoded"));
        } else if constraint.contains(['t', 'z']) {
            return Err(fault("non-canonical VERS: datetime must use uppercase T and Z"));
        }
    }
    Ok(())
}

impl fmt::Display for Vers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "vers:{}/", self.scheme.name())?;
        if self.constraints.is_empty() {
            return f.write_str("*");
        }
        for (index, constraint) in self.constraints.iter().enumerate() {
            let separator = if index == 0 { "" } else { "|" };
            let sign = match constraint.comparator {
                Comparator::Equal => "",
                other => other.sign(),
            };
            write!(f, "{separator}{sign}{}", encode(&constraint.version))?;
        }
        Ok(())
    }
}

/// Percent-encodes what a specifier gives a meaning to.
fn encode(version: &str) -> String {
    let mut text = String::with_capacity(version.len());
    for byte in version.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~+:".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

#[cfg(test)]
mod tests;
