//! Which commits are security fixes, by what their messages name.

use crate::error::Error;
use regex::bytes::{Regex, RegexBuilder};

/// Words that are followed by an advisory's number, as in `XSA-123` or `CVE-2024-1234`.
#[derive(Clone, Debug)]
pub struct Pattern {
    prefixes: Vec<String>,
}

impl Default for Pattern {
    fn default() -> Pattern {
        Pattern::new(&["XSA-".into(), "CVE-".into(), "OSSA-".into(), "GHSA-".into()])
    }
}

impl Pattern {
    /// These prefixes.
    #[must_use]
    pub fn new(prefixes: &[String]) -> Pattern {
        Pattern { prefixes: prefixes.to_vec() }
    }

    /// Whether a message names an advisory.
    #[must_use]
    pub fn matches(&self, message: &[u8]) -> bool {
        self.prefixes.iter().any(|prefix| {
            memchr::memmem::find_iter(message, prefix.as_bytes())
                .any(|at| message.get(at + prefix.len()).is_some_and(u8::is_ascii_alphanumeric))
        })
    }
}

/// How a history names advisories.
#[derive(Clone, Debug)]
pub struct Names {
    /// The first of these that finds something in a message counts.
    forms: Vec<Regex>,
}

/// Xen's way, OpenStack's, and everybody's.
const FORMS: [&str; 3] = [
    r"(?i)(?:this is|part of)[^\n.]*?\s(?-i:(XSA-[0-9]+))",
    r"\b(OSSA-[0-9]{4}-[0-9]+)\b",
    r"\b(CVE-[0-9]{4}-[0-9]{4,})\b",
];

/// Advisories that one message may name.
const NAMES_MAX: usize = 64;
/// Memory that a compiled expression may take, in bytes.
const REGEX_BYTES_MAX: usize = 1 << 20;

impl Names {
    /// The forms that are known.
    #[must_use]
    pub fn known() -> Names {
        Names { forms: FORMS.iter().filter_map(|form| Regex::new(form).ok()).collect() }
    }

    /// A form of one's own: a regular expression whose first group is the advisory.
    ///
    /// # Errors
    /// It is none, or has no group.
    pub fn of_form(form: &str) -> Result<Names, Error> {
        let wrong =
            |what: String| Error::Request(format!("{form:?} is no expression for advisories: {what}"));
        let regex = RegexBuilder::new(form).size_limit(REGEX_BYTES_MAX).build();
        let regex = regex.map_err(|error| wrong(error.to_string()))?;
        if regex.captures_len() < 2 {
            return Err(wrong("put the advisory in parentheses, as in \"This is (XSA-[0-9]+)\"".to_owned()));
        }
        Ok(Names { forms: vec![regex] })
    }

    /// The advisories that a message names, each once.
    #[must_use]
    pub fn of(&self, message: &[u8]) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for form in &self.forms {
            for captures in form.captures_iter(message).take(NAMES_MAX) {
                let Some(name) = captures.get(1) else { continue };
                let name = String::from_utf8_lossy(name.as_bytes()).into_owned();
                if !found.contains(&name) {
                    found.push(name);
                }
            }
            if !found.is_empty() {
                break;
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advisories_are_found_as_projects_write_them() {
        let names = Names::known();
        assert_eq!(
            names.of(b"x\n\nThis is part of XSA-7 / CVE-2012-0217.\nThis is XSA-8."),
            ["XSA-7", "XSA-8"]
        );
        assert_eq!(names.of(b"x\n\nCloses-Bug: 1\nOSSA-2023-002\nCVE-2023-2088"), ["OSSA-2023-002"]);
        assert_eq!(names.of(b"fix CVE-2020-12345, CVE-2020-12345"), ["CVE-2020-12345"]);
        assert!(names.of(b"like XSA-7 before").is_empty());
    }

    #[test]
    fn an_expression_needs_a_group() {
        assert!(Names::of_form("XSA-[0-9]+").is_err());
        assert!(Names::of_form("(XSA-[0-9]+").is_err());
        assert!(Names::of_form(r"(\w{1000}{1000})").is_err(), "too large");
    }
}
