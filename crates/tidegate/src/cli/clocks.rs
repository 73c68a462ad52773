//! `tidegate regime matrix`: when a finding is due, under every choice that the rules leave open.

use crate::engine::clock::{Clock as _, SystemClock};
use crate::out::{Failure, Kind, Out, printable, table};
use clap::Args;
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use tidegate_domain::id::Slug;
use tidegate_domain::regime::clock::{Choice, Clock, Due, Facts, Pin, matrix};
use tidegate_domain::regime::{self, Regime, StartEvent, Time};
use tidegate_domain::time::Instant;

/// Say when a finding is due under every start event, scorer and regime, and which choice would turn the
/// result around; no instance needed.
#[derive(Debug, Args)]
pub(super) struct Matrix {
    /// Files of facts, one a finding.
    #[arg(required = true)]
    facts: Vec<PathBuf>,
    /// Regime files, or folders of them.
    #[arg(long, required = true, value_name = "PATH")]
    regimes: Vec<PathBuf>,
    /// The instant in question; what became known later is left out. By default now.
    #[arg(long, value_name = "INSTANT")]
    at: Option<Instant>,
    /// The regime that the authority counts by: every clock is held against its clock.
    #[arg(long, value_name = "REGIME")]
    pin: Option<Slug>,
    /// The start event that the authority counts from.
    #[arg(long, value_name = "EVENT", requires = "pin", value_parser = start_event)]
    pin_start: Option<StartEvent>,
    /// Whose score the authority counts by.
    #[arg(long, value_name = "SCORER", requires = "pin")]
    pin_scorer: Option<String>,
}

pub(super) fn start_event(word: &str) -> Result<StartEvent, String> {
    StartEvent::ALL.into_iter().find(|event| event.word() == word).ok_or_else(|| {
        let known: Vec<&str> = StartEvent::ALL.iter().map(|event| event.word()).collect();
        format!("known are {}", known.join(", "))
    })
}

impl Matrix {
    pub(super) fn run(self, out: &Out) -> Result<(), Failure> {
        let mut regimes = Vec::new();
        for path in &self.regimes {
            regimes.extend(read_regimes(path)?);
        }
        let pin = self.pin.map(|regime| Pin { regime, start: self.pin_start, scorer: self.pin_scorer });
        if let Some(pin) = &pin
            && !regimes.iter().any(|regime| regime.id == pin.regime)
        {
            let known: Vec<&str> = regimes.iter().map(|regime| regime.id.as_str()).collect();
            let message = format!("no regime `{}` was given\n  Known are {}.", pin.regime, known.join(", "));
            return Err(Failure::of(Kind::NotFound, message));
        }
        let at = self.at.unwrap_or_else(|| SystemClock::start().now());
        let (mut text, mut values) = (String::new(), Vec::new());
        for path in &self.facts {
            let facts = std::fs::read_to_string(path).map_err(|error| Failure::file(path, &error))?;
            let facts = regime::read_facts(&facts)
                .map_err(|faults| Failure::faults(&path.display().to_string(), &faults))?;
            let clocks = matrix(&facts, &regimes, pin.as_ref(), at);
            if pin.is_some() && !clocks.iter().any(|clock| clock.is_base) {
                out.note(&format!(
                    "tidegate: {}: nobody whose score is pinned has given one",
                    path.display()
                ));
            }
            text.push_str(&in_words(&facts, &regimes, &clocks, at));
            values.push(to_json(&facts, &clocks, at));
        }
        out.show(&printable(&text), &json!(values))
    }
}

