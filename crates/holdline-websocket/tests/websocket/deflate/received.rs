//! What may be sent to us, and what is refused.

use super::*;

#[test]
pub(crate) fn compressed_empty_first_fragment() {
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
pub(crate) fn compressed_and_plain_messages_may_be_mixed() {
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
pub(crate) fn bfinal_then_continued_context() {
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
pub(crate) fn flood_of_bfinal_blocks_costs_nothing() {
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
pub(crate) fn memory_to_decompress_is_told_while_a_message_is_under_way() {
    let deflate = agreed(&DeflateOptions::default());
    let mut client = Connection::client(config(deflate, Limits::default()), || KEY);
    let mut wire = unmasked(&[(b"\xc1\x07", b"\xf2\x48\xcd\xc9\xc9\x07\x00")]);
    let (mut first, mut last) = wire.split_at_mut(5);
    let mut buffer = Buffer::new();
    assert_eq!(client.inflating(), 0);
    assert_eq!(client.receive(&mut first, &mut buffer), Ok(None));
    let inflating = client.inflating();
    assert!((8 << 10..48 << 10).contains(&inflating), "{inflating}");
    let received = client.receive(&mut last, &mut buffer);
    assert_eq!(received, Ok(Some(Event::Text("Hello"))));
    assert_eq!(client.inflating(), 0);
}

#[test]
pub(crate) fn memory_to_decompress_is_kept_only_if_the_next_message_is_there_already() {
    let hello: Frame<'_> = (b"\xc1\x07", b"\xf2\x48\xcd\xc9\xc9\x07\x00");
    let ping: Frame<'_> = (b"\x89\0", b"");
    for options in [DeflateOptions::default(), alone()] {
        let mut client = Connection::client(config(agreed(&options), Limits::default()), || KEY);
        let mut wire = unmasked(&[hello, hello, ping, hello]);
        let (mut input, mut buffer) = (&mut wire[..], Buffer::new());
        let mut inflating = Vec::new();
        while client.receive(&mut input, &mut buffer).unwrap().is_some() {
            inflating.push(client.inflating());
        }
        assert!((8 << 10..48 << 10).contains(&inflating[0]), "{inflating:?}");
        assert_eq!(inflating[1..], [0, 0, 0]);
    }
}

#[test]
pub(crate) fn reference_beyond_the_window_is_1002() {
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
pub(crate) fn without_takeover_nothing_is_remembered() {
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
pub(crate) fn control_frame_with_rsv1_is_1002() {
    for head in [b"\xc8\x00", b"\xc9\x00", b"\xca\x00"] {
        refused(&[(head, b"")], Kind::ReservedBits, 0, 1002);
    }
}

#[test]
pub(crate) fn rsv1_on_a_continuation_is_1002() {
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
pub(crate) fn rsv1_without_agreement_is_1002() {
    let outcome = crate::support::run(&[(b"\xc1\x07", b"\xf2\x48\xcd\xc9\xc9\x07\x00")]);
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
pub(crate) fn deflate_bomb_is_1009_and_memory_is_bounded() {
    let payload = bomb(1 << 20);
    assert!(payload.len() < 1200);
    let length = (payload.len() as u16).to_be_bytes();
    let limits = crate::support::limits(16 << 20, 10_000);
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
pub(crate) fn inflated_text_is_rejected_at_the_first_impossible_byte() {
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
pub(crate) fn inflated_text_ending_mid_code_point_is_1007() {
    let stored: Frame<'_> = (b"\xc1\x07", b"\x00\x01\x00\xfe\xff\xc3\x00");
    refused(&[stored], Kind::InvalidText, 0, 1007);
    let halves: [Frame<'_>; 2] = [
        (b"\x41\x06", b"\x00\x01\x00\xfe\xff\xc3"),
        (b"\x80\x07", b"\x00\x01\x00\xfe\xff\xa9\x00"),
    ];
    assert_eq!(run(&halves).items, [text("\u{e9}")]);
}

#[test]
pub(crate) fn what_is_not_deflate_is_1002() {
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

/// The beginning of a compressed message may be bytes of which nothing has come out yet.
#[test]
fn a_compressed_message_without_output_is_incomplete() {
    let agreed = agreed(&DeflateOptions::default());
    let mut connection = Connection::server(config(agreed, Limits::default()));
    let mut buffer = Buffer::new();
    // The header of a stored block of five bytes, and then what it announces.
    let mut block = *b"\xc1\x8b\0\0\0\0\x00\x05\x00\xfa\xff";
    let received = connection.receive(&mut &mut block[..], &mut buffer);
    assert_eq!(received, Ok(None));
    assert!(connection.is_receiving());
    let mut block = *b"Hello\x00";
    let received = connection.receive(&mut &mut block[..], &mut buffer);
    assert_eq!(received, Ok(Some(Event::Text("Hello"))));
    assert!(!connection.is_receiving());
}

#[test]
fn pieces_of_a_compressed_message_are_not_small_where_the_input_has_more() {
    let message: Vec<u8> = (0..40_000u32)
        .map(|i| b'a' + (i.wrapping_mul(0x9e37_79b9) >> 28) as u8)
        .collect();
    let mut wire = BytesMut::new();
    sender(&DeflateOptions::default())
        .send_binary(&message, &mut wire)
        .unwrap();
    let deflate = agreed(&DeflateOptions::default());
    let mut client = Connection::client(config(deflate, Limits::default()), || KEY);
    let (mut input, mut buffer) = (&mut wire[..], Buffer::new());
    let (mut whole, mut lengths) = (Vec::new(), Vec::new());
    while let Some(event) = client.receive_piece(&mut input, &mut buffer).unwrap() {
        let PieceEvent::Binary { data, last } = event else {
            panic!("{event:?}");
        };
        whole.extend_from_slice(data);
        lengths.push((data.len(), last));
    }
    assert_eq!(whole, message);
    let last = lengths.pop().unwrap();
    assert!(last.1, "{lengths:?}");
    assert!(
        lengths.iter().all(|piece| piece.0 >= 4096 && !piece.1),
        "{lengths:?}"
    );
}
