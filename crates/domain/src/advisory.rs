//! What a project says about a vulnerability: the draft that people write, and the publication that
//! everybody reads (XEN-21, CS-11).

use crate::case::resolution::Reason;
use crate::rating::Rating;
use crate::time::Instant;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// Longest title, in characters.
pub const TITLE_CHARS_MAX: usize = 200;
/// Longest text of one section, in bytes.
pub const SECTION_BYTES_MAX: usize = 64 * 1024;
/// Words that mark what is not finished, whole and in capitals.
const UNFINISHED_MARKS: [&str; 4] = ["TODO", "FIXME", "XXX", "TBD"];

/// The first word of `text` by which an author marked it as not finished.
#[must_use]
pub fn unfinished_mark(text: &str) -> Option<&'static str> {
    let mut words = text.split(|c: char| !c.is_alphanumeric());
    words.find_map(|word| UNFINISHED_MARKS.into_iter().find(|mark| *mark == word))
}

/// Most entries in any list of a draft.
pub const DRAFT_LIST_MAX: usize = 200;

/// A part of an advisory's text. A policy says which ones its advisories must have, and in which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Section {
    /// One paragraph for whoever reads nothing else.
    Summary,
    /// What is wrong.
    Description,
    /// What an attacker gains.
    Impact,
    /// Which systems are vulnerable, and in which configurations.
    AffectedSystems,
    /// What helps until the fix is installed.
    Mitigation,
    /// How to fix it.
    Resolution,
    /// What members may deploy, and when, during the embargo (XEN-11).
    Deployment,
    /// Anything else that readers need.
    Notes,
}

impl Section {
    /// Every section.
    pub const ALL: [Section; 8] = [
        Section::Summary,
        Section::Description,
        Section::Impact,
        Section::AffectedSystems,
        Section::Mitigation,
        Section::Resolution,
        Section::Deployment,
        Section::Notes,
    ];

    /// The name in policies, draft files and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Section::Summary => "summary",
            Section::Description => "description",
            Section::Impact => "impact",
            Section::AffectedSystems => "affected-systems",
            Section::Mitigation => "mitigation",
            Section::Resolution => "resolution",
            Section::Deployment => "deployment",
            Section::Notes => "notes",
        }
    }
}

/// A title: one line, not empty, no control characters, at most [`TITLE_CHARS_MAX`] characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Title(String);

/// What stands where a letter had no subject.
const NO_TITLE: &str = "(no title)";

impl Title {
    /// The title's text. It may hold `<`, `&`, quotes and right-to-left letters: escape it for its format.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A title made of whatever arrived: control characters become spaces, the rest is cut to length.
    /// For titles that nobody can be asked to mend, such as the subject of a report (ALL-05).
    #[must_use]
    pub fn salvage(text: &str) -> Title {
        let cleaned: String = text.chars().map(|c| if is_unprintable(c) { ' ' } else { c }).collect();
        let words: Vec<&str> = cleaned.split_whitespace().collect();
        let cut: String = words.join(" ").chars().take(TITLE_CHARS_MAX).collect();
        if cut.trim().is_empty() { Title(NO_TITLE.to_owned()) } else { Title(cut.trim().to_owned()) }
    }

    /// Whether [`Title::salvage`] found nothing to make a title of.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.0 == NO_TITLE
    }
}

/// Control characters, and the invisible ones that reorder text on a screen.
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Why a text cannot be a title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotATitle(&'static str);

impl fmt::Display for NotATitle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the title {}", self.0)
    }
}

impl std::error::Error for NotATitle {}

impl FromStr for Title {
    type Err = NotATitle;

    fn from_str(text: &str) -> Result<Title, NotATitle> {
        let text = text.trim();
        if text.is_empty() {
            Err(NotATitle("is empty"))
        } else if text.chars().any(is_unprintable) {
            Err(NotATitle(
                "holds a line break, a control character or an invisible one; write it in one plain line",
            ))
        } else if text.chars().count() > TITLE_CHARS_MAX {
            Err(NotATitle("is longer than 200 characters"))
        } else {
            Ok(Title(text.to_owned()))
        }
    }
}

