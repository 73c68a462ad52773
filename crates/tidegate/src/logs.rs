//! What a server writes about itself on standard error: its own lines alone, since libraries would log statements
//! and addresses. A line names no subject, no person and no path's parameters: whoever reads logs is not whoever
//! may read cases.

use serde::{Deserialize, Serialize};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

/// How much is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// What failed.
    Error,
    /// What may become a failure.
    Warn,
    /// What a server did: a line for each request.
    #[default]
    Info,
}

impl Level {
    fn filter(self) -> LevelFilter {
        match self {
            Level::Error => LevelFilter::ERROR,
            Level::Warn => LevelFilter::WARN,
            Level::Info => LevelFilter::INFO,
        }
    }
}

/// Writes the program's own lines to standard error from here on, as JSON or for people. A second call changes
/// nothing.
pub fn install(level: Level, json: bool) {
    let ours = Targets::new().with_target("tidegate", level.filter());
    let lines = if json {
        fmt::layer().json().flatten_event(true).with_writer(std::io::stderr).boxed()
    } else {
        fmt::layer().with_ansi(false).with_writer(std::io::stderr).boxed()
    };
    // Who set one up before, a test for instance, keeps theirs.
    drop(tracing_subscriber::registry().with(lines.with_filter(ours)).try_init());
}
