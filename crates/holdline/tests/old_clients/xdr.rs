use holdline_sse::PADDING;

use crate::bytes::Client;
use crate::program::{Running, serve};

const PAGE: &str = "Origin: http://app.example\r\n";
const BROWSER: &str = "Accept: */*\r\n\
    Origin: http://app.example\r\n\
    Accept-Language: en-US\r\n\
    UA-CPU: AMD64\r\n\
    Accept-Encoding: gzip, deflate\r\n\
    User-Agent: Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0)\r\n\
    Connection: Keep-Alive\r\n";
const STREAM_HEAD: &str = "HTTP/1.1 200 OK\r\n\
    Access-Control-Allow-Origin: http://app.example\r\n\
    Access-Control-Allow-Credentials: true\r\n\
    Vary: Origin\r\n\
    Content-Type: text/event-stream\r\n\
    Cache-Control: no-store\r\n\
    X-Content-Type-Options: nosniff\r\n\
    X-Accel-Buffering: no\r\n\
    Transfer-Encoding: chunked\r\n";

fn start() -> (Running, std::net::SocketAddr) {
    let (server, address) = serve("127.0.0.1:0", &["--allow-origin", "http://app.example"]);
    (server, address.parse().unwrap())
}

/// Publishes and returns the cursor and the head of the answer.
fn post(client: &mut Client, target: &str, fields: &str, text: &str) -> (String, String) {
    let fields = format!("{fields}Content-Length: {}\r\n", text.len());
    client.send("POST", target, &fields);
    client.write(text.as_bytes());
    let head = client.head();
    let body = client.body(&head);
    let id = body.strip_prefix("{\"id\":\"").unwrap_or_default();
    (id.split('"').next().unwrap().to_owned(), head)
}

#[test]
fn a_stream_is_padded_names_the_page_and_sends_each_message_at_once() {
    let (_server, address) = start();
    let mut reader = Client::connect(address);
    // What Yaffle's polyfill makes of `…/sse?padding=true` in its first request.
    let target = "/channels/a/sse?padding=true&lastEventId=&r=4829713860";
    reader.send("GET", target, BROWSER);
    assert_eq!(reader.head(), STREAM_HEAD);
    let first = reader.chunk();
    let opening = String::from_utf8(first[PADDING.len()..].to_vec()).unwrap();
    assert_eq!(&first[..PADDING.len()], PADDING);
    assert!(
        opening.starts_with("id: ") && opening.ends_with("-0\n\n"),
        "{opening}"
    );

    let mut writer = Client::connect(address);
    for (number, text) in ["one", "tw\no", "grün"].into_iter().enumerate() {
        let fields = format!("{BROWSER}Content-Type: text/plain\r\n");
        let (id, _) = post(&mut writer, "/channels/a", &fields, text);
        let data = text.replace('\n', "\ndata: ");
        let event = format!("id: {id}\ndata: {data}\n\n");
        // Sent before the next one is published, and as a chunk of its own.
        assert_eq!(String::from_utf8(reader.chunk()).unwrap(), event);
        assert!(id.ends_with(&format!("-{}", number + 1)));
    }
}

#[test]
fn without_the_wish_there_is_no_padding_and_without_origin_no_field_for_pages() {
    let (_server, address) = start();
    for query in ["", "?padding=false", "?padding=0"] {
        let mut reader = Client::connect(address);
        reader.send("GET", &format!("/channels/a/sse{query}"), "");
        let (_, plain) = STREAM_HEAD.split_once("Vary: Origin\r\n").unwrap();
        assert_eq!(reader.head(), format!("HTTP/1.1 200 OK\r\n{plain}"));
        assert!(reader.chunk().starts_with(b"id: "));
    }
}

