//! Every wrong request gets the right answer, as JSON, and the server goes on.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

mod at_the_head;
mod broken;
mod garbage;
mod half_closed;
mod refused;

use holdline_e2e::{Client, Head, Response, Server, with_host};

#[test]
fn every_final_response_has_a_date() {
    let server = Server::start(&[]).unwrap();
    let mut client = Client::connect(server.address()).unwrap();
    client.send(with_host("GET / HTTP/1.1\r\n\r\n")).unwrap();
    let page = client.answer("GET").unwrap();
    let etag = page.head.get("ETag").unwrap().to_owned();
    check_date(&page.head);
    for (request, status) in [
        ("HEAD / HTTP/1.1\r\n\r\n", 200),
        (
            &*format!("GET / HTTP/1.1\r\nIf-None-Match: {etag}\r\n\r\n"),
            304,
        ),
        ("GET / HTTP/1.1\r\nIf-None-Match: \"other\"\r\n\r\n", 200),
        ("OPTIONS * HTTP/1.1\r\n\r\n", 204),
        ("OPTIONS /channels/a HTTP/1.1\r\n\r\n", 204),
        ("GET /health HTTP/1.1\r\n\r\n", 200),
        ("GET /stats HTTP/1.1\r\n\r\n", 200),
        ("GET /metrics HTTP/1.1\r\n\r\n", 200),
        ("GET /channels/a/poll HTTP/1.1\r\n\r\n", 200),
        ("GET /channels/a/long-poll?wait=0 HTTP/1.1\r\n\r\n", 200),
        ("GET /channels/a/long-poll?wait=0.1 HTTP/1.1\r\n\r\n", 200),
        (
            "GET /channels/a/jsonp?callback=f&wait=0 HTTP/1.1\r\n\r\n",
            200,
        ),
        ("GET /channels/a/presence HTTP/1.1\r\n\r\n", 200),
        ("HEAD /channels/a/sse HTTP/1.1\r\n\r\n", 200),
        ("HEAD /channels/a/xhr-stream HTTP/1.1\r\n\r\n", 200),
        ("HEAD /channels/a/iframe?callback=f HTTP/1.1\r\n\r\n", 200),
        ("HEAD /channels/a/poll HTTP/1.1\r\n\r\n", 200),
        ("HEAD /channels/a/long-poll HTTP/1.1\r\n\r\n", 200),
        ("HEAD /channels/a/jsonp?callback=f HTTP/1.1\r\n\r\n", 200),
        (
            "POST /channels/a HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
            200,
        ),
    ] {
        client.send(with_host(request)).unwrap();
        let method = request.split(' ').next().unwrap();
        let answer = expect(request, client.answer(method));
        assert_eq!(answer.head.status, status, "{request:?}: {answer:?}");
        check_date(&answer.head);
    }
    for transport in ["sse", "xhr-stream", "iframe?callback=f"] {
        let mut client = Client::connect(server.address()).unwrap();
        client
            .send(with_host(&format!(
                "GET /channels/a/{transport} HTTP/1.1\r\n\r\n"
            )))
            .unwrap();
        check_date(&client.head().unwrap().unwrap());
    }
}

fn expect(name: &str, answer: std::io::Result<Response>) -> Response {
    answer.unwrap_or_else(|error| panic!("{name:?}: {error}"))
}

fn check_error(name: &str, answer: &Response) {
    check_date(&answer.head);
    let json = answer
        .json()
        .unwrap_or_else(|error| panic!("{name:?}: {error}"));
    let error = &json["error"];
    let words = |key: &str| error[key].as_str().is_some_and(|text| !text.is_empty());
    assert!(words("code") && words("message"), "{name:?}: {json}");
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    assert!(
        error["code"].as_str().unwrap().bytes().all(plain),
        "{name:?}: {json}"
    );
    assert_eq!(json.as_object().unwrap().len(), 1, "{name:?}: {json}");
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`, once.
fn check_date(head: &Head) {
    let dates: Vec<&str> = head.all("Date").collect();
    let [date] = dates[..] else {
        panic!("not one date: {head:?}")
    };
    let form: String = date
        .chars()
        .map(|c| match c {
            '0'..='9' => '0',
            'A'..='Z' => 'A',
            'a'..='z' => 'a',
            other => other,
        })
        .collect();
    assert_eq!(form, "Aaa, 00 Aaa 0000 00:00:00 AAA", "{date:?}");
}

/// Whether the connection takes another request.
fn goes_on(client: &mut Client) -> bool {
    let sent = client.send("GET /health HTTP/1.1\r\nHost: test\r\n\r\n");
    sent.and_then(|()| client.answer("GET"))
        .is_ok_and(|answer| answer.text() == "ok")
}

fn check_health(server: &Server) {
    let mut client = Client::connect(server.address()).unwrap();
    assert!(goes_on(&mut client), "the server does not answer any more");
}
