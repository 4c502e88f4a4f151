//! Frames, closing and memory.

use super::*;

#[test]
pub(crate) fn hixie76_text_frames() {
    let outcome = frames(b"\x00Hello\xff\x00\xff\x00\xc3\xa9\xf0\x9f\x98\x80\xff");
    assert_eq!(outcome.items, ["text Hello", "text ", "text é😀"]);
    assert_eq!((outcome.error, outcome.reply), (None, vec![]));
}

#[test]
pub(crate) fn hixie76_other_frames_are_skipped_within_a_limit() {
    // Types 01 to 7F end with FF; types 80 to FF say how long they are, seven bits a byte.
    let skipped = [
        &b"\x00a\xff\x010123456789\xff\x7f\xff"[..],
        b"\x80\x00\xfe\x0a0123456789\x80\x80\x80\x03\xff\xff\xff\xff\x02\xff\x00\x00b\xff",
    ]
    .concat();
    assert_eq!(frames(&skipped).items, ["text a", "text b"]);
    refused_frames(b"\x0101234567890\xff", Kind::FrameTooLong, 11);
    refused_frames(b"\x80\x0b01234567890", Kind::FrameTooLong, 1);
    refused_frames(b"\x80\x81\x00", Kind::FrameTooLong, 2);
    refused_frames(
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
        Kind::FrameTooLong,
        1,
    );
}

#[test]
pub(crate) fn hixie76_length_that_overflows_is_refused() {
    let mut config = Config::default();
    config.limits.max_frame = u64::MAX;
    let bytes = [&BODY[..], b"\x80\x81", &[0x80; 9], b"\x00"].concat();
    let outcome = every_way(|| Connection::server(config, challenge()), &bytes);
    // 2^63 is still good; the next seven bits are too much.
    assert_eq!(outcome.error, Some((Kind::FrameTooLong, 8 + 11)));
}

#[test]
pub(crate) fn hixie76_message_over_the_limit_is_refused_at_its_byte() {
    assert_eq!(frames(b"\x0012345678\xff").items, ["text 12345678"]);
    refused_frames(b"\x00123456789\xff", Kind::MessageTooLong, 9);
    refused_frames(b"\x001234567\xc3\xa9\xff", Kind::MessageTooLong, 9);
}

#[test]
pub(crate) fn hixie76_text_is_refused_at_the_first_impossible_byte() {
    refused_frames(b"\x00a\xed\xa0", Kind::InvalidText, 3);
    refused_frames(b"\x00ab\xfe", Kind::InvalidText, 3);
    refused_frames(b"\x00\x80", Kind::InvalidText, 1);
    // The end comes within a code point.
    refused_frames(b"\x00a\xe2\x82\xff", Kind::InvalidText, 4);
}

#[test]
pub(crate) fn hixie76_close_is_answered_and_what_follows_is_discarded() {
    let outcome = frames(b"\x00a\xff\xff\x00\x00late\xff\x00\xc0");
    assert_eq!(outcome.items, ["text a", "Closed { clean: true }"]);
    assert_eq!(
        (outcome.error, &outcome.reply[..]),
        (None, &b"\xff\x00"[..])
    );
    // A length of zero in more bytes is one, too.
    assert_eq!(frames(b"\xff\x80\x00").items, ["Closed { clean: true }"]);
}

#[test]
fn hixie76_end_of_stream_without_close_is_told_once() {
    let mut server = Connection::server(Config::default(), challenge());
    let mut buffer = Buffer::new();
    server
        .receive(&mut &mut BODY.to_vec()[..], &mut buffer)
        .unwrap();
    server
        .receive(&mut &mut b"\x00half".to_vec()[..], &mut buffer)
        .unwrap();
    let closed = Event::Closed { clean: false };
    assert_eq!(server.receive_eof(), Ok(Some(closed)));
    assert_eq!(server.receive_eof(), Ok(None));
    assert_eq!(
        server.receive(&mut &mut b"\xff".to_vec()[..], &mut buffer),
        Ok(None)
    );
    assert_eq!(
        (server.transport(), server.closed_by(), buffer.capacity()),
        (Transport::Drop, Some(ClosedBy::Nobody), 0)
    );
}

#[test]
fn hixie76_memory_grows_with_what_came_and_is_given_back() {
    let mut server = Connection::server(Config::default(), challenge());
    let mut buffer = Buffer::new();
    let mut bytes = [&BODY[..], b"\x00", &[b'a'; 100_000], b"\xff"].concat();
    let mut end = [bytes.pop().unwrap()];
    for part in bytes.chunks_mut(1000) {
        let mut input = part;
        while server.receive(&mut input, &mut buffer).unwrap().is_some() {}
    }
    assert!((100_000..=200_000).contains(&buffer.capacity()));
    let Ok(Some(Event::Text(text))) = server.receive(&mut &mut end[..], &mut buffer) else {
        panic!()
    };
    assert_eq!(text.len(), 100_000);
    assert_eq!(
        server.receive(&mut &mut b"".to_vec()[..], &mut buffer),
        Ok(None)
    );
    assert_eq!(buffer.capacity(), 0);
}

#[test]
fn hixie76_a_frame_is_incomplete_from_its_first_byte_to_its_last() {
    let mut connection = Connection::server(Config::default(), challenge());
    let mut buffer = Buffer::new();
    let mut body = BODY;
    let opened = connection.receive(&mut &mut body[..], &mut buffer);
    assert_eq!(opened, Ok(Some(Event::Open)));
    // A text, two frames that mean nothing, and the close.
    for part in [
        b"\x00a\xff".as_slice(),
        b"\x01a\xff",
        b"\x80\x02ab",
        b"\xff\x00",
    ] {
        for (at, byte) in part.iter().enumerate() {
            let mut block = [*byte];
            let received = connection.receive(&mut &mut block[..], &mut buffer);
            assert!(received.is_ok());
            let last = at + 1 == part.len();
            assert_eq!(connection.is_receiving(), !last, "byte {at} of {part:?}");
        }
    }
}

#[test]
fn hixie76_no_more_memory_is_reserved_than_a_text_needs() {
    let message = PreparedMessage::text(&"a".repeat(5000));
    let mut out = BytesMut::new();
    let (mut server, mut buffer) = (
        Connection::server(Config::default(), challenge()),
        Buffer::new(),
    );
    server
        .receive(&mut &mut BODY.to_vec()[..], &mut buffer)
        .unwrap();
    server.poll_transmit(&mut out);
    let mut out = BytesMut::new();
    server.send_text(&"a".repeat(5000), &mut out).unwrap();
    assert_eq!(&out[..], &message.bytes()[..]);
    assert!(out.capacity() < 6000, "{}", out.capacity());
}
