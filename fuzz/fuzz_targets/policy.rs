//! A policy file is read, or every fault in it has a place in the text.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tidegate_domain::policy;

fuzz_target!(|raw: &[u8]| {
    let Ok(text) = std::str::from_utf8(raw) else { return };
    match policy::read(text) {
        Ok(policy) => {
            for role in policy.role_ids() {
                assert!(policy.role_at(role).is_some());
            }
            for step in &policy.steps {
                assert!(policy.step(&step.act).is_some());
            }
        }
        Err(faults) => {
            assert!(!faults.is_empty(), "refused without a reason");
            let lines = text.matches('\n').count() + 1;
            for fault in faults {
                assert!(fault.line <= lines, "line {} of {lines}", fault.line);
                assert!(!fault.what.is_empty());
            }
        }
    }
});
