//! Mail: where letters go and come from, the keys that seal them, and what one looks like to its reader.
//!
//! The outbox holds letters in the clear, sealed under their case's key. Only on its way out is a letter made
//! for its reader ([`dress`]): so a key that is added, extended or revoked counts for every letter that is not
//! yet sent, and the letter stays the same letter under the same Message-ID.

pub mod dress;
pub mod incoming;
pub mod keystore;
pub mod lmtp;
pub mod mailbox;
mod people;
pub mod settings;
pub mod smarthost;
pub mod token;

use jiff::Timestamp;
use keystore::KeyStore;
use settings::Settings;
use std::time::SystemTime;
use tidegate_domain::time::Instant;

/// What an instance has for mail. Without settings nothing is sent and nothing comes in by the network.
#[derive(Debug, Default)]
pub struct Post {
    /// What the configuration file says.
    pub settings: Settings,
    /// The projects' own keys; `None` in tests and demos that have no folder.
    pub keystore: Option<KeyStore>,
}

/// The instant as the cryptographic library takes it.
#[must_use]
pub fn system_time(at: Instant) -> SystemTime {
    Timestamp::from_microsecond(at.micros()).map_or(SystemTime::UNIX_EPOCH, SystemTime::from)
}

/// An instant that the cryptographic library gives.
#[must_use]
pub fn instant(at: SystemTime) -> Option<Instant> {
    Timestamp::try_from(at).ok().map(Instant::from)
}

/// The value of the first field called `name` in a letter of ours, unfolded; nothing of the text is looked at.
#[must_use]
pub fn field(raw: &[u8], name: &str) -> Option<String> {
    let end = raw.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(raw.len());
    let header = String::from_utf8_lossy(raw.get(..end).unwrap_or_default()).replace("\r\n ", " ");
    let header = header.replace("\r\n\t", " ");
    header.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    })
}

/// The address that a letter of ours goes to.
#[must_use]
pub fn recipient(raw: &[u8]) -> String {
    let to = field(raw, "To").unwrap_or_default();
    let address = to.rsplit_once('<').map_or(to.as_str(), |(_, rest)| rest);
    address.trim_end_matches('>').trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_from_the_header_alone() {
        let raw = b"From: \"A\r\n B\" <a@b>\r\nTo: <c@d>\r\n\r\nSubject: no\r\n";
        assert_eq!(field(raw, "from").as_deref(), Some("\"A B\" <a@b>"));
        assert_eq!(recipient(raw), "c@d");
        assert_eq!(field(raw, "Subject"), None);
        assert_eq!(recipient(b"To: c@d\r\n"), "c@d");
    }

    #[test]
    fn instants_go_to_the_library_and_back() {
        let at = Instant::from_micros(1_748_736_000_000_000);
        assert_eq!(instant(system_time(at)), Some(at));
    }
}