impl TryFrom<String> for Title {
    type Error = NotATitle;

    fn try_from(text: String) -> Result<Title, NotATitle> {
        text.parse()
    }
}

impl From<Title> for String {
    fn from(title: Title) -> String {
        title.0
    }
}

impl fmt::Display for Title {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A CVE identifier, `CVE-2014-7188`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CveId(String);

impl CveId {
    /// The identifier as written in every format.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text is not a CVE identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotACveId(pub String);

impl fmt::Display for NotACveId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a CVE identifier; one looks like CVE-2014-7188", self.0.escape_debug())
    }
}

impl std::error::Error for NotACveId {}

impl FromStr for CveId {
    type Err = NotACveId;

    /// The grammar of the CVE JSON 5.1 schema: `CVE-` year `-` 4 to 19 digits.
    fn from_str(text: &str) -> Result<CveId, NotACveId> {
        let wrong = || NotACveId(text.chars().take(40).collect());
        let (year, number) =
            text.strip_prefix("CVE-").and_then(|rest| rest.split_once('-')).ok_or_else(wrong)?;
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if year.len() == 4 && digits(year) && (4..=19).contains(&number.len()) && digits(number) {
            Ok(CveId(text.to_owned()))
        } else {
            Err(wrong())
        }
    }
}

impl TryFrom<String> for CveId {
    type Error = NotACveId;

    fn try_from(text: String) -> Result<CveId, NotACveId> {
        text.parse()
    }
}

impl From<CveId> for String {
    fn from(id: CveId) -> String {
        id.0
    }
}

impl fmt::Display for CveId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Versions of one product that are affected, and where each range ends. Version strings are the project's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AffectedRange {
    /// The first affected version; `None`: from the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub introduced: Option<String>,
    /// The first version that is not affected any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed: Option<String>,
    /// The last affected version, where no fixed one is known. Not together with `fixed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_affected: Option<String>,
}

/// A product that the vulnerability is in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AffectedProduct {
    /// The product's name as its users know it: `Keystone`.
    pub product: String,
    /// Its package URL without a version, where it has one: `pkg:pypi/keystone`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purl: Option<String>,
    /// Its source repository, an `https:` URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// The affected ranges. Empty: all versions.
    #[serde(default)]
    pub ranges: Vec<AffectedRange>,
}

/// Who is thanked, and for what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credit {
    /// The person or group.
    pub name: String,
    /// Their organisation, where they want it named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
}

/// A public page about the vulnerability.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// What the page is: `Launchpad bug 2119646`.
    pub title: String,
    /// An `https:` URL.
    pub url: String,
}

/// The text of an advisory as people write it, before it has a place in time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    /// One line that says what it is about.
    pub title: Title,
    /// The text, section by section.
    pub sections: BTreeMap<Section, String>,
    /// What is affected.
    #[serde(default)]
    pub affected: Vec<AffectedProduct>,
    /// Who is thanked.
    #[serde(default)]
    pub credits: Vec<Credit>,
    /// Further reading.
    #[serde(default)]
    pub references: Vec<Reference>,
    /// The weakness, as `CWE-441`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwe: Option<String>,
}

/// Whether readers of a re-issue have to do something again (XEN-21).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ActionNeeded {
    /// Whoever acted on an earlier version must act again.
    Again,
    /// Whoever acted on an earlier version is done.
    NotAgain,
}

/// The project as it presents itself in publications.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Publisher {
    /// The project's name: `Xen Project`.
    pub name: String,
    /// Its home page, an `https:` URL; publications use it as CSAF namespace.
    pub url: String,
    /// Where reports go: a mail address.
    pub contact: String,
    /// The CVE numbering authority that publishes its records: short name and organisation id (a UUID).
    pub cna: Cna,
}

/// A CVE numbering authority.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cna {
    /// Short name: `XEN`, `apache`, `mitre`.
    pub short_name: String,
    /// The organisation's id, a version 4 UUID.
    pub org_id: String,
}

