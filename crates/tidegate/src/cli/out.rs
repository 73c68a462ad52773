//! What the command line prints, and how it fails.

use crate::engine::EngineError;
use crate::instance::InstanceError;
use std::fmt;
use std::io::Write;
use tidegate_domain::fault::Fault;

/// Something else went wrong.
pub(super) const EXIT_FAILURE: u8 = 1;
/// A rule refuses.
const EXIT_REFUSED: u8 = 3;
/// There is no such thing.
pub(super) const EXIT_NOT_FOUND: u8 = 4;
/// What was handed in has faults.
pub(super) const EXIT_FAULTS: u8 = 5;

/// Why a command failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// For whoever typed the command.
    pub message: String,
    /// 1 failed, 3 refused, 4 not found, 5 faulty input, 6 a series never applies. (2 is the command line's own.)
    pub code: u8,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Failure {
    /// A failure in plain words.
    #[must_use]
    pub fn plain(message: impl Into<String>) -> Failure {
        Failure { message: message.into(), code: EXIT_FAILURE }
    }

    /// Faults in something that was handed in.
    #[must_use]
    pub fn faults(name: &str, faults: &[Fault]) -> Failure {
        let shown: Vec<String> = faults.iter().map(|fault| format!("{name}: {fault}")).collect();
        Failure { message: shown.join("\n"), code: EXIT_FAULTS }
    }

    /// A file or stream that failed.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
    pub fn io(error: std::io::Error) -> Failure {
        Failure::plain(error.to_string())
    }

    /// A file that failed, by name.
    #[must_use]
    pub fn file(path: &std::path::Path, error: &std::io::Error) -> Failure {
        Failure::plain(format!("{}: {error}", path.display()))
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Failure {
        let code = match &error {
            EngineError::Refused(_) => EXIT_REFUSED,
            EngineError::NoSuchCase(_) | EngineError::NoSuchProject(_) | EngineError::NoSuchPerson(_) => {
                EXIT_NOT_FOUND
            }
            EngineError::Faults(_) => EXIT_FAULTS,
            EngineError::ClockBehind { .. } | EngineError::Store(_) | EngineError::Unreadable { .. } => {
                EXIT_FAILURE
            }
        };
        Failure { message: error.to_string(), code }
    }
}

impl From<InstanceError> for Failure {
    fn from(error: InstanceError) -> Failure {
        match error {
            InstanceError::Engine(error) => error.into(),
            other => Failure::plain(other.to_string()),
        }
    }
}

/// Where results go: text for people, or JSON.
#[derive(Clone, Copy, Debug)]
pub struct Out {
    /// Whether JSON was asked for.
    pub json: bool,
}

impl Out {
    /// Prints `text` for people, or `value` as JSON. A reader that went away (`| head`) is no failure.
    pub fn show(&self, text: &str, value: &serde_json::Value) -> Result<(), Failure> {
        if self.json {
            self.bytes(format!("{value:#}\n").as_bytes())
        } else {
            let end = if text.ends_with('\n') || text.is_empty() { "" } else { "\n" };
            self.bytes(format!("{text}{end}").as_bytes())
        }
    }

    /// Prints bytes as they are.
    pub fn bytes(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut stdout = std::io::stdout().lock();
        match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            other => other.map_err(Failure::io),
        }
    }

    /// Says something beside the result, on standard error.
    pub fn note(&self, text: &str) {
        // Nobody may be listening there; the result does not depend on it.
        let _ = writeln!(std::io::stderr().lock(), "{text}");
    }
}

/// A bar for work that takes a while, on standard error, only where somebody watches.
#[must_use]
pub fn bar(length: u64, what: &str) -> indicatif::ProgressBar {
    let style = indicatif::ProgressStyle::with_template("{msg} {bar:30} {pos}/{len}");
    let bar = indicatif::ProgressBar::new(length).with_message(what.to_owned());
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// A table for people.
#[must_use]
pub fn table(heading: &[&str], rows: &[Vec<String>]) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(heading.iter().copied());
    for row in rows {
        table.add_row(row.iter().map(|cell| printable(cell)));
    }
    table.to_string().lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// Text from outside, safe for a terminal: no control characters, nothing that reorders what is shown.
#[must_use]
pub fn printable(text: &str) -> String {
    let hidden = |c: char| {
        (c.is_control() && c != '\n' && c != '\t')
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if hidden(c) { '\u{fffd}' } else { c }).collect()
}
