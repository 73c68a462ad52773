//! Bases of deltas that were decoded lately.

use foldhash::HashMap;
use foldhash::HashMapExt;
use gix_object::Kind;
use gix_pack::cache::DecodeEntry;

struct Held {
    kind: Kind,
    bytes: Vec<u8>,
    compressed: usize,
}

/// Two generations: when the young one is full, it becomes the old one, and the old one is forgotten. What is
/// used again becomes young again.
pub(super) struct Recent {
    young: HashMap<(u32, u64), Held>,
    old: HashMap<(u32, u64), Held>,
    young_bytes: usize,
    limit_bytes: usize,
}

impl Recent {
    /// Holds at most so many bytes, both generations together.
    pub(super) fn new(limit_bytes: usize) -> Recent {
        Recent { young: HashMap::new(), old: HashMap::new(), young_bytes: 0, limit_bytes: limit_bytes / 2 }
    }

    fn hold(&mut self, key: (u32, u64), held: Held) {
        if held.bytes.len() > self.limit_bytes {
            return;
        }
        if self.young_bytes + held.bytes.len() > self.limit_bytes {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        self.young_bytes += held.bytes.len();
        self.young.insert(key, held);
    }
}

impl DecodeEntry for Recent {
    fn put(&mut self, pack: u32, offset: u64, data: &[u8], kind: Kind, compressed: usize) {
        self.hold((pack, offset), Held { kind, bytes: data.to_vec(), compressed });
    }

    fn get(&mut self, pack: u32, offset: u64, out: &mut Vec<u8>) -> Option<(Kind, usize)> {
        let key = (pack, offset);
        if let Some(held) = self.old.remove(&key) {
            self.hold(key, held);
        }
        let held = self.young.get(&key)?;
        out.clear();
        out.extend_from_slice(&held.bytes);
        Some((held.kind, held.compressed))
    }
}
