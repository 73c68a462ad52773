//! What must be done in the world because of an event: jobs, as data. They are stored in the commit that
//! stores the event, and done afterwards, at least once, under a key that makes a repeat harmless.

use crate::case::event::EmbargoEnd;
use crate::case::forecast::{Forecast, Outlook, Turn};
use crate::case::{Case, Entry, Event};
use crate::id::Slug;
use crate::policy::vocabulary::RoleKind;
use crate::policy::{ChannelKind, Policy, RoleSet};
use crate::time::Instant;
use serde::{Deserialize, Serialize};

/// What may stand between braces in a letter's template.
pub const PLACEHOLDERS: [&str; 17] = [
    "project",
    "case",
    "planned",
    "until",
    "due",
    "started",
    "version",
    "link",
    "number",
    "title",
    "policy_link",
    "person",
    "clock",
    "clause",
    "text",
    "advisory",
    "how",
];

/// Kinds of letter; each has a template, which a policy may replace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LetterKind {
    /// To the team: a report arrived.
    ReportArrived,
    /// To the reporter: it arrived.
    Acknowledgement,
    /// To the reporter: the verdict.
    Verdict,
    /// To the organisation that the report is handed to.
    HandOver,
    /// To the reporter: a person's own words.
    Message,
    /// To a person invited to the case.
    Invitation,
    /// To who must agree: an end is proposed.
    EmbargoProposed,
    /// To who agreed: the embargo runs.
    EmbargoAgreed,
    /// To everybody involved: the embargo is over.
    EmbargoEnded,
    /// To the list: the advisory before the others, with the embargo's end (XEN-06).
    Predisclosure,
    /// To the channels: the advisory.
    Announcement,
    /// A clock is about to run out.
    Reminder,
    /// A clock ran out, or a disclosure was missed (ALL-06).
    Alarm,
    /// To the team: a patch does not apply any more to what the next point release is made from, or does again.
    Forecast,
}

impl LetterKind {
    /// Every kind.
    pub const ALL: [LetterKind; 14] = [
        LetterKind::ReportArrived,
        LetterKind::Acknowledgement,
        LetterKind::Verdict,
        LetterKind::HandOver,
        LetterKind::Message,
        LetterKind::Invitation,
        LetterKind::EmbargoProposed,
        LetterKind::EmbargoAgreed,
        LetterKind::EmbargoEnded,
        LetterKind::Predisclosure,
        LetterKind::Announcement,
        LetterKind::Reminder,
        LetterKind::Alarm,
        LetterKind::Forecast,
    ];

    /// The kind's name in policies: `[mail.alarm]`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            LetterKind::ReportArrived => "report-arrived",
            LetterKind::Acknowledgement => "acknowledgement",
            LetterKind::Verdict => "verdict",
            LetterKind::HandOver => "hand-over",
            LetterKind::Message => "message",
            LetterKind::Invitation => "invitation",
            LetterKind::EmbargoProposed => "embargo-proposed",
            LetterKind::EmbargoAgreed => "embargo-agreed",
            LetterKind::EmbargoEnded => "embargo-ended",
            LetterKind::Predisclosure => "predisclosure",
            LetterKind::Announcement => "announcement",
            LetterKind::Reminder => "reminder",
            LetterKind::Alarm => "alarm",
            LetterKind::Forecast => "forecast",
        }
    }
}

/// Who a letter goes to. The hand that writes it knows the addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recipient {
    /// Whoever reported the case.
    Reporter,
    /// Everybody in the project with this role.
    Role(Slug),
    /// A person of this instance.
    Person(Slug),
    /// A channel of the policy.
    Channel(Slug),
    /// An organisation, by name: a person passes the letter on.
    Organisation(String),
}

/// Something to do in the world.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// Which letter.
    pub kind: LetterKind,
    /// To whom.
    pub to: Recipient,
    /// The embargo's end, or the instant that the letter is about.
    pub instant: Option<Instant>,
    /// The clock that the letter is about.
    pub clock: Option<Slug>,
    /// The advisory's version that the letter carries.
    pub version: Option<u32>,
    /// Words that a person wrote.
    pub text: String,
}

