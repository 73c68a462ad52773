//! Tidegate: from the first confidential report to the last accepted proof of the patch.

pub mod applies;
pub mod asked;
pub mod chance;
pub mod cli;
pub mod demo;
pub mod engine;
pub mod export;
pub mod hands;
pub mod instance;
pub mod out;
pub mod pages;
pub mod post;
pub mod secret;
pub mod serve;
pub mod store;
pub mod verdict;
pub mod web;
pub mod words;
