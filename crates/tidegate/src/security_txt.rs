//! Where to report a vulnerability, for programs and people who look for it at `/.well-known/security.txt`
//! (RFC 9116): written from the configuration file, and its operator warned before it expires.

use serde::{Deserialize, Serialize};
use std::fmt;
use tidegate_domain::time::Instant;

/// Where it is below the site's root (RFC 9116 section 3).
pub const PATH: &str = ".well-known/security.txt";
/// Before it expires its operator is warned this many days, each time anew.
pub const WARNING_DAYS: [i64; 3] = [30, 14, 3];
/// Values of a field that may stand more than once.
const VALUES_MAX: usize = 20;
/// The longest value, in bytes.
const VALUE_BYTES_MAX: usize = 500;
const DAY_US: i64 = 24 * 3_600 * 1_000_000;

/// The section `[security_txt]` as it stands in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecurityTxtConfig {
    /// Where to report, the preferred one first: `https:`, `mailto:` or `tel:` addresses.
    pub contact: Vec<String>,
    /// Until when what it says holds, as `2027-06-01T00:00:00Z`; less than a year away is advised.
    pub expires: String,
    /// Where the policies are.
    #[serde(default)]
    pub policy: Vec<String>,
    /// Languages of reports, as `en`.
    #[serde(default)]
    pub preferred_languages: Vec<String>,
    /// Where keys for encrypted reports are: `https:`, `dns:` or `openpgp4fpr:` addresses.
    #[serde(default)]
    pub encryption: Vec<String>,
    /// Where the file itself is; by default at `[web] origin`, where that is an `https:` address.
    #[serde(default)]
    pub canonical: Vec<String>,
}

/// The file, checked and written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityTxt {
    /// Until when what it says holds.
    pub expires: Instant,
    /// Its text.
    pub text: String,
}

/// What is wrong with a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    field: &'static str,
    why: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[security_txt] {}: {}", self.field, self.why)
    }
}

impl SecurityTxtConfig {
    /// Checks the settings and writes the file. `origin`: where browsers find the site, if that is configured.
    ///
    /// # Errors
    /// The first field that is missing or no address of its kind.
    pub fn check(&self, origin: Option<&str>) -> Result<SecurityTxt, Fault> {
        if self.contact.is_empty() {
            let why = "name at least one address, such as \"mailto:security@example.org\"".to_owned();
            return Err(Fault { field: "contact", why });
        }
        let expires: Instant = self.expires.parse().map_err(|_| {
            let why = format!("`{}` is no instant such as 2027-06-01T00:00:00Z", self.expires);
            Fault { field: "expires", why }
        })?;
        let own = origin.filter(|origin| origin.starts_with("https://"));
        let own = own.map(|origin| format!("{}/{PATH}", origin.trim_end_matches('/')));
        let canonical =
            if self.canonical.is_empty() { own.into_iter().collect() } else { self.canonical.clone() };
        let mut text = String::new();
        for (name, field, values, schemes) in [
            ("Contact", "contact", &self.contact, &["https://", "mailto:", "tel:"][..]),
            ("Encryption", "encryption", &self.encryption, &["https://", "dns:", "openpgp4fpr:"]),
            ("Policy", "policy", &self.policy, &["https://"]),
            ("Canonical", "canonical", &canonical, &["https://"]),
        ] {
            for value in checked(field, values, schemes)? {
                text.push_str(&format!("{name}: {value}\n"));
            }
        }
        if !self.preferred_languages.is_empty() {
            let languages = languages(&self.preferred_languages)?;
            text.push_str(&format!("Preferred-Languages: {languages}\n"));
        }
        text.push_str(&format!("Expires: {}\n", expires.whole_second()));
        Ok(SecurityTxt { expires, text })
    }
}

fn checked<'v>(field: &'static str, values: &'v [String], schemes: &[&str]) -> Result<&'v [String], Fault> {
    if values.len() > VALUES_MAX {
        return Err(Fault { field, why: format!("there are more than {VALUES_MAX}") });
    }
    let is_good = |value: &&String| {
        let rest = schemes.iter().find_map(|scheme| value.strip_prefix(scheme));
        let is_address = rest.is_some_and(|rest| !rest.is_empty());
        is_address && value.len() <= VALUE_BYTES_MAX && value.bytes().all(|byte| byte.is_ascii_graphic())
    };
    match values.iter().find(|value| !is_good(value)) {
        None => Ok(values),
        Some(bad) => {
            let why = format!("`{bad}` must be an address that begins with {}", schemes.join(" or "));
            Err(Fault { field, why: why.escape_debug().to_string() })
        }
    }
}

