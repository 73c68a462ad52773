//! `tidegate regime ...`: no instance is needed.

use super::clocks::Matrix;
use crate::out::{Failure, Kind, Out};
use clap::Subcommand;
use serde_json::json;
use std::path::{Path, PathBuf};
use tidegate_domain::regime::check::check;
use tidegate_domain::regime::{self, Measure};

#[derive(Debug, Subcommand)]
pub(super) enum Regime {
    /// Find what no band of a regime covers, and what two do.
    Check {
        /// Regime files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Say when a finding is due under every start event, scorer and regime, and which choice would turn the
    /// result around.
    Matrix(Matrix),
}

impl Regime {
    pub(super) fn run(self, out: &Out) -> Result<(), Failure> {
        let files = match self {
            Regime::Check { files } => files,
            Regime::Matrix(matrix) => return matrix.run(out),
        };
        let (mut text, mut values, mut broken) = (String::new(), Vec::new(), 0);
        for file in &files {
            let regime = read(file)?;
            let findings: Vec<String> = check(&regime).iter().map(ToString::to_string).collect();
            broken += usize::from(!findings.is_empty());
            let verdict = if findings.is_empty() { "neither gaps nor overlaps" } else { "NOT SOUND" };
            text.push_str(&format!("{}: {verdict}; {}\n", file.display(), measured(&regime.measure)));
            for finding in &findings {
                text.push_str(&format!("  {finding}\n"));
            }
            values.push(json!({
                "file": file.display().to_string(),
                "regime": regime.id.as_str(),
                "version": regime.version,
                "force": regime.force.name(),
                "start": regime.start.name(),
                "start_unmaintained": regime.start_unmaintained.map(regime::StartEvent::name),
                "sound": findings.is_empty(),
                "findings": findings,
            }));
        }
        out.show(&text, &json!(values))?;
        if broken == 0 {
            Ok(())
        } else {
            Err(Failure::of(Kind::Faults, format!("{broken} of {} regimes are not sound", files.len())))
        }
    }
}

fn measured(measure: &Measure) -> String {
    match measure {
        Measure::Score(bands) => format!("{} bands of scores", bands.len()),
        Measure::Table { points, rows } => format!("{} rows over {} points", rows.len(), points.len()),
        Measure::Each(deadlines) => format!("{} deadlines for each vulnerability", deadlines.len()),
    }
}

pub(super) fn read(path: &Path) -> Result<regime::Regime, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| Failure::file(path, &error))?;
    regime::read(&text).map_err(|faults| Failure::faults(&path.display().to_string(), &faults))
}
