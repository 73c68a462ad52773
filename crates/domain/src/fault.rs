//! A fault in what somebody handed in: where it is, what it is, what to do.

use std::fmt;

/// A fault in a text that somebody wrote: a policy, a draft. Shown to whoever wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Line, from 1; 0 where the fault is in no particular place.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub what: String,
    /// What to do about it. May be empty.
    pub advice: String,
}

impl Fault {
    /// A fault at the byte `offset` of `text`.
    #[must_use]
    pub fn at(text: &str, offset: usize, what: impl Into<String>, advice: impl Into<String>) -> Fault {
        let before = text.get(..offset.min(text.len())).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(1, |tail| tail.chars().count() + 1);
        Fault { line, column, what: what.into(), advice: advice.into() }
    }

    /// A fault in no particular place.
    #[must_use]
    pub fn nowhere(what: impl Into<String>, advice: impl Into<String>) -> Fault {
        Fault { line: 0, column: 0, what: what.into(), advice: advice.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}, column {}: ", self.line, self.column)?;
        }
        f.write_str(&self.what)?;
        if !self.advice.is_empty() {
            write!(f, "\n  {}", self.advice)?;
        }
        Ok(())
    }
}

impl std::error::Error for Fault {}
