//! What the crate writes and reads, seen from outside.

mod attestation;
mod drafts;
mod mails;
mod oracles;
mod outputs;
mod properties;
mod sample;
mod verdicts;
mod versions;
