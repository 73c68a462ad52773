//! Whether a link is a public page of the applicant's own, as far as its address tells (XEN-16).

use crate::policy::list::EvidenceRule;
use crate::policy::vocabulary::Evidence;
use url::{Host, Url};

/// Longest address of a page, in bytes.
const URL_BYTES_MAX: usize = 2_000;

/// A domain in the form in which hosts of addresses are compared: lower case, Punycode. `None` where it is
/// none, or a whole top-level domain.
pub(super) fn domain(text: &str) -> Option<String> {
    match Host::parse(text.trim().trim_end_matches('.')) {
        Ok(Host::Domain(domain)) if domain.contains('.') => Some(domain),
        Ok(Host::Domain(_) | Host::Ipv4(_) | Host::Ipv6(_)) | Err(_) => None,
    }
}

/// Whether `host` is `domain` or below it.
pub(super) fn is_within(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|head| head.is_empty() || head.ends_with('.'))
}

/// Why the page at `address` cannot serve as evidence; nothing where its address speaks for it.
pub(super) fn objection(rule: &EvidenceRule, own: &[String], address: &str) -> Option<String> {
    if address.len() > URL_BYTES_MAX {
        return Some(format!("its address has {} bytes; at most {URL_BYTES_MAX} are read", address.len()));
    }
    let Ok(url) = Url::parse(address) else { return Some("its address is no URL".to_owned()) };
    if !matches!(url.scheme(), "https" | "http") {
        return Some(format!("{}: addresses are no public web pages", url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Some("its address holds a user name: it is not open to everybody".to_owned());
    }
    let Some(Host::Domain(host)) = url.host() else {
        return Some("its address names no host of a domain".to_owned());
    };
    if let Some(never) = rule.never_hosts.iter().find(|never| is_within(host, never)) {
        return Some(format!("{never} is not accepted as anybody's own page"));
    }
    if !own.iter().any(|domain| is_within(host, domain)) {
        let named = if own.is_empty() { "none was named".to_owned() } else { own.join(", ") };
        return Some(format!("{host} is not on the organisation's own domains ({named})"));
    }
    looks_like(&url)
        .filter(|kind| !rule.accepts.contains(kind))
        .map(|kind| format!("its address is that of {}", kind.phrase()))
}

/// What a page is by its address alone, where that leaves no doubt.
fn looks_like(url: &Url) -> Option<Evidence> {
    let host = url.host_str().unwrap_or_default();
    if host.split('.').next().is_some_and(|first| matches!(first, "blog" | "blogs")) {
        return Some(Evidence::Blog);
    }
    let mut parts = url.path_segments()?;
    let last = parts.next_back().unwrap_or_default().to_lowercase();
    if parts.any(|part| matches!(part.to_lowercase().as_str(), "blog" | "blogs")) {
        return Some(Evidence::Blog);
    }
    match last.rsplit_once('.')?.1 {
        "swf" => Some(Evidence::Flash),
        "mp4" | "webm" | "avi" | "mov" | "mkv" => Some(Evidence::Video),
        "ppt" | "pptx" | "odp" => Some(Evidence::Talk),
        _ => None,
    }
}
