//! Properties of permessage-deflate: what one side sends the other receives, for all parameters.
#![cfg(feature = "deflate")]

use crate::support::{Got, KEY, in_sizes, receive_all, receive_all_pieces};
use bytes::BytesMut;
use holdline_websocket::{
    Config, Connection, Deflate, DeflateOptions, FrameHeader, Mask, MaskKeys, PreparedMessage,
    Unmasked, handshake::client, handshake::server,
};
use proptest::{collection::vec, prelude::*};

fn options() -> impl Strategy<Value = DeflateOptions> {
    (
        any::<[bool; 2]>(),
        7u8..17,
        7u8..17,
        0u8..11,
        prop_oneof![Just(0usize), 0usize..100],
    )
        .prop_map(|(no_takeover, ours, theirs, level, min_size)| {
            let mut options = DeflateOptions::default();
            options.no_context_takeover = no_takeover[0];
            options.peer_no_context_takeover = no_takeover[1];
            options.max_window_bits = ours;
            options.peer_max_window_bits = theirs;
            options.level = level;
            options.min_size = min_size;
            options
        })
}

/// The handshake between a client and a server with these options.
fn agree(client: DeflateOptions, server: &DeflateOptions) -> Option<(Deflate, Deflate)> {
    let mut request = client::Request::new(*b"the sample nonce");
    request.offer_deflate(client);
    let headers = request.headers();
    let accepted = server::accept("GET", headers.iter().map(|(n, v)| (*n, v.as_bytes()))).unwrap();
    let at_server = accepted.accept_deflate(server)?;
    let mut response = accepted.response(None);
    response.push(("Connection", "Upgrade".into()));
    response.push(("Sec-WebSocket-Extensions", at_server.to_string()));
    let response = response.iter().map(|(n, v)| (*n, v.as_bytes()));
    Some((
        request.verify(101, response).unwrap().deflate.unwrap(),
        at_server,
    ))
}

fn config(deflate: Deflate) -> Config {
    let mut config = Config::default();
    config.deflate = Some(deflate);
    config
}

#[derive(Clone, Debug)]
enum Say {
    Text(Vec<String>),
    Binary(Vec<Vec<u8>>),
    Whole(String),
    Prepared(String),
    Ping,
}

fn say() -> impl Strategy<Value = Say> {
    // Few letters, so that it compresses; and noise, so that it does not.
    let text = || prop_oneof!["[ab]{0,400}", ".{0,60}", "(Hello, world! ){0,60}"];
    let bytes = prop_oneof![vec(any::<u8>(), 0..600), vec(0u8..2, 0..3000)];
    prop_oneof![
        vec(text(), 1..4).prop_map(Say::Text),
        vec(bytes, 1..4).prop_map(Say::Binary),
        text().prop_map(Say::Whole),
        text().prop_map(Say::Prepared),
        Just(Say::Ping),
    ]
}

fn send<K: MaskKeys>(
    connection: &mut Connection<K>,
    all: &[Say],
    prepared: impl Fn(&mut Connection<K>, &str, &mut BytesMut),
    out: &mut BytesMut,
) -> Vec<Got> {
    let mut expected = Vec::new();
    for say in all {
        expected.push(match say {
            Say::Text(parts) => {
                for (i, part) in parts.iter().enumerate() {
                    let last = i + 1 == parts.len();
                    connection.send_text_fragment(part, last, out).unwrap();
                }
                Got::Text(parts.concat())
            }
            Say::Binary(parts) => {
                for (i, part) in parts.iter().enumerate() {
                    let last = i + 1 == parts.len();
                    connection.send_binary_fragment(part, last, out).unwrap();
                }
                Got::Binary(parts.concat())
            }
            Say::Whole(text) => {
                connection.send_text(text, out).unwrap();
                Got::Text(text.clone())
            }
            Say::Prepared(text) => {
                prepared(connection, text, out);
                Got::Text(text.clone())
            }
            Say::Ping => {
                connection.send_ping(b"?", out).unwrap();
                Got::Ping(b"?".into())
            }
        });
    }
    expected
}

/// Cuts each data frame of a server into more frames: RSV1 stays on the first.
fn fragmented(mut wire: &[u8], sizes: &[usize]) -> BytesMut {
    let mut out = BytesMut::new();
    let mut sizes = sizes.iter().cycle();
    while let Some((header, size)) = FrameHeader::decode(wire).unwrap() {
        let (frame, rest) = wire.split_at(size + header.payload_len as usize);
        wire = rest;
        let mut payload = &frame[size..];
        let mut next = header;
        loop {
            let most = if header.opcode.is_control() {
                usize::MAX
            } else {
                *sizes.next().unwrap()
            };
            let (now, later) = payload.split_at(most.min(payload.len()));
            payload = later;
            next.fin = header.fin && payload.is_empty();
            next.payload_len = now.len() as u64;
            next.encode(&mut out).unwrap();
            out.extend_from_slice(now);
            if payload.is_empty() {
                break;
            }
            next.reserved = 0;
            next.opcode = holdline_websocket::Opcode::Continuation;
        }
    }
    out
}

