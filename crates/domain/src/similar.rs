//! What two cases have in common: a hint for the team that a report may be a duplicate. The reporter never
//! sees it, since it would tell that there is another case (ALL-01).

use crate::case::Case;
use std::collections::BTreeSet;
use std::fmt;

/// Words of a report that are looked at, at most.
const WORDS_MAX: usize = 5_000;
/// Share of three-word runs that two texts must have in common to be near-identical, in percent.
const NEAR_IDENTICAL_PERCENT: usize = 60;

/// Something that two cases share.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shared {
    /// A CVE identifier.
    Cve(String),
    /// The name of a source file.
    File(String),
    /// The name of a function.
    Function(String),
    /// Near-identical text, with the share in percent.
    Text(usize),
}

impl fmt::Display for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Shared::Cve(id) => f.write_str(id),
            Shared::File(name) => write!(f, "the file {name}"),
            Shared::Function(name) => write!(f, "the function {name}"),
            Shared::Text(percent) => write!(f, "{percent} % of the text"),
        }
    }
}

/// What the reports of two cases share.
#[must_use]
pub fn shared(one: &Case, other: &Case) -> Vec<Shared> {
    let (ours, theirs) = (traits(one), traits(other));
    let mut shared: Vec<Shared> = ours.names.intersection(&theirs.names).cloned().collect();
    let common = ours.runs.intersection(&theirs.runs).count();
    let all = ours.runs.union(&theirs.runs).count();
    if all > 0 && common * 100 / all >= NEAR_IDENTICAL_PERCENT {
        shared.push(Shared::Text(common * 100 / all));
    }
    shared
}

struct Traits {
    names: BTreeSet<Shared>,
    runs: BTreeSet<String>,
}

fn traits(case: &Case) -> Traits {
    let mut text = String::new();
    for report in &case.reports {
        text.push_str(report.title.as_str());
        text.push(' ');
        text.push_str(&report.text);
        text.push(' ');
    }
    let words: Vec<&str> = text.split_whitespace().take(WORDS_MAX).collect();
    let mut names: BTreeSet<Shared> = words.iter().filter_map(|word| name_in(word)).collect();
    names.extend(case.cves.iter().map(|cve| Shared::Cve(cve.to_string())));
    let runs = words.windows(3).map(|run| run.join(" ").to_lowercase()).collect();
    Traits { names, runs }
}

/// The CVE identifier, file or function that a word names.
fn name_in(word: &str) -> Option<Shared> {
    const SOURCE: [&str; 12] =
        [".c", ".h", ".py", ".go", ".rs", ".java", ".cc", ".cpp", ".js", ".ts", ".S", ".ml"];
    let bare = word.trim_matches(|c: char| !c.is_alphanumeric() && c != ')' && c != '_');
    let id = bare.trim_end_matches(')');
    if id.parse::<crate::advisory::CveId>().is_ok() {
        return Some(Shared::Cve(id.to_owned()));
    }
    if let Some((function, _)) = bare.split_once('(') {
        let plain = function.len() >= 4
            && function.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | ':'));
        return plain.then(|| Shared::Function(function.to_owned()));
    }
    let file = bare.rsplit('/').next()?.split(':').next()?;
    let is_source = SOURCE.iter().any(|ending| file.len() > ending.len() + 1 && file.ends_with(ending));
    is_source.then(|| Shared::File(file.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advisory::Title;
    use crate::case::{Report, open};
    use crate::id::CaseId;
    use crate::time::Instant;

    fn case(id: u64, text: &str) -> Case {
        let report = Report {
            title: Title::salvage("A report"),
            from: None,
            text: text.to_owned(),
            letter: None,
            attachments: Vec::new(),
            faults: Vec::new(),
            standing: Vec::new(),
            sealed: false,
        };
        Case::opened(&open(CaseId::from_bits(id), report, Instant::from_micros(0))).expect("an arrival")
    }

    #[test]
    fn files_functions_and_cves_are_found() {
        let one =
            case(1, "In xen/arch/x86/hvm/vlapic.c, hvm_x2apic_msr_read() reads too far (CVE-2014-7188).");
        let other = case(2, "I think vlapic.c:301 is wrong, see hvm_x2apic_msr_read(v). CVE-2014-7188?");
        let found = shared(&one, &other);
        assert_eq!(
            found,
            [
                Shared::Cve("CVE-2014-7188".to_owned()),
                Shared::File("vlapic.c".to_owned()),
                Shared::Function("hvm_x2apic_msr_read".to_owned())
            ]
        );
    }

    #[test]
    fn copies_are_found_and_strangers_are_not() {
        let text = "a guest can read memory that belongs to the hypervisor or to another guest by way of the register";
        assert!(matches!(shared(&case(1, text), &case(2, text)).as_slice(), [Shared::Text(100)]));
        let other = "the token interface accepts a signature that it should have refused, so anybody gets in";
        assert_eq!(shared(&case(1, text), &case(2, other)), []);
    }
}
