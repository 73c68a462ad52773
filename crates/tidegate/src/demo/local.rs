//! The time of the machine's own zone, for whoever sits before it.

use jiff::tz::TimeZone;
use tidegate_domain::time::Instant;

/// Where systems keep the rules of their zone (tzfile(5)).
const RULES: &str = "/etc/localtime";

/// The machine's zone; UTC where it has none.
pub(super) fn zone() -> TimeZone {
    let rules = std::fs::read(RULES).ok();
    rules.and_then(|rules| TimeZone::tzif("local", &rules).ok()).unwrap_or(TimeZone::UTC)
}

/// The instant in `zone` and in UTC, or once where these are the same.
pub(super) fn both(at: Instant, zone: &TimeZone) -> String {
    let there = |zone: TimeZone| at.timestamp().to_zoned(zone).strftime("%H:%M").to_string();
    let (local, utc) = (there(zone.clone()), there(TimeZone::UTC));
    if local == utc { format!("{utc} UTC") } else { format!("{local} local time, {utc} UTC") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::story::instant;

    #[test]
    fn both_times_are_said_unless_they_are_one() {
        let at = instant("2026-03-02T09:03:00Z");
        assert_eq!(both(at, &TimeZone::UTC), "09:03 UTC");
        let berlin = TimeZone::get("Europe/Berlin").expect("bundled");
        assert_eq!(both(at, &berlin), "10:03 local time, 09:03 UTC");
    }
}
