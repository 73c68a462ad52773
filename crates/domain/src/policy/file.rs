//! From the text of a policy file to a [`Policy`], or to every fault in it with its place.

use super::raw::RawPolicy;
use super::resolve::resolve;
use super::{Act, Policy};
use crate::fault::Fault;
use crate::policy::vocabulary::{RoleKind, Verb};

/// The schema version that this program reads.
pub const SCHEMA: u32 = 1;
/// Longest policy file, in bytes.
pub const POLICY_BYTES_MAX: usize = 512 * 1024;

/// Verbs without which there is no case at all: a policy that leaves one out is incomplete.
const NEEDED: [Verb; 5] = [Verb::Confirm, Verb::Deny, Verb::DraftAdvisory, Verb::Announce, Verb::Close];

/// Reads a policy file.
///
/// # Errors
/// Every fault that was found, in the order of the file. A text that is not TOML, or whose fields have the
/// wrong form, has one fault: the first.
pub fn read(text: &str) -> Result<Policy, Vec<Fault>> {
    if text.len() > POLICY_BYTES_MAX {
        let what = format!("the file has {} bytes; a policy has at most {POLICY_BYTES_MAX}", text.len());
        return Err(vec![Fault::nowhere(what, "Is this the right file?")]);
    }
    let raw: RawPolicy = toml::from_str(text).map_err(|error| vec![form_fault(text, &error)])?;
    let (schema, place) = (*raw.schema.get_ref(), raw.schema.span().start);
    if schema != SCHEMA {
        let what = format!("schema {schema} is not one that this program reads");
        return Err(vec![Fault::at(
            text,
            place,
            what,
            format!("Write `schema = {SCHEMA}`, or use a newer program."),
        )]);
    }
    let (policy, mut faults) = resolve(text, raw);
    faults.extend(missing(&policy));
    if faults.is_empty() { Ok(policy) } else { Err(faults) }
}

fn form_fault(text: &str, error: &toml::de::Error) -> Fault {
    let advice = advice_on(error.message());
    match error.span() {
        Some(span) => Fault::at(text, span.start, error.message(), advice),
        None => Fault::nowhere(error.message(), advice),
    }
}

fn advice_on(message: &str) -> &'static str {
    if message.contains("unknown field") {
        "The field is misspelt or belongs to another table; docs/policy.md lists every field."
    } else if message.contains("missing field") {
        "The schema requires this field; docs/policy.md says what it means."
    } else if message.contains("invalid type") {
        "docs/policy.md shows the form of each field."
    } else {
        "The file is TOML; see https://toml.io for its grammar."
    }
}

fn missing(policy: &Policy) -> Vec<Fault> {
    let mut faults = Vec::new();
    for verb in NEEDED {
        if policy.step_of(verb).is_none() {
            let what = format!("no step does `{verb}`: nobody could {}", verb.phrase());
            faults
                .push(Fault::nowhere(what, format!("Add a [[step]] with does = \"{verb}\", by and clause.")));
        }
    }
    for kind in [RoleKind::Team, RoleKind::Reporter, RoleKind::Public] {
        if policy.roles_of(kind).is_empty() {
            let what = format!("no role is of the kind `{kind}` ({})", kind.phrase());
            faults.push(Fault::nowhere(what, format!("Add a [[role]] with kind = \"{kind}\".")));
        }
    }
    if policy.has_list() && policy.roles_of(RoleKind::Member).is_empty() {
        let what = "a step does `predisclose`, but no role is of the kind `member`: nobody is on the list";
        faults.push(Fault::nowhere(what, "Add a [[role]] with kind = \"member\", or remove the step."));
    }
    if policy.list.is_some() && policy.roles_of(RoleKind::Member).is_empty() {
        let what = "there are rules for a list, but no role is of the kind `member`: nobody would be on it";
        faults.push(Fault::nowhere(what, "Add a [[role]] with kind = \"member\", or remove [list]."));
    }
    for step in &policy.steps {
        if matches!(step.act, Act::Built(Verb::Receive)) {
            let what = "`receive` is not a step: anybody may report";
            faults.push(Fault::nowhere(what, "Remove the step."));
        }
    }
    faults
}
