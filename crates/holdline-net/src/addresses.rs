//! How many connections each address has, and which address a client behind a proxy has.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use holdline_http1::RequestHead;

use crate::config::Config;

/// The connections of each address, over all loops.
#[derive(Debug)]
pub(crate) struct Addresses {
    most: Option<usize>,
    trusted: Vec<IpAddr>,
    /// Those that have any.
    counts: Mutex<HashMap<IpAddr, usize>>,
}

/// A connection, or a request behind a proxy, that is counted for its address until this is dropped.
#[derive(Debug)]
pub(crate) struct Guest {
    addresses: Arc<Addresses>,
    address: IpAddr,
    /// It is counted until its response is over.
    pub(crate) is_request: bool,
}

/// What becomes of another connection of an address.
#[derive(Debug)]
pub(crate) enum Entry {
    /// Addresses are not counted, or this one is not.
    Free,
    Counted(Guest),
    /// It is one too many. While the guest is kept, it is one of the few that are told so.
    Refused(Guest),
    /// It is one of very many.
    Dropped,
}

impl Addresses {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            most: config.max_connections_per_address,
            trusted: config
                .trusted_proxies
                .iter()
                .map(IpAddr::to_canonical)
                .collect(),
            counts: Mutex::default(),
        }
    }

    /// Another connection, of `peer`. What comes through a trusted proxy is counted by request.
    pub(crate) fn connect(self: &Arc<Self>, peer: Option<IpAddr>) -> Entry {
        self.enter(peer.and_then(|peer| self.limited(peer)), false)
    }

    /// Another request behind a trusted proxy.
    pub(crate) fn request(self: &Arc<Self>, peer: Option<IpAddr>, head: &RequestHead<'_>) -> Entry {
        if self.most.is_none() || !peer.is_some_and(|peer| self.trusts(peer)) {
            return Entry::Free;
        }
        let client = self.client(peer, head);
        self.enter(client.and_then(|client| self.limited(client)), true)
    }

    /// Where a request comes from. A trusted proxy is believed who its client is: the last address that is not a
    /// trusted proxy's own.
    pub(crate) fn client(&self, peer: Option<IpAddr>, head: &RequestHead<'_>) -> Option<IpAddr> {
        let mut last = peer?.to_canonical();
        if !self.trusts(last) {
            return Some(last);
        }
        let fields: Vec<&[u8]> = head.headers().get_all("x-forwarded-for").collect();
        let hops = fields.iter().rev();
        for hop in hops.flat_map(|field| field.rsplit(|&byte| byte == b',')) {
            // What a proxy cannot name is not named by anyone further away.
            let Some(address) = parse(hop) else {
                break;
            };
            last = address;
            if !self.trusts(last) {
                break;
            }
        }
        Some(last)
    }

    /// By what a client is limited: its address, or of an IPv6 address the first 64 bits, for all the others of such a
    /// network are at its command, too. `None` for a trusted proxy.
    pub(crate) fn limited(&self, client: IpAddr) -> Option<IpAddr> {
        let client = client.to_canonical();
        if self.trusts(client) {
            return None;
        }
        Some(match client {
            IpAddr::V4(_) => client,
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & NETWORK).into(),
        })
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.contains(&address.to_canonical())
    }

    fn enter(self: &Arc<Self>, address: Option<IpAddr>, is_request: bool) -> Entry {
        let (Some(most), Some(address)) = (self.most, address) else {
            return Entry::Free;
        };
        let mut counts = self.lock();
        let count = counts.entry(address).or_default();
        if *count >= most.saturating_add(TOLD) {
            return Entry::Dropped;
        }
        *count += 1;
        let is_welcome = *count <= most;
        drop(counts);
        let guest = Guest {
            addresses: Arc::clone(self),
            address,
            is_request,
        };
        match is_welcome {
            true => Entry::Counted(guest),
            false => Entry::Refused(guest),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut counts = self.addresses.lock();
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}

/// An address as proxies write it, some of them with the port.
fn parse(hop: &[u8]) -> Option<IpAddr> {
    let hop = std::str::from_utf8(hop).ok()?.trim();
    let address = match hop.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0.parse(),
        None => hop.parse().or_else(|error| match hop.split_once(':') {
            Some((address, _port)) => address.parse(),
            None => Err(error),
        }),
    };
    address.ok().map(|address: IpAddr| address.to_canonical())
}

/// The bits of an IPv6 address that name a network (RFC 4291 §2.5.4).
const NETWORK: u128 = !(u64::MAX as u128);
/// Connections past the limit of an address that are told so; more are closed at once.
const TOLD: usize = 4;

