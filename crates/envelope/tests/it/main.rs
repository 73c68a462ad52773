//! Sealed letters, held against GnuPG: it reads what we send, and we read what it sends in the forms in which
//! mail programs carry it. Without GnuPG those tests say that they skip.

mod certificates;
mod gnupg;
mod letters;
mod messages;
mod programs;

use std::time::{Duration, SystemTime};
use tidegate_envelope::Secret;

/// The instant of all tests, for GnuPG too: 2025-06-01 00:00 UTC.
pub const NOW: &str = "20250601T000000";
const NOW_UNIX_S: u64 = 1_748_736_000;
const DAY_S: u64 = 86_400;

pub fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(NOW_UNIX_S)
}

pub fn days(count: u64) -> Duration {
    Duration::from_secs(count * DAY_S)
}

/// The project's key, made a day ago.
pub fn project() -> Secret {
    Secret::generate("Example Project <security@project.example>", now() - days(1), Some(days(700)))
        .expect("a key")
}
