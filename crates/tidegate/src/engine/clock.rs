//! Where `now` comes from: the one place that reads the machine's clock.

use std::sync::Mutex;
use tidegate_domain::time::Instant;

/// A source of `now`.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The present instant. Never goes back while the program runs.
    fn now(&self) -> Instant;
}

/// The machine's clock, read once at start and carried on by the monotonic one: while the program runs, a
/// jump of the wall clock opens nothing early (ALL-03).
#[derive(Debug)]
pub struct SystemClock {
    started: Instant,
    since: std::time::Instant,
}

impl SystemClock {
    /// Reads the wall clock, for the first and last time.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everything else takes `now` from")]
    pub fn start() -> SystemClock {
        SystemClock { started: Instant::from(jiff::Timestamp::now()), since: std::time::Instant::now() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        let passed = i64::try_from(self.since.elapsed().as_micros()).unwrap_or(i64::MAX);
        Instant::from_micros(self.started.micros().saturating_add(passed))
    }
}

/// A clock that is set by hand: for the demo's replay of history, and for tests.
#[derive(Debug)]
pub struct SetClock(Mutex<Instant>);

impl SetClock {
    /// A clock that stands at `now`.
    #[must_use]
    pub fn at(now: Instant) -> SetClock {
        SetClock(Mutex::new(now))
    }

    /// Sets the clock, forwards or back.
    pub fn set(&self, now: Instant) {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = now;
    }
}

impl Clock for SetClock {
    fn now(&self) -> Instant {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
