//! What an item borrows, and what is allocated.

use holdline_sse::{Buffer, Decoder, Item, Limits};

use crate::harness::{decoder, message, run};

// What an item borrows.

#[test]
fn data_of_one_line_in_one_piece_is_not_copied() {
    let stream = b"event: e\nid: 1\ndata: hello\n\n".to_vec();
    let mut input = &stream[..];
    let mut buffer = Buffer::new();
    let mut decoder = Decoder::default();
    let Ok(Some(Item::Event(event))) = decoder.decode(&mut input, &mut buffer) else {
        panic!("no event");
    };
    assert!(stream.as_ptr_range().contains(&event.data.as_ptr()));
    assert!(stream.as_ptr_range().contains(&event.event.as_ptr()));
}

#[test]
fn an_item_does_not_borrow_the_decoder() {
    let mut input = &b"id: 1\ndata: hello\n\n"[..];
    let mut buffer = Buffer::new();
    let mut decoder = Decoder::default();
    let item = decoder.decode(&mut input, &mut buffer);
    assert_eq!(decoder.decode_eof(), Ok(None));
    assert!(item.is_ok_and(|item| item.is_some()));
}

// Memory.

#[test]
fn a_large_event_gives_its_memory_back() {
    let stream = [b"data: ", &[b'x'; 100_000][..], b"\n\n"].concat();
    let mut decoder = Decoder::default();
    let mut buffer = Buffer::new();
    let mut most = 0;
    for mut piece in stream.chunks(1000) {
        while let Ok(Some(_)) = decoder.decode(&mut piece, &mut buffer) {}
        most = most.max(buffer.capacity());
    }
    assert!((99_000..300_000).contains(&most), "{most}");
    assert!(buffer.capacity() <= 4096 * 7, "{}", buffer.capacity());
}

#[test]
fn nothing_is_allocated_for_events_in_one_piece() {
    let mut buffer = Buffer::new();
    let mut input = &b"event: e\ndata: a\n\ndata: b\r\n\r\n: c\nretry: 1\n\n"[..];
    let mut decoder = decoder(Limits::default());
    while let Ok(Some(_)) = decoder.decode(&mut input, &mut buffer) {}
    assert!(input.is_empty());
    assert_eq!(buffer.capacity(), 0);
}

#[test]
fn another_decoders_buffer_does_no_harm() {
    let mut buffer = Buffer::new();
    let mut other = Buffer::new();
    let mut decoder = Decoder::default();
    for (index, mut piece) in b"event: e\nid: 1\ndata: a\ndata: b\n\n"
        .chunks(1)
        .enumerate()
    {
        let buffer = if index % 2 == 0 {
            &mut buffer
        } else {
            &mut other
        };
        assert!(decoder.decode(&mut piece, buffer).is_ok());
    }
    let whole = run(Decoder::default(), [&b"data: x\n\n"[..]]);
    assert_eq!(whole.items(), [message("x")]);
}

#[test]
fn the_buffer_of_a_decoder_that_is_further_does_no_harm() {
    let pieces = [
        &b"data: a long line that is cut"[..],
        b"\n",
        b"data: x\ndata: y",
        b"\n\n",
        b"d",
    ];
    let feed = |decoder: &mut Decoder, buffer: &mut Buffer, mut input: &[u8]| {
        while let Ok(Some(_)) = decoder.decode(&mut input, buffer) {}
    };
    for first in pieces {
        for second in pieces {
            let mut buffer = Buffer::new();
            feed(&mut Decoder::default(), &mut buffer, first);
            let mut decoder = Decoder::default();
            feed(&mut decoder, &mut Buffer::new(), b"id: 1");
            feed(&mut decoder, &mut buffer, second);
            feed(&mut decoder, &mut buffer, b"\ndata: z\n\n");
        }
    }
}
