//! A reporter's way back to the report, without an account: a key that opens its mailbox.

use super::{Engine, EngineError};
use crate::secret::Secret;
use crate::store::{LetterId, NewToken, TokenKind};
use serde::{Deserialize, Serialize};
use tidegate_domain::id::CaseId;
use tidegate_domain::time::Instant;

/// How long a key is good for that was shown to whoever reported: ten years, longer than any case, in days.
const SHOWN_DAYS: i64 = 3_660;
/// How long a key is good for that travelled by mail in the clear, in days.
const MAILED_DAYS: i64 = 30;
const DAY_US: i64 = 86_400_000_000;

/// What a key leads to.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Leads {
    /// To the case that this letter opens, once it has been read.
    Letter(String),
    /// To this case.
    Case(CaseId),
}

impl Engine {
    /// A key for whoever reported by `letter`, which may not have been read yet. It is stored nowhere, and must
    /// be shown now.
    ///
    /// # Errors
    /// The store's.
    pub async fn mailbox_of_letter(&self, letter: LetterId) -> Result<Secret, EngineError> {
        self.mailbox_key(&Leads::Letter(letter.to_string()), SHOWN_DAYS).await
    }

    /// A key for a link in a letter to the reporter of the case, whose mail cannot be encrypted.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn mailbox_of_case(&self, case: CaseId) -> Result<Secret, EngineError> {
        self.mailbox_key(&Leads::Case(case), MAILED_DAYS).await
    }

    async fn mailbox_key(&self, leads: &Leads, days: i64) -> Result<Secret, EngineError> {
        let key = self.draw_secret();
        let body = serde_json::to_string(leads).unwrap_or_default();
        let now = self.clock.now();
        let until = Instant::from_micros(now.micros().saturating_add(days * DAY_US));
        let kind = TokenKind::Mailbox;
        let token = NewToken { kind, secret: &key, owner: None, expires: until, body: body.as_bytes() };
        self.store.put_token(&token, now).await?;
        Ok(key)
    }

    /// The case whose mailbox `key` opens, if any.
    ///
    /// # Errors
    /// The store's.
    pub async fn open_mailbox(&self, key: &Secret) -> Result<Option<CaseId>, EngineError> {
        let held = self.store.token(TokenKind::Mailbox, key, self.clock.now()).await?;
        match held.and_then(|held| serde_json::from_slice(&held.body).ok()) {
            Some(Leads::Case(case)) => Ok(Some(case)),
            Some(Leads::Letter(letter)) => {
                let Ok(letter) = letter.parse::<LetterId>() else { return Ok(None) };
                // The hands may not have read the letter yet.
                self.work().await?;
                Ok(self.store.letter(letter).await?.case)
            }
            None => Ok(None),
        }
    }
}
