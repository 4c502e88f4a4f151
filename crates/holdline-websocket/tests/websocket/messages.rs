//! Fragments, text and limits.

use crate::support::{Got, refused, refused_with, run, run_with};
use holdline_websocket::{
    Buffer, Event, Limits, MessageDecoder, PieceEvent, ReceiveErrorKind as Kind, Role,
};

fn text(text: &str) -> Got {
    Got::Text(text.into())
}

#[test]
fn empty_messages() {
    assert_eq!(
        run(&[(b"\x81\0", b""), (b"\x82\0", b"")]).items,
        [text(""), Got::Binary(vec![])]
    );
    let frames: [(&[u8], &[u8]); 3] = [(b"\x01\0", b""), (b"\x00\0", b""), (b"\x80\0", b"")];
    assert_eq!(run(&frames).items, [text("")]);
}

#[test]
pub(crate) fn fragments_with_control_frames_between() {
    let outcome = run(&[
        (b"\x01\x02", b"He"),
        (b"\x89\x01", b"1"),
        (b"\x00\x00", b""),
        (b"\x00\x01", b"l"),
        (b"\x8a\x01", b"2"),
        (b"\x80\x02", b"lo"),
        (b"\x82\x01", b"x"),
    ]);
    assert_eq!(
        outcome.items,
        [
            Got::Ping(b"1".into()),
            Got::Pong(b"2".into()),
            text("Hello"),
            Got::Binary(b"x".into())
        ]
    );
}

#[test]
pub(crate) fn new_text_or_binary_frame_inside_a_message_is_1002() {
    for head in [b"\x81\x01", b"\x82\x01", b"\x01\x01", b"\x02\x01"] {
        refused(
            &[(b"\x01\x01", b"a"), (head, b"b")],
            Kind::MessageUnfinished,
            3,
            1002,
        );
        refused(
            &[(b"\x02\x00", b""), (head, b"b")],
            Kind::MessageUnfinished,
            2,
            1002,
        );
    }
}

#[test]
pub(crate) fn continuation_without_start_is_1002() {
    refused(
        &[(b"\x80\x01", b"a")],
        Kind::UnexpectedContinuation,
        0,
        1002,
    );
    refused(&[(b"\x00\x00", b"")], Kind::UnexpectedContinuation, 0, 1002);
    // Also after a message that is over, and after a control frame.
    refused(
        &[(b"\x81\x01", b"a"), (b"\x80\x00", b"")],
        Kind::UnexpectedContinuation,
        3,
        1002,
    );
    refused(
        &[(b"\x89\x00", b""), (b"\x80\x00", b"")],
        Kind::UnexpectedContinuation,
        2,
        1002,
    );
}

#[test]
fn text_cut_within_a_code_point_by_fragments_is_joined() {
    let whale = "\u{1f40b}".as_bytes();
    for cut in 0..=4 {
        let (one, two) = whale.split_at(cut);
        let head_one = [0x01, one.len() as u8];
        let head_two = [0x80, two.len() as u8];
        let outcome = run(&[(&head_one, one), (b"\x89\0", b""), (&head_two, two)]);
        assert_eq!(outcome.items, [Got::Ping(vec![]), text("\u{1f40b}")]);
    }
}

#[test]
pub(crate) fn text_ending_mid_code_point_by_an_empty_final_frame_is_1007() {
    refused(
        &[(b"\x01\x03", b"a\xe2\x82"), (b"\x80\x00", b"")],
        Kind::InvalidText,
        7,
        1007,
    );
    refused(
        &[
            (b"\x01\x01", b"\xf0"),
            (b"\x00\x00", b""),
            (b"\x80\x00", b""),
        ],
        Kind::InvalidText,
        7,
        1007,
    );
}

#[test]
pub(crate) fn text_ending_mid_code_point_by_an_incomplete_tail_is_1007() {
    refused(&[(b"\x81\x03", b"a\xe2\x82")], Kind::InvalidText, 5, 1007);
    refused(&[(b"\x81\x01", b"\xc3")], Kind::InvalidText, 3, 1007);
    refused(
        &[(b"\x01\x01", b"a"), (b"\x80\x01", b"\xf0")],
        Kind::InvalidText,
        6,
        1007,
    );
}

