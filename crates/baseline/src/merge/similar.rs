//! How much of one file is in another, as git counts it: by pieces of up to a line or 64 bytes.

/// The number that stands for "all of it".
pub(super) const ALL: u64 = 60_000;
/// From here on, a file that goes and one that comes are the same, renamed.
pub(super) const ENOUGH: u64 = ALL / 2;
/// The same for two files that have their name in common with no others.
pub(super) const ENOUGH_BY_NAME: u64 = ALL / 4 * 3;

const PIECE_BYTES_MAX: u32 = 64;
const SUMS: u32 = 107_927;

/// The pieces of a file: how many bytes there are of each, sorted by the sums of the pieces.
pub(super) struct Pieces {
    size: u64,
    counts: Vec<(u32, u64)>,
}

/// Cuts a file into pieces.
pub(super) fn pieces(bytes: &[u8], binary: bool) -> Pieces {
    let mut counts: Vec<(u32, u64)> = Vec::new();
    let (mut low, mut high, mut length) = (0_u32, 0_u32, 0_u32);
    let mut rest = bytes.iter().peekable();
    while let Some(&byte) = rest.next() {
        if !binary && byte == b'\r' && rest.peek() == Some(&&b'\n') {
            continue;
        }
        let before = low;
        low = (low << 7) ^ (high >> 25);
        high = (high << 7) ^ (before >> 25);
        low = low.wrapping_add(u32::from(byte));
        length += 1;
        if length >= PIECE_BYTES_MAX || byte == b'\n' {
            counts.push((sum(low, high), u64::from(length)));
            (low, high, length) = (0, 0, 0);
        }
    }
    if length > 0 {
        counts.push((sum(low, high), u64::from(length)));
    }
    counts.sort_unstable();
    counts.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 += next.1;
        }
        same
    });
    Pieces { size: bytes.len() as u64, counts }
}

fn sum(low: u32, high: u32) -> u32 {
    low.wrapping_add(high.wrapping_mul(0x61)) % SUMS
}

/// How similar two files are, from 0 to [`ALL`]; 0 if their sizes say already that it is not `least`.
pub(super) fn likeness(source: &Pieces, target: &Pieces, least: u64) -> u64 {
    let larger = source.size.max(target.size);
    let smaller = source.size.min(target.size);
    if larger * (ALL - least) < (larger - smaller) * ALL || target.size == 0 {
        return 0;
    }
    let mut copied = 0;
    let mut there = target.counts.iter().peekable();
    for (sum, count) in &source.counts {
        while there.next_if(|(other, _)| other < sum).is_some() {}
        if let Some((_, other)) = there.next_if(|(other, _)| other == sum) {
            copied += count.min(other);
        }
    }
    copied * ALL / larger
}
