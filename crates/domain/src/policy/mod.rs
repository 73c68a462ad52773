//! What a policy means, once its file was read: who does what, in what order, by when, and who may know what.
//!
//! A policy is data of one project, never a constant of the program. It can only narrow what the formal
//! machines ([`crate::case::machines`]) allow.

pub mod check;
pub mod compare;
mod embargo;
mod file;
pub mod list;
mod raw;
mod resolve;
mod sets;
pub mod vocabulary;

pub use embargo::{EmbargoRules, Limit, Slot};
pub use file::{POLICY_BYTES_MAX, SCHEMA, read};
pub use resolve::CUSTOM_STEPS_MAX;
pub(crate) use resolve::parse_length;
pub use sets::{ItemSet, RoleId, RoleSet};

use crate::advisory::{Publisher, Section};
use crate::id::Slug;
use crate::time::Length;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use vocabulary::{Answer, Fact, Force, RoleKind, Verb};

/// A policy, checked for form. [`check::check`] proves the rest.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Its name, as in `--policy xen-2014`.
    pub id: Slug,
    /// Its title.
    pub title: String,
    /// Where its rules come from.
    pub source: String,
    /// A few sentences for whoever reads the policy page.
    pub summary: String,
    /// The zone of its hours and days.
    pub zone: TimeZone,
    /// The zone's name: `UTC`, `Europe/London`.
    pub zone_name: String,
    /// How the project presents itself.
    pub publisher: Publisher,
    /// What it covers.
    pub scope: Scope,
    /// Who there is.
    pub roles: Vec<Role>,
    /// The procedure.
    pub steps: Vec<Step>,
    /// The embargo.
    pub embargo: EmbargoRules,
    /// Who learns what, from when on.
    pub knows: Vec<Knows>,
    /// Who may pass what on.
    pub tells: Vec<Tells>,
    /// Obligations with a time.
    pub clocks: Vec<ClockRule>,
    /// What a commit message may not say.
    pub commit: CommitRule,
    /// Form of the advisory.
    pub advisory: AdvisoryRule,
    /// Where announcements go.
    pub channels: Vec<Channel>,
    /// Texts of mails that replace the program's own, by kind.
    pub mails: BTreeMap<Slug, MailText>,
    /// Who comes onto the predisclosure list, and how, where the policy says it.
    pub list: Option<list::ListRules>,
}

/// What the project's procedure covers, and who has the rest.
#[derive(Clone, Debug)]
pub struct Scope {
    /// In words.
    pub covers: String,
    /// Source of the rule.
    pub clause: String,
    /// Releases that belong to somebody else.
    pub hand_over: Vec<HandOver>,
}

/// Reports that concern only versions before `before` go to `to` (CS-04).
#[derive(Clone, Debug)]
pub struct HandOver {
    /// The first version that is the project's own.
    pub before: String,
    /// The organisation that handles earlier ones.
    pub to: String,
    /// Source of the rule.
    pub clause: String,
}

/// A role of the policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Role {
    /// Its name in the file.
    pub id: Slug,
    /// Its name for people.
    pub title: String,
    /// How people come by it.
    pub kind: RoleKind,
    /// Source of the rule; may be empty.
    pub clause: String,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    /// One of the program's verbs.
    Built(Verb),
    /// A step of the policy's own: somebody does it and ticks it, with a note.
    Custom(Slug),
}

impl std::fmt::Display for Act {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Act::Built(verb) => f.write_str(verb.name()),
            Act::Custom(step) => f.write_str(step.as_str()),
        }
    }
}

impl Act {
    /// The fact that doing it establishes, if it is one of the case as a whole.
    #[must_use]
    pub fn establishes(&self) -> Option<Fact> {
        match self {
            Act::Built(verb) => verb.establishes().map(Fact::Built),
            Act::Custom(step) => Some(Fact::Custom(step.clone())),
        }
    }
}

