//! The sections of a publication in the project's order, clean and without the empty ones.

use crate::plain;
use tidegate_domain::advisory::{ActionNeeded, AffectedRange, Credit, IssuedVersion, Publication, Section};
use tidegate_domain::time::Instant;

/// A section with its heading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headed {
    /// Which section.
    pub section: Section,
    /// The project's heading for it, or the usual one.
    pub heading: String,
    /// What it says, clean and not empty.
    pub text: String,
}

/// The sections in the project's order. Those that it does not order stand around them, a summary before and
/// the others after: nothing that was written is lost.
#[must_use]
pub fn ordered(publication: &Publication) -> Vec<Headed> {
    let listed = publication.headings.iter().map(|(section, heading)| (*section, heading.as_str()));
    let is_unlisted = |section: &Section| publication.headings.iter().all(|(listed, _)| listed != section);
    let unlisted = Section::ALL.into_iter().filter(is_unlisted).map(|section| (section, ""));
    let (before, after): (Vec<_>, Vec<_>) = unlisted.partition(|(section, _)| *section == Section::Summary);
    let mut seen = Vec::new();
    let mut headed = Vec::new();
    for (section, heading) in before.into_iter().chain(listed).chain(after) {
        if seen.contains(&section) {
            continue;
        }
        seen.push(section);
        if let Some(text) = text(publication, section) {
            headed.push(Headed { section, heading: plain::line_or(heading, default_heading(section)), text });
        }
    }
    headed
}

/// The clean text of one section, where there is any.
pub(crate) fn text(publication: &Publication, section: Section) -> Option<String> {
    publication.draft.sections.get(&section).map(|text| plain::clean(text)).filter(|text| !text.is_empty())
}

/// The heading that a project gave to `section`, or the usual one.
pub(crate) fn heading(publication: &Publication, section: Section) -> String {
    let given = publication
        .headings
        .iter()
        .find(|(listed, _)| *listed == section)
        .map(|(_, heading)| heading.as_str());
    plain::line_or(given.unwrap_or_default(), default_heading(section))
}

fn default_heading(section: Section) -> &'static str {
    match section {
        Section::Summary => "Summary",
        Section::Description => "Issue description",
        Section::Impact => "Impact",
        Section::AffectedSystems => "Vulnerable systems",
        Section::Mitigation => "Mitigation",
        Section::Resolution => "Resolution",
        Section::Deployment => "Deployment during embargo",
        Section::Notes => "Notes",
    }
}

/// The shortest text that says what the vulnerability is: summary, else description, else title.
pub(crate) fn summary(publication: &Publication) -> String {
    text(publication, Section::Summary)
        .or_else(|| text(publication, Section::Description))
        .unwrap_or_else(|| plain::line(publication.draft.title.as_str()))
}

/// `XSA-108`, clean and never empty.
pub(crate) fn number(publication: &Publication) -> String {
    plain::line_or(&publication.number, "unnumbered")
}

/// The publisher's name, clean and never empty.
pub(crate) fn publisher(publication: &Publication) -> String {
    plain::line_or(&publication.publisher.name, "unnamed publisher")
}

/// An instant as every format writes it: RFC 3339, UTC, whole seconds. Years before 1970 are no date of an
/// advisory, and those before 1 have no RFC 3339 form.
pub(crate) fn date(at: Instant) -> String {
    at.max(Instant::from_micros(0)).whole_second().to_string()
}

/// One range in words: `from 4.1 before 4.4.2`.
pub(crate) fn range_in_words(range: &AffectedRange) -> String {
    let from = match &range.introduced {
        Some(version) => format!("from {} ", plain::line(version)),
        None => String::new(),
    };
    match (&range.fixed, &range.last_affected) {
        (Some(fixed), _) => format!("{from}before {}", plain::line(fixed)),
        (None, Some(last)) => format!("{from}up to and including {}", plain::line(last)),
        (None, None) if range.introduced.is_some() => format!("{from}on"),
        (None, None) => "all versions".to_owned(),
    }
}

/// What a version changed, and whether readers must act again (XEN-21).
pub(crate) fn changes(issued: &IssuedVersion) -> String {
    let changes = plain::clean(&issued.changes);
    let changes = if changes.is_empty() { "No changes are described.".to_owned() } else { changes };
    match issued.action_needed {
        None => changes,
        Some(ActionNeeded::Again) => {
            format!(
                "{changes}\n\nAction is needed again: whoever acted on an earlier version must act on this one."
            )
        }
        Some(ActionNeeded::NotAgain) => {
            format!("{changes}\n\nNo new action is needed from those who acted on an earlier version.")
        }
    }
}

/// `Jan Example of Example Org`.
pub(crate) fn credit(credit: &Credit) -> String {
    let name = plain::line(&credit.name);
    match credit.organisation.as_deref().map(plain::line).filter(|organisation| !organisation.is_empty()) {
        Some(organisation) if name.is_empty() => organisation,
        Some(organisation) => format!("{name} of {organisation}"),
        None => name,
    }
}
