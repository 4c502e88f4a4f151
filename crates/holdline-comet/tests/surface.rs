//! Small things that a caller sees, each of which no other test would miss.

use std::time::Duration;

use bytes::BytesMut;
use holdline_comet::jsonp::CallbackName;
use holdline_comet::socket::{self, Buffer, DecodeErrorKind, Decoder, Limits};
use holdline_comet::{Cursor, Log, LogLimits, Position, Reader, Since, iframe, stream};

const EPOCH: u64 = 0x7;

fn log(numbers: impl IntoIterator<Item = u64>) -> Log<u64> {
    let mut log = Log::new(LogLimits::default());
    for number in numbers {
        log.push(number, 1, Duration::ZERO, number)
            .expect("in order");
    }
    log
}

fn after(number: u64) -> Position {
    Position::after(Cursor::new(EPOCH, number))
}

#[test]
fn a_short_page_begins_as_a_long_one_without_the_padding() {
    let page = iframe::Page::new("receive".parse().unwrap()).unwrap();
    let (mut long, mut short) = (BytesMut::new(), BytesMut::new());
    page.begin(&mut long);
    page.begin_short(&mut short);
    assert!(short.starts_with(b"<!DOCTYPE html>"));
    assert!(short.ends_with(b"<body>\n"));
    assert_eq!(long.trim_ascii_end(), short.trim_ascii_end());
}

#[test]
fn the_name_of_a_callback_is_shown_as_it_was_given() {
    let name: CallbackName = "app.receive".parse().unwrap();
    assert_eq!(AsRef::<str>::as_ref(&name), "app.receive");
    assert_eq!(name.to_string(), "app.receive");
    assert_eq!(format!("{name:?}"), "CallbackName(app.receive)");
}

#[test]
fn a_value_of_no_bytes_is_an_empty_line() {
    let mut out = BytesMut::new();
    stream::encode(b"", &mut out);
    assert_eq!(out, "\n");
}

#[test]
fn a_log_tells_whether_it_has_messages_and_how_many() {
    let (none, two) = (log([]), log([4, 9]));
    assert!(none.is_empty() && !two.is_empty());
    let shown = format!("{two:?}");
    for part in ["last_sequence: 9", "retained: 2", "lingering: 0"] {
        assert!(shown.contains(part), "{shown}");
    }
}

#[test]
fn the_next_number_of_several_logs_is_the_lowest() {
    let (one, two) = (log([5, 8]), log([3]));
    let logs = [&one, &two];
    let reader = Reader::new(EPOCH, 8, &logs);
    let mut position = reader.position(Since::Earliest);
    let mut reading = reader.read(&mut position);
    let mut seen = Vec::new();
    while let Some(number) = reading.next_number() {
        seen.push(number);
        assert_eq!(reading.next().map(|(_, number, _)| number), Some(number));
    }
    assert_eq!(seen, [3, 5, 8]);
    assert_eq!(reading.next(), None);
}

#[test]
fn a_client_at_the_head_has_lost_nothing_and_is_not_ahead() {
    let one = log([1, 2, 3]);
    let logs = [&one];
    let reader = Reader::new(EPOCH, 3, &logs).with_given(5);
    for (number, is_ahead) in [(2, false), (3, false), (4, true), (5, true)] {
        assert_eq!(reader.is_ahead(&after(number)), is_ahead, "{number}");
        assert!(!reader.has_lost(&after(number)), "{number}");
    }
    assert!(reader.has_lost(&after(6)), "a number that was not given");
}

#[test]
fn a_buffer_has_memory_only_while_a_message_is_not_whole() {
    let mut buffer = Buffer::new();
    assert_eq!(buffer.capacity(), 0);
    let mut decoder = Decoder::new(Limits::default());
    assert_eq!(decoder.decode(&mut &[b'a'; 100][..], &mut buffer), Ok(None));
    assert!((100..=200).contains(&buffer.capacity()));
    assert!(
        decoder
            .decode(&mut &b"\0"[..], &mut buffer)
            .unwrap()
            .is_some()
    );
    assert_eq!(decoder.decode(&mut &b""[..], &mut buffer), Ok(None));
    assert_eq!(buffer.capacity(), 0);
}

#[test]
fn an_error_tells_the_byte_in_the_whole_stream() {
    let (mut buffer, mut decoder) = (Buffer::new(), Decoder::new(Limits::default()));
    let input = &mut &b"one\0tw\xff\0"[..];
    assert!(decoder.decode(input, &mut buffer).unwrap().is_some());
    let error = decoder.decode(input, &mut buffer).unwrap_err();
    assert_eq!((error.kind(), error.at()), (DecodeErrorKind::NotUtf8, 6));
    let error = socket::encode("two\0", &mut BytesMut::new()).unwrap_err();
    assert_eq!(error.at(), 3);
}

#[test]
fn numbers_that_are_evicted_before_they_came_are_lost_and_not_given_again() {
    let mut log = log([4, 9]);
    log.evict_through(20);
    assert!(log.is_empty());
    assert_eq!((log.evicted_through(), log.earliest()), (20, 20));
    assert!(log.push(20, 1, Duration::ZERO, 20).is_err());
    assert!(log.push(21, 1, Duration::ZERO, 21).is_ok());
    // What is older than the newest number evicts what is there, and no more.
    log.evict_through(5);
    assert!(log.is_empty());
    assert_eq!(log.evicted_through(), 21);
    let logs = [&log];
    let reader = Reader::new(EPOCH, 22, &logs);
    assert!(reader.has_lost(&after(20)) && !reader.has_lost(&after(21)));
}

#[test]
fn a_message_that_lingers_for_nobody_is_not_needed() {
    let mut limits = LogLimits::default();
    limits.max_messages = 1;
    limits.resume_window = Duration::from_secs(60);
    let mut log = Log::new(limits);
    let push = |log: &mut Log<()>, number| log.push(number, 1, Duration::ZERO, ()).is_ok();
    assert!(push(&mut log, 1) && push(&mut log, 2));
    assert!(
        log.oldest_lingering()
            .is_some_and(|oldest| !oldest.is_needed)
    );
    // Two clients come that have everything, and one of them takes the next message.
    log.join();
    log.join();
    assert_eq!(log.up_to_date(), 2);
    assert!(push(&mut log, 3));
    assert_eq!(log.up_to_date(), 0);
    log.advance(2, 3);
    assert_eq!(log.up_to_date(), 1);
    assert!(log.let_go(), "1, which nobody needs");
    assert!(push(&mut log, 4) && log.let_go(), "2, which nobody needs");
    assert!(
        log.oldest_lingering()
            .is_some_and(|oldest| oldest.is_needed)
    );
}