#[cfg(test)]
mod tests {
    use holdline_http1::{Buffer, Event, ServerConfig, ServerConnection};

    use super::*;

    fn addresses(most: usize) -> Arc<Addresses> {
        let config = Config {
            max_connections_per_address: Some(most),
            trusted_proxies: vec![ip("10.0.0.1"), ip("10.0.0.2"), ip("fd00::1")],
            ..Config::default()
        };
        Arc::new(Addresses::new(&config))
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn client(peer: &str, fields: &str) -> IpAddr {
        let request = format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
        let (mut input, mut buffer) = (request.as_bytes(), Buffer::new());
        let mut http = ServerConnection::new(ServerConfig::default());
        match http.receive(&mut input, &mut buffer) {
            Ok(Some(Event::Request { head, .. })) => {
                addresses(1).client(Some(ip(peer)), &head).unwrap()
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_a_trusted_proxy_is_believed_who_its_client_is() {
        for (peer, fields, expected) in [
            ("1.2.3.4", "", "1.2.3.4"),
            ("1.2.3.4", "X-Forwarded-For: 5.6.7.8\r\n", "1.2.3.4"),
            ("10.0.0.1", "X-Forwarded-For: 5.6.7.8\r\n", "5.6.7.8"),
            ("::ffff:10.0.0.1", "X-Forwarded-For: 5.6.7.8\r\n", "5.6.7.8"),
            // What the client has made up stands before what the proxy adds.
            (
                "10.0.0.1",
                "X-Forwarded-For: 9.9.9.9, 5.6.7.8\r\n",
                "5.6.7.8",
            ),
            (
                "10.0.0.1",
                "X-Forwarded-For: 9.9.9.9\r\nX-Forwarded-For: 5.6.7.8\r\n",
                "5.6.7.8",
            ),
            (
                "10.0.0.1",
                "X-Forwarded-For: 9.9.9.9, 5.6.7.8 ,10.0.0.2\r\n",
                "5.6.7.8",
            ),
            ("10.0.0.1", "X-Forwarded-For: 5.6.7.8:4711\r\n", "5.6.7.8"),
            (
                "10.0.0.1",
                "X-Forwarded-For: [2001:db8::1]:80\r\n",
                "2001:db8::1",
            ),
            ("fd00::1", "X-Forwarded-For: 2001:db8::1\r\n", "2001:db8::1"),
            // It does not say.
            ("10.0.0.1", "", "10.0.0.1"),
            (
                "10.0.0.1",
                "X-Forwarded-For: 9.9.9.9, unknown\r\n",
                "10.0.0.1",
            ),
            (
                "10.0.0.1",
                "X-Forwarded-For: 9.9.9.9, unknown, 10.0.0.2\r\n",
                "10.0.0.2",
            ),
            ("10.0.0.1", "X-Forwarded-For: \r\n", "10.0.0.1"),
        ] {
            assert_eq!(client(peer, fields), ip(expected), "{peer} {fields:?}");
        }
    }

    #[test]
    fn connections_are_counted_until_they_end() {
        let addresses = addresses(2);
        let peer = Some(ip("1.2.3.4"));
        let mut open: Vec<Entry> = (0..10).map(|_| addresses.connect(peer)).collect();
        let count = |open: &[Entry]| {
            let counted = open
                .iter()
                .filter(|entry| matches!(entry, Entry::Counted(_)));
            let refused = open
                .iter()
                .filter(|entry| matches!(entry, Entry::Refused(_)));
            (counted.count(), refused.count())
        };
        assert_eq!(count(&open), (2, TOLD));
        assert!(matches!(
            addresses.connect(Some(ip("1.2.3.5"))),
            Entry::Counted(_)
        ));
        assert!(matches!(
            addresses.connect(Some(ip("10.0.0.1"))),
            Entry::Free
        ));
        assert!(matches!(addresses.connect(None), Entry::Free));
        open.clear();
        assert!(matches!(addresses.connect(peer), Entry::Counted(_)));
        assert!(addresses.lock().is_empty());
    }

    #[test]
    fn an_ipv6_network_is_one_client() {
        let addresses = addresses(1);
        let first = addresses.connect(Some(ip("2001:db8::1")));
        let second = addresses.connect(Some(ip("2001:db8::ffff:2")));
        let other = addresses.connect(Some(ip("2001:db8:0:1::1")));
        assert!(matches!(first, Entry::Counted(_)));
        assert!(matches!(second, Entry::Refused(_)));
        assert!(matches!(other, Entry::Counted(_)));
    }
}
