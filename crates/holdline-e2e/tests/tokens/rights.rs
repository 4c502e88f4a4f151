//! What is granted, and what is not.

use super::{KEY, UPGRADE, ask, bearer, code, sign, start, status};

/// Every way to read a channel, with the fields that it needs.
pub(crate) fn readings(names: &str) -> [(String, &'static str); 7] {
    [
        ("poll?", ""),
        ("long-poll?wait=0", ""),
        ("jsonp?callback=f&wait=0", ""),
        ("xhr-stream?", ""),
        ("iframe?callback=f", ""),
        ("sse?", ""),
        ("websocket?", UPGRADE),
    ]
    .map(|(transport, fields)| (format!("GET /channels/{names}/{transport}"), fields))
}

#[test]
fn without_a_token_there_is_next_to_nothing() {
    let server = start(&[]);
    for (line, fields, expected) in [
        ("GET /", "", 200),
        ("GET /assets/base.css", "", 200),
        ("GET /health", "", 200),
        ("OPTIONS /channels/a", "", 204),
        ("OPTIONS /channels/a/sse", "", 204),
        ("POST /channels/a", "Content-Length: 2\r\n", 401),
        (
            "POST /channels/a?since=earliest",
            "Content-Length: 2\r\n",
            401,
        ),
        ("GET /channels/a/presence", "", 401),
        ("GET /echo", UPGRADE, 401),
        ("POST /echo", "Content-Length: 2\r\n", 401),
        ("GET /demo/box", "", 401),
        ("POST /demo/box?tick=500", "", 401),
        ("GET /stats", "", 404),
        ("GET /stats", "Accept: text/html\r\n", 404),
        ("GET /stats/sse", "", 404),
        ("GET /metrics", "", 404),
        ("POST /disconnect?sub=ann", "", 404),
    ] {
        assert_eq!(status(&server, line, fields), expected, "{line}");
    }
    for (line, fields) in readings("a") {
        let answer = ask(&server, &line, fields);
        assert_eq!(
            (answer.head.status, code(&answer).as_str()),
            (401, "unauthorized"),
            "{line}"
        );
        let challenge = answer.head.get("WWW-Authenticate").unwrap();
        assert_eq!(challenge, "Bearer realm=\"holdline\"", "{line}");
    }
}

#[test]
fn a_stolen_token_of_one_channel_opens_no_other() {
    let server = start(&[]);
    let everything = bearer(&sign(&["--publish", "*", "--subscribe", "*"]));
    let post = format!("{everything}Content-Length: 2\r\n\r\nhi");
    for channel in ["a", "b"] {
        assert_eq!(
            status(&server, &format!("POST /channels/{channel}"), &post),
            200
        );
    }
    let stolen = sign(&[
        "--publish",
        "a",
        "--subscribe",
        "a",
        "--manage",
        "a",
        "--presence",
        "a",
    ]);
    let fields = bearer(&stolen);
    for names in [
        "b", "A", "aa", "a,b", "b,a", "a,a,b", "%62", "a%20", "a.", "box", "%61%62", "a%2a",
    ] {
        for (line, more) in readings(names) {
            let answer = ask(&server, &line, &format!("{fields}{more}"));
            let expected = if names == "a%2a" { 400 } else { 403 };
            assert_eq!(answer.head.status, expected, "{line}: {answer:?}");
        }
        let single = !names.contains(',') && names != "a%2a";
        for line in [
            format!("POST /channels/{names}"),
            format!("GET /channels/{names}/presence"),
        ] {
            let expected = if single { 403 } else { 400 };
            assert_eq!(status(&server, &line, &fields), expected, "{line}");
        }
    }
    assert_eq!(status(&server, "POST /demo/box?tick=500", &fields), 403);
    // The same channel in another spelling is the same channel.
    for names in ["a", "%61", "a,a", "a,%61"] {
        for (line, more) in readings(names) {
            let all = format!("{fields}{more}");
            let got = status(&server, &line, &all);
            assert!(matches!(got, 101 | 200), "{line}: {got}");
        }
    }
    // By the query and the cookie, too.
    for (line, more) in readings("b") {
        let by_query = format!("{line}&token={stolen}");
        assert_eq!(status(&server, &by_query, more), 403, "{by_query}");
        let cookie = format!("Cookie: holdline_token={stolen}\r\n{more}");
        let expected = match line.contains("callback") {
            true => 401,
            false => 403,
        };
        assert_eq!(status(&server, &line, &cookie), expected, "{line}");
    }
}

#[test]
fn a_missing_claim_grants_nothing() {
    let server = start(&[]);
    let reader = bearer(&sign(&["--subscribe", "a"]));
    let writer = bearer(&sign(&["--publish", "a"]));
    let seer = bearer(&sign(&["--presence", "a"]));
    let nobody = bearer(&sign(&["--name", "ann"]));
    for (fields, post, poll, presence) in [
        (&reader, 403, 200, 200),
        (&writer, 200, 403, 403),
        (&seer, 403, 403, 200),
        (&nobody, 403, 403, 403),
    ] {
        let body = format!("{fields}Content-Length: 2\r\n\r\nhi");
        assert_eq!(status(&server, "POST /channels/a", &body), post);
        assert_eq!(status(&server, "GET /channels/a/poll", fields), poll);
        assert_eq!(
            status(&server, "GET /channels/a/presence", fields),
            presence
        );
        // What is of no channel is for who has any token.
        assert_eq!(status(&server, "GET /demo/box", fields), 200);
        assert_eq!(
            status(&server, "GET /echo", &format!("{fields}{UPGRADE}")),
            101
        );
    }
}

#[test]
fn who_publishes_and_reads_at_once_needs_both_rights() {
    let server = start(&[]);
    let both = bearer(&sign(&["--publish", "a", "--subscribe", "a"]));
    let writer = bearer(&sign(&["--publish", "a"]));
    let reader = bearer(&sign(&["--subscribe", "a"]));
    for (fields, expected) in [(&writer, 403), (&reader, 403), (&both, 200)] {
        let body = format!("{fields}Content-Length: 2\r\n\r\nhi");
        let answer = ask(&server, "POST /channels/a?since=earliest", &body);
        assert_eq!(answer.head.status, expected, "{answer:?}");
        assert_eq!(
            answer.json().unwrap()["messages"].is_array(),
            expected == 200
        );
    }
    let poll = ask(&server, "GET /channels/a/poll?since=earliest", &reader);
    assert_eq!(
        poll.json().unwrap()["messages"].as_array().unwrap().len(),
        1
    );
}

#[test]
fn a_websocket_publishes_what_its_token_grants() {
    let server = start(&[]);
    let reader = bearer(&sign(&["--subscribe", "a"]));
    for (claims, granted) in [
        (&["--subscribe", "a"][..], false),
        (&["--subscribe", "a", "--publish", "b"], false),
        (&["--subscribe", "a", "--publish", "a"], true),
    ] {
        let mut client = holdline_e2e::Client::connect(server.address()).unwrap();
        let fields = format!("{}{UPGRADE}", bearer(&sign(claims)));
        let request = format!(
            "GET /channels/a/websocket HTTP/1.1\r\nHost: {}\r\n{fields}\r\n",
            server.address()
        );
        client.send(request).unwrap();
        assert_eq!(client.head().unwrap().unwrap().status, 101);
        // A masked text message: `hi`, with a mask of zeros.
        client.send([0x81, 0x82, 0, 0, 0, 0, b'h', b'i']).unwrap();
        // The opening, then what was published, or a close.
        client.frame().unwrap();
        let (opcode, _) = client.frame().unwrap();
        assert_eq!(opcode & 0x0f, if granted { 1 } else { 8 }, "{claims:?}");
    }
    let poll = ask(&server, "GET /channels/a/poll?since=earliest", &reader);
    assert_eq!(
        poll.json().unwrap()["messages"].as_array().unwrap().len(),
        1
    );
}

#[test]
fn what_anybody_may_read_needs_no_token_and_a_bad_one_is_still_bad() {
    let server = start(&["--anonymous-subscribe", "news-*,open"]);
    for (names, expected) in [
        ("news-1", 200),
        ("open", 200),
        ("news-,open", 200),
        ("news", 401),
        ("open,a", 401),
    ] {
        let line = format!("GET /channels/{names}/poll");
        assert_eq!(status(&server, &line, ""), expected, "{names}");
    }
    assert_eq!(
        status(
            &server,
            "POST /channels/open",
            "Content-Length: 2\r\n\r\nhi"
        ),
        401
    );
    assert_eq!(status(&server, "GET /channels/open/presence", ""), 401);
    let own = bearer(&sign(&["--subscribe", "a"]));
    assert_eq!(status(&server, "GET /channels/open,a/poll", &own), 200);
    let bad = "Authorization: Bearer x.y.z\r\n";
    let answer = ask(&server, "GET /channels/open/poll", bad);
    assert_eq!(
        (answer.head.status, code(&answer).as_str()),
        (401, "bad_token"),
        "{answer:?}"
    );
    assert_eq!(
        answer.head.get("WWW-Authenticate").unwrap(),
        "Bearer realm=\"holdline\", error=\"invalid_token\""
    );
}

#[test]
fn the_publish_token_publishes_everywhere_and_does_nothing_else() {
    let server = start(&[
        "--publish-token",
        "open-sesame",
        "--anonymous-subscribe",
        "open",
    ]);
    let publisher = "Authorization: Bearer open-sesame\r\n";
    let body = format!("{publisher}Content-Length: 2\r\n\r\nhi");
    for (line, fields, expected) in [
        ("POST /channels/a", body.as_str(), 200),
        (
            "POST /channels/b?token=open-sesame",
            "Content-Length: 2\r\n\r\nhi",
            200,
        ),
        ("POST /channels/a?since=earliest", &body, 403),
        ("POST /channels/open?since=earliest", &body, 200),
        ("GET /channels/a/poll", publisher, 403),
        ("GET /channels/a/presence", publisher, 403),
        // A browser shows a cookie on its own: that is for tokens alone.
        (
            "POST /channels/a",
            "Cookie: holdline_token=open-sesame\r\nContent-Length: 2\r\n\r\nhi",
            401,
        ),
    ] {
        assert_eq!(status(&server, line, fields), expected, "{line}");
    }
    assert_eq!(
        status(
            &server,
            "POST /channels/a",
            &format!("{}Content-Length: 0\r\n", bearer(KEY))
        ),
        401
    );
}
