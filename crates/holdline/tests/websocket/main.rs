//! The program's WebSockets, on the wire.

#![allow(clippy::unwrap_used, reason = "a test that fails is to panic")]

mod deflate;
mod hixie76;
mod keepalive;
#[allow(dead_code, reason = "what the other tests use")]
#[path = "../clients/support.rs"]
mod support;
mod wire;
