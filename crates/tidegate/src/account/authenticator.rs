//! A second factor: codes of an authenticator app (TOTP, RFC 6238), and recovery codes for the day it is lost.

use crate::chance::Chance;
use crate::secret::{Secret, as_shown, grouped};
use serde::{Deserialize, Serialize};
use std::fmt;
use tidegate_domain::time::Instant;
use totp_rs::{Builder, Totp};

/// So many recovery codes are made at a time.
pub const RECOVERY_CODES: usize = 10;
/// Characters of a recovery code, of five bits each: with 80 bits, none is guessed from its tag.
const RECOVERY_CODE_CHARS: usize = 16;
/// The secret's length that RFC 4226 (section 4, R6) recommends, in bytes.
const SEED_BYTES: usize = 20;
const SECOND_US: i64 = 1_000_000;

/// What an app and we make codes from. `Debug` hides it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seed([u8; SEED_BYTES]);

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed")
    }
}

impl Seed {
    /// A fresh one.
    #[must_use]
    pub fn draw(chance: &Chance) -> Seed {
        Seed(chance.bytes())
    }

    /// As apps take it that cannot read pictures: base 32 (RFC 4648) in groups of four.
    #[must_use]
    pub fn typed(&self) -> String {
        grouped(&totp_rs::Secret::from(self.0).to_base32()).replace('-', " ")
    }

    /// The address from which an app is set up: `otpauth://totp/...`. `place`: where the account is; `name`: whose.
    #[must_use]
    pub fn address(&self, place: &str, name: &str) -> Option<String> {
        // A colon parts the two, and may stand in neither.
        let plain = |text: &str| text.replace(':', " ");
        let named = self.builder().with_issuer(Some(plain(place))).with_account_name(plain(name));
        named.build().ok()?.to_url().ok()
    }

    /// The step whose code was typed: the one of `now`, or one of its neighbours (RFC 6238, section 5.2).
    fn step_of(&self, digits: &str, now: Instant) -> Option<u64> {
        self.totp()?.check(digits, seconds(now))
    }

    /// The code of the step that `now` is in, as the app shows it.
    #[must_use]
    pub fn code(&self, now: Instant) -> Option<String> {
        Some(self.totp()?.generate(seconds(now)).to_string())
    }

    fn totp(&self) -> Option<Totp> {
        self.builder().build().ok()
    }

    /// Six digits, thirty seconds, SHA-1, one step of skew: what every app understands.
    fn builder(&self) -> Builder {
        Builder::new().with_secret(self.0)
    }
}

fn seconds(at: Instant) -> u64 {
    u64::try_from(at.micros() / SECOND_US).unwrap_or(0)
}

/// A recovery code, before it is stored as a tag alone. `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryCode(String);

impl RecoveryCode {
    /// A fresh one.
    #[must_use]
    pub fn draw(chance: &Chance) -> RecoveryCode {
        RecoveryCode(Secret::draw(chance).to_string().chars().take(RECOVERY_CODE_CHARS).collect())
    }

    /// What its tag is made of.
    #[must_use]
    pub fn plain(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&grouped(&self.0))
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode")
    }
}

/// What somebody typed as their code: perhaps an app's, perhaps one from paper, perhaps nothing.
#[derive(Clone)]
pub struct Typed {
    plain: String,
    tag: String,
    at: Instant,
}

impl Typed {
    /// `tag`: of what was typed, as a recovery code is stored.
    #[must_use]
    pub fn new(typed: &str, tag: impl FnOnce(&str) -> String, at: Instant) -> Typed {
        let plain = as_shown(typed);
        let tag = tag(&plain);
        Typed { plain, tag, at }
    }
}

/// Which code somebody came with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Factor {
    /// The app's.
    Code,
    /// One of the recovery codes.
    RecoveryCode,
}

/// An app that was set up, with what is left of the recovery codes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authenticator {
    seed: Seed,
    /// The step of the last code that was taken: none is taken again, nor one from before it.
    step: u64,
    /// Tags of the recovery codes that were not used.
    recovery: Vec<String>,
}

