//! Shredding: a case's key is destroyed, and the log says so by an event that can still be read.
//!
//! The event's body is sealed under the instance's key and begins with a mark, by which it is known without
//! trying keys. The mark tells a reader of the dump what `case_key` tells them anyway.

use super::cases::EventRow;
use super::database::Row;
use super::log::{self, Sealed};
use super::seal::Place;
use super::sql::{self, Sql};
use super::{Store, StoreError, retrying};
use std::collections::BTreeMap;
use tidegate_domain::id::CaseId;
use tidegate_domain::time::Instant;

/// What no ciphertext begins with, but for one chance in 2^128.
const MARK: &[u8; 16] = b"tidegate shred 1";

/// Whether an event's body, as stored, is that of a shredding.
pub(super) fn is_shredding(body: &[u8]) -> bool {
    body.starts_with(MARK)
}

fn place(row: &EventRow) -> Place<'_> {
    Place { column: "shredding", ..row.place() }
}

/// Since when the keys of shredded cases are gone; `None` for one that is gone and nobody noted when. A case
/// that has its key is not in it.
pub(super) type KeysGone = BTreeMap<CaseId, Option<Instant>>;

impl Store {
    /// Destroys the case's key, and says in the log who did. Its events, blobs and letters stay as noise, so
    /// the log still verifies; its due dates, fold, staged documents and waiting jobs go. A repeat changes nothing.
    ///
    /// The event and the destruction are one commit. A crash after it leaves the wrapped key in SQLite's
    /// write-ahead log until the next opening. Backups made before hold it for as long as they are kept.
    pub async fn shred(&self, case: CaseId, at: Instant, by: &str) -> Result<(), StoreError> {
        self.shred_owner(sql::CASE_SHRED, case, at, by).await
    }

    /// Destroys the key of a case, or of a stream that has its key under this name; `counts` adds the event to its row.
    pub(super) async fn shred_owner(
        &self,
        counts: Sql,
        owner: CaseId,
        at: Instant,
        by: &str,
    ) -> Result<(), StoreError> {
        retrying(|| self.destroy_key(counts, owner, at, by)).await?;
        self.database.scrub_keys().await
    }

    async fn destroy_key(&self, counts: Sql, case: CaseId, at: Instant, by: &str) -> Result<(), StoreError> {
        let mut tx = self.database.begin().await?;
        // First the row that a commit for this case also begins with: the two come one after the other.
        let rows = tx.query(counts, [case.into()]).await?;
        let row = rows.first().ok_or_else(|| StoreError::not_found(format_args!("case {case}")))?;
        let n = row.count("n")?;
        if tx.execute(sql::CASE_KEY_SHRED, [case.into(), at.into()]).await? == 0 {
            // It was shredded before; dropping the transaction takes the number back.
            return Ok(());
        }
        tx.execute(sql::CASE_LAST, [case.into(), at.into()]).await?;
        tx.execute(sql::DUE_CLEAR, [case.into()]).await?;
        tx.execute(sql::STAGED_CLEAR_ALL, [case.into()]).await?;
        tx.execute(sql::FOLD_CLEAR, [case.into()]).await?;
        tx.execute(sql::JOBS_CANCEL, [case.into()]).await?;
        let row = EventRow::new(case, n, at);
        let mut body = MARK.to_vec();
        body.extend(self.vault.seal(self.vault.instance(), &place(&row), by.as_bytes())?);
        log::append(&mut tx, &self.vault, vec![Sealed { case, n, at, body }]).await?;
        tx.commit().await
    }

    /// Who shredded the case, from the body of the event that says so.
    pub(super) fn open_shredding(&self, row: &EventRow, body: &[u8]) -> Result<String, StoreError> {
        let sealed = body.get(MARK.len()..).unwrap_or_default().to_vec();
        self.vault.instance().open_text(&place(row), sealed)
    }

    /// The cases whose key is gone.
    pub(super) async fn keys_gone(&self) -> Result<KeysGone, StoreError> {
        let rows = self.database.query(sql::KEYS_GONE, []).await?;
        let read =
            |row: &Row| Ok((row.case("case_id")?, row.opt_int("shredded_us")?.map(Instant::from_micros)));
        rows.iter().map(read).collect()
    }
}
