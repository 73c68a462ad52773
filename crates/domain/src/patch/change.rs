//! What a patch does to one file.

use super::{BinaryHunk, Hunk, reversed};
use std::sync::Arc;

/// A file's mode as git writes it: 0o100644, 0o100755, 0o120000 (symbolic link), 0o160000 (submodule).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mode(pub u32);

impl Mode {
    /// A plain file.
    pub const FILE: Mode = Mode(0o100_644);
    /// A plain file that can be executed.
    pub const EXECUTABLE: Mode = Mode(0o100_755);
    /// A symbolic link, whose content is where it leads.
    pub const LINK: Mode = Mode(0o120_000);
    /// A commit of another repository.
    pub const SUBMODULE: Mode = Mode(0o160_000);

    /// The mode that git keeps for one that is given: whether the owner may execute it is all that counts.
    #[must_use]
    pub fn kept(self) -> Mode {
        match self.0 & 0o170_000 {
            0o120_000 => Mode::LINK,
            0o160_000 | 0o040_000 => Mode::SUBMODULE,
            _ if self.0 & 0o100 != 0 => Mode::EXECUTABLE,
            _ => Mode::FILE,
        }
    }

    /// Whether both are files, or links, or submodules.
    #[must_use]
    pub fn same_type(self, other: Mode) -> bool {
        self.0 & 0o170_000 == other.0 & 0o170_000
    }
}

/// What happens to the file as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It is there before and after.
    Modify,
    /// It is new.
    Create,
    /// It goes.
    Delete,
    /// It moves.
    Rename,
    /// Another one is made from it.
    Copy,
}

impl Kind {
    /// What undoes it; `None` for a copy.
    #[must_use]
    pub fn reversed(self) -> Option<Kind> {
        match self {
            Kind::Create => Some(Kind::Delete),
            Kind::Delete => Some(Kind::Create),
            Kind::Modify | Kind::Rename => Some(self),
            Kind::Copy => None,
        }
    }
}

/// What one patch does to one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What happens to the file as a whole.
    pub kind: Kind,
    /// Where it is before; the same as `new` for [`Kind::Create`].
    pub old: Arc<[u8]>,
    /// Where it is afterwards; the same as `old` for [`Kind::Delete`].
    pub new: Arc<[u8]>,
    /// Its mode before, if said.
    pub old_mode: Option<Mode>,
    /// Its mode afterwards, if said.
    pub new_mode: Option<Mode>,
    /// The object before, in hexadecimal digits, perhaps shortened. All zeros for none.
    pub old_id: Option<Box<str>>,
    /// The object afterwards.
    pub new_id: Option<Box<str>>,
    /// What changes in it.
    pub body: Body,
}

impl Change {
    /// The change that undoes this one; `None` for a copy.
    #[must_use]
    pub fn reversed(&self) -> Option<Change> {
        let kind = self.kind.reversed()?;
        let body = match &self.body {
            Body::Same => Body::Same,
            Body::Text(hunks) => Body::Text(reversed(hunks)),
            // The bytes before are not kept: only the repository may have them.
            Body::Binary(_) => Body::Binary(None),
        };
        Some(Change {
            kind,
            old: Arc::clone(&self.new),
            new: Arc::clone(&self.old),
            old_mode: self.new_mode,
            new_mode: self.old_mode,
            old_id: self.new_id.clone(),
            new_id: self.old_id.clone(),
            body,
        })
    }
}

/// What changes in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Nothing, or all of nothing.
    Same,
    /// Lines.
    Text(Vec<Hunk>),
    /// Bytes. Without a hunk if the patch does not say which.
    Binary(Option<BinaryHunk>),
}
