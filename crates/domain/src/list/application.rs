//! An application, from submission to decision and appeal.
//!
//! No action accepts one. The program rejects what is incomplete (XEN-17); people answer the criteria of what is
//! complete, each with a reason; and once enough of them stand by the answers, the outcome follows from these.

mod decide;

pub use decide::submit;

use super::{By, Entry, Stream};
use crate::admission::{Application as Form, Lack, Ruling};
use crate::id::{Slug, StreamId};
use crate::policy::Policy;
use crate::refusal::Explanation;
use crate::time::Instant;
use serde::{Deserialize, Serialize};

/// An application, and what became of it. Public, but for the alias of its form (XEN-15, XEN-18, XEN-19).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// The project whose list it is.
    pub project: Slug,
    /// What was handed in. Its rulings are empty: the team's answers are [`Application::answers`].
    pub form: Form,
    /// When.
    pub submitted: Instant,
    /// What it lacks, as found when it came in.
    pub lacks: Vec<Lack>,
    /// The team's answers to the criteria, the current one of each.
    pub answers: Vec<Answer>,
    /// Who stands by these answers. Another answer empties it.
    pub decided_by: Vec<Slug>,
    /// How it stands.
    pub stage: Stage,
    /// The appeal against its rejection.
    pub appeal: Option<Appeal>,
    /// How many events it has.
    pub entries: u64,
}

/// How an application stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The team is to decide.
    Open,
    /// Rejected by the program: it lacks something.
    Incomplete {
        /// When.
        since: Instant,
    },
    /// Rejected by the team: these criteria are not met.
    NotMet {
        /// When.
        since: Instant,
        /// Which.
        criteria: Vec<Slug>,
    },
    /// The organisation is a member.
    Accepted {
        /// When.
        since: Instant,
        /// As which.
        member: StreamId,
    },
    /// The organisation took it back.
    Withdrawn {
        /// When.
        since: Instant,
    },
}

impl Stage {
    /// How it stands, in words.
    #[must_use]
    pub fn phrase(&self) -> &'static str {
        match self {
            Stage::Open => "the application is for the team to decide",
            Stage::Incomplete { .. } => "the application was rejected, because it is incomplete",
            Stage::NotMet { .. } => "the application was rejected, because criteria are not met",
            Stage::Accepted { .. } => "the application was accepted",
            Stage::Withdrawn { .. } => "the application was withdrawn",
        }
    }
}

/// The team's answer to a criterion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The criterion, whether it is met, and why.
    pub ruling: Ruling,
    /// Who answered.
    pub by: Slug,
    /// When.
    pub at: Instant,
}

/// An appeal against a rejection: a public thread, and what became of it (XEN-18).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appeal {
    /// What was said, the appeal itself first.
    pub said: Vec<Said>,
    /// What those who hear it find, each person once.
    pub findings: Vec<Finding>,
    /// When it was decided, and whether it was granted.
    pub heard: Option<(Instant, bool)>,
}

/// A message of the thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// When.
    pub at: Instant,
    /// Who.
    pub by: By,
    /// What.
    pub text: String,
}

/// What one person who hears an appeal finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Who.
    pub by: Slug,
    /// Whether the appeal is to be granted.
    pub granted: bool,
    /// Why.
    pub why: String,
}

/// What may be asked of an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Answer a criterion. The last answer counts.
    Answer {
        /// Which, whether it is met, and why.
        ruling: Ruling,
    },
    /// Stand by the answers. With the last person that the policy asks for, the outcome follows from them.
    Decide {
        /// The name of the member that it would become.
        member: StreamId,
    },
    /// Take the application back.
    Withdraw,
    /// Appeal against the rejection.
    Appeal {
        /// Why.
        text: String,
    },
    /// Say something in the appeal's thread.
    Say {
        /// What.
        text: String,
    },
    /// Find that the appeal is to be granted or dismissed. The last finding of a person counts.
    Hear {
        /// Which of the two.
        granted: bool,
        /// Why.
        why: String,
        /// The name of the member that it would become.
        member: StreamId,
    },
}

impl Action {
    /// The word for it, as the command line writes it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Action::Answer { .. } => "answer",
            Action::Decide { .. } => "decide",
            Action::Withdraw => "withdraw",
            Action::Appeal { .. } => "appeal",
            Action::Say { .. } => "say",
            Action::Hear { .. } => "hear",
        }
    }
}

