//! Our own conformance list of WebSocket, in both roles.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

mod answers;
mod clients;
mod servers;
mod tester;
mod testsuite;
