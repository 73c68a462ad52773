//! Visiting every state that can be reached, breadth first, so that the first way found to a state is one of
//! the shortest.

use super::key::Key;
use super::key::Relevant;
use super::model::{Attempt, Move, Phase, Roles, World, world};
use crate::audience;
use crate::case::clock::next_wake;
use crate::case::{By, Case, Entry, Event, decide};
use crate::policy::vocabulary::{Fact, Verb};
use crate::policy::{Act, ItemSet, Knows, Policy, RoleId, RoleSet, Step};
use crate::refusal::Refusal;
use crate::time::Instant;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

/// Most states that are visited. No shipped policy comes near it.
const STATES_MAX: usize = 20_000_000;

/// A place in the exploration.
pub(super) type StateId = u32;

/// What was found first of a kind, and where.
pub(super) struct Sighting {
    pub at: StateId,
    pub by: Option<usize>,
    pub what: String,
}

/// Everything that can happen under a policy.
pub struct Exploration {
    pub(super) world: World,
    /// For each state the one it was first reached from, and by which move.
    parents: Vec<(StateId, u16)>,
    /// Successors, state after state.
    successors: Vec<StateId>,
    /// Where each state's successors begin.
    starts: Vec<usize>,
    pub(super) closed: Vec<bool>,
    /// Steps that were done somewhere.
    pub(super) done: BTreeSet<usize>,
    /// Facts that came true somewhere.
    pub(super) facts: BTreeSet<Fact>,
    /// Leaks by rule, step or role: the first of each.
    pub(super) leaks: BTreeMap<String, Sighting>,
    /// Promises broken: the first of each.
    pub(super) broken: BTreeMap<String, Sighting>,
    /// The first state whose embargo nobody can end.
    pub(super) trapped: Option<StateId>,
    /// Where each step was done, by which role.
    matrix: BTreeSet<(usize, RoleId, Phase)>,
    /// Why closing is refused in the states where it is.
    pub(super) close_refusals: HashMap<StateId, Refusal>,
}

struct Frontier {
    id: StateId,
    case: Case,
    now: Instant,
}

/// Visits every reachable state of a case under `policy`.
#[must_use]
pub fn explore(policy: &Policy, roles: Roles) -> Exploration {
    explore_with(policy, roles, false)
}

/// `in_full`: no two states that differ at all count as one. For the test that holds the reduction against it.
pub(super) fn explore_with(policy: &Policy, roles: Roles, in_full: bool) -> Exploration {
    let world = world(policy, roles);
    let relevant = Relevant::of(policy, world.by_severity, in_full);
    let mut found = Exploration::new(world);
    let mut seen: HashMap<Key, StateId> = HashMap::new();
    let mut queue = VecDeque::new();
    let (start, now) = (found.world.start.clone(), found.world.now);
    seen.insert(relevant.key(&start, now, true), 0);
    found.parents.push((0, 0));
    queue.push_back(Frontier { id: 0, case: start, now });
    while let Some(state) = queue.pop_front() {
        found.look_at(&state);
        // Who was invited decides nothing that others could not do, once it was seen that an invitation works.
        let helpers = roles == Roles::Every || relevant.helpers_matter || !found.invitation_seen();
        for (index, next, at) in found.steps_from(&state) {
            let key = relevant.key(&next, at, helpers);
            let fresh = StateId::try_from(seen.len()).unwrap_or(StateId::MAX);
            let id = *seen.entry(key).or_insert(fresh);
            if id == fresh && seen.len() <= STATES_MAX {
                found.parents.push((state.id, u16::try_from(index).unwrap_or(u16::MAX)));
                queue.push_back(Frontier { id, case: next, now: at });
            }
            found.successors.push(id);
        }
    }
    found.starts.push(found.successors.len());
    found
}

