//! Secrets that people hold: in a link, in a cookie, on a slip of paper.

use crate::chance::Chance;
use std::fmt;
use std::str::FromStr;

/// Digits and letters that nobody confuses: no `i`, `l`, `o`, `u` (Crockford's base 32).
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// 160 bits: not to be guessed, and 32 characters long.
const BYTES: usize = 20;
/// Whatever is longer was never one of ours, spaces and hyphens included.
const TYPED_CHARS_MAX: usize = 100;

/// A random secret of 160 bits. Its text form is for whoever holds it, so `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; BYTES]);

/// This is no secret of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoSecret;

impl Secret {
    /// A fresh one.
    #[must_use]
    pub fn draw(chance: &Chance) -> Secret {
        Secret(chance.bytes())
    }

    /// Its bytes, to be hashed.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// In groups of four, to be written down and typed again.
    #[must_use]
    pub fn grouped(&self) -> String {
        grouped(&self.to_string())
    }
}

/// In groups of four, to be written down and typed again.
#[must_use]
pub fn grouped(text: &str) -> String {
    let groups: Vec<&str> =
        (0..text.len()).step_by(4).filter_map(|at| text.get(at..text.len().min(at + 4))).collect();
    groups.join("-")
}

/// What was typed from paper as it was shown: without spaces and hyphens, in small letters that nobody confuses.
#[must_use]
pub fn as_shown(typed: &str) -> String {
    let kept = typed.chars().filter(|c| !c.is_whitespace() && *c != '-');
    kept.map(unconfused).take(TYPED_CHARS_MAX).collect()
}

/// 32 lower-case characters.
impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut bits, mut held) = (0_u32, 0_u32);
        for byte in self.0 {
            bits = bits << 8 | u32::from(byte);
            held += 8;
            while held >= 5 {
                held -= 5;
                let letter = ALPHABET[(bits >> held & 31) as usize];
                fmt::Write::write_char(f, char::from(letter))?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// Forgiving towards whoever types it from paper: capitals, spaces and hyphens do not matter, `o` is zero,
/// `i` and `l` are one.
impl FromStr for Secret {
    type Err = NoSecret;

    fn from_str(text: &str) -> Result<Secret, NoSecret> {
        if text.len() > TYPED_CHARS_MAX {
            return Err(NoSecret);
        }
        let mut bytes = Vec::with_capacity(BYTES);
        let (mut bits, mut held) = (0_u32, 0_u32);
        for c in text.chars().filter(|c| !c.is_whitespace() && *c != '-') {
            bits = bits << 5 | value(c).ok_or(NoSecret)?;
            held += 5;
            if held >= 8 {
                held -= 8;
                bytes.push((bits >> held & 0xff) as u8);
            }
        }
        if held != 0 {
            return Err(NoSecret);
        }
        bytes.try_into().map(Secret).map_err(|_| NoSecret)
    }
}

fn value(c: char) -> Option<u32> {
    let c = unconfused(c);
    let at = ALPHABET.iter().position(|letter| char::from(*letter) == c)?;
    u32::try_from(at).ok()
}

fn unconfused(c: char) -> char {
    match c.to_ascii_lowercase() {
        'o' => '0',
        'i' | 'l' => '1',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_from_paper_is_understood() {
        let secret = Secret::draw(&Chance::seeded(3));
        let text = secret.to_string();
        assert_eq!(text.len(), 32);
        assert_eq!(text.parse(), Ok(secret.clone()));
        assert_eq!(secret.grouped().to_uppercase().replace('-', " - ").parse(), Ok(secret.clone()));
        assert_eq!(text.replace('0', "O").replace('1', "l").parse(), Ok(secret));
    }

    #[test]
    fn anything_else_is_none() {
        for text in ["", "0", "u", &"0".repeat(31), &"0".repeat(33), &"0".repeat(40), &"é".repeat(16)] {
            assert_eq!(text.parse::<Secret>(), Err(NoSecret), "{text}");
        }
        assert!(!format!("{:?}", Secret::draw(&Chance::seeded(1))).contains('0'));
    }
}
