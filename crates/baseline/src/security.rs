//! Which commits are security fixes, by what their messages name.

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
