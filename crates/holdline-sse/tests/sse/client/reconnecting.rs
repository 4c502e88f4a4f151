//! When the source connects again.

use std::time::Duration;

use holdline_sse::{ReadyState, Reason};

use super::{ZERO, config, feed, opened, requested, seconds, stream};

#[test]
fn a_stream_that_ends_is_requested_again_after_the_reconnection_time() {
    let mut source = opened(config());
    assert_eq!(feed(&mut source, b"data: a\n\n"), ["a"]);
    assert_eq!(source.receive_eof(seconds(10), 0), ReadyState::Connecting);
    assert_eq!(source.reason(), Some(Reason::EndOfStream));
    assert_eq!(source.poll_timeout(), Some(seconds(13)));
    assert!(source.poll_request().is_none());
    source.handle_timeout(seconds(12));
    assert!(source.poll_request().is_none());
    source.handle_timeout(seconds(13));
    assert!(source.poll_request().is_some());
    source.receive_response(&stream(), ZERO, 0);
    assert_eq!(feed(&mut source, b"\ndata: b\n\n"), ["b"]);
}

#[test]
fn retry_sets_the_delay_and_stays() {
    let mut source = opened(config());
    feed(&mut source, b"retry: 500\n");
    assert_eq!(source.reconnection_time(), Duration::from_millis(500));
    for _ in 0..3 {
        source.receive_eof(ZERO, 0);
        assert_eq!(source.poll_timeout(), Some(Duration::from_millis(500)));
        source.handle_timeout(seconds(1));
        assert!(source.poll_request().is_some());
        source.receive_response(&stream(), ZERO, 0);
        feed(&mut source, b"data: a\n\n");
    }
}

#[test]
fn the_delay_has_a_floor() {
    let mut source = opened(config());
    feed(&mut source, b"retry: 0\n");
    source.receive_eof(ZERO, 0);
    assert_eq!(source.poll_timeout(), Some(Duration::from_millis(100)));
}

#[test]
fn failures_in_a_row_double_the_delay_up_to_a_limit() {
    let mut source = requested(config());
    for delay in [3, 6, 12, 24, 48, 60, 60] {
        assert_eq!(source.connection_failed(ZERO, 0), ReadyState::Connecting);
        assert_eq!(source.reason(), Some(Reason::ConnectionFailed));
        assert_eq!(source.poll_timeout(), Some(seconds(delay)));
        source.handle_timeout(seconds(delay));
        assert!(source.poll_request().is_some());
    }
    // An empty 200 is a failure too; an event is a success.
    source.receive_response(&stream(), ZERO, 0);
    source.receive_eof(ZERO, 0);
    assert_eq!(source.poll_timeout(), Some(seconds(60)));
    source.handle_timeout(seconds(60));
    assert!(source.poll_request().is_some());
    source.receive_response(&stream(), ZERO, 0);
    feed(&mut source, b"data\n\n");
    source.connection_failed(ZERO, 0);
    assert_eq!(source.poll_timeout(), Some(seconds(3)));
}

#[test]
fn a_long_retry_is_not_shortened() {
    let mut source = opened(config());
    feed(&mut source, b"retry: 120000\n");
    source.receive_eof(ZERO, 0);
    assert_eq!(source.poll_timeout(), Some(seconds(120)));
}

#[test]
fn jitter_only_lengthens_the_delay() {
    for (random, millis) in [(0, 3000), (1 << 31, 3750), (u32::MAX, 4499)] {
        let mut source = requested(config());
        source.connection_failed(ZERO, random);
        let until = source.poll_timeout().expect("a delay");
        assert_eq!(until.as_millis(), millis);
    }
}

#[test]
fn times_saturate() {
    let mut source = opened(config());
    feed(&mut source, b"retry: 99999999999999999999999\n");
    source.receive_eof(Duration::MAX, u32::MAX);
    assert_eq!(source.poll_timeout(), Some(Duration::MAX));
    let mut config = config();
    config.max_server_delay = Duration::MAX;
    let mut source = opened(config);
    feed(&mut source, b"retry: 99999999999999999999999\n");
    source.receive_eof(seconds(1), u32::MAX);
    assert!(source.poll_timeout() > Some(Duration::from_millis(u64::MAX)));
}

#[test]
fn retries_may_be_limited() {
    let mut config = config();
    config.max_retries = Some(2);
    let mut source = requested(config.clone());
    for _ in 0..2 {
        assert_eq!(source.connection_failed(ZERO, 0), ReadyState::Connecting);
        source.handle_timeout(seconds(60));
        assert!(source.poll_request().is_some());
    }
    assert_eq!(source.connection_failed(ZERO, 0), ReadyState::Closed);
    assert_eq!(source.reason(), Some(Reason::ConnectionFailed));
    config.max_retries = Some(0);
    let mut source = requested(config);
    assert_eq!(source.connection_failed(ZERO, 0), ReadyState::Closed);
}
