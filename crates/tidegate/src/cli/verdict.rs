//! `tidegate verdict`: no instance and no server is needed.

use crate::out::{Failure, Out, printable};
use crate::verdict::{self, Assessment, BadFile, Finding, History, NoHistory, Repositories};
use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use serde_json::json;
use std::fmt::Write;
use std::path::PathBuf;
use tidegate_domain::inventory::Inventory;
use tidegate_domain::time::Instant;
use tidegate_domain::verdict::Verdict as Answer;
use tidegate_formats::inventory::{self, Form};

/// Say which advisories a deployment is affected by, and why; no instance needed.
#[derive(Debug, Args)]
pub(super) struct Verdict {
    /// The folder with the advisories: OSSA, OSSN, XSA, CSAF, OSV and CVE, in any mixture.
    #[arg(long, value_name = "DIR")]
    advisories: PathBuf,
    /// A checkout of OpenStack's release data, or a folder laid out like it.
    #[arg(long, value_name = "DIR")]
    releases: PathBuf,
    /// What runs: an SBOM, a release manifest, a list of images or packages, a table.
    #[arg(long, value_name = "FILE")]
    inventory: PathBuf,
    /// Clones of the products, each in a folder called as the product: ancestry decides then.
    #[arg(long, value_name = "DIR")]
    repos: Option<PathBuf>,
    /// The form of the inventory; by default it is told from the content.
    #[arg(long, value_name = "FORM")]
    format: Option<FormName>,
    /// The instant in question: what runs ran then.
    #[arg(long, value_name = "INSTANT")]
    at: Option<Instant>,
    /// Give the reasons in full: range, position, dates, assumptions.
    #[arg(long)]
    explain: bool,
    /// Show what is fixed and not affected, too. (JSON always has it.)
    #[arg(long)]
    all: bool,
}

/// A form by its name on the command line.
#[derive(Clone, Copy, Debug)]
pub(super) struct FormName(Form);

impl FormName {
    pub(super) fn form(self) -> Form {
        self.0
    }
}

impl ValueEnum for FormName {
    fn value_variants<'a>() -> &'a [Self] {
        const NAMES: [FormName; Form::ALL.len()] = [
            FormName(Form::Json),
            FormName(Form::Yaml),
            FormName(Form::Pip),
            FormName(Form::Dpkg),
            FormName(Form::Rpm),
            FormName(Form::Images),
            FormName(Form::Csv),
        ];
        &NAMES
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.0.name()))
    }
}

impl Verdict {
    pub(super) fn run(self, out: &Out) -> Result<(), Failure> {
        let advisories = verdict::advisories(&self.advisories).map_err(faulty)?;
        for bad in &advisories.bad {
            out.note(&printable(&format!("tidegate: not understood: {bad}")));
        }
        for replaced in &advisories.replaced {
            out.note(&printable(&format!("tidegate: {replaced}")));
        }
        let releases = verdict::releases(&self.releases).map_err(faulty)?;
        let bytes = verdict::bytes(&self.inventory).map_err(faulty)?;
        let inventory = inventory::read(&bytes, self.format.map(FormName::form))
            .map_err(|fault| Failure::faults(&self.inventory.display().to_string(), &[fault]))?;
        let mut history: Box<dyn History> = match &self.repos {
            Some(folder) => Box::new(Repositories::new(folder.clone())),
            None => Box::new(NoHistory),
        };
        let assessment = verdict::assess(&advisories.read, &releases, &inventory, self.at, &mut *history)
            .map_err(|fault| Failure::faults(&self.inventory.display().to_string(), &[fault]))?;
        if out.json {
            let lines: String =
                assessment.findings.iter().map(|finding| format!("{}\n", self.line(finding))).collect();
            out.note(&printable(&self.rest(&assessment, &inventory)));
            out.bytes(lines.as_bytes())
        } else {
            out.bytes(printable(&self.text(&assessment, &inventory)).as_bytes())
        }
    }

    fn line(&self, finding: &Finding) -> serde_json::Value {
        let judgement = &finding.judgement;
        let mut line = json!({
            "advisory": finding.advisory,
            "product": finding.product,
            "version": finding.version,
            "verdict": judgement.verdict.name(),
            "why": judgement.why,
            "components": finding.components,
        });
        if self.explain {
            let account = &judgement.account;
            let dates: Vec<_> = account
                .dates
                .iter()
                .map(|(day, what)| json!({"day": day.to_string(), "what": what}))
                .collect();
            line["account"] = json!({
                "range": account.range,
                "position": account.position,
                "line": account.line,
                "support": finding.support.map(tidegate_domain::release::Support::name),
                "dates": dates,
                "assumptions": account.assumptions,
                "settles": account.settles,
            });
        }
        line
    }

    fn text(&self, assessment: &Assessment, inventory: &Inventory) -> String {
        let mut text = String::new();
        for finding in &assessment.findings {
            let is_open = matches!(finding.judgement.verdict, Answer::Affected | Answer::Unknown);
            if is_open || self.all {
                text.push_str(&self.paragraph(finding));
            }
        }
        text.push_str(&self.rest(assessment, inventory));
        text.push('\n');
        text
    }

    /// What no line is about: entries that were not read, components that nobody names, the numbers.
    fn rest(&self, assessment: &Assessment, inventory: &Inventory) -> String {
        let mut text = String::new();
        for unread in &inventory.unread {
            let _ = writeln!(text, "unread: {} `{}`: {}", unread.place, unread.what, unread.why);
        }
        if self.explain {
            for stranger in &assessment.strangers {
                let _ = writeln!(text, "no advisory or release data names: {stranger}");
            }
        }
        text.push_str(&summary(assessment, inventory));
        text
    }

    fn paragraph(&self, finding: &Finding) -> String {
        let judgement = &finding.judgement;
        let mut text = format!(
            "{} {} {}: {}\n  {}\n",
            finding.advisory, finding.product, finding.version, judgement.verdict, judgement.why
        );
        let account = &judgement.account;
        if let Some(settles) = &account.settles {
            let _ = writeln!(text, "  would settle it: {settles}");
        }
        if self.explain {
            let _ = writeln!(text, "  range: {}", account.range);
            let _ = writeln!(text, "  position: {}", account.position);
            if let (Some(line), Some(support)) = (&account.line, finding.support) {
                let _ = writeln!(text, "  line: {line}, {}", support.name());
            }
            for (day, what) in &account.dates {
                let _ = writeln!(text, "  {day}: {what}");
            }
            for assumption in &account.assumptions {
                let _ = writeln!(text, "  taken for granted: {assumption}");
            }
            let _ = writeln!(text, "  components: {}", finding.components.join(", "));
        }
        text
    }
}

fn summary(assessment: &Assessment, inventory: &Inventory) -> String {
    let count = |verdict: Answer| {
        assessment.findings.iter().filter(|finding| finding.judgement.verdict == verdict).count()
    };
    format!(
        "{} affected, {} unknown, {} fixed, {} not affected; {} components, {} of them no product that is known, \
         {} entries unread",
        count(Answer::Affected),
        count(Answer::Unknown),
        count(Answer::Fixed),
        count(Answer::NotAffected),
        inventory.components.len(),
        assessment.strangers.len(),
        inventory.unread.len(),
    )
}

fn faulty(bad: BadFile) -> Failure {
    Failure::faults(&bad.path.display().to_string(), &[bad.fault])
}
