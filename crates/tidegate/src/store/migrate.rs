//! Bringing a database up to this program's schema, and giving a new one its keys.

use super::database::{Database, Tx};
use super::seal::{Key, Vault};
use super::{StoreError, log, retrying, sql};
use crate::chance::Chance;
use std::sync::Arc;

/// The schema's steps, oldest first; the first is number 1. A step that was released is never edited.
const MIGRATIONS: &[&str] = &[
    include_str!("../../../../migrations/0001_store.sql"),
    include_str!("../../../../migrations/0002_mail.sql"),
    include_str!("../../../../migrations/0003_tokens.sql"),
    include_str!("../../../../migrations/0004_accounts.sql"),
    include_str!("../../../../migrations/0005_api.sql"),
    include_str!("../../../../migrations/0006_fold.sql"),
    include_str!("../../../../migrations/0007_sessions.sql"),
    include_str!("../../../../migrations/0008_api_answer.sql"),
    include_str!("../../../../migrations/0009_stream.sql"),
];

const INSTANCE_ID: &str = "id";
const INSTANCE_KEY: &str = "key";

/// The schema that this program knows, as the number of its last step.
#[must_use]
pub fn schema_version() -> u64 {
    MIGRATIONS.len() as u64
}

/// Runs the steps that are missing.
pub(super) async fn migrate(database: &Database) -> Result<(), StoreError> {
    while retrying(|| take_a_step(database)).await? {}
    Ok(())
}

/// Runs the first missing step, in a transaction with its number; false if none is missing.
///
/// Touching the version's row locks it on PostgreSQL, so that of two programs started at once the second waits
/// here and then finds the step taken.
async fn take_a_step(database: &Database) -> Result<bool, StoreError> {
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let mut tx = database.begin().await?;
    let found = version_in(&mut tx).await?;
    if found > known {
        return Err(StoreError::NewerSchema { found, known });
    }
    let step = usize::try_from(found).map_err(|_| StoreError::tampered("schema_version", 1))?;
    let Some(text) = MIGRATIONS.get(step) else { return Ok(false) };
    tx.run_script(text).await?;
    tx.execute(sql::SCHEMA_VERSION_SET, [(found + 1).into()]).await?;
    tx.commit().await?;
    Ok(true)
}

/// The number of the last step that was taken; 0 in a new database.
pub(super) async fn version_in(tx: &mut Tx) -> Result<i64, StoreError> {
    tx.run_script(sql::SCHEMA_TABLE).await?;
    let rows = tx.query(sql::SCHEMA_VERSION_LOCK, []).await?;
    rows.first().ok_or_else(|| StoreError::tampered("schema_version", 1))?.int("version")
}

/// Reads this instance's keys; a new database gets its id, its keys and the head of an empty log.
pub(super) async fn unlock(
    database: &Database,
    master: &Key,
    chance: Arc<Chance>,
) -> Result<Vault, StoreError> {
    if instance_value(database, INSTANCE_KEY).await?.is_none() {
        found_instance(database, master, &chance).await?;
    }
    // Read again even if just made: another process may have been faster, and then its keys count.
    let missing = || StoreError::tampered("instance", INSTANCE_KEY);
    let wrapped = instance_value(database, INSTANCE_KEY).await?.ok_or_else(missing)?;
    Vault::unlock(master, wrapped, chance)
}

async fn instance_value(database: &Database, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let rows = database.query(sql::INSTANCE, [name.into()]).await?;
    rows.first().map(|row| row.bytes("value")).transpose()
}

async fn found_instance(database: &Database, master: &Key, chance: &Arc<Chance>) -> Result<(), StoreError> {
    let id = chance.bytes::<16>().to_vec();
    let wrapped = Vault::new_instance_key(master, chance)?;
    let vault = Vault::unlock(master, wrapped.clone(), Arc::clone(chance))?;
    let genesis = log::genesis(&id);
    let mac = vault.head_mac(0, &genesis);
    let mut tx = database.begin().await?;
    tx.execute(sql::INSTANCE_INSERT, [INSTANCE_ID.into(), id.into()]).await?;
    tx.execute(sql::INSTANCE_INSERT, [INSTANCE_KEY.into(), wrapped.into()]).await?;
    tx.execute(sql::LOG_HEAD_INSERT, [genesis.into(), mac.into()]).await?;
    tx.commit().await
}

/// The plain, random id of this instance, where its log begins.
pub(super) async fn instance_id(database: &Database) -> Result<Vec<u8>, StoreError> {
    instance_value(database, INSTANCE_ID).await?.ok_or_else(|| StoreError::tampered("instance", INSTANCE_ID))
}

/// As [`instance_id`], within a transaction.
pub(super) async fn instance_id_in(tx: &mut Tx) -> Result<Vec<u8>, StoreError> {
    let rows = tx.query(sql::INSTANCE, [INSTANCE_ID.into()]).await?;
    rows.first().ok_or_else(|| StoreError::tampered("instance", INSTANCE_ID))?.bytes("value")
}