/// One step of the procedure.
#[derive(Clone, Debug)]
pub struct Step {
    /// What it does.
    pub act: Act,
    /// Its name for people.
    pub title: String,
    /// Who may do it.
    pub by: RoleSet,
    /// Facts that must be true first.
    pub after: Vec<Fact>,
    /// Facts that must not be true yet.
    pub before: Vec<Fact>,
    /// Facts that must be true before the case may close, once this step was done.
    pub then: Vec<Fact>,
    /// What doing it hands to whom, beyond what the verb does by itself.
    pub gives: Vec<Gives>,
    /// How many different persons must do it (approvals).
    pub persons: u8,
    /// Source of the rule.
    pub clause: String,
    /// A note for whoever does it; may be empty.
    pub note: String,
}

/// Items that a step hands to roles.
#[derive(Clone, Copy, Debug)]
pub struct Gives {
    /// The receivers.
    pub to: RoleSet,
    /// What they get.
    pub items: ItemSet,
}

/// Who learns what, from which fact on.
#[derive(Clone, Debug)]
pub struct Knows {
    /// The roles.
    pub who: RoleSet,
    /// The items.
    pub items: ItemSet,
    /// The fact that starts it.
    pub from: Fact,
    /// Whether the public may know it although the announcement is still to come.
    pub despite_embargo: bool,
    /// Source of the rule.
    pub clause: String,
}

/// Who may pass what on to whom.
#[derive(Clone, Debug)]
pub struct Tells {
    /// Who.
    pub from: RoleSet,
    /// To whom.
    pub to: RoleSet,
    /// What.
    pub items: ItemSet,
    /// Until this fact.
    pub until: Option<Fact>,
    /// Whether.
    pub answer: Answer,
    /// Source of the rule.
    pub clause: String,
    /// Words for the person who asks; may be empty.
    pub note: String,
}

/// When an obligation is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// This long after the start fact.
    Within(Length),
    /// This long before the planned disclosure.
    BeforeDisclosure(Length),
}

/// An obligation with a start, a due time and a fact that satisfies it.
#[derive(Clone, Debug)]
pub struct ClockRule {
    /// Its name.
    pub id: Slug,
    /// Its name for people.
    pub title: String,
    /// The fact that starts it.
    pub starts: Fact,
    /// When it is due.
    pub due: Due,
    /// The fact that satisfies it.
    pub satisfied: Fact,
    /// Facts that make it moot.
    pub unless: Vec<Fact>,
    /// Duty or advice.
    pub force: Force,
    /// Reminders, this long before it is due.
    pub remind: Vec<Length>,
    /// Who is told.
    pub alarm: RoleSet,
    /// Source of the rule.
    pub clause: String,
}

/// What a public commit's message may not say (CS-12).
#[derive(Clone, Debug)]
pub struct CommitRule {
    /// Words, compared without regard to case.
    pub never_says: Vec<String>,
    /// Source of the rule.
    pub clause: String,
}

/// How advisories are numbered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NumberPattern {
    /// The first CVE identifier is the number.
    Cve,
    /// A pattern with `{n}` or `{n:3}` and perhaps `{year}`, such as `XSA-{n}`.
    Pattern(String),
}

impl NumberPattern {
    /// Writes the `n`th number of `year`. `None` where the CVE identifier is the number.
    #[must_use]
    pub fn write(&self, n: u64, year: i16) -> Option<String> {
        match self {
            NumberPattern::Cve => None,
            NumberPattern::Pattern(pattern) => Some(
                pattern
                    .replace("{n:3}", &format!("{n:03}"))
                    .replace("{n}", &n.to_string())
                    .replace("{year}", &year.to_string()),
            ),
        }
    }
}

/// Form of the advisory.
#[derive(Clone, Debug)]
pub struct AdvisoryRule {
    /// How it is numbered.
    pub number: NumberPattern,
    /// Its sections in order, with the project's headings.
    pub sections: Vec<(Section, String)>,
    /// Sections that it must have.
    pub required: Vec<Section>,
    /// Source of the rule.
    pub clause: String,
}

