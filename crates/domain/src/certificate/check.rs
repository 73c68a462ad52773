//! Proving a policy for certificates: the real [`super::decide()`] is run from every state that can be reached,
//! and every state and transition is held against what must be true of any such policy (SCS-10 to SCS-12).
//!
//! Time goes from one instant at which the clock has something to do to the next; at each of them everybody
//! may do everything. What must be true is remembered here and not read from the certificate, so that a
//! mistake in `decide` would be found as well.

use super::{
    About, Action, Actor, Age, Certificate, Entry, Event, Exposure, Failure, Role, Rules, Standing, Verb,
    decide, next_wake, pending,
};
use crate::policy::check::{Finding, Kind, Report};
use crate::time::Instant;
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

/// Most states that are visited. The shipped policy comes nowhere near it.
const STATES_MAX: usize = 1_000_000;

/// What must be true is told by this, and not by what the certificate says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Memory {
    /// When notice was given of the failed check in hand.
    noticed: Option<Instant>,
    /// Whether the provider answered since then, and nobody has rejected that.
    answered: bool,
    /// What the deployment has shown since it applied.
    open: Option<u32>,
    /// Whether it applied as a new one.
    is_new: bool,
}

struct Node {
    id: usize,
    certificate: Certificate,
    memory: Memory,
    now: Instant,
}

/// Something that somebody can try.
struct Move {
    actor: Actor,
    action: Action,
    label: String,
}

struct Exploration<'a> {
    rules: &'a Rules,
    moves: Vec<Move>,
    /// For each state the one that it was first reached from, and by which move.
    parents: Vec<(usize, usize)>,
    transitions: usize,
    done: BTreeSet<Verb>,
    about: BTreeSet<About>,
    is_presumed: bool,
    first_revoked: Option<(usize, usize)>,
    /// The first of each kind of mistake.
    found: BTreeMap<String, Finding>,
}

/// Checks a policy exhaustively.
#[must_use]
pub fn check(rules: &Rules) -> Report {
    // Daylight saving moves instants by an hour, and tells apart states that differ in nothing else.
    let rules = &Rules { zone: TimeZone::UTC, ..rules.clone() };
    let mut found = Exploration::new(rules);
    let start = Node {
        id: 0,
        certificate: Certificate::none(Instant::from_micros(0)),
        memory: Memory::default(),
        now: Instant::from_micros(0),
    };
    let mut seen = HashMap::from([(key(&start), 0)]);
    found.parents.push((0, 0));
    let mut queue = VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        found.look_at(&node);
        for (by, next) in found.steps_from(&node) {
            found.transitions += 1;
            let fresh = seen.len();
            let id = *seen.entry(key(&next)).or_insert(fresh);
            if id == fresh {
                found.parents.push((node.id, by));
                queue.push_back(Node { id, ..next });
            }
        }
        if seen.len() > STATES_MAX {
            let what = format!("the policy has more than {STATES_MAX} states, and not all were visited");
            found.note("size", Kind::Limits, what, None, None);
            break;
        }
    }
    if seen.len() <= STATES_MAX {
        found.at_the_end();
    }
    let mut findings: Vec<Finding> = found.found.into_values().collect();
    findings.sort_by_key(|finding| finding.kind);
    Report { states: found.parents.len(), transitions: found.transitions, findings }
}

/// A state as later decisions see it: instants by their distance from now, texts and what no decision reads
/// left out.
fn key(node: &Node) -> (Certificate, Memory) {
    let from_now = |at: Instant| Instant::from_micros(at.micros() - node.now.micros());
    let zero = Instant::from_micros(0);
    let mut certificate = node.certificate.clone();
    match &mut certificate.standing {
        Standing::Absent { since, .. } => *since = zero,
        Standing::Applied { since, .. } => *since = from_now(*since),
        Standing::Held { since, until, .. } => (*since, *until) = (zero, from_now(*until)),
        Standing::Revoked { since, by, until, appealed, is_final } => {
            *since = if *is_final { zero } else { from_now(*since) };
            // Giving it back leaves time to renew at least: an end that lies behind is one like another.
            *until = from_now(*until).max(zero);
            *appealed = appealed.map(from_now);
            by.clear();
        }
    }
    let blank = |failure: &mut Failure, at: Instant| {
        (failure.at, failure.about) = (at, About::Service);
        failure.what.clear();
    };
    if let Some(matter) = &mut certificate.matter {
        let at = from_now(matter.failure.at);
        blank(&mut matter.failure, at);
        for at in [&mut matter.noticed, &mut matter.answer_by, &mut matter.answered, &mut matter.rejected] {
            *at = at.map(from_now);
        }
    }
    for failure in &mut certificate.waiting {
        let at = from_now(failure.at);
        blank(failure, at);
    }
    let memory = Memory { noticed: node.memory.noticed.map(from_now), ..node.memory.clone() };
    (certificate, memory)
}

