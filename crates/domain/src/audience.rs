//! Who may know what, and when. Case content leaves the store in one way only: as a [`view`] for one viewer
//! at one instant. What one may not see does not exist for them (ALL-01).

use crate::advisory::CveId;
use crate::case::{Actor, Case, Entry, Event, REPORTER, Report, Version};
use crate::consequence::{Recipient, letters};
use crate::policy::vocabulary::{BuiltFact, Fact, Item, RoleKind};
use crate::policy::{ItemSet, Knows, Policy, Role, RoleId, RoleSet, Step};
use crate::rating::Rating;
use crate::refusal::Refusal;
use crate::time::Instant;
use std::borrow::Cow;

/// What `viewer` may know of `case` now.
#[must_use]
pub fn items_for(policy: &Policy, case: &Case, viewer: &Actor) -> ItemSet {
    let public = policy.roles_of(RoleKind::Public);
    let roles =
        if case.owes_confidence(policy, viewer) { RoleSet::NONE } else { case.roles_of(policy, viewer) };
    roles.union(public).iter().map(|role| items_of(policy, case, role)).fold(ItemSet::NONE, ItemSet::union)
}

/// What `role` may know of `case` now.
#[must_use]
pub fn items_of(policy: &Policy, case: &Case, role: RoleId) -> ItemSet {
    items_if(policy, case, role, &|fact| case.holds(policy, fact))
}

/// What `role` may know, were the facts those that `holds` says. The policy grants; the program narrows:
/// the public learns nothing before the announcement that is not granted in spite of it, the list nothing
/// before it was told in one run, nobody else anything at the moment of the report (CS-01, CS-14, ALL-02).
fn items_if(policy: &Policy, case: &Case, role: RoleId, holds: &dyn Fn(&Fact) -> bool) -> ItemSet {
    let Some(kind) = policy.role_at(role).map(|role| role.kind) else { return ItemSet::NONE };
    let announced = case.is_announced();
    let predisclosed = holds(&Fact::Built(BuiltFact::Predisclosed));
    let granted = |rule: &&Knows| rule.who.contains(role) && holds(&rule.from);
    let passes = |rule: &&Knows| match kind {
        RoleKind::Public => announced || rule.despite_embargo,
        RoleKind::Member => announced || predisclosed,
        RoleKind::Contact => rule.from != Fact::Built(BuiltFact::Received),
        RoleKind::Team | RoleKind::Helper | RoleKind::Reporter => true,
    };
    policy
        .knows
        .iter()
        .filter(granted)
        .filter(passes)
        .map(|rule| rule.items)
        .fold(ItemSet::NONE, ItemSet::union)
}

/// What the policy's text grants `role` and the program withholds: a rule that would leak. The checker calls
/// it in every reachable state; see [`items_if`] for what the program narrows.
pub(crate) fn withheld<'p>(policy: &'p Policy, case: &Case, role: RoleId) -> Vec<(&'p Knows, ItemSet)> {
    let allowed = items_of(policy, case, role);
    let granted =
        policy.knows.iter().filter(|rule| rule.who.contains(role) && case.holds(policy, &rule.from));
    granted.map(|rule| (rule, rule.items.without(allowed))).filter(|(_, items)| !items.is_empty()).collect()
}

/// What one role may know of a case.
#[derive(Clone, Debug, PartialEq)]
pub struct Known<'p> {
    /// The role.
    pub role: &'p Role,
    /// Each item with the instant since which the role could know it without a break, the earliest first.
    pub items: Vec<(Item, Instant)>,
}

/// What each role may know at the end of a case's log, and since when. Instants are those of the log's lines,
/// since nothing but a line of the log changes who may know what. Empty for an empty log.
#[must_use]
pub fn known_since<'p>(policy: &'p Policy, entries: &[Entry]) -> Vec<Known<'p>> {
    let mut known: Vec<(RoleId, Known<'p>)> = policy
        .role_ids()
        .filter_map(|id| Some((id, Known { role: policy.role_at(id)?, items: Vec::new() })))
        .collect();
    let Some((first, rest)) = entries.split_first() else { return Vec::new() };
    let Some(mut case) = Case::opened(first) else { return Vec::new() };
    let mut note = |case: &Case, at: Instant| {
        for (id, known) in &mut known {
            let items = items_of(policy, case, *id);
            known.items.retain(|(item, _)| items.contains(*item));
            let old: ItemSet = known.items.iter().map(|(item, _)| *item).collect();
            known.items.extend(items.without(old).iter().map(|item| (item, at)));
        }
    };
    note(&case, first.at);
    for entry in rest {
        case.apply(entry);
        note(&case, entry.at);
    }
    known.into_iter().map(|(_, known)| known).collect()
}

