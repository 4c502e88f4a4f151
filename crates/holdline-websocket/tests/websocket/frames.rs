//! Rules on frame headers: each refused at the header, before any payload comes.

use crate::support::{
    Got, every_way, in_parts, masked, refused, refused_with, run, run_with, unmasked,
};
use holdline_websocket::{Limits, ReceiveErrorKind as Kind, Role};

#[test]
pub(crate) fn examples_of_rfc_6455_section_5_7() {
    assert_eq!(
        run(&[(b"\x81\x05", b"Hello")]).items,
        [Got::Text("Hello".into())]
    );
    assert_eq!(
        run(&[(b"\x01\x03", b"Hel"), (b"\x80\x02", b"lo")]).items,
        [Got::Text("Hello".into())]
    );
    let outcome = run(&[(b"\x89\x05", b"Hello")]);
    assert_eq!(outcome.items, [Got::Ping(b"Hello".into())]);
    assert_eq!(
        outcome.reply,
        b"\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"
    );
    let data = [0x5a; 256];
    assert_eq!(
        run(&[(b"\x82\x7e\x01\x00", &data)]).items,
        [Got::Binary(data.into())]
    );
    let data = vec![0x5a; 65536];
    assert_eq!(
        run(&[(b"\x82\x7f\0\0\0\0\0\x01\0\0", &data)]).items,
        [Got::Binary(data)]
    );
    let masked = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
    let outcome = every_way(Role::Server, Limits::default(), masked);
    assert_eq!(outcome.items, [Got::Text("Hello".into())]);
}

#[test]
pub(crate) fn unmasked_frame_to_a_server_is_1002() {
    let outcome = every_way(Role::Server, Limits::default(), b"\x81\x05Hello");
    let error = outcome.error.unwrap();
    assert_eq!((error.kind(), error.at()), (Kind::FrameNotMasked, 1));
    assert_eq!(outcome.reply[..4], *b"\x88\x1e\x03\xea");
    // Control frames too, and also without payload.
    let outcome = every_way(Role::Server, Limits::default(), b"\x89\x00");
    assert_eq!(outcome.kind(), Some(Kind::FrameNotMasked));
}

#[test]
pub(crate) fn masked_frame_to_a_client_is_1002() {
    for bytes in [&b"\x81\x80\0\0\0\0"[..], b"\x8a\x81\x37\xfa\x21\x3d\x7f"] {
        let outcome = every_way(Role::Client, Limits::default(), bytes);
        let error = outcome.error.unwrap();
        assert_eq!((error.kind(), error.at()), (Kind::FrameMasked, 1));
        assert_eq!(outcome.close_code(), Some(1002));
    }
}

#[test]
pub(crate) fn reserved_bits_are_1002() {
    for bit in [0x40, 0x20, 0x10, 0x70] {
        for (opcode, payload) in [
            (0x01, &b"a"[..]),
            (0x02, b""),
            (0x08, b"\x03\xe8"),
            (0x09, b""),
        ] {
            let head = [0x80 | bit | opcode, payload.len() as u8];
            refused(&[(&head, payload)], Kind::ReservedBits, 0, 1002);
        }
        // On a continuation, after a good first frame.
        refused(
            &[(b"\x01\x01", b"a"), (&[0x80 | bit, 0], b"")],
            Kind::ReservedBits,
            3,
            1002,
        );
    }
}

#[test]
pub(crate) fn reserved_opcodes_are_1002() {
    for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        for head in [[0x80 | opcode, 0], [opcode, 0]] {
            refused(&[(&head, b"")], Kind::ReservedOpcode, 0, 1002);
            refused(
                &[(b"\x81\x01", b"a"), (&head, b"")],
                Kind::ReservedOpcode,
                3,
                1002,
            );
        }
    }
}

#[test]
pub(crate) fn fragmented_control_frames_are_refused_at_the_header() {
    for opcode in [0x08, 0x09, 0x0a] {
        refused(&[(&[opcode], b"")], Kind::ControlFragmented, 0, 1002);
        refused(
            &[(&[opcode, 0x05], b"Hello")],
            Kind::ControlFragmented,
            0,
            1002,
        );
    }
}

#[test]
pub(crate) fn control_frames_over_125_bytes_are_refused_at_the_header() {
    for opcode in [0x88, 0x89, 0x8a] {
        refused(&[(&[opcode, 0x7e], b"")], Kind::ControlTooLong, 1, 1002);
        refused(&[(&[opcode, 0x7f], b"")], Kind::ControlTooLong, 1, 1002);
        refused(
            &[(&[opcode, 0x7e, 0x00, 0x7e], &[b'a'; 126])],
            Kind::ControlTooLong,
            1,
            1002,
        );
    }
    let most = [b'a'; 125];
    assert_eq!(run(&[(b"\x8a\x7d", &most)]).items, [Got::Pong(most.into())]);
}

