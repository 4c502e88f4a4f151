//! HTTP/1.1 without IO: heads, bodies and connection state for both roles
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod block;
mod body;
mod buffer;
mod chunk;
mod class;
mod client;
mod decoder;
mod error;
mod event;
mod framing;
mod head;
mod header;
mod limits;
mod parse;
mod reason;
mod scan;
mod server;
mod state;
mod target;
#[cfg(test)]
mod testing;
mod trailer;

pub use block::{Fields, HeaderBlock};
pub use body::{BodyDecoder, BodyEncoder, BodyItem, PreChunked};
pub use buffer::Buffer;
pub use chunk::{Chunk, ChunkDecoder};
pub use client::{ClientConfig, ClientConnection, RequestBody};
pub use decoder::{RequestDecoder, ResponseDecoder};
pub use error::{ReceiveError, ReceiveErrorKind, SendError, SendErrorKind};
pub use event::{Event, ResponseEvent};
pub use framing::{BodyLength, Version};
pub use head::{RequestHead, RequestHeadBuf, ResponseHead};
pub use header::{Headers, Iter};
pub use limits::Limits;
pub use parse::{ParsedRequest, ParsedResponse, parse_request_head, parse_response_head};
pub use server::{Linger, ResponseBody, ServerConfig, ServerConnection};
