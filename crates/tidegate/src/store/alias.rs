//! Names that mean something to this instance alone.

use super::Store;

impl Store {
    /// A name for `parts` that only this instance can make, in 64 hexadecimal digits: whoever holds it can compare
    /// it with itself and learns nothing from it. A name of one kind is none of another.
    #[must_use]
    pub fn alias(&self, kind: &'static str, parts: &[&[u8]]) -> String {
        self.vault.tag(kind, parts).to_string()
    }
}
