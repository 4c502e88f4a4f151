use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use bytes::BytesMut;

use super::*;
use crate::error::ReceiveErrorKind as Kind;
use crate::tests::harness::{Decoder, Outcome, every_way, server};

mod exchanges;
pub(crate) mod limits;
mod prepared;
pub(crate) mod rules;
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

/// A request that takes too long is answered 408, wherever it got stuck, and nothing after it is
/// parsed.
#[test]
fn an_abandoned_request_is_answered_and_the_rest_ignored() {
    let whole = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
    for cut in 0..whole.len() {
        let mut connection = ServerConnection::new(ServerConfig::default());
        let mut buffer = Buffer::new();
        let (mut input, rest) = whole.split_at(cut);
        while connection
            .receive(&mut input, &mut buffer)
            .expect("good")
            .is_some()
        {}
        connection.abandon_request();
        assert!(connection.can_respond(), "cut at {cut}");
        let mut out = BytesMut::new();
        assert!(!connection.poll_transmit(&mut out));
        connection.respond(408, (), b"", &mut out).expect("the 408");
        assert!(out.starts_with(b"HTTP/1.1 408 Request Timeout\r\n"));
        assert!(out.windows(17).any(|line| line == b"Connection: close"));
        assert!(connection.should_close());
        let mut input = rest;
        assert_eq!(
            connection.receive(&mut input, &mut buffer),
            Ok(Some(Event::Paused))
        );
    }
}
