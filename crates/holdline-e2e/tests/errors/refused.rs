//! Requests that are wrong and understood: the connection can be used for the next one.

use holdline_e2e::{Client, Head, Server, publish};

use super::{check_date, check_error, expect, goes_on, with_host};

/// Wrong, but understood: the connection can be used for the next request.
#[test]
fn requests_that_are_refused() {
    let server = Server::start(&[]).unwrap();
    for (status, requests) in [
        (404, NOT_FOUND),
        (405, NOT_ALLOWED),
        (400, BAD_PARAMETERS),
        (501, NOT_IMPLEMENTED),
        (403, FOREIGN),
        (415, ENCODED),
        (426, NO_UPGRADE),
    ] {
        for request in requests {
            let bytes = with_host(request);
            let mut client = Client::connect(server.address()).unwrap();
            client.send(&bytes).unwrap();
            let method = request.split(' ').next().unwrap();
            let answer = expect(request, client.answer(method));
            assert_eq!(answer.head.status, status, "{request:?}: {answer:?}");
            if method == "HEAD" {
                check_date(&answer.head);
            } else {
                check_error(request, &answer);
            }
            match status {
                405 => check_allow(&server, request, &answer.head),
                426 => {
                    assert_eq!(answer.head.get("Upgrade"), Some("websocket"), "{request:?}");
                    let connection = answer.head.get("Connection").unwrap_or_default();
                    assert!(
                        connection.to_ascii_lowercase().contains("upgrade"),
                        "{answer:?}"
                    );
                }
                _ => {}
            }
            assert!(
                goes_on(&mut client),
                "{request:?}: the connection cannot be used again"
            );
        }
    }
}

const NOT_FOUND: &[&str] = &[
    "GET /nothing HTTP/1.1\r\n\r\n",
    "HEAD /nothing HTTP/1.1\r\n\r\n",
    "GET //health HTTP/1.1\r\n\r\n",
    "GET /health/ HTTP/1.1\r\n\r\n",
    "GET /../etc/passwd HTTP/1.1\r\n\r\n",
    "GET /assets/../main.rs HTTP/1.1\r\n\r\n",
    "GET /channels HTTP/1.1\r\n\r\n",
    "GET /channels/a/telepathy HTTP/1.1\r\n\r\n",
    "GET /channels/a/sse/more HTTP/1.1\r\n\r\n",
    "GET /channels/a/SSE HTTP/1.1\r\n\r\n",
    "POST /nothing HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody",
    "POST /nothing HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
];

const NOT_ALLOWED: &[&str] = &[
    "PATCH /channels/a HTTP/1.1\r\n\r\n",
    "HEAD /channels/a/websocket HTTP/1.1\r\n\r\n",
    "DELETE /channels/a/sse HTTP/1.1\r\n\r\n",
    "PUT /channels/a HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi",
    "POST /channels/a/poll HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi",
    "POST /channels/a/sse HTTP/1.1\r\n\r\n",
    "POST /channels/a/websocket HTTP/1.1\r\n\r\n",
    "POST /channels/a/presence HTTP/1.1\r\n\r\n",
    "POST /health HTTP/1.1\r\n\r\n",
    "DELETE /stats HTTP/1.1\r\n\r\n",
    "PATCH /metrics HTTP/1.1\r\n\r\n",
    "PUT /echo HTTP/1.1\r\n\r\n",
    "TRACE / HTTP/1.1\r\n\r\n",
    "POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi",
];