/// Whether doing `step` would hand an item to somebody who may not know it even then.
///
/// # Errors
/// [`Refusal::WouldTell`] with the first such item.
pub fn may_be_given(policy: &Policy, case: &Case, step: &Step) -> Result<(), Refusal> {
    let established = step.act.establishes();
    let holds = |fact: &Fact| Some(fact) == established.as_ref() || case.holds(policy, fact);
    let exposed: ItemSet = match &step.act {
        crate::policy::Act::Built(verb) => verb.exposes_to_public().iter().copied().collect(),
        crate::policy::Act::Custom(_) => ItemSet::NONE,
    };
    let public = policy.roles_of(RoleKind::Public);
    let given = step.gives.iter().map(|gives| (gives.to, gives.items)).chain([(public, exposed)]);
    for (roles, items) in given.filter(|(_, items)| !items.is_empty()) {
        for role in roles.iter() {
            let refused = items.without(items_if(policy, case, role, &holds));
            if let Some(item) = refused.iter().next() {
                let who = policy.titles(RoleSet::only(role));
                return Err(Refusal::WouldTell {
                    act: step.act.clone(),
                    who,
                    item,
                    clause: step.clause.clone(),
                });
            }
        }
    }
    Ok(())
}

/// A case as one viewer may see it. A field that they may not see is empty, as if there were nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct View<'c> {
    /// What they may know.
    pub items: ItemSet,
    /// The advisory's number.
    pub number: Option<&'c str>,
    /// CVE identifiers.
    pub cves: &'c [CveId],
    /// The planned instant of disclosure.
    pub planned: Option<Instant>,
    /// The rating.
    pub rating: Option<&'c Rating>,
    /// The advisory's versions, oldest first; outsiders see no version that is still being written.
    pub versions: Vec<&'c Version>,
    /// The whole record: only for whoever may know it.
    pub record: Option<Cow<'c, Case>>,
    /// Whether the viewer works on the case, and so sees what is not decided yet.
    pub insider: bool,
}

/// The view of `case` for `viewer`, or `None`: for them there is no such case.
#[must_use]
pub fn view<'c>(policy: &Policy, case: &'c Case, viewer: &Actor) -> Option<View<'c>> {
    let items = items_for(policy, case, viewer);
    if !items.contains(Item::Existence) {
        return None;
    }
    let working = policy.roles_of(RoleKind::Team).union(policy.roles_of(RoleKind::Helper));
    let insider = case.roles_of(policy, viewer).meets(working) && !case.owes_confidence(policy, viewer);
    let shown = |version: &&Version| insider || !case.is_announced() || version.is_public();
    let text = items.contains(Item::AdvisoryText);
    Some(View {
        items,
        number: case.number.as_deref().filter(|_| items.contains(Item::AdvisoryNumber)),
        cves: if items.contains(Item::CveNumber) { &case.cves } else { &[] },
        planned: case.planned().filter(|_| items.contains(Item::PlannedDate)),
        rating: case.rating.as_ref().filter(|_| items.contains(Item::Severity)),
        versions: case.versions.iter().filter(|_| text).filter(shown).collect(),
        record: items.contains(Item::Record).then(|| record(case, insider)),
        insider,
    })
}

/// The record without what is still being written, since the next version of a public advisory is nobody's yet,
/// and without the reporters' addresses, which are their own.
fn record(case: &Case, insider: bool) -> Cow<'_, Case> {
    if insider {
        return Cow::Borrowed(case);
    }
    let mut shown = case.clone();
    shown.versions.retain(Version::is_public);
    shown.reports.iter_mut().for_each(without_address);
    shown.reporters.clear();
    Cow::Owned(shown)
}

fn without_address(report: &mut Report) {
    report.from = None;
    // How sure it is who wrote names who it is.
    report.standing.clear();
}

/// The lines of a case's log that whoever has `view` may read. Insiders read all; others, once the record is
/// open to them, all but the texts of versions that are not public, without the reporters' addresses.
pub fn log<'a>(view: &'a View<'_>, entries: &'a [Entry]) -> impl Iterator<Item = Cow<'a, Entry>> {
    let readable = view.record.is_some();
    let public = view.versions.iter().filter(|version| version.is_public()).count();
    let mut versions = 0;
    let shown = entries.iter().filter(move |entry| {
        if let Event::Announced { .. } = entry.event {
            versions += 1;
        }
        let unpublished = versions >= public && is_writing(&entry.event);
        readable && (view.insider || !unpublished)
    });
    shown.map(|entry| if view.insider { Cow::Borrowed(entry) } else { addressless(entry) })
}

