//! A broken rule of a header is told at the byte that shows it, whatever comes behind it and however it is cut.

use holdline_websocket::{Buffer, Limits, MessageDecoder, ReceiveErrorKind as Kind, Role};

/// A decoder that has received a first fragment of ten bytes if it is `within` a message.
fn decoder(role: Role, within: bool) -> MessageDecoder {
    let mut limits = Limits::default();
    limits.max_frame = 0x2_0000;
    limits.max_message = 0x1_0000;
    let mut decoder = MessageDecoder::new(role, limits);
    if within {
        let mut first = match role {
            Role::Client => b"\x02\x0a0123456789".to_vec(),
            Role::Server => b"\x02\x8a\0\0\0\x000123456789".to_vec(),
        };
        let mut buffer = Buffer::new();
        let got = decoder.decode(&mut &mut first[..], &mut buffer);
        assert_eq!(got, Ok(None));
    }
    decoder
}

/// The rule that is broken when the parts have come, and its place in the header.
fn refused(role: Role, within: bool, parts: &[&[u8]]) -> Option<(Kind, u64)> {
    let mut decoder = decoder(role, within);
    let before = match (within, role) {
        (false, _) => 0,
        (true, Role::Client) => 12,
        (true, Role::Server) => 16,
    };
    let mut buffer = Buffer::new();
    for part in parts {
        let mut block = part.to_vec();
        let mut input = &mut block[..];
        if let Err(error) = decoder.decode(&mut input, &mut buffer) {
            assert!(input.is_empty());
            return Some((error.kind(), error.at() - before));
        }
    }
    None
}

/// The header breaks a rule with its first `shown` bytes and not before; more bytes and other cuts change nothing.
#[track_caller]
fn earliest(role: Role, within: bool, header: &[u8], shown: usize, kind: Kind, at: u64) {
    let less = refused(role, within, &[&header[..shown - 1]]);
    assert_eq!(less, None, "too early");
    let expected = Some((kind, at));
    for end in shown..=header.len() {
        let bytes = &header[..end];
        assert_eq!(refused(role, within, &[bytes]), expected, "{end} bytes");
        for cut in 0..end {
            let (one, two) = bytes.split_at(cut);
            let found = refused(role, within, &[one, two]);
            assert_eq!(found, expected, "{end} bytes cut at {cut}");
        }
    }
}

/// It used to wait for two more bytes of the length.
#[test]
fn reserved_bits_are_told_before_the_header_is_whole() {
    let bytes = b"\xe0\x81\x37\xfa\x21\x3d";
    earliest(Role::Server, false, bytes, 1, Kind::ReservedBits, 0);
    earliest(
        Role::Server,
        false,
        b"\xc2\xfe\x01\x00",
        1,
        Kind::ReservedBits,
        0,
    );
    // A rule of the first byte goes before all that later bytes break.
    earliest(
        Role::Client,
        false,
        b"\xf2\xff\xff",
        1,
        Kind::ReservedBits,
        0,
    );
}

#[test]
fn opcodes_are_told_by_the_first_byte() {
    earliest(Role::Server, false, b"\x83\x00", 1, Kind::ReservedOpcode, 0);
    earliest(
        Role::Server,
        false,
        b"\x09\xff",
        1,
        Kind::ControlFragmented,
        0,
    );
    earliest(
        Role::Server,
        false,
        b"\x80\xfe\x00\x00",
        1,
        Kind::UnexpectedContinuation,
        0,
    );
    earliest(
        Role::Client,
        true,
        b"\x82\xff\x80",
        1,
        Kind::MessageUnfinished,
        0,
    );
}

#[test]
fn masks_and_short_lengths_are_told_by_the_second_byte() {
    earliest(
        Role::Server,
        false,
        b"\x82\x7e\x00\x00",
        2,
        Kind::FrameNotMasked,
        1,
    );
    earliest(
        Role::Client,
        false,
        b"\x82\xfe\x00\x00",
        2,
        Kind::FrameMasked,
        1,
    );
    earliest(
        Role::Server,
        false,
        b"\x89\xfe\x00\x7f\0\0\0\0",
        2,
        Kind::ControlTooLong,
        1,
    );
    // The key has not come.
    earliest(
        Role::Server,
        false,
        b"\x88\x81\x37\xfa\x21\x3d",
        2,
        Kind::ClosePayload,
        1,
    );
}

#[test]
fn long_lengths_are_told_by_the_byte_that_shows_them() {
    let kind = Kind::NonMinimalLength;
    earliest(Role::Server, false, b"\x82\xfe\x00\x7d\0\0\0\0", 4, kind, 1);
    earliest(
        Role::Server,
        false,
        b"\x82\xff\0\0\0\0\0\0\xff\xff\0\0\0\0",
        8,
        kind,
        1,
    );
    let kind = Kind::LengthHighBit;
    earliest(
        Role::Client,
        false,
        b"\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff",
        3,
        kind,
        1,
    );
    let kind = Kind::FrameTooLong;
    earliest(
        Role::Server,
        false,
        b"\x82\xff\0\0\x01\0\0\0\0\0\0\0\0\0",
        5,
        kind,
        1,
    );
    earliest(
        Role::Client,
        false,
        b"\x82\x7f\0\0\0\0\0\x02\0\x01",
        8,
        Kind::MessageTooLong,
        1,
    );
    // 10 bytes of it are here.
    earliest(
        Role::Client,
        true,
        b"\x80\x7e\xff\xf7",
        4,
        Kind::MessageTooLong,
        1,
    );
    earliest(
        Role::Client,
        true,
        b"\x80\x7f\0\0\0\0\0\x01\0\0",
        8,
        Kind::MessageTooLong,
        1,
    );
}

/// All first two bytes, and behind them lengths around each limit: each way to cut them agrees with the bytes one by
/// one, and what is whole and was refused is refused with the fewest bytes that show it.
#[test]
fn every_header_breaks_the_same_rule_for_every_cut() {
    let lengths: [&[u8]; 6] = [
        &[0; 12],
        b"\0\x7e\0\0\0\0\0\0\0\0\0\0",
        b"\xff\xff\0\0\0\0\0\0\0\0\0\0",
        b"\0\0\0\0\0\x01\0\x01\0\0\0\0",
        b"\0\0\0\0\0\x02\0\x01\0\0\0\0",
        b"\x80\0\0\0\0\0\0\0\0\0\0\0",
    ];
    for (role, within) in [Role::Server, Role::Client]
        .into_iter()
        .flat_map(|role| [(role, false), (role, true)])
    {
        for first in 0..=255 {
            // Lengths below 126 differ only in 0, 1, 2, which stand for all.
            for second in [
                0, 1, 2, 0x7d, 0x7e, 0x7f, 0x80, 0x81, 0x82, 0xfd, 0xfe, 0xff,
            ] {
                for rest in lengths {
                    let header = [&[first, second], rest].concat();
                    let size = 2 + match second & 0x7f {
                        0x7e => 2,
                        0x7f => 8,
                        _ => 0,
                    };
                    let header = &header[..size];
                    let whole = refused(role, within, &[header]);
                    let single: Vec<&[u8]> = header.chunks(1).collect();
                    assert_eq!(refused(role, within, &single), whole, "{header:02x?}");
                    let fewest =
                        (1..=size).find_map(|end| refused(role, within, &[&header[..end]]));
                    assert_eq!(fewest, whole, "{header:02x?}");
                }
            }
        }
    }
}
