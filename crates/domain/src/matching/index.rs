//! What advisories say, by the identity of packages.
//!
//! The bounds of all ranges on one name are sorted once. A version is placed among them by one binary search,
//! and each range is then a comparison of two integers: bound `i` is the place `2 i + 1`, and what lies
//! between it and the bound before is `2 i`.

use super::{Certainty, End, Full, Identity, Names, Scheme, Span, Start, is_placed};
use hashbrown::HashMap;

/// What an advisory says about one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim<'a> {
    /// Versions in these spans are affected, others are not.
    Spans(&'a [Span<'a>]),
    /// It doesn't tell which versions are, or couldn't be understood.
    Untold,
}

/// A claim that holds, or may hold, for a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hit {
    /// The advisory, by its number.
    pub advisory: u32,
    /// How sure it is.
    pub certainty: Certainty,
}

/// A range on a name: it contains the places from `low` to `high`, both included.
#[derive(Clone, Copy, Debug, Default)]
struct Row {
    advisory: u32,
    low: u32,
    high: u32,
}

/// The range that contains no place: whether it holds can't be told.
const UNTOLD: (u32, u32) = (u32::MAX, 0);
/// The end of a range that has none.
const NEVER: u32 = u32::MAX;

/// What one name has in the index: rows and bounds from those of the name before it to these ends.
#[derive(Clone, Copy, Debug)]
struct Entry<S> {
    scheme: S,
    rows_end: u32,
    bounds_end: u32,
}

/// Everything that advisories say, searched by name and version.
#[derive(Clone, Debug)]
pub struct Index<S> {
    advisories: Names,
    names: Names,
    versions: Names,
    entries: Vec<Entry<S>>,
    rows: Vec<Row>,
    /// For each name its distinct bounds, in the order of its scheme.
    bounds: Vec<u32>,
    /// The names in suites, by the name without.
    suites: HashMap<u32, Vec<u32>>,
}

/// What a version is, seen from the bounds of a name.
enum Place<'a> {
    /// Known by its place among them.
    At(u32),
    /// Known by nothing but comparing, in a scheme that can't be sorted.
    Compared(&'a str),
    /// Anywhere.
    Nowhere,
}

impl<S: Scheme> Index<S> {
    /// Adds every advisory that is, or may be, about `version` of `identity` to `hits`, once each and in the
    /// order of their numbers.
    ///
    /// A component of no known suite may be of any: what holds in one of them is untold.
    pub fn find(&self, identity: &Identity<'_, S>, version: &str, hits: &mut Vec<Hit>) {
        let Some(base) = self.names.find(identity.name) else { return };
        let start = hits.len();
        self.find_on(base, version, Certainty::Affected, hits);
        match identity.in_suite() {
            Some(name) => {
                if let Some(name) = self.names.find(&name) {
                    self.find_on(name, version, Certainty::Affected, hits);
                }
            }
            None => {
                for name in self.suites.get(&base).into_iter().flatten() {
                    self.find_on(*name, version, Certainty::Untold, hits);
                }
            }
        }
        let mut found = hits.split_off(start);
        found.sort_unstable();
        found.dedup_by_key(|hit| hit.advisory);
        hits.append(&mut found);
    }

    /// Every advisory that names `name`, whatever it says of versions, by number.
    pub fn naming(&self, name: &str) -> impl Iterator<Item = u32> {
        let number = self.names.find(name);
        let rows = number.and_then(|number| self.entry(number)).map(|(_, rows, _)| rows).unwrap_or_default();
        let mut last = None;
        rows.iter().map(|row| row.advisory).filter(move |advisory| last.replace(*advisory) != Some(*advisory))
    }

    /// The id of an advisory.
    #[must_use]
    pub fn advisory(&self, number: u32) -> &str {
        self.advisories.text(number)
    }