#[test]
pub(crate) fn text_is_rejected_at_the_first_impossible_byte() {
    // The rest of the frame, and of the message, never comes.
    refused(&[(b"\x01\x7d", b"ab\xffc")], Kind::InvalidText, 4, 1007);
    refused(&[(b"\x01\x7d", b"\xed\xa0")], Kind::InvalidText, 3, 1007);
    refused(&[(b"\x01\x7d", b"\xf4\x90")], Kind::InvalidText, 3, 1007);
    refused(&[(b"\x01\x7d", b"\xc0")], Kind::InvalidText, 2, 1007);
    // The lead in one frame, the impossible second byte in the next.
    refused(
        &[(b"\x01\x01", b"\xe0"), (b"\x00\x7d", b"\x80")],
        Kind::InvalidText,
        5,
        1007,
    );
    // A control frame between does not matter.
    let frames: [(&[u8], &[u8]); 3] = [
        (b"\x01\x01", b"\xe2"),
        (b"\x89\x01", b"\x82"),
        (b"\x00\x7d", b"("),
    ];
    let outcome = refused(&frames, Kind::InvalidText, 8, 1007);
    assert_eq!(outcome.items, [Got::Ping(b"\x82".into())]);
}

#[test]
fn binary_messages_may_hold_anything() {
    let data: Vec<u8> = (0..=124).map(|n| n * 2 + 1).collect();
    assert_eq!(run(&[(b"\x82\x7d", &data)]).items, [Got::Binary(data)]);
}

#[test]
pub(crate) fn pings_and_close_in_the_middle_of_a_message() {
    let outcome = run(&[
        (b"\x01\x02", b"He"),
        (b"\x89\x01", b"p"),
        (b"\x88\x02", b"\x03\xe9"),
        (b"\x80\x02", b"lo"),
    ]);
    // The message is never finished; what follows the Close is discarded.
    assert_eq!(
        outcome.items,
        [Got::Ping(b"p".into()), Got::Closed(1001, String::new())]
    );
    assert_eq!(outcome.close_code(), Some(1001));
}

#[test]
pub(crate) fn total_limit_over_many_fragments_is_1009() {
    let limits = crate::support::limits(16 << 20, 10);
    let mut frames: Vec<(&[u8], &[u8])> = vec![(b"\x02\x02", b"ab")];
    frames.extend([(&b"\x00\x02"[..], &b"cd"[..]); 4]);
    assert_eq!(run_with(limits, &frames).error, None);
    // The eleventh byte, refused at its header; pings do not count.
    frames.push((b"\x89\x05", b"Hello"));
    frames.push((b"\x80\x01", b""));
    refused_with(limits, &frames, Kind::MessageTooLong, 28, 1009);
    // Exactly at the limit, and then a new message with a count of its own.
    frames.truncate(5);
    frames.extend([(&b"\x80\x00"[..], &b""[..]), (b"\x81\x0a", b"0123456789")]);
    assert_eq!(run_with(limits, &frames).items.len(), 2);
    refused_with(limits, &[(b"\x81\x0b", b"")], Kind::MessageTooLong, 1, 1009);
}

#[test]
fn a_whole_message_in_one_slice_is_not_copied() {
    let mut decoder = MessageDecoder::new(Role::Server, Limits::default());
    let mut buffer = Buffer::new();
    let mut bytes = crate::support::masked(&[
        (b"\x81\x05", b"Hello"),
        (b"\x89\x01", b"p"),
        (b"\x02\0", b""),
        (b"\x80\x02", b"xy"),
    ]);
    let range = bytes.as_ptr_range();
    let mut input = &mut bytes[..];
    let mut seen = 0;
    while let Some(message) = decoder.decode(&mut input, &mut buffer).unwrap() {
        let data = match message {
            Event::Text(text) => text.as_bytes(),
            Event::Binary(data) | Event::Ping(data) => data,
            other => panic!("{other:?}"),
        };
        assert!(range.contains(&data.as_ptr()));
        seen += 1;
    }
    assert_eq!((seen, buffer.capacity()), (3, 0));
}

