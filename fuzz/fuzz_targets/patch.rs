//! A patch is read, or has a fault with a place in the text; what is read applies within its limits, and what
//! applied can be undone.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tidegate_domain::patch::{self, Body, Kind, Lines, check_path, reversed};

fuzz_target!(|raw: &[u8]| {
    // The file that is patched, and the patch.
    let (file, text) = raw.split_at(raw.len().min(usize::from(raw.first().copied().unwrap_or(0)) * 4));
    let mut lines = Lines::new();
    let file = lines.split(file);
    match patch::parse(text, &mut lines) {
        Err(fault) => {
            let count = text.iter().filter(|byte| **byte == b'\n').count() + 2;
            assert!(fault.line <= count, "line {} of {count}", fault.line);
            assert!(!fault.what.is_empty());
        }
        Ok(changes) => {
            for change in &changes {
                assert!(check_path(&change.old).is_ok() && check_path(&change.new).is_ok());
                let Body::Text(hunks) = &change.body else { continue };
                if change.kind == Kind::Create {
                    assert!(hunks.iter().all(|hunk| hunk.old.is_empty()));
                }
                if let Ok(applied) = patch::apply(&file, hunks, &lines) {
                    assert_eq!(applied.offsets.len(), hunks.len());
                    let grown: i64 =
                        hunks.iter().map(|hunk| hunk.new.len() as i64 - hunk.old.len() as i64).sum();
                    assert_eq!(applied.lines.len() as i64, file.len() as i64 + grown);
                    let _ = patch::apply(&applied.lines, &reversed(hunks), &lines);
                }
            }
        }
    }
});
