//! Files that are written for people: into a folder that is new or empty, and nowhere else.

use crate::error::Error;
use std::ffi::OsStr;
use std::io::{ErrorKind, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use tidegate_domain::patch::check_path;

/// Writes files, by their paths, into a folder that is made if it is not there. No path is used that git would refuse,
/// and no link is followed.
///
/// # Errors
/// The folder is not empty, or no folder; a path leads out of it, in which case nothing is written; it cannot be written.
pub fn fill(folder: &Path, files: &[(&[u8], &[u8])]) -> Result<(), Error> {
    let failed = |error| Error::io(folder, error);
    for (place, _) in files {
        let path = || String::from_utf8_lossy(place).into_owned();
        check_path(place).map_err(|fault| Error::Path { path: path(), fault })?;
    }
    match std::fs::symlink_metadata(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            std::fs::create_dir_all(folder).map_err(failed)?
        }
        Err(error) => return Err(failed(error)),
        Ok(there) if !there.is_dir() => {
            return Err(Error::Request(format!("{} is no folder", folder.display())));
        }
        Ok(_) => {}
    }
    if std::fs::read_dir(folder).map_err(failed)?.next().is_some() {
        let message =
            format!("{} is not empty; name an empty folder, or one that is not there", folder.display());
        return Err(Error::Request(message));
    }
    files.iter().try_for_each(|(place, content)| write(folder, place, content))
}

/// Folders are made one by one, and never followed where something else is in their place.
fn write(folder: &Path, place: &[u8], content: &[u8]) -> Result<(), Error> {
    let mut path = folder.to_owned();
    let mut names = place.split(|&byte| byte == b'/').map(OsStr::from_bytes).peekable();
    while let Some(name) = names.next() {
        path.push(name);
        if names.peek().is_none() {
            break;
        }
        match std::fs::create_dir(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                let there = std::fs::symlink_metadata(&path).map_err(|error| Error::io(&path, error))?;
                if !there.is_dir() {
                    return Err(Error::Request(format!("{} is in the way", path.display())));
                }
            }
            other => other.map_err(|error| Error::io(&path, error))?,
        }
    }
    let mut file = std::fs::File::create_new(&path).map_err(|error| Error::io(&path, error))?;
    file.write_all(content).map_err(|error| Error::io(&path, error))
}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn nothing_is_written_outside_nor_beside_what_is_there() {
        let room = tempfile::tempdir().expect("a folder");
        let folder = room.path().join("new/folder");
        for bad in ["../out", "/etc/passwd", "a/../../out", ".git/config", "a//b", ""] {
            let refused = fill(&folder, &[(b"good", b"x"), (bad.as_bytes(), b"x")]);
            assert!(refused.is_err() && !folder.exists(), "{bad:?}");
        }
        fill(&folder, &[(b"a/b", b"x"), (b"a/c", b"y")]).expect("written");
        assert_eq!(std::fs::read(folder.join("a/c")).expect("a file"), b"y");
        let again = fill(&folder, &[(b"d", b"x")]).expect_err("it is not empty").to_string();
        assert!(again.contains("not empty"), "{again}");
        let link = room.path().join("link");
        std::os::unix::fs::symlink(room.path().join("new"), &link).expect("linked");
        fill(&link, &[(b"d", b"x")]).expect_err("a link is no folder");
    }
}