#[test]
pub(crate) fn nothing_is_reserved_for_a_declared_length_and_memory_is_given_back() {
    let limits = crate::support::limits(1 << 40, 1 << 40);
    let mut decoder = MessageDecoder::new(Role::Client, limits);
    let mut buffer = Buffer::new();
    let mut block = *b"\x02\x7f\0\0\0\x80\0\0\0\0abc";
    assert_eq!(decoder.decode(&mut &mut block[..], &mut buffer), Ok(None));
    assert!(buffer.capacity() <= 64, "{}", buffer.capacity());

    let mut decoder = MessageDecoder::new(Role::Client, limits);
    let mut buffer = Buffer::new();
    let mut frame = b"\x82\x7f\0\0\0\0\0\x10\0\0".to_vec();
    frame.resize(10 + (1 << 20), 7);
    let (one, two) = frame.split_at_mut(1000);
    assert_eq!(decoder.decode(&mut &mut one[..], &mut buffer), Ok(None));
    assert!(buffer.capacity() <= 2000);
    let mut input = &mut two[..];
    assert!(
        matches!(decoder.decode(&mut input, &mut buffer), Ok(Some(Event::Binary(data))) if data.len() == 1 << 20)
    );
    assert_eq!(decoder.decode(&mut input, &mut buffer), Ok(None));
    assert_eq!(buffer.capacity(), 0);
}

#[test]
fn one_byte_at_a_time_is_linear() {
    // 1 MiB of text in single bytes. Quadratic work would take hours.
    let text = "kase\u{e9}".repeat(180_000);
    let mut bytes = b"\x81\x7f".to_vec();
    bytes.extend((text.len() as u64).to_be_bytes());
    bytes.extend(text.bytes());
    let mut decoder = MessageDecoder::new(Role::Client, Limits::default());
    let mut buffer = Buffer::new();
    let (last, all) = bytes.split_last_mut().unwrap();
    for byte in all {
        assert_eq!(
            decoder.decode(&mut core::slice::from_mut(byte), &mut buffer),
            Ok(None)
        );
    }
    let mut input = core::slice::from_mut(last);
    assert_eq!(
        decoder.decode(&mut input, &mut buffer),
        Ok(Some(Event::Text(&text)))
    );
}

#[test]
fn pieces_are_handed_out_as_they_arrive_and_text_is_never_torn() {
    let mut decoder = MessageDecoder::new(Role::Client, Limits::default());
    let mut buffer = Buffer::new();
    let mut feed = |bytes: &[u8]| {
        let mut block = bytes.to_vec();
        let mut input = &mut block[..];
        let mut pieces = Vec::new();
        while let Some(piece) = decoder.decode_piece(&mut input, &mut buffer).unwrap() {
            let PieceEvent::Text { text, last } = piece else {
                panic!("{piece:?}")
            };
            pieces.push((text.to_string(), last));
        }
        pieces
    };
    assert_eq!(feed(b"\x01\x05ab"), [("ab".into(), false)]);
    assert_eq!(feed(b"c\xe2"), [("c".into(), false)]);
    assert_eq!(feed(b"\x82"), []);
    assert_eq!(
        feed(b"\x80\x02\xacd"),
        [("\u{20ac}".into(), false), ("d".into(), true)]
    );
    assert_eq!(
        feed(b"\x01\x01x\x80\x00"),
        [("x".into(), false), (String::new(), true)]
    );
}

#[test]
fn the_rest_of_a_streamed_message_is_dropped_by_receive_but_checked() {
    let bytes = b"\x01\x02ab\x00\x02\xc3\xa9\x89\x00\x80\x01d\x81\x01e";
    let mut decoder = MessageDecoder::new(Role::Client, Limits::default());
    let mut buffer = Buffer::new();
    let mut block = bytes.to_vec();
    let mut input = &mut block[..];
    let piece = decoder.decode_piece(&mut input, &mut buffer);
    assert_eq!(
        piece,
        Ok(Some(PieceEvent::Text {
            text: "ab",
            last: false
        }))
    );
    assert_eq!(
        decoder.decode(&mut input, &mut buffer),
        Ok(Some(Event::Ping(b"")))
    );
    assert_eq!(
        decoder.decode(&mut input, &mut buffer),
        Ok(Some(Event::Text("e")))
    );

    let mut decoder = MessageDecoder::new(Role::Client, Limits::default());
    let mut block = b"\x01\x02ab\x00\x02\xc3(".to_vec();
    let mut input = &mut block[..];
    assert!(
        decoder
            .decode_piece(&mut input, &mut buffer)
            .unwrap()
            .is_some()
    );
    let error = decoder.decode(&mut input, &mut buffer).unwrap_err();
    assert_eq!((error.kind(), error.at()), (Kind::InvalidText, 7));
}

