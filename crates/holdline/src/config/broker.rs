//! Sharing messages with other servers.

use clap::Args;

use super::{SecretSource, ServeArguments};
use crate::journal::KEPT;
use crate::journal::broker::{BrokerOptions, EngineOptions};

/// Which broker, and how much it keeps.
#[derive(Args, Clone, Debug)]
pub(crate) struct BrokerArguments {
    /// Share messages, cursors and idempotency keys with all servers that use this broker: any of them serves any client.
    /// redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE][?key=NAME] is a Redis server, version 7 or newer.
    /// nats://[USER:PASSWORD@]HOST[:PORT][,HOST...][/STREAM][?sync=always&replicas=N] is NATS with JetStream, version 2.9
    /// or newer. @FILE reads the URL from a file, as a password should not be on a command line.
    #[arg(
        long,
        env = "HOLDLINE_BROKER",
        value_name = "URL",
        conflicts_with = "data"
    )]
    pub(crate) broker: Option<SecretSource>,
    /// About how many messages the broker keeps, over all channels. A server that starts reads them.
    #[arg(
        long,
        env = "HOLDLINE_BROKER_KEEP",
        default_value_t = 100_000,
        value_parser = clap::value_parser!(u64).range(1000..),
        value_name = "N"
    )]
    pub(crate) broker_keep: u64,
}

impl BrokerArguments {
    /// Says what cannot work, and what would.
    pub(super) fn check(&self, serve: &ServeArguments) -> Result<(), String> {
        if self.broker.is_some() && serve.disk.data.is_some() {
            return Err(
                "--broker keeps the messages, and so does --data: give only one of them".to_owned(),
            );
        }
        Ok(())
    }
}

impl ServeArguments {
    /// The options for a journal in a broker.
    pub(crate) fn broker_options(&self) -> BrokerOptions {
        BrokerOptions {
            engine: EngineOptions {
                keep: self.broker.broker_keep,
                keys: self.publishing.idempotency_keys,
                key_time: KEPT,
                max_message: self.max_message,
            },
            most_waiting: self.most_waiting(),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use crate::config::Cli;

    #[test]
    fn messages_are_kept_at_one_place() {
        let serve = |arguments: &[&str]| {
            let arguments = ["holdline"].iter().chain(arguments);
            let cli = Cli::try_parse_from(arguments).map_err(|error| error.to_string())?;
            cli.serve.check()
        };
        assert_eq!(serve(&["--broker", "redis://localhost"]), Ok(()));
        let error = serve(&["--broker", "redis://localhost", "--data", "d"]).unwrap_err();
        assert!(error.contains("cannot be used with"), "{error}");
    }
}
