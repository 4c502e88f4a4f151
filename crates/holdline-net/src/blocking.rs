//! Blocking connections: each a thin loop over a codec, for any stream that is [`Read`](std::io::Read)
//! and [`Write`](std::io::Write).
//!
//! A `TcpStream` fits, a Unix socket, a TLS stream, a pair of pipes, or a `Cursor` in a test. Nothing
//! runs in the background: bytes move while one of these functions is being called, on the caller's
//! thread. A connection keeps one read block of 8 KiB.
//!
//! | | server | client |
//! |---|---|---|
//! | HTTP/1.1 | [`http::Server`] | [`http::Client`] |
//! | WebSocket | [`websocket::WebSocket::accept`] | [`websocket::WebSocket::connect`] |
//! | server-sent events | [`http::Server::send_data`] | [`event_source::EventSource`] |
//!
//! # Timeouts
//!
//! They are the stream's own: `TcpStream::set_read_timeout` and `set_write_timeout`. When one
//! passes, the stream's error (`WouldBlock` or `TimedOut`) is returned as the `Io` error of the
//! module, and `is_timeout` is true.
//!
//! - **Reading.** Nothing is lost. What had come is kept, and the same call made again goes on from
//!   there.
//! - **Writing.** What was to be sent is kept too. Do not send it again: call `flush`, which goes on
//!   where it was cut. Every other call does that first as well.
//!
//! They bound one read or write, not a whole request: a client that sends a byte now and then can hold
//! a thread for hours. Where anybody may connect, count the threads, or use the event loop
//! ([`Server`](crate::Server)), which has deadlines for heads and bodies.
//!
//! The opening handshake of a WebSocket cannot be taken up again after a timeout: it consumes the
//! stream.

pub mod event_source;
pub mod http;
mod io;
mod tcp;
mod url;
pub mod websocket;

pub use tcp::Tcp;
pub use url::{Url, UrlError};
