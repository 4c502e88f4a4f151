//! Server-sent events without IO: decoder, encoder and the EventSource client state
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod buffer;
mod client;
mod decoder;
mod encoder;
mod error;
mod event;
mod field;
mod limits;
mod line;

pub use buffer::Buffer;
pub use client::{Config, EventSource, ReadyState, Reason, Request, Response, is_temporary};
pub use decoder::Decoder;
pub use encoder::{EventFields, HEARTBEAT, PADDING, encode_comment, encode_id, encode_retry};
pub use error::{DecodeError, DecodeErrorKind, EncodeError};
pub use event::{Event, EventBuf, Item, ItemBuf};
pub use field::{FieldName, Line};
pub use limits::Limits;
