//! Options that cannot work together.

use super::ServeArguments;

impl ServeArguments {
    /// Says which options cannot work, and what would.
    pub(crate) fn check(&self) -> Result<(), String> {
        let message = self.max_message as u64;
        let least = message.saturating_mul(2).saturating_add(INFLATING);
        if (self.peers.max_upload_total as u64) < least {
            return Err(format!(
                "--max-upload-total {} is too little for one message of --max-message {message}, which takes up to \
                twice its length while it comes: give at least {least}",
                self.peers.max_upload_total
            ));
        }
        // Two messages, each with its text and one form of it.
        let least = message.saturating_mul(4);
        if self.delivery_total < least {
            return Err(format!(
                "--delivery-total {} is too little for two messages of --max-message {message}, each with a form of \
                it, so that who reads one would be told that it is lost when the next one comes: give at least {least}",
                self.delivery_total
            ));
        }
        Ok(())
    }
}

/// What it takes to decompress a message that comes, and the largest head.
const INFLATING: u64 = 64 << 10;