impl Exploration {
    fn new(world: World) -> Exploration {
        Exploration {
            world,
            parents: Vec::new(),
            successors: Vec::new(),
            starts: Vec::new(),
            closed: Vec::new(),
            done: BTreeSet::new(),
            facts: BTreeSet::new(),
            leaks: BTreeMap::new(),
            broken: BTreeMap::new(),
            trapped: None,
            matrix: BTreeSet::new(),
            close_refusals: HashMap::new(),
        }
    }

    /// Reachable states.
    #[must_use]
    pub fn states(&self) -> usize {
        self.parents.len()
    }

    /// Transitions between them.
    #[must_use]
    pub fn transitions(&self) -> usize {
        self.successors.len()
    }

    /// Whether `role` can do the step at `index` of the policy somewhere in `phase`. Complete only for an
    /// exploration with [`Roles::Every`].
    #[must_use]
    pub fn permits(&self, index: usize, role: RoleId, phase: Phase) -> bool {
        self.matrix.contains(&(index, role, phase))
    }

    /// Whether somebody was invited and acknowledged confidence on some way.
    fn invitation_seen(&self) -> bool {
        let is_it = |step: &Step| step.act == Act::Built(Verb::AcknowledgeConfidence);
        self.world.policy.steps.iter().position(is_it).is_none_or(|index| self.done.contains(&index))
    }

    /// The moves that lead to `state` by the shortest way, in words.
    pub(super) fn path_to(&self, state: StateId) -> Vec<String> {
        let mut labels = Vec::new();
        let mut at = state;
        while at != 0 {
            let Some((parent, by)) = self.parents.get(at as usize) else { break };
            labels.extend(self.world.moves.get(usize::from(*by)).map(|step| step.label.clone()));
            at = *parent;
        }
        labels.push("[Anyone] Report a vulnerability".to_owned());
        labels.reverse();
        labels
    }

    /// The states from which no way leads to a closed case, the nearest to the start first.
    pub(super) fn dead_ends(&self) -> Vec<StateId> {
        let mut alive = self.closed.clone();
        let mut changed = true;
        while changed {
            changed = false;
            for state in (0..self.states()).rev() {
                let lives = alive.get(state).copied().unwrap_or(false);
                if !lives && self.successors_of(state).any(|next| alive.get(next as usize) == Some(&true)) {
                    if let Some(slot) = alive.get_mut(state) {
                        *slot = true;
                    }
                    changed = true;
                }
            }
        }
        let dead = alive.iter().enumerate().filter(|(_, lives)| !**lives);
        dead.filter_map(|(state, _)| StateId::try_from(state).ok()).collect()
    }

