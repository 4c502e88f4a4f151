//! Comet without IO: a message log with cursors, and the wire forms of polling, long polling, JSONP, XHR and iframe streaming
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;
