//! `tidegate closure check`: the answers of providers held against a closure.

use super::super::signing::{CLOSURE, Known, PROOF, bytes, faulty, read_envelope};
use super::super::verdict::FormName;
use super::{SignedBy, heading};
use crate::engine::clock::{Clock as _, SystemClock};
use crate::out::{Failure, Kind as Code, Out, printable};
use crate::verdict::{self, NoHistory, Repositories};
use clap::Args;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use tidegate_domain::closure::{Ask, Closure, Given, Kind, Ran, Review, Running, review};
use tidegate_domain::proof::{self, Answer, read_answer};
use tidegate_domain::regime::clock::{Facts, Pin};
use tidegate_domain::regime::{self, Measure, Regime, StartEvent};
use tidegate_domain::release::Support;
use tidegate_domain::time::Instant;
use tidegate_domain::verdict::product_key;
use tidegate_formats::dsse::Envelope;
use tidegate_formats::{Fault, attestation, inventory};

/// List what of a closure is missing, late, contradictory or stale.
#[derive(Debug, Args)]
pub(in crate::cli) struct Check {
    /// The closure.
    closure: PathBuf,
    /// The folder of the answers: proofs, or answers that nobody signed.
    #[arg(long, value_name = "DIR")]
    proofs: PathBuf,
    #[command(flatten)]
    by: SignedBy,
    /// Who may sign closures with SSH keys. Without this or a certificate, nobody looks who signed it.
    #[arg(long, value_name = "FILE")]
    authority_signers: Option<PathBuf>,
    /// OpenPGP certificates of who may sign closures.
    #[arg(long, value_name = "FILE")]
    authority_cert: Vec<PathBuf>,
    /// A deployment that must answer. By default those that do.
    #[arg(long, value_name = "NAME")]
    deployment: Vec<String>,
    /// What runs in the deployment: answers are held against the verdicts on it.
    #[arg(long, value_name = "FILE", requires_all = ["advisories", "releases"])]
    inventory: Option<PathBuf>,
    /// The form of the inventory; by default it is told from the content.
    #[arg(long, value_name = "FORM", requires = "inventory")]
    format: Option<FormName>,
    /// When the inventory was taken, where it doesn't say so itself.
    #[arg(long, value_name = "INSTANT", requires = "inventory")]
    taken: Option<Instant>,
    /// The folder with the advisories, for the verdicts.
    #[arg(long, value_name = "DIR")]
    advisories: Option<PathBuf>,
    /// The release data, for the verdicts.
    #[arg(long, value_name = "DIR")]
    releases: Option<PathBuf>,
    /// Clones of the products, for the verdicts.
    #[arg(long, value_name = "DIR")]
    repos: Option<PathBuf>,
    /// The regime that the authority counts by.
    #[arg(long, value_name = "FILE")]
    regime: Option<PathBuf>,
    /// The start event that it counts from, where it isn't the regime's own.
    #[arg(long, value_name = "EVENT", requires = "regime", value_parser = super::super::clocks::start_event)]
    pin_start: Option<StartEvent>,
    /// Whose score it counts by; by default the highest.
    #[arg(long, value_name = "SCORER", requires = "regime")]
    pin_scorer: Option<String>,
    /// Files of facts about single findings, as for `regime matrix`: scores, and what happened when.
    #[arg(long, value_name = "DIR", requires = "regime")]
    facts: Option<PathBuf>,
    /// Since when the deployment is under the regime: no clock of it starts before.
    #[arg(long, value_name = "INSTANT", requires = "regime")]
    joined: Option<Instant>,
    /// The instant of the check; by default now.
    #[arg(long, value_name = "INSTANT")]
    at: Option<Instant>,
}

/// What the folder of answers holds.
#[derive(Default)]
struct Loaded {
    given: Vec<Given>,
    /// Who signed them, by file.
    signed: BTreeMap<String, Vec<String>>,
    /// What counts as no answer, with the reason.
    rejected: Vec<(String, String)>,
}

