//! Requests that a browser makes for pages of other sites, as the browser describes them.

use holdline_e2e::{Client, Server};

use super::{UPGRADE, ask, code, kept};

/// A form or a `<script>` of another site comes without `Origin` in some browsers, or with `null`.
#[test]
fn what_another_sites_page_sends_is_not_published() {
    let server = Server::start(&[]).unwrap();
    let post = "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi";
    for fields in [
        "Sec-Fetch-Site: cross-site\r\n",
        "sec-fetch-site: Cross-Site\r\n",
        "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Site: cross-site\r\n",
        "Origin: null\r\n",
        "Origin: null\r\nSec-Fetch-Site: same-origin\r\n",
        "Origin:\r\n",
        "Origin: http://evil.example\r\nSec-Fetch-Site: same-origin\r\n",
        "Origin: http://test\r\nOrigin: http://evil.example\r\n",
        "Origin: http://test.evil.example\r\n",
        "Origin: http://test:81\r\n",
        "Origin: app://test\r\n",
    ] {
        for request in [
            format!("POST /channels/a HTTP/1.1\r\nHost: test\r\n{fields}{post}"),
            format!("POST /echo HTTP/1.1\r\nHost: test\r\n{fields}{post}"),
            format!("POST /demo/box?tick=500 HTTP/1.1\r\nHost: test\r\n{fields}{post}"),
            format!("GET /channels/a/websocket HTTP/1.1\r\nHost: test\r\n{fields}{UPGRADE}\r\n"),
            format!("GET /echo HTTP/1.1\r\nHost: test\r\n{fields}{UPGRADE}\r\n"),
        ] {
            let answer = ask(&server, &request);
            assert_eq!(answer.head.status, 403, "{request:?}: {answer:?}");
            assert_eq!(code(&answer), "foreign_origin", "{request:?}");
        }
    }
    assert_eq!(kept(&server), 0);
}

#[test]
fn programs_and_the_servers_own_pages_may_publish() {
    let server = Server::start(&["--allow-origin", "http://app.example"]).unwrap();
    let own = [
        "",
        "Sec-Fetch-Site: none\r\n",
        "Sec-Fetch-Site: same-origin\r\n",
        "Origin: http://test\r\nSec-Fetch-Site: same-origin\r\n",
        "Origin: https://test\r\n",
        "Origin: http://app.example\r\nSec-Fetch-Site: cross-site\r\n",
    ];
    for fields in own {
        let request = format!(
            "POST /channels/a HTTP/1.1\r\nHost: test\r\n{fields}Content-Length: 2\r\n\r\nhi"
        );
        let answer = ask(&server, &request);
        assert_eq!(answer.head.status, 200, "{request:?}: {answer:?}");
        let request =
            format!("GET /channels/a/websocket HTTP/1.1\r\nHost: test\r\n{fields}{UPGRADE}\r\n");
        let mut client = Client::connect(server.address()).unwrap();
        client.send(&request).unwrap();
        assert_eq!(client.head().unwrap().unwrap().status, 101, "{request:?}");
    }
    assert_eq!(kept(&server), own.len());
}

