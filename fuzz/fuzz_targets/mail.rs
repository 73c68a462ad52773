//! Any bytes are a letter: reading one neither fails nor goes beyond its limits (ALL-05).

#![no_main]

use libfuzzer_sys::fuzz_target;
use std::collections::HashSet;
use tidegate_formats::mail::{self, OpenPgp, ParsedMail};

fuzz_target!(|raw: &[u8]| {
    let letter = mail::parse(raw);
    assert_eq!(letter, mail::parse(raw), "the same bytes are the same letter");
    within_limits(&letter, raw.len());
    safe_names(&letter);
    for fault in &letter.faults {
        assert!(!fault.to_string().is_empty());
    }
    // Attached messages stay closed until somebody opens them: the same holds of them.
    for attached in letter.attachments.iter().filter(|part| part.media_type == "message/rfc822").take(3) {
        within_limits(&mail::parse(&attached.content), attached.content.len());
    }
});

fn within_limits(letter: &ParsedMail, bytes: usize) {
    assert!(letter.body.chars().count() <= mail::BODY_CHARS_MAX);
    assert!(letter.attachments.len() <= mail::ATTACHMENTS_MAX + 1, "the rest is one more");
    assert!(letter.faults.len() <= mail::FAULTS_MAX + 1, "the last says that there are more");
    assert!(letter.references.len() <= mail::REFERENCES_MAX);
    for part in &letter.openpgp {
        if let OpenPgp::Signed { content, .. } = part {
            assert!(content.start <= content.end && content.end <= bytes, "{content:?} of {bytes}");
        }
    }
    let printable = |c: char| c == '\n' || c == '\t' || !c.is_control();
    assert!(letter.body.chars().all(printable), "no control characters in the text");
    if let Some(from) = &letter.from {
        assert!(from.address.len() <= mail::ADDRESS_BYTES_MAX, "{}", from.address.len());
        assert!(!from.address.chars().any(|c| c.is_control() || c == ' '), "{:?}", from.address);
    }
}

fn safe_names(letter: &ParsedMail) {
    let mut names = HashSet::new();
    for part in &letter.attachments {
        let name = part.name.as_str();
        assert!(!name.is_empty() && name.len() <= mail::FILE_NAME_BYTES_MAX, "{name:?}");
        assert!(!name.contains(['/', '\\', '\0', ':']) && !name.starts_with('.'), "{name:?}");
        assert!(names.insert(name.to_lowercase()), "{name:?} twice");
    }
}
