//! What the process that measures and those that hold connections say to each other: lines of JSON, over the
//! standard input and output of those.

use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::tally::Report;

/// What one process holds. The first line that it is told.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Plan {
    pub(super) address: SocketAddr,
    /// For `Host`.
    pub(super) authority: String,
    pub(super) transport: String,
    /// The target of the first request of each connection.
    pub(super) target: String,
    /// Long poll: that of those after it, to which the cursor is appended.
    pub(super) next_target: String,
    pub(super) connections: usize,
    /// How many connections the processes before this one hold.
    pub(super) first: usize,
    /// Which messages are ours.
    pub(super) run: u32,
    /// How long nothing may happen while connections are made.
    pub(super) wait: Duration,
}

/// What it is told then.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(super) enum Order {
    /// So many messages were published. Wait for them for so long after the last delivery, then report and end.
    Finish { messages: u64, wait: Duration },
    /// End at once. Also what the end of the input means.
    Stop,
}

/// What it says.
#[derive(Debug, Deserialize, Serialize)]
pub(super) enum Update {
    /// How far it is.
    Progress(Progress),
    /// Every connection was made or has failed.
    Ready(Progress),
    /// The last line.
    Report(Report),
}

/// How far one process is, or all of them.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Progress {
    pub(super) opened: u64,
    pub(super) failed: u64,
    pub(super) delivered: u64,
}
