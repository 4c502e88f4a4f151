//! Reading straight into a message: the same events as by `receive`, in memory that only grows with what came.

use holdline_websocket::{
    Buffer, Config, Connection, Event, Limits, MessageDecoder, PieceEvent, Role,
};
use proptest::{collection::vec, prelude::*};

use crate::support::{Got, got, limits, masked};

/// The least that has come, and that is missing, when room is lent.
const LEAST: usize = 16 << 10;
const MOST: usize = 64 << 10;

fn server(limits: Limits) -> Connection {
    let mut config = Config::default();
    config.limits = limits;
    Connection::server(config)
}

/// The header of a frame to a client.
fn header(first: u8, length: usize) -> Vec<u8> {
    let mut head = vec![first];
    match length {
        0..=125 => head.push(length as u8),
        126..=0xffff => {
            head.push(126);
            head.extend((length as u16).to_be_bytes());
        }
        _ => {
            head.push(127);
            head.extend((length as u64).to_be_bytes());
        }
    }
    head
}

fn payload(length: usize, seed: u8) -> Vec<u8> {
    (0..length)
        .map(|n| ((n / 251) as u8).wrapping_add(n as u8) ^ seed)
        .collect()
}

/// Reads the wire in these sizes, in turns, straight in where room is lent. Returns what came, how many bytes were
/// read straight in, and the error's text.
fn read(
    connection: &mut Connection,
    mut wire: &[u8],
    sizes: &[usize],
) -> (Vec<Got>, usize, Option<String>) {
    let mut buffer = Buffer::new();
    let (mut items, mut straight) = (Vec::new(), 0);
    let mut block = vec![0; 1 << 20];
    for size in sizes.iter().cycle() {
        let room = connection.receive_room(&mut buffer);
        assert!(room.len() <= MOST);
        let from = if room.is_empty() {
            &mut block[..]
        } else {
            room
        };
        let n = (*size).min(from.len()).min(wire.len());
        let is_block = from.len() == 1 << 20;
        from[..n].copy_from_slice(&wire[..n]);
        wire = &wire[n..];
        let mut input = &mut block[..n];
        let mut more = true;
        while more {
            let received = if is_block {
                connection.receive(&mut input, &mut buffer)
            } else {
                straight += n;
                more = false;
                connection.receive_filled(n, &mut buffer)
            };
            match received {
                Ok(Some(event)) => items.push(got(event)),
                Ok(None) => more = false,
                Err(error) => return (items, straight, Some(error.to_string())),
            }
        }
        if wire.is_empty() {
            break;
        }
    }
    (items, straight, None)
}

/// The same without room.
fn receive(connection: &mut Connection, wire: &[u8]) -> (Vec<Got>, Option<String>) {
    let (mut bytes, mut buffer, mut items) = (wire.to_vec(), Buffer::new(), Vec::new());
    let mut input = &mut bytes[..];
    loop {
        match connection.receive(&mut input, &mut buffer) {
            Ok(Some(event)) => items.push(got(event)),
            Ok(None) => return (items, None),
            Err(error) => return (items, Some(error.to_string())),
        }
    }
}

