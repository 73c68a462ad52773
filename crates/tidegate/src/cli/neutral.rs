//! `tidegate neutral`: does a public text say more than it may (CS-12)?

use super::acting;
use crate::engine::{Engine, EngineError};
use crate::out::{Failure, Kind, Out, printable};
use clap::Args;
use serde_json::json;
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use tidegate_baseline::apply::Workshop;
use tidegate_domain::case::Case;
use tidegate_domain::id::{CaseId, Slug};
use tidegate_domain::neutral::{Tell, tells};
use tidegate_domain::policy::{self, Policy};

/// Longest text that is checked, in bytes.
const TEXT_BYTES_MAX: u64 = 1 << 20;
/// Most texts at a time.
const TEXTS_MAX: usize = 1_000;

#[derive(Debug, Args)]
pub(super) struct Neutral {
    /// The case whose own words count too: its title, numbers and reporter. Its policy is the one that holds.
    #[arg(long, conflicts_with = "policy", required_unless_present = "policy")]
    case: Option<CaseId>,
    /// The policy whose words count.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// A text by itself, such as the name of a branch; repeat it for each.
    #[arg(long = "text", value_name = "TEXT")]
    texts: Vec<String>,
    /// The repository that --commits are of. It is only read.
    #[arg(long, value_name = "DIR", requires = "commits")]
    repo: Option<PathBuf>,
    /// Commits whose messages are checked.
    #[arg(long, value_name = "A,B", value_delimiter = ',', requires = "repo")]
    commits: Vec<String>,
    /// Files with texts; `-` is standard input.
    #[arg(value_name = "FILE", required_unless_present_any = ["texts", "commits"])]
    files: Vec<PathBuf>,
}

/// A text, and what it is called here.
type Named = (String, String);

impl Neutral {
    /// Whether the policy's words are all that counts.
    pub(super) fn needs_no_instance(&self) -> bool {
        self.case.is_none()
    }

    pub(super) fn alone(self, out: &Out) -> Result<(), Failure> {
        let path = self.policy.clone().unwrap_or_default();
        let text = std::fs::read_to_string(&path).map_err(|error| Failure::file(&path, &error))?;
        let rules =
            policy::read(&text).map_err(|faults| Failure::faults(&path.display().to_string(), &faults))?;
        judge(&rules, None, &self.read()?, out)
    }

    pub(super) async fn in_case(self, engine: &Engine, who: Option<&Slug>, out: &Out) -> Result<(), Failure> {
        let Some(id) = self.case else { return self.alone(out) };
        let (file, viewer) = engine.open_case(id, acting(who)?).await?;
        // A case's words are told by what is found: only to those who work on it.
        let insider = file.view(&viewer).filter(|view| view.insider);
        let Some(record) = insider.as_ref().and_then(|view| view.record.as_deref()) else {
            return Err(EngineError::NoSuchCase(id).into());
        };
        judge(file.policy(), Some(record), &self.read()?, out)
    }

    fn read(&self) -> Result<Vec<Named>, Failure> {
        if self.texts.len() + self.commits.len() + self.files.len() > TEXTS_MAX {
            return Err(Failure::plain(format!("at most {TEXTS_MAX} texts are checked at a time")));
        }
        let mut named: Vec<Named> = self.texts.iter().map(|text| ("text".to_owned(), text.clone())).collect();
        if let Some(repo) = &self.repo {
            let mut shop = Workshop::open(repo)?;
            for name in &self.commits {
                let id = shop.resolve(name)?;
                let message = String::from_utf8_lossy(shop.commit(&id)?.message()).into_owned();
                named.push((name.clone(), message));
            }
        }
        for path in &self.files {
            named.push((path.display().to_string(), read_text(path)?));
        }
        Ok(named)
    }
}

fn read_text(path: &Path) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let read = if path.as_os_str() == "-" {
        std::io::stdin().take(TEXT_BYTES_MAX + 1).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(TEXT_BYTES_MAX + 1).read_to_end(&mut bytes))
    };
    read.map_err(|error| Failure::file(path, &error))?;
    if bytes.len() as u64 > TEXT_BYTES_MAX {
        let message =
            format!("{}: larger than {TEXT_BYTES_MAX} bytes, the most that is read", path.display());
        return Err(Failure::plain(message));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn judge(policy: &Policy, case: Option<&Case>, texts: &[Named], out: &Out) -> Result<(), Failure> {
    let clause = &policy.commit.clause;
    let (mut words, mut values, mut refused) = (String::new(), Vec::new(), 0_usize);
    for (name, text) in texts {
        let mut found = tells(policy, case, text);
        found.sort_by_key(|tell| (tell.line, tell.column));
        for Tell { line, column, word, why } in found {
            let mark = if why.refuses() { "" } else { " (not refused; is it needed?)" };
            refused += usize::from(why.refuses());
            let (place, word) = (printable(name), printable(&word));
            let _ = writeln!(words, "{place}:{line}:{column}: “{word}”, {} ({clause}){mark}", why.phrase());
            values.push(json!({
                "source": name, "line": line, "column": column, "word": word, "why": why.phrase(),
                "clause": clause, "refused": why.refuses(),
            }));
        }
    }
    if values.is_empty() {
        words.push_str("nothing in it gives anything away\n");
    }
    out.show(&words, &values.into())?;
    match refused {
        0 => Ok(()),
        places => Err(Failure::of(Kind::Refused, format!("{places} places say too much ({clause})"))),
    }
}
