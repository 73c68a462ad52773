//! `tidegate report receive`: the pipe that a mail server feeds.

use super::out::{Failure, Out};
use crate::engine::Engine;
use crate::store::LetterState;
use clap::Subcommand;
use serde_json::json;
use std::io::Read;
use tidegate_domain::id::{CaseId, Slug};
use tidegate_formats::mail::LETTER_BYTES_MAX;

#[derive(Debug, Subcommand)]
pub(super) enum Report {
    /// Read a mail on standard input, store it as it is, then open a case from it.
    Receive {
        /// The project that it is for.
        #[arg(long)]
        project: Slug,
        /// The case that it belongs to, where it is a further letter of the reporter's.
        #[arg(long)]
        case: Option<CaseId>,
    },
}

impl Report {
    pub(super) async fn run(self, engine: &Engine, out: &Out) -> Result<(), Failure> {
        let Report::Receive { project, case } = self;
        let mut raw = Vec::new();
        let limit = u64::try_from(LETTER_BYTES_MAX).unwrap_or(u64::MAX);
        std::io::stdin().lock().take(limit + 1).read_to_end(&mut raw).map_err(Failure::io)?;
        if raw.is_empty() {
            return Err(Failure::plain("standard input was empty: pipe a mail into this command"));
        }
        if raw.len() > LETTER_BYTES_MAX {
            let message = format!(
                "the letter has more than {LETTER_BYTES_MAX} bytes and was not taken; ask for it in parts"
            );
            return Err(Failure::plain(message));
        }
        // Stored before anything looks at it: from here on it cannot be lost (ALL-05).
        let letter = engine.accept_letter(&project, case, &raw).await?;
        let round = engine.work().await?;
        for failed in &round.failed {
            out.note(failed);
        }
        let stored = engine.store.letter(letter).await.map_err(crate::engine::EngineError::from)?;
        let case = stored.case.map(|case| case.to_string());
        let said = match (&case, stored.state) {
            (Some(case), _) => format!("case {case}"),
            (None, LetterState::Waiting | LetterState::Linked | LetterState::SetAside) => {
                format!("letter {letter} is stored and waits to be read")
            }
        };
        out.show(&said, &json!({"letter": letter.to_string(), "case": case}))
    }
}
