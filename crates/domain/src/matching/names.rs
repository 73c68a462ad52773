//! Texts that occur again and again, each kept once and called by a number.

use hashbrown::hash_table::Entry;
use hashbrown::{DefaultHashBuilder, HashTable};
use std::fmt;
use std::hash::BuildHasher;

/// More text, or more texts, than a number of 32 bits can tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it holds more than 4 GiB of names or versions; hand it in as several")
    }
}

impl std::error::Error for Full {}

/// Texts by number, and numbers by text.
#[derive(Clone, Debug, Default)]
pub struct Names {
    text: String,
    /// Where each text ends in `text`, in bytes.
    ends: Vec<u32>,
    /// Each number beside the hash of its text: a text is looked at only where that is the same.
    numbers: HashTable<(u32, u32)>,
    hasher: DefaultHashBuilder,
}

impl Names {
    /// The number of `name`, which gets one if it has none.
    ///
    /// # Errors
    /// There is no number left, or no room.
    pub fn number(&mut self, name: &str) -> Result<u32, Full> {
        let hash = self.hash(name);
        let (all, ends) = (&self.text, &self.ends);
        let is_it = |(other, number): &(u32, u32)| *other == hash && text(all, ends, *number) == name;
        let vacant = match self.numbers.entry(spread(hash), is_it, |(hash, _)| spread(*hash)) {
            Entry::Occupied(known) => return Ok(known.get().1),
            Entry::Vacant(vacant) => vacant,
        };
        let number = u32::try_from(self.ends.len()).ok().filter(|number| *number < u32::MAX).ok_or(Full)?;
        let end = u32::try_from(self.text.len() + name.len()).map_err(|_| Full)?;
        vacant.insert((hash, number));
        self.text.push_str(name);
        self.ends.push(end);
        Ok(number)
    }

    /// The number of `name`, if it has one.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<u32> {
        let hash = self.hash(name);
        let is_it =
            |(other, number): &(u32, u32)| *other == hash && text(&self.text, &self.ends, *number) == name;
        self.numbers.find(spread(hash), is_it).map(|(_, number)| *number)
    }

    fn hash(&self, name: &str) -> u32 {
        (self.hasher.hash_one(name) >> 32) as u32
    }

    /// The text of a number. Empty for a number that was never given.
    #[must_use]
    pub fn text(&self, number: u32) -> &str {
        text(&self.text, &self.ends, number)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// What they occupy, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.text.capacity() + self.ends.capacity() * 4 + self.numbers.allocation_size()
    }

    pub(super) fn shrink(&mut self) {
        self.text.shrink_to_fit();
        self.ends.shrink_to_fit();
    }
}

/// The table takes a hash's place from its lowest bits, and a mark from its highest.
fn spread(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}

fn text<'a>(all: &'a str, ends: &[u32], number: u32) -> &'a str {
    let at = |index: Option<usize>| index.and_then(|index| ends.get(index)).map_or(0, |end| *end as usize);
    let index = number as usize;
    all.get(at(index.checked_sub(1))..at(Some(index))).unwrap_or_default()
}
