//! What an operator sees of the server: a log line for each request, and the numbers.

#![allow(clippy::unwrap_used, reason = "a test that fails is to panic")]

#[allow(dead_code, reason = "what the other tests use")]
#[path = "../clients/support.rs"]
mod program;
mod request_log;
mod stuck_log;
