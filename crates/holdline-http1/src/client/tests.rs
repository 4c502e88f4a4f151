use alloc::format;
use alloc::string::String;

use super::*;
use crate::tests::harness::{Outcome, client, every_way};

mod lenient;
pub(crate) mod rules;
mod sending;

/// The outcome of a server's stream that answers a GET, the same however it is cut.
fn get(bytes: &[u8], eof: bool) -> Outcome {
    answer("GET", None, bytes, eof)
}

fn answer(method: &str, upgrade: Option<&str>, bytes: &[u8], eof: bool) -> Outcome {
    every_way(
        || client(&ClientConfig::default(), method, upgrade),
        bytes,
        eof,
    )
}
