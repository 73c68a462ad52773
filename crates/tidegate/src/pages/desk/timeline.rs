//! A case in time, as a picture: what came true, how long the clocks run, when the embargo ends, and now. The
//! list under it says the same in words; colours come from the style sheet, so that it reads in light and dark.

use crate::pages::layout::scrolling;
use crate::pages::text;
use maud::{Markup, html};
use tidegate_domain::case::Case;
use tidegate_domain::case::clock::{Clock, Standing};
use tidegate_domain::case::machines::Rm;
use tidegate_domain::policy::Policy;
use tidegate_domain::policy::vocabulary::{BuiltFact, Fact};
use tidegate_domain::time::Instant;

/// The picture's width, in its own units: pixels on a wide screen.
const WIDTH: i64 = 960;
/// Where the lanes begin, right of their names.
const LEFT: i64 = 230;
/// Where they end.
const RIGHT: i64 = WIDTH - 24;
/// Height of one lane.
const LANE: i64 = 34;
/// Height of the scale above the lanes.
const HEAD: i64 = 44;
/// Longest name of a lane, in characters.
const NAME_CHARS_MAX: usize = 30;
/// Marks that are nearer to each other than this would cover each other's numbers.
const MARK_GAP: i64 = 18;

/// A bar of the picture.
struct Lane<'a> {
    name: &'a str,
    class: &'static str,
    from: Instant,
    to: Instant,
}

/// Instants as places on the picture.
#[derive(Clone, Copy)]
struct Scale {
    first: i64,
    last: i64,
}

impl Scale {
    fn new(instants: impl Iterator<Item = Instant> + Clone) -> Scale {
        let first = instants.clone().map(Instant::micros).min().unwrap_or(0);
        let last = instants.map(Instant::micros).max().unwrap_or(first);
        Scale { first, last: last.max(first.saturating_add(1)) }
    }

    fn x(self, at: Instant) -> i64 {
        let span = i128::from(self.last) - i128::from(self.first);
        let along = i128::from(at.micros()) - i128::from(self.first);
        let x = i128::from(LEFT) + along * i128::from(RIGHT - LEFT) / span.max(1);
        i64::try_from(x).unwrap_or(RIGHT).clamp(LEFT, RIGHT)
    }

    /// The instant at `nth` of `parts`.
    fn part(self, nth: i64, parts: i64) -> Instant {
        let span = (self.last - self.first) / parts;
        Instant::from_micros(self.first.saturating_add(span.saturating_mul(nth)))
    }
}

/// The timeline of a case as it stands at `now`.
pub(super) fn timeline(policy: &Policy, case: &Case, clocks: &[Clock<'_>], now: Instant) -> Markup {
    let facts = case.facts();
    let lanes = lanes(case, clocks, now);
    let ends = lanes.iter().flat_map(|lane| [lane.from, lane.to]);
    // Once a case is closed, the time since is no part of it.
    let now = (case.rm != Rm::Closed).then_some(now);
    let shown: Vec<Instant> = facts.iter().map(|(_, at)| *at).chain(ends).chain(now).collect();
    let scale = Scale::new(shown.iter().copied());
    let height = HEAD + LANE * (1 + i64::try_from(lanes.len()).unwrap_or(0)) + 10;
    let picture = html! {
        svg.timeline role="img" aria-label="Timeline; the list below says the same in words"
            viewBox={ "0 0 " (WIDTH) " " (height) } width=(WIDTH) height=(height)
        {
            (ticks(scale, height))
            text.lane-name x="8" y=(HEAD + 22) { "Done" }
            (marks(policy, facts, scale))
            @for (nth, lane) in (1..).zip(&lanes) { (bar(lane, HEAD + LANE * nth, scale)) }
            @if let Some(x) = now.map(|now| scale.x(now)) {
                line.now x1=(x) y1="18" x2=(x) y2=(height) {}
                text.now-name x=(x) y="14" text-anchor=(if x > WIDTH - 80 { "end" } else { "middle" }) { "now" }
            }
        }
    };
    html! {
        h2 { "Timeline" }
        (scrolling("Timeline", &picture))
        h3 { "Done so far" }
        ol.done {
            @for (fact, at) in facts { li { (text::capitalised(&policy.fact_phrase(fact))) ", " (text::instant(*at)) } }
        }
    }
}

fn lanes<'a>(case: &Case, clocks: &[Clock<'a>], now: Instant) -> Vec<Lane<'a>> {
    let agreed = case.since_built(BuiltFact::EmbargoAgreed);
    let embargo = case.until.map(|until| {
        let from = agreed.unwrap_or_else(|| case.received());
        let class = if case.em.is_running() { "embargo" } else { "met" };
        Lane { name: "Embargo", class, from, to: until }
    });
    let clocks = clocks.iter().map(|clock| {
        let (class, to) = match clock.standing {
            Standing::Running => ("running", clock.due),
            Standing::Late => ("late", now),
            Standing::Met { at } => ("met", at),
        };
        Lane { name: &clock.rule.title, class, from: clock.started, to }
    });
    embargo.into_iter().chain(clocks).collect()
}

fn ticks(scale: Scale, height: i64) -> Markup {
    // Four parts are five labels, as many as stand beside each other.
    const PARTS: i64 = 4;
    const DAYS_4_US: i64 = 4 * 24 * 3_600_000_000;
    let form = if scale.last - scale.first > DAYS_4_US { "%-d %b %Y" } else { "%-d %b, %H:%M" };
    html! {
        @for nth in 0..=PARTS {
            @let at = scale.part(nth, PARTS);
            @let x = scale.x(at);
            line.tick x1=(x) y1=(HEAD - 8) x2=(x) y2=(height) {}
            text.tick-name x=(x) y=(HEAD - 12)
                text-anchor=(match nth { 0 => "start", PARTS => "end", _ => "middle" })
            { (at.timestamp().strftime(form).to_string()) }
        }
    }
}

/// What came true: numbered as in the list. Where several fall together, the last stands for them.
fn marks(policy: &Policy, facts: &[(Fact, Instant)], scale: Scale) -> Markup {
    let y = HEAD + LANE / 2;
    let places: Vec<i64> = facts.iter().map(|(_, at)| scale.x(*at)).collect();
    html! {
        @for (nth, ((fact, _), x)) in facts.iter().zip(&places).enumerate() {
            g.fact {
                title { (nth + 1) ". " (policy.fact_phrase(fact)) }
                circle cx=(x) cy=(y) r="9" {}
                @if places.get(nth + 1).is_none_or(|next| next - x >= MARK_GAP) {
                    text x=(x) y=(y + 4) text-anchor="middle" { (nth + 1) }
                }
            }
        }
    }
}

fn bar(lane: &Lane<'_>, y: i64, scale: Scale) -> Markup {
    let (from, to) = (scale.x(lane.from), scale.x(lane.to));
    let name = tidegate_formats::plain::cut(lane.name, NAME_CHARS_MAX);
    html! {
        text.lane-name x="8" y=(y + 22) { (name) }
        rect.bar class=(lane.class) x=(from) y=(y + 8) width=((to - from).max(3)) height="18" rx="4" {
            title { (lane.name) ": " (text::instant_words(lane.from)) " to " (text::instant_words(lane.to)) }
        }
    }
}