/// The letters that follow from `entry`, with `case` as it is afterwards.
#[must_use]
pub fn letters(policy: &Policy, case: &Case, entry: &Entry) -> Vec<Letter> {
    match &entry.event {
        Event::Received { .. } | Event::Heard { .. } => {
            to_roles(policy, teams(policy), LetterKind::ReportArrived)
        }
        Event::Acknowledged { text } => vec![to_reporter(LetterKind::Acknowledgement, text)],
        Event::ReporterTold { text } => vec![to_reporter(LetterKind::Verdict, text)],
        Event::Messaged { text } => vec![to_reporter(LetterKind::Message, text)],
        Event::HandedOver { to, text } => {
            vec![Letter {
                text: text.clone(),
                ..letter(LetterKind::HandOver, Recipient::Organisation(to.clone()))
            }]
        }
        Event::Invited { person, .. } => {
            vec![letter(LetterKind::Invitation, Recipient::Person(person.clone()))]
        }
        Event::EmbargoProposed { until, .. } => about(*until, agreeing(policy, LetterKind::EmbargoProposed)),
        Event::EmbargoAgreed { until } => about(*until, agreeing(policy, LetterKind::EmbargoAgreed)),
        Event::EmbargoEnded { why: EmbargoEnd::Elapsed | EmbargoEnd::Merged, .. } => Vec::new(),
        Event::EmbargoEnded { why: EmbargoEnd::Public | EmbargoEnd::Ended, reason } => {
            let mut letters = involved(policy, case, LetterKind::EmbargoEnded);
            letters.iter_mut().for_each(|letter| letter.text.clone_from(reason));
            letters
        }
        Event::Predisclosed { until } => list(policy, case, *until),
        Event::Announced { version, planned, .. } => announcement(policy, *version, *planned),
        Event::DisclosureMissed { until } => about(*until, involved(policy, case, LetterKind::Alarm)),
        Event::Reminded { clock, due, .. } => on_clock(policy, clock, *due, LetterKind::Reminder),
        Event::Alarmed { clock, due } => on_clock(policy, clock, *due, LetterKind::Alarm),
        Event::ForecastChanged { release, was, is } => forecast(policy, release, was.as_deref(), is),
        Event::Confirmed { .. }
        | Event::Denied { .. }
        | Event::MarkedDuplicate { .. }
        | Event::Absorbed(_)
        | Event::Merged { .. }
        | Event::Rated { .. }
        | Event::Assigned { .. }
        | Event::ConfidenceAcknowledged { .. }
        | Event::EmbargoAccepted { .. }
        | Event::EmbargoRejected { .. }
        | Event::BecamePublic { .. }
        | Event::Exploited { .. }
        | Event::Attacked { .. }
        | Event::PatchAttached { .. }
        | Event::Tested { .. }
        | Event::PatchChecked { .. }
        | Event::ReasonGiven { .. }
        | Event::CveReserved { .. }
        | Event::NumberAssigned { .. }
        | Event::Drafted { .. }
        | Event::Approved { .. }
        | Event::Committed { .. }
        | Event::Released { .. }
        | Event::Batched { .. }
        | Event::LeftBatch
        | Event::Staged { .. }
        | Event::Opened
        | Event::Reissued { .. }
        | Event::Reviewed { .. }
        | Event::Closed { .. }
        | Event::CustomDone { .. }
        | Event::Refused { .. } => Vec::new(),
    }
}

fn letter(kind: LetterKind, to: Recipient) -> Letter {
    Letter { kind, to, instant: None, clock: None, version: None, text: String::new() }
}

fn to_reporter(kind: LetterKind, text: &str) -> Letter {
    Letter { text: text.to_owned(), ..letter(kind, Recipient::Reporter) }
}

fn teams(policy: &Policy) -> RoleSet {
    policy.roles_of(RoleKind::Team)
}

fn to_roles(policy: &Policy, roles: RoleSet, kind: LetterKind) -> Vec<Letter> {
    let reporters = policy.roles_of(RoleKind::Reporter);
    let to = |role| {
        let recipient = if reporters.contains(role) {
            Recipient::Reporter
        } else {
            Recipient::Role(policy.role_at(role)?.id.clone())
        };
        Some(letter(kind, recipient))
    };
    roles.iter().filter_map(to).collect()
}

fn about(instant: Instant, mut letters: Vec<Letter>) -> Vec<Letter> {
    letters.iter_mut().for_each(|letter| letter.instant = Some(instant));
    letters
}