fn read_regimes(path: &Path) -> Result<Vec<Regime>, Failure> {
    let fault = |error| Failure::file(path, &error);
    if !path.is_dir() {
        return super::regime::read(path).map(|regime| vec![regime]);
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(fault)? {
        let file = entry.map_err(fault)?.path();
        if file.extension().is_some_and(|end| end == "toml") {
            files.push(file);
        }
    }
    files.sort();
    files.iter().map(|file| super::regime::read(file)).collect()
}

fn in_words(facts: &Facts, regimes: &[Regime], clocks: &[Clock], at: Instant) -> String {
    let mut text = format!("{}, {} of {}, as of {at}\n", facts.advisory, facts.product, facts.deployment);
    match facts.is_maintained {
        Some(true) => text.push_str("its release line was maintained\n"),
        Some(false) => {
            text.push_str("its release line was not maintained: the provider patches it itself (SCS-02)\n")
        }
        None => text.push_str("whether its release line was maintained is not known; taken for maintained\n"),
    }
    for (what, done) in &facts.done {
        let _ = writeln!(text, "{what}: {done}");
    }
    for regime in regimes {
        let own: Vec<&Clock> = clocks.iter().filter(|clock| clock.regime == regime.id).collect();
        let _ = writeln!(text, "\n{} ({}), {}", regime.id, regime.force.phrase(), regime.title);
        let shown = own.iter().filter(|clock| clock.started.is_some() || clock.is_own_start || clock.is_base);
        let rows: Vec<Vec<String>> = shown.map(|clock| row(clock)).collect();
        text.push_str(&table(&["", "start", "happened", "by", "due", "result"], &rows));
        for clock in own.iter().filter(|clock| clock.is_own_start && clock.history.len() > 1) {
            text.push_str(&moves(clock));
        }
    }
    let has_started =
        |event: &&StartEvent| clocks.iter().any(|clock| clock.start == **event && clock.started.is_some());
    let open: Vec<&str> =
        StartEvent::ALL.iter().filter(|event| !has_started(event)).map(|event| event.word()).collect();
    text.push_str("\n*: what the others are held against; (own): where the regime itself starts\n");
    if !open.is_empty() {
        let _ = writeln!(text, "not happened, or not known: {}", open.join(", "));
    }
    for clock in clocks.iter().filter(|clock| clock.flips.len() == 1) {
        text.push_str(&turn(clock, clocks));
    }
    text
}

fn row(clock: &Clock) -> Vec<String> {
    let mark = if clock.is_base { "*" } else { "" };
    let happened = clock.started.map_or_else(|| "-".to_owned(), |at| at.to_string());
    let score = clock.history.last().map(|revision| format!(" {}", revision.score)).unwrap_or_default();
    let by = match &clock.scorer {
        Some(scorer) => format!("{scorer}{score} {}", clock.band),
        None => clock.band.clone(),
    };
    let mut result = clock.standing.name().to_owned();
    if clock.was_over_before_the_score() {
        result.push_str(", over before the score was known");
    }
    if !clock.flips.is_empty() {
        let choices: Vec<&str> = clock.flips.iter().map(|choice| choice.name()).collect();
        let _ = write!(result, ", FLIPS by {}", choices.join(" and "));
    }
    let own = if clock.is_own_start { " (own)" } else { "" };
    vec![mark.to_owned(), format!("{}{own}", clock.start.word()), happened, by, due_words(&clock.due), result]
}

fn due_words(due: &Due) -> String {
    match due {
        Due::At(at) => at.to_string(),
        Due::Open(Time::WithNextUpgrade) => "with the next upgrade".to_owned(),
        Due::Open(Time::AsAppropriate | Time::Within(_)) => "as appropriate".to_owned(),
        Due::SeverityPending(bands) => {
            let would = |(band, at): &(String, Option<Instant>)| {
                format!("{band} {}", at.map_or_else(|| "open".to_owned(), |at| at.to_string()))
            };
            let bands: Vec<String> = bands.iter().map(would).collect();
            format!("severity pending: {}", bands.join("; "))
        }
        Due::NotStarted => "not started".to_owned(),
        Due::Unanswered(points) => format!("nobody answered {}", points.join(", ")),
        Due::Uncovered => "no band covers it".to_owned(),
    }
}

/// How a scorer's scores moved the deadline.
fn moves(clock: &Clock) -> String {
    let scorer = clock.scorer.as_deref().unwrap_or_default();
    let mut text = String::new();
    for pair in clock.history.windows(2) {
        if let [before, after] = pair
            && before.due != after.due
        {
            let _ = writeln!(
                text,
                "  {scorer} said {} instead of {} on {}: due {} instead of {}",
                after.score,
                before.score,
                after.known,
                due_words(&after.due),
                due_words(&before.due)
            );
        }
    }
    text
}

/// One choice that alone turns the result around.
fn turn(clock: &Clock, clocks: &[Clock]) -> String {
    let bases = clocks.iter().filter(|base| base.is_base && base.what == clock.what);
    let own = bases.clone().find(|base| base.regime == clock.regime).or_else(|| bases.clone().next());
    let Some(base) = own else {
        return String::new();
    };
    let scorer = |clock: &Clock| clock.scorer.clone().unwrap_or_else(|| "nobody".to_owned());
    let how = match clock.flips.first() {
        Some(Choice::Regime) => format!("by {} instead of {}", clock.regime, base.regime),
        Some(Choice::Start) => {
            format!("{}: from {} instead of {}", clock.regime, clock.start.word(), base.start.word())
        }
        Some(Choice::Scorer) => {
            format!("{}: with the score of {} instead of {}", clock.regime, scorer(clock), scorer(base))
        }
        None => return String::new(),
    };
    format!("FLIPS {how}: {} instead of {}\n", clock.standing.name(), base.standing.name())
}

fn to_json(facts: &Facts, clocks: &[Clock], at: Instant) -> Value {
    let clocks: Vec<Value> = clocks.iter().map(clock_json).collect();
    json!({
        "advisory": facts.advisory,
        "product": facts.product,
        "deployment": facts.deployment,
        "maintained": facts.is_maintained,
        "at": at.to_string(),
        "clocks": clocks,
    })
}

fn clock_json(clock: &Clock) -> Value {
    let history = clock.history.iter().map(|revision| {
        let (state, due) = due_json(&revision.due);
        json!({
            "known": revision.known.to_string(),
            "score": revision.score.to_string(),
            "band": revision.band,
            "state": state,
            "due": due,
        })
    });
    let (state, due) = due_json(&clock.due);
    let mut value = json!({
        "regime": clock.regime.as_str(),
        "what": clock.what,
        "band": clock.band,
        "start": clock.start.word(),
        "own_start": clock.is_own_start,
        "started": clock.started.map(|at| at.to_string()),
        "scorer": clock.scorer,
        "state": state,
        "due": due,
        "standing": clock.standing.name(),
        "over_before_score": clock.was_over_before_the_score(),
        "flips": clock.flips.iter().map(|choice| choice.name()).collect::<Vec<_>>(),
        "base": clock.is_base,
        "history": history.collect::<Vec<_>>(),
    });
    match &clock.due {
        Due::SeverityPending(bands) => {
            let bands =
                bands.iter().map(|(band, at)| json!({"band": band, "due": at.map(|at| at.to_string())}));
            value["would_be"] = bands.collect();
        }
        Due::Unanswered(points) => value["unanswered"] = json!(points),
        Due::At(_) | Due::Open(_) | Due::NotStarted | Due::Uncovered => {}
    }
    value
}

/// The state in a word, and the instant where there is one.
fn due_json(due: &Due) -> (&'static str, Option<String>) {
    match due {
        Due::At(at) => ("due", Some(at.to_string())),
        Due::Open(Time::WithNextUpgrade) => ("next-upgrade", None),
        Due::Open(Time::AsAppropriate | Time::Within(_)) => ("as-appropriate", None),
        Due::SeverityPending(_) => ("severity-pending", None),
        Due::NotStarted => ("not-started", None),
        Due::Unanswered(_) => ("unanswered", None),
        Due::Uncovered => ("uncovered", None),
    }
}
