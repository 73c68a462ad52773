//! What deployments run, by the identity of packages.

use super::{Certainty, End, Full, Identity, Names, Scheme, Span, Start, is_placed};
use hashbrown::HashMap;
use std::cmp::Ordering;

/// Deployments that run one version of one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found<'a> {
    /// The version, as their inventories have it.
    pub version: &'a str,
    /// The deployments, by number, in order.
    pub deployments: &'a [u32],
    /// How sure it is that they are affected.
    pub certainty: Certainty,
}

/// The latest snapshot of every deployment, searched by name and version.
///
/// A deployment is a number that the caller gave it. A new snapshot of it is what was taken away from the
/// last one ([`Fleet::remove`]) and what was added ([`Fleet::add`]).
#[derive(Clone, Debug)]
pub struct Fleet<S> {
    names: Names,
    versions: Names,
    /// By name: its scheme, and its versions with the slots of their deployments.
    shelves: Vec<Shelf<S>>,
    /// The slot of a name and version.
    slots: HashMap<(u32, u32), u32>,
    deployments: Vec<Vec<u32>>,
    /// The names in suites, by the name without.
    suites: HashMap<u32, Vec<u32>>,
}

#[derive(Clone, Debug)]
struct Shelf<S> {
    scheme: S,
    /// Versions that have a place, in the order of the scheme where it is total, with their slots.
    placed: Vec<(u32, u32)>,
    /// Versions that have none.
    others: Vec<(u32, u32)>,
}

impl<S> Default for Fleet<S> {
    fn default() -> Fleet<S> {
        Fleet {
            names: Names::default(),
            versions: Names::default(),
            shelves: Vec::new(),
            slots: HashMap::new(),
            deployments: Vec::new(),
            suites: HashMap::new(),
        }
    }
}

impl<S: Scheme> Fleet<S> {
    /// Adds a component to what a deployment runs.
    ///
    /// # Errors
    /// There is no room for it.
    pub fn add(&mut self, deployment: u32, identity: &Identity<'_, S>, version: &str) -> Result<(), Full> {
        let name = self.name(identity)?;
        let version = self.versions.number(version)?;
        let slot = match self.slots.get(&(name, version)) {
            Some(slot) => *slot,
            None => self.shelve(name, version)?,
        };
        if let Some(deployments) = self.deployments.get_mut(slot as usize)
            && let Err(at) = position(deployments, deployment)
        {
            deployments.insert(at, deployment);
        }
        Ok(())
    }

    /// Takes a component away from what a deployment runs. One that it doesn't run is no fault.
    pub fn remove(&mut self, deployment: u32, identity: &Identity<'_, S>, version: &str) {
        let name = match identity.in_suite() {
            Some(in_suite) => self.names.find(&in_suite),
            None => self.names.find(identity.name),
        };
        let slot =
            name.zip(self.versions.find(version)).and_then(|name_version| self.slots.get(&name_version));
        if let Some(deployments) = slot.and_then(|slot| self.deployments.get_mut(*slot as usize))
            && let Ok(at) = position(deployments, deployment)
        {
            deployments.remove(at);
        }
    }

    /// Hands over the deployments that a range of an advisory is, or may be, about, version by version.
    /// `span` is none where the advisory doesn't tell which versions are affected.
    pub fn find<'a>(
        &'a self,
        identity: &Identity<'_, S>,
        span: Option<&Span<'_>>,
        take: &mut dyn FnMut(Found<'a>),
    ) {
        let Some(base) = self.names.find(identity.name) else { return };
        let span = span.filter(|span| span.is_placed());
        match identity.in_suite() {
            // A component of no known suite may be of this one.
            Some(in_suite) => {
                self.find_on(base, span, Certainty::Untold, take);
                if let Some(name) = self.names.find(&in_suite) {
                    self.find_on(name, span, Certainty::Affected, take);
                }
            }
            None => {
                for name in std::iter::once(&base).chain(self.suites.get(&base).into_iter().flatten()) {
                    self.find_on(*name, span, Certainty::Affected, take);
                }
            }
        }
    }

