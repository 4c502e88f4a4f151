//! What must hold for any bytes at all, one property per function.
//!
//! libFuzzer looks for bytes that break one (`cargo xtask fuzz --seconds 300 TARGET`), and
//! `cargo test -p holdline-fuzz` replays the corpus and mutations of it on stable Rust. A property
//! panics when it is broken.
//!
//! Where the input is a stream, its first byte decides how it is cut ([`Cuts`]) and the rest is the
//! stream, so that a corpus file can be read, and written, by hand.
#![forbid(unsafe_code)]

pub mod comet;
pub mod http1;
pub mod sse;
pub mod websocket;

mod cuts;
mod stated;

pub use cuts::Cuts;

/// What must hold for any bytes; panics when it does not.
pub type Property = fn(&[u8]);

/// Every property, by the name of its target and of its folder in `corpus/`.
pub const PROPERTIES: &[(&str, Property)] = &[
    ("http1_request", http1::request),
    ("http1_response", http1::response),
    ("http1_chunked", http1::chunked),
    ("http1_lenient", http1::lenient),
    ("http1_server", http1::server),
    ("http1_exchange", http1::exchange),
    ("http1_hyper", http1::hyper),
    ("http1_session", http1::session),
    ("sse_decoder", sse::decoder),
    ("sse_round_trip", sse::round_trip),
    ("sse_session", sse::session),
    ("sse_client", sse::client),
    ("websocket_frames", websocket::frames),
    ("websocket_session", websocket::session),
    ("websocket_handshake", websocket::handshake),
    ("websocket_stated", websocket::stated),
    ("websocket_deflate", websocket::deflate),
    ("websocket_zlib", websocket::zlib),
    ("websocket_hixie76", websocket::hixie76),
    ("comet", comet::comet),
];