/// A frame of a random kind: its opcode, length and seed. Fragments follow one another as they may or may not.
fn frames() -> impl Strategy<Value = Vec<(u8, usize, u8)>> {
    let first = prop_oneof![
        5 => Just(0x82_u8), 3 => Just(0x02), 3 => Just(0x00), 3 => Just(0x80),
        2 => Just(0x81), 2 => Just(0x89), 1 => Just(0x8a),
    ];
    let length = prop_oneof![
        Just(0),
        1..126_usize,
        16_000..70_000_usize,
        200_000..400_000_usize
    ];
    vec((first, length, any::<u8>()), 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn the_same_comes_of_it_as_by_receive(
        frames in frames(),
        sizes in vec(prop_oneof![1..200_usize, 1_000..100_000_usize], 1..6),
        most in prop_oneof![Just(1 << 20), 20_000..500_000_u64],
    ) {
        let frames: Vec<(Vec<u8>, Vec<u8>)> = frames
            .into_iter()
            .map(|(first, length, seed)| {
                let length = if first & 0x08 == 0 { length } else { length.min(125) };
                let mut payload = payload(length, seed);
                if first == 0x81 {
                    payload.iter_mut().for_each(|byte| *byte &= 0x7f);
                }
                (header(first, length), payload)
            })
            .collect();
        let frames: Vec<_> = frames.iter().map(|(head, body)| (&head[..], &body[..])).collect();
        let wire = masked(&frames);
        let limits = limits(most, most);
        let (items, _, error) = read(&mut server(limits), &wire, &sizes);
        prop_assert_eq!((items, error), receive(&mut server(limits), &wire));
    }
}

#[test]
fn most_of_a_large_message_is_read_straight_in() {
    for length in [100_000, 1 << 20, 3_000_000] {
        let data = payload(length, 1);
        let head = header(0x82, length);
        let ping: (&[u8], &[u8]) = (b"\x89\x01", b"p");
        let wire = masked(&[(&head, &data), ping, (&head, &data)]);
        let (items, straight, error) = read(&mut server(Limits::default()), &wire, &[64 << 10]);
        let ping = Got::Ping(b"p".to_vec());
        assert!(items == [Got::Binary(data.clone()), ping, Got::Binary(data)]);
        assert_eq!(error, None);
        assert!(straight > 2 * (length - (64 << 10) - LEAST), "{straight}");
    }
}

#[test]
fn a_length_that_is_declared_takes_no_memory() {
    let mut all = Limits::default();
    all.max_frame = 1 << 40;
    all.max_message = 1 << 40;
    let mut decoder = MessageDecoder::new(Role::Client, all);
    let mut buffer = Buffer::new();
    let mut head = header(0x82, 1 << 30);
    assert_eq!(decoder.decode(&mut &mut head[..], &mut buffer), Ok(None));
    let mut came = 0;
    while came < 4 << 20 {
        let room = decoder.room(&mut buffer);
        let lent = room.len();
        assert!(
            lent <= came && (lent == 0 || lent >= LEAST),
            "{lent} of {came}"
        );
        assert!(
            buffer.capacity() <= (2 * came).max(8),
            "{} of {came}",
            buffer.capacity()
        );
        // Small reads: the rest of the room is lent again.
        let n = 1 + came % 1_500;
        if lent == 0 {
            assert_eq!(
                decoder.decode(&mut &mut vec![0; n][..], &mut buffer),
                Ok(None)
            );
        } else {
            assert_eq!(decoder.decode_filled(n, &mut buffer), Ok(None));
        }
        came += n;
    }
}

#[test]
fn the_memory_is_given_back_after_the_message() {
    let (mut connection, mut buffer) = (server(Limits::default()), Buffer::new());
    let wire = masked(&[(&header(0x82, 200_000), &payload(200_000, 0))]);
    let (begin, rest) = wire.split_at(50_000);
    let mut block = begin.to_vec();
    assert_eq!(
        connection.receive(&mut &mut block[..], &mut buffer),
        Ok(None)
    );
    let mut rest = rest;
    loop {
        let room = connection.receive_room(&mut buffer);
        if room.is_empty() {
            break;
        }
        let n = room.len().min(rest.len());
        room[..n].copy_from_slice(&rest[..n]);
        rest = &rest[n..];
        assert_eq!(connection.receive_filled(n, &mut buffer), Ok(None));
    }
    assert!(rest.len() < LEAST && buffer.capacity() <= 200_000);
    let mut block = rest.to_vec();
    let event = connection.receive(&mut &mut block[..], &mut buffer);
    assert!(matches!(event, Ok(Some(Event::Binary(data))) if data.len() == 200_000));
    assert!(connection.receive_room(&mut buffer).is_empty());
    assert_eq!(
        connection.receive(&mut Default::default(), &mut buffer),
        Ok(None)
    );
    assert_eq!(buffer.capacity(), 0);
}

/// A server that was sent this much of a binary message of 200,000 bytes, the mask of which changes nothing.
fn begun(first: u8, came: usize) -> (Connection, Buffer) {
    let (mut connection, mut buffer) = (server(Limits::default()), Buffer::new());
    let mut block = header(first, 200_000);
    block[1] |= 0x80;
    block.extend(vec![0; 4 + came]);
    assert_eq!(
        connection.receive(&mut &mut block[..], &mut buffer),
        Ok(None)
    );
    (connection, buffer)
}

#[test]
fn nothing_is_lent_for_text_small_messages_and_pieces() {
    let (connection, mut buffer) = begun(0x82, LEAST);
    assert_eq!(connection.receive_room(&mut buffer).len(), LEAST);
    for (first, came) in [(0x81, 100_000), (0x82, LEAST - 1), (0x82, 200_001 - LEAST)] {
        let (connection, mut buffer) = begun(first, came);
        assert!(connection.receive_room(&mut buffer).is_empty(), "{came}");
    }
    let (mut connection, mut buffer) = begun(0x82, 50_000);
    let mut block = [1; 10];
    let mut input = &mut block[..];
    let piece = connection.receive_piece(&mut input, &mut buffer);
    assert!(
        matches!(piece, Ok(Some(PieceEvent::Binary { data, last: false })) if data.len() == 50_000)
    );
    assert!(connection.receive_room(&mut buffer).is_empty());
}

#[test]
fn a_block_may_be_received_although_room_was_lent() {
    let (mut connection, mut buffer) = begun(0x82, 50_000);
    assert!(!connection.receive_room(&mut buffer).is_empty());
    let mut block = vec![1; 100_000];
    assert_eq!(
        connection.receive(&mut &mut block[..], &mut buffer),
        Ok(None)
    );
    // Nothing is lent now, so nothing was filled.
    assert_eq!(connection.receive_filled(50_000, &mut buffer), Ok(None));
    let mut block = vec![2; 50_000];
    let event = connection.receive(&mut &mut block[..], &mut buffer);
    let expected = [vec![0; 50_000], vec![1; 100_000], vec![2; 50_000]].concat();
    assert!(event == Ok(Some(Event::Binary(&expected))));
}

#[test]
fn what_fills_the_room_of_a_connection_that_gave_up_is_dropped() {
    let (mut connection, mut buffer) = begun(0x82, 50_000);
    let filled = connection.receive_room(&mut buffer).len();
    assert!(filled > 0);
    assert!(matches!(
        connection.receive_eof(),
        Ok(Some(Event::Closed(_)))
    ));
    assert_eq!(connection.receive_filled(filled, &mut buffer), Ok(None));
    assert_eq!(buffer.capacity(), 0);
}
