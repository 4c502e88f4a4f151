//! WebSocket (RFC 6455) without IO: handshake, frames, messages and connection state for both roles
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod buffer;
mod close;
mod connection;
mod error;
mod event;
pub mod handshake;
mod header;
mod limits;
mod mask;
mod message;
mod opcode;
mod prepared;
mod state;
mod timing;
mod utf8;

pub use buffer::Buffer;
pub use close::{CloseCode, CloseReason};
pub use connection::{Config, Connection, MaskKeys, Unmasked};
pub use error::{ReceiveError, ReceiveErrorKind, SendError};
pub use event::{ClosedBy, Event, PieceEvent, Timeout, Transport};
pub use handshake::{AcceptKey, ClientKey, HandshakeError};
pub use header::{FrameHeader, HeaderError};
pub use limits::Limits;
pub use mask::Mask;
pub use message::{Message, MessageDecoder, Piece, Role};
pub use opcode::{MessageKind, Opcode};
pub use prepared::PreparedMessage;
pub use timing::Keepalive;
pub use utf8::{InvalidUtf8, Utf8Piece, Utf8Validator};