const BAD_PARAMETERS: &[&str] = &[
    "GET /channels/a/poll?since=yesterday HTTP/1.1\r\n\r\n",
    "GET /channels/a/long-poll?since=1 HTTP/1.1\r\n\r\n",
    "GET /channels/a/jsonp?callback=f&since=1-2-3 HTTP/1.1\r\n\r\n",
    "GET /channels/a/xhr-stream?since=-1 HTTP/1.1\r\n\r\n",
    "GET /channels/a/iframe?callback=f&since=%00 HTTP/1.1\r\n\r\n",
    "GET /channels/a/sse?since=now HTTP/1.1\r\n\r\n",
    "GET /channels/a/sse?since= HTTP/1.1\r\n\r\n",
    "GET /channels/a/sse?last_event_id=x HTTP/1.1\r\n\r\n",
    "GET /channels/a/sse?lastEventId=x HTTP/1.1\r\n\r\n",
    "GET /channels/a/sse HTTP/1.1\r\nLast-Event-ID: x\r\n\r\n",
    "GET /channels/a/sse?since=earliest HTTP/1.1\r\nLast-Event-ID: x\r\n\r\n",
    "GET /channels/a/sse HTTP/1.1\r\nLast-Event-ID: 1-1\r\nLast-Event-ID: 1-2\r\n\r\n",
    "GET /channels/a/sse?since=1-ffffffffffffffffff HTTP/1.1\r\n\r\n",
    "GET /channels/a/sse?since=1-8000000000000000 HTTP/1.1\r\n\r\n",
    "GET /channels/a/poll HTTP/1.1\r\nLast-Event-ID: 1-ffffffffffffffff\r\n\r\n",
    "GET /channels/a/sse?format=xml HTTP/1.1\r\n\r\n",
    // What only looks like a parameter would begin the stream from now on.
    "GET /channels/a/sse?Since=earliest HTTP/1.1\r\n\r\n",
    "GET /channels/a/sse?SINCE=1-1 HTTP/1.1\r\n\r\n",
    "GET /channels/a/sse?Last-Event-ID=1-1 HTTP/1.1\r\n\r\n",
    "GET /channels/a/sse?last-event-id=1-1 HTTP/1.1\r\n\r\n",
    "GET /channels/a/sse?lasteventid=1-1 HTTP/1.1\r\n\r\n",
    "GET /channels/a/sse?%53ince=1-1 HTTP/1.1\r\n\r\n",
    "GET /channels/a/poll?LastEventID=1-1 HTTP/1.1\r\n\r\n",
    "GET /channels/a/jsonp?Callback=f HTTP/1.1\r\n\r\n",
    "GET /channels/a/long-poll?Wait=1 HTTP/1.1\r\n\r\n",
    "GET /channels/a/poll?since=earliest&since=earliest HTTP/1.1\r\n\r\n",
    "GET /channels/a/poll?last_event_id=1-1&last_event_id=1-1 HTTP/1.1\r\n\r\n",
    "GET /channels/a/jsonp?callback=f&callback=g&wait=0 HTTP/1.1\r\n\r\n",
    "GET /channels/a/long-poll?wait=0&wait=0 HTTP/1.1\r\n\r\n",
    "GET /channels/a/sse?format=json&format=text HTTP/1.1\r\n\r\n",
    "GET /channels/a/sse?padding=true&padding=false HTTP/1.1\r\n\r\n",
    "GET /channels/a/poll?token=x&token=x HTTP/1.1\r\n\r\n",
    "GET /channels/a/poll?x=% HTTP/1.1\r\n\r\n",
    "GET /channels/a/poll?x=%zz HTTP/1.1\r\n\r\n",
    "GET /channels/a/poll?x=%FF HTTP/1.1\r\n\r\n",
    "GET /channels/a/jsonp HTTP/1.1\r\n\r\n",
    "GET /channels/a/jsonp?callback= HTTP/1.1\r\n\r\n",
    "GET /channels/a/jsonp?callback=alert(1) HTTP/1.1\r\n\r\n",
    "GET /channels/a/jsonp?callback=a%20b HTTP/1.1\r\n\r\n",
    "GET /channels/a/jsonp?callback=%3Cscript%3E HTTP/1.1\r\n\r\n",
    "GET /channels/a/iframe HTTP/1.1\r\n\r\n",
    "GET /channels/a/iframe?callback=a.b HTTP/1.1\r\n\r\n",
    "GET /channels/a/iframe?callback=f)%3C/script%3E HTTP/1.1\r\n\r\n",
    "GET /channels/a/long-poll?wait=soon HTTP/1.1\r\n\r\n",
    "GET /channels/a/long-poll?wait=-1 HTTP/1.1\r\n\r\n",
    "GET /channels/a/long-poll?wait=NaN HTTP/1.1\r\n\r\n",
    "GET /channels/a/long-poll?wait=1e9 HTTP/1.1\r\n\r\n",
    "GET /channels/a,/poll HTTP/1.1\r\n\r\n",
    "GET /channels/,a/poll HTTP/1.1\r\n\r\n",
    "GET /channels//poll HTTP/1.1\r\n\r\n",
    "GET /channels/%FF/poll HTTP/1.1\r\n\r\n",
    "GET /channels/%/poll HTTP/1.1\r\n\r\n",
    "GET /channels/a%4/poll HTTP/1.1\r\n\r\n",
    "GET /channels/%zz/sse HTTP/1.1\r\n\r\n",
    "GET /channels/./poll HTTP/1.1\r\n\r\n",
    "GET /channels/../poll HTTP/1.1\r\n\r\n",
    "GET /channels/%2e%2E/poll HTTP/1.1\r\n\r\n",
    "GET /channels/a,../poll HTTP/1.1\r\n\r\n",
    "GET /channels/../presence HTTP/1.1\r\n\r\n",
    "GET /channels/a%2Fb/poll HTTP/1.1\r\n\r\n",
    "GET /channels/a%0A/poll HTTP/1.1\r\n\r\n",
    "GET /channels/a,b/presence HTTP/1.1\r\n\r\n",
    "POST /channels/ HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi",
    "POST /channels/.. HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi",
    "POST /channels/%2e HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi",
    "POST /channels/a%2 HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi",
    "POST /channels/a?event=a&event=b HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi",
    "POST /channels/a?Event=a HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi",
    "POST /channels/a?event=a%2 HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi",
    "POST /channels/a?event=%FF HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi",
    "POST /channels/a?since=earliest&since=earliest HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi",
    "POST /demo/box?tick=500&tick=100 HTTP/1.1\r\n\r\n",
    "POST /channels/a,b HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi",
    "POST /channels/a?event=holdline.lost HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi",
    "POST /channels/a?event=holdline. HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi",
    "POST /channels/a?event= HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi",
    "POST /channels/a?event=a%0Ab HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi",
    "POST /channels/a?since=x HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi",
    "POST /demo/box?tick=1 HTTP/1.1\r\n\r\n",
];

