//! Buckets that leak: how often something may be tried. What is in them is one instant each.
//!
//! Buckets are found by a number that only this instance can make of a name, cut to [`BUCKET_BITS`]: the table is
//! bounded, whatever is typed, and a name that nobody has fills a bucket as one that somebody has.

use super::seal::Tag;
use super::{Store, StoreError, sql};
use tidegate_domain::time::Instant;

/// There are two to the power of this many buckets. To fill them all, somebody would have to be answered more
/// often than the server can compute.
const BUCKET_BITS: u32 = 20;
const SECOND_US: i64 = 1_000_000;

/// How often something may be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// What is counted: buckets of two kinds have nothing to do with each other.
    pub kind: &'static str,
    /// How often at once ...
    pub most: i64,
    /// ... and then once in so many seconds.
    pub one_per_s: i64,
}

impl Limit {
    fn cost_us(self) -> i64 {
        self.one_per_s * SECOND_US
    }
}

impl Store {
    /// Counts one try of `subject` at `now`; or answers after how many seconds to try again, and counts nothing.
    pub async fn count_try(
        &self,
        limit: Limit,
        subject: &str,
        now: Instant,
    ) -> Result<Option<u32>, StoreError> {
        let bucket = self.bucket(limit, subject);
        let (now_us, cost) = (now.micros(), limit.cost_us());
        let room = now_us.saturating_add(cost.saturating_mul(limit.most - 1));
        let mut tx = self.database.begin().await?;
        tx.execute(sql::THROTTLE_SWEEP, [now.into()]).await?;
        let values = [bucket.into(), now.into(), (now_us + cost).into(), room.into(), cost.into()];
        let counted = tx.query(sql::THROTTLE_COUNT, values).await?;
        let held = tx.query(sql::THROTTLE, [bucket.into()]).await?;
        tx.commit().await?;
        if !counted.is_empty() {
            return Ok(None);
        }
        let empty = held.first().map(|row| row.instant("empty_us")).transpose()?.unwrap_or(now);
        let wait_s = (empty.micros() - room).max(0) / SECOND_US + 1;
        Ok(Some(u32::try_from(wait_s).unwrap_or(u32::MAX)))
    }

    /// Takes a try back that was in order.
    pub async fn forget_try(&self, limit: Limit, subject: &str) -> Result<(), StoreError> {
        let values = [self.bucket(limit, subject).into(), limit.cost_us().into()];
        let mut tx = self.database.begin().await?;
        tx.execute(sql::THROTTLE_FORGET, values).await?;
        tx.commit().await
    }

    fn bucket(&self, limit: Limit, subject: &str) -> u32 {
        let Tag(tag) = self.vault.tag("throttle", &[limit.kind.as_bytes(), subject.as_bytes()]);
        let [a, b, c, d, ..] = tag;
        u32::from_be_bytes([a, b, c, d]) >> (u32::BITS - BUCKET_BITS)
    }
}
