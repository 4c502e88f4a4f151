//! Holdline's codecs beside their peers: the cases, the contestants, and the check that they agree.
//!
//! Each protocol has a file with its cases as a table and its contestants as small functions of one
//! signature: input in, what was decoded into a [`Sink`]. The same functions are checked for what they
//! decode, timed by criterion (`benches/codecs.rs`), and counted instruction by instruction
//! (`src/bin/one.rs`).

pub mod case;
pub mod child;
pub mod fan_out;
pub mod http1_body;
pub mod http1_client;
pub mod http1_cycle;
pub mod http1_head;
pub mod memory;
pub mod sample;
pub mod sse_decode;
pub mod sse_encode;
pub mod websocket_decode;
pub mod websocket_deflate;
pub mod websocket_encode;
pub mod websocket_pieces;
mod wtx_stream;

use bytes::Bytes;
pub use case::{Case, Contestant, Digest, Sink, Tally};

/// The contestant that is ours, in every case.
pub const OURS: &str = "holdline";

/// How the names of floors begin: the least work that a case allows, done with what is known in advance.
pub const FLOOR: &str = "floor";

/// How much one read gives, in bytes.
pub const BLOCK: usize = 64 << 10;

/// Every case of every group.
#[must_use]
pub fn cases() -> Vec<Case> {
    let groups = [
        http1_head::cases(),
        http1_cycle::cases(),
        http1_client::cases(),
        http1_body::cases(),
        websocket_decode::cases(),
        websocket_encode::cases(),
        websocket_deflate::cases(),
        websocket_pieces::cases(),
        sse_decode::cases(),
        sse_encode::cases(),
    ];
    groups.into_iter().flatten().collect()
}

/// The inputs of a few cases, by the case's id, for libraries that are measured from outside (`src/bin/others.rs`).
#[must_use]
pub fn inputs() -> Vec<(&'static str, Bytes)> {
    let mut inputs = websocket_decode::inputs();
    inputs.extend(sse_decode::inputs());
    inputs.extend(http1_head::inputs());
    inputs
}