#[test]
fn another_sites_page_cannot_load_jsonp_or_the_frame() {
    let closed = Server::start(&[]).unwrap();
    let open = Server::start(&["--allow-origin", "http://app.example"]).unwrap();
    let all = Server::start(&["--allow-origin", "*"]).unwrap();
    let cases = [
        ("", [true, true, true]),
        ("Sec-Fetch-Site: none\r\n", [true, true, true]),
        ("Sec-Fetch-Site: same-origin\r\n", [true, true, true]),
        ("Sec-Fetch-Site: cross-site\r\n", [false, false, false]),
        ("Sec-Fetch-Site: same-site\r\n", [false, false, false]),
        (
            "Sec-Fetch-Site: cross-site\r\nReferer: http://app.example/page?x=/\r\n",
            [false, true, true],
        ),
        (
            "Sec-Fetch-Site: same-site\r\nReferer: http://app.example/\r\n",
            [false, true, true],
        ),
        (
            "Sec-Fetch-Site: cross-site\r\nReferer: http://app.example.evil.example/\r\n",
            [false, false, true],
        ),
        (
            "Sec-Fetch-Site: cross-site\r\nReferer: http://evil.example/http://app.example/\r\n",
            [false, false, true],
        ),
        (
            "Sec-Fetch-Site: cross-site\r\nReferer: http://app.example@evil.example/\r\n",
            [false, false, true],
        ),
        (
            "Sec-Fetch-Site: cross-site\r\nReferer: http://app.example:81/\r\n",
            [false, false, true],
        ),
        (
            "Sec-Fetch-Site: cross-site\r\nReferer: /http://app.example/\r\n",
            [false, false, false],
        ),
        (
            "Sec-Fetch-Site: cross-site\r\nReferer: http://app.example/\r\nReferer: http://app.example/\r\n",
            [false, false, false],
        ),
        (
            "Sec-Fetch-Site: cross-site\r\nOrigin: null\r\nReferer: http://app.example/\r\n",
            [false, false, false],
        ),
        (
            "Sec-Fetch-Site: cross-site\r\nOrigin: http://app.example\r\n",
            [false, true, true],
        ),
    ];
    for (fields, expected) in cases {
        for (server, expected) in [&closed, &open, &all].into_iter().zip(expected) {
            for target in ["jsonp?callback=f&wait=0", "iframe?callback=f"] {
                let mut client = Client::connect(server.address()).unwrap();
                client
                    .send(format!(
                        "GET /channels/a/{target} HTTP/1.1\r\nHost: test\r\n{fields}\r\n"
                    ))
                    .unwrap();
                let head = client.head().unwrap().unwrap();
                let status = if expected { 200 } else { 403 };
                assert_eq!(head.status, status, "{fields:?} {target}: {head:?}");
            }
        }
    }
}

#[test]
fn answers_tell_the_browser_that_other_sites_may_not_load_them() {
    let closed = Server::start(&[]).unwrap();
    let open = Server::start(&["--allow-origin", "http://app.example"]).unwrap();
    for (target, document) in [
        ("/", true),
        ("/assets/app.js", true),
        ("/channels/a/jsonp?callback=f&wait=0", true),
        ("/channels/a/iframe?callback=f", true),
        ("/channels/a/poll", false),
        ("/channels/a/long-poll?wait=0", false),
        ("/channels/a/sse", false),
        ("/channels/a/presence", false),
        ("/stats", false),
        ("/stats/sse", false),
        ("/metrics", false),
        ("/health", false),
        ("/nothing", false),
        ("/channels/a/poll?since=x", false),
    ] {
        for (server, policy) in [(&closed, Some("same-origin")), (&open, None)] {
            let mut client = Client::connect(server.address()).unwrap();
            let request = format!("GET {target} HTTP/1.1\r\nHost: test\r\n\r\n");
            client.send(request).unwrap();
            let head = client.head().unwrap().unwrap();
            let found = head.get("Cross-Origin-Resource-Policy");
            assert_eq!(found, policy, "{target}: {head:?}");
            let referrer = document.then_some("no-referrer");
            assert_eq!(head.get("Referrer-Policy"), referrer, "{target}: {head:?}");
        }
    }
}

#[test]
fn credentials_are_allowed_to_pages_that_are_allowed_by_name() {
    let server = Server::start(&[
        "--allow-origin",
        "https://app.example",
        "--allow-origin",
        "*",
    ])
    .unwrap();
    for (origin, allowed, credentials) in [
        (
            "https://app.example",
            Some("https://app.example"),
            Some("true"),
        ),
        ("https://other.example", Some("https://other.example"), None),
        ("http://test", Some("http://test"), None),
        ("null", None, None),
    ] {
        for method in ["GET", "OPTIONS", "DELETE"] {
            let answer = ask(
                &server,
                &format!(
                    "{method} /channels/a/poll HTTP/1.1\r\nHost: test\r\nOrigin: {origin}\r\n\r\n"
                ),
            );
            let field = |name| answer.head.get(name);
            assert_eq!(field("Access-Control-Allow-Origin"), allowed, "{answer:?}");
            let found = field("Access-Control-Allow-Credentials");
            assert_eq!(found, credentials, "{answer:?}");
            assert_eq!(field("Vary"), Some("Origin"), "{answer:?}");
        }
    }
}