/// One deployment of one provider.
type Deployment = (String, String);

impl Check {
    pub(super) fn run(self, out: &Out) -> Result<(), Failure> {
        let now = self.at.unwrap_or_else(|| SystemClock::start().now());
        let closure = self.closure(now, out)?;
        let loaded = self.answers(now, out)?;
        let deployments = self.deployments(&loaded)?;
        let ran = self.ran(&closure, out)?;
        if ran.is_some() && deployments.len() > 1 {
            let message = "an inventory is one deployment's: say which, with --deployment";
            return Err(Failure::of(Code::Usage, message));
        }
        let regime = self.regime()?;
        let facts = self.facts()?;
        let (mut text, mut values, mut wrong) = (heading(&closure), Vec::new(), 0);
        for (provider, deployment) in &deployments {
            let is_theirs =
                |answer: &Answer| answer.provider == *provider && answer.deployment == *deployment;
            let given: Vec<Given> =
                loaded.given.iter().filter(|given| is_theirs(&given.answer)).cloned().collect();
            let review = review(&Ask {
                closure: &closure,
                deployment,
                given: &given,
                ran: ran.as_ref(),
                regime: regime.as_ref().map(|(regime, pin)| (regime, pin)),
                joined: self.joined,
                facts: &facts,
                now,
            });
            wrong += review.lines.iter().filter(|line| line.kind != Kind::Pending).count();
            let signed = given.iter().filter_map(|given| loaded.signed.get(&given.name)).flatten();
            let signed: BTreeSet<&String> = signed.collect();
            text.push_str(&words(provider, deployment, &signed, &review));
            values.push(told(provider, deployment, &signed, &review));
        }
        for (name, why) in &loaded.rejected {
            let _ = writeln!(text, "counts as no answer: {name}: {why}");
        }
        let rejected: Vec<Value> =
            loaded.rejected.iter().map(|(file, why)| json!({"file": file, "why": why})).collect();
        let value = json!({
            "scope": closure.scope.id.as_str(), "at": now.to_string(), "root": closure.root().to_string(),
            "deployments": values, "rejected": rejected,
        });
        out.show(&printable(&text), &value)?;
        if wrong == 0 {
            return Ok(());
        }
        let message =
            format!("{wrong} of the closure's lines are missing, late, contradictory or stale [SCS-06]");
        Err(Failure::of(Code::Refused, message))
    }

    fn closure(&self, now: Instant, out: &Out) -> Result<Closure, Failure> {
        if self.authority_signers.is_none() && self.authority_cert.is_empty() {
            out.note("tidegate: nobody looked who signed the closure; name the authority's keys with --authority-signers or --authority-cert");
        } else {
            let known = Known::read(self.authority_signers.as_deref(), &self.authority_cert)?;
            if known.signed(&read_envelope(&self.closure)?, CLOSURE, now)?.is_empty() {
                let message = format!("{}: its authority has not signed it", self.closure.display());
                return Err(Failure::of(Code::Refused, message));
            }
        }
        super::read(&self.closure)
    }

    /// The answers of the folder. Where keys are given, only what is signed with one of them counts.
    fn answers(&self, now: Instant, out: &Out) -> Result<Loaded, Failure> {
        let known = if self.by.signers.is_none() && self.by.openpgp_cert.is_empty() {
            out.note("tidegate: nobody looked who signed the answers; name the providers' keys with --signers or --openpgp-cert");
            None
        } else {
            Some(Known::read(self.by.signers.as_deref(), &self.by.openpgp_cert)?)
        };
        let mut loaded = Loaded::default();
        for path in files(&self.proofs)? {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            match answer(&path, known.as_ref(), now) {
                Ok((answer, by)) => {
                    loaded.signed.insert(name.clone(), by);
                    loaded.given.push(Given { name, answer });
                }
                Err(why) => loaded.rejected.push((name, why)),
            }
        }
        Ok(loaded)
    }

