//! Folds: a case as it was after one of its events, kept so that a decision need not read it from the first.

use super::commit::Keys;
use super::database::{Row, Tx};
use super::instance::PolicyStamp;
use super::seal::{Key, Place};
use super::{Store, StoreError, cases, sql};
use std::sync::Arc;
use tidegate_domain::id::{CaseId, Slug};

/// The table that folds are kept in, as [`StoreError::Tampered`] names it.
pub const FOLD_TABLE: &str = "case_fold";

/// A case as it was after one of its events, in the engine's own form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fold {
    /// The number of that event within the case.
    pub n: u64,
    /// The case.
    pub body: Vec<u8>,
}

/// The end of a case's history, with the fold of what came before it, all of one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recent {
    /// Its project.
    pub project: Slug,
    /// The fold of its older events, if one is kept.
    pub fold: Option<Fold>,
    /// The events after that fold, in order.
    pub events: Vec<cases::StoredEvent>,
    /// The setting that was asked for along with it.
    pub setting: Option<Arc<str>>,
    /// What changes whenever the project's policy is stored.
    pub stamp: PolicyStamp,
}

/// The place of a fold, with its number: one that was moved to another number does not open.
struct FoldRow(String);

impl FoldRow {
    fn new(case: CaseId, n: u64) -> FoldRow {
        FoldRow(format!("{case}/{n}"))
    }

    fn place(&self) -> Place<'_> {
        Place { table: FOLD_TABLE, row: &self.0, column: "body" }
    }
}

/// Reads the columns `fold_n` and `fold`.
pub(super) fn read(case: CaseId, key: &Key, row: &Row) -> Result<Option<Fold>, StoreError> {
    let (Some(_), Some(sealed)) = (row.opt_int("fold_n")?, row.opt_bytes("fold")?) else { return Ok(None) };
    let n = row.count("fold_n")?;
    Ok(Some(Fold { n, body: key.open(&FoldRow::new(case, n).place(), sealed)? }))
}

impl Store {
    /// What [`Store::history`] answers, without the events that are folded.
    ///
    /// An altered event among those is not noticed here, but by whoever reads the whole case and by `fsck`; an
    /// altered fold is.
    pub async fn recent(&self, case: CaseId, setting: &str) -> Result<Recent, StoreError> {
        let tag = self.setting_tag(setting);
        let rows = self.database.query(sql::CASE_RECENT, [case.into(), tag.into()]).await?;
        let key = self.vault.case_key(case, &rows)?;
        let first = rows.first().ok_or_else(|| StoreError::not_found(format_args!("case {case}")))?;
        // The join makes one row of a case without further events.
        let stored = if first.opt_int("n")?.is_some() { rows.as_slice() } else { &[] };
        let fold = read(case, &key, first)?;
        let folded = fold.as_ref().map_or(0, |fold| fold.n);
        let events = cases::read_events(case, folded, first.count("events")?, &key, stored)?;
        let project = self.project_name(first.digest("project")?).await?;
        let setting = first.opt_bytes("value")?.map(|sealed| self.open_setting(tag, sealed)).transpose()?;
        let project = project.ok_or_else(|| StoreError::tampered("case_row", case))?;
        let stamp = PolicyStamp(first.bytes("stamp")?);
        Ok(Recent { project, fold, events, setting, stamp })
    }

    /// Keeps a fold in place of the case's last one.
    pub(super) async fn put_fold(
        &self,
        tx: &mut Tx,
        key: &Key,
        case: CaseId,
        fold: &Fold,
    ) -> Result<(), StoreError> {
        let body = self.vault.seal(key, &FoldRow::new(case, fold.n).place(), &fold.body)?;
        tx.execute(sql::FOLD_PUT, [case.into(), fold.n.into(), body.into()]).await.map(drop)
    }

    /// Keeps the right fold of a case, or none.
    pub(super) async fn replace_fold(
        &self,
        tx: &mut Tx,
        keys: &mut Keys<'_>,
        case: CaseId,
        fold: Option<&Fold>,
    ) -> Result<(), StoreError> {
        match fold {
            Some(fold) => {
                let key = keys.of(tx, case).await?;
                self.put_fold(tx, key, case, fold).await
            }
            None => tx.execute(sql::FOLD_CLEAR, [case.into()]).await.map(drop),
        }
    }
}
