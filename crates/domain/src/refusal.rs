//! Why a well-formed request is not carried out. Shown to the person who asked, with the clause that refuses
//! and what would be needed. Nothing changes; a refusal by a rule is logged (ALL-04).

use crate::advisory::Section;
use crate::case::resolution::OpenRelease;
use crate::policy::vocabulary::{Fact, Item, Verb};
use crate::policy::{Act, Policy};
use crate::time::{Instant, Length};
use serde::{Deserialize, Serialize};

/// Why an action is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The policy has no such step.
    NoSuchStep {
        /// What was asked.
        act: Act,
    },
    /// Somebody else may do this.
    NotPermitted {
        /// What was asked.
        act: Act,
        /// Who may, in words.
        who: String,
        /// The step's clause.
        clause: String,
    },
    /// Something must come first.
    NotYet {
        /// What was asked.
        act: Act,
        /// What is missing.
        missing: Vec<Fact>,
        /// Where releases are what is waited for: those that are not resolved (XEN-24).
        releases: Vec<OpenRelease>,
        /// The step's clause.
        clause: String,
    },
    /// Something has happened already that must not have.
    TooLate {
        /// What was asked.
        act: Act,
        /// What has happened.
        since: Fact,
        /// The step's clause.
        clause: String,
    },
    /// The formal case model has no such transition, under any policy.
    OutOfModel {
        /// Why, in words.
        why: &'static str,
    },
    /// It would hand an item to somebody who must not know it yet.
    WouldTell {
        /// What was asked.
        act: Act,
        /// Who would learn it, in words.
        who: String,
        /// What they would learn.
        item: Item,
        /// The step's clause.
        clause: String,
    },
    /// The report is out of scope and belongs to somebody else (CS-04).
    OutOfScope {
        /// Whose it is.
        to: String,
        /// The scope's clause.
        clause: String,
    },
    /// The report is in scope: there is nobody to hand it to.
    InScope,
    /// The embargo would be too short.
    EmbargoTooShort {
        /// The least length.
        least: Length,
        /// The earliest end.
        earliest: Instant,
        /// The limit's clause.
        clause: String,
    },
    /// The embargo would be too long.
    EmbargoTooLong {
        /// The greatest length.
        most: Length,
        /// The latest end.
        latest: Instant,
        /// The limit's clause.
        clause: String,
    },
    /// Disclosures fall on other hours or days.
    EmbargoOffSlot {
        /// The next that fits.
        next: Instant,
        /// The slot's clause.
        clause: String,
    },
    /// The embargo would end in the past.
    EmbargoInThePast {
        /// Now.
        now: Instant,
    },
    /// The commit message says too much (CS-12).
    SaysTooMuch {
        /// The words found, as the policy or the case has them.
        words: Vec<String>,
        /// The clause.
        clause: String,
    },
    /// The patch of this release has no passing test (CS-10).
    NotTested {
        /// The release.
        release: String,
    },
    /// The case has no work on this release.
    UnknownRelease {
        /// What was named.
        release: String,
        /// Those it has.
        known: Vec<String>,
    },
    /// The draft lacks sections that the policy demands.
    MissingSections {
        /// Which.
        sections: Vec<Section>,
        /// The clause.
        clause: String,
    },
    /// The same person approved already; another one is needed.
    ApprovedAlready {
        /// How many persons are needed.
        needed: u8,
        /// The clause.
        clause: String,
    },
    /// An obligation of an earlier step is open.
    StillOpen {
        /// What must be true first.
        missing: Vec<Fact>,
        /// The clause of the step that demands it.
        clause: String,
    },
    /// The case's embargo does not end at the batch's instant.
    NotInStep {
        /// When the batch is disclosed.
        batch: Instant,
        /// When this case's embargo ends, if one runs.
        case: Option<Instant>,
    },
    /// What was given does not fit the case.
    Unfit {
        /// Why, in words.
        why: String,
    },
}

/// What begins every refusal by the formal model.
pub const OUT_OF_MODEL: &str = "not possible under any policy: ";

/// A refusal as it is kept in the log and shown: what was refused, by which rule, what is needed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// One sentence: what was refused and why.
    pub why: String,
    /// The clause that refuses; empty where it is the formal model.
    pub clause: String,
    /// What would be needed; may be empty.
    pub needed: String,
}

impl std::fmt::Display for Explanation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.why)?;
        if !self.clause.is_empty() {
            write!(f, " [{}]", self.clause)?;
        }
        if !self.needed.is_empty() {
            write!(f, "\n  needed: {}", self.needed)?;
        }
        Ok(())
    }
}

