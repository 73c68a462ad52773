//! `tidegate report receive`: the pipe that a mail server feeds.

use crate::engine::Engine;
use crate::hands::Arrival;
use crate::out::{Failure, Out};
use crate::store::LetterState;
use clap::Subcommand;
use serde_json::json;
use tidegate_domain::id::{CaseId, Slug};

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
        let letter = Arrival::read(std::io::stdin().lock()).map_err(Failure::io)?;
        if letter.raw.is_empty() {
            return Err(Failure::plain("standard input was empty: pipe a mail into this command"));
        }
        if let Some(cut) = &letter.cut {
            out.note(&format!("tidegate: {cut}"));
        }
        // Stored before anything looks at it: from here on it cannot be lost (ALL-05).
        let letter = engine.accept_arrival(&project, case, &letter).await?;
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
