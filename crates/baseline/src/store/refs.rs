//! Where a repository is, and what its branches and tags are called.

use super::{Store, TEXT_BYTES_MAX};
use crate::error::Error;
use gix_hash::{Kind, ObjectId};
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

/// How often one reference may lead to another.
const SYMBOLIC_MAX: usize = 8;
/// References in files of their own that are looked at.
const LOOSE_MAX: usize = 100_000;
/// Fewest digits of a shortened id.
const DIGITS_MIN: usize = 4;

/// The repository's own folder, and the one that it shares with others.
pub(super) fn locate(path: &Path) -> Result<(PathBuf, PathBuf), Error> {
    let inner = path.join(".git");
    let git_dir = if inner.is_dir() {
        inner
    } else if let Some(elsewhere) = linked(&inner, "gitdir: ")? {
        path.join(elsewhere)
    } else {
        path.to_owned()
    };
    let common = linked(&git_dir.join("commondir"), "")?;
    let common_dir = common.map_or_else(|| git_dir.clone(), |common| git_dir.join(common));
    if !common_dir.join("objects").is_dir() {
        return Err(Error::repository(
            path,
            "there is no git repository; name its folder, bare or with a work tree",
        ));
    }
    if common_dir.join("reftable").is_dir() {
        return Err(Error::repository(path, "its references are in the format reftable, which is not read"));
    }
    Ok((git_dir, common_dir))
}

fn linked(file: &Path, prefix: &str) -> Result<Option<PathBuf>, Error> {
    let text = read_text(file)?;
    Ok(text.and_then(|text| Some(PathBuf::from(text.trim_end().strip_prefix(prefix)?))))
}

/// The text of a small file, if it is there.
fn read_text(path: &Path) -> Result<Option<String>, Error> {
    match std::fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => Ok(None),
        Ok(metadata) if metadata.len() > TEXT_BYTES_MAX => {
            let limit = format!("{TEXT_BYTES_MAX} bytes");
            Err(Error::TooLarge { what: path.display().to_string(), limit })
        }
        Ok(_) => {
            let bytes = std::fs::read(path).map_err(|error| Error::io(path, error))?;
            let text = String::from_utf8(bytes);
            Ok(Some(text.unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())))
        }
        Err(_) => Ok(None),
    }
}

/// Which hash names the objects. It is the one thing that is read from the repository's configuration.
pub(super) fn hash_kind(common_dir: &Path) -> Result<Kind, Error> {
    let text = read_text(&common_dir.join("config"))?.unwrap_or_default();
    let format = text.lines().find_map(|line| {
        let (key, value) = line.split_once('=')?;
        key.trim().eq_ignore_ascii_case("objectformat").then(|| value.trim().to_ascii_lowercase())
    });
    match format.as_deref() {
        None | Some("sha1") => Ok(Kind::Sha1),
        Some("sha256") => Ok(Kind::Sha256),
        Some(_) => Err(Error::repository(common_dir, "its object format is neither sha1 nor sha256")),
    }
}

/// The folders that a folder of objects borrows from.
pub(super) fn alternates(objects: &Path) -> Result<Vec<PathBuf>, Error> {
    let text = read_text(&objects.join("info/alternates"))?.unwrap_or_default();
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    // By their real names: they may lead back to where they began. Those that are not there lend nothing.
    Ok(lines.filter_map(|line| objects.join(line).canonicalize().ok()).collect())
}

pub(super) fn resolve(store: &Store, name: &str) -> Result<ObjectId, Error> {
    let digits = name.len() >= DIGITS_MIN && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    if name.len() == store.hash.len_in_hex() && digits {
        return ObjectId::from_hex(name.as_bytes()).map_err(|_| Error::NoSuchName(name.to_owned()));
    }
    let packed = packed(store)?;
    let packed = packed.as_str();
    for form in ["", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/"] {
        if let Some(id) = lookup(store, packed, &format!("{form}{name}"), 0)? {
            return Ok(id);
        }
    }
    if !digits {
        return Err(Error::NoSuchName(name.to_owned()));
    }
    match store.with_prefix(&name.to_ascii_lowercase(), 2)?.as_slice() {
        [one] => Ok(*one),
        [] => Err(Error::NoSuchName(name.to_owned())),
        _ => Err(Error::Request(format!(
            "{name} is the beginning of more than one object's id: give more of it"
        ))),
    }
}

/// What a reference stands for. Its name must not lead out of the repository.
fn lookup(store: &Store, packed: &str, name: &str, depth: usize) -> Result<Option<ObjectId>, Error> {
    let plain = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
    if !plain || depth > SYMBOLIC_MAX {
        return Ok(None);
    }
    let folder = if name.starts_with("refs/") { &store.common_dir } else { &store.git_dir };
    if let Some(text) = read_text(&folder.join(name))? {
        let text = text.trim_end();
        return match text.strip_prefix("ref: ") {
            Some(target) => lookup(store, packed, target.trim(), depth + 1),
            None => Ok(ObjectId::from_hex(text.as_bytes()).ok()),
        };
    }
    Ok(packed_reference(packed, name))
}

/// The line of `packed-refs` with this name: an id, a space, the name.
fn packed_reference(packed: &str, name: &str) -> Option<ObjectId> {
    let wanted = format!(" {name}\n");
    let at = memchr::memmem::find(packed.as_bytes(), wanted.as_bytes())?;
    let line = packed.get(..at)?.rsplit('\n').next()?;
    ObjectId::from_hex(line.as_bytes()).ok()
}

fn packed(store: &Store) -> Result<String, Error> {
    Ok(read_text(&store.common_dir.join("packed-refs"))?.unwrap_or_default())
}

fn packed_lines(text: &str) -> impl Iterator<Item = (ObjectId, &str)> {
    text.lines().filter_map(|line| {
        let (id, name) = line.split_once(' ')?;
        Some((ObjectId::from_hex(id.as_bytes()).ok()?, name))
    })
}

pub(super) fn all(store: &Store, prefix: &str) -> Result<Vec<(String, ObjectId)>, Error> {
    let packed = packed(store)?;
    let mut found: BTreeMap<String, ObjectId> = packed_lines(&packed)
        .filter(|(_, name)| name.starts_with(prefix))
        .map(|(id, name)| (name.to_owned(), id))
        .collect();
    let mut folders = vec![PathBuf::from("refs")];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(store.common_dir.join(&folder)) else { continue };
        for entry in entries.flatten() {
            let name = folder.join(entry.file_name());
            let Some(text) = name.to_str() else { continue };
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(name);
            } else if text.starts_with(prefix)
                && let Some(id) = lookup(store, "", text, 0)?
            {
                found.insert(text.to_owned(), id);
            }
            if found.len() > LOOSE_MAX {
                let limit = format!("{LOOSE_MAX} references");
                return Err(Error::TooLarge { what: "the list of references".into(), limit });
            }
        }
    }
    Ok(found.into_iter().collect())
}
