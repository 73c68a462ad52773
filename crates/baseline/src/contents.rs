//! Contents of files, each read once, and what patches make of them, each computed once.

use crate::diff::{self, Numbers, Replaced};
use crate::error::Error;
use crate::merge;
use crate::store::Store;
use crate::tree::hash_object;
use foldhash::{HashMap, HashMapExt};
use gix_hash::ObjectId;
use gix_object::Kind;
use std::rc::Rc;
use tidegate_domain::patch::{self, BinaryHunk, COMPARISONS_MAX, Hunk, LineId, Lines, Mode};

/// Memory for contents, in bytes, roughly: beyond it, they are forgotten between two checks.
pub const CONTENTS_BYTES_MAX: usize = 256 << 20;
/// Memory for the contents of one check, in bytes, roughly: what needs more is refused.
pub const CHECK_BYTES_MAX: usize = 1 << 30;
/// Largest content that a binary patch may make, in bytes.
pub const INFLATED_BYTES_MAX: usize = 64 << 20;

/// The number of a content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ContentId(u32);

#[derive(Default)]
struct Content {
    /// Its object, where that is known. For a submodule, its commit.
    id: Option<ObjectId>,
    submodule: bool,
    /// Its bytes, where no object has them.
    bytes: Option<Rc<[u8]>>,
    text: Option<Rc<[LineId]>>,
    binary: Option<bool>,
}

/// The difference between two contents.
pub enum Difference {
    /// Lines that are replaced, and the hunks that say so.
    Text {
        /// The lines.
        replaced: Vec<Replaced>,
        /// The hunks.
        hunks: Vec<Hunk>,
    },
    /// One of them is binary: all of it is replaced.
    Binary,
}

/// What a change makes of a content: another content, or the line of the hunk that has no place.
pub type Outcome = Result<ContentId, u32>;

/// All contents that were seen.
pub struct Contents {
    lines: Lines,
    contents: Vec<Content>,
    by_object: HashMap<ObjectId, ContentId>,
    by_text: HashMap<Rc<[LineId]>, ContentId>,
    differences: HashMap<(ContentId, ContentId), Rc<Difference>>,
    outcomes: HashMap<(ContentId, ContentId, ContentId), Outcome>,
    bytes_used: usize,
    numbers: Numbers,
    /// The text that was read last: the next one is often another version of the same file.
    last: (Vec<u8>, Rc<[LineId]>),
}

impl Contents {
    /// None yet.
    #[must_use]
    pub fn new() -> Contents {
        Contents {
            lines: Lines::new(),
            contents: Vec::new(),
            by_object: HashMap::new(),
            by_text: HashMap::new(),
            differences: HashMap::new(),
            outcomes: HashMap::new(),
            bytes_used: 0,
            numbers: Numbers::default(),
            last: (Vec::new(), Rc::from([])),
        }
    }

