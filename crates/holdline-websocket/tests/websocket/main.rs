//! The codec from outside: each rule of the tables in the documentation has its test here.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that fails is to panic"
)]
#![allow(unreachable_pub, reason = "the helpers are one crate")]

mod client_handshake;
mod close;
#[cfg(feature = "tokio-util")]
mod codec;
mod connection;
mod deadlines;
mod deflate;
mod deflate_round_trip;
mod earliest;
mod extensions;
mod frames;
mod handshake;
mod hixie76;
mod messages;
mod receiving;
mod room;
mod round_trip;
mod rules;
mod server_handshake;
mod shared;
mod support;
mod surface;