    /// How many advisories it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.advisories.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.advisories.is_empty()
    }

    /// What it occupies, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let names = self.advisories.bytes() + self.names.bytes() + self.versions.bytes();
        let suites: usize = self.suites.values().map(|names| names.capacity() * 4 + 32).sum();
        names
            + suites
            + self.entries.capacity() * size_of::<Entry<S>>()
            + self.rows.capacity() * size_of::<Row>()
            + self.bounds.capacity() * 4
    }

    fn find_on(&self, name: u32, version: &str, certainty: Certainty, hits: &mut Vec<Hit>) {
        let Some((scheme, rows, bounds)) = self.entry(name) else { return };
        let place = self.place(scheme, bounds, version);
        for row in rows {
            let Row { advisory, low, high } = *row;
            let found = if (low, high) == UNTOLD {
                Some(Certainty::Untold)
            } else {
                match place {
                    Place::Nowhere => Some(Certainty::Untold),
                    Place::At(at) => (low <= at && at <= high).then_some(certainty),
                    Place::Compared(version) => {
                        self.compare(scheme, bounds, row, version).then_some(certainty)
                    }
                }
            };
            hits.extend(found.map(|certainty| Hit { advisory, certainty }));
        }
    }

    fn entry(&self, name: u32) -> Option<(S, &[Row], &[u32])> {
        let entry = self.entries.get(name as usize)?;
        let before = name.checked_sub(1).and_then(|before| self.entries.get(before as usize));
        let (rows, bounds) = before.map_or((0, 0), |before| (before.rows_end, before.bounds_end));
        let rows = self.rows.get(rows as usize..entry.rows_end as usize)?;
        Some((entry.scheme, rows, self.bounds.get(bounds as usize..entry.bounds_end as usize)?))
    }

    fn place<'a>(&self, scheme: S, bounds: &[u32], version: &'a str) -> Place<'a> {
        if !is_placed(version) {
            return Place::Nowhere;
        } else if !scheme.is_total() {
            return Place::Compared(version);
        }
        let found = bounds.binary_search_by(|bound| scheme.compare(self.versions.text(*bound), version));
        let (Ok(index) | Err(index)) = found;
        Place::At(u32::try_from(index * 2 + usize::from(found.is_ok())).unwrap_or(u32::MAX))
    }

    /// Whether a row contains a version, without a place: by comparing with the bounds that its places mean.
    fn compare(&self, scheme: S, bounds: &[u32], row: &Row, version: &str) -> bool {
        let against = |place: u32| {
            let bound = bounds.get(place as usize / 2).map_or("", |bound| self.versions.text(*bound));
            scheme.compare(version, bound)
        };
        let starts = match row.low {
            0 => true,
            at if at % 2 == 1 => against(at).is_ge(),
            after => against(after - 2).is_gt(),
        };
        starts
            && match row.high {
                NEVER => true,
                through if through % 2 == 1 => against(through).is_le(),
                below => against(below).is_lt(),
            }
    }
}

/// One range of a claim, before the bounds of its name are known.
#[derive(Clone, Copy, Debug)]
struct Staged {
    name: u32,
    advisory: u32,
    from: StagedBound,
    to: StagedBound,
}

/// A version by its number, doubled, and whether it is excluded; or none. Millions of these are held at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct StagedBound(u32);

impl StagedBound {
    const OPEN: StagedBound = StagedBound(u32::MAX);
    /// The start of a range of which nothing is told.
    const UNTOLD: StagedBound = StagedBound(u32::MAX - 1);

    fn new(version: u32, is_excluded: bool) -> Result<StagedBound, Full> {
        let doubled =
            version.checked_mul(2).filter(|doubled| *doubled < StagedBound::UNTOLD.0 - 1).ok_or(Full)?;
        Ok(StagedBound(doubled + u32::from(is_excluded)))
    }

    /// The version, and whether it is excluded.
    fn version(self) -> Option<(u32, bool)> {
        (self != StagedBound::OPEN && self != StagedBound::UNTOLD).then_some((self.0 / 2, self.0 % 2 == 1))
    }
}

