//! The blocking connections, over scripted streams and over loopback TCP.
//!
//! Tests that need a socket to be asked what it can do are for Unix: elsewhere a socket is like any other stream
//! (`src/blocking/io/socket.rs`).

#![allow(clippy::unwrap_used, reason = "a test that fails is to panic")]

mod early_answers;
mod event_source;
mod event_source_ends;
mod event_source_platform;
mod examples;
mod hard_peers;
mod http_client;
mod http_rules;
mod http_server;
mod peer;
mod script;
mod stale;
mod tls;
mod websocket;
mod websocket_closing;
mod websocket_io;
mod websocket_rules;
#[cfg(unix)]
mod websocket_split;
