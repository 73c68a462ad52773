//! Failing on demand, for the crash sweep: fail effect n before and after it took hold, restart, check.

use super::StoreError;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// On which side of the effect the process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The effect never happens.
    Before,
    /// The effect happened, but whoever asked for it never hears of it.
    After,
}

/// Counts durable effects, from 1, and dies at one of them: that call and every later effect answers
/// [`StoreError::Injected`], as a dead process would. Share one between the store and other hands with effects.
#[derive(Debug)]
pub struct Faults {
    seen: AtomicU64,
    plan: Option<(u64, Side)>,
    dead: AtomicBool,
}

impl Faults {
    /// Counts and never fails: what production runs with.
    #[must_use]
    pub fn none() -> Faults {
        Faults { seen: AtomicU64::new(0), plan: None, dead: AtomicBool::new(false) }
    }

    /// Dies at the `n`-th effect.
    #[must_use]
    pub fn die_at(n: u64, side: Side) -> Faults {
        Faults { plan: Some((n, side)), ..Faults::none() }
    }

    /// How many effects were begun. A sweep ends with the first run that never reached its n-th.
    #[must_use]
    pub fn effects(&self) -> u64 {
        self.seen.load(Ordering::SeqCst)
    }

    /// To be called right before an effect; the answer's [`Effect::after`] right after it.
    pub fn before(&self) -> Result<Effect<'_>, StoreError> {
        if self.dead.load(Ordering::SeqCst) {
            return Err(StoreError::Injected);
        }
        let n = self.seen.fetch_add(1, Ordering::SeqCst) + 1;
        self.strike(n, Side::Before)?;
        Ok(Effect { faults: self, n })
    }

    fn strike(&self, n: u64, side: Side) -> Result<(), StoreError> {
        if self.plan == Some((n, side)) {
            self.dead.store(true, Ordering::SeqCst);
            return Err(StoreError::Injected);
        }
        Ok(())
    }
}

/// An effect that was announced.
#[must_use]
#[derive(Debug)]
pub struct Effect<'a> {
    faults: &'a Faults,
    n: u64,
}

impl Effect<'_> {
    /// The effect took hold.
    pub fn after(self) -> Result<(), StoreError> {
        self.faults.strike(self.n, Side::After)
    }
}
