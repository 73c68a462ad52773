//! What the crate writes and reads, seen from outside.

mod advisories;
mod attestation;
mod closure;
mod drafts;
mod mails;
mod oracles;
mod outputs;
mod properties;
mod sample;
mod verdicts;
mod versions;