    /// Which deployments are asked, each with its provider.
    fn deployments(&self, loaded: &Loaded) -> Result<BTreeSet<Deployment>, Failure> {
        let said = |given: &Given| (given.answer.provider.clone(), given.answer.deployment.clone());
        let answering: BTreeSet<Deployment> = loaded.given.iter().map(said).collect();
        if self.deployment.is_empty() {
            return if answering.is_empty() {
                let message = "no answer counts, and no deployment is named\n  Say whose answers are wanted, with --deployment.";
                Err(Failure::of(Code::Refused, message))
            } else {
                Ok(answering)
            };
        }
        let mut asked = BTreeSet::new();
        for name in &self.deployment {
            let theirs: Vec<&Deployment> = answering.iter().filter(|(_, other)| other == name).collect();
            if theirs.is_empty() {
                asked.insert((String::new(), name.clone()));
            }
            asked.extend(theirs.into_iter().cloned());
        }
        Ok(asked)
    }

    /// The verdicts on the inventory, by the documents that the closure has.
    fn ran(&self, closure: &Closure, out: &Out) -> Result<Option<Ran>, Failure> {
        let (Some(file), Some(folder), Some(releases)) = (&self.inventory, &self.advisories, &self.releases)
        else {
            return Ok(None);
        };
        let releases = verdict::releases(releases).map_err(|bad| faulty(&bad.path, &[bad.fault]))?;
        let mut inventory = inventory::read(&bytes(file)?, self.format.map(FormName::form))
            .map_err(|fault| faulty(file, &[fault]))?;
        inventory.taken = self.taken.or(inventory.taken);
        if inventory.taken.is_none() {
            out.note("tidegate: the inventory doesn't say when it was taken: say it with --taken");
        }
        let mut advisories = Vec::new();
        for document in super::documents(folder, out)?.read {
            match closure.leaves.iter().find(|leaf| leaf.advisory == document.advisory.id) {
                Some(leaf) if leaf.sha256 == document.sha256 => advisories.push(document.advisory),
                Some(leaf) => out.note(&printable(&format!(
                    "tidegate: {}: another version than the closure's is at hand, and no verdict is given",
                    leaf.advisory
                ))),
                None => {}
            }
        }
        let mut history: Box<dyn verdict::History> = match &self.repos {
            Some(folder) => Box::new(Repositories::new(folder.clone())),
            None => Box::new(NoHistory),
        };
        let assessment = verdict::assess(&advisories, &releases, &inventory, inventory.taken, &mut *history)
            .map_err(|fault| faulty(file, &[fault]))?;
        let mut ran = Ran { taken: inventory.taken, ..Ran::default() };
        // The worst of a product comes last, and counts.
        for finding in assessment.findings {
            let key = (finding.advisory, product_key(&finding.product));
            let mut components: Vec<String> =
                ran.verdicts.remove(&key).map(|other| other.components).unwrap_or_default();
            components.extend(finding.components);
            let running = Running {
                verdict: finding.judgement.verdict,
                why: finding.judgement.why,
                components,
                is_maintained: finding.support.map(|support| support == Support::Maintained),
            };
            ran.verdicts.insert(key, running);
        }
        Ok(Some(ran))
    }

    fn regime(&self) -> Result<Option<(Regime, Pin)>, Failure> {
        let Some(file) = &self.regime else { return Ok(None) };
        let regime = super::super::regime::read(file)?;
        if let Measure::Each(_) = regime.measure {
            let message = format!("{}: it has deadlines for reports, and none for patches", file.display());
            return Err(Failure::of(Code::Usage, message));
        }
        let pin = Pin { regime: regime.id.clone(), start: self.pin_start, scorer: self.pin_scorer.clone() };
        Ok(Some((regime, pin)))
    }

