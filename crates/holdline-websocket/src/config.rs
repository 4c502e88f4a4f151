//! The choices that a caller has.

use core::time::Duration;

use crate::{limits::Limits, timing::Keepalive};

/// How a connection behaves.
///
/// ```
/// use core::time::Duration;
/// use holdline_websocket::{Config, Keepalive};
///
/// let mut config = Config::default();
/// config.limits.max_message = 1 << 20;
/// config.keepalive = Some(Keepalive {
///     interval: Duration::from_secs(20),
///     timeout: Duration::from_secs(10),
/// });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// How much the peer may send. Default: frames and messages of 16 MiB.
    pub limits: Limits,
    /// How long closing may take, from the first Close frame to the end of the stream. Default: 10 s;
    /// `Duration::MAX` for no deadline.
    pub close_timeout: Duration,
    /// Pings and their deadline. Default: none.
    pub keepalive: Option<Keepalive>,
    /// permessage-deflate as agreed in the handshake of this connection. Default: none.
    #[cfg(feature = "deflate")]
    pub deflate: Option<crate::Deflate>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            close_timeout: Duration::from_secs(10),
            keepalive: None,
            #[cfg(feature = "deflate")]
            deflate: None,
        }
    }
}
