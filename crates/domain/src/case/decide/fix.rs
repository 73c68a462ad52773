//! Patches, their tests, CVE identifiers, public commits and releases (CS-08 to CS-13).

use super::super::event::Event;
use super::super::machines::Rm;
use super::super::{Case, Reason, TestOutcome};
use super::{Asked, Decision, text_fits};
use crate::advisory::CveId;
use crate::id::Slug;
use crate::neutral::{Why, tells};
use crate::refusal::Refusal;

/// Most CVE identifiers of one case.
const CVES_MAX: usize = 100;
/// Longest commit message that is checked, in bytes.
const MESSAGE_BYTES_MAX: usize = 64 * 1024;
/// Longest name of a released version, in bytes.
const VERSION_BYTES_MAX: usize = 200;

pub(super) fn attach_patch(asked: &Asked<'_>, release: &Slug, name: &str, sha256: &str) -> Decision {
    work(asked.case, release)?;
    if !is_hex(sha256, 64) || !is_file_name(name) {
        let why =
            "a patch has a plain file name of up to 200 letters, digits and `.-_+~`, and a SHA-256 in hex";
        return Err(Refusal::Unfit { why: why.to_owned() });
    }
    let (release, name, sha256) = (release.clone(), name.to_owned(), sha256.to_lowercase());
    Ok(vec![Event::PatchAttached { release, name, sha256 }])
}

pub(super) fn record_test(asked: &Asked<'_>, release: &Slug, outcome: TestOutcome, note: &str) -> Decision {
    text_fits(note, true)?;
    if work(asked.case, release)?.patch.is_none() {
        return Err(Refusal::Unfit { why: format!("there is no patch for {release} to test") });
    }
    Ok(vec![Event::Tested { release: release.clone(), outcome, note: note.to_owned() }])
}

/// A reason stands until the next patch is attached. Beside a patch that applies there is nothing to explain,
/// unless the release proves not to be affected.
pub(super) fn give_reason(asked: &Asked<'_>, release: &Slug, reason: Reason, note: &str) -> Decision {
    text_fits(note, true)?;
    let work = worked_on(asked.case, release)?;
    if work.reason == Some(reason) {
        let why = format!("this reason is given for {release} already: {}", reason.phrase());
        return Err(Refusal::Unfit { why });
    }
    if work.is_green() && reason != Reason::NotAffected {
        let why = format!("the patch for {release} applies: there is nothing to give a reason for");
        return Err(Refusal::Unfit { why });
    }
    if work.commit.is_some() && !reason.has_patch() {
        let why = format!("the fix for {release} is public, in the commit that is recorded");
        return Err(Refusal::Unfit { why });
    }
    Ok(vec![Event::ReasonGiven { release: release.clone(), reason, note: note.to_owned() }])
}

pub(super) fn reserve_cve(asked: &Asked<'_>, cve: &CveId) -> Decision {
    if asked.case.cves.contains(cve) {
        return Err(Refusal::Unfit { why: format!("the case has {cve} already") });
    }
    if asked.case.cves.len() >= CVES_MAX {
        return Err(Refusal::Unfit { why: format!("a case has at most {CVES_MAX} CVE identifiers") });
    }
    Ok(vec![Event::CveReserved { cve: cve.clone() }])
}

pub(super) fn record_release(asked: &Asked<'_>, release: &Slug, version: &str) -> Decision {
    let work = work(asked.case, release)?;
    if version.trim().is_empty() || version.len() > VERSION_BYTES_MAX || version.contains(char::is_control) {
        return Err(Refusal::Unfit { why: "name the released version in one line".to_owned() });
    }
    if work.version.as_deref() == Some(version) {
        return Err(Refusal::Unfit { why: format!("{version} is recorded already") });
    }
    Ok(vec![Event::Released { release: release.clone(), version: version.to_owned() }])
}

fn being_worked_on(case: &Case) -> Result<(), Refusal> {
    match case.rm {
        Rm::Accepted => Ok(()),
        Rm::Start | Rm::Received | Rm::Invalid | Rm::Valid | Rm::Deferred | Rm::Closed => {
            Err(Refusal::OutOfModel { why: "only a confirmed vulnerability gets a fix" })
        }
    }
}

fn work<'a>(case: &'a Case, release: &Slug) -> Result<&'a super::super::ReleaseWork, Refusal> {
    being_worked_on(case)?;
    named(case, release)
}

/// A closed case can still be re-issued, and its releases be found to be others than was said.
fn worked_on<'a>(case: &'a Case, release: &Slug) -> Result<&'a super::super::ReleaseWork, Refusal> {
    super::advisory::accepted(case)?;
    named(case, release)
}

fn named<'a>(case: &'a Case, release: &Slug) -> Result<&'a super::super::ReleaseWork, Refusal> {
    case.release(release).ok_or_else(|| Refusal::UnknownRelease {
        release: release.to_string(),
        known: case.releases.iter().map(|work| work.release.to_string()).collect(),
    })
}

/// CS-10 and CS-12: only what passed its test, and only with a message that gives nothing away.
pub(super) fn record_commit(asked: &Asked<'_>, release: &Slug, commit: &str, message: &str) -> Decision {
    let work = work(asked.case, release)?;
    if !(is_hex(commit, 40) || is_hex(commit, 64)) {
        return Err(Refusal::Unfit {
            why: "a commit is named by its full id, 40 or 64 hex digits".to_owned(),
        });
    }
    if message.trim().is_empty() || message.len() > MESSAGE_BYTES_MAX {
        return Err(Refusal::Unfit {
            why: format!("give the commit's message, at most {MESSAGE_BYTES_MAX} bytes: it is checked"),
        });
    }
    if work.commit.as_deref().is_some_and(|known| known != commit) {
        let why =
            format!("another commit is recorded for {release} already; a follow-up belongs in a re-issue");
        return Err(Refusal::Unfit { why });
    }
    if work.test != Some(TestOutcome::Pass) {
        return Err(Refusal::NotTested { release: release.to_string() });
    }
    // Once it is public there is nothing left to give away.
    if !asked.case.state.pxa.public {
        let words = telling_words(asked, message);
        if !words.is_empty() {
            return Err(Refusal::SaysTooMuch { words, clause: asked.policy.commit.clause.clone() });
        }
    }
    Ok(vec![Event::Committed { release: release.clone(), commit: commit.to_lowercase() }])
}

/// What refuses the message, each once.
fn telling_words(asked: &Asked<'_>, message: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for tell in tells(asked.policy, Some(asked.case), message).into_iter().filter(|tell| tell.why.refuses()) {
        let word = match tell.why {
            Why::Title => format!("the case's title “{}”", tell.word),
            Why::Policy | Why::Case | Why::Cve | Why::Number | Why::Reporter | Why::TitleWord => tell.word,
        };
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

/// A name that is safe as part of a path and of a URL.
fn is_file_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+' | '~');
    !name.is_empty() && name.len() <= 200 && !name.starts_with('.') && name.chars().all(plain)
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|b| b.is_ascii_hexdigit())
}
