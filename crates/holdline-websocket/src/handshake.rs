//! The opening handshake (RFC 6455 §4) over header pairs, for any HTTP stack.
//!
//! Names are `&str` and values are bytes, as they stood in the head, without the space around them. The
//! HTTP side stays with the HTTP stack: that the request is HTTP/1.1 or later and has a `Host`, and that the
//! bytes after the head go to the [`Connection`](crate::Connection).
//!
//! A server:
//!
//! ```
//! use holdline_websocket::handshake::server;
//!
//! let headers = [
//!     ("Host", &b"example.com"[..]),
//!     ("Upgrade", b"websocket"),
//!     ("Connection", b"keep-alive, Upgrade"),
//!     ("Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ=="),
//!     ("Sec-WebSocket-Version", b"13"),
//!     ("Sec-WebSocket-Protocol", b"chat, superchat"),
//!     ("Origin", b"https://example.com"),
//! ];
//! let request = server::accept("GET", headers.into_iter()).unwrap();
//! assert!(request.origin_is_allowed(&["https://example.com"]));
//! let protocol = request.choose_protocol(&["superchat"]);
//! let response = request.response(protocol);
//! // status 101, `Connection: Upgrade`, and:
//! assert_eq!(
//!     response,
//!     [
//!         ("Upgrade", "websocket".to_string()),
//!         ("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=".to_string()),
//!         ("Sec-WebSocket-Protocol", "superchat".to_string()),
//!     ]
//! );
//! ```
//!
//! A client:
//!
//! ```
//! use holdline_websocket::handshake::client;
//!
//! let request = client::Request::new(*b"the sample nonce"); // use 16 random bytes
//! let send = request.headers(); // with GET, HTTP/1.1 and Host
//! # assert_eq!(send[2].1, "dGhlIHNhbXBsZSBub25jZQ==");
//! let answer = [
//!     ("Upgrade", &b"websocket"[..]),
//!     ("Connection", b"Upgrade"),
//!     ("Sec-WebSocket-Accept", b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
//! ];
//! let accepted = request.verify(101, answer.into_iter()).unwrap();
//! assert_eq!(accepted.protocol, None);
//! ```

pub mod client;
mod extension;
mod key;
pub mod server;
pub(crate) mod token;

pub use client::VerifyError;
pub use extension::{Extension, ExtensionParameter, MalformedExtensions, parse_extensions};
pub use key::{AcceptKey, ClientKey};
pub use server::HandshakeError;

/// Header names as this crate writes them.
mod name {
    pub(super) const ACCEPT: &str = "Sec-WebSocket-Accept";
    pub(super) const CONNECTION: &str = "Connection";
    pub(super) const EXTENSIONS: &str = "Sec-WebSocket-Extensions";
    pub(super) const KEY: &str = "Sec-WebSocket-Key";
    pub(super) const ORIGIN: &str = "Origin";
    pub(super) const PROTOCOL: &str = "Sec-WebSocket-Protocol";
    pub(super) const UPGRADE: &str = "Upgrade";
    pub(super) const VERSION: &str = "Sec-WebSocket-Version";
}
