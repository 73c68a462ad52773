//! An instance with many cases, as the engine would have left it: decided by the domain, stored by the store,
//! many cases at a time, and held against a replay by the engine's own check.

use super::Outcome;
use super::measure::{bar, say};
use std::sync::Arc;
use tidegate::chance::Chance;
use tidegate::engine::clock::SetClock;
use tidegate::engine::people::People;
use tidegate::engine::{Engine, fold};
use tidegate::store::{CaseChange, Commit, Due, Location, MasterKey, Store};
use tidegate_domain::advisory::Title;
use tidegate_domain::case::clock::clocks;
use tidegate_domain::case::{Action, Actor, By, Case, Entry, Event, REPORTER, Report, decide, open};
use tidegate_domain::id::{CaseId, Slug};
use tidegate_domain::policy::Policy;
use tidegate_domain::time::Instant;

pub const EVENTS_PER_CASE: u64 = 60;
pub const CASES_MAX: i64 = 1_000_000;

const POLICY: &str = include_str!("../../../../policies/cloudstack.toml");
/// Cases are stored in so many groups: each event of a group is one commit.
const GROUPS: usize = 40;
/// Between two events of one case: after sixty of them, its clock of 30 days has run out.
const STEP_US: i64 = 12 * 3_600_000_000 + 20 * 60_000_000;
/// 2026-01-01, when the first report arrives.
const BEGIN_US: i64 = 1_767_225_600_000_000;

/// An instance, to be opened and measured.
pub struct World {
    pub location: Location,
    /// Who acts: one of the security team.
    pub person: Slug,
    cases: Vec<CaseId>,
    events: u64,
}

/// How many events each case has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Lengths {
    /// [`EVENTS_PER_CASE`] each.
    Full,
    /// From one to [`EVENTS_PER_CASE`], evenly: cases at every point of their way.
    Spread,
}

impl Lengths {
    fn of(self, nth: usize) -> u64 {
        match self {
            Lengths::Full => EVENTS_PER_CASE,
            Lengths::Spread => nth as u64 % EVENTS_PER_CASE + 1,
        }
    }
}

impl World {
    /// Makes an instance with so many cases. All of them are open, and in all of them an obligation is late,
    /// was reminded of and alarmed: there is as much to list as there can be, and nothing to do.
    ///
    /// Events are stored in the order of their instants, so that those of one case are as far apart in the
    /// log as they come to lie when all cases are worked on together.
    pub async fn build(location: Location, cases: usize, lengths: Lengths) -> Outcome<World> {
        say(&format!("building {cases} cases of up to {EVENTS_PER_CASE} events in a {location}"));
        let chance = Chance::seeded(cases as u64);
        let cases: Vec<CaseId> = (0..cases).map(|_| CaseId::from_bits(chance.u64())).collect();
        let mut lives: Vec<Life> =
            cases.iter().enumerate().map(|(nth, id)| Life::new(*id, lengths.of(nth))).collect();
        let events = lives.iter().map(|life| life.length).sum();
        let world = World { location, person: "alice".parse()?, cases, events };
        let engine = world.open().await?;
        let cast = Cast::join(&engine, &world.person).await?;
        let size = lives.len().div_ceil(GROUPS);
        let progress = bar(world.events(), "storing");
        for step in 0..EVENTS_PER_CASE {
            for (nth, group) in (0_i64..).zip(lives.chunks_mut(size)) {
                let nth_us = STEP_US / GROUPS as i64 * nth;
                let at = Instant::from_micros(BEGIN_US + STEP_US * i64::try_from(step)? + nth_us);
                let changes: Vec<CaseChange> = group
                    .iter_mut()
                    .filter_map(|life| life.live(&cast, step, at).transpose())
                    .collect::<Outcome<_>>()?;
                progress.inc(changes.len() as u64);
                engine.store.commit(Commit { changes, ..Commit::at(at) }).await?;
            }
        }
        progress.finish_and_clear();
        world.check(&engine).await?;
        engine.store.close().await;
        Ok(world)
    }

    /// What was stored must be what the engine itself would have stored.
    async fn check(&self, engine: &Engine) -> Outcome<()> {
        let progress = bar(self.events(), "checking");
        let report = engine.fsck(false, |events| progress.set_position(events)).await?;
        progress.finish_and_clear();
        match report.differences.first() {
            Some(difference) => Err(format!("the instance was built wrongly: {difference}").into()),
            None if report.events != self.events() => Err(format!("{} events", report.events).into()),
            None => Ok(()),
        }
    }

    /// Opens it, an hour after the last event.
    pub async fn open(&self) -> Outcome<Engine> {
        let steps = i64::try_from(EVENTS_PER_CASE)?;
        let clock = SetClock::at(Instant::from_micros(BEGIN_US + STEP_US * steps + 3_600_000_000));
        let chance = Arc::new(Chance::from_os().map_err(|error| error.to_string())?);
        let key = MasterKey::from_bytes([0x42; 32]);
        let store = Store::open(&self.location, &key, Arc::clone(&chance)).await?;
        Ok(Engine::open(store, Arc::new(clock), chance).await?)
    }

