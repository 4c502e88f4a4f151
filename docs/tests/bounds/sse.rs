use holdline_sse::{Buffer, Decoder, Limits};

use crate::{allocates_nothing, left, most};

const LINE: usize = 10_000;
const EVENT: usize = 20_000;

fn decoder() -> Decoder {
    let mut limits = Limits::new();
    (limits.max_line, limits.max_event) = (LINE, EVENT);
    Decoder::new(limits)
}

/// How many items came, and whether the end was an error.
fn feed(decoder: &mut Decoder, buffer: &mut Buffer, mut input: &[u8]) -> (usize, bool) {
    let mut items = 0;
    loop {
        match decoder.decode(&mut input, buffer) {
            Ok(Some(_)) => items += 1,
            Ok(None) => return (items, false),
            Err(_) => return (items, true),
        }
    }
}

#[test]
fn events_in_one_piece_allocate_nothing() {
    let (mut decoder, mut buffer) = (decoder(), Buffer::new());
    let stream = b"data: one\n\nevent: b\ndata: two\n\n: comment\n\n".repeat(100);
    allocates_nothing(|| {
        assert_eq!(feed(&mut decoder, &mut buffer, &stream), (200, false));
    });
}

#[test]
fn the_longest_values_of_the_worst_bytes_take_what_the_limits_say() {
    // Each of these bytes is text of three bytes.
    let line = |name: &str, length| [name.as_bytes(), &vec![0xff; length], b"\n"].concat();
    let lines = [
        line("event: ", LINE),
        line("id: ", LINE),
        line("data: ", LINE),
        line("data: ", EVENT - LINE - 1),
        line(": ", LINE),
        b"\n".to_vec(),
    ];
    let stream = lines.concat().repeat(3);
    for size in [1, 64, 5000, stream.len()] {
        let taken = most(|| {
            let (mut decoder, mut buffer) = (decoder().with_comments(), Buffer::new());
            for piece in stream.chunks(size) {
                assert!(!feed(&mut decoder, &mut buffer, piece).1);
            }
        });
        // What `Limits` says of the buffer and of the last event ID.
        let most = (18 * LINE + 10 * EVENT + 256 + 6 * LINE) as u64;
        assert!(taken <= most, "{taken} > {most} in pieces of {size}");
    }
}

#[test]
fn comments_and_unknown_fields_without_end_take_nothing() {
    for start in [": ", "other: ", "retry: "] {
        let taken = most(|| {
            let (mut decoder, mut buffer) = (decoder(), Buffer::new());
            feed(&mut decoder, &mut buffer, start.as_bytes());
            for _ in 0..1000 {
                assert_eq!(feed(&mut decoder, &mut buffer, &[b'7'; 4096]), (0, false));
            }
        });
        // A `retry` is kept while it can still be a number.
        assert!(taken <= 3 * 2 * LINE as u64, "{start}{taken}");
    }
}

#[test]
fn a_stream_that_is_idle_after_a_large_event_keeps_a_few_kilobytes() {
    let (mut decoder, mut buffer) = (Decoder::new(Limits::new()), Buffer::new());
    let kept = left(|| {
        let line = [&b"data: "[..], &vec![b'a'; 1 << 20], b"\n\n"].concat();
        let items = line
            .chunks(1000)
            .map(|piece| feed(&mut decoder, &mut buffer, piece).0);
        assert_eq!(items.sum::<usize>(), 1);
        feed(&mut decoder, &mut buffer, b":\n");
    });
    assert!(kept <= 4096, "{kept}");
}