const NOT_IMPLEMENTED: &[&str] = &[
    "BREW /pot HTTP/1.1\r\n\r\n",
    "get /health HTTP/1.1\r\n\r\n",
    "PROPFIND / HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi",
];

const FOREIGN: &[&str] = &[
    "POST /channels/a HTTP/1.1\r\nOrigin: http://evil.example\r\nContent-Length: 2\r\n\r\nhi",
    "POST /channels/a HTTP/1.1\r\nOrigin: null\r\nContent-Length: 2\r\n\r\nhi",
    "POST /channels/a HTTP/1.1\r\nOrigin: \r\nContent-Length: 2\r\n\r\nhi",
    "POST /channels/a HTTP/1.1\r\nOrigin: http://test:81\r\nContent-Length: 2\r\n\r\nhi",
    "POST /channels/a HTTP/1.1\r\nOrigin: http://test.evil.example\r\nContent-Length: 2\r\n\r\nhi",
    "POST /echo HTTP/1.1\r\nOrigin: http://evil.example\r\nContent-Length: 2\r\n\r\nhi",
    "GET /channels/a/websocket HTTP/1.1\r\nOrigin: http://evil.example\r\nConnection: Upgrade\r\n\
     Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    "GET /channels/a/websocket HTTP/1.1\r\nOrigin: null\r\nConnection: Upgrade\r\n\
     Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
];

const ENCODED: &[&str] = &[
    "POST /channels/a HTTP/1.1\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nhi",
    "POST /channels/a HTTP/1.1\r\nContent-Encoding: identity, br\r\nContent-Length: 2\r\n\r\nhi",
    "POST /channels/a HTTP/1.1\r\nContent-Encoding: identity\r\nContent-Encoding: gzip\r\n\
     Content-Length: 2\r\n\r\nhi",
];

const NO_UPGRADE: &[&str] = &[
    "GET /channels/a/websocket HTTP/1.1\r\n\r\n",
    "GET /echo HTTP/1.1\r\n\r\n",
    "GET /echo HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
    "GET /echo HTTP/1.1\r\nUpgrade: websocket\r\n\r\n",
    "GET /echo HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
     Sec-WebSocket-Version: 12\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
];

/// A refused publish leaves no message behind.
#[test]
fn what_is_refused_is_not_published() {
    let server = Server::start(&[]).unwrap();
    let mut client = Client::connect(server.address()).unwrap();
    let kept = publish(&mut client, "a", "kept").unwrap();
    let refused = [FOREIGN, BAD_PARAMETERS, NOT_ALLOWED, ENCODED].concat();
    for request in refused {
        let mut client = Client::connect(server.address()).unwrap();
        client.send(with_host(request)).unwrap();
        let method = request.split(' ').next().unwrap();
        assert!(expect(request, client.answer(method)).head.status >= 400);
    }
    client
        .send(with_host(
            "GET /channels/a/poll?since=earliest HTTP/1.1\r\n\r\n",
        ))
        .unwrap();
    let answer = client.answer("GET").unwrap().json().unwrap();
    assert_eq!(answer["messages"].as_array().unwrap().len(), 1, "{answer}");
    assert_eq!(answer["messages"][0]["id"], kept.as_str());
}