    /// The case whose turn it is: each once before any comes again, and not in the order they came in.
    pub fn case(&self, turn: usize) -> CaseId {
        /// A prime above [`CASES_MAX`], so that it has no divisor in common with the number of cases.
        const STRIDE: usize = 1_000_003;
        self.cases[turn * STRIDE % self.cases.len()]
    }

    pub fn events(&self) -> u64 {
        self.events
    }
}

/// The project and its people.
struct Cast {
    project: Slug,
    policy: Arc<Policy>,
    team: Actor,
}

impl Cast {
    async fn join(engine: &Engine, person: &Slug) -> Outcome<Cast> {
        let project: Slug = "cloudstack".parse()?;
        let policy = engine.put_project(&project, POLICY).await?;
        let mut people = People::default();
        people.grant(person, Some("alice@example.org"), &project, &"team".parse()?);
        engine.set_people(&people).await?;
        let roles = people.roles(&project, &policy, person);
        Ok(Cast { project, policy, team: Actor::Person { name: person.clone(), roles } })
    }
}

/// A case on its way.
struct Life {
    id: CaseId,
    length: u64,
    case: Option<Case>,
    due: Vec<Due>,
}

impl Life {
    fn new(id: CaseId, length: u64) -> Life {
        Life { id, length, case: None, due: Vec::new() }
    }

    /// One event happens: what the clock has to do, or else what a person does next. Short lives begin late.
    fn live(&mut self, cast: &Cast, step: u64, at: Instant) -> Outcome<Option<CaseChange>> {
        let Some(step) = step.checked_sub(EVENTS_PER_CASE - self.length) else { return Ok(None) };
        let expected_n = self.case.as_ref().map_or(0, |case| case.entries);
        let entry = self.next(cast, step, at)?;
        match &mut self.case {
            None => self.case = Case::opened(&entry),
            Some(case) => case.apply(&entry),
        }
        let case = self.case.as_ref().ok_or("the first event opens no case")?;
        let due: Vec<Due> = clocks(&cast.policy, case, at)
            .iter()
            .filter(|clock| clock.is_open())
            .map(|clock| Due { at: clock.due, what: format!("clock {}", clock.rule.id) })
            .collect();
        let changed = due != self.due;
        let fold = fold::due(expected_n, case);
        self.due.clone_from(&due);
        Ok(Some(CaseChange {
            case: self.id,
            expected_n,
            events: vec![serde_json::to_vec(&entry)?],
            due: changed.then_some(due),
            project: cast.project.clone(),
            open: true,
            fold,
        }))
    }

    fn next(&self, cast: &Cast, step: u64, at: Instant) -> Outcome<Entry> {
        let Some(case) = &self.case else { return Ok(open(self.id, report(step), at)) };
        let refused = |refusal: tidegate_domain::refusal::Refusal| refusal.explain(&cast.policy).to_string();
        let ticked = decide(&cast.policy, case, &Actor::Clock, &Action::Tick, at).map_err(refused)?;
        if let Some(event) = only(ticked)? {
            return Ok(Entry { at, by: By::Clock, event });
        }
        let Some(action) = action(step)? else {
            let event = Event::Heard { report: report(step) };
            return Ok(Entry { at, by: By::Person(REPORTER.parse()?), event });
        };
        let Actor::Person { name, .. } = &cast.team else { return Err("the team is no person".into()) };
        let decided = decide(&cast.policy, case, &cast.team, &action, at).map_err(refused)?;
        let event = only(decided)?.ok_or("an action brought nothing about")?;
        Ok(Entry { at, by: By::Person(name.clone()), event })
    }
}

/// Steps are so far apart that no two things happen in one.
fn only(mut events: Vec<Event>) -> Outcome<Option<Event>> {
    let event = events.pop();
    if events.is_empty() { Ok(event) } else { Err("two events in one step".into()) }
}

/// What the team does; `None`: the reporter writes.
fn action(step: u64) -> Outcome<Option<Action>> {
    Ok(match step {
        1 => Some(Action::Acknowledge { text: text(step) }),
        2 => Some(Action::Assign { person: "alice".parse()? }),
        3 => Some(Action::Confirm { affected: vec!["4.20".parse()?, "4.22".parse()?], versions: Vec::new() }),
        _ if step.is_multiple_of(2) => Some(Action::MessageReporter { text: text(step) }),
        _ => None,
    })
}

fn report(step: u64) -> Report {
    Report {
        title: Title::salvage("Crafted templates are unpacked outside of secondary storage"),
        from: Some("finder@example.org".to_owned()),
        text: text(step),
        letter: Some("5d".repeat(32)),
        attachments: Vec::new(),
        faults: Vec::new(),
        standing: Vec::new(),
        sealed: false,
    }
}

/// A letter of 150 to 800 bytes.
pub fn text(step: u64) -> String {
    const SENTENCE: &str =
        "The archive is read before its signature is, and a name in it may begin with a slash. ";
    let sentences = usize::try_from(step % 8).unwrap_or_default() + 2;
    SENTENCE.repeat(sentences)
}
