//! `tidegate closure ...`: everything in force under one signed root, and the answers to it. No instance is
//! needed.

mod check;

use super::signing::{self, CLOSURE, Known, bytes, envelope, faulty, payload, read_envelope};
use crate::engine::clock::{Clock as _, SystemClock};
use crate::out::{Failure, Kind, Out, printable};
use crate::verdict::{self, Document};
use clap::{Args, Subcommand};
use serde_json::json;
use std::path::{Path, PathBuf};
use tidegate_domain::closure::{self as domain, read_scope};
use tidegate_domain::proof::Digest;
use tidegate_domain::time::Instant;
use tidegate_formats::Fault;
use tidegate_formats::closure::{self as statement, LeafProof};

#[derive(Debug, Subcommand)]
pub(super) enum Closure {
    /// Sign the root over every advisory in force for a scope at an instant.
    Make {
        #[command(flatten)]
        over: Over,
        #[command(flatten)]
        key: Key,
        /// The file to write; standard output by default.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Print exactly the bytes that a closure's signature is made over: to sign with other programs.
    Payload {
        #[command(flatten)]
        over: Over,
    },
    /// Check a closure: who signed it, and whether its root is that of its leaves.
    Verify {
        /// The closure.
        closure: PathBuf,
        #[command(flatten)]
        by: SignedBy,
    },
    /// List what of a closure is missing, late, contradictory or stale.
    ///
    /// Exit code 0: nothing is; 3: something is.
    Check(Box<check::Check>),
    /// Print the proof that one advisory is below the root.
    Prove {
        /// The closure.
        closure: PathBuf,
        /// The advisory.
        advisory: String,
    },
    /// Check the proof of one advisory against a root.
    VerifyLeaf {
        /// What `prove` printed.
        proof: PathBuf,
        #[command(flatten)]
        root: Root,
    },
}

/// What is closed over.
#[derive(Debug, Args)]
pub(super) struct Over {
    /// The folder with the advisories, as it stands at the instant.
    #[arg(long, value_name = "DIR")]
    advisories: PathBuf,
    /// A checkout of OpenStack's release data, or a folder laid out like it.
    #[arg(long, value_name = "DIR")]
    releases: PathBuf,
    /// The scope: products, and lines of their releases.
    #[arg(long, value_name = "FILE")]
    scope: PathBuf,
    /// The instant; what became public later is left out.
    #[arg(long, value_name = "INSTANT")]
    at: Instant,
}

/// What signs.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Key {
    /// A secret key without passphrase, SSH or OpenPGP.
    #[arg(long, value_name = "FILE")]
    sign_with: Option<PathBuf>,
    /// A signature on what `payload` printed, by `ssh-keygen -Y sign -n tidegate-closure` or `gpg`.
    #[arg(long, value_name = "FILE")]
    signature: Option<PathBuf>,
}

/// Whose signature counts.
#[derive(Debug, Args)]
pub(super) struct SignedBy {
    /// Who may sign with SSH keys, as for `ssh-keygen -Y verify`: a name and a key a line.
    #[arg(long, value_name = "FILE")]
    signers: Option<PathBuf>,
    /// OpenPGP certificates of who may sign.
    #[arg(long, value_name = "FILE")]
    openpgp_cert: Vec<PathBuf>,
}

/// What a leaf is held against.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Root {
    /// The root, from a closure whose signature was verified.
    #[arg(long, value_name = "DIGITS")]
    root: Option<Digest>,
    /// A closure. Its signature is not checked here.
    #[arg(long, value_name = "FILE")]
    closure: Option<PathBuf>,
}