/// Language tags (RFC 5646), by their form alone.
fn languages(tags: &[String]) -> Result<String, Fault> {
    let is_tag = |tag: &&String| {
        (2..=35).contains(&tag.len())
            && tag.split('-').all(|part| {
                (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
            })
    };
    match tags.iter().take(VALUES_MAX).find(|tag| !is_tag(tag)) {
        None => Ok(tags.iter().take(VALUES_MAX).cloned().collect::<Vec<_>>().join(", ")),
        Some(bad) => {
            let why = format!("`{}` is no language tag such as en or pt-BR", bad.escape_debug());
            Err(Fault { field: "preferred_languages", why })
        }
    }
}

/// How near its end the file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nearness {
    /// At most so many days are left, one of [`WARNING_DAYS`].
    Within(i64),
    /// It has expired.
    Over,
}

impl SecurityTxt {
    /// How near its end is at `now`; `None` while it is far.
    #[must_use]
    pub fn nearness(&self, now: Instant) -> Option<Nearness> {
        let left = self.expires.micros().saturating_sub(now.micros());
        if left <= 0 {
            return Some(Nearness::Over);
        }
        let within = WARNING_DAYS.into_iter().filter(|days| left <= days * DAY_US).min();
        within.map(Nearness::Within)
    }

    /// What its operator is told at `now`, if anything.
    #[must_use]
    pub fn warning(&self, now: Instant) -> Option<String> {
        let then = self.expires.readable();
        let what = match self.nearness(now)? {
            Nearness::Within(days) => format!("security.txt expires in less than {days} days, on {then}"),
            Nearness::Over => {
                format!("security.txt has expired, on {then}: nobody should rely on it any more")
            }
        };
        Some(format!("{what}. Check it, and set `expires` under [security_txt] in tidegate.toml."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> SecurityTxtConfig {
        let own = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
        SecurityTxtConfig {
            contact: own(&["https://security.example/report", "mailto:security@example.org"]),
            expires: "2027-03-01T00:00:00Z".to_owned(),
            policy: own(&["https://security.example/policy/xen.html"]),
            preferred_languages: own(&["en", "pt-BR"]),
            encryption: own(&["openpgp4fpr:5F2DE5521C63A801AB59CCB603D49DE44B29100F"]),
            canonical: Vec::new(),
        }
    }

    #[test]
    fn it_is_written_as_the_rfc_says() {
        let file = config().check(Some("https://security.example")).expect("good");
        let expected = "Contact: https://security.example/report\n\
            Contact: mailto:security@example.org\n\
            Encryption: openpgp4fpr:5F2DE5521C63A801AB59CCB603D49DE44B29100F\n\
            Policy: https://security.example/policy/xen.html\n\
            Canonical: https://security.example/.well-known/security.txt\n\
            Preferred-Languages: en, pt-BR\n\
            Expires: 2027-03-01T00:00:00Z\n";
        assert_eq!(file.text, expected);
        let local = config().check(Some("http://127.0.0.1:8008")).expect("good");
        assert!(!local.text.contains("Canonical"), "only https: addresses may stand there");
    }

    #[test]
    fn a_fault_is_said_with_its_place() {
        let said = |change: fn(&mut SecurityTxtConfig)| {
            let mut config = config();
            change(&mut config);
            config.check(None).expect_err("a fault").to_string()
        };
        assert!(said(|config| config.contact.clear()).starts_with("[security_txt] contact: name at least"));
        let bare = said(|config| config.contact = vec!["security@example.org".to_owned()]);
        assert!(bare.contains("`security@example.org` must be an address"), "{bare}");
        let split = said(|config| config.policy = vec!["https://a.example/\nContact: x".to_owned()]);
        assert!(split.contains("[security_txt] policy") && !split.contains('\n'), "{split}");
        assert!(said(|config| config.expires = "soon".to_owned()).contains("`soon` is no instant"));
        assert!(said(|config| config.preferred_languages = vec!["e".to_owned()]).contains("language tag"));
    }

    #[test]
    fn its_operator_is_warned_three_times_and_when_it_is_over() {
        let file = config().check(None).expect("good");
        let nearness = |now: &str| file.nearness(now.parse().expect("an instant"));
        assert_eq!(nearness("2027-01-29T23:59:59Z"), None);
        assert_eq!(nearness("2027-01-30T00:00:00Z"), Some(Nearness::Within(30)));
        assert_eq!(nearness("2027-02-15T00:00:00Z"), Some(Nearness::Within(14)));
        assert_eq!(nearness("2027-02-26T00:00:00Z"), Some(Nearness::Within(3)));
        assert_eq!(nearness("2027-03-01T00:00:00Z"), Some(Nearness::Over));
        let said = file.warning("2027-02-26T00:00:00Z".parse().expect("an instant")).expect("a warning");
        assert!(said.starts_with("security.txt expires in less than 3 days, on "), "{said}");
    }
}
