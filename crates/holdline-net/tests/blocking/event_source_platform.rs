//! What the web platform tests know of answers and reconnecting, through the blocking client: statuses, types, redirects,
//! `Last-Event-ID`.

use holdline_net::blocking::event_source::{Error, EventSource};
use holdline_sse::Reason;

use crate::event_source::{HEAD, config, connector};
use crate::script::{Script, text};

fn stream(body: &str) -> Script {
    Script::new([format!("{HEAD}{body}")])
}

fn answer(status: u16, fields: &str) -> Script {
    // These have no body (RFC 9110 §15.3.5, §15.3.6): 204 has no length either.
    let length = if status == 204 {
        ""
    } else {
        "Content-Length: 0\r\n"
    };
    Script::new([format!(
        "HTTP/1.1 {status} TEST\r\nContent-Type: text/event-stream\r\n{length}{fields}\r\n"
    )])
}

/// `request-status-error`. 204 is how a server tells a client to stop, which is no error here.
#[test]
fn these_statuses_end_the_source() {
    for status in [204, 205, 210, 299, 404, 410, 503] {
        // Nobody asks for the second one.
        let second = stream("data: never\n\n");
        let asked = second.written();
        let connect = connector([answer(status, ""), second]);
        let mut source = EventSource::new(config(), connect).unwrap();
        match (status, source.next_event()) {
            (204, Ok(None)) => {}
            (_, Err(Error::Failed { reason, .. })) => {
                assert_eq!(reason, Reason::Status(status));
            }
            (_, other) => panic!("{status}: {other:?}"),
        }
        assert!(source.next_event().unwrap().is_none(), "{status}");
        assert_eq!(text(&asked), "", "{status}");
    }
}

/// `format-mime-bogus`, `format-mime-valid-bogus`, `format-mime-trailing-semicolon`, `format-utf-8`.
#[test]
fn these_types_open_a_stream_or_end_the_source() {
    for (kind, opens) in [
        ("text/event-stream;", true),
        ("text/event-stream;charset=windows-1252", true),
        ("x bogus", false),
        ("text/x-bogus", false),
    ] {
        let body = "data:ok\u{2026}\n\n";
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n\r\n{body}");
        let connect = connector([Script::new([answer])]);
        let mut source = EventSource::new(config(), connect).unwrap();
        match source.next_event() {
            Ok(Some(event)) => assert_eq!((event.data, opens), ("ok\u{2026}", true), "{kind}"),
            Err(Error::Failed { reason, .. }) => {
                assert_eq!((reason, opens), (Reason::ContentType, false), "{kind}");
            }
            other => panic!("{kind}: {other:?}"),
        }
    }
}

/// `request-redirect`.
#[test]
fn these_redirects_are_followed() {
    for status in [301, 302, 303, 307] {
        let moved = answer(status, "Location: /eventsource/message\r\n");
        let there = stream("data: there\n\n");
        let asked = there.written();
        let mut source = EventSource::new(config(), connector([moved, there])).unwrap();
        let event = source.next_event().unwrap().unwrap();
        assert_eq!(event.data, "there", "{status}");
        let asked = text(&asked);
        assert!(
            asked.starts_with("GET /eventsource/message HTTP/1.1\r\n"),
            "{asked}"
        );
    }
}

/// `eventsource-reconnect`, `format-field-id`, `format-field-id-2`, `format-field-id-null`.
#[test]
fn the_last_id_is_asked_for_over_any_number_of_streams() {
    for (id, field) in [
        ("\u{2026}", Some("Last-Event-ID: \u{2026}\r\n")),
        ("\0\0", None),
    ] {
        let first = stream(&format!("retry: 2\nid: {id}\ndata: ok\n\n"));
        let (second, third) = (stream("data: data\n\n"), stream("data: data\n\n"));
        let asked = [second.written(), third.written()];
        let mut source = EventSource::new(config(), connector([first, second, third])).unwrap();
        for expected in ["ok", "data", "data"] {
            let event = source.next_event().unwrap().unwrap();
            assert_eq!(event.data, expected);
            assert_eq!(event.id, if field.is_some() { id } else { "" });
        }
        for asked in asked {
            let asked = text(&asked);
            assert_eq!(asked.contains("Last-Event-ID"), field.is_some(), "{asked}");
            assert!(asked.contains(field.unwrap_or("")), "{asked}");
        }
    }
}
