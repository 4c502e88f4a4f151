//! `/illustrated/live` shows a browser the bytes of its own connections, and nobody else's.

use std::io::Write;

use crate::Server;
use crate::watch::{OWN, Watch, until};

#[test]
fn a_page_sees_the_bytes_of_its_request_as_they_were_on_the_socket() {
    let server = Server::start();
    let mut watch = Watch::open(&server);
    let mut socket = server.connect();
    // As no program would write it again, and in pieces.
    let fields = format!("{OWN}Accept:\t */*  \r\nCookie: secret=1\r\nX-From-Proxy: hush\r\n");
    let get = watch.get("request", &fields);
    let (front, back) = get.split_at(70);
    socket.write_all(front.as_bytes()).unwrap();
    socket.write_all(back.as_bytes()).unwrap();
    let answer = until(&mut socket, b"answer to request 1\n");
    let seen = watch.sides("request", 0, get.len() + answer.len());
    let hidden = get.replace("secret=1", "********").replace("hush", "****");
    assert_eq!(seen.client, hidden);
    assert_eq!(seen.server, answer);
}

#[test]
fn a_page_sees_its_event_stream_and_what_comes_after_a_cut() {
    let server = Server::start();
    let mut watch = Watch::open(&server);
    let mut stream = server.connect();
    let get = watch.get("stream", &format!("{OWN}Accept: text/event-stream\r\n"));
    stream.write_all(get.as_bytes()).unwrap();
    let mut answer = until(&mut stream, b"the stream is open\n\n\r\n");
    let mut other = server.connect();
    other
        .write_all(watch.get("request", OWN).as_bytes())
        .unwrap();
    answer += &until(&mut stream, b"request 1 was answered\n\n\r\n");
    let seen = watch.sides("stream", 0, get.len() + answer.len());
    assert_eq!((&seen.client, &seen.server), (&get, &answer));
    // It is cut, and comes back over the same connection.
    other
        .write_all(
            watch
                .get("request", OWN)
                .replace(" HTTP", "&cut HTTP")
                .as_bytes(),
        )
        .unwrap();
    answer += &until(&mut stream, b"0\r\n\r\n");
    let again = watch.get("stream", &format!("{OWN}Last-Event-ID: 1\r\n"));
    stream.write_all(again.as_bytes()).unwrap();
    let back = until(&mut stream, b"you have seen event 1\n\n\r\n");
    let seen = watch.sides("stream", 0, get.len() + answer.len());
    assert_eq!(seen.server, answer);
    let seen = watch.sides("stream", 3, again.len() + back.len());
    assert_eq!((seen.client, seen.server), (again, back));
}

