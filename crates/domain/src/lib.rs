//! The rules of Tidegate: what a policy means, what may happen to a case, who may know what, and when.
//!
//! Nothing here reads a clock, opens a file, calls the network or draws a random number: time, chance and
//! identity are arguments. Everything that happens goes through [`case::decide()`], which answers with events
//! or with a [`refusal::Refusal`], and every state is a fold of events through [`case::Case::apply`].

#![warn(missing_docs)]
#![deny(clippy::indexing_slicing, clippy::wildcard_enum_match_arm)]

pub mod admission;
pub mod advisory;
pub mod audience;
pub mod case;
pub mod certificate;
pub mod closure;
pub mod consequence;
pub mod fault;
pub mod id;
pub mod inventory;
pub mod list;
pub mod matching;
pub mod neutral;
pub mod patch;
pub mod permission;
pub mod point_release;
pub mod policy;
pub mod proof;
pub mod publication;
pub mod rating;
mod reader;
pub mod refusal;
pub mod regime;
pub mod release;
pub mod similar;
pub mod time;
pub mod verdict;
pub mod version;
mod words;