#[test]
fn a_body_is_text_whatever_type_it_claims_or_none() {
    let (_server, address) = start();
    let mut client = Client::connect(address);
    let expected = |length: usize| {
        format!(
            "HTTP/1.1 200 OK\r\n\
             Access-Control-Allow-Origin: http://app.example\r\n\
             Access-Control-Allow-Credentials: true\r\n\
             Vary: Origin\r\n\
             Content-Type: application/json\r\n\
             Cache-Control: no-store\r\n\
             X-Content-Type-Options: nosniff\r\n\
             Content-Length: {length}\r\n"
        )
    };
    for kind in [
        "",
        "Content-Type: text/plain\r\n",
        "Content-Type: text/plain;charset=UTF-8\r\n",
        "Content-Type: application/x-www-form-urlencoded\r\n",
        "Content-Type:\r\n",
    ] {
        let (id, head) = post(
            &mut client,
            "/channels/a",
            &format!("{PAGE}{kind}"),
            "a=1&b=+",
        );
        assert_eq!(
            head,
            expected(id.len() + r#"{"id":"","receivers":0}"#.len())
        );
        // Stored unchanged: it is not parsed as a form.
        let target = "/channels/a/poll?since=earliest";
        client.send("GET", target, PAGE);
        let head = client.head();
        let body = client.body(&head);
        let last = format!(r#"{{"id":"{id}","channel":"a","data":"a=1&b=+"}}],"lost":false}}"#);
        assert!(body.ends_with(&last), "{body}");
    }
    let fields = format!("{PAGE}Content-Type: text/plain\r\nContent-Length: 1\r\n");
    client.send("POST", "/channels/a", &fields);
    client.write(b"\xe9");
    let head = client.head();
    assert!(head.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{head}");
    assert!(client.body(&head).contains("not_utf8"));
}

#[test]
fn every_answer_to_an_allowed_page_names_it_errors_too_and_no_cookie_is_asked_or_set() {
    let (_server, address) = start();
    let plain: [(&str, &str, u16); 13] = [
        ("GET", "/", 200),
        ("GET", "/health", 200),
        ("GET", "/stats", 200),
        ("GET", "/stats/sse", 200),
        ("GET", "/channels/a/poll", 200),
        ("GET", "/channels/a/long-poll?wait=0", 200),
        ("GET", "/channels/a/sse", 200),
        ("GET", "/channels/a/sse?lastEventId=nonsense", 400),
        ("GET", "/channels/a/nothing", 404),
        ("POST", "/channels/a/sse", 405),
        ("GET", "/channels/a/websocket", 426),
        ("BREW", "/", 501),
        // No tunnel is opened, and the target is not treated as an unknown path.
        ("CONNECT", "app.example:443", 501),
    ];
    for (method, target, status) in plain {
        let ask = |fields: &str| {
            let mut client = Client::connect(address);
            client.send(method, target, fields);
            client.head()
        };
        let length = if method == "POST" {
            "Content-Length: 0\r\n"
        } else {
            ""
        };
        let cookie = "Cookie: session=1; other=2\r\n";
        let allowed = ask(&format!("{PAGE}{cookie}{length}"));
        let foreign = ask(&format!("Origin: http://other.example\r\n{length}"));
        let no_page = ask(length);
        assert!(
            allowed.contains("Access-Control-Allow-Origin: http://app.example\r\n"),
            "{allowed}"
        );
        for head in [&allowed, &foreign, &no_page] {
            assert!(!head.to_lowercase().contains("cookie"), "{head}");
        }
        assert!(allowed.contains("Vary: Origin\r\n") && foreign.contains("Vary: Origin\r\n"));
        for head in [&foreign, &no_page] {
            assert!(!head.contains("Access-Control"), "{head}");
        }
        let expected = if (method, status) == ("GET", 426) {
            // A bad handshake is reported as such; a page of another origin may not even try.
            assert!(foreign.starts_with("HTTP/1.1 403 "), "{foreign}");
            "HTTP/1.1 4".to_owned()
        } else {
            format!("HTTP/1.1 {status} ")
        };
        assert!(allowed.starts_with(&expected), "{target}: {allowed}");
    }
}

#[test]
fn a_page_may_read_what_is_wrong_with_its_body_but_not_with_its_head() {
    let options = ["--allow-origin", "http://app.example", "--max-message", "8"];
    let (_server, address) = serve("127.0.0.1:0", &options);
    let chunked = "Transfer-Encoding: chunked\r\n";
    let cases = [
        (chunked, "4\r\ntext\r\nx\r\n", "400 Bad Request", true),
        (chunked, "9\r\ntoo much.\r\n", "413 Content Too Large", true),
        (
            chunked,
            "4\r\ntext\r\n0\r\nno trailer\r\n\r\n",
            "400 Bad Request",
            true,
        ),
        ("Content-Length: 9\r\n", "", "413 Content Too Large", true),
        // This error is found while reading the head, before its sender is known.
        ("Content-Length: x\r\n", "", "400 Bad Request", false),
    ];
    for (fields, body, status, named) in cases {
        let ask = |origin: &str| {
            let mut client = Client::connect(address.parse().unwrap());
            client.send(
                "POST",
                "/channels/a",
                &format!("Origin: {origin}\r\n{fields}"),
            );
            client.write(body.as_bytes());
            client.head()
        };
        let head = ask("http://app.example");
        assert!(
            head.starts_with(&format!("HTTP/1.1 {status}\r\n")),
            "{head}"
        );
        let field = "Access-Control-Allow-Origin: http://app.example\r\n\
            Access-Control-Allow-Credentials: true\r\nVary: Origin\r\n";
        assert_eq!(head.contains(field), named, "{head}");
        let foreign = ask("http://other.example");
        assert!(!foreign.contains("Access-Control"), "{foreign}");
        assert_eq!(foreign.contains("Vary: Origin"), named, "{foreign}");
    }
}

#[test]
fn a_page_may_read_that_the_server_is_full() {
    let options = ["--allow-origin", "*", "--max-connections", "1"];
    let (_server, address) = serve("127.0.0.1:0", &options);
    let mut first = Client::connect(address.parse().unwrap());
    first.send("GET", "/channels/a/sse", PAGE);
    // Allowed only because all pages are, so without credentials.
    let credentials = "Access-Control-Allow-Credentials: true\r\n";
    assert_eq!(first.head(), STREAM_HEAD.replace(credentials, ""));
    let mut second = Client::connect(address.parse().unwrap());
    second.send("GET", "/channels/a/sse", PAGE);
    let head = second.head();
    let expected = "HTTP/1.1 503 Service Unavailable\r\n\
        Access-Control-Allow-Origin: http://app.example\r\n\
        Vary: Origin\r\n\
        Retry-After: 1\r\n\
        Access-Control-Expose-Headers: Retry-After\r\n\
        Content-Type: application/json\r\n";
    assert!(head.starts_with(expected), "{head}");
}

#[test]
fn a_foreign_page_may_not_publish() {
    let (_server, address) = start();
    for origin in [
        "http://other.example",
        "null",
        "http://app.example.other",
        "https://app.example",
    ] {
        let mut client = Client::connect(address);
        let fields = format!("Origin: {origin}\r\nContent-Type: text/plain\r\n");
        let (_, head) = post(&mut client, "/channels/a", &fields, "x");
        assert!(
            head.starts_with("HTTP/1.1 403 Forbidden\r\n"),
            "{origin}: {head}"
        );
    }
}

#[test]
fn the_stats_are_told_again_each_second() {
    let (_server, address) = start();
    let mut reader = Client::connect(address);
    reader.send("GET", "/stats/sse?padding=true", BROWSER);
    assert_eq!(reader.head(), STREAM_HEAD);
    assert_eq!(reader.chunk(), PADDING);
    let mut states = Vec::new();
    for published in 0..3 {
        if published > 0 {
            post(&mut Client::connect(address), "/channels/a", "", "x");
        }
        // A message published in the meantime may be in the next state or the one after it.
        let state = loop {
            let event = String::from_utf8(reader.chunk()).unwrap();
            let data = event
                .strip_prefix("data: ")
                .unwrap()
                .strip_suffix("\n\n")
                .unwrap();
            let state: serde_json::Value = serde_json::from_str(data).unwrap();
            if state["published"] == published {
                break state;
            }
        };
        assert!(state["connections"].as_u64().unwrap() >= 1);
        states.push(state);
    }
    let mut client = Client::connect(address);
    client.send("HEAD", "/stats/sse", BROWSER);
    assert_eq!(client.head(), STREAM_HEAD);
    client.send("GET", "/stats", "");
    let head = client.head();
    let stats: serde_json::Value = serde_json::from_str(&client.body(&head)).unwrap();
    let members = |value: &serde_json::Value| {
        let mut names: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
        names.sort();
        names
    };
    assert_eq!(members(&stats), members(&states[0]));
}
