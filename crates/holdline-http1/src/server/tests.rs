use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::*;
use crate::RequestDecoder;
use crate::error::ReceiveErrorKind as Kind;
use crate::testing::{Decoder, Outcome, every_way, server};

mod rules;
mod sending;

#[test]
fn an_idle_connection_is_small() {
    let size = size_of::<ServerConnection>();
    assert!(size <= 200, "{size} bytes");
}

/// The outcome of a client's stream, the same however it is cut.
fn serve(bytes: &[u8]) -> Outcome {
    every_way(|| server(&ServerConfig::default()), bytes, false)
}
