//! permessage-deflate (RFC 7692): the traps, byte for byte.
#![cfg(feature = "deflate")]

use crate::support::{
    Frame, Got, KEY, Outcome, every_cut, masked, receive_all, receive_all_pieces, unmasked,
};
use bytes::BytesMut;
use holdline_websocket::{
    Buffer, Config, Connection, Deflate, DeflateOptions, Event, FrameHeader, Limits, PieceEvent,
    PreparedMessage, ReceiveErrorKind as Kind, Role, Unmasked, handshake::client,
    handshake::server,
};

pub(crate) mod negotiated;
pub(crate) mod received;
pub(crate) mod sent;

/// What a server and a client agree on that both have these options.
pub(crate) fn agreed(options: &DeflateOptions) -> Deflate {
    negotiate("permessage-deflate; client_max_window_bits", options).unwrap()
}

fn negotiate(offer: &str, options: &DeflateOptions) -> Option<Deflate> {
    let headers = [
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Extensions", offer),
    ];
    let headers = headers
        .iter()
        .map(|(name, value)| (*name, value.as_bytes()));
    let request = server::accept("GET", headers).unwrap();
    request.accept_deflate(options)
}

/// What a client that offers `options` makes of the answer.
fn verify(answer: &str, options: DeflateOptions) -> Result<Option<Deflate>, client::VerifyError> {
    let mut request = client::Request::new(*b"the sample nonce");
    request.offer_deflate(options);
    let headers = [
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
        ("Sec-WebSocket-Extensions", answer),
    ];
    let headers = headers
        .iter()
        .map(|(name, value)| (*name, value.as_bytes()));
    request
        .verify(101, headers)
        .map(|accepted| accepted.deflate)
}

fn options(edit: impl FnOnce(&mut DeflateOptions)) -> DeflateOptions {
    let mut options = DeflateOptions::default();
    edit(&mut options);
    options
}

fn alone() -> DeflateOptions {
    options(|options| {
        options.no_context_takeover = true;
        options.peer_no_context_takeover = true;
    })
}

fn config(deflate: Deflate, limits: Limits) -> Config {
    let mut config = Config::default();
    config.deflate = Some(deflate);
    config.limits = limits;
    config
}

/// Every way of cutting, whole and in pieces, both roles.
fn run_as(deflate: Deflate, limits: Limits, frames: &[Frame<'_>]) -> Outcome {
    let config = config(deflate, limits);
    let client = |pieces: bool, parts: &[&[u8]]| {
        let connection = Connection::client(config, || KEY);
        if pieces {
            receive_all_pieces(connection, parts, 40 << 10)
        } else {
            receive_all(connection, parts)
        }
    };
    let server = |pieces: bool, parts: &[&[u8]]| {
        let connection = Connection::server(config);
        if pieces {
            receive_all_pieces(connection, parts, 40 << 10)
        } else {
            receive_all(connection, parts)
        }
    };
    let at_client = cut(&client, &unmasked(frames));
    let at_server = cut(&server, &masked(frames));
    assert_eq!(at_server.items, at_client.items, "the roles differ");
    assert_eq!(at_server.kind(), at_client.kind(), "the roles differ");
    at_client
}

fn cut(receive: &dyn Fn(bool, &[&[u8]]) -> Outcome, bytes: &[u8]) -> Outcome {
    every_cut(bytes, |parts| {
        let whole = receive(false, parts);
        assert_eq!(receive(true, parts), whole, "in pieces");
        whole
    })
}

fn run(frames: &[Frame<'_>]) -> Outcome {
    run_as(
        agreed(&DeflateOptions::default()),
        Limits::default(),
        frames,
    )
}

#[track_caller]
fn refused(frames: &[Frame<'_>], kind: Kind, at: u64, code: u16) -> Outcome {
    refused_with(Limits::default(), frames, kind, at, code)
}

#[track_caller]
fn refused_with(limits: Limits, frames: &[Frame<'_>], kind: Kind, at: u64, code: u16) -> Outcome {
    let outcome = run_as(agreed(&DeflateOptions::default()), limits, frames);
    let error = outcome.error.unwrap();
    assert_eq!((error.kind(), error.at()), (kind, at));
    assert_eq!(outcome.close_code(), Some(code));
    outcome
}

fn text(text: &str) -> Got {
    Got::Text(text.into())
}

fn sender(options: &DeflateOptions) -> Connection<Unmasked> {
    Connection::server(config(agreed(options), Limits::default()))
}

#[test]
pub(crate) fn examples_of_rfc_7692_section_7_2_3() {
    // §7.2.3.1: one frame, and in two.
    let hello: Frame<'_> = (b"\xc1\x07", b"\xf2\x48\xcd\xc9\xc9\x07\x00");
    assert_eq!(run(&[hello]).items, [text("Hello")]);
    let two: [Frame<'_>; 2] = [
        (b"\x41\x03", b"\xf2\x48\xcd"),
        (b"\x80\x04", b"\xc9\xc9\x07\x00"),
    ];
    assert_eq!(run(&two).items, [text("Hello")]);
    // §7.2.3.2: the same again refers to the window.
    let again: Frame<'_> = (b"\xc1\x05", b"\xf2\x00\x11\x00\x00");
    assert_eq!(run(&[hello, again]).items, [text("Hello"), text("Hello")]);
    // §7.2.3.3: a block with no compression.
    let stored: Frame<'_> = (b"\xc1\x0b", b"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00");
    assert_eq!(run(&[stored]).items, [text("Hello")]);
    // §7.2.3.4: a block with BFINAL.
    let last: Frame<'_> = (b"\xc1\x08", b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00");
    assert_eq!(run(&[last]).items, [text("Hello")]);
    // §7.2.3.5: two blocks in one message.
    let blocks: Frame<'_> = (
        b"\xc1\x0d",
        b"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00",
    );
    assert_eq!(run(&[blocks]).items, [text("Hello")]);

    // And what we send.
    let mut server = sender(&DeflateOptions::default());
    let mut out = BytesMut::new();
    server.send_text("Hello", &mut out).unwrap();
    assert_eq!(out.split()[..], *b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00");
    server.send_text("Hello", &mut out).unwrap();
    assert_eq!(out.split()[..], *b"\xc1\x05\xf2\x00\x11\x00\x00");
}

#[test]
pub(crate) fn empty_compressed_messages_are_one_zero() {
    let empty: Frame<'_> = (b"\xc1\x01", b"\x00");
    assert_eq!(
        run(&[empty, (b"\xc2\x01", b"\x00")]).items,
        [text(""), Got::Binary(vec![])]
    );
    // No payload at all is only the tail, which is an empty block as well.
    assert_eq!(run(&[(b"\xc1\x00", b"")]).items, [text("")]);
    let mut server = sender(&DeflateOptions::default());
    let mut out = BytesMut::new();
    server.send_text("", &mut out).unwrap();
    server.send_text_fragment("", false, &mut out).unwrap();
    server.send_text_fragment("", true, &mut out).unwrap();
    assert_eq!(out[..], *b"\xc1\x01\x00\x41\x00\x80\x01\x00");
}