fn agreeing(policy: &Policy, kind: LetterKind) -> Vec<Letter> {
    to_roles(policy, policy.embargo.agree, kind)
}

/// The team, the reporter, the invited people, and the list once it was told.
fn involved(policy: &Policy, case: &Case, kind: LetterKind) -> Vec<Letter> {
    let mut letters = to_roles(policy, teams(policy).union(policy.roles_of(RoleKind::Reporter)), kind);
    let people = case.participants.iter().filter(|p| p.acknowledged);
    letters.extend(people.map(|p| letter(kind, Recipient::Person(p.person.clone()))));
    if case.since_built(crate::policy::vocabulary::BuiltFact::Predisclosed).is_some() {
        letters.extend(channels(policy, ChannelKind::List).map(|to| letter(kind, to)));
    }
    letters
}

fn channels(policy: &Policy, kind: ChannelKind) -> impl Iterator<Item = Recipient> + '_ {
    policy
        .channels
        .iter()
        .filter(move |channel| channel.kind == kind)
        .map(|c| Recipient::Channel(c.id.clone()))
}

fn list(policy: &Policy, case: &Case, until: Option<Instant>) -> Vec<Letter> {
    let version = case.versions.last().map(|version| version.number);
    channels(policy, ChannelKind::List)
        .map(|to| Letter { instant: until, version, ..letter(LetterKind::Predisclosure, to) })
        .collect()
}

/// Every channel that the policy sends announcements to; the list, too, where it wants a copy (XEN-07).
fn announcement(policy: &Policy, version: u32, planned: Instant) -> Vec<Letter> {
    let told =
        policy.channels.iter().filter(|channel| channel.announcements && channel.kind != ChannelKind::Web);
    told.map(|channel| Recipient::Channel(channel.id.clone()))
        .chain([Recipient::Reporter])
        .map(|to| Letter {
            instant: Some(planned),
            version: Some(version),
            ..letter(LetterKind::Announcement, to)
        })
        .collect()
}

fn on_clock(policy: &Policy, clock: &Slug, due: Instant, kind: LetterKind) -> Vec<Letter> {
    let Some(rule) = policy.clocks.iter().find(|rule| rule.id == *clock) else { return Vec::new() };
    let mut letters = about(due, to_roles(policy, rule.alarm, kind));
    letters.iter_mut().for_each(|letter| letter.clock = Some(clock.clone()));
    letters
}

/// Somebody reads it in the night: which release, file and commit, and what to do.
fn forecast(policy: &Policy, release: &Slug, was: Option<&Forecast>, is: &Forecast) -> Vec<Letter> {
    let Some(turn) = is.turn(was) else { return Vec::new() };
    let mut letters = to_roles(policy, teams(policy), LetterKind::Forecast);
    let text = forecast_text(release, is, turn);
    letters.iter_mut().for_each(|letter| letter.text.clone_from(&text));
    letters
}

fn forecast_text(release: &Slug, is: &Forecast, turn: Turn) -> String {
    let Forecast { branch, tip, outlook, .. } = is;
    let head = match turn {
        Turn::Stopped => format!("The fix for release {release} does not apply any more to {branch}."),
        Turn::Again => {
            format!("The fix for release {release} needs no change any more: it fits {branch} again.")
        }
    };
    let at = tip.as_deref().unwrap_or("nowhere");
    let mut lines =
        vec![head, String::new(), format!("  release   {release}"), format!("  branch    {branch}, at {at}")];
    let place = |file: &str, line: u32| match line {
        0 => format!("  place     {file}"),
        line => format!("  place     {file}, the patch's hunk at line {line}"),
    };
    match outlook {
        Outlook::Stopped { since, subject, file, line } => {
            lines.extend([
                format!("  since     {since}"),
                format!("            {subject}"),
                place(file, *line),
            ]);
        }
        Outlook::Fails { file, line } => lines.push(place(file, *line)),
        Outlook::Applies | Outlook::There | Outlook::Unknown { .. } => {
            lines.push(format!("  now       {outlook}"));
        }
    }
    if turn == Turn::Stopped {
        let advice = "Until the patch is made anew on that branch and attached, the next\n\
                      point release of this line cannot get the fix. Nothing else in the\n\
                      case has changed.";
        lines.extend([String::new(), advice.to_owned()]);
    }
    lines.join("\n")
}
