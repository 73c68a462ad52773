//! An answer in standard clothes: OpenVEX 0.2 (<https://github.com/openvex/spec>) inside an in-toto Statement v1
//! (<https://github.com/in-toto/attestation>).
//!
//! OpenVEX has no place for a rollout's share or for five instants, so that the answer itself, as the provider
//! wrote it, is the statement's subject, with its bytes. The same answer always makes the same statement.

use crate::{Fault, dsse, json};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde::Serialize;
use serde_json::Value;
use tidegate_domain::proof::{Answer, Digest, Reach, Rollout, Way, read_answer};

/// The media type of an in-toto statement, as an envelope names it.
pub const STATEMENT: &str = "application/vnd.in-toto+json";
/// What the statement says: OpenVEX 0.2.
const OPENVEX: &str = "https://openvex.dev/ns/v0.2.0";
pub(crate) const IN_TOTO: &str = "https://in-toto.io/Statement/v1";
const TOML: &str = "application/toml";

#[derive(Serialize)]
struct Statement<'a> {
    #[serde(rename = "_type")]
    kind: &'static str,
    subject: Vec<Subject>,
    #[serde(rename = "predicateType")]
    predicate_type: &'static str,
    predicate: Document<'a>,
}

/// An in-toto resource descriptor.
#[derive(Serialize)]
pub(crate) struct Subject {
    name: String,
    digest: Sha256,
    #[serde(rename = "mediaType", skip_serializing_if = "Option::is_none")]
    media_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<String>,
}

#[derive(Serialize)]
struct Sha256 {
    sha256: String,
}

impl Subject {
    /// What has a digest, without its bytes.
    pub(crate) fn named(name: String, digest: Digest) -> Subject {
        Subject { name, digest: Sha256 { sha256: digest.to_string() }, media_type: None, content: None }
    }

    /// A TOML file, with its bytes.
    pub(crate) fn file(name: String, text: &str) -> Subject {
        let content = Some(BASE64_STANDARD.encode(text));
        Subject { media_type: Some(TOML), content, ..Subject::named(name, Digest::of(text.as_bytes())) }
    }
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "@context")]
    context: &'static str,
    #[serde(rename = "@id")]
    id: String,
    author: &'a str,
    role: &'static str,
    timestamp: String,
    version: u32,
    statements: [Vex<'a>; 1],
}

#[derive(Serialize)]
struct Vex<'a> {
    vulnerability: Vulnerability<'a>,
    products: [Product; 1],
    timestamp: String,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    justification: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action_statement: Option<String>,
    status_notes: String,
}

#[derive(Serialize)]
struct Vulnerability<'a> {
    name: &'a str,
    aliases: &'a [String],
}

#[derive(Serialize)]
struct Product {
    #[serde(rename = "@id")]
    id: String,
}

/// The statement that an answer makes, from the text of its file and what that says.
#[must_use]
pub fn statement(text: &str, answer: &Answer) -> Vec<u8> {
    json::bytes(&made_of(text, answer))
}

fn made_of<'a>(text: &str, answer: &'a Answer) -> Statement<'a> {
    let digest = Digest::of(text.as_bytes());
    Statement {
        kind: IN_TOTO,
        subject: subjects(text, answer),
        predicate_type: OPENVEX,
        predicate: Document {
            context: OPENVEX,
            id: format!("ni:///sha-256;{}", BASE64_URL_SAFE_NO_PAD.encode(digest.bytes())),
            author: &answer.provider,
            role: "provider",
            timestamp: answer.given.to_string(),
            version: 1,
            statements: [vex(answer)],
        },
    }
}

/// The answer with its bytes, and what it names by digests.
fn subjects(text: &str, answer: &Answer) -> Vec<Subject> {
    let evidence = &answer.evidence;
    let answer = Subject::file(product(answer), text);
    let snapshots = [("snapshot-before", evidence.before), ("snapshot-after", evidence.after)];
    let snapshots =
        snapshots.into_iter().filter_map(|(name, snapshot)| Some((name.to_owned(), snapshot?.sha256)));
    let images = evidence.images.iter().map(|image| (image.name.clone(), image.sha256));
    let others = snapshots.chain(images).map(|(name, digest)| Subject::named(name, digest));
    [answer].into_iter().chain(others).collect()
}

