//! The `EventSource` state, without a network: what it asks for, and when.

use std::time::Duration;

use holdline_sse::{
    Buffer, Config, DecodeErrorKind, EventSource, Item, ReadyState, Reason, Request, Response,
    is_temporary,
};
use proptest::prelude::*;

pub(crate) const ZERO: Duration = Duration::ZERO;

pub(crate) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) fn config() -> Config {
    Config::new("http://host/events")
}

pub(crate) fn stream() -> Response<'static> {
    Response::new(200, [("Content-Type", &b"text/event-stream"[..])])
}

pub(crate) fn status(status: u16) -> Response<'static> {
    Response::new(status, [])
}

pub(crate) fn redirect(status: u16, location: &str) -> Response<'_> {
    Response::new(status, [("location", location.as_bytes())])
}

/// A source whose first request was sent.
pub(crate) fn requested(config: Config) -> EventSource {
    let mut source = EventSource::new(config);
    assert!(source.poll_request().is_some());
    source
}

pub(crate) fn opened(config: Config) -> EventSource {
    let mut source = requested(config);
    assert_eq!(
        source.receive_response(&stream(), ZERO, 0),
        ReadyState::Open
    );
    source
}

/// Feeds `bytes` and gives the data of the events.
pub(crate) fn feed(source: &mut EventSource, bytes: &[u8]) -> Vec<String> {
    let mut buffer = Buffer::new();
    let mut input = bytes;
    let mut data = Vec::new();
    while let Ok(Some(item)) = source.receive(&mut input, &mut buffer) {
        if let Item::Event(event) = item {
            data.push(event.data.to_owned());
        }
    }
    data
}

pub(crate) fn headers(request: Request<'_>) -> Vec<(&str, String)> {
    let show = |(name, value)| (name, String::from_utf8_lossy(value).into_owned());
    request.headers().map(show).collect()
}

fn last_event_id(source: &mut EventSource) -> Option<Vec<u8>> {
    let request = source.poll_request().expect("a request");
    let mut headers = request.headers();
    let found = headers.find(|(name, _)| *name == "Last-Event-ID");
    found.map(|(_, value)| value.to_vec())
}

// The request.

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

// The response.

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

// Redirects.

#[test]
fn redirects_are_followed_at_once() {
    for code in [301, 302, 303, 307, 308] {
        let mut source = requested(config());
        let state = source.receive_response(&redirect(code, "/other"), ZERO, 0);
        assert_eq!(
            (state, source.poll_timeout()),
            (ReadyState::Connecting, None)
        );
        let request = source.poll_request().expect("a request");
        assert_eq!(
            (request.url(), request.method()),
            ("http://host/other", "GET")
        );
        assert_eq!(
            source.receive_response(&stream(), ZERO, 0),
            ReadyState::Open
        );
        // It comes back to where it began.
        source.receive_eof(ZERO, 0);
        source.handle_timeout(seconds(3));
        assert_eq!(
            source.poll_request().map(|request| request.url()),
            Some("http://host/events")
        );
    }
}

#[test]
fn redirects_change_a_post_as_fetch_does() {
    for (code, method) in [
        (301, "GET"),
        (302, "GET"),
        (303, "GET"),
        (307, "POST"),
        (308, "POST"),
    ] {
        let mut source = requested(Config::post_json("http://host/a", "{}"));
        source.receive_response(&redirect(code, "b"), ZERO, 0);
        let request = source.poll_request().expect("a request");
        assert_eq!(request.method(), method, "{code}");
        assert_eq!(request.body().is_empty(), method == "GET");
        let has_type = request.headers().any(|(name, _)| name == "Content-Type");
        assert_eq!(has_type, method == "POST");
    }
}

#[test]
fn secrets_do_not_follow_to_another_origin() {
    let mut config = config();
    for name in ["Authorization", "cookie", "Proxy-Authorization", "X-Other"] {
        config.headers.push((name.into(), b"v".to_vec()));
    }
    let mut source = requested(config);
    source.receive_response(&redirect(302, "/same"), ZERO, 0);
    assert_eq!(headers(source.poll_request().expect("a request")).len(), 7);
    source.receive_response(&redirect(302, "http://other/"), ZERO, 0);
    assert_eq!(headers(source.poll_request().expect("a request")).len(), 4);
    // Not even back.
    source.receive_response(&redirect(302, "http://host/"), ZERO, 0);
    assert_eq!(headers(source.poll_request().expect("a request")).len(), 4);
}

#[test]
fn redirects_must_end_and_lead_somewhere() {
    let mut source = requested(config());
    for _ in 0..20 {
        let state = source.receive_response(&redirect(302, "again"), ZERO, 0);
        assert_eq!(state, ReadyState::Connecting);
        assert!(source.poll_request().is_some());
    }
    let state = source.receive_response(&redirect(302, "again"), ZERO, 0);
    assert_eq!(state, ReadyState::Closed);
    assert_eq!(source.reason(), Some(Reason::TooManyRedirects));
    for response in [status(302), redirect(301, "ftp://host/")] {
        let mut source = requested(config());
        assert_eq!(
            source.receive_response(&response, ZERO, 0),
            ReadyState::Closed
        );
        assert_eq!(source.reason(), Some(Reason::Location));
    }
}

