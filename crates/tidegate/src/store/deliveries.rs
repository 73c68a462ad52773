//! What became of each letter of the outbox.

use super::database::{Row, Tx, Value};
use super::seal::{Key, Place, Tag};
use super::{Outgoing, Store, StoreError, sql};
use tidegate_domain::id::CaseId;
use tidegate_domain::time::Instant;

/// The longest kept answer of a mail server, in characters.
pub const SAID_CHARS_MAX: usize = 300;

/// What became of a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// It is to be sent, not before [`Delivery::next`].
    Waiting,
    /// The mail server took it.
    Sent,
    /// It was given up.
    Failed,
    /// The mail server took it, and sent it back later.
    Bounced,
}

impl DeliveryState {
    /// The state as a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            DeliveryState::Waiting => "waiting",
            DeliveryState::Sent => "sent",
            DeliveryState::Failed => "failed",
            DeliveryState::Bounced => "bounced",
        }
    }

    fn read(row: &Row) -> Result<DeliveryState, StoreError> {
        let word = row.text("state")?;
        let all =
            [DeliveryState::Waiting, DeliveryState::Sent, DeliveryState::Failed, DeliveryState::Bounced];
        let state = all.into_iter().find(|state| state.word() == word);
        state.ok_or_else(|| StoreError::tampered("delivery", "with an unknown state"))
    }
}

/// A letter's way so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The letter's number in the outbox.
    pub seq: u64,
    /// What became of it.
    pub state: DeliveryState,
    /// Attempts so far.
    pub attempts: u32,
    /// Not before this instant, while it waits.
    pub next: Instant,
    /// The last change.
    pub changed: Instant,
    /// What the mail server said last, or why there was none; `None` before the first attempt, and if the case
    /// was shredded.
    pub said: Option<String>,
}

/// A letter that was leased to a sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// Its number in the outbox.
    pub seq: u64,
    /// Attempts, this one included.
    pub attempts: u32,
    /// Since when it is tried.
    pub since: Instant,
}

impl Store {
    /// Leases up to `limit` letters that are to be sent at `now`, the longest waiting first. Whoever dies with
    /// one leaves it to the next sender after `lease`.
    pub async fn claim_deliveries(
        &self,
        now: Instant,
        lease: Instant,
        limit: u32,
    ) -> Result<Vec<Claimed>, StoreError> {
        let mut tx = self.database.begin().await?;
        let rows = tx.query(sql::DELIVERIES_CLAIM, [now.into(), lease.into(), limit.into()]).await?;
        tx.commit().await?;
        let read = |row: &Row| {
            Ok(Claimed { seq: row.count("seq")?, attempts: attempts(row)?, since: row.instant("since_us")? })
        };
        let mut claimed = rows.iter().map(read).collect::<Result<Vec<Claimed>, StoreError>>()?;
        claimed.sort_by_key(|claimed| claimed.seq);
        Ok(claimed)
    }

    /// One letter of the outbox.
    pub async fn outgoing_one(&self, seq: u64) -> Result<Option<Outgoing>, StoreError> {
        let found = self.outgoing(seq.saturating_sub(1), 1).await?;
        Ok(found.into_iter().find(|letter| letter.seq == seq))
    }

    /// Leases the letter on, until `lease`; false if it is held no more: somebody else took it over, or what became
    /// of it was noted.
    pub async fn renew_delivery(&self, held: &Claimed, lease: Instant) -> Result<bool, StoreError> {
        let mut tx = self.database.begin().await?;
        let values = [held.seq.into(), held.attempts.into(), lease.into()];
        let renewed = tx.execute(sql::DELIVERY_RENEW, values).await?;
        tx.commit().await?;
        Ok(renewed > 0)
    }

    /// Notes why a letter was not sent, and when it is tried again, unless somebody else holds it by now.
    pub async fn put_delivery_off(
        &self,
        held: &Claimed,
        now: Instant,
        next: Instant,
        why: &str,
    ) -> Result<(), StoreError> {
        let mut tx = self.database.begin().await?;
        let said = self.seal_said(&mut tx, held.seq, why).await?;
        let values = [held.seq.into(), held.attempts.into(), next.into(), now.into(), said];
        tx.execute(sql::DELIVERY_PUT_OFF, values).await?;
        tx.commit().await
    }