/// The OpenVEX statement.
fn vex(answer: &Answer) -> Vex<'_> {
    let (status, justification, action_statement) = status(answer);
    Vex {
        vulnerability: Vulnerability { name: &answer.advisory, aliases: &answer.aliases },
        products: [Product { id: product(answer) }],
        timestamp: answer.given.to_string(),
        status,
        justification,
        action_statement,
        status_notes: format!("{}: {}. {}", answer.way.letter(), answer.way.phrase(), answer.text),
    }
}

/// The status, with the justification or the action that it demands.
fn status(answer: &Answer) -> (&'static str, Option<&'static str>, Option<String>) {
    let not_affected = |why| ("not_affected", Some(why), None);
    match (&answer.way, answer.evidence.rollout) {
        (Way::NotAffected, _) => not_affected("vulnerable_code_not_present"),
        (Way::OutOfReach(Reach::Disabled), _) => not_affected("vulnerable_code_not_in_execute_path"),
        (Way::OutOfReach(Reach::Unreachable), _) => {
            not_affected("vulnerable_code_cannot_be_controlled_by_adversary")
        }
        (Way::OutOfReach(Reach::NotUsed), _) => not_affected("component_not_present"),
        // A patch that doesn't run everywhere leaves the deployment affected.
        (Way::Patched(_), Some(Rollout { done, of })) if done < of => {
            let action = format!("The patch runs on {done} of {of} hosts; the rest follows.");
            ("affected", None, Some(action))
        }
        (Way::Patched(_), _) => ("fixed", None, None),
    }
}

/// A package URL that names the product of the deployment.
fn product(answer: &Answer) -> String {
    let part = |text: &str| -> String {
        let encoded = text.bytes().map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        });
        encoded.collect()
    };
    let (product, deployment, provider) =
        (part(&answer.product), part(&answer.deployment), part(&answer.provider));
    format!("pkg:generic/{product}?deployment={deployment}&provider={provider}")
}

/// The text of the answer in a statement, and what it says.
///
/// # Errors
/// It is no such statement; its digest or its OpenVEX part doesn't fit the answer; the answer has a fault.
pub fn read(payload: &[u8]) -> Result<(String, Answer), Fault> {
    let advice = "the sender makes it again, with `tidegate proof make`";
    let bad = |what: &str| Fault::nowhere(what, advice);
    let said: Value =
        serde_json::from_slice(payload).map_err(|error| bad(&format!("it is no JSON: {error}")))?;
    let at = |place: &str| said.pointer(place).and_then(Value::as_str);
    if at("/_type") != Some(IN_TOTO) || at("/predicateType") != Some(OPENVEX) {
        return Err(bad("it is no in-toto Statement v1 about OpenVEX 0.2"));
    }
    let content = at("/subject/0/content").filter(|_| at("/subject/0/mediaType") == Some(TOML));
    let content = content.ok_or_else(|| bad("its first subject is not the answer"))?;
    let text =
        String::from_utf8(dsse::decode("content", content)?).map_err(|_| bad("the answer is not UTF-8"))?;
    let answer = read_answer(&text).map_err(|faults| {
        let shown: Vec<String> = faults.iter().map(ToString::to_string).collect();
        bad(&format!("the answer in it has faults: {}", shown.join("; ")))
    })?;
    if at("/subject/0/digest/sha256") != Some(&Digest::of(text.as_bytes()).to_string()) {
        return Err(bad("the digest of the answer is not the answer's"));
    }
    if serde_json::to_value(made_of(&text, &answer)).ok() != Some(said) {
        return Err(bad("its OpenVEX part or its subjects say otherwise than the answer"));
    }
    Ok((text, answer))
}
