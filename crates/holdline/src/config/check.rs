//! Options that cannot work together.

use super::ServeArguments;

impl ServeArguments {
    /// Says which options cannot work together, and what would work.
    pub(crate) fn check(&self) -> Result<(), String> {
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
        Ok(())
    }
}

/// Memory for decompressing an incoming message, and the largest head.
const INFLATING: u64 = 64 << 10;