/// Kinds of channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelKind {
    /// A mailing list.
    Mail,
    /// The web site.
    Web,
    /// The predisclosure list, before the others.
    List,
}

/// Where announcements go.
#[derive(Clone, Debug)]
pub struct Channel {
    /// Its name.
    pub id: Slug,
    /// Its name for people.
    pub title: String,
    /// What it is.
    pub kind: ChannelKind,
    /// A mail address or a URL.
    pub address: String,
    /// Whether it gets what becomes public. A list may want only what comes before (XEN-07 wants both).
    pub announcements: bool,
}

/// Subject and text of one kind of mail, with `{placeholders}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailText {
    /// The subject. It holds nothing secret: subjects are observable.
    pub subject: String,
    /// The text.
    pub text: String,
}

impl Policy {
    /// The step that does `act`, if the policy has one.
    #[must_use]
    pub fn step(&self, act: &Act) -> Option<&Step> {
        self.steps.iter().find(|step| step.act == *act)
    }

    /// The step that does `verb`, if the policy has one.
    #[must_use]
    pub fn step_of(&self, verb: Verb) -> Option<&Step> {
        self.steps.iter().find(|step| matches!(step.act, Act::Built(built) if built == verb))
    }

    /// The role called `id`.
    #[must_use]
    pub fn role(&self, id: &str) -> Option<RoleId> {
        self.role_ids().find(|role| self.role_at(*role).is_some_and(|found| found.id.as_str() == id))
    }

    /// The role behind an id of this policy.
    #[must_use]
    pub fn role_at(&self, id: RoleId) -> Option<&Role> {
        self.roles.get(id.index())
    }

    /// Every role's id.
    pub fn role_ids(&self) -> impl Iterator<Item = RoleId> + '_ {
        (0..self.roles.len()).filter_map(RoleId::new)
    }

    /// The roles that people come by in this way.
    #[must_use]
    pub fn roles_of(&self, kind: RoleKind) -> RoleSet {
        let of_kind = |role: &RoleId| self.role_at(*role).is_some_and(|found| found.kind == kind);
        self.role_ids().filter(of_kind).collect()
    }

    /// The titles of `roles`, as a list for people.
    #[must_use]
    pub fn titles(&self, roles: RoleSet) -> String {
        let titles: Vec<&str> =
            roles.iter().filter_map(|role| self.role_at(role)).map(|role| role.title.as_str()).collect();
        titles.join(", ")
    }

    /// The clause of the rule that lets `fact` come about, for refusals that wait for it.
    #[must_use]
    pub fn step_towards(&self, fact: &Fact) -> Option<&Step> {
        self.steps.iter().find(|step| step.act.establishes().as_ref() == Some(fact))
    }

    /// What a fact is called for people.
    #[must_use]
    pub fn fact_phrase(&self, fact: &Fact) -> String {
        match fact {
            Fact::Built(built) => built.phrase().to_owned(),
            Fact::Custom(step) => match self.step(&Act::Custom(step.clone())) {
                Some(step) => format!("“{}” is done", step.title),
                None => step.to_string(),
            },
        }
    }

    /// Whether reports about `version` alone belong to somebody else, and to whom (CS-04).
    #[must_use]
    pub fn hand_over_for(&self, version: &str) -> Option<&HandOver> {
        self.scope.hand_over.iter().find(|rule| number_before(version, &rule.before))
    }

    /// Whether the policy sends advisories to a list before they are public.
    #[must_use]
    pub fn has_list(&self) -> bool {
        self.step_of(Verb::Predisclose).is_some()
    }
}

/// Compares the leading dotted numbers of two versions: `3.0.2` is before `4.0.0-incubating`.
fn number_before(version: &str, limit: &str) -> bool {
    let numbers = |text: &str| -> Vec<u64> {
        text.split(['.', '-']).map_while(|part| part.parse::<u64>().ok()).collect()
    };
    numbers(version) < numbers(limit) && !numbers(version).is_empty()
}
