//! How long a source waits, and what it gives up at: what users of other clients have met.

use std::time::Duration;

use holdline_sse::{EventSource, ReadyState, Reason, Response, is_temporary};

use super::{ZERO, config, feed, opened, redirect, requested, seconds, stream};

/// The delays before the attempts of a source whose streams all are `body`, open for `open`.
fn delays(body: &[u8], open: Duration, attempts: usize) -> Vec<Duration> {
    let mut source = EventSource::new(config());
    let mut now = seconds(1);
    let attempt = |_| {
        assert!(source.poll_request().is_some());
        source.receive_response(&stream(), now, 0);
        feed(&mut source, body);
        now += open;
        source.receive_eof(now, 0);
        let until = source.poll_timeout().expect("a delay");
        let delay = until - now;
        now = until;
        source.handle_timeout(now);
        delay
    };
    (0..attempts).map(attempt).collect()
}

#[test]
fn a_json_error_in_an_event_stream_does_not_hammer_the_server() {
    let doubled = [3, 6, 12, 24, 48, 60, 60].map(seconds);
    for body in [
        &b"{\"error\":{\"message\":\"quota exceeded\"}}"[..],
        b"{\"error\":{\"message\":\"quota exceeded\"}}\n\n",
        b": a comment\n\n",
        b"retry: 3000\n\n",
        b"id: 7\n\n",
        b"event: error\n\n",
        b"data: cut",
        b"",
    ] {
        let shown = body.escape_ascii();
        assert_eq!(delays(body, ZERO, 7), doubled, "{shown}");
        assert_eq!(
            delays(body, Duration::from_millis(2999), 7),
            doubled,
            "{shown}"
        );
    }
}

#[test]
fn an_event_ends_the_back_off() {
    assert_eq!(delays(b"data: a\n\n", ZERO, 4), [seconds(3); 4]);
    assert_eq!(delays(b"data: a\n\ndata: cut", ZERO, 4), [seconds(3); 4]);
}

#[test]
fn a_quiet_stream_that_outlived_the_back_off_ends_it() {
    assert_eq!(delays(b":\n\n", seconds(3), 4), [seconds(3); 4]);
    let mut source = opened(config());
    for delay in [3, 6, 12] {
        source.receive_eof(seconds(1), 0);
        assert_eq!(source.poll_timeout(), Some(seconds(1 + delay)));
        source.handle_timeout(seconds(20));
        assert!(source.poll_request().is_some());
        source.receive_response(&stream(), seconds(1), 0);
    }
    // The last delay was 12 s, and the stream lived as long.
    source.receive_eof(seconds(13), 0);
    assert_eq!(source.poll_timeout(), Some(seconds(16)));
}

#[test]
fn attempts_without_an_event_are_counted() {
    let mut config = config();
    config.max_retries = Some(1);
    let mut source = opened(config);
    feed(&mut source, b"{\"error\":1}\n\n");
    assert_eq!(source.receive_eof(ZERO, 0), ReadyState::Connecting);
    source.handle_timeout(seconds(3));
    assert!(source.poll_request().is_some());
    source.receive_response(&stream(), ZERO, 0);
    feed(&mut source, b"{\"error\":1}\n\n");
    assert_eq!(source.receive_eof(ZERO, 0), ReadyState::Closed);
    assert_eq!(source.reason(), Some(Reason::EndOfStream));
}

#[test]
fn a_retry_of_ages_is_waited_for_an_hour() {
    let mut source = opened(config());
    feed(&mut source, b"retry: 99999999999999999999999\n\n");
    assert_eq!(source.reconnection_time(), seconds(3600));
    source.receive_eof(seconds(1), 0);
    assert_eq!(source.poll_timeout(), Some(seconds(3601)));

    let mut config = config();
    config.max_server_delay = seconds(10);
    config.retry_status = is_temporary;
    let mut source = requested(config.clone());
    let busy = Response::new(503, [("Retry-After", &b"99999999999999999999999"[..])]);
    source.receive_response(&busy, ZERO, 0);
    assert_eq!(source.poll_timeout(), Some(seconds(10)));

    // What the caller chose is the caller's business.
    config.reconnection_time = seconds(100);
    let mut source = opened(config);
    source.receive_eof(ZERO, 0);
    assert_eq!(source.poll_timeout(), Some(seconds(100)));
}

#[test]
fn retry_after_may_be_a_date() {
    let mut config = config();
    config.retry_status = is_temporary;
    let date = "Sat, 28 Nov 2026 11:59:50 GMT";
    for (after, now, delay) in [
        ("Sat, 28 Nov 2026 12:00:20 GMT", Some(date), 30),
        ("Saturday, 28-Nov-26 12:00:20 GMT", Some(date), 30),
        ("Sat Nov 28 12:00:20 2026", Some(date), 30),
        ("Sat, 28 Nov 2026 11:00:00 GMT", Some(date), 3),
        ("Sat, 28 Nov 2026 12:00:20 GMT", None, 3),
        ("Sat, 28 Nov 2026 12:00:20 GMT", Some("now"), 3),
        ("tomorrow", Some(date), 3),
        ("Fri, 31 Dec 9999 23:59:59 GMT", Some(date), 3600),
    ] {
        let now = now.map(|now| ("Date", now.as_bytes()));
        let headers = [("retry-after", after.as_bytes())].into_iter().chain(now);
        let mut source = requested(config.clone());
        let state = source.receive_response(&Response::new(503, headers), ZERO, 0);
        assert_eq!(state, ReadyState::Connecting);
        assert_eq!(source.poll_timeout(), Some(seconds(delay)), "{after}");
    }
}

#[test]
fn a_compressed_stream_ends_the_source_with_a_reason() {
    let kind = ("Content-Type", &b"text/event-stream"[..]);
    for codings in [
        &["gzip"][..],
        &["br"],
        &["identity, x"],
        &["identity", "gzip"],
        &["gzip", "identity"],
    ] {
        let codings = codings
            .iter()
            .map(|coding| ("content-encoding", coding.as_bytes()));
        let response = Response::new(200, [kind].into_iter().chain(codings));
        let mut source = requested(config());
        let state = source.receive_response(&response, ZERO, 0);
        assert_eq!(state, ReadyState::Closed, "{response:?}");
        assert_eq!(source.reason(), Some(Reason::ContentEncoding));
        assert!(source.poll_request().is_none());
    }
    for coding in ["identity", "", "Identity , identity"] {
        let coding = ("Content-Encoding", coding.as_bytes());
        let mut source = requested(config());
        let response = Response::new(200, [kind, coding]);
        assert_eq!(
            source.receive_response(&response, ZERO, 0),
            ReadyState::Open
        );
    }
}

#[test]
fn a_url_that_cannot_be_connected_to_is_not_tried_again() {
    let mut source = requested(config());
    source.receive_response(&redirect(302, "https://other/"), ZERO, 0);
    assert_eq!(
        source.poll_request().map(|request| request.url()),
        Some("https://other/")
    );
    assert_eq!(source.connection_impossible(), ReadyState::Closed);
    assert_eq!(source.reason(), Some(Reason::Unreachable));
    assert_eq!(source.poll_timeout(), None);
    assert!(source.poll_request().is_none());
    // A stream that is open was connected to.
    let mut source = opened(config());
    assert_eq!(source.connection_impossible(), ReadyState::Open);
}
