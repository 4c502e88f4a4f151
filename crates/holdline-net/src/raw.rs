//! Connections whose bytes are for the handler's own decoder.

use std::io;
use std::net::{IpAddr, SocketAddr};

use crate::address::{Address, canonical};
use crate::addresses::Addresses;
use crate::connection_id::ConnectionId;
use crate::socket::PeerSocket;

/// A connection that came to a [raw listener](crate::Listener::raw).
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// The connection.
    pub connection: ConnectionId,
    /// Which of the server's listeners it came from, counted from 0 in the order of
    /// [`Server::new`](crate::Server::new).
    pub listener: usize,
    /// The client's address. Over a Unix socket it has none.
    pub peer: Option<SocketAddr>,
    pub(crate) place: Place<'a>,
}

impl Arrival<'_> {
    /// By what this client is to be limited, if at all: its address, or of an IPv6 address the first 64 bits. `None`
    /// over a Unix socket and for a [trusted proxy](crate::Config::trusted_proxies).
    #[must_use]
    pub fn limited_address(&self) -> Option<IpAddr> {
        self.place.addresses.limited(self.peer?.ip())
    }

    /// The address of this machine that the client connected to, as
    /// [`Request::local_addr`](crate::Request::local_addr) has it.
    ///
    /// # Errors
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<Option<SocketAddr>> {
        self.place.local_addr()
    }
}

/// What is known of a connection beside its peer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    /// Where the listener listens.
    pub(crate) listens: Option<&'a Address>,
    pub(crate) socket: &'a PeerSocket,
    pub(crate) addresses: &'a Addresses,
}

impl Place<'_> {
    /// The address of this machine that the client connected to. When the listener takes connections on every address,
    /// this asks the system.
    pub(crate) fn local_addr(&self) -> io::Result<Option<SocketAddr>> {
        match self.listens.and_then(Address::tcp) {
            Some(address) if !address.ip().is_unspecified() => Ok(Some(canonical(address))),
            _ => Ok(self.socket.local_addr()?.map(canonical)),
        }
    }
}

/// What a handler expects of a peer after it took bytes ([`Handler::bytes`](crate::Handler::bytes)), and so which
/// deadline the peer has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Expects {
    /// The rest of a message, of which the handler keeps so many bytes of memory. They are part of
    /// [`max_upload_total`](crate::Config::max_upload_total). The first message of a connection has
    /// [`head_timeout`](crate::Config::head_timeout), every other one
    /// [`message_timeout`](crate::Config::message_timeout).
    Rest(usize),
    /// Another message, within [`idle_timeout`](crate::Config::idle_timeout).
    Message,
    /// Nothing: the peer may be silent for as long as it likes, as one that listens is.
    Nothing,
}
