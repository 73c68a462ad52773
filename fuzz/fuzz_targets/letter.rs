//! Letters with OpenPGP, and keys, from strangers: `fuzz letter`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use std::time::{Duration, SystemTime};
use tidegate_envelope::{Certificate, Keyring, letter};

fuzz_target!(|raw: &[u8]| {
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_748_736_000);
    if let Some(opened) = letter::open(raw, Keyring { secrets: &[], known: &[] }, at) {
        // Nobody's keys are here: nothing can be good.
        assert!(!opened.seal.is_signed());
    }
    if let Ok(certificate) = Certificate::read(raw) {
        let _ = (certificate.standing(at), certificate.user_ids());
    }
});
