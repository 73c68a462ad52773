//! `GIT binary patch`: base 85, and git's deltas.

/// Largest result of a delta, in bytes.
pub const DELTA_BYTES_MAX: usize = 64 << 20;

/// What a binary patch says, still deflated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BinaryHunk {
    /// The whole content afterwards.
    Literal {
        /// Its size when inflated, in bytes.
        size: usize,
        /// Deflated.
        deflated: Vec<u8>,
    },
    /// A delta from the content before.
    Delta {
        /// The delta's own size when inflated, in bytes.
        size: usize,
        /// Deflated.
        deflated: Vec<u8>,
    },
}

const ALPHABET: &[u8; 85] =
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";

/// Decodes one line of base 85, which says its own length first: `A` to `Z` are 1 to 26, `a` to `z` 27 to 52.
pub(super) fn decode_line(line: &[u8], into: &mut Vec<u8>) -> Option<()> {
    let (&length, digits) = line.split_first()?;
    let length = match length {
        b'A'..=b'Z' => usize::from(length - b'A') + 1,
        b'a'..=b'z' => usize::from(length - b'a') + 27,
        _ => return None,
    };
    if digits.len() != length.div_ceil(4) * 5 {
        return None;
    }
    let mut left = length;
    for group in digits.chunks(5) {
        let mut value: u32 = 0;
        for &digit in group {
            let digit = ALPHABET.iter().position(|&known| known == digit)?;
            value = value.checked_mul(85)?.checked_add(digit as u32)?;
        }
        let bytes = value.to_be_bytes();
        let taken = left.min(4);
        into.extend_from_slice(bytes.get(..taken)?);
        left -= taken;
    }
    Some(())
}

/// Applies one of git's deltas; `None` if it is malformed, or belongs to something else.
#[must_use]
pub fn apply_delta(base: &[u8], delta: &[u8]) -> Option<Vec<u8>> {
    let mut rest = delta;
    if size(&mut rest)? != base.len() {
        return None;
    }
    let wanted = size(&mut rest)?;
    if wanted > DELTA_BYTES_MAX {
        return None;
    }
    let mut result = Vec::with_capacity(wanted);
    while let Some((&command, after)) = rest.split_first() {
        rest = after;
        if command & 0x80 != 0 {
            let (offset, length) = copied(command, &mut rest)?;
            result.extend_from_slice(base.get(offset..offset.checked_add(length)?)?);
        } else {
            if command == 0 {
                return None;
            }
            let (new, after) = rest.split_at_checked(usize::from(command))?;
            result.extend_from_slice(new);
            rest = after;
        }
        if result.len() > wanted {
            return None;
        }
    }
    (result.len() == wanted).then_some(result)
}

/// Offset and length of a command that copies.
fn copied(command: u8, rest: &mut &[u8]) -> Option<(usize, usize)> {
    let mut number = |bits: std::ops::Range<u8>| -> Option<usize> {
        let mut value = 0;
        for (place, bit) in bits.enumerate() {
            if command & (1 << bit) != 0 {
                let (&byte, after) = rest.split_first()?;
                *rest = after;
                value |= usize::from(byte) << (8 * place);
            }
        }
        Some(value)
    };
    let offset = number(0..4)?;
    let length = number(4..7)?;
    Some((offset, if length == 0 { 0x10000 } else { length }))
}

fn size(rest: &mut &[u8]) -> Option<usize> {
    let mut value: usize = 0;
    for place in 0..9 {
        let (&byte, after) = rest.split_first()?;
        *rest = after;
        value |= usize::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_85_says_its_length() {
        let mut bytes = Vec::new();
        assert_eq!(decode_line(b"D00000", &mut bytes), Some(()));
        assert_eq!(bytes, [0; 4]);
        assert_eq!(decode_line(b"A|NsC0", &mut bytes), Some(()));
        assert_eq!(bytes.len(), 5);
        for broken in [&b""[..], b"D0000", b"D000000", b"!00000", b"D\"0000", b"D~~~~~"] {
            assert_eq!(decode_line(broken, &mut Vec::new()), None, "{broken:?}");
        }
    }

    #[test]
    fn deltas_copy_and_insert_within_bounds() {
        assert_eq!(
            apply_delta(b"hello", &[5, 7, 0x91, 1, 4, 3, b'!', b'!', b'?']).as_deref(),
            Some(&b"ello!!?"[..])
        );
        assert_eq!(apply_delta(b"hello", &[5, 4, 0x91, 2, 4]), None, "beyond the base");
        assert_eq!(apply_delta(b"hell", &[5, 1, 1, b'a']), None, "another base");
        assert_eq!(apply_delta(b"", &[0, 1, 0]), None, "a reserved command");
    }
}
