//! Commits that meet are stored in one transaction: what costs most, making it durable, is paid once for all.
//! On PostgreSQL they also wait for the log's head once instead of one after the other.

use super::commit::{Commit, Follows, Keys};
use super::database::Tx;
use super::{Store, StoreError, log, retrying};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot::{self, error::TryRecvError};

/// The most commits that are stored in one transaction.
const TOGETHER_MAX: usize = 64;

type Outcome = Result<(), StoreError>;

/// Commits that wait to be stored, the first come first, and whose turn it is to store them.
///
/// Whoever has the turn may be dropped at any `await`, as a web request is whose client went away. What was
/// begun by then is rolled back; once the database is asked to commit, a task of its own waits for that and tells
/// the others. So a commit whose answer never comes was not stored, and can be tried again.
#[derive(Default)]
pub(super) struct Queue {
    waiting: Mutex<VecDeque<Waiting>>,
    turn: tokio::sync::Mutex<()>,
}

struct Waiting {
    commit: Arc<Commit>,
    answer: oneshot::Sender<Outcome>,
}

impl Waiting {
    fn tell(self, outcome: Outcome) {
        // Nobody listens where the caller went away.
        let _ = self.answer.send(outcome);
    }
}

impl Queue {
    fn join(&self, commit: &Arc<Commit>) -> oneshot::Receiver<Outcome> {
        let (answer, answered) = oneshot::channel();
        self.lock().push_back(Waiting { commit: Arc::clone(commit), answer });
        answered
    }

    /// Up to [`TOGETHER_MAX`] whose callers still wait.
    fn take(&self) -> Vec<Waiting> {
        let mut waiting = self.lock();
        let first = std::iter::from_fn(|| waiting.pop_front());
        first.filter(|waiting| !waiting.answer.is_closed()).take(TOGETHER_MAX).collect()
    }

    /// Nobody panics while holding it, and a queue is never half-changed.
    fn lock(&self) -> MutexGuard<'_, VecDeque<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store {
    /// Stores `commit` along with those that wait as well. A caller that goes away while it stores leaves the
    /// others to whoever is next.
    pub(super) async fn commit_together(&self, commit: Commit) -> Outcome {
        let commit = Arc::new(commit);
        loop {
            let mut answer = self.queue.join(&commit);
            let _turn = self.queue.turn.lock().await;
            loop {
                match answer.try_recv() {
                    Ok(outcome) => return outcome,
                    Err(TryRecvError::Empty) => self.commit_waiting().await,
                    Err(TryRecvError::Closed) => break,
                }
            }
        }
    }

    /// Stores those that have waited longest, and tells them.
    async fn commit_waiting(&self) {
        let mut group = self.queue.take();
        // Two servers lock the cases' rows in one order, and do not wait for each other in a circle.
        group.sort_by_key(|waiting| {
            let (case, stream) = (waiting.commit.changes.first(), waiting.commit.streams.first());
            (case.map(|change| change.case), stream.map(|change| change.stream))
        });
        let all: Vec<&Commit> = group.iter().map(|waiting| &*waiting.commit).collect();
        if let Ok(tx) = self.begin_with(&all).await {
            return finish(tx, group).await;
        }
        // One that cannot be stored keeps nobody else from it: each is stored by itself.
        for waiting in group {
            let alone = [&*waiting.commit];
            let begun = retrying(|| self.begin_with(&alone)).await;
            match begun {
                Ok(tx) => finish(tx, vec![waiting]).await,
                Err(error) => waiting.tell(Err(error)),
            }
        }
    }

    /// A transaction that holds these commits.
    async fn begin_with(&self, commits: &[&Commit]) -> Result<Tx, StoreError> {
        let mut tx = self.database.begin().await?;
        let mut keys = Keys::new(self);
        for commit in commits {
            self.advance(&mut tx, commit).await?;
        }
        let mut due = self.read_due(&mut tx, &mut keys, commits).await?;
        let mut follows = Follows::default();
        for commit in commits {
            self.store_in(&mut tx, &mut keys, &mut due, commit, &mut follows).await?;
        }
        self.insert_jobs(&mut tx, follows.jobs).await?;
        log::append(&mut tx, &self.vault, follows.events).await?;
        Ok(tx)
    }
}

/// Makes the transaction durable and tells whoever waits for it, even if the caller goes away.
async fn finish(tx: Tx, group: Vec<Waiting>) {
    let finished = tokio::spawn(async move {
        let outcome = tx.commit().await;
        group.into_iter().for_each(|waiting| waiting.tell(outcome.clone()));
    });
    // A runtime that is being shut down ends the task, and then nobody is left to be told.
    let _ = finished.await;
}
