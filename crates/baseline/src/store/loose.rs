//! Objects in files of their own.

use super::{OBJECT_BYTES_MAX, Object};
use crate::error::Error;
use gix_hash::ObjectId;
use gix_object::Kind;
use std::path::{Path, PathBuf};

/// Longest header, as in `commit 123456`, in bytes.
const HEADER_BYTES_MAX: usize = 64;

pub(super) fn path(objects: &Path, id: &ObjectId) -> PathBuf {
    let digits = id.to_string();
    objects.join(&digits[..2]).join(&digits[2..])
}

/// Reads the object in this file, if there is one.
pub(super) fn read(path: &Path, inflate: &mut gix_zlib::Inflate) -> Result<Option<Object>, Error> {
    let deflated = match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::io(path, error)),
        Ok(metadata) if metadata.len() > OBJECT_BYTES_MAX as u64 => return Err(too_large(path)),
        Ok(_) => std::fs::read(path).map_err(|error| Error::io(path, error))?,
    };
    let corrupt = |why: &str| Error::corrupt(path.display(), why);
    let mut head = [0; HEADER_BYTES_MAX];
    inflate.reset();
    let (_, _, written) = inflate.prefix(&deflated, &mut head).map_err(|_| corrupt("it does not inflate"))?;
    let end =
        head[..written].iter().position(|&byte| byte == 0).ok_or_else(|| corrupt("it has no header"))?;
    let (kind, size) = header(&head[..end]).ok_or_else(|| corrupt("its header is malformed"))?;
    if size > OBJECT_BYTES_MAX {
        return Err(too_large(path));
    }
    let mut bytes = vec![0; end + 1 + size];
    inflate.reset();
    let (status, _, written) =
        inflate.once(&deflated, &mut bytes).map_err(|_| corrupt("it does not inflate"))?;
    if status != gix_zlib::Status::StreamEnd || written != bytes.len() {
        return Err(corrupt("it has not the size that it says"));
    }
    bytes.drain(..=end);
    Ok(Some(Object { kind, bytes }))
}

fn too_large(path: &Path) -> Error {
    Error::TooLarge { what: path.display().to_string(), limit: format!("{OBJECT_BYTES_MAX} bytes") }
}

fn header(text: &[u8]) -> Option<(Kind, usize)> {
    let (kind, size) = std::str::from_utf8(text).ok()?.split_once(' ')?;
    Some((Kind::from_bytes(kind.as_bytes()).ok()?, size.parse().ok()?))
}

/// Adds the ids that begin with these hexadecimal digits, until there are `limit`.
pub(super) fn with_prefix(
    objects: &Path,
    digits: &str,
    limit: usize,
    found: &mut Vec<ObjectId>,
) -> Result<(), Error> {
    let Some((folder, rest)) = digits.split_at_checked(2) else { return Ok(()) };
    let Ok(entries) = std::fs::read_dir(objects.join(folder)) else { return Ok(()) };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let ids = names.filter(|name| name.starts_with(rest));
    let ids = ids.filter_map(|name| ObjectId::from_hex(format!("{folder}{name}").as_bytes()).ok());
    found.extend(ids.take(limit));
    Ok(())
}
