//! The resources that the program uses, as counted by the system.

use std::fmt;
use std::fs;

use anyhow::{Context, Result};
use serde_json::Value;

/// A server's use of resources at one moment, read from `/proc`.
#[derive(Clone, Copy, Debug)]
pub struct Footprint {
    /// Bytes of its own memory in use: `RssAnon`. Pages of the program file are left out, because they are loaded
    /// when code runs for the first time, and dropped when the machine needs the memory.
    pub memory: u64,
    /// Descriptors that are open.
    pub files: usize,
    /// Threads.
    pub threads: u64,
    /// Bytes that it reports for the messages it keeps: history, and messages still to be delivered.
    pub kept: u64,
}

impl Footprint {
    /// Reads that of the process with this id, whose `GET /stats` has just been answered with `stats`.
    ///
    /// # Errors
    /// When there is no such process, the answer is another, or the system is not Linux.
    pub fn of(id: u32, stats: &Value) -> Result<Self> {
        let path = format!("/proc/{id}/status");
        let status = fs::read_to_string(&path).context(path)?;
        let number = |name: &str| {
            let mut lines = status.lines().filter_map(|line| line.strip_prefix(name));
            let value = lines.next().and_then(|line| line.split_whitespace().next());
            let value = value.with_context(|| format!("no {name} in {status}"))?;
            Ok::<u64, anyhow::Error>(value.parse()?)
        };
        let kept = |of: &str| {
            stats[of]["bytes"]
                .as_u64()
                .with_context(|| stats.to_string())
        };
        Ok(Self {
            memory: number("RssAnon:")? * 1024,
            files: fs::read_dir(format!("/proc/{id}/fd"))?.count(),
            threads: number("Threads:")?,
            kept: kept("history")? + kept("delivery")?,
        })
    }

    /// Whether memory for anything but messages has grown by more than `spare` bytes since another moment, not
    /// counting holes between messages.
    ///
    /// Messages of all sizes come and go, and an allocator can only give whole pages back. Over 24 rounds of floods,
    /// with messages of 32 MiB kept, the holes grew from 17 to 26 MiB within five rounds and stayed there for the
    /// other 19. A leak would keep growing.
    #[must_use]
    pub fn has_grown_since(&self, other: &Self, spare: u64) -> bool {
        self.beside() > other.beside() + self.kept / 2 + spare
    }

    /// Memory for everything but the messages themselves.
    fn beside(&self) -> u64 {
        self.memory.saturating_sub(self.kept)
    }
}

impl fmt::Display for Footprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        let (memory, kept) = (mib(self.memory), mib(self.kept));
        let (files, threads) = (self.files, self.threads);
        write!(
            f,
            "{memory:.1} MiB ({kept:.1} MiB of messages), {files} descriptors, {threads} threads"
        )
    }
}
