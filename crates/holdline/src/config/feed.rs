//! Taking messages from where others publish them already.

use clap::Args;

use super::SecretSource;

/// Where to listen.
#[derive(Args, Clone, Debug)]
pub(crate) struct FeedArguments {
    /// Publish what others PUBLISH in Redis, each message to the channel of the same name:
    /// redis://[USER:PASSWORD@]HOST[:PORT]/?pattern=NAMES, where NAMES is the name of a channel, or the beginning of names
    /// and then `*`. May be given more than once. @FILE reads the URL from a file.
    #[arg(long, env = "HOLDLINE_FEED", value_delimiter = ',', value_name = "URL")]
    pub(crate) feed: Vec<SecretSource>,
}
