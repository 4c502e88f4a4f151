//! The list of HTTP/1.1 probes, against everything of ours that takes requests.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

mod codec;
mod servers;
mod tester;
