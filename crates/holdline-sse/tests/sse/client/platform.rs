//! What the web platform tests know of answers, of reconnecting and of `Last-Event-ID`, as facts.

use std::time::Duration;

use holdline_sse::{ReadyState, Reason, Response};

use super::{
    ZERO, config, feed, headers, last_event_id, opened, redirect, requested, seconds, stream,
};

/// `request-status-error`.
#[test]
fn these_statuses_fail_the_connection() {
    for code in [204, 205, 210, 299, 404, 410, 503] {
        let mut response = stream();
        response.status = code;
        let mut source = requested(config());
        let state = source.receive_response(&response, ZERO, 0);
        assert_eq!(state, ReadyState::Closed, "{code}");
        assert_eq!(source.reason(), Some(Reason::Status(code)));
    }
}

/// `format-mime-bogus`, `format-mime-valid-bogus`, `format-mime-trailing-semicolon`, `format-utf-8`.
#[test]
fn these_types_open_a_stream_or_fail_the_connection() {
    for (value, state) in [
        ("text/event-stream;", ReadyState::Open),
        ("text/event-stream;charset=windows-1252", ReadyState::Open),
        ("x bogus", ReadyState::Closed),
        ("text/x-bogus", ReadyState::Closed),
    ] {
        let response = Response::new(200, [("Content-Type", value.as_bytes())]);
        let mut source = requested(config());
        assert_eq!(
            source.receive_response(&response, ZERO, 0),
            state,
            "{value}"
        );
    }
    // Whatever the charset says, the stream is UTF-8.
    let mut source = opened(config());
    assert_eq!(
        feed(&mut source, "data:ok\u{2026}\n\n".as_bytes()),
        ["ok\u{2026}"]
    );
}

/// `request-redirect`.
#[test]
fn these_redirects_are_followed() {
    for code in [301, 302, 303, 307] {
        let mut source = requested(config());
        source.receive_response(&redirect(code, "/eventsource/message"), ZERO, 0);
        assert!(source.poll_request().is_some(), "{code}");
        let state = source.receive_response(&stream(), ZERO, 0);
        assert_eq!(state, ReadyState::Open, "{code}");
    }
}

/// `request-accept`, `request-cache-control`.
#[test]
fn a_request_asks_for_an_event_stream_and_for_none_that_was_kept() {
    let mut source = holdline_sse::EventSource::new(config());
    let fields = headers(source.poll_request().expect("a request"));
    let get = |wanted: &str| {
        let found = fields.iter().find(|(name, _)| *name == wanted);
        found.map(|(_, value)| value.as_str())
    };
    assert_eq!(get("Accept"), Some("text/event-stream"));
    assert_eq!(get("Cache-Control"), Some("no-cache"));
    assert_eq!(get("Last-Event-ID"), None);
}

/// `eventsource-reconnect`: with `retry: 2` and an event, the source is connecting and then goes on.
#[test]
fn a_stream_that_ends_is_taken_up_again() {
    let mut source = opened(config());
    assert_eq!(feed(&mut source, b"retry: 2\ndata: ok\n\n"), ["ok"]);
    assert_eq!(source.reconnection_time(), Duration::from_millis(2));
    assert_eq!(source.receive_eof(ZERO, 0), ReadyState::Connecting);
    source.handle_timeout(seconds(1));
    assert_eq!(last_event_id(&mut source), None);
    source.receive_response(&stream(), seconds(1), 0);
    assert_eq!(feed(&mut source, b"data: data\n\n"), ["data"]);
}

/// `format-field-id`, `format-field-id-2`, `format-field-id-null`, `eventsource-cross-origin` and its long and unsafe IDs:
/// the ID goes back as it came, as UTF-8, over any number of connections.
#[test]
fn the_last_id_is_asked_for_as_it_came() {
    let long = "a".repeat(255);
    for (sent, expected) in [
        ("\u{2026}", Some("\u{2026}")),
        ("abc", Some("abc")),
        ("e5p3n<3k0k0s", Some("e5p3n<3k0k0s")),
        (&long, Some(&*long)),
        ("\0\0", None),
        ("", None),
    ] {
        let mut source = opened(config());
        feed(
            &mut source,
            format!("id: {sent}\ndata: hello\n\n").as_bytes(),
        );
        for attempt in 1..=3 {
            source.receive_eof(seconds(attempt * 100), 0);
            source.handle_timeout(seconds(attempt * 100 + 50));
            let asked = last_event_id(&mut source);
            assert_eq!(asked.as_deref(), expected.map(str::as_bytes), "{sent:?}");
            source.receive_response(&stream(), seconds(attempt * 100 + 50), 0);
            feed(&mut source, b"data: more\n\n");
        }
    }
}

/// `format-data-before-final-empty-line`: what was not dispatched is not asked for.
#[test]
fn an_id_whose_event_was_cut_off_is_not_the_last_one() {
    let mut source = opened(config());
    let seen = feed(
        &mut source,
        b"retry:1000\ndata:test1\n\nid:test\ndata:test2",
    );
    assert_eq!(seen, ["test1"]);
    source.receive_eof(ZERO, 0);
    assert_eq!(source.poll_timeout(), Some(seconds(1)));
    source.handle_timeout(seconds(1));
    assert_eq!(last_event_id(&mut source), None);
}

/// `eventsource-close`, `eventsource-request-cancellation`.
#[test]
fn a_closed_source_stays_closed() {
    let mut waiting = opened(config());
    waiting.receive_eof(ZERO, 0);
    for mut source in [requested(config()), opened(config()), waiting] {
        source.close();
        assert_eq!(source.ready_state(), ReadyState::Closed);
        source.handle_timeout(seconds(1000));
        assert!(source.poll_request().is_none());
        assert_eq!(source.poll_timeout(), None);
    }
}