/// An index in the making: claims are added in any order, as a stream of advisories brings them.
#[derive(Clone, Debug)]
pub struct Builder<S> {
    advisories: Names,
    names: Names,
    versions: Names,
    schemes: Vec<S>,
    suites: HashMap<u32, Vec<u32>>,
    staged: Vec<Staged>,
}

impl<S> Default for Builder<S> {
    fn default() -> Builder<S> {
        Builder {
            advisories: Names::default(),
            names: Names::default(),
            versions: Names::default(),
            schemes: Vec::new(),
            suites: HashMap::new(),
            staged: Vec::new(),
        }
    }
}

impl<S: Scheme> Builder<S> {
    /// Adds what an advisory says about `identity`, and returns the advisory's number.
    ///
    /// # Errors
    /// There is no room for it.
    pub fn add(&mut self, advisory: &str, identity: &Identity<'_, S>, claim: Claim<'_>) -> Result<u32, Full> {
        let advisory = self.advisories.number(advisory)?;
        let base = self.name(identity.name, identity.scheme)?;
        let name = match identity.in_suite() {
            Some(in_suite) => {
                let count = self.names.len();
                let name = self.name(&in_suite, identity.scheme)?;
                if self.names.len() > count {
                    self.suites.entry(base).or_default().push(name);
                }
                name
            }
            None => base,
        };
        let untold = Staged { name, advisory, from: StagedBound::UNTOLD, to: StagedBound::OPEN };
        match claim {
            Claim::Untold => self.staged.push(untold),
            Claim::Spans(spans) => {
                for span in spans {
                    let staged = match self.bounds(span)? {
                        Some((from, to)) => Staged { from, to, ..untold },
                        None => untold,
                    };
                    self.staged.push(staged);
                }
            }
        }
        Ok(advisory)
    }

    /// The bounds of a span; none where one of them has no place.
    fn bounds(&mut self, span: &Span<'_>) -> Result<Option<(StagedBound, StagedBound)>, Full> {
        if !span.is_placed() {
            return Ok(None);
        }
        let from = match span.from {
            Start::Beginning => StagedBound::OPEN,
            Start::At(from) => StagedBound::new(self.versions.number(from)?, false)?,
            Start::After(from) => StagedBound::new(self.versions.number(from)?, true)?,
        };
        let to = match span.to {
            End::Never => StagedBound::OPEN,
            End::Through(to) => StagedBound::new(self.versions.number(to)?, false)?,
            End::Below(to) => StagedBound::new(self.versions.number(to)?, true)?,
        };
        Ok(Some((from, to)))
    }

    fn name(&mut self, name: &str, scheme: S) -> Result<u32, Full> {
        let number = self.names.number(name)?;
        if self.schemes.len() < self.names.len() {
            self.schemes.push(scheme);
        }
        Ok(number)
    }

    /// Sorts what was added.
    ///
    /// # Errors
    /// There are more ranges than 32 bits count.
    pub fn finish(self) -> Result<Index<S>, Full> {
        let Builder { mut advisories, mut names, mut versions, schemes, suites, staged } = self;
        u32::try_from(staged.len()).ok().filter(|rows| *rows < u32::MAX / 4).ok_or(Full)?;
        let staged = by_name(staged);
        let mut rows = Vec::with_capacity(staged.len());
        let (mut bounds, mut entries) = (Vec::new(), Vec::with_capacity(schemes.len()));
        let mut sorter = Sorter::default();
        let mut rest = staged.as_slice();
        for (name, scheme) in schemes.into_iter().enumerate() {
            let (own, after) = rest.split_at(rest.iter().take_while(|row| row.name as usize == name).count());
            rest = after;
            sorter.sort(scheme, own, &versions, &mut bounds);
            let start = rows.len();
            rows.extend(own.iter().map(|staged| sorter.row(staged)));
            if let Some(own) = rows.get_mut(start..) {
                own.sort_by_key(|row: &Row| row.advisory);
            }
            let end = |length: usize| u32::try_from(length).map_err(|_| Full);
            entries.push(Entry { scheme, rows_end: end(rows.len())?, bounds_end: end(bounds.len())? });
        }
        bounds.shrink_to_fit();
        for names in [&mut advisories, &mut names, &mut versions] {
            names.shrink();
        }
        Ok(Index { advisories, names, versions, entries, rows, bounds, suites })
    }
}

