//! How slow a peer may be, and how long it may be gone.

use std::time::Duration;

use clap::Args;

/// These hold for every connection, whatever it speaks.
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
    /// How far a message that comes over a WebSocket may fall behind --min-read-rate.
    #[arg(
        long,
        env = "HOLDLINE_MESSAGE_TIMEOUT",
        default_value = "30s",
        value_parser = super::positive_duration,
        value_name = "TIME"
    )]
    pub(crate) message_timeout: Duration,
    /// Bytes a second at which bodies and messages must come; 0: any byte gives them another timeout.
    #[arg(
        long,
        env = "HOLDLINE_MIN_READ_RATE",
        default_value_t = 500,
        value_name = "BYTES"
    )]
    pub(crate) min_read_rate: u64,
    /// Memory, over all connections, for what comes and is not whole yet: heads, bodies and messages. When it is not
    /// enough, the slowest are refused. A message takes up to twice its length while it comes.
    #[arg(long, env = "HOLDLINE_MAX_UPLOAD_TOTAL", default_value_t = 64 << 20, value_name = "BYTES")]
    pub(crate) max_upload_total: usize,
    /// How far a client may fall behind --min-write-rate while bytes wait for it.
    #[arg(
        long,
        env = "HOLDLINE_WRITE_TIMEOUT",
        default_value = "30s",
        value_parser = super::positive_duration,
        value_name = "TIME"
    )]
    pub(crate) write_timeout: Duration,
    /// Bytes a second that a client must take while some wait for it; 0: any byte gives it another timeout.
    #[arg(
        long,
        env = "HOLDLINE_MIN_WRITE_RATE",
        default_value_t = 500,
        value_name = "BYTES"
    )]
    pub(crate) min_write_rate: u64,
    /// After what time a client is given up that has vanished without a word; 0s leaves it to the system.
    /// Never less than --write-timeout.
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
