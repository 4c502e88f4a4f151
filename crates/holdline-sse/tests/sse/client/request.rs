//! What is requested.

use holdline_sse::{Config, EventSource, ReadyState, Reason};

use super::{ZERO, config, feed, headers, last_event_id, opened, seconds, stream};

#[test]
fn the_first_request_is_due_at_once_and_once() {
    let mut source = EventSource::new(config());
    assert_eq!(source.ready_state(), ReadyState::Connecting);
    assert_eq!(source.poll_timeout(), None);
    let request = source.poll_request().expect("a request");
    assert_eq!(request.method(), "GET");
    assert_eq!(request.url(), "http://host/events");
    assert_eq!(request.body(), b"");
    let expected = [
        ("Accept", "text/event-stream"),
        ("Accept-Encoding", "identity"),
        ("Cache-Control", "no-cache"),
    ];
    assert_eq!(
        headers(request),
        expected.map(|(name, value)| (name, value.into()))
    );
    assert!(source.poll_request().is_none());
}

#[test]
fn the_callers_headers_come_last_and_replace_the_own() {
    let mut config = config();
    config.headers = vec![
        ("accept".into(), b"text/event-stream, */*".to_vec()),
        ("X-Token".into(), b"t".to_vec()),
        ("last-event-id".into(), b"mine".to_vec()),
        ("accept-encoding".into(), b"gzip".to_vec()),
    ];
    config.last_event_id = "7".into();
    let mut source = EventSource::new(config);
    let request = source.poll_request().expect("a request");
    let expected = [
        ("Cache-Control", "no-cache"),
        ("Last-Event-ID", "7"),
        ("accept", "text/event-stream, */*"),
        ("X-Token", "t"),
        ("accept-encoding", "gzip"),
    ];
    assert_eq!(
        headers(request),
        expected.map(|(name, value)| (name, value.into()))
    );
}

#[test]
fn a_post_has_a_body_and_does_not_reconnect() {
    let mut source = EventSource::new(Config::post_json("https://host/v1", "{}"));
    let request = source.poll_request().expect("a request");
    assert_eq!((request.method(), request.body()), ("POST", &b"{}"[..]));
    assert!(headers(request).contains(&("Content-Type", "application/json".into())));
    assert_eq!(
        source.receive_response(&stream(), ZERO, 0),
        ReadyState::Open
    );
    assert_eq!(feed(&mut source, b"data: a\n\n"), ["a"]);
    assert_eq!(source.receive_eof(ZERO, 0), ReadyState::Closed);
    assert_eq!(source.reason(), Some(Reason::EndOfStream));
}

#[test]
fn the_last_event_id_is_sent_as_raw_utf8() {
    for id in ["7", "é \u{1f980}", "a\tb", "\u{fffd}"] {
        let mut source = opened(config());
        feed(&mut source, format!("id: {id}\n\n").as_bytes());
        source.receive_eof(ZERO, 0);
        source.handle_timeout(seconds(3));
        assert_eq!(last_event_id(&mut source), Some(id.as_bytes().to_vec()));
    }
}

#[test]
fn an_id_that_a_header_cannot_carry_is_left_out() {
    for id in [
        "", " 7", "7 ", "\t7", "7\t", "a\u{1}b", "\u{7f}", "a\rb", "a\nb", "a\0b",
    ] {
        let mut config = config();
        config.last_event_id = id.into();
        let mut source = EventSource::new(config);
        assert_eq!(last_event_id(&mut source), None, "{id:?}");
        assert_eq!(source.last_event_id(), id);
    }
}

#[test]
fn a_seeded_id_survives_streams_without_ids() {
    let mut config = config();
    config.last_event_id = "7".into();
    let mut source = opened(config);
    assert_eq!(feed(&mut source, b"data: a\n\n"), ["a"]);
    source.receive_eof(ZERO, 0);
    source.handle_timeout(seconds(3));
    assert_eq!(last_event_id(&mut source), Some(b"7".to_vec()));
    source.receive_response(&stream(), ZERO, 0);
    feed(&mut source, b"id\n\n");
    source.receive_eof(ZERO, 0);
    source.handle_timeout(seconds(6));
    assert_eq!(last_event_id(&mut source), None);
}
