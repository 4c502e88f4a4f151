//! How much one address may take, and which proxies are believed whose request it is.

use std::net::IpAddr;
use std::num::{NonZeroU64, NonZeroUsize};

use clap::Args;

/// Limits of each client's address. Clients over a Unix socket are not limited so.
#[derive(Args, Clone, Debug)]
pub(crate) struct AddressArguments {
    /// Connections of one address at one time; of IPv6, of a network of 64 bits. Behind a --trusted-proxy, its requests
    /// and streams [default: no limit].
    #[arg(long, env = "HOLDLINE_MAX_CONNECTIONS_PER_ADDRESS", value_name = "N")]
    pub(crate) max_connections_per_address: Option<NonZeroUsize>,
    /// Bytes that requests of one address may read in a minute of what was published before they came [default: no
    /// limit]. Who has read more must wait.
    #[arg(long, env = "HOLDLINE_MAX_REPLAY_PER_ADDRESS", value_name = "BYTES")]
    pub(crate) max_replay_per_address: Option<NonZeroU64>,
    /// The address of a proxy that is believed whose request it forwards: the last address in X-Forwarded-For that is
    /// not a trusted proxy's own. May be given more than once.
    #[arg(
        long,
        env = "HOLDLINE_TRUSTED_PROXY",
        value_delimiter = ',',
        value_name = "ADDR"
    )]
    pub(crate) trusted_proxy: Vec<IpAddr>,
}

impl AddressArguments {
    pub(crate) fn apply(&self, config: &mut holdline_net::Config) {
        config.max_connections_per_address =
            self.max_connections_per_address.map(NonZeroUsize::get);
        config.trusted_proxies.clone_from(&self.trusted_proxy);
    }
}
