//! What the measuring process and those that hold connections say to each other: lines of JSON on the standard input
//! and output of the latter.

use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::tally::Report;

/// What one process should hold. This is its first line of input.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Plan {
    pub(super) address: SocketAddr,
    /// For `Host`.
    pub(super) authority: String,
    pub(super) transport: String,
    /// The target of the first request on each connection.
    pub(super) target: String,
    /// Long poll: the target of the later requests, to which the cursor is appended.
    pub(super) next_target: String,
    pub(super) connections: usize,
    /// How many connections the processes before this one hold.
    pub(super) first: usize,
    /// Identifies our messages.
    pub(super) run: u32,
    /// How long to wait if nothing happens while connections are being made.
    pub(super) wait: Duration,
}

/// The orders after the plan.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(super) enum Order {
    /// This many messages were published. Wait for them until this long after the last delivery, then report and
    /// end.
    Finish { messages: u64, wait: Duration },
    /// End at once. The end of the input means the same.
    Stop,
}

/// What such a process reports.
#[derive(Debug, Deserialize, Serialize)]
pub(super) enum Update {
    /// Its progress.
    Progress(Progress),
    /// Every connection was made or has failed.
    Ready(Progress),
    /// The last line.
    Report(Report),
}

/// The progress of one process, or of all of them.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Progress {
    pub(super) opened: u64,
    pub(super) failed: u64,
    pub(super) delivered: u64,
}
