//! How often something may be tried, by name and by network. A name that nobody has is counted as any other.

use super::{Answer, Web, Whence};
use crate::store::Limit;

/// Wrong passwords for one name.
pub(super) const SIGN_IN_NAME: Limit = Limit { kind: "sign-in name", most: 10, one_per_s: 90 };
/// Wrong codes beside a password or a link that was right, and wrong passwords of whoever is signed in already. A code
/// has a million values, of which three are good at a time: at this pace, one is hit in ten years.
pub(super) const CODE: Limit = Limit { kind: "code", most: 5, one_per_s: 900 };
/// Wrong passwords from one network.
pub(super) const SIGN_IN: Limit = Limit { kind: "sign-in", most: 60, one_per_s: 15 };
/// Browsers of one network that are sent to the identity provider: it is asked for each.
pub(super) const AWAY: Limit = Limit { kind: "away", most: 60, one_per_s: 15 };
/// Letters with links to one address.
pub(super) const LETTER_ADDRESS: Limit = Limit { kind: "letter address", most: 5, one_per_s: 1_200 };
/// Letters with links that one network asks for.
pub(super) const LETTER: Limit = Limit { kind: "letter", most: 20, one_per_s: 180 };
/// Reports from one network.
pub(super) const REPORT: Limit = Limit { kind: "report", most: 20, one_per_s: 60 };
/// Keys and links tried from one network that open nothing.
pub(super) const KEY: Limit = Limit { kind: "key", most: 60, one_per_s: 15 };
/// Waits are told in steps of so many seconds: the exact one would tell when somebody else tried.
const STEP_S: u32 = 60;

impl Web {
    /// Counts one try by `subject`.
    pub(super) async fn admit(&self, limit: Limit, subject: &str) -> Result<(), Answer> {
        match self.engine.store.count_try(limit, subject, self.engine.clock.now()).await? {
            None => Ok(()),
            Some(wait_s) => Err(Answer::Later { retry_after_s: wait_s.next_multiple_of(STEP_S) }),
        }
    }

    /// Counts one try by `subject`, where being too many is told in other words than [`Answer::Later`].
    pub(super) async fn may_try(&self, limit: Limit, subject: &str) -> Result<bool, Answer> {
        Ok(self.engine.store.count_try(limit, subject, self.engine.clock.now()).await?.is_none())
    }

    /// Counts one try from a network, where it is known.
    pub(super) async fn admit_from(&self, limit: Limit, whence: &Whence) -> Result<(), Answer> {
        match whence.network() {
            Some(network) => self.admit(limit, &network.to_string()).await,
            None => Ok(()),
        }
    }

    /// Takes a try from a network back that was in order.
    pub(super) async fn forgive_from(&self, limit: Limit, whence: &Whence) -> Result<(), Answer> {
        match whence.network() {
            Some(network) => Ok(self.engine.store.forget_try(limit, &network.to_string()).await?),
            None => Ok(()),
        }
    }
}
