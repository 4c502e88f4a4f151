//! The WebSocket of the first browsers: draft-hixie-thewebsocketprotocol-76, which is also
//! draft-ietf-hybi-thewebsocketprotocol-00. Legacy; feature `hixie76`, off by default.
//!
//! Safari 5, iOS 4.2 to 5, Chrome 6 to 13 and the Flash stand-ins of that time speak this and not RFC 6455. Take it
//! to serve such a device, to read a recording of one, or to see where the frames of today come from. For anything else it is the wrong protocol, because it has less:
//!
//! - text only, no binary messages and no fragments;
//! - no ping, so a dead peer is noticed by the transport alone;
//! - no code and no reason in a close;
//! - no masks: a careless proxy can be made to take a page's message for a request (RFC 6455 §10.3), which is why
//!   browsers gave it up.
//!
//! # The bytes
//!
//! After the head of the request come eight bytes more, which no `Content-Length` announces; after the head of the
//! response sixteen, by which the server proves that it read them and two keys of the head ([`Challenge`]). Then a
//! text message is `00`, UTF-8, `FF`, and the close is `FF 00`. Frames of any other kind are skipped, within
//! [`Limits::max_frame`](crate::Limits::max_frame).
//!
//! # A server
//!
//! The HTTP stack gives the head as header pairs. Answer it with the headers of [`Request::response`] at once, and
//! give every byte that follows the request's head to the [`Connection`]. Its first output is the answer to the
//! challenge. The head of the response need not wait for the challenge, and must not when a proxy is between: some
//! hand on what follows a request's head only after they saw the 101.
//!
//! ```
//! use bytes::BytesMut;
//! use holdline_websocket::{Buffer, hixie76::{self, Config, Connection, Event}};
//!
//! let head = [
//!     ("Host", &b"example.com"[..]),
//!     ("Connection", b"Upgrade"),
//!     ("Sec-WebSocket-Key2", b"12998 5 Y3 1  .P00"),
//!     ("Upgrade", b"WebSocket"),
//!     ("Sec-WebSocket-Key1", b"4 @1  46546xW%0l 1 5"),
//!     ("Origin", b"http://example.com"),
//! ];
//! assert!(hixie76::is_offered(head.into_iter()));
//! let request = hixie76::accept("GET", "/demo", false, head.into_iter()).unwrap();
//! assert!(request.origin_is_allowed(&["http://example.com"]));
//! // status 101, `Connection: Upgrade`, and:
//! assert_eq!(
//!     request.response(None),
//!     [
//!         ("Upgrade", "WebSocket".to_string()),
//!         ("Sec-WebSocket-Origin", "http://example.com".to_string()),
//!         ("Sec-WebSocket-Location", "ws://example.com/demo".to_string()),
//!     ]
//! );
//!
//! let mut websocket = Connection::server(Config::default(), request.challenge());
//! let (mut buffer, mut out) = (Buffer::new(), BytesMut::new());
//! let mut rest = &mut b"^n:ds[4U\x00Hello\xff".to_vec()[..]; // what followed the head
//! assert_eq!(websocket.receive(&mut rest, &mut buffer), Ok(Some(Event::Open)));
//! assert_eq!(websocket.receive(&mut rest, &mut buffer), Ok(Some(Event::Text("Hello"))));
//! websocket.send_text("Hi", &mut out).unwrap();
//! assert_eq!(out[..], b"8jKS'y:G*Co,Wxa-\x00Hi\xff"[..]);
//! ```

mod client;
mod connection;
mod error;
mod frame;
mod key;
mod server;

pub use client::{Accepted, ClientRequest, InvalidRequest, VerifyError};
pub use connection::{Config, Connection, Event};
pub use error::{ReceiveError, ReceiveErrorKind, SendError};
pub use frame::PreparedMessage;
pub use key::{Answer, Challenge};
pub use server::{HandshakeError, Request, accept, is_offered};

/// Header names as this module writes them.
mod name {
    pub(super) const CONNECTION: &str = "Connection";
    pub(super) const HOST: &str = "Host";
    pub(super) const KEY1: &str = "Sec-WebSocket-Key1";
    pub(super) const KEY2: &str = "Sec-WebSocket-Key2";
    /// Of RFC 6455 and the drafts from 4 on.
    pub(super) const LATER_KEY: &str = "Sec-WebSocket-Key";
    pub(super) const LOCATION: &str = "Sec-WebSocket-Location";
    pub(super) const ORIGIN: &str = "Origin";
    pub(super) const ORIGIN_ANSWER: &str = "Sec-WebSocket-Origin";
    pub(super) const PROTOCOL: &str = "Sec-WebSocket-Protocol";
    pub(super) const UPGRADE: &str = "Upgrade";
}

/// The first byte of a text frame.
const TEXT: u8 = 0x00;
/// What ends a text frame. It never occurs in UTF-8.
const END: u8 = 0xff;
/// The whole closing frame.
const CLOSE: [u8; 2] = [0xff, 0x00];