/// Rows by name, in the order in which they came: where each name begins is counted, not compared.
fn by_name(staged: Vec<Staged>) -> Vec<Staged> {
    let mut starts: Vec<usize> = Vec::new();
    for row in &staged {
        let after = row.name as usize + 1;
        if starts.len() <= after {
            starts.resize(after + 1, 0);
        }
        if let Some(count) = starts.get_mut(after) {
            *count += 1;
        }
    }
    let mut sum = 0;
    for start in &mut starts {
        sum += *start;
        *start = sum;
    }
    let mut ordered = staged.clone();
    for row in staged {
        if let Some(start) = starts.get_mut(row.name as usize) {
            if let Some(slot) = ordered.get_mut(*start) {
                *slot = row;
            }
            *start += 1;
        }
    }
    ordered
}

/// A version that bounds a range.
#[derive(Clone, Copy)]
struct Bound {
    version: u32,
    key: Option<u128>,
}

/// Gives the versions that bound the ranges on a name their slots, in the order of its scheme.
#[derive(Default)]
struct Sorter {
    versions: Vec<u32>,
    sorted: Vec<Bound>,
    /// Versions, by their numbers, with their slots.
    slots: Vec<(u32, u32)>,
}

impl Sorter {
    fn sort<S: Scheme>(&mut self, scheme: S, rows: &[Staged], names: &Names, bounds: &mut Vec<u32>) {
        self.versions.clear();
        let versions = rows.iter().flat_map(|row| [row.from.version(), row.to.version()]);
        self.versions.extend(versions.flatten().map(|(version, _)| version));
        self.versions.sort_unstable();
        self.versions.dedup();
        let keyed = |version: &u32| Bound { version: *version, key: scheme.key(names.text(*version)) };
        self.sorted.clear();
        self.sorted.extend(self.versions.iter().map(keyed));
        let order = |a: &Bound, b: &Bound| match (a.key, b.key) {
            (Some(a), Some(b)) if a != b => a.cmp(&b),
            _ => scheme.compare(names.text(a.version), names.text(b.version)),
        };
        if scheme.is_total() {
            self.sorted.sort_by(order);
        }
        self.slots.clear();
        let mut before: Option<Bound> = None;
        let mut slot = 0;
        for bound in &self.sorted {
            // Versions of one place share a slot, where there are places.
            let is_same = scheme.is_total() && before.is_some_and(|before| order(&before, bound).is_eq());
            if !is_same {
                bounds.push(bound.version);
                slot += u32::from(before.is_some());
            }
            self.slots.push((bound.version, slot));
            before = Some(*bound);
        }
        self.slots.sort_unstable();
    }

    fn row(&self, staged: &Staged) -> Row {
        let slot = |version: u32| {
            let found = self.slots.binary_search_by_key(&version, |(version, _)| *version);
            found.ok().and_then(|at| self.slots.get(at)).map_or(0, |(_, slot)| *slot)
        };
        if staged.from == StagedBound::UNTOLD {
            return Row { advisory: staged.advisory, low: UNTOLD.0, high: UNTOLD.1 };
        }
        let low = staged
            .from
            .version()
            .map_or(0, |(version, is_excluded)| slot(version) * 2 + if is_excluded { 2 } else { 1 });
        let high = staged
            .to
            .version()
            .map_or(NEVER, |(version, is_excluded)| slot(version) * 2 + u32::from(!is_excluded));
        Row { advisory: staged.advisory, low, high }
    }
}
