//! From the text of a regime file to a [`Regime`], or to every fault in it with its place.

use super::{Band, Deadline, Force, Measure, Point, Regime, Row, StartEvent, Tenths, Time};
use crate::fault::Fault;
use crate::policy::parse_length;
use crate::reader::{self, FileKind, Reader};
use jiff::tz::TimeZone;
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

/// The schema version that this program reads.
pub const SCHEMA: u32 = 1;
/// Longest regime file, in bytes.
pub const REGIME_BYTES_MAX: usize = 256 * 1024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRegime {
    schema: Spanned<u32>,
    id: Spanned<String>,
    title: String,
    version: String,
    source: String,
    trigger: String,
    force: Spanned<String>,
    start: StartEvent,
    #[serde(rename = "start-unmaintained")]
    start_unmaintained: Option<StartEvent>,
    zone: Spanned<String>,
    #[serde(default)]
    bands: Vec<RawBand>,
    #[serde(default)]
    points: Vec<RawPoint>,
    #[serde(default)]
    rows: Vec<RawRow>,
    #[serde(default)]
    each: Vec<RawDeadline>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBand {
    name: String,
    from: Spanned<String>,
    to: Spanned<String>,
    within: Spanned<String>,
    also: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPoint {
    name: String,
    values: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRow {
    when: BTreeMap<String, Spanned<String>>,
    within: Spanned<String>,
    also: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDeadline {
    name: String,
    within: Spanned<String>,
    start: Option<StartEvent>,
    also: Option<String>,
}

const KIND: FileKind =
    FileKind { what: "a regime", bytes_max: REGIME_BYTES_MAX, schema: SCHEMA, manual: "docs/regimes.md" };
/// How a score is written.
pub(super) const SCORE_ADVICE: &str = "Write one digit behind the point, from \"0.0\" to \"10.0\".";

/// Reads a regime file.
///
/// # Errors
/// Every fault that was found. A text that is not TOML, or whose fields have the wrong form, has one: the
/// first.
pub fn read(text: &str) -> Result<Regime, Vec<Fault>> {
    let raw: RawRegime = reader::fields(text, &KIND)?;
    let mut reader = Reader::new(text);
    let regime = reader.regime(raw);
    reader.finish(regime)
}

impl Reader<'_> {
    fn regime(&mut self, raw: RawRegime) -> Option<Regime> {
        self.schema(&raw.schema, &KIND);
        let id = self.parsed(&raw.id, "id", "Write small letters, digits and dashes.");
        let force = Force::ALL.iter().copied().find(|force| force.name() == raw.force.get_ref());
        if force.is_none() {
            let what = format!("`{}` is no force", raw.force.get_ref().escape_debug());
            let known: Vec<&str> = Force::ALL.iter().map(|force| force.name()).collect();
            self.fault(raw.force.span().start, what, &format!("Known are {}.", known.join(" and ")));
        }
        let zone = TimeZone::get(raw.zone.get_ref());
        if zone.is_err() {
            let what = format!("`{}` is no time zone", raw.zone.get_ref().escape_debug());
            self.fault(raw.zone.span().start, what, "Write an IANA name, such as Europe/Berlin, or UTC.");
        }
        let measure = self.measure(raw.bands, raw.points, raw.rows, raw.each)?;
        Some(Regime {
            id: id?,
            title: raw.title,
            version: raw.version,
            source: raw.source,
            trigger: raw.trigger,
            force: force?,
            start: raw.start,
            start_unmaintained: raw.start_unmaintained,
            zone: zone.ok()?,
            measure,
        })
    }

    fn measure(
        &mut self,
        bands: Vec<RawBand>,
        points: Vec<RawPoint>,
        rows: Vec<RawRow>,
        each: Vec<RawDeadline>,
    ) -> Option<Measure> {
        match (bands.is_empty(), points.is_empty() && rows.is_empty(), each.is_empty()) {
            (false, true, true) => {
                Some(Measure::Score(bands.into_iter().filter_map(|band| self.band(band)).collect()))
            }
            (true, false, true) => Some(self.table(points, rows)),
            (true, true, false) => {
                let deadlines = each.into_iter().filter_map(|raw| {
                    let time = self.time(&raw.within)?;
                    Some(Deadline { name: raw.name, time, start: raw.start, also: raw.also })
                });
                Some(Measure::Each(deadlines.collect()))
            }
            _ => {
                let what = "a regime has bands of scores, or points and rows, or deadlines for each";
                self.fault(
                    0,
                    what,
                    "Write [[bands]], or [[points]] and [[rows]], or [[each]], and one alone.",
                );
                None
            }
        }
    }

    fn band(&mut self, raw: RawBand) -> Option<Band> {
        let from: Tenths = self.parsed(&raw.from, "score", SCORE_ADVICE)?;
        let to = self.parsed(&raw.to, "score", SCORE_ADVICE)?;
        if from > to {
            let what = format!("the band {} begins above its end", raw.name.escape_debug());
            self.fault(raw.from.span().start, what, "Write the lower score as from.");
        }
        let time = self.time(&raw.within)?;
        Some(Band { from, to, deadline: Deadline { name: raw.name, time, start: None, also: raw.also } })
    }

    fn table(&mut self, raw_points: Vec<RawPoint>, raw_rows: Vec<RawRow>) -> Measure {
        let points: Vec<Point> =
            raw_points.into_iter().map(|raw| Point { name: raw.name, values: raw.values }).collect();
        let mut rows = Vec::new();
        for (number, raw) in (1..).zip(raw_rows) {
            for (point, answer) in &raw.when {
                let known = points.iter().find(|known| known.name == *point);
                if !known.is_some_and(|known| known.values.contains(answer.get_ref())) {
                    let what =
                        format!("no point {point} has the value `{}`", answer.get_ref().escape_debug());
                    self.fault(answer.span().start, what, "Name a point and a value of [[points]].");
                }
            }
            if let Some(time) = self.time(&raw.within) {
                let when = raw.when.into_iter().map(|(point, answer)| (point, answer.into_inner())).collect();
                let name = format!("row {number}");
                rows.push(Row { when, deadline: Deadline { name, time, start: None, also: raw.also } });
            }
        }
        Measure::Table { points, rows }
    }

    fn time(&mut self, raw: &Spanned<String>) -> Option<Time> {
        match raw.get_ref().as_str() {
            "next-upgrade" => return Some(Time::WithNextUpgrade),
            "as-appropriate" => return Some(Time::AsAppropriate),
            _ => {}
        }
        match parse_length(raw.get_ref()) {
            Some(length) => Some(Time::Within(length)),
            None => {
                let what = format!("`{}` is no length of time", raw.get_ref().escape_debug());
                let advice = "Write ISO 8601, such as PT3H, P3D or P1M, or next-upgrade, or as-appropriate.";
                self.fault(raw.span().start, what, advice);
                None
            }
        }
    }
}
