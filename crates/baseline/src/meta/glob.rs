//! Patterns of file names, within one folder and those below it. No link is followed.

use crate::error::Error;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// Length of a pattern, in bytes.
const PATTERN_BYTES_MAX: usize = 500;
/// Names that are looked at in one folder.
const NAMES_MAX: usize = 20_000;
/// Files that one pattern may stand for.
const FILES_MAX: usize = 1_000;

/// Whether a pattern stays within the folder: relative, no `..`, no name that begins with a dot.
#[must_use]
pub fn is_pattern(pattern: &str) -> bool {
    let plain = |name: &str| !name.is_empty() && !name.starts_with('.');
    pattern.len() <= PATTERN_BYTES_MAX
        && !pattern.contains(['\\', '[', ']'])
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
    if !pattern.contains(['*', '?']) {
        let exists = std::fs::symlink_metadata(folder.join(pattern)).is_ok();
        return Ok(exists.then(|| OsStr::new(pattern).to_owned()).into_iter().collect());
    }
    let mut names = Vec::new();
    for (count, entry) in std::fs::read_dir(folder).map_err(failed)?.enumerate() {
        if count >= NAMES_MAX {
            let limit = format!("{NAMES_MAX} names");
            return Err(Error::TooLarge { what: folder.display().to_string(), limit });
        }
        let name = entry.map_err(failed)?.file_name().into_vec();
        if !name.starts_with(b".") && matches(pattern.as_bytes(), &name) {
            names.push(OsString::from_vec(name));
        }
    }
    Ok(names)
}

/// `*` stands for any bytes, `?` for one character.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut from) = (0, 0);
    // Where the last `*` was, and up to where it has eaten.
    let mut star: Option<(usize, usize)> = None;
    while from < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at + 1, from));
                at += 1;
            }
            Some(b'?') => {
                at += 1;
                from += 1;
                while name.get(from).is_some_and(|byte| byte & 0xc0 == 0x80) {
                    from += 1;
                }
            }
            Some(byte) if name.get(from) == Some(byte) => (at, from) = (at + 1, from + 1),
            _ => match star {
                Some((after, eaten)) => {
                    star = Some((after, eaten + 1));
                    (at, from) = (after, eaten + 1);
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(at).all(|&byte| byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::{files, is_pattern, matches};

    #[test]
    fn patterns_match_as_in_a_shell() {
        for (pattern, name, expected) in [
            ("*", "0001-a.patch", true),
            ("????-*.patch", "0001-a.patch", true),
            ("????-*.patch", "001-a.patch", false),
            ("xsa?.patch", "xsa\u{fc}.patch", true),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b*", "xxbxxaxx", false),
            ("a", "a", true),
            ("a", "ab", false),
        ] {
            assert_eq!(matches(pattern.as_bytes(), name.as_bytes()), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn a_pattern_stays_in_its_folder_and_follows_no_link() {
        for bad in ["/etc/passwd", "../x", "a/../b", "a//b", "", ".git/config", "a/.", "a\\b", "a\0b", "[a"] {
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