/// One issued version of an advisory, as its history lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuedVersion {
    /// 1, 2, 3 ...
    pub version: u32,
    /// When it became public.
    pub at: Instant,
    /// What changed; for version 1 a word such as "Public release.".
    pub changes: String,
    /// For a re-issue: whether readers must act again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action_needed: Option<ActionNeeded>,
}

/// A fix on one maintained release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fix {
    /// The release (a maintained line): `4.4`, `2025.1`, `main`.
    pub release: String,
    /// The commit on that line's public branch, a full git object id.
    pub commit: Option<String>,
    /// The released version that contains it.
    pub version: Option<String>,
    /// The patch file's name and its sha256, in hex.
    pub patches: Vec<PatchFile>,
    /// The trees of the release to which the patch is found to apply (XEN-24).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub applies: Vec<AppliesTo>,
    /// Why the release has no patch that is found to apply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

/// A tree of a release to which its patch applies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppliesTo {
    /// The tree, as the project names it: a tag or a branch.
    pub tree: String,
    /// The commits of the release's branch that come first, by their full ids, in this order. Their subjects are
    /// left out: they are words that nobody approved.
    pub prerequisites: Vec<String>,
}

/// A patch file by name and content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatchFile {
    /// File name without any folder.
    pub name: String,
    /// SHA-256 of the content, 64 lower-case hex digits.
    pub sha256: String,
}

/// Everything that becomes public about a case with one version of its advisory. Every output format is
/// a function of this value alone, so that the same case gives the same bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publication {
    /// Whose advisory it is.
    pub publisher: Publisher,
    /// The advisory's number: `XSA-108`, `OSSA-2025-002`, `CVE-2013-2756`.
    pub number: String,
    /// The text.
    pub draft: Draft,
    /// The order of sections, and the heading that this project gives to each.
    pub headings: Vec<(Section, String)>,
    /// CVE identifiers, in order.
    pub cves: Vec<CveId>,
    /// The severity, where it was rated; otherwise "severity pending" (SCS-13).
    pub rating: Option<Rating>,
    /// Fixes by release.
    pub fixes: Vec<Fix>,
    /// All issued versions, oldest first, this one last. Never empty.
    pub history: Vec<IssuedVersion>,
    /// Sentences that other formats derive from the embargo or policy; empty once nothing is special.
    pub notices: Vec<String>,
}

impl Publication {
    /// The version being issued.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.history.last().map_or(1, |issued| issued.version)
    }

    /// When the first version became public.
    #[must_use]
    pub fn first_public(&self) -> Instant {
        self.history.first().map_or(Instant::from_micros(0), |issued| issued.at)
    }

    /// When this version became public.
    #[must_use]
    pub fn last_updated(&self) -> Instant {
        self.history.last().map_or(Instant::from_micros(0), |issued| issued.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_finished_says_so_in_whole_words() {
        assert_eq!(unfinished_mark("see below (XXX)"), Some("XXX"));
        assert_eq!(unfinished_mark("a\nTODO: impact"), Some("TODO"));
        assert_eq!(unfinished_mark("XXXL, todo, METBD"), None);
    }

    #[test]
    fn a_title_is_one_honest_line() {
        assert!("Improper <range> & \"quotes\"".parse::<Title>().is_ok());
        for bad in ["", "  ", "a\nb", "a\u{202e}b", &"x".repeat(201)] {
            assert!(bad.parse::<Title>().is_err(), "{bad:?}");
        }
        assert_eq!(Title::salvage("a\r\nBcc: b\u{202e}").as_str(), "a Bcc: b");
        assert_eq!(Title::salvage("\u{0}").as_str(), "(no title)");
    }

    #[test]
    fn a_cve_id_follows_the_schema() {
        assert!("CVE-2014-7188".parse::<CveId>().is_ok());
        for bad in ["CVE-2026-pending", "CVE-14-7188", "CVE-2014-718", "cve-2014-7188", ""] {
            assert!(bad.parse::<CveId>().is_err(), "{bad}");
        }
    }
}
