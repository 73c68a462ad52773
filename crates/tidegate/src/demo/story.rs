//! A story: who did what, when, and how we know.

use tidegate_domain::advisory::{AffectedProduct, AffectedRange, Credit, Draft, Reference, Section, Title};
use tidegate_domain::case::Action;
use tidegate_domain::id::Slug;
use tidegate_domain::time::Instant;

/// How we know what a beat says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// It is public, at this address.
    Fact(&'static str),
    /// It is not public; we made it up so that the story holds together.
    Assumed,
}

/// Something that somebody does in a story.
pub struct Beat {
    /// When.
    pub at: Instant,
    /// In which of the story's cases.
    pub case: usize,
    /// Who.
    pub who: Slug,
    /// What.
    pub deed: Deed,
    /// How we know.
    pub known: Known,
}

/// What somebody does.
pub enum Deed {
    /// A report arrives by mail and opens the case.
    Report(&'static str),
    /// Somebody asks something of the case.
    Do(Box<Action>),
    /// Somebody asks for what a rule refuses; the story shows the refusal.
    Try(Box<Action>),
    /// The program's next number of the advisory is assigned; the story needs this one.
    Number(&'static str),
    /// A patch file is attached, written for the demo.
    Patch {
        /// The release.
        release: &'static str,
        /// The file's name.
        name: &'static str,
    },
}

/// A project with its people, and what happened to one or more of its cases.
pub struct Story {
    /// The project's name in the instance.
    pub project: Slug,
    /// The policy file's text.
    pub policy: &'static str,
    /// A heading.
    pub title: &'static str,
    /// The people: name, mail, role.
    pub people: &'static [(&'static str, &'static str, &'static str)],
    /// What happened, in order.
    pub beats: Vec<Beat>,
}

impl Story {
    /// The instant of the first beat.
    #[must_use]
    pub fn begins(&self) -> Instant {
        self.beats.first().map_or(Instant::from_micros(0), |beat| beat.at)
    }
}

/// An instant of a story.
#[must_use]
pub fn instant(text: &str) -> Instant {
    text.parse().unwrap_or_else(|_| unreachable!("an instant of a story: {text}"))
}

/// A name of a story.
#[must_use]
pub fn name(text: &str) -> Slug {
    text.parse().unwrap_or_else(|_| unreachable!("a name of a story: {text}"))
}

/// A beat in the first case.
#[must_use]
pub fn beat(at: &str, who: &str, action: Action, known: Known) -> Beat {
    Beat { at: instant(at), case: 0, who: name(who), deed: Deed::Do(Box::new(action)), known }
}

/// A beat that is refused.
#[must_use]
pub fn refused(at: &str, who: &str, action: Action) -> Beat {
    Beat {
        at: instant(at),
        case: 0,
        who: name(who),
        deed: Deed::Try(Box::new(action)),
        known: Known::Assumed,
    }
}

/// The same beat in another case of the story.
#[must_use]
pub fn in_case(case: usize, beat: Beat) -> Beat {
    Beat { case, ..beat }
}

/// A draft, in our own words.
#[must_use]
pub fn draft(
    title: &str,
    sections: &[(Section, &str)],
    affected: Vec<AffectedProduct>,
    credits: &[(&str, Option<&str>)],
    references: &[(&str, &str)],
    cwe: Option<&str>,
) -> Draft {
    Draft {
        title: Title::salvage(title),
        sections: sections.iter().map(|(section, text)| (*section, (*text).to_owned())).collect(),
        affected,
        credits: credits
            .iter()
            .map(|(name, organisation)| Credit {
                name: (*name).to_owned(),
                organisation: organisation.map(str::to_owned),
            })
            .collect(),
        references: references
            .iter()
            .map(|(title, url)| Reference { title: (*title).to_owned(), url: (*url).to_owned() })
            .collect(),
        cwe: cwe.map(str::to_owned),
    }
}

/// A product with its affected ranges: introduced, fixed, last affected.
#[must_use]
pub fn product(
    name: &str,
    purl: Option<&str>,
    repository: &str,
    ranges: &[(Option<&str>, Option<&str>, Option<&str>)],
) -> AffectedProduct {
    let owned = |text: &Option<&str>| text.map(str::to_owned);
    AffectedProduct {
        product: name.to_owned(),
        purl: purl.map(str::to_owned),
        repository: Some(repository.to_owned()),
        ranges: ranges
            .iter()
            .map(|(introduced, fixed, last_affected)| AffectedRange {
                introduced: owned(introduced),
                fixed: owned(fixed),
                last_affected: owned(last_affected),
            })
            .collect(),
    }
}
