//! What runs in a deployment, at an instant. What could not be read is listed, never dropped.

use crate::time::Instant;
use std::collections::BTreeMap;
use std::fmt;

/// Longest name or version of a component, in bytes. Anything longer is listed as unread.
pub const COMPONENT_TEXT_BYTES_MAX: usize = 1024;

/// What a component is, which decides what its name and version mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A container image: the name is the image's, the version its tag.
    Image,
    /// A service, by its own name and the version that its makers gave it.
    Service,
    /// A Python package.
    Python,
    /// A package of a distribution that carries its own patches.
    Distribution,
    /// Something else, named by a package URL or not at all.
    Other,
}

/// One thing that runs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Component {
    /// What it is.
    pub kind: Kind,
    /// Its name, as the inventory has it, without registry or path.
    pub name: String,
    /// Its version, as the inventory has it. Empty where it has none.
    pub version: String,
    /// The digest of an image, such as `sha256:...`.
    pub digest: Option<String>,
    /// The commit it was built from, where the inventory says so.
    pub commit: Option<String>,
}

/// Something in an inventory that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unread {
    /// Where it is: `components[17]`, `line 3`.
    pub place: String,
    /// What is there, shortened.
    pub what: String,
    /// Why it can't be read.
    pub why: &'static str,
}

/// A snapshot of one deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// When it was taken, where the document says so.
    pub taken: Option<Instant>,
    /// What runs, in the order of the document.
    pub components: Vec<Component>,
    /// What could not be read.
    pub unread: Vec<Unread>,
}

/// What differs between two snapshots of a deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Names that only the newer one has, with their versions.
    pub came: Vec<(String, Vec<String>)>,
    /// Names that only the older one has, with their versions.
    pub went: Vec<(String, Vec<String>)>,
    /// Names that both have, with the versions before and after.
    pub changed: Vec<(String, Vec<String>, Vec<String>)>,
}

impl Inventory {
    /// Adds a component, or lists it as unread where a text of it is too long or its name is missing.
    pub fn add(&mut self, place: impl fmt::Display, component: Component) {
        let fault = if component.name.is_empty() {
            Some("it has no name")
        } else if component.name.len().max(component.version.len()) > COMPONENT_TEXT_BYTES_MAX {
            Some("its name or version is too long to be one")
        } else {
            None
        };
        match fault {
            None => self.components.push(component),
            Some(why) => self.miss(place, &component.name, why),
        }
    }

    /// Lists something that could not be read.
    pub fn miss(&mut self, place: impl fmt::Display, what: &str, why: &'static str) {
        let what = what.chars().take(80).collect();
        self.unread.push(Unread { place: place.to_string(), what, why });
    }

    /// What came, went and changed from `before` to this snapshot.
    #[must_use]
    pub fn since(&self, before: &Inventory) -> Difference {
        let (old, new) = (before.versions(), self.versions());
        let mut difference = Difference::default();
        for (name, versions) in &new {
            match old.get(name) {
                None => difference.came.push((name.clone(), versions.clone())),
                Some(earlier) if earlier != versions => {
                    difference.changed.push((name.clone(), earlier.clone(), versions.clone()));
                }
                Some(_) => {}
            }
        }
        for (name, versions) in old {
            if !new.contains_key(&name) {
                difference.went.push((name, versions));
            }
        }
        difference
    }

    fn versions(&self) -> BTreeMap<String, Vec<String>> {
        let mut by_name: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for component in &self.components {
            // The same tag with another digest is another build.
            let version = match &component.digest {
                Some(digest) => format!("{}@{digest}", component.version),
                None => component.version.clone(),
            };
            by_name.entry(component.name.clone()).or_default().push(version);
        }
        for versions in by_name.values_mut() {
            versions.sort();
            versions.dedup();
        }
        by_name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(name: &str, version: &str) -> Component {
        let (name, version) = (name.to_owned(), version.to_owned());
        Component { kind: Kind::Image, name, version, digest: None, commit: None }
    }

    #[test]
    fn snapshots_are_compared() {
        let (mut before, mut after) = (Inventory::default(), Inventory::default());
        before.add("1", image("nova-api", "29.0.1"));
        before.add("2", image("cron", "3.0"));
        after.add("1", image("nova-api", "29.0.2"));
        after.add("2", image("glance-api", "28.0.0"));
        let difference = after.since(&before);
        assert_eq!(difference.came, [("glance-api".to_owned(), vec!["28.0.0".to_owned()])]);
        assert_eq!(difference.went, [("cron".to_owned(), vec!["3.0".to_owned()])]);
        assert_eq!(
            difference.changed,
            [("nova-api".to_owned(), vec!["29.0.1".to_owned()], vec!["29.0.2".to_owned()])]
        );
    }

    #[test]
    fn nothing_is_dropped() {
        let mut inventory = Inventory::default();
        inventory.add("components[3]", image("", "1"));
        inventory.add("components[4]", image(&"x".repeat(COMPONENT_TEXT_BYTES_MAX + 1), "1"));
        assert_eq!(inventory.unread.len(), 2);
        assert!(inventory.components.is_empty());
    }
}
