//! What `holdline bench` measures.

use std::time::Duration;

use clap::Args;
use clap::builder::RangedU64ValueParser;

use super::SecretSource;
use crate::channel_url::ChannelUrl;
use crate::transport::Transport;

/// A server, what to hold open on it, and what to publish.
#[derive(Args, Clone, Debug)]
pub(crate) struct BenchArguments {
    /// The channel: http://HOST:PORT/channels/NAME. The scheme may be left out. The host must be this machine
    /// (127.0.0.0/8 or ::1), unless --public is given.
    #[arg(required_unless_present = "spawn", conflicts_with = "spawn")]
    pub(crate) url: Option<ChannelUrl>,
    /// Start a server for the measurement: this program, on a free port of 127.0.0.1.
    #[arg(long)]
    pub(crate) spawn: bool,
    #[arg(
        long,
        help = format!("How to receive: {}", Transport::one_of(Transport::that_hold())),
        default_value = "sse",
        value_parser = parse_held,
        value_name = "TRANSPORT"
    )]
    pub(crate) transport: Transport,
    /// Connections to hold.
    #[arg(
        long,
        default_value_t = 1000,
        value_parser = RangedU64ValueParser::<usize>::new().range(1..=10_000_000),
        value_name = "N"
    )]
    pub(crate) connections: usize,
    /// Messages to publish.
    #[arg(long, default_value_t = 100, value_name = "N")]
    pub(crate) messages: u64,
    /// Messages per second.
    #[arg(long, default_value = "10", value_parser = rate, value_name = "N")]
    pub(crate) rate: f64,
    /// Size of a message in bytes.
    #[arg(
        long,
        default_value_t = 128,
        value_parser = RangedU64ValueParser::<usize>::new().range(64..=64 << 20),
        value_name = "BYTES"
    )]
    pub(crate) size: usize,
    /// Processes that hold the connections, with one event loop each [default: as many as the limit of open files
    /// requires].
    #[arg(
        long,
        value_parser = RangedU64ValueParser::<usize>::new().range(1..=1024),
        value_name = "N"
    )]
    pub(crate) processes: Option<usize>,
    /// How long to wait if nothing happens: while connecting, and after the last message was published. Messages
    /// that have not arrived by then are missing.
    #[arg(
        long,
        default_value = "10s",
        value_parser = super::positive_duration,
        value_name = "TIME"
    )]
    pub(crate) wait: Duration,
    /// Process whose memory and processor time are reported, if the server was started by somebody else. Linux only.
    #[arg(long, conflicts_with = "spawn", value_name = "PID")]
    pub(crate) server_pid: Option<u32>,
    /// The server's publish token; @FILE reads it from a file.
    #[arg(
        long,
        env = "HOLDLINE_PUBLISH_TOKEN",
        hide_env_values = true,
        value_name = "TOKEN|@FILE"
    )]
    pub(crate) token: Option<SecretSource>,
    /// Allow a server that is not on this machine. Use this only for your own servers.
    #[arg(long)]
    pub(crate) public: bool,
    /// Print the result as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Options for the server that --spawn starts, after `--`.
    #[arg(last = true, requires = "spawn", value_name = "OPTION")]
    pub(crate) server_options: Vec<String>,
}

/// Parses a transport that holds a connection.
fn parse_held(text: &str) -> Result<Transport, String> {
    Transport::that_hold()
        .find(|transport| transport.name() == text)
        .ok_or_else(|| format!("it is {}", Transport::one_of(Transport::that_hold())))
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if (0.001..=1e6).contains(&rate) => Ok(rate),
        _ => Err("it is a number from 0.001 to 1000000".to_owned()),
    }
}

/// Printed at the end of the long help.
pub(super) const BENCH_OUTPUT: &str = "\
Each message says when it was published, so that whoever receives it knows how long it took: from just before
the request is written to after the read that completed the message. The times come from one clock, that of this
machine.

Exit status: 0 every connection was made and received every message once, 1 something is missing, 2 wrong usage
or nothing could be measured.";
