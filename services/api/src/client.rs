//! Where a request comes from: the other end of its connection, or what a proxy of ours says about that.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::{
    extract::ConnectInfo,
    http::{Extensions, HeaderMap, HeaderName},
};
use ipnet::IpNet;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// A list of addresses and networks that has something else in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no address and no network such as `10.0.0.0/8`")]
pub struct NotANetwork(String);

/// The proxies in front, which are believed in what they say about the client. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Proxies(Arc<[IpNet]>);

impl Proxies {
    /// Reads addresses and networks, separated by commas.
    ///
    /// # Errors
    /// [`NotANetwork`].
    pub fn parse(list: &str) -> Result<Self, NotANetwork> {
        list.split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty())
            .map(|entry| {
                let network = entry.parse::<IpNet>().ok();
                let network = network.or_else(|| entry.parse::<IpAddr>().ok().map(IpNet::from));
                network.ok_or_else(|| NotANetwork(entry.to_owned()))
            })
            .collect::<Result<Vec<_>, _>>()
            .map(|networks| Self(networks.into()))
    }

    /// The client's address: that of the connection, or, where that is a proxy's, the last of `X-Forwarded-For` that is none.
    /// What stands further left may be anybody's invention.
    pub(crate) fn client(&self, extensions: &Extensions, headers: &HeaderMap) -> Option<IpAddr> {
        let peer = extensions.get::<ConnectInfo<SocketAddr>>()?.0.ip().to_canonical();
        let mut client = peer;
        if !self.has(client) {
            return Some(client);
        }
        let values: Vec<&str> = headers
            .get_all(FORWARDED_FOR)
            .iter()
            .map(|value| value.to_str().unwrap_or_default())
            .collect();
        for entry in values.iter().flat_map(|value| value.split(',')).rev() {
            let Some(address) = address(entry.trim()) else { break };
            client = address;
            if !self.has(client) {
                break;
            }
        }
        Some(client)
    }

    fn has(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// An address as proxies write it: with or without a port, IPv6 with or without brackets.
fn address(text: &str) -> Option<IpAddr> {
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let address = text.parse::<IpAddr>().ok();
    let address = address.or_else(|| text.parse::<SocketAddr>().ok().map(|it| it.ip()));
    address.or_else(bracketed).map(|it| it.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(proxies: &str, peer: &str, forwarded: &[&str]) -> String {
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 4711)));
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, value.parse().unwrap());
        }
        let found = Proxies::parse(proxies).unwrap().client(&extensions, &headers);
        found.unwrap().to_string()
    }

    #[test]
    fn nobody_is_believed_unless_configured() {
        assert_eq!(client("", "203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
        assert_eq!(client("10.0.0.0/8", "203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
    }

    #[test]
    fn the_last_that_is_no_proxy_is_the_client() {
        let proxies = "10.0.0.0/8, 2001:db8::1, 127.0.0.1";
        for (peer, forwarded, expected) in [
            ("10.1.2.3", vec!["198.51.100.1"], "198.51.100.1"),
            ("10.1.2.3", vec!["6.6.6.6, 198.51.100.1"], "198.51.100.1"),
            ("10.1.2.3", vec!["6.6.6.6", "198.51.100.1, 10.9.9.9"], "198.51.100.1"),
            ("::ffff:10.1.2.3", vec!["[2001:db8::7]:443"], "2001:db8::7"),
            ("2001:db8::1", vec!["[2001:db8::8]"], "2001:db8::8"),
            ("127.0.0.1", vec!["198.51.100.1:5000"], "198.51.100.1"),
            // Nothing that can be read: what is known for sure.
            ("10.1.2.3", vec!["198.51.100.1, unknown"], "10.1.2.3"),
            ("10.1.2.3", vec![], "10.1.2.3"),
            ("10.1.2.3", vec!["10.4.4.4"], "10.4.4.4"),
        ] {
            assert_eq!(client(proxies, peer, &forwarded), expected, "{forwarded:?}");
        }
    }

    #[test]
    fn without_a_connection_there_is_no_address() {
        assert_eq!(Proxies::default().client(&Extensions::new(), &HeaderMap::new()), None);
    }

    #[test]
    fn what_is_no_network_is_named() {
        let error = Proxies::parse("10.0.0.0/8, proxy.example").unwrap_err();
        assert_eq!(
            error.to_string(),
            "`proxy.example` is no address and no network such as `10.0.0.0/8`"
        );
    }
}