    /// Facts by advisory and product.
    fn facts(&self) -> Result<BTreeMap<(String, String), Facts>, Failure> {
        let Some(folder) = &self.facts else { return Ok(BTreeMap::new()) };
        let mut known = BTreeMap::new();
        for path in files(folder)? {
            let text = std::fs::read_to_string(&path).map_err(|error| Failure::file(&path, &error))?;
            let facts = regime::read_facts(&text).map_err(|faults| faulty(&path, &faults))?;
            let key = (facts.advisory.clone(), product_key(&facts.product));
            if known.insert(key, facts).is_some() {
                let what = "another file has facts about this finding";
                return Err(faulty(
                    &path,
                    &[Fault::nowhere(what, "keep one: a check is for one set of facts")],
                ));
            }
        }
        Ok(known)
    }
}

/// The files of a folder, by name; hidden ones and folders are none.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = verdict::entries(folder).map_err(|bad| faulty(&bad.path, &[bad.fault]))?;
    let is_hidden =
        |path: &Path| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    Ok(entries.into_iter().filter(|path| path.is_file() && !is_hidden(path)).collect())
}

/// The answer in a file with who signed it, or why it counts for none.
fn answer(path: &Path, known: Option<&Known>, now: Instant) -> Result<(Answer, Vec<String>), String> {
    let mut signed_by = Vec::new();
    let bytes = bytes(path).map_err(|failure| failure.message)?;
    let answer = match Envelope::read(&bytes) {
        Ok(envelope) => {
            if let Some(known) = known {
                signed_by = known.signed(&envelope, PROOF, now).map_err(|failure| failure.message)?;
                if signed_by.is_empty() {
                    return Err("nobody who is known has signed it".to_owned());
                }
            }
            attestation::read(&envelope.payload).map_err(|fault| fault.to_string())?.1
        }
        Err(_) if known.is_some() => return Err("nobody has signed it".to_owned()),
        Err(fault) => {
            let looks_signed = bytes.trim_ascii_start().starts_with(b"{");
            let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
            let faults = |faults: Vec<Fault>| {
                let shown = if looks_signed { vec![fault.clone()] } else { faults };
                shown.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
            };
            read_answer(&text).map_err(faults)?
        }
    };
    let lacks = |lacks: Vec<tidegate_domain::refusal::Explanation>| {
        lacks.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    };
    proof::examine(&answer, &proof::Finding::default(), now).map_err(lacks)?;
    Ok((answer, signed_by))
}

/// Provider and deployment as people say them.
fn named(provider: &str, deployment: &str) -> String {
    if provider.is_empty() { deployment.to_owned() } else { format!("{deployment} of {provider}") }
}

fn words(provider: &str, deployment: &str, signed: &BTreeSet<&String>, review: &Review) -> String {
    let mut text =
        format!("\n{}: {} of {} answered\n", named(provider, deployment), review.answered, review.asked);
    // Whether a name may speak for the provider is for the authority to know.
    for by in signed {
        let _ = writeln!(text, "  signed by {by}");
    }
    for line in &review.lines {
        let _ = writeln!(text, "  {} {}, {}: {}", line.kind.name(), line.advisory, line.product, line.what);
    }
    for name in &review.beside {
        let _ = writeln!(text, "  not asked for: {name}");
    }
    text
}

fn told(provider: &str, deployment: &str, signed: &BTreeSet<&String>, review: &Review) -> Value {
    let lines = review.lines.iter().map(|line| {
        json!({
            "advisory": line.advisory, "product": line.product, "kind": line.kind.name(), "what": line.what,
            "due": line.due.map(|due| due.to_string()),
        })
    });
    json!({
        "provider": provider, "deployment": deployment, "asked": review.asked, "answered": review.answered,
        "signed_by": signed, "lines": lines.collect::<Vec<_>>(), "beside": review.beside,
    })
}
