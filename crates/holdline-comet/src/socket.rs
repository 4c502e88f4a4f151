//! NUL-terminated messages on a plain socket, as Flash (`XMLSocket`) and Java applets use
//! them.
//!
//! A message is UTF-8 text and a NUL byte. Before it opens the socket, Flash asks for
//! permission: on a connection of its own it sends `<policy-file-request/>` and a NUL, and
//! expects a [policy file](Policy) and a NUL.

mod buffer;
mod decoder;
mod encoder;
mod policy;

/// The byte after each message.
pub const END: u8 = 0;

pub use buffer::Buffer;
pub use decoder::{DecodeError, DecodeErrorKind, Decoder, Item, Limits};
pub use encoder::{EncodeError, encode};
pub use policy::{POLICY_FILE_REQUEST, Policy, PolicyError, Ports};
