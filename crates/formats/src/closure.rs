//! Closures in standard clothes: an in-toto Statement v1 whose subject has the root for its digest, and the
//! proof that one leaf is below a root, as plain lines.
//!
//! The statement's second subject is the scope as its authority wrote it, with its bytes. The same scope,
//! instant and leaves always make the same statement.

use crate::attestation::{IN_TOTO, Subject};
use crate::{Fault, dsse, json};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt::Write;
use tidegate_domain::closure::{Closure, LEAVES_MAX, Leaf, Side, Step, path, read_scope, root_of, sides};
use tidegate_domain::proof::Digest;
use tidegate_domain::time::Instant;

/// What the statement says: a closure, version 1.
pub const PREDICATE: &str = "urn:tidegate:closure:1";
const HASHING: &str = "RFC 9162, SHA-256";
/// The first line of a leaf's proof.
const LEAF_PROOF: &str = "tidegate-closure-proof-v1";
/// Longest proof of a leaf, in bytes.
pub const LEAF_PROOF_BYTES_MAX: usize = 64 * 1024;

#[derive(Serialize)]
struct Statement<'a> {
    #[serde(rename = "_type")]
    kind: &'static str,
    subject: [Subject; 2],
    #[serde(rename = "predicateType")]
    predicate_type: &'static str,
    predicate: Predicate<'a>,
}

#[derive(Serialize)]
struct Predicate<'a> {
    authority: &'a str,
    scope: &'a str,
    at: String,
    hashing: &'static str,
    size: usize,
    root: String,
    leaves: Vec<RawLeaf>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLeaf {
    advisory: String,
    sha256: String,
    since: Option<String>,
    edition: String,
    products: Vec<String>,
}

/// The statement that a closure makes, from the text of its scope and what it holds.
#[must_use]
pub fn statement(scope_text: &str, closure: &Closure) -> Vec<u8> {
    json::bytes(&made_of(scope_text, closure))
}

fn made_of<'a>(scope_text: &str, closure: &'a Closure) -> Statement<'a> {
    let root = closure.root().to_string();
    let leaf = |leaf: &Leaf| RawLeaf {
        advisory: leaf.advisory.clone(),
        sha256: leaf.sha256.to_string(),
        since: leaf.since.map(|since| since.to_string()),
        edition: leaf.edition.clone(),
        products: leaf.products.clone(),
    };
    let tree = Subject::named(format!("{} at {}", closure.scope.id, closure.at), closure.root());
    let scope = Subject::file("scope".to_owned(), scope_text);
    Statement {
        kind: IN_TOTO,
        subject: [tree, scope],
        predicate_type: PREDICATE,
        predicate: Predicate {
            authority: &closure.scope.authority,
            scope: closure.scope.id.as_str(),
            at: closure.at.to_string(),
            hashing: HASHING,
            size: closure.leaves.len(),
            root,
            leaves: closure.leaves.iter().map(leaf).collect(),
        },
    }
}

/// The closure in a statement.
///
/// # Errors
/// It is no such statement; its root isn't that of its leaves; the scope in it has a fault.
pub fn read(payload: &[u8]) -> Result<Closure, Fault> {
    let bad = |what: &str| Fault::nowhere(what, "the authority makes it again, with `tidegate closure make`");
    let said: Value =
        serde_json::from_slice(payload).map_err(|error| bad(&format!("it is no JSON: {error}")))?;
    let text = |place: &str| said.pointer(place).and_then(Value::as_str);
    if text("/_type") != Some(IN_TOTO) || text("/predicateType") != Some(PREDICATE) {
        return Err(bad("it is no in-toto Statement v1 about a closure"));
    }
    let content = text("/subject/1/content").ok_or_else(|| bad("its second subject is not the scope"))?;
    let scope_text =
        String::from_utf8(dsse::decode("content", content)?).map_err(|_| bad("the scope is not UTF-8"))?;
    let scope = read_scope(&scope_text).map_err(|faults| {
        let shown: Vec<String> = faults.iter().map(ToString::to_string).collect();
        bad(&format!("the scope in it has faults: {}", shown.join("; ")))
    })?;
    let at = text("/predicate/at").and_then(|at| at.parse().ok());
    let at = at.ok_or_else(|| bad("it doesn't say its instant"))?;
    let leaves = said.pointer("/predicate/leaves").cloned().unwrap_or_default();
    let leaves: Vec<RawLeaf> =
        serde_json::from_value(leaves).map_err(|error| bad(&format!("its leaves can't be read: {error}")))?;
    if leaves.is_empty() || leaves.len() > LEAVES_MAX {
        return Err(bad(&format!("it has {} leaves; 1 to {LEAVES_MAX} are read", leaves.len())));
    }
    let leaves: Option<Vec<Leaf>> = leaves.into_iter().map(RawLeaf::leaf).collect();
    let leaves =
        leaves.ok_or_else(|| bad("a leaf has no advisory, no digest, no product or a wrong date"))?;
    let is_ordered = leaves.windows(2).all(|pair| match pair {
        [one, other] => one.advisory < other.advisory,
        _ => true,
    });
    if !is_ordered {
        return Err(bad("its leaves are not in order, or one is there twice"));
    }
    let closure = Closure { scope, at, leaves };
    if serde_json::to_value(made_of(&scope_text, &closure)).ok() != Some(said) {
        return Err(bad("its root is not that of its leaves, or it says otherwise than the scope"));
    }
    Ok(closure)
}

