//! Publishing, and what keeps a message that is sent again from being published twice.

use std::time::Duration;

use clap::Args;

use super::{SecretSource, at_least_one};
use crate::channel_url::ChannelUrl;
use crate::rates::Rate;

/// What the server keeps for publishers.
#[derive(Args, Clone, Debug)]
pub(crate) struct PublishingArguments {
    /// Idempotency keys that are remembered at one time, each for two minutes after its message was published. When
    /// there are so many, a message with a new key is refused for the moment.
    #[arg(
        long,
        env = "HOLDLINE_IDEMPOTENCY_KEYS",
        default_value_t = 100_000,
        value_parser = at_least_one,
        value_name = "N"
    )]
    pub(crate) idempotency_keys: usize,
    /// How fast one connection may publish, and one user (`sub`) with tokens: messages in a second, a minute or an
    /// hour, as in 10/s or 600/min. As many may come at once, or as many as stand behind a colon: 600/min:20. More
    /// is refused for the moment [default: no limit].
    #[arg(long, env = "HOLDLINE_MAX_PUBLISH_RATE", value_name = "RATE")]
    pub(crate) max_publish_rate: Option<Rate>,
}

/// What to publish, and where.
#[derive(Args, Clone, Debug)]
pub(crate) struct PublishArguments {
    /// The channel: http://HOST:PORT/channels/NAME. The scheme may be left out.
    pub(crate) url: ChannelUrl,
    /// The message. Without it, or with `-`, each line of standard input is one.
    #[arg(allow_hyphen_values = true)]
    pub(crate) text: Option<String>,
    /// The event type of the messages. Types that begin with `holdline.` are the server's own.
    #[arg(long, value_name = "TYPE")]
    pub(crate) event: Option<String>,
    /// What the server asks of publishers: its --publish-token, or with --token-key a token that grants `publish`, as
    /// from `holdline token`. @FILE is what is in a file.
    #[arg(
        long,
        env = "HOLDLINE_PUBLISH_TOKEN",
        hide_env_values = true,
        value_name = "TOKEN|@FILE"
    )]
    pub(crate) token: Option<SecretSource>,
    /// When the connection breaks, send a message again for so long, at most 90s: the server publishes it once. 0s:
    /// never.
    #[arg(
        long,
        default_value = "90s",
        value_parser = retry,
        value_name = "TIME"
    )]
    pub(crate) retry: Duration,
}

/// For how long a publisher sends a message again.
fn retry(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(time) if time > MAX_RETRY => Err(
            "it is at most 90s: a server remembers for two minutes what it has published already"
                .to_owned(),
        ),
        Ok(time) => Ok(time),
        Err(error) => Err(error.to_string()),
    }
}

/// A message that was under way for so long may have been published up to half a minute ago and still be known.
const MAX_RETRY: Duration = Duration::from_secs(90);
