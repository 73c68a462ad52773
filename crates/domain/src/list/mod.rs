//! The predisclosure list as it is kept: applications from submission to decision, and members for as long as they
//! are on it (XEN-15 to XEN-19, CS-21, CS-23).
//!
//! Each is a *stream*: the fold of a log of its own, beside the cases and without their formal machines. What an
//! application lacks is [`crate::admission`]'s to find; what follows from that is decided here.

mod actor;
pub mod application;
pub mod member;
mod refusal;

pub use actor::{Actor, By, Who};
pub use application::Application;
pub use member::Member;
pub use refusal::Refusal;

use crate::policy::Policy;
use crate::policy::list::ListRules;
use crate::time::Instant;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Longest text that comes with an action, in bytes.
pub const TEXT_BYTES_MAX: usize = 16 * 1024;

/// What a stream is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StreamKind {
    /// An organisation's application to join the list.
    Application,
    /// A member of the list.
    Member,
}

impl StreamKind {
    /// All of them.
    pub const ALL: [StreamKind; 2] = [StreamKind::Application, StreamKind::Member];

    /// The word for it, as it is stored and as the command line writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            StreamKind::Application => "application",
            StreamKind::Member => "member",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<StreamKind> {
        StreamKind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for StreamKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One line of a stream's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry<E> {
    /// When.
    pub at: Instant,
    /// Whose hand.
    pub by: By,
    /// What.
    pub event: E,
}

/// What is folded from a stream, and how it goes on.
pub trait Stream: Clone + fmt::Debug + PartialEq {
    /// Which kind of stream this is the fold of.
    const KIND: StreamKind;
    /// What may be asked of it.
    type Action;
    /// What happens to it.
    type Event: Clone + fmt::Debug + PartialEq + Serialize + DeserializeOwned;

    /// What begins with this entry; `None` where nothing does.
    fn opened(entry: &Entry<Self::Event>) -> Option<Self>;

    /// Takes in what happened. Cannot fail: [`Stream::decide`] did the judging.
    fn apply(&mut self, entry: &Entry<Self::Event>);

    /// Decides what follows from `action` at `now`.
    ///
    /// # Errors
    /// Why it is not carried out.
    fn decide(
        &self,
        policy: &Policy,
        actor: &Actor,
        action: &Self::Action,
        now: Instant,
    ) -> Result<Vec<Self::Event>, Refusal>;

    /// The event that keeps a refusal in the log (ALL-04).
    fn refused(action: &Self::Action, explanation: crate::refusal::Explanation) -> Self::Event;
}

/// The lines that a decision of `actor` makes at `at`.
#[must_use]
pub fn entries<E>(actor: &Actor, at: Instant, events: Vec<E>) -> Vec<Entry<E>> {
    events.into_iter().map(|event| Entry { at, by: actor.by(), event }).collect()
}

/// Folds a whole stream; `None` where its first entry opens nothing.
#[must_use]
pub fn replay<S: Stream>(entries: &[Entry<S::Event>]) -> Option<S> {
    let (first, rest) = entries.split_first()?;
    let mut stream = S::opened(first)?;
    rest.iter().for_each(|entry| stream.apply(entry));
    Some(stream)
}

fn rules(policy: &Policy) -> Result<&ListRules, Refusal> {
    policy.list.as_ref().ok_or(Refusal::NoList)
}

/// A reason or a message: never empty, and bounded.
fn text_fits(text: &str) -> Result<(), Refusal> {
    if text.trim().is_empty() {
        Err(Refusal::NoReason)
    } else if text.len() > TEXT_BYTES_MAX {
        Err(Refusal::TooLong { bytes: text.len() })
    } else {
        Ok(())
    }
}
