//! The engine side by side with git, in one run, on the same questions.
//!
//! Needs a clone of xen-project/xen (`TIDEGATE_XEN=DIR`) and `xen/baseline-cases.jsonl` in `TIDEGATE_DATA` or in
//! `../shared/data`. Each question is asked of a repository that is opened for it, as a program that starts anew
//! would; the kernel's cache of files is warm on both sides.
//!
//! - check: a series against a release, beside `git read-tree` and `git apply --cached` of the same patches, all
//!   in one process, on an index that is made for it;
//! - prerequisites: finding the set, beside the same two commands for the series alone;
//! - reading: how much of either is reading the same objects alone: what would be left if nothing were computed.

mod beside;
mod scan;

use beside::say;

fn main() {
    let Some(inputs) = beside::inputs() else {
        say(
            "skipped: needs TIDEGATE_XEN=DIR, a clone of xen-project/xen, and ../shared/data or TIDEGATE_DATA",
        );
        return;
    };
    beside::checks(&inputs);
    scan::scan(&inputs);
}