    /// Notes what became of a letter that waits or was sent; whatever else became of it stays.
    pub async fn settle_delivery(
        &self,
        seq: u64,
        now: Instant,
        state: DeliveryState,
        said: &str,
    ) -> Result<(), StoreError> {
        let mut tx = self.database.begin().await?;
        let said = self.seal_said(&mut tx, seq, said).await?;
        tx.execute(sql::DELIVERY_SETTLE, [seq.into(), state.word().into(), now.into(), said]).await?;
        tx.commit().await
    }

    /// Tries a letter again that was given up or sent back; false if it is none of these.
    pub async fn deliver_again(&self, seq: u64, now: Instant) -> Result<bool, StoreError> {
        let mut tx = self.database.begin().await?;
        let changed = tx.execute(sql::DELIVERY_AGAIN, [seq.into(), now.into()]).await?;
        tx.commit().await?;
        Ok(changed > 0)
    }

    /// The ways of up to `limit` letters with a number above `after`.
    pub async fn deliveries(&self, after: u64, limit: u32) -> Result<Vec<Delivery>, StoreError> {
        let rows = self.database.query(sql::DELIVERIES, [after.into(), limit.into()]).await?;
        rows.iter().map(|row| self.read_delivery(row)).collect()
    }

    fn read_delivery(&self, row: &Row) -> Result<Delivery, StoreError> {
        let seq = row.count("seq")?;
        let said = match (self.vault.key_for(row)?.1, row.opt_bytes("said")?) {
            (Some(key), Some(sealed)) => Some(key.open_text(&place(&seq.to_string()), sealed)?),
            (None, _) | (_, None) => None,
        };
        Ok(Delivery {
            seq,
            state: DeliveryState::read(row)?,
            attempts: attempts(row)?,
            next: row.instant("next_us")?,
            changed: row.instant("changed_us")?,
            said,
        })
    }

    /// The letter that a Message-ID of ours belongs to, by what stands before its `@`, with its case.
    pub async fn letter_of_message(&self, name: &str) -> Result<Option<(u64, Option<CaseId>)>, StoreError> {
        let rows = self.database.query(sql::DELIVERY_OF_MESSAGE, [self.message_tag(name).into()]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        Ok(Some((row.count("seq")?, row.opt_case("case_id")?)))
    }

    /// What stands before the `@` in the Message-ID of the letter called `name`: the same for ever, so that a letter
    /// that is sent twice after a crash is recognised; and only this instance can make it, since whoever knows it
    /// can answer the letter.
    #[must_use]
    pub fn message_name(&self, name: &str) -> String {
        let tag = self.vault.tag("message name", &[name.as_bytes()]).to_string();
        tag.get(..32).unwrap_or(&tag).to_owned()
    }

    /// A code that only this instance can make, for the addresses to which answers about a case go; hex digits.
    #[must_use]
    pub fn answer_code(&self, case: CaseId) -> String {
        self.vault.tag("answer", &[case.to_string().as_bytes()]).to_string()
    }

    pub(super) fn message_tag(&self, name: &str) -> Tag {
        self.vault.tag("message", &[name.as_bytes()])
    }

    /// NULL if the case was shredded: there is no key left to keep anything under.
    async fn seal_said(&self, tx: &mut Tx, seq: u64, said: &str) -> Result<Value, StoreError> {
        let rows = tx.query(sql::DELIVERY_WITH_KEY, [seq.into()]).await?;
        let row = rows.first().ok_or_else(|| StoreError::not_found(format_args!("letter {seq}")))?;
        let kept: String = said.chars().take(SAID_CHARS_MAX).collect();
        let seal = |key: Key| self.vault.seal(&key, &place(&seq.to_string()), kept.as_bytes());
        Ok(Value::Bytes(self.vault.key_for(row)?.1.map(seal).transpose()?))
    }
}

fn attempts(row: &Row) -> Result<u32, StoreError> {
    Ok(u32::try_from(row.count("attempts")?).unwrap_or(u32::MAX))
}

fn place(row: &str) -> Place<'_> {
    Place { table: "delivery", row, column: "said" }
}
