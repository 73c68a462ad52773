//! A certificate as the public sees it: how it stands, how it came to, and which dates lie ahead (SCS-12).
//!
//! What failed, what was answered and how many findings are open is between the authority and the provider.

use super::decide::appeal_by;
use super::{
    Absence, Certificate, Entry, Event, Exposure, Role, Rules, Shows, Standing, Verb, pending, ready_since,
};
use crate::time::Instant;

/// What the public sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// How the deployment stands; none where the policy keeps it private.
    pub status: Option<String>,
    /// How it came to, as far back as the policy says, the oldest first.
    pub history: Vec<(Instant, String)>,
}

/// What the public sees at `now`.
#[must_use]
pub fn view(rules: &Rules, certificate: &Certificate, entries: &[Entry], now: Instant) -> View {
    let from = rules.public.reaches.before(now, &rules.zone);
    let is_public = |exposure: Exposure| exposure == Exposure::Public;
    let seen = entries.iter().filter(|entry| from <= entry.at && entry.at <= now);
    let told = seen.filter_map(|entry| Some((entry.at, told(&entry.event)?)));
    View {
        status: is_public(rules.public.status).then(|| status(certificate, now)),
        history: if is_public(rules.public.history) { told.collect() } else { Vec::new() },
    }
}

fn status(certificate: &Certificate, now: Instant) -> String {
    match &certificate.standing {
        Standing::Absent { why: Absence::Expired, since } => format!("no certificate: it ended on {since}"),
        Standing::Absent { why: Absence::Withdrawn, since } => {
            format!("no certificate: the provider gave it back on {since}")
        }
        // Whoever never had one is nobody's business, applications included.
        Standing::Absent { .. } => "no certificate".to_owned(),
        Standing::Applied { .. } => "no certificate".to_owned(),
        Standing::Revoked { since, appealed: Some(at), .. } => {
            format!("revoked on {since}; the provider appealed on {at}")
        }
        Standing::Revoked { since, .. } => format!("revoked on {since}"),
        Standing::Held { until, .. } => {
            let matter = certificate.matter.as_ref();
            let Some((end, matter)) = matter.and_then(|matter| Some((matter.answer_by?, matter))) else {
                return format!("valid until {}", until.max(&now));
            };
            match matter.answered {
                Some(at) => {
                    format!("valid, with notice of a failed check; answered on {at}, not judged yet")
                }
                None if end <= now => {
                    format!("valid, with notice of a failed check; the period to answer ended on {end}")
                }
                None => {
                    format!("valid, with notice of a failed check; the provider has until {end} to answer")
                }
            }
        }
    }
}

/// An event for the public; none where it is not the public's.
fn told(event: &Event) -> Option<String> {
    Some(match event {
        Event::Granted { until } => format!("granted, until {until}"),
        Event::Renewed { until } => format!("renewed, until {until}"),
        Event::Expired => "ended".to_owned(),
        Event::NoticeGiven { answer_by } => {
            format!("notice of a failed check, to be answered by {answer_by}")
        }
        Event::PeriodEnded => "the period to answer ended".to_owned(),
        Event::Answered { .. } => "the provider answered".to_owned(),
        Event::AnswerRejected { .. } => "the answer was rejected".to_owned(),
        Event::Settled { .. } => "the failed check is settled".to_owned(),
        Event::Retracted { .. } => "the failed check was a mistake".to_owned(),
        Event::Revoked { .. } => "revoked".to_owned(),
        Event::AppealLapsed => "the time to appeal ended".to_owned(),
        Event::Appealed { .. } => "the provider appealed".to_owned(),
        Event::Reinstated { until, .. } => format!("given back on appeal, until {until}"),
        Event::Dismissed { .. } => "the appeal was dismissed".to_owned(),
        Event::Withdrawn => "given back by the provider".to_owned(),
        Event::Applied { .. }
        | Event::FindingsShown { .. }
        | Event::ApplicationWithdrawn
        | Event::Declined { .. }
        | Event::ExpiryWarned { .. }
        | Event::CheckPassed
        | Event::CheckFailed { .. } => return None,
    })
}

/// Something that lies ahead, or is late.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Date {
    /// When; none where the policy sets no time.
    pub at: Option<Instant>,
    /// Whose it is.
    pub by: Vec<Role>,
    /// What, in words.
    pub what: String,
    /// Whether it should have been done by now.
    pub is_late: bool,
    /// The clause.
    pub clause: String,
}

/// What lies ahead of a certificate, for the authority and the provider: the next first, what has no date last.
#[must_use]
pub fn dates(rules: &Rules, certificate: &Certificate, now: Instant) -> Vec<Date> {
    let mut dates = Vec::new();
    let mut add = |at: Instant, by: Role, what: &str| {
        let clause = rules.clause.clone();
        dates.push(Date { at: Some(at), by: vec![by], what: what.to_owned(), is_late: false, clause });
    };
    if let Standing::Held { until, .. } = certificate.standing {
        let from = rules.renew.before(until, &rules.zone);
        add(from, Role::Authority, "the certificate may be renewed");
        if certificate.matter.is_none() {
            add(until, Role::Clock, "the certificate ends, unless it is renewed");
        }
    }
    let end = certificate.matter.as_ref().filter(|matter| matter.answered.is_none());
    if let Some(end) = end.and_then(|matter| matter.answer_by) {
        add(end, Role::Provider, "the period to answer ends");
    }
    if let Some(end) = appeal_by(rules, certificate) {
        add(end, Role::Provider, "the time to appeal ends");
    }
    for verb in waited_for(rules, certificate, now) {
        dates.extend(owed(rules, certificate, verb, now));
    }
    dates.retain(|date| date.at.is_none_or(|at| at >= now) || date.is_late);
    dates.sort_by_key(|date| (date.at.is_none(), date.at));
    dates
}

/// What is waited for beside the dates that the policy's own times give.
fn waited_for(rules: &Rules, certificate: &Certificate, now: Instant) -> Vec<Verb> {
    match certificate.standing {
        Standing::Applied { age, open, .. } => {
            let shows = rules.joins.of(age) == Shows::NoOpenFinding && open != Some(0);
            vec![if shows { Verb::ShowFindings } else { Verb::Grant }, Verb::Decline]
        }
        Standing::Absent { .. } | Standing::Held { .. } | Standing::Revoked { .. } => {
            let by_time = |verb: &Verb| !matches!(verb, Verb::Apply | Verb::Answer | Verb::Appeal);
            pending(rules, certificate, now).iter().copied().filter(by_time).collect()
        }
    }
}

/// A step that somebody is waited for to do.
fn owed(rules: &Rules, certificate: &Certificate, verb: Verb, now: Instant) -> Option<Date> {
    let step = rules.step(verb)?;
    let since = ready_since(rules, certificate, step, now)?;
    let at = step.within.map(|within| within.after(since, &rules.zone));
    Some(Date {
        at,
        by: step.by.iter().copied().collect(),
        what: verb.phrase().to_owned(),
        is_late: at.is_some_and(|at| at < now),
        clause: step.clause.clone(),
    })
}
