//! Turns at a case. Two decisions about one case that are taken at once cannot both be stored: the slower one is taken
//! again. Within one server they wait for one another instead, so that whoever acts in company is not told that we
//! failed, and an advisory that is due is not put off because a team is busy. Between servers the store decides.

use std::hash::{DefaultHasher, Hash, Hasher};
use tidegate_domain::id::CaseId;
use tokio::sync::{Mutex, MutexGuard};

/// Cases that share a turn wait for one another in vain: with so many turns, few do.
const TURNS: usize = 1_024;

/// Whose turn it is.
#[derive(Debug)]
pub(super) struct Turns(Box<[Mutex<()>]>);

impl Default for Turns {
    fn default() -> Turns {
        Turns((0..TURNS).map(|_| Mutex::default()).collect())
    }
}

impl Turns {
    /// Waits for the case's turn, first come, first served. Nobody may wait for a second one meanwhile.
    pub(super) async fn at(&self, case: CaseId) -> MutexGuard<'_, ()> {
        let mut hasher = DefaultHasher::new();
        case.hash(&mut hasher);
        let nth = usize::try_from(hasher.finish() % TURNS as u64).unwrap_or_default();
        self.0[nth].lock().await
    }
}
