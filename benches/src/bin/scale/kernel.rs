//! What the system itself needs.

use std::fs;
use std::io;

/// Bytes that the system holds for itself in small pieces: sockets, files, what waits in a socket. It is of the whole
/// machine, and so it is good for nothing while others come and go.
pub(crate) fn memory() -> io::Result<u64> {
    let text = fs::read_to_string("/proc/meminfo")?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("SUnreclaim:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    Ok(kib.ok_or(io::ErrorKind::InvalidData)? * 1024)
}