// Reconnecting.

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

// Closing.

#[test]
fn a_closed_source_stays_closed() {
    let mut source = opened(config());
    source.close();
    assert_eq!(source.ready_state(), ReadyState::Closed);
    assert_eq!(source.reason(), Some(Reason::Closed));
    assert_eq!(feed(&mut source, b"data: a\n\n"), [""; 0]);
    assert_eq!(source.receive_eof(ZERO, 0), ReadyState::Closed);
    assert_eq!(
        source.receive_response(&stream(), ZERO, 0),
        ReadyState::Closed
    );
    source.handle_timeout(seconds(99));
    assert!(source.poll_request().is_none());
    assert_eq!(source.reason(), Some(Reason::Closed));
}

#[test]
fn a_stream_over_a_limit_closes_the_source() {
    let mut config = config();
    config.limits.max_line = 3;
    let mut source = opened(config);
    let mut buffer = Buffer::new();
    let mut input = &b"data: abcd\n\n"[..];
    let error = source
        .receive(&mut input, &mut buffer)
        .expect_err("too long");
    assert_eq!(error.kind(), DecodeErrorKind::LineTooLong { limit: 3 });
    assert_eq!(source.ready_state(), ReadyState::Closed);
    assert_eq!(source.reason(), Some(Reason::Decode(error)));
    assert_eq!(source.receive_eof(ZERO, 0), ReadyState::Closed);
    assert_eq!(source.receive(&mut input, &mut buffer), Err(error));
}

/// What a network may do, in any order.
#[derive(Clone, Debug)]
enum Act {
    Request,
    Response(u16, bool, Option<&'static str>),
    Bytes(&'static [u8]),
    Eof,
    Failed,
    Time(u64),
    Close,
}

fn act() -> impl Strategy<Value = Act> {
    let code = prop_oneof![
        Just(200),
        Just(204),
        Just(302),
        Just(307),
        Just(503),
        any::<u16>()
    ];
    let location = prop::option::of(prop_oneof![Just("/x"), Just("http://other/"), Just("ftp:")]);
    let bytes = prop_oneof![
        Just(&b"data: a\n\n"[..]),
        Just(&b"id: 5\n"[..]),
        Just(&b"\n\r"[..]),
        Just(&b"retry: 1\n"[..]),
        Just(&b"data: 0123456789"[..]),
    ];
    prop_oneof![
        6 => Just(Act::Request),
        6 => (code, any::<bool>(), location).prop_map(|(code, is, to)| Act::Response(code, is, to)),
        6 => bytes.prop_map(Act::Bytes),
        3 => Just(Act::Eof),
        3 => Just(Act::Failed),
        6 => (0..100_000_u64).prop_map(Act::Time),
        1 => Just(Act::Close),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// Whatever happens in whatever order, the source is never stuck: when it is connecting it
    /// wants to send a request, waits for a response, or waits for a time. Closed is closed.
    #[test]
    fn any_network_leaves_the_source_in_a_sound_state(
        acts in prop::collection::vec(act(), 0..60), random in any::<u32>(),
    ) {
        let mut config = config();
        config.limits.max_line = 8;
        config.retry_status = is_temporary;
        let mut source = EventSource::new(config);
        let mut buffer = Buffer::new();
        let mut now = ZERO;
        let mut sent = false;
        for act in acts {
            let before = source.ready_state();
            match act {
                Act::Request => sent |= source.poll_request().is_some(),
                Act::Response(code, is_stream, location) => {
                    let response = Response {
                        status: code,
                        content_type: is_stream.then_some(b"text/event-stream"),
                        location: location.map(str::as_bytes),
                        ..Response::default()
                    };
                    source.receive_response(&response, now, random);
                    sent = false;
                }
                Act::Bytes(bytes) => {
                    let mut input = bytes;
                    while let Ok(Some(_)) = source.receive(&mut input, &mut buffer) {}
                }
                Act::Eof => {
                    source.receive_eof(now, random);
                    sent = false;
                }
                Act::Failed => {
                    source.connection_failed(now, random);
                    sent = false;
                }
                Act::Time(millis) => {
                    now += Duration::from_millis(millis);
                    source.handle_timeout(now);
                }
                Act::Close => source.close(),
            }
            let state = source.ready_state();
            prop_assert!(before != ReadyState::Closed || state == ReadyState::Closed);
            let wants = source.clone().poll_request().is_some();
            let waits = source.poll_timeout().is_some();
            let connecting = state == ReadyState::Connecting;
            prop_assert_eq!(u8::from(wants) + u8::from(waits) + u8::from(sent && connecting),
                u8::from(connecting));
            prop_assert_eq!(source.reason().is_some() || connecting, state != ReadyState::Open);
        }
    }
}
