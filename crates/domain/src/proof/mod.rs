//! Answers to findings, what backs them, and what an authority relies on (SCS-06 to SCS-09).
//!
//! A provider answers a finding with A, B or C. [`examine`] says whether an answer has what it must have, and
//! what speaks against it. Nothing here probes a deployment: evidence is what the provider supplies (SCS-09).

mod answer;
mod commitment;
mod digest;
mod examine;
mod file;

pub use answer::{
    Answer, Evidence, Excerpt, Image, Moment, Moments, Patch, Reach, Rollout, Snapshot, TEXT_CHARS_MAX, Way,
};
pub use commitment::{NotASalt, Salt, WrongOpening, commit, open};
pub use digest::{Digest, NotADigest};
pub use examine::{Backing, Examined, Finding, Objection, examine};
pub use file::{ANSWER_BYTES_MAX, ANSWER_SCHEMA, read_answer};

#[cfg(test)]
mod tests;
