//! A draft that is read survives being written and read again; a fault has a place in the text.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tidegate_domain::advisory::Section;
use tidegate_formats::draft;

fuzz_target!(|raw: &[u8]| {
    let Ok(text) = std::str::from_utf8(raw) else { return };
    match draft::parse(text) {
        Ok(read) => {
            let written = draft::render(&read);
            assert_eq!(draft::parse(&written), Ok(read.clone()), "{written}");
            let _ = draft::lint(&read, &Section::ALL);
        }
        Err(fault) => {
            let lines = text.matches('\n').count() + 1;
            assert!(fault.line <= lines, "line {} of {lines}", fault.line);
            assert!(!fault.what.is_empty());
        }
    }
});
