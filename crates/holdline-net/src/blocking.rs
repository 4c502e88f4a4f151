//! Blocking connections: each a thin loop over a codec, for any stream that is [`Read`](std::io::Read)
//! and [`Write`](std::io::Write).
//!
//! A `TcpStream` fits, a Unix socket, a TLS stream, a pair of pipes, or a `Cursor` in a test. Nothing
//! runs in the background: bytes move while one of these functions is being called, on the caller's
//! thread.
//!
//! | | server | client |
//! |---|---|---|
//! | HTTP/1.1 | [`http::Server`] | [`http::Client`] |
//! | WebSocket | [`websocket::WebSocket::accept`] | [`websocket::WebSocket::connect`] |
//! | server-sent events | [`http::Server::send_data`] | [`event_source::EventSource`] |
//!
//! # What arrived counts
//!
//! Every call takes the same turn: it writes what the stream takes, reads what is there, and only then judges
//! deadlines and errors. So a server that refuses a long request early is heard while the request is being
//! sent, and why a peer closed can be read after sends have failed.
//!
//! A `TcpStream` and a Unix socket are recognised by their type, on Unix, and waited for in both directions
//! at once. Nothing is known about any other stream: it is written to first, for as long as that write takes, and
//! after a write that timed out or failed there is one read. Give such a stream both timeouts.
//!
//! A connection keeps one read block of 8 KiB. While it sends it keeps up to 64 KiB of what comes in; then the
//! peer has to wait. If the peer does not read either, the send ends with its write timeout, or after 30 s if
//! there is none: read, and go on.
//!
//! # Timeouts
//!
//! They are the stream's own: `TcpStream::set_read_timeout` and `set_write_timeout`. When one
//! passes, the `Io` error of the module says what did not come and how long it was waited for, and
//! `is_timeout` is true.
//!
//! - **Reading.** Nothing is lost. What had come is kept, and the same call made again goes on from
//!   there.
//! - **Writing.** What was to be sent is kept too. Do not send it again: call `flush`, which goes on
//!   where it was cut, or read. Every other call does that as well.
//!
//! They bound one read or write, not a whole call: a peer that sends a byte now and then keeps it waiting.
//! [`http::Client::set_timeout`] and [`http::Server::set_timeout`] bound the whole call. A thread for each
//! connection is still a thread that anybody may hold for that long: where anybody may connect, count the
//! threads, or use the event loop ([`Server`](crate::Server)).
//!
//! The opening handshake of a WebSocket has a deadline of its own
//! ([`Options::handshake_timeout`](websocket::Options::handshake_timeout)) and cannot be taken up again after a
//! timeout: it consumes the stream.

pub mod event_source;
pub mod http;
mod io;
mod tcp;
mod url;
pub mod websocket;

pub use tcp::Tcp;
pub use url::{Url, UrlError};