#[test]
fn a_parameter_that_is_nearly_right_is_told_how_it_is_written() {
    let server = Server::start(&[]).unwrap();
    for (name, known) in [
        ("Since", "since"),
        ("Last-Event-ID", "last_event_id"),
        ("lasteventid", "last_event_id"),
        ("CallBack", "callback"),
    ] {
        let request = format!("GET /channels/a/poll?x=1&{name}=1-1 HTTP/1.1\r\n\r\n");
        let mut client = Client::connect(server.address()).unwrap();
        client.send(with_host(&request)).unwrap();
        let answer = client.answer("GET").unwrap();
        assert_eq!(answer.head.status, 400, "{name}: {answer:?}");
        let text = answer.text();
        assert!(text.contains("\"bad_parameter\""), "{text}");
        assert!(text.contains(&format!("`{known}`")), "{name}: {text}");
    }
    // What a client appends for itself, or a proxy, is passed over.
    for query in [
        "r=0.5&_=1",
        "lastEventId=&lastEventId=",
        "utm_source=x&utm_source=y",
    ] {
        let request = format!("GET /channels/a/poll?{query} HTTP/1.1\r\n\r\n");
        let mut client = Client::connect(server.address()).unwrap();
        client.send(with_host(&request)).unwrap();
        assert_eq!(client.answer("GET").unwrap().head.status, 200, "{query}");
    }
}

#[test]
fn a_body_that_is_not_utf_8() {
    let server = Server::start(&[]).unwrap();
    for body in [
        &b"\xff"[..],
        b"caf\xe9",
        b"\xc3",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\xc0\xaf",
    ] {
        let mut client = Client::connect(server.address()).unwrap();
        let head = format!(
            "POST /channels/a HTTP/1.1\r\nHost: test\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        client.send([head.as_bytes(), body].concat()).unwrap();
        let answer = client.answer("POST").unwrap();
        assert_eq!(answer.head.status, 400, "{body:?}");
        check_error("not UTF-8", &answer);
        assert!(goes_on(&mut client));
    }
}

#[test]
fn publishing_needs_the_token() {
    let server = Server::start(&["--publish-token", "open-sesame"]).unwrap();
    let mut client = Client::connect(server.address()).unwrap();
    for (fields, query, status) in [
        ("", "", 401),
        ("Authorization: Bearer open-sesam\r\n", "", 401),
        ("Authorization: Bearer open-sesamee\r\n", "", 401),
        ("Authorization: Bearer\r\n", "", 401),
        ("Authorization: Basic open-sesame\r\n", "", 401),
        // Credentials of another kind, such as those that a proxy asks for, are passed over.
        ("Authorization: Basic x\r\n", "?token=open-sesame", 200),
        ("", "?token=", 401),
        ("", "?token=Open-Sesame", 401),
        ("", "?token=open-sesame", 200),
        ("Authorization: Bearer open-sesame\r\n", "", 200),
        ("authorization: bearer open-sesame\r\n", "", 200),
    ] {
        let request =
            format!("POST /channels/a{query} HTTP/1.1\r\n{fields}Content-Length: 2\r\n\r\nhi");
        client.send(with_host(&request)).unwrap();
        let answer = client.answer("POST").unwrap();
        assert_eq!(answer.head.status, status, "{request:?}: {answer:?}");
        if status == 401 {
            check_error(&request, &answer);
            let challenge = answer.head.get("WWW-Authenticate").unwrap_or_default();
            assert!(challenge.starts_with("Bearer"), "{answer:?}");
        }
    }
    // A body that will not be taken anyway, and a reader who needs no token.
    client
        .send(with_host(
            "GET /channels/a/poll?since=earliest HTTP/1.1\r\n\r\n",
        ))
        .unwrap();
    let answer = client.answer("GET").unwrap().json().unwrap();
    assert_eq!(answer["messages"].as_array().unwrap().len(), 4, "{answer}");
}

/// `Allow` names methods, and none of them is refused with 405.
fn check_allow(server: &Server, request: &str, head: &Head) {
    let allow = head
        .get("Allow")
        .unwrap_or_else(|| panic!("{request:?}: no Allow"));
    let mut parts = request.split(' ');
    let (method, target) = (parts.next().unwrap(), parts.next().unwrap());
    let allowed: Vec<&str> = allow.split(", ").collect();
    assert!(!allowed.contains(&method), "{request:?}: {allow}");
    for method in allowed.into_iter().filter(|method| *method != "GET") {
        let mut client = Client::connect(server.address()).unwrap();
        client
            .send(with_host(&format!(
                "{method} {target} HTTP/1.1\r\nContent-Length: 0\r\n\r\n"
            )))
            .unwrap();
        let head = client.head().unwrap().unwrap();
        assert!(
            !matches!(head.status, 405 | 501),
            "{method} {target}: {head:?}"
        );
    }
}
