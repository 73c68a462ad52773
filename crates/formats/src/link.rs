//! `https:` links that every format's `uri` check accepts (RFC 3986).

use std::fmt;
use std::str::FromStr;
use tidegate_domain::fault::Fault;

/// Longest link, in bytes: the limit of the CVE JSON 5.1 schema (`uriType`).
pub const LINK_BYTES_MAX: usize = 2048;

/// An `https:` URL in the characters that RFC 3986 allows, without a user name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link(String);

impl Link {
    /// The link as written in every format.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The link made of whatever was stored: characters that RFC 3986 forbids are percent-encoded.
    /// `None` where no `https:` link can be made of it.
    #[must_use]
    pub fn salvage(text: &str) -> Option<Link> {
        encode(text.trim()).parse().ok()
    }

    /// This link as a folder, and `name` in it.
    #[must_use]
    pub fn join(&self, name: &str) -> Link {
        Link(format!("{}/{}", self.0.trim_end_matches('/'), encode(name)))
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Link {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Link, Fault> {
        let shown = || text.chars().take(80).collect::<String>().escape_debug().to_string();
        let Some(rest) = text.strip_prefix("https://") else {
            return Err(Fault::nowhere(
                format!("`{}` is not an https URL", shown()),
                "begin it with https://",
            ));
        };
        if text.len() > LINK_BYTES_MAX {
            let what = format!("the URL is longer than {LINK_BYTES_MAX} bytes");
            return Err(Fault::nowhere(what, "link to a page with a shorter address"));
        }
        let host_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at_checked(host_end).unwrap_or((rest, ""));
        if !is_authority(authority) {
            let advice = "write a host name of letters, digits, dots and hyphens, without a user name";
            return Err(Fault::nowhere(format!("`{}` has no usable host name", shown()), advice));
        }
        if encode(tail) != tail {
            let advice = "percent-encode everything but letters, digits and -._~:/?#@!$&'()*+,;=";
            return Err(Fault::nowhere(format!("`{}` holds a character that a URL cannot", shown()), advice));
        }
        Ok(Link(text.to_owned()))
    }
}

fn is_authority(authority: &str) -> bool {
    let (host, port) = authority.split_once(':').unwrap_or((authority, "443"));
    let is_label =
        |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    host.split('.').all(is_label)
        && !port.is_empty()
        && port.len() <= 5
        && port.bytes().all(|b| b.is_ascii_digit())
}

/// Percent-encodes what RFC 3986 allows nowhere in a path, query or fragment (sections 3.3 to 3.5), stray
/// percent signs, and every `#` but the first.
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    let mut in_fragment = false;
    for (at, byte) in text.bytes().enumerate() {
        let is_allowed = match byte {
            b'%' => text.get(at + 1..at + 3).is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit())),
            b'#' => !std::mem::replace(&mut in_fragment, true),
            b if b.is_ascii_alphanumeric() => true,
            b => b"-._~:/?@!$&'()*+,;=".contains(&b),
        };
        if is_allowed {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// `text` with everything percent-encoded but RFC 3986's unreserved characters (section 2.3).
pub(crate) fn encode_segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_urls_are_links() {
        for good in ["https://a.example", "https://a.example:8443/b%20c?d=e#f", "https://a.example#x"] {
            assert!(good.parse::<Link>().is_ok(), "{good}");
        }
        for bad in [
            "http://a.example",
            "javascript:alert(1)",
            "https://",
            "https://user@a.example",
            "https://a..b/",
            "https://a.example/b c",
            "https://a.example/\"",
            "https://a.example/#a#b",
            "https://ä.example/",
            "",
        ] {
            assert!(bad.parse::<Link>().is_err(), "{bad}");
        }
    }

    #[test]
    fn what_can_be_saved_is_saved() {
        let saved = Link::salvage(" https://a.example/ä b?100%#x#y ").expect("a link");
        assert_eq!(saved.as_str(), "https://a.example/%C3%A4%20b?100%25#x%23y");
        assert_eq!(
            Link::salvage("https://a.example/").expect("a link").join("x.json").as_str(),
            "https://a.example/x.json"
        );
        assert_eq!(Link::salvage("data:text/html,<script>"), None);
    }
}
