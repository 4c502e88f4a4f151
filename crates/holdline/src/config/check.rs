//! Options that cannot work together.

use super::ServeArguments;

impl ServeArguments {
    /// Says which options cannot work together, and what would work.
    pub(crate) fn check(&self) -> Result<(), String> {
        self.members.check()?;
        let message = self.max_message as u64;
        let least = message.saturating_mul(2).saturating_add(INFLATING);
        if (self.peers.max_upload_total as u64) < least {
            return Err(format!(
                "--max-upload-total {} is too little for one message of --max-message {message}, which needs up to \
                twice its length while it arrives: give at least {least}",
                self.peers.max_upload_total
            ));
        }
        // Room for two messages, each with its text and one form of it.
        let least = message.saturating_mul(4);
        if self.delivery_total < least {
            return Err(format!(
                "--delivery-total {} is too little for two messages of --max-message {message}, each with one \
                form of it: a client reading one message would lose it when the next one comes; give at least {least}",
                self.delivery_total
            ));
        }
        self.disk.check(self)?;
        self.broker.check(self)?;
        self.access.tokens.check()
    }

    /// Says which options work together, but not as one might think.
    pub(crate) fn doubt(&self) -> Option<String> {
        // The text and one form of it.
        let needed = self.max_lag.saturating_mul(2);
        let most = self.delivery_total / 2;
        (self.delivery_total < needed).then(|| {
            format!(
                "--delivery-total {} is less than the {needed} that one stream may need which is --max-lag {} behind, so \
                that it may be told `lost` earlier: give --max-lag {most}, or --delivery-total {needed}",
                self.delivery_total, self.max_lag
            )
        })
    }
}

/// Memory for decompressing an incoming message, and the largest head.
const INFLATING: u64 = 64 << 10;

#[cfg(test)]
mod tests {
    use clap::Parser;

    use crate::config::Cli;

    #[test]
    fn a_lag_that_delivery_has_no_room_for_is_doubted() {
        let doubt = |arguments: &[&str]| {
            let arguments = ["holdline"].iter().chain(arguments);
            Cli::try_parse_from(arguments).unwrap().serve.doubt()
        };
        assert_eq!(doubt(&[]), None);
        assert_eq!(doubt(&["--delivery-total", "67108864"]), None);
        let too_little = ["--delivery-total", "67108863"];
        let said = doubt(&too_little).unwrap();
        assert!(
            said.ends_with("give --max-lag 33554431, or --delivery-total 67108864"),
            "{said}"
        );
        let less = [&too_little[..], &["--max-lag", "33554431"]].concat();
        assert_eq!(doubt(&less), None);
        assert!(doubt(&["--max-lag", "18446744073709551615"]).is_some());
    }
}
