//! Clocks: when a finding is due, under every choice that the rules leave open (SCS-03, SCS-04, SCS-13).
//!
//! Rules and their readers differ in what starts the clock, in whose score counts, and in which regime binds.
//! [`matrix`] answers for all of them at once, and marks the choices that would turn the result around.

use super::{Band, Deadline, Measure, Regime, StartEvent, Tenths, Time};
use crate::id::Slug;
use crate::time::Instant;
use std::collections::BTreeMap;

/// What settles a deadline of a regime that measures vulnerabilities: the fix runs everywhere.
pub const PATCHED: &str = "patched";

/// Something that happened, which may start a clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happened {
    /// What happened.
    pub event: StartEvent,
    /// When.
    pub at: Instant,
    /// Who says so.
    pub source: String,
}

/// A score that somebody gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scored {
    /// Who gave it.
    pub by: String,
    /// The score.
    pub score: Tenths,
    /// Since when it is known.
    pub known: Instant,
}

/// What the clocks of one finding depend on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The advisory.
    pub advisory: String,
    /// The product.
    pub product: String,
    /// The deployment.
    pub deployment: String,
    /// Whether the project maintained the release line that runs, when it was fixed (SCS-01). None where that
    /// is not known.
    pub is_maintained: Option<bool>,
    /// What happened, each event at most once.
    pub happened: Vec<Happened>,
    /// Every score that was ever given, in any order: a newer one of the same scorer replaces the older.
    pub scores: Vec<Scored>,
    /// Answers to the questions of decision tables.
    pub answers: BTreeMap<String, String>,
    /// What was done, and when: [`PATCHED`], or the name of a deadline that every vulnerability has.
    pub done: BTreeMap<String, Instant>,
}

/// What an authority has decided to count by. What it leaves open stays the regime's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// The regime.
    pub regime: Slug,
    /// The start event.
    pub start: Option<StartEvent>,
    /// Whose score.
    pub scorer: Option<String>,
}

/// When something is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Due {
    /// At an instant.
    At(Instant),
    /// At no instant: with the next upgrade, or as appropriate.
    Open(Time),
    /// Nobody has given a score yet: the deadline that each band would give (SCS-13).
    SeverityPending(Vec<(String, Option<Instant>)>),
    /// What starts the clock has not happened, or is not known.
    NotStarted,
    /// The decision table asks these questions, and nobody has answered them.
    Unanswered(Vec<String>),
    /// The regime says nothing of such a vulnerability.
    Uncovered,
}

/// How a clock stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Done by the deadline.
    InTime,
    /// Done after the deadline.
    Late,
    /// Not done, and the deadline lies ahead.
    Running,
    /// Not done, and the deadline is over.
    Overdue,
    /// There is no deadline to hold it against.
    Undecided,
}

impl Standing {
    /// The word for people and files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Standing::InTime => "in time",
            Standing::Late => "late",
            Standing::Running => "running",
            Standing::Overdue => "overdue",
            Standing::Undecided => "undecided",
        }
    }

    /// Whether the deadline is kept so far; none where there is no deadline.
    #[must_use]
    pub fn is_kept(self) -> Option<bool> {
        match self {
            Standing::InTime | Standing::Running => Some(true),
            Standing::Late | Standing::Overdue => Some(false),
            Standing::Undecided => None,
        }
    }
}

/// A choice that the rules leave open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Choice {
    /// Which regime binds.
    Regime,
    /// What starts the clock.
    Start,
    /// Whose score counts.
    Scorer,
}

impl Choice {
    /// The word for people and files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Choice::Regime => "regime",
            Choice::Start => "start",
            Choice::Scorer => "scorer",
        }
    }
}

/// A score with the deadline that it gave, from when it became known to when the next one did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// Since when it is known.
    pub known: Instant,
    /// The score.
    pub score: Tenths,
    /// The band that the score falls into; empty where none covers it.
    pub band: String,
    /// When the finding was due by it.
    pub due: Due,
}

/// One running deadline, under one set of choices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clock {
    /// The regime.
    pub regime: Slug,
    /// What must be done: [`PATCHED`], or the name of one of the regime's deadlines.
    pub what: String,
    /// The band, row or deadline that applies; empty where none does.
    pub band: String,
    /// What starts it.
    pub start: StartEvent,
    /// Whether the regime itself starts its clock so.
    pub is_own_start: bool,
    /// When that happened.
    pub started: Option<Instant>,
    /// Whose score counts, where the regime goes by scores and there is one.
    pub scorer: Option<String>,
    /// When it is due.
    pub due: Due,
    /// How it stands.
    pub standing: Standing,
    /// Every score of the scorer, the oldest first, with the deadline that it gave. The last one counts.
    pub history: Vec<Revision>,
    /// What is chosen otherwise than the authority or the regime does, where that turns the result around.
    pub flips: Vec<Choice>,
    /// Whether the others are held against this one.
    pub is_base: bool,
}

