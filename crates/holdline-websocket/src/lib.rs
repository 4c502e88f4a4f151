//! WebSocket (RFC 6455) without IO: handshake, frames, messages and connection state, for servers and
//! clients.
//!
//! Bytes come in as a slice that each call shortens from the front; what comes out borrows those bytes,
//! or a [`Buffer`] that you keep beside the machine. What is to be written is appended to a `BytesMut`.
//! There is no socket, clock, thread or random source in here.
//!
//! ```
//! use bytes::BytesMut;
//! use holdline_websocket::{Buffer, Config, Connection, Event};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let read = |block: &mut [u8]| { block[..7].copy_from_slice(b"\x81\x81\0\0\0\0a"); 7 };
//! # let mut block = [0; 64];
//! let mut websocket = Connection::server(Config::default());
//! let mut buffer = Buffer::new(); // allocates only when something arrives in pieces
//! let mut out = BytesMut::new();
//!
//! let n = read(&mut block);
//! let mut input = &mut block[..n];
//! while let Some(event) = websocket.receive(&mut input, &mut buffer)? {
//!     match event {
//!         Event::Text(text) => websocket.send_text(text, &mut out)?,
//!         Event::Binary(data) => websocket.send_binary(data, &mut out)?,
//!         Event::Closed(reason) => println!("closed: {}", reason.code),
//!         _ => {}
//!     }
//! }
//! websocket.poll_transmit(&mut out); // pongs, and the answer to a Close
//! // write `out`; then do as `websocket.transport()` says
//! # assert_eq!(out[..], b"\x81\x01a"[..]);
//! # Ok(()) }
//! ```
//!
//! # The layers
//!
//! - [`handshake`]: from header pairs to the beginning of a connection, and what to answer if not.
//! - [`Connection`]: a role, the closing handshake, automatic replies, keepalive and deadlines.
//! - [`MessageDecoder`]: from bytes to messages, for one role, without answering.
//! - [`FrameHeader`], [`Mask`], [`Utf8Validator`], [`CloseCode`], [`AcceptKey`]: the pieces, over plain
//!   slices.
//!
//! # What always holds
//!
//! - **Boundary.** A call never takes a byte beyond the item that it returns.
//! - **Drain.** `Ok(None)`, and an error, mean that the whole slice was taken; reuse your block at once.
//! - **Splits.** However the input is cut, the items, and the error with its offset, are the same.
//! - **Errors stick.** After an error nothing more is received, and each call returns it again.
//! - **Bounds.** [`Limits`] bound what is buffered, one ping and one Close are remembered, and time is
//!   linear in the bytes, even one byte at a time.
//!
//! # Features
//!
//! - `std`, on by default: masks and the UTF-8 check use the best vector instructions of the machine.
//! - `deflate`: permessage-deflate (RFC 7692). It works without `std`. A server agrees with
//!   `server::Request::accept_deflate`, a client offers with `client::Request::offer_deflate`; both put what was
//!   agreed into `Config::deflate`, and the rest is as without it.
//! - `tokio-util`: a connection as a codec for `Framed`, in the module `codec`. It implies `std`.
//! - `hixie76`: the protocol of the first browsers, in a module of its own. Legacy.
#![doc = include_str!("rules.md")]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod buffer;
mod close;
#[cfg(feature = "tokio-util")]
pub mod codec;
mod config;
mod connection;
#[cfg(feature = "deflate")]
mod deflate;
mod error;
mod event;
pub mod handshake;
mod header;
#[cfg(feature = "hixie76")]
pub mod hixie76;
mod limits;
mod mask;
mod message;
mod opcode;
mod prepared;
mod reason;
mod role;
mod state;
mod text;
mod timing;
mod utf8;

pub use buffer::Buffer;
pub use close::CloseCode;
pub use config::Config;
pub use connection::{Connection, MaskKeys, Unmasked};
#[cfg(feature = "deflate")]
pub use deflate::{Deflate, DeflateOptions};
pub use error::{ReceiveError, ReceiveErrorKind, SendError};
pub use event::{ClosedBy, Event, PieceEvent, Timeout, Transport};
pub use handshake::{AcceptKey, ClientKey, HandshakeError};
pub use header::{FrameHeader, HeaderError};
pub use limits::Limits;
pub use mask::Mask;
pub use message::MessageDecoder;
pub use opcode::{MessageKind, Opcode};
pub use prepared::PreparedMessage;
pub use reason::CloseReason;
pub use role::Role;
pub use text::SharedText;
pub use timing::Keepalive;
pub use utf8::{InvalidUtf8, Utf8Piece, Utf8Validator};

/// The examples of the README, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