/// `ab` came as a piece, then `cd` was dropped, and then `ef` came as the last piece.
#[test]
fn a_message_whose_rest_is_dropped_has_no_hole() {
    for in_pieces in [false, true] {
        let mut decoder = MessageDecoder::new(Role::Client, Limits::default());
        let mut buffer = Buffer::new();
        let (mut block, mut next) = (*b"\x82\x06abcdef", *b"\x82\x01g");
        let (one, rest) = block.split_at_mut(4);
        let (two, three) = rest.split_at_mut(2);
        let ab = PieceEvent::Binary {
            data: b"ab",
            last: false,
        };
        let piece = decoder.decode_piece(&mut &mut one[..], &mut buffer);
        assert_eq!(piece, Ok(Some(ab)));
        assert_eq!(decoder.decode(&mut &mut two[..], &mut buffer), Ok(None));
        // Whoever asks for the rest, nothing comes of it.
        if in_pieces {
            let three = decoder.decode_piece(&mut &mut three[..], &mut buffer);
            assert_eq!(three, Ok(None));
        } else {
            assert_eq!(decoder.decode(&mut &mut three[..], &mut buffer), Ok(None));
        }
        let g = PieceEvent::Binary {
            data: b"g",
            last: true,
        };
        let next = decoder.decode_piece(&mut &mut next[..], &mut buffer);
        assert_eq!(next, Ok(Some(g)));
    }
}

#[test]
fn a_message_that_was_joined_so_far_can_be_streamed_from_there() {
    let mut decoder = MessageDecoder::new(Role::Client, Limits::default());
    let mut buffer = Buffer::new();
    let mut block = b"\x02\x04ab".to_vec();
    assert_eq!(decoder.decode(&mut &mut block[..], &mut buffer), Ok(None));
    let mut block = b"cd\x80\x01e".to_vec();
    let mut input = &mut block[..];
    for (data, last) in [(&b"ab"[..], false), (b"cd", false), (b"e", true)] {
        let piece = decoder.decode_piece(&mut input, &mut buffer);
        assert_eq!(piece, Ok(Some(PieceEvent::Binary { data, last })));
    }
}

#[test]
pub(crate) fn the_end_of_the_stream_within_a_message_is_unexpected() {
    for (bytes, at) in [
        (&b"\x81"[..], Some(1)),
        (b"\x81\x05Hel", Some(5)),
        (b"\x01\x01a", Some(3)),
        (b"\x81\x01a", None),
        (b"", None),
        (b"\x01\0\x88\0", None),
    ] {
        let mut decoder = MessageDecoder::new(Role::Client, Limits::default());
        let mut buffer = Buffer::new();
        let mut block = bytes.to_vec();
        let mut input = &mut block[..];
        while decoder.decode(&mut input, &mut buffer).unwrap().is_some() {}
        let error = decoder.decode_eof().err();
        assert_eq!(
            error.map(|e| (e.kind(), e.at())),
            at.map(|at| (Kind::UnexpectedEof, at)),
            "{bytes:x?}"
        );
        assert!(error.is_none_or(|e| e.close_code().as_u16() == 1006));
    }
}

/// The items borrow the input or the buffer, never the machine: this compiles, or it does not.
#[test]
fn a_caller_can_answer_while_it_holds_what_was_received() {
    let mut connection = holdline_websocket::Connection::server(Default::default());
    let mut buffer = Buffer::new();
    let mut out = bytes::BytesMut::new();
    let mut block = crate::support::masked(&[(b"\x81\x05", b"Hello")]);
    let mut input = &mut block[..];
    while let Some(event) = connection.receive(&mut input, &mut buffer).unwrap() {
        if let Event::Text(text) = event {
            connection.send_text(text, &mut out).unwrap();
        }
    }
    assert_eq!(out[..], b"\x81\x05Hello"[..]);
}
