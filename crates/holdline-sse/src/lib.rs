//! Server-sent events without IO: decoder, encoder and the EventSource client state
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;
