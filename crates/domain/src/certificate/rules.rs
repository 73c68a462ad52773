//! A policy for certificates, as it was read.

use crate::id::Slug;
use crate::time::Length;
use crate::words::words;
use jiff::tz::TimeZone;
use std::collections::BTreeSet;

words! {
    /// Who acts.
    Role {
        /// The certification body.
        Authority = "authority", "the authority";
        /// Whoever hears appeals.
        Hearer = "hearer", "whoever hears appeals";
        /// The provider whose deployment it is.
        Provider = "provider", "the provider";
        /// Nobody's hand: the clock.
        Clock = "clock", "the clock";
    }
}

words! {
    /// What can be done. What each means is code; who may do it, and after what, is the policy's.
    Verb {
        /// Apply for a certificate.
        Apply = "apply", "apply for a certificate";
        /// Say how many findings of the deployment are open.
        ShowFindings = "show-findings", "say how many findings are open";
        /// Grant the certificate.
        Grant = "grant", "grant the certificate";
        /// Decline the application.
        Decline = "decline", "decline the application";
        /// Renew the certificate near its end.
        Renew = "renew", "renew the certificate";
        /// Note that a check was passed.
        Pass = "pass", "note that a check was passed";
        /// Note that a check failed.
        Fail = "fail", "note that a check failed";
        /// Give notice of a failed check, from which the period to answer runs.
        Notice = "notice", "give notice of the failed check";
        /// Answer the notice.
        Answer = "answer", "answer the notice";
        /// Reject the answer.
        RejectAnswer = "reject-answer", "reject the answer";
        /// Accept what settles the failed check.
        Settle = "settle", "accept that the failed check is settled";
        /// Take the failed check back: it was a mistake.
        Retract = "retract", "take the failed check back";
        /// Revoke the certificate.
        Revoke = "revoke", "revoke the certificate";
        /// Appeal against the revocation.
        Appeal = "appeal", "appeal against the revocation";
        /// Uphold the appeal: the certificate is valid again.
        Reinstate = "reinstate", "give the certificate back on appeal";
        /// Dismiss the appeal.
        Dismiss = "dismiss", "dismiss the appeal";
        /// Give the certificate back, or withdraw the application.
        Withdraw = "withdraw", "give the certificate back";
    }
}

words! {
    /// What a step can wait for.
    Fact {
        /// A check failed and is not settled.
        CheckFailed = "check-failed", "a check failed";
        /// Notice of it was given.
        Noticed = "noticed", "notice was given";
        /// The whole period to answer is over.
        PeriodOver = "period-over", "the period to answer is over";
        /// The provider answered, and nobody has judged the answer yet.
        Answered = "answered", "an answer waits for judgement";
        /// The provider's last answer was rejected.
        AnswerRejected = "answer-rejected", "the last answer was rejected";
    }
}

words! {
    /// What a check can be about (SCS-10).
    About {
        /// A service of the deployment.
        Service = "service", "a service";
        /// A dependency of a service.
        Dependency = "dependency", "a dependency of a service";
    }
}

words! {
    /// Whether a deployment is new (SCS-11).
    Age {
        /// It is.
        New = "new", "a new deployment";
        /// It runs already.
        Old = "old", "a deployment that runs already";
    }
}

words! {
    /// What a deployment must show before it gets a certificate (SCS-11).
    Shows {
        /// Nothing: it is presumed up to date.
        Nothing = "presumed-up-to-date", "is presumed up to date";
        /// That no finding is open.
        NoOpenFinding = "no-open-finding", "first shows that no finding is open";
    }
}

words! {
    /// Who sees something.
    Exposure {
        /// Everybody.
        Public = "public", "public";
        /// The authority and the provider.
        Private = "private", "private";
    }
}

/// What joining deployments must show (SCS-11).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joins {
    /// New ones.
    pub new: Shows,
    /// Those that run already.
    pub old: Shows,
    /// The clause.
    pub clause: String,
}

impl Joins {
    /// What a deployment of this age must show.
    #[must_use]
    pub fn of(&self, age: Age) -> Shows {
        match age {
            Age::New => self.new,
            Age::Old => self.old,
        }
    }
}

/// What the public sees (SCS-12).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Public {
    /// How a deployment stands.
    pub status: Exposure,
    /// How it came to stand so.
    pub history: Exposure,
    /// How far back.
    pub reaches: Length,
    /// The clause.
    pub clause: String,
}

/// A step of the policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What is done.
    pub does: Verb,
    /// Who may.
    pub by: BTreeSet<Role>,
    /// What must hold.
    pub after: Vec<Fact>,
    /// What must not hold.
    pub before: Vec<Fact>,
    /// How soon it is to be done; for the clock, how long it waits.
    pub within: Option<Length>,
    /// The clause.
    pub clause: String,
}

/// A policy for certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Its id.
    pub id: Slug,
    /// Its title.
    pub title: String,
    /// Where it is published.
    pub source: String,
    /// What it says, in a few sentences.
    pub summary: String,
    /// Whose calendar days and months are counted by.
    pub zone: TimeZone,
    /// How long a certificate is valid.
    pub valid: Length,
    /// How long before its end it may be renewed, and its holder is warned.
    pub renew: Length,
    /// How long a provider has to answer a notice.
    pub answer: Length,
    /// How long it may appeal after a revocation.
    pub appeal: Length,
    /// The clause of these times.
    pub clause: String,
    /// What joining deployments must show.
    pub joins: Joins,
    /// What checks may be about, with the clause.
    pub counts: (BTreeSet<About>, String),
    /// What the public sees.
    pub public: Public,
    /// The steps, each verb at most once.
    pub steps: Vec<Step>,
}

impl Rules {
    /// The step that does `verb`.
    #[must_use]
    pub fn step(&self, verb: Verb) -> Option<&Step> {
        self.steps.iter().find(|step| step.does == verb)
    }
}
