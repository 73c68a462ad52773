//! `tidegate proof ...`: answers, signed and checked. No instance is needed.

use super::commitment::{Commit, Open};
use super::signing::{self, Known, PROOF, bytes, envelope, faulty, payload, read_envelope};
use crate::engine::clock::{Clock as _, SystemClock};
use crate::out::{Failure, Kind, Out, printable};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tidegate_domain::proof::{Answer, Backing, Examined, Finding, examine, read_answer};
use tidegate_domain::time::Instant;
use tidegate_domain::verdict::Verdict;
use tidegate_formats::dsse::{Envelope, Signature};
use tidegate_formats::{Fault, attestation};

#[derive(Debug, Subcommand)]
pub(super) enum Proof {
    /// Say whether an answer has what it must have, and what speaks against it.
    Check {
        /// The answer file.
        answer: PathBuf,
        #[command(flatten)]
        against: Against,
    },
    /// Print exactly the bytes that a signature is made over: to sign or verify with other programs.
    Payload {
        /// An answer file, or a proof.
        file: PathBuf,
    },
    /// Sign an answer: OpenVEX in an in-toto statement in a DSSE envelope.
    Make {
        /// The answer file.
        answer: PathBuf,
        #[command(flatten)]
        key: Key,
        /// The file to write; standard output by default.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        #[command(flatten)]
        against: Against,
    },
    /// Commit to an answer without telling it: print a salted digest, to be logged during an embargo.
    Commit(Commit),
    /// Open a commitment after the disclosure: does this answer with this salt give it?
    Open(Open),
    /// Check a proof: signature, form, and what speaks against the answer in it.
    Verify {
        /// The proof.
        proof: PathBuf,
        /// Who may sign with SSH keys, as for `ssh-keygen -Y verify`: a name and a key a line.
        #[arg(long, value_name = "FILE")]
        signers: Option<PathBuf>,
        /// OpenPGP certificates of who may sign.
        #[arg(long, value_name = "FILE")]
        openpgp_cert: Vec<PathBuf>,
        #[command(flatten)]
        against: Against,
    },
}

/// What signs.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Key {
    /// A secret SSH key without passphrase. One in an agent or on a token signs what `payload` prints.
    #[arg(long, value_name = "FILE")]
    ssh_key: Option<PathBuf>,
    /// A secret OpenPGP key without passphrase.
    #[arg(long, value_name = "FILE")]
    openpgp_key: Option<PathBuf>,
    /// A signature on what `payload` printed, by `ssh-keygen -Y sign -n tidegate-proof` or `gpg`.
    #[arg(long, value_name = "FILE")]
    signature: Option<PathBuf>,
}

/// What an answer is held against.
#[derive(Debug, Args)]
pub(super) struct Against {
    /// What `tidegate verdict --json` said of the deployment before.
    #[arg(long, value_name = "FILE")]
    verdicts: Option<PathBuf>,
    /// What it said of the snapshot after the patch.
    #[arg(long, value_name = "FILE")]
    verdicts_after: Option<PathBuf>,
    /// The version of the advisory that is in force.
    #[arg(long, value_name = "NUMBER")]
    advisory_version: Option<u32>,
    /// The instant of the check; by default now.
    #[arg(long, value_name = "INSTANT")]
    at: Option<Instant>,
}

impl Proof {
    pub(super) fn run(self, out: &Out) -> Result<(), Failure> {
        match self {
            Proof::Commit(commit) => commit.run(out),
            Proof::Open(open) => open.run(out),
            Proof::Check { answer, against } => {
                let (_, answer) = read(&answer)?;
                let examined = against.examine(&answer)?;
                out.show(&printable(&words(&answer, &examined)), &told(&answer, &examined))
            }
            Proof::Payload { file } => {
                let bytes = bytes(&file)?;
                let signed = match Envelope::read(&bytes) {
                    Ok(envelope) => envelope.signed_bytes(),
                    Err(_) => {
                        let (text, answer) = parse(&file, bytes)?;
                        payload(&attestation::statement(&text, &answer))
                    }
                };
                out.bytes(&signed)
            }
            Proof::Make { answer, key, out: target, against } => {
                let (text, answer) = read(&answer)?;
                let examined = against.examine(&answer)?;
                let statement = attestation::statement(&text, &answer);
                let signature = key.sign(&payload(&statement), against.now())?;
                let proof = envelope(statement, signature);
                for objection in &examined.objections {
                    out.note(&printable(&format!("tidegate: {objection}")));
                }
                match target {
                    Some(path) => std::fs::write(&path, &proof).map_err(|error| Failure::file(&path, &error)),
                    None => out.bytes(&proof),
                }
            }
            Proof::Verify { proof, signers, openpgp_cert, against } => {
                let envelope = read_envelope(&proof)?;
                let known = Known::read(signers.as_deref(), &openpgp_cert)?;
                let signed_by = known.signed(&envelope, PROOF, against.now())?;
                if signed_by.is_empty() {
                    return Err(signing::unsigned(&proof));
                }
                let (_, answer) =
                    attestation::read(&envelope.payload).map_err(|fault| faulty(&proof, &[fault]))?;
                let examined = against.examine(&answer)?;
                let mut value = told(&answer, &examined);
                value["signed_by"] = json!(signed_by);
                let by: String = signed_by.iter().map(|who| format!("signed by {who}\n")).collect();
                out.show(&printable(&format!("{by}{}", words(&answer, &examined))), &value)
            }
        }
    }
}

