//! Obligations as running clocks: each names the fact that started it, when it is due, and what stops it.

use super::Case;
use super::machines::Rm;
use crate::policy::vocabulary::Fact;
use crate::policy::{ClockRule, Due, Policy};
use crate::time::Instant;

/// Where a clock stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Not satisfied, not due.
    Running,
    /// Not satisfied, and due.
    Late,
    /// Satisfied at this instant.
    Met {
        /// When.
        at: Instant,
    },
}

/// A clock of one case.
#[derive(Clone, Copy, Debug)]
pub struct Clock<'p> {
    /// The policy's rule.
    pub rule: &'p ClockRule,
    /// When its start fact came true.
    pub started: Instant,
    /// When it is due.
    pub due: Instant,
    /// Where it stands.
    pub standing: Standing,
}

impl Clock<'_> {
    /// Whether it still asks something of people.
    #[must_use]
    pub fn is_open(&self) -> bool {
        match self.standing {
            Standing::Running | Standing::Late => true,
            Standing::Met { .. } => false,
        }
    }

    /// Its reminders, the earliest first, each with the number that the log gives it.
    pub fn reminders<'a>(&'a self, policy: &'a Policy) -> impl Iterator<Item = (u8, Instant)> + 'a {
        self.rule.remind.iter().zip(0_u8..).map(|(length, nth)| (nth, length.before(self.due, &policy.zone)))
    }
}

/// The clocks that were started and are not moot, as they stand at `now`.
#[must_use]
pub fn clocks<'p>(policy: &'p Policy, case: &Case, now: Instant) -> Vec<Clock<'p>> {
    policy.clocks.iter().filter_map(|rule| clock(policy, case, rule, now)).collect()
}

fn clock<'p>(policy: &'p Policy, case: &Case, rule: &'p ClockRule, now: Instant) -> Option<Clock<'p>> {
    let started = case.since(&rule.starts)?;
    let met = met_since(policy, case, &rule.satisfied);
    let moot = case.rm == Rm::Closed || rule.unless.iter().any(|fact| case.holds(policy, fact));
    if moot && met.is_none() {
        return None;
    }
    let due = match rule.due {
        Due::Within(length) => length.after(started, &policy.zone),
        Due::BeforeDisclosure(length) => length.before(case.planned()?, &policy.zone),
    };
    let standing = match met {
        Some(at) => Standing::Met { at },
        None if now >= due => Standing::Late,
        None => Standing::Running,
    };
    Some(Clock { rule, started, due, standing })
}

/// Facts that do not last have no instant; they satisfy a clock while they hold.
fn met_since(policy: &Policy, case: &Case, fact: &Fact) -> Option<Instant> {
    let lasting = case.since(fact);
    lasting.or_else(|| case.holds(policy, fact).then(|| case.received()))
}

/// When the clock next has something to do in this case: promote, end the embargo, remind or alarm.
/// `None`: nothing until somebody acts. An instant in the past means: now.
#[must_use]
pub fn next_wake(policy: &Policy, case: &Case, now: Instant) -> Option<Instant> {
    let staged = case.staged().map(|(_, at)| at);
    let embargo = case.until.filter(|_| case.em.is_running());
    let all = clocks(policy, case, now);
    let obligations = all.iter().flat_map(|clock| {
        // Once it is late there is nothing left to remind of, only the alarm.
        let running = clock.standing == Standing::Running;
        let open = |(nth, at): &(u8, Instant)| {
            running && *at < clock.due && !case.was_reminded(&clock.rule.id, *nth)
        };
        let reminders = clock.reminders(policy).filter(open).map(|(_, at)| at);
        let alarm = clock.is_open() && !case.was_alarmed(&clock.rule.id);
        reminders.chain(alarm.then_some(clock.due)).collect::<Vec<_>>()
    });
    staged.into_iter().chain(embargo).chain(obligations).min()
}
