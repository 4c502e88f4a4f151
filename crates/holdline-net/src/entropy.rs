//! Random bytes from the operating system.

use std::cell::RefCell;
use std::io;

/// Fills `bytes` from the system's source, with a system call.
///
/// # Errors
/// The system has no random bytes.
pub fn fill(bytes: &mut [u8]) -> io::Result<()> {
    getrandom::fill(bytes).map_err(|error| match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::other(error.to_string()),
    })
}

/// The next masking key of a WebSocket client. "The masking key needs to be unpredictable; thus, the
/// masking key MUST be derived from a strong source of entropy" (RFC 6455 §5.3).
///
/// Each thread takes bytes from the system in blocks of 1 KiB, so that there is a system call for
/// every 256 frames. A key is used once and goes over the wire in clear, so the block is no secret
/// that must be erased.
///
/// # Panics
/// When the system's source fails. It does not do so after it has worked once, which is known since the
/// handshake. If it did, no frame may be sent: a predictable key would let a page's script choose the
/// bytes on the wire.
#[must_use]
pub fn mask_key() -> [u8; 4] {
    u32().to_ne_bytes()
}

/// 32 random bits, as [`mask_key`] takes them: for jitter.
///
/// # Panics
/// As [`mask_key`].
#[must_use]
pub fn u32() -> u32 {
    BLOCK.with_borrow_mut(Block::next)
}

struct Block {
    words: [[u8; 4]; 256],
    used: usize,
}

impl Block {
    const fn new() -> Self {
        let words = [[0; 4]; 256];
        Self {
            words,
            used: words.len(),
        }
    }

    fn next(&mut self) -> u32 {
        if self.used >= self.words.len() {
            if let Err(error) = fill(self.words.as_flattened_mut()) {
                panic!("the system has no random bytes: {error}");
            }
            self.used = 0;
        }
        let word = self.words.get(self.used).copied().unwrap_or_default();
        self.used += 1;
        u32::from_ne_bytes(word)
    }
}

thread_local! {
    static BLOCK: RefCell<Block> = const { RefCell::new(Block::new()) };
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn keys_differ_within_a_block_and_across_blocks() {
        let keys: HashSet<[u8; 4]> = (0..1000).map(|_| mask_key()).collect();
        // Two of a thousand are the same by chance once in 8,600 runs; ten never are.
        assert!(keys.len() > 990);
    }
}
