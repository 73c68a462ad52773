//! Names of things. Identity is an argument: whoever calls the domain brings the random bits.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Longest accepted [`Slug`], in bytes.
pub const SLUG_BYTES_MAX: usize = 40;

/// The alphabet of Crockford's base 32: no I, L, O or U, so that an id survives being read aloud.
const CROCKFORD: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const CASE_ID_CHARS: usize = 12;

/// A case's name: 60 random bits, shown as `7k3m-9xq4-b2wd`. Random, so that the next case's id tells
/// nobody how many there are (ALL-01).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CaseId(u64);

impl CaseId {
    /// Takes the low 60 bits of `bits`.
    #[must_use]
    pub fn from_bits(bits: u64) -> CaseId {
        CaseId(bits & ((1 << 60) - 1))
    }
}

impl fmt::Display for CaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for position in 0..CASE_ID_CHARS {
            if position > 0 && position % 4 == 0 {
                f.write_str("-")?;
            }
            let shift = 5 * (CASE_ID_CHARS - 1 - position);
            let digit = usize::try_from((self.0 >> shift) & 31).unwrap_or(0);
            let letter = CROCKFORD.get(digit).copied().unwrap_or(b'0');
            write!(f, "{}", char::from(letter))?;
        }
        Ok(())
    }
}

/// What was typed is not a case id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotACaseId(pub String);

impl fmt::Display for NotACaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a case id; one looks like 7k3m-9xq4-b2wd", self.0)
    }
}

impl std::error::Error for NotACaseId {}

impl FromStr for CaseId {
    type Err = NotACaseId;

    fn from_str(text: &str) -> Result<CaseId, NotACaseId> {
        let mut bits = 0_u64;
        let mut chars = 0;
        for byte in text.bytes().filter(|byte| *byte != b'-') {
            let lower = match byte.to_ascii_lowercase() {
                b'o' => b'0',
                b'i' | b'l' => b'1',
                other => other,
            };
            let digit = CROCKFORD.iter().position(|letter| *letter == lower);
            let digit = digit.ok_or_else(|| NotACaseId(text.to_owned()))?;
            chars += 1;
            if chars > CASE_ID_CHARS {
                return Err(NotACaseId(text.to_owned()));
            }
            bits = (bits << 5) | digit as u64;
        }
        if chars == CASE_ID_CHARS { Ok(CaseId(bits)) } else { Err(NotACaseId(text.to_owned())) }
    }
}

impl TryFrom<String> for CaseId {
    type Error = NotACaseId;

    fn try_from(text: String) -> Result<CaseId, NotACaseId> {
        text.parse()
    }
}

impl From<CaseId> for String {
    fn from(id: CaseId) -> String {
        id.to_string()
    }
}

/// The name of an application or of a member of the list: of the same form as a case's, and never one's. Both are
/// owners of keys and of events in one log, so what holds for one form holds for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StreamId(CaseId);

impl StreamId {
    /// Takes the low 60 bits of `bits`.
    #[must_use]
    pub fn from_bits(bits: u64) -> StreamId {
        StreamId(CaseId::from_bits(bits))
    }

    /// The stream whose key, and whose events, the log keeps under this name.
    #[must_use]
    pub fn of_owner(owner: CaseId) -> StreamId {
        StreamId(owner)
    }

    /// The name under which the log keeps its key and its events.
    #[must_use]
    pub fn owner(self) -> CaseId {
        self.0
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for StreamId {
    type Err = NotACaseId;

    fn from_str(text: &str) -> Result<StreamId, NotACaseId> {
        text.parse().map(StreamId)
    }
}

/// A short name of a policy's own making: a role, a custom step, a channel, a clock, a release, a person.
/// Lower-case letters, digits, `.`, `-` and `_`; begins with a letter or digit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Slug(Arc<str>);

impl Slug {
    /// The name as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What was given is not a [`Slug`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotASlug(pub String);

impl fmt::Display for NotASlug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: String = self.0.chars().take(SLUG_BYTES_MAX).collect();
        write!(
            f,
            "`{}` is not a name: use up to {SLUG_BYTES_MAX} lower-case letters, digits, `.`, `-`, `_`, a letter or digit first",
            shown.escape_debug()
        )
    }
}

impl std::error::Error for NotASlug {}

impl FromStr for Slug {
    type Err = NotASlug;

    fn from_str(text: &str) -> Result<Slug, NotASlug> {
        let first_is_word = text.bytes().next().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        let rest_is_fine = text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'_'));
        if first_is_word && rest_is_fine && text.len() <= SLUG_BYTES_MAX {
            Ok(Slug(Arc::from(text)))
        } else {
            Err(NotASlug(text.to_owned()))
        }
    }
}

impl TryFrom<String> for Slug {
    type Error = NotASlug;

    fn try_from(text: String) -> Result<Slug, NotASlug> {
        text.parse()
    }
}

impl From<Slug> for String {
    fn from(slug: Slug) -> String {
        slug.0.as_ref().to_owned()
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_id_survives_print_and_parse() {
        for bits in [0, 1, u64::MAX, 0x0123_4567_89ab_cdef] {
            let id = CaseId::from_bits(bits);
            assert_eq!(id.to_string().parse(), Ok(id));
            assert_eq!(id.to_string().to_uppercase().replace('0', "O").parse(), Ok(id));
        }
        assert!("7k3m-9xq4".parse::<CaseId>().is_err());
        assert!("7k3m-9xq4-b2wd-1".parse::<CaseId>().is_err());
        assert!("7k3m-9xq4-b2w!".parse::<CaseId>().is_err());
    }

    #[test]
    fn a_slug_is_small_and_plain() {
        assert!("stable-4.4".parse::<Slug>().is_ok());
        for bad in ["", "-a", "A", "a b", "é", &"a".repeat(41)] {
            assert!(bad.parse::<Slug>().is_err(), "{bad}");
        }
    }
}
