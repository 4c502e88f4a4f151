//! Random bytes from the operating system.

use std::io;

use rand::Rng;

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
/// Each thread has a generator for it: ChaCha with 12 rounds, with a seed from the system, and a new one
/// after every 64 KiB. Keys taken from the system alone, also in blocks, cost four times as much.
///
/// # Panics
/// When the system's source fails. That does not happen once it has worked, and the handshake has used it
/// already. If it did happen, no frame could be sent: a predictable key would let a page's script choose the
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
    rand::rng().next_u32()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn keys_differ() {
        let keys: HashSet<[u8; 4]> = (0..1000).map(|_| mask_key()).collect();
        // Two of a thousand are the same by chance once in 8,600 runs; ten never are.
        assert!(keys.len() > 990);
    }
}
