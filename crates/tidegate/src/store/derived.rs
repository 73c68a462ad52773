//! What the store keeps beside the log only to be fast. `fsck` computes it again and compares.

use super::cases::DueRow;
use super::commit::{Due, Keys};
use super::database::Value;
use super::{Store, StoreError, retrying, sql};
use std::collections::BTreeMap;
use tidegate_domain::id::{CaseId, Slug};
use tidegate_domain::time::Instant;

/// All that is derived from one case's events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DerivedCase {
    /// The case.
    pub case: CaseId,
    /// Its project.
    pub project: Slug,
    /// How many events it has.
    pub n: u64,
    /// Whether it is listed as open.
    pub open: bool,
    /// When its last event was committed.
    pub last_at: Instant,
    /// What is due in it, in the engine's order.
    pub due: Vec<Due>,
}

impl Store {
    /// Everything derived, by case, to be compared with a replay of the log. Shredded cases cannot be
    /// replayed and are left out.
    pub async fn derived_rows(&self) -> Result<Vec<DerivedCase>, StoreError> {
        let mut due: BTreeMap<CaseId, Vec<Due>> = BTreeMap::new();
        for row in &self.database.query(sql::DERIVED_DUE, []).await? {
            if let Some(key) = self.vault.unwrap_case_key(row.case("case_id")?, row)? {
                let entry = DueRow::open(row, &key)?;
                due.entry(entry.case).or_default().push(entry.due);
            }
        }
        let rows = self.database.query(sql::DERIVED_ROWS, []).await?;
        let cases = self.case_rows(&rows).await?;
        let derived = cases.into_iter().map(|row| DerivedCase {
            due: due.remove(&row.case).unwrap_or_default(),
            case: row.case,
            project: row.project,
            n: row.n,
            open: row.open,
            last_at: row.last_at,
        });
        Ok(derived.collect())
    }

    /// Replaces everything derived by what a replay of the log up to event `seq` gave. If the log has grown
    /// since, that is [`StoreError::LogMoved`] and nothing changes.
    pub async fn replace_derived(&self, seq: u64, cases: &[DerivedCase]) -> Result<(), StoreError> {
        retrying(|| self.try_replace_derived(seq, cases)).await
    }

    async fn try_replace_derived(&self, seq: u64, cases: &[DerivedCase]) -> Result<(), StoreError> {
        let mut tx = self.database.begin().await?;
        // Advancing by nothing locks the head: no event is appended until this is committed.
        let rows = tx.query(sql::LOG_HEAD_ADVANCE, [0_i64.into()]).await?;
        let head = rows.first().ok_or_else(|| StoreError::tampered("log_head", 1))?;
        if head.count("seq")? != seq {
            return Err(StoreError::LogMoved);
        }
        tx.execute(sql::DERIVED_DUE_CLEAR, []).await?;
        tx.execute(sql::DERIVED_ROWS_CLEAR, []).await?;
        let mut keys = Keys::new(self);
        for case in cases {
            let project = self.project_tag(&case.project);
            let row: [Value; 5] =
                [case.case.into(), project.into(), case.n.into(), case.open.into(), case.last_at.into()];
            tx.execute(sql::CASE_INSERT, row).await?;
            let key = keys.of(&mut tx, case.case).await?;
            self.replace_due(&mut tx, key, case.case, &case.due).await?;
        }
        tx.commit().await
    }
}