impl Refusal {
    /// The refusal in words.
    #[must_use]
    pub fn explain(&self, policy: &Policy) -> Explanation {
        Explanation {
            why: self.why(policy),
            clause: self.clause(policy).to_owned(),
            needed: self.needed(policy),
        }
    }

    /// What is refused, and why.
    fn why(&self, policy: &Policy) -> String {
        match self {
            Refusal::NoSuchStep { act } => format!("the policy “{}” has no step `{act}`", policy.title),
            Refusal::NotPermitted { act, .. } => format!("you may not do `{act}` in this case"),
            Refusal::NotYet { act, .. } => format!("`{act}` is not possible yet"),
            Refusal::TooLate { act, since, .. } => {
                format!("`{act}` is too late: {}", policy.fact_phrase(since))
            }
            Refusal::OutOfModel { why } => format!("{OUT_OF_MODEL}{why}"),
            Refusal::WouldTell { act, who, item, .. } => {
                format!("`{act}` would tell {who} {}, which the policy does not allow yet", item.phrase())
            }
            Refusal::OutOfScope { to, .. } => {
                format!("only versions that {to} handles are affected: not a case of this project")
            }
            Refusal::InScope => "the report is in scope: there is nobody to hand it to".to_owned(),
            Refusal::EmbargoTooShort { least, .. } => {
                format!("an embargo lasts at least {least} from the report")
            }
            Refusal::EmbargoTooLong { most, .. } => {
                format!("an embargo lasts at most {most} from the report")
            }
            Refusal::EmbargoOffSlot { .. } => "disclosures fall on another hour or day".to_owned(),
            Refusal::EmbargoInThePast { .. } => "an embargo cannot end in the past".to_owned(),
            Refusal::SaysTooMuch { words, .. } => {
                format!("the commit message gives the vulnerability away: {}", words.join(", "))
            }
            Refusal::NotTested { release } => format!("the current patch for {release} has no passing test"),
            Refusal::UnknownRelease { release, .. } => {
                format!("the case has no work on the release {release}")
            }
            Refusal::MissingSections { sections, .. } => {
                let names: Vec<&str> = sections.iter().map(|section| section.name()).collect();
                format!("the draft lacks {}", names.join(", "))
            }
            Refusal::ApprovedAlready { .. } => "you have approved this text already".to_owned(),
            Refusal::StillOpen { .. } => "the case cannot close: an obligation is open".to_owned(),
            Refusal::NotInStep { batch, case } => {
                let ends =
                    case.map_or("no embargo runs".to_owned(), |until| format!("its embargo ends at {until}"));
                format!("the cases of a batch share one disclosure instant, {batch}; {ends}")
            }
            Refusal::Unfit { why } => why.clone(),
        }
    }

    /// The clause that refuses; empty where it is the formal model or the request itself.
    fn clause<'a>(&'a self, policy: &'a Policy) -> &'a str {
        match self {
            Refusal::NotPermitted { clause, .. }
            | Refusal::NotYet { clause, .. }
            | Refusal::TooLate { clause, .. }
            | Refusal::WouldTell { clause, .. }
            | Refusal::OutOfScope { clause, .. }
            | Refusal::EmbargoTooShort { clause, .. }
            | Refusal::EmbargoTooLong { clause, .. }
            | Refusal::EmbargoOffSlot { clause, .. }
            | Refusal::SaysTooMuch { clause, .. }
            | Refusal::MissingSections { clause, .. }
            | Refusal::ApprovedAlready { clause, .. }
            | Refusal::StillOpen { clause, .. } => clause,
            Refusal::InScope => &policy.scope.clause,
            Refusal::NotTested { .. } => policy.step_of(Verb::RecordTest).map_or("", |step| &step.clause),
            Refusal::NotInStep { .. } => policy.step_of(Verb::Batch).map_or("", |step| &step.clause),
            Refusal::NoSuchStep { .. }
            | Refusal::OutOfModel { .. }
            | Refusal::EmbargoInThePast { .. }
            | Refusal::UnknownRelease { .. }
            | Refusal::Unfit { .. } => "",
        }
    }