impl Closure {
    pub(super) fn run(self, out: &Out) -> Result<(), Failure> {
        match self {
            Closure::Make { over, key, out: target } => {
                let (_, statement) = over.statement(out)?;
                let now = SystemClock::start().now();
                let signature = match (&key.sign_with, &key.signature) {
                    (Some(file), _) => signing::with_key(file, CLOSURE, &payload(&statement), now)?,
                    (None, Some(file)) => signing::ready_made(file)?,
                    (None, None) => return Err(Failure::of(Kind::Usage, "say what signs")),
                };
                let closure = envelope(statement, signature);
                match target {
                    Some(path) => {
                        std::fs::write(&path, &closure).map_err(|error| Failure::file(&path, &error))
                    }
                    None => out.bytes(&closure),
                }
            }
            Closure::Payload { over } => out.bytes(&payload(&over.statement(out)?.1)),
            Closure::Verify { closure, by } => verify(&closure, &by, out),
            Closure::Check(check) => check.run(out),
            Closure::Prove { closure, advisory } => {
                let read = read(&closure)?;
                let proof = LeafProof::of(&read, &advisory).ok_or_else(|| {
                    let message = format!("{}: it has no leaf `{advisory}`", closure.display());
                    Failure::of(Kind::NotFound, printable(&message))
                })?;
                out.show(&proof.write(), &proof_json(&proof))
            }
            Closure::VerifyLeaf { proof, root } => verify_leaf(&proof, &root, out),
        }
    }
}

/// The closure in a file, whoever signed it.
fn read(path: &Path) -> Result<domain::Closure, Failure> {
    statement::read(&read_envelope(path)?.payload).map_err(|fault| faulty(path, &[fault]))
}

fn verify(path: &Path, by: &SignedBy, out: &Out) -> Result<(), Failure> {
    let known = Known::read(by.signers.as_deref(), &by.openpgp_cert)?;
    let signed_by = known.signed(&read_envelope(path)?, CLOSURE, SystemClock::start().now())?;
    if signed_by.is_empty() {
        return Err(signing::unsigned(path));
    }
    let closure = read(path)?;
    let mut text: String = signed_by.iter().map(|who| format!("signed by {who}\n")).collect();
    text.push_str(&format!("{}root {}\n", heading(&closure), closure.root()));
    for leaf in &closure.leaves {
        let since = leaf.since.map_or_else(|| "without a date".to_owned(), |since| format!("since {since}"));
        text.push_str(&format!("  {} {since}, for {}\n", leaf.advisory, leaf.products.join(", ")));
    }
    let leaves: Vec<_> = closure
        .leaves
        .iter()
        .map(|leaf| {
            json!({
                "advisory": leaf.advisory, "sha256": leaf.sha256.to_string(), "edition": leaf.edition,
                "since": leaf.since.map(|since| since.to_string()), "products": leaf.products,
            })
        })
        .collect();
    let value = json!({
        "signed_by": signed_by, "scope": closure.scope.id.as_str(), "authority": closure.scope.authority,
        "at": closure.at.to_string(), "root": closure.root().to_string(), "leaves": leaves,
    });
    out.show(&printable(&text), &value)
}

/// What a closure is about, in a line.
fn heading(closure: &domain::Closure) -> String {
    let (scope, leaves) = (&closure.scope, closure.leaves.len());
    format!(
        "{} ({}), by {}: {leaves} advisories in force at {}\n",
        scope.title, scope.id, scope.authority, closure.at
    )
}

fn verify_leaf(path: &Path, root: &Root, out: &Out) -> Result<(), Failure> {
    let text = String::from_utf8_lossy(&bytes(path)?).into_owned();
    let proof = LeafProof::read(&text).map_err(|fault| faulty(path, &[fault]))?;
    let (wanted, size) = match (&root.root, &root.closure) {
        (Some(root), _) => (*root, None),
        (None, Some(closure)) => {
            let closure = read(closure)?;
            (closure.root(), Some(closure.leaves.len()))
        }
        (None, None) => return Err(Failure::of(Kind::Usage, "say which root")),
    };
    let why = if !proof.holds() {
        Some(format!("its steps don't lead from {} to the root that it names", proof.leaf.advisory))
    } else if proof.root != wanted {
        Some(format!("it leads to {}, and not to {wanted}", proof.root))
    } else if let Some(size) = size.filter(|size| *size != proof.size) {
        // A root alone doesn't say how many leaves are below it.
        Some(format!("it speaks of {} leaves, and the closure has {size}", proof.size))
    } else {
        None
    };
    match why {
        Some(why) => Err(Failure::of(Kind::Refused, format!("{}: {why}", path.display()))),
        None => {
            let leaf = &proof.leaf;
            let words = format!("{} ({}) is below {wanted}", leaf.advisory, leaf.sha256);
            out.show(&words, &proof_json(&proof))
        }
    }
}

