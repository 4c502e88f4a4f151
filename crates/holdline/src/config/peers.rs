//! How slow a peer may be, and how long it may be unreachable.

use std::time::Duration;

use clap::Args;

/// These apply to every connection, whatever it is used for.
#[derive(Args, Clone, Debug)]
pub(crate) struct PeerArguments {
    /// How far the body of a request may fall behind --min-read-rate.
    #[arg(
        long,
        env = "HOLDLINE_BODY_TIMEOUT",
        default_value = "30s",
        value_parser = super::positive_duration,
        value_name = "TIME"
    )]
    pub(crate) body_timeout: Duration,
    /// How far an incoming WebSocket message may fall behind --min-read-rate.
    #[arg(
        long,
        env = "HOLDLINE_MESSAGE_TIMEOUT",
        default_value = "30s",
        value_parser = super::positive_duration,
        value_name = "TIME"
    )]
    pub(crate) message_timeout: Duration,
    /// Minimum rate for bodies and messages, in bytes per second; 0: any byte restarts the timeout.
    #[arg(
        long,
        env = "HOLDLINE_MIN_READ_RATE",
        default_value_t = 500,
        value_name = "BYTES"
    )]
    pub(crate) min_read_rate: u64,
    /// Memory, over all connections, for incomplete input: heads, bodies and messages. If it is not enough, the
    /// slowest clients are refused. An incoming message needs up to twice its length.
    #[arg(long, env = "HOLDLINE_MAX_UPLOAD_TOTAL", default_value_t = 64 << 20, value_name = "BYTES")]
    pub(crate) max_upload_total: usize,
    /// How far a client may fall behind --min-write-rate while bytes are waiting for it.
    #[arg(
        long,
        env = "HOLDLINE_WRITE_TIMEOUT",
        default_value = "30s",
        value_parser = super::positive_duration,
        value_name = "TIME"
    )]
    pub(crate) write_timeout: Duration,
    /// Minimum rate at which a client must take the bytes waiting for it, per second; 0: any byte restarts the
    /// timeout.
    #[arg(
        long,
        env = "HOLDLINE_MIN_WRITE_RATE",
        default_value_t = 500,
        value_name = "BYTES"
    )]
    pub(crate) min_write_rate: u64,
    /// After how long a client that vanished without a word is given up; 0s leaves this to the system. Never less
    /// than --write-timeout.
    #[arg(
        long,
        env = "HOLDLINE_PEER_TIMEOUT",
        default_value = "45s",
        value_parser = humantime::parse_duration,
        value_name = "TIME"
    )]
    pub(crate) peer_timeout: Duration,
}

impl PeerArguments {
    pub(crate) fn apply(&self, config: &mut holdline_net::Config) {
        config.body_timeout = self.body_timeout;
        config.message_timeout = self.message_timeout;
        config.min_read_rate = self.min_read_rate;
        config.max_upload_total = self.max_upload_total;
        config.write_timeout = self.write_timeout;
        config.min_write_rate = self.min_write_rate;
        config.peer_timeout = self.peer_timeout;
    }
}
