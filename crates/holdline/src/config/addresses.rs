//! Limits for each address, and which proxies are trusted to name the client's address.

use std::net::IpAddr;
use std::num::{NonZeroU64, NonZeroUsize};

use clap::Args;

/// Limits for each client address. Clients over a Unix socket are not limited by these.
#[derive(Args, Clone, Debug)]
pub(crate) struct AddressArguments {
    /// Maximum number of connections from one address, or from one /64 network for IPv6. Behind a --trusted-proxy
    /// this counts the requests and streams of the address [default: no limit].
    #[arg(long, env = "HOLDLINE_MAX_CONNECTIONS_PER_ADDRESS", value_name = "N")]
    pub(crate) max_connections_per_address: Option<NonZeroUsize>,
    /// Bytes of older messages that requests from one address may read per minute. Older means published before the
    /// request came. Beyond that the address must wait [default: no limit].
    #[arg(long, env = "HOLDLINE_MAX_REPLAY_PER_ADDRESS", value_name = "BYTES")]
    pub(crate) max_replay_per_address: Option<NonZeroU64>,
    /// Address of a proxy that is trusted to name the client: the last address in X-Forwarded-For that is not itself
    /// a trusted proxy. May be given more than once.
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
