//! HTTP/1.1 without IO, for both roles: bytes in, events out, bytes to write.
//!
//! Most programs want [`ServerConnection`] or [`ClientConnection`]:
//!
//! ```
//! use bytes::BytesMut;
//! use holdline_http1::{Buffer, Event, ServerConfig, ServerConnection};
//!
//! let mut http = ServerConnection::new(ServerConfig::default());
//! let (mut buffer, mut out) = (Buffer::new(), BytesMut::new());
//! let mut input: &[u8] = b"GET /tea HTTP/1.1\r\nHost: a.example\r\n\r\n"; // read from a socket
//! while let Some(event) = http.receive(&mut input, &mut buffer)? {
//!     match event {
//!         Event::Request { head, .. } => assert_eq!(head.path(), "/tea"),
//!         Event::End { .. } => http.respond(200, [("Content-Type", "text/plain")], b"hi", &mut out)?,
//!         Event::Paused => break, // `input` waits until the response is finished
//!         _ => {}                 // data of the body
//!     }
//! }
//! assert!(out.ends_with(b"\r\n\r\nhi")); // write it to the socket
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The shape
//!
//! Bytes come in as a slice that each call shortens from the front. What comes out borrows that
//! slice, or a [`Buffer`] that the caller keeps beside the machine; it never borrows the machine,
//! so you can answer while you hold what you received. `Ok(None)` means that the whole slice was
//! taken: feed more whenever there is more. What is sent is appended to a `BytesMut`.
//!
//! There are three layers:
//!
//! - **Connections**, with state, keep-alive and automatic replies: [`ServerConnection`] and
//!   [`ClientConnection`].
//! - **Decoders** and encoders without that: [`RequestDecoder`], [`ResponseDecoder`],
//!   [`BodyDecoder`], [`BodyEncoder`].
//! - **Pieces** on plain slices: [`parse_request_head`], [`parse_response_head`],
//!   [`ChunkDecoder`].
//!
//! What is refused and what is taken stands in [`rules`], the states in [`states`].
//!
//! # Mistakes have two owners
//!
//! [`ReceiveError`] is the peer's. It is sticky: the whole input is taken and nothing after it is parsed, but a server can still
//! answer with [`ReceiveError::status`] when no response has started, and then must close.
//! [`SendError`] is the caller's: nothing was appended, nothing has changed.
//!
//! # Memory
//!
//! A connection is one value of less than 200 bytes without any buffer. A head that arrives in one
//! piece is parsed where it lies; one that arrives in pieces is joined in the [`Buffer`], up to
//! [`Limits::max_head`]. Bodies are handed on piece by piece and never kept.
//!
//! # Features
//!
//! - `std` (default): the standard library in the crates below this one. Without it the crate is
//!   `no_std` with `alloc`.
//! - `http`: heads to and from the parts of the [`http`](https://docs.rs/http) crate, whose
//!   `HeaderMap` can also be sent as [`Fields`]. That crate needs the standard library.
//! - `httparse`: `check_httparse_request` and `check_httparse_response` apply every rule of this
//!   crate to a head that you have parsed with [`httparse`](https://docs.rs/httparse).
//! - `tokio-util`: module `codec`, with owned items for `Framed`. Turns on `std`.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod block;
mod body;
mod buffer;
mod client;
#[cfg(feature = "tokio-util")]
pub mod codec;
mod decoder;
mod error;
mod event;
mod framing;
mod head;
mod header;
#[cfg(feature = "http")]
mod http_types;
#[cfg(feature = "httparse")]
mod httparse_heads;
mod input;
mod limits;
mod parse;
mod reason;
mod section;
mod server;
mod state;
#[cfg(test)]
mod tests;
mod trailer;
mod wire;

pub use client::{ClientConfig, ClientConnection, RequestBody};
pub use event::{Event, ResponseEvent};
pub use server::{Linger, PreparedResponse, ResponseBody, ServerConfig, ServerConnection};

pub use buffer::Buffer;
pub use error::{ReceiveError, ReceiveErrorKind, SendError, SendErrorKind};
pub use limits::Limits;

pub use block::{Dated, Fields, HeaderBlock};
pub use framing::{BodyLength, Version};
pub use head::{RequestHead, RequestHeadBuf, ResponseHead, ResponseHeadBuf};
pub use header::{Headers, HeadersBuf, Iter};

pub use body::{BodyDecoder, BodyEncoder, BodyItem, ChunkFrame, PreChunked};
pub use decoder::{RequestDecoder, ResponseDecoder};

pub use head::judge::{ParsedRequest, ParsedResponse};
#[cfg(feature = "httparse")]
pub use httparse_heads::{check_httparse_request, check_httparse_response};
pub use parse::{parse_request_head, parse_response_head};
pub use wire::chunk::{Chunk, ChunkDecoder};

#[doc = include_str!("../docs/rules.md")]
pub mod rules {}

#[doc = include_str!("../docs/states.md")]
pub mod states {}

/// The examples of the README, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
