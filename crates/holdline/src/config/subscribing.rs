//! What `holdline subscribe` reads, and how.

use std::time::Duration;

use clap::Args;

use super::tokens::member;
use super::{SecretSource, positive_duration};
use crate::channel_url::ChannelUrl;
use crate::transport::{Transport, parse_for_programs};

/// What to read, and how.
#[derive(Args, Clone, Debug)]
pub(crate) struct SubscribeArguments {
    /// The channel, or several joined by commas: http://HOST:PORT/channels/NAMES. The scheme may be left out.
    pub(crate) url: ChannelUrl,
    #[arg(
        long,
        help = format!("How to receive: {}", Transport::one_of(Transport::for_programs())),
        default_value = "sse",
        value_parser = parse_for_programs,
        value_name = "TRANSPORT"
    )]
    pub(crate) transport: Transport,
    /// Continue after this cursor: the `id` of a message, or `earliest` for everything there is [default: only new
    /// messages].
    #[arg(long, value_name = "CURSOR")]
    pub(crate) since: Option<String>,
    /// The token that grants `subscribe`, as from `holdline token`, for a server with --token-key; @FILE is what is in
    /// a file, read again for each connection. It is shown in `Authorization`.
    #[arg(
        long,
        env = "HOLDLINE_TOKEN",
        hide_env_values = true,
        value_name = "TOKEN|@FILE"
    )]
    pub(crate) token: Option<SecretSource>,
    /// Be a member of the channels under this name. (With a token, its `sub` is the name.)
    #[arg(long, value_parser = member, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Print also who is there: messages with the events holdline.members, holdline.join and holdline.leave.
    #[arg(long)]
    pub(crate) presence: bool,
    /// Stop after this many messages.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..), value_name = "N")]
    pub(crate) count: Option<u64>,
    /// Give up on a server that sends nothing for this long. Choose more than its heartbeat.
    #[arg(
        long,
        default_value = "45s",
        value_parser = positive_duration,
        value_name = "TIME"
    )]
    pub(crate) timeout: Duration,
    /// poll: the time between two polls.
    #[arg(
        long,
        default_value = "1s",
        value_parser = positive_duration,
        value_name = "TIME"
    )]
    pub(crate) interval: Duration,
}

/// Printed after the long help of `holdline subscribe`.
pub(super) const SUBSCRIBE_OUTPUT: &str = "\
Messages go to standard output:
  {\"id\":CURSOR,\"channel\":NAME,\"event\":TYPE,\"data\":TEXT}   `event` is left out when there is none
  a message with the event holdline.lost says that messages before it are gone
What happens to the connection goes to standard error. When it breaks, the program connects again and
continues after the last message that was printed.";
