//! Bytes to domain values and back.
//!
//! Outputs are pure functions of a [`tidegate_domain::advisory::Publication`] and a small context that
//! the caller states; the same input gives the same bytes, whatever the clock says. Inputs are read within
//! named limits: [`mail::parse`] never fails, because no report may be lost (ALL-05), and
//! [`draft::parse`] answers with the place of the fault and what to do about it.

#![warn(missing_docs)]
#![deny(clippy::indexing_slicing)]

pub mod advisories;
pub mod atom;
pub mod attestation;
pub mod closure;
pub mod csaf;
pub mod cve;
pub mod draft;
pub mod dsse;
pub mod inventory;
pub mod mail;
pub mod matching;
pub mod openstack_releases;
pub mod ossa;
pub mod osv;
pub mod plain;
pub mod purl;
pub mod sections;
pub mod text;
pub mod vers;

mod cwe;
mod fixes;
mod json;
mod link;
mod yaml;

pub use link::Link;
pub use tidegate_domain::fault::Fault;

/// What a document says beyond its publication: where readers find it, and which program wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// The advisory's page for people.
    pub page: Link,
    /// The folder in which the CSAF documents are published, without the file name.
    pub csaf_folder: Link,
    /// The version of the program that writes, for CSAF `/document/tracking/generator/engine`.
    pub engine_version: String,
}
