//! Properties: what one side sends, the other receives, however it is cut and fragmented.

use crate::support::{Got, in_parts, in_pieces, in_sizes};
use bytes::BytesMut;
use holdline_websocket::{
    Buffer, Config, Connection, FrameHeader, Limits, MaskKeys, MessageDecoder, Opcode, Role,
};
use proptest::{collection::vec, prelude::*};

/// Something to send.
#[derive(Clone, Debug)]
enum Say {
    Text(Vec<String>),
    Binary(Vec<Vec<u8>>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
}

fn say() -> impl Strategy<Value = Say> {
    let bytes = || prop_oneof![vec(any::<u8>(), 0..40), vec(any::<u8>(), 100..300)];
    prop_oneof![
        vec(".{0,60}", 1..5).prop_map(Say::Text),
        vec(bytes(), 1..5).prop_map(Say::Binary),
        vec(any::<u8>(), 0..=125).prop_map(Say::Ping),
        vec(any::<u8>(), 0..=125).prop_map(Say::Pong),
    ]
}

/// Sends it all, messages fragmented as they are listed, and returns what should arrive.
fn send<K: MaskKeys>(connection: &mut Connection<K>, all: &[Say], out: &mut BytesMut) -> Vec<Got> {
    let mut expected = Vec::new();
    for say in all {
        expected.push(match say {
            Say::Text(parts) => {
                for (i, part) in parts.iter().enumerate() {
                    connection
                        .send_text_fragment(part, i + 1 == parts.len(), out)
                        .unwrap();
                }
                Got::Text(parts.concat())
            }
            Say::Binary(parts) => {
                for (i, part) in parts.iter().enumerate() {
                    connection
                        .send_binary_fragment(part, i + 1 == parts.len(), out)
                        .unwrap();
                }
                Got::Binary(parts.concat())
            }
            Say::Ping(payload) => {
                connection.send_ping(payload, out).unwrap();
                Got::Ping(payload.clone())
            }
            Say::Pong(payload) => {
                connection.send_pong(payload, out).unwrap();
                Got::Pong(payload.clone())
            }
        });
    }
    expected
}

proptest! {
    #[test]
    fn client_to_server(all in vec(say(), 0..8), sizes in vec(1usize..50, 1..10), seed: u32) {
        let mut key = seed;
        let mut client = Connection::client(Config::default(), move || {
            key = key.wrapping_mul(0x9e37_79b9).wrapping_add(1);
            key.to_be_bytes()
        });
        let mut wire = BytesMut::new();
        let expected = send(&mut client, &all, &mut wire);
        let parts = in_sizes(&wire, &sizes);
        let outcome = in_parts(Role::Server, Limits::default(), &parts);
        prop_assert_eq!((&outcome.items, outcome.error), (&expected, None));
        prop_assert_eq!(in_pieces(Role::Server, Limits::default(), &parts), outcome);
    }

    #[test]
    fn server_to_client(all in vec(say(), 0..8), sizes in vec(1usize..50, 1..10)) {
        let mut wire = BytesMut::new();
        let expected = send(&mut Connection::server(Config::default()), &all, &mut wire);
        let parts = in_sizes(&wire, &sizes);
        let outcome = in_parts(Role::Client, Limits::default(), &parts);
        prop_assert_eq!((&outcome.items, outcome.error), (&expected, None));
        prop_assert_eq!(in_pieces(Role::Client, Limits::default(), &parts), outcome);
    }

    /// Text cut into frames anywhere, also within code points, with pings between.
    #[test]
    fn text_fragmented_at_any_byte(text in ".{0,40}", sizes in vec(0usize..6, 1..6), cuts in vec(1usize..9, 1..4)) {
        let mut wire = BytesMut::new();
        let mut rest = text.as_bytes();
        let mut opcode = Opcode::Text;
        let total: usize = sizes.iter().sum();
        let mut sizes = sizes.iter().cycle();
        loop {
            let size = if total == 0 { rest.len() } else { *sizes.next().unwrap_or(&1) };
            let (part, after) = rest.split_at(size.min(rest.len()));
            rest = after;
            let header = FrameHeader { fin: rest.is_empty(), reserved: 0, opcode, mask: None, payload_len: part.len() as u64 };
            header.encode(&mut wire).unwrap();
            wire.extend_from_slice(part);
            if rest.is_empty() {
                break;
            }
            wire.extend_from_slice(b"\x89\x00");
            opcode = Opcode::Continuation;
        }
        let outcome = in_parts(Role::Client, Limits::default(), &in_sizes(&wire, &cuts));
        let last = outcome.items.last().cloned();
        prop_assert_eq!((last, outcome.error), (Some(Got::Text(text)), None));
    }

    /// Any bytes at all: never a panic, and the same outcome however they are cut.
    #[test]
    fn any_bytes_any_cut(bytes in vec(any::<u8>(), 0..200), sizes in vec(1usize..20, 1..6), server: bool) {
        let role = if server { Role::Server } else { Role::Client };
        let limits = crate::support::limits(100, 150);
        let whole = in_parts(role, limits, &[&bytes]);
        prop_assert_eq!(&in_parts(role, limits, &in_sizes(&bytes, &sizes)), &whole);
        prop_assert_eq!(&in_pieces(role, limits, &in_sizes(&bytes, &sizes)), &whole);
    }

    /// Frames that are nearly right: small opcodes and lengths, so that deep states are reached.
    #[test]
    fn nearly_good_frames_any_cut(
        frames in vec((prop_oneof![Just(0u8), Just(1), Just(2), Just(8), Just(9), Just(10), 0u8..16], any::<bool>(), vec(prop_oneof![Just(0xe2u8), Just(0x82), Just(0xac), Just(3), Just(0xe8), 0x20u8..0x7f], 0..5)), 0..12),
        sizes in vec(1usize..9, 1..6),
    ) {
        let mut bytes = Vec::new();
        for (opcode, fin, payload) in &frames {
            bytes.extend([opcode | if *fin || opcode & 8 != 0 { 0x80 } else { 0 }, payload.len() as u8]);
            bytes.extend(payload);
        }
        let limits = crate::support::limits(4, 11);
        let whole = in_parts(Role::Client, limits, &[&bytes]);
        prop_assert_eq!(&in_parts(Role::Client, limits, &in_sizes(&bytes, &sizes)), &whole);
        prop_assert_eq!(&in_pieces(Role::Client, limits, &in_sizes(&bytes, &sizes)), &whole);
    }

    /// Changing between whole messages and pieces at any moment loses nothing but the rest of a
    /// message that was begun in pieces, and never panics.
    #[test]
    fn receive_and_receive_piece_may_be_mixed(all in vec(say(), 1..5), choices in vec(any::<bool>(), 1..20), sizes in vec(1usize..30, 1..5)) {
        let mut wire = BytesMut::new();
        let expected = send(&mut Connection::server(Config::default()), &all, &mut wire);
        let controls = |items: &[Got]| items.iter().filter(|item| matches!(item, Got::Ping(_) | Got::Pong(_))).count();
        let mut decoder = MessageDecoder::new(Role::Client, Limits::default());
        let mut buffer = Buffer::new();
        let mut choices = choices.iter().cycle();
        let mut seen = 0;
        for part in in_sizes(&wire, &sizes) {
            let mut block = part.to_vec();
            let mut input = &mut block[..];
            loop {
                let more = if *choices.next().unwrap_or(&true) {
                    use holdline_websocket::Event as M;
                    let message = decoder.decode(&mut input, &mut buffer).unwrap();
                    seen += usize::from(matches!(message, Some(M::Ping(_) | M::Pong(_))));
                    message.is_some()
                } else {
                    use holdline_websocket::PieceEvent as P;
                    let piece = decoder.decode_piece(&mut input, &mut buffer).unwrap();
                    seen += usize::from(matches!(piece, Some(P::Ping(_) | P::Pong(_))));
                    piece.is_some()
                };
                if !more {
                    break;
                }
            }
        }
        prop_assert_eq!(seen, controls(&expected));
        prop_assert!(decoder.decode_eof().is_ok());
    }

    #[test]
    fn headers_round_trip(fin: bool, reserved in 0u8..8, opcode in 0u8..16, mask: Option<[u8; 4]>, length in prop_oneof![0u64..300, 65_530u64..65_550, any::<u64>()]) {
        let Some(opcode) = Opcode::from_u8(opcode) else { return Ok(()) };
        let header = FrameHeader { fin, reserved: reserved << 4, opcode, mask, payload_len: length };
        let mut out = BytesMut::new();
        match header.encode(&mut out) {
            Ok(()) => {
                prop_assert_eq!(out.len(), header.size());
                prop_assert_eq!(FrameHeader::decode(&out), Ok(Some((header, out.len()))));
            }
            Err(_) => prop_assert!(out.is_empty()),
        }
    }

    /// A client and a server in memory talk at random, answer each other and close cleanly.
    #[test]
    fn a_conversation_closes_cleanly(from_client in vec(say(), 0..6), from_server in vec(say(), 0..6), sizes in vec(1usize..80, 1..5), client_closes: bool) {
        let mut client = Connection::client(Config::default(), || [1, 2, 3, 4]);
        let mut server = Connection::server(Config::default());
        let (mut up, mut down) = (BytesMut::new(), BytesMut::new());
        let mut to_server = send(&mut client, &from_client, &mut up);
        let mut to_client = send(&mut server, &from_server, &mut down);
        if client_closes {
            client.send_close(1000.into(), "bye", &mut up).unwrap();
            to_server.push(Got::Closed(1000, "bye".into()));
            to_client.push(Got::Closed(1000, String::new()));
        } else {
            server.send_close(1001.into(), "bye", &mut down).unwrap();
            to_client.push(Got::Closed(1001, "bye".into()));
            to_server.push(Got::Closed(1001, String::new()));
        }

        let (mut at_server, mut at_client) = (Vec::new(), Vec::new());
        let (mut server_buffer, mut client_buffer) = (Buffer::new(), Buffer::new());
        for size in sizes.iter().cycle() {
            if up.is_empty() && down.is_empty() {
                break;
            }
            let mut block = up.split_to(up.len().min(*size));
            let mut input = &mut block[..];
            while let Some(event) = server.receive(&mut input, &mut server_buffer).unwrap() {
                at_server.push(crate::support::got(event));
            }
            server.poll_transmit(&mut down);
            let mut block = down.split_to(down.len().min(*size));
            let mut input = &mut block[..];
            while let Some(event) = client.receive(&mut input, &mut client_buffer).unwrap() {
                at_client.push(crate::support::got(event));
            }
            client.poll_transmit(&mut up);
        }
        // Pongs that answer come in beside what was said.
        let pongs_said = |all: &[Got]| all.iter().filter(|item| !matches!(item, Got::Pong(_))).cloned().collect::<Vec<_>>();
        prop_assert_eq!(pongs_said(&at_server), pongs_said(&to_server));
        prop_assert_eq!(pongs_said(&at_client), pongs_said(&to_client));
        prop_assert!(client.is_clean() && server.is_clean());
        prop_assert_eq!((server_buffer.capacity(), client_buffer.capacity()), (0, 0));
    }
}
