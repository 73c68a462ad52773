//! What the readers of TOML files have in common: the limit, the schema version, and faults with their place.

use crate::fault::Fault;
use crate::time::Instant;
use serde::de::DeserializeOwned;
use std::fmt;
use std::str::FromStr;
use toml::Spanned;

/// A kind of file.
pub(crate) struct FileKind {
    /// What one is, with its article: `a regime`.
    pub what: &'static str,
    /// The most bytes that one has.
    pub bytes_max: usize,
    /// The schema version that is read.
    pub schema: u32,
    /// Where its fields are explained.
    pub manual: &'static str,
}

/// Reads the fields of a file, as they are written.
pub(crate) fn fields<T: DeserializeOwned>(text: &str, kind: &FileKind) -> Result<T, Vec<Fault>> {
    if text.len() > kind.bytes_max {
        let what = format!("the file has {} bytes; {} has at most {}", text.len(), kind.what, kind.bytes_max);
        return Err(vec![Fault::nowhere(what, "Is this the right file?")]);
    }
    toml::from_str(text).map_err(|error| {
        let place = error.span().map_or(0, |span| span.start);
        let advice = format!("{} shows every field.", kind.manual);
        vec![Fault::at(text, place, error.message(), advice)]
    })
}

/// Makes sense of the fields of one file, and notes every fault on the way.
pub(crate) struct Reader<'a> {
    text: &'a str,
    faults: Vec<Fault>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(text: &'a str) -> Reader<'a> {
        Reader { text, faults: Vec::new() }
    }

    /// What was read, unless there were faults.
    pub(crate) fn finish<T>(self, read: Option<T>) -> Result<T, Vec<Fault>> {
        match read {
            Some(read) if self.faults.is_empty() => Ok(read),
            Some(_) | None => Err(self.faults),
        }
    }

    pub(crate) fn fault(&mut self, place: usize, what: impl Into<String>, advice: &str) {
        self.faults.push(Fault::at(self.text, place, what, advice));
    }

    pub(crate) fn schema(&mut self, raw: &Spanned<u32>, kind: &FileKind) {
        if *raw.get_ref() != kind.schema {
            let what = format!("schema {} is not one that this program reads", raw.get_ref());
            let advice = format!("Write `schema = {}`, or use a newer program.", kind.schema);
            self.fault(raw.span().start, what, &advice);
        }
    }

    /// A text that is something, or a fault that says what it isn't.
    pub(crate) fn parsed<T: FromStr>(
        &mut self,
        raw: &Spanned<String>,
        what: &str,
        advice: &str,
    ) -> Option<T> {
        let parsed = raw.get_ref().parse().ok();
        if parsed.is_none() {
            let what = format!("`{}` is no {what}", raw.get_ref().escape_debug());
            self.fault(raw.span().start, what, advice);
        }
        parsed
    }

    /// A text whose own error says what is wrong with it.
    pub(crate) fn explained<T>(&mut self, raw: &Spanned<String>, advice: &str) -> Option<T>
    where
        T: FromStr,
        T::Err: fmt::Display,
    {
        match raw.get_ref().parse() {
            Ok(parsed) => Some(parsed),
            Err(error) => {
                self.fault(raw.span().start, error.to_string(), advice);
                None
            }
        }
    }

    /// One of a closed list of words.
    pub(crate) fn word<T: Copy>(
        &mut self,
        raw: &Spanned<String>,
        all: &[T],
        name: fn(T) -> &'static str,
    ) -> Option<T> {
        let found = all.iter().copied().find(|word| name(*word) == raw.get_ref());
        if found.is_none() {
            let known: Vec<&str> = all.iter().map(|word| name(*word)).collect();
            let what = format!("`{}` is not known here", raw.get_ref().escape_debug());
            self.fault(raw.span().start, what, &format!("Known are {}.", known.join(", ")));
        }
        found
    }

    pub(crate) fn instant(&mut self, raw: &Spanned<String>) -> Option<Instant> {
        self.explained(raw, "")
    }
}
