//! A member's key: what it is, and whether it can be encrypted to.

use crate::time::Instant;
use jiff::ToSpan;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// How many days ahead a member is warned that a key expires, the first warning first.
pub const KEY_WARNING_DAYS: [u16; 3] = [30, 14, 3];

/// A certificate as whoever read it found it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// Its fingerprint: lower-case hexadecimal digits.
    pub fingerprint: String,
    /// When it expires, if it does.
    pub expires: Option<Instant>,
    /// The certificate itself, in ASCII armour.
    pub armored: String,
}

/// A member's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The certificate.
    pub certificate: Certificate,
    /// When it was added.
    pub added: Instant,
    /// When the member confirmed its fingerprint.
    pub confirmed: Option<Instant>,
    /// The last warning that it expires: so many days ahead.
    pub warned: Option<u16>,
}

/// Whether a key can be encrypted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// It can.
    Usable,
    /// Nobody confirmed that it is the member's.
    Unconfirmed,
    /// It expired.
    Expired,
}

impl KeyState {
    /// The state in words.
    #[must_use]
    pub fn phrase(self) -> &'static str {
        match self {
            KeyState::Usable => "in use",
            KeyState::Unconfirmed => "its fingerprint is not confirmed",
            KeyState::Expired => "expired",
        }
    }
}

impl Key {
    pub(super) fn added(certificate: Certificate, at: Instant) -> Key {
        Key { certificate, added: at, confirmed: None, warned: None }
    }

    /// Whether it can be encrypted to at `at`.
    #[must_use]
    pub fn state(&self, at: Instant) -> KeyState {
        if self.certificate.expires.is_some_and(|expires| expires <= at) {
            KeyState::Expired
        } else if self.confirmed.is_none() {
            KeyState::Unconfirmed
        } else {
            KeyState::Usable
        }
    }

    /// The warning that is due at `now` and was not given: so many days ahead. Earlier ones are passed over.
    pub(super) fn warning(&self, now: Instant) -> Option<u16> {
        let expires = self.certificate.expires.filter(|expires| *expires > now)?;
        self.warnings().filter(|days| days_before(expires, *days) <= now).min()
    }

    /// When the next warning is due, after `now`.
    pub(super) fn next_warning(&self, now: Instant) -> Option<Instant> {
        let expires = self.certificate.expires?;
        self.warnings().map(|days| days_before(expires, days)).filter(|at| *at > now).min()
    }

    fn warnings(&self) -> impl Iterator<Item = u16> {
        let last = self.warned.unwrap_or(u16::MAX);
        KEY_WARNING_DAYS.into_iter().filter(move |days| self.confirmed.is_some() && *days < last)
    }
}

/// The instant so many days before `end`.
pub(super) fn days_before(end: Instant, days: u16) -> Instant {
    Instant::from(end.in_zone(&TimeZone::UTC).saturating_sub(i64::from(days).days()).timestamp())
}

/// A fingerprint as it is compared: what people and programs put between its digits does not count.
pub(super) fn digits(fingerprint: &str) -> String {
    fingerprint
        .trim()
        .trim_start_matches("0x")
        .chars()
        .filter(|c| !c.is_whitespace() && *c != ':')
        .map(|c| c.to_ascii_lowercase())
        .collect()
}
