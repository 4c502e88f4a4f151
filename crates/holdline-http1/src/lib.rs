//! HTTP/1.1 without IO: heads, bodies and connection state for both roles
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;