    pub(super) fn successors_of(&self, state: usize) -> impl Iterator<Item = StateId> + '_ {
        let from = self.starts.get(state).copied().unwrap_or(0);
        let to = self.starts.get(state + 1).copied().unwrap_or(from);
        self.successors.get(from..to).unwrap_or(&[]).iter().copied()
    }

    /// Holds a state against what must be true in every one.
    fn look_at(&mut self, state: &Frontier) {
        self.starts.push(self.successors.len());
        self.closed.push(state.case.rm == crate::case::machines::Rm::Closed);
        for (fact, _) in state.case.facts() {
            if !self.facts.contains(fact) {
                self.facts.insert(fact.clone());
            }
        }
        for role in self.world.policy.role_ids() {
            for (rule, items) in audience::withheld(&self.world.policy, &state.case, role) {
                let key = format!("{} {role:?}", rule.clause);
                if !self.leaks.contains_key(&key) {
                    let what = leak(&self.world.policy, rule, role, items);
                    self.leaks.insert(key, Sighting { at: state.id, by: None, what });
                }
            }
        }
        super::properties::closed_properly(self, state.id, &state.case);
    }

    /// Tries every move, and answers with those that change something, each with the case it leads to.
    fn steps_from(&mut self, state: &Frontier) -> Vec<(usize, Case, Instant)> {
        let mut steps = Vec::new();
        let mut can_end = false;
        for index in 0..self.world.moves.len() {
            let Some(step) = self.world.moves.get(index) else { break };
            let Some((now, outcome)) = attempt(&self.world, step, state) else { continue };
            match outcome {
                Ok(events) => {
                    can_end |= step.step.is_some() && ends_embargo(&events);
                    self.note_done(index, &state.case);
                    self.note_early(index, state, &events, now);
                    let next = after(&state.case, self.by(index), &events, now);
                    steps.push((index, next, now));
                }
                Err(refusal) => self.note_refused(index, state.id, refusal),
            }
        }
        if state.case.em.is_running() && !can_end && self.trapped.is_none() {
            self.trapped = Some(state.id);
        }
        steps
    }

    fn by(&self, index: usize) -> By {
        match self.world.moves.get(index).map(|step| &step.actor) {
            Some(crate::case::Actor::Person { name, .. }) => By::Person(name.clone()),
            Some(crate::case::Actor::Clock) | None => By::Clock,
        }
    }

    fn note_done(&mut self, index: usize, case: &Case) {
        let Some(Move { step: Some(step), role: Some(role), .. }) = self.world.moves.get(index) else {
            return;
        };
        self.done.insert(*step);
        self.matrix.insert((*step, *role, Phase::of(case)));
    }

    /// ALL-03: whatever was decided, nothing may become public before its instant.
    fn note_early(&mut self, index: usize, state: &Frontier, events: &[Event], now: Instant) {
        let publishes = events.iter().any(|event| matches!(event, Event::Announced { .. }));
        let running =
            super::model::is_secret(&state.case) && state.case.until.is_some_and(|until| now < until);
        if publishes && running {
            let what = "the advisory becomes public before the embargo's end (ALL-03)".to_owned();
            let sighting = Sighting { at: state.id, by: Some(index), what };
            self.broken.entry("early".to_owned()).or_insert(sighting);
        }
    }

    fn note_refused(&mut self, index: usize, at: StateId, refusal: Refusal) {
        let Some(step) = self.world.moves.get(index) else { return };
        if let Refusal::WouldTell { act, .. } = &refusal {
            let what = refusal.explain(&self.world.policy).to_string();
            self.leaks.entry(format!("step {act}")).or_insert(Sighting { at, by: Some(index), what });
        }
        if matches!(step.action, Attempt::Do(crate::case::Action::Close { .. })) {
            self.close_refusals.insert(at, refusal);
        }
    }
}

fn attempt(world: &World, step: &Move, state: &Frontier) -> Option<(Instant, Result<Vec<Event>, Refusal>)> {
    let now = match step.action {
        Attempt::Wait => next_wake(&world.policy, &state.case, state.now)?.max(state.now),
        Attempt::Do(_) | Attempt::Propose | Attempt::Revise | Attempt::Batch => state.now,
    };
    let action = world.action(&step.action, &state.case)?;
    // Two versions of an advisory show everything that a third one could.
    if matches!(*action, crate::case::Action::Reissue { .. }) && state.case.versions.len() >= 2 {
        return None;
    }
    Some((now, decide(&world.policy, &state.case, &step.actor, &action, now)))
}

fn leak(policy: &Policy, rule: &Knows, role: RoleId, items: ItemSet) -> String {
    let phrases: Vec<&str> = items.iter().map(crate::policy::vocabulary::Item::phrase).collect();
    let shown: String = phrases.iter().take(3).copied().collect::<Vec<_>>().join(", ");
    let more = if phrases.len() > 3 { format!(" and {} more", phrases.len() - 3) } else { String::new() };
    format!(
        "{} would let {} know {shown}{more} as soon as {}",
        rule.clause,
        policy.titles(RoleSet::only(role)),
        policy.fact_phrase(&rule.from),
    )
}

fn ends_embargo(events: &[Event]) -> bool {
    events.iter().any(|event| matches!(event, Event::EmbargoEnded { .. }))
}

fn after(case: &Case, by: By, events: &[Event], now: Instant) -> Case {
    let mut next = case.clone();
    for event in events {
        next.apply(&Entry { at: now, by: by.clone(), event: event.clone() });
    }
    next
}