impl Clock {
    /// Whether the deadline was over before anybody could know the score that it follows from.
    #[must_use]
    pub fn was_over_before_the_score(&self) -> bool {
        match (&self.due, self.history.last()) {
            (Due::At(due), Some(last)) => *due < last.known,
            (Due::At(_), None)
            | (
                Due::Open(_)
                | Due::SeverityPending(_)
                | Due::NotStarted
                | Due::Unanswered(_)
                | Due::Uncovered,
                _,
            ) => false,
        }
    }
}

/// Every clock of a finding as of `now`: for each regime, start event and scorer. What became known after `now`
/// is left out, so that an earlier `now` shows what could be said then.
///
/// With a pin, every clock is held against the pinned one; without, against its own regime's start event
/// and the highest score.
#[must_use]
pub fn matrix(facts: &Facts, regimes: &[Regime], pin: Option<&Pin>, now: Instant) -> Vec<Clock> {
    let known = Known::at(facts, now);
    let mut clocks: Vec<Clock> = regimes.iter().flat_map(|regime| known.clocks(regime)).collect();
    let bases: Vec<usize> = match pin {
        Some(pin) => pinned(&clocks, pin).into_iter().collect(),
        None => regimes.iter().filter_map(|regime| default_of(&clocks, &regime.id)).collect(),
    };
    mark(&mut clocks, &bases);
    clocks
}

/// The place of the clock that the authority counts by.
fn pinned(clocks: &[Clock], pin: &Pin) -> Option<usize> {
    let is_pinned = |clock: &Clock| {
        clock.regime == pin.regime
            && pin.start.map_or(clock.is_own_start, |start| clock.start == start)
            && pin.scorer.as_ref().is_none_or(|scorer| clock.scorer.as_ref() == Some(scorer))
    };
    highest(clocks, is_pinned)
}

fn default_of(clocks: &[Clock], regime: &Slug) -> Option<usize> {
    highest(clocks, |clock| clock.regime == *regime && clock.is_own_start)
}

/// Of the clocks that fit, the one with the highest score: doubt is not resolved in favour of being late.
fn highest(clocks: &[Clock], fits: impl Fn(&Clock) -> bool) -> Option<usize> {
    let score = |clock: &Clock| clock.history.last().map(|revision| revision.score);
    let fitting = clocks.iter().enumerate().filter(|(_, clock)| fits(clock));
    // Of equal scores the first counts, and max_by would take the last.
    fitting.rev().max_by_key(|(_, clock)| score(clock)).map(|(place, _)| place)
}

/// Marks the bases, and what turns the result of the base around that a clock is held against.
fn mark(clocks: &mut [Clock], bases: &[usize]) {
    let held: Vec<Clock> = bases.iter().filter_map(|place| clocks.get(*place).cloned()).collect();
    for (place, clock) in clocks.iter_mut().enumerate() {
        clock.is_base = bases.contains(&place);
        let own = held.iter().find(|base| base.regime == clock.regime);
        let base = own.or(if held.len() == 1 { held.first() } else { None });
        let Some(base) = base.filter(|base| base.what == clock.what) else {
            continue;
        };
        if let (Some(is_kept), Some(was_kept)) = (clock.standing.is_kept(), base.standing.is_kept())
            && is_kept != was_kept
        {
            clock.flips = differences(clock, base);
        }
    }
}

fn differences(clock: &Clock, base: &Clock) -> Vec<Choice> {
    let differs = [
        (Choice::Regime, clock.regime != base.regime),
        (Choice::Start, clock.start != base.start),
        (Choice::Scorer, clock.scorer != base.scorer),
    ];
    differs.into_iter().filter(|(_, differs)| *differs).map(|(choice, _)| choice).collect()
}

/// The facts of a finding, as far as they were known at an instant.
struct Known<'a> {
    facts: &'a Facts,
    now: Instant,
    /// Scorer to scores, the oldest first.
    scores: BTreeMap<&'a str, Vec<&'a Scored>>,
}

