//! Texts that occur again and again, each kept once and called by a number.

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
    numbers: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl Names {
    /// The number of `name`, which gets one if it has none.
    ///
    /// # Errors
    /// There is no number left, or no room.
    pub fn number(&mut self, name: &str) -> Result<u32, Full> {
        let hash = self.hasher.hash_one(name);
        if let Some(number) = self.numbers.find(hash, |number| text(&self.text, &self.ends, *number) == name)
        {
            return Ok(*number);
        }
        let number = u32::try_from(self.ends.len()).ok().filter(|number| *number < u32::MAX).ok_or(Full)?;
        let end = u32::try_from(self.text.len() + name.len()).map_err(|_| Full)?;
        self.text.push_str(name);
        self.ends.push(end);
        let (all, ends, hasher) = (&self.text, &self.ends, &self.hasher);
        self.numbers.insert_unique(hash, number, |number| hasher.hash_one(text(all, ends, *number)));
        Ok(number)
    }

    /// The number of `name`, if it has one.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<u32> {
        let hash = self.hasher.hash_one(name);
        self.numbers.find(hash, |number| text(&self.text, &self.ends, *number) == name).copied()
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

fn text<'a>(all: &'a str, ends: &[u32], number: u32) -> &'a str {
    let at = |index: Option<usize>| index.and_then(|index| ends.get(index)).map_or(0, |end| *end as usize);
    let index = number as usize;
    all.get(at(index.checked_sub(1))..at(Some(index))).unwrap_or_default()
}