    /// Whether it is time to forget everything.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.bytes_used + self.lines.bytes_used() > CONTENTS_BYTES_MAX
    }

    /// Refuses what would take more memory than a check may.
    fn room_for(&self, bytes: usize) -> Result<(), Error> {
        if self.bytes_used + self.lines.bytes_used() + bytes <= CHECK_BYTES_MAX {
            return Ok(());
        }
        let limit = format!("{CHECK_BYTES_MAX} bytes of contents");
        Err(Error::TooLarge { what: "what has to be compared".into(), limit })
    }

    /// The lines of all contents.
    pub fn lines(&mut self) -> &mut Lines {
        &mut self.lines
    }

    /// Room for comparing texts.
    pub fn numbers(&mut self) -> &mut Numbers {
        &mut self.numbers
    }

    /// The content of an object, which is not read before it must be.
    pub fn of_object(&mut self, id: ObjectId, mode: Mode) -> ContentId {
        if let Some(&known) = self.by_object.get(&id) {
            return known;
        }
        let submodule = mode.same_type(Mode::SUBMODULE);
        let content = self.add(Content { id: Some(id), submodule, ..Content::default() });
        self.by_object.insert(id, content);
        content
    }

    /// A text.
    pub fn of_text(&mut self, text: Vec<LineId>) -> ContentId {
        if let Some(&known) = self.by_text.get(text.as_slice()) {
            return known;
        }
        let text: Rc<[LineId]> = text.into();
        let content = self.add(Content { text: Some(Rc::clone(&text)), ..Content::default() });
        self.by_text.insert(text, content);
        content
    }

    /// Three texts merged into one, and how many conflicts it has.
    pub(crate) fn merged(
        &mut self,
        of: merge::Versions<'_>,
        labels: &merge::Labels<'_>,
    ) -> (ContentId, usize) {
        let merged = merge::merge(of, labels, &mut self.lines, &mut self.numbers);
        let text = rejoined(merged.lines, &mut self.lines);
        (self.of_text(text), merged.conflicts)
    }

    /// Bytes.
    pub fn of_bytes(&mut self, bytes: Vec<u8>) -> ContentId {
        self.add(Content { bytes: Some(bytes.into()), ..Content::default() })
    }

    fn add(&mut self, content: Content) -> ContentId {
        let id = ContentId(self.contents.len() as u32);
        let text = content.text.as_ref().map_or(0, |text| text.len() * 4);
        self.bytes_used += 128 + text + content.bytes.as_ref().map_or(0, |bytes| bytes.len());
        self.contents.push(content);
        id
    }

    fn at(&mut self, content: ContentId) -> &mut Content {
        &mut self.contents[content.0 as usize]
    }

    /// The bytes of a content.
    ///
    /// # Errors
    /// Its object cannot be read.
    pub fn bytes(&mut self, store: &mut Store, content: ContentId) -> Result<Vec<u8>, Error> {
        let held = self.at(content);
        if let Some(bytes) = &held.bytes {
            return Ok(bytes.to_vec());
        }
        match (held.id, held.submodule, &held.text) {
            (Some(commit), true, _) => Ok(format!("Subproject commit {commit}\n").into_bytes()),
            // Before its object, which no repository has if a patch made it.
            (_, _, Some(text)) => {
                let text = Rc::clone(text);
                Ok(self.lines.join(&text))
            }
            (Some(id), false, None) => store.read_kind(&id, Kind::Blob),
            (None, _, None) => Ok(Vec::new()),
        }
    }

    /// A content as lines.
    ///
    /// # Errors
    /// Its object cannot be read.
    pub fn text(&mut self, store: &mut Store, content: ContentId) -> Result<Rc<[LineId]>, Error> {
        if let Some(text) = &self.at(content).text {
            return Ok(Rc::clone(text));
        }
        let bytes = self.bytes(store, content)?;
        self.room_for(2 * bytes.len())?;
        let text: Rc<[LineId]> = self.lines.split_like(&bytes, &self.last.0, &self.last.1).into();
        self.bytes_used += text.len() * 4;
        let held = self.at(content);
        held.binary = Some(diff::is_binary(&bytes));
        held.text = Some(Rc::clone(&text));
        self.last = (bytes, Rc::clone(&text));
        self.by_text.entry(Rc::clone(&text)).or_insert(content);
        Ok(text)
    }

    /// Whether git treats a content as binary.
    ///
    /// # Errors
    /// Its object cannot be read.
    pub fn is_binary(&mut self, store: &mut Store, content: ContentId) -> Result<bool, Error> {
        if let Some(binary) = self.at(content).binary {
            return Ok(binary);
        }
        let bytes = self.bytes(store, content)?;
        let binary = diff::is_binary(&bytes);
        self.at(content).binary = Some(binary);
        Ok(binary)
    }

    /// The object id of a content, whether there is such an object or not.
    ///
    /// # Errors
    /// An object cannot be read, or what should be a submodule's commit is none.
    pub fn object_id(
        &mut self,
        store: &mut Store,
        content: ContentId,
        mode: Mode,
    ) -> Result<ObjectId, Error> {
        let submodule = mode.same_type(Mode::SUBMODULE);
        let held = self.at(content);
        if let Some(id) = held.id.filter(|_| held.submodule == submodule) {
            return Ok(id);
        }
        let bytes = self.bytes(store, content)?;
        if submodule {
            let commit = bytes.strip_prefix(b"Subproject commit ").and_then(|rest| rest.strip_suffix(b"\n"));
            return commit.and_then(|digits| ObjectId::from_hex(digits).ok()).ok_or_else(|| {
                Error::Request(
                    "a patch leaves a submodule that names no commit; git refuses it as well".into(),
                )
            });
        }
        let id = hash_object(store.hash_kind(), "blob", &bytes);
        self.at(content).id = Some(id);
        Ok(id)
    }

    /// Whether two contents are the same bytes.
    ///
    /// # Errors
    /// An object cannot be read.
    pub fn same(&mut self, store: &mut Store, one: ContentId, other: ContentId) -> Result<bool, Error> {
        if one == other {
            return Ok(true);
        }
        if let (Some(one), Some(other)) = (self.at(one).id, self.at(other).id) {
            return Ok(one == other);
        }
        Ok(self.text(store, one)? == self.text(store, other)?)
    }

    /// What differs between two contents.
    ///
    /// # Errors
    /// An object cannot be read.
    pub fn difference(
        &mut self,
        store: &mut Store,
        old: ContentId,
        new: ContentId,
    ) -> Result<Rc<Difference>, Error> {
        if let Some(known) = self.differences.get(&(old, new)) {
            return Ok(Rc::clone(known));
        }
        let (before, after) = (self.text(store, old)?, self.text(store, new)?);
        let difference = if self.is_binary(store, old)? || self.is_binary(store, new)? {
            Difference::Binary
        } else {
            let replaced = diff::replaced(&before, &after, &self.lines, &mut self.numbers);
            let hunks = diff::hunks(&before, &after, &replaced);
            self.bytes_used +=
                hunks.iter().map(|hunk| 96 + 4 * (hunk.old.len() + hunk.new.len())).sum::<usize>();
            Difference::Text { replaced, hunks }
        };
        let difference = Rc::new(difference);
        self.differences.insert((old, new), Rc::clone(&difference));
        Ok(difference)
    }

    /// What the change from `old` to `new` makes of `content`.
    ///
    /// # Errors
    /// An object cannot be read. That the change does not apply is no error, but an [`Outcome`].
    pub fn changed(
        &mut self,
        store: &mut Store,
        content: ContentId,
        old: ContentId,
        new: ContentId,
    ) -> Result<Outcome, Error> {
        if content == old {
            return Ok(Ok(new));
        }
        if old == new {
            return Ok(Ok(content));
        }
        let key = (content, old, new);
        if let Some(&known) = self.outcomes.get(&key) {
            return Ok(known);
        }
        let outcome = match &*self.difference(store, old, new)? {
            Difference::Text { hunks, .. } => self.hunks(store, content, hunks)?,
            Difference::Binary => {
                if self.same(store, content, old)? {
                    Ok(new)
                } else {
                    Err(0)
                }
            }
        };
        self.outcomes.insert(key, outcome);
        Ok(outcome)
    }

    /// What hunks make of a content.
    ///
    /// # Errors
    /// An object cannot be read.
    pub fn hunks(&mut self, store: &mut Store, content: ContentId, hunks: &[Hunk]) -> Result<Outcome, Error> {
        let text = self.text(store, content)?;
        match patch::apply(&text, hunks, &self.lines) {
            Ok(applied) => {
                let text = rejoined(applied.lines, &mut self.lines);
                Ok(Ok(self.of_text(text)))
            }
            Err(failure) if failure.undecided => Err(Error::Undecided {
                what: format!("the search for the place of the hunk at line {}", failure.line),
                limit: format!("{COMPARISONS_MAX} comparisons of lines in one file"),
            }),
            Err(failure) => Ok(Err(failure.line)),
        }
    }

    /// What a binary hunk makes of a content. `None` if it is malformed, or for another content.
    ///
    /// # Errors
    /// An object cannot be read, or is too large.
    pub fn binary(
        &mut self,
        store: &mut Store,
        content: Option<ContentId>,
        hunk: &BinaryHunk,
    ) -> Result<Option<ContentId>, Error> {
        let base = content.map_or_else(|| Ok(Vec::new()), |content| self.bytes(store, content))?;
        let (size, deflated) = match hunk {
            BinaryHunk::Literal { size, deflated } | BinaryHunk::Delta { size, deflated } => {
                (*size, deflated)
            }
        };
        if size > INFLATED_BYTES_MAX {
            let limit = format!("{INFLATED_BYTES_MAX} bytes");
            return Err(Error::TooLarge { what: "the content in a binary patch".into(), limit });
        }
        self.room_for(size)?;
        let mut bytes = vec![0; size];
        let inflated = gix_zlib::Inflate::default().once(deflated, &mut bytes);
        if !inflated
            .is_ok_and(|(status, _, written)| status == gix_zlib::Status::StreamEnd && written == size)
        {
            return Ok(None);
        }
        let bytes = match hunk {
            BinaryHunk::Literal { .. } => Some(bytes),
            BinaryHunk::Delta { .. } => patch::apply_delta(&base, &bytes),
        };
        Ok(bytes.map(|bytes| self.of_bytes(bytes)))
    }
}

impl Default for Contents {
    fn default() -> Contents {
        Contents::new()
    }
}

/// Lines as git sees them when it reads the result: one without its newline that is not the last one has become
/// one with what follows.
fn rejoined(text: Vec<LineId>, lines: &mut Lines) -> Vec<LineId> {
    let all_but_last = text.split_last().map_or(&[][..], |(_, rest)| rest);
    if all_but_last.iter().all(|&line| lines.is_complete(line)) {
        return text;
    }
    let bytes = lines.join(&text);
    lines.split(&bytes)
}
