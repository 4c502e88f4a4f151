use std::hint::black_box;
use std::time::Duration;

use allocation_counter::measure;
use bytes::BytesMut;
use holdline_comet::{Log, LogLimits, Reader, Since, script, socket};

use crate::{left, most};

fn log(max_messages: usize) -> Log<u64> {
    let mut limits = LogLimits::default();
    limits.max_messages = max_messages;
    limits.resume_window = Duration::ZERO;
    Log::new(limits)
}

#[test]
fn a_log_takes_no_more_than_its_messages_however_many_were_pushed() {
    let mut log = log(1000);
    let mut push = |numbers: std::ops::Range<u64>| {
        for number in numbers {
            log.push(number, 1, Duration::from_millis(number), number)
                .expect("in order");
        }
    };
    let first = measure(|| push(1..2000));
    // An entry with its number, size and time, and a message of eight bytes, in a ring that may be half empty.
    assert!(first.bytes_current <= 2 * 64 * 1024, "{first:?}");
    let later = measure(|| push(2000..100_000));
    assert_eq!(
        (later.count_total, later.bytes_current),
        (0, 0),
        "nothing grows"
    );
}

#[test]
fn reading_several_logs_takes_memory_for_each_log_and_none_for_a_message() {
    for count in [2_u64, 16, 64] {
        let logs: Vec<_> = (0..count)
            .map(|of| {
                let mut log = log(100);
                for number in 0..100 {
                    let number = 1 + number * count + of;
                    log.push(number, 1, Duration::ZERO, number)
                        .expect("in order");
                }
                log
            })
            .collect();
        let logs: Vec<_> = logs.iter().collect();
        let reader = Reader::new(7, 100 * count, &logs);
        let info = measure(|| {
            let mut position = reader.position(Since::Earliest);
            assert_eq!(reader.read(&mut position).count() as u64, 100 * count);
        });
        assert!(info.bytes_max <= 128 * count, "{count}: {info:?}");
        assert!(info.count_total < 8, "{count}: {info:?}");
    }
}

#[test]
fn a_value_in_a_script_takes_at_most_six_times_its_space() {
    for text in ["plain", "<", "\u{2028}", "</script>", "&é>"] {
        let json = format!("\"{}\"", text.repeat(10_000));
        let length = script::escape(json.as_bytes()).len();
        assert!(length <= 6 * json.len(), "{text}: {length}");
        let taken = most(|| drop(black_box(script::escape(json.as_bytes()))));
        // A vector that grows is there twice for a moment.
        assert!(taken <= 3 * 6 * json.len() as u64, "{text}: {taken}");
        let mut out = BytesMut::new();
        script::encode(json.as_bytes(), &mut out);
        assert_eq!(out.len(), length, "{text}");
    }
}

#[test]
fn a_message_of_a_plain_socket_takes_twice_its_limit_and_gives_it_back() {
    let mut limits = socket::Limits::default();
    limits.max_message = 10_000;
    let (mut decoder, mut buffer) = (socket::Decoder::new(limits), socket::Buffer::new());
    let mut whole = || {
        for _ in 0..10_000 {
            assert_eq!(decoder.decode(&mut &b"a"[..], &mut buffer), Ok(None));
        }
        assert!(buffer.capacity() <= 20_000);
        assert!(matches!(
            decoder.decode(&mut &b"\0"[..], &mut buffer),
            Ok(Some(_))
        ));
        assert_eq!(decoder.decode(&mut &b""[..], &mut buffer), Ok(None));
    };
    // While it grows it is there twice for a moment.
    let taken = most(&mut whole);
    assert!(taken <= 30_000, "{taken}");
    assert_eq!(left(whole), 0);
}
