//! What the store keeps beside the log only to be fast. `fsck` computes it again and compares.

use super::cases::{DueRow, read_case_row};
use super::commit::{Due, Keys};
use super::database::{Tx, Value};
use super::folds::{self, Fold};
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
    /// The fold that is kept of it.
    pub fold: Option<Fold>,
}

/// What is derived from all cases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Derived {
    /// By case.
    pub cases: Vec<DerivedCase>,
    /// Rows that cannot be read.
    pub damaged: Vec<StoreError>,
}

impl Store {
    /// Everything derived, by case, to be compared with a replay of the log. Shredded cases cannot be
    /// replayed and are left out, and so are due dates that cannot be read: they differ from the replay.
    pub async fn derived_rows(&self) -> Result<Derived, StoreError> {
        let mut due: BTreeMap<CaseId, Vec<Due>> = BTreeMap::new();
        for row in &self.database.query(sql::DERIVED_DUE, []).await? {
            let key = self.vault.unwrap_case_key(row.case("case_id")?, row);
            if let Some(entry) = key.ok().flatten().and_then(|key| DueRow::open(row, &key).ok()) {
                due.entry(entry.case).or_default().push(entry.due);
            }
        }
        let mut folds = self.folds().await?;
        let projects = self.project_names().await?;
        let mut derived = Derived::default();
        for row in &self.database.query(sql::DERIVED_ROWS, []).await? {
            match read_case_row(&projects, row) {
                Ok(row) => derived.cases.push(DerivedCase {
                    due: due.remove(&row.case).unwrap_or_default(),
                    fold: folds.remove(&row.case),
                    case: row.case,
                    project: row.project,
                    n: row.n,
                    open: row.open,
                    last_at: row.last_at,
                }),
                Err(error) => derived.damaged.push(error),
            }
        }
        Ok(derived)
    }

    /// The folds that are kept. One that cannot be read is empty: it differs from whatever is right.
    async fn folds(&self) -> Result<BTreeMap<CaseId, Fold>, StoreError> {
        let mut kept = BTreeMap::new();
        for row in &self.database.query(sql::DERIVED_FOLDS, []).await? {
            let case = row.case("case_id")?;
            let key = self.vault.unwrap_case_key(case, row).ok().flatten();
            let read = key.and_then(|key| folds::read(case, &key, row).ok().flatten());
            kept.insert(case, read.unwrap_or(Fold { n: 0, body: Vec::new() }));
        }
        Ok(kept)
    }

    /// Replaces everything derived by what a replay of the log up to event `seq` gave. If the log has grown
    /// since, that is [`StoreError::LogMoved`] and nothing changes.
    pub async fn replace_derived(&self, seq: u64, cases: &[DerivedCase]) -> Result<(), StoreError> {
        retrying(|| self.try_replace_derived(seq, cases)).await
    }

    /// A transaction in which the log ends with event `seq`, and goes on ending with it until it is committed.
    pub(super) async fn begin_at(&self, seq: u64) -> Result<Tx, StoreError> {
        let mut tx = self.database.begin().await?;
        // Advancing by nothing locks the head: no event is appended until this is committed.
        let rows = tx.query(sql::LOG_HEAD_ADVANCE, [0_i64.into()]).await?;
        let head = rows.first().ok_or_else(|| StoreError::tampered("log_head", 1))?;
        if head.count("seq")? == seq { Ok(tx) } else { Err(StoreError::LogMoved) }
    }

    async fn try_replace_derived(&self, seq: u64, cases: &[DerivedCase]) -> Result<(), StoreError> {
        let mut tx = self.begin_at(seq).await?;
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
            self.replace_fold(&mut tx, &mut keys, case.case, case.fold.as_ref()).await?;
        }
        tx.commit().await
    }
}
