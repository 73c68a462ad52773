//! What goes wrong with repositories and patches that strangers made.

use std::fmt;
use std::path::{Path, PathBuf};
use tidegate_domain::fault::Fault;
use tidegate_domain::patch::PathFault;

/// Why there is no answer.
#[derive(Debug)]
pub enum Error {
    /// The folder is no repository, or one of a kind that is not read.
    Repository {
        /// The folder.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// No such branch, tag or commit.
    NoSuchName(String),
    /// The repository lacks an object that it should have.
    NoSuchObject(gix_hash::ObjectId),
    /// An object is not what it should be.
    Corrupt {
        /// Which.
        object: String,
        /// What is wrong.
        why: String,
    },
    /// Something is larger than what is read.
    TooLarge {
        /// What.
        what: String,
        /// The limit's name, value and unit.
        limit: String,
    },
    /// The answer takes more work than is done: nothing is known of it.
    Undecided {
        /// What takes it.
        what: String,
        /// The limit's value and unit.
        limit: String,
    },
    /// A path that git would not have in its index.
    Path {
        /// The path, as far as it can be shown.
        path: String,
        /// Why it is refused.
        fault: PathFault,
    },
    /// A patch file is malformed.
    Patch {
        /// Which.
        name: String,
        /// Where and what.
        fault: Fault,
    },
    /// What was asked for makes no sense.
    Request(String),
    /// The system failed.
    Io {
        /// What was being read or written.
        path: PathBuf,
        /// What it said.
        error: std::io::Error,
    },
}

impl Error {
    pub(crate) fn io(path: &Path, error: std::io::Error) -> Error {
        Error::Io { path: path.to_owned(), error }
    }

    pub(crate) fn corrupt(object: impl fmt::Display, why: impl Into<String>) -> Error {
        Error::Corrupt { object: object.to_string(), why: why.into() }
    }

    pub(crate) fn repository(path: &Path, why: impl Into<String>) -> Error {
        Error::Repository { path: path.to_owned(), why: why.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Repository { path, why } => write!(f, "{}: {why}", path.display()),
            Error::NoSuchName(name) => {
                write!(
                    f,
                    "the repository has no branch, tag or commit {name}; `git show-ref` lists those it has"
                )
            }
            Error::NoSuchObject(id) => {
                write!(f, "the repository lacks the object {id}; fetch it, or use a complete clone")
            }
            Error::Corrupt { object, why } => {
                write!(f, "{object} is corrupt: {why}; `git fsck` says more, a fresh clone may help")
            }
            Error::TooLarge { what, limit } => write!(f, "{what} is too large; the limit is {limit}"),
            Error::Undecided { what, limit } => {
                write!(f, "not decided: {what} takes more work than is done; the limit is {limit}")
            }
            Error::Path { path, fault } => write!(f, "{path:?}: {fault}"),
            Error::Patch { name, fault } => write!(f, "{name}: {fault}"),
            Error::Request(what) => f.write_str(what),
            Error::Io { path, error } => write!(f, "{}: {error}", path.display()),
        }
    }
}

impl std::error::Error for Error {}