/// What happened to an application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the fields are named by what they hold")]
pub enum Event {
    /// It came in.
    Submitted { project: Slug, form: Box<Form> },
    /// The program found it incomplete, which rejects it.
    FoundIncomplete { lacks: Vec<Lack> },
    /// It goes to the team. It lacks nothing, unless the policy leaves that to the team.
    FoundComplete { lacks: Vec<Lack> },
    /// Somebody answered a criterion.
    Answered(Ruling),
    /// Somebody stands by the answers.
    Decided,
    /// It is accepted.
    Accepted { member: StreamId },
    /// It is rejected by the team's answers.
    FoundNotMet { criteria: Vec<Slug> },
    /// The organisation took it back.
    Withdrawn,
    /// The organisation appealed.
    Appealed { text: String },
    /// Somebody said something in the appeal's thread.
    Said { text: String },
    /// Somebody who hears the appeal found something.
    Found { granted: bool, why: String },
    /// The appeal is dismissed.
    Dismissed,
    /// A rule refused something (ALL-04).
    Refused { action: String, explanation: Explanation },
}

impl Application {
    /// Whether it holds everything that the policy asked for.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.lacks.is_empty()
    }

    /// As everybody may read it: without its alias (XEN-19).
    #[must_use]
    pub fn public(&self) -> Application {
        let mut shown = self.clone();
        shown.form.alias.clear();
        shown
    }

    /// Whether it was rejected, by the program or by the team.
    #[must_use]
    pub fn is_rejected(&self) -> bool {
        matches!(self.stage, Stage::Incomplete { .. } | Stage::NotMet { .. })
    }

    /// The answer to a criterion.
    #[must_use]
    pub fn answer(&self, criterion: &Slug) -> Option<&Answer> {
        self.answers.iter().find(|answer| answer.ruling.criterion == *criterion)
    }

    fn answered(&mut self, ruling: &Ruling, by: &By, at: Instant) {
        let By::Person(person) = by else { return };
        self.answers.retain(|answer| answer.ruling.criterion != ruling.criterion);
        self.answers.push(Answer { ruling: ruling.clone(), by: person.clone(), at });
        self.decided_by.clear();
    }

    fn found(&mut self, granted: bool, why: &str, by: &By) {
        let (Some(appeal), By::Person(person)) = (&mut self.appeal, by) else { return };
        appeal.findings.retain(|finding| finding.by != *person);
        appeal.findings.push(Finding { by: person.clone(), granted, why: why.to_owned() });
    }

    fn said(&mut self, text: &str, by: &By, at: Instant) {
        let said = Said { at, by: by.clone(), text: text.to_owned() };
        match &mut self.appeal {
            Some(appeal) => appeal.said.push(said),
            None => self.appeal = Some(Appeal { said: vec![said], findings: Vec::new(), heard: None }),
        }
    }

    fn heard(&mut self, granted: bool, at: Instant) {
        if let Some(appeal) = &mut self.appeal {
            appeal.heard = Some((at, granted));
        }
    }
}

impl Stream for Application {
    const KIND: super::StreamKind = super::StreamKind::Application;
    type Action = Action;
    type Event = Event;

    fn opened(entry: &Entry<Event>) -> Option<Application> {
        let Event::Submitted { project, form } = &entry.event else { return None };
        Some(Application {
            project: project.clone(),
            form: (**form).clone(),
            submitted: entry.at,
            lacks: Vec::new(),
            answers: Vec::new(),
            decided_by: Vec::new(),
            stage: Stage::Open,
            appeal: None,
            entries: 1,
        })
    }

    fn apply(&mut self, entry: &Entry<Event>) {
        let (at, by) = (entry.at, &entry.by);
        self.entries += 1;
        match &entry.event {
            Event::Submitted { .. } | Event::Refused { .. } => {}
            Event::FoundIncomplete { lacks } => {
                self.lacks.clone_from(lacks);
                self.stage = Stage::Incomplete { since: at };
            }
            Event::FoundComplete { lacks } => self.lacks.clone_from(lacks),
            Event::Answered(ruling) => self.answered(ruling, by, at),
            Event::Decided => {
                if let By::Person(person) = by {
                    self.decided_by.push(person.clone());
                }
            }
            Event::Accepted { member } => {
                self.heard(true, at);
                self.stage = Stage::Accepted { since: at, member: *member };
            }
            Event::FoundNotMet { criteria } => {
                self.stage = Stage::NotMet { since: at, criteria: criteria.clone() };
            }
            Event::Withdrawn => self.stage = Stage::Withdrawn { since: at },
            Event::Appealed { text } | Event::Said { text } => self.said(text, by, at),
            Event::Found { granted, why } => self.found(*granted, why, by),
            Event::Dismissed => self.heard(false, at),
        }
    }

    fn decide(
        &self,
        policy: &Policy,
        actor: &super::Actor,
        action: &Action,
        _now: Instant,
    ) -> Result<Vec<Event>, super::Refusal> {
        decide::decide(policy, self, actor, action)
    }

    fn refused(action: &Action, explanation: Explanation) -> Event {
        Event::Refused { action: action.name().to_owned(), explanation }
    }
}
