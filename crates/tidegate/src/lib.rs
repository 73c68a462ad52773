//! Tidegate: from the first confidential report to the last accepted proof of the patch.

pub mod account;
pub mod applies;
pub mod asked;
pub mod backup;
pub mod chance;
pub mod cli;
pub mod demo;
pub mod engine;
pub mod export;
pub mod hands;
pub mod instance;
pub mod logs;
pub mod oidc;
pub mod out;
pub mod pages;
pub mod post;
mod reporter;
pub mod secret;
pub mod security_txt;
pub mod serve;
mod shape;
pub mod store;
pub mod testrun;
pub mod verdict;
pub mod watch;
pub mod web;
pub mod words;