impl RawLeaf {
    fn leaf(self) -> Option<Leaf> {
        let since = match self.since {
            Some(since) => Some(since.parse().ok()?),
            None => None,
        };
        let is_whole = Leaf::fits(&self.advisory) && !self.products.is_empty();
        let sha256 = self.sha256.parse().ok()?;
        let RawLeaf { advisory, edition, products, .. } = self;
        is_whole.then_some(Leaf { advisory, sha256, since, edition, products })
    }
}

/// The proof that one leaf is below a root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeafProof {
    /// The leaf, without what its hash doesn't hold.
    pub leaf: Leaf,
    /// Its place, from 0.
    pub place: usize,
    /// How many leaves there are.
    pub size: usize,
    /// The way to the root, the lowest step first.
    pub steps: Vec<Step>,
    /// The root that it leads to, as the proof says.
    pub root: Digest,
}

impl LeafProof {
    /// The proof of an advisory's leaf; none where the closure has no such leaf.
    #[must_use]
    pub fn of(closure: &Closure, advisory: &str) -> Option<LeafProof> {
        let place = closure.place(advisory)?;
        let leaf = closure.leaves.get(place)?.clone();
        let steps = path(&closure.hashes(), place)?;
        Some(LeafProof { leaf, place, size: closure.leaves.len(), steps, root: closure.root() })
    }

    /// Whether its steps lead from its leaf, at its place, to the root that it names.
    #[must_use]
    pub fn holds(&self) -> bool {
        let taken: Vec<Side> = self.steps.iter().map(|step| step.side).collect();
        sides(self.place, self.size) == Some(taken) && root_of(self.leaf.hash(), &self.steps) == self.root
    }

    /// The proof as lines.
    #[must_use]
    pub fn write(&self) -> String {
        let Leaf { advisory, sha256, since, .. } = &self.leaf;
        let since = since.map_or_else(|| "-".to_owned(), |since| since.to_string());
        let mut text = format!(
            "{LEAF_PROOF}\nadvisory {advisory}\nsha256 {sha256}\nsince {since}\nplace {}\nsize {}\n",
            self.place, self.size
        );
        for step in &self.steps {
            let _ = writeln!(text, "{} {}", step.side.name(), step.hash);
        }
        let _ = writeln!(text, "root {}", self.root);
        text
    }

    /// Reads a proof.
    ///
    /// # Errors
    /// It is none, with the line.
    pub fn read(text: &str) -> Result<LeafProof, Fault> {
        let advice = "give the lines that `tidegate closure prove` printed";
        if text.len() > LEAF_PROOF_BYTES_MAX {
            return Err(Fault::nowhere("it is too long for the proof of a leaf", advice));
        }
        let mut lines = (1..).zip(text.lines());
        if lines.next().map(|(_, line)| line) != Some(LEAF_PROOF) {
            return Err(Fault::nowhere("it is no proof of a leaf", advice));
        }
        let mut last = 1;
        let mut field = |name: &str| -> Result<&str, Fault> {
            let (number, line) = lines.next().unwrap_or((last + 1, ""));
            last = number;
            line.strip_prefix(name).and_then(|rest| rest.strip_prefix(' ')).ok_or_else(|| Fault {
                line: number,
                column: 1,
                what: format!("here stands no `{name}`"),
                advice: advice.to_owned(),
            })
        };
        let wrong = |name: &str| Fault::nowhere(format!("its `{name}` can't be read"), advice);
        let advisory = field("advisory")?.to_owned();
        let sha256 = field("sha256")?.parse().map_err(|_| wrong("sha256"))?;
        let since: Option<Instant> = match field("since")? {
            "-" => None,
            since => Some(since.parse().map_err(|_| wrong("since"))?),
        };
        let place = field("place")?.parse().map_err(|_| wrong("place"))?;
        let size: usize = field("size")?.parse().map_err(|_| wrong("size"))?;
        if size > LEAVES_MAX || !Leaf::fits(&advisory) {
            return Err(wrong("size"));
        }
        let mut steps = Vec::new();
        for side in sides(place, size).ok_or_else(|| wrong("place"))? {
            let hash = field(side.name())?.parse().map_err(|_| wrong(side.name()))?;
            steps.push(Step { side, hash });
        }
        let root = field("root")?.parse().map_err(|_| wrong("root"))?;
        let leaf = Leaf { advisory, sha256, since, edition: String::new(), products: Vec::new() };
        Ok(LeafProof { leaf, place, size, steps, root })
    }
}
