//! What a server may be told.

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
    /// Connections at one time over all loops. A client past this is answered 503. Default: 10,000.
    pub max_connections: usize,
    /// Limits of request heads and bodies. A request's body is held in memory until it is whole;
    /// `max_body` is 1 MiB here by default.
    pub http: Limits,
    /// From the first byte of a request head to its last. Default: 10 s.
    pub head_timeout: Duration,
    /// From the end of a request head to the end of its body. Default: 30 s.
    pub body_timeout: Duration,
    /// Between requests. Default: 75 s.
    pub idle_timeout: Duration,
    /// How long a peer may take no bytes while some wait for it. Default: 30 s.
    pub write_timeout: Duration,
    /// After the last response, how long the peer may go on sending before the connection is
    /// dropped, so that it can read that response (RFC 9112 §9.6). Default: 5 s.
    pub linger_timeout: Duration,
    /// After [`Handle::stop`](crate::Handle::stop), how long connections may take to end. Default: 5 s.
    pub stop_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        let mut http = Limits::default();
        http.max_body = 1024 * 1024;
        Self {
            threads: thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            max_connections: 10_000,
            http,
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(75),
            write_timeout: Duration::from_secs(30),
            linger_timeout: Duration::from_secs(5),
            stop_timeout: Duration::from_secs(5),
        }
    }
}
