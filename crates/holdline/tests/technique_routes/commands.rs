//! The web IM with one address, and the four events.

use crate::program::serve;
use crate::wire::{Wire, member};

#[test]
fn a_conversation_is_built_sent_to_and_polled() {
    let (_server, address) = serve("127.0.0.1:0", &[]);
    let mut wire = Wire::connect(&address);
    wire.get("/techniques/im/chat%20room?cmd=build");
    let (status, built) = wire.answer();
    assert_eq!(status, 200, "{built}");
    let cursor = member(&built, "cursor").to_owned();
    // A body that somebody sends is not the message.
    let (status, sent) = wire.post(
        "/techniques/im/chat%20room?cmd=send&message=a%26b+%00%E2%80%A8%22",
        "no",
    );
    assert_eq!(status, 200, "{sent}");
    // Nothing is forgotten because it was given once: the client says where it is.
    for _ in 0..2 {
        wire.get(&format!(
            "/techniques/im/chat%20room?cmd=polling&wait=5&since={cursor}"
        ));
        let (_, polled) = wire.answer();
        assert!(
            polled.contains("\"channel\":\"chat room\",\"data\":\"a&b \\u0000\u{2028}\\\"\""),
            "{polled}"
        );
    }
    // An ordinary message is its body, whatever else stands in the query.
    wire.post("/channels/chat%20room?message=x", "body");
    wire.get(&format!(
        "/techniques/im/chat%20room?cmd=polling&since={cursor}"
    ));
    assert!(wire.answer().1.contains("\"data\":\"body\""));
}

#[test]
fn what_is_no_command_is_refused_and_a_page_of_another_site_cannot_send() {
    let (_server, address) = serve("127.0.0.1:0", &[]);
    let mut wire = Wire::connect(&address);
    for query in [
        "",
        "?cmd=",
        "?cmd=Build",
        "?cmd=send&message=x",
        "?cmd=polling&since=x",
        "?cmd=build&cmd=build",
    ] {
        wire.get(&format!("/techniques/im/a{query}"));
        assert_eq!(wire.answer().0, 400, "{query}");
    }
    for query in ["?cmd=build", "?cmd=send", "?cmd=polling"] {
        assert_eq!(
            wire.post(&format!("/techniques/im/a{query}"), "").0,
            400,
            "{query}"
        );
    }
    for path in [
        "/techniques/im/a/b?cmd=build",
        "/techniques/im",
        "/techniques/nothing",
    ] {
        wire.get(path);
        assert_eq!(wire.answer().0, 404, "{path}");
    }
    wire.send(
        b"POST /techniques/im/a?cmd=send&message=x HTTP/1.1\r\nHost: example.com\r\n\
        Origin: http://evil.example\r\nContent-Length: 0\r\n\r\n",
    );
    assert_eq!(wire.answer().0, 403);
    let (_server, address) = serve("127.0.0.1:0", &["--publish-token", "open-sesame"]);
    let mut wire = Wire::connect(&address);
    assert_eq!(wire.post("/techniques/im/a?cmd=send&message=x", "").0, 401);
    let with = "/techniques/im/a?cmd=send&message=x&token=open-sesame";
    assert_eq!(wire.post(with, "").0, 200);
}

#[test]
fn the_four_events_are_given_once() {
    let (_server, address) = serve("127.0.0.1:0", &[]);
    let mut wire = Wire::connect(&address);
    let listing = include_str!("../../src/techniques/traces/four-events.txt");
    for id in ["", "Last-Event-ID: 100\r\n", "Last-Event-ID: 101\r\n"] {
        wire.send(
            format!("GET /techniques/events HTTP/1.1\r\nHost: example.com\r\n{id}\r\n").as_bytes(),
        );
        let expected = match id.contains("101") {
            true => (204, String::new()),
            false => (200, listing.to_owned()),
        };
        assert_eq!(wire.answer(), expected, "{id}");
    }
}
