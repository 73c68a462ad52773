//! Lines of text as numbers: two lines are the same bytes if, and only if, they have the same number.

use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher;

/// The number of a line. Its highest bit is never set: [`super::apply()`] needs it for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineId(pub(super) u32);

impl LineId {
    /// The number itself, dense from 0: for algorithms that index tables with it.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Every line that was ever seen, each once. A line includes its newline, if it has one.
#[derive(Default)]
pub struct Lines {
    bytes: Vec<u8>,
    /// Where each line ends in `bytes`.
    ends: Vec<usize>,
    table: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl Lines {
    /// No lines yet.
    #[must_use]
    pub fn new() -> Lines {
        Lines::default()
    }

    /// How many different lines there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether no line was seen yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Memory that the lines take, in bytes, roughly.
    #[must_use]
    pub fn bytes_used(&self) -> usize {
        self.bytes.len() + self.ends.len() * 16
    }

    /// The number of `line`.
    pub fn intern(&mut self, line: &[u8]) -> LineId {
        let hash = self.hasher.hash_one(line);
        let (bytes, ends) = (&self.bytes, &self.ends);
        if let Some(&found) = self.table.find(hash, |&id| slice(bytes, ends, id) == line) {
            return LineId(found);
        }
        // 2^31 different lines take 32 GiB here: callers look at `bytes_used` and stop long before.
        let id = (self.ends.len() as u32) & (u32::MAX >> 1);
        self.bytes.extend_from_slice(line);
        self.ends.push(self.bytes.len());
        let (bytes, ends, hasher) = (&self.bytes, &self.ends, &self.hasher);
        self.table.insert_unique(hash, id, |&id| hasher.hash_one(slice(bytes, ends, id)));
        LineId(id)
    }

    /// Makes room for the lines of a first text at once: growing step by step hashes each of them again.
    fn expect(&mut self, count: usize) {
        let (bytes, ends, hasher) = (&self.bytes, &self.ends, &self.hasher);
        if self.table.is_empty() {
            self.table.reserve(count, |&id| hasher.hash_one(slice(bytes, ends, id)));
        }
    }

    /// A text as lines. The last one lacks its newline if the text does.
    pub fn split(&mut self, text: &[u8]) -> Vec<LineId> {
        let mut ids = Vec::with_capacity(text.len() / 24);
        self.expect(text.len() / 32);
        let mut start = 0;
        for newline in memchr::memchr_iter(b'\n', text) {
            ids.push(self.intern(text.get(start..=newline).unwrap_or_default()));
            start = newline + 1;
        }
        if let Some(rest) = text.get(start..).filter(|rest| !rest.is_empty()) {
            ids.push(self.intern(rest));
        }
        ids
    }

    /// A text as lines, given another one with its lines: what both begin and end with is looked up only once.
    pub fn split_like(&mut self, text: &[u8], like: &[u8], its_lines: &[LineId]) -> Vec<LineId> {
        let same = common_start(text, like);
        let head =
            text.get(..same).and_then(|same| memchr::memrchr(b'\n', same)).map_or(0, |newline| newline + 1);
        let rest = (text.get(head..).unwrap_or_default(), like.get(head..).unwrap_or_default());
        let same = common_end(rest.0, rest.1);
        // The first whole line of what both end with.
        let tail = rest.0.get(rest.0.len() - same..).unwrap_or_default();
        let tail =
            memchr::memchr(b'\n', tail).and_then(|newline| tail.get(newline + 1..)).unwrap_or_default();
        let middle = rest.0.get(..rest.0.len() - tail.len()).unwrap_or_default();
        let count = |part: &[u8]| memchr::memchr_iter(b'\n', part).count();
        let before = count(text.get(..head).unwrap_or_default());
        let after = count(tail) + usize::from(tail.last().is_some_and(|&last| last != b'\n'));
        let mut ids = its_lines.get(..before).unwrap_or_default().to_vec();
        ids.extend(self.split(middle));
        ids.extend_from_slice(its_lines.get(its_lines.len().saturating_sub(after)..).unwrap_or_default());
        ids
    }

    /// The bytes of a line.
    #[must_use]
    pub fn bytes(&self, line: LineId) -> &[u8] {
        slice(&self.bytes, &self.ends, line.0)
    }

    /// Lines as a text again.
    #[must_use]
    pub fn join(&self, ids: &[LineId]) -> Vec<u8> {
        let mut text = Vec::with_capacity(ids.iter().map(|&id| self.bytes(id).len()).sum());
        for &id in ids {
            text.extend_from_slice(self.bytes(id));
        }
        text
    }

    /// Whether a line ends with a newline.
    #[must_use]
    pub fn is_complete(&self, line: LineId) -> bool {
        self.bytes(line).last() == Some(&b'\n')
    }
}

/// Bytes that are compared at once: a processor does this in a few steps.
const BLOCK: usize = 64;

/// How many bytes two texts have in common at their beginning.
fn common_start(one: &[u8], other: &[u8]) -> usize {
    let blocks = one.chunks_exact(BLOCK).zip(other.chunks_exact(BLOCK));
    let whole = blocks.take_while(|(one, other)| one == other).count() * BLOCK;
    let rest = one.iter().skip(whole).zip(other.iter().skip(whole));
    whole + rest.take_while(|(one, other)| one == other).count()
}

/// How many bytes two texts have in common at their end.
fn common_end(one: &[u8], other: &[u8]) -> usize {
    let blocks = one.rchunks_exact(BLOCK).zip(other.rchunks_exact(BLOCK));
    let whole = blocks.take_while(|(one, other)| one == other).count() * BLOCK;
    let rest = one.iter().rev().skip(whole).zip(other.iter().rev().skip(whole));
    whole + rest.take_while(|(one, other)| one == other).count()
}

fn slice<'a>(bytes: &'a [u8], ends: &[usize], id: u32) -> &'a [u8] {
    let index = id as usize;
    let start = index.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or(0);
    ends.get(index).and_then(|&end| bytes.get(start..end)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_are_alike_have_the_same_lines() {
        let long = "a line\n".repeat(40);
        let texts = [
            "",
            "a",
            "a\n",
            "a\nb",
            "b\na\n",
            "a\na\na\n",
            "a\nb\na\n",
            "a\na",
            "xa\nb\na\n",
            "\n",
            "\n\na",
            &long,
            &long[1..],
            &long[..150],
            &format!("{long}{long}"),
            &format!("{long}other\n{long}"),
            &format!("{long}{}", &long[..100]),
            &format!("x{long}"),
            &format!("{long}x"),
        ];
        let mut lines = Lines::new();
        for one in texts {
            for other in texts {
                let like = lines.split(other.as_bytes());
                let plain = lines.split(one.as_bytes());
                assert_eq!(
                    lines.split_like(one.as_bytes(), other.as_bytes(), &like),
                    plain,
                    "{one:?} {other:?}"
                );
            }
        }
    }

    #[test]
    fn lines_come_back_as_they_were() {
        let mut lines = Lines::new();
        for text in [&b""[..], b"a", b"a\n", b"a\nb", b"\n\na\r\n\na\n"] {
            let ids = lines.split(text);
            assert_eq!(lines.join(&ids), text);
        }
        assert_eq!(lines.len(), 5, "a, a newline, b, newline alone, a with CRLF");
        assert_eq!(lines.intern(b"a\n"), lines.intern(b"a\n"));
    }
}
