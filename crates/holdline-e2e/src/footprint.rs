//! What a process takes, as the system counts it.

use std::fmt;
use std::fs;

use anyhow::{Context, Result};

/// What a process takes of the machine at one moment, read from `/proc`.
#[derive(Clone, Copy, Debug)]
pub struct Footprint {
    /// Bytes of memory that are its own and in use: `RssAnon`. Pages of the program's file are left out, for
    /// they come when code runs for the first time and go when the machine needs them.
    pub memory: u64,
    /// Descriptors that are open.
    pub files: usize,
    /// Threads.
    pub threads: u64,
}

impl Footprint {
    /// Reads that of the process with this id.
    ///
    /// # Errors
    /// When there is no such process, or the system is not Linux.
    pub fn of(id: u32) -> Result<Self> {
        let path = format!("/proc/{id}/status");
        let status = fs::read_to_string(&path).context(path)?;
        let number = |name: &str| {
            let mut lines = status.lines().filter_map(|line| line.strip_prefix(name));
            let value = lines.next().and_then(|line| line.split_whitespace().next());
            let value = value.with_context(|| format!("no {name} in {status}"))?;
            Ok::<u64, anyhow::Error>(value.parse()?)
        };
        Ok(Self {
            memory: number("RssAnon:")? * 1024,
            files: fs::read_dir(format!("/proc/{id}/fd"))?.count(),
            threads: number("Threads:")?,
        })
    }
}

impl fmt::Display for Footprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let memory = self.memory as f64 / f64::from(1 << 20);
        let (files, threads) = (self.files, self.threads);
        write!(f, "{memory:.1} MiB, {files} descriptors, {threads} threads")
    }
}
