//! The command-line arguments and their valid values.

mod access;
mod addresses;
mod bench;
mod broker;
mod check;
mod decode;
mod discreet;
mod disk;
mod feed;
mod listening;
mod members;
mod peers;
mod proxy;
mod publishing;
mod secret;
mod sign;
mod subscribing;
mod tokens;

use std::num::NonZeroUsize;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

pub(crate) use self::access::AccessArguments;
pub(crate) use self::addresses::AddressArguments;
pub(crate) use self::bench::BenchArguments;
pub(crate) use self::broker::BrokerArguments;
pub(crate) use self::decode::{DecodeArguments, DecodeKind, DecodeRole, Explanation};
pub(crate) use self::disk::DiskArguments;
pub(crate) use self::feed::FeedArguments;
pub(crate) use self::listening::{Endpoint, ListenArguments};
pub(crate) use self::members::MemberArguments;
pub(crate) use self::peers::PeerArguments;
pub(crate) use self::proxy::ProxyArguments;
pub(crate) use self::publishing::{PublishArguments, PublishingArguments};
pub(crate) use self::secret::{SecretSource, on_the_command_line};
pub(crate) use self::sign::SignArguments;
pub(crate) use self::subscribing::SubscribeArguments;

/// A push server: publish once, and every client receives it over whichever transport it speaks.
#[derive(Debug, Parser)]
#[command(
    version,
    args_conflicts_with_subcommands = true,
    propagate_version = true
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) serve: ServeArguments,
}

impl Cli {
    /// Reads the arguments. If they are not valid, this says why and ends the process.
    pub(crate) fn read() -> Self {
        Self::try_parse().unwrap_or_else(|error| discreet::discreet(error).exit())
    }
}

#[derive(Debug, Subcommand)]
#[allow(
    clippy::large_enum_variant,
    reason = "there is one, and it lives as long as the program"
)]
pub(crate) enum Command {
    /// Run the push server (the default command).
    Serve(ServeArguments),
    /// Post a message to a channel, or each line of standard input as it comes.
    Publish(PublishArguments),
    /// Print each message of a channel as a line of JSON.
    #[command(after_long_help = subscribing::SUBSCRIBE_OUTPUT)]
    Subscribe(SubscribeArguments),
    /// Sign a token that says what its bearer may do.
    Token(SignArguments),
    /// Show what bytes mean: HTTP/1.1, event streams, WebSocket, Comet; from files, hex dumps and captures.
    #[command(after_long_help = decode::DECODE_OUTPUT)]
    Decode(DecodeArguments),
    /// Stand between clients and a server, forward every byte, and explain live what it means.
    Proxy(ProxyArguments),
    /// Measure a server: hold connections, publish, and report delays, rates and memory.
    #[command(after_long_help = bench::BENCH_OUTPUT)]
    Bench(BenchArguments),
    /// Serve for `bench`, which starts this command, until the standard input ends.
    #[command(hide = true)]
    BenchServer(ServeArguments),
    /// Hold connections for `bench`, which starts this command.
    #[command(hide = true)]
    BenchHolder,
}

