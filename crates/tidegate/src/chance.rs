//! Randomness as an argument. Nothing else in the program draws.

use chacha20::ChaCha20Rng;
use chacha20::rand_core::{Rng, SeedableRng};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use zeroize::Zeroizing;

/// A source of random bits that threads share: the operating system's, or a seed's for tests.
pub struct Chance(Mutex<ChaCha20Rng>);

/// The operating system has no randomness to give. Nothing confidential can be stored without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoChance;

impl fmt::Display for NoChance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the operating system gave no random bytes; keys cannot be made without them")
    }
}

impl std::error::Error for NoChance {}

impl Chance {
    /// A stream seeded with 32 bytes from the operating system. Asked once, so that drawing cannot fail later.
    pub fn from_os() -> Result<Chance, NoChance> {
        let mut seed = Zeroizing::new([0_u8; 32]);
        getrandom::fill(seed.as_mut_slice()).map_err(|_| NoChance)?;
        Ok(Chance(Mutex::new(ChaCha20Rng::from_seed(*seed))))
    }

    /// The same bits every time: for tests and simulations, never for a key that guards anything.
    #[must_use]
    pub fn seeded(seed: u64) -> Chance {
        Chance(Mutex::new(ChaCha20Rng::seed_from_u64(seed)))
    }

    /// The next `N` bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.stream().fill_bytes(&mut bytes);
        bytes
    }

    /// The next 64 bits.
    #[must_use]
    pub fn u64(&self) -> u64 {
        self.stream().next_u64()
    }

    /// A panic elsewhere cannot leave the generator half-drawn, so a poisoned lock is as good as any.
    fn stream(&self) -> MutexGuard<'_, ChaCha20Rng> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows no state: whoever has it has every later key.
impl fmt::Debug for Chance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Chance")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_and_the_system_does_not() {
        assert_eq!(Chance::seeded(7).bytes::<40>(), Chance::seeded(7).bytes::<40>());
        assert_ne!(Chance::seeded(7).u64(), Chance::seeded(8).u64());
        let system = || Chance::from_os().expect("randomness").bytes::<16>();
        assert_ne!(system(), system());
    }
}