impl Authenticator {
    /// The app was set up from `seed`, and shows it by a first code; `None` where that is not the app's.
    #[must_use]
    pub fn set_up(seed: &Seed, typed: &Typed, recovery: &[String]) -> Option<Authenticator> {
        let step = seed.step_of(&typed.plain, typed.at)?;
        Some(Authenticator { seed: seed.clone(), step, recovery: recovery.to_vec() })
    }

    /// Takes a code, once; `None` where it is not good, or was taken before.
    pub fn take(&mut self, typed: &Typed) -> Option<Factor> {
        if let Some(step) = self.seed.step_of(&typed.plain, typed.at) {
            if step <= self.step {
                return None;
            }
            self.step = step;
            return Some(Factor::Code);
        }
        let at = self.recovery.iter().position(|tag| *tag == typed.tag)?;
        self.recovery.swap_remove(at);
        Some(Factor::RecoveryCode)
    }

    /// How many recovery codes are left.
    #[must_use]
    pub fn left(&self) -> usize {
        self.recovery.len()
    }

    /// Replaces all recovery codes.
    pub fn renew(&mut self, recovery: &[String]) {
        recovery.clone_into(&mut self.recovery);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: Seed = Seed(*b"12345678901234567890");

    fn at(seconds: i64) -> Instant {
        Instant::from_micros(seconds * SECOND_US)
    }

    fn typed(text: &str, seconds: i64) -> Typed {
        Typed::new(text, |plain| format!("tag of {plain}"), at(seconds))
    }

    fn app(first: &str, seconds: i64) -> Authenticator {
        let tags = ["tag of 0123456789abcdef".to_owned(), "tag of spare".to_owned()];
        Authenticator::set_up(&SEED, &typed(first, seconds), &tags).expect("the app's code")
    }

    /// RFC 6238, appendix B, of which an app shows the last six digits.
    #[test]
    fn codes_are_those_of_the_rfc() {
        for (seconds, code) in
            [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (20_000_000_000, "353130")]
        {
            assert_eq!(SEED.code(at(seconds)).as_deref(), Some(code));
        }
    }

    #[test]
    fn a_code_is_good_one_step_early_or_late_and_once() {
        let now = 1_111_111_109;
        for (seconds, is_good) in [(now - 60, false), (now - 30, true), (now + 30, true), (now + 61, false)] {
            let set_up = Authenticator::set_up(&SEED, &typed("081 804", seconds), &[]);
            assert_eq!(set_up.is_some(), is_good, "{seconds}");
        }
        let mut app = app("081804", now);
        assert_eq!(app.take(&typed("081804", now)), None, "the code that it was set up with");
        let next = SEED.code(at(now + 30)).expect("a code");
        assert_eq!(app.take(&typed(&next, now)), Some(Factor::Code));
        assert_eq!(app.take(&typed(&next, now + 30)), None, "once");
        let between = SEED.code(at(now)).expect("a code");
        assert_eq!(app.take(&typed(&between, now + 30)), None, "none from before the last");
        for nothing in ["", "81804", "0818040", "+81804", "081804x", &"0".repeat(100_000)] {
            assert_eq!(app.take(&typed(nothing, now + 300)), None, "{nothing}");
        }
    }

    #[test]
    fn a_recovery_code_is_good_once_however_it_is_typed() {
        let mut app = app("081804", 1_111_111_109);
        assert_eq!(app.take(&typed("O123-4567 89AB cdef", 0)), Some(Factor::RecoveryCode));
        assert_eq!(app.take(&typed("0123456789abcdef", 0)), None);
        assert_eq!(app.left(), 1);
        app.renew(&["tag of another".to_owned()]);
        assert_eq!(app.take(&typed("spare", 0)), None);
        assert_eq!(app.left(), 1);
        let code = RecoveryCode::draw(&Chance::seeded(1));
        assert_eq!(as_shown(&code.to_string()), code.plain());
        assert_eq!(code.to_string().len(), 19);
    }

    #[test]
    fn an_app_reads_where_it_is_good_and_whose_it_is() {
        let address = SEED.address("security.example 127.0.0.1:80", "ian").expect("an address");
        assert!(address.starts_with("otpauth://totp/"), "{address}");
        assert!(address.contains("secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), "{address}");
        assert!(!SEED.typed().is_empty() && !format!("{SEED:?}").contains('G'));
        assert_eq!(SEED.typed().replace(' ', ""), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }
}