impl Against {
    fn now(&self) -> Instant {
        self.at.unwrap_or_else(|| SystemClock::start().now())
    }

    fn examine(&self, answer: &Answer) -> Result<Examined, Failure> {
        let verdict = |file: &Option<PathBuf>| match file {
            Some(file) => worst(file, answer),
            None => Ok(None),
        };
        let finding = Finding {
            verdict: verdict(&self.verdicts)?,
            after: verdict(&self.verdicts_after)?,
            version: self.advisory_version,
        };
        examine(answer, &finding, self.now()).map_err(|lacks| {
            let shown: Vec<String> = lacks.iter().map(ToString::to_string).collect();
            Failure::of(Kind::Refused, shown.join("\n"))
        })
    }
}

impl Key {
    fn sign(&self, content: &[u8], now: Instant) -> Result<Signature, Failure> {
        match (&self.ssh_key, &self.openpgp_key, &self.signature) {
            (Some(file), _, _) => signing::with_ssh(file, PROOF, content),
            (None, Some(file), _) => signing::with_openpgp(file, content, now),
            (None, None, Some(file)) => signing::ready_made(file),
            (None, None, None) => Err(Failure::of(Kind::Usage, "say what signs")),
        }
    }
}

fn words(answer: &Answer, examined: &Examined) -> String {
    let backing = match examined.backing {
        Backing::Evidence => "with evidence",
        Backing::OwnWord => "on the provider's word alone (SCS-08)",
    };
    let mut text = format!(
        "{}, {} of {}: {} ({}), by {} on {}, {backing}\n  {}\n",
        answer.advisory,
        answer.product,
        answer.deployment,
        answer.way.letter(),
        answer.way.phrase(),
        answer.provider,
        answer.given,
        answer.text
    );
    for objection in &examined.objections {
        text.push_str(&format!("  {objection}\n"));
    }
    text
}

fn told(answer: &Answer, examined: &Examined) -> Value {
    json!({
        "advisory": answer.advisory,
        "product": answer.product,
        "deployment": answer.deployment,
        "provider": answer.provider,
        "given": answer.given.to_string(),
        "answer": answer.way.letter().to_string(),
        "how": answer.way.phrase(),
        "text": answer.text,
        "backing": match examined.backing { Backing::Evidence => "evidence", Backing::OwnWord => "own-word" },
        "objections": examined.objections.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

/// The worst verdict on the answer's product, from the lines of `tidegate verdict --json`.
fn worst(file: &Path, answer: &Answer) -> Result<Option<(Verdict, String)>, Failure> {
    let bytes = bytes(file)?;
    let mut worst: Option<(Verdict, String)> = None;
    for (number, line) in (1..).zip(String::from_utf8_lossy(&bytes).lines()) {
        let said: Value = serde_json::from_str(line).map_err(|error| {
            let (what, advice) = (format!("no JSON: {error}"), "give what `tidegate verdict --json` printed");
            faulty(file, &[Fault { line: number, column: 1, what, advice: advice.to_owned() }])
        })?;
        if said["advisory"] != answer.advisory || said["product"] != answer.product {
            continue;
        }
        let word = said["verdict"].as_str().unwrap_or_default();
        let known = [Verdict::Fixed, Verdict::NotAffected, Verdict::Unknown, Verdict::Affected];
        let Some(verdict) = known.into_iter().find(|verdict| verdict.name() == word) else {
            let what = format!("`{}` is no verdict", word.escape_debug());
            return Err(faulty(file, &[Fault { line: number, column: 1, what, advice: String::new() }]));
        };
        if worst.as_ref().is_none_or(|(earlier, _)| *earlier < verdict) {
            worst = Some((verdict, said["why"].as_str().unwrap_or_default().to_owned()));
        }
    }
    Ok(worst)
}

pub(super) fn read(path: &Path) -> Result<(String, Answer), Failure> {
    parse(path, bytes(path)?)
}

fn parse(path: &Path, bytes: Vec<u8>) -> Result<(String, Answer), Failure> {
    let text = String::from_utf8(bytes)
        .map_err(|_| faulty(path, &[Fault::nowhere("it is not UTF-8", "write it as UTF-8")]))?;
    let answer = read_answer(&text).map_err(|faults| faulty(path, &faults))?;
    Ok((text, answer))
}
