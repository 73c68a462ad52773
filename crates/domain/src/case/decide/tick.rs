//! What the clock does: promote what is staged, end embargoes, remind and alarm (ALL-03, ALL-06).

use super::super::Case;
use super::super::clock::{Standing, clocks};
use super::super::event::{EmbargoEnd, Event};
use crate::policy::Policy;
use crate::time::Instant;

/// Everything that is due at `now`. Nothing is promoted before its instant, and a late clock catches up.
pub(super) fn tick(policy: &Policy, case: &Case, now: Instant) -> Vec<Event> {
    let mut events = disclosure(case, now);
    for clock in clocks(policy, case, now) {
        let id = &clock.rule.id;
        match clock.standing {
            Standing::Running => {
                let passed =
                    clock.reminders(policy).filter(|(nth, at)| *at <= now && !case.was_reminded(id, *nth));
                events.extend(passed.map(|(nth, _)| Event::Reminded {
                    clock: id.clone(),
                    nth,
                    due: clock.due,
                }));
            }
            Standing::Late if !case.was_alarmed(id) => {
                events.push(Event::Alarmed { clock: id.clone(), due: clock.due });
            }
            Standing::Late | Standing::Met { .. } => {}
        }
    }
    events
}

fn disclosure(case: &Case, now: Instant) -> Vec<Event> {
    let mut events = Vec::new();
    let elapsed = case.until.filter(|until| case.em.is_running() && *until <= now);
    if elapsed.is_some() {
        events.push(Event::EmbargoEnded { why: EmbargoEnd::Elapsed, reason: String::new() });
    }
    match (case.staged(), elapsed) {
        (Some((version, planned)), _) if planned <= now => {
            let late_s = now.micros().saturating_sub(planned.micros()) / 1_000_000;
            events.push(Event::Announced { version, planned, late_s });
        }
        // The embargo is over and nothing goes public: a forgotten disclosure (ALL-06).
        (_, Some(until)) if !case.missed_disclosure() => events.push(Event::DisclosureMissed { until }),
        (_, _) => {}
    }
    events
}
