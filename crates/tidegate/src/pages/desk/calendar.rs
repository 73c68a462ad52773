//! The calendar of what is planned to become public.

use super::frame::{Reader, page};
use crate::pages::layout::scrolling;
use crate::pages::text;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{ToSpan, Unit};
use maud::{Markup, html};
use tidegate_domain::id::{CaseId, Slug};
use tidegate_domain::time::Instant;

const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// A planned disclosure.
#[derive(Clone, Debug)]
pub struct Planned {
    /// When.
    pub at: Instant,
    /// The zone of the case's policy, with its name.
    pub zone: (TimeZone, String),
    /// The case.
    pub case: CaseId,
    /// Its title, or what stands for it where the reader may not know it.
    pub title: String,
    /// The batch in which it is published with others.
    pub batch: Option<Slug>,
    /// Whether it is public already.
    pub is_public: bool,
}

/// A month, by its first day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Month(Date);

impl Month {
    /// The month that `at` is in, in UTC.
    #[must_use]
    pub fn of(at: Instant) -> Month {
        Month(day_of(at).first_of_month())
    }

    /// The month that is written `2026-12`; between the years 1970 and 9000.
    #[must_use]
    pub fn read(text: &str) -> Option<Month> {
        let (year, month) = text.split_once('-').filter(|_| text.len() == 7)?;
        let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let (year, month) = (
            year.parse().ok().filter(|_| is_number(year))?,
            month.parse().ok().filter(|_| is_number(month))?,
        );
        Date::new(year, month, 1).ok().filter(|_| (1970..=9000).contains(&year)).map(Month)
    }

    fn name(self) -> String {
        self.0.strftime("%B %Y").to_string()
    }

    fn address(self) -> String {
        self.0.strftime("/desk/calendar/%Y-%m").to_string()
    }

    fn neighbour(self, months: i32) -> Month {
        Month(self.0.checked_add(months.months()).unwrap_or(self.0))
    }

    /// The days of each week that has one in this month.
    fn weeks(self) -> Vec<Vec<Date>> {
        let before = i32::from(self.0.weekday().since(Weekday::Monday));
        let last = self.0.last_of_month();
        let mut monday = self.0.saturating_sub(before.days());
        let mut weeks = Vec::new();
        while monday <= last {
            weeks.push((0..7).map(|day| monday.saturating_add(day.days())).collect());
            monday = monday.saturating_add(7.days());
        }
        weeks
    }
}

fn day_of(at: Instant) -> Date {
    at.timestamp().to_zoned(TimeZone::UTC).date()
}

/// The month's page: `planned` holds what `name` may know of, the earliest first.
#[must_use]
pub fn calendar(name: &Slug, month: Month, now: Instant, planned: &[Planned]) -> String {
    let table = html! {
        table.month {
            caption { (month.name()) ", days in UTC" }
            thead { tr { @for day in DAYS { th scope="col" { abbr title=(day) { (day.get(..3).unwrap_or(day)) } } } } }
            tbody { @for week in month.weeks() { tr { @for day in week { (cell(month, day, now, planned)) } } } }
        }
    };
    let coming: Vec<&Planned> = planned.iter().filter(|one| !one.is_public).collect();
    let main = html! {
        h1 { "Calendar" }
        p.lead { "When cases that you may know of are planned to become public." }
        nav aria-label="Months" { ul.inline {
            li { a href=(month.neighbour(-1).address()) { "← " (month.neighbour(-1).name()) } }
            li { a href="/desk/calendar" { "This month" } }
            li { a href=(month.neighbour(1).address()) { (month.neighbour(1).name()) " →" } }
        } }
        (scrolling(&month.name(), &table))
        h2 { "Still to come" }
        @if coming.is_empty() { p { "Nothing that you may know of is planned." } }
        @else { (scrolling("Still to come", &list(&coming, now))) }
    };
    page("Calendar", Reader::Person(name), &main)
}

fn cell(month: Month, day: Date, now: Instant, planned: &[Planned]) -> Markup {
    let is_today = day == day_of(now);
    let of_month = day.first_of_month() == month.0;
    html! {
        td.other[!of_month].today[is_today] {
            time datetime=(day) aria-current=[is_today.then_some("date")] { (day.day()) }
            @for one in planned.iter().filter(|one| of_month && day_of(one.at) == day) {
                p { (hour(one.at)) " " (link(one)) @if let Some(batch) = &one.batch { " (batch " (batch) ")" } }
            }
        }
    }
}

fn hour(at: Instant) -> String {
    at.timestamp().strftime("%H:%M").to_string()
}

fn link(one: &Planned) -> Markup {
    html! { a href={ "/desk/cases/" (one.case) } { bdi { (text::line_or(&one.title, "untitled")) } } }
}

fn list(coming: &[&Planned], now: Instant) -> Markup {
    html! {
        table {
            thead { tr {
                th scope="col" { "When" } th scope="col" { "In the policy’s zone" } th scope="col" { "Case" } th scope="col" { "Batch" }
            } }
            tbody {
                @for one in coming {
                    tr.late[one.at <= now] {
                        td { (text::instant(one.at)) " " span.meta { (distance(now, one.at)) } }
                        td { (in_zone(one)) }
                        th scope="row" { (link(one)) }
                        td { @if let Some(batch) = &one.batch { (batch) } }
                    }
                }
            }
        }
    }
}

fn in_zone(one: &Planned) -> String {
    let (zone, name) = &one.zone;
    let there = one.at.timestamp().to_zoned(zone.clone());
    format!("{} {name}", there.strftime("%a %-d %B %Y, %H:%M"))
}

/// How far off the day is, in words.
fn distance(now: Instant, at: Instant) -> String {
    let days = day_of(now).until((Unit::Day, day_of(at))).map_or(0, |span| span.get_days());
    match days {
        0 => "today".to_owned(),
        1 => "tomorrow".to_owned(),
        2.. => format!("in {days} days"),
        _ => "passed".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_read_in_one_form_alone() {
        assert_eq!(Month::read("2026-12").map(Month::name).as_deref(), Some("December 2026"));
        for bad in ["2026-13", "2026-1", "26-12-1", "+026-12", "2026-00", "9999-01", "", "2026-1é"] {
            assert_eq!(Month::read(bad), None, "{bad}");
        }
    }

    #[test]
    fn weeks_begin_on_monday_and_hold_the_whole_month() {
        let weeks = |month: &str| Month::read(month).expect("a month").weeks();
        assert_eq!(weeks("2027-02").len(), 4, "February 2027 begins on a Monday");
        let august = weeks("2026-08");
        let (first, last) = (august[0][0].to_string(), august[5][6].to_string());
        assert_eq!((first.as_str(), last.as_str(), august.len()), ("2026-07-27", "2026-09-06", 6));
    }

    #[test]
    fn distances_are_whole_days() {
        let at = |text: &str| text.parse::<Instant>().expect("an instant");
        let now = at("2026-03-02T23:00:00Z");
        assert_eq!(distance(now, at("2026-03-02T23:30:00Z")), "today");
        assert_eq!(distance(now, at("2026-03-03T00:30:00Z")), "tomorrow");
        assert_eq!(distance(now, at("2026-04-02T00:30:00Z")), "in 31 days");
        assert_eq!(distance(now, at("2026-03-01T00:30:00Z")), "passed");
    }
}