/// How a case stands for whoever reported it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReporterStanding {
    /// Nobody has answered yet.
    Received,
    /// The security team looks at it, and has told no verdict.
    Examined,
    /// It is a vulnerability, and is being worked on.
    Confirmed,
    /// It is not.
    Denied,
    /// It is handed over to the organisation that it belongs to.
    HandedOver,
    /// The advisory is public.
    Public,
}

impl ReporterStanding {
    /// In words for the reporter.
    #[must_use]
    pub fn phrase(self) -> &'static str {
        match self {
            ReporterStanding::Received => "it arrived, and waits for the security team",
            ReporterStanding::Examined => "the security team is looking at it",
            ReporterStanding::Confirmed => "it is confirmed as a vulnerability, and is being worked on",
            ReporterStanding::Denied => "it was found to be no vulnerability of this project",
            ReporterStanding::HandedOver => "it went to the organisation that it belongs to",
            ReporterStanding::Public => "the advisory is public",
        }
    }
}

/// How the case stands for `viewer`, where they reported it. A verdict is theirs to know once they were told
/// it, or once the policy lets them know what is wrong.
#[must_use]
pub fn standing_for_reporter(policy: &Policy, case: &Case, viewer: &Actor) -> Option<ReporterStanding> {
    if !case.roles_of(policy, viewer).meets(policy.roles_of(RoleKind::Reporter)) {
        return None;
    }
    let since = |fact| case.since_built(fact).is_some();
    let told = since(BuiltFact::ReporterTold);
    let confirmed = since(BuiltFact::Confirmed);
    Some(if case.is_announced() {
        ReporterStanding::Public
    } else if told && since(BuiltFact::Denied) {
        ReporterStanding::Denied
    } else if confirmed && (told || items_for(policy, case, viewer).contains(Item::Nature)) {
        ReporterStanding::Confirmed
    } else if since(BuiltFact::HandedOver) {
        ReporterStanding::HandedOver
    } else if since(BuiltFact::Acknowledged) {
        ReporterStanding::Examined
    } else {
        ReporterStanding::Received
    })
}

/// What `viewer` and the security team told each other, where `viewer` reported the case: the lines that are
/// the reporter's own, and those from which a letter to them followed. It shows nothing that they were not
/// sent.
///
/// A case that took another one in has several reporters, who are not shown each other's letters; nor is what
/// somebody else wrote into the case.
#[must_use]
pub fn correspondence<'a>(
    policy: &Policy,
    case: &Case,
    viewer: &Actor,
    entries: &'a [Entry],
) -> Vec<Cow<'a, Entry>> {
    if !case.roles_of(policy, viewer).meets(policy.roles_of(RoleKind::Reporter)) {
        return Vec::new();
    }
    let alone = !entries.iter().any(|entry| matches!(entry.event, Event::Absorbed(_)));
    let was_sent =
        |entry: &Entry| letters(policy, case, entry).iter().any(|letter| letter.to == Recipient::Reporter);
    let of_a_reporter =
        |report: &Report| report.from.as_ref().is_none_or(|from| case.reporters.contains(from));
    let shown = |entry: &&Entry| match letter_in(&entry.event) {
        Some(report) => alone && of_a_reporter(report),
        None => (alone && entry.by.name() == REPORTER) || was_sent(entry),
    };
    entries.iter().filter(shown).map(for_its_sender).collect()
}

/// The letter that an event tells of.
fn letter_in(event: &Event) -> Option<&Report> {
    let (Event::Received { report, .. } | Event::Heard { report }) = event else { return None };
    Some(report)
}

/// A line of the reporter's own, as they are shown it.
fn for_its_sender(entry: &Entry) -> Cow<'_, Entry> {
    if !letter_in(&entry.event).is_some_and(|report| report.sealed) {
        return Cow::Borrowed(entry);
    }
    let mut shown = entry.clone();
    if let Event::Received { report, .. } | Event::Heard { report } = &mut shown.event {
        *report = report.for_its_sender();
    }
    Cow::Owned(shown)
}

fn addressless(entry: &Entry) -> Cow<'_, Entry> {
    let mut shown = entry.clone();
    if let Event::Received { report, .. } | Event::Heard { report } = &mut shown.event {
        without_address(report);
    } else if let Event::Absorbed(absorbed) = &mut shown.event {
        absorbed.reports.iter_mut().for_each(without_address);
        absorbed.reporters.clear();
    } else {
        return Cow::Borrowed(entry);
    }
    Cow::Owned(shown)
}

/// Whether the event is about a text that is not public when it happens.
fn is_writing(event: &Event) -> bool {
    matches!(
        event,
        Event::Drafted { .. } | Event::Reissued { .. } | Event::Approved { .. } | Event::Staged { .. }
    )
}
