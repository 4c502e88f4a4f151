//! What a server may be told.

use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::thread;
use std::time::Duration;

use holdline_http1::Limits;

/// Limits and deadlines of a [`Server`](crate::Server).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// Event loops, a thread each. Default: the number of processor cores.
    pub threads: NonZeroUsize,
    /// Connections at one time over all loops. Default: 10,000.
    pub max_connections: usize,
    /// Connections past [`max_connections`](Self::max_connections) of which one request is read and answered, with
    /// 503 unless the handler serves it even so ([`Handler::serves_when_full`](crate::Handler::serves_when_full)).
    /// When these are all taken, the oldest whose request's head is not here makes room for the next one; if each has
    /// asked something, the next one is closed at once. Default: 256.
    pub reserve: usize,
    /// How long a connection of the [`reserve`](Self::reserve) may take until its request's head is here. A body may
    /// take five times as long. Default: 2 s.
    pub reserve_timeout: Duration,
    /// Connections of one address at one time; of an IPv6 address, of its network of 64 bits. A few more are told so
    /// ([`Rejection::TooManyFromAddress`](crate::Rejection::TooManyFromAddress)). Behind a trusted proxy the requests of
    /// each client that are under way are counted. Connections over Unix sockets and the proxies themselves are not
    /// limited. Default: `None`, no limit.
    pub max_connections_per_address: Option<usize>,
    /// Proxies whose `X-Forwarded-For` is believed. Each must append the address of its client to this field, or replace
    /// the field. Default: none.
    pub trusted_proxies: Vec<IpAddr>,
    /// Memory in bytes, over all connections, for what has come and is not whole yet: heads, bodies that are taken
    /// whole, WebSocket messages, and input that waits for the response before it. When it is not enough, those go first
    /// that are furthest behind the rate at which they should come: [`Rejection::NoRoom`](crate::Rejection::NoRoom), or
    /// close code 1009. So no body may be longer than this, and a message takes up to twice its length while it comes.
    /// Default: 64 MiB.
    pub max_upload_total: usize,
    /// Limits of request heads and bodies. `max_body` is what a body may have that the handler takes without
    /// a limit of its own ([`Handler::head`](crate::Handler::head)); 1 MiB here by default.
    pub http: Limits,
    /// From the first byte of a request head to its last; before that, from the beginning of the connection to the
    /// first byte. Default: 10 s.
    pub head_timeout: Duration,
    /// How far a request's body may fall behind [`min_read_rate`](Self::min_read_rate): from its head on it
    /// has this long, and every byte that comes gives it more time, up to as much again. Default: 30 s.
    pub body_timeout: Duration,
    /// The same for a WebSocket message, from the first byte of its first frame to the last of its last, and for
    /// every other frame. Default: 30 s.
    pub message_timeout: Duration,
    /// The rate in bytes a second at which bodies and messages must come, on the wire. 0: any byte keeps them
    /// alive for another timeout. Default: 500.
    pub min_read_rate: u64,
    /// Between requests. Default: 75 s.
    pub idle_timeout: Duration,
    /// How long a peer may take no bytes while some wait for it; more exactly, how far it may fall behind
    /// [`min_write_rate`](Self::min_write_rate). Every byte that the system takes gives it more time, up to
    /// this long. Default: 30 s.
    pub write_timeout: Duration,
    /// The rate in bytes a second at which a peer must take what waits for it. 0: any byte keeps the
    /// connection alive for another timeout. Default: 500.
    pub min_write_rate: u64,
    /// After what time a peer that has vanished (its machine or its network is gone, and no FIN came) is given
    /// up. Bytes that were sent must be acknowledged in this time (`TCP_USER_TIMEOUT`, RFC 5482, on Linux), and
    /// a peer that is sent nothing is probed (TCP keepalive). Never less than
    /// [`write_timeout`](Self::write_timeout); zero: whatever the system does. Default: 45 s.
    pub peer_timeout: Duration,
    /// After the last response, how long the peer may go on sending before the connection is
    /// dropped, so that it can read that response (RFC 9112 §9.6). Default: 5 s.
    pub linger_timeout: Duration,
    /// After [`Handle::stop`](crate::Handle::stop), the time over which connections are told so, one after the
    /// other, so that their clients do not all come back in one moment. Fewer than one a millisecond take less time.
    /// Default: zero, which is all at once.
    pub drain: Duration,
    /// Calls [`Handler::finished`](crate::Handler::finished) for each request that is over. It costs memory and time
    /// for each request, and nothing while it is off. Default: off.
    pub report_requests: bool,
    /// Calls [`Handler::tap`](crate::Handler::tap) for each request. What came of a head that is not whole is kept once
    /// more for it. Default: off.
    pub taps: bool,
    /// After the last connection was told that the server stops, how long connections may take to end. Default: 5 s.
    pub stop_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        let mut http = Limits::default();
        http.max_body = 1024 * 1024;
        Self {
            threads: thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            max_connections: 10_000,
            reserve: 256,
            reserve_timeout: Duration::from_secs(2),
            max_connections_per_address: None,
            trusted_proxies: Vec::new(),
            max_upload_total: 64 * 1024 * 1024,
            http,
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            message_timeout: Duration::from_secs(30),
            min_read_rate: 500,
            idle_timeout: Duration::from_secs(75),
            write_timeout: Duration::from_secs(30),
            min_write_rate: 500,
            peer_timeout: Duration::from_secs(45),
            linger_timeout: Duration::from_secs(5),
            drain: Duration::ZERO,
            report_requests: false,
            taps: false,
            stop_timeout: Duration::from_secs(5),
        }
    }
}