impl<'a> Known<'a> {
    fn at(facts: &'a Facts, now: Instant) -> Known<'a> {
        let mut scores: BTreeMap<&str, Vec<&Scored>> = BTreeMap::new();
        for scored in facts.scores.iter().filter(|scored| scored.known <= now) {
            scores.entry(&scored.by).or_default().push(scored);
        }
        for list in scores.values_mut() {
            list.sort_by_key(|scored| scored.known);
        }
        Known { facts, now, scores }
    }

    fn clocks(&self, regime: &Regime) -> Vec<Clock> {
        match &regime.measure {
            Measure::Score(bands) => self.by_score(regime, bands),
            Measure::Table { points, .. } => {
                let asked = points.iter().map(|point| &point.name);
                let open: Vec<String> =
                    asked.filter(|point| !self.facts.answers.contains_key(*point)).cloned().collect();
                // A row may leave a point out, so that the deadline follows all the same.
                let deadline = regime.for_answers(&self.facts.answers);
                let due = |started| match deadline {
                    Some(deadline) => due(deadline, regime, started),
                    None if open.is_empty() => Due::Uncovered,
                    None => Due::Unanswered(open.clone()),
                };
                let band = deadline.map_or("", |deadline| &deadline.name);
                self.by_start(regime, regime.own_start(self.facts.is_maintained), |clock| {
                    band.clone_into(&mut clock.band);
                    clock.due = due(clock.started);
                })
            }
            Measure::Each(deadlines) => {
                let clocks = deadlines.iter().flat_map(|deadline| {
                    let own = deadline.start.unwrap_or_else(|| regime.own_start(self.facts.is_maintained));
                    self.by_start(regime, own, |clock| {
                        clock.what.clone_from(&deadline.name);
                        clock.band.clone_from(&deadline.name);
                        clock.due = due(deadline, regime, clock.started);
                    })
                });
                clocks.collect()
            }
        }
    }

    fn by_score(&self, regime: &Regime, bands: &[Band]) -> Vec<Clock> {
        let own = regime.own_start(self.facts.is_maintained);
        if self.scores.is_empty() {
            return self.by_start(regime, own, |clock| {
                let would = |band: &Band| {
                    let at = clock.started.and_then(|started| band.deadline.due(started, &regime.zone));
                    (band.deadline.name.clone(), at)
                };
                clock.due = Due::SeverityPending(bands.iter().map(would).collect());
            });
        }
        let of_scorer = |(scorer, scores): (&&'a str, &Vec<&Scored>)| {
            self.by_start(regime, own, |clock| {
                clock.scorer = Some((*scorer).to_owned());
                clock.history = self.history(regime, clock.start, scores);
                if let Some(last) = clock.history.last() {
                    clock.due = last.due.clone();
                    clock.band.clone_from(&last.band);
                }
                if clock.start == StartEvent::ScoreKnown {
                    clock.started = score_known(regime, scores);
                }
            })
        };
        self.scores.iter().flat_map(of_scorer).collect()
    }

    /// The deadline that each score gave in its time.
    fn history(&self, regime: &Regime, start: StartEvent, scores: &[&Scored]) -> Vec<Revision> {
        let mut history = Vec::new();
        for (count, scored) in (1..).zip(scores) {
            let deadline = regime.for_score(scored.score);
            let started = match start {
                StartEvent::ScoreKnown => scores.get(..count).and_then(|known| score_known(regime, known)),
                StartEvent::Public
                | StartEvent::PatchMerged
                | StartEvent::ReleaseTagged
                | StartEvent::HeadPatched
                | StartEvent::AuthorityNotified
                | StartEvent::Aware => self.happened(start),
            };
            let due = deadline.map_or(Due::Uncovered, |deadline| due(deadline, regime, started));
            let band = deadline.map_or_else(String::new, |deadline| deadline.name.clone());
            history.push(Revision { known: scored.known, score: scored.score, band, due });
        }
        history
    }

    /// A clock for each start event, completed by `complete`, and then judged.
    fn by_start(&self, regime: &Regime, own: StartEvent, complete: impl Fn(&mut Clock)) -> Vec<Clock> {
        let clocks = StartEvent::ALL.iter().map(|start| {
            let mut clock = Clock {
                regime: regime.id.clone(),
                what: PATCHED.to_owned(),
                band: String::new(),
                start: *start,
                is_own_start: *start == own,
                started: self.happened(*start),
                scorer: None,
                due: Due::NotStarted,
                standing: Standing::Undecided,
                history: Vec::new(),
                flips: Vec::new(),
                is_base: false,
            };
            complete(&mut clock);
            clock.standing = self.standing(&clock);
            clock
        });
        clocks.collect()
    }

    fn happened(&self, event: StartEvent) -> Option<Instant> {
        let first_score = || self.scores.values().flatten().map(|scored| scored.known).min();
        let said = self.facts.happened.iter().find(|happened| happened.event == event);
        let said = said.map(|happened| happened.at).filter(|at| *at <= self.now);
        match event {
            StartEvent::ScoreKnown => said.or_else(first_score),
            StartEvent::Public
            | StartEvent::PatchMerged
            | StartEvent::ReleaseTagged
            | StartEvent::HeadPatched
            | StartEvent::AuthorityNotified
            | StartEvent::Aware => said,
        }
    }

    fn standing(&self, clock: &Clock) -> Standing {
        let Due::At(due) = &clock.due else {
            return Standing::Undecided;
        };
        let done = self.facts.done.get(&clock.what).filter(|done| **done <= self.now);
        match done {
            Some(done) if done <= due => Standing::InTime,
            Some(_) => Standing::Late,
            None if self.now <= *due => Standing::Running,
            None => Standing::Overdue,
        }
    }
}

/// Since when the scorer's score is in its present band: another score of the same band starts nothing anew.
fn score_known(regime: &Regime, scores: &[&Scored]) -> Option<Instant> {
    let last = scores.last()?;
    let band = regime.for_score(last.score);
    let in_band = scores.iter().rev().take_while(|scored| regime.for_score(scored.score) == band);
    in_band.last().map(|scored| scored.known)
}

fn due(deadline: &Deadline, regime: &Regime, started: Option<Instant>) -> Due {
    match (&deadline.time, started) {
        (Time::WithNextUpgrade | Time::AsAppropriate, _) => Due::Open(deadline.time.clone()),
        (Time::Within(_), None) => Due::NotStarted,
        (Time::Within(length), Some(started)) => Due::At(length.after(started, &regime.zone)),
    }
}
