//! Instants, spans and working days. There is no clock here: `now` is always an argument.

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, SpanFieldwise, Timestamp, ToSpan, Zoned};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Microseconds since the Unix epoch, UTC. Leap seconds are smeared away, as everywhere in computing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Instant(i64);

impl Instant {
    /// The instant `micros` microseconds after (or, negative, before) the Unix epoch, clamped to the
    /// years that can be written as a date.
    #[must_use]
    pub fn from_micros(micros: i64) -> Instant {
        Instant(micros.clamp(Timestamp::MIN.as_microsecond(), Timestamp::MAX.as_microsecond()))
    }

    /// Microseconds since the Unix epoch.
    #[must_use]
    pub fn micros(self) -> i64 {
        self.0
    }

    /// The same instant as the time library writes it.
    #[must_use]
    pub fn timestamp(self) -> Timestamp {
        Timestamp::from_microsecond(self.0).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// The wall clock of `zone` at this instant.
    #[must_use]
    pub fn in_zone(self, zone: &TimeZone) -> Zoned {
        self.timestamp().to_zoned(zone.clone())
    }

    /// Cut down to the whole second: what people and file formats are shown.
    #[must_use]
    pub fn whole_second(self) -> Instant {
        Instant(self.0 - self.0.rem_euclid(1_000_000))
    }

    /// `2014-10-01 12:00:00 UTC`.
    #[must_use]
    pub fn readable(self) -> String {
        self.timestamp().strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
    }
}

/// RFC 3339 in UTC, whole seconds where there is no fraction: `2014-10-01T12:00:00Z`.
impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.timestamp())
    }
}

impl From<Timestamp> for Instant {
    fn from(timestamp: Timestamp) -> Instant {
        Instant(timestamp.as_microsecond())
    }
}

/// The text is not an instant with its offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAnInstant(pub String);

impl fmt::Display for NotAnInstant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is not one exact instant: write it with its offset, as 2014-10-01T12:00:00Z or 2014-10-01T14:00+02:00",
            self.0.escape_debug()
        )
    }
}

impl std::error::Error for NotAnInstant {}

impl std::str::FromStr for Instant {
    type Err = NotAnInstant;

    /// Reads RFC 3339. An offset is demanded: an embargo ends at one instant, not at "noon" (ALL-03).
    fn from_str(text: &str) -> Result<Instant, NotAnInstant> {
        text.parse::<Timestamp>().map(Instant::from).map_err(|_| NotAnInstant(text.to_owned()))
    }
}

/// A length of time as a policy writes it: calendar units (ISO 8601, such as `P1M`) or working days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// Calendar units, added in the policy's zone: a month from 31 January ends on the last of February.
    Calendar(SpanFieldwise),
    /// Monday to Friday count, Saturday and Sunday do not. Public holidays are nobody's constant and count.
    WorkingDays(i32),
}

impl Length {
    /// The instant this long after `start`, by the calendar of `zone`.
    #[must_use]
    pub fn after(self, start: Instant, zone: &TimeZone) -> Instant {
        self.step(start, zone, 1)
    }

    /// The instant this long before `end`, by the calendar of `zone`.
    #[must_use]
    pub fn before(self, end: Instant, zone: &TimeZone) -> Instant {
        self.step(end, zone, -1)
    }

    fn step(self, from: Instant, zone: &TimeZone, direction: i32) -> Instant {
        let from_zoned = from.in_zone(zone);
        let moved = match self {
            Length::Calendar(span) => {
                from_zoned.saturating_add(if direction < 0 { span.0.negate() } else { span.0 })
            }
            Length::WorkingDays(days) => working_days_from(from_zoned, days, direction),
        };
        Instant::from(moved.timestamp())
    }
}

fn working_days_from(mut day: Zoned, days: i32, direction: i32) -> Zoned {
    let mut left = days;
    while left > 0 {
        day = day.saturating_add(direction.days());
        if !is_weekend(day.weekday()) {
            left -= 1;
        }
    }
    day
}

fn is_weekend(day: Weekday) -> bool {
    matches!(day, Weekday::Saturday | Weekday::Sunday)
}

/// In words, for pages and refusals: `2 weeks`, `5 working days`.
impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Length::WorkingDays(1) => f.write_str("1 working day"),
            Length::WorkingDays(days) => write!(f, "{days} working days"),
            Length::Calendar(span) => f.write_str(&words_of(span.0)),
        }
    }
}

fn words_of(span: Span) -> String {
    let parts = [
        (i64::from(span.get_years()), "year"),
        (i64::from(span.get_months()), "month"),
        (i64::from(span.get_weeks()), "week"),
        (i64::from(span.get_days()), "day"),
        (i64::from(span.get_hours()), "hour"),
        (span.get_minutes(), "minute"),
    ];
    let words: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count != 0)
        .map(|(count, unit)| if *count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") })
        .collect();
    if words.is_empty() { "no time".to_owned() } else { words.join(" ") }
}

/// The first instant at or after `from` that is at `at` on one of `weekdays` in `zone`.
/// With no weekdays given, any day will do. Where daylight saving skips `at`, the gap's later side is taken.
#[must_use]
pub fn next_slot(from: Instant, at: Time, weekdays: &[Weekday], zone: &TimeZone) -> Instant {
    let mut day = from.in_zone(zone).date();
    for _ in 0..=8 {
        let candidate = zone.to_ambiguous_zoned(day.to_datetime(at)).compatible();
        if let Ok(candidate) = candidate {
            let instant = Instant::from(candidate.timestamp());
            if instant >= from && (weekdays.is_empty() || weekdays.contains(&candidate.weekday())) {
                return instant;
            }
        }
        day = day.saturating_add(1.days());
    }
    from
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        text.parse().expect("an instant")
    }

    #[test]
    fn an_instant_needs_its_offset() {
        assert_eq!(at("2014-10-01T14:00:00+02:00"), at("2014-10-01T12:00:00Z"));
        assert!("2014-10-01T12:00:00".parse::<Instant>().is_err());
        assert!("noon".parse::<Instant>().is_err());
        assert_eq!(at("2014-10-01T12:00:00Z").to_string(), "2014-10-01T12:00:00Z");
    }

    /// XEN-03 counts working weeks: five working days from a Friday end on the next Friday.
    #[test]
    fn working_days_pass_over_weekends() {
        let friday = at("2014-09-12T10:00:00Z");
        assert_eq!(Length::WorkingDays(5).after(friday, &TimeZone::UTC), at("2014-09-19T10:00:00Z"));
        assert_eq!(Length::WorkingDays(1).after(friday, &TimeZone::UTC), at("2014-09-15T10:00:00Z"));
        assert_eq!(Length::WorkingDays(1).before(at("2014-09-15T10:00:00Z"), &TimeZone::UTC), friday);
    }

    #[test]
    fn a_month_ends_where_the_calendar_says() {
        let month = Length::Calendar(1.month().fieldwise());
        assert_eq!(month.after(at("2025-01-31T09:00:00Z"), &TimeZone::UTC), at("2025-02-28T09:00:00Z"));
        assert_eq!(month.to_string(), "1 month");
    }

    #[test]
    fn a_slot_is_found_across_daylight_saving() {
        let berlin = TimeZone::get("Europe/Berlin").expect("bundled zone");
        let tuesday = [Weekday::Tuesday];
        let slot = next_slot(at("2025-10-22T00:00:00Z"), Time::constant(15, 0, 0, 0), &tuesday, &berlin);
        assert_eq!(slot, at("2025-10-28T14:00:00Z"));
    }
}
