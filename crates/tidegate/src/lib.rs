//! Tidegate: from the first confidential report to the last accepted proof of the patch.

pub mod chance;
pub mod cli;
pub mod demo;
pub mod engine;
pub mod export;
pub mod hands;
pub mod instance;
pub mod pages;
pub mod post;
pub mod serve;
pub mod store;