fn proof_json(proof: &LeafProof) -> serde_json::Value {
    let step = |step: &domain::Step| json!({"side": step.side.name(), "hash": step.hash.to_string()});
    json!({
        "advisory": proof.leaf.advisory,
        "sha256": proof.leaf.sha256.to_string(),
        "since": proof.leaf.since.map(|since| since.to_string()),
        "place": proof.place,
        "size": proof.size,
        "steps": proof.steps.iter().map(step).collect::<Vec<_>>(),
        "root": proof.root.to_string(),
    })
}

impl Over {
    /// The closure, and the statement that it makes.
    fn statement(&self, out: &Out) -> Result<(domain::Closure, Vec<u8>), Failure> {
        let text = String::from_utf8(bytes(&self.scope)?)
            .map_err(|_| faulty(&self.scope, &[Fault::nowhere("it is not UTF-8", "write it as UTF-8")]))?;
        let scope = read_scope(&text).map_err(|faults| faulty(&self.scope, &faults))?;
        let releases = verdict::releases(&self.releases).map_err(|bad| faulty(&bad.path, &[bad.fault]))?;
        if let Some(line) = scope.unknown_lines(&releases).first() {
            let what = format!("the release data has no line `{line}`");
            return Err(faulty(&self.scope, &[Fault::nowhere(what, "name it as the data does")]));
        }
        let documents = documents(&self.advisories, out)?;
        if documents.bad > 0 {
            // Signed without them, the closure would say that they don't count.
            let message = format!(
                "{} of the files in {} were not understood, and a closure speaks for all\n  \
                 Mend them, or take out of the folder what is no advisory.",
                documents.bad,
                self.advisories.display()
            );
            return Err(Failure::of(Kind::Faults, message));
        }
        let read = documents.read.iter().map(|Document { sha256, advisory }| domain::Published {
            advisory: &advisory.id,
            sha256: *sha256,
            edition: advisory.edition.name(),
            day: advisory.published.as_ref().map(|published| published.day),
            statements: &advisory.statements,
        });
        let leaves = domain::in_force(&scope, &releases, self.at, read)
            .map_err(|why| Failure::of(Kind::Faults, printable(&why.to_string())))?;
        for leaf in leaves.iter().filter(|leaf| leaf.since.is_none()) {
            out.note(&printable(&format!("tidegate: {} has no date, and counts as in force", leaf.advisory)));
        }
        let closure = domain::Closure { scope, at: self.at, leaves };
        let statement = statement::statement(&text, &closure);
        Ok((closure, statement))
    }
}

/// What a folder of advisories holds.
struct Folder {
    read: Vec<Document>,
    /// Files that were not understood.
    bad: usize,
}

/// Reads a folder of advisories, and says what of it was not understood.
fn documents(folder: &Path, out: &Out) -> Result<Folder, Failure> {
    let documents = verdict::documents(folder).map_err(|bad| faulty(&bad.path, &[bad.fault]))?;
    for bad in &documents.bad {
        out.note(&printable(&format!("tidegate: not understood: {bad}")));
    }
    for replaced in &documents.replaced {
        out.note(&printable(&format!("tidegate: {replaced}")));
    }
    Ok(Folder { read: documents.read, bad: documents.bad.len() })
}