proptest! {
    #[test]
    fn server_to_client(at_client in options(), at_server in options(), all in vec(say(), 0..8), sizes in vec(1usize..200, 1..8), cuts in vec(0usize..50, 1..5)) {
        let (client, server) = agree(at_client, &at_server).unwrap();
        let mut wire = BytesMut::new();
        let prepared = |connection: &mut Connection<Unmasked>, text: &str, out: &mut BytesMut| {
            let message = PreparedMessage::text(text).with_deflate(6);
            out.extend_from_slice(&connection.send_prepared(&message).unwrap());
        };
        let expected = send(&mut Connection::server(config(server)), &all, prepared, &mut wire);
        let receiver = || Connection::client(config(client), || KEY);
        let outcome = receive_all(receiver(), &[&wire]);
        prop_assert_eq!((&outcome.items, outcome.error), (&expected, None));
        let fragments = fragmented(&wire, &[&cuts[..], &[7]].concat());
        for wire in [wire, fragments] {
            let parts = in_sizes(&wire, &sizes);
            prop_assert_eq!(&receive_all(receiver(), &parts), &outcome);
            prop_assert_eq!(&receive_all_pieces(receiver(), &parts, 80 << 10), &outcome);
        }
    }

    #[test]
    fn client_to_server(at_client in options(), at_server in options(), all in vec(say(), 0..8), sizes in vec(1usize..200, 1..8)) {
        let (client, server) = agree(at_client, &at_server).unwrap();
        let mut wire = BytesMut::new();
        let mut sender = Connection::client(config(client), || KEY);
        let expected = send(&mut sender, &all, |connection, text, out| connection.send_text(text, out).unwrap(), &mut wire);
        let parts = in_sizes(&wire, &sizes);
        let receiver = || Connection::server(config(server));
        let outcome = receive_all(receiver(), &parts);
        prop_assert_eq!((&outcome.items, outcome.error), (&expected, None));
        prop_assert_eq!(receive_all_pieces(receiver(), &parts, 80 << 10), outcome);
    }

    /// Nonsense, and nearly good DEFLATE with a broken byte, in compressed frames: the same outcome for each
    /// split, and no panic.
    #[test]
    fn broken_data_any_cut(text in "(Hello, world! |[a-e]){0,60}", at: prop::sample::Index, with: u8, noise in vec(any::<u8>(), 0..80), first in prop_oneof![Just(0xc1u8), Just(0xc2), Just(0x41)], sizes in vec(1usize..30, 1..6), limit in prop_oneof![Just(100u64), Just(1 << 20)]) {
        let (client, _) = agree(DeflateOptions::default(), &DeflateOptions::default()).unwrap();
        let mut wire = BytesMut::new();
        let mut server = Connection::server(config(client));
        server.send_text(&text, &mut wire).unwrap();
        server.send_text(&text, &mut wire).unwrap();
        let place = at.index(wire.len());
        wire[place] = with;
        wire.extend_from_slice(&[first, noise.len() as u8]);
        wire.extend_from_slice(&noise);
        wire.extend_from_slice(b"\x8a\x00\x80\x03\x00\x00\x00");
        let mut config = config(client);
        config.limits = crate::support::limits(16 << 20, limit);
        let receiver = || Connection::client(config, || KEY);
        let whole = receive_all(receiver(), &[&wire]);
        let parts = in_sizes(&wire, &sizes);
        prop_assert_eq!(&receive_all(receiver(), &parts), &whole);
        prop_assert_eq!(&receive_all_pieces(receiver(), &parts, 80 << 10), &whole);
        prop_assert_eq!(&receive_all_pieces(receiver(), &[&wire], 80 << 10), &whole);
    }
}

#[test]
fn large_messages_round_trip_through_every_window() {
    // Repeats at distances around each window, and runs that inflate to many times their size.
    let mut data = Vec::new();
    for i in 0..120_000u32 {
        data.push(match i % 9000 {
            0..3000 => (i.wrapping_mul(0x9e37_79b9) >> 24) as u8,
            3000..7000 => 0,
            _ => (i % 251) as u8,
        });
    }
    for bits in 8..=15 {
        let mut options = DeflateOptions::default();
        options.max_window_bits = bits;
        let (client, server) = agree(options, &options).unwrap();
        let (mut down, mut up) = (BytesMut::new(), BytesMut::new());
        let mut sender = Connection::server(config(server));
        let mut other = Connection::client(config(client), || KEY);
        for _ in 0..2 {
            sender.send_binary(&data, &mut down).unwrap();
            other.send_binary(&data, &mut up).unwrap();
        }
        let expected = [Got::Binary(data.clone()), Got::Binary(data.clone())];
        let receiver = || Connection::client(config(client), || KEY);
        let parts: Vec<&[u8]> = down.chunks(1000).collect();
        assert_eq!(receive_all(receiver(), &parts).items, expected, "{bits}");
        assert_eq!(
            receive_all_pieces(receiver(), &[&down], 80 << 10).items,
            expected,
            "{bits}"
        );
        let receiver = Connection::server(config(server));
        assert_eq!(receive_all(receiver, &[&up]).items, expected, "{bits}");
        let (header, size) = FrameHeader::decode(&up).unwrap().unwrap();
        let mut payload = up[size..size + header.payload_len as usize].to_vec();
        Mask::new(header.mask.unwrap()).apply(&mut payload);
        assert!(
            header.reserved == 0x40 && payload.len() < data.len() * 2 / 3,
            "{bits}"
        );
    }
}
