//! HTTP/1.1 over a blocking stream: [`Server`] and [`Client`].

mod client;
mod error;
mod incoming;
mod response;
mod server;

pub use client::{Client, Expectation};
pub use error::Error;
pub use response::Response;
pub use server::Server;

use holdline_http1::Headers;

/// Field lines that outlive the block they came in.
fn copy(headers: Headers<'_>) -> Vec<(String, Vec<u8>)> {
    headers
        .iter()
        .map(|(name, value)| (name.to_owned(), value.to_vec()))
        .collect()
}
