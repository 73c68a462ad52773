//! What a test run prints: all of it is read, so that it is never held up, and no more than a bounded part is kept.

use std::collections::VecDeque;
use std::io::Read;

/// Most of a run's output that is kept, in bytes: one half from its beginning, one from its end.
pub const OUTPUT_BYTES_MAX: usize = 1 << 20;
const HALF: usize = OUTPUT_BYTES_MAX / 2;

/// The beginning and the end of what was printed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    left_out: u64,
}

impl Output {
    /// Reads to the end, or until reading fails: then what came is what there is.
    pub(super) fn read(mut from: impl Read) -> Output {
        let mut output = Output::default();
        let mut part = vec![0; 64 << 10];
        while let Ok(count @ 1..) = from.read(&mut part) {
            output.add(part.get(..count).unwrap_or_default());
        }
        output
    }

    fn add(&mut self, bytes: &[u8]) {
        let (head, rest) = bytes.split_at(bytes.len().min(HALF - self.head.len()));
        self.head.extend_from_slice(head);
        self.tail.extend(rest);
        let over = self.tail.len().saturating_sub(HALF);
        self.tail.drain(..over);
        self.left_out += over as u64;
    }

    /// How many bytes between beginning and end are not kept.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// The output as text; what was left out is said where it was.
    #[must_use]
    pub fn text(&self) -> String {
        let mut bytes = self.head.clone();
        if self.left_out > 0 {
            bytes.extend_from_slice(format!("\n[... {} bytes left out ...]\n", self.left_out).as_bytes());
        }
        bytes.extend(&self.tail);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_and_the_end_are_kept() {
        let mut text = vec![b'a'; HALF];
        text.extend(vec![b'b'; 1_000]);
        text.extend(vec![b'c'; HALF]);
        let output = Output::read(text.as_slice());
        assert_eq!(output.left_out(), 1_000);
        let shown = output.text();
        assert!(
            shown.starts_with('a') && shown.ends_with('c') && shown.contains("[... 1000 bytes left out ...]")
        );
        assert!(!shown.contains("bbb"));
        assert_eq!(Output::read(&b"short"[..]).text(), "short");
    }
}