#[test]
pub(crate) fn non_minimal_lengths_are_1002() {
    refused(
        &[(b"\x82\x7e\x00\x7d", &[0; 125])],
        Kind::NonMinimalLength,
        1,
        1002,
    );
    refused(
        &[(b"\x82\x7e\x00\x00", b"")],
        Kind::NonMinimalLength,
        1,
        1002,
    );
    refused(
        &[(b"\x82\x7f\0\0\0\0\0\0\xff\xff", b"")],
        Kind::NonMinimalLength,
        1,
        1002,
    );
    refused(
        &[(b"\x82\x7f\0\0\0\0\0\0\0\x05", b"Hello")],
        Kind::NonMinimalLength,
        1,
        1002,
    );
}

#[test]
pub(crate) fn length_of_2_to_the_63_is_1002_at_its_first_byte() {
    refused(
        &[(b"\x82\x7f\x80\0\0\0\0\0\0\0", b"")],
        Kind::LengthHighBit,
        1,
        1002,
    );
    refused(&[(b"\x82\x7f\x80", b"")], Kind::LengthHighBit, 1, 1002);
}

#[test]
pub(crate) fn length_of_u64_max_is_1002() {
    refused(
        &[(b"\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff", b"")],
        Kind::LengthHighBit,
        1,
        1002,
    );
}

#[test]
fn the_longest_lawful_length_is_only_over_the_limit() {
    let head = b"\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff";
    refused(&[(head, b"")], Kind::FrameTooLong, 1, 1009);
    // And without limits it allocates nothing.
    let limits = crate::support::limits(u64::MAX, u64::MAX);
    assert_eq!(run_with(limits, &[(head, b"abc")]).items, []);
    // Two such frames do not overflow the total.
    let head = b"\x02\x7f\x7f\xff\xff\xff\xff\xff\xff\xff";
    assert_eq!(run_with(limits, &[(head, b"abc")]).error, None);
}

#[test]
pub(crate) fn frame_over_the_limit_is_1009_at_the_header() {
    let limits = crate::support::limits(5, 16 << 20);
    assert_eq!(run_with(limits, &[(b"\x81\x05", b"Hello")]).items.len(), 1);
    refused_with(limits, &[(b"\x81\x06", b"")], Kind::FrameTooLong, 1, 1009);
    refused_with(
        limits,
        &[(b"\x02\x7e\x01\x00", b"")],
        Kind::FrameTooLong,
        1,
        1009,
    );
    // Control frames have their own limit.
    assert_eq!(run_with(limits, &[(b"\x89\x06", b"Hello!")]).error, None);
}

#[test]
pub(crate) fn data_after_a_failure_is_ignored() {
    let bad: (&[u8], &[u8]) = (b"\xf1\x00", b"");
    let good: (&[u8], &[u8]) = (b"\x81\x01", b"a");
    let outcome = refused(&[good, bad, good, good], Kind::ReservedBits, 3, 1002);
    assert_eq!(outcome.items, [Got::Text("a".into())]);
    // A Close after it is not answered a second time.
    let outcome = refused(
        &[bad, (b"\x88\x02", b"\x03\xe8")],
        Kind::ReservedBits,
        0,
        1002,
    );
    assert_eq!(outcome.items, []);
    assert_eq!(
        outcome.reply.len(),
        2 + 4 + 2 + "a reserved bit is set".len()
    );
}

#[test]
fn an_earlier_item_in_the_same_read_is_delivered_before_the_error() {
    let frames: [(&[u8], &[u8]); 3] =
        [(b"\x82\x01", b"x"), (b"\x89\x01", b"p"), (b"\x83\x00", b"")];
    let outcome = refused(&frames, Kind::ReservedOpcode, 6, 1002);
    assert_eq!(
        outcome.items,
        [Got::Binary(b"x".into()), Got::Ping(b"p".into())]
    );
}

#[test]
fn the_reply_of_a_client_is_masked() {
    let reply = in_parts(Role::Client, Limits::default(), &[b"\x83"]).reply;
    assert_eq!(reply[1] & 0x80, 0x80);
    let reply = in_parts(Role::Server, Limits::default(), &[b"\x83"]).reply;
    assert_eq!(reply, b"\x88\x18\x03\xeathe opcode is reserved");
}

#[test]
fn the_harness_masks_as_the_rfc_shows() {
    let frame: (&[u8], &[u8]) = (b"\x81\x05", b"Hello");
    assert_eq!(
        masked(&[frame]),
        b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"
    );
    assert_eq!(unmasked(&[frame]), b"\x81\x05Hello");
}
