//! Where a request comes from, as far as it can be known.

use super::Shared;
use axum::extract::{ConnectInfo, FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use std::convert::Infallible;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// Browsers by a word of their `User-Agent`. The first that fits: most of them also name the others.
const BROWSERS: [(&str, &str); 5] = [
    ("Firefox/", "Firefox"),
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];
const SYSTEMS: [(&str, &str); 6] = [
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
];

/// Where a request comes from. Its text is for the one whose session it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Whence {
    /// The address at the other end, or the one that our own reverse proxy names.
    pub address: Option<IpAddr>,
    browser: String,
}

impl Whence {
    /// What counts as one network: an IPv4 address, or the 64 bits that an IPv6 customer has at least.
    #[must_use]
    pub fn network(&self) -> Option<IpAddr> {
        self.address.map(|address| match address {
            IpAddr::V4(_) => address,
            IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
                Some(v4) => IpAddr::V4(v4),
                None => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
            },
        })
    }

    fn read(headers: &HeaderMap, peer: Option<IpAddr>, proxies: &[IpAddr]) -> Whence {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        // The last address is the one that the proxy itself saw; whatever stands before it, anybody can write.
        let forwarded = headers.get_all("x-forwarded-for").iter().next_back();
        let forwarded =
            forwarded.and_then(|value| value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
        let is_proxy = peer.is_some_and(|peer| peer.is_loopback() || proxies.contains(&peer));
        let address = if is_proxy { forwarded.or(peer) } else { peer };
        Whence { address, browser: browser(text(header::USER_AGENT)) }
    }
}

fn browser(agent: &str) -> String {
    let find = |table: &[(&str, &'static str)]| {
        table.iter().find(|(word, _)| agent.contains(word)).map(|(_, name)| *name)
    };
    match (find(&BROWSERS), find(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => String::new(),
    }
}

impl fmt::Display for Whence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.address, self.browser.as_str()) {
            (Some(address), "") => write!(f, "{address}"),
            (Some(address), browser) => write!(f, "{address}, {browser}"),
            (None, browser) => f.write_str(browser),
        }
    }
}

impl<S> FromRequestParts<S> for Whence
where
    Shared: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Whence, Infallible> {
        let web = Shared::from_ref(state);
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        Ok(Whence::read(&parts.headers, peer, &web.proxies))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &str, proxies: &[IpAddr]) -> String {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", forwarded.parse().expect("a header"));
        let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
        headers.insert(header::USER_AGENT, agent.parse().expect("a header"));
        Whence::read(&headers, peer.parse().ok(), proxies).to_string()
    }

    #[test]
    fn only_our_own_proxy_is_believed() {
        assert_eq!(seen("127.0.0.1", "6.6.6.6, 192.0.2.7", &[]), "192.0.2.7, Firefox on Linux");
        assert_eq!(seen("198.51.100.1", "192.0.2.7", &[]), "198.51.100.1, Firefox on Linux");
        let proxy: IpAddr = "198.51.100.1".parse().expect("an address");
        assert_eq!(seen("198.51.100.1", "192.0.2.7", &[proxy]), "192.0.2.7, Firefox on Linux");
        assert_eq!(seen("127.0.0.1", "nonsense", &[]), "127.0.0.1, Firefox on Linux");
        assert_eq!(seen("", "192.0.2.7", &[]), "Firefox on Linux");
    }

    #[test]
    fn a_customers_many_addresses_are_one_network() {
        let network = |text: &str| Whence { address: text.parse().ok(), ..Whence::default() }.network();
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), network("2001:db8:1:2:ffff::1"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("::ffff:192.0.2.7"), network("192.0.2.7"));
    }
}
