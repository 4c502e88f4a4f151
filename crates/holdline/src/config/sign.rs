//! What `holdline token` is asked for.

use std::time::Duration;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use super::positive_duration;
use super::tokens::{KeySource, kid, member, pattern};

/// What a token is to grant, to whom and for how long. A pattern is a channel, or the beginning of names and then `*`.
#[derive(Args, Clone, Debug)]
pub(crate) struct SignArguments {
    /// The key, as the server has it. Of several, the first one signs.
    #[arg(
        long,
        env = "HOLDLINE_TOKEN_KEY",
        hide_env_values = true,
        value_delimiter = ',',
        required = true,
        value_name = "KEY|[KID=]@FILE"
    )]
    pub(crate) token_key: Vec<KeySource>,
    /// The name that the server has for the key [default: the one before `=@FILE`].
    #[arg(long, value_parser = kid, value_name = "KID")]
    pub(crate) kid: Option<String>,
    /// Channels in which messages may be published.
    #[arg(long, value_delimiter = ',', value_parser = pattern, num_args = 1.., value_name = "PATTERN")]
    pub(crate) publish: Vec<String>,
    /// Channels that may be read.
    #[arg(long, value_delimiter = ',', value_parser = pattern, num_args = 1.., value_name = "PATTERN")]
    pub(crate) subscribe: Vec<String>,
    /// Channels whose history may be deleted.
    #[arg(long, value_delimiter = ',', value_parser = pattern, num_args = 1.., value_name = "PATTERN")]
    pub(crate) manage: Vec<String>,
    /// Channels whose members may be seen.
    #[arg(long, value_delimiter = ',', value_parser = pattern, num_args = 1.., value_name = "PATTERN")]
    pub(crate) presence: Vec<String>,
    /// Whose token it is (`sub`): the name that others see, and by which it is disconnected.
    #[arg(long, value_parser = member, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// After what time it is good no longer [default: never].
    #[arg(long, value_parser = positive_duration, value_name = "TIME")]
    pub(crate) expires: Option<Duration>,
    /// Which server it is for (`aud`), if that has a --token-audience.
    #[arg(
        long,
        env = "HOLDLINE_TOKEN_AUDIENCE",
        value_parser = NonEmptyStringValueParser::new(),
        value_name = "AUDIENCE"
    )]
    pub(crate) token_audience: Option<String>,
}
