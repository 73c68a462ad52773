//! What programs were answered, by the keys under which they asked.

use super::seal::{Place, Tag};
use super::{BODY_BYTES_MAX, Store, StoreError, check_length, sql};
use tidegate_domain::id::CaseId;
use tidegate_domain::time::Instant;

/// A request under a key that has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerId(Tag);

/// What is known of a request under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Nothing was: it is begun now.
    First(AnswerId),
    /// Something else was asked for under this key.
    Other,
    /// The same was, and is not answered yet, or never will be.
    Unanswered,
    /// The same was, and answered like this.
    Answered(Vec<u8>),
}

impl Store {
    /// Begins a request in `case` of the program with the token `token`, under its `key`, unless it has begun. What
    /// has expired by `now` is forgotten along the way.
    ///
    /// A crash between this and [`Store::keep_answer`] leaves the request unanswered until `expires`: whether it was
    /// done, the case's log says.
    pub async fn begin_answer(
        &self,
        case: CaseId,
        (token, key): (&str, &str),
        asked: &[u8],
        (now, expires): (Instant, Instant),
    ) -> Result<Repeat, StoreError> {
        let tag = self.vault.tag("api answer", &[token.as_bytes(), key.as_bytes()]);
        let asked = self.vault.tag("api asked", &[case.to_string().as_bytes(), asked]);
        let mut tx = self.database.begin().await?;
        tx.execute(sql::ANSWERS_SWEEP, [now.into()]).await?;
        let begun = tx.execute(sql::ANSWER_BEGIN, [tag.into(), asked.into(), expires.into()]).await?;
        let rows = tx.query(sql::ANSWER, [tag.into()]).await?;
        tx.commit().await?;
        if begun > 0 {
            return Ok(Repeat::First(AnswerId(tag)));
        }
        // Gone in the meantime: it came to nothing, and may be asked for again.
        let Some(row) = rows.first() else { return Ok(Repeat::Unanswered) };
        if Tag(row.digest("asked")?) != asked {
            return Ok(Repeat::Other);
        }
        let Some(sealed) = row.opt_bytes("body")? else { return Ok(Repeat::Unanswered) };
        let keys = self.database.query(sql::CASE_KEY, [case.into()]).await?;
        self.vault.case_key(case, &keys)?.open(&place(&tag.to_string()), sealed).map(Repeat::Answered)
    }

    /// Keeps the answer for whoever asks the same again.
    pub async fn keep_answer(&self, id: AnswerId, case: CaseId, body: &[u8]) -> Result<(), StoreError> {
        check_length("an answer", body.len(), BODY_BYTES_MAX)?;
        let keys = self.database.query(sql::CASE_KEY, [case.into()]).await?;
        let key = self.vault.case_key(case, &keys)?;
        let sealed = self.vault.seal(&key, &place(&id.0.to_string()), body)?;
        let mut tx = self.database.begin().await?;
        tx.execute(sql::ANSWER_KEEP, [id.0.into(), sealed.into()]).await?;
        tx.commit().await
    }

    /// Forgets a request that came to nothing.
    pub async fn forget_answer(&self, id: AnswerId) -> Result<(), StoreError> {
        let mut tx = self.database.begin().await?;
        tx.execute(sql::ANSWER_FORGET, [id.0.into()]).await?;
        tx.commit().await
    }
}

fn place(row: &str) -> Place<'_> {
    Place { table: "api_answer", row, column: "body" }
}
