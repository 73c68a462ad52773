//! Patterns of file names, within one folder and those below it. No link is followed.

use crate::error::Error;
use glob::{MatchOptions, Pattern};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Length of a pattern, in bytes.
const PATTERN_BYTES_MAX: usize = 500;
/// Names that are looked at in one folder.
const NAMES_MAX: usize = 20_000;
/// Files that one pattern may stand for.
const FILES_MAX: usize = 1_000;

const AS_A_SHELL: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

/// Whether a pattern stays within the folder: relative, no `..`, no name that begins with a dot.
#[must_use]
pub fn is_pattern(pattern: &str) -> bool {
    let plain = |name: &str| !name.is_empty() && !name.starts_with('.');
    pattern.len() <= PATTERN_BYTES_MAX
        && !pattern.contains('\\')
        && !pattern.chars().any(char::is_control)
        && pattern.split('/').all(plain)
}

/// The files that a pattern stands for, in the order of their names; at least one.
///
/// # Errors
/// There is none, too many, or something that is no plain file or folder; or it leads out of the folder.
pub fn files(folder: &Path, pattern: &str) -> Result<Vec<PathBuf>, Error> {
    if !is_pattern(pattern) {
        return Err(Error::Request(format!("{pattern:?} may lead out of the file's own folder")));
    }
    let mut found = vec![PathBuf::new()];
    let mut names = pattern.split('/').peekable();
    while let Some(name) = names.next() {
        let is_last = names.peek().is_none();
        let mut next = Vec::new();
        for at in found {
            for name in matching(&folder.join(&at), name)? {
                let path = at.join(name);
                let there = std::fs::symlink_metadata(folder.join(&path));
                let there = there.map_err(|error| Error::io(&folder.join(&path), error))?;
                if there.is_symlink() || !(there.is_file() || there.is_dir()) {
                    let what = format!("{} is a link, or no plain file", folder.join(&path).display());
                    return Err(Error::Request(what));
                }
                if there.is_file() == is_last {
                    next.push(path);
                }
            }
        }
        if next.len() > FILES_MAX {
            let limit = format!("{FILES_MAX} files");
            return Err(Error::TooLarge { what: format!("what {pattern:?} stands for"), limit });
        }
        found = next;
    }
    found.sort_by(|one, other| one.as_os_str().as_bytes().cmp(other.as_os_str().as_bytes()));
    if found.is_empty() {
        return Err(Error::Request(format!("no file in {} matches {pattern:?}", folder.display())));
    }
    Ok(found)
}

/// The names in a folder that match one part of a pattern.
fn matching(folder: &Path, pattern: &str) -> Result<Vec<OsString>, Error> {
    let failed = |error| Error::io(folder, error);
    if !pattern.contains(['*', '?', '[']) {
        let exists = std::fs::symlink_metadata(folder.join(pattern)).is_ok();
        return Ok(exists.then(|| OsStr::new(pattern).to_owned()).into_iter().collect());
    }
    let pattern = Pattern::new(pattern)
        .map_err(|error| Error::Request(format!("{pattern:?} is no pattern: {}", error.msg)))?;
    let mut names = Vec::new();
    for (count, entry) in std::fs::read_dir(folder).map_err(failed)?.enumerate() {
        if count >= NAMES_MAX {
            let limit = format!("{NAMES_MAX} names");
            return Err(Error::TooLarge { what: folder.display().to_string(), limit });
        }
        let name = entry.map_err(failed)?.file_name();
        if name.to_str().is_some_and(|name| pattern.matches_with(name, AS_A_SHELL)) {
            names.push(name);
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::{files, is_pattern};

    #[test]
    fn patterns_match_as_in_a_shell() {
        let room = tempfile::tempdir().expect("a folder");
        for name in ["0001-a.patch", "001-b.patch", "0002-c.patch", ".0003-d.patch"] {
            std::fs::write(room.path().join(name), "").expect("written");
        }
        for (pattern, expected) in [
            ("*", &["0001-a.patch", "0002-c.patch", "001-b.patch"][..]),
            ("????-*.patch", &["0001-a.patch", "0002-c.patch"]),
            ("000[2-9]-*", &["0002-c.patch"]),
            ("[!0]*", &[]),
            ("**", &["0001-a.patch", "0002-c.patch", "001-b.patch"]),
        ] {
            let found = files(room.path(), pattern).unwrap_or_default();
            assert_eq!(found, expected.iter().map(std::path::PathBuf::from).collect::<Vec<_>>(), "{pattern}");
        }
        files(room.path(), "000[2").expect_err("no pattern");
    }

    #[test]
    fn a_pattern_stays_in_its_folder_and_follows_no_link() {
        for bad in ["/etc/passwd", "../x", "a/../b", "a//b", "", ".git/config", "a/.", "a\\b", "a\0b"] {
            assert!(!is_pattern(bad), "{bad:?}");
        }
        let room = tempfile::tempdir().expect("a folder");
        let folder = room.path().join("xsa1");
        std::fs::create_dir(&folder).expect("a folder");
        for name in ["0002-b.patch", "0001-a.patch", ".hidden"] {
            std::fs::write(folder.join(name), "").expect("written");
        }
        let found = files(room.path(), "xsa1/*").expect("files");
        assert_eq!(found, ["xsa1/0001-a.patch", "xsa1/0002-b.patch"].map(std::path::PathBuf::from));
        std::os::unix::fs::symlink("/etc/passwd", folder.join("0003-c.patch")).expect("linked");
        let refused = files(room.path(), "xsa1/*").expect_err("a link").to_string();
        assert!(refused.contains("is a link"), "{refused}");
        std::os::unix::fs::symlink("/etc", room.path().join("xsa2")).expect("linked");
        files(room.path(), "xsa2/*").expect_err("a link to a folder");
        files(room.path(), "xsa3/*").expect_err("none");
    }
}
