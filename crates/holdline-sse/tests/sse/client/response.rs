//! What an answer means.

use holdline_sse::{ReadyState, Reason, Response, is_temporary};

use super::{ZERO, config, requested, seconds, status, stream};

#[test]
fn only_200_with_text_event_stream_opens() {
    for value in [
        "text/event-stream",
        "TEXT/Event-Stream",
        "text/event-stream;charset=utf-8",
        "text/event-stream ; charset=latin1; x",
        " text/event-stream\t",
    ] {
        let response = Response::new(200, [("content-TYPE", value.as_bytes())]);
        let mut source = requested(config());
        assert_eq!(
            source.receive_response(&response, ZERO, 0),
            ReadyState::Open,
            "{value}"
        );
        assert_eq!(source.reason(), None);
    }
    for value in [
        "",
        "text/plain",
        "text/event-stream2",
        "x text/event-stream",
        "text / event-stream",
    ] {
        let response = Response::new(200, [("content-type", value.as_bytes())]);
        let mut source = requested(config());
        assert_eq!(
            source.receive_response(&response, ZERO, 0),
            ReadyState::Closed,
            "{value}"
        );
        assert_eq!(source.reason(), Some(Reason::ContentType));
    }
    let mut source = requested(config());
    assert_eq!(
        source.receive_response(&status(200), ZERO, 0),
        ReadyState::Closed
    );
}

#[test]
fn other_statuses_are_final() {
    for code in [
        204, 205, 206, 201, 300, 304, 305, 400, 401, 404, 429, 500, 503, 0, 999,
    ] {
        let mut response = stream();
        response.status = code;
        let mut source = requested(config());
        assert_eq!(
            source.receive_response(&response, ZERO, 0),
            ReadyState::Closed
        );
        assert_eq!(source.reason(), Some(Reason::Status(code)));
        assert_eq!(source.poll_timeout(), None);
        assert!(source.poll_request().is_none());
    }
}

#[test]
fn a_policy_may_retry_statuses() {
    let mut config = config();
    config.retry_status = is_temporary;
    let mut source = requested(config.clone());
    assert_eq!(
        source.receive_response(&status(503), seconds(1), 0),
        ReadyState::Connecting
    );
    assert_eq!(source.reason(), Some(Reason::Status(503)));
    assert_eq!(source.poll_timeout(), Some(seconds(4)));
    for (after, until) in [("120", 120), ("1", 3), ("soon", 3), ("", 3)] {
        let mut source = requested(config.clone());
        let response = Response::new(429, [("Retry-After", after.as_bytes())]);
        let state = source.receive_response(&response, ZERO, 0);
        assert_eq!(state, ReadyState::Connecting);
        assert_eq!(source.poll_timeout(), Some(seconds(until)), "{after}");
    }
    let mut source = requested(config);
    assert_eq!(
        source.receive_response(&status(404), ZERO, 0),
        ReadyState::Closed
    );
}
