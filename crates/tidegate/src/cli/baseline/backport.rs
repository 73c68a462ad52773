//! `tidegate baseline check --backport`.

use crate::out::{Failure, printable};
use serde_json::Value;
use std::fmt::Write;
use std::path::Path;
use tidegate_baseline::apply::Workshop;
use tidegate_baseline::backport::{Backport, backport, write};
use tidegate_baseline::check::Request;
use tidegate_baseline::merge::ConflictKind;

/// Merges what does not apply, and writes what conflicts.
pub(super) fn help(
    shop: &mut Workshop,
    request: &Request,
    releases: &[String],
    folder: &Path,
) -> Result<Backport, Failure> {
    let help = backport(shop, request, releases)?;
    write(&help, folder)?;
    Ok(help)
}

pub(super) fn value(help: Option<&Backport>) -> Result<Value, Failure> {
    serde_json::to_value(help).map_err(|error| Failure::plain(error.to_string()))
}

pub(super) fn in_words(help: &Backport, folder: &Path) -> String {
    let mut text = String::new();
    for file in &help.files {
        let marked = match file.conflicts {
            0 => String::new(),
            1 => "1 conflict, ".to_owned(),
            several => format!("{several} conflicts, "),
        };
        let _ = writeln!(text, "  {}: {marked}{}", printable(&file.path), why(file.kind));
    }
    let written = help.files.iter().filter(|file| file.text.is_some()).count();
    if written > 0 {
        let files = if written == 1 {
            "1 file with conflicts is".to_owned()
        } else {
            format!("{written} files with conflicts are")
        };
        let _ = writeln!(text, "{files} in {}.", folder.display());
    }
    let _ = match &help.nearest_release {
        Some(near) => writeln!(
            text,
            "The nearest release on which it applies is {} ({} commits between).",
            printable(&near.release),
            near.commits_between
        ),
        None => writeln!(text, "It applies to no release that has a tag here."),
    };
    text
}

fn why(kind: ConflictKind) -> &'static str {
    match kind {
        ConflictKind::Content => "both changed it",
        ConflictKind::BothAdded => "both added it",
        ConflictKind::Deleted => "one changed it, the other deleted it",
        ConflictKind::RenamedAndDeleted => "one renamed it, the other deleted it",
        ConflictKind::RenamedTwice => "both renamed it, to different names",
        ConflictKind::FolderMoved => {
            "it came into a folder that the other side moved, and is where that folder is now"
        }
        ConflictKind::FolderMovedInWay => {
            "it came into a folder that the other side moved, and its place there is taken"
        }
        ConflictKind::FolderSplit => "the files of this folder went to several others",
        ConflictKind::OtherType => "one has a file where the other has a link or a submodule",
        ConflictKind::FileAndFolder => "one has a file where the other has a folder",
        ConflictKind::BaseUnknown => {
            "the patch does not apply, and the repository lacks the version that it was made for"
        }
    }
}
