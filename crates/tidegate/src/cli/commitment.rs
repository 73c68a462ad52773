//! `tidegate proof commit` and `open`: an answer that is proved later than it is given.

use crate::chance::Chance;
use crate::out::{Failure, Kind, Out};
use clap::Args;
use serde_json::json;
use std::io::Write;
use std::path::{Path, PathBuf};
use tidegate_domain::proof::{Digest, Salt, commit, open};
use tidegate_domain::time::Instant;

/// Commit to an answer without telling it: print a salted digest, to be logged during an embargo.
#[derive(Debug, Args)]
pub(super) struct Commit {
    /// The answer file. Keep it, to the byte: the opening needs it.
    answer: PathBuf,
    /// The file to write the salt to. It must be new; keep it secret until the disclosure.
    #[arg(long, value_name = "FILE")]
    salt: PathBuf,
}

/// Open a commitment after the disclosure: does this answer with this salt give it?
#[derive(Debug, Args)]
pub(super) struct Open {
    /// What was committed to: 64 hexadecimal digits.
    commitment: Digest,
    /// The answer file.
    answer: PathBuf,
    /// The file with the salt.
    #[arg(long, value_name = "FILE")]
    salt: PathBuf,
    /// When the commitment was logged: an answer given later is none that was committed to.
    #[arg(long, value_name = "INSTANT")]
    logged: Option<Instant>,
}

impl Commit {
    pub(super) fn run(self, out: &Out) -> Result<(), Failure> {
        let (text, _) = super::proof::read(&self.answer)?;
        let chance = Chance::from_os().map_err(|error| Failure::plain(error.to_string()))?;
        let salt = Salt::from_bytes(chance.bytes());
        // The salt is kept before the commitment is told: one without the other would be worth nothing.
        keep(&self.salt, &salt).map_err(|error| Failure::file(&self.salt, &error))?;
        let commitment = commit(&salt, &text).to_string();
        out.show(&commitment, &json!({"commitment": commitment}))
    }
}

/// Writes the salt to a new file that nobody else may read.
fn keep(path: &Path, salt: &Salt) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    writeln!(file, "{}", salt.reveal())?;
    file.sync_all()
}

impl Open {
    pub(super) fn run(self, out: &Out) -> Result<(), Failure> {
        let (text, answer) = super::proof::read(&self.answer)?;
        let kept = std::fs::read_to_string(&self.salt).map_err(|error| Failure::file(&self.salt, &error))?;
        let salt: Salt = kept
            .trim()
            .parse()
            .map_err(|error| Failure::of(Kind::Faults, format!("{}: {error}", self.salt.display())))?;
        open(self.commitment, &salt, &text, &answer, self.logged)
            .map_err(|wrong| Failure::of(Kind::Refused, wrong.to_string()))?;
        let words = format!(
            "committed to: {} for {}, {} of {}, given {}",
            answer.way.letter(),
            answer.advisory,
            answer.product,
            answer.deployment,
            answer.given
        );
        out.show(&words, &json!({"commitment": self.commitment.to_string(), "opens": true}))
    }
}