    fn find_on<'a>(
        &'a self,
        name: u32,
        span: Option<&Span<'_>>,
        certainty: Certainty,
        take: &mut dyn FnMut(Found<'a>),
    ) {
        let Some(shelf) = self.shelves.get(name as usize) else { return };
        let mut give = |(version, slot): (u32, u32), certainty| {
            let deployments = self.deployments.get(slot as usize).map(Vec::as_slice).unwrap_or_default();
            if !deployments.is_empty() {
                take(Found { version: self.versions.text(version), deployments, certainty });
            }
        };
        shelf.others.iter().for_each(|one| give(*one, Certainty::Untold));
        let Some(span) = span else {
            return shelf.placed.iter().for_each(|one| give(*one, Certainty::Untold));
        };
        if shelf.scheme.is_total() {
            let range = self.range(shelf, span);
            shelf.placed.get(range).unwrap_or_default().iter().for_each(|one| give(*one, certainty));
        } else {
            let contained =
                shelf.placed.iter().filter(|one| span.contains(shelf.scheme, self.versions.text(one.0)));
            contained.for_each(|one| give(*one, certainty));
        }
    }

    /// Where the versions of a span are on a sorted shelf.
    fn range(&self, shelf: &Shelf<S>, span: &Span<'_>) -> std::ops::Range<usize> {
        let count = |is_before: &dyn Fn(Ordering) -> bool, bound: &str| {
            let order = |one: &(u32, u32)| shelf.scheme.compare(self.versions.text(one.0), bound);
            shelf.placed.partition_point(|one| is_before(order(one)))
        };
        let start = match span.from {
            Start::Beginning => 0,
            Start::At(from) => count(&Ordering::is_lt, from),
            Start::After(from) => count(&Ordering::is_le, from),
        };
        let end = match span.to {
            End::Below(to) => count(&Ordering::is_lt, to),
            End::Through(to) => count(&Ordering::is_le, to),
            End::Never => shelf.placed.len(),
        };
        start..end.max(start)
    }

    /// How many names it knows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether it knows none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    fn name(&mut self, identity: &Identity<'_, S>) -> Result<u32, Full> {
        let base = self.shelf(identity.name, identity.scheme)?;
        let Some(in_suite) = identity.in_suite() else { return Ok(base) };
        let count = self.names.len();
        let name = self.shelf(&in_suite, identity.scheme)?;
        if self.names.len() > count {
            self.suites.entry(base).or_default().push(name);
        }
        Ok(name)
    }

    fn shelf(&mut self, name: &str, scheme: S) -> Result<u32, Full> {
        let number = self.names.number(name)?;
        if self.shelves.len() < self.names.len() {
            self.shelves.push(Shelf { scheme, placed: Vec::new(), others: Vec::new() });
        }
        Ok(number)
    }

    /// Gives a version that a name didn't have its slot and its place.
    fn shelve(&mut self, name: u32, version: u32) -> Result<u32, Full> {
        let slot = u32::try_from(self.deployments.len()).map_err(|_| Full)?;
        let Some(shelf) = self.shelves.get_mut(name as usize) else { return Err(Full) };
        let text = self.versions.text(version);
        if is_placed(text) {
            let is_before = |one: &(u32, u32)| shelf.scheme.compare(self.versions.text(one.0), text).is_lt();
            let at = match shelf.scheme.is_total() {
                true => shelf.placed.partition_point(is_before),
                false => shelf.placed.len(),
            };
            shelf.placed.insert(at, (version, slot));
        } else {
            shelf.others.push((version, slot));
        }
        self.deployments.push(Vec::new());
        self.slots.insert((name, version), slot);
        Ok(slot)
    }
}

/// Snapshots mostly come in the order of their numbers.
fn position(deployments: &[u32], deployment: u32) -> Result<usize, usize> {
    match deployments.last() {
        Some(last) if *last < deployment => Err(deployments.len()),
        Some(_) | None => deployments.binary_search(&deployment),
    }
}
