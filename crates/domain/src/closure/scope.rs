//! What an authority closes over: products, and lines of their releases.

use crate::fault::Fault;
use crate::id::Slug;
use crate::reader::{self, FileKind, Reader};
use crate::release::Releases;
use crate::verdict::{Side, Statement, product_key};
use serde::Deserialize;
use toml::Spanned;

/// The schema version that this program reads.
pub const SCOPE_SCHEMA: u32 = 1;
/// Longest scope file, in bytes.
pub const SCOPE_BYTES_MAX: usize = 256 * 1024;

const KIND: FileKind = FileKind {
    what: "a scope",
    bytes_max: SCOPE_BYTES_MAX,
    schema: SCOPE_SCHEMA,
    manual: "docs/authority.md",
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    schema: Spanned<u32>,
    id: Spanned<String>,
    title: String,
    authority: String,
    products: Spanned<Vec<String>>,
    lines: Option<Vec<Spanned<String>>>,
}

/// A scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Its id.
    pub id: Slug,
    /// Its name for people.
    pub title: String,
    /// Whose it is.
    pub authority: String,
    /// The products, as they are compared; dependencies of services among them (SCS-10).
    pub products: Vec<String>,
    /// The release lines, by name or number; none where every line counts.
    pub lines: Option<Vec<String>>,
}

/// Reads a scope.
///
/// # Errors
/// Every fault that was found.
pub fn read_scope(text: &str) -> Result<Scope, Vec<Fault>> {
    let raw: Raw = reader::fields(text, &KIND)?;
    let mut reader = Reader::new(text);
    reader.schema(&raw.schema, &KIND);
    let id = reader.parsed(&raw.id, "id", "Write small letters, digits and dashes.");
    let place = raw.products.span().start;
    let mut products: Vec<String> =
        raw.products.into_inner().iter().map(|product| product_key(product)).collect();
    products.sort();
    products.dedup();
    if products.is_empty() || products.iter().any(String::is_empty) {
        reader.fault(place, "a scope names its products", "Write products = [\"nova\", \"keystone\"].");
    }
    if let Some([]) = raw.lines.as_deref() {
        reader.fault(place, "`lines` is empty, so that nothing is in scope", "Leave it out for every line.");
    }
    let lines = raw.lines.map(|lines| lines.into_iter().map(Spanned::into_inner).collect());
    let scope = id.map(|id| Scope { id, title: raw.title, authority: raw.authority, products, lines });
    reader.finish(scope)
}

impl Scope {
    /// Lines of the scope that the release data doesn't have: a slip of the pen would leave advisories out.
    #[must_use]
    pub fn unknown_lines(&self, releases: &Releases) -> Vec<&str> {
        let lines = self.lines.iter().flatten().map(String::as_str);
        lines.filter(|line| releases.line(line).is_none()).collect()
    }

    /// Whether an advisory's statement is about something in scope. Where it can't be told, it is.
    #[must_use]
    pub fn covers(&self, statement: &Statement, releases: &Releases) -> bool {
        if !self.products.contains(&product_key(&statement.product)) {
            return false;
        }
        let Some(lines) = &self.lines else { return true };
        let all = releases.of(&statement.product);
        // A product without releases in the data, as a dependency is, has no lines to tell it by.
        all.is_empty() || lines.iter().any(|line| self.touches(statement, line, releases))
    }

    /// Whether the line may hold an affected build: a release of it is affected or nobody can say, it has none,
    /// or the flaw came and went between two of them, where snapshots lie.
    fn touches(&self, statement: &Statement, line: &str, releases: &Releases) -> bool {
        let Some(line) = releases.line(line) else { return true };
        let on_line = releases.of(&statement.product).iter().filter(|release| release.line == line.name);
        let sides: Vec<Side> =
            on_line.map(|release| statement.side(&release.version, release.day())).collect();
        let is_all = |side: Side| !sides.is_empty() && sides.iter().all(|other| *other == side);
        !is_all(Side::Before) && !is_all(Side::After)
    }
}
