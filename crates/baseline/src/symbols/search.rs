//! Files that mention a name, read and parsed within limits.

use super::language::Language;
use super::names::{Names, names};
use crate::apply::{Held, State, Workshop};
use crate::contents::ContentId;
use crate::error::Error;
use foldhash::{HashMap, HashMapExt, HashSet};
use gix_hash::ObjectId;
use gix_object::Kind;
use regex::bytes::{Regex, RegexBuilder};
use std::rc::Rc;
use tidegate_domain::patch::Mode;

/// Bytes of files that one answer looks through.
pub const SEARCHED_BYTES_MAX: usize = 1 << 30;
/// Bytes of files that one answer parses.
pub const PARSED_BYTES_MAX: usize = 128 << 20;
/// Largest automaton for the names that are looked for, in bytes.
const AUTOMATON_BYTES_MAX: usize = 32 << 20;

/// Reads and parses, each file once, and stops at the limits.
pub(super) struct Finder {
    parsed: HashMap<ContentId, Option<Rc<Names>>>,
    searched_bytes: usize,
    parsed_bytes: usize,
    /// Whether everything was looked at.
    pub(super) complete: bool,
}

impl Default for Finder {
    fn default() -> Finder {
        Finder { parsed: HashMap::new(), searched_bytes: 0, parsed_bytes: 0, complete: true }
    }
}

/// What finds any of these names as a word. `None` if there are none, or too many.
pub(super) fn word<'a>(names: impl Iterator<Item = &'a str>) -> Option<Regex> {
    let names: Vec<String> = names.map(regex::escape).collect();
    let any = format!(r"\b(?:{})\b", names.join("|"));
    let regex = RegexBuilder::new(&any).size_limit(AUTOMATON_BYTES_MAX).build().ok();
    regex.filter(|_| !names.is_empty())
}

impl Finder {
    /// The names of a file; `None` if it is too large, no file, or if the limit is met.
    pub(super) fn names(
        &mut self,
        shop: &mut Workshop,
        language: Language,
        held: Held,
    ) -> Result<Option<Rc<Names>>, Error> {
        if let Some(known) = self.parsed.get(&held.content) {
            return Ok(known.clone());
        }
        if !is_plain(held.mode) {
            return Ok(None);
        }
        let text = shop.contents.bytes(&mut shop.store, held.content);
        let Some(text) = self.there(text)? else { return Ok(None) };
        Ok(self.parse(held.content, language, &text))
    }

    /// What was read. A partial clone lacks objects: what is not there is not looked at.
    fn there(&mut self, read: Result<Vec<u8>, Error>) -> Result<Option<Vec<u8>>, Error> {
        match read {
            Err(Error::NoSuchObject(_)) => {
                self.complete = false;
                Ok(None)
            }
            other => other.map(Some),
        }
    }

    fn parse(&mut self, content: ContentId, language: Language, text: &[u8]) -> Option<Rc<Names>> {
        if let Some(known) = self.parsed.get(&content) {
            return known.clone();
        }
        self.parsed_bytes += text.len();
        let found = if self.parsed_bytes <= PARSED_BYTES_MAX { names(language, text) } else { None };
        self.complete &= found.is_some();
        let found = found.map(Rc::new);
        self.parsed.insert(content, found.clone());
        found
    }

    /// The names of a file, if it has one of the words.
    pub(super) fn mentioning(
        &mut self,
        shop: &mut Workshop,
        language: Language,
        held: Held,
        words: &Regex,
    ) -> Result<Option<Rc<Names>>, Error> {
        if !is_plain(held.mode) {
            return Ok(None);
        }
        let text = shop.contents.bytes(&mut shop.store, held.content);
        let Some(text) = self.there(text)? else { return Ok(None) };
        if !self.may_search(text.len()) || !words.is_match(&text) {
            return Ok(None);
        }
        Ok(self.parse(held.content, language, &text))
    }

    fn may_search(&mut self, bytes: usize) -> bool {
        self.searched_bytes += bytes;
        let may = self.searched_bytes <= SEARCHED_BYTES_MAX;
        self.complete &= may;
        may
    }

    /// Leaves those of the names that no file of the release shows and no file that was changed defines. What the
    /// limits keep it from looking at may show more of them.
    pub(super) fn not_shown(
        &mut self,
        shop: &mut Workshop,
        state: &State,
        wanted: &mut HashSet<Box<str>>,
    ) -> Result<(), Error> {
        for (path, held) in &state.over {
            let (Some(language), Some(held)) = (Language::of(path), *held) else { continue };
            let Some(names) = self.names(shop, language, held)? else { continue };
            wanted.retain(|name| !names.defined.contains_key(name));
        }
        let Some(mut words) = word(wanted.iter().map(|name| &**name)) else {
            self.complete &= wanted.is_empty();
            wanted.clear();
            return Ok(());
        };
        let empty = ObjectId::empty_tree(shop.store.hash_kind());
        for (path, _, file) in shop.trees.differences(&mut shop.store, &empty, &state.root)? {
            let (Some(language), Some(file)) = (Language::of(&path), file) else { continue };
            if !is_plain(file.mode) {
                continue;
            }
            // Not by way of the contents that are kept: this is a whole tree.
            let text = shop.store.read_kind(&file.id, Kind::Blob);
            let Some(text) = self.there(text)? else { continue };
            if !self.may_search(text.len()) {
                return Ok(());
            }
            if !words.is_match(&text) {
                continue;
            }
            let content = shop.contents.of_object(file.id, file.mode);
            let before = wanted.len();
            if let Some(names) = self.parse(content, language, &text) {
                wanted.retain(|name| !names.show(name));
            } else {
                // Without a parser, whatever is mentioned may be there.
                let mentioned: HashSet<&[u8]> =
                    words.find_iter(&text).map(|found| found.as_bytes()).collect();
                wanted.retain(|name| !mentioned.contains(name.as_bytes()));
            }
            if wanted.len() < before {
                match word(wanted.iter().map(|name| &**name)) {
                    Some(fewer) => words = fewer,
                    None => return Ok(()),
                }
            }
        }
        Ok(())
    }
}

fn is_plain(mode: Mode) -> bool {
    mode.same_type(Mode::FILE)
}
