//! Who sent a request that came through proxies: `X-Forwarded-For`, believed only as far as trusted proxies wrote it.
//!
//! Each proxy appends the address that it was connected from, so the last entries are ours and the first ones are
//! whatever the client claimed: <https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/X-Forwarded-For>.

use std::net::IpAddr;

use axum::http::HeaderMap;

use super::network::{Network, subscriber};

/// Whom a connection counts for: its peer, but for a trusted proxy.
pub(super) fn peer_client(peer: IpAddr, trusted: &[Network]) -> Option<IpAddr> {
    (!is_trusted(peer, trusted)).then(|| subscriber(peer))
}

/// The nearest address that is not a trusted proxy's; `None` where the last proxy named none that can be read.
/// Only for requests whose connection came from a trusted proxy.
pub(super) fn forwarded_client(headers: &HeaderMap, trusted: &[Network]) -> Option<IpAddr> {
    let lines: Vec<&str> =
        headers.get_all("x-forwarded-for").iter().map(|line| line.to_str().unwrap_or("")).collect();
    for entry in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        let address: IpAddr = entry.trim().parse().ok()?;
        if !is_trusted(address, trusted) {
            return Some(subscriber(address));
        }
    }
    None
}

fn is_trusted(address: IpAddr, trusted: &[Network]) -> bool {
    trusted.iter().any(|network| network.contains(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_trusted_proxies_wrote_is_believed() {
        let trusted: Vec<Network> = ["127.0.0.0/8", "10.0.0.0/8"].map(|text| text.parse().unwrap()).into();
        let rows: &[(&[&str], Option<&str>)] = &[
            (&[], None),
            (&["192.0.2.1"], Some("192.0.2.1")),
            (&["198.51.100.9, 192.0.2.1"], Some("192.0.2.1")),
            (&["198.51.100.9, 192.0.2.1, 10.0.0.2"], Some("192.0.2.1")),
            (&["198.51.100.9", "192.0.2.1,10.0.0.2"], Some("192.0.2.1")),
            (&["10.0.0.2"], None),
            (&["192.0.2.1, unknown"], None),
            (&["2001:db8::1:2"], Some("2001:db8::")),
            (&[""], None),
        ];
        for (lines, client) in rows {
            let mut headers = HeaderMap::new();
            for line in *lines {
                headers.append("x-forwarded-for", line.parse().unwrap());
            }
            let found = forwarded_client(&headers, &trusted);
            assert_eq!(found, client.map(|client| client.parse().unwrap()), "{lines:?}");
        }
        assert_eq!(peer_client("10.1.2.3".parse().unwrap(), &trusted), None);
        let peer = "192.0.2.1".parse().unwrap();
        assert_eq!(peer_client(peer, &trusted), Some(peer));
    }
}