#[test]
fn a_page_sees_its_websocket_with_masks() {
    let server = Server::start();
    let mut watch = Watch::open(&server);
    let mut socket = server.connect();
    let fields = "Origin: http://localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let get = watch.get("websocket", fields);
    socket.write_all(get.as_bytes()).unwrap();
    let mut answer = until(&mut socket, b"\r\n\r\n");
    socket
        .write_all(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58")
        .unwrap();
    answer += &until(&mut socket, b"Hello");
    socket.write_all(b"\x88\x82\0\0\0\0\x03\xe8").unwrap();
    answer += &until(&mut socket, b"\x88\x02\x03\xe8");
    let frames = "\u{81}\u{85}7\u{fa}!=\u{7f}\u{9f}MQX\u{88}\u{82}\0\0\0\0\u{3}\u{e8}";
    let client = get + frames;
    let seen = watch.sides("websocket", 0, client.len() + answer.len());
    assert_eq!((seen.client, seen.server), (client, answer));
}

#[test]
fn a_page_sees_frames_that_come_with_the_handshake_as_they_are() {
    let server = Server::start();
    let mut watch = Watch::open(&server);
    let mut socket = server.connect();
    let fields = "Origin: http://localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let get = watch.get("websocket", fields) + "\u{81}\u{86}\0\0\0\0a:b\nc:\u{81}\u{82}\0\0\0\0hi";
    let bytes: Vec<u8> = get.chars().map(|byte| byte as u8).collect();
    socket.write_all(&bytes).unwrap();
    let mut answer = until(&mut socket, b"\r\n\r\n");
    answer += &until(&mut socket, b"\x81\x02hi");
    let seen = watch.sides("websocket", 0, get.len() + answer.len());
    assert_eq!((seen.client, seen.server), (get, answer));
}

#[test]
fn a_page_sees_the_answer_to_what_it_should_not_have_asked() {
    let server = Server::start();
    let mut watch = Watch::open(&server);
    let mut socket = server.connect();
    let post = watch.get(
        "stream",
        &format!("{OWN}Expect: 100-continue\r\nContent-Length: 3\r\n"),
    );
    let post = post.replacen("GET", "POST", 1) + "a:b";
    socket.write_all(post.as_bytes()).unwrap();
    let answer = until(&mut socket, b"}");
    assert!(
        answer.contains(" 405 ") && answer.contains("\r\nAllow: "),
        "{answer}"
    );
    let seen = watch.sides("stream", 0, answer.len());
    assert!(post.starts_with(&seen.client), "{}", seen.client);
    assert!(seen.server.starts_with(&answer), "{}", seen.server);
}

#[test]
fn a_page_sees_nothing_of_others_who_share_its_connection() {
    let server = Server::start();
    let mut watch = Watch::open(&server);
    let mut socket = server.connect();
    let own = watch.get("request", OWN);
    let other = "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6\r\n\r\nsecret";
    // As a proxy may do it that keeps one connection for many clients.
    socket
        .write_all([other, &own, other, &own].concat().as_bytes())
        .unwrap();
    until(&mut socket, b"secret");
    let first = until(&mut socket, b"answer to request 1\n");
    until(&mut socket, b"secret");
    let second = until(&mut socket, b"answer to request 2\n");
    let seen = watch.sides("request", 0, own.len() + first.len());
    assert_eq!((&seen.client, seen.server), (&own, first));
    let seen = watch.sides("request", 1, own.len() + second.len());
    assert_eq!((seen.client, seen.server), (own, second));
}

#[test]
fn other_pages_have_nothing_shown_and_whoever_knows_no_id_neither() {
    let server = Server::start();
    let watch = Watch::open(&server);
    let ask = |target: &str, fields: &str| {
        let answer = server.ask(&format!("GET {target}"), fields, "");
        answer[9..12].to_owned()
    };
    let request = watch.target("request");
    for fields in [
        "",
        "Sec-Fetch-Site: cross-site\r\n",
        "Sec-Fetch-Site: same-site\r\nReferer: http://localhost/illustrated/live\r\n",
        "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Site: same-origin\r\n",
        "Sec-Fetch-Site: none\r\n",
        "Origin: http://evil.example\r\n",
        "Origin: null\r\n",
        "Referer: http://evil.example/illustrated/live\r\n",
        "Referer: http://localhost/echo\r\n",
        "Referer: http://localhost/illustrated/live/\r\n",
    ] {
        assert_eq!(ask(&request, fields), "403", "{fields}");
        assert_eq!(ask("/illustrated/live/watch", fields), "403", "{fields}");
    }
    for fields in [
        OWN,
        "Origin: http://localhost\r\n",
        "Referer: http://localhost/illustrated/live\r\n",
    ] {
        assert_eq!(ask(&request, fields), "200", "{fields}");
    }
    for id in ["", "0", &"0".repeat(32), &watch.id[1..]] {
        let target = format!("/illustrated/live/request?mirror={id}");
        assert_eq!(ask(&target, OWN), "403", "{target}");
    }
    let socket = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let foreign = format!("{socket}Origin: http://evil.example\r\n");
    assert_eq!(ask(&watch.target("websocket"), &foreign), "403");
    assert_eq!(ask("/illustrated/live/nothing", OWN), "404");
}

#[test]
fn what_a_page_sees_has_an_end_and_so_have_pages() {
    let server = Server::start();
    let mut watches: Vec<Watch> = (0..8).map(|_| Watch::open(&server)).collect();
    let refused = server.ask("GET /illustrated/live/watch", OWN, "");
    assert!(refused.starts_with("HTTP/1.1 503"), "{refused}");
    assert!(refused.contains("too_many_mirrors"));
    // A browser reads no answer but this, and the page shows why.
    let told = server.ask(
        "GET /illustrated/live/watch",
        &format!("{OWN}Accept: text/event-stream\r\n"),
        "",
    );
    assert!(
        told.starts_with("HTTP/1.1 200") && !told.contains("retry:"),
        "{told}"
    );
    assert!(
        told.contains("event: over\ndata: {\"why\":\"as many pages"),
        "{told}"
    );
    let mut watch = watches.pop().unwrap();
    let get = watch.get(
        "request",
        &format!("{OWN}Cookie: {}\r\n", "c".repeat(6_000)),
    );
    for number in 1.. {
        let mut socket = server.connect();
        socket.write_all(get.as_bytes()).unwrap();
        let head = until(&mut socket, b"\r\n");
        if head.contains("403") {
            break;
        }
        until(
            &mut socket,
            format!("answer to request {number}\n").as_bytes(),
        );
        assert!(number < 10, "48 KiB are a limit");
    }
    let over = loop {
        let (event, told) = watch.event();
        if event == "over" {
            break told;
        }
    };
    assert!(
        over["why"]
            .as_str()
            .unwrap()
            .starts_with("48 KiB were shown"),
        "{over}"
    );
    // The next one has its place.
    drop(watch);
    Watch::open(&server);
}

#[test]
fn a_page_is_told_that_it_has_as_many_streams_and_sockets_as_it_may() {
    let server = Server::start();
    let mut watch = Watch::open(&server);
    let mut open = Vec::new();
    for number in 0..5 {
        let mut stream = server.connect();
        stream
            .write_all(watch.get("stream", OWN).as_bytes())
            .unwrap();
        match number {
            4 => until(
                &mut stream,
                b"this page has as many event streams as it may\n\n\r\n0\r\n\r\n",
            ),
            _ => until(&mut stream, b"the stream is open\n\n\r\n"),
        };
        open.push(stream);
    }
    assert_eq!(
        watch.refused(),
        "this page has as many event streams as it may"
    );
    let upgrade = "Origin: http://localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    for number in 0..5 {
        let mut socket = server.connect();
        socket
            .write_all(watch.get("websocket", upgrade).as_bytes())
            .unwrap();
        let head = until(&mut socket, b"\r\n\r\n");
        assert_eq!(
            &head[9..12],
            if number < 4 { "101" } else { "503" },
            "{head}"
        );
        open.push(socket);
    }
    assert_eq!(
        watch.refused(),
        "this page has as many WebSockets as it may"
    );
}

#[test]
fn the_pages_need_no_token_open_nothing_else_and_can_be_turned_off() {
    let key = "2026=0123456789abcdef0123456789abcdef";
    let server = Server::start_with(&["--token-key", key]);
    assert!(server.get("/illustrated/live").starts_with("HTTP/1.1 200"));
    assert!(server.get("/explain").starts_with("HTTP/1.1 200"));
    let mut watch = Watch::open(&server);
    let mut socket = server.connect();
    let get = watch.get("request", OWN);
    socket.write_all(get.as_bytes()).unwrap();
    let answer = until(&mut socket, b"answer to request 1\n");
    watch.sides("request", 0, get.len() + answer.len());
    assert!(server.ask("POST /echo", "", "").starts_with("HTTP/1.1 401"));

    let server = Server::start_with(&["--no-pages"]);
    for what in [
        "GET /illustrated/live",
        "GET /illustrated/live/watch",
        "GET /explain",
        "POST /explain",
    ] {
        for accept in ["", "Accept: text/html\r\n"] {
            let answer = server.ask(what, &format!("{OWN}{accept}"), "");
            assert!(answer.contains("pages_off"), "{what}: {answer}");
        }
    }
}
