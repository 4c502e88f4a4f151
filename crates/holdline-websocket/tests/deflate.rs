//! permessage-deflate (RFC 7692): the traps, byte for byte.
#![cfg(feature = "deflate")]
#![allow(clippy::unwrap_used)]

mod support;

use bytes::BytesMut;
use holdline_websocket::{
    Buffer, Config, Connection, Deflate, DeflateOptions, Event, FrameHeader, Limits,
    PreparedMessage, ReceiveErrorKind as Kind, Role, Unmasked, handshake::client,
    handshake::server,
};
use support::{Frame, Got, KEY, Outcome, masked, receive_all, receive_all_pieces, unmasked};

/// What a server and a client agree on that both have these options.
fn agreed(options: &DeflateOptions) -> Deflate {
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
    let whole = receive(false, &[bytes]);
    assert_eq!(receive(true, &[bytes]), whole, "in pieces");
    let step = 1 + bytes.len() / 300;
    for at in (0..bytes.len()).step_by(step) {
        let (one, two) = bytes.split_at(at);
        assert_eq!(receive(false, &[one, two]), whole, "cut at {at}");
        assert_eq!(receive(true, &[one, two]), whole, "in pieces, cut at {at}");
    }
    for size in [1, 2, 3, 7] {
        let parts: Vec<&[u8]> = bytes.chunks(size).collect();
        assert_eq!(receive(false, &parts), whole, "{size} at a time");
        assert_eq!(receive(true, &parts), whole, "in pieces, {size} at a time");
    }
    whole
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
fn examples_of_rfc_7692_section_7_2_3() {
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
fn empty_compressed_messages_are_one_zero() {
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

#[test]
fn compressed_empty_first_fragment() {
    let outcome = run(&[
        (b"\x41\x00", b""),
        (b"\x89\x00", b""),
        (b"\x00\x03", b"\xf2\x48\xcd"),
        (b"\x00\x04", b"\xc9\xc9\x07\x00"),
        (b"\x80\x00", b""),
    ]);
    assert_eq!(outcome.items, [Got::Ping(vec![]), text("Hello")]);
}

#[test]
fn compressed_and_plain_messages_may_be_mixed() {
    let outcome = run(&[
        (b"\xc1\x07", b"\xf2\x48\xcd\xc9\xc9\x07\x00"),
        (b"\x81\x02", b"hi"),
        (b"\x01\x01", b"y"),
        (b"\x80\x01", b"o"),
        // A plain message is not in the window.
        (b"\xc1\x05", b"\xf2\x00\x11\x00\x00"),
    ]);
    assert_eq!(
        outcome.items,
        [text("Hello"), text("hi"), text("yo"), text("Hello")]
    );
}

#[test]
fn bfinal_then_continued_context() {
    let last: Frame<'_> = (b"\xc1\x08", b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00");
    let again: Frame<'_> = (b"\xc1\x05", b"\xf2\x00\x11\x00\x00");
    assert_eq!(
        run(&[last, again, last, again]).items,
        [text("Hello"), text("Hello"), text("Hello"), text("Hello")]
    );
    // Within one message: BFINAL, then a block that refers to what was before it.
    let both: Frame<'_> = (
        b"\xc1\x0c",
        b"\xf3\x48\xcd\xc9\xc9\x07\x00\xf2\x00\x11\x00\x00",
    );
    assert_eq!(
        run(&[both, again]).items,
        [text("HelloHello"), text("Hello")]
    );
    // Without the empty block that should follow it.
    let bare: Frame<'_> = (b"\xc1\x07", b"\xf3\x48\xcd\xc9\xc9\x07\x00");
    assert_eq!(run(&[bare, again]).items, [text("Hello"), text("Hello")]);
}

#[test]
fn flood_of_bfinal_blocks_costs_nothing() {
    // Each of these empty blocks ends a stream, and is two bytes.
    let many = [3, 0].repeat(30_000);
    let [high, low] = (many.len() as u16).to_be_bytes();
    let deflate = agreed(&DeflateOptions::default());
    let mut wire = unmasked(&[(&[0xc2, 0x7e, high, low], &many)]);
    let (mut input, mut buffer) = (&mut wire[..], Buffer::new());
    let mut client = Connection::client(config(deflate, Limits::default()), || KEY);
    let received = client.receive(&mut input, &mut buffer);
    assert_eq!(received, Ok(Some(Event::Binary(b""))));
    let few: Vec<u8> = [3, 0].repeat(60);
    assert_eq!(run(&[(&[0xc2, 120], &few)]).items, [Got::Binary(vec![])]);
}

#[test]
fn reference_beyond_the_window_is_1002() {
    // "Hello" and what refers five bytes back, which is good; and the same with nothing before it.
    let hello: Frame<'_> = (b"\xc1\x07", b"\xf2\x48\xcd\xc9\xc9\x07\x00");
    let again: Frame<'_> = (b"\xc1\x05", b"\xf2\x00\x11\x00\x00");
    assert_eq!(run(&[hello, again]).error, None);
    refused(&[again], Kind::InvalidDeflate, 0, 1002);
    // A stored block of 257 bytes, and fixed codes that refer 256 and 257 bytes back.
    let mut stored = b"\x00\x01\x01\xfe\xfe".to_vec();
    stored.extend((0..257).map(|i| i as u8));
    let options = options(|options| {
        options.max_window_bits = 8;
        options.peer_max_window_bits = 8;
    });
    // Length 3 (0000001), distance code 15 with six bits more (193 + 63) or code 16 with seven (257 + 0), end
    // (0000000), and an empty stored block (000).
    let within = [&stored[..], &bits("010 0000001 01111 111111 0000000 000")].concat();
    let beyond = [&stored[..], &bits("010 0000001 10000 0000000 0000000 000")].concat();
    let head = |payload: &[u8]| {
        let [high, low] = (payload.len() as u16).to_be_bytes();
        [0xc2, 0x7e, high, low]
    };
    let (small, limits) = (agreed(&options), Limits::default());
    let outcome = run_as(small, limits, &[(&head(&within), &within)]);
    assert!(matches!(&outcome.items[..], [Got::Binary(data)] if data[257..] == [1, 2, 3]));
    let outcome = run_as(small, limits, &[(&head(&beyond), &beyond)]);
    assert_eq!(outcome.kind(), Some(Kind::InvalidDeflate));
    assert_eq!(outcome.close_code(), Some(1002));
    // With the largest window the same is good.
    let outcome = run(&[(&head(&beyond), &beyond)]);
    assert!(matches!(&outcome.items[..], [Got::Binary(data)] if data[257..] == [0, 1, 2]));
}

/// Bits in the order of the stream, packed from the lowest one of each byte on. Spaces are for the reader.
fn bits(text: &str) -> Vec<u8> {
    let bits: Vec<u8> = text.bytes().filter(|b| *b != b' ').collect();
    let byte = |bits: &[u8]| bits.iter().rev().fold(0, |byte, bit| byte << 1 | (bit & 1));
    bits.chunks(8).map(byte).collect()
}

#[test]
fn without_takeover_nothing_is_remembered() {
    let hello: Frame<'_> = (b"\xc1\x07", b"\xf2\x48\xcd\xc9\xc9\x07\x00");
    let again: Frame<'_> = (b"\xc1\x05", b"\xf2\x00\x11\x00\x00");
    let outcome = run_as(agreed(&alone()), Limits::default(), &[hello, again]);
    assert_eq!(outcome.items, [text("Hello")]);
    assert_eq!(outcome.kind(), Some(Kind::InvalidDeflate));
    let mut server = sender(&alone());
    let mut out = BytesMut::new();
    let long = "Hello Hello Hello Hello";
    server.send_text(long, &mut out).unwrap();
    let first = out.split();
    server.send_text(long, &mut out).unwrap();
    assert_eq!(out, first);
    // What does not get smaller goes as it is.
    out.clear();
    server.send_text("Hello", &mut out).unwrap();
    assert_eq!(out[..], *b"\x81\x05Hello");
}

#[test]
fn control_frame_with_rsv1_is_1002() {
    for head in [b"\xc8\x00", b"\xc9\x00", b"\xca\x00"] {
        refused(&[(head, b"")], Kind::ReservedBits, 0, 1002);
    }
}

#[test]
fn rsv1_on_a_continuation_is_1002() {
    let first: Frame<'_> = (b"\x41\x03", b"\xf2\x48\xcd");
    refused(
        &[first, (b"\xc0\x04", b"\xc9\xc9\x07\x00")],
        Kind::ReservedBits,
        5,
        1002,
    );
    refused(
        &[(b"\x01\x01", b"a"), (b"\xc0\x01", b"\x00")],
        Kind::ReservedBits,
        3,
        1002,
    );
    refused(&[(b"\xe1\x01", b"\x00")], Kind::ReservedBits, 0, 1002);
    refused(&[(b"\x91\x01", b"\x00")], Kind::ReservedBits, 0, 1002);
}

#[test]
fn rsv1_without_agreement_is_1002() {
    let outcome = support::run(&[(b"\xc1\x07", b"\xf2\x48\xcd\xc9\xc9\x07\x00")]);
    assert_eq!(
        (outcome.kind(), outcome.close_code()),
        (Some(Kind::ReservedBits), Some(1002))
    );
}

/// A message of `size` zeros, compressed.
fn bomb(size: usize) -> Vec<u8> {
    let zeros = PreparedMessage::binary(&vec![0; size]).with_deflate(9);
    let frame = zeros.compressed_bytes().unwrap();
    let (_, header) = FrameHeader::decode(frame).unwrap().unwrap();
    frame[header..].to_vec()
}

#[test]
fn deflate_bomb_is_1009_and_memory_is_bounded() {
    let payload = bomb(1 << 20);
    assert!(payload.len() < 1200);
    let length = (payload.len() as u16).to_be_bytes();
    let limits = support::limits(16 << 20, 10_000);
    for first in [0xc1, 0xc2] {
        let head = [first, 0x7e, length[0], length[1]];
        refused_with(
            limits,
            &[(b"\x81\x01", b"a"), (&head, &payload)],
            Kind::MessageTooLong,
            3,
            1009,
        );
        // Not a byte too early, and not one too late.
        let payload = bomb(10_000);
        let head = [first, payload.len() as u8];
        let deflate = agreed(&DeflateOptions::default());
        assert_eq!(run_as(deflate, limits, &[(&head, &payload)]).error, None);
        let payload = bomb(10_001);
        refused_with(
            limits,
            &[(&[first, payload.len() as u8], &payload)],
            Kind::MessageTooLong,
            0,
            1009,
        );
    }

    // What is kept while it comes is what was let in.
    let mut server = Connection::server(config(agreed(&alone()), limits));
    let mut buffer = Buffer::new();
    for byte in masked(&[(&[0xc2, 0x7e, length[0], length[1]], &payload)]) {
        let mut block = [byte];
        let failed = server.receive(&mut &mut block[..], &mut buffer).is_err();
        assert!(buffer.capacity() <= 20_000);
        if failed {
            return;
        }
    }
    panic!("not refused");
}

#[test]
fn inflated_text_is_rejected_at_the_first_impossible_byte() {
    // A stored block, of which only the first bytes have come.
    let begun: Frame<'_> = (b"\x41\x08", b"\x00\x05\x00\xfa\xffab\xff");
    let outcome = refused(
        &[(b"\x8a\x00", b""), begun, (b"\x89\x00", b"")],
        Kind::InvalidText,
        2,
        1007,
    );
    assert_eq!(outcome.items, [Got::Pong(vec![])]);
    // The text is judged before what follows it.
    refused(
        &[(b"\xc1\x09", b"\x00\x05\x00\xfa\xffab\xff\xff")],
        Kind::InvalidText,
        0,
        1007,
    );
}

#[test]
fn inflated_text_ending_mid_code_point_is_1007() {
    let stored: Frame<'_> = (b"\xc1\x07", b"\x00\x01\x00\xfe\xff\xc3\x00");
    refused(&[stored], Kind::InvalidText, 0, 1007);
    let halves: [Frame<'_>; 2] = [
        (b"\x41\x06", b"\x00\x01\x00\xfe\xff\xc3"),
        (b"\x80\x07", b"\x00\x01\x00\xfe\xff\xa9\x00"),
    ];
    assert_eq!(run(&halves).items, [text("\u{e9}")]);
}

#[test]
fn what_is_not_deflate_is_1002() {
    // Block type 3; a stored block whose lengths differ; a message that ends within a stored block, and
    // within a compressed one.
    for payload in [
        &b"\x07\x00"[..],
        b"\x00\x05\x00\x05\x00",
        b"\x00\x50\x00\xaf\xffabc",
        b"\xf2\x48\xcd",
    ] {
        let head = [0xc2, payload.len() as u8];
        refused(&[(&head, payload)], Kind::InvalidDeflate, 0, 1002);
    }
}

#[test]
fn bad_extension_parameters_decline_the_offer() {
    let default = DeflateOptions::default();
    for bad in [
        "permessage-deflate; unknown",
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; client_no_context_takeover=true",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=7",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=08",
        "permessage-deflate; server_max_window_bits=+9",
        "permessage-deflate; client_max_window_bits=0",
        "permessage-deflate; client_max_window_bits=1x",
        "permessage-deflate; client_max_window_bits=100",
        "permessage-deflate; client_max_window_bits; client_max_window_bits=10",
        "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
        "x-webkit-deflate-frame",
    ] {
        assert_eq!(negotiate(bad, &default), None, "{bad}");
        // The next offer counts.
        let next = format!("{bad}, permessage-deflate");
        assert_eq!(
            negotiate(&next, &default).unwrap().to_string(),
            "permessage-deflate"
        );
    }
}

#[test]
fn bad_extension_parameters_fail_the_client() {
    for bad in [
        "permessage-deflate; unknown",
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate; client_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=7",
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; server_max_window_bits=9; server_max_window_bits=9",
        "permessage-deflate, permessage-deflate",
        "permessage-deflate, x-other",
        "permessage-deflate; a b",
    ] {
        assert_eq!(
            verify(bad, DeflateOptions::default()),
            Err(client::VerifyError::Extension),
            "{bad}"
        );
    }
    let strict = options(|options| {
        options.peer_no_context_takeover = true;
        options.peer_max_window_bits = 10;
    });
    let good = "permessage-deflate; server_no_context_takeover; server_max_window_bits=10";
    assert!(verify(good, strict).unwrap().is_some());
    for bad in [
        "permessage-deflate; server_no_context_takeover",
        "permessage-deflate; server_no_context_takeover; server_max_window_bits=11",
        "permessage-deflate; server_max_window_bits=10",
    ] {
        assert_eq!(
            verify(bad, strict),
            Err(client::VerifyError::Extension),
            "{bad}"
        );
    }
    assert_eq!(verify("", strict), Ok(None));
}

#[test]
fn the_four_parameters_are_negotiated() {
    let default = DeflateOptions::default();
    let small = options(|options| {
        options.no_context_takeover = true;
        options.max_window_bits = 12;
        options.peer_max_window_bits = 11;
    });
    for (offer, options, answer) in [
        ("permessage-deflate", &default, "permessage-deflate"),
        (
            "permessage-deflate; client_max_window_bits",
            &default,
            "permessage-deflate",
        ),
        (
            "permessage-deflate; client_max_window_bits=9",
            &default,
            "permessage-deflate; client_max_window_bits=9",
        ),
        (
            "permessage-deflate; server_max_window_bits=\"15\"",
            &default,
            "permessage-deflate; server_max_window_bits=15",
        ),
        (
            "permessage-deflate; server_max_window_bits=8",
            &default,
            "permessage-deflate; server_max_window_bits=8",
        ),
        (
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
            &default,
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
        ),
        (
            "permessage-deflate",
            &small,
            "permessage-deflate; server_no_context_takeover; server_max_window_bits=12",
        ),
        (
            "permessage-deflate; client_max_window_bits; server_max_window_bits=10",
            &small,
            "permessage-deflate; server_no_context_takeover; server_max_window_bits=10; client_max_window_bits=11",
        ),
    ] {
        assert_eq!(
            negotiate(offer, options).unwrap().to_string(),
            answer,
            "{offer}"
        );
    }
    let client = verify(
        "permessage-deflate; client_max_window_bits=10; client_no_context_takeover",
        default,
    );
    let client = client.unwrap().unwrap();
    assert_eq!(
        (
            client.max_window_bits(Role::Client),
            client.max_window_bits(Role::Server)
        ),
        (10, 15)
    );
    assert!(client.no_context_takeover(Role::Client) && !client.no_context_takeover(Role::Server));
}

#[test]
fn what_is_sent_keeps_within_the_window() {
    let small = options(|options| options.max_window_bits = 8);
    let noise: Vec<u8> = (0..300u32)
        .map(|i| (i.wrapping_mul(0x9e37_79b9) >> 24) as u8)
        .collect();
    let message = [&noise[..], &noise].concat();
    let (mut out, mut big) = (BytesMut::new(), BytesMut::new());
    sender(&small).send_binary(&message, &mut out).unwrap();
    sender(&DeflateOptions::default())
        .send_binary(&message, &mut big)
        .unwrap();
    // What repeats is 300 bytes back, which only the large window reaches.
    assert!(
        big.len() < 400 && out.len() > 600,
        "{} {}",
        big.len(),
        out.len()
    );
    // A receiver that keeps only 256 bytes understands it.
    let mut client = Connection::client(config(agreed(&small), Limits::default()), || KEY);
    let mut buffer = Buffer::new();
    assert_eq!(
        client.receive(&mut &mut out[..], &mut buffer),
        Ok(Some(Event::Binary(&message)))
    );
}

#[test]
fn prepared_messages_with_and_without_deflate() {
    let news = "News! News! News! News! News! News!";
    let prepared = PreparedMessage::text(news).with_deflate(6);
    let compressed = prepared.compressed_bytes().unwrap().clone();
    assert_eq!(compressed[0], 0xc1);
    let mut plain = Connection::server(Config::default());
    assert_eq!(plain.send_prepared(&prepared).unwrap(), *prepared.bytes());
    assert!(!plain.compresses());
    assert_eq!(
        PreparedMessage::text("Hello")
            .with_deflate(6)
            .compressed_bytes(),
        None
    );

    // Between messages with takeover: the window of the receiver is not the sender's any more.
    for options in [
        DeflateOptions::default(),
        alone(),
        options(|options| options.max_window_bits = 8),
    ] {
        let mut server = sender(&options);
        let mut client = Connection::client(config(agreed(&options), Limits::default()), || KEY);
        let mut wire = BytesMut::new();
        for _ in 0..3 {
            server.send_text(news, &mut wire).unwrap();
            assert!(server.compresses());
            let shared = server.send_prepared(&prepared).unwrap();
            assert_eq!(shared, compressed);
            wire.extend_from_slice(&shared);
        }
        let (mut input, mut buffer) = (&mut wire[..], Buffer::new());
        for _ in 0..6 {
            assert_eq!(
                client.receive(&mut input, &mut buffer),
                Ok(Some(Event::Text(news)))
            );
        }
    }

    // One that refers further back than was agreed goes without.
    let long = PreparedMessage::text(&news.repeat(20)).with_deflate(6);
    let mut server = sender(&options(|options| options.max_window_bits = 8));
    assert_eq!(server.send_prepared(&long).unwrap(), *long.bytes());
    assert_eq!(
        sender(&alone()).send_prepared(&long).unwrap(),
        *long.compressed_bytes().unwrap()
    );
}

#[test]
fn short_messages_are_sent_as_they_are() {
    let mut server = sender(&options(|options| options.min_size = 6));
    let mut out = BytesMut::new();
    server.send_text("Hello", &mut out).unwrap();
    server.send_text_fragment("Hello", false, &mut out).unwrap();
    server
        .send_text_fragment("Hello Hello Hello", true, &mut out)
        .unwrap();
    assert_eq!(
        out[..],
        *b"\x81\x05Hello\x01\x05Hello\x80\x11Hello Hello Hello"
    );
}

#[test]
fn headers_of_fragments_are_not_mixed_with_compressed_ones() {
    use holdline_websocket::{MessageKind, SendError};
    let mut server = sender(&DeflateOptions::default());
    let mut out = BytesMut::new();
    server.send_text_fragment("a", false, &mut out).unwrap();
    let before = out.clone();
    let mixed = server.send_fragment_header(MessageKind::Text, 1, true, &mut out);
    assert_eq!((mixed, &out), (Err(SendError::MessageUnfinished), &before));
    server.send_text_fragment("b", true, &mut out).unwrap();
    // One that was begun without compression goes on without.
    out.clear();
    server
        .send_fragment_header(MessageKind::Text, 0, false, &mut out)
        .unwrap();
    server.send_text_fragment("b", true, &mut out).unwrap();
    assert_eq!(out[..], *b"\x01\x00\x80\x01b");
}