impl<'a> Exploration<'a> {
    fn new(rules: &'a Rules) -> Exploration<'a> {
        Exploration {
            rules,
            moves: moves(rules),
            parents: Vec::new(),
            transitions: 0,
            done: BTreeSet::new(),
            about: BTreeSet::new(),
            is_presumed: false,
            first_revoked: None,
            found: BTreeMap::new(),
        }
    }

    fn path_to(&self, state: usize) -> Vec<String> {
        let (mut labels, mut at) = (Vec::new(), state);
        while at != 0 {
            let Some((parent, by)) = self.parents.get(at) else { break };
            labels.extend(self.moves.get(*by).map(|step| step.label.clone()));
            at = *parent;
        }
        labels.reverse();
        labels
    }

    fn note(&mut self, name: &str, kind: Kind, what: String, at: Option<usize>, by: Option<usize>) {
        if self.found.contains_key(name) {
            return;
        }
        let mut path = at.map(|at| self.path_to(at)).unwrap_or_default();
        path.extend(by.and_then(|by| self.moves.get(by)).map(|step| step.label.clone()));
        self.found.insert(name.to_owned(), Finding { kind, what, path });
    }

    /// Every state waits for something that somebody can do, or that the clock does.
    fn look_at(&mut self, node: &Node) {
        for verb in pending(self.rules, &node.certificate, node.now) {
            if !self.is_possible(node, *verb) {
                let waits = node.certificate.matter.as_ref().map_or("", |_| " while a check has failed");
                let what = format!("this waits for somebody to {}{waits}, and nobody can", verb.phrase());
                self.note(&format!("stuck {}", verb.name()), Kind::DeadEnd, what, Some(node.id), None);
            }
        }
    }

    fn is_possible(&self, node: &Node, verb: Verb) -> bool {
        let by_person = self.moves.iter().any(|step| {
            step.action.verb() == Some(verb)
                && decide(self.rules, &node.certificate, &step.actor, &step.action, node.now).is_ok()
        });
        let by_clock = self.rules.step(verb).is_some_and(|step| {
            step.by.contains(&Role::Clock)
                && super::ready_since(self.rules, &node.certificate, step, node.now).is_some()
        });
        by_person || by_clock
    }

    fn steps_from(&mut self, node: &Node) -> Vec<(usize, Node)> {
        let mut steps = Vec::new();
        for index in 0..self.moves.len() {
            let Some(step) = self.moves.get(index) else { break };
            // One check that waits beside the one in hand shows everything that two could.
            let is_more = matches!(step.action, Action::Fail { .. }) && !node.certificate.waiting.is_empty();
            let is_wait = step.action == Action::Tick;
            let wake = next_wake(self.rules, &node.certificate, node.now).filter(|_| is_wait);
            let Some(now) = wake.or((!is_wait && !is_more).then_some(node.now)) else { continue };
            let (actor, verb) = (step.actor.clone(), step.action.verb());
            let Ok(events) = decide(self.rules, &node.certificate, &actor, &step.action, now) else {
                continue;
            };
            self.done.extend(verb);
            let mut next =
                Node { id: 0, certificate: node.certificate.clone(), memory: node.memory.clone(), now };
            for event in events {
                self.judge(node, index, &actor, &next, &event);
                next.memory.take_in(&event, now, &next.certificate);
                next.certificate.apply(&Entry { at: now, by: actor.clone(), event });
            }
            steps.push((index, next));
        }
        steps
    }

    /// Holds what happens against what may.
    fn judge(&mut self, node: &Node, by: usize, actor: &Actor, next: &Node, event: &Event) {
        let is_person = actor.role != Role::Clock;
        let broken = match event {
            Event::Revoked { .. } => {
                self.first_revoked.get_or_insert((node.id, by));
                self.done.insert(Verb::Revoke);
                self.too_soon(next).map(|why| (Verb::Revoke, why))
            }
            Event::Settled { .. } if !next.memory.answered => {
                Some((Verb::Settle, "silence passes for an answer".to_owned()))
            }
            Event::Settled { .. } if actor.role == Role::Provider => {
                Some((Verb::Settle, "the provider judges its own answer".to_owned()))
            }
            Event::Settled { .. } if !is_person => {
                Some((Verb::Settle, "an answer is accepted that nobody looked at".to_owned()))
            }
            Event::Retracted { .. } if actor.role != Role::Authority => {
                Some((Verb::Retract, "a failed check is taken back, and not by the authority".to_owned()))
            }
            Event::AnswerRejected { .. } if !is_person => {
                Some((Verb::RejectAnswer, "an answer is rejected that nobody looked at".to_owned()))
            }
            Event::Reinstated { .. } if !is_person => {
                Some((Verb::Reinstate, "an appeal is decided that nobody heard".to_owned()))
            }
            Event::Dismissed { .. } if !is_person => {
                Some((Verb::Dismiss, "an appeal is decided that nobody heard".to_owned()))
            }
            Event::Granted { .. } if !next.memory.is_new && next.memory.open != Some(0) => {
                let why = "a deployment that runs already joins, and has not shown that no finding is open (SCS-11)";
                Some((Verb::Grant, why.to_owned()))
            }
            Event::Granted { .. } => {
                self.is_presumed |= next.memory.is_new && next.memory.open.is_none();
                None
            }
            Event::CheckFailed { about, .. } => {
                self.about.insert(*about);
                None
            }
            Event::Expired if next.certificate.matter.is_some() => Some((
                Verb::Revoke,
                "a certificate ends while its holder has something to answer for".to_owned(),
            )),
            Event::NoticeGiven { .. } => {
                self.done.insert(Verb::Notice);
                None
            }
            Event::Applied { .. }
            | Event::FindingsShown { .. }
            | Event::Declined { .. }
            | Event::Renewed { .. }
            | Event::ExpiryWarned { .. }
            | Event::Expired
            | Event::CheckPassed
            | Event::PeriodEnded
            | Event::Answered { .. }
            | Event::AnswerRejected { .. }
            | Event::Settled { .. }
            | Event::Retracted { .. }
            | Event::AppealLapsed
            | Event::Appealed { .. }
            | Event::Reinstated { .. }
            | Event::Dismissed { .. }
            | Event::ApplicationWithdrawn
            | Event::Withdrawn => None,
        };
        if let Some((verb, why)) = broken {
            self.note_broken(verb, &why, node.id, by);
        }
    }

    fn note_broken(&mut self, verb: Verb, why: &str, at: usize, by: usize) {
        let clause = self.rules.step(verb).map_or("", |step| step.clause.as_str());
        let what = format!("{clause}: {why}");
        // However many days are left, it is one mistake.
        let name: String = why.chars().filter(|c| !c.is_ascii_digit()).collect();
        self.note(&name, Kind::Broken, what, Some(at), Some(by));
    }

    /// SCS-12: why a revocation now would be silent, or at once.
    fn too_soon(&self, next: &Node) -> Option<String> {
        let Some(noticed) = next.memory.noticed else {
            return Some("a certificate is revoked without notice (SCS-12)".to_owned());
        };
        let end = self.rules.answer.after(noticed, &self.rules.zone);
        if next.now < end {
            let days = (end.micros() - next.now.micros()) / 86_400_000_000;
            return Some(format!(
                "a certificate is revoked with {days} days left of the period to answer (SCS-12)"
            ));
        }
        next.memory.answered.then(|| "a certificate is revoked over an answer that nobody judged".to_owned())
    }

    /// What only all of it shows, and what the text shows by itself.
    fn at_the_end(&mut self) {
        let rules = self.rules;
        let never: Vec<_> = rules.steps.iter().filter(|step| !self.done.contains(&step.does)).collect();
        for step in never.into_iter().filter(|step| step.by != BTreeSet::from([Role::Clock])) {
            let what = format!("{}: nobody can ever {}", step.clause, step.does.phrase());
            self.note(&format!("never {}", step.does.name()), Kind::Unreachable, what, None, None);
        }
        let seen = std::mem::take(&mut self.about);
        for about in About::ALL.iter().filter(|about| !seen.contains(about)) {
            let what = format!("{}: no check about {} can fail (SCS-10)", rules.counts.1, about.phrase());
            self.note(&format!("about {}", about.name()), Kind::Broken, what, None, None);
        }
        if !self.is_presumed {
            let clause = &rules.joins.clause;
            let what = format!("{clause}: a new deployment is not presumed up to date (SCS-11)");
            self.note("presumed", Kind::Broken, what, None, None);
        }
        let public = &rules.public;
        for (what, exposure) in [("it stands", public.status), ("it came to stand", public.history)] {
            if exposure == Exposure::Private {
                let what = format!(
                    "{}: a deployment lost its certificate, and nobody outside sees how {what} (SCS-12)",
                    public.clause
                );
                let (at, by) = self.first_revoked.unzip();
                self.note(&what, Kind::Broken, what.clone(), at, by);
            }
        }
    }
}

impl Memory {
    /// Takes in what happened to a certificate that was as `before`.
    fn take_in(&mut self, event: &Event, now: Instant, before: &Certificate) {
        match event {
            Event::Applied { age } => {
                *self = Memory { is_new: *age == Age::New, ..Memory::default() };
            }
            Event::FindingsShown { open } => self.open = Some(*open),
            Event::CheckFailed { .. } if before.matter.is_some() => {}
            Event::CheckFailed { .. } | Event::Settled { .. } | Event::Retracted { .. } => {
                (self.noticed, self.answered) = (None, false);
            }
            Event::NoticeGiven { .. } => self.noticed = Some(now),
            Event::Answered { .. } => self.answered = self.noticed.is_some(),
            Event::AnswerRejected { .. } => self.answered = false,
            Event::Granted { .. }
            | Event::Declined { .. }
            | Event::Expired
            | Event::ApplicationWithdrawn
            | Event::Withdrawn
            | Event::Revoked { .. }
            | Event::Reinstated { .. } => *self = Memory::default(),
            Event::Renewed { .. }
            | Event::ExpiryWarned { .. }
            | Event::CheckPassed
            | Event::PeriodEnded
            | Event::AppealLapsed
            | Event::Appealed { .. }
            | Event::Dismissed { .. } => {}
        }
    }
}

/// Everything that somebody can try: each step by each who may, with every fact that makes a difference.
fn moves(rules: &Rules) -> Vec<Move> {
    let mut moves = Vec::new();
    for step in &rules.steps {
        for role in step.by.iter().filter(|role| **role != Role::Clock) {
            for (action, more) in examples(step.does) {
                let label = format!("[{}] {}{more}", role.name(), step.does.phrase());
                // Whoever hears an appeal is another person than whoever revoked.
                let name = step.does.name().to_owned();
                moves.push(Move { actor: Actor { role: *role, name }, action, label });
            }
        }
    }
    let label = "[clock] until something is due".to_owned();
    moves.push(Move { actor: Actor::clock(), action: Action::Tick, label });
    moves
}

fn examples(verb: Verb) -> Vec<(Action, String)> {
    let of = |age: Age, about: About, open: u32| Action::of(verb, "so it is", age, about, open);
    let of_age = |age: &Age| (of(*age, About::Service, 0), format!(" for {}", age.phrase()));
    let of_about = |about: &About| (of(Age::New, *about, 0), format!(", about {}", about.phrase()));
    let of_open = |open: u32| (of(Age::New, About::Service, open), format!(": {open}"));
    match verb {
        Verb::Apply => Age::ALL.iter().map(of_age).collect(),
        Verb::Fail => About::ALL.iter().map(of_about).collect(),
        Verb::ShowFindings => [0, 1].map(of_open).into(),
        Verb::Grant
        | Verb::Decline
        | Verb::Renew
        | Verb::Pass
        | Verb::Notice
        | Verb::Answer
        | Verb::RejectAnswer
        | Verb::Settle
        | Verb::Retract
        | Verb::Revoke
        | Verb::Appeal
        | Verb::Reinstate
        | Verb::Dismiss
        | Verb::Withdraw => vec![(of(Age::New, About::Service, 0), String::new())],
    }
}
