//! Paths as git keeps them: bytes, parts separated by slashes.

use std::fmt;

/// Longest path, in bytes.
pub const PATH_BYTES_MAX: usize = 4_096;

/// Folders within folders of a path.
pub const PATH_FOLDERS_MAX: usize = 512;

/// Why a path is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathFault {
    /// Nothing, or a part of nothing: `a//b`, `/a`, `a/`.
    Empty,
    /// A part is `.` or `..`: it would lie outside of the tree.
    Outside,
    /// A part is `.git`, in any case.
    Git,
    /// Longer than [`PATH_BYTES_MAX`], deeper than [`PATH_FOLDERS_MAX`], or with a NUL in it.
    Unusable,
}

impl fmt::Display for PathFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PathFault::Empty => "a path has an empty part",
            PathFault::Outside => "a path leads outside of the tree",
            PathFault::Git => "a path leads into a repository's own files",
            PathFault::Unusable => "a path is too long or too deep, or holds a NUL",
        })
    }
}

/// Whether git would have a file at this path.
///
/// # Errors
/// Why not.
pub fn check_path(path: &[u8]) -> Result<(), PathFault> {
    if path.len() > PATH_BYTES_MAX || path.contains(&0) {
        return Err(PathFault::Unusable);
    }
    if path.iter().filter(|&&byte| byte == b'/').count() > PATH_FOLDERS_MAX {
        return Err(PathFault::Unusable);
    }
    for part in path.split(|&byte| byte == b'/') {
        match part {
            b"" => return Err(PathFault::Empty),
            b"." | b".." => return Err(PathFault::Outside),
            part if part.eq_ignore_ascii_case(b".git") => return Err(PathFault::Git),
            _ => {}
        }
    }
    Ok(())
}
