//! The demo's mail catcher: it takes each letter as it would leave, and keeps it in memory instead of sending it.

use crate::engine::{Engine, EngineError};
use crate::post::dress::{Cover, Dressed};
use crate::post::{field, recipient};
use crate::store::{Claimed, DeliveryState};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use tidegate_domain::time::Instant;

/// Letters kept; beyond, the oldest go.
pub const CAUGHT_MAX: usize = 1_000;
/// Letters taken at a time.
const BATCH: u32 = 50;
/// How long a letter is leased to the catcher, and put off where it cannot be made, in seconds.
const LEASE_S: i64 = 60;

/// A letter as it would have left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caught {
    /// Its number in the outbox.
    pub seq: u64,
    /// When it was written.
    pub written: Instant,
    /// Its sender, as in its header.
    pub from: String,
    /// The address it goes to.
    pub to: String,
    /// Its subject, as whoever carries it sees it.
    pub subject: String,
    /// How it is protected.
    pub cover: Cover,
    /// Its bytes; what is no UTF-8 is replaced.
    pub source: String,
}

/// What was caught, the oldest first.
#[derive(Debug, Default)]
pub struct Catcher(Mutex<VecDeque<Arc<Caught>>>);

impl Catcher {
    /// Takes every letter that is to be sent now.
    ///
    /// # Errors
    /// The store's.
    pub async fn round(&self, engine: &Engine) -> Result<(), EngineError> {
        loop {
            let now = engine.clock.now();
            let later = Instant::from_micros(now.micros().saturating_add(LEASE_S * 1_000_000));
            let claimed = engine.store.claim_deliveries(now, later, BATCH).await?;
            if claimed.is_empty() {
                return Ok(());
            }
            for claimed in &claimed {
                self.catch(engine, claimed, (now, later)).await?;
            }
        }
    }

    async fn catch(
        &self,
        engine: &Engine,
        claimed: &Claimed,
        (now, later): (Instant, Instant),
    ) -> Result<(), EngineError> {
        let seq = claimed.seq;
        let letter = engine.store.outgoing_one(seq).await?;
        let Some((letter, raw)) = letter.and_then(|letter| letter.raw.clone().map(|raw| (letter, raw)))
        else {
            return Ok(engine.store.settle_delivery(seq, now, DeliveryState::Failed, "it is gone").await?);
        };
        match engine.dress_letter(&letter, &raw).await? {
            Ok(dressed) => {
                self.keep(caught(seq, letter.at, dressed));
                let said = "kept by the demo's mail catcher";
                Ok(engine.store.settle_delivery(seq, now, DeliveryState::Sent, said).await?)
            }
            Err(why) => Ok(engine.store.put_delivery_off(claimed, now, later, &why).await?),
        }
    }

    fn keep(&self, letter: Caught) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == CAUGHT_MAX {
            kept.pop_front();
        }
        kept.push_back(Arc::new(letter));
    }

    /// Every letter, the newest first.
    #[must_use]
    pub fn letters(&self) -> Vec<Arc<Caught>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().rev().map(Arc::clone).collect()
    }

    /// The letter with this number.
    #[must_use]
    pub fn letter(&self, seq: u64) -> Option<Arc<Caught>> {
        self.letters().into_iter().find(|letter| letter.seq == seq)
    }
}

fn caught(seq: u64, written: Instant, dressed: Dressed) -> Caught {
    let Dressed { bytes, cover } = dressed;
    let subject = tidegate_formats::mail::parse(&bytes).subject.to_string();
    Caught {
        seq,
        written,
        from: field(&bytes, "From").unwrap_or_default(),
        to: recipient(&bytes),
        subject,
        cover,
        source: String::from_utf8_lossy(&bytes).replace("\r\n", "\n"),
    }
}
