//! What `tidegate baseline check --symbols` says of names that are missing.

use crate::applies::short;
use crate::out::printable;
use std::fmt::Write;
use tidegate_baseline::check::Answer;
use tidegate_baseline::symbols::names::Usage;
use tidegate_baseline::symbols::{SymbolNeed, Symbols};

pub(super) fn in_words(symbols: &Symbols, answer: &Answer, release: &str) -> String {
    let mut text = String::new();
    if answer.tree.is_none() {
        return text;
    }
    if symbols.needs.is_empty() && symbols.complete {
        let _ =
            writeln!(text, "No name was found that it uses and only a commit that is left out introduces.");
    }
    if !symbols.needs.is_empty() {
        let _ = writeln!(text, "WARNING: it may not build. Further commits introduce names that it uses:");
    }
    for need in &symbols.needs {
        need_in_words(&mut text, need, release);
    }
    if !symbols.complete {
        let _ = writeln!(
            text,
            "Not all of the release and the branch was looked at: names may be there after all, and others missing."
        );
    }
    text
}

fn need_in_words(text: &mut String, need: &SymbolNeed, release: &str) {
    let reason = &need.reason;
    let mark = if reason.security { " [advisory]" } else { "" };
    let _ = writeln!(text, "  {} {}{mark}", reason.commit, printable(&reason.subject));
    let call = if need.usage == Usage::Call { "()" } else { "" };
    let by = &reason.needed_by;
    let _ = writeln!(
        text,
        "    hunk {} of {}, {}, line {}: uses {}{call}, which {} introduces in {}; {release} does not have it",
        need.hunk,
        by.patch,
        printable(&by.file),
        by.line,
        printable(&need.name),
        short(&reason.commit),
        printable(&need.defined_in),
    );
}
