//! Measuring: the stopwatch, taking turns, medians, and what a pair of figures says.

use super::Outcome;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::Write;
use std::time::Duration;

/// Does `work` and says how long it took.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures time; nothing here decides by it")]
pub async fn timed<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let begun = std::time::Instant::now();
    let done = work.await;
    (done, begun.elapsed())
}

/// Measures `one` and `other` in turn, `turns` times each. A first turn of both is for the caches and not
/// counted; which of the two goes first changes, so that neither always has the other's leavings.
pub async fn alternate(
    turns: usize,
    what: &'static str,
    mut one: impl AsyncFnMut(usize) -> Outcome<Duration>,
    mut other: impl AsyncFnMut(usize) -> Outcome<Duration>,
) -> Outcome<(Vec<Duration>, Vec<Duration>)> {
    let bar = bar(turns as u64, what);
    let (mut ones, mut others) = (Vec::new(), Vec::new());
    for turn in 0..=turns {
        if turn % 2 == 0 {
            ones.push(one(turn).await?);
            others.push(other(turn).await?);
        } else {
            others.push(other(turn).await?);
            ones.push(one(turn).await?);
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok((ones.split_off(1), others.split_off(1)))
}

/// The middle one.
pub fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Two figures, and what their ratio must be.
pub struct Pair {
    what: String,
    figures: [String; 2],
    ratio: f64,
    bound: Bound,
}

enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Pair {
    /// `this` may take at most so many times as long as `beside`.
    pub fn times(what: String, this: Duration, beside: Duration, most: f64) -> Pair {
        let ratio = this.as_secs_f64() / beside.as_secs_f64();
        Pair { what, figures: [shown(this), shown(beside)], ratio, bound: Bound::AtMost(most) }
    }

    /// `this` must be done at least at this share of the rate of `beside`.
    pub fn rates(what: String, this: f64, beside: f64, least: f64) -> Pair {
        let shown = |rate: f64| format!("{rate:.0}/s");
        Pair {
            what,
            figures: [shown(this), shown(beside)],
            ratio: this / beside,
            bound: Bound::AtLeast(least),
        }
    }

    /// Whether the bound is kept. A figure that is not a number keeps none.
    pub fn holds(&self) -> bool {
        match self.bound {
            Bound::AtMost(most) => self.ratio <= most,
            Bound::AtLeast(least) => self.ratio >= least,
        }
    }

    /// A row of the table.
    pub fn row(&self) -> [String; 6] {
        let bound = match self.bound {
            Bound::AtMost(most) => format!("≤ {most}"),
            Bound::AtLeast(least) => format!("≥ {least}"),
        };
        let [this, beside] = self.figures.clone();
        let verdict = if self.holds() { "ok" } else { "NOT OK" };
        [self.what.clone(), this, beside, format!("{:.2}", self.ratio), bound, verdict.to_owned()]
    }
}

fn shown(time: Duration) -> String {
    match time.as_micros() {
        micros @ 0..10_000 => format!("{micros} µs"),
        micros @ 10_000..10_000_000 => format!("{} ms", micros / 1_000),
        _ => format!("{:.1} s", time.as_secs_f64()),
    }
}

/// A bar on standard error, only where somebody watches.
pub fn bar(length: u64, what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(length).with_message(what);
    match ProgressStyle::with_template("{msg} {bar:30} {pos}/{len} {eta}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// Says something beside the table.
pub fn say(text: &str) {
    // Nobody may be listening; the exit code says whether a bound is missed.
    let _ = writeln!(std::io::stderr().lock(), "cost: {text}");
}
