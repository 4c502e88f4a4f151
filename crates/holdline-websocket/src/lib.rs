//! WebSocket (RFC 6455) without IO: handshake, frames, messages and connection state for both roles
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;