    /// What would be needed; empty where nothing helps.
    fn needed(&self, policy: &Policy) -> String {
        match self {
            Refusal::NoSuchStep { .. } => "a policy that has it".to_owned(),
            Refusal::NotPermitted { who, .. } => format!("one of: {who}"),
            Refusal::NotYet { missing, releases, .. } => {
                let releases = releases.iter().map(|open| resolves(policy, open));
                [needs(policy, missing)].into_iter().chain(releases).collect::<Vec<_>>().join("; ")
            }
            Refusal::StillOpen { missing, .. } => needs(policy, missing),
            Refusal::WouldTell { .. } => "a rule under [[knows]] that allows it at this point".to_owned(),
            Refusal::OutOfScope { to, .. } => format!("`hand-over` to {to}"),
            Refusal::InScope => "`confirm` or `deny`".to_owned(),
            Refusal::EmbargoTooShort { earliest, .. } => format!("an end at {earliest} or later"),
            Refusal::EmbargoTooLong { latest, .. } => format!("an end at {latest} or earlier"),
            Refusal::EmbargoOffSlot { next, .. } => format!("for example {next}"),
            Refusal::EmbargoInThePast { now } => format!("an end after {now}"),
            Refusal::SaysTooMuch { .. } => "a message without these words".to_owned(),
            Refusal::NotTested { release } => format!("`record-test` with a pass for {release}"),
            Refusal::UnknownRelease { known, .. } => {
                format!("one of: {}, as confirmed", known.join(", "))
            }
            Refusal::MissingSections { .. } => "a text for each of them".to_owned(),
            Refusal::ApprovedAlready { needed, .. } => format!("{needed} different persons in all"),
            Refusal::NotInStep { batch, .. } => format!("an embargo that ends at {batch}"),
            Refusal::TooLate { .. } | Refusal::OutOfModel { .. } | Refusal::Unfit { .. } => String::new(),
        }
    }

    /// Whether other words, files or instants would be accepted at this point.
    #[must_use]
    pub fn is_about_what_was_given(&self) -> bool {
        match self {
            Refusal::EmbargoTooShort { .. }
            | Refusal::EmbargoTooLong { .. }
            | Refusal::EmbargoOffSlot { .. }
            | Refusal::EmbargoInThePast { .. }
            | Refusal::SaysTooMuch { .. }
            | Refusal::UnknownRelease { .. }
            | Refusal::MissingSections { .. }
            | Refusal::Unfit { .. } => true,
            Refusal::NoSuchStep { .. }
            | Refusal::NotPermitted { .. }
            | Refusal::NotYet { .. }
            | Refusal::TooLate { .. }
            | Refusal::OutOfModel { .. }
            | Refusal::WouldTell { .. }
            | Refusal::OutOfScope { .. }
            | Refusal::InScope
            | Refusal::NotTested { .. }
            | Refusal::ApprovedAlready { .. }
            | Refusal::StillOpen { .. }
            | Refusal::NotInStep { .. } => false,
        }
    }

    /// Whether the refusal is a rule's, and so belongs in the log (ALL-04), rather than a slip of the pen.
    #[must_use]
    pub fn matters(&self) -> bool {
        match self {
            Refusal::NotPermitted { .. }
            | Refusal::NotYet { .. }
            | Refusal::TooLate { .. }
            | Refusal::OutOfModel { .. }
            | Refusal::WouldTell { .. }
            | Refusal::OutOfScope { .. }
            | Refusal::InScope
            | Refusal::EmbargoTooShort { .. }
            | Refusal::EmbargoTooLong { .. }
            | Refusal::EmbargoOffSlot { .. }
            | Refusal::SaysTooMuch { .. }
            | Refusal::NotTested { .. }
            | Refusal::ApprovedAlready { .. }
            | Refusal::StillOpen { .. }
            | Refusal::NotInStep { .. } => true,
            Refusal::NoSuchStep { .. }
            | Refusal::EmbargoInThePast { .. }
            | Refusal::UnknownRelease { .. }
            | Refusal::MissingSections { .. }
            | Refusal::Unfit { .. } => false,
        }
    }
}

/// What a release lacks, and what would help. The fact's own step is named with the fact.
fn resolves(policy: &Policy, open: &OpenRelease) -> String {
    let attach = policy.step_of(Verb::AttachPatch);
    match attach {
        Some(step) => format!("{open}: `{}` with one that applies ({})", step.act, step.clause),
        None => open.to_string(),
    }
}

/// The missing facts, each with the step that brings it about.
fn needs(policy: &Policy, missing: &[Fact]) -> String {
    let phrases: Vec<String> = missing
        .iter()
        .map(|fact| match policy.step_towards(fact) {
            Some(step) => format!("{} (`{}`, {})", policy.fact_phrase(fact), step.act, step.clause),
            None => policy.fact_phrase(fact),
        })
        .collect();
    phrases.join("; ")
}
