//! Whether something is incomplete: what a deadline of the caller's is for.

use holdline_websocket::{Buffer, Config, Connection, Limits, MessageDecoder, Role};

/// What a server receives, in parts at whose ends nothing is incomplete.
const PARTS: [&[u8]; 6] = [
    b"\x81\x80\0\0\0\0",
    b"\x82\x83\0\0\0\0abc",
    b"\x89\x82\0\0\0\0hi",
    b"\x8a\x80\0\0\0\0",
    // A message in fragments, one of them empty, with a ping between two.
    b"\x01\x80\0\0\0\0\x00\x81\0\0\0\0a\x89\x81\0\0\0\0p\x80\x80\0\0\0\0",
    b"\x81\x81\0\0\0\0x",
];

#[test]
fn a_frame_is_incomplete_from_its_first_byte_to_its_last() {
    for in_pieces in [false, true] {
        let mut connection = Connection::server(Config::default());
        let mut buffer = Buffer::new();
        for (number, part) in PARTS.into_iter().enumerate() {
            for (at, byte) in part.iter().enumerate() {
                let mut block = [*byte];
                let mut input = &mut block[..];
                while !input.is_empty() {
                    if in_pieces {
                        connection.receive_piece(&mut input, &mut buffer).unwrap();
                    } else {
                        connection.receive(&mut input, &mut buffer).unwrap();
                    }
                }
                let last = at + 1 == part.len();
                assert_eq!(connection.is_receiving(), !last, "byte {at} of {number}");
            }
        }
    }
}

#[test]
fn nothing_is_incomplete_after_the_end() {
    let close = b"\x88\x80\0\0\0\0\x81".as_slice();
    for end in [close, b"\x83"] {
        let mut decoder = MessageDecoder::new(Role::Server, Limits::default());
        let mut block = end.to_vec();
        // What is received, or what is wrong, is another test's business.
        let _ = decoder.decode(&mut &mut block[..], &mut Buffer::new());
        assert!(!decoder.is_receiving(), "{end:?}");
    }
}