/// Every option can also be set in the environment: `--max-lag` as `HOLDLINE_MAX_LAG`.
#[derive(Args, Clone, Debug)]
pub(crate) struct ServeArguments {
    #[command(flatten)]
    pub(crate) listening: ListenArguments,
    /// Number of event loops, each with its own thread [default: the number of processor cores].
    #[arg(long, env = "HOLDLINE_THREADS", value_parser = threads, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
    /// Messages that each channel keeps for clients that ask for them later. With 0, what is published is still
    /// delivered.
    #[arg(
        long,
        env = "HOLDLINE_HISTORY",
        default_value_t = 10_000,
        value_name = "N"
    )]
    pub(crate) history: usize,
    /// Memory for the messages that each channel keeps, including their encoded forms.
    #[arg(long, env = "HOLDLINE_HISTORY_BYTES", default_value_t = 32 << 20, value_name = "BYTES")]
    pub(crate) history_bytes: usize,
    /// Memory for the history of all channels together, and for the channels themselves. The longest silent channels
    /// lose theirs first.
    #[arg(long, env = "HOLDLINE_HISTORY_TOTAL", default_value_t = 256 << 20, value_name = "BYTES")]
    pub(crate) history_total: u64,
    /// How long a message is kept; 0s means for ever.
    #[arg(
        long,
        env = "HOLDLINE_HISTORY_AGE",
        default_value = "1h",
        value_parser = humantime::parse_duration,
        value_name = "TIME"
    )]
    pub(crate) history_age: Duration,
    /// How long clients can resume after a message even if --history does not keep it: the time between two polls,
    /// or the time to reconnect after a cut.
    #[arg(
        long,
        env = "HOLDLINE_RESUME_WINDOW",
        default_value = "30s",
        value_parser = humantime::parse_duration,
        value_name = "TIME"
    )]
    pub(crate) resume_window: Duration,
    /// Memory, over all channels, for messages that --history does not keep but that are still to be delivered. When
    /// it is used up, the resume window shrinks first; then the slowest stream is skipped ahead.
    #[arg(long, env = "HOLDLINE_DELIVERY_TOTAL", default_value_t = 128 << 20, value_name = "BYTES")]
    pub(crate) delivery_total: u64,
    /// How many channels that were published to are remembered.
    #[arg(
        long,
        env = "HOLDLINE_MAX_CHANNELS",
        default_value_t = 100_000,
        value_parser = at_least_one,
        value_name = "N"
    )]
    pub(crate) max_channels: usize,
    /// How many channels may be watched that nobody has published to.
    #[arg(
        long,
        env = "HOLDLINE_MAX_ASKED_CHANNELS",
        default_value_t = 100_000,
        value_name = "N"
    )]
    pub(crate) max_asked_channels: usize,
    /// Time between heartbeats on a silent stream. Each stream uses up to a quarter less.
    #[arg(
        long,
        env = "HOLDLINE_HEARTBEAT",
        default_value = "15s",
        value_parser = positive_duration,
        value_name = "TIME"
    )]
    pub(crate) heartbeat: Duration,
    /// How long a long poll is held if the request does not say.
    #[arg(
        long,
        env = "HOLDLINE_LONG_POLL",
        default_value = "25s",
        value_parser = positive_duration,
        value_name = "TIME"
    )]
    pub(crate) long_poll: Duration,
    /// Maximum number of connections.
    #[arg(
        long,
        env = "HOLDLINE_MAX_CONNECTIONS",
        default_value_t = 10_000,
        value_parser = at_least_one,
        value_name = "N"
    )]
    pub(crate) max_connections: usize,
    /// Bytes of text that a stream may fall behind. Beyond that the rest is skipped, and the client is told so.
    #[arg(
        long,
        env = "HOLDLINE_MAX_LAG",
        default_value_t = 32 << 20,
        value_parser = clap::value_parser!(u64).range(1..),
        value_name = "BYTES"
    )]
    pub(crate) max_lag: u64,
    #[command(flatten)]
    pub(crate) addresses: AddressArguments,
    #[command(flatten)]
    pub(crate) peers: PeerArguments,
    #[command(flatten)]
    pub(crate) members: MemberArguments,
    /// Write a line to standard error when a request or stream is over.
    #[arg(
        long,
        env = "HOLDLINE_LOG_REQUESTS",
        value_parser = clap::builder::BoolishValueParser::new()
    )]
    pub(crate) log_requests: bool,
    /// Maximum size of a message in bytes.
    #[arg(
        long,
        env = "HOLDLINE_MAX_MESSAGE",
        default_value_t = 1 << 20,
        value_parser = at_least_one,
        value_name = "BYTES"
    )]
    pub(crate) max_message: usize,
    /// Compress WebSocket messages of at least this many bytes for clients that offer permessage-deflate, or `off`.
    /// A message is compressed once for all clients, and independently of other messages, so that a silent
    /// connection needs no memory for it.
    #[arg(
        long,
        env = "HOLDLINE_WEBSOCKET_DEFLATE",
        default_value = "512",
        value_parser = deflate_threshold,
        value_name = "BYTES"
    )]
    pub(crate) websocket_deflate: DeflateThreshold,
    /// Also accept the WebSocket of the first browsers (draft-hixie-76, of 2010): text only, no pings, no masks.
    /// Only useful if you have such clients.
    #[arg(
        long,
        env = "HOLDLINE_LEGACY_HIXIE76",
        value_parser = clap::builder::BoolishValueParser::new()
    )]
    pub(crate) legacy_hixie76: bool,
    #[command(flatten)]
    pub(crate) disk: DiskArguments,
    #[command(flatten)]
    pub(crate) broker: BrokerArguments,
    #[command(flatten)]
    pub(crate) feed: FeedArguments,
    #[command(flatten)]
    pub(crate) publishing: PublishingArguments,
    #[command(flatten)]
    pub(crate) access: AccessArguments,
}

/// The size from which WebSocket messages are compressed; `None` for never.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct DeflateThreshold(pub(crate) Option<usize>);

fn positive_duration(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err("it must be more than zero".to_owned()),
        Ok(duration) => Ok(duration),
        Err(error) => Err(error.to_string()),
    }
}

/// Parses a number that must not be 0, because nothing would work then.
fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("it must be at least 1".to_owned()),
        Ok(number) => Ok(number),
        Err(_) => Err("it is a whole number, at least 1".to_owned()),
    }
}

fn threads(text: &str) -> Result<NonZeroUsize, String> {
    match text.parse::<NonZeroUsize>() {
        Ok(threads) if threads.get() <= MAX_THREADS => Ok(threads),
        _ => Err(format!(
            "it is a number from 1 to {MAX_THREADS}; more threads than processor cores do not help"
        )),
    }
}

fn deflate_threshold(text: &str) -> Result<DeflateThreshold, String> {
    match text {
        "off" => Ok(DeflateThreshold(None)),
        _ => text
            .parse()
            .map(|bytes| DeflateThreshold(Some(bytes)))
            .map_err(|_| "it is a number of bytes, or `off`".to_owned()),
    }
}

/// The maximum number of event loops.
const MAX_THREADS: usize = 1024;
